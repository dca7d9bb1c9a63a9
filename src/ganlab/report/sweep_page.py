"""What the page of a sweep shows, as the template and the script take it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganlab.errors import RunError
from ganlab.plots.grids import evenly_spaced
from ganlab.report.charts import Chart, Colour, Drawn, Line, draw, shown
from ganlab.report.courses import Course, medians, over_seeds
from ganlab.report.frames import Picture, thumbnail
from ganlab.report.run_page import SYMBOLS, TONE_WORDS, term_of
from ganlab.report.sweep import map_cell, maps, verdict_of
from ganlab.report.treatment_page import TreatmentPart
from ganlab.runs.snapshots import STATISTICS, shown_in
from ganlab.sweeps import claim_words
from ganlab.sweeps.claims import ClaimRow
from ganlab.sweeps.plan import Plan
from ganlab.sweeps.records import NOT_NEEDED, RunRecord, in_words
from ganlab.sweeps.summary import late_means
from ganlab.verdicts import certainty, failure_of, hue, rank, short_words, tone, words

PICTURES = 6_000_000
"""Bytes of all thumbnails together; as text they are a third more."""

SIDE = 220
"""Pixels of a thumbnail's longer side, at most."""

POINTS = 120
"""Points of a loss: each the median of a stretch of the run."""

CONFIGURATIONS = 80
"""Configurations whose curves are drawn, at most."""

OPEN = 6
"""Configurations up to which all curves are unfolded from the start."""

ROWS = 2_000
"""Runs that the table lists, at most."""

STATISTIC_COLUMNS = shown_in("sweep")
"""Statistics of the last snapshot in the table of runs."""

ANSWERS = {"yes": "good", "no": "bad"}
"""The tone of what is said of a claim; that of `undecided` is open."""

Link = Callable[[RunRecord], str]
"""Returns the address of a run's page; empty if it has none."""


@dataclass(frozen=True)
class _Run:
    """A run as the parts of the page show it, with its number on the page."""

    record: RunRecord
    number: int
    link: str
    picture: Picture | None
    gaps: Sequence[str]

    @property
    def name(self) -> str:
        """The verdict of a run that ended; empty if there is none yet."""
        return verdict_of(self.record)

    @property
    def told(self) -> dict[str, Any]:
        """Its verdict, or where it stands, as a badge shows it."""
        return verdict_badge(self.name) if self.name else state_badge(self.record.state)

    @property
    def told_short(self) -> dict[str, Any]:
        """The same in few words, where the failure is told beside it."""
        return {**self.told, "words": short_words(self.name)} if self.name else self.told


def verdict_badge(name: str) -> dict[str, Any]:
    """Return a verdict as a badge shows it: words, sign and colour."""
    feel = tone(name)
    return {
        "words": words(name),
        "tone": feel,
        "symbol": SYMBOLS[feel],
        "tone_words": TONE_WORDS[feel],
        "hue": hue(name),
    }


def state_badge(state: str) -> dict[str, Any]:
    """Return the state of a run without a verdict as a badge shows it."""
    bad = state == "failed"
    return {
        "words": "could not be trained" if bad else f"not judged: {state}",
        "tone": "bad" if bad else "open",
        "symbol": "!" if bad else "-",
        "tone_words": "a run that failed" if bad else "no verdict yet",
        "hue": "",
    }


def sweep_content(
    plan: Plan,
    records: Sequence[RunRecord],
    claims: Sequence[ClaimRow],
    link: Link,
    treatment: TreatmentPart | None = None,
    gaps: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the template `sweep.html` shows, and what the script reads.

    Args:
        plan: the sweep.
        records: what became of its runs, in the plan's order; those that are not needed are only counted.
        claims: what was claimed, and what was seen.
        link: where a run's page is.
        treatment: what `ganlab treat` found, if its trials are the runs; those of one arm then stand together.
        gaps: what could not be read of it.
    """
    needed = [record for record in records if record.state != NOT_NEEDED]
    runs, notes = _read(needed, link)
    notes += gaps
    by_id = {run.record.planned.id: run for run in runs}
    quality = _main_quality(runs)
    groups = _groups(runs, treatment)
    drawn = [_curves(number, group, quality, treatment) for number, group in enumerate(groups[:CONFIGURATIONS])]
    listed = [run for group in groups for run in group]
    kept = [listed[index] for index in evenly_spaced(len(listed), ROWS)]
    if len(groups) > len(drawn):
        notes.append(f"Curves are drawn of the first {len(drawn)} of {len(groups)} configurations.")
    if len(kept) < len(runs):
        notes.append(f"The table lists {len(kept):,} of {len(runs):,} runs, evenly spaced.")
    if spare := len(records) - len(needed):
        notes.append(f"{spare} further runs were not needed: the claims about their settings are decided without them.")
    each_is = "trial" if treatment else "run"
    content = {
        "title": f"Treatment of {treatment.run}" if treatment else f"Sweep {plan.spec.name}",
        "name": plan.spec.name,
        "treatment": treatment,
        "each_is": each_is,
        "quality": term_of(STATISTICS[quality]) if quality else "quality",
        "progress": _progress(needed, groups, each_is, "arm" if treatment else "configuration"),
        "counts": _verdict_counts(runs),
        "claims_words": _claims_words(claims),
        "no_claims": claim_words.NONE,
        "claims": [_claim(asdict(row)) for row in claims],
        "maps": list(_maps(plan, by_id)),
        "alone": _alone(groups),
        "configurations": drawn,
        "unfold": len(drawn) <= OPEN and treatment is None,
        "points": POINTS,
        "table": _table(plan, kept, treatment),
        "thumbs": [run for run in runs if run.picture is not None],
        "notes": notes,
    }
    charts: list[Drawn] = [chart for each in drawn for chart in each["charts"]]
    return content, {
        "unit": "step",
        "columns": 1,
        "panels": [],
        "charts": {each.chart.key: each.data for each in charts},
    }


def _read(records: Sequence[RunRecord], link: Link) -> tuple[list[_Run], list[str]]:
    """Read the thumbnails of the runs, evenly thinned to their budget; and say what is not shown."""
    pictures: list[Picture | None] = []
    gaps: list[list[str]] = []
    for record in records:
        gaps.append([])
        pictures.append(_readable(record, lambda record: thumbnail(record.run, SIDE), gaps[-1]))
        for each in ("history", "snapshots"):
            _readable(record, lambda record, each=each: getattr(record, each), gaps[-1])  # type: ignore[misc]
    there = [index for index, picture in enumerate(pictures) if picture is not None]
    size = sum(len(picture.content) for picture in pictures if picture is not None)
    notes = []
    if size > PICTURES:
        few = max(1, int(len(there) * PICTURES / size))
        chosen = {there[place] for place in evenly_spaced(len(there), few)}
        pictures = [picture if index in chosen else None for index, picture in enumerate(pictures)]
        notes.append(f"Samples are shown of {few} of {len(there)} runs, evenly spaced.")
    return [
        _Run(record, number, link(record), picture, gap)
        for number, (record, picture, gap) in enumerate(zip(records, pictures, gaps, strict=True))
    ], notes


def _readable(record: RunRecord, read: Callable[[RunRecord], Any], gaps: list[str]) -> Any:
    """Return what is read of a run; None if it is damaged, which becomes a gap."""
    try:
        return read(record)
    except RunError as error:
        gaps.append(in_words(error, record.run))
        return None


# -- what it came to ------------------------------------------------------------------------------------------------


def _groups(runs: Sequence[_Run], treatment: TreatmentPart | None) -> list[list[_Run]]:
    """Return the runs of each configuration, or the trials of each arm."""
    found: dict[str, list[_Run]] = {}
    for run in runs:
        found.setdefault(_config(run, treatment), []).append(run)
    return list(found.values())


def _config(run: _Run, treatment: TreatmentPart | None) -> str:
    config = run.record.planned.config
    return treatment.arms.get(config, config) if treatment else config


def _progress(records: Sequence[RunRecord], groups: Sequence[Sequence[_Run]], each: str, group: str) -> str:
    """Say how many runs there are and how far they are: `30 of 32 runs of 4 configurations have ended: 2 missing`."""
    many = f"{len(records):,} {each}{'s' * (len(records) != 1)} of {len(groups):,} {group}{'s' * (len(groups) != 1)}"
    ended = sum(record.ended for record in records)
    states = Counter(record.state for record in records if not record.ended)
    if ended == len(records):
        return f"{many}, all of which ended."
    rest = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return f"Not finished: {ended:,} of {many} have ended; {rest}."


def _verdict_counts(runs: Sequence[_Run]) -> list[dict[str, Any]]:
    counts = Counter(run.name for run in runs if run.name)
    return [{**verdict_badge(name), "count": counts[name]} for name in sorted(counts, key=lambda n: (-counts[n], n))]


def _claims_words(claims: Sequence[ClaimRow]) -> str:
    if not claims:
        return ""
    answers = Counter(row.replicated for row in claims)
    parts = [f"{answers['yes']} of {len(claims)} {'claim' if len(claims) == 1 else 'claims'} replicated"]
    parts += [f"{answers['no']} did not"] if answers["no"] else []
    undecided = len(claims) - answers["yes"] - answers["no"]
    parts += [f"{undecided} {'is' if undecided == 1 else 'are'} undecided"] if undecided else []
    return f"{', '.join(parts)}."


def _claim(row: claim_words.Claim) -> dict[str, Any]:
    feel = ANSWERS.get(row["replicated"], "open")
    return {
        "title": claim_words.title(row),
        "source": row["source"],
        "expected": claim_words.expected(row),
        "k_of_n": claim_words.k_of_n(row),
        "interval": claim_words.interval(row),
        "onset": claim_words.onset(row),
        "answer": row["replicated"],
        "tone": feel,
        "symbol": SYMBOLS[feel],
        "words": row["words"],
        "rate": row["rate"],
        "low": 100 * row["low"],
        "high": 100 * row["high"],
        "mark": 100 * row["rate"],
    }


# -- where it fails -------------------------------------------------------------------------------------------------


def _maps(plan: Plan, by_id: Mapping[str, _Run]) -> Iterator[dict[str, Any]]:
    """Yield each failure map as a table: labels and cells."""
    varied = [run.record for run in by_id.values() if run.record.planned.settings]
    if not varied:  # a quick version leaves the grid out
        return
    for number, found in enumerate(maps(plan, varied)):
        yield {
            "chosen": [f"{axis} = {value}" for axis, value in found.chosen.items()],
            "row_axis": found.rows.name,
            "column_axis": found.columns.name,
            "columns": found.columns.labels,
            "rows": [
                {
                    "label": label,
                    "cells": [
                        _cell(f"{number}-{row}-{column}", [by_id[record.planned.id] for record in cell])
                        for column, cell in enumerate(cells)
                    ],
                }
                for row, (label, cells) in enumerate(zip(found.rows.labels, found.cells, strict=True))
            ],
        }


def _alone(groups: Sequence[Sequence[_Run]]) -> list[dict[str, Any]]:
    """Return a row a configuration that is no cell of a grid."""
    return [
        {
            "label": group[0].record.planned.config,
            "expected": " or ".join(map(words, group[0].record.planned.experiment.expect)),
            "cell": _cell(f"alone-{number}", group),
        }
        for number, group in enumerate(groups)
        if not group[0].record.planned.settings
    ]


def _cell(key: str, runs: Sequence[_Run]) -> dict[str, Any]:
    """Return what the runs with the same settings came to."""
    cell = map_cell([run.record for run in runs])
    n = len(cell.verdicts)
    name, k = cell.most_frequent() if n else ("", 0)
    return {
        "key": key,
        **(verdict_badge(name) if n else state_badge(runs[0].record.state if runs else "missing")),
        "rate": f"{k}/{n}" if n else "",
        "missing": cell.planned - n,
        "runs": runs,
    }


# -- curves ---------------------------------------------------------------------------------------------------------


def _main_quality(runs: Sequence[_Run]) -> str:
    """Return the statistic by which the sweep's samples are compared: FID, else the first that a run has."""
    found = {name for run in runs for row in _rows(run)[-1:] for name in STATISTIC_COLUMNS if row.number(name)}
    return next((name for name in ("fid", *STATISTIC_COLUMNS) if name in found), "")


def _rows(run: _Run) -> Sequence[Any]:
    return _readable(run.record, lambda record: record.snapshots, []) or []


def _curves(number: int, group: Sequence[_Run], quality: str, treatment: TreatmentPart | None) -> dict[str, Any]:
    """Return a configuration's curves: mean, range and each seed of the losses and of the quality."""
    charts: list[Drawn] = []
    looks: list[tuple[str, str, Colour]] = [
        ("d_loss", "discriminator's loss", "real"), ("g_loss", "generator's loss", "generator"),
    ]  # fmt: skip
    if quality:
        looks.append((quality, term_of(STATISTICS[quality]), "output"))
    for key, title, colour in looks:
        courses = [(run, course) for run in group if (course := _course(run, key)) is not None]
        if not courses:
            continue
        steps, mean, low, high = over_seeds([course for _, course in courses])
        several = len(courses) > 1
        seeds = [Line(_seed_words(run), *course, "muted") for run, course in courses]
        chart = Chart(
            f"c{number}-{key}", title, [Line("mean" if several else _seed_words(group[0]), steps, mean, colour)],
            (float(steps[0]), float(steps[-1])), log=True,
            seeds=seeds if several else [], band=(steps, low, high) if several else None,
        )  # fmt: skip
        charts += filter(None, [draw(chart)])
    return {
        "name": _config(group[0], treatment),
        "expected": " or ".join(map(words, group[0].record.planned.experiment.expect)),
        "cell": _cell(f"curves-{number}", group),
        "runs": group,
        "charts": charts,
    }


def _seed_words(run: _Run) -> str:
    return f"seed {run.record.planned.seed}"


def _course(run: _Run, key: str) -> Course | None:
    """Return a curve of a run; None if it has no finite value or cannot be read."""
    if key in STATISTICS:
        pairs = [(float(row.step), value) for row in _rows(run) if (value := row.number(key)) is not None]
        steps, values = np.array(pairs, dtype=float).reshape(-1, 2).T
    else:
        history = _readable(run.record, lambda record: record.history, []) or {}
        if key not in history or "step" not in history:
            return None
        steps, values = medians(history["step"], history[key], POINTS)
    return (steps, values) if np.isfinite(values).any() else None


# -- all runs -------------------------------------------------------------------------------------------------------


def _table(plan: Plan, runs: Sequence[_Run], treatment: TreatmentPart | None) -> dict[str, Any]:
    """Return the table of runs: headings, rows, and what it can be filtered by."""
    columns = {"g_loss": "G loss, late", **{name: name.replace("_", " ") for name in STATISTIC_COLUMNS}}
    labels = treatment.labels if treatment else {}
    numbers = [_numbers(run) for run in runs]
    present = [name for name in columns if any(each.get(name) is not None for each in numbers)]
    kinds = Counter(_kind(run) for run in runs)
    return {
        "axes": plan.axes,
        "headings": [columns[name] for name in present],
        "states": any(not run.record.ended or run.record.reason or run.gaps for run in runs),
        "kinds": [(kind, count) for kind, count in sorted(kinds.items(), key=lambda item: (rank(item[0]), item[0]))],
        "rows": [
            {
                "run": run,
                "kind": _kind(run),
                "name": labels.get(run.record.planned.config, run.record.planned.experiment.name),
                "settings": [run.record.planned.settings.get(axis, "") for axis in plan.axes],
                "seed": run.record.planned.seed,
                "expected": {True: "as expected", False: "not as expected", None: ""}[run.record.as_expected],
                "state": "; ".join([run.record.state, *filter(None, [run.record.reason]), *run.gaps]),
                "numbers": [
                    _confidence(run),
                    _onset(run),
                    *((value, shown(value)) if (value := own.get(name)) is not None else None for name in present),
                ],
            }
            for run, own in zip(runs, numbers, strict=True)
        ],
    }


def _confidence(run: _Run) -> tuple[float, str] | None:
    """Return how sure a run's verdict is, as a number and in words; None if there is none, or it proves nothing."""
    verdict = run.record.verdict if run.name else None
    sure = certainty(verdict.name, verdict.confidence) if verdict else ""
    return (verdict.confidence, sure) if verdict and sure else None


def _onset(run: _Run) -> tuple[int, str] | None:
    """Return since which step a run's verdict holds, as a number and in words; None if it names none."""
    onset = run.record.verdict.onset_step if run.record.verdict and run.name else None
    return None if onset is None else (onset, f"{onset:,}")


def _kind(run: _Run) -> str:
    """Return what a run is filtered by: its failure, or its state if it was not judged."""
    return failure_of(run.name) if run.name else run.record.state


def _numbers(run: _Run) -> dict[str, float | None]:
    """Return the late mean of G's loss and the last statistics of a run, as far as they can be read."""
    late = _readable(run.record, late_means, []) or {}
    last = _rows(run)[-1:]
    return {"g_loss": late.get("g_loss"), **{name: row.number(name) for row in last for name in STATISTIC_COLUMNS}}
