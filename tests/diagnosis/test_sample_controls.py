"""Samples whose verdict is known without training anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from ganlab.config.data import MnistOptions
from ganlab.config.load import experiment_from_mapping
from ganlab.data import RealData, load, to_float
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.networks import build_generator

SIZES = (200, 1000, 5000)
SHARES = (0.11, 0.03, 0.08, 0.27, 0.02, 0.15, 0.02, 0.06, 0.12, 0.14)
"""Class shares of a healthy short run."""


@cache
def mnist() -> tuple[RealData, Features]:
    """A sixth of the training images, all of the test images: copies are looked for among fewer."""
    options = MnistOptions(fraction=1 / 6)
    data = load(options, 64)
    return data, features_for(options, data)


@cache
def statistics(count: int) -> SampleStatistics:
    data, features = mnist()
    return SampleStatistics(features, data.train, data.held_out, count, seed=0)


def verdict(*snapshots: Tensor) -> Verdict:
    """What is said of snapshots, each float32 (N, 1, 28, 28), at steps 100, 200, ..."""
    last = len(snapshots) - 1
    rows = [
        {"step": 100 * (index + 1), **statistics(len(samples)).row(samples, thorough=index == last)}
        for index, samples in enumerate(snapshots)
    ]
    return diagnose(Evidence("control", snapshots=tuple(rows)))


def drawn(count: int, seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(1000 * seed + count)


def training_images(count: int) -> Tensor:
    data, _ = mnist()
    return to_float(data.train.values[torch.randperm(len(data.train), generator=drawn(count))[:count]])


def held_out(count: int, seed: int = 0) -> Tensor:
    data, _ = mnist()
    return to_float(data.held_out.values[torch.randperm(len(data.held_out), generator=drawn(count, seed))[:count]])


def of_class(label: int, count: int) -> Tensor:
    """Held-out images of one class, repeated only where there are fewer."""
    data, _ = mnist()
    images = to_float(data.held_out.values[data.held_out.labels == label])
    return images.repeat(count // len(images) + 1, 1, 1, 1)[:count]


def untrained(count: int) -> Tensor:
    experiment = experiment_from_mapping({"generator": {"name": "dcgan", "width": 16}}, ())
    generator = build_generator(experiment)
    with torch.no_grad():
        return generator(torch.randn(count, experiment.latent.dim, generator=drawn(count)))


def with_shares(count: int) -> Tensor:
    return torch.cat([of_class(label, round(count * share)) for label, share in enumerate(SHARES)])


CONTROLS: dict[str, tuple[Callable[[int], Tensor], tuple[str, ...]]] = {
    "copies": (training_images, ("memorisation",)),
    "noisy copies": (
        lambda n: (training_images(n) + 0.1 * torch.randn(n, 1, 28, 28, generator=drawn(n))).clamp(-1, 1),
        ("memorisation",),
    ),
    "one image": (lambda n: held_out(1).repeat(n, 1, 1, 1), ("mode_collapse/total",)),
    "one class": (lambda n: of_class(3, n), ("mode_collapse/partial",)),
    "one image a class": (
        lambda n: torch.cat([of_class(label, 1).repeat(n // 10, 1, 1, 1) for label in range(10)]),
        ("mode_collapse/within_mode",),
    ),
    "noise": (lambda n: torch.rand(n, 1, 28, 28, generator=drawn(n)) * 2 - 1, ("never_learned",)),
    "grey": (lambda n: torch.zeros(n, 1, 28, 28), ("mode_collapse/total",)),  # one picture, whatever it shows
    "untrained": (untrained, ("never_learned",)),
    "held out": (held_out, ("healthy",)),
    "shares of a short run": (with_shares, ("healthy",)),
}


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_gets_its_name(control: str, count: int) -> None:
    make, expected = CONTROLS[control]
    found = verdict(make(count))
    undecided = count == 200 and found.failure == "inconclusive"
    assert found.name in expected or undecided, found.summary


@pytest.mark.parametrize(("count", "snapshots"), [(200, 6), (1000, 6), (5000, 3)])
def test_two_classes_in_turn_are_cycling(count: int, snapshots: int) -> None:
    found = verdict(*(of_class((3, 5)[index % 2], count) for index in range(snapshots)))
    assert found.name == "mode_collapse/cycling", found.summary


def test_fresh_images_each_time_stay_healthy() -> None:
    assert verdict(*(held_out(1000, seed) for seed in range(5))).name == "healthy"


def test_samples_that_were_no_numbers_for_a_while_are_told_of_a_run_that_is_healthy() -> None:
    whole = verdict(*(held_out(1000, seed) for seed in range(5))).judged_on
    assert whole is not None
    rows = [{**row, "non_finite": ["samples"]} if row["step"] == 200 else row for row in whole.snapshots]
    found = diagnose(replace(whole, snapshots=tuple(rows)))
    assert found.name == "healthy"
    assert found.summary.endswith(" But samples were NaN or infinite (step 200), and finite again after that.")
    assert "NaN" not in diagnose(whole).summary


def test_one_image_a_class_fools_the_inception_score() -> None:
    make, _ = CONTROLS["one image a class"]
    assert statistics(1000).row(make(1000), thorough=False)["inception_score"] > 7


@pytest.mark.parametrize("control", ["copies", "one class", "held out"])
def test_every_accusation_has_evidence_and_words(control: str) -> None:
    found = verdict(CONTROLS[control][0](1000))
    assert found.evidence
    assert all(each.words.endswith(".") and each.source for each in found.evidence)
    assert found.summary
    assert found.remedies or found.failure == "healthy"
