"""Under-trained: it still improves, or has hardly begun. No accusation."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import COURSE, FAST, GOOD, NEAR, QUICK, RECENT, VAST, Case, Charge, alike_by_design
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.fid_course import advice
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, longer
from ganlab.diagnosis.sample_levels import NARROW, shortfall, twins, visited_mass

BETTER_LATER = frozenset({"good", "recognised", "energy_coefficient", "visited_class_mass", "relative_vendi"})
"""What samples that range over the data may lack until they look more like it: a classifier, too, takes strokes that
are not digits yet for a few kinds of digit."""


def examine(case: Case) -> Iterator[Charge]:
    """Report a run whose samples, or printed FID, still improve: those that are good only if they do so quickly.

    So are samples that range over the data and are not good yet if few steps, or less than half of the planned ones,
    are done; or if they came much nearer to the reals, and snapshots or samples are too few to show that they have
    stopped. Longer training is what to try first.

    Samples that pass the garbage test about as often as reals do, and as a whole lie near them, are there, unless they
    changed by more than VAST and have not settled since. Passing alone is not enough: a classifier takes bold strokes
    for digits too.
    """
    if not case.rows and case.fid_fall > FAST:
        yield falling(case)
        return
    found = case.improvement
    if found is None and len(case.rows) >= RECENT and nearly(case):
        if case.brief:
            yield too_short(case)
        elif case.gained and not case.could_show_rest:
            yield unsettled(case)
    if found is None or (twins(case) and not case.still_learning):
        return
    good = not shortfall(case)
    vast = found.change > VAST and not found.settled and case.of_pictures
    there = case.passing >= NEAR and not case.apart and not vast
    if good and (there or found.change <= QUICK):
        return
    words = found.words
    yield Charge(
        severity=max(0.0, min(1.0, 1 - case.passing / GOOD)) / 2,
        onset=None,
        window=found.window,
        findings=(
            Finding(found.signal, found.change, found.needed, found.window, "Mann 1945; Theil-Sen slope", words),
        ),
        summary=f"{said(case) if good else 'The samples are not good yet, but they are still improving.'} {words}",
    )


def said(case: Case) -> str:
    """Say how far varied samples are from reals."""
    passing = f"{100 * case.passing:.0f} %"
    return f"The samples are varied, look like the data {passing} as often as real ones do, and still improve quickly."


def nearly(case: Case) -> bool:
    """Return whether samples range over the data, and all that they lack is to look more like it."""
    lacking = {each.signal for each in shortfall(case)}
    learned = case.passing >= GOOD or case.ranging
    ranges = case.varied(NARROW) and not case.recently(visited_mass) < GOOD
    return bool(lacking) and lacking <= BETTER_LATER and learned and ranges and not twins(case)


def too_short(case: Case) -> Charge:
    """The report of a run whose samples are not good yet, after little training."""
    if case.half_way:
        few = f"only {case.number(case.last_step)} of {case.count(case.whole.planned or 0)} are done"
    else:
        few = f"{case.length or 0:,} {'updates of the generator' if case.updates is not None else 'steps'} are few"
    return unfinished(case, f"The samples are not good yet, and {few}.")


def unsettled(case: Case) -> Charge:
    """The report of a run whose samples came nearer to the reals, and whose end cannot be told from a pause."""
    few = (
        "snapshots" if len(case.rows) < COURSE else "different samples" if alike_by_design(case.rows[-1]) else "samples"
    )
    return unfinished(
        case,
        "The samples have come much nearer to real ones since the run began, and are not good yet. Whether they have "
        f"stopped getting better cannot be told from so few {few}.",
    )


def unfinished(case: Case, why: str) -> Charge:
    """The report of a run that shows nothing worse than samples which are not good yet."""
    lacking = shortfall(case)
    return Charge(
        severity=max(0.0, min(1.0, 1 - case.passing)) / 2,
        onset=None,
        window=lacking[0].window,
        findings=tuple(lacking),
        summary=f"{why} {' '.join(each.words for each in lacking)}",
    )


def falling(case: Case) -> Charge:
    """The report of a run whose printed FID still falls."""
    window = (int(case.fid.steps[0]), int(case.fid.steps[-1]))
    first, last = float(case.fid.values[0]), float(case.fid.values[-1])
    fall = f"{100 * case.fid_fall:.0f} %"
    words = f"FID fell from {first:.3g} to {last:.3g}, by {fall} of its level in the last half alone."
    return Charge(
        severity=0.0,
        onset=None,
        window=window,
        findings=(Finding("fid", case.fid_fall, FAST, window, "Mann 1945; Theil-Sen slope", words),),
        summary=f"The run was still improving when it ended. {words}{advice(case)}",
    )


FAILURE = Failure(
    "under_trained",
    examine,
    cures=(
        Cure(
            "longer",
            "Train longer: nothing shows that the samples have stopped getting better",
            "the run itself",
            longer,
        ),
    ),
)
