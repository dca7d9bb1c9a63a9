"""Diverged, at a phase change: a growing GAN came apart when a new size began."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator

from ganlab.config.experiment import Experiment
from ganlab.config.games import ProgressiveGameOptions
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.cures import HALVED_RATES, R1
from ganlab.diagnosis.explosion import explosion
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Change, Cure, added

EARLY = 0.2
"""Share of a phase, at its start, in which what goes wrong is laid to the change; a longer fade counts whole."""

SOURCE = "Karras et al. 2018, section 2"


def longer_fade(experiment: Experiment) -> Change:
    """Twice the images per fade; if there was no fade, the length of a phase."""
    game = experiment.game
    return {"game.fade": 2 * game.fade or game.images_per_phase} if isinstance(game, ProgressiveGameOptions) else {}


def examine(case: Case) -> Iterator[Charge]:
    """Charge a run that diverged, as `diverged` defines it over the whole run, early in a phase after the first."""
    starts = case.whole.phases
    finding = explosion(Case(case.whole, all_phases=True)) if len(starts) > 1 else None
    if finding is None:
        return
    onset, end = finding.window
    number = bisect_right(starts, onset) - 1
    if number < 1:
        return
    after = onset - starts[number]
    early = max(EARLY * length(case, number), fade(case.whole.experiment))
    if after > early:
        return
    words = f"It began {case.count(after)} after the size changed at {case.at(starts[number])}."
    yield Charge(
        severity=1.0,
        onset=onset,
        window=finding.window,
        findings=(finding, Finding("steps_after_phase", after, early, (starts[number], onset), SOURCE, words)),
        summary=(
            f"Training diverged at {case.at(onset)}, as the networks grew: "
            f"{finding.words[0].lower()}{finding.words[1:]}"
        ),
        active=end == case.last_step,
    )


def length(case: Case, number: int) -> int:
    """Steps of a phase; of the newest one those that were planned, but no more than the one before it had."""
    starts = case.whole.phases
    if number + 1 < len(starts):
        return starts[number + 1] - starts[number]
    before = starts[number] - starts[number - 1]
    return before if case.whole.planned is None else min(before, case.whole.planned - starts[number] + 1)


def fade(experiment: Experiment | None) -> int:
    """Steps of a fade; 0 if it is not known."""
    if experiment is None or not isinstance(experiment.game, ProgressiveGameOptions):
        return 0
    training = experiment.training
    return math.ceil(experiment.game.fade / (training.batch_size * training.discriminator_steps))


FAILURE = Failure(
    "diverged/phase_change",
    examine,
    cures=(
        Cure(
            "longer_fade",
            "A fade twice as long gives both networks time to adapt to the new layer",
            SOURCE,
            longer_fade,
        ),
        HALVED_RATES,
        Cure(
            "wgan_gp",
            "A gradient penalty between reals and fakes limits how steep a new layer can make the discriminator",
            "Gulrajani et al. 2017; Karras et al. 2018",
            added("penalties", name="wgan_gp", weight=10.0),
            price=1.5,
        ),
        R1,
    ),
)
