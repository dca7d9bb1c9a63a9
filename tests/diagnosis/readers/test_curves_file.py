"""curves.csv keeps an evidence: what is written is read back, number by number."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.evidence import Evidence, NonFinite, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.readers.curves_file import write_curves
from ganlab.errors import RunError


def series(points: dict[int, float]) -> Series:
    return Series(np.array(sorted(points), dtype=np.int64), np.array([points[step] for step in sorted(points)]))


CURVES = st.dictionaries(st.integers(0, 2**53), st.floats(), min_size=1, max_size=6).map(series)


def named(*names: str) -> st.SearchStrategy[dict[str, Series]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, CURVES))


EVIDENCE = st.builds(
    Evidence,
    source=st.just("train.log"),
    curves=named("d_loss", "g_loss", "d_acc_real"),
    quality=named("fid", "kid"),
    controls=named("lr_g", "augment"),
    players=st.fixed_dictionaries({}, optional=dict.fromkeys(["A", "B"], st.fixed_dictionaries({"d_loss": CURVES}))),
    family=st.sampled_from([None, "hinge", "relativistic"]),
    families=st.sampled_from([(), ("cross_entropy", "hinge")]),
    saturating=st.sampled_from([None, True, False]),
    weighted=st.booleans(),
    plain_term=st.booleans(),
    planned=st.sampled_from([None, 10**6]),
    restarts=st.sampled_from([(), (40, 7)]),
    unit=st.sampled_from(["step", "epoch", "image"]),
    epoch_steps=st.sampled_from([None, 100]),
    non_finite=st.sampled_from([None, NonFinite(30, "G loss: cycle")]),
).filter(lambda evidence: any([evidence.curves, evidence.quality, evidence.controls, evidence.players]))

SAME = (
    "family",
    "families",
    "saturating",
    "weighted",
    "plain_term",
    "planned",
    "restarts",
    "unit",
    "epoch_steps",
    "non_finite",
    "first_step",
    "last_step",
)


def plain(curves: object) -> object:
    """Curves as lists that compare: NaN equals NaN, and 0.0 is not -0.0."""
    if isinstance(curves, Series):
        return curves.steps.tolist(), [repr(value) for value in curves.values.tolist()]
    assert isinstance(curves, dict)
    return {name: plain(curve) for name, curve in curves.items()}


@given(evidence=EVIDENCE)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("curves") / "curves.csv"
    write_curves(path, evidence)
    found = read(path, ReadOptions())
    for group in ("curves", "quality", "controls", "players"):
        assert plain(getattr(found, group)) == plain(getattr(evidence, group))
    looked_for = evidence.family is None and not evidence.families  # a family that nothing was said of is found again
    for name in SAME[2 if looked_for else 0 :]:
        assert repr(getattr(found, name)) == repr(getattr(evidence, name)), name
    assert found.read is not None
    assert found.read.rows == max(column.rows for column in found.read.columns)


def test_the_columns_are_ours_and_a_hole_is_an_empty_cell(tmp_path: Path) -> None:
    curves = {"d_loss": series({0: 1.5, 20: math.nan})}
    evidence = Evidence(
        "a.log", curves, quality={"fid": series({10: 30.0})}, players={"A": {"g_loss": series({20: 0.1})}}
    )
    write_curves(tmp_path / "curves.csv", evidence)
    header, *rows = csv.reader((tmp_path / "curves.csv").read_text().splitlines())
    assert header[:-1] == ["step", "d_loss", "A/g_loss", "fid"]
    assert [row[:-1] for row in rows] == [["0", "1.5", "", ""], ["10", "", "", "30.0"], ["20", "nan", "0.1", ""]]


def test_the_verdict_is_the_same(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    steps = np.arange(1, 500)
    curves = {
        name: Series(steps, level + draw.normal(0, 0.01, 499)) for name, level in (("d_loss", 0.1), ("g_loss", 5))
    }
    nan = NonFinite(499, "G loss: cycle")
    known = ({"family": "cross_entropy"}, {"family": "hinge", "planned": 10**6}, {"non_finite": nan})
    for number, facts in enumerate(known):
        evidence = Evidence("a.log", curves, **facts)  # type: ignore[arg-type]
        path = tmp_path / f"{number}.csv"
        write_curves(path, evidence)
        before, after = diagnose(evidence), diagnose(read(path, ReadOptions()))
        assert (after.name, after.confidence, after.evidence) == (before.name, before.confidence, before.evidence)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text("mine")
    with pytest.raises(RunError, match="exists already"):
        write_curves(path, Evidence("a", {"d_loss": series({1: 1.0})}))
    assert path.read_text() == "mine"
    with pytest.raises(RunError, match="is no folder"):
        write_curves(tmp_path / "none" / "curves.csv", Evidence("a", {"d_loss": series({1: 1.0})}))
    with pytest.raises(RunError, match="no curve to export"):
        write_curves(tmp_path / "empty.csv", Evidence("a"))
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", [("1.5", "x"), ('""unit""', '""u""'), ("20,", "5,"), ("{", "["), ("20,", "2e400,")])
def test_a_changed_file_is_refused_in_one_message(damage: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    write_curves(path, Evidence("a", {"d_loss": series({10: 1.5, 20: 2.5})}))
    text = path.read_text()
    assert damage[0] in text
    path.write_text(text.replace(*damage))
    with pytest.raises(RunError, match="no longer as ganlab wrote it"):
        read(path, ReadOptions())
