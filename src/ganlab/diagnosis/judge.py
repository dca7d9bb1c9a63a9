"""The verdict on a run: the first failure, in order of precedence, that still holds, and what else was found.

A log may hold several games and may leave open which loss it shows. Then each game is judged under each loss that fits
it: what all losses prove is the game's verdict, and the worst game's verdict is the run's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ganlab.config.objectives import FAMILY_WORDS, FIXED_LEVELS, Family
from ganlab.diagnosis.calibration import confidence
from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.early import sifted
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.explosion import came_back
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.findings import Contribution
from ganlab.diagnosis.remedies import prescribe
from ganlab.diagnosis.resumes import since_restart
from ganlab.diagnosis.verdict import Verdict
from ganlab.verdicts import KINDS, accuses, acquits, failure_of, short_words, split, words

Pair = tuple[Failure, Charge]

ANY_FAMILY: tuple[Family, ...] = (*FIXED_LEVELS, "relativistic", "wasserstein")
"""Families that are tried if the evidence says nothing about the loss."""

NEVER_NEGATIVE: tuple[Family, ...] = (*FIXED_LEVELS, "relativistic")
"""Families whose discriminator's loss is never below 0."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A game under one loss that fits it.

    Attributes:
        case: what is judged.
        found: everything that is held against it, by precedence.
    """

    case: Case
    found: Sequence[Pair]

    @property
    def holding(self) -> list[Pair]:
        """What still holds at the end; `inconclusive`, the last, always does."""
        return [pair for pair in self.found if pair[1].active]

    @property
    def name(self) -> str:
        """Name of the verdict under this loss."""
        return self.holding[0][0].name

    @property
    def family(self) -> Family:
        """The family of this loss."""
        return self.case.evidence.family or "unknown"

    def holds(self, name: str) -> bool:
        """Return whether a failure still holds at the end."""
        return any(failure.name == name for failure, _ in self.holding)

    def mentions(self, name: str) -> bool:
        """Return whether a failure was seen at all."""
        return any(failure.name == name for failure, _ in self.found)


def diagnose(evidence: Evidence) -> Verdict:
    """Judge a run by its evidence alone."""
    judged = {player: agreed(readings(game), game) for player, game in evidence.games().items()}
    worst = min(judged, key=lambda player: goodness(judged[player]))
    return replace(of_player(worst, judged), judged_on=evidence) if evidence.players else judged[worst]


def readings(game: Evidence) -> list[Reading]:
    """A game under each loss that fits it: the one that is known, else those that the numbers leave open."""
    if game.family is not None:
        tried = [replace(game, families=()) if game.families else game]
    else:
        families = fitting(game)
        tried = [replace(game, family=family, families=families) for family in families]
    return [Reading(case, examined(case)) for case in map(Case, tried)]


def fitting(game: Evidence) -> tuple[Family, ...]:
    """The families that a game leaves open; if it says nothing of them, those that allow the discriminator's sign."""
    if game.families:
        return game.families
    d_loss = game.curves.get("d_loss")
    negative = d_loss is not None and bool((d_loss.values < 0).any())
    return tuple(family for family in ANY_FAMILY if not (negative and family in NEVER_NEGATIVE))


def examined(case: Case) -> list[Pair]:
    """Everything that is held against a case and not too early to be named, by precedence."""
    return sifted([(failure, charge) for failure in FAILURES for charge in failure.examine(case)], case)


def agreed(tried: Sequence[Reading], game: Evidence) -> Verdict:
    """The verdict that a game has under every loss that fits it.

    It is the first failure that holds under each of them; the failure without its variant, if they only differ in
    that. Otherwise nothing is proved, and the summary says what each loss would mean.
    """
    names = [reading.name for reading in tried]
    first = tried[0].holding
    if len(set(names)) == 1:
        return verdict(tried, game, first[0])
    for failure, charge in first:
        if accuses(failure.name) and all(reading.holds(failure.name) for reading in tried):
            return verdict(tried, game, (failure, charge))
    failure, charge = first[0]
    if len(set(map(failure_of, names))) == 1 and accuses(failure.name):
        return verdict(tried, game, (replace(failure, name=failure_of(failure.name)), charge))
    return verdict(tried, game, first[-1])


def verdict(tried: Sequence[Reading], game: Evidence, decided: Pair) -> Verdict:
    """The verdict on a game.

    Args:
        tried: its readings.
        game: its evidence.
        decided: the failure that the verdict names, and the charge that the first reading holds.
    """
    failure, charge = decided
    case = tried[0].case
    others = [
        (other, its)
        for other, its in tried[0].found
        if its is not charge and all(reading.mentions(other.name) for reading in tried)
    ]
    sure, basis = min(confidence(failure.name, reading.case) for reading in tried)
    name, variant = split(failure.name)
    return Verdict(
        failure=name,
        variant=variant,
        confidence=sure,
        basis=basis,
        severity=round(float(charge.severity), 3),
        onset_step=charge.onset,
        summary=charge.summary
        + hint(tried, charge)
        + following(case, charge, others)
        + meanings(tried)
        + (not_hidden(case) if acquits(failure.name) else "")
        + since_restart(case),
        contributing=contributions(failure, others),
        evidence=charge.findings,
        missing=(*charge.missing, *case.missing),
        remedies=prescribe(failure.cures, game, failure.name),
        source=game.source,
        steps=(game.first_step, game.last_step),
        notes=game.notes,
        reading=None if game.read is None else game.read.in_short(),
        judged_on=game,
    )


def hint(tried: Sequence[Reading], charge: Charge) -> str:
    """What a charge that waits will be if it stays so, if every loss that fits the game says the same."""
    return charge.hint if all(reading.found[-1][1].hint == charge.hint for reading in tried) else ""


def meanings(tried: Sequence[Reading]) -> str:
    """What the evidence means under each loss, if that differs: `If the loss is hinge, this is ...; if it is ...`."""
    by_name: dict[str, list[str]] = {}
    for reading in tried:
        by_name.setdefault(reading.name, []).append(FAMILY_WORDS[reading.family])
    if len(by_name) < 2:
        return ""
    said = [
        f"if it is {either(losses)}, {f'this is {words(name)}' if accuses(name) else 'this is no failure'}"
        for name, losses in by_name.items()
    ]
    return f" The log does not show which loss it is: {'; '.join(said)}."


def either(items: Sequence[str]) -> str:
    """Return items as a person lists them: `a, b or c`."""
    return " or ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def goodness(given: Verdict) -> tuple[bool, int, float]:
    """Return a key that sorts the verdicts of several games, the worst first.

    An accusation comes first, by precedence and severity; of what accuses nobody, what praises least, and what was seen
    to fail for a while.
    """
    place = list(KINDS).index(given.name)
    return (False, place, -given.severity) if accuses(given.name) else (True, -place, -len(given.contributing))


def of_player(player: str, judged: Mapping[str, Verdict]) -> Verdict:
    """The verdict on the worst of several games, which says whose it is and what else is held against the others."""
    worst = judged[player]
    if not accuses(worst.name) and not worst.contributing:
        return worst
    also = {name: given for name, given in judged.items() if name != player and accuses(given.name)}
    added = [
        Contribution(
            given.failure, given.variant, given.onset_step, (given.onset_step or given.steps[0], given.steps[1])
        )
        for given in also.values()
    ]
    others = "".join(f" Discriminator {name}: {words(given.name)}." for name, given in also.items())
    summary = worst.summary[0].lower() + worst.summary[1:]
    return replace(
        worst,
        summary=f"Discriminator {player}: {summary}{others}",
        contributing=tuple(sorted([*worst.contributing, *added], key=lambda each: each.window[0])),
    )


def not_hidden(case: Case) -> str:
    """Say of numbers that were not finite for a while that they were."""
    said = came_back(case)
    return f" But {said}." if said else ""


def contributions(failure: Failure, others: Sequence[Pair]) -> tuple[Contribution, ...]:
    """What else was found, by when it began; nothing if the verdict acquits the run."""
    if acquits(failure.name):
        return ()
    accusing = [
        Contribution(*split(other.name), charge.onset, charge.window) for other, charge in others if accuses(other.name)
    ]
    return tuple(sorted(accusing, key=lambda each: each.window[0]))


def following(case: Case, charge: Charge, others: Sequence[Pair]) -> str:
    """Say what led there: the first cause that was seen before the failure began.

    A cause is a spell that the run came out of; what still holds is what became of it.
    """
    before = [
        (failure, other)
        for failure, other in others
        if not other.active and charge.onset is not None and other.window[0] < charge.onset
    ]
    if not before:
        return ""
    failure, first = min(before, key=lambda pair: pair[1].window[0])
    return f" It follows {short_words(failure.name)} ({case.stretch(first.window)})."
