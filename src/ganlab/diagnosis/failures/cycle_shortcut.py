"""Cycle shortcut: a translation hides its original in a pattern too faint to see, and the way back reads it there."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import Case, Charge, Row, is_number, reading
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, at_most, halved

TIMES = 3.0
"""Times the clean cycle error that it must be once the translated image is disturbed, by less than an eye sees."""

CLOSE = 0.15
"""Cycle error (pixels from -1 to 1) under which the way back works at all."""

PASSED_ON = 0.03
"""Cycle error up to which the way back may only hand on the disturbance itself, of mean size .013 at most."""

SOURCE = "Chu et al. 2017; Bashkirova et al. 2019"


def growth(row: Row) -> float | None:
    """Cycle error after noise of 2/255 and 8-bit rounding on the translation, over the clean one; None without both."""
    clean, disturbed = row.get("cycle_error"), row.get("cycle_error_disturbed")
    return disturbed / max(clean, 1e-6) if is_number(clean) and is_number(disturbed) else None


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run whose way back works, but breaks if the translation is disturbed by less than the eye can see."""

    def hidden(row: Row) -> bool:
        times = growth(row)
        if times is None:
            return False
        return times >= TIMES and row["cycle_error"] < CLOSE and row["cycle_error_disturbed"] > PASSED_ON

    if not case.always_recently(hidden):
        return
    onset, value = case.since(hidden), case.recently(growth)
    clean, disturbed = (case.recently(reading(key)) for key in ("cycle_error", "cycle_error_disturbed"))
    words = (
        f"Noise of 2/255 on the translated image raises the cycle error from {clean:.3f} to {disturbed:.3f}, "
        f"{value:.1f} times as much: the original was hidden in a pattern that the noise destroys."
    )
    without = f"Without noise, the way back is off by {clean:.3f} per pixel (black to white is 2)."
    yield case.charge(
        since=onset,
        severity=1 - 1 / value,
        findings=[
            Finding("cycle_error_growth", value, TIMES, case.recent_window, SOURCE, words),
            Finding("cycle_error", clean, CLOSE, case.recent_window, "definition", without),
        ],
        summary=(
            f"Since {case.at(onset)} the translations have hidden the original in a faint pattern, "
            "and the way back reads it from there."
        ),
    )


FAILURE = Failure(
    "cycle_shortcut",
    examine,
    cures=(
        Cure(
            "less_cycle_weight",
            "Less weight on the cycle loss: it is what rewards hiding the original",
            "Chu et al. 2017",
            at_most("game.cycle", 5.0),
        ),
        Cure(
            "noisy_cycle",
            "Add noise to the translated image before the way back, during training: it destroys faint patterns",
            "Bashkirova et al. 2019",
        ),
        Cure(
            "narrower_translators",
            "Narrower translators have no room for a code in addition to the image",
            "practice",
            halved("generator.width", 4),
        ),
        Cure("fewer_blocks", "Fewer residual blocks, for the same reason", "practice", at_most("generator.blocks", 2)),
    ),
)
