"""The lessons of `ganlab guide`: small runs that fail in one way each, and a page about each in docs/lessons/."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ganlab.config.changes import Change, changes
from ganlab.config.experiment import Experiment
from ganlab.config.load import load_experiment
from ganlab.errors import GanlabError
from ganlab.runs.directory import RunDirectory, list_runs
from ganlab.runs.files import read_json
from ganlab.text import closest, short

INDEX = "README.md"
"""The page that lists the lessons."""

MEASURED = "measured.json"
"""What docs/make/lessons.py measured of each run: its processor's `seconds` among others."""


@dataclass(frozen=True)
class Next:
    """What to try after a lesson.

    Attributes:
        command: as it is typed.
        why: what it shows.
    """

    command: str
    why: str

    def trains(self, experiments: Sequence[Experiment]) -> bool:
        """Return whether it would train these very experiments once more, on whatever device."""
        _, _, name, *settings = shlex.split(self.command)
        given = [f"seed={each}" for each in settings if each.isdigit()] + [each for each in settings if "=" in each]
        again = find_lesson(name).experiments(given)
        return len(again) == len(experiments) and not any(
            changes(old, new, frozenset({"training.device"})) for old, new in zip(again, experiments, strict=True)
        )


@dataclass(frozen=True)
class Lesson:
    """A page of docs/lessons/.

    Attributes:
        name: what the command calls it, and its file.
        title: its heading.
        what: in one line, what the runs do and what happens.
        runs: the shipped experiments that are trained, in this order.
        against: the shipped experiment that they are compared with; None if that is the lesson's own run.
        expected: what the guide says one will see.
        look_for: where to look.
        next: what to try next.
        figures: what the guide says of each run, by the run's name, then by the curve: `{"d_loss_real": ".5 to .8"}`.
        seconds: how long its runs take on one core.
    """

    name: str
    title: str
    what: str
    runs: tuple[str, ...]
    against: str | None
    expected: str
    look_for: str
    next: tuple[Next, ...]
    figures: Mapping[str, Mapping[str, str]]
    seconds: int

    @property
    def command(self) -> str:
        """The command that gives it."""
        return f"ganlab guide {self.name}"

    @property
    def base(self) -> str:
        """The shipped experiment that its runs are compared with."""
        return self.against or self.runs[0]

    def as_json(self) -> dict[str, str | int]:
        """Return what the list of lessons says of it."""
        return {
            "name": self.name,
            "title": self.title,
            "what": self.what,
            "seconds": self.seconds,
            "command": self.command,
        }

    def experiments(self, overrides: Sequence[str] = ()) -> list[Experiment]:
        """Return the experiments to train.

        Args:
            overrides: `KEY=VALUE` changes to each.

        Raises:
            ConfigError: an override is not one, or cannot be run.
        """
        return [load_experiment(name, overrides) for name in self.runs]

    def changes(self, experiment: Experiment) -> list[Change]:
        """Return in which lines an experiment differs from the run that it is compared with."""
        return changes(load_experiment(self.base), experiment)

    def length(self, experiment: Experiment) -> str:
        """Return how long an experiment is beside that run: `and 600 steps instead of 1,000`; nothing if as long."""
        steps, usual = experiment.training.steps, load_experiment(self.base).training.steps
        return f"and {steps:,} steps instead of {usual:,}" if steps != usual else ""


def lessons_folder() -> Path:
    """Return the folder of the pages: inside an installed ganlab, else `docs/lessons/` of the checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "shipped_lessons"
    return installed if installed.is_dir() else package.parents[1] / "docs" / "lessons"


def list_lessons() -> list[Lesson]:
    """Return the lessons in the order in which they are best taken."""
    pages = [path for path in lessons_folder().glob("*.md") if path.name != INDEX]
    return [lesson for _, lesson in sorted(map(_read, pages), key=lambda each: each[0])]


def find_lesson(name: str) -> Lesson:
    """Return the lesson of a name; `Vanishing-gradient` is `vanishing_gradient`.

    Raises:
        GanlabError: there is no such lesson.
    """
    lessons = {lesson.name: lesson for lesson in list_lessons()}
    wanted = re.sub(r"[\s-]+", "_", name.strip().lower())
    if wanted in lessons:
        return lessons[wanted]
    starting = [known for known in lessons if known.startswith(wanted)] if wanted else []
    near = starting[0] if len(starting) == 1 else closest(wanted, lessons)
    guess = f"did you mean {near}? " if near else ""
    raise GanlabError(f"no lesson '{short(name)}'", f"{guess}the lessons are {', '.join(lessons)}")


def ended_run(experiment: Experiment, runs_dir: Path) -> RunDirectory | None:
    """Return the newest run of this very experiment if it has nothing left to train, else None."""
    for run in reversed(list_runs(runs_dir)):
        try:
            if run.experiment() == experiment:
                return run if run.status().ended_by_itself else None
        except GanlabError:
            # A damaged run is not this one; `ganlab ls runs` shows it.
            continue
    return None


def _read(page: Path) -> tuple[int, Lesson]:
    """Return a lesson and its place among the others.

    A page has its place, runs, what they are compared with, what happens and the guide's figures between two lines of
    dashes, then a title and sections. The section of what happened is made by docs/make/lessons.py and not read here.
    """
    measured = read_json(page.parent / MEASURED)
    _, head, body = page.read_text(encoding="utf-8").split("---\n", 2)
    given = yaml.safe_load(head)
    opening, *sections = re.split("^## ", body, flags=re.MULTILINE)
    found = {heading: text.strip() for heading, _, text in (section.partition("\n") for section in sections)}
    return given["place"], Lesson(
        name=page.stem,
        title=opening.strip().partition("\n")[0].removeprefix("# "),
        what=given["what"],
        runs=tuple(given["runs"]),
        against=given.get("against"),
        expected=_plain(found["What the guide says"]),
        look_for=_plain(found["What to look for"]),
        figures=given.get("figures", {}),
        seconds=5 * math.ceil(sum(measured[run.rpartition("/")[2]]["seconds"] for run in given["runs"]) / 5),
        next=tuple(
            Next(command, _plain(why))
            for command, why in re.findall(r"^- `([^`]+)`: (.+(?:\n  .+)*)", found["What to try next"], re.MULTILINE)
        ),
    )


def _plain(markdown: str) -> str:
    """Return Markdown as a terminal shows it: a line a paragraph, of a link its text."""
    text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", markdown).replace("`", "").replace("*", "")
    return "\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
