"""Self-attention GAN (Zhang, Goodfellow, Metaxas & Odena 2018), for the square ones of DCGAN's images.

DCGAN's strided layers; spectral norm on every weight of both players (section 4); one map that attends to itself.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from ganlab.config.networks import SaganDiscriminatorOptions, SaganGeneratorOptions
from ganlab.errors import RunError
from ganlab.networks.convolutions import Conv2d, ConvTranspose2d
from ganlab.networks.dcgan import stages
from ganlab.networks.minibatch import add_minibatch
from ganlab.networks.parts import Conditioned, add_scores, bare, downsample, hidden, upsample


def generator(
    options: SaganGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...], conditions: int = 0
) -> nn.Sequential:
    """From (N, *input_shape) to images (N, *shape) in [-1, 1]."""
    ((size, _), *_), widths = stages(options.width, shape)
    norm = options.norm
    layers = Conditioned(conditions) if conditions else nn.Sequential()
    layers.add_module("latent", nn.Unflatten(1, (input_shape[0], 1, 1)))
    first = ConvTranspose2d(input_shape[0], widths[-1], size, bias=not bare(norm))
    _add_stage(layers, size, hidden(first, norm, "relu", conditions), widths[-1], options.attention)
    for before, after in pairwise(reversed(widths)):
        size *= 2
        weights = upsample(before, after, options.kernel_size, norm)
        _add_stage(layers, size, hidden(weights, norm, "relu", conditions), after, options.attention)
    layers.add_module("image", upsample(widths[0], shape[0], options.kernel_size))
    layers.add_module("tanh", nn.Tanh())
    return layers


def discriminator(options: SaganDiscriminatorOptions, shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """From images (N, *shape) to raw scores (N,), or (N, outputs) with heads."""
    ((base, _), *_), widths = stages(options.width, shape)
    layers, size = nn.Sequential(), shape[-1]
    for before, after in pairwise([shape[0], *widths]):
        size //= 2
        weights = downsample(before, after, options.kernel_size)
        stage = hidden(weights, "none", "leaky_relu", dropout=options.dropout)
        _add_stage(layers, size, stage, after, options.attention)
    maps = add_minibatch(layers, options.minibatch, (widths[-1], base, base))
    add_scores(layers, nn.Conv2d(maps, outputs, base), outputs)
    return layers


def _add_stage(layers: nn.Sequential, size: int, stage: nn.Module, channels: int, attention: int | None) -> None:
    """Add the layer whose maps are (N, channels, size, size), and attention to them where they are the ones."""
    layers.add_module(f"to_{size}", stage)
    if size == attention:
        layers.add_module("attention", SelfAttention(channels))


class SelfAttention(nn.Module):
    """Each place of a map sees all of it (section 3): maps (N, channels, h, w) keep their shape.

    As in the authors' code, queries and keys have an eighth of the channels and values half of them, and keys and
    values are max-pooled 2 x 2, which takes a third of the time at 14 x 14.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        few, half = max(1, channels // 8), max(1, channels // 2)
        self.f = Conv2d(channels, few, 1, bias=False)
        self.g = Conv2d(channels, few, 1, bias=False)
        self.h = Conv2d(channels, half, 1, bias=False)
        self.v = Conv2d(half, channels, 1, bias=False)
        self.gate = Gate()

    def forward(self, maps: Tensor) -> Tensor:
        """Equations 2 and 3: what each place gathers, added to what it is."""
        gathered = _pooled(self.h(maps)) @ self.weights(maps).transpose(1, 2)
        added: Tensor = self.gate(self.v(gathered.unflatten(2, maps.shape[2:])))
        return maps + added

    def weights(self, maps: Tensor) -> Tensor:
        """Equation 1: the share that each place takes from every pooled one, (N, h * w, ceil(h / 2) * ceil(w / 2))."""
        keys, queries = _pooled(self.f(maps)), self.g(maps).flatten(2)
        return torch.softmax(queries.transpose(1, 2) @ keys, dim=2)


def _pooled(maps: Tensor) -> Tensor:
    """(N, C, h, w) to (N, C, ceil(h / 2) * ceil(w / 2)): an odd side's last row and column are pooled by themselves."""
    return max_pool2d(maps, 2, ceil_mode=True).flatten(2)


class Gate(nn.Module):
    """Values times gamma, a trained number that starts at 0: the network learns what is near before what is far."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, values: Tensor) -> Tensor:
        """(N, ...) -> (N, ...)."""
        return self.gamma * values


@torch.no_grad()
def attention_maps(network: nn.Module, inputs: Tensor) -> Tensor:
    """Return the weights of a network's attention for its inputs (N, ...), a row a querying place, which sums to 1.

    They are (N, side^2, (side / 2)^2), the latter rounded up, places counted row by row: what is attended to is pooled.
    The pass is made in eval mode, so no buffer changes; the network's mode is put back.

    Raises:
        RunError: the network has no attention.
    """
    found: list[Tensor] = []

    def keep(block: SelfAttention, maps: tuple[Tensor], _: Tensor) -> None:
        found.append(block.weights(*maps))

    hooks = [m.register_forward_hook(keep) for m in network.modules() if isinstance(m, SelfAttention)]
    training = network.training
    try:
        network.eval()(inputs)
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    if not found:
        raise RunError("this network has no attention to show", "take a sagan whose `attention` is not null")
    return found[0]
