"""Small colour pictures drawn by code, for tests that need real data other than digits."""

from __future__ import annotations

import torch

from ganlab.data import RealData, Samples, to_uint8
from ganlab.domain import Images

KINDS = ("disc", "square", "ring")


def shapes(count: int, side: int = 32, seed: int = 0) -> Samples:
    """Return discs, squares and rings of any colour, size and place on white."""
    source = torch.Generator().manual_seed(seed)
    axis = torch.linspace(-1, 1, side)
    place = 0.8 * torch.rand(2, count, 1, 1, generator=source) - 0.4
    size = 0.25 + 0.3 * torch.rand(count, 1, 1, generator=source)
    across, down = (axis - place[0]).expand(-1, side, -1), (axis[:, None] - place[1]).expand(-1, -1, side)
    far = (across**2 + down**2).sqrt()
    drawn = torch.stack(
        [far < size, torch.maximum(across.abs(), down.abs()) < size, (far < size) & (far > 0.6 * size)], 1
    )
    labels = torch.randint(len(KINDS), (count,), generator=source)
    inside = drawn[torch.arange(count), labels][:, None]
    colours = 1.6 * torch.rand(count, 3, 1, 1, generator=source) - 1
    return Samples(to_uint8(torch.where(inside, colours, 1.0)), labels, KINDS, Images(3, side, side))


def shapes_data(count: int = 800, side: int = 32) -> RealData:
    """Return shapes as real data, a quarter of them held out."""
    drawn = shapes(count, side)
    cut = count // 4
    train, held_out = (
        Samples(drawn.values[part], drawn.labels[part], drawn.class_names, drawn.domain)
        for part in (slice(cut, None), slice(cut))
    )
    return RealData(train, held_out, fingerprint=f"{count:032d}{side:032d}")
