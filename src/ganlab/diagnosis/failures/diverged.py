"""Diverged: numbers stopped being numbers, or grow without bound."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.cures import BOUNDED_CRITIC, CLIPPING, HALVED_RATES, R1, SPECTRAL, STEADIER_ADAM
from ganlab.diagnosis.explosion import explosion
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.remedies import Cure


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run with NaN or Inf, or with a gradient or loss that has exploded and stays there."""
    finding = explosion(case)
    if finding is not None:
        (onset, end), words = finding.window, finding.words
        if words.startswith("The "):  # and not with the name of a column
            words = f"t{words[1:]}"
        yield Charge(
            severity=1.0,
            onset=onset,
            window=finding.window,
            findings=(finding,),
            summary=f"Training diverged at {case.at(onset)}: {words}",
            active=end == case.last_step and (finding.signal == "non_finite" or not case.at_best_fid),
        )


FAILURE = Failure(
    "diverged",
    examine,
    cures=(
        BOUNDED_CRITIC,
        STEADIER_ADAM,
        HALVED_RATES,
        R1,
        CLIPPING,
        SPECTRAL,
        Cure(
            "check_range",
            "Check that the data lie in the range that the generator can produce, [-1, 1]",
            "practice",
            foreign=True,
        ),
    ),
)
