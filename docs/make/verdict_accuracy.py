"""The page of accuracy: how often verdicts are right, from the figures of `truth.accuracy` and `truth.foreign`.

python -m truth.accuracy final            docs/verdicts/accuracy.json, from the corpora
python -m docs.make.verdict_accuracy      docs/verdict_accuracy.md, from it, from docs/verdicts/foreign.json and
                                          docs/remarks/; and the sentences that the README says of it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.make.remarks import Remark, outdated, read_remarks
from ganlab.diagnosis.calibration import DOMAINS, ENOUGH_RUNS, FOUND, SURE, UNCALIBRATED, Cell, table
from ganlab.runs.files import read_json
from truth.readings import agreement, readings

ROOT = Path(__file__).parents[2]
PAGE, README = ROOT / "docs" / "verdict_accuracy.md", ROOT / "README.md"
FIGURES, LOGS = (ROOT / "docs" / "verdicts" / f"{name}.json" for name in ("accuracy", "foreign"))
HISTORY = "runs that were only measured"
"""The remark on how their figures came about."""

Figures = Mapping[str, Any]


def page(found: Figures, logs: Figures, cells: Sequence[Cell], remark: Remark | None) -> str:
    """Return the whole page.

    Args:
        found, logs: what `truth.accuracy` and `truth.foreign` wrote.
        cells: those of the table of confidences.
        remark: the remark on how the figures came about.
    """
    runs = {name: count for its in found["made_from"].values() for name, count in its["runs"].items()}
    history = f"{remark.for_outcome(outcome(found))}\n\n" if remark else ""
    return f"""# How often the verdicts are right

Made by `python -m docs.make.verdict_accuracy` from labelled training runs: {runs.get("own", 0)} on MNIST and points,
labelled by a rule on 2,000 fresh samples of each run's last generator (`truth/labels.py`, which shares no code with
`ganlab.diagnosis`); {runs.get("colour", 0)} on colour pictures (`truth/colour.py`), labelled by looking at their
samples and curves, before any verdict; and {runs.get("trainers", 0)} by other people's trainers (`truth/trainers.py`).
Which verdicts are right for a run was fixed with its label: more than one where the literature would differ.
{readers(agreement(readings().values()))}
All seeds of a configuration are in the same part. Rules were tuned on
{tuned_on(found)}; the rest were only measured.

{history}The runs are not part of this repository. What trains, labels and judges them again, once the
data that `truth/colour.py` and `truth/trainers.py` ask for are there:

    python -m truth.corpus train && python -m truth.corpus label && python -m truth.colour train
    python -m truth.trainers train && python -m truth.accuracy final && python -m docs.make.verdict_accuracy

## Runs that were only measured

{accuracy(found["measured"])}

Right: with its 95 % interval (Wilson); what could not be read counts as inconclusive, and a log that says nothing is
left out where there are samples. Several lines count the same runs: those on colour pictures are judged with their
classes and without, and all others by their losses alone, too. Accused: good runs that are given a failure. Missed:
failed runs called healthy. Flattered: poor runs, which are between good and failed, called healthy. None of these
counts where the verdict is one of those that are right for the run: of a poor one healthy may be. Surely accused: runs
of any kind that are accused, at {100 * SURE:.0f} % or more, of a failure that they don't have. Onset: the median
distance of a right verdict's first step from the first snapshot that was as bad as the last one, as a share of the
run, where that is known of the run. The confidence of a run here is the one that it has without the runs of its own
configuration.

By what the runs are, right of all, and those on which nothing is proved:

{by_state(found["measured"])}

{surely_accused(found["measured"])}

## Runs that rules were tuned on

{accuracy(found["tuned"])}

## Beside what knows less

Shares of the measured runs that each is right on; accused and missed as above.

{baselines(found["measured"])}

- *Always inconclusive* is right only where nothing can be proved.
- *Rules of thumb* are those of practical guides, on losses alone: a discriminator's loss near zero is a convergence
  failure, a generator's loss that swings by more than half of itself is mode collapse, all else is healthy.
- *Nearest neighbour* gives a run the verdict of the tuned run whose evidence is most like its own
  (`truth/baselines.py`).

## Confidence

A confidence is (right + 1)/(runs + 2) over the labelled runs that no rule was tuned on, of the same domain, that were
judged on no more samples and snapshots than the run at hand: those in which a failure was found if one is found in it,
or else the rest. With more evidence no run looks less sure: it is trusted no more than those that were judged on more.
Every run was cut to 25, 64, 100 and 1,000 samples and to 1, 4 and 12 snapshots. Right, of those on which anything was
proved:

{cells_table(cells)}

Where a run reaches no cell of {ENOUGH_RUNS} runs or more, or fewer labelled runs had its verdict (of ganlab's, or of
other trainers), its confidence is called uncalibrated and is at most {UNCALIBRATED}. Runs of ganlab's and of other
trainers are held apart. How far a number lies from its threshold is not counted: bins of it said more than came true
on runs that were held out.

Confidence held against what came out: each verdict is given the confidence that the table has without the runs of its
own configuration.

{confidence(found["confidence"])}

## Verdicts and labels

{confusions(found["confusion"])}

{on_logs(logs)}
## Wrong verdicts on runs that were only measured

{wrong_ones(found["wrong"])}
"""


def readers(found: Mapping[str, float]) -> str:
    """Say how the runs of other people's trainers were labelled, and how far the readers agreed."""
    return f"""
Two readers labelled the runs of other people's trainers, each alone (`truth/readings.py`, `truth/readings.csv`). They
saw real images, four sheets of samples and the losses, under a number: no name, no setting, no verdict. Good is a run
of which they could name three quarters of the last sheet's tiles at once, and that is as varied as the data. A verdict
that either of them accepts is right, *inconclusive* only if both do. They gave {100 * found["state"]:.0f} % of
{found["runs"]:.0f} runs the same state, and the shares of tiles that they could name differ by
{found["readable"]:.0f} percentage points on average. A label holds for the very pictures that were seen: a run that
ends otherwise on another machine has none.
"""


def table_of(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def tuned_on(found: Figures) -> str:
    """Say how many runs of each corpus rules were tuned on."""

    def of(*names: str) -> str:
        tuned, measured = (
            sum(found[part][name]["runs"] for name in names if name in found[part]) for part in ("tuned", "measured")
        )
        return f"{tuned} of the {tuned + measured} runs"

    return (
        f"{of('MNIST', 'points')} on MNIST and points, {of('colour pictures, with classes')} on colour pictures\n"
        f"and {of('other trainers')} by other people's trainers"
    )


def accuracy(lines: Mapping[str, Figures]) -> str:
    """Return a line for each domain: how many runs were judged rightly, and every kind of mistake."""
    heading = ("runs", "n", "right", "inconclusive", "accused", "missed", "flattered", "surely accused", "onset")
    rows = []
    for name, its in lines.items():
        onset = "" if its["onset_error"] is None else f"{100 * its['onset_error']:.0f} % ({its['onsets']})"
        right = f"{its['right']} ({100 * its['right'] / its['runs']:.0f} %) [{its['low']:.2f}, {its['high']:.2f}]"
        mistakes = (
            f"{its[mistake]} of {its[of]}"
            for mistake, of in (("accused", "good"), ("missed", "failed"), ("flattered", "poor"))
        )
        rows.append((name, its["runs"], right, its["inconclusive"], *mistakes, its["surely_accused"], onset))
    return table_of(heading, rows)


def by_state(lines: Mapping[str, Figures]) -> str:
    """Return a line for each domain: how many good, poor and failed runs were judged rightly."""
    rows = []
    for name, its in lines.items():
        states = (its["states"][state] for state in ("good", "poor", "failed"))
        rows.append((name, *(f"{each['right']} of {each['runs']} ({each['inconclusive']})" for each in states)))
    return table_of(("runs", "good", "poor", "failed"), rows)


def surely_accused(lines: Mapping[str, Figures]) -> str:
    """Return what was held wrongly and surely against runs, a sentence for each domain."""
    found = {name: its["surely_accused_of"] for name, its in lines.items() if its["surely_accused_of"]}
    if not found:
        return "No run was surely accused of a failure that it does not have."
    parts = (
        f"{name}: {', '.join(f'{verdict} {count}' for verdict, count in its.items())}" for name, its in found.items()
    )
    return f"Surely accused of, by domain: {'; '.join(parts)}."


def baselines(lines: Mapping[str, Figures]) -> str:
    """Return a line for each domain: the share that each judge is right on."""
    names = list(dict.fromkeys(name for its in lines.values() for name in its["baselines"]))

    def cell(its: Figures) -> str:
        return f"{100 * its['right'] / its['runs']:.0f} % ({its['accused']} accused, {its['missed']} missed)"

    rows = [(domain, cell(its), *(cell(its["baselines"][name]) for name in names)) for domain, its in lines.items()]
    return table_of(("runs", "ganlab", *names), rows)


def cells_table(cells: Sequence[Cell]) -> str:
    """Return a line for each domain, kind of verdict and number of samples: right, of decided runs, by snapshots."""
    counts = sorted({cell.snapshots for cell in cells if cell.snapshots})
    rows = []
    for domain, accusing, samples in sorted({cell[:3] for cell in cells}, key=_order):
        found = {cell.snapshots: _decided(cell) for cell in cells if cell[:3] == (domain, accusing, samples)}
        shown = [found.get(0, "")] if not samples else [found.get(count, "") for count in counts]
        shown += [""] * (len(counts) - len(shown))
        runs = f"{DOMAINS[domain]} {FOUND[accusing]}"
        rows.append((runs, f"{samples:,}" if samples else "losses alone", *shown))
    plural = [f"{count} snapshot{'s' if count > 1 else ''}" for count in counts]
    return table_of(("", "samples", *plural), rows)


def _order(cell: tuple[str, bool, int]) -> tuple[int, bool, int]:
    domain, accusing, samples = cell
    return list(DOMAINS).index(domain), not accusing, samples


def _decided(cell: Cell) -> str:
    return f"{cell.right} of {cell.runs}" + (", uncalibrated" if cell.runs < ENOUGH_RUNS else "")


def confidence(lines: Sequence[Figures]) -> str:
    """Return a line for each domain and kind of verdict: what was said on average of all cuts, and what came true."""
    rows = [
        (
            f"{DOMAINS[its['domain']]} {FOUND[its['accusing']]}",
            its["runs"],
            its["verdicts"],
            f"{100 * its['confidence']:.0f} %",
            f"{100 * its['right']:.0f} %",
        )
        for its in lines
    ]
    return table_of(("", "runs", "calibrated verdicts on cuts", "mean confidence", "right"), rows)


def confusions(found: Mapping[str, Mapping[str, Mapping[str, int]]]) -> str:
    """Return a table for each domain: labels against verdicts."""
    parts = []
    for name, counts in found.items():
        labels = sorted({label for its in counts.values() for label in its})
        rows = [(verdict, *(its.get(label, "") for label in labels)) for verdict, its in counts.items()]
        parts.append(f"{name[0].upper()}{name[1:]}, runs that were only measured:\n\n{table_of(('', *labels), rows)}")
    return "\n\n".join(parts)


def wrong_ones(found: Mapping[str, Sequence[Figures]]) -> str:
    """Return a row for each wrong verdict."""
    rows = [
        (name, its["run"], its["label"], its["verdict"], f"{its['confidence']:.2f}", ", ".join(its["right"]))
        for name, each in found.items()
        for its in each
    ]
    return table_of(("domain", "run", "label", "verdict", "confidence", "right"), rows) if rows else "None."


# -- logs of other code ---------------------------------------------------------------------------------------------

LOGS_HEADING = "## Logs of other code"
COLUMNS = ("logs", "read", "decided", "right", "accused", "flattered")


def on_logs(found: Figures) -> str:
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


# -- the README -----------------------------------------------------------------------------------------------------

HEADING = (
    "labelled runs that no rule was tuned on",
    "verdicts right",
    "95 % interval",
    "good runs accused",
    "failed runs called healthy",
)
"""Of the README's table."""


def short_table(found: Figures) -> str:
    """Return the README's table: how often verdicts on runs with samples are right."""
    rows = [
        (
            name,
            f"{its['right']} of {its['runs']} ({100 * its['right'] / its['runs']:.0f} %)",
            f"{100 * its['low']:.0f} to {100 * its['high']:.0f} %",
            f"{its['accused']} of {its['good']}",
            f"{its['missed']} of {its['failed']}",
        )
        for name, its in found["measured"].items()
        if not name.endswith("alone")
    ]
    return table_of(HEADING, rows)


def with_table(readme: str, found: Figures) -> str:
    """Return the README with this table made again."""
    made = short_table(found)
    heading = made.splitlines()[0]
    paragraphs = readme.split("\n\n")
    (place,) = [index for index, paragraph in enumerate(paragraphs) if paragraph.startswith(heading)]
    paragraphs[place] = made
    return "\n\n".join(paragraphs)


def outcome(found: Figures) -> str:
    """Return the outcome that the remark on the measured runs is written for."""
    return "; ".join(f"{name}: {its['right']} of {its['runs']}" for name, its in found["measured"].items())


def main() -> None:
    """Write the page and the README's table."""
    found, remarks = read_json(FIGURES), read_remarks("verdict_accuracy")
    PAGE.write_text(page(found, read_json(LOGS), [Cell(**each) for each in table()["cells"]], remarks.get(HISTORY)))
    README.write_text(with_table(README.read_text(), found))
    for line in outdated(remarks, {HISTORY: outcome(found)}):
        print(f"warning: a remark may no longer be true: {line}")


if __name__ == "__main__":
    main()
