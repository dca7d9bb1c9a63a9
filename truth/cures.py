"""Which cures work: runs that are made to fail, each treated with every remedy of its verdict beside both controls.

    python -m truth.cures run --into FOLDER [--seeds 3] [--only NAME...]    train and treat what is missing
    python -m truth.cures collect --into FOLDER                            write what the trials came to

cures.yaml names the runs. `run` goes on where it was interrupted; more seeds later add to those that are there.
`collect` writes docs/cures/trials.csv, a row a trial, and the record by which verdicts rank their remedies.
`python -m docs.make.cures` makes the page of them.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import ganlab
from ganlab.config.experiment import Experiment
from ganlab.config.load import load_experiment
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.diagnosis.record import RECORD, Record
from ganlab.runs.directory import RunDirectory, list_runs
from ganlab.runs.files import atomic_write, read_json
from ganlab.runs.names import RUNS, TREATMENT, TREATMENT_FILE
from ganlab.sweeps.executors.places import Resources
from ganlab.treatment.planning import stood_at
from ganlab.treatment.statistics import fisher, is_proved
from ganlab.verdicts import accuses, acquits

TABLE = Path(__file__).with_suffix(".yaml")
TRIALS = Path(__file__).parents[1] / "docs" / "cures" / "trials.csv"
COLUMNS = (
    "patient",
    "failure",
    "onset",
    "arm",
    "kind",
    "conclusion",
    "change",
    "seed",
    "verdict",
    "cured",
    "good_from",
    "quality",
    "seconds",
)
MOST_SEEDS = 5
"""Seeds on which a run is tried until it fails."""


def patients() -> list[dict[str, Any]]:
    """Return the runs that are made to fail: `name`, `what`, `config`, `set`: the settings changed, and `seeds`: the
    fewest seeds of an arm, where the run unchanged does not fail on every seed, and `remark`."""
    found: list[dict[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))["patients"]
    return found


def failed_run(patient: Mapping[str, Any], folder: Path) -> ganlab.Run | None:
    """Return a patient's run that failed, trained on the first seed that fails; None if none of MOST_SEEDS does."""
    for seed in range(MOST_SEEDS):
        experiment = experiment_of(patient, seed)
        there = [each for each in list_runs(folder) if each.experiment() == experiment]
        ended = [each for each in there if each.status().ended_by_itself]
        run = ganlab.load_run(ended[0].path) if ended else ganlab.train(experiment, runs_dir=folder, resume=True)
        verdict = ganlab.diagnose(run)
        print(f"{experiment.name}: {verdict.name}", flush=True)
        if accuses(verdict.name):
            return run
    return None


def experiment_of(patient: Mapping[str, Any], seed: int) -> Experiment:
    """Return what a patient trains on a seed."""
    settings = [*patient.get("set", ()), f"seed={seed}", f"name={patient['name']}_{seed}", "expect=[]"]
    return load_experiment(patient["config"], settings)


def carry_out(into: Path, seeds: int, workers: int, only: Sequence[str]) -> None:
    """Train and treat every patient, or those of some names."""
    for patient in patients():
        if only and patient["name"] not in only:
            continue
        folder = into / patient["name"]
        run = failed_run(patient, folder)
        if run is None:
            print(f"{patient['name']} did not fail on {MOST_SEEDS} seeds", flush=True)
            continue
        done = ganlab.treat(
            run,
            seeds=max(seeds, patient.get("seeds", 0)),
            complete=True,
            resources=Resources("local", workers),
            runs_dir=folder,
        )
        for each in done.arms:
            print(f"  {each.arm.name}: {each.cured} of {each.n}, {each.conclusion}", flush=True)


def rows(into: Path) -> Iterator[dict[str, Any]]:
    """Yield what each trial came to, in the order of the patients."""
    for patient in patients():
        current = [experiment_of(patient, seed) for seed in range(MOST_SEEDS)]
        for path in sorted((into / patient["name"]).glob(f"{TREATMENT}*/{TREATMENT_FILE}")):
            values = read_json(path)
            run = into / patient["name"] / values["run"]
            if RunDirectory(run).experiment() not in current or not values.get("over", True):
                continue  # of settings that cures.yaml no longer has, or under way
            treated = diagnose(read_run(run))
            for arm in values["arms"]:
                for trial in arm["trials"]:
                    own = path.parent / RUNS / trial["run"]
                    change = arm["changes_by_seed"].get(str(trial["seed"]), arm["change"])
                    yield {
                        "patient": patient["name"],
                        "failure": values["failure"],
                        "onset": treated.onset_step,
                        "arm": arm["name"],
                        "kind": arm["kind"],
                        "conclusion": arm["conclusion"],
                        "change": json.dumps(change),
                        "seed": trial["seed"],
                        "verdict": trial["verdict"],
                        "cured": int(trial["cured"]),
                        "good_from": stood_at(read_run(own), acquits) if trial["cured"] else None,
                        "quality": trial["quality"],
                        "seconds": None if trial["seconds"] is None else round(trial["seconds"], 1),
                    }


def record(trials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the record of each cure for each failure: trials cured, of how many, and those of both controls.

    Patients of one verdict are taken together, each with the controls on its own seeds. A treated run is one more
    unchanged run that failed.
    """
    found: list[dict[str, Any]] = []
    keys = dict.fromkeys((row["failure"], row["arm"]) for row in trials if row["kind"] == "remedy")
    for failure, cure in keys:
        mine = [row for row in trials if (row["failure"], row["arm"]) == (failure, cure)]
        seeds = {(row["patient"], row["seed"]) for row in mine}
        controls = {
            kind: [row for row in trials if row["kind"] == kind and (row["patient"], row["seed"]) in seeds]
            for kind in ("unchanged", "random")
        }
        groups = (mine, controls["unchanged"], controls["random"])
        numbers = [number for group in groups for number in (sum(int(row["cured"]) for row in group), len(group))]
        k, n, healed, unchanged, by_chance, _ = numbers
        p = fisher(k, n, healed, unchanged + len({row["patient"] for row in mine}))
        values = (*numbers, is_proved(p, k, n, by_chance))
        found.append({"failure": failure, "cure": cure, **dict(zip(Record._fields, values, strict=True))})
    return found


def collect(into: Path) -> None:
    """Write docs/cures/trials.csv and record.json from the folders of `run`."""
    trials = list(rows(into))
    TRIALS.parent.mkdir(exist_ok=True)
    with TRIALS.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(trials)
    write_record(trials)


def write_record(trials: Sequence[Mapping[str, Any]]) -> None:
    """Write the record by which verdicts rank their remedies."""
    source = "python -m truth.cures, docs/cures/trials.csv"
    lines = ",\n".join(f"    {json.dumps(row)}" for row in record(trials))
    atomic_write(RECORD, f'{{\n  "schema": 1,\n  "source": "{source}",\n  "cures": [\n{lines}\n  ]\n}}\n'.encode())


def read_trials() -> list[dict[str, str]]:
    """Return docs/cures/trials.csv, a mapping a row."""
    with TRIALS.open(newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "collect"))
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=())
    chosen = parser.parse_args()
    if chosen.what == "run":
        carry_out(chosen.into, chosen.seeds, chosen.workers, chosen.only)
    else:
        collect(chosen.into)


if __name__ == "__main__":
    main()
