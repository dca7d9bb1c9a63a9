"""Condition ignored: the samples do not depend on the class that is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import GOOD, Case, Charge, Row, is_conditional, is_number, reading
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.remedies import Cure, at_least, longer, set_to
from ganlab.diagnosis.sample_levels import RISEN
from ganlab.diagnosis.verdict import Finding

HEEDED = 0.3
"""Share of the way from chance to what real labels reach under which the samples do not heed what is asked for."""

PERMUTED = 0.5
"""The same share, after the best matching of what is asked to what is made, from which the classes are mixed up."""

SOURCE = "Mirza & Osindero 2014; limit by definition"


def heeded(row: Row, key: str = "agreement") -> float | None:
    """Share of the way from chance to real labels that samples agree with what was asked; None where nothing was."""
    value, chance, real = (row.get(name) for name in (key, "agreement_chance", "agreement_real"))
    if not (is_number(value) and is_number(chance) and is_number(real)) or real <= chance or not is_conditional(row):
        return None
    return (value - chance) / (real - chance)


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose last samples are good, and of the class asked for hardly more often than by chance."""

    def ignored(row: Row) -> bool:
        value = heeded(row)
        return value is not None and value < HEEDED

    if case.good < GOOD or not case.always_recently(ignored) or case.rising(heeded, RISEN):
        return
    onset, value = case.since(ignored), case.recently(heeded)
    agreement, chance = (case.recently(reading(key)) for key in ("agreement", "agreement_chance"))
    words = (
        f"{100 * agreement:.0f} % of the samples are good and of the class asked for, "
        f"where {100 * chance:.0f} % would be if it were never looked at."
    )
    findings = [Finding("agreement_heeded", value, HEEDED, case.recent_window, SOURCE, words)]
    summary = f"The samples do not depend on the class that is asked for since step {onset}."
    matched = case.recently(lambda row: heeded(row, "agreement_matched"))
    if matched >= PERMUTED:
        words = "Yet each class asked for gives one other class: the labels are permuted, not ignored."
        source = "Kuhn 1955 (Hungarian method)"
        findings.append(Finding("agreement_matched", matched, PERMUTED, case.recent_window, source, words))
        summary = f"Since step {onset} another class is made than the one asked for: the labels are permuted."
    yield case.charge(since=onset, severity=min(1.0, 1 - value), findings=findings, summary=summary)


FAILURE = Failure(
    "condition_ignored",
    examine,
    cures=(
        Cure(
            "True labels: of random ones the discriminator learns that the class says nothing",
            "practice",
            set_to("game.label_noise", 0.0),
        ),
        Cure(
            "An auxiliary classifier pays the generator for samples of the class that was asked for",
            "Odena et al. 2017",
            lambda experiment: {"game.name": "auxiliary"} if experiment.game.name == "conditional" else {},
        ),
        Cure("More weight on the class beside the adversarial loss", "Odena et al. 2017", at_least("game.weight", 1.0)),
        Cure(
            "A projection shows the discriminator the class with every sample, so that one of another class looks fake",
            "Miyato & Koyama 2018",
            lambda experiment: {"game.name": "conditional"} if experiment.game.name == "auxiliary" else {},
        ),
        Cure("Train longer: samples become good before they heed the class", "practice", longer),
    ),
)
