"""What several architectures share: layers that keep shapes, norms, activations, and how weights are drawn."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganlab.config.base import Options
from ganlab.config.networks import Activation, Norm, NormalInit, OrthogonalInit, XavierInit
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


def linear(inputs: int, outputs: int, norm: Norm) -> nn.Linear:
    """A linear layer in front of `norm`: without a bias where batch normalisation would take it out again."""
    return nn.Linear(inputs, outputs, bias=norm != "batch")


def downsample(inputs: int, outputs: int, kernel_size: int, norm: Norm = "none") -> Conv2d:
    """A strided convolution from (N, inputs, 2h, 2w) to (N, outputs, h, w), for any kernel, odd or even."""
    padding = (kernel_size - 1) // 2
    return Conv2d(inputs, outputs, kernel_size, stride=2, padding=padding, bias=norm != "batch")


def upsample(inputs: int, outputs: int, kernel_size: int, norm: Norm = "none") -> ConvTranspose2d:
    """A transposed convolution from (N, inputs, h, w) to (N, outputs, 2h, 2w), for any kernel, odd or even."""
    return ConvTranspose2d(
        inputs,
        outputs,
        kernel_size,
        stride=2,
        padding=(kernel_size - 1) // 2,
        output_padding=kernel_size % 2,
        bias=norm != "batch",
    )


def hidden(weights: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, norm: Norm, activation: Activation) -> nn.Sequential:
    """One hidden layer: the weights, the norm layer where `norm` is one, the activation."""
    block = nn.Sequential()
    if isinstance(weights, nn.Linear):
        block.add_module("linear", weights)
        if norm in VECTOR_NORMS:
            block.add_module("norm", VECTOR_NORMS[norm](weights.out_features))
    else:
        block.add_module("conv", weights)
        if norm in MAP_NORMS:
            block.add_module("norm", MAP_NORMS[norm](weights.out_channels))
    block.add_module("activation", ACTIVATIONS[activation]())
    return block


class KerasDense(nn.Linear):
    """A linear layer that starts as Keras's Dense does, whatever weight_init says: Glorot uniform weights, bias 0."""

    def reset_parameters(self) -> None:
        """Draw the weights: U(-a, a) with a = sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010, eq. 16)."""
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)


OWN_START = (KerasDense,)
"""Layers that keep the start their constructor gave them."""


def initialise(network: nn.Module, options: Options) -> None:
    """Draw the weights of `network` anew, from PyTorch's global generator, as the experiment's weight_init says.

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
        elif isinstance(module, NORMS) and isinstance(options, NormalInit):
            nn.init.normal_(module.weight, 1.0, options.std)


def _weight_draw(options: Options) -> Callable[[Tensor], Tensor] | None:
    if isinstance(options, NormalInit):
        std = options.std
        return lambda weight: nn.init.normal_(weight, 0.0, std)
    if isinstance(options, XavierInit):
        return nn.init.xavier_uniform_
    if isinstance(options, OrthogonalInit):
        return nn.init.orthogonal_
    return None


def normalise_spectrally(network: nn.Module) -> None:
    """Divide every weight of `network` by its largest singular value (Miyato et al. 2018, algorithm 1).

    One power iteration at each forward pass in train mode follows it; its two vectors are buffers, drawn here from
    PyTorch's global generator.
    """
    for module in [m for m in network.modules() if isinstance(m, WEIGHTED)]:
        spectral_norm(module)
