"""What `ganlab diagnose` was asked to do with each path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.sessions import Target, find_target
from ganlab.diagnosis.verdict import Verdict
from ganlab.verdicts import matches


@dataclass(frozen=True)
class Order:
    """How to read, where runs are, where to write, which verdicts the command fails on, for whom to print, where
    `--export` writes, and the file that holds what came by standard input."""

    options: ReadOptions
    runs_dir: Path
    out: Path | None
    wanted: tuple[str, ...]
    as_json: bool
    export: Path | None = None
    standard_input: Path | None = None

    def fails(self, verdict: Verdict) -> bool:
        """Return whether `--fail-on` names a verdict."""
        return matches(verdict.name, self.wanted)

    def find(self, path: str) -> Target:
        """Return what a path, or a run's name or a part of that, means; `-` is standard input, "" the samples alone.

        Raises:
            RunError: there is no such file or run, or several runs have such a name.
        """
        if not path and self.options.samples is not None:
            return Target(None, None, str(self.options.samples))
        if path == "-" and self.standard_input is not None:
            return Target(self.standard_input, None, "standard input")
        return find_target(path, self.runs_dir)
