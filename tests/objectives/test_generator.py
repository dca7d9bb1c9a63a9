"""Top-k and feature matching: what the generator minimises instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping
from ganlab.config.networks import NETWORKS
from ganlab.config.stabilizers import FeatureMatchingOptions, TopKOptions
from ganlab.data import load
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import ConfigError
from ganlab.games.rounds import Round
from ganlab.networks import build_discriminator
from ganlab.objectives.generator import FeatureMatching, TopK, feature_matching, features, kept
from ganlab.objectives.parts import Judged, Trace, find_loss
from ganlab.runs.history import read_history
from ganlab.training import session
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")


def bench(experiment: Any) -> Workbench:
    return build_workbench(experiment, load(experiment.data, experiment.training.batch_size), CPU)


def generated(ours: Workbench, step: int = 1) -> tuple[Round, Tensor]:
    """A round of the generator, and what it minimises."""
    drawn = ours.game.inputs("latent/generator", ours.state.experiment.training.generator_batch, step - 1)
    fake = ours.game.sample(drawn.inputs)
    fake.retain_grad()
    round = Round(ours.game.real(ours.feed.batch(0)), drawn, fake, step - 1, step, Trace())
    return round, ours.game.generator_loss(round)


# Top-k


@pytest.mark.parametrize(("step", "count"), [(0, 64), (50, 45), (100, 32), (5000, 32)])
def test_k_falls_by_a_factor_to_its_share(step: int, count: int) -> None:
    """share^(step / until): half of the way to a half is 1 / sqrt 2."""
    assert kept(TopKOptions(name="top_k", share=0.5, until=100), 64, step) == count


def test_one_fake_is_always_left() -> None:
    assert kept(TopKOptions(name="top_k", share=0.01, until=1), 8, 10) == 1


def test_the_highest_scores_are_chosen(points: Any) -> None:
    part = TopK(TopKOptions(name="top_k", share=0.5, until=1), points(), CPU)
    scores = torch.tensor([0.0, 3.0, -5.0, 2.0], requires_grad=True)
    chosen = part.choose(scores, step=1)
    assert chosen.tolist() == [3.0, 2.0]
    chosen.sum().backward()
    assert scores.grad is not None
    assert scores.grad.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("loss", ["minimax", "non_saturating", "least_squares", "hinge", "wasserstein"])
def test_the_generator_learns_from_the_best_fakes_alone(loss: str, points: Any) -> None:
    ours = bench(points(f"loss={loss}", "stabilizers=[{name: top_k, share: 0.25, until: 1}]"))
    round, value = generated(ours)
    with torch.no_grad():
        scores = ours.state.discriminator(round.fake)
    best = scores.argsort(descending=True)[:4]
    torch.testing.assert_close(value, find_loss(loss).generator(scores[best], None))
    value.backward()
    assert round.fake.grad is not None
    assert set(round.fake.grad.abs().sum(1).nonzero().flatten().tolist()) == set(best.tolist())
    assert round.trace.generator_scores == 4


def test_every_fake_counts_before_k_falls(points: Any) -> None:
    """The first step of a slow fall is that of a run without it, to the bit."""
    plain, slow = bench(points()), bench(points("stabilizers=[{name: top_k, until: 1000}]"))
    one, other = (train_step(each.state, each.game, each.feed) for each in (plain, slow))
    assert torch.equal(one.losses["g_loss"], other.losses["g_loss"])
    assert torch.equal(one.output_gradient, other.output_gradient)


def test_whole_packs_are_chosen(points: Any) -> None:
    ours = bench(points("stabilizers=[{name: packing, size: 4}, {name: top_k, share: 0.5, until: 1}]"))
    round, value = generated(ours)
    value.backward()
    assert round.fake.grad is not None
    moved = round.fake.grad.abs().sum(1).view(4, 4) > 0
    assert moved.all(1).sum() == 2
    assert moved.any(1).sum() == 2


def test_what_is_asked_for_concerns_all_fakes(points: Any) -> None:
    """Codes are read from those too whose score does not count."""
    game = "game={name: infogan, categories: 2, continuous: 1}"
    ours = bench(points(game, "stabilizers=[{name: top_k, share: 0.25, until: 1}]"))
    round, value = generated(ours)
    value.backward()
    assert round.fake.grad is not None
    assert (round.fake.grad.abs().sum(1) > 0).all()


# Feature matching


def test_the_squared_distance_of_mean_features() -> None:
    real = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    fake = torch.tensor([[0.0, 1.0], [0.0, 1.0], [3.0, 1.0]], requires_grad=True)
    value = feature_matching(real, fake)
    assert value.item() == 1**2 + 2**2
    value.backward()
    torch.testing.assert_close(fake.grad, torch.tensor([[-2 / 3, -4 / 3]]).expand(3, 2))


DISCRIMINATORS = [name for name, entry in NETWORKS.items() if entry.discriminator]
OTHERS = {"sagan": ("generator={name: sagan, width: 4}",)}
OTHERS["progressive"] = (
    "data.image_size=32",
    "generator={name: progressive, width: 2}",
    "game={name: progressive, sizes: [32]}",
)


@pytest.mark.parametrize("name", [*DISCRIMINATORS, "dcgan with dense", "dcgan with spectral norm"])
def test_features_are_what_the_score_is_computed_from(name: str, images: Any) -> None:
    """Of every discriminator."""
    architecture, _, more = name.partition(" with ")
    extra = {"dense": ("discriminator.dense=1",), "spectral norm": ("discriminator.norm=spectral",)}.get(more, ())
    experiment = images(f"discriminator={{name: {architecture}, width: 4}}", *OTHERS.get(architecture, ()), *extra)
    network = build_discriminator(experiment).eval()
    samples = torch.rand(3, *experiment.data.shape) * 2 - 1
    found = features(network, samples)
    output = next(layer for key, layer in network.named_modules() if key.split(".")[-1] == "output")
    assert isinstance(output, nn.Linear | nn.Conv2d)
    maps = found if isinstance(output, nn.Linear) else found.unflatten(1, output.weight.shape[1:])
    torch.testing.assert_close(output(maps).flatten(), network(samples))
    assert not output._forward_pre_hooks


def test_it_replaces_the_loss_or_is_added_to_it(points: Any) -> None:
    """The weight is the term's alone, and no gradient reaches the discriminator."""
    values = {}
    for replaces in ("true", "false"):
        ours = bench(points(f"stabilizers=[{{name: feature_matching, weight: 3, replaces: {replaces}}}]"))
        network = ours.state.discriminator.requires_grad_(False)
        round, value = generated(ours)
        with torch.no_grad():
            term = feature_matching(features(network, round.real.values), features(network, round.fake))
            adversarial = ours.game.loss.generator(network(round.fake), None)
        torch.testing.assert_close(value, 3 * term + (adversarial if replaces == "false" else 0))
        torch.testing.assert_close(round.trace.losses["feature_matching"], term)
        torch.testing.assert_close(round.trace.losses["g_loss"], adversarial)
        value.backward()
        values[replaces] = value.item()
    assert values["false"] > values["true"]


def test_a_batch_with_the_features_of_the_reals_is_left_alone(points: Any) -> None:
    part = FeatureMatching(FeatureMatchingOptions(name="feature_matching"), points(), CPU)
    network = build_discriminator(points())
    samples = torch.randn(16, 2)
    fake = samples.flip(0).requires_grad_()
    judged = (Judged(each, None, network(each), None) for each in (fake, samples))
    value = part.generator_loss(torch.ones(()), *judged, network, Trace())
    assert value.item() == pytest.approx(0, abs=1e-10)
    value.backward()
    assert fake.grad is not None
    assert fake.grad.abs().max() < 1e-5


@pytest.mark.parametrize(
    "more",
    [
        ("loss=relativistic",),
        ("training.discriminator_batches=separate", "loss=hinge"),
        ("game={name: infogan, categories: 2, continuous: 1}",),
        ("stabilizers=[{name: packing, size: 2}, {name: feature_matching}]",),
    ],
)
def test_it_goes_with_other_choices(more: tuple[str, ...], points: Any) -> None:
    ours = bench(points("stabilizers=[{name: feature_matching}]", *more))
    before = [weight.clone() for weight in ours.state.generator.parameters()]
    trace = train_step(ours.state, ours.game, ours.feed)
    assert trace.losses["feature_matching"] > 0
    assert any(not torch.equal(old, new) for old, new in zip(before, ours.state.generator.parameters(), strict=True))


def test_a_run_has_its_column_and_is_known_to_have_another_aim(points: Any, tmp_path: Path) -> None:
    stabilizers = "stabilizers=[{name: feature_matching, replaces: false}, {name: top_k, until: 5}]"
    run = session.start(points(stabilizers), tmp_path)
    history = read_history(run.history)
    assert np.isfinite(history["feature_matching"]).all()
    assert np.isfinite(history["g_loss"]).all()
    evidence = read(run.path, ReadOptions())
    assert evidence.weighted
    assert evidence.plain_term


# Refusals

TRANSLATING = {
    "generator": {"name": "translator"},
    "discriminator": {"norm": "instance"},
    "game": {"name": "cycle", "source": {"name": "mnist", "edges": True}},
}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": "relativistic", "stabilizers": [{"name": "top_k"}]}, "pairs each fake with a real"),
        ({**TRANSLATING, "stabilizers": [{"name": "top_k"}]}, "the cycle game has two"),
        ({**TRANSLATING, "stabilizers": [{"name": "feature_matching"}]}, "the cycle game has two"),
        ({"stabilizers": [{"name": "top_k"}, {"name": "feature_matching"}]}, "would then change nothing"),
        ({"stabilizers": [{"name": "feature_matching"}, {"name": "unrolling"}]}, "unrolling at one with other weights"),
        ({"stabilizers": [{"name": "consensus"}, {"name": "feature_matching"}]}, "consensus at one with other weights"),
        ({"stabilizers": [{"name": "top_k", "share": 1.0}]}, "stabilizers.0.share"),
        ({"stabilizers": [{"name": "feature_matching", "weight": 0}]}, "stabilizers.0.weight"),
    ],
)
def test_what_means_nothing_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        experiment_from_mapping(given)


def test_what_means_something_is_not() -> None:
    both = [{"name": "top_k"}, {"name": "feature_matching", "replaces": False}]
    assert isinstance(experiment_from_mapping({"stabilizers": both}), Experiment)
    assert isinstance(experiment_from_mapping({"loss": "relativistic_average", "stabilizers": both}), Experiment)
    assert isinstance(experiment_from_mapping(TRANSLATING), Experiment)
