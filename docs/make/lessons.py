"""What was seen in each lesson: the pictures of docs/lessons/ and the sections that show them.

    python -m docs.make.lessons RUNS [--seeds N]     trains what is not in the folder RUNS yet, then pictures and pages
    python -m docs.make.lessons                      the pages alone, from docs/lessons/measured.json

A run in RUNS that has ended is not trained again. Times are those of the processor: on a core that nothing else uses
they are what a lesson takes, and elsewhere they stay the same.
"""

from __future__ import annotations

import argparse
import re
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from docs.make.verdicts import shrunk
from ganlab.api import train
from ganlab.cli.lesson_figures import LAST, figures
from ganlab.config.experiment import Experiment
from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.sessions import diagnose_path
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import headline
from ganlab.lessons import MEASURED, Lesson, ended_run, find_lesson, lessons_folder, list_lessons
from ganlab.plots.landscape import read_landscape
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write, read_json, write_json
from ganlab.verdicts import matches, words

SECTION = "What was seen"
PICTURES = "pictures"
LANDSCAPES = 4
"""Snapshots of a run on points whose landscapes are shown: the last ones."""
SEEDS = 3
"""Seeds of each run: of the first the page tells everything, of the others the verdict."""


def measure(lesson: Lesson, runs: Path, seeds: int, measured: dict[str, Any]) -> None:
    """Train the runs of a lesson, or find them, and take down what they show; the picture is of the first seed."""
    for experiment in lesson.experiments():
        verdicts = {}
        for seed in range(seeds):
            verdict, folder, seconds = seen(experiment.model_copy(update={"seed": seed}), runs)
            verdicts[str(seed)] = verdict.name
            if seed == 0:
                picture = lessons_folder() / PICTURES / f"{experiment.name}.png"
                picture.parent.mkdir(exist_ok=True)
                shrunk(Image.open(folder / "plots" / "verdict.png").convert("RGB")).save(picture, optimize=True)
                first = {
                    "headline": headline(verdict),
                    "summary": verdict.summary,
                    "evidence": [each.words for each in verdict.evidence],
                    "figures": list(figures(lesson, experiment.name, verdict)),
                    "seconds": seconds,
                    **landscapes(RunDirectory(folder), picture.with_stem(f"{experiment.name}_landscapes")),
                }
        measured[experiment.name] = {**first, "verdicts": verdicts}
        write_json(lessons_folder() / MEASURED, measured)


def seen(experiment: Experiment, runs: Path) -> tuple[Verdict, Path, float]:
    """Return the verdict on a run, its folder, and the processor's seconds, which are kept beside it."""
    found = ended_run(experiment, runs)
    if found is None:
        before = time.process_time()
        found = train(experiment, runs_dir=runs).directory
        write_json(found.path / "processor.json", {"seconds": round(time.process_time() - before, 1)})
    seconds = read_json(found.path / "processor.json")["seconds"]
    return diagnose_path(found.path, ReadOptions()), found.path, seconds


def landscapes(run: RunDirectory, file: Path) -> dict[str, Any]:
    """Draw the game at a run's last snapshots side by side, and return what is said of it; nothing of images."""
    last = [(step, read_landscape(path)) for step, path in run.landscapes()[-LANDSCAPES:]]
    if not last:
        return {}
    gap = ((0, 0), (0, 12), (0, 0))
    strip = np.concatenate([np.pad(each.picture(), gap, constant_values=255) for _, each in last], axis=1)
    picture = Image.fromarray(strip[:, :-12]).reduce(2)
    picture.quantize(256).save(file, optimize=True)
    return {"landscapes": {"steps": [step for step, _ in last], "legend": last[-1][1].legend}}


def section(lesson: Lesson, measured: Mapping[str, Any]) -> str:
    """Return the section of a lesson's page that shows what was seen."""
    parts = [f"## {SECTION}", f"    {lesson.command}"]
    for experiment in lesson.experiments():
        run = measured[experiment.name]
        lines = [f"`{each.line}` (in {lesson.against}: `{each.was}`)" for each in lesson.changes(experiment)]
        length = f", {lesson.length(experiment)}" if lesson.length(experiment) else ""
        changed = f"Changed in {experiment.name}: {'; '.join(lines)}{length}." if lines else ""
        picture = f"![{experiment.name}: curves and last samples]({PICTURES}/{experiment.name}.png)"
        game = as_played(experiment.name, run["landscapes"]) if "landscapes" in run else ""
        told = f"**{run['headline']}.** {run['summary']}"
        evidence = "\n".join(wrapped(f"- {each}", "  ") for each in run["evidence"] if each not in run["summary"])
        parts += [wrapped(changed), picture, wrapped(told), evidence, beside(run["figures"]), game]
        parts.append(wrapped(as_expected(experiment, run["verdicts"])))
    return "\n\n".join(part for part in parts if part)


def as_played(name: str, shown: Mapping[str, Any]) -> str:
    """Return the picture of the game at a run's last snapshots, and what its colours are."""
    *before, last = (f"{step:,}" for step in shown["steps"])
    steps = f"steps {', '.join(before)} and {last}"
    words = f"The game at {steps}. {shown['legend']}"
    return f"![{name}: the game at {steps}]({PICTURES}/{name}_landscapes.png)\n\n{wrapped(words)}"


def beside(rows: Sequence[Sequence[str]]) -> str:
    """Return the guide's figures beside those of the first seed as a table; nothing if the guide has none."""
    if not rows:
        return ""
    lines = [f"| figure | the guide | here (last {LAST} steps) |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def as_expected(experiment: Experiment, verdicts: Mapping[str, str]) -> str:
    """Return how many seeds were judged as the experiment expects, and what the others are."""
    expected = [seed for seed, name in verdicts.items() if matches(name, experiment.expect)]
    others = "; ".join(f"seed {seed}: {words(name)}" for seed, name in verdicts.items() if seed not in expected)
    text = f"Judged {' or '.join(map(words, experiment.expect))}, as expected: {len(expected)} of {len(verdicts)} seeds"
    return f"{text}; {others}." if others else f"{text}."


def wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines of a page's width."""
    return textwrap.fill(text, 128, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def page(text: str, made: str) -> str:
    """Return a page with its section of what was seen, which comes before what to try next, replaced."""
    text = re.sub(rf"^## {SECTION}\n.*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL)
    return text.replace("## What to try next", f"{made}\n\n## What to try next")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--lessons", nargs="*", help="these alone")
    given = parser.parse_args()
    file = lessons_folder() / MEASURED
    measured = read_json(file) if file.is_file() else {}
    lessons = list(map(find_lesson, given.lessons)) if given.lessons else list_lessons()
    for lesson in lessons:
        if given.runs is not None:
            measure(lesson, given.runs, given.seeds, measured)
        path = lessons_folder() / f"{lesson.name}.md"
        atomic_write(path, page(path.read_text(), section(lesson, measured)).encode())


if __name__ == "__main__":
    main()
