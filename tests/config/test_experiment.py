"""The experiment as a whole."""

from __future__ import annotations

from ganlab.config.experiment import MEANINGS, VERDICTS, Experiment
from ganlab.config.rules import problems


def test_the_defaults_can_be_run() -> None:
    assert problems(Experiment()) == []


def test_every_verdict_has_a_meaning() -> None:
    variants = {f"{failure}/{variant}" for failure, variants in VERDICTS.items() for variant in variants}
    alone = {failure for failure, variants in VERDICTS.items() if not variants}
    # What diverges need not do so at a change of phase.
    assert set(MEANINGS) == variants | alone | {"diverged"}
