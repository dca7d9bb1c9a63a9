"""Stacked MNIST: images whose three channels are digits drawn at random, so that there are 1,000 modes.

Metz et al. 2017 (section 3.3.1) made it to count the modes of a generator; Lin et al. 2018 (section 4.2) have the table
that others compare with.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ganlab.config.data import MnistOptions, StackedMnistOptions
from ganlab.data import mnist
from ganlab.data.samples import RealData, Samples
from ganlab.data.selection import fingerprint, subset
from ganlab.randomness import seeded_generator

CHANNELS = 3
"""Digits of an image."""

HELD_OUT = 10_000
"""Held-out images: as many as MNIST has test images."""

NAMES = ("stacked digits",)
"""The one class that all images are of: a class a mode would have 50 images."""


def load(options: StackedMnistOptions) -> RealData:
    """Draw the images; image i is a function of `data.seed` and i, however many are drawn."""
    digits = mnist.load(MnistOptions(image_size=options.image_size))
    chosen = rows_of_digits(options.images, len(digits.train), options.seed, "stacked_mnist/train")
    kept = chosen[subset(torch.arange(len(chosen)), options.fraction, options.seed)]
    unseen = rows_of_digits(HELD_OUT, len(digits.held_out), options.seed, "stacked_mnist/held_out")
    return RealData(
        train=stacked(digits.train, kept, options),
        held_out=stacked(digits.held_out, unseen, options),
        fingerprint=fingerprint(f"stacked mnist at {options.image_size} px", kept),
    )


def rows_of_digits(count: int, digits: int, seed: int, stream: str) -> Tensor:
    """Return the number of the digit in each channel, int64 (count, 3); a larger count only adds rows."""
    return torch.randint(digits, (count, CHANNELS), generator=seeded_generator(seed, stream))


def stacked(digits: Samples, rows: Tensor, options: StackedMnistOptions) -> Samples:
    """Return images (N, 3, H, W) as uint8 whose channels are digits (M, 1, H, W), as `rows` (N, 3) says."""
    values = torch.empty((len(rows), *options.domain.shape), dtype=torch.uint8)
    for channel in range(CHANNELS):
        values[:, channel] = digits.values[rows[:, channel], 0]
    labels = torch.zeros(len(rows), dtype=torch.int64)
    return replace(digits, values=values, labels=labels, class_names=NAMES, domain=options.domain)
