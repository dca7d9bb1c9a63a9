"""Rows of snapshots.jsonl, and the table that says what each of their statistics is."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ganlab.config.games import GAMES
from ganlab.errors import RunError
from ganlab.runs import snapshots
from ganlab.runs.history import append_text
from ganlab.runs.snapshots import (
    STATISTICS,
    TABLE,
    Row,
    best_step,
    classes_present,
    is_number,
    relative_vendi,
    statistic_of,
)

ROW = Row(
    {
        "step": 20,
        "fid": 3,
        "vendi": 2.5,
        "vendi_real": 4.0,
        "classes": ["a", "b", "c"],
        "class_counts": [4, 0, 1],
        "class_shares_real": [0.5, 0.5, 0.0],
    }
)


def test_a_name_is_one_statistic() -> None:
    assert len(STATISTICS) == len(TABLE)
    assert not any(
        name.endswith("_real") for name in STATISTICS if name not in ("class_shares_real", "nn_real", "nn_train_real")
    )
    assert {each.game for each in TABLE} <= {"", *GAMES}
    for each in TABLE:
        assert (each.derive is not None) == (each.taken == "derived"), each.name
        assert each.label, each.name
        assert each.range.low < each.range.high, each.name


@pytest.mark.parametrize("value", [0, 3, -2.5, 1e299])
def test_numbers(value: float) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", [None, True, "1", [1], math.nan, math.inf, -math.inf, 10**400, 1e300])
def test_what_is_no_number(value: object) -> None:
    assert not is_number(value)


def test_a_row_is_a_mapping_that_answers_typed_questions() -> None:
    assert json.loads(json.dumps(ROW)) == ROW
    assert ROW.step == 20
    assert ROW.number("fid") == 3.0
    assert isinstance(ROW.number("fid"), float)
    assert ROW.ratio("vendi") == 0.625
    assert ROW.number("relative_vendi") == ROW.relative_vendi() == 0.5
    assert Row({**ROW, "vendi": 0.99}).number("relative_vendi") == 0
    assert ROW.number("classes_seen") == 1  # there is no c to be seen
    assert ROW.number("classes_present") == 0.5
    assert ROW.number("precision") is ROW.ratio("precision") is None
    assert ROW.classes == ("a", "b", "c")
    assert (ROW.asked, ROW.non_finite) == (None, frozenset())
    assert Row({"step": 1, "asked": "codes", "fid": None, "non_finite": ["fid"]}).non_finite == {"fid"}
    for bad in ({"fid": None}, {"fid": "1"}, {"fid": math.nan}, {"fid": True}, {}):
        row = Row(bad)
        assert row.number("fid") is row.number("relative_vendi") is row.number("classes_seen") is None
        assert row.number("classes_present") is None


def test_a_number_that_the_table_does_not_know_can_be_asked_for() -> None:
    assert Row({"step": 1, "sharpness": 0.3}).number("sharpness") == 0.3
    assert statistic_of("sharpness") is None


@pytest.mark.parametrize(
    ("keys", "game"),
    [
        ({"good": 0.5}, "standard"),
        ({"info_max": 2.3, "asked": "codes"}, "infogan"),
        ({"cycle_error": 0.1, "asked": "classes"}, "cycle"),
        ({"psnr": 20.0, "asked": "classes"}, "super_resolution"),
        ({"phase_since": 3}, "progressive"),
        ({"asked": "classes"}, "conditional"),
        ({"asked": "classes", "game": "auxiliary"}, "auxiliary"),
        ({"game": "one of a later version"}, "one of a later version"),
    ],
)
def test_rows_that_do_not_say_their_game_are_known_by_their_statistics(keys: dict[str, Any], game: str) -> None:
    assert Row({"step": 1, **keys}).game == game


@pytest.mark.parametrize(
    ("counts", "real", "expected"),
    [
        ([5, 5], [0.5, 0.5], 1.0),
        ([10, 0], [0.5, 0.5], 0.5),
        ([96, 4], [0.5, 0.5], 0.5),
        ([95, 5], [0.5, 0.5], 1.0),
        ([10, 0], [1.0, 0.0], 1.0),
        ([0, 0], [0.5, 0.5], 0.0),
        (None, [0.5, 0.5], None),
        ([10], [1.0], None),
    ],
)
def test_classes_present(counts: list[int] | None, real: list[float], expected: float | None) -> None:
    assert classes_present(Row({"class_counts": counts, "class_shares_real": real})) == expected


@pytest.mark.parametrize(
    ("energy", "among", "reals", "expected"),
    [(0.0, 1.0, 1.0, 0.0), (2.0, 0.0, 0.0, 1.0), (1.0, 1.0, 2.0, 0.25), (-0.01, 1.0, 1.0, 0.0), (0.0, 0.0, 0.0, None)],
)
def test_energy_coefficient(energy: float, among: float, reals: float, expected: float | None) -> None:
    row = Row(step=1, energy_distance=energy, diversity=among, diversity_real=reals)
    assert row.number("energy_coefficient") == expected
    del row["diversity"]
    assert row.number("energy_coefficient") is None


def test_a_few_good_samples_by_chance_make_no_class() -> None:
    assert classes_present(Row({"class_counts": [5, 5], "class_shares_real": [0.5, 0.5], "n": 1000})) == 0.0


@pytest.mark.parametrize(
    ("made", "real", "expected"),
    [(1.0, 9.0, 0.0), (5.0, 9.0, 0.5), (0.9995, 9.0, 0.0), (17.0, 9.0, 2.0), (4.0, 1.0, None), (1.0, 1 + 1e-7, None)],
)
def test_relative_vendi(made: float, real: float, expected: float | None) -> None:
    assert relative_vendi(made, real) == expected


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("good", [0, 1, 0.5, None], [-0.1, 1.1, "0.5", True, [0.5], math.nan]),
        ("good_real", [0.5], [2.0]),
        ("fid", [0.0, -1e-4, 1e6], [-1.0, 1e13]),
        ("phase_since", [1, 90], [0, 1.5, -1]),
        ("class_counts", [[0, 3], []], [[1.5], [-1], 3, ["a"], [None], [True]]),
        ("vendi_by_class", [[0.5, None]], [["x"], [-1.0]]),
        ("class_shares_real", [[0.5, 0.5]], [[1.5], [None]]),
        ("classes", [["a", "b"]], [["a", 3], "ab"]),
        ("protocol", [{"anything": 1}, "x"], []),
    ],
)
def test_what_a_cell_can_be(key: str, good: list[Any], bad: list[Any]) -> None:
    statistic = statistic_of(key)
    assert statistic is not None
    assert all(map(statistic.holds, good))
    assert not any(map(statistic.holds, bad))


def test_scores_are_shares_if_they_are_probabilities() -> None:
    assert STATISTICS["d_fake"].holds(1.4)
    assert not STATISTICS["d_fake"].holds(1.4, probabilities=True)


def test_snapshots_name_what_was_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "snapshots.jsonl"
    snapshots.append_snapshot(path, {"step": 1, "diversity": math.nan, "d_fake": 0.5})
    (row,) = snapshots.read_snapshots(path)
    assert row == {"step": 1, "diversity": None, "d_fake": 0.5, "non_finite": ["diversity"]}


def test_the_best_snapshot_is_the_closest_to_real() -> None:
    rows = [Row({"step": 0, "energy_distance": 2.0}), Row({"step": 5, "energy_distance": 0.1}), Row({"step": 9})]
    assert best_step(rows) == 5
    assert best_step([]) is None
    assert best_step([Row({"step": 1, "energy_distance": None})]) is None
    assert best_step([Row({**rows[0], "fid": 3.0}), Row({**rows[1], "fid": 7.0}), Row({"step": 9, "fid": None})]) == 0


def test_of_a_growing_run_the_last_size_counts() -> None:
    sizes = ((0, 7, 1.0), (5, 14, 3.0), (9, 14, 2.0))
    assert best_step([Row({"step": step, "phase_size": size, "fid": fid}) for step, size, fid in sizes]) == 9


def test_snapshots_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "snapshots.jsonl"
    for step in (0, 10, 20):
        snapshots.append_snapshot(path, {"step": step})
    append_text(path, '{"step": 3')
    snapshots.cut_snapshots(path, 10)
    assert [row["step"] for row in snapshots.read_snapshots(path)] == [0, 10]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"step": "x"}'])
def test_a_damaged_snapshot_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "snapshots.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(RunError, match=r"snapshots\.jsonl:1"):
        snapshots.read_snapshots(path)
