"""Where a NaN or Inf came from: the run is replayed from its last good checkpoint with every tensor looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, nn

from ganlab.monitor.columns import history_columns
from ganlab.training.optimizers import NetworkOptimizer
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench


class NonFiniteTensor(Exception):
    """The first tensor that was not finite."""

    def __init__(self, kind: str, network: str, layer: str) -> None:
        super().__init__(f"{kind} of {network}.{layer}".rstrip("."))
        self.kind = kind
        self.network = network
        self.layer = layer


def find_first(bench: Workbench, until: int, unchecked: Collection[str]) -> dict[str, Any] | None:
    """Replay a workbench up to a step and return the first tensor that is not finite, or None if none appears.

    Args:
        bench: fresh networks, restored to a step before `until`; the run is a function of the step, so the replay
            meets the same numbers.
        until: step at which the run was seen to hold NaN or Inf.
        unchecked: columns of history.csv that may hold Inf without anything being wrong.

    Returns:
        `step`, `tensor` (output, loss, gradient or parameter), `network` and `layer`. Where all of these are finite:
        `state` (a buffer, the average or an optimiser's state, with its name for a layer), or the column of history.csv
        that overflowed, such as a norm, of no network and layer.
    """
    d_optimizer, g_optimizer = bench.state.discriminator_optimizer, bench.state.generator_optimizer
    look_inside("discriminator", bench.state.discriminator, d_optimizer)
    look_inside("generator", bench.state.generator, g_optimizer)
    while bench.state.step < until:
        try:
            trace = train_step(bench.state, bench.game, bench.feed)
        except NonFiniteTensor as found:
            return {
                "step": bench.state.step + 1,
                "tensor": found.kind,
                "network": found.network,
                "layer": found.layer,
            }
        for name, value in bench.state.tensors().items():
            if not is_finite(value):
                network, _, layer = name.partition("/")
                return {"step": bench.state.step, "tensor": "state", "network": network, "layer": layer}
        norms = (optimizer.gradient_norms() for optimizer in (d_optimizer, g_optimizer))
        for column, number in history_columns(bench.game.loss, trace, *norms).now().items():
            if column not in unchecked and not math.isfinite(number):
                return {"step": bench.state.step, "tensor": column, "network": None, "layer": None}
    return None


def look_inside(name: str, network: nn.Module, optimizer: NetworkOptimizer) -> None:
    """Make a network raise NonFiniteTensor at its first output, loss, gradient or weight that is not finite."""
    for layer, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(output_check(name, layer))
    # Scaled gradients overflow now and then; the scaler sees to it.
    if not optimizer.scaler.is_enabled():
        for layer, parameter in network.named_parameters():
            parameter.register_hook(gradient_check(name, layer))

    minimise = optimizer.minimise

    def checked(loss: Tensor) -> None:
        require_finite(loss, "loss", name, "")
        minimise(loss)
        for layer, parameter in network.named_parameters():
            require_finite(parameter, "parameter", name, layer)

    optimizer.minimise = checked  # type: ignore[method-assign]


def output_check(network: str, layer: str) -> Callable[[nn.Module, Any, Tensor], None]:
    """Return a forward hook that raises NonFiniteTensor if the layer's output is not finite."""
    return lambda module, inputs, output: require_finite(output, "output", network, layer)


def gradient_check(network: str, layer: str) -> Callable[[Tensor], None]:
    """Return a gradient hook that raises NonFiniteTensor if the parameter's gradient is not finite."""
    return lambda gradient: require_finite(gradient, "gradient", network, layer)


def require_finite(tensor: Tensor, kind: str, network: str, layer: str) -> None:
    """Raise NonFiniteTensor unless every element is finite."""
    if not is_finite(tensor):
        raise NonFiniteTensor(kind, network, layer)


def is_finite(tensor: Tensor) -> bool:
    """Return whether no element is NaN or Inf."""
    return bool(torch.isfinite(tensor.detach()).all())
