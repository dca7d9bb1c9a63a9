"""Images made from images: their edges, and what is left of them at fewer pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from ganlab.data.samples import RealData, Samples, to_float, to_uint8

REDRAWN_AT_ONCE = 1000
"""Images redrawn at a time, so that the temporary memory stays small."""


def mapped(data: RealData, draw: Callable[[Tensor], Tensor], name: str) -> RealData:
    """Return a data set with every image redrawn and its label kept.

    Args:
        data: images as uint8.
        draw: float32 images (N, C, H, W) in [-1, 1] to images like them, each on its own.
        name: of the drawing; it goes into the fingerprint.
    """

    def redrawn(samples: Samples) -> Samples:
        drawn = [to_uint8(draw(to_float(part))) for part in samples.values.split(REDRAWN_AT_ONCE)]
        return replace(samples, values=torch.cat(drawn) if drawn else samples.values)

    fingerprint = hashlib.sha256(f"{data.fingerprint} {name}".encode()).hexdigest()
    return replace(data, train=redrawn(data.train), held_out=redrawn(data.held_out), fingerprint=fingerprint)


def edges(images: Tensor) -> Tensor:
    """Return the outlines of bright shapes: 3 x 3 maximum less the image, of images (N, C, H, W) in [-1, 1].

    The outer half of the morphological gradient (Rivest et al. 1993): lines of one pixel, just outside the shapes, so
    that thin strokes do not run together.
    """
    return max_pool2d(images, 3, 1, 1) - images - 1


def reduced(images: Tensor, factor: int) -> Tensor:
    """Return images (N, C, H, W) at 1 / factor of their side, each pixel the mean of factor x factor."""
    return avg_pool2d(images, factor) if factor > 1 else images


def enlarged(images: Tensor, factor: int) -> Tensor:
    """Return images (N, C, H, W) at `factor` times their side, each pixel repeated."""
    return interpolate(images, scale_factor=factor) if factor > 1 else images
