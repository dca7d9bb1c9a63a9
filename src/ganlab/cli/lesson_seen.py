"""What a lesson came to: its runs with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganlab.cli.lesson_figures import figures
from ganlab.config.changes import Change, changes
from ganlab.config.experiment import Experiment
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import expectation
from ganlab.lessons import Lesson, Next
from ganlab.runs.directory import RunDirectory


@dataclass(frozen=True)
class Seen:
    """A run of a lesson, and what it was judged to be.

    Attributes:
        experiment: what was trained.
        shipped: what the lesson trains if nobody changes anything.
        run: its folder.
        verdict: what it was judged to be.
    """

    experiment: Experiment
    shipped: Experiment
    run: RunDirectory
    verdict: Verdict

    @property
    def own_changes(self) -> list[Change]:
        """What the user changed."""
        return changes(self.shipped, self.experiment, frozenset())

    @property
    def altered(self) -> bool:
        """Whether the user changed what is trained, or for how long, so that the verdict need not be the lesson's."""
        longer = self.experiment.training.steps != self.shipped.training.steps
        return longer or bool(changes(self.shipped, self.experiment))

    @property
    def picture(self) -> Path:
        """The curves with the place marked, next to samples."""
        return self.run.plots / "verdict.png"


def still_to_try(lesson: Lesson, seen: Sequence[Seen]) -> list[Next]:
    """Return what to try next, without what was just trained."""
    return [each for each in lesson.next if not each.trains([one.experiment for one in seen])]


def lesson_json(lesson: Lesson, seen: Sequence[Seen]) -> dict[str, Any]:
    """Return a lesson and what was seen for machines."""
    return {
        "lesson": lesson.name,
        "title": lesson.title,
        "expected": lesson.expected,
        "runs": [
            {
                "run": str(each.run.path),
                **each.run.status().as_json(),
                "changes": [change._asdict() for change in lesson.changes(each.experiment)],
                "own_changes": [change._asdict() for change in each.own_changes],
                "figures": [figure._asdict() for figure in figures(lesson, each.experiment.name, each.verdict)],
                "verdict": each.verdict.as_json(),
                "as_expected": None if each.altered or expected is None else expected[1],
                "picture": str(each.picture),
            }
            for each in seen
            for expected in [expectation(each.verdict)]
        ],
        "next": [each.command for each in still_to_try(lesson, seen)],
    }
