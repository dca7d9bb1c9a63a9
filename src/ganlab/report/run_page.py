"""What the page of one run shows, as the template and the script take it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.config.data import MnistOptions
from ganlab.config.experiment import Experiment
from ganlab.config.load import difference, dump_experiment
from ganlab.diagnosis.drawing import COLOURS, LOSS_LINES, PROOFS, Proof
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.findings import Finding, Remedy
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.places import at, count, stretch
from ganlab.diagnosis.so_far import SoFar
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import confidence, expectation, headline, sections, too_early
from ganlab.report.charts import Chart, Colour, Drawn, Line, draw, shown
from ganlab.report.classes import class_table
from ganlab.report.compare import value_words
from ganlab.report.frames import COLUMNS, Frame, Frames
from ganlab.report.moving import Moving, copies
from ganlab.report.moving import samples as moving_samples
from ganlab.report.treatments import Treated
from ganlab.runs.snapshots import STATISTICS, Row, Statistic, is_number
from ganlab.runs.status import RunStatus
from ganlab.verdicts import INCONCLUSIVE, KINDS, failure_of, tone, words

SYMBOLS = {"good": "✓", "bad": "✕", "open": "?"}
"""A verdict's tone as a sign, as colour alone says nothing to some."""

TONE_WORDS = {"good": "nothing wrong was found", "bad": "a failure", "open": "nothing is proved against the run"}

BY_COLOUR: dict[str, Colour] = {code: name for name, code in COLOURS.items()}  # type: ignore[misc]
"""What each colour of a picture stands for."""

CHANCE = (float(np.log(2)), "chance, 0.69")


@dataclass(frozen=True)
class Subject:
    """What a page is about.

    Attributes:
        name: what it is called.
        evidence: what is known of it.
        verdict: what was made of that.
        frames: what its snapshots showed.
        status: run.json; None for what other code wrote without `ganlab.Monitor`.
        config: the file that repeats it, as a command would name it; empty if there is none.
        pictures: further pictures by key that change with the step, such as the discriminator's landscape.
        files: what else lies in its folder: name, and what that is.
        treated: what `ganlab treat` found for it; None if that was not tried.
        gaps: what could not be read.
    """

    name: str
    evidence: Evidence
    verdict: Verdict
    frames: Frames
    status: RunStatus | None = None
    config: str = ""
    pictures: Mapping[str, Moving] = field(default_factory=dict)
    files: Sequence[tuple[str, str]] = ()
    gaps: Sequence[str] = ()
    treated: Treated | None = None


def run_content(subject: Subject) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the template `run.html` shows, and what the script reads."""
    verdict, evidence = subject.verdict, subject.evidence
    charts = list(drawn_charts(evidence, verdict))
    findings = list(_with_charts(verdict.evidence, evidence))
    panel = panel_of(subject)
    told = sections(verdict)
    content = {
        "title": f"{headline(verdict)} - {subject.name}",
        **head_of(subject),
        "panel": panel,
        "unit": evidence.unit,
        "findings": [
            {
                "words": finding.words,
                "source": finding.source,
                "value": "" if finding.value is None else shown(finding.value),
                "threshold": "" if finding.threshold is None else shown(finding.threshold),
                "signal": finding.signal,
                "window": stretch(finding.window, evidence.unit),
                "chart": chart,
            }
            for finding, chart in findings
        ],
        "charts": charts,
        "classes": class_table(evidence.snapshots),
        "remedies": [remedy_words(each, subject) for each in _in_order(subject)],
        "treated": subject.treated,
        "also": told.get("also seen, in order", []),
        "missing": verdict.missing,
        "read": str(verdict.reading) if verdict.reading else "",
        "notes": [*verdict.notes, *subject.gaps, *subject.frames.gaps],
        "changed": _changed(evidence.experiment),
        "yaml": dump_experiment(evidence.experiment) if evidence.experiment else "",
        "costs": list(_costs(subject.status)),
        "files": subject.files,
        "copies": _copies(subject),
        "frames_words": subject.frames.words,
    }
    drawn = [*charts, *(chart for _, chart in findings if chart is not None)]
    data = {
        "unit": evidence.unit,
        "columns": COLUMNS,
        "panels": [panel["data"]],
        "charts": {each.chart.key: each.data for each in drawn},
    }
    return content, data


def head_of(subject: Subject) -> dict[str, Any]:
    """Return what the head of a page, or of a part of one, shows: the macro `verdict_head`."""
    verdict = subject.verdict
    return {
        "name": subject.name,
        "verdict": verdict_words(verdict),
        "expected": expected_words(subject),
        "state": state_words(subject),
        "first": _first(subject),
    }


def _first(subject: Subject) -> str:
    """Return what to do first: what cured this run in trials, else the likeliest remedy; empty if there is none."""
    tried = subject.treated.advice if subject.treated else ""
    return tried or next((each.why for each in _in_order(subject)), "")


def _in_order(subject: Subject) -> list[Remedy]:
    """Return the remedies, the likeliest first, and those last that were tried on this run and cured nothing."""
    treated = subject.treated
    return sorted(subject.verdict.remedies, key=lambda each: treated is not None and treated.failed(each))


def expected_words(subject: Subject) -> str:
    """Say what the experiment was to show, and whether it did; nothing as long as that is too early to tell."""
    found = expectation(subject.verdict)
    experiment = subject.evidence.experiment
    if found is None or experiment is None or too_early(subject.verdict):
        return ""
    wanted = " or ".join(map(words, experiment.expect))
    return f"The experiment expects {wanted}: {'that is what was seen' if found[1] else 'that is not what was seen'}."


def state_words(subject: Subject) -> str:
    """Say how the run stands. While it goes on run.json has no step, and the curves do."""
    status, evidence = subject.status, subject.evidence
    if status is None:
        return ""
    if evidence.ended or status.status != "running":
        return status.in_words()
    planned = f" of {count(evidence.planned, evidence.unit)}" if evidence.planned else ""
    return f"running, {at(evidence.last_step, evidence.unit)}{planned}"


def verdict_words(verdict: Verdict) -> dict[str, str]:
    """Return a verdict as the head of a page says it."""
    kind = KINDS.get(verdict.name) or KINDS.get(failure_of(verdict.name))
    feel = tone(verdict.name)
    proved = verdict.name != INCONCLUSIVE
    return {
        "name": verdict.name,
        "headline": headline(verdict),
        "tone": feel,
        "symbol": SYMBOLS[feel],
        "tone_words": TONE_WORDS[feel],
        "summary": verdict.summary,
        "meaning": kind.meaning if kind else "",
        "confidence": confidence(verdict).removeprefix("confidence ") if proved else "",
        "severity": shown(verdict.severity) if proved and feel == "bad" else "",
        "onset": "" if verdict.onset_step is None else at(verdict.onset_step, verdict.unit),
        "basis": verdict.basis if proved else "",
    }


# -- curves ---------------------------------------------------------------------------------------------------------


def drawn_charts(evidence: Evidence, verdict: Verdict) -> Iterator[Drawn]:
    """Yield each game's losses, then everything else that was recorded and can be drawn, as the page shows it."""
    for player, game in evidence.games().items():
        of = f" of {player}" if player else ""
        halves = game.curve("d_loss_real") is not None
        looks = {key: look for key, look in LOSS_LINES.items() if key == "g_loss" or (key == "d_loss") is not halves}
        level = CHANCE if halves and game.family == "cross_entropy" else None
        losses = Chart(
            f"losses{player}", f"losses{of}", _lines(game, looks), steps_of(evidence), evidence.unit,
            log=True, level=level, onset=verdict.onset_step, zooms=True,
        )  # fmt: skip
        # In the order of the names of the losses; the proofs follow in that of their table.
        yield from filter(None, [draw(losses)])
    for index, proof in enumerate(PROOFS):
        yield from filter(None, [_of_proof(f"curve{index}", proof, evidence, onset=verdict.onset_step)])


def _of_proof(key: str, proof: Proof, evidence: Evidence, **marks: Any) -> Drawn | None:
    return draw(
        Chart(
            key, proof.label, _lines(evidence, proof.curves), steps_of(evidence), evidence.unit,
            log=proof.log, shares=proof.shares, **marks,
        )
    )  # fmt: skip


def _lines(evidence: Evidence, looks: Mapping[str, tuple[str, str]]) -> list[Line]:
    found = [(evidence.curve(key), *look) for key, look in looks.items()]
    return [
        Line(name, curve.steps.astype(float), curve.values, BY_COLOUR[colour])
        for curve, name, colour in found
        if curve is not None
    ]


def _with_charts(found: Sequence[Finding], evidence: Evidence) -> Iterator[tuple[Finding, Drawn | None]]:
    """Yield each finding with its curve; curves of several that have none of their own are drawn once."""
    drawn: set[tuple[str, tuple[int, int]]] = set()
    for index, finding in enumerate(found):
        chart = _proof_chart(index, finding, evidence)
        same = (chart.chart.title, finding.window) if chart is not None else None
        yield finding, None if same in drawn else chart
        if same is not None:
            drawn.add(same)


def _proof_chart(index: int, finding: Finding, evidence: Evidence) -> Drawn | None:
    """Draw the curve that a finding is about, with its threshold, the window it was taken from and its reals."""
    player, _, signal = finding.signal.rpartition("/")
    game = evidence.games().get(player, evidence)
    curve = game.curve(signal)
    if curve is None:
        proof = next((each for each in PROOFS if finding.signal in each.signals), None)
        if proof is None:
            return None
        return _of_proof(f"evidence{index}", proof, game, window=finding.window)
    statistic = STATISTICS.get(signal)
    lines = [Line(signal.replace("_", " "), curve.steps.astype(float), curve.values, "generator")]
    real = game.curve(f"{signal}_real")
    if real is not None:
        lines.append(Line("real data", real.steps.astype(float), real.values, "muted"))
    level = None
    if finding.threshold is not None and _is_of(finding, curve):
        level = finding.threshold, f"limit {shown(finding.threshold)}"
    proof = next((each for each in PROOFS if signal in each.curves), None)
    return draw(
        Chart(
            f"evidence{index}",
            term_of(statistic) if statistic else signal.replace("_", " "),
            lines,
            steps_of(evidence),
            evidence.unit,
            log=proof.log if proof else True,
            shares=bool(proof and proof.shares),
            level=level,
            window=finding.window,
        )
    )


def _is_of(finding: Finding, curve: Series) -> bool:
    """Return whether a finding's value is one that the curve had, and not its change or its share of another."""
    first, last = finding.window
    values = curve.values[(curve.steps >= first) & (curve.steps <= last) & np.isfinite(curve.values)]
    return finding.value is not None and bool(len(values)) and bool(values.min() <= finding.value <= values.max())


def steps_of(evidence: Evidence) -> tuple[float, float]:
    """Return the first and the last step that anything is known of."""
    return evidence.first_step, evidence.last_step


# -- what the slider moves --------------------------------------------------------------------------------------------


def panel_of(subject: Subject) -> dict[str, Any]:
    """Return the pictures, statistics and readings of one run, step by step, for template and script."""
    frames, evidence = subject.frames.frames, subject.evidence
    steps = [frame.step for frame in frames] or [row.step for row in evidence.snapshots][-1:]
    rows = {row.step: row for row in evidence.snapshots}
    table = list(statistics([rows.get(step) for step in steps]))
    readings = list(readings_at(evidence, subject.verdict, steps))
    moving = dict(subject.pictures)
    if frames:
        moving = {"samples": moving_samples(frames, evidence), **moving}
    groups = _groups(frames, evidence.experiment)
    data = {
        "steps": steps,
        "words": [at(step, evidence.unit) for step in steps],
        "pictures": {
            key: {
                "at": [each.addresses.get(step, "") for step in steps],
                "alt": [each.alts.get(step, "") for step in steps],
            }
            for key, each in moving.items()
        },
        "cells": [cells for _, _, cells in table],
        "readings": readings,
        "groups": groups,
        "grid": [[frame.count, frame.picture.width, frame.picture.height] for frame in frames],
    }
    return {
        "moving": [
            {
                "key": key,
                "title": each.title,
                "legend": each.legend,
                "size": each.size,
                "address": each.addresses.get(steps[-1], ""),
                "alt": each.alts.get(steps[-1], ""),
            }
            for key, each in moving.items()
        ],
        "table": [_labelled(label, real, cells[-1]) for label, real, cells in table],
        "steps": steps,
        "at": at(steps[-1], evidence.unit) if steps else "",
        "reading": readings[-1] if readings else None,
        "has_groups": any(groups),
        "data": data,
    }


def _labelled(label: str, real: str, value: str) -> dict[str, str]:
    """Return a row of the table: `FID: Frechet distance ...` is a term and what it means."""
    term, _, meaning = label.partition(": ")
    return {"term": term, "meaning": meaning, "real": real, "value": value}


def statistics(rows: Sequence[Row | None]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield label, value of the reals and value at each snapshot of each statistic that is drawn or compared."""
    known = [row for row in rows if row is not None]
    for name, each in STATISTICS.items():
        if each.line is None and "compare" not in each.shown:
            continue
        if not any(row.number(name) is not None or name in row.non_finite for row in known):
            continue
        real = next((value for row in reversed(known) if is_number(value := row.get(f"{name}_real"))), None)
        yield label_of(each), "" if real is None else shown(real), [_cell(row, name) for row in rows]


def label_of(statistic: Statistic) -> str:
    """Return a statistic's label without the backquotes of the terminal."""
    return statistic.label.replace("`", "")


def term_of(statistic: Statistic) -> str:
    """Return the short form of a statistic's label, as the title of its curve: what stands before its explanation."""
    return label_of(statistic).partition(": ")[0]


def _cell(row: Row | None, name: str) -> str:
    if row is None:
        return "-"
    if name in row.non_finite:
        return "not finite"
    value = row.number(name)
    return "-" if value is None else shown(value)


def readings_at(evidence: Evidence, verdict: Verdict, steps: Sequence[int]) -> Iterator[dict[str, str]]:
    """Yield what the run read as at each of some steps, as the live view tells it; at the last one the verdict."""
    so_far = SoFar()
    for step in steps[:-1]:
        if evidence.thinned:
            words = f"{at(step, evidence.unit)}: not judged, as only a part of the curves was kept"
            yield _reading(words, INCONCLUSIVE)
            continue
        so_far.take(diagnose(replace(evidence.until(step), ended=False)))
        yield _reading(so_far.words, so_far.claim or INCONCLUSIVE)
    if steps:
        words = f"{at(verdict.steps[1], verdict.unit)}: {headline(verdict)}"
        yield _reading(words, verdict.name)


def _reading(words: str, name: str) -> dict[str, str]:
    return {"words": words, "tone": tone(name), "symbol": SYMBOLS[tone(name)]}


def _groups(frames: Sequence[Frame], experiment: Experiment | None) -> list[list[list[int]]]:
    """Return groups of near-duplicates for each frame; empty lists where samples are no images."""
    images = [frame.images for frame in frames if frame.images is not None]
    if not images:
        return [[] for _ in frames]
    from ganlab.diagnosis.verdict_files import duplicate_groups

    data = experiment.data if experiment is not None and isinstance(experiment.data, MnistOptions) else None
    found = iter(duplicate_groups(images, data))
    return [next(found) if frame.images is not None else [] for frame in frames]


def _copies(subject: Subject) -> Moving | None:
    """Return the samples beside the training images that they copy, if that is what is wrong."""
    verdict, frames, experiment = subject.verdict, subject.frames.frames, subject.evidence.experiment
    seen = {verdict.failure, *(each.failure for each in verdict.contributing)}
    if "memorisation" not in seen or experiment is None or not frames or frames[-1].images is None:
        return None
    return copies(frames[-1].images, experiment)


# -- words ----------------------------------------------------------------------------------------------------------


def remedy_words(remedy: Remedy, subject: Subject) -> dict[str, Any]:
    """Return a remedy as a page says it: what to change, why, and the command that tries it."""
    changes = [(key, value_words(value)) for key, value in remedy.change.items()]
    command = ""
    if changes and subject.config:
        settings = [shlex.quote(f"{key}={json.dumps(value)}") for key, value in remedy.change.items()]
        experiment = subject.evidence.experiment
        if experiment is not None and experiment.expect:
            settings.append("expect=[]")  # what was made to fail is not expected to fail with its cure
        command = f"ganlab train {shlex.quote(subject.config)} {' '.join(settings)}"
    known = "; ".join(filter(None, (remedy.source, remedy.record)))
    cured, tried = subject.treated.trials_of(remedy) if subject.treated else (0, 0)
    here = f"Cured {cured} of {tried} trials of this run." if tried else ""
    return {"why": remedy.why, "source": known, "changes": changes, "command": command, "here": here}


def _changed(experiment: Experiment | None) -> list[tuple[str, str, str]]:
    """Return the settings that differ from the default, with the default: `-` for what it does not have."""
    if experiment is None:
        return []
    return [
        (key, value_words(new), value_words(old))
        for key, old, new in difference(Experiment(), experiment)
        if key not in ("name", "claim")
    ]


def _costs(status: RunStatus | None) -> Iterator[tuple[str, str]]:
    """Yield what the run took, on what, and by which versions."""
    if status is None:
        return
    if status.seconds is not None:
        yield "time", f"{status.seconds:,.0f} s"
    if status.cost is not None:
        yield "of that, watching", f"{100 * status.cost.watching_share:.1f} %"
        yield "of that, saving", f"{100 * status.cost.saving_share:.1f} %"
    if status.device:
        threads = f", {status.threads} {'thread' if status.threads == 1 else 'threads'}" if status.threads else ""
        yield "device", f"{status.device}{threads}"
    if status.seed is not None:
        yield "seed", str(status.seed)
    for network, weights in (status.parameters or {}).items():
        yield f"weights of the {network}", f"{weights:,}"
    if status.data is not None:
        yield "real data", f"{status.data.train:,} for training, {status.data.held_out:,} held out"
    yield from (status.versions or {}).items()
    if status.started:
        yield "started", status.started


def config_name(path: Path) -> str:
    """Return a file as a command run from here would name it: below the current folder relative to it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
