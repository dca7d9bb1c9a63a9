from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.findings import Contribution, Remedy
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import expectation, facts, headline, in_a_line, sections


def judged(**changes: object) -> Verdict:
    """A run whose discriminator's loss is at 0.001 and whose generator's is at 9 over 500 steps."""
    steps = np.arange(1, 501, dtype=np.int64)
    curves = {"d_loss": Series(steps, np.full(500, 0.001)), "g_loss": Series(steps, np.full(500, 9.0))}
    return replace(diagnose(Evidence("runs/a", curves, family="cross_entropy")), **changes)  # type: ignore[arg-type]


def test_a_printed_verdict_is_its_headline_its_evidence_and_what_to_do() -> None:
    verdict = judged(basis="9 of 10 runs")
    lines = str(verdict).splitlines()
    assert lines[:3] == ["runs/a", "Convergence failure, discriminator dominates, since step 5", verdict.summary]
    assert lines[3].startswith(f"confidence {100 * verdict.confidence:.0f} % (")
    evidence, remedies = lines.index("evidence:"), lines.index("what to do:")
    assert verdict.evidence[0].words in lines[evidence + 1]
    assert verdict.evidence[0].signal in lines[evidence + 1]
    assert verdict.remedies[0].why in lines[remedies + 1]
    assert in_a_line(verdict) == f"step 500: {headline(verdict)} (confidence {100 * verdict.confidence:.0f} %)"


def test_what_is_not_proved_has_neither_confidence_nor_severity() -> None:
    assert facts(judged(failure="inconclusive", variant=None)) == "judged on steps 1 to 500"


def test_what_others_wrote_cannot_steer_a_terminal() -> None:
    text = str(judged(source="a\x1b[31m", summary="b\x07", notes=("c\x9b",)))
    assert all(character.isprintable() or character == "\n" for character in text)


def test_changes_have_an_old_value_if_the_experiment_is_known() -> None:
    remedy = Remedy("why", "practice", {"latent.dim": 64})
    verdict = judged(remedies=(remedy,))
    assert str(sections(verdict)["what to do"][0]) == "latent.dim: 64: why (practice)"
    assert expectation(verdict) is None
    assert verdict.judged_on is not None
    known = replace(verdict, judged_on=replace(verdict.judged_on, experiment=Experiment(expect=("healthy",))))
    assert str(sections(known)["what to do"][0]) == "latent.dim: 100 -> 64: why (practice)"
    assert expectation(known) == ("not as expected: healthy", False)


def test_steps_are_called_what_they_are() -> None:
    verdict = judged()
    assert verdict.judged_on is not None
    by_epoch = diagnose(replace(verdict.judged_on, unit="epoch"))
    text = str(by_epoch)
    assert headline(by_epoch).endswith(", since epoch 5")
    assert by_epoch.summary.startswith("Since epoch 5 ")
    assert "judged on epochs 1 to 500" in text
    assert not re.search(r"steps? \d", text)
    assert in_a_line(by_epoch).startswith("epoch 500: ")


def test_a_confidence_that_was_not_measured_is_a_ceiling() -> None:
    guessed = judged(confidence=0.8, basis="uncalibrated: only 24 samples were seen")
    assert facts(guessed).startswith("confidence at most 80 % (uncalibrated: only 24 samples were seen); ")
    assert "(confidence at most 80 %)" in in_a_line(guessed)
    assert facts(judged(confidence=0.8, basis="7 of 8 runs")).startswith("confidence 80 % (7 of 8 runs); ")


def test_what_was_seen_in_one_snapshot_was_seen_at_it() -> None:
    found = tuple(Contribution("mode_collapse", "partial", 1000, (1000, last)) for last in (1000, 1200))
    text = str(judged(contributing=found))
    assert "(seen at step 1,000)" in text
    assert "(seen over steps 1,000 to 1,200)" in text
