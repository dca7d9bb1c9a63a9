"""What is said where losses alone are there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganlab.config.objectives import Family
from ganlab.diagnosis.beyond_losses import MADE, NAME_SAMPLES, TABLES, TRANSLATIONS
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.read_report import ReadReport
from ganlab.diagnosis.readers.vocabulary import trainers
from ganlab.diagnosis.verdict import Verdict

STEPS = np.arange(1, 101, dtype=np.int64)


def judged(trainer: str | None = None, d_loss: float = 1.2, g_loss: float = 0.8, **facts: Any) -> Verdict:
    """The verdict on losses that hover around a level."""
    noise = 0.05 * np.random.default_rng(0).standard_normal((2, len(STEPS)))
    curves = {"d_loss": Series(STEPS, d_loss + noise[0]), "g_loss": Series(STEPS, g_loss + noise[1])}
    report = ReadReport("a text log", trainer, 100, (1, 100), "step", "", None, (), (), ())
    return diagnose(Evidence("log", curves=curves, read=report if trainer else None, **facts))


def samples(verdict: Verdict) -> str:
    """How the verdict says to look at samples."""
    return next(each.how for each in verdict.missing if each.what == "samples")


def test_every_trainer_in_the_table_is_one_of_the_vocabulary() -> None:
    assert set(MADE) <= {trainer.name for trainer in trainers()}


def test_of_tables_a_critic_shows_nothing_and_the_rows_themselves_must_be_compared() -> None:
    verdict = judged("CTGAN", -0.5, 0.3, family="wasserstein")
    assert verdict.name == "inconclusive"
    assert verdict.summary.startswith("Nothing is proved: a critic's losses have no level that is good or bad")
    assert "Only the rows themselves can show whether they are good." in verdict.summary
    assert samples(verdict) == TABLES.look
    assert "--samples" not in samples(verdict)


def test_of_one_term_of_a_larger_loss_the_level_says_little() -> None:
    verdict = judged("pix2pix", family="cross_entropy", weighted=True)
    assert "the adversarial loss is one term of a larger one" in verdict.summary
    assert samples(verdict).startswith(TRANSLATIONS.look)
    assert samples(verdict).endswith(NAME_SAMPLES)


def test_relativistic_losses_have_no_level_either() -> None:
    assert "relativistic losses have no fixed level" in judged(d_loss=0.3, g_loss=15.0, family="relativistic").summary


@pytest.mark.parametrize(
    "facts", [{"family": "cross_entropy"}, {"family": "hinge"}, {"families": ("hinge", "wasserstein")}]
)
def test_of_other_losses_nothing_is_said_of_another_family(facts: dict[str, Any]) -> None:
    verdict = judged(**facts)
    assert verdict.summary.startswith("Nothing is proved: losses alone cannot distinguish")
    assert "critic" not in verdict.summary
    assert samples(verdict) == NAME_SAMPLES


def test_without_losses_nothing_is_said_of_them() -> None:
    assert diagnose(Evidence("log")).summary.startswith("Nothing is proved: there is neither a loss nor a sample")
    risen = Series(STEPS[:8], np.array([90, 60, 40, 20, 22, 25, 26, 27], float))
    verdict = diagnose(Evidence("log", quality={"fid": risen}))
    assert verdict.name == "inconclusive"
    assert "losses alone" not in verdict.summary
    assert "The best snapshot is that of step 4 (FID 20): use it. FID has risen since" in verdict.summary


@pytest.mark.parametrize(
    ("family", "d_loss", "g_loss"),
    [("cross_entropy", 1.386, 0.693), ("cross_entropy", 0.693, 0.693), ("least_squares", 0.5, 0.25), ("hinge", 2, 0)],
)
def test_losses_at_chance_over_the_whole_run_are_named(family: Family, d_loss: float, g_loss: float) -> None:
    rng = np.random.default_rng(0)
    values = [level + 0.002 * rng.standard_normal(len(STEPS)) for level in (d_loss, g_loss)]
    curves = dict(zip(("d_loss", "g_loss"), (Series(STEPS, each) for each in values), strict=True))
    said = "over the whole run: either the two networks balance, or the discriminator learns nothing; only samples tell"
    assert said in diagnose(Evidence("log", curves=curves, family=family)).summary
    left = curves | {"g_loss": Series(STEPS, np.where(STEPS < 80, values[1], values[1] + 0.3))}
    assert said not in diagnose(Evidence("log", curves=left, family=family)).summary
