"""The networks of the practical guide to GAN failure modes (Brownlee 2019), written for Keras, for 28 x 28 images.

Keras's `same` padding of a 4 x 4 kernel of stride 2 is one pixel on each side. Keras keeps maps as height, width,
channels; so do the two layers between maps and vectors here, and so does channels_last memory, where they are views.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from ganlab.config.networks import GuideDiscriminatorOptions, GuideGeneratorOptions
from ganlab.networks.convolutions import Conv2d
from ganlab.networks.minibatch import add_minibatch
from ganlab.networks.parts import KerasDense, add_scores, downsample, hidden, upsample

BASE = 7
"""Side of the smallest map, in pixels."""


class ToMap(nn.Module):
    """From (N, BASE * BASE * C) in Keras's order to (N, C, BASE, BASE)."""

    def forward(self, vectors: Tensor) -> Tensor:
        """Reshape without moving anything in memory."""
        maps: Tensor = vectors.unflatten(1, (BASE, BASE, -1))
        return maps.permute(0, 3, 1, 2)


class ToVector(nn.Module):
    """From (N, C, H, W) to (N, H * W * C) in Keras's order."""

    def forward(self, maps: Tensor) -> Tensor:
        """Reshape; a view if the maps are channels_last."""
        return maps.permute(0, 2, 3, 1).flatten(1)


def generator(options: GuideGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...]) -> nn.Sequential:
    """From (N, *input_shape) to images (N, *shape) in [-1, 1]; the last kernel is 7 x 7, whatever `kernel_size`."""
    width, kernel_size, norm = options.width, options.kernel_size, options.norm
    return nn.Sequential(
        OrderedDict(
            dense=nn.Linear(input_shape[0], BASE * BASE * width),
            activation=nn.LeakyReLU(0.2, inplace=True),
            to_7=ToMap(),
            to_14=hidden(upsample(width, width, kernel_size, norm), norm, "leaky_relu"),
            to_28=hidden(upsample(width, width, kernel_size, norm), norm, "leaky_relu"),
            image=Conv2d(width, shape[0], 7, padding=3),
            tanh=nn.Tanh(),
        )
    )


def discriminator(options: GuideDiscriminatorOptions, shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """From images (N, *shape) to raw scores (N,), (N, outputs) with heads; the guide's sigmoid is part of the loss."""
    width, kernel_size, norm = options.width, options.kernel_size, options.norm
    dropout = options.dropout
    layers = nn.Sequential(
        OrderedDict(
            to_14=hidden(downsample(shape[0], width, kernel_size, norm), norm, "leaky_relu", dropout=dropout),
            to_7=hidden(downsample(width, width, kernel_size, norm), norm, "leaky_relu", dropout=dropout),
            vector=ToVector(),
        )
    )
    features = add_minibatch(layers, options.minibatch, (BASE * BASE * width,))
    add_scores(layers, KerasDense(features, outputs), outputs)
    return layers
