"""Samples that repeat each other are a collapse, however few they are; real ones are not accused."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganlab.data import to_float
from ganlab.diagnosis.case import relative_vendi
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.sample_levels import repeated
from ganlab.diagnosis.samples import snapshots_of, sorted_alike
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.snapshots import Row
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


def test_noise_does_not_repeat_itself_and_a_smear_does() -> None:
    """Features are fitted to reals: to them all noise is alike, and pixels must agree."""
    noise = torch.rand(25, *FRESH.shape[1:], generator=torch.Generator().manual_seed(0)) * 2 - 1
    smear = FRESH[:100].mean(0) + 0.1 * noise
    data = shapes_data()
    different, same = (snapshots_of([(3000, each)], data.domain, None, data)[0][0] for each in (noise, smear))
    assert (different["near_duplicates"], different["distinct"]) == (0.0, 25)
    assert (same["near_duplicates"], same["distinct"]) == (1.0, 1)
    assert judged(noise).failure == "never_learned"
    assert judged(smear).name == "mode_collapse/total"
    odd = smear.clone()
    odd[0] = noise[0]
    assert judged(odd).name == "mode_collapse/total"


def test_good_samples_repeat_each_other_by_their_features_alone() -> None:
    """A circle moved by a pixel or two is the same picture to a person, though its outline correlates with nothing."""
    moved = torch.stack([FRESH[0].roll((by % 3, by // 3), (1, 2)) for by in range(9)])
    data = shapes_data()
    rows, _ = snapshots_of([(3000, torch.cat([moved, FRESH[:16]]))], data.domain, None, data)
    alone, _ = snapshots_of([(3000, moved.repeat(2, 1, 1, 1))], data.domain, None, data)
    assert rows[0]["good"] == alone[0]["good"] == 1
    assert alone[0]["distinct"] < 7
    assert rows[0]["distinct"] < 16 + 7


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


@pytest.mark.parametrize("count", [15, 25, 64])
def test_one_odd_sample_among_copies_changes_nothing(count: int) -> None:
    samples = FRESH[:count].clone()
    samples[1:] = samples[0]
    verdict = judged(samples)
    assert verdict.failure == "mode_collapse"
    assert verdict.confidence <= 0.8 or count >= 25  # the fewest that labelled runs were judged on


def counted(share: float, distinct: int, **reals: Any) -> Row:
    """A row of 1,000 samples of which a share has a near-duplicate."""
    return Row({"n": 1000, "near_duplicates": share, "distinct": distinct, "repeats_chance": 1e-9, **reals})


def test_where_reals_repeat_each_other_only_far_fewer_pictures_are_a_collapse() -> None:
    """Drawings in five colours of skin: each has near-duplicates among the reals."""
    reals = {"near_duplicates_real": 0.7, "distinct_real": 500}
    assert not repeated(counted(0.8, 450, **reals))
    assert repeated(counted(1.0, 40, **reals))
    flat = {"near_duplicates_real": 0.05, "distinct_real": 980}
    assert repeated(counted(0.6, 400, **flat))
    assert not repeated(counted(0.6, 650, **flat))  # those of a thousand pictures
    assert not repeated(counted(0.4, 750, **flat))
    assert not repeated(Row({**counted(1.0, 2, **flat), "repeats_chance": 0.2}))


def test_what_is_made_from_images_may_repeat_as_they_do() -> None:
    row = counted(1.0, 3, near_duplicates_real=0.0, distinct_real=1000)
    assert repeated(row)
    assert not repeated(Row({**row, "game": "super_resolution"}))


@pytest.mark.parametrize("count", [25, 100, 1000])
@pytest.mark.parametrize(("pictures", "few"), [(16, True), (64, True), (256, True), (1000, False)])
def test_samples_repeat_each_other_if_they_were_drawn_from_few_pictures(count: int, pictures: int, few: bool) -> None:
    """Of a thousand samples, more than half have a twin even if they come from a thousand pictures."""
    drawn = torch.randint(pictures, (count,), generator=torch.Generator().manual_seed(0))
    times = torch.bincount(drawn)
    share = float(times[times > 1].sum() / count)
    row = Row(
        {"n": count, "near_duplicates": share, "near_duplicates_real": 0.03, "repeats_chance": 1e-12}
        | {"distinct": int((times > 0).sum()), "distinct_real": 0.98 * count}
    )
    assert repeated(row) == (few and share >= 0.5)
    assert share >= 0.5 or count < 1000


@pytest.mark.parametrize(("distinct", "said"), [(30, "healthy"), (25, "inconclusive")])
def test_few_samples_with_more_twins_than_by_chance_acquit_nobody(distinct: int, said: str) -> None:
    same = {"precision": 0.9, "recall": 0.9, "coverage": 0.9, "fid": 80.0, "good": 1.0, "vendi": 12.0}
    row = {**same, **{f"{key}_real": value for key, value in same.items()}, "near_duplicates_real": 0.0, "step": 1200}
    few = {"n": 32, "near_duplicates": 0.3, "distinct": distinct, "distinct_real": 32}
    chance = 1e-9 if said == "inconclusive" else 0.1
    assert diagnose(Evidence("made up", snapshots=(Row({**row, **few, "repeats_chance": chance}),))).name == said


def sheets(*shares: float) -> Verdict:
    """Judge sheets of 32 good samples, one every 100 steps; those with twins have more than by chance."""
    same = {"precision": 0.9, "recall": 0.9, "coverage": 0.9, "fid": 80.0, "good": 1.0, "vendi": 12.0}
    reals = {**{f"{key}_real": value for key, value in same.items()}, "near_duplicates_real": 0.03, "distinct_real": 32}
    rows = [
        {"step": 100 * index, "n": 32, **same, **reals, "near_duplicates": share, "distinct": 32 - round(16 * share)}
        | {"repeats_chance": 1e-9 if share else 1.0}
        for index, share in enumerate(shares, 1)
    ]
    return diagnose(Evidence("made up", snapshots=tuple(rows)))


def test_twins_on_sheet_after_sheet_are_a_collapse_since_the_first_of_them() -> None:
    verdict = sheets(0.0, 0.0, 0.4, 0.3, 0.4)
    assert verdict.name == "mode_collapse/partial"
    assert verdict.onset_step == 300


@pytest.mark.parametrize("shares", [(0.4, 0.0, 0.4), (0.4, 0.4), (0.4, 0.2, 0.4)])
def test_twins_on_some_sheets_acquit_nobody_and_accuse_nobody(shares: tuple[float, ...]) -> None:
    assert sheets(*shares).name == "inconclusive"


@pytest.mark.parametrize("in_order", [True, False])
def test_pictures_that_are_alike_in_each_row_of_a_sheet_are_so_by_design(in_order: bool) -> None:
    data, of_rows = shapes_data(), torch.arange(100) // 10
    if not in_order:
        of_rows = of_rows[torch.randperm(100, generator=torch.Generator().manual_seed(0))]
    rows, notes = snapshots_of([(3000, FRESH[of_rows])], data.domain, None, data, columns=10)
    assert (rows[0].get("sorted_by") == "rows") == in_order
    assert any("same row of a sheet" in note for note in notes) == in_order
    assert repeated(rows[0]) != in_order


def test_the_variety_of_a_sheet_that_is_sorted_is_not_judged() -> None:
    row = counted(0.9, 10, vendi=2.0, vendi_real=12.0)
    by_design = Row({**row, "sorted_by": "rows"})
    assert relative_vendi(row) == pytest.approx(row.relative_vendi("vendi"))
    assert relative_vendi(by_design) is None
    verdict = diagnose(
        Evidence(
            "made up",
            snapshots=tuple({**by_design, "good": 0.9, "good_real": 1.0, "step": 100 * at} for at in (1, 2, 3)),
        )
    )
    assert verdict.failure != "mode_collapse"


def test_all_snapshots_of_a_folder_are_sorted_as_most_of_those_with_repeats_are() -> None:
    flagged, free = counted(0.9, 10, sorted_by="rows"), Row({**counted(0.0, 1000), "repeats_chance": 1.0})
    odd = counted(0.9, 10)
    rows, notes = sorted_alike([free, flagged, flagged, odd], ["first"])
    assert [row.get("sorted_by") for row in rows] == ["rows"] * 4
    assert notes[0] == "first"
    assert "same row" in notes[1]
    assert all("sorted_by" not in row for row in sorted_alike([free, flagged, odd, odd], [])[0])
    assert sorted_alike([free], []) == ([free], [])
