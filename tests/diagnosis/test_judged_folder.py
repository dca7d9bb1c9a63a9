"""What `ganlab diagnose --out` keeps of what it judged: the same evidence again, thinned, or one clear message."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import BINS, Evidence, NonFinite, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.judged_folder import FEWEST, POINTS, ROWS, SAMPLES, JudgedFolder, StoredEvidence, read_evidence
from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.sessions import write_down
from ganlab.errors import RunError
from ganlab.plots.shown import Shown
from ganlab.runs.directory import RunDirectory
from ganlab.runs.snapshots import Row


def curve(values: Any) -> Series:
    return Series(np.arange(1, len(values) + 1), np.array(values, dtype=np.float64))


def everything() -> Evidence:
    return Evidence(
        "train.log",
        curves={"d_loss": curve([0.7, math.nan, math.inf, -math.inf, 1e-300])},
        quality={"fid": curve([30.0, 20.0])},
        controls={"lr_g": curve([2e-4])},
        players={"A": {"g_loss": curve([1.0, 2.0])}},
        snapshots=(Row({"step": 2, "good": 0.5, "fid": math.nan}), Row({"step": 5, "good": 0.9})),
        family="hinge",
        planned=9,
        ended=False,
        non_finite=NonFinite(2, "d_loss"),
        experiment=Experiment(seed=7),
        notes=("taken: <b>",),
        damaged=True,
        restarts=(3,),
        unit="epoch",
        epoch_steps=100,
        weighted=True,
        plain_term=True,
        saturating=True,
        families=("hinge", "relativistic"),
        thinned=True,
    )


def plain(evidence: Evidence) -> dict[str, Any]:
    """Evidence as values that compare."""

    def of(curves: Any) -> Any:
        return {name: (each.steps.tolist(), [str(v) for v in each.values.tolist()]) for name, each in curves.items()}

    return {
        **{name: of(getattr(evidence, name)) for name in ("curves", "quality", "controls")},
        "players": {player: of(curves) for player, curves in evidence.players.items()},
        "non_finite": vars(evidence.non_finite) if evidence.non_finite else None,
        **{
            name: getattr(evidence, name)
            for name in ("source", "family", "planned", "ended", "experiment", "notes", "damaged", "restarts", "unit",
                         "epoch_steps", "weighted", "thinned", "saturating", "families", "plain_term")
        },
    }  # fmt: skip


def test_evidence_comes_back_as_it_was(tmp_path: Path) -> None:
    folder, evidence = JudgedFolder(tmp_path), everything()
    assert folder.write(evidence) == [folder.evidence]
    again = read_evidence(folder.evidence)
    assert plain(again) == plain(evidence)
    assert [row.step for row in again.snapshots] == [2, 5]
    assert again.snapshots[0].non_finite == {"fid"}


def test_nothing_of_the_evidence_is_left_out() -> None:
    # What a reader took for what is in verdict.json.
    assert {each.name for each in fields(Evidence)} - {"read"} == set(StoredEvidence.model_fields)


def test_long_curves_are_thinned_so_that_no_spike_is_lost_and_that_is_said(tmp_path: Path) -> None:
    values = np.sin(np.arange(90_000))
    values[31_234] = 1e6
    rows = tuple(Row({"step": step}) for step in range(0, 10 * ROWS, 5))
    folder = JudgedFolder(tmp_path)
    folder.write(Evidence("log", curves={"d_loss": curve(values)}, snapshots=rows))
    again = read_evidence(folder.evidence)
    d_loss = again.curves["d_loss"]
    assert again.thinned
    assert len(d_loss) <= POINTS + 2  # the ends too
    assert (d_loss.steps[0], d_loss.steps[-1], d_loss.values.max()) == (1, 90_000, 1e6)
    assert (len(again.snapshots), again.snapshots[0].step, again.snapshots[-1].step) == (ROWS, 0, rows[-1].step)
    assert folder.evidence.stat().st_size < 20 * POINTS


@pytest.mark.parametrize("count", [2 * BINS, 2 * BINS + 1])
def test_a_thinned_curve_keeps_the_first_nan_of_a_stretch(count: int) -> None:
    values = np.zeros(count)
    values[700] = math.nan
    thinned = curve(values).thinned()
    assert thinned.steps[np.isnan(thinned.values)].tolist() == [701]
    assert (len(thinned) < count) == (count > 2 * BINS)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda told: told.pop("unit"), "unit"),
        (lambda told: told["curves"]["d_loss"]["steps"].reverse(), "curves.d_loss"),
        (lambda told: told["curves"]["d_loss"]["values"].pop(), "curves.d_loss"),
        (lambda told: told["curves"]["d_loss"]["values"].__setitem__(0, "1"), "curves.d_loss.values.0"),
        (lambda told: told.__setitem__("family", "mine"), "family"),
        (lambda told: told["snapshots"].reverse(), "do not rise"),
        (lambda told: told["snapshots"][1].__setitem__("good", 7), "good is out of its range"),
        (lambda told: told["experiment"].__setitem__("loss", "mine"), "loss"),
        (lambda told: told.__setitem__("schema", 2), "has format 2"),
        (lambda told: told.clear(), "is damaged"),
    ],
)
def test_what_is_damaged_is_one_message(change: Any, says: str, tmp_path: Path) -> None:
    folder = JudgedFolder(tmp_path)
    folder.write(everything())
    told = json.loads(folder.evidence.read_text())
    change(told)
    folder.evidence.write_text(json.dumps(told))
    with pytest.raises(RunError, match=says) as caught:
        read_evidence(folder.evidence)
    assert "\n" not in caught.value.message
    for content in (b"", b"\xff", b'{"schema": NaN}', b"[]"):
        folder.evidence.write_bytes(content)
        with pytest.raises(RunError, match=r"evidence\.json"):
            read_evidence(folder.evidence)


@pytest.mark.parametrize(("side", "kept"), [(8, 40), (64, 8), (400, 2)])
def test_samples_of_evenly_spaced_steps_are_kept_as_far_as_there_is_room(side: int, kept: int, tmp_path: Path) -> None:
    images = np.zeros((100, side, side, 3), np.uint8)
    folder, steps = JudgedFolder(tmp_path), list(range(0, 400, 10))
    files = folder.write(everything(), [(step, Shown(images=images)) for step in steps])
    assert files == [folder.evidence, folder.kept.samples]
    found = folder.kept.shown()
    assert (found[0][0], found[-1][0], len(found)) == (0, 390, kept)
    size = sum(path.stat().st_size for _, path in found)
    assert size < SAMPLES + 100_000 or (len(found) == 2 and np.load(found[0][1])["images"].shape[0] == FEWEST)
    # What an earlier verdict left there goes.
    folder.write(everything())
    assert folder.kept.shown() == []


def test_the_samples_that_were_judged_are_never_removed(tmp_path: Path) -> None:
    folder = JudgedFolder(tmp_path / "out")
    folder.kept.samples.mkdir(parents=True)
    path, other = folder.kept.shown_file(20), folder.kept.shown_file(40)
    for each in (path, other):
        Shown(images=np.random.default_rng(0).integers(0, 256, (32, 28, 28, 1), np.uint8)).write(each)
    before = path.read_bytes()
    verdict = diagnose(Evidence("train.log", curves={"d_loss": curve([0.7, 0.7])}))
    options = ReadOptions(samples=folder.kept.samples, real="mnist")
    judged = write_down(verdict, options, None, folder.path)
    assert folder.evidence in judged.files
    assert [each for _, each in folder.kept.shown()] == [path, other]
    assert path.read_bytes() == before


def test_a_run_is_left_as_it_is(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.status_file.write_text("{}")
    assert JudgedFolder(tmp_path).write(everything()) == []
    assert not JudgedFolder(tmp_path).evidence.exists()


def test_the_folder_is_read_as_it_was_judged_and_is_no_log(tmp_path: Path) -> None:
    from ganlab.diagnosis.readers.folders import NoLogError
    from ganlab.diagnosis.sessions import diagnose_path

    steps = np.arange(1, 601)
    curves = {"d_loss": Series(steps, np.full(600, 1e-3)), "g_loss": Series(steps, np.full(600, 9.0))}
    evidence = Evidence("train.log", curves=curves, family="cross_entropy")
    verdict = diagnose(evidence)
    judged = write_down(verdict, ReadOptions(), None, tmp_path / "out")
    folder = JudgedFolder(tmp_path / "out")
    assert folder.evidence in judged.files
    again = folder.read()
    assert again.as_json() == verdict.as_json()
    assert again.judged_on is not None
    assert plain(again.judged_on) == plain(evidence)
    with pytest.raises(NoLogError):
        diagnose_path(tmp_path / "out", ReadOptions())
