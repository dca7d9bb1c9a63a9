"""What `ganlab ls runs` shows: a row for each run and each sweep, as far as their folders can be read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from ganlab.errors import GanlabError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.names import Named, runs_beside, runs_in, sweeps_in
from ganlab.runs.status import ENDED, RunStatus
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.progress import glance


def list_runs(folder: Path, part: str = "") -> list[dict[str, Any]]:
    """Return a row for each run and each sweep in a folder, oldest first; what is damaged is listed as such.

    Args:
        folder: the folder of runs.
        part: only those with this in the name of their folder; then runs inside sweeps have rows of their own too.

    Returns:
        For a run its `name`, `path`, `sweep` (the name of the folder, or None), `status`, `reason`, `step`, `steps`,
        `seconds`, `verdict`, `confidence` and `started`; for a sweep `runs`, `ended`, `running` and `verdicts` (how
        many ended runs have each) instead of what only a run has. None is what is not known.
    """
    rows = [(named.written, sweep_row(named.path)) for named in sweeps_in(folder) if part in named.path.name]
    for named in runs_in(folder) if part else runs_beside(folder):
        if part in named.path.name or (part and named.sweep is not None and part in named.sweep.name):
            rows.append((named.written, run_row(named)))
    return [row for _, row in sorted(rows, key=lambda timed: timed[0])]


def run_row(named: Named) -> dict[str, Any]:
    """Return the row of a run. The step of one that goes on is the last one in its history."""
    run, seen = RunDirectory(named.path), glance(RunDirectory(named.path))
    status: RunStatus | None = None
    state: str
    try:
        status = run.status()
        state, reason = run.state(status), status.reason
    except GanlabError as error:
        state, reason = "damaged", error.message
    # run.json has the step of the last session's end; a process that goes on, or was killed, got further.
    recorded = status.step if status is not None and status.status != "running" else None
    return {
        "kind": "run",
        "name": named.path.name,
        "path": str(named.path),
        "sweep": named.sweep.name if named.sweep else None,
        "status": state,
        "reason": reason,
        "step": seen.step if recorded is None else recorded,
        "steps": seen.steps,
        "seconds": seen.seconds,
        "verdict": seen.reading,
        "confidence": seen.confidence,
        "started": status.started if status else None,
    }


def sweep_row(path: Path) -> dict[str, Any]:
    """Return the row of a sweep: how many of its runs have ended or go on, and what those that ended were judged."""
    sweep = SweepFolder(path)
    runs = [(run, glance(run)) for run in (RunDirectory(named.path) for named in runs_in(path) if named.sweep == path)]
    ended = [seen for _, seen in runs if seen.state in ENDED]
    going = sum(seen.state == "running" and run.is_held() for run, seen in runs)
    planned, reason = None, ""
    try:
        planned = len(sweep.plan().runs)
        state = "running" if going else "finished" if len(ended) >= planned else "unfinished"
    except GanlabError as error:
        state, reason = "damaged", error.message
    return {
        "kind": "sweep",
        "name": path.name,
        "path": str(path),
        "status": state,
        "reason": reason,
        "runs": planned,
        "ended": len(ended),
        "running": going,
        "verdicts": dict(Counter(seen.reading for seen in ended if seen.reading).most_common()),
    }
