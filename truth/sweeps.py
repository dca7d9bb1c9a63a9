"""Expected verdict, actual verdict and true label of every run of a sweep: confusion tables.

    ganlab sweep; ganlab sweep guide
    python -m truth.sweeps FOLDER [FOLDER ...] [--into docs/sweep_truth.md]

The truth is `truth.labels.judge`: a rule on 2,000 fresh samples of the last generator, which shares no code with
`ganlab.diagnosis`. It is written to truth.json in each sweep's folder; a run in that file is not judged again
unless it was trained again. Verdicts and expectations come from the sweep's runs.csv, which is written again first.
Each run takes one to ten seconds on one core.

The tables are made only from runs.csv, truth.json and summary.json, so those of docs/sweeps/ can be made from the
repository: `tables({"guide": judged(Path("docs/sweeps/guide"))})`.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganlab.runs.files import atomic_write, read_json
from ganlab.runs.status import ENDED
from ganlab.sweeps.counting import wilson
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.records import RunRecord, read_records
from ganlab.sweeps.summary import write_results
from ganlab.verdicts import rank, words
from truth import scoring
from truth.labels import LABELS, judge

Row = dict[str, Any]
"""A run in truth.json: when it ended, and the keys of labels.json that the rules of truth.scoring read."""

AXES_BETWEEN = ("seed", "state")
"""Columns of runs.csv that enclose the columns of a grid's axes."""


def read_runs(results: Path) -> list[dict[str, str]]:
    """Return the rows of runs.csv in a folder of results, in the plan's order, every cell as text."""
    with (results / "runs.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def has_ended(row: Mapping[str, str]) -> bool:
    """Return whether the run of a row ended normally and has a verdict."""
    return row["state"] in ENDED and bool(row["verdict"])


def settings(row: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a grid gives the run of a row, by axis; empty if it is not a cell of a grid."""
    columns = list(row)
    first, last = (columns.index(name) for name in AXES_BETWEEN)
    return {axis: row[axis] for axis in columns[first + 1 : last] if row[axis]}


@dataclass(frozen=True)
class Judged:
    """A run that ended, with its row of runs.csv and its row of truth.json."""

    row: Mapping[str, str]
    truth: Row

    @property
    def config(self) -> str:
        """Its configuration; a cell of a grid has its settings in parentheses."""
        return self.row["config"]

    @property
    def name(self) -> str:
        """Its verdict as `failure/variant`, or `failure`."""
        return "/".join(filter(None, (self.row["verdict"], self.row["variant"])))

    @property
    def confidence(self) -> float:
        """The confidence of its verdict."""
        return float(self.row["confidence"])

    @property
    def expected(self) -> str:
        """The verdict that its configuration expects, the first if there are several; empty without one."""
        return self.row["expected"].partition("|")[0]

    @property
    def as_expected(self) -> bool | None:
        """Whether its verdict is one that its configuration expects; None if it expects none."""
        return {"yes": True, "no": False}.get(self.row["as_expected"])

    @property
    def label(self) -> str:
        """What is true of its final samples."""
        return str(self.truth["label"])

    @property
    def right(self) -> bool:
        """Whether the verdict is right for its label."""
        return scoring.right(self.truth, self.row["verdict"], self.row["variant"] or None)

    @property
    def accused(self) -> bool:
        """Whether it is good and its verdict is a failure that is not right."""
        return scoring.accused(self.truth, self.row["verdict"], self.row["variant"] or None)

    @property
    def missed(self) -> bool:
        """Whether it failed and its verdict is healthy."""
        return scoring.missed(self.truth, self.row["verdict"])

    @property
    def flattered(self) -> bool:
        """Whether it is poor and its verdict is healthy."""
        return scoring.flattered(self.truth, self.row["verdict"])

    @property
    def inconclusive(self) -> bool:
        """Whether its verdict is that the evidence is not sufficient."""
        return self.row["verdict"] == "inconclusive"


def judged(results: Path) -> list[Judged]:
    """Return the runs of a folder of results that ended, with their rows of truth.json.

    Raises:
        SystemExit: one of them has no row there.
    """
    rows = [row for row in read_runs(results) if has_ended(row)]
    file = results / "truth.json"
    truth = read_json(file) if file.is_file() else {}
    if any(row["run"] not in truth for row in rows):
        raise SystemExit(f"not all runs are judged: python -m truth.sweeps {results}")
    return [Judged(row, truth[row["run"]]) for row in rows]


# Judging


def judge_all(folder: SweepFolder) -> None:
    """Judge the runs that truth.json does not have. It is written after each run, so judging can be interrupted."""
    rows, records = known(folder), ended(folder)
    for number, record in enumerate(records, start=1):
        run = record.planned.id
        if run not in rows:
            rows[run] = row_of(record)
            # Statistics of unbounded samples may be NaN, which json can read back.
            atomic_write(truth_file(folder), json.dumps(rows, indent=1).encode())
            print(f"[{number}/{len(records)}] {run}: {rows[run]['label']} {rows[run]['mechanism']}", flush=True)


def ended(folder: SweepFolder) -> list[RunRecord]:
    """Return the runs of a sweep that ended and have a verdict."""
    records = read_records(folder.plan(), folder)
    return [record for record in records if record.ended and record.verdict is not None]


def truth_file(folder: SweepFolder) -> Path:
    return folder.path / "truth.json"


def known(folder: SweepFolder) -> dict[str, Row]:
    """Return the rows of truth.json by run, except for runs that were trained again since."""
    file = truth_file(folder)
    rows: dict[str, Row] = json.loads(file.read_text()) if file.is_file() else {}
    now = {record.planned.id: record.status.ended for record in ended(folder) if record.status}
    return {run: row for run, row in rows.items() if now.get(run) == row["ended"]}


def row_of(record: RunRecord) -> Row:
    """Judge a run.

    Raises:
        SystemExit: it has no stored samples, so its course is unknown.
    """
    planned = record.planned
    if not any(record.run.samples.glob("step_*.npz")):
        raise SystemExit(f"{planned.id} has no stored samples: train it with monitor.keep_samples=true")
    kind = "points" if len(planned.experiment.data.shape) == 1 else "images"
    # No family: what a configuration is meant to do is in its `expect`, and has no influence here.
    who = {"ended": record.status.ended if record.status else None, "kind": kind, "family": ""}
    return {**who, **asdict(judge(record.run.path))}


# Tables


def share(k: int, n: int) -> str:
    """Return k of n with its 95 % Wilson interval."""
    low, high = wilson(k, n)
    return f"{k} of {n} [{low:.2f}, {high:.2f}]" if n else "-"


def markdown(heading: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; bars in cells, which would end them, become slashes."""
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in row)} |" for row in rows)


def confusion(
    runs: Sequence[Judged],
    column: Callable[[Judged], str],
    columns: Sequence[str],
    foot: tuple[str, Callable[[Judged], bool]],
) -> str:
    """Return a table that counts runs by verdict (rows) and `column`; the last row counts where `foot` holds."""
    counts = Counter((each.name, column(each)) for each in runs)
    verdicts = sorted({each.name for each in runs}, key=rank)
    lines = [[words(verdict), *(counts[verdict, name] or "" for name in columns)] for verdict in verdicts]
    name, holds = foot
    of = {each: [run for run in runs if column(run) == each] for each in columns}
    lines.append([f"**{name}**", *(f"**{sum(map(holds, of[each]))} of {len(of[each])}**" for each in columns)])
    return markdown(["verdict", *map(words, columns)], lines)


def by_expectation(runs: Sequence[Judged]) -> str:
    """Return a table of the first verdict that each config expects against the verdict of its runs."""
    asked = [each for each in runs if each.as_expected is not None]
    columns = sorted({each.expected for each in asked}, key=rank)
    return confusion(asked, lambda each: each.expected, columns, ("as expected", lambda each: bool(each.as_expected)))


def by_truth(runs: Sequence[Judged]) -> str:
    """Return a table of the label of each run's final samples against its verdict."""
    columns = [label for label in LABELS if any(each.label == label for each in runs)]
    return confusion(runs, lambda each: each.label, columns, ("right", lambda each: each.right))


def totals(parts: dict[str, Sequence[Judged]]) -> str:
    """Return a table of how often verdicts are right, and of the worse mistakes, one row per part."""
    heading = ["runs", "as expected", "right", "good runs accused"]
    heading += ["failed runs called healthy", "poor runs called healthy", "inconclusive"]
    return markdown(["", *heading], ([name, len(runs), *_totals(runs)] for name, runs in parts.items()))


def _totals(runs: Sequence[Judged]) -> list[str]:
    asked = [each for each in runs if each.as_expected is not None]
    good = [each for each in runs if each.label == "good"]
    failed = [each for each in runs if each.label in scoring.FAILED]
    poor = [each for each in runs if each.label == "poor"]
    return [
        share(sum(bool(each.as_expected) for each in asked), len(asked)),
        share(sum(each.right for each in runs), len(runs)),
        share(sum(each.accused for each in good), len(good)),
        share(sum(each.missed for each in failed), len(failed)),
        share(sum(each.flattered for each in poor), len(poor)),
        share(sum(each.inconclusive for each in runs), len(runs)),
    ]


def wrong_ones(runs: Sequence[Judged]) -> str:
    """Return a table with a row for each configuration, label and wrong verdict."""
    groups: dict[tuple[str, str, str, str], list[Judged]] = {}
    for each in runs:
        if not each.right:
            who = each.config, each.label, str(each.truth["mechanism"]), each.name
            groups.setdefault(who, []).append(each)
    if not groups:
        return "No verdict is wrong."
    heading = ["configuration", "seeds", "true label", "mechanism in the log", "verdict", "confidence"]
    return markdown(
        heading, ([who[0], _seeds(found), *map(words, who[1:]), span(found)] for who, found in groups.items())
    )


def _seeds(runs: Sequence[Judged]) -> str:
    return ", ".join(each.row["seed"] for each in runs)


def span(runs: Sequence[Judged]) -> str:
    """Return the range of the verdicts' confidence."""
    found = sorted({f"{each.confidence:.2f}" for each in runs})
    return found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}"


def tables(parts: dict[str, Sequence[Judged]]) -> str:
    """Return all tables as Markdown, for the runs of sweeps by name."""
    runs = [each for part in parts.values() for each in part]
    unexpected = [each for each in runs if each.as_expected is False]
    claims = sum(each.right for each in unexpected)
    return f"""{totals({**parts, "all": runs} if len(parts) > 1 else parts)}

Of {len(unexpected)} runs whose verdict is not the expected one, {claims} have a verdict that is right for their true
label: for these it is the claim that does not hold, not the verdict.

Columns: the verdict that a config expects (the first one if it names several). Rows: the verdict of its runs. Cells of
a grid expect nothing and are left out.

{by_expectation(runs)}

Columns: the true label of a run's final samples. Rows: its verdict. All runs that ended.

{by_truth(runs)}

Verdicts that are wrong for the true label:

{wrong_ones(runs)}
"""


TRUTH = """The true label of a run comes from a rule on 2,000 fresh samples of its last generator
(`truth/labels.py`): how many pass as data, which classes or modes are there, how varied they are. The rule shares no
code with the diagnosis and no network with its metrics. Several verdicts can be right for one label: garbage may be
*never learned* or *convergence failure*. Intervals are 95 % Wilson intervals, as if all runs were independent."""
"""What the tables are based on."""


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Expected verdict, actual verdict and true label of every run of sweeps."
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="sweep folders")
    parser.add_argument("--into", type=Path, help="write the tables to this Markdown page (default: print them)")
    arguments = parser.parse_args()
    folders = [SweepFolder(path) for path in arguments.folders]
    for folder in folders:
        write_results(folder.plan(), folder)
        judge_all(folder)
        print(f"{folder.path}: {len(ended(folder))} of {len(folder.plan().runs)} runs ended and are judged", flush=True)
    parts: dict[str, Sequence[Judged]] = {folder.plan().spec.name: judged(folder.path) for folder in folders}
    text = tables(parts)
    if arguments.into is None:
        print(text)
    else:
        command = f"python -m truth.sweeps {' '.join(path.name for path in arguments.folders)}"
        page = f"# Verdicts, expectations and true labels in sweeps\n\nMade by `{command}`.\n\n{TRUTH}\n\n{text}"
        atomic_write(arguments.into, page.encode())


if __name__ == "__main__":
    main()
