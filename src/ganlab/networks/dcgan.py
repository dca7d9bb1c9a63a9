"""DCGAN (Radford, Metz & Chintala 2015, section 3) for 28, 32, 64 and 128 pixels.

Strided convolutions instead of pooling, no fully connected hidden layer, a norm everywhere but at the generator's
output and the discriminator's input. The layer next to the image has `width` channels, each one further from it twice
as many as the one before.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from ganlab.config.networks import DcganDiscriminator, DcganGenerator
from ganlab.networks.convolutions import ConvTranspose2d
from ganlab.networks.parts import downsample, hidden, upsample


def generator(options: DcganGenerator, latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
    """From (N, latent_dim) to images (N, *shape) in [-1, 1]."""
    base, widths = _stages(options.width, shape[-1])
    norm, size = options.norm, base
    layers = nn.Sequential()
    layers.add_module("latent", nn.Unflatten(1, (latent_dim, 1, 1)))
    # A transposed convolution of the base's size on a 1 x 1 map: a linear layer whose output is already a map.
    first = ConvTranspose2d(latent_dim, widths[-1], base, bias=norm != "batch")
    layers.add_module(f"to_{base}", hidden(first, norm, options.activation))
    for inputs, outputs in pairwise(reversed(widths)):
        size *= 2
        weights = upsample(inputs, outputs, options.kernel_size, norm)
        layers.add_module(f"to_{size}", hidden(weights, norm, options.activation))
    layers.add_module("image", upsample(widths[0], shape[0], options.kernel_size))
    layers.add_module("tanh", nn.Tanh())
    return layers


def discriminator(options: DcganDiscriminator, shape: tuple[int, ...]) -> nn.Module:
    """From images (N, *shape) to raw scores (N,)."""
    base, widths = _stages(options.width, shape[-1])
    norm, size = options.norm, shape[-1] // 2
    layers = nn.Sequential()
    first = downsample(shape[0], widths[0], options.kernel_size)
    layers.add_module(f"to_{size}", hidden(first, "none", options.activation))
    for inputs, outputs in pairwise(widths):
        size //= 2
        weights = downsample(inputs, outputs, options.kernel_size, norm)
        layers.add_module(f"to_{size}", hidden(weights, norm, options.activation))
    layers.add_module("output", nn.Conv2d(widths[-1], 1, base))
    layers.add_module("score", nn.Flatten(0))
    return layers


def _stages(width: int, image_size: int) -> tuple[int, list[int]]:
    """Side of the smallest map (7 for 28 pixels, else 4), and the channels of each stage, from the image inwards."""
    base = 7 if image_size == 28 else 4
    stages = (image_size // base).bit_length() - 1
    return base, [width << stage for stage in range(stages)]
