"""Images made from images: their edges, at an angle, at fewer pixels, and the same ones in another shape."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate, max_pool2d

from ganlab.data.samples import RealData, Samples, to_float, to_uint8
from ganlab.domain import Images

REDRAWN_AT_ONCE = 1000
"""Images redrawn at a time, so that the temporary memory stays small."""

POOLED_SIDE = 16
"""Largest side of an image in `pixels`."""

COLOUR = 0.08
"""Mean difference of the highest and lowest channel in most images that are not grey, in [-1, 1], at least."""


def mapped(data: RealData, draw: Callable[[Tensor], Tensor], name: str) -> RealData:
    """Return a data set with every image redrawn and its label kept.

    Args:
        data: images as uint8.
        draw: float32 images (N, C, H, W) in [-1, 1] to other images, each on its own.
        name: of the drawing; it goes into the fingerprint.
    """

    def redrawn(samples: Samples) -> Samples:
        if not len(samples):
            return samples
        values = torch.cat([to_uint8(draw(to_float(part))) for part in samples.values.split(REDRAWN_AT_ONCE)])
        return replace(samples, values=values, domain=Images(*values.shape[1:]))

    fingerprint = hashlib.sha256(f"{data.fingerprint} {name}".encode()).hexdigest()
    return replace(data, train=redrawn(data.train), held_out=redrawn(data.held_out), fingerprint=fingerprint)


def edges(images: Tensor) -> Tensor:
    """Return the outlines of bright shapes: 3 x 3 maximum less the image, of images (N, C, H, W) in [-1, 1].

    The outer half of the morphological gradient (Rivest et al. 1993): lines of one pixel, just outside the shapes, so
    that thin strokes do not run together.
    """
    return max_pool2d(images, 3, 1, 1) - images - 1


def rotated(images: Tensor, degrees: Tensor) -> Tensor:
    """Return images (N, C, H, W) in [-1, 1] rotated about their centres, bilinearly; what comes in is black.

    Args:
        images: on any device.
        degrees: (N,), counter-clockwise, on the same device.
    """
    angles, (height, width) = degrees.deg2rad(), images.shape[2:]
    cos, sin, none = angles.cos(), angles.sin(), torch.zeros_like(angles)
    # Coordinates go from -1 to 1 along each side: of an image that is not square, a unit across is not one down.
    across, down = sin * height / width, sin * width / height
    back = torch.stack([torch.stack([cos, -across, none], 1), torch.stack([down, cos, none], 1)], 1)
    grid = affine_grid(back, list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1


def drawn_angles(count: int, limit: float, source: torch.Generator) -> Tensor:
    """Draw angles (count,) from U[-limit, limit], in degrees."""
    return (torch.rand(count, generator=source) * 2 - 1) * limit


def reduced(images: Tensor, factor: int) -> Tensor:
    """Return images (N, C, H, W) at 1 / factor of their side, each pixel the mean of factor x factor."""
    return avg_pool2d(images, factor) if factor > 1 else images


def pixels(images: Tensor) -> Tensor:
    """Return images as float32 rows (N, p), averaged over squares until no side is above 16: 14 x 14 of MNIST's.

    Args:
        images: uint8 0 to 255 or float in [-1, 1], (N, C, H, W).
    """
    factor = -(-max(images.shape[2:]) // POOLED_SIDE)
    return avg_pool2d(to_float(images).float(), factor, ceil_mode=True).flatten(1)


def enlarged(images: Tensor, factor: int) -> Tensor:
    """Return images (N, C, H, W) at `factor` times their side, each pixel repeated."""
    return interpolate(images, scale_factor=factor) if factor > 1 else images


def reshaped(images: Tensor, domain: Images) -> Tensor:
    """Return images (N, C, H, W) in [-1, 1] with the channels and the size of a domain.

    Grey is the first of three equal channels, else .299 R + .587 G + .114 B (ITU-R BT.601); a grey image becomes three
    equal channels; sizes are changed by bilinear interpolation, antialiased.
    """
    if images.shape[1] == 3 and domain.channels == 1:
        weights = torch.tensor([1.0, 0.0, 0.0] if is_grey(images) else [0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        images = (images * weights).sum(1, keepdim=True)
    elif images.shape[1] == 1 and domain.channels == 3:
        images = images.expand(-1, 3, -1, -1)
    size = (domain.height, domain.width)
    if images.shape[2:] != size:
        images = interpolate(images, size, mode="bilinear", antialias=True)
    return images.contiguous()


def is_grey(images: Tensor) -> bool:
    """Tell whether all images (N, C, H, W) are grey to the last bit: what a generator makes in colour never is."""
    return bool((images == images[:, :1]).all())


def is_coloured(images: Tensor) -> bool:
    """Tell whether most images (N, C, H, W) in [-1, 1] are not grey."""
    if images.shape[1] == 1 or not len(images):
        return False
    return bool((images.amax(1) - images.amin(1)).mean(dim=(1, 2)).median() > COLOUR)
