"""DCGAN (Radford, Metz & Chintala 2015, section 3) for images whose sides can be halved twice or more.

Strided convolutions instead of pooling, no fully connected hidden layer, a norm everywhere but at the generator's
output and the discriminator's input. The layer next to the image has `width` channels, each one further from it twice
as many as the one before. What the paper advises against can be switched on, to see it fail.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from ganlab.config.networks import DcganDiscriminatorOptions, DcganGeneratorOptions, Norm, map_sizes
from ganlab.networks.convolutions import Conv2d, ConvTranspose2d
from ganlab.networks.minibatch import add_minibatch
from ganlab.networks.parts import Conditioned, add_scores, bare, downsample, hidden, linear, named, upsample

DENSE = 16
"""Units of a fully connected layer, times the width."""


def generator(
    options: DcganGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...], conditions: int = 0
) -> nn.Sequential:
    """From (N, *input_shape) to images (N, *shape) in [-1, 1]."""
    (base, *larger), widths = stages(options.width, shape)
    norm, inputs = options.norm, input_shape[0]
    layers = Conditioned(conditions) if conditions else nn.Sequential()
    for number in range(1, options.dense + 1):
        dense = linear(inputs, DENSE * options.width, norm)
        layers.add_module(f"dense_{number}", hidden(dense, norm, options.activation, conditions))
        inputs = dense.out_features
    layers.add_module("latent", nn.Unflatten(1, (inputs, 1, 1)))
    # A transposed convolution of the base's size on a 1 x 1 map: a linear layer whose output is already a map.
    first = ConvTranspose2d(inputs, widths[-1], base, bias=not bare(norm))
    layers.add_module(f"to_{named(base)}", hidden(first, norm, options.activation, conditions))
    for (before, after), size in zip(pairwise(reversed(widths)), larger, strict=False):
        weights = upsample(before, after, options.kernel_size, norm)
        layers.add_module(f"to_{named(size)}", hidden(weights, norm, options.activation, conditions))
    last: Norm = "batch" if options.norm_output else "none"
    layers.add_module("image", upsample(widths[0], shape[0], options.kernel_size, last))
    if options.norm_output:
        layers.add_module("norm", nn.BatchNorm2d(shape[0]))
    layers.add_module(options.output, nn.Tanh() if options.output == "tanh" else nn.Sigmoid())
    return layers


def discriminator(options: DcganDiscriminatorOptions, shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """From images (N, *shape) to raw scores (N,), or (N, outputs) with heads."""
    sizes, widths = stages(options.width, shape)
    layers, kernel, dropout = nn.Sequential(), options.kernel_size, options.dropout
    for number, (before, after) in enumerate(pairwise([shape[0], *widths])):
        size = named(sizes[-2 - number])
        norm = options.norm if number or options.norm_input else "none"
        if options.downsampling == "strides":
            strided = downsample(before, after, kernel, norm)
            layers.add_module(f"to_{size}", hidden(strided, norm, options.activation, dropout=dropout))
        else:
            # An even kernel makes the map one pixel larger, which the pooling leaves out.
            weights = Conv2d(before, after, kernel, padding=kernel // 2, bias=not bare(norm))
            layers.add_module(f"before_{size}", hidden(weights, norm, options.activation, dropout=dropout))
            layers.add_module(f"to_{size}", nn.MaxPool2d(2))
    if not options.dense:
        maps = add_minibatch(layers, options.minibatch, (widths[-1], *sizes[0]))
        add_scores(layers, nn.Conv2d(maps, outputs, sizes[0]), outputs)
        return layers
    layers.add_module("vector", nn.Flatten())
    inputs = widths[-1] * math.prod(sizes[0])
    for number in range(1, options.dense + 1):
        dense = linear(inputs, DENSE * options.width, options.norm)
        layers.add_module(f"dense_{number}", hidden(dense, options.norm, options.activation, dropout=dropout))
        inputs = dense.out_features
    features = add_minibatch(layers, options.minibatch, (inputs,))
    add_scores(layers, nn.Linear(features, outputs), outputs)
    return layers


def stages(width: int, shape: tuple[int, ...]) -> tuple[list[tuple[int, int]], list[int]]:
    """Sizes of the maps, from the smallest to the image's, and the channels of each stage, from the image inwards."""
    sizes = map_sizes(*shape[1:])
    return sizes, [width << stage for stage in range(len(sizes) - 1)]
