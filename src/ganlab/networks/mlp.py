"""Fully connected networks, for images (flattened) and for 2-D points."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from ganlab.config.networks import MlpDiscriminatorOptions, MlpGeneratorOptions
from ganlab.networks.minibatch import add_minibatch
from ganlab.networks.parts import Conditioned, Layers, Maxout, add_scores, hidden, linear


def generator(
    options: MlpGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...], conditions: int = 0
) -> nn.Sequential:
    """From (N, *input_shape) to (N, *shape): tanh at the output for images, linear for points."""
    layers = Conditioned(conditions) if conditions else Layers()
    _add_hidden(layers, options, input_shape[0], conditions)
    layers.add_module("output", nn.Linear(options.width, math.prod(shape)))
    if len(shape) == 3:
        layers.add_module("tanh", nn.Tanh())
        layers.add_module("image", nn.Unflatten(1, shape))
    return layers


def discriminator(options: MlpDiscriminatorOptions, shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """From (N, *shape) to raw scores (N,), or (N, outputs) with heads."""
    layers = Layers()
    layers.add_module("vector", nn.Flatten())
    _add_hidden(layers, options, math.prod(shape))
    features = add_minibatch(layers, options.minibatch, (options.width,))
    add_scores(layers, nn.Linear(features, outputs), outputs)
    return layers


def _add_hidden(
    layers: nn.Sequential, options: MlpGeneratorOptions | MlpDiscriminatorOptions, inputs: int, conditions: int = 0
) -> None:
    pieces = options.pieces if isinstance(options, MlpDiscriminatorOptions) and options.activation == "maxout" else 1
    dropout = options.dropout if isinstance(options, MlpDiscriminatorOptions) else 0.0
    widths = [inputs] + [options.width] * options.depth
    for number, (before, after) in enumerate(pairwise(widths), start=1):
        weights = linear(before, after * pieces, options.norm)
        activation = Maxout(pieces) if options.activation == "maxout" else options.activation
        layers.add_module(f"hidden_{number}", hidden(weights, options.norm, activation, conditions, dropout))
