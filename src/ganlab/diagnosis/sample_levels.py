"""What the statistics of the samples say, for failures that ask the same of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.case import (
    ALIKE,
    GARBAGE,
    NEARBY,
    NUMEROUS,
    OWN_RUNS,
    RECENT,
    Case,
    Row,
    alike_by_design,
    made_from_images,
    ratio,
    relative_vendi,
)
from ganlab.diagnosis.findings import Finding
from ganlab.runs.snapshots import MOST_REPEATED

VARIED = 0.5
"""Relative Vendi score from which samples are varied. Coverage and recall, of which small and short runs reach but a
tenth while a person calls their samples fine, are shown and do not decide."""

VISITED = 0.8
"""Share of the real mass in classes that must be among the good samples at all, over that which as many reals show."""

RECOGNISED = 0.55
"""Share of the samples that a classifier recognises, over that of reals, for them to be healthy. Shipped experiments
that are made to be healthy, and are not short, end at .63 or more."""

RECOGNISED_SOON = 0.85
"""The same for a run that is known to be short, and would get better if it went on. Of tuned runs of other people's
trainers that nothing else keeps from being healthy, a reader called all five with more than this healthy, four of 18
with .5 to .85, 14 of which are short, and none of eleven with less (`truth.readings`)."""

FEW_MODES = 0.5
"""Modes that samples show, over those that as many reals do, under which modes are missing. 1,000 samples of 300 of
stacked MNIST's 1,000 modes have .46, of 500 .68; of all of them, each channel with the class shares of a healthy short
run on MNIST, .65."""

NARROW = 0.25
"""Relative Vendi score of a class under which its samples are too alike."""

FEW_KINDS = 0.1
"""Energy coefficient under which poor samples of little variety show a few kinds of picture, each with something of the
reals. K reals, over and over, have 1/(2 K). Labelled runs of which a person said so had .04 to .09, and such as had
learned nothing .13 or more."""

RISEN = 0.05
"""Rise, over the last half of the run, of the share of what was asked for that the samples show, from which the
generator is still learning to show it."""

REPEATED = 0.5
"""Share of the samples with a near-duplicate among them from which they repeat each other, if reals do not do so too
and the birthday test gives it less than CHANCE."""

REPEATED_OVER = 4.0
"""Times the share of as many reals from which reals do not do so too."""

FEWER = 0.5
"""Different samples, over those among as many reals, under which reals do not do so too, however many look alike."""

CHANCE = 1e-3
"""Probability under which repeats are no accident."""

FOREIGN = 0.15
"""Energy coefficient, beyond twice what K pictures like the reals have, above which repeated garbage isn't of their
kind. Of the labelled runs that rules were tuned on, the last samples of collapsed ones were at least .12 below this
limit, and of those that had learned nothing, and repeated more than three pictures, at least .01 above it."""

FAVOURED = 0.25
"""Share of the samples with a near-duplicate among them from which a picture that CROWD of them show is one to which
the generator returns, and sheets of few samples show a collapse if all of them look so."""

CROWD = 10.0
"""Samples a picture, on average over those that several show, from which the generator returns to it."""

SEVERAL = 3
"""Different pictures up to which samples that repeat each other are said to be all the same: one picture in several
shades counts as a few."""

NEARLY_ALL = 0.9
"""Share of the samples with a near-duplicate among them from which nearly all are such."""

DIFFERENT = 0.1
"""Share of the samples with a near-duplicate among them under which they are all different."""

PICTURES = 500
"""Pictures that a generator has in all under which it repeats itself. Good ones have several hundred thousand (Arora &
Zhang 2017); a labelled run whose fours and nines of a small MLP a person called good had 1,000, as alike as they were,
and collapsed ones had 5 to 70. Half of the samples having a twin doesn't say so alone: of 1,000, most have one by
chance in 1,000 pictures."""


def accidental(row: Row) -> bool:
    """Return whether repeats among a row's samples would be the generator's fault.

    What is made from images repeats itself as these do, and a sorted sheet because it was drawn that way.
    """
    return not made_from_images(row) and not alike_by_design(row)


def repeated(row: Row) -> bool:
    """Return whether most of a row's samples repeat each other, as reals do not."""
    share, chance = row.number("near_duplicates"), row.number("repeats_chance")
    if share is None or chance is None or not accidental(row):
        return False
    real, fewer = row.number("near_duplicates_real") or 0.0, ratio(row, "distinct")
    unlike_reals = share >= REPEATED_OVER * real or (fewer is not None and fewer < FEWER)
    most = share >= REPEATED and few_pictures(row)
    return chance < CHANCE and unlike_reals and (most or (share >= FAVOURED and crowd(row) >= CROWD))


def one_picture(row: Row) -> bool:
    """Return whether all of a row's samples show one and the same picture."""
    return repeated(row) and row.number("distinct") == 1


def hardly_more(row: Row) -> bool:
    """Return whether nearly all of a row's samples show one picture, or a few shades of it."""
    share, distinct = row.number("near_duplicates"), row.number("distinct")
    return repeated(row) and share is not None and share >= NEARLY_ALL and distinct is not None and distinct <= SEVERAL


def all_alike(case: Case) -> bool:
    """Return whether the last samples are one picture, whatever it shows: that is a total collapse."""
    if case.always_recently(one_picture):
        return True
    return case.recently(relative_vendi) < ALIKE and case.always_recently(hardly_more)


def of_no_kind(row: Row) -> bool:
    """Return whether a row's samples are garbage, a few pictures that lie farther from the reals than so many would.

    Of K pictures like the reals, over and over, the energy coefficient is 1/(2 K), of one of them .5. A generator that
    has learned nothing repeats what it makes, too, as a pattern that all its samples share, and has lost nothing.
    """
    distance, distinct = row.number("energy_coefficient"), row.number("distinct")
    passing = ratio(row, "good")
    if distance is None or not distinct or passing is None:
        return False
    return passing < GARBAGE and distance > FOREIGN + 1 / distinct


def crowd(row: Row) -> float:
    """Return how many of a row's samples show the same picture, on average over the pictures that several show.

    1 if none does, or the row doesn't say.
    """
    count, distinct, share = row.number("n"), row.number("distinct"), row.number("near_duplicates")
    if count is None or distinct is None or not share or not accidental(row):
        return 1.0
    count = min(count, MOST_REPEATED)
    named = round(share * count)
    pictures = named - (count - distinct)
    return named / pictures if pictures > 0 else 1.0


def twinned(row: Row) -> bool:
    """Return whether a row's samples are few, and repeat each other beyond chance and more than reals do."""
    share, chance, count = row.number("near_duplicates"), row.number("repeats_chance"), row.number("n")
    if share is None or chance is None or count is None or not accidental(row):
        return False
    real = row.number("near_duplicates_real") or 0.0
    return count <= NUMEROUS and chance < CHANCE and share >= max(FAVOURED, REPEATED_OVER * real)


def always_twins(case: Case) -> bool:
    """Return whether few samples repeat each other beyond chance in each of the last snapshots, and these are enough.

    Of a sheet of 25 that come from 16 pictures, a little noise hides half of the twins; but not by accident on sheet
    after sheet.
    """

    return len(case.recent) >= RECENT and case.always_recently(twinned)


def shows_few(case: Case) -> bool:
    """Return whether the last samples repeat each other and show a few pictures of the reals' kind."""
    repeats = case.always_recently(repeated) or always_twins(case)
    strange = [of_no_kind(row) for row in case.recent]
    return repeats and not (strange[-1] and 2 * sum(strange) > len(strange))


def few_pictures(row: Row) -> bool:
    """Return whether a row's samples show as few different pictures as those of less than PICTURES do on average.

    Of K pictures, equally likely, n samples show K (1 - (1 - 1/K)^n). A row that doesn't say how many differ, as those
    of older versions, is taken at its share of near-duplicates.
    """
    count, distinct = row.number("n"), row.number("distinct")
    if count is None or distinct is None:
        return True
    return bool(distinct < PICTURES * (1 - (1 - 1 / PICTURES) ** min(count, MOST_REPEATED)))


def all_different(row: Row) -> bool:
    """Return whether hardly any of a row's samples is a near-duplicate of another; False if the row doesn't say."""
    share = row.number("near_duplicates")
    return share is not None and share < DIFFERENT


def may_yet_differ(case: Case) -> bool:
    """Return whether pictures that are alike are no collapse, because the generator has not learned to draw them yet.

    Either the run has hardly begun, and they are alike because none of them shows anything, but do not repeat each
    other; or they still improve, and there are not CROWD samples a picture: no blur makes so many of so few.
    """
    if case.young and case.of_pictures and not repeated(case.recent[-1]):
        return True
    return case.still_learning and not case.always_recently(lambda row: crowd(row) >= CROWD)


def few_kinds(case: Case) -> bool:
    """Return whether samples that are seen by patches, and are poor, show a few kinds of picture of the reals' kind.

    What has learned nothing varies as little, but lies far from the reals. A little noise hides that they are repeated.
    """
    near = case.distance < FEW_KINDS
    return case.by_patches and near and case.recently(relative_vendi) < NARROW and not case.improving


def twins(case: Case) -> bool:
    """Return whether few samples, which are no garbage, repeat each other beyond chance: more might show a collapse."""
    row = case.recent[-1]
    count, chance = row.number("n"), row.number("repeats_chance")
    if count is None or chance is None or case.passing < GARBAGE or not accidental(row):
        return False
    return count < NUMEROUS and chance < CHANCE


def repeats_of(case: Case) -> list[Finding]:
    """The finding that the last samples repeat each other; empty if they do not."""
    row = case.recent[-1]
    if not repeated(row) and not always_twins(case):
        return []
    share, words = row["near_duplicates"], repeats_in_words(row)
    return [
        Finding(
            "near_duplicates",
            share,
            REPEATED if share >= REPEATED else FAVOURED,
            case.recent_window,
            "Arora & Zhang 2017",
            words,
        )
    ]


def repeats_in_words(row: Row) -> str:
    """Say how many of a row's samples repeat each other, and how few are left."""
    share, real, chance = (row.number(key) for key in ("near_duplicates", "near_duplicates_real", "repeats_chance"))
    count, distinct = min(row.number("n") or 0, MOST_REPEATED), row.number("distinct") or 0
    pictures = "only one picture" if distinct == 1 else f"{distinct:,.0f} different pictures"
    by_chance = "p < 1e-12" if (chance or 0) < 1e-12 else f"p = {chance:.1g}"
    return (
        f"{100 * (share or 0):.0f} % of the samples have a near-duplicate among the others, against "
        f"{100 * (real or 0):.0f} % of the same number of real ones; {count:,.0f} samples show {pictures} "
        f"(by chance: {by_chance})."
    )


def class_shares(row: Row) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Shares of the good samples and of the reals by class; None if the row has no classes or no good sample."""
    counts, real = row.get("class_counts"), row.get("class_shares_real")
    if not counts or not real or len(counts) != len(real) or not sum(counts):
        return None
    return np.asarray(counts, float) / sum(counts), np.asarray(real, float)


def visited_mass(row: Row) -> float | None:
    """Share of the real mass in classes with a good sample; None if there are no classes."""
    known = class_shares(row)
    return None if known is None else float(known[1][known[0] > 0].sum())


def expected_mass(row: Row) -> float | None:
    """Share of the real mass in classes that as many real samples as there are good ones show on average.

    Of 16 digits, a fifth of the ten kinds is missing by chance.
    """
    known = class_shares(row)
    if known is None:
        return None
    count = sum(row["class_counts"])
    return float((known[1] * (1 - (1 - known[1]) ** count)).sum())


def modes_shown(row: Row) -> float | None:
    """Modes that a row's samples show, over those that as many reals do; None if none were counted.

    Where modes are classes it is None too: their counts say which of them are missing.
    """
    return None if row.get("class_counts") else ratio(row, "modes")


def modes_in_words(row: Row) -> str:
    """Say how many modes a row's samples show."""
    made, real = row.number("modes") or 0, row.number("modes_real") or 0
    return f"They show {made:,.0f} modes; the same number of real ones show {real:,.0f}."


def quality(case: Case) -> list[Finding]:
    """Quality and variety of the last samples, over their real-vs-real values."""
    window = case.recent_window
    passing, variety, covered = (
        case.passing,
        case.recently(relative_vendi),
        case.recently(lambda row: ratio(row, "coverage")),
    )
    found = [
        Finding(
            "good",
            passing,
            case.enough,
            window,
            OWN_RUNS,
            f"Samples look like the data {percent(passing, case.enough)} as often as real ones do.",
        ),
        Finding(
            "relative_vendi",
            variety,
            VARIED,
            window,
            "Friedman & Dieng 2023; limit " + OWN_RUNS,
            "How varied they are is not known."
            if np.isnan(variety)
            else f"They have {percent(variety, VARIED)} of the variety of the same number of real ones.",
        ),
    ]
    if case.recognised == case.recognised:
        least = RECOGNISED_SOON if case.brief else RECOGNISED
        words = f"A classifier recognises {percent(case.recognised, least)} as many of them as of real ones."
        found.append(Finding("recognised", case.recognised, least, window, "limit " + OWN_RUNS, words))
    visited = case.recently(visited_mass)
    if visited == visited:
        least = round(VISITED * case.recently(expected_mass), 3)
        words = f"They cover classes that hold {percent(visited, least)} of the real data."
        found.append(Finding("visited_class_mass", visited, least, window, "definition", words))
    shown = case.recently(modes_shown)
    if shown == shown:
        words = f"They show {percent(shown, VISITED)} of the modes that the same number of real ones show."
        found.append(Finding("modes", shown, VISITED, window, "Lin et al. 2018; limit " + OWN_RUNS, words))
    if covered == covered:
        words = f"They cover {100 * covered:.0f} % of what real ones cover."
        found.append(Finding("coverage", covered, None, window, "Naeem et al. 2020", words))
    return found


def shortfall(case: Case) -> list[Finding]:
    """What keeps the last samples from counting as healthy; empty if nothing does."""
    short = [each for each in quality(case) if each.threshold and not (each.value or 0) >= each.threshold]
    return short if case.reached else [*short, remoteness(case)]


def remoteness(case: Case) -> Finding:
    """The finding that samples which pass one by one lie apart from the reals as a whole."""
    words = f"As a whole they lie apart from real ones (energy coefficient {case.distance:.2g})."
    source = "Szekely & Rizzo 2013; limit " + OWN_RUNS
    return Finding("energy_coefficient", case.distance, NEARBY, case.recent_window, source, words)


def percent(share: float, least: float) -> str:
    """Say a share in percent, with as many digits as it takes to tell one under `least` from it."""
    digits = 0
    while share < least and digits < 3 and round(100 * share, digits) >= 100 * least:
        digits += 1
    return f"{100 * share:.{digits}f} %"
