"""What a run sets for its whole process, and how the process is left: as it was found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from ganlab.config.training import TrainingOptions

CUBLAS_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
"""Environment variable without which PyTorch refuses deterministic matrix products on CUDA."""


@contextmanager
def process_settings(device: torch.device, options: TrainingOptions, threads: int | None) -> Iterator[None]:
    """Set this process up to train, and put everything back at the end, also if an exception ends it.

    Inside, PyTorch uses the number of threads asked for and deterministic algorithms if `training.deterministic` says
    so, flushes denormal numbers to 0, and computes gradients, also if the caller has switched them off. Its global
    generators, which the run seeds, get their state back.

    Args:
        device: where the run trains.
        options: of the run.
        threads: threads of the CPU; None leaves PyTorch's own choice.
    """
    with ExitStack() as found:
        found.enter_context(torch.inference_mode(False))
        found.enter_context(torch.enable_grad())
        found.enter_context(torch.random.fork_rng([device] if device.type == "cuda" else []))
        if device.type == "mps":
            found.callback(torch.mps.set_rng_state, torch.mps.get_rng_state())
        if threads is not None:
            found.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(threads)
        found.callback(
            torch.use_deterministic_algorithms,
            torch.are_deterministic_algorithms_enabled(),
            warn_only=torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        torch.use_deterministic_algorithms(options.deterministic)
        if device.type == "cuda":
            found.callback(setattr, torch.backends.cudnn, "benchmark", torch.backends.cudnn.benchmark)
            torch.backends.cudnn.benchmark = not options.deterministic
            if options.deterministic and CUBLAS_WORKSPACE not in os.environ:
                found.callback(os.environ.pop, CUBLAS_WORKSPACE, None)
                os.environ[CUBLAS_WORKSPACE] = ":4096:8"
        # Denormals appear in dying activations and optimiser states, and slow the CPU's arithmetic many times over.
        found.callback(torch.set_flush_denormal, flushes_denormals())
        torch.set_flush_denormal(True)
        yield


def flushes_denormals() -> bool:
    """Return whether this thread flushes denormal numbers to 0. PyTorch has no function that says so: try one."""
    smallest_normal = torch.full((), torch.finfo(torch.float32).tiny)
    return float(smallest_normal / 2) == 0.0
