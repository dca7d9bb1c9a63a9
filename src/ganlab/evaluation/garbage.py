"""Garbage: images that no data set holds, for a classifier to learn what "none of these" looks like."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, fold, pad, unfold

from ganlab.config.load import experiment_from_mapping
from ganlab.networks import build_generator


def garbage(real: Tensor, source: torch.Generator) -> Tensor:
    """Return N images of the shape of `real` (N, C, 28, 28), in [-1, 1], none of which is data: each kind in turn.

    Noise of every amplitude and smoothness, flat and blurred images, what untrained generators make, and real images
    broken so that their pieces stay real: shuffled pixels and patches, negatives, two laid over each other, holes.
    """
    per = -(-len(real) // len(GARBAGE_KINDS))
    parts = []
    for kind in GARBAGE_KINDS:
        chosen = real[torch.randint(len(real), (per,), generator=source)]
        parts.append(kind(chosen, source))
    order = torch.randperm(per * len(GARBAGE_KINDS), generator=source)[: len(real)]
    return torch.cat(parts)[order].clamp(-1, 1)


def _one_each(real: Tensor, source: torch.Generator) -> Tensor:
    return torch.rand(len(real), 1, 1, 1, generator=source)


def uniform(real: Tensor, source: torch.Generator) -> Tensor:
    """Uniform noise."""
    return torch.rand(real.shape, generator=source) * 2 - 1


def normal(real: Tensor, source: torch.Generator) -> Tensor:
    """Normal noise of any amplitude around any grey."""
    noise = torch.randn(real.shape, generator=source)
    return noise * _one_each(real, source) + _one_each(real, source) * 2 - 1


def salt(real: Tensor, source: torch.Generator) -> Tensor:
    """White dots on black, few to many."""
    return (torch.rand(real.shape, generator=source) < _one_each(real, source)).float() * 2 - 1


def flat(real: Tensor, source: torch.Generator) -> Tensor:
    """One grey, hardly disturbed."""
    return _one_each(real, source) * 2 - 1 + 0.02 * torch.randn(real.shape, generator=source)


def clouds(real: Tensor, source: torch.Generator) -> Tensor:
    """Smooth blobs of a random size."""
    noise = blurred(torch.randn(real.shape, generator=source), int(torch.randint(3, 10, (1,), generator=source)))
    return (noise / noise.std((1, 2, 3), keepdim=True) + _one_each(real, source) * 2 - 1.5).tanh()


def shuffled_pixels(real: Tensor, source: torch.Generator) -> Tensor:
    """A real image's pixels in another order."""
    return _shuffled(real, 1, source)


def shuffled_patches(real: Tensor, source: torch.Generator) -> Tensor:
    """A real image's patches of 4 or 7 pixels in another order."""
    return _shuffled(real, 4 if torch.rand(1, generator=source) < 0.5 else 7, source)


def overlaid(real: Tensor, source: torch.Generator) -> Tensor:
    """Two real images over each other, one moved aside."""
    aside = [int(each) for each in torch.randint(-6, 7, (2,), generator=source)]
    return torch.maximum(real, real.roll(1, 0).roll(aside, (2, 3)))


def negative(real: Tensor, source: torch.Generator) -> Tensor:
    """Black for white, any contrast."""
    return -real * (0.3 + 0.7 * _one_each(real, source))


def smeared(real: Tensor, source: torch.Generator) -> Tensor:
    """A real image blurred past recognition."""
    return blurred(real, 9) * (0.3 + _one_each(real, source))


def torn(real: Tensor, source: torch.Generator) -> Tensor:
    """A real image with a random half painted over."""
    noise = blurred(torch.rand(real.shape, generator=source), 7)
    hidden = noise > noise.flatten(1).median(1).values[:, None, None, None]
    return torch.where(hidden, -1.0, real)


def untrained(real: Tensor, source: torch.Generator) -> Tensor:
    """What a generator with random weights makes, as it is or stretched to the full range."""

    def draw(options: tuple[object, ...]) -> object:
        return options[int(torch.randint(len(options), (1,), generator=source))]

    name = draw(("dcgan", "mlp", "guide"))
    experiment = experiment_from_mapping(
        {
            "seed": int(torch.randint(10**6, (1,), generator=source)),
            "generator": {"name": name, "width": draw((8, 16, 32))},
            "discriminator": {"name": name},
            "latent": {"dim": draw((1, 10, 100))},
            "weight_init": {"name": draw(("normal", "xavier"))},
        },
        (),
    )
    generator = build_generator(experiment).train(bool(draw((True, False))))
    with torch.no_grad():
        images: Tensor = generator(torch.randn(len(real), experiment.latent.dim, generator=source)).float()
    if draw((True, False)):
        images = images / images.abs().amax() * _one_each(real, source) + _one_each(real, source) * 2 - 1
    return images.expand(-1, real.shape[1], -1, -1)


GARBAGE_KINDS: tuple[Callable[[Tensor, torch.Generator], Tensor], ...] = (
    uniform,
    normal,
    salt,
    flat,
    clouds,
    shuffled_pixels,
    shuffled_patches,
    overlaid,
    negative,
    smeared,
    torn,
    untrained,
)


def lookalikes(real: Tensor, source: torch.Generator) -> Tensor:
    """Return about N images like `real` (N, C, H, W) in colours and layout, none of which is data: mush of three kinds.

    Normal deviates with the mean and the covariance of the reals; two reals shining through each other; and reals
    whose frequencies keep their strengths and lose their phases.
    """
    per = -(-len(real) // 3)
    parts = [real[torch.randint(len(real), (per,), generator=source)] for _ in range(3)]
    mean = parts[0].mean(0)
    weights = torch.randn(per, per, generator=source) / math.sqrt(per)
    normal = (weights @ (parts[0] - mean).flatten(1)).view_as(parts[0]) + mean
    share = 0.2 + 0.6 * _one_each(parts[1], source)
    mixed = share * parts[1] + (1 - share) * parts[1][torch.randperm(per, generator=source)]
    spectrum = torch.fft.rfft2(parts[2])
    turns = 2 * math.pi * torch.rand(spectrum[:, :1].shape, generator=source)
    scrambled = torch.fft.irfft2(spectrum * torch.polar(torch.ones_like(turns), turns), s=real.shape[2:])
    return torch.cat([normal, mixed, scrambled]).clamp(-1, 1)


def blurred(images: Tensor, width: int) -> Tensor:
    """Two passes of a box of `width` pixels."""
    for _ in range(2):
        images = avg_pool2d(pad(images, (width // 2, (width - 1) // 2) * 2, mode="replicate"), width, 1)
    return images


def _shuffled(images: Tensor, size: int, source: torch.Generator) -> Tensor:
    patches = unfold(images, size, stride=size)
    order = torch.rand(len(images), patches.shape[2], generator=source).argsort(1)
    return fold(patches.gather(2, order[:, None].expand_as(patches)), images.shape[2:], size, stride=size)
