"""What a treatment came to, as the terminal shows it: a row an arm."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from ganlab.cli.console import console, print_json, print_table, say
from ganlab.cli.sweep_words import duration
from ganlab.runs.names import TREATMENT_FILE
from ganlab.sweeps.counting import rate_words
from ganlab.text import printable
from ganlab.treatment.carry_out import Treatment
from ganlab.treatment.results import ArmResult
from ganlab.treatment.words import conclusion_words, length_words
from ganlab.verdicts import words

STYLES = {"cured": "bold green", "no better than chance": "yellow", "made it worse": "red", "control": "dim"}
"""Colour of a conclusion."""

HEADINGS = ("arm", "verdicts by seed", "cured", "quality", "variety", "time", "conclusion")


def show_treatment(done: Treatment, as_json: bool) -> None:
    """Print the table, what is proved, and where the cure is."""
    if as_json:
        print_json({"folder": str(done.folder), **done.as_json()})
        return
    out = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for each in done.arms:
        table.add_row(*_cells(each))
    out.print(printable(f"{words(done.plan.failure)}; {length_words(done.plan)}"))
    print_table(out, table)
    say(
        out,
        "quality (FID or energy distance, lower is better), variety: mean difference from unchanged over the seeds",
    )
    say(out, printable(conclusion_words(done)), "bold")
    for path in filter(None, (done.folder / TREATMENT_FILE, done.cured, done.finished)):
        out.print(printable(path))


def _cells(each: ArmResult) -> list[Text]:
    verdicts = "; ".join(words(trial.verdict) if trial.verdict else trial.state for trial in each.trials)
    cells = (
        f"{each.arm.name}, from {each.arm.start}" if each.arm.branch else each.arm.name,
        verdicts or "-",
        rate_words(each.cured, each.n) if each.n else "-",
        "-" if each.quality is None or each.arm.kind == "unchanged" else f"{each.quality:+.3g}",
        "-" if each.variety is None or each.arm.kind == "unchanged" else f"{each.variety:+.3g}",
        duration(each.seconds),
    )
    return [*(Text(printable(cell)) for cell in cells), Text(each.conclusion, style=STYLES.get(each.conclusion, ""))]
