"""The lessons are whole, in order, and say of the runs only what the experiments say."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from ganlab.cli.lesson_figures import NAMES
from ganlab.config.load import load_experiment
from ganlab.errors import GanlabError
from ganlab.lessons import INDEX, Lesson, ended_run, find_lesson, lessons_folder, list_lessons
from ganlab.training import session

REPOSITORY = Path(__file__).parents[1]
LESSONS = list_lessons()


def by_name(lesson: Lesson) -> str:
    return lesson.name


def test_in_a_checkout_they_are_pages_of_the_docs() -> None:
    assert lessons_folder() == REPOSITORY / "docs" / "lessons"
    pages = {page.stem for page in lessons_folder().glob("*.md")} - {Path(INDEX).stem}
    assert pages == {lesson.name for lesson in LESSONS}
    index = (lessons_folder() / INDEX).read_text()
    places = [index.index(f"[{lesson.title}]({lesson.name}.md)") for lesson in LESSONS]
    assert places == sorted(places)


@pytest.mark.parametrize("lesson", LESSONS, ids=by_name)
def test_a_lesson_says_everything_and_its_runs_are_expected_to_show_it(lesson: Lesson) -> None:
    assert all((lesson.title, lesson.what, lesson.expected, lesson.look_for, lesson.next, lesson.seconds))
    text = "".join((lesson.what, lesson.expected, lesson.look_for, *(each.why for each in lesson.next)))
    assert not set("`*[]") & set(text)
    for experiment in lesson.experiments():
        assert experiment.expect
        assert experiment.seed == 0
        assert bool(lesson.changes(experiment)) == bool(lesson.against)
        assert len(lesson.changes(experiment)) <= 1
    assert lesson.seconds <= 120


def test_all_of_them_are_seen_within_ten_minutes() -> None:
    assert sum(lesson.seconds for lesson in LESSONS) <= 600


@pytest.mark.parametrize("lesson", LESSONS, ids=by_name)
def test_what_to_try_next_can_be_typed(lesson: Lesson) -> None:
    for each in lesson.next:
        program, command, what, *settings = shlex.split(each.command)
        assert program == "ganlab"
        assert each.why.endswith((".", "?"))
        settings = [f"seed={each}" for each in settings if each.isdigit()] + [each for each in settings if "=" in each]
        if command == "guide":
            assert find_lesson(what).experiments(settings)
        else:
            assert command == "train"
            assert load_experiment(what, settings)


def test_what_was_just_trained_is_not_tried_next() -> None:
    lesson = find_lesson("stable")
    *_, seed = lesson.next
    assert seed.command == "ganlab guide stable --seed 1"
    assert not seed.trains(lesson.experiments())
    assert seed.trains(lesson.experiments(["seed=1", "training.device=cpu"]))
    assert not seed.trains(find_lesson("convergence").experiments(["seed=1"]))


@pytest.mark.parametrize("lesson", LESSONS, ids=by_name)
def test_figures_are_of_its_runs(lesson: Lesson) -> None:
    assert lesson.figures.keys() <= {experiment.name for experiment in lesson.experiments()}
    for figures in lesson.figures.values():
        assert figures.keys() <= NAMES.keys()
        assert all(isinstance(said, str) for said in figures.values())


@pytest.mark.parametrize("name", ["collapse", "Collapse", " collapse "])
def test_a_lesson_is_found_by_its_name(name: str) -> None:
    assert find_lesson(name).name == "collapse"


@pytest.mark.parametrize(("name", "near"), [("colapse", "collapse"), ("coll", "collapse"), ("failures/stable", None)])
def test_any_other_name_is_refused_with_what_was_probably_meant(name: str, near: str | None) -> None:
    with pytest.raises(GanlabError, match="no lesson") as error:
        find_lesson(name)
    assert ("did you mean" in error.value.hint) == bool(near)
    assert (near or "the lessons are stable, collapse") in error.value.hint


@pytest.mark.parametrize("name", ["", "../stable", "README", "x\x1b[31m", "\x00"])
def test_no_other_file_is_a_lesson(name: str) -> None:
    with pytest.raises(GanlabError, match="no lesson") as error:
        find_lesson(name)
    assert error.value.message.isprintable()


def test_a_run_that_has_ended_is_found_again(points: Any, tmp_path: Path) -> None:
    assert ended_run(points(), tmp_path / "none") is None
    run = session.start(points(), tmp_path)
    assert ended_run(points(), tmp_path) == run
    assert ended_run(points("seed=1"), tmp_path) is None
    run.write_status(run.status().model_copy(update={"status": "interrupted"}))
    assert ended_run(points(), tmp_path) is None
