"""Condition ignored: the samples do not depend on the class that is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import GOOD, Case, Charge, Row, is_conditional, is_number, reading
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, at_least, longer, set_to
from ganlab.diagnosis.sample_levels import RISEN

HEEDED = 0.3
"""Share of the way from chance to what real labels reach under which the samples do not heed what is asked for."""

PERMUTED = 0.5
"""The same share, after the best matching of what is asked to what is made, from which the classes are mixed up."""

SOURCE = "Mirza & Osindero 2014; limit by definition"


def heeded(row: Row, key: str = "agreement") -> float | None:
    """How far samples agree with the requested class, from chance (0) to real labels (1); None without a request."""
    value, chance, real = (row.get(name) for name in (key, "agreement_chance", "agreement_real"))
    if not (is_number(value) and is_number(chance) and is_number(real)) or real <= chance or not is_conditional(row):
        return None
    return (value - chance) / (real - chance)


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose last samples are good, but match the requested class hardly more often than by chance."""

    def ignored(row: Row) -> bool:
        value = heeded(row)
        return value is not None and value < HEEDED

    if case.passing < GOOD or not case.always_recently(ignored) or case.rising(heeded, RISEN):
        return
    onset, value = case.since(ignored), case.recently(heeded)
    agreement, chance = (case.recently(reading(key)) for key in ("agreement", "agreement_chance"))
    words = (
        f"{100 * agreement:.0f} % of the samples are good and of the requested class; "
        f"{100 * chance:.0f} % would be if the generator ignored the request."
    )
    findings = [Finding("agreement_heeded", value, HEEDED, case.recent_window, SOURCE, words)]
    summary = f"Since {case.at(onset)} the samples do not depend on the requested class."
    matched = case.recently(lambda row: heeded(row, "agreement_matched"))
    if matched >= PERMUTED:
        words = "Yet each requested class gives one other class: the labels are permuted, not ignored."
        source = "Kuhn 1955 (Hungarian method)"
        findings.append(Finding("agreement_matched", matched, PERMUTED, case.recent_window, source, words))
        summary = (
            f"Since {case.at(onset)} the generator makes a different class from the one requested: "
            "the labels are permuted."
        )
    yield case.charge(since=onset, severity=min(1.0, 1 - value), findings=findings, summary=summary)


FAILURE = Failure(
    "condition_ignored",
    examine,
    cures=(
        Cure(
            "true_labels",
            "Use true labels: random ones teach the discriminator that the class means nothing",
            "practice",
            set_to("game.label_noise", 0.0),
        ),
        Cure(
            "auxiliary_classifier",
            "An auxiliary classifier rewards the generator for samples of the requested class",
            "Odena et al. 2017",
            lambda experiment: {"game.name": "auxiliary"} if experiment.game.name == "conditional" else {},
        ),
        Cure(
            "class_weight",
            "More weight on the class term relative to the adversarial loss",
            "Odena et al. 2017",
            at_least("game.weight", 1.0),
        ),
        Cure(
            "projection",
            "A projection shows the discriminator each sample's class, so that a sample of another class looks fake",
            "Miyato & Koyama 2018",
            lambda experiment: {"game.name": "conditional"} if experiment.game.name == "auxiliary" else {},
        ),
        Cure("longer", "Train longer: samples become good before they follow the class", "practice", longer),
    ),
)
