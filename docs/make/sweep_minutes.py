"""How long the shipped sweeps take on two cores, as `ganlab sweep NAME --dry-run` estimates it from a few real steps.

    python -m docs.make.sweep_minutes            # all, about five minutes; writes the table in docs/speed.md
    python -m docs.make.sweep_minutes zoo guide  # some of them

Each sweep states the time at the top of its file; a test compares the two. It takes cores that nothing else uses.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import dropwhile, takewhile
from typing import NamedTuple

from docs.make.minutes import CORES, GAP, PAGE, TOLERANCE, WORDS
from ganlab.cli.sweep_words import bounds
from ganlab.config.shipped import SWEEPS, find_sweep, list_sweeps
from ganlab.sweeps.estimate import estimate
from ganlab.sweeps.executors.local import threads_of
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.spec import load_spec

HEADING = "| sweep | runs | minutes |\n| --- | --- | --- |\n"
COUNT = rf"(?:[0-9]+|{'|'.join(WORDS)})"
STATED = re.compile(
    rf"about{GAP}(?P<least>{COUNT})(?:{GAP}to{GAP}(?P<most>{COUNT}))?{GAP}minutes{GAP}on{GAP}two{GAP}cores", re.I
)

NAMES = [name.removeprefix(SWEEPS) for name, _ in list_sweeps()]


class Range(NamedTuple):
    """The least and the most of something; the same twice where no claim decides how many runs there are."""

    least: int
    most: int

    def near(self, other: Range) -> bool:
        """Return whether both ends are those of another range, up to TOLERANCE."""
        return all(a <= TOLERANCE * b and b <= TOLERANCE * a for a, b in zip(self, other, strict=True))


class Measured(NamedTuple):
    """A row of the table: how many runs a sweep has, and the minutes that they take with two workers."""

    name: str
    runs: Range
    minutes: Range


def stated(text: str) -> Range | None:
    """Return the minutes that the comment at the top of a sweep's file states, if it does."""
    found = STATED.search(text)
    if found is None:
        return None
    least, most = (number(found[end] or found["least"]) for end in ("least", "most"))
    return Range(least, most)


def number(word: str) -> int:
    """Return the whole number that digits or a word stand for."""
    return int(word) if word.isdigit() else 1 + WORDS.index(word.lower())


def runs_of(plan: Plan) -> Range:
    """Return how many runs a plan has."""
    return Range(plan.least, len(plan.runs))


def measure(name: str) -> Measured:
    """Return what a sweep takes with a worker on each of two cores."""
    plan = make_plan(load_spec(name))
    found = estimate(plan.runs, threads_of(CORES))
    least, most = (max(1, round(seconds / 60 / CORES)) for seconds in (found.least, found.seconds))
    return Measured(name, runs_of(plan), Range(least, most))


def row(measured: Measured) -> str:
    """Return a line of the table."""
    return f"| `{measured.name}` | {bounds(*measured.runs)} | {bounds(*measured.minutes)} |\n"


def table(page: str) -> Iterator[Measured]:
    """Yield the rows of the table in docs/speed.md."""
    for line in takewhile(lambda line: line.startswith("|"), page.partition(HEADING)[2].splitlines()):
        name, *cells = (cell.strip(" `") for cell in line.strip("|").split("|"))
        runs, minutes = (
            Range(int(least), int(most or least)) for least, _, most in (cell.partition(" to ") for cell in cells)
        )
        yield Measured(name, runs, minutes)


def write_table(rows: Iterable[Measured]) -> None:
    """Put the rows into the table in docs/speed.md, in the place of those of the same sweeps."""
    page = PAGE.read_text()
    known = {each.name: each for each in (*table(page), *rows)}
    lines = [row(known[name]) for name in NAMES if name in known]
    before, heading, rest = page.partition(HEADING)
    after = dropwhile(lambda line: line.startswith("|"), rest.splitlines(keepends=True))
    PAGE.write_text("".join((before, heading, *lines, *after)))


def main(names: list[str]) -> None:
    """Measure, and write the table."""
    for name in names or NAMES:
        measured = measure(name)
        says = stated(find_sweep(name).read_text())
        wrong = "" if says is not None and says.near(measured.minutes) else "  WRONG"
        states = "nothing" if says is None else bounds(*says)
        print(f"{name}: {bounds(*measured.minutes)} minutes, states {states}{wrong}", flush=True)
        write_table([measured])


if __name__ == "__main__":
    main(sys.argv[1:])
