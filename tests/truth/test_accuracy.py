"""How verdicts are scored: small runs from training to calibration, and the arithmetic on known verdicts."""

import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganlab
from docs.make import verdict_accuracy
from docs.make.remarks import Remark
from ganlab.diagnosis.calibration import Cell
from ganlab.runs.files import read_json, write_json
from truth.accuracy import (
    ALL,
    NOTHING,
    UNREAD,
    Judged,
    beside,
    cache_rows,
    calibrated,
    cells_of,
    checked,
    commit,
    counted,
    held_out,
    judge_all,
    measured,
    onset_errors,
    rest_of,
    table_of,
)
from truth.corpora import Labelled, labelled
from truth.corpus import CONFIGURATIONS, label_all
from truth.cuts import cached, cuts_of, evidence_of

pytestmark = pytest.mark.xdist_group("corpus")  # trained once

SHORT = ("ring_short_150", "grid_short_240")  # one of each half


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of ganlab's own corpus, labelled, and one of them once more as files of somebody else's."""
    folder = tmp_path_factory.mktemp("corpora")
    index = {}
    for name in SHORT:
        run = ganlab.train(CONFIGURATIONS[name].mapping, ["seed=0"], runs_dir=folder / "own" / "runs")
        index[f"{name}/0"] = run.path.name
    (folder / "own" / "index.json").write_text(json.dumps(index))
    label_all(folder / "own")
    others = folder / "trainers"
    others.mkdir()
    (others / "log.csv").write_text((run.path / "history.csv").read_text())
    points = {f"step_{step}": np.random.default_rng(step).normal(size=(70, 2)) for step in (10, 240)}
    np.savez(others / "samples.npz", **points)
    record = {"name": "somebody's", "group": "g", "split": "tune", "domain": "points", "run": None, "log": "log.csv",
              "samples": "samples.npz", "real": "ring", "tile": None, "loss": None, "state": "failed",
              "right": ["never_learned"]}  # fmt: skip
    records = [record, {**record, "name": "unlabelled", "state": None}, {**record, "name": "none", "log": "words.log"}]
    (others / "words.log").write_text("Nothing but words.\n")
    (others / "index.json").write_text(json.dumps(records))
    cache_rows(folder, labelled(folder), 1)
    return folder


def test_the_labelled_runs_of_all_corpora(corpora: Path) -> None:
    first, second, other, none = labelled(corpora)
    assert [(each.group, each.split) for each in (first, second)] == [(SHORT[0], "measure"), (SHORT[1], "tune")]
    assert first.label is not None
    assert (other.name, other.real, other.log) == ("somebody's", "ring", corpora / "trainers" / "log.csv")
    assert none.name == "none"


def test_runs_that_are_labelled_are_not_labelled_again(corpora: Path) -> None:
    file = corpora / "own" / "labels.json"
    rows = json.loads(file.read_text())
    file.write_text(json.dumps([{**rows[0], "label": "by hand"}, rows[1]]))
    label_all(corpora / "own")
    assert json.loads(file.read_text())[0]["label"] == "by hand"
    file.write_text(json.dumps(rows))


def test_a_run_is_cut_to_fewer_samples_each_compared_with_as_many_reals(corpora: Path) -> None:
    own, _, other, _ = labelled(corpora)
    cuts = cuts_of(corpora, own, "samples")
    assert sorted(cuts.rows) == [0, 25, 64, 100]
    assert (cuts.samples, cuts.at(1000)) == (1000, cuts.rows[ALL])
    assert {row["n"] for row in cuts.rows[25]} == {25}
    assert [row.step for row in cuts.rows[25]] == [row.step for row in cuts.rows[ALL]]
    assert "copies" in cuts.rows[25][-1]
    assert "copies" not in cuts.rows[25][-2]
    theirs = cuts_of(corpora, other, "samples")
    assert (sorted(theirs.rows), theirs.samples, theirs.at(100), theirs.at(1000)) == ([0, 25, 64], 70, None, None)
    assert evidence_of(corpora, own).snapshots == cuts.rows[ALL]


def test_what_is_cached_is_computed_again_if_statistics_change(corpora: Path) -> None:
    run = labelled(corpora)[0]
    file = cached(corpora, run, "samples")
    rows = read_json(file)
    write_json(file, {**rows, "rows": {"0": []}})
    cache_rows(corpora, [run], 1)
    assert read_json(file)["rows"] == {"0": []}
    write_json(file, {**rows, "rows": {"0": []}, "key": "of others"})
    cache_rows(corpora, [run], 1)
    assert read_json(file) == rows


def test_runs_are_judged_by_samples_and_by_losses_and_files_that_say_nothing_are_not_read(corpora: Path) -> None:
    found = judge_all(corpora, labelled(corpora), 1)
    assert [each.view for each in found] == ["samples", "losses"] * 4
    assert all(each.decided for each in found[::2])
    assert {each.verdict for each in found[1:6:2]} == {"inconclusive"}
    assert found[7].verdict == UNREAD  # its samples were judged alone
    cuts = judge_all(corpora, labelled(corpora)[:3], 1, cut=True)
    sizes = {(each.run.corpus, each.samples, each.snapshots) for each in cuts if each.view == "samples"}
    assert sizes == {("own", size, count) for size in (25, 64, 100, 1000) for count in (1, 4, 12)} | {
        ("trainers", 25, 1),
        ("trainers", 64, 1),
    }
    table = calibrated(found, cuts)
    ours, others = table["made_from"]["ours"], table["made_from"]["others"]
    assert (ours["runs"], others["runs"]) == ({"own": 2}, {"trainers": 2})
    assert (ours["features"], others["features"]) == (["grid-coordinates", "ring-coordinates"], ["ring-coordinates"])
    assert ours["commit"] == others["commit"] == commit()
    assert (ours["measured"], others["measured"]) == ({"own": 1}, {})
    assert sum(table["verdicts"]["ours"].values()) == 1
    assert "others" not in table["verdicts"]
    assert {each["runs"] for each in table["cells"]} == {1}
    figures = measured(found, cuts)
    assert figures["measured"]["points"]["runs"] == 1
    assert figures["tuned"]["other trainers"]["runs"] == 2


def test_runs_of_one_kind_of_trainer_are_measured_beside_what_is_known_of_the_others(corpora: Path) -> None:
    runs = [replace(each, split="measure") for each in labelled(corpora)]
    found, cuts = judge_all(corpora, runs, 1), judge_all(corpora, runs[:3], 1, cut=True)
    whole, figures = calibrated(found, cuts), measured(found, cuts)
    for whose in ("ours", "others"):
        rest = rest_of(whole, whose)
        assert set(rest["made_from"]) == {"ours", "others"} - {whose}
        part = [[each for each in those if each.run.whose == whose] for those in (found, cuts)]
        assert calibrated(*part, rest) == whole
        assert beside(figures, measured(*part, rest)) == figures
    assert rest_of(whole, None) == NOTHING


NUMBERS = count()


def run(state: str, verdict: str, group: str = "", split: str = "measure", **changes: Any) -> Judged:
    """A judged run of its own configuration, for which only the verdicts that are right for its state are."""
    right = {"good": {"healthy", "under_trained"}, "poor": {"degraded"}, "failed": {"mode_collapse"}}[state]
    name = f"run {next(NUMBERS)}"
    label = Labelled("own", name, group or name, split, "MNIST", state, frozenset(right))  # type: ignore[arg-type]
    known = {"confidence": 0.9, "steps": 100, "domain": "mnist", **changes}
    return Judged(label, "samples", 25, 1, verdict, **known)


HALF = [
    *[run("good", "healthy") for _ in range(4)],
    run("good", "mode_collapse/total"),
    run("good", "inconclusive"),
    run("failed", "mode_collapse/total"),
    run("failed", "healthy"),
    *[run("poor", "healthy") for _ in range(2)],
    run("poor", "degraded"),
]


def test_what_is_right_and_each_kind_of_mistake_are_counted() -> None:
    found = counted(HALF)
    assert (found["right"], found["runs"], found["inconclusive"]) == (6, 11, 1)
    assert found["low"] < 6 / 11 < found["high"]
    assert [found[key] for key in ("good", "accused", "failed", "missed", "poor", "flattered")] == [6, 1, 2, 1, 3, 2]
    assert [each.surely_accused for each in HALF].count(True) == 1
    assert not run("good", "mode_collapse", confidence=0.7).surely_accused
    assert counted(HALF, lambda _: "inconclusive")["right"] == 0


def test_how_far_an_onset_is_off_as_a_share_of_the_run() -> None:
    dated = run("failed", "mode_collapse/total", onset=70)
    dated = replace(dated, run=replace(dated.run, onset=40))
    assert onset_errors([dated, run("failed", "mode_collapse/total", onset=70)]) == [pytest.approx(0.3)]
    assert onset_errors([replace(dated, verdict="healthy"), replace(dated, onset=None)]) == []


def test_of_each_measured_run_one_proved_verdict_is_in_a_cell() -> None:
    runs = [run("good", "healthy"), run("good", "degraded"), run("good", "inconclusive")]
    unknown = run("good", "healthy", domain=None)
    tuned = run("good", "healthy", split="tune")
    again = replace(runs[0], view="unlabelled")
    table = table_of([*runs, again, tuned], [*runs, again, unknown, tuned])
    known = {"domain": "mnist", "samples": 25, "snapshots": 1}
    assert table["cells"] == [
        {**known, "accusing": False, "right": 1, "runs": 1},
        {**known, "accusing": True, "right": 0, "runs": 1},
    ]
    assert table["verdicts"] == {"ours": {"degraded": 1, "healthy": 1}}


def test_a_verdict_is_as_sure_as_the_runs_of_other_configurations_make_it() -> None:
    """Ten runs of one configuration are right, and twelve of another are wrong."""
    ours = [run("good", "healthy", "a") for _ in range(10)]
    theirs = [run("failed", "healthy", "b") for _ in range(12)]
    tuned = [run("good", "healthy", split="tune") for _ in range(9)]
    found = [*ours, *theirs, *tuned]
    sure = {each.run.group: each.confidence for each, _ in held_out(found, found, found)}
    assert sure["a"] == pytest.approx(1 / 14, abs=1e-3)
    assert sure["b"] == pytest.approx(11 / 12, abs=1e-3)
    assert sure[tuned[0].run.group] == pytest.approx(11 / 24, abs=1e-3)
    right = round(10 / 22, 3)
    said = round((10 * 0.071 + 12 * 0.917) / 22, 3)
    assert checked(found, found) == [
        {"domain": "mnist", "accusing": False, "runs": 22, "verdicts": 22, "confidence": said, "right": right}
    ]
    assert checked(ours, ours) == []  # uncalibrated without their own configuration


def test_failures_that_are_named_and_verdicts_that_name_none_are_calibrated_apart() -> None:
    """All twenty failures that were named are right, and ten of twenty runs that were given none."""
    named = [run("failed", "mode_collapse/total") for _ in range(20)]
    others = [*(run("good", "healthy") for _ in range(10)), *(run("failed", "healthy") for _ in range(10))]
    found = [*named, *others]
    accused, acquitted = (list(held_out(those, found, found)) for those in (named, others))
    assert {each.confidence for each, _ in accused} == {round(20 / 21, 3)}
    assert {each.confidence for each, _ in acquitted} == {round(10 / 21, 3), round(11 / 21, 3)}
    assert [each["right"] for each in checked(found, found)] == [0.5, 1.0]


def test_the_page_of_accuracy() -> None:
    found = measured(HALF, HALF)
    logs = read_json(verdict_accuracy.LOGS)
    remark = Remark("MNIST: 6 of 11", "How it came about.")
    text = verdict_accuracy.page(found, logs, [Cell(**each) for each in cells_of(HALF)], remark)
    assert "\n\nHow it came about.\n\n" in text
    assert "| MNIST | 11 | 6 (55 %) [0.28, 0.79] | 1 | 1 of 6 | 1 of 2 | 2 of 3 | 0 |  |" in text
    assert "No run was surely accused" in text
    assert "Rules were tuned on\n0 of the 11 runs on MNIST and points, 0 of the 0" in text
    assert "| healthy | 1 | 4 | 2 |" in text  # failed, good, poor
    wrong = next(each.run.name for each in HALF if each.run.state == "failed" and not each.right)
    assert f"| MNIST | {wrong} | failed | healthy | 0.62 | mode_collapse |" in text  # 4 of the 6 others
    assert "| MNIST | 4 of 6 (1) | 1 of 3 (0) | 1 of 2 (0) |" in text
    assert "| labelled runs on MNIST in which a failure was found | 25 | 2 of 3, uncalibrated |" in text
    assert "| labelled runs on MNIST in which no failure was found | 25 | 4 of 7, uncalibrated |" in text
    assert "now: MNIST: 6 of 11" in verdict_accuracy.page(found, logs, [], Remark("MNIST: 7 of 11", "How."))


def test_the_readme_is_given_the_figures_of_the_measured_runs() -> None:
    heading = "| " + " | ".join(verdict_accuracy.HEADING) + " |"
    before = f"# G\n\nText.\n\n{heading}\n| old |\n\nMore.\n"
    after = verdict_accuracy.with_table(before, measured(HALF, HALF))
    assert "| MNIST | 6 of 11 (55 %) | 28 to 79 % | 1 of 6 | 1 of 2 |" in after
    assert after.startswith(f"# G\n\nText.\n\n{heading}\n")
    assert after.endswith("|\n\nMore.\n")
    assert "old" not in after
