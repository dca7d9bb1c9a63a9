"""Samples that repeat each other are a collapse, however few they are; real ones are not accused."""

from __future__ import annotations

import pytest
import torch

from ganlab.data import to_float
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.samples import snapshots_of
from ganlab.diagnosis.verdict import Verdict
from tests.evaluation.drawn import shapes, shapes_data

FRESH = to_float(shapes(400, seed=9).values)


def judged(samples: torch.Tensor) -> Verdict:
    data = shapes_data()
    rows, _ = snapshots_of([(3000, samples)], data.domain, None, data)
    return diagnose(Evidence("made up", snapshots=tuple(rows)))


@pytest.mark.parametrize("count", [25, 100])
@pytest.mark.parametrize("different", [1, 3, 4])
def test_few_pictures_repeated_are_a_collapse(count: int, different: int) -> None:
    assert judged(FRESH[torch.arange(count) % different]).failure == "mode_collapse"


def test_the_words_say_how_many_pictures_are_left() -> None:
    verdict = judged(FRESH[torch.arange(25) % 3])
    assert verdict.failure == "mode_collapse"
    assert "25 samples show 3 different pictures" in verdict.summary


@pytest.mark.parametrize("count", [25, 100, 400])
def test_different_pictures_are_not_accused(count: int) -> None:
    assert judged(FRESH[:count]).failure in ("healthy", "inconclusive")


def test_a_few_twins_are_no_collapse() -> None:
    samples = FRESH[:100].clone()
    samples[:10] = samples[10:20]
    assert judged(samples).failure in ("healthy", "inconclusive")
