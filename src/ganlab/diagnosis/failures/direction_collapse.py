"""Mode collapse of one direction: one of two translators makes the same image of everything, the other does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ganlab.diagnosis.case import ALIKE, Case, Charge, Row, relative_vendi
from ganlab.diagnosis.cures import HALVED_RATES, STEADIER_ADAM
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, at_least

DIRECTIONS = {"vendi": ("forward", "source to target"), "back_vendi": ("backward", "target to source")}
"""What each direction is called, by the key of its Vendi score."""


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run in which most of the last snapshots, the very last among them, hold one image in one direction."""
    varieties = {key: case.recently(partial(relative_vendi, key=key)) for key in DIRECTIONS}
    key, other = sorted(varieties, key=lambda each: varieties[each])
    value = varieties[key]

    def alike(row: Row) -> bool:
        variety, others = relative_vendi(row, key), relative_vendi(row, other)
        return variety is not None and others is not None and variety < ALIKE <= others

    if not value < ALIKE <= varieties[other] or not alike(case.recent[-1]):
        return
    onset = case.since(alike)
    name, way = DIRECTIONS[key]
    words = (
        f"From {way}, the translations have {100 * value:.1f} % of the variety of the same number of real images "
        f"(relative Vendi score); the other way, {100 * varieties[other]:.0f} %."
    )
    yield case.charge(
        since=onset,
        severity=1 - value,
        findings=[Finding(f"relative_{key}", value, ALIKE, case.recent_window, "Friedman & Dieng 2023", words)],
        summary=f"Since {case.at(onset)} the {name} translator has turned every image into nearly the same one.",
    )


FAILURE = Failure(
    "mode_collapse/one_direction",
    examine,
    cures=(
        Cure(
            "cycle_weight",
            "More weight on the cycle loss: if every image becomes the same one, there is no way back",
            "Zhu et al. 2017, section 3.2",
            at_least("game.cycle", 10.0),
        ),
        Cure(
            "pool",
            "A pool of 50 earlier translations keeps the discriminator from forgetting them",
            "Zhu et al. 2017, section 4",
            at_least("game.pool", 50),
        ),
        Cure(
            "identity_loss",
            "The identity loss keeps each translation close to its input",
            "Zhu et al. 2017, section 5.2",
            at_least("game.identity", 5.0),
        ),
        STEADIER_ADAM,
        HALVED_RATES,
    ),
)
