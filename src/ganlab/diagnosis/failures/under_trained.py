"""Under-trained: it still improves, or has hardly begun. No accusation."""

from __future__ import annotations

from collections.abc import Iterator

from ganlab.diagnosis.case import FAST, GOOD, NEAR, QUICK, RECENT, VAST, Case, Charge
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.fid_course import advice
from ganlab.diagnosis.findings import Finding
from ganlab.diagnosis.remedies import Cure, longer
from ganlab.diagnosis.sample_levels import NARROW, shortfall, twins

LIKENESS = frozenset({"good", "recognised", "visited_class_mass", "energy_coefficient"})
"""What says how much samples look like the data."""


def examine(case: Case) -> Iterator[Charge]:
    """Report a run whose samples, or printed FID, still improve: those that are good only if they do so quickly.

    So are varied samples that are not quite good yet if few steps, or less than half of the planned ones, are done; or
    if they came much nearer to the reals, and it is not known that they have stopped: the run is not known to be long,
    or its snapshots or samples are too few to show them at rest. Longer training is what to try first.

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
    varied = not case.little_variety(NARROW) and lacking <= {*LIKENESS, "relative_vendi"}
    return bool(lacking) and learned and varied and not twins(case)


def too_short(case: Case) -> Charge:
    """The report of a run whose samples are varied and nearly good, after little training."""
    lacking = shortfall(case)
    if case.half_way:
        few = f"only {case.number(case.last_step)} of {case.count(case.whole.planned or 0)} are done"
    else:
        few = f"{case.length or 0:,} {'updates of the generator' if case.updates is not None else 'steps'} are few"
    return Charge(
        severity=max(0.0, min(1.0, 1 - case.passing)) / 2,
        onset=None,
        window=lacking[0].window,
        findings=tuple(lacking),
        summary=f"The samples are varied, but not good yet, and {few}. {' '.join(each.words for each in lacking)}",
    )


def unsettled(case: Case) -> Charge:
    """The report of a run whose samples came nearer to the reals, and whose end cannot be told from a pause."""
    lacking = shortfall(case)
    words = " ".join(each.words for each in lacking)
    return Charge(
        severity=max(0.0, min(1.0, 1 - case.passing)) / 2,
        onset=None,
        window=lacking[0].window,
        findings=tuple(lacking),
        summary="The samples have come much nearer to real ones since the run began, and are not good yet. That they "
        f"have stopped getting better cannot be seen from so few snapshots, samples or steps. {words}",
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
    cures=(Cure("longer", "Train longer: the samples were still getting better", "the run itself", longer),),
)
