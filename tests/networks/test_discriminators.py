"""What any discriminator can be given: maxout, dropout, a layer that looks at the batch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.networks import build_discriminator
from ganlab.networks.minibatch import FEATURES, among_copies
from ganlab.networks.parts import Maxout
from ganlab.objectives.penalties import r1
from ganlab.randomness import seed_layers
from ganlab.training.step import train_step
from ganlab.training.workbench import build_workbench

CPU = torch.device("cpu")
NAMES = ["mlp", "dcgan", "guide", "sagan", "resnet"]
POINTS = "points"
"""A case of its own: an mlp on points."""


def judging(name: str, **options: Any) -> Experiment:
    """A narrow discriminator with these options, on images of 28 pixels or on points."""
    written: dict[str, Any] = {"name": "mlp" if name == POINTS else name, "width": 4, "norm": "none", **options}
    data = {"name": "ring", "points": 200} if name == POINTS else {"name": "mnist"}
    rest = {"generator": {"name": "mlp", "width": 4}, "weight_init": {"name": "xavier"}}
    return experiment_from_mapping({"data": data, "discriminator": written, **rest})


def samples(setup: Experiment, count: int = 6) -> Tensor:
    shape = setup.judged_shape(setup.data.shape)
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(0))


# -- maxout -----------------------------------------------------------------------------------------------------


def test_maxout_is_the_largest_of_neighbours() -> None:
    values = torch.tensor([[1.0, 3.0, 2.0, -4.0, -6.0, -5.0]], requires_grad=True)
    units = Maxout(3)(values)
    assert units.tolist() == [[3.0, -4.0]]
    units.sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [[0, 1, 0, 1, 0, 0]]


def test_a_layer_of_maxout_by_hand() -> None:
    """One hidden unit of three pieces, a linear output: 2 max(x, -y, x + y - 1) + 1."""
    network = build_discriminator(judging(POINTS, activation="maxout", pieces=3, width=1, depth=1))
    weights = [torch.tensor([[1.0, 0.0], [0.0, -1.0], [1.0, 1.0]]), torch.tensor([0.0, 0.0, -1.0])]
    weights += [torch.tensor([[2.0]]), torch.tensor([1.0])]
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), weights, strict=True):
            parameter.copy_(value)
    assert network(torch.tensor([[2.0, 0.0], [-3.0, -4.0], [2.0, 3.0]])).tolist() == [5.0, 9.0, 9.0]


def test_pacgans_discriminator_has_pieces_times_the_weights() -> None:
    """D 3 x 200 maxout(5), on pairs of points (Lin et al. 2018, appendix)."""
    network = build_discriminator(judging(POINTS, activation="maxout", width=200, depth=3))
    assert [layer.weight.shape for layer in network.modules() if isinstance(layer, nn.Linear)] == [
        (1000, 2),
        (1000, 200),
        (1000, 200),
        (1, 200),
    ]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"generator": {"name": "mlp", "activation": "maxout"}}, "expected relu, leaky_relu or tanh, got 'maxout'"),
        ({"discriminator": {"name": "dcgan", "activation": "maxout"}}, "expected relu, leaky_relu or tanh"),
        ({"discriminator": {"name": "mlp", "pieces": 3}}, "only maxout takes the largest of 3 pieces"),
        ({"discriminator": {"name": "mlp", "activation": "maxout", "pieces": 1}}, "must be at least 2, got 1"),
        ({"discriminator": {"name": "mlp", "dropout": 1.0}}, "must be below 1, got 1"),
        ({"generator": {"name": "mlp", "dropout": 0.5}}, "unknown key"),
    ],
)
def test_where_they_mean_nothing_they_are_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        experiment_from_mapping(section)


# -- dropout ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, POINTS])
def test_dropout_ends_each_hidden_layer_and_is_away_at_0(name: str) -> None:
    plain, dropping = (build_discriminator(judging(name, dropout=share)) for share in (0.0, 0.3))
    assert not [module for module in plain.modules() if isinstance(module, nn.Dropout)]
    blocks = [list(block.children()) for block in dropping.modules() if hasattr(block, "dropout")]
    assert len(blocks) == (2 if name in ("dcgan", "guide", "sagan") else 3)
    for block in blocks:
        place = next(number for number, layer in enumerate(block) if isinstance(layer, nn.Dropout))
        assert block[place].p == 0.3
        assert type(block[place - 1]) in (nn.LeakyReLU, nn.Tanh, nn.ReLU)
        assert isinstance(block[-1], nn.Conv2d if name == "resnet" else nn.Dropout)
    assert plain.state_dict().keys() == dropping.state_dict().keys(), "a checkpoint fits with or without it"
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), dropping.parameters(), strict=True))
    shown = samples(judging(name))
    assert torch.equal(plain.eval()(shown), dropping.eval()(shown))


def test_dropout_leaves_the_share_and_the_mean() -> None:
    """A hidden value is 0 with the share's probability, and divided by what is left otherwise."""
    network = build_discriminator(judging("mlp", dropout=0.3, width=4000, depth=1))
    block = next(block for block in network.modules() if hasattr(block, "dropout"))
    seed_layers(0, 1, CPU)
    dropped = block.dropout(torch.ones(5, 4000))
    assert dropped.eq(0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def test_what_is_dropped_is_a_function_of_seed_and_step() -> None:
    setup = judging("dcgan", dropout=0.5)
    network, shown = build_discriminator(setup), samples(setup)

    def scores(seed: int, step: int) -> list[float]:
        seed_layers(seed, step, CPU)
        return [*network(shown).tolist(), *network(shown).tolist()]

    assert scores(0, 1) == scores(0, 1)
    assert scores(0, 1)[:6] != scores(0, 1)[6:], "two passes of a step are dropped alike"
    assert scores(0, 1) != scores(0, 2)
    assert scores(0, 1) != scores(1, 1)


# -- minibatch layers --------------------------------------------------------------------------------------------

ADDED = {"stddev": 1, "discrimination": FEATURES}


@pytest.mark.parametrize("kind", ADDED)
@pytest.mark.parametrize("name", [*NAMES, POINTS])
def test_a_minibatch_layer_is_in_front_of_the_output(name: str, kind: str) -> None:
    """The output has a weight more for each feature that is added, or for each place of a map, and nothing else has."""
    plain, seeing = (build_discriminator(judging(name, minibatch=each)) for each in ("none", kind))
    layers = [layer for layer, _ in seeing.named_children()]
    assert layers[layers.index("minibatch") + 1 :] == (["vector"] if name == "resnet" else []) + ["output", "score"]
    layers.remove("minibatch")
    assert layers == [layer for layer, _ in plain.named_children()]
    places = {"dcgan": 49, "sagan": 49, "resnet": 49}.get(name, 1)
    more = seeing.output.weight.numel() - plain.output.weight.numel()
    assert more == places * ADDED[kind]


@pytest.mark.parametrize("kind", ADDED)
@pytest.mark.parametrize("name", [*NAMES, POINTS])
def test_the_same_sample_scores_otherwise_among_others(name: str, kind: str) -> None:
    setup = judging(name, minibatch=kind)
    network, shown = build_discriminator(setup).eval(), samples(setup)
    with torch.no_grad():
        network.output.weight.add_(1.0)
    varied, alone = network(shown), network(shown[:1].expand(6, *shown.shape[1:]))
    assert (varied[0] - alone[0]).abs() > 1e-3
    torch.testing.assert_close(alone, alone[:1].expand(6))
    with among_copies(network):
        torch.testing.assert_close(network(shown)[0], alone[0], rtol=1e-4, atol=1e-5)


def test_without_one_the_others_do_not_matter() -> None:
    for name in NAMES:
        setup = judging(name)
        network, shown = build_discriminator(setup).eval(), samples(setup)
        torch.testing.assert_close(network(shown)[0], network(shown[:1].expand(6, *shown.shape[1:]))[0])
        assert not setup.discriminator.compares_samples
        assert judging(name, minibatch="stddev").discriminator.compares_samples


@pytest.mark.parametrize("kind", ADDED)
@pytest.mark.parametrize("size", [2, 4])
def test_packs_are_compared_as_samples_are(kind: str, size: int, points: Any) -> None:
    experiment = points(f"discriminator.minibatch={kind}", f"stabilizers=[{{name: packing, size: {size}}}]")
    bench = build_workbench(experiment, load(experiment.data, 16), CPU)
    scores = bench.game.score(torch.randn(16, 2))
    assert scores.shape == (16 // size,)
    assert scores.isfinite().all()


# -- both -------------------------------------------------------------------------------------------------------

OPTIONS: list[dict[str, Any]] = [{"dropout": 0.25}, {"minibatch": "stddev"}, {"minibatch": "discrimination"}]
CASES = [(name, options) for name in [*NAMES, POINTS] for options in OPTIONS]
CASES += [(name, {"activation": "maxout", **options}) for name in ("mlp", POINTS) for options in ({}, *OPTIONS)]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_r1_is_differentiated_through_them(name: str, options: dict[str, Any]) -> None:
    """The slope of the penalty along a direction of the weights, against its difference over a small step."""
    setup = judging(name, **options)
    network = build_discriminator(setup).double().eval()  # spectral norm's vectors rest
    for module in network.modules():
        module.train(isinstance(module, nn.Dropout))
    shown = samples(setup, 3).double().requires_grad_()
    source = torch.Generator().manual_seed(1)
    weights = list(network.parameters())
    with torch.no_grad():
        for weight in weights:
            weight.add_(0.1 * torch.randn(weight.shape, generator=source, dtype=torch.float64))
    directions = [torch.randn(weight.shape, generator=source, dtype=torch.float64) for weight in weights]

    def penalty() -> Tensor:
        seed_layers(0, 1, CPU)
        return r1(network(shown), shown, 2.0)

    def moved(by: float) -> float:
        with torch.no_grad():
            for weight, direction in zip(weights, directions, strict=True):
                weight.add_(by * direction)
        return penalty().item()

    gradients = torch.autograd.grad(penalty(), weights, allow_unused=True)
    found = sum(
        (gradient * direction).sum().item()
        for gradient, direction in zip(gradients, directions, strict=True)
        if gradient is not None
    )
    step = 1e-6
    expected = (moved(step) - moved(-2 * step)) / (2 * step)
    assert found != 0
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        ["points", "discriminator.activation=maxout", "discriminator.dropout=0.2", "penalties=[{name: wgan_gp}]"],
        ["images", "discriminator.dropout=0.5", "penalties=[{name: r1}]"],
        ["points", "discriminator.minibatch=stddev", "penalties=[{name: wgan_gp}]", "loss=wasserstein"],
        ["images", "discriminator.minibatch=discrimination", "penalties=[{name: r1}, {name: r2}]", "loss=relativistic"],
    ],
)
def test_training_goes_on_bit_for_bit(changes: list[str], request: Any) -> None:
    """Six steps are three, and three more by a state that took over what the first three left."""
    kind, *options = changes
    experiment = request.getfixturevalue(kind)(*options)
    data = load(experiment.data, experiment.training.batch_size)
    whole, first, second = (build_workbench(experiment, data, CPU) for _ in range(3))
    for bench, steps in ((whole, 6), (first, 3)):
        for _ in range(steps):
            train_step(bench.state, bench.game, bench.feed)
    second.state.load({name: value.clone() for name, value in first.state.tensors().items()}, first.state.numbers())
    for _ in range(3):
        train_step(second.state, second.game, second.feed)
    one, other = whole.state.tensors(), second.state.tensors()
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []
