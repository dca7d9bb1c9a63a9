"""How verdicts are scored: two small runs from training to calibration, and the arithmetic on known verdicts."""

import json
from pathlib import Path
from typing import Any

import pytest

import ganlab
from docs.make import verdict_accuracy
from docs.make.remarks import Remark
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.files import read_json
from truth.accuracy import Judged, bins_of, cache_rows, calibrate, commit, judged, read_labels, share, summary
from truth.corpus import CONFIGURATIONS, label_all

pytestmark = pytest.mark.xdist_group("corpus")  # trained once

SHORT = ("ring_short_60", "grid_short_240")  # one of each half


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the corpus, trained, labelled, and with their rows."""
    folder = tmp_path_factory.mktemp("corpus")
    index = {}
    for name in SHORT:
        run = ganlab.train(CONFIGURATIONS[name].mapping, ["seed=0"], runs_dir=folder / "runs")
        index[f"{name}/0"] = run.path.name
    (folder / "index.json").write_text(json.dumps(index))
    label_all(folder)
    cache_rows(folder, read_labels(folder))
    return folder


def test_labels_of_real_runs(corpus: Path) -> None:
    rows = read_labels(corpus)
    assert [(row["configuration"], row["split"]) for row in rows] == [(SHORT[0], "test"), (SHORT[1], "tune")]
    assert all(row["family"] == "short" for row in rows)
    assert rows[0]["label"] != "good"  # 60 steps
    header, *lines = (corpus / "labels.csv").read_text().splitlines()
    assert header.startswith("configuration,seed,run,kind,family,split,label,mechanism,passing")
    assert len(lines) == 2


def test_runs_that_are_labelled_are_not_labelled_again(corpus: Path) -> None:
    file = corpus / "labels.json"
    rows = json.loads(file.read_text())
    file.write_text(json.dumps([{**rows[0], "label": "by hand"}, rows[1]]))
    label_all(corpus)
    assert json.loads(file.read_text())[0]["label"] == "by hand"
    file.write_text(json.dumps(rows))


def test_rows_are_computed_again_if_the_features_change(corpus: Path) -> None:
    label = read_labels(corpus)[0]
    file = corpus / "rows" / f"{label['run']}.json"
    rows = read_json(file)
    assert rows["features"] == "ring-coordinates"
    file.write_text(json.dumps({"features": "others", "snapshots": []}))
    cache_rows(corpus, [label])
    assert read_json(file) == rows
    file.write_text(json.dumps({**rows, "snapshots": []}))
    cache_rows(corpus, [label])
    assert read_json(file)["snapshots"] == []  # the same features: not looked at again
    file.write_text(json.dumps(rows))


def test_the_corpus_is_judged_from_its_rows(corpus: Path) -> None:
    runs = judged(corpus, read_labels(corpus))
    assert "inconclusive" not in {each.verdict.failure for each in runs}
    blind = judged(corpus, read_labels(corpus), losses_only=True)
    assert {each.verdict.failure for each in blind} == {"inconclusive"}


def test_calibration_says_from_what_it_was_made(corpus: Path, tmp_path: Path) -> None:
    calibrate(corpus, read_labels(corpus), tmp_path / "calibration.json")
    found = read_json(tmp_path / "calibration.json")
    assert found["made_from"]["corpus"] == "2 runs of truth/corpus.py: 0 on images, 2 on points"
    assert found["made_from"]["features"] == ["grid-coordinates", "ring-coordinates"]
    assert found["made_from"]["commit"] == commit()
    assert sum(found["failures"].values()) == 2
    assert found["bins"][0]["from"] == 0


def run(label: str, name: str, strength: float = 1.0, **changes: Any) -> Judged:
    """A judged run for which no rule but that of its label holds."""
    numbers = {"training_samples": 50_000, "passing": 0.9, "spread": 1.0, "lost": [1], "lost_mass": 0.2, "away": 1.0,
               "variety": 0.9, "repeats": 0.9, "copying": None, "earlier": []}  # fmt: skip
    row = {"configuration": "c", "seed": 0, "kind": "images", "family": "", "mechanism": "", "split": "test"}
    failure, _, variant = name.partition("/")
    verdict = Verdict(failure, variant or None, 0.9, "", 0.5, None, "", (), (), (), (), "", (0, 1))
    return Judged({**row, "label": label, "statistics": numbers, **changes}, verdict, strength)


HALF = [
    *[run("good", "healthy")] * 4,
    run("good", "mode_collapse/total", 0.2),
    run("good", "inconclusive"),
    run("total", "mode_collapse/total"),
    run("garbage", "healthy", 0.3),
    *[run("poor", "healthy", 0.4)] * 2,
    run("poor", "degraded", 0.4),
]


def test_the_summary_counts_what_is_right_and_each_kind_of_mistake() -> None:
    assert summary(HALF) == (
        "6 of 11 right (54.5 %), 1 inconclusive (9.1 %), 1 good runs accused, 1 failed runs called healthy, "
        "2 of 3 poor runs called healthy"
    )


def test_bins_rise_in_strength_and_in_the_share_that_is_right() -> None:
    known = {0.1: False, 0.2: True, 0.3: False, 0.4: True, 0.5: False, 0.6: True, 0.9: True, 1.0: True}
    runs = [run("good", "healthy" if right else "degraded", strength) for strength, right in known.items()]
    bins = bins_of(runs)
    assert bins[0]["from"] == 0
    assert [each["from"] for each in bins] == sorted(each["from"] for each in bins)
    assert [share(each) for each in bins] == sorted(share(each) for each in bins)
    assert (sum(each["right"] for each in bins), sum(each["runs"] for each in bins)) == (5, 8)
    assert share({"right": 3, "runs": 4}) == pytest.approx(4 / 6)  # Laplace


def test_inconclusive_verdicts_are_in_no_bin() -> None:
    assert sum(each["runs"] for each in bins_of(HALF)) == len(HALF) - 1


def test_the_page_of_accuracy() -> None:
    blind = [run("garbage", "diverged", family="unbounded", mechanism="diverged"), run("good", "mode_collapse/total")]
    text = verdict_accuracy.page(HALF, HALF, [*HALF, *blind], Remark("6 of 11 right", "How it came about."))
    assert "\n\nHow it came about.\n\n| half |" in text
    assert "| **not tuned on** | 11 | **6 of 11 right (54.5 %)" in text
    assert "| healthy | 1 | 4 | 2 |  |" in text  # garbage, good, poor, total
    assert "1 of 1 runs whose log proves divergence" in text
    assert "| c, seed 0 | garbage | healthy | 0.90 |" in text
    assert "now: 6 of 11 right" in verdict_accuracy.page(HALF, HALF, HALF, Remark("7 of 11 right", "How."))


def test_the_table_of_runs_behind_the_page() -> None:
    header, *rows = verdict_accuracy.table(HALF)
    assert len(rows) == len(HALF)
    assert all(len(row) == len(header) for row in rows)
    assert sum(row[header.index("right")] == "yes" for row in rows) == 6
