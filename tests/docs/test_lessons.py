"""The pages of the lessons show what their runs did."""

from __future__ import annotations

import pytest

from docs.make.guide import TABLES
from docs.make.lessons import PICTURES, page, section
from ganlab.lessons import MEASURED, Lesson, lessons_folder, list_lessons
from ganlab.runs.files import read_json
from ganlab.verdicts import matches

RUNS = read_json(lessons_folder() / MEASURED)
LESSONS = [pytest.param(lesson, id=lesson.name) for lesson in list_lessons()]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_page_is_what_its_script_makes(lesson: Lesson) -> None:
    """After a change of a shipped experiment: `python -m docs.make.lessons RUNS`."""
    text = (lessons_folder() / f"{lesson.name}.md").read_text()
    assert page(text, section(lesson, RUNS)) == text


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_first_seed_shows_what_the_lesson_is_about(lesson: Lesson) -> None:
    for experiment in lesson.experiments():
        assert matches(RUNS[experiment.name]["verdicts"]["0"], experiment.expect)
        assert (lessons_folder() / PICTURES / f"{experiment.name}.png").is_file()


def test_nothing_is_left_of_runs_that_no_lesson_has() -> None:
    names = {experiment.name for lesson in list_lessons() for experiment in lesson.experiments()}
    assert RUNS.keys() == names
    played = {f"{name}_landscapes" for name, run in RUNS.items() if "landscapes" in run}
    assert {file.stem for file in (lessons_folder() / PICTURES).glob("*")} == names | played


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_guide_says_the_same_here_as_beside_the_full_size_runs(lesson: Lesson) -> None:
    for name, figures in lesson.figures.items():
        _, _, rows = TABLES.get(f"guide_{name}", ("", "", []))
        said = {row.key: row.said for row in rows}
        for key in figures.keys() & said.keys():
            assert figures[key].startswith(said[key].removesuffix(".0"))
