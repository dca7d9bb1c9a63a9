"""2-D points made on the spot: Gaussians on a ring or a grid, and the swiss roll."""

from __future__ import annotations

import hashlib
import math

import torch
from torch import Tensor

from ganlab.config.data import GridOptions, PointOptions, RingOptions, SwissRollOptions
from ganlab.data.samples import RealData, Samples
from ganlab.data.selection import fingerprint, hold_out, subset, take
from ganlab.randomness import seeded_generator


def load(options: RingOptions | GridOptions | SwissRollOptions) -> RealData:
    """Draw the points; a label is the number of the mode it was drawn from (0 for the swiss roll)."""
    points = _swiss_roll(options) if isinstance(options, SwissRollOptions) else _mixture(options)
    rows, held_rows = hold_out(torch.arange(len(points)), options.held_out, options.seed)
    rows = subset(rows, options.fraction, options.seed)
    content = hashlib.sha256(points.values.numpy().tobytes() + points.labels.numpy().tobytes()).hexdigest()
    return RealData(take(points, rows), take(points, held_rows), fingerprint(content, rows))


def modes(options: RingOptions | GridOptions) -> Tensor:
    """Return the centres of the Gaussians, float32 (K, 2).

    Ring: counter-clockwise from (radius, 0). Grid: row by row from the lower left, centred on the origin.
    PacGAN (Lin et al. 2018, section 4.1) has 8 on the unit circle and 25 at {-4, -2, 0, 2, 4} squared.
    """
    if isinstance(options, RingOptions):
        angle = torch.arange(options.modes, dtype=torch.float64) * (2 * math.pi / options.modes)
        return (options.radius * torch.stack([angle.cos(), angle.sin()], dim=1)).float()
    line = (torch.arange(options.side, dtype=torch.float64) - (options.side - 1) / 2) * options.spacing
    return torch.cartesian_prod(line, line).flip(1).reshape(-1, 2).float()


def _mixture(options: RingOptions | GridOptions) -> Samples:
    """Draw from the Gaussians, each as likely as the others."""
    centres = modes(options)
    labels = torch.randint(len(centres), (options.points,), generator=seeded_generator(options.seed, "points/mode"))
    values = centres[labels] + options.std * _noise(options)
    return Samples(values, labels, tuple(f"mode {number}" for number in range(len(centres))), options.domain)


def _swiss_roll(options: SwissRollOptions) -> Samples:
    """Draw from the spiral (t cos t, t sin t), t uniform on [1.5 pi, 4.5 pi], divided by 4.5 pi, plus noise."""
    uniform = torch.rand(options.points, generator=seeded_generator(options.seed, "points/angle"), dtype=torch.float64)
    t = 1.5 * math.pi * (1 + 2 * uniform)
    spiral = torch.stack([t * t.cos(), t * t.sin()], dim=1) / (4.5 * math.pi)
    values = spiral.float() + options.std * _noise(options)
    return Samples(values, torch.zeros(options.points, dtype=torch.int64), ("swiss roll",), options.domain)


def _noise(options: PointOptions) -> Tensor:
    return torch.randn(options.points, 2, generator=seeded_generator(options.seed, "points/noise"))
