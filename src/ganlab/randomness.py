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


def generator(seed: int, stream: str, step: int = 0) -> torch.Generator:
    """Return a CPU generator seeded for one draw. Draws are made on the CPU whatever the device: all see the same."""
    return torch.Generator().manual_seed(derived_seed(seed, stream, step))
