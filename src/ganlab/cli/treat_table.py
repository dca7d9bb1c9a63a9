"""What a treatment came to, as the terminal shows it: a row an arm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from ganlab.cli.console import console, print_json, print_table, say
from ganlab.cli.sweep_words import duration
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import headline
from ganlab.report.treated_arms import ArmRow, arm_rows, length_words
from ganlab.runs.directory import RunDirectory
from ganlab.runs.names import TREATMENT_FILE
from ganlab.text import printable
from ganlab.treatment.carry_out import Treatment
from ganlab.treatment.words import conclusion_words
from ganlab.verdicts import words

STYLES = {"cured": "bold green", "no better than chance": "yellow", "made it worse": "red", "control": "dim"}
"""Colour of a conclusion."""

WHOLE = 24
"""Characters of an arm's name up to which a narrow terminal does not break it."""

EXPLAINED = (
    "quality: mean FID of the last snapshots (energy distance if there is no FID), lower is better{}; "
    "in brackets that of the unchanged trials of the same seeds"
)
"""What the numbers of the table are."""

VARIETY = "; variety: mean coverage (relative Vendi score if there is none), higher is better"


def show_treatment(done: Treatment, as_json: bool) -> None:
    """Print the table, what is proved, and where the cure is."""
    if as_json:
        print_json({"folder": str(done.folder), **done.as_json()})
        return
    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    rows = arm_rows([each.as_json() for each in done.arms])
    varied = any(row.variety != "-" for row in rows)
    whole = max(len(row.name) for row in rows) <= WHOLE
    for heading in ("arm", "verdicts", "cured", "quality", *["variety"] * varied, "time", "conclusion"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "arm" and whole)
    for row in rows:
        table.add_row(*_cells(row, varied))
    out.print(printable(f"{words(done.plan.failure)}; {length_words(done.plan.steps, done.plan.own_steps)}"))
    print_table(out, table)
    say(out, EXPLAINED.format(VARIETY * varied))
    say(out, printable(conclusion_words(done)), "bold")
    page = RunDirectory(done.folder).page
    for path in filter(None, (done.folder / TREATMENT_FILE, page if page.is_file() else None, done.cured)):
        out.print(printable(path))
    for line in _finished(done.finished) if done.finished is not None else ():
        say(out, printable(line))


def _cells(row: ArmRow, varied: bool) -> list[Text]:
    cells = (row.name, row.verdicts, row.cured, row.quality, *[row.variety] * varied, duration(row.seconds))
    return [*(Text(printable(cell)) for cell in cells), Text(row.conclusion, style=STYLES.get(row.conclusion, ""))]


def _finished(path: Path) -> Iterator[str]:
    """Yield what became of the cured experiment, trained to its end, and where its page is."""
    run = RunDirectory(path)
    if run.verdict.is_file():
        yield f"trained to its end, the cured experiment is judged: {headline(Verdict.read(run.verdict))}"
    yield str(run.page if run.page.is_file() else path)
