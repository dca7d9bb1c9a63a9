"""Run every fault test at its full number of trials N, and write the table of docs/reliability.md.

    python -m docs.make.reliability           # about half an hour on two cores
    python -m docs.make.reliability --small   # with the suite's own N: a minute or two; only prints the table

The tests print each figure as a line such as `row 1: identical 50 of 50`; of lines with the same words, the one with
the largest N counts.
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
    1: ("kill -9 at a random moment, again and again", "the run ends as if it had not been killed", "kill_anytime"),
    2: (
        "kill -9 while a checkpoint is written",
        "the checkpoint is complete or absent; leftovers are removed",
        "kill_while_saving",
    ),
    3: (
        "bytes of the newest checkpoint changed",
        "detected; the one before is used, with a warning",
        "damaged_checkpoints",
    ),
    4: (
        "the experiment changed before a resume",
        "refused with the difference, unless allowed explicitly",
        "changed_config",
    ),
    5: ("SIGTERM or SIGINT", "the step is finished and saved; exit code 75 or 130", "signals"),
    6: ("NaN or Inf", "step, tensor and layer named; never masked, never saved", "non_finite"),
    7: (
        "the disk is full",
        "what was saved stays; exit code 75; the run can be resumed when there is space",
        "disk_full",
    ),
    8: (
        "many starts and resumes at the same time",
        "each start has its own directory; one process holds a run, and the others name it",
        "many_starts",
    ),
    9: ("half or corrupt downloads", "never accepted", "downloads"),
    10: ("hostile checkpoints", "nothing in them runs; one clear message", "hostile_checkpoints"),
    11: ("hostile or broken YAML", "refused with file and line", "hostile_yaml"),
    12: (
        "hostile names and texts",
        "nothing is written outside the runs folder; no control characters are printed",
        "hostile_names",
    ),
    13: (
        "damaged run directories, diagnosed and evaluated",
        "left unchanged; judged by what is left, gaps stated, never wrong with high confidence; or exit code 2",
        "damaged_runs",
    ),
    14: ("torn rows", "truncated; no step twice, none missing", "torn_rows"),
    15: (
        "a sweep's workers killed, or out of memory",
        "the cause is recorded; retried from the checkpoint at most twice; other runs continue",
        "sweeps",
    ),
    16: ("the sweep itself killed", "no process is left; the same command continues, and does nothing twice", "sweeps"),
}
"""Fault, promise and test of each row, by its number in the figures."""


def measure(expression: str) -> list[str]:
    """Run the fault tests selected by a marker expression, and return the lines that they printed."""
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "figures"
        environment = {**os.environ, "GANLAB_FIGURES": str(lines), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "pytest", "tests/faults", "-n", "0", "-q", "-m", expression]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        return lines.read_text().splitlines()


def table(lines: list[str]) -> str:
    """Return the figures as a table, one row per fault."""
    figures: dict[int, dict[str, tuple[int, int]]] = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{line!r} is not a figure")
        row, words, good, count = int(match[1]), match[2], int(match[3]), int(match[4])
        if count >= figures.setdefault(row, {}).get(words, (0, 0))[1]:
            figures[row][words] = (good, count)
    rows = ["| fault | promise | figures | command |", "| --- | --- | --- | --- |"]
    for row, (fault, promise, name) in FAULTS.items():
        said = "<br>".join(f"{words} **{good} of {count}**" for words, (good, count) in figures[row].items())
        rows.append(f"| {fault} | {promise} | {said} | `pytest tests/faults/test_{name}.py -m slow` |")
    return "\n".join(rows)


def main(small: bool) -> None:
    """Measure, print the table, and at full N write it between the two markers in the page."""
    text = table(measure("not slow" if small else "slow or not slow"))
    print(text)
    if not small:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(small="--small" in sys.argv)
