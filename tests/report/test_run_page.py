"""What the page of one run says: on top what it was to show, how it stands and what to do; below, the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.report.frames import Frames
from ganlab.report.pages import run_page
from ganlab.report.run_page import Subject, head_of, remedy_words
from ganlab.runs.status import RunStatus

STEPS = np.arange(1, 501)


def subject(experiment: Experiment | None, ended: bool = True) -> Subject:
    """A run of 500 steps whose discriminator has won from the first on."""
    curves = {
        "d_loss": Series(STEPS, np.full(500, 0.001)),
        "g_loss": Series(STEPS, np.full(500, 9.0)),
    }
    evidence = Evidence(
        "run", curves, family="cross_entropy", saturating=False, planned=1000, ended=ended, experiment=experiment
    )
    return Subject("run", evidence, diagnose(evidence), Frames([], 0, []), config="runs/x/config.yaml")


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("[convergence_failure]", "The experiment expects convergence failure: that is what was seen."),
        ("[healthy, under_trained]", "The experiment expects healthy or under trained: that is not what was seen."),
        ("[]", ""),
    ],
)
def test_the_head_says_whether_it_came_as_expected(points: Any, expect: str, said: str) -> None:
    shown = subject(points(f"expect={expect}"))
    assert shown.verdict.failure == "convergence_failure"
    assert head_of(shown)["expected"] == said
    assert said in run_page(shown)


def test_what_is_too_early_to_tell_is_not_called_unexpected(points: Any) -> None:
    shown = subject(points("expect=[healthy]"))
    early = shown.evidence.until(20)
    assert head_of(replace(shown, evidence=early, verdict=diagnose(early)))["expected"] == ""


def test_a_run_that_goes_on_stands_where_its_curves_end() -> None:
    running = replace(subject(None, ended=False), status=RunStatus(status="running", step=0, steps=1000))
    assert head_of(running)["state"] == "running, step 500 of 1,000 steps"
    ended = replace(subject(None), status=RunStatus(status="finished", step=500, steps=500, seconds=9.0))
    assert head_of(ended)["state"].startswith("finished after step 500 of 500")


def test_the_first_thing_to_do_is_the_first_remedy() -> None:
    shown = subject(None)
    assert shown.verdict.remedies
    assert head_of(shown)["first"] == shown.verdict.remedies[0].why


def test_the_command_of_a_cure_changes_what_it_names_and_expects_nothing(points: Any) -> None:
    for experiment in (points("expect=[convergence_failure]"), points()):
        shown = subject(experiment)
        remedy = next(each for each in shown.verdict.remedies if each.change)
        command = remedy_words(remedy, shown)["command"]
        assert command.startswith("ganlab train runs/x/config.yaml ")
        assert all(f"{key}=" in command for key in remedy.change)
        assert command.endswith(" expect=[]") == bool(experiment.expect)
