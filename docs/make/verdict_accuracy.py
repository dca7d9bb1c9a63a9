"""The page of accuracy: every labelled run of the corpus, judged by `ganlab.diagnosis`, and logs of other code.

python -m truth.corpus train && python -m truth.corpus label && python -m truth.accuracy rows
python -m docs.make.verdict_accuracy [--corpus FOLDER]     docs/verdict_accuracy.md, and a row for each run in .csv
python -m docs.make.verdict_accuracy --logs                its section on logs of other code alone, without a corpus,
                                                           from docs/verdicts/foreign.json of `python -m truth.foreign`
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.make.remarks import Remark, outdated, read_remarks
from ganlab.runs.files import read_json
from truth.accuracy import BINS, Judged, bins_of, judged, read_labels, share, summary
from truth.scoring import induced

PAGE = Path(__file__).parents[1] / "verdict_accuracy.md"
LOGS = Path(__file__).parents[1] / "verdicts" / "foreign.json"
LOGS_HEADING = "## Logs of other code"
HISTORY = "the half not tuned on"
"""The remark on how the figures of that half came about."""


def page(tuned: Sequence[Judged], tested: Sequence[Judged], blind: Sequence[Judged], remark: Remark | None) -> str:
    """Return the whole page.

    Args:
        tuned, tested: the runs of the two halves.
        blind: the runs of both halves, judged without samples.
        remark: the remark on the half that was not tuned on.
    """
    named = [each for each in blind if induced(each.label)]
    hits = sum(each.label["mechanism"] in each.verdict.name for each in named)
    mistaken = [each for each in blind if each.verdict.failure != "inconclusive" and not each.right]
    sure = sum(each.verdict.confidence > 0.8 for each in mistaken)
    kinds = Counter(each.label["kind"] for each in blind)
    return f"""# How often the verdicts are right

Made by `python -m docs.make.verdict_accuracy` from {len(blind)} real training runs
({kinds["images"]} on images, {kinds["points"]} on points; `truth/corpus.py`). The labels come from a rule
on 2,000 fresh samples of each run's last generator (`truth/labels.py`), which shares no code with
`ganlab.diagnosis` and was fixed before looking at any verdict. Which verdicts are right for a label is also fixed
(`truth/scoring.py`). The corpus is split into two halves by configuration, so that all seeds of a configuration are in
the same half; thresholds were tuned on the first half only.

{remark.for_outcome(outcome(tested)) if remark else ""}

| half | runs | |
| --- | --- | --- |
| tuned on | {len(tuned)} | {summary(tuned)} |
| **not tuned on** | {len(tested)} | **{summary(tested)}** |

Failed runs are those with any label except good and poor. Poor runs are in between (a person could say either):
*healthy* is a wrong verdict for them too, but does not count as a failed run called healthy.

## Confusion, the half not tuned on

Columns are labels, rows are verdicts.

{confusion(tested)}

## Confusion, the half tuned on

{confusion(tuned)}

## Confidence

Confidence is (right + 1)/(runs + 2) in at most {BINS} bins of how clear the deciding evidence is. Here it is computed
from the first half and checked on the other; the shipped table uses all runs.

{reliability(tuned, tested)}

## Losses only

The same runs, judged without samples: {hits} of {len(named)} runs whose log proves divergence, a batch-norm leak or
the dominance of one player got the right verdict; {len(mistaken)} of {len(blind)} got a wrong one, {sure} of them with
a confidence above .8; the others were inconclusive.

{on_logs(read_json(LOGS))}
## Wrong verdicts, the half not tuned on

{wrong_ones(tested)}
"""


def on_logs(found: Mapping[str, Any]) -> str:
    """Return the section on logs of other code.

    Args:
        found: what `truth.foreign` wrote.
    """
    command = found["made_from"]["command"]
    return f"""{LOGS_HEADING}

Made by `{command}`, on logs that people published of their own
trainings: losses, and metrics if they were printed, without samples and without any option. Which verdicts are right
was written down for each log before it was judged; *inconclusive* is right for many. The logs are not part of this
repository. Accused: those whose verdict is a failure that the run does not have.

| | n | read | decided | right | accused | called healthy wrongly |
| --- | --- | --- | --- | --- | --- | --- |
| logs of other code | {" | ".join(str(found[key]) for key in COLUMNS)} |
"""


COLUMNS = ("logs", "read", "decided", "right", "accused", "flattered")


def with_logs(page: str) -> str:
    """Return the page with its section on logs of other code made again."""
    section = on_logs(read_json(LOGS))
    return re.sub(rf"{LOGS_HEADING}\n.*?\n(?=## )", lambda _: f"{section}\n", page, count=1, flags=re.DOTALL)


def outcome(tested: Sequence[Judged]) -> str:
    """The outcome that the remark on the half that was not tuned on is written for."""
    return f"{sum(each.right for each in tested)} of {len(tested)} right"


def confusion(runs: Sequence[Judged]) -> str:
    """Labels against verdicts, as a Markdown table."""
    labels = sorted({each.label["label"] for each in runs})
    verdicts = sorted({each.verdict.name for each in runs})
    counts = Counter((each.verdict.name, each.label["label"]) for each in runs)
    lines = ["| verdict | " + " | ".join(labels) + " |", "| --- |" + " --- |" * len(labels)]
    for verdict in verdicts:
        cells = [str(counts[verdict, label] or "") for label in labels]
        lines.append(f"| {verdict} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def reliability(tuned: Sequence[Judged], tested: Sequence[Judged]) -> str:
    """Confidence from the tuning half and the share that was right in the other half, as a Markdown table."""
    bins = bins_of(tuned)
    lines = ["| strength from | confidence (tuning half) | right (test half) | share |", "| --- | --- | --- | --- |"]
    for index, each in enumerate(bins):
        upper = bins[index + 1]["from"] if index + 1 < len(bins) else 2.0
        inside = [
            run for run in tested if each["from"] <= run.strength < upper and run.verdict.failure != "inconclusive"
        ]
        hits = sum(run.right for run in inside)
        value = f"{hits / len(inside):.2f}" if inside else ""
        lines.append(f"| {each['from']:.2f} | {share(each):.2f} | {hits} of {len(inside)} | {value} |")
    return "\n".join(lines)


def wrong_ones(runs: Sequence[Judged]) -> str:
    """One row per wrong verdict."""
    lines = ["| run | label | verdict | confidence |", "| --- | --- | --- | --- |"]
    for each in runs:
        if not each.right:
            name = f"{each.label['configuration']}, seed {each.label['seed']}"
            lines.append(f"| {name} | {each.label['label']} | {each.verdict.name} | {each.verdict.confidence:.2f} |")
    return "\n".join(lines) if len(lines) > 2 else "None."


def table(runs: Sequence[Judged]) -> list[list[str]]:
    """A heading and one row per run: configuration, label, verdict, and whether the verdict is right."""
    who = ["split", "configuration", "seed", "kind", "family", "label", "mechanism"]
    rows = [[*who, "verdict", "confidence", "strength", "right"]]
    for each in runs:
        known = (str(each.label[key]) for key in who)
        sure = f"{each.verdict.confidence:.3f}", f"{each.strength:.3f}"
        rows.append([*known, each.verdict.name, *sure, "yes" if each.right else "no"])
    return rows


def main() -> None:
    """Read the command line and write the page and the table."""
    parser = argparse.ArgumentParser(description="How often the verdicts are right on the runs of the corpus.")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--into", type=Path, default=PAGE)
    parser.add_argument("--logs", action="store_true", help="only the section on logs of other code")
    arguments = parser.parse_args()
    if arguments.logs:
        arguments.into.write_text(with_logs(arguments.into.read_text()))
        return
    labels = read_labels(arguments.corpus)
    runs = judged(arguments.corpus, labels)
    tuned, tested = ([each for each in runs if each.label["split"] == half] for half in ("tune", "test"))
    remarks = read_remarks("verdict_accuracy")
    text = page(tuned, tested, judged(arguments.corpus, labels, losses_only=True), remarks.get(HISTORY))
    arguments.into.write_text(text)
    with arguments.into.with_suffix(".csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table(runs))
    print(text)
    for line in outdated(remarks, {HISTORY: outcome(tested)}):
        print(f"warning: a remark may no longer be true: {line}")


if __name__ == "__main__":
    main()
