"""Every random draw of a run: a function of (seed, stream name, step), so nothing about randomness need be saved."""

from __future__ import annotations

import hashlib

import torch


def derived_seed(seed: int, stream: str, step: int = 0) -> int:
    """Return the seed, 0 to 2^63 - 1, of one draw: the first bits of SHA-256 over (seed, stream, step).

    Args:
        seed: the experiment's seed.
        stream: name of what is drawn, such as `latent/generator`; each name is an independent stream.
        step: training step, or another counter of draws within the stream.
    """
    digest = hashlib.sha256(f"{seed}/{stream}/{step}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def seeded_generator(seed: int, stream: str, step: int = 0) -> torch.Generator:
    """Return a CPU generator seeded for one draw. Draws are made on the CPU whatever the device: all see the same."""
    return torch.Generator().manual_seed(derived_seed(seed, stream, step))


def seed_layers(seed: int, step: int, device: torch.device) -> None:
    """Seed what layers draw from when they draw inside, such as dropout: PyTorch's global generators, for one step.

    Only the CPU's and the device's. `torch.manual_seed` gives the same numbers, but it also asks every backend, and one
    that is not in use has the stack formatted, for an error it might report later: a millisecond a step.
    """
    number = derived_seed(seed, "layers", step)
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(number)
    elif device.type == "mps":
        torch.mps.manual_seed(number)
