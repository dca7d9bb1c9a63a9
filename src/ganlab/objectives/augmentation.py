"""Changes of images that gradients pass through, each image by its own amount; and DiffAugment, which is made of them.

Images are (N, C, height, width), amounts (N,) of the same type. Nothing here is drawn: who calls says the amounts.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganlab.config.experiment import Experiment
from ganlab.config.stabilizers import DiffAugmentOptions
from ganlab.objectives.parts import Stabilizer
from ganlab.randomness import seeded_generator


def brightness(images: Tensor, amounts: Tensor) -> Tensor:
    """Add an image's amount to all of its values."""
    return images + _each(amounts)


def saturation(images: Tensor, factors: Tensor) -> Tensor:
    """Multiply the distances of channels from their mean at each pixel: 0 is grey, 1 the image as it is."""
    return torch.lerp(images.mean(1, keepdim=True), images, _each(factors))


def hue(images: Tensor, angles: Tensor) -> Tensor:
    """Turn RGB values around the axis of greys by an angle in radians (Rodrigues' formula); 2 pi / 3: red is green."""
    across = (images.roll(1, dims=1) - images.roll(-1, dims=1)) / 3**0.5
    return saturation(images, angles.cos()) + _each(angles.sin()) * across


def contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Multiply the distances of an image's values from their mean over all pixels and channels."""
    return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, _each(factors))


def shift(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Move images by whole pixels, int64 (N,), at most a side; what comes in from outside is 0."""
    height, width = images.shape[2:]
    rows = torch.arange(height, device=images.device)[:, None] - down[:, None, None]
    columns = torch.arange(width, device=images.device) - right[:, None, None]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    # Taken from the other side before it is set to 0: each pixel then has one place, and so has its gradient.
    return torch.where(inside[:, None], _pixels(images, rows % height, columns % width), 0.0)


def cut(images: Tensor, top: Tensor, left: Tensor, height: int, width: int) -> Tensor:
    """Set rectangles of height x width pixels to 0, whose corners int64 (N,) may lie outside."""
    rows = torch.arange(images.shape[2], device=images.device)[:, None] - top[:, None, None]
    columns = torch.arange(images.shape[3], device=images.device) - left[:, None, None]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return torch.where(inside[:, None], 0.0, images)


def resample(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return images whose pixels are those at places (N, height, width) of others, bilinearly between four of them.

    Places are pixels from 0, as floats; outside, the images are continued by reflection at the centres of their
    outermost pixels. At whole pixels the values are exact. Unlike PyTorch's `grid_sample`, it can be differentiated
    twice, and its gradient on CUDA is deterministic if that is asked for.
    """
    rows, columns = (_reflected(each, side) for each, side in zip((rows, columns), images.shape[2:], strict=True))
    top, left = rows.floor(), columns.floor()
    below, beside = (rows - top)[:, None], (columns - left)[:, None]
    top, left = top.long(), left.long()
    bottom = (top + 1).clamp(max=images.shape[2] - 1)
    right = (left + 1).clamp(max=images.shape[3] - 1)
    upper = torch.lerp(_pixels(images, top, left), _pixels(images, top, right), beside)
    lower = torch.lerp(_pixels(images, bottom, left), _pixels(images, bottom, right), beside)
    return torch.lerp(upper, lower, below)


def _each(amounts: Tensor) -> Tensor:
    return amounts[:, None, None, None]


def _pixels(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the pixels at int64 places that broadcast to (N, height, width), of the shape of the images."""
    places = (rows * images.shape[3] + columns).flatten(1)
    found: Tensor = images.flatten(2).gather(2, places[:, None].expand(-1, images.shape[1], -1)).view(images.shape)
    return found


def _reflected(places: Tensor, side: int) -> Tensor:
    return (side - 1) - ((places % (2 * (side - 1))) - (side - 1)).abs()


def whole(uniform: Tensor, count: int) -> Tensor:
    """Return int64 numbers from 0 to count - 1 made of ones from U[0, 1)."""
    return (uniform * count).long()


def shares(side: int, share: float) -> int:
    """Return a share of an image's side in whole pixels, halves rounded up."""
    return int(side * share + 0.5)


def corners(uniform: Tensor, side: int, size: int) -> Tensor:
    """Return where a cut of `size` pixels begins along an axis of `side`, int64, so that its centre is in the image."""
    return whole(uniform, side + 1 - size % 2) - size // 2


class DiffAugment(Stabilizer[DiffAugmentOptions]):
    """T in D(T(x)) and D(T(G(z))), in both players' updates (Zhao et al. 2020, section 3).

    An image's changes are a function of (seed, stream, update) and its place in the batch. A gradient penalty is of the
    scores at the changed images.
    """

    def __init__(self, options: DiffAugmentOptions, experiment: Experiment, device: torch.device) -> None:
        super().__init__(options, experiment, device)
        self.coloured = experiment.data.has_colours

    def see(self, samples: Tensor, stream: str, update: int, step: int) -> Tensor:
        """Return images (N, C, height, width), each changed by amounts of its own."""
        source = seeded_generator(self.seed, f"diff_augment/{stream}", update)
        # All are drawn whatever the policy: what one change draws is the same with and without the others.
        uniform = torch.rand(7, len(samples), generator=source).to(samples, non_blocking=True)
        for kind in self.options.policy:
            if kind == "color":
                samples = self._colour(samples, *uniform[:3])
            elif kind == "translation":
                samples = self._translation(samples, *uniform[3:5])
            else:
                samples = self._cutout(samples, *uniform[5:])
        return samples

    def _colour(self, images: Tensor, brighter: Tensor, stronger: Tensor, harder: Tensor) -> Tensor:
        options = self.options
        images = brightness(images, options.brightness * (2 * brighter - 1))
        if self.coloured:
            images = saturation(images, 1 + options.saturation * (2 * stronger - 1))
        return contrast(images, 1 + options.contrast * (2 * harder - 1))

    def _translation(self, images: Tensor, *uniform: Tensor) -> Tensor:
        reaches = [shares(side, self.options.translation) for side in images.shape[2:]]
        return shift(
            images, *(whole(each, 2 * reach + 1) - reach for each, reach in zip(uniform, reaches, strict=True))
        )

    def _cutout(self, images: Tensor, *uniform: Tensor) -> Tensor:
        sides = images.shape[2:]
        height, width = (shares(side, self.options.cutout) for side in sides)
        top, left = map(corners, uniform, sides, (height, width))
        return cut(images, top, left, height, width)
