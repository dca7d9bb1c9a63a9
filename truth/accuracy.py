"""How often the verdicts are right: every labelled run of the corpus, judged by `ganlab.diagnosis`.

    python -m truth.corpus train && python -m truth.corpus label
    python -m truth.accuracy rows         statistics of every stored snapshot, cached with the features' name
    python -m truth.accuracy judge        verdicts next to labels, on the half that was tuned on
    python -m docs.make.verdict_accuracy  docs/verdict_accuracy.md, on both halves
    python -m truth.accuracy calibrate    src/ganlab/diagnosis/calibration.json, from all runs

All take `--corpus FOLDER` (default: corpus). `judge` only shows the tuning half; the other is reserved for the page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganlab.config.experiment import Experiment
from ganlab.data import load, to_float
from ganlab.diagnosis import calibration
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.diagnosis.verdict import Verdict
from ganlab.evaluation.features import features_for
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import read_json
from truth.corpus import halves
from truth.scoring import accused, flattered, missed, right

Label = dict[str, Any]
BINS = 5
CALIBRATION = Path(calibration.__file__).with_name("calibration.json")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Judged:
    """A labelled run with its verdict."""

    label: Label
    verdict: Verdict
    strength: float

    @property
    def right(self) -> bool:
        return right(self.label, self.verdict.failure, self.verdict.variant)


def statistics_of(experiment: Experiment) -> SampleStatistics:
    """Return the statistics that compare samples with the run's own data."""
    data = load(experiment.data, batch_size=1)
    features = features_for(experiment.data, data)
    return SampleStatistics(features, data.train, data.held_out, experiment.monitor.snapshot_samples, experiment.seed)


def rows_of(run: RunDirectory, statistics: SampleStatistics) -> list[dict[str, Any]]:
    """Return the run's snapshots, with statistics computed again from the stored samples."""
    scores = {row["step"]: row for row in map(json.loads, run.snapshots.read_text().splitlines())}
    files = sorted(run.samples.glob("step_*.npz"))
    rows = []
    for path in files:
        step = int(path.stem.removeprefix("step_"))
        values = torch.from_numpy(next(iter(np.load(path).values())))
        found = statistics.row(to_float(values), thorough=path == files[-1])
        rows.append({**scores[step], **found, "step": step})
    return rows


def rows_file(corpus: Path, run: str) -> Path:
    return corpus / "rows" / f"{run}.json"


def cache_rows(corpus: Path, labels: Sequence[Label]) -> None:
    """Write rows/<run>.json, features and snapshots, for every run that has none made with the current features."""
    known: dict[str, SampleStatistics] = {}
    (corpus / "rows").mkdir(exist_ok=True)
    for label in labels:
        run = RunDirectory(corpus / "runs" / label["run"])
        experiment = run.experiment()
        key = experiment.data.model_dump_json() + str(experiment.monitor.snapshot_samples)
        if key not in known:
            known[key] = statistics_of(experiment)
        target, features = rows_file(corpus, label["run"]), known[key].features.name
        if not target.is_file() or read_json(target)["features"] != features:
            target.write_text(json.dumps({"features": features, "snapshots": rows_of(run, known[key])}))
            print(label["run"], flush=True)


def evidence_of(corpus: Path, label: Label) -> Evidence:
    """Return the run's evidence, with the rows that were computed again."""
    rows = read_json(rows_file(corpus, label["run"]))["snapshots"]
    return replace(read_run(corpus / "runs" / label["run"]), snapshots=tuple(rows))


def judged(corpus: Path, labels: Sequence[Label], losses_only: bool = False) -> list[Judged]:
    """Judge every run and return it with its verdict."""
    found = []
    for label in labels:
        evidence = evidence_of(corpus, label)
        if losses_only:
            evidence = replace(evidence, snapshots=())
        verdict = diagnose(evidence)
        case = Case(evidence)
        charges = [charge for failure in FAILURES for charge in failure.examine(case) if charge.active]
        found.append(Judged(label, verdict, charges[0].strength if charges else 0.0))
    return found


def print_runs(runs: Sequence[Judged]) -> None:
    """Print one line per run, wrong verdicts marked."""
    for each in runs:
        label, mark = each.label, " " if each.right else "X"
        name = f"{label['configuration']}/{label['seed']}"
        print(
            f"{mark} {name:32} {label['label']:12} {label['mechanism']:24} {each.verdict.name:46} {each.strength:.2f}"
        )
    print(summary(runs))


def summary(runs: Sequence[Judged]) -> str:
    """Return the shares of right and inconclusive verdicts, and of the mistakes that are worse than being wrong."""
    n = len(runs)
    hits = sum(each.right for each in runs)
    undecided = sum(each.verdict.failure == "inconclusive" for each in runs)
    accusations = sum(accused(each.label, each.verdict.failure, each.verdict.variant) for each in runs)
    misses = sum(missed(each.label, each.verdict.failure) for each in runs)
    poor = sum(each.label["label"] == "poor" for each in runs)
    kind = sum(flattered(each.label, each.verdict.failure) for each in runs)
    return (
        f"{hits} of {n} right ({100 * hits / n:.1f} %), {undecided} inconclusive ({100 * undecided / n:.1f} %), "
        f"{accusations} good runs accused, {misses} failed runs called healthy, "
        f"{kind} of {poor} poor runs called healthy"
    )


def bins_of(runs: Sequence[Judged]) -> list[dict[str, float]]:
    """Return at most BINS bins of strength, monotone in the share that was right (otherwise bins are merged)."""
    decided = sorted((each.strength, each.right) for each in runs if each.verdict.failure != "inconclusive")
    parts = [part for part in np.array_split(np.array(decided, dtype=float), BINS) if len(part)]
    bins: list[dict[str, float]] = []
    for part in parts:
        bins.append({"from": float(part[0, 0]), "right": int(part[:, 1].sum()), "runs": len(part)})
        while len(bins) > 1 and (share(bins[-1]) < share(bins[-2]) or bins[-1]["from"] == bins[-2]["from"]):
            last = bins.pop()
            bins[-1] = {**bins[-1], "right": bins[-1]["right"] + last["right"], "runs": bins[-1]["runs"] + last["runs"]}
    bins[0]["from"] = 0.0
    return bins


def share(each: dict[str, float]) -> float:
    """Return (right + 1) / (runs + 2), Laplace's rule of succession."""
    return (each["right"] + 1) / (each["runs"] + 2)


def calibrate(corpus: Path, labels: Sequence[Label], target: Path = CALIBRATION) -> None:
    """Write the table that confidences are read from, and how it was made."""
    runs = judged(corpus, labels)
    failures = Counter(each.verdict.failure for each in runs)
    found = {"made_from": made_from(corpus, labels), "bins": bins_of(runs), "failures": dict(sorted(failures.items()))}
    target.write_text(json.dumps(found, indent=1) + "\n")


def made_from(corpus: Path, labels: Sequence[Label]) -> dict[str, Any]:
    """Return the runs, features and commit that figures were made from, and the command that makes them again."""
    kinds = Counter(label["kind"] for label in labels)
    return {
        "command": "python -m truth.accuracy calibrate",
        "corpus": f"{len(labels)} runs of truth/corpus.py: {kinds['images']} on images, {kinds['points']} on points",
        "commit": commit(),
        "features": sorted({read_json(rows_file(corpus, label["run"]))["features"] for label in labels}),
    }


def commit() -> str:
    """Return the commit of the working tree, with `+ changes` if files differ from it."""
    name, changes = (
        subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    )
    return f"{name} + changes" if changes else name


def read_labels(corpus: Path) -> list[Label]:
    """Return the rows of labels.json, each with the half that its configuration belongs to now."""
    rows: list[Label] = json.loads((corpus / "labels.json").read_text())
    half = halves()
    return [{**row, "split": half[row["configuration"]]} for row in rows]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Verdicts and labels of the corpus.")
    parser.add_argument("command", choices=["rows", "judge", "calibrate"])
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    arguments = parser.parse_args()
    labels = read_labels(arguments.corpus)
    if arguments.command == "rows":
        cache_rows(arguments.corpus, labels)
    elif arguments.command == "judge":
        print_runs(judged(arguments.corpus, [label for label in labels if label["split"] == "tune"]))
    else:
        calibrate(arguments.corpus, labels)


if __name__ == "__main__":
    main()
