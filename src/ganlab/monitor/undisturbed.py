"""Work within another program's loop that leaves no trace in it, and that its modes do not reach."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def undisturbed() -> Iterator[None]:
    """Work as if outside of `no_grad`, `inference_mode`, autocast and default devices; put random states back after.

    Statistics may train small networks of their own, on the CPU.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 (the loop's own may be of it)
    try:
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.autocast("cpu", enabled=False),
            torch.device("cpu"),
            torch.random.fork_rng(devices=[]),
        ):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
