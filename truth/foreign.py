"""How often the verdicts on logs of other code are right: a folder of logs with an index, judged without any option.

    python -m truth.foreign FOLDER --numbers odd                                      each log and its verdict
    python -m truth.foreign FOLDER --numbers even --into docs/verdicts/foreign.json   and the counts, for the page

FOLDER holds the logs, each named by its number (`07.log`), and INDEX.md: lines of cells between `|`, among them a
heading with the cell `right verdict`. The first cell of a log's line is its number, and its right verdicts are all that
its cell there names, except those with `not` before or behind. Counts are written, never anything of the logs.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.sessions import diagnose_path
from ganlab.errors import GanlabError
from ganlab.verdicts import KINDS, accuses, failure_of, matches
from truth.accuracy import commit

UNREAD = "not read"
"""In the place of a verdict, for a log in which nothing was found."""

NAMES = {name.rpartition("/")[2]: name for name in KINDS} | {name: name for name in KINDS}
"""Verdicts by what an index may call them: their variant alone, or the whole name."""

NAME = re.compile(rf"(not )?\b({'|'.join(sorted(NAMES, key=len, reverse=True))})\b(?!/)( not\b)?")


@dataclass(frozen=True)
class Case:
    """A log, with what may be said of it and what was.

    Attributes:
        number: of the log, in its index.
        right: names of the verdicts that are right; a failure stands for its variants.
        verdict: name of the verdict, or UNREAD.
        message: its summary, or why the log was not read.
    """

    number: str
    right: tuple[str, ...]
    verdict: str
    message: str

    @property
    def hit(self) -> bool:
        """Whether the verdict is right."""
        return self.verdict != UNREAD and matches(self.verdict, self.right)

    @property
    def accused(self) -> bool:
        """Whether the verdict accuses the run of another failure than those that it has."""
        return self.verdict != UNREAD and accuses(self.verdict) and not self.hit

    @property
    def flattered(self) -> bool:
        """Whether the verdict is `healthy`, and that is wrong."""
        return self.verdict == "healthy" and not self.hit


def right_verdicts(cell: str) -> tuple[str, ...]:
    """Return the names of the verdicts that a cell of the index calls right."""
    found = [NAMES[name] for before, name, behind in NAME.findall(cell) if not before and not behind]
    return tuple(dict.fromkeys(found))


def index(folder: Path) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    """Yield number, log and right verdicts of each line of the index whose log is there."""
    column = None
    for line in (folder / "INDEX.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if "right verdict" in cells:
            column = cells.index("right verdict")
        elif column is not None and len(cells) > column and (number := re.match(r"\d+", cells[0])):
            for log in sorted(folder.glob(f"{number[0]}.*")) or sorted(folder.glob(number[0])):
                yield number[0], log, right_verdicts(cells[column])


def judged(folder: Path, numbers: str) -> list[Case]:
    """Judge the logs of a folder; `numbers` is `odd`, `even` or `all`."""
    wanted = {"odd": (1,), "even": (0,), "all": (0, 1)}[numbers]
    found = []
    for number, log, right in index(folder):
        if int(number) % 2 in wanted:
            try:
                verdict = diagnose_path(log, ReadOptions())
            except GanlabError as error:
                found.append(Case(number, right, UNREAD, error.message))
            else:
                found.append(Case(number, right, verdict.name, verdict.summary))
    return found


def counts(cases: Sequence[Case]) -> dict[str, int]:
    """Count the logs, those that were read, decided, judged rightly, accused falsely and called healthy wrongly."""
    return {
        "logs": len(cases),
        "read": sum(each.verdict != UNREAD for each in cases),
        "decided": sum(each.verdict not in (UNREAD, "inconclusive") for each in cases),
        "right": sum(each.hit for each in cases),
        "accused": sum(each.accused for each in cases),
        "flattered": sum(each.flattered for each in cases),
    }


def figures(cases: Sequence[Case], numbers: str) -> dict[str, Any]:
    """What the page is made from: the counts, the verdicts by number, and how to make them again."""
    return {
        "made_from": {"command": f"python -m truth.foreign FOLDER --numbers {numbers}", "commit": commit()},
        **counts(cases),
        "verdicts": {each.number: [failure_of(each.verdict), each.hit] for each in cases},
    }


def main() -> None:
    """Read the command line, print a line per log and the counts, and write the figures."""
    parser = argparse.ArgumentParser(description="How often the verdicts on logs of other code are right.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--numbers", choices=["odd", "even", "all"], default="all")
    parser.add_argument("--into", type=Path)
    arguments = parser.parse_args()
    cases = judged(arguments.folder, arguments.numbers)
    for each in cases:
        mark = "!" if each.accused or each.flattered else " " if each.hit else "X"
        print(f"{mark} {each.number:>4}  {each.verdict:44} {' or '.join(each.right)}\n        {each.message}")
    print(counts(cases))
    if arguments.into is not None:
        arguments.into.write_text(json.dumps(figures(cases, arguments.numbers), indent=1) + "\n")


if __name__ == "__main__":
    main()
