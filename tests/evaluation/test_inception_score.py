"""Inception Score: against torch-fidelity, closed forms and collapsed samples."""

from __future__ import annotations

import math

import pytest
import torch

from ganlab.evaluation.inception_score import InceptionScore, inception_score


def test_inception_score_agrees_with_torch_fidelity() -> None:
    reference = pytest.importorskip("torch_fidelity.metric_isc")
    logits = 3 * torch.randn(500, 10, generator=torch.Generator().manual_seed(0))
    expected = reference.isc_features_to_metric(logits, splits=1, shuffle=False)["inception_score_mean"]
    assert inception_score(logits.softmax(1)).score == pytest.approx(expected, rel=1e-6)


def test_certain_and_even_samples_score_the_number_of_classes() -> None:
    score = inception_score(torch.eye(10).repeat(3, 1))
    assert score == InceptionScore(pytest.approx(10), 0.0, pytest.approx(math.log(10)))


@pytest.mark.parametrize("row", [[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
@pytest.mark.parametrize("count", [1, 2, 50])
def test_samples_alike_score_one(row: list[float], count: int) -> None:
    score = inception_score(torch.tensor([row]).repeat(count, 1))
    assert score.score == pytest.approx(1, abs=1e-9)
    assert score.conditional_entropy == pytest.approx(score.marginal_entropy, abs=1e-9)


def test_a_non_finite_number_gives_nan() -> None:
    assert math.isnan(inception_score(torch.full((3, 4), math.nan)).score)


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 sample"):
        inception_score(torch.zeros(0, 3))
