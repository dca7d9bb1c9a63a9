"""Modes that are no classes: who leaves most of them out has collapsed, who shows all of them has not."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from ganlab.config.data import StackedMnistOptions
from ganlab.data import RealData, load, mnist, to_float
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.sample_levels import FEW_MODES, VISITED
from ganlab.diagnosis.verdict import Verdict
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.statistics import SampleStatistics

COUNT = 500


@cache
def stacked() -> tuple[RealData, Features]:
    options = StackedMnistOptions(name="stacked_mnist", images=2000)
    data = load(options, 64)
    return data, features_for(options, data)


@cache
def statistics() -> SampleStatistics:
    data, features = stacked()
    return SampleStatistics(features, data.train, data.held_out, COUNT, seed=0)


@cache
def digits_held_out() -> list[Tensor]:
    """MNIST's test images of each digit."""
    images, labels = (torch.from_numpy(each[mnist.TRAINING_IMAGES :]) for each in mnist.unpack())
    return [to_float(images[labels == digit]) for digit in range(10)]


def of_modes(modes: Tensor, seed: int) -> Tensor:
    """Return COUNT stacks of test images, each mode as likely as the others."""
    source = torch.Generator().manual_seed(seed)
    chosen = modes[torch.randint(len(modes), (COUNT,), generator=source)]
    digits = torch.stack([chosen // 100, chosen // 10 % 10, chosen % 10], 1)
    place = torch.rand(COUNT, 3, generator=source)
    known = digits_held_out()
    images = [
        torch.stack([known[int(d)][int(p * len(known[int(d)]))] for d, p in zip(*pair, strict=True)])
        for pair in zip(digits, place, strict=True)
    ]
    return torch.stack(images)


def rows(*ratios: float, **more: Any) -> tuple[dict[str, Any], ...]:
    """Snapshots of good and varied samples that show so many of the modes that as many reals show."""
    good = {"n": 1000, "good": 0.9, "good_real": 0.99, "vendi": 20.0, "vendi_real": 25.0}
    return tuple(
        {"step": 100 * number, **good, "modes": round(630 * ratio), "modes_real": 630, **more}
        for number, ratio in enumerate(ratios, start=1)
    )


def verdict(*ratios: float, **more: Any) -> Verdict:
    return diagnose(Evidence("modes", snapshots=rows(*ratios, **more)))


@pytest.mark.parametrize(("modes", "expected"), [(100, "mode_collapse/partial"), (1000, "healthy")])
def test_stacked_digits_of_so_many_modes(modes: int, expected: str) -> None:
    chosen = torch.randperm(1000, generator=torch.Generator().manual_seed(5))[:modes]
    row = {"step": 100, **statistics().row(of_modes(chosen, seed=0), thorough=False)}
    found = diagnose(Evidence("modes", snapshots=(row,)))
    assert found.name == expected, found.summary


def test_few_modes_are_a_collapse_in_words_and_numbers() -> None:
    found = verdict(0.9, 0.3, 0.2, 0.2, 0.2)
    assert found.name == "mode_collapse/partial"
    assert found.onset_step == 200
    [finding] = found.evidence
    assert (finding.signal, finding.value, finding.threshold) == ("modes", pytest.approx(0.2), FEW_MODES)
    assert found.severity == pytest.approx(0.8)
    assert found.summary == (
        "Since step 200 the samples have left out most modes of the data. They show 126 modes; the same "
        "number of real ones show 630."
    )
    assert found.remedies


@pytest.mark.parametrize("ratio", [FEW_MODES + 0.01, VISITED - 0.01])
def test_in_between_nothing_is_proved_and_nobody_is_healthy(ratio: float) -> None:
    found = verdict(*[ratio] * 5)
    assert found.name == "inconclusive"
    assert f"They show {100 * ratio:.0f} % of the modes that the same number of real ones show." in found.summary


def test_most_modes_are_healthy() -> None:
    assert verdict(*[VISITED + 0.01] * 5).name == "healthy"


def test_a_dip_or_a_rise_is_no_collapse() -> None:
    assert verdict(0.9, 0.9, 0.9, 0.2, 0.9).failure != "mode_collapse"
    assert verdict(0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45).failure != "mode_collapse"


def test_where_modes_are_classes_their_counts_decide() -> None:
    classes = {"class_counts": [300, 300, 300], "class_shares_real": [1 / 3] * 3}
    assert verdict(*[0.2] * 5, **classes).failure != "mode_collapse"
