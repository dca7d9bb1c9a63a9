"""What a lesson came to: its runs with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import expectation
from ganlab.lessons import Lesson
from ganlab.runs.directory import RunDirectory


@dataclass(frozen=True)
class Seen:
    """A run of a lesson, and what it was judged to be.

    Attributes:
        experiment: what was trained.
        run: its folder.
        verdict: what it was judged to be.
        altered: whether the user changed what the lesson trains, so that its verdict need not be the lesson's.
    """

    experiment: Experiment
    run: RunDirectory
    verdict: Verdict
    altered: bool

    @property
    def picture(self) -> Path:
        """The curves with the place marked, next to samples."""
        return self.run.plots / "verdict.png"


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
                "verdict": each.verdict.as_json(),
                "as_expected": None if each.altered or expected is None else expected[1],
                "picture": str(each.picture),
            }
            for each in seen
            for expected in [expectation(each.verdict)]
        ],
        "next": [each.command for each in lesson.next],
    }
