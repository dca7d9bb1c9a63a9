"""Every fault test at its full N, and the table of docs/reliability.md written from the figures it printed.

    python -m docs.make.reliability           # about half an hour on two cores
    python -m docs.make.reliability --small   # at the suite's own N, a minute or two; prints the table only

The tests say each figure in a line such as `row 1: identical 50 of 50`; of equal words the largest N counts.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
LINE = re.compile(r"row (\d+): (.+) (\d+) of (\d+)")

FAULTS = {
    1: ("kill -9 at a random moment, again and again", "the run ends as if nothing had been", "kill_anytime"),
    2: ("kill -9 while a checkpoint is written", "whole or absent; what is left over is swept", "kill_while_saving"),
    3: (
        "bytes of the newest checkpoint changed",
        "seen; the one before is used, with a warning",
        "damaged_checkpoints",
    ),
    4: ("the experiment changed before a resume", "refused with the difference, unless allowed", "changed_config"),
    5: ("SIGTERM or SIGINT", "the step is finished and saved; exit 75 or 130", "signals"),
    6: ("NaN or Inf", "step, tensor and layer named; never masked, never saved", "non_finite"),
    7: ("the disk is full", "what was saved stays; exit 75; goes on when there is room", "disk_full"),
    8: ("many starts, many resumes at once", "a directory each; one holder, whom the others name", "many_starts"),
    9: ("half or corrupt downloads", "never accepted", "downloads"),
    10: ("hostile checkpoints", "nothing in them runs; one clear message", "hostile_checkpoints"),
    11: ("hostile or broken YAML", "refused with file and line", "hostile_yaml"),
    12: ("hostile names and texts", "nothing outside the runs folder; nothing active printed", "hostile_names"),
    13: (
        "damaged run directories, diagnosed and evaluated",
        "left as they are; judged by what is left, gaps stated, never surely wrong; or exit 2",
        "damaged_runs",
    ),
    14: ("torn rows", "cut back; no step twice, none missing", "torn_rows"),
    15: (
        "a sweep's workers killed, or out of memory",
        "told apart, tried again from the checkpoint at most twice; the others go on",
        "sweeps",
    ),
    16: ("the sweep itself killed", "no process is left; the same command goes on, and does nothing twice", "sweeps"),
}
"""Fault, promise and test of each row, by its number in the figures."""


def measure(expression: str) -> list[str]:
    """Run the fault tests that a marker expression chooses, and return the lines they said."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "figures"
        environment = {**os.environ, "GANLAB_FIGURES": str(lines), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "pytest", "tests/faults", "-n", "0", "-q", "-m", expression]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        return lines.read_text().splitlines()


def table(lines: list[str]) -> str:
    """Return the figures as a table, a row a fault."""
    figures: dict[int, dict[str, tuple[int, int]]] = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{line!r} is no figure")
        row, words, good, count = int(match[1]), match[2], int(match[3]), int(match[4])
        if count >= figures.setdefault(row, {}).get(words, (0, 0))[1]:
            figures[row][words] = (good, count)
    rows = ["| fault | promise | figures | command |", "| --- | --- | --- | --- |"]
    for row, (fault, promise, name) in FAULTS.items():
        said = "<br>".join(f"{words} **{good} of {count}**" for words, (good, count) in figures[row].items())
        rows.append(f"| {fault} | {promise} | {said} | `pytest tests/faults/test_{name}.py -m slow` |")
    return "\n".join(rows)


def main(small: bool) -> None:
    """Measure, print the table, and at full N write it between the page's two marks."""
    text = table(measure("not slow" if small else "slow or not slow"))
    print(text)
    if not small:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(small="--small" in sys.argv)
