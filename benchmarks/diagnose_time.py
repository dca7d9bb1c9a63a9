"""How long it takes to judge a log, and how much memory.

    python benchmarks/diagnose_time.py [--megabytes 100] [--turns 3]

Writes logs of a made-up training into a temporary folder: short ones in several forms, and a long one as text, CSV and
JSON lines. Runs `ganlab diagnose` on each in a process of its own, and prints CPU seconds (user and system, the least
of the turns) and peak memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

SHORT = 500
"""Rows of a short log."""

PER_EPOCH = 1000

Row = tuple[int, float, float]
"""Number from 0, and the losses of D and G."""

FORMS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "text": (
        "",
        lambda row: (
            f"[Epoch {row[0] // PER_EPOCH}/5000] [Batch {row[0] % PER_EPOCH}/{PER_EPOCH}] "
            f"[D loss: {row[1]:.6f}] [G loss: {row[2]:.6f}]\n"
        ),
    ),
    "csv": ("step,d_loss,g_loss\n", lambda row: f"{row[0]},{row[1]:.6f},{row[2]:.6f}\n"),
    "jsonl": ("", lambda row: f'{{"step": {row[0]}, "d_loss": {row[1]:.6f}, "g_loss": {row[2]:.6f}}}\n'),
    "fid": ("step,fid\n", lambda row: f"{row[0]},{20 * row[1]:.4f}\n"),
}


def rows() -> Iterator[Row]:
    """Yield the losses of a quiet training, without end."""
    draw, number = np.random.default_rng(0), 0
    while True:
        for d_loss, g_loss in (draw.normal(size=(10_000, 2)) * 0.05 + (1.3, 0.9)).tolist():
            yield number, d_loss, g_loss
            number += 1


def write(path: Path, form: str, size: int | None) -> None:
    """Write a log of SHORT rows, or of a number of bytes."""
    head, line = FORMS[form]
    with path.open("w") as file:
        written = file.write(head)
        for row in rows():
            if written >= size if size is not None else row[0] == SHORT:
                return
            written += file.write(line(row))


def measure(path: Path) -> tuple[float, float]:
    """Return CPU seconds and peak memory in MB of `ganlab diagnose` on a log."""
    process = subprocess.Popen([sys.executable, "-m", "ganlab", "diagnose", str(path)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"ganlab diagnose {path} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            for size in (None, options.megabytes * 1_000_000):
                if size is not None and form == "fid":
                    continue
                path = Path(folder) / f"log.{form}"
                write(path, form, size)
                found = [measure(path) for _ in range(options.turns if size is None else 1)]
                seconds, memory = min(each for each, _ in found), max(each for _, each in found)
                name = f"{SHORT} rows" if size is None else f"{options.megabytes} MB"
                print(f"{form}, {name}: {seconds:.2f} s of CPU, {memory:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
