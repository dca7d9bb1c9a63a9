"""Codes ignored: what the generator makes says nothing of its codes."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.config.experiment import Experiment
from ganlab.diagnosis.case import GOOD, Case, Charge, Row, is_number, reading
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Change, Cure, at_least, at_most, longer
from ganlab.diagnosis.sample_levels import RISEN

READ = 0.2
"""Share of the code's entropy H(c) that the bound L_I must reach. Chen et al. reach nearly all of it, and a generator
that is not paid for it none."""

SOURCE = "Chen et al. 2016, eq. 5 and figure 1"


def no_more_than_classes(experiment: Experiment) -> Change:
    """The number of classes in the data, if it is known and there are more categories than that."""
    count = experiment.data.class_count
    return at_most("game.categories", count)(experiment) if count and count >= 2 else {}


def read(row: Row) -> float | None:
    """L_I / H(c): share of the categorical code's entropy that can be read from the samples; None without codes."""
    bound, most = row.get("info_bound"), row.get("info_max")
    return bound / most if is_number(bound) and is_number(most) and most > 0 else None


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose last samples are good but do not reveal the code."""

    def ignored(row: Row) -> bool:
        value = read(row)
        return value is not None and value < READ

    if case.passing < GOOD or not case.always_recently(ignored) or case.rising(read, RISEN):
        return
    onset, value = case.since(ignored), case.recently(read)
    bound, most = (case.recently(reading(key)) for key in ("info_bound", "info_max"))
    words = f"Of the {most:.2f} nats in the categorical code, {bound:.2f} (a lower bound) can be read from the samples."
    yield case.charge(
        since=onset,
        severity=min(1.0, 1 - value),
        findings=[Finding("info_bound_share", value, READ, case.recent_window, SOURCE, words)],
        summary=f"Since {case.at(onset)} the samples reveal nothing about the generator's codes.",
    )


def more_weight(experiment: Experiment) -> Change:
    """Return the change to the next larger weight of the categories: 0.1, then 1."""
    return at_least("game.weight", 0.1)(experiment) or at_least("game.weight", 1.0)(experiment)


FAILURE = Failure(
    "codes_ignored",
    examine,
    cures=(
        Cure(
            "code_weight",
            "Reward the generator for using its codes: a weight of 0.1 on the categorical one, then of 1",
            "Chen et al. 2016, section 7.2, has 1, with which small networks collapsed in our trials",
            more_weight,
        ),
        Cure(
            "fewer_categories",
            "Use no more categories than the data have classes",
            "Chen et al. 2016",
            no_more_than_classes,
        ),
        Cure("longer", "Train longer: the codes come into use after the first good samples", "practice", longer),
        Cure(
            "shared_q",
            "Let Q share all of the discriminator's layers but the last",
            "Chen et al. 2016, section 6",
            foreign=True,
        ),
    ),
)
