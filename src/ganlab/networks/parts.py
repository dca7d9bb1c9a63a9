"""What several architectures share: layers that keep shapes, norms, activations, and how weights are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.functional import linear as linear_function
from torch.nn.utils.parametrizations import spectral_norm

from ganlab.config.base import Options
from ganlab.config.networks import Activation, Norm, NormalInitOptions, OrthogonalInitOptions, XavierInitOptions
from ganlab.networks.convolutions import Conv2d, ConvTranspose2d

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm)

ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky_relu": lambda: nn.LeakyReLU(0.2, inplace=True),
    "tanh": nn.Tanh,
}

MAP_NORMS: dict[Norm, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": lambda channels: nn.InstanceNorm2d(channels, affine=True),
    "layer": lambda channels: nn.GroupNorm(1, channels),
}
"""Norm layers of (N, C, H, W); spectral norm is no layer but acts on the weights, see `normalise_spectrally`."""

VECTOR_NORMS: dict[Norm, Callable[[int], nn.Module]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
"""Norm layers of (N, C)."""


def bare(norm: Norm) -> bool:
    """Whether a layer in front of `norm` goes without a bias, which batch normalisation would take out again."""
    return norm in ("batch", "conditional_batch")


def named(size: tuple[int, int]) -> str:
    """Return the size of a map as layers are called by it: its side, or height and width."""
    height, width = size
    return str(height) if height == width else f"{height}x{width}"


def linear(inputs: int, outputs: int, norm: Norm) -> nn.Linear:
    """A linear layer in front of `norm`."""
    return nn.Linear(inputs, outputs, bias=not bare(norm))


def downsample(inputs: int, outputs: int, kernel_size: int, norm: Norm = "none") -> Conv2d:
    """A strided convolution from (N, inputs, 2h, 2w) to (N, outputs, h, w), for any kernel, odd or even."""
    padding = (kernel_size - 1) // 2
    return Conv2d(inputs, outputs, kernel_size, stride=2, padding=padding, bias=not bare(norm))


def upsample(inputs: int, outputs: int, kernel_size: int, norm: Norm = "none") -> ConvTranspose2d:
    """A transposed convolution from (N, inputs, h, w) to (N, outputs, 2h, 2w), for any kernel, odd or even."""
    return ConvTranspose2d(
        inputs,
        outputs,
        kernel_size,
        stride=2,
        padding=(kernel_size - 1) // 2,
        output_padding=kernel_size % 2,
        bias=not bare(norm),
    )


def hidden(
    weights: nn.Linear | nn.Conv2d | nn.ConvTranspose2d,
    norm: Norm,
    activation: Activation | nn.Module,
    conditions: int = 0,
    dropout: float = 0.0,
) -> nn.Module:
    """One hidden layer: the weights, the norm layer where `norm` is one, the activation, dropout if it is above 0.

    With `conditional_batch` it belongs in a Conditioned with the same number of conditions.
    """
    activated = activation if isinstance(activation, nn.Module) else ACTIVATIONS[activation]()
    if norm == "conditional_batch":
        channels = weights.out_features if isinstance(weights, nn.Linear) else weights.out_channels
        return ConditionalBlock(weights, channels, conditions, activated)
    block = nn.Sequential()
    if isinstance(weights, nn.Linear):
        block.add_module("linear", weights)
        if norm in VECTOR_NORMS:
            block.add_module("norm", VECTOR_NORMS[norm](weights.out_features))
    else:
        block.add_module("conv", weights)
        if norm in MAP_NORMS:
            block.add_module("norm", MAP_NORMS[norm](weights.out_channels))
    block.add_module("activation", activated)
    if dropout:
        block.add_module("dropout", nn.Dropout(dropout))
    return block


class Maxout(nn.Module):
    """Units that are each the largest of several linear ones: h_i = max_j z_ij (Goodfellow et al. 2013, section 3).

    Args:
        pieces: linear units to a unit; those of a unit are neighbours.
    """

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, values: Tensor) -> Tensor:
        """(N, units * pieces) to (N, units)."""
        units: Tensor = values.unflatten(1, (-1, self.pieces))
        return units.amax(2)


def add_scores(layers: nn.Sequential, output: nn.Module, outputs: int) -> None:
    """End a discriminator: `output` gives (N, outputs, ...), of which scores (N,) are made, or (N, outputs) if several.

    The first of several is the score; the others are heads on the same body.
    """
    layers.add_module("output", output)
    layers.add_module("score", nn.Flatten(0) if outputs == 1 else nn.Flatten(1))


class Layers(nn.Sequential):
    """Layers and sequences of layers, run as one sequence, and without what PyTorch does around the call of a layer.

    In a small network, that takes as long as what the layers compute. Hooks of a layer are called as ever.
    """

    @cached_property
    def flat(self) -> list[nn.Module]:
        """What is run, in order; listed at the first pass."""
        return list(_flatten(self))

    def forward(self, values: Tensor) -> Tensor:
        """Pass values through every layer."""
        for layer in self.flat:
            if layer._forward_hooks or layer._forward_pre_hooks or layer._backward_hooks or layer._backward_pre_hooks:
                values = layer(values)
            elif type(layer) is nn.Linear:
                values = linear_function(values, *layer._parameters.values())  # type: ignore[arg-type]
            else:
                values = layer.forward(values)
        return values


def _flatten(layers: nn.Sequential) -> Iterator[nn.Module]:
    for layer in layers:
        if type(layer) is nn.Sequential:
            yield from _flatten(layer)
        else:
            yield layer


class Conditioned(nn.Sequential):
    """Layers, some of which normalise by class: inputs (N, ... + conditions) end in the class, one-hot.

    The class stays part of what the first layer sees: that layer's weights embed it.
    """

    def __init__(self, conditions: int) -> None:
        super().__init__()
        self.conditions = conditions

    def forward(self, inputs: Tensor) -> Tensor:
        """Pass inputs (N, dim + conditions) through every layer, with the class for each layer that asks for it."""
        condition, values = inputs[:, -self.conditions :], inputs
        for layer in self:
            values = layer(values, condition) if isinstance(layer, ConditionalBlock) else layer(values)
        return values


class ConditionalBlock(nn.Module):
    """One hidden layer with conditional batch normalisation (Dumoulin et al. 2017; Miyato & Koyama 2018).

    The maps are normalised over the batch, then scaled and shifted by values of the sample's class.
    """

    def __init__(self, weights: nn.Module, channels: int, conditions: int, activation: nn.Module) -> None:
        super().__init__()
        self.weights = weights
        norm = nn.BatchNorm1d if isinstance(weights, nn.Linear) else nn.BatchNorm2d
        self.norm = norm(channels, affine=False)
        self.scale = StartsAt(conditions, channels, 1.0)
        self.shift = StartsAt(conditions, channels, 0.0)
        self.activation = activation

    def forward(self, values: Tensor, condition: Tensor) -> Tensor:
        """(N, ...) and one-hot classes (N, conditions) to (N, channels, ...)."""
        values = self.norm(self.weights(values))
        scale, shift = (table(condition) for table in (self.scale, self.shift))
        if values.dim() == 4:
            scale, shift = scale[:, :, None, None], shift[:, :, None, None]
        output: Tensor = self.activation(values * scale + shift)
        return output


class StartsAt(nn.Linear):
    """A table of values, a row a class: a linear layer of one-hot classes, the same for all at the start."""

    def __init__(self, conditions: int, channels: int, value: float) -> None:
        self.value = value
        super().__init__(conditions, channels, bias=False)

    def reset_parameters(self) -> None:
        """Start at the value, whatever weight_init says."""
        nn.init.constant_(self.weight, self.value)


class Pair(nn.Module):
    """Two networks that are one player: `forward` is the first, `back` the second, which goes the other way."""

    def __init__(self, there: nn.Module, back: nn.Module) -> None:
        super().__init__()
        self.there = there
        self.back = back

    def forward(self, values: Tensor) -> Tensor:
        """What the first network makes."""
        made: Tensor = self.there(values)
        return made


class PooledPair(Pair):
    """Two discriminators that are one player, and what they have been shown before.

    The pool, (2 * size, *shape), those of the first network first, is part of the state: a run that is resumed goes on
    with the same images.
    """

    pool: Tensor

    def __init__(self, there: nn.Module, back: nn.Module, size: int, shape: tuple[int, ...]) -> None:
        super().__init__(there, back)
        self.register_buffer("pool", torch.zeros(2 * size, *shape))


class KerasDense(nn.Linear):
    """A linear layer that starts as Keras's Dense does, whatever weight_init says: Glorot uniform weights, bias 0."""

    def reset_parameters(self) -> None:
        """Draw the weights: U(-a, a) with a = sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, eq. 16)."""
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)


class EqualLinear(nn.Linear):
    """A linear layer with equalised learning rate (Karras et al. 2018, section 4.1), biases 0 at the start.

    Its weights start from N(0, 1), whatever weight_init says, and act multiplied by He's constant sqrt(gain / inputs):
    an optimiser whose steps do not depend on the gradient's scale then moves every layer at the same pace.

    Args:
        inputs, outputs: units.
        gain: 2 in front of a rectifier (He et al. 2015, eq. 10), 1 at an output.
    """

    def __init__(self, inputs: int, outputs: int, gain: float = 2.0) -> None:
        super().__init__(inputs, outputs)
        self.scale = math.sqrt(gain / inputs)

    def reset_parameters(self) -> None:
        """Draw the weights from N(0, 1)."""
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """(N, inputs) to (N, outputs)."""
        return super().forward(input * self.scale)


class EqualConv(Conv2d):
    """A convolution that keeps the maps' size, for odd kernels, with equalised learning rate: see EqualLinear."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int, gain: float = 2.0) -> None:
        super().__init__(inputs, outputs, kernel_size, padding=kernel_size // 2)
        self.scale = math.sqrt(gain / (inputs * kernel_size**2))

    def reset_parameters(self) -> None:
        """Draw the weights from N(0, 1)."""
        nn.init.normal_(self.weight)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, outputs, h, w)."""
        return super().forward(input * self.scale)


class FixupLinear(nn.Linear):
    """A linear layer of a network without norms, which starts right by itself, whatever weight_init says.

    Its weights start from N(0, gain / inputs), its biases at 0; a gain of 0 lets it start as nothing (fix-up: Zhang,
    Dauphin & Ma 2019, section 3).

    Args:
        inputs, outputs: units.
        gain: 1 keeps the variance of what it is given; behind a rectifier, which takes a part of it, it is larger.
        bias: whether it has any.
    """

    def __init__(self, inputs: int, outputs: int, gain: float, bias: bool = True) -> None:
        self.std = math.sqrt(gain / inputs)
        super().__init__(inputs, outputs, bias)

    def reset_parameters(self) -> None:
        """Draw the weights."""
        nn.init.normal_(self.weight, 0.0, self.std)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class FixupConv(Conv2d):
    """A convolution that keeps the maps' size, for odd kernels, and starts as FixupLinear does."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int, gain: float) -> None:
        self.std = math.sqrt(gain / (inputs * kernel_size**2))
        super().__init__(inputs, outputs, kernel_size, padding=kernel_size // 2)

    def reset_parameters(self) -> None:
        """Draw the weights."""
        assert self.bias is not None
        nn.init.normal_(self.weight, 0.0, self.std)
        nn.init.zeros_(self.bias)


OWN_START = (KerasDense, StartsAt, EqualLinear, EqualConv, FixupLinear, FixupConv)
"""Layers that keep the start their constructor gave them."""


def initialise(network: nn.Module, options: Options) -> None:
    """Draw the weights of `network` again, from PyTorch's global generator, as the experiment's weight_init says.

    normal: weights N(0, std), norm scales N(1, std) (Radford et al. 2015, section 4). xavier: uniform with the
    variance 2 / (fan in + fan out) (Glorot & Bengio 2010). orthogonal: Saxe et al. 2014, gain 1. In these three, biases
    and norm shifts start at 0. default: PyTorch's own start, which the constructors drew, stays.
    """
    draw = _weight_draw(options)
    if draw is None:
        return
    for module in network.modules():
        if isinstance(module, WEIGHTED) and not isinstance(module, OWN_START):
            draw(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, NORMS) and module.weight is not None and isinstance(options, NormalInitOptions):
            nn.init.normal_(module.weight, 1.0, options.std)


def _weight_draw(options: Options) -> Callable[[Tensor], Tensor] | None:
    if isinstance(options, NormalInitOptions):
        std = options.std
        return lambda weight: nn.init.normal_(weight, 0.0, std)
    if isinstance(options, XavierInitOptions):
        return nn.init.xavier_uniform_
    if isinstance(options, OrthogonalInitOptions):
        return nn.init.orthogonal_
    return None


def normalise_spectrally(network: nn.Module) -> None:
    """Divide every weight of `network` by its largest singular value (Miyato et al. 2018, algorithm 1).

    One power iteration at each forward pass in train mode follows it; its two vectors are buffers, drawn here from
    PyTorch's global generator. The tables of conditional normalisation, whose values are scales, stay as they are.
    """
    for module in [m for m in network.modules() if isinstance(m, WEIGHTED) and not isinstance(m, StartsAt)]:
        spectral_norm(module)
