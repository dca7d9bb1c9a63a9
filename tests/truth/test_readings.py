"""What two readers saw, and what is right by both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganlab.verdicts import KINDS, failure_of
from truth import readings
from truth.corpora import State
from truth.readings import Reading, agreement, combined
from truth.trainers import table

FOUND = readings.readings()
KNOWN = set(KINDS) | {failure_of(name) for name in KINDS} | {"healthy", "under_trained", "inconclusive"}


def reading(state: State, *right: str, readable: int = 50) -> Reading:
    return Reading("a", "00000000", readable, state, frozenset(right), "digits")


def test_every_reading_is_of_a_run_and_names_verdicts_that_exist() -> None:
    assert set(FOUND) <= {run["name"] for run in table()["runs"]}
    assert len(FOUND) >= 150
    for its in FOUND.values():
        assert len({each.pictures for each in its}) == 1
        for each in its:
            assert 0 <= each.readable <= 100
            assert each.right
            assert each.right <= KNOWN
            assert len(each.seen) > 10


def test_a_run_that_readers_see_alike_has_that_state_and_all_that_either_accepts() -> None:
    label = combined([reading("good", "healthy"), reading("good", "healthy", "under_trained")])
    assert (label.state, label.right) == ("good", {"healthy", "under_trained"})


def test_a_run_that_readers_see_otherwise_is_poor() -> None:
    assert combined([reading("good", "healthy"), reading("failed", "never_learned")]).state == "poor"


def test_inconclusive_is_right_only_if_no_reader_could_decide() -> None:
    undecided = reading("poor", "inconclusive", "under_trained")
    assert combined([undecided, reading("poor", "mode_collapse")]).right == {"under_trained", "mode_collapse"}
    assert "inconclusive" in combined([undecided, undecided]).right


def test_agreement_is_known_for_known_readings() -> None:
    found = agreement(
        [
            [reading("good", "healthy", readable=90), reading("good", "healthy", readable=80)],
            [reading("good", "healthy"), reading("poor", "under_trained")],
            [reading("failed", "mode_collapse"), reading("failed", "mode_collapse/total")],
            [reading("poor", "under_trained"), reading("poor", "under_trained")],
            [reading("poor", "under_trained")],
        ]
    )
    assert found["runs"] == 4
    assert found["state"] == found["verdict"] == 0.75
    assert found["readable"] == 2.5
    # By chance: good .5 x .25, poor .25 x .5, failed .25 x .25.
    assert found["kappa"] == pytest.approx((0.75 - 0.3125) / (1 - 0.3125))


def test_a_fingerprint_is_of_the_pixels(tmp_path: Path) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(pixels).save(tmp_path / "b.bmp")
    Image.fromarray(pixels[::-1]).save(tmp_path / "c.png")
    a, b, c = (readings.fingerprint(tmp_path / name) for name in ("a.png", "b.bmp", "c.png"))
    assert a == b != c
    assert len(a) == 8
