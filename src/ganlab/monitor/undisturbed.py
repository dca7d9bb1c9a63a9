"""Work within another program's loop that leaves no trace in it, and that its modes do not reach."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Put the random states of Python, NumPy and PyTorch, on all of its devices that are in use, back after."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 (the loop's own may be of it)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


@contextmanager
def float32_by_default() -> Iterator[None]:
    """Make new tensors of floats float32 inside."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Work as if outside of `no_grad`, `inference_mode`, autocast, default devices and default types of floats.

    Statistics may train small networks of their own, on the CPU. Random states are put back after.
    """
    with (
        float32_by_default(),
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
        torch.device("cpu"),
        random_states_kept(),
    ):
        yield
