"""Runs side by side: the settings that differ, the verdicts, the final numbers, and one picture."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ganlab.config.experiment import Experiment
from ganlab.config.load import difference
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import GanlabError, RunError
from ganlab.plots.comparisons import LETTERS, Compared, Scale, comparison
from ganlab.plots.figures import Values, save_figure
from ganlab.plots.grids import Pixels
from ganlab.report.grids import last_grid
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import require_place
from ganlab.runs.history import History, read_history
from ganlab.runs.snapshots import Row, read_snapshots, shown_in
from ganlab.verdicts import certainty

LATE = 20
"""Final losses and accuracies are medians over one part in so many of the steps: single steps are noise."""

CURVES = ("d_loss", "g_loss", "d_acc_real", "d_acc_fake")
"""Columns of the history whose late values are compared."""

STATISTICS = shown_in("compare")
"""Statistics of the last snapshot that are compared."""

PANELS: dict[str, Scale] = {
    "D loss": "linear",
    "G loss": "linear",
    "D accuracy, real and fake together, %": "percent",
    "FID": "log",
}
"""Panels of the picture, and their axes."""

SAME = ("name", "seed", "claim", "expect")
"""Settings that say what a run is called or claims, not how it is trained; the seed is among the facts."""

Content = TypeVar("Content")


@dataclass(frozen=True, eq=False)
class Side:
    """One of the runs, as far as it can be read.

    Attributes:
        run: its directory.
        facts: state, step, seed, verdict, onset and confidence by heading, numbers as such; None for what is not known.
        verdict: `failure` or `failure/variant`; empty if it was not judged.
        experiment: what was trained; None for other people's runs.
        history, snapshots: what was recorded; empty if nothing was or it cannot be read.
        grid: step and picture of the last samples.
        gaps: what could not be read, and why.
    """

    run: RunDirectory
    facts: Mapping[str, str | int | float | None]
    verdict: str
    experiment: Experiment | None
    history: History
    snapshots: Sequence[Row]
    grid: tuple[int, Pixels] | None
    gaps: tuple[str, ...]


@dataclass(frozen=True)
class RunComparison:
    """What 2 to 8 runs have in common, and what not.

    Attributes:
        sides: the runs, in the order they were named.
        settings: dotted path -> its value in each run, for what is not the same in all that say it; None if a run
            has no such key or no configuration.
        numbers: name -> final value in each run; None if it is not known, NaN and infinity as they are.
        picture: the PNG.
    """

    sides: tuple[Side, ...]
    settings: Mapping[str, Sequence[Any]]
    numbers: Mapping[str, Sequence[float | None]]
    picture: Path

    def as_json(self) -> dict[str, Any]:
        """All of it but the curves, as plain values; a number that is not finite is a string."""
        return {
            "runs": [
                {"name": side.run.path.name, "path": str(side.run.path), **side.facts, "gaps": list(side.gaps)}
                for side in self.sides
            ],
            "settings": {key: list(values) for key, values in self.settings.items()},
            "numbers": {
                key: [str(value) if value is not None and not math.isfinite(value) else value for value in values]
                for key, values in self.numbers.items()
            },
            "picture": str(self.picture),
        }


def compare(runs: Sequence[RunDirectory], out: Path) -> RunComparison:
    """Lay runs side by side and draw them into `out`, a PNG. The runs themselves stay as they are.

    What is damaged in a run is left out and named in its gaps; the rest is compared.

    Raises:
        RunError: fewer than 2 or more than 8 runs, one named twice, or `out` is no PNG or cannot be written.
    """
    require_comparable(runs)
    if out.suffix.lower() != ".png":
        raise RunError(f"{out} is no name of a PNG", "name a file that ends in .png")
    require_place(out, "name another file with --out")
    sides = tuple(map(read_side, runs))
    settings = differing(sides)
    found = RunComparison(sides, settings, final_numbers(sides), out)
    drawn = [
        Compared(side.run.path.name, side.verdict, setting_words(settings, number), curves_of(side), side.grid)
        for number, side in enumerate(sides)
    ]
    figure = comparison(f"{len(runs)} runs side by side", drawn, PANELS)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, out.with_suffix(""), ("png",))
    except OSError as error:
        raise RunError(f"{out} cannot be written: {error.strerror or error}", "name another file with --out") from error
    return found


def require_comparable(runs: Sequence[RunDirectory]) -> None:
    """Raise RunError if there are fewer than 2 or more than 8 runs, or if one is named twice."""
    if not 2 <= len(runs) <= len(LETTERS):
        raise RunError(f"2 to {len(LETTERS)} runs can be compared, not {len(runs)}", "`ganlab ls runs` lists them")
    places = [run.path.resolve() for run in runs]
    twice = next((run for index, run in enumerate(runs) if places[index] in places[:index]), None)
    if twice is not None:
        raise RunError(f"{twice.path} is named twice", "name each run once")


def default_picture(runs: Sequence[RunDirectory], runs_dir: Path) -> Path:
    """Return a name that is the same for these runs and another for others, so that nothing else is replaced."""
    names = "\n".join(str(run.path.resolve()) for run in runs)
    digest = hashlib.sha256(names.encode(errors="surrogateescape")).digest()
    return runs_dir / f"comparison-{''.join(chr(ord('a') + byte % 26) for byte in digest[:8])}.png"


def read_side(run: RunDirectory) -> Side:
    """Read a run as far as it can be read; what cannot becomes a gap."""
    gaps: list[str] = []

    def reading(what: str, read: Callable[[], Content]) -> Content | None:
        try:
            return read()
        except GanlabError as error:
            gaps.append(f"{what}: {error.message}")
            return None

    status = reading("run.json", run.status)
    verdict = reading("verdict.json", lambda: Verdict.read(run.verdict)) if run.verdict.is_file() else None
    name = verdict.name if verdict else ""
    experiment = reading("config.yaml", run.experiment) if run.config.exists() else None
    history = reading("history.csv", lambda: _history(run)) or {}
    snapshots = reading("snapshots.jsonl", lambda: _snapshots(run)) or []
    grid = reading("samples", lambda: last_grid(run))
    facts = {
        "state": f"{status.status}{f' ({status.reason})' if status.reason else ''}" if status else None,
        "step": status.step if status else None,
        "seed": status.seed if status else None,
        "verdict": name or "not judged",
        "since step": verdict.onset_step if verdict else None,
        "confidence": verdict.confidence if verdict else None,
    }
    return Side(run, facts, name, experiment, history, snapshots, grid, tuple(gaps))


def _history(run: RunDirectory) -> History:
    """Read history.csv.

    Raises:
        RunError: it is missing or damaged, has no row, or its steps do not rise.
    """
    history = read_history(run.history)
    steps = history.get("step", np.zeros(0))
    if not len(steps) or not np.isfinite(steps).all() or (np.diff(steps) <= 0).any():
        raise RunError(f"{run.history} has no rows at rising steps", "restore the file")
    return history


def _snapshots(run: RunDirectory) -> list[Row]:
    """Read snapshots.jsonl; a run that takes none has no such file.

    Raises:
        RunError: it is damaged, has no row, or its steps do not rise.
    """
    rows = read_snapshots(run.snapshots)
    steps = [row["step"] for row in rows]
    rising = all(0 <= step < 2**53 for step in steps) and all(a < b for a, b in pairwise(steps))
    if not rising or (not rows and run.snapshots.exists()):
        raise RunError(f"{run.snapshots} has no rows at rising steps", "restore the file")
    return rows


def differing(sides: Sequence[Side]) -> dict[str, list[Any]]:
    """Return the settings in which not all runs that have a configuration agree, with the value of each run."""
    known = [side.experiment for side in sides if side.experiment is not None]
    if not known:
        return {}
    first = known[0]
    changes = [
        None if side.experiment is None else {key: (old, new) for key, old, new in difference(first, side.experiment)}
        for side in sides
    ]
    sections = list(Experiment.model_fields)
    found = dict.fromkeys(key for change in changes if change for key in change if key not in SAME)
    keys = sorted(found, key=lambda key: sections.index(key.partition(".")[0]))
    # Every difference is from the first run.
    base = {key: change[key][0] for change in changes if change for key in change}
    return {
        key: [None if change is None else change[key][1] if key in change else base[key] for change in changes]
        for key in keys
    }


def setting_words(settings: Mapping[str, Sequence[Any]], number: int) -> str:
    """Say what one run has for the settings that differ, but for how often it is looked at."""
    return ", ".join(
        f"{key} {value_words(values[number])}"
        for key, values in settings.items()
        if values[number] is not None and not key.startswith("monitor.")
    )


def value_words(value: Any) -> str:
    """Return a setting as an experiment file would have it; `-` if there is none."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, default=str)


def fact_words(heading: str, side: Side) -> str:
    """Return one of a side's facts as a table shows it; `-` if it is not known."""
    fact = side.facts[heading]
    if heading == "confidence":
        return certainty(side.verdict, None if fact is None else float(fact)) or "-"
    return "-" if fact is None else str(fact)


def final_numbers(sides: Sequence[Side]) -> dict[str, list[float | None]]:
    """Return late losses and accuracies, and statistics of the last snapshot, that any of the runs has."""
    rows = {
        **{f"{name} (late median)": [late_median(side.history, name) for side in sides] for name in CURVES},
        **{name: [last_statistic(side.snapshots, name) for side in sides] for name in STATISTICS},
    }
    return {name: values for name, values in rows.items() if any(value is not None for value in values)}


def late_median(history: History, name: str) -> float | None:
    """Return the median of a column over the last twentieth of the steps, NaN if one is; None without the column."""
    values = history.get(name, np.zeros(0))
    if not len(values) or np.isnan(values).all():
        return None
    return float(np.median(values[-max(1, len(values) // LATE) :]))


def last_statistic(snapshots: Sequence[Row], name: str) -> float | None:
    """Return a statistic of the last snapshot; NaN if it was not finite, None if it was not taken."""
    if not snapshots:
        return None
    return math.nan if name in snapshots[-1].non_finite else snapshots[-1].number(name)


def curves_of(side: Side) -> dict[str, tuple[Values, Values]]:
    """Return the curves of a run by panel: steps and values."""
    history = side.history
    found = {
        label: (history["step"], history[name])
        for label, name in (("D loss", "d_loss"), ("G loss", "g_loss"))
        if name in history
    }
    if "d_acc_real" in history and "d_acc_fake" in history:
        both = 50 * (history["d_acc_real"] + history["d_acc_fake"])
        if not np.isnan(both).all():
            found["D accuracy, real and fake together, %"] = history["step"], both
    rows = [(row.step, fid) for row in side.snapshots if (fid := row.number("fid")) is not None]
    if rows:
        steps, values = np.array(rows, dtype=float).T
        found["FID"] = steps, values
    return found
