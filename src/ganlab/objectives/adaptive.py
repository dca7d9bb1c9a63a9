"""Adaptive discriminator augmentation: images are changed as often as the discriminator's overfitting asks for."""

from __future__ import annotations

import math
from typing import get_args

import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.stabilizers import AdaAugmentation, AdaOptions
from ganlab.objectives.augmentation import (
    brightness,
    corners,
    cut,
    hue,
    resample,
    saturation,
    shares,
    whole,
)
from ganlab.objectives.parts import Stabilizer, Trace, find_loss
from ganlab.randomness import seeded_generator

KINDS: tuple[str, ...] = get_args(AdaAugmentation)
GEOMETRIC = frozenset({"flip", "translation", "scale", "rotation"})
OF_COLOURS = frozenset({"hue", "saturation"})
TRANSLATION = 0.125
"""Largest shift along each axis, as a share of the image's side (Karras et al. 2020, appendix B, as all of these)."""
CUTOUT = 0.5
"""Sides of what is cut out, as a share of the image's."""


def moved(p: Tensor, overfit: Tensor, target: float, by: float) -> Tensor:
    """Return p after the controller has looked: up by a fixed amount if r_t is above the target, down if it is below.

    Args:
        p: probability, ().
        overfit: r_t = E sign(D(x) - decision point) over reals, from -1 to 1 (Karras et al. 2020, eq. 1).
        target: r_t that is aimed at.
        by: how far p moves; it stays in [0, 1].
    """
    return (p + by * (overfit - target).sign()).clamp(0.0, 1.0)


class Ada(Stabilizer[AdaOptions]):
    """Augmentations of probability p in both players' updates, and the controller of p (Karras et al. 2020, section 3).

    r_t is over the reals of `interval` updates, as the discriminator scored them changed. Each image's changes are a
    function of (seed, stream, update), of its place in the batch and of p, which is in the checkpoint.
    """

    def __init__(self, options: AdaOptions, experiment: Experiment, device: torch.device) -> None:
        super().__init__(options, experiment, device)
        training = experiment.training
        # With separate batches every other update shows reals, and the scores of a batch are met twice.
        shown = training.batch_size / (2 if training.discriminator_batches == "separate" else 1)
        # Hue and saturation do nothing to images without colours.
        self.kinds = frozenset(options.augmentations) - (frozenset() if experiment.data.has_colours else OF_COLOURS)
        self.by = options.interval * shown / options.speed
        self.point = find_loss(experiment.loss).decision_point
        self.p = torch.tensor(options.p, device=device)
        self.overfit = torch.zeros((), device=device)
        """Sum of r_t over the updates since p was moved."""
        self.updates = torch.zeros((), dtype=torch.int64, device=device)
        """Number of them."""

    def state(self) -> dict[str, Tensor]:
        """Return p and what the controller has seen since it moved it; nothing if p is fixed."""
        if self.options.target is None:
            return {}
        return {"p": self.p, "overfit": self.overfit, "updates": self.updates}

    @torch.no_grad()
    def after_update(self, discriminator: nn.Module, trace: Trace) -> None:
        """Take note of the reals' scores; every `interval` updates move p, without waiting for the device."""
        if self.options.target is None:
            return
        assert self.point is not None
        self.overfit += (trace.real_scores - self.point).sign().mean()
        self.updates += 1
        # More of them if a resumed run was given a shorter interval.
        due = self.updates >= self.options.interval
        after = moved(self.p, self.overfit / self.updates, self.options.target, self.by)
        self.p.copy_(torch.where(due, after, self.p))
        self.overfit.masked_fill_(due, 0.0)
        self.updates.masked_fill_(due, 0)
        trace.losses["ada_p"] = self.p.clone()

    def see(self, samples: Tensor, stream: str, update: int, step: int) -> Tensor:
        """Return images (N, C, height, width), each changed with probability p in each way."""
        source, count = seeded_generator(self.seed, f"ada/{stream}", update), len(samples)
        drawn = torch.cat(
            [
                torch.rand(len(KINDS), count, generator=source),
                torch.rand(6, count, generator=source),
                torch.randn(4, count, generator=source),
            ]
        ).to(samples, non_blocking=True)
        coins, uniform, normal = drawn.split((len(KINDS), 6, 4))
        return augmented(samples, self.kinds, coins < self.p, uniform, normal)


def augmented(images: Tensor, kinds: frozenset[str], chosen: Tensor, uniform: Tensor, normal: Tensor) -> Tensor:
    """Return images changed in those ways that are allowed and chosen (Karras et al. 2020, appendix B).

    Args:
        images: (N, C, height, width), C = 3 for hue and saturation.
        kinds: the ways that are allowed, of KINDS.
        chosen: bool (len(KINDS), N), whether each image is changed in each way.
        uniform: numbers from U[0, 1), (6, N): both shifts, angle, hue, both corners of the cut.
        normal: numbers from N(0, 1), (4, N): scale, brightness, contrast, saturation.
    """
    turn = 2 * math.pi

    def amount(kind: str, value: Tensor | float, none: float) -> Tensor:
        if kind not in kinds:
            return torch.full_like(normal[0], none)
        return torch.where(chosen[KINDS.index(kind)], value, torch.full_like(normal[0], none))

    height, width = images.shape[2:]
    if kinds & GEOMETRIC:
        down, right = (
            amount(
                "translation", (whole(each, 2 * shares(side, TRANSLATION) + 1) - shares(side, TRANSLATION)).float(), 0
            )
            for each, side in zip(uniform[:2], (height, width), strict=True)
        )
        images = turned(
            images,
            flip=amount("flip", -1.0, 1.0),
            down=down,
            right=right,
            zoom=amount("scale", (0.2 * normal[0]).exp2(), 1.0),
            angle=amount("rotation", turn * (uniform[2] - 0.5), 0.0),
        )
    if "brightness" in kinds:
        images = brightness(images, amount("brightness", 0.2 * normal[1], 0.0))
    if "contrast" in kinds:
        images = images * amount("contrast", (0.5 * normal[2]).exp2(), 1.0)[:, None, None, None]
    if "hue" in kinds:
        images = hue(images, amount("hue", turn * (uniform[3] - 0.5), 0.0))
    if "saturation" in kinds:
        images = saturation(images, amount("saturation", normal[3].exp2(), 1.0))
    if "cutout" in kinds:
        tall, wide = (shares(side, CUTOUT) for side in (height, width))
        top, left = map(corners, uniform[4:], (height, width), (tall, wide))
        # Where it is not chosen, below the image.
        images = cut(images, torch.where(chosen[KINDS.index("cutout")], top, height), left, tall, wide)
    return images


def turned(images: Tensor, *, flip: Tensor, down: Tensor, right: Tensor, zoom: Tensor, angle: Tensor) -> Tensor:
    """Return images flipped, then shifted, then scaled and turned around their centre: resampled once, see `resample`.

    Args:
        images: (N, C, height, width).
        flip: -1 exchanges left and right, 1 does not; (N,) as all of these.
        down, right: shift in pixels.
        zoom: factor; above 1 things grow.
        angle: in radians, clockwise.
    """
    height, width = images.shape[2:]
    middles = (height - 1) / 2, (width - 1) / 2
    y, x = (
        torch.arange(side, device=images.device) - middle for side, middle in zip((height, width), middles, strict=True)
    )
    y, x = y[:, None], x[None, :]
    flip, down, right, zoom, angle = (each[:, None, None] for each in (flip, down, right, zoom, angle))
    # Where each pixel of the result comes from: the changes undone, the last one first.
    cosine, sine = angle.cos() / zoom, angle.sin() / zoom
    rows = cosine * y - sine * x - down + middles[0]
    columns = (cosine * x + sine * y - right) * flip + middles[1]
    return resample(images, rows, columns)
