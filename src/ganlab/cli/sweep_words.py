"""A sweep in words: how a run ended, how far all of them are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganlab.sweeps.progress import Glance, Totals
from ganlab.text import printable
from ganlab.verdicts import INCONCLUSIVE, certainty

if TYPE_CHECKING:
    from ganlab.diagnosis.so_far import SoFar
    from ganlab.sweeps.plan import Plan, PlannedRun


def duration(seconds: float) -> str:
    """Return seconds as a person would say them: `41 s`, `12 min`, `2 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def reading(seen: Glance) -> str:
    """Return what a run was judged to be, and how surely; a dash if it was not."""
    if seen.verdict is None or seen.verdict.name == INCONCLUSIVE:
        return seen.reading or "-"
    return _surely(seen.verdict.name, seen.verdict.confidence)


def so_far(readings: SoFar) -> str:
    """Return what a run that goes on reads as, and how surely; a dash before its first snapshot."""
    if readings.now is None:
        return "-"
    return _surely(readings.claim, readings.now.confidence) if readings.claim else "too early to tell"


def _surely(name: str, confidence: float) -> str:
    sure = certainty(name, confidence)
    return f"{name} ({sure})" if sure else name


def outcome(planned: PlannedRun, seen: Glance) -> str:
    """Return how a run ended: `mode_collapse/partial (93 %), as expected, 41 s`."""
    parts = [reading(seen)]
    expect = planned.experiment.expect
    if expect:
        parts.append("as expected" if seen.agrees(expect) else f"expected {' or '.join(expect)}")
    if seen.state == "stopped":
        parts.append(f"stopped at step {seen.step}/{seen.steps}")
    if seen.seconds is not None:
        parts.append(duration(seen.seconds))
    return ", ".join(parts)


def opening(plan: Plan, folder: Path, done_before: int) -> str:
    """Say where a sweep is written, and how much of it there is."""
    done = f", {done_before} of them done before" if done_before else ""
    return printable(f"sweep {folder}: {opening_count(plan)}{done}")


def opening_count(plan: Plan) -> str:
    """Return how many runs a plan has: `87 runs`, or `87 to 270 runs` if claims decide."""
    return f"{bounds(plan.least, len(plan.runs))} runs"


def bounds(least: float, most: float) -> str:
    """Return two whole numbers as a range: `12 to 40`; one if they are the same."""
    return f"{most:.0f}" if f"{least:.0f}" == f"{most:.0f}" else f"{least:.0f} to {most:.0f}"


def called(planned: PlannedRun) -> str:
    """Name a run by what it is."""
    return f"{planned.config} s{planned.seed}"


def failure(cause: str, words: str) -> str:
    """Say of what a run died: `out of memory: killed by SIGKILL`."""
    return ": ".join(part for part in (cause.replace("_", " "), " ".join(words.split())) if part)


def retry(planned: PlannedRun, cause: str, words: str, attempt: int) -> str:
    """Say that a run died, of what, and which attempt will follow."""
    return printable(f"{called(planned)}: {failure(cause, words)}; attempt {attempt} follows")


def totals_words(totals: Totals) -> str:
    """Say how far the sweep is, in a line."""
    parts = [f"{totals.done}/{totals.total} done", f"{totals.failed} failed", f"{totals.running} running"]
    if totals.optional:
        parts.insert(1, f"{totals.optional} only if needed")
    if totals.not_needed:
        parts.insert(1, f"{totals.not_needed} not needed")
    if totals.rate is not None:
        parts.append(f"{totals.rate:,.{0 if totals.rate >= 10 else 1}f} steps/s")
    if totals.left is not None:
        parts.append(f"{'at most' if totals.optional else 'about'} {duration(totals.left)} left")
    if totals.saved:
        parts.append(f"early stops saved {duration(totals.saved)} of training")
    return ", ".join(parts)


def number(value: float | None) -> str:
    """Return a loss, NaN and Inf as such, or a dash where there is none."""
    return "-" if value is None else f"{value:.3g}"
