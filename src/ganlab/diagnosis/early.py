"""How early a run can be judged: what each failure must have been seen in, and what is said until then.

One rule for all runs, whoever made them. Only FACTS, such as NaN and Inf, need no waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ganlab.diagnosis.case import NUMEROUS, Case, Charge, reading
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.failures import frozen, oscillation
from ganlab.diagnosis.findings import TIME, Missing
from ganlab.diagnosis.loss_levels import ENOUGH_ROWS
from ganlab.verdicts import INCONCLUSIVE, accuses, failure_of, words

SHARE = 0.1
"""Share of the planned steps before which a run is not judged. The samples of a generator that has hardly begun are
garbage and alike, and its losses far from where they settle, which is no failure of the run."""

LIVE_SNAPSHOTS = 3
"""Newest snapshots of a run that goes on, spanning SHARE of its planned steps, that a verdict on it needs."""

FACTS = ("non_finite", "augment")
"""Findings that need no waiting: numbers that are none, and augmentations beyond their range, which rise slowly."""

FIRST_UPDATES = 100
"""Updates of the generator, if they are known, before which samples that are garbage, or alike, say nothing: of the
labelled runs that learned, one in ten had left the garbage behind by then."""

SHEET = 16
"""Samples from which a run is acquitted, the usual small sheet of four by four: of the labelled runs of other people's
trainers that keep so few, or were cut to 25, none that had failed was called healthy. How often that was right is the
confidence."""

SOME = 16
"""Samples that show a kind of image which makes up a tenth of all in four cases of five (1 - .9^16), which is the most
that is ever claimed without calibration."""

REPEATING = 10
"""Samples that show that a generator repeats itself: the birthday test allows for their number, but of fewer a person
would ask for more."""


@dataclass(frozen=True)
class Needs:
    """What a failure must have been seen in before it is named.

    Attributes:
        rows: of the losses.
        seen: of these, rows over which it held: an odd row at the end is no failure.
        snapshots: whose samples were judged; without samples, `fids` counts.
        samples: in the newest of them.
        fids: points of a published FID curve.
        share: of the planned steps, if the plan is known.
        updates: of the generator, if they are known and its samples were never more than garbage, which those of one
            that has hardly begun are too.
    """

    rows: int = 0
    seen: int = 0
    snapshots: int = 0
    samples: int = 0
    fids: int = 0
    share: float = SHARE
    updates: int = 0


LOSSES = Needs(rows=ENOUGH_ROWS, seen=6)

NEEDS = {
    "diverged": LOSSES,
    "convergence_failure": LOSSES,
    "convergence_failure/frozen": Needs(rows=frozen.FEWEST, seen=frozen.FEWEST),
    "never_learned": Needs(snapshots=1, samples=SOME, fids=5, updates=FIRST_UPDATES),
    "mode_collapse": Needs(snapshots=1, samples=NUMEROUS, updates=FIRST_UPDATES),
    "mode_collapse/total": Needs(snapshots=1, samples=SOME, updates=FIRST_UPDATES),
    "mode_collapse/cycling": Needs(snapshots=3, samples=NUMEROUS, updates=FIRST_UPDATES),
    "condition_ignored": Needs(snapshots=1, samples=NUMEROUS),
    "codes_ignored": Needs(snapshots=1, samples=NUMEROUS),
    "cycle_shortcut": Needs(snapshots=1, samples=SOME),
    "memorisation": Needs(snapshots=1, samples=NUMEROUS),
    "discriminator_overfit": Needs(),
    # A FID that was reached and lost again is a fact at any time, and plans are often far longer than runs.
    "degraded": Needs(snapshots=3, samples=NUMEROUS, fids=3, share=0.0),
    "oscillation": Needs(rows=oscillation.ENOUGH_ROWS, seen=12),
    "under_trained": Needs(snapshots=3, samples=SOME, fids=3),
    "healthy": Needs(snapshots=1, samples=SHEET, fids=3),
}
"""What each verdict needs; a variant that is not in the table needs what its failure does. `inconclusive` needs
nothing."""


def needs(name: str) -> Needs:
    """Return what a verdict needs, by its name; one that is not in the table needs its share of the plan."""
    return NEEDS.get(name) or NEEDS.get(failure_of(name), Needs())


def sifted(found: Sequence[tuple[Failure, Charge]], case: Case) -> list[tuple[Failure, Charge]]:
    """Leave out what is too early to be named; `inconclusive` says what it was, and what it lacks.

    As long as anything that accuses is too early, nothing acquits the run either.
    """
    lacks = [_shortfall(failure.name, charge, case) for failure, charge in found]
    waiting = [
        (failure, lack)
        for (failure, charge), lack in zip(found, lacks, strict=True)
        if lack and charge.active and accuses(failure.name)
    ]
    kept = [
        (failure, charge)
        for (failure, charge), lack in zip(found, lacks, strict=True)
        if not lack and (not waiting or accuses(failure.name) or failure.name == INCONCLUSIVE)
    ]
    general = too_early(case)
    acquitting = (lack for (_, charge), lack in zip(found, lacks, strict=True) if lack and charge.active)
    lack = waiting[0][1] if waiting else next(acquitting, None)
    if general is None and lack is None:
        return kept
    missing = general or lack
    assert missing is not None
    hint = f" If it stays so, this is {words(waiting[0][0].name)}." if waiting else ""
    return [
        (failure, _waiting(charge, missing, hint) if failure.name == INCONCLUSIVE else charge)
        for failure, charge in kept
    ]


def _waiting(charge: Charge, missing: Missing, hint: str) -> Charge:
    """The charge that nothing is proved, with what it waits for."""
    summary = f"{missing.how[0].upper()}{missing.how[1:]}."
    return replace(charge, summary=summary, missing=(missing,), hint=hint)


def too_early(case: Case) -> Missing | None:
    """Return what a run lacks for any verdict at all; None if nothing."""
    evidence = case.whole
    lack = next(_of_the_run(evidence, case, SHARE), None)
    if lack is None and not case.rows and not case.has_quality:
        count, least = _rows(evidence), min(each.rows for each in NEEDS.values() if each.rows)
        lack = f"{count:,} of the {least} rows that a verdict needs" if 0 < count < least else None
    return None if lack is None else Missing(TIME, f"too early to tell: {lack}")


def _shortfall(name: str, charge: Charge, case: Case) -> Missing | None:
    """Return what a charge lacks to be named; None if nothing."""
    if name == INCONCLUSIVE or any(each.signal in FACTS for each in charge.findings):
        return None
    needed, evidence = needs(name), case.whole
    lack = next(_of_the_run(evidence, case, needed.share), None) or next(_of_the_losses(needed, charge, evidence), None)
    lack = lack or _of_the_updates(case, needed.updates)
    if lack is None and case.rows:
        if len(case.rows) < needed.snapshots:
            lack = f"{len(case.rows)} of the {needed.snapshots} snapshots that a verdict needs"
        elif (count := sample_count(case)) < (least := _least_samples(name, charge, case)):
            return Missing("more samples", f"too few to tell: {count:.0f} of the {least} samples that a verdict needs")
    elif lack is None and needed.fids:
        count = len(case.fid)
        lack = f"{count} of the {needed.fids} FIDs that a verdict needs" if count < needed.fids else None
    return None if lack is None else Missing(TIME, f"too early to tell: {lack}")


def _of_the_run(evidence: Evidence, case: Case, share: float) -> Iterator[str]:
    """Yield what a run lacks of its plan, and one that goes on of its snapshots."""
    planned, last = evidence.planned, evidence.last_step
    if planned and last < share * planned:
        yield f"{case.number(last)} of {case.count(planned)}"
    if share and not evidence.ended and evidence.snapshots and not newest_snapshots(evidence):
        count = sum(row.step > 0 for row in evidence.snapshots)
        if count < LIVE_SNAPSHOTS:
            yield f"{count} of the {LIVE_SNAPSHOTS} snapshots that a verdict needs"
        yield f"its snapshots do not span {100 * SHARE:.0f} % of {case.count(planned or 0)}"


def _of_the_updates(case: Case, least: int) -> str | None:
    """Return what a run whose samples were never more than garbage lacks of updates; None if nothing, or not known."""
    if case.updates is None or case.updates >= least or not case.rows or case.learned:
        return None
    return f"{case.updates} of the {least} updates of the generator that a verdict needs"


def _of_the_losses(needed: Needs, charge: Charge, evidence: Evidence) -> Iterator[str]:
    """Yield what a charge lacks of rows."""
    if _rows(evidence) < needed.rows:
        yield f"{_rows(evidence):,} of the {needed.rows} rows that a verdict needs"
    if (count := _rows(evidence, charge.window)) < needed.seen:
        yield f"it was seen in {count} of the {needed.seen} rows that a verdict needs"


def _rows(evidence: Evidence, window: tuple[int, int] | None = None) -> int:
    """Return how many rows the longest curve has, in all or over a window."""
    curves = evidence.curves.values()
    return max((len(curve if window is None else curve.within(*window)) for curve in curves), default=0)


def _least_samples(name: str, charge: Charge, case: Case) -> int:
    """Return how many samples a charge needs.

    The birthday test, in which their number counts, does with few. Of 25 blurred photographs, enough pass statistics of
    patches by chance to look healthy; of 100 they don't.
    """
    least = needs(name).samples
    if any(each.signal == "near_duplicates" for each in charge.findings):
        return min(least, REPEATING)
    return max(least, NUMEROUS) if name == "healthy" and case.by_patches else least


def sample_count(case: Case) -> float:
    """Return how many samples the last snapshots hold each; infinity if that is not known."""
    count = case.recently(reading("n"))
    return float("inf") if np.isnan(count) else count


def newest_snapshots(evidence: Evidence) -> list[int]:
    """Steps of the newest snapshots, LIVE_SNAPSHOTS at least, that span SHARE of the planned steps.

    Empty if there are too few. The snapshot before the first step does not count.
    """
    steps = [row.step for row in evidence.snapshots if row.step > 0]
    far = [step for step in steps if step <= steps[-1] - SHARE * (evidence.planned or 0)]
    if not far or len(steps) < LIVE_SNAPSHOTS:
        return []
    return [step for step in steps if step >= min(far[-1], steps[-LIVE_SNAPSHOTS])]
