"""Generators and discriminators, one architecture a file, built from what the experiment says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from ganlab.config.experiment import Experiment
from ganlab.config.games import CycleGameOptions
from ganlab.config.networks import NETWORKS, NetworkOptions
from ganlab.networks.parts import Pair, PooledPair, initialise, normalise_spectrally
from ganlab.randomness import derived_seed


def build_generator(experiment: Experiment) -> nn.Module:
    """Return the experiment's generator on the CPU, in train mode, its weights drawn from `weights/generator`.

    It maps inputs (N, *experiment.input_shape), floats, to samples (N, *data.shape): images in [-1, 1], points
    unbounded. If the game pairs networks it is a Pair, whose second one maps the other way.
    """
    options, game = experiment.generator, experiment.game
    input_shape, shape = experiment.input_shape, experiment.data.shape
    make = import_module(NETWORKS[options.name].module).generator
    more = {"conditions": game.class_count(experiment.data)} if options.norm == "conditional_batch" else {}
    return _build(
        experiment,
        "generator",
        options,
        lambda: (
            Pair(make(options, input_shape, shape), make(options, shape, input_shape))
            if isinstance(game, CycleGameOptions)
            else make(options, input_shape, shape, **more)
        ),
    )


def build_discriminator(experiment: Experiment) -> nn.Module:
    """Return the experiment's discriminator on the CPU, in train mode, its weights drawn from `weights/discriminator`.

    It maps inputs (N, *experiment.judged_shape(data.shape)) to raw scores (N,), unbounded: no sigmoid. If the game asks
    for heads it gives (N, 1 + heads), the score first. If the game pairs networks it is a Pair, whose second one scores
    the source.
    """
    options, game, shape = experiment.discriminator, experiment.game, experiment.data.shape
    judged = experiment.judged_shape(shape)
    make = import_module(NETWORKS[options.name].module).discriminator
    outputs = 1 + game.heads(experiment.data)
    return _build(
        experiment,
        "discriminator",
        options,
        lambda: (
            PooledPair(
                make(options, judged, 1), make(options, experiment.judged_shape(game.source.shape), 1), game.pool, shape
            )
            if isinstance(game, CycleGameOptions)
            else make(options, judged, outputs)
        ),
    )


def _build(experiment: Experiment, player: str, options: NetworkOptions, make: Callable[[], nn.Module]) -> nn.Module:
    """Build a network and draw its weights from a random state of its own; the global one is left unchanged."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derived_seed(experiment.seed, f"weights/{player}"))
        network = make()
        initialise(network, experiment.weight_init)
        # After the weights are drawn: its first singular vectors are found from them.
        if options.norm == "spectral" or options.spectral:
            normalise_spectrally(network)
    return network


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network, as `--dry-run` shows it.

    Attributes:
        name: dotted name inside the network.
        kind: its class, such as Conv2d.
        output_shape: shape of its output for one sample.
        parameters: number of trained values it holds.
        products: multiplications of its weights in a forward pass of one sample; those of attention are not counted.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    products: int


def describe(network: nn.Module, input_shape: tuple[int, ...]) -> list[LayerRow]:
    """Return the layers of `network` in order of use, found by passing it two samples of `input_shape`, all zeros.

    The pass is made in eval mode, so no buffer changes; the network's mode is put back.
    """
    rows: list[LayerRow] = []

    def recorder(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def record(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            parameters = sum(p.numel() for p in layer.parameters())
            kind = type_before_parametrizations(layer).__name__
            rows.append(LayerRow(name, kind, tuple(output.shape[1:]), parameters, _products(layer, inputs[0], output)))

        return record

    hooks = [layer.register_forward_hook(recorder(name)) for name, layer in _leaves(network)]
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(2, *input_shape, device=next(network.parameters()).device))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return rows


def _products(layer: nn.Module, values: Tensor, output: Tensor) -> int:
    """Multiplications of a layer's weights for one sample; a convolution uses each of them at every place."""
    if isinstance(layer, nn.Linear):
        return layer.in_features * layer.out_features * (values[0].numel() // layer.in_features)
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        # The side that a transposed convolution reads is the one that the other kind writes.
        places = values[0, 0] if isinstance(layer, nn.ConvTranspose2d) else output[0, 0]
        return layer.weight.numel() * places.numel()
    return 0


def _leaves(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Modules that hold no others; what spectral norm hangs below a layer counts as part of that layer."""
    return [
        (name, module)
        for name, module in network.named_modules()
        if all(child == "parametrizations" for child, _ in module.named_children())
        and "parametrizations" not in name.split(".")
    ]
