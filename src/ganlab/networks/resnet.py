"""A small residual pair (He et al. 2016, with activations in front of the convolutions) for DCGAN's image sizes.

Without normalisation it is the kind of network that Huang et al. 2024 (R3GAN, section 3) compare losses with on Stacked
MNIST: what steadies the game is then the loss and its penalties alone. Such a network is kept from exploding by its
start (fix-up: Zhang, Dauphin & Ma 2019, section 3): each block adds nothing at first. With spectral or batch
normalisation it is of the kind of SNGAN's (Miyato et al. 2018, tables 3 and 4), and starts as weight_init says.

Maps are resized between blocks, without weights: nearest neighbours on the way up, means of 2 x 2 on the way down.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from ganlab.config.networks import Norm, ResnetDiscriminatorOptions, ResnetGeneratorOptions, map_sizes
from ganlab.networks.convolutions import Conv2d
from ganlab.networks.minibatch import add_minibatch
from ganlab.networks.parts import MAP_NORMS, FixupConv, FixupLinear, add_scores, bare, named

SLOPE = 0.2
"""Of leaky ReLU for negative values."""
RECTIFIED = 2 / (1 + SLOPE**2)
"""Variance of weights behind leaky ReLU, times their inputs, that keeps that of the maps (He et al. 2015, eq. 15)."""


def generator(options: ResnetGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...]) -> nn.Sequential:
    """From (N, *input_shape) to images (N, *shape) in [-1, 1]."""
    sizes, widths = stages(options.width, shape)
    widths, norm, base = widths[::-1], options.norm, sizes[0]
    layers, values = nn.Sequential(), widths[0] * math.prod(base)
    plain = norm == "none"
    layers.add_module("latent", FixupLinear(input_shape[0], values, 1) if plain else nn.Linear(input_shape[0], values))
    layers.add_module("map", nn.Unflatten(1, (widths[0], *base)))
    for number, (size, before, after) in enumerate(zip(sizes, [widths[0], *widths], widths, strict=False)):
        if number:
            layers.add_module(f"up_{named(size)}", nn.Upsample(scale_factor=2))
        layers.add_module(f"at_{named(size)}", Block(before, after, norm, len(sizes)))
    if norm in MAP_NORMS:
        layers.add_module("norm", MAP_NORMS[norm](widths[-1]))
    layers.add_module("activation", nn.LeakyReLU(SLOPE))
    layers.add_module("image", convolution(widths[-1], shape[0], 3, norm, RECTIFIED))
    layers.add_module("tanh", nn.Tanh())
    return layers


def discriminator(options: ResnetDiscriminatorOptions, shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """From images (N, *shape) to raw scores (N,), or (N, outputs) with heads."""
    sizes, widths = stages(options.width, shape)
    layers, norm = nn.Sequential(), options.norm
    layers.add_module("image", convolution(shape[0], widths[0], 3, norm, 1))
    for size, before, after in zip(reversed(sizes), widths, [*widths[1:], widths[-1]], strict=True):
        layers.add_module(f"at_{named(size)}", Block(before, after, norm, len(sizes), options.dropout))
        if size != sizes[0]:
            layers.add_module(f"from_{named(size)}", nn.AvgPool2d(2))
    layers.add_module("activation", nn.LeakyReLU(SLOPE))
    maps = add_minibatch(layers, options.minibatch, (widths[-1], *sizes[0]))
    layers.add_module("vector", nn.Flatten())
    values = maps * math.prod(sizes[0])
    add_scores(layers, FixupLinear(values, outputs, 1) if norm == "none" else nn.Linear(values, outputs), outputs)
    return layers


def stages(width: int, shape: tuple[int, ...]) -> tuple[list[tuple[int, int]], list[int]]:
    """Sizes of the maps, from the smallest to the image's, and their channels, from the image's size inwards."""
    sizes = map_sizes(*shape[1:])
    return sizes, [width << stage for stage in range(len(sizes))]


def convolution(inputs: int, outputs: int, kernel_size: int, norm: Norm, gain: float, bias: bool = True) -> Conv2d:
    """A convolution that keeps the maps' size, for odd kernels; without a norm it starts as `FixupConv` says."""
    if norm == "none":
        return FixupConv(inputs, outputs, kernel_size, gain)
    return Conv2d(inputs, outputs, kernel_size, padding=kernel_size // 2, bias=bias)


class Block(nn.Module):
    """Maps, and what two 3 x 3 convolutions make of them: (N, inputs, h, w) to (N, outputs, h, w).

    Args:
        inputs, outputs: channels; if they differ, a 1 x 1 convolution takes the maps from one to the other.
        norm: in front of each of the two activations.
        blocks: how many the network has. Without a norm the first convolution starts 1 / sqrt(blocks) times as large
            as He's and the second one at 0 (Zhang et al. 2019, section 3.2, for branches of two layers).
        dropout: between the two convolutions (Zagoruyko & Komodakis 2016).
    """

    def __init__(self, inputs: int, outputs: int, norm: Norm, blocks: int, dropout: float = 0.0) -> None:
        super().__init__()
        between = min(inputs, outputs)
        self.branch = nn.Sequential()
        for number, (before, after, gain) in enumerate(
            [(inputs, between, RECTIFIED / blocks), (between, outputs, 0.0)], start=1
        ):
            if norm in MAP_NORMS:
                self.branch.add_module(f"norm_{number}", MAP_NORMS[norm](before))
            self.branch.add_module(f"activation_{number}", nn.LeakyReLU(SLOPE))
            if number == 2 and dropout:
                self.branch.add_module("dropout", nn.Dropout(dropout))
            followed = number == 1 and bare(norm)
            self.branch.add_module(f"conv_{number}", convolution(before, after, 3, norm, gain, bias=not followed))
        self.skip = nn.Identity() if inputs == outputs else convolution(inputs, outputs, 1, norm, 1.0)

    def forward(self, maps: Tensor) -> Tensor:
        """Add the branch to the maps."""
        added: Tensor = self.skip(maps) + self.branch(maps)
        return added
