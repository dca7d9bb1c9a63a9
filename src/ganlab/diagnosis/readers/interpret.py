"""From a Log to an Evidence: what its columns mean, where its rows are, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.evidence import SIGNALS, Evidence, NonFinite, Series
from ganlab.diagnosis.read_report import NothingKnown, ReadColumn, ReadReport, finite_range
from ganlab.diagnosis.readers.axis import Axis, axis_of
from ganlab.diagnosis.readers.log import Log, Name
from ganlab.diagnosis.readers.place_columns import set_step
from ganlab.diagnosis.readers.series import Thread, as_shares, once_a_step, possible, thread
from ganlab.diagnosis.readers.vocabulary import (
    BOTH,
    CONTROLS,
    LOSS_TERMS,
    NOTHING,
    OTHERS,
    QUALITY,
    QUANTITIES,
    Meaning,
    Trainer,
    by_name,
    proposal,
    recognise,
    squeeze,
    understand,
    whose,
)
from ganlab.errors import RunError
from ganlab.text import closest, excerpt, listed, quoted

PLACES = {"step": "iteration", "epoch": "epoch"}
"""What `--map` can name a column for besides QUANTITIES, and the part of a row's place that it is."""

LOSSES = ("d_loss", "d_loss_real", "d_loss_fake", "g_loss")

ENOUGH_ROWS = 5
"""Rows on which an equation between columns must hold before it says what they are."""


def interpret(log: Log, mapping: Mapping[str, str]) -> Evidence:
    """Return what a log shows.

    Args:
        log: its rows.
        mapping: columns by our names for them, from `--map`; `A.d_loss` is the loss of the player A.

    Raises:
        RunError: no column is known, or `mapping` names a quantity or column that does not exist, or a column twice.
    """
    facts = log.facts
    mapped = _mapped(log, mapping)
    for quantity, name in mapped.items():
        if quantity in PLACES:
            set_step(log, name, PLACES[quantity], alone=quantity == "step" and "epoch" not in mapped)
    printed = {part for part, values in log.places().items() if np.isfinite(values).any()}
    trainer = by_name(facts.trainer) if facts.trainer else recognise(log.names, printed)
    meanings = understand(log.names, trainer)
    for key, name in mapped.items():
        if key not in PLACES:
            player, _, quantity = key.rpartition(".")
            meanings[name] = Meaning(quantity, player, -1, "--map")
    choice = _choose(meanings, {key for key in mapped if key not in PLACES})
    axis = _axis(log, meanings, {name for (_, quantity), name in choice.columns.items() if quantity in mapped})
    last = int(axis.steps.max(initial=0))
    report = ReadReport(
        format=facts.format,
        trainer=trainer.name if trainer else facts.trainer,
        rows=log.count - axis.apart,
        steps=(int(axis.steps.min(initial=last, where=axis.steps >= 0)), last),
        unit=axis.unit if facts.unit == "step" else facts.unit,
        steps_from="; ".join(axis.notes),
        planned=facts.planned or axis.planned,
        restarts=(),
        dropped=tuple(facts.dropped.items()),
        columns=_columns(log, meanings, choice, trainer),
    )
    if not mapped and _is_other_training(meanings, choice):
        meanings = {name: NOTHING if each.quantity == "d_acc" else each for name, each in meanings.items()}
        choice = _choose(meanings, ())
        report = replace(report, columns=_columns(log, meanings, choice, trainer))
    judged = any(quantity not in BOTH["lr"] for _, quantity in choice.columns)
    if not judged and not any(each.quantity == "generator total" for each in meanings.values()):
        raise _nothing_known(log, report)
    threads = _Threads(log, axis, choice)
    found = _Reading(
        {key: threads.series(name, key[1]) for key, name in choice.columns.items()}, meanings, choice.columns
    )
    weighted = trainer.weighted if trainer else _is_weighted(meanings)
    curves, players, more = found.settle(weighted)
    evidence = Evidence(
        source=log.source,
        curves=curves,
        quality=found.quality,
        controls=found.controls,
        players=players,
        family=(trainer.family if trainer else None) or facts.family,
        saturating=facts.saturating if facts.saturating is not None or trainer is None else trainer.saturating,
        planned=report.planned,
        weighted=weighted,
        plain_term=trainer is not None and trainer.plain_term,
        unit=report.unit,
        epoch_steps=axis.epoch_steps,
        restarts=threads.restarts,
        non_finite=_non_finite(
            meanings,
            lambda name: log.column(name)[1],
            lambda name: threads.place(name, str(name)),
            [curves, *players.values()],
        ),
        read=report,
    )
    notes = [*facts.notes, *choice.notes, *axis.notes, *threads.notes, *more]
    notes += [f"left out: {count:,} {what}" for what, count in facts.dropped.items()]
    notes += _other_nans(log, meanings, evidence.non_finite)
    report = replace(
        report,
        steps=(evidence.first_step, evidence.last_step),
        restarts=evidence.restarts,
        dropped=tuple((facts.dropped | threads.dropped).items()),
        columns=_columns(log, meanings, choice, trainer),
    )
    return replace(evidence, notes=tuple(notes), read=report)


def interpret_columns(columns: Mapping[str, Series], known: Evidence) -> Evidence:
    """Return what is known of a run, with what its own program recorded by name, taken for what a log's columns are.

    A loss, an accuracy or a score that was NaN or infinite once counts to the end. A trainer is looked for only if no
    column is called as in SIGNALS, which is how `ganlab.Monitor` documents them.

    Args:
        columns: curves by the names that the program gave them.
        known: what else is known of the run.
    """
    names = [Name(name) for name in columns]
    trainer = None if any(name in SIGNALS for name in columns) else recognise(names, {"iteration"})
    meanings = understand(names, trainer)
    choice = _choose(meanings, ())
    chosen = {key: columns[name.label] for key, name in choice.columns.items()}
    found = _Reading(chosen, meanings, choice.columns)
    weighted = trainer.weighted if trainer else _is_weighted(meanings)
    curves, players, notes = found.settle(weighted)
    if columns and not (curves or players or found.quality):
        notes.append(
            f"none of the columns {listed(list(columns))} is known as a loss, an accuracy, a score or a metric"
        )
    judged = {
        name.label: columns[name.label]
        for (_, quantity), name in choice.columns.items()
        # Under float16 a gradient may overflow and its step be skipped.
        if quantity in SIGNALS and not quantity.startswith("grad_")
    }
    broken = _first_broken(judged) or _non_finite(
        meanings,
        lambda name: columns[name.label].values,
        lambda name: (columns[name.label].steps, columns[name.label].values),
        [curves, *players.values()],
    )
    return replace(
        known,
        curves=curves,
        quality=found.quality,
        controls=found.controls,
        players=players,
        family=known.family or (trainer.family if trainer else None),
        saturating=trainer.saturating if known.family is None and trainer else known.saturating,
        weighted=weighted,
        plain_term=trainer is not None and trainer.plain_term,
        non_finite=known.non_finite or broken,
        notes=(*known.notes, *choice.notes, *notes),
    )


def _mapped(log: Log, mapping: Mapping[str, str]) -> dict[str, Name]:
    """Return the columns that `--map` names.

    Raises:
        RunError: there is no such quantity or column, or one column is named twice.
    """
    names = [*log.names, *log.place_names]
    found: dict[str, Name] = {}
    for key, wanted in mapping.items():
        quantity = key.rpartition(".")[2]
        if quantity not in (*QUANTITIES, *PLACES):
            near = closest(quantity, (*QUANTITIES, *PLACES))
            raise RunError(
                f"--map {excerpt(key, 60)}=...: there is no such quantity" + (f"; {near} is close" if near else ""),
                f"quantities are {', '.join((*PLACES, *QUANTITIES))}",
            )
        alike = (
            [name for name in names if str(name) == wanted]
            or [name for name in names if squeeze(str(name)) == squeeze(wanted)]
            or [name for name in names if squeeze(name.label) == squeeze(wanted)]
            or [name for full, name in log.facts.full_names.items() if squeeze(full) == squeeze(wanted)]
        )
        if not alike:
            near = closest(wanted, map(str, names))
            raise RunError(
                f"--map {excerpt(key, 60)}={excerpt(wanted, 60)}: {log.source} has no such column"
                + (f"; {quoted(near)} is close" if near else ""),
                f"these columns were found: {listed([str(name) for name in names])}",
            )
        for other, name in found.items():
            if name == alike[0]:
                raise RunError(
                    f"--map names {quoted(str(name))} for two quantities, {other} and {excerpt(key, 60)}",
                    "a column is one quantity; one accuracy over reals and fakes is d_acc, one learning rate lr",
                )
        found[key] = alike[0]
    return found


def _axis(log: Log, meanings: dict[Name, Meaning], mapped: set[Name]) -> Axis:
    """Return the steps of rows; rows of nothing but settings, as each start prints them, have none, and tell nothing
    of where the others are. What never changes in them is marked in `meanings`."""
    counts = np.zeros(log.count, dtype=np.bool_)
    for name, each in meanings.items():
        rows, values = log.column(name)
        steers = each.quantity in (*CONTROLS, *BOTH["lr"]) and np.ptp(values) > 0
        if name in mapped or steers or each.quantity not in (*CONTROLS, *BOTH["lr"], "settings", "time", None):
            counts[rows] = True
    if counts.all() or not counts.any() or log.facts.separate:
        return axis_of(log.places(), ordered=not log.facts.separate)
    axis = axis_of({part: values[counts] for part, values in log.places().items()})
    steps = np.full(log.count, -1, dtype=np.int64)
    steps[counts] = axis.steps
    for name, each in meanings.items():
        rows, values = log.column(name)
        if each.quantity is None and not counts[rows].any() and (values == values[0]).all():
            meanings[name] = Meaning("settings", guess="it never changes, and stands in no row of the training")
    return replace(axis, steps=steps, apart=int((~counts).sum()))


def _is_other_training(meanings: Mapping[Name, Meaning], choice: _Choice) -> bool:
    """Tell whether an accuracy is all that speaks of a GAN, beside a loss of no player: a classifier's log."""
    if not any(each.quantity is None and squeeze(name.label).endswith("loss") for name, each in meanings.items()):
        return False
    read = {quantity for _, quantity in choice.columns if quantity not in CONTROLS}
    return read == set(BOTH["d_acc"]) and not any(
        whose(name) or each.quantity in (*LOSS_TERMS, "d_acc_real", "d_acc_fake") or name.label == "d_acc"
        for name, each in meanings.items()
    )


@dataclass
class _Choice:
    """Which column is read for which player and quantity, and notes on the choice."""

    columns: dict[tuple[str, str], Name]
    notes: list[str]


def _choose(meanings: dict[Name, Meaning], mapped: Iterable[str]) -> _Choice:
    """Choose the plainest name for each quantity; the others that fit are marked in `meanings`."""
    ranked: dict[tuple[str, str], list[Name]] = {}
    for name, each in meanings.items():
        if each.quantity in QUANTITIES:
            ranked.setdefault((each.player, each.quantity), []).append(name)
    chosen, notes = {}, []
    for key in sorted(ranked, key=lambda each: (each[0], QUANTITIES.index(each[1]))):
        player, quantity = key
        best = min(meanings[name].rank for name in ranked[key])
        fitting = [name for name in ranked[key] if meanings[name].rank == best]
        chosen[key] = fitting[0]
        if len(fitting) > 1:
            names = listed([str(name) for name in fitting])
            notes.append(f"{quantity}: {names} all fit; the first was taken, --map {quantity}=NAME chooses another")
        for name in ranked[key]:
            if name != fitting[0]:
                guess = f"{quoted(str(fitting[0]))} was taken"
                meanings[name] = meanings[name]._replace(quantity=f"another {quantity}", guess=guess)
    for both, halves in BOTH.items():
        for player in {player for player, quantity in chosen if quantity == both}:
            name = chosen.pop((player, both))
            if all((player, half) not in chosen for half in halves):
                chosen.update({(player, half): name for half in halves})
                if both == "d_acc":
                    words = f"{quoted(str(name))} is one accuracy over reals and fakes"
                    notes.append(f"{words}; it was taken for each of them")
    renamed = [
        f"{_called(player, quantity)} from {quoted(str(name))}"
        for (player, quantity), name in chosen.items()
        if quantity != str(name)
    ]
    return _Choice(chosen, [f"taken: {', '.join(renamed)}"] * bool(renamed) + notes)


def _called(player: str, quantity: str) -> str:
    return f"{player}/{quantity}" if player else quantity


class _Threads:
    """The steps of a log's columns, on the way that led to its last row.

    Args:
        log: the rows.
        axis: their steps.
        choice: the columns that are read.

    Attributes:
        restarts: steps at which the run was started again.
        notes: what was left out.
        dropped: rows that were not used, by the reason why.
    """

    def __init__(self, log: Log, axis: Axis, choice: _Choice) -> None:
        self.log, self.axis = log, axis
        self.restarts: tuple[int, ...] = ()
        self.notes: list[str] = []
        self.dropped: dict[str, int] = {}
        self._own: dict[Name, Thread] = {}
        self._order = np.full(log.count, -1, dtype=np.int64)
        if log.facts.separate:
            self._order = axis.steps
            return
        training = np.zeros(log.count, dtype=np.bool_)
        for (_, quantity), name in choice.columns.items():
            if quantity not in (*QUALITY, *CONTROLS):
                training[log.column(name)[0]] = True
        whole = thread(axis.steps, training)
        self._order[whole.kept] = axis.steps[whole.kept]
        self._note(whole, "")
        if without := int((axis.steps < 0).sum()) - axis.apart:
            self._drop("rows do not say their step", without)
            self.notes.append(f"{without} of {log.count - axis.apart} rows have no step and were left out")

    def _note(self, found: Thread, of: str) -> None:
        self.restarts = max(self.restarts, found.restarts, key=len)
        self.notes += [f"{of}{note}" for note in found.notes()]
        self._drop("rows of an earlier pass, before a restart", found.replaced)
        self._drop("rows evaluate an earlier step again", found.repeated)

    def _drop(self, why: str, count: int) -> None:
        if count:
            self.dropped[why] = self.dropped.get(why, 0) + count

    def place(self, name: Name, quantity: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the steps of a column's rows that count (k,), which never fall, and their values."""
        at, values = self.log.column(name)
        # Long curves of all rows share their steps.
        steps = self._order if len(at) == self.log.count else self._order[at]
        if self.log.facts.separate:
            if name not in self._own:
                self._own[name] = thread(steps, np.full(len(steps), quantity not in QUALITY))
                self._note(self._own[name], f"{quantity}: ")
            kept = self._own[name].kept
            return steps[kept], values[kept]
        placed = steps >= 0
        return (steps, values) if placed.all() else (steps[placed], values[placed])

    def series(self, name: Name, quantity: str) -> Series:
        """Return the curve of a column: of several values at one step the last, of a metric the first."""
        steps, values = self.place(name, quantity)
        curve = once_a_step(steps, values, first=quantity in QUALITY)
        if (merged := len(steps) - len(curve)) > self.dropped.get("rows repeat a step", 0):
            self.dropped["rows repeat a step"] = merged
        return curve


@dataclass
class _Reading:
    """Curves by player and quantity, on their way into an Evidence.

    Attributes:
        series: the curves.
        meanings: what each column was taken for; put right where the numbers say otherwise.
        names: their columns.
    """

    series: dict[tuple[str, str], Series]
    meanings: dict[Name, Meaning]
    names: Mapping[tuple[str, str], Name]

    def settle(self, weighted: bool) -> tuple[dict[str, Series], dict[str, dict[str, Series]], list[str]]:
        """Return curves, those of each player, and notes."""
        groups: dict[str, dict[str, Series]] = {"": {}}
        for (player, quantity), curve in self.series.items():
            if quantity in SIGNALS and len(curve):
                groups.setdefault(player, {})[quantity] = curve
        notes: list[str] = []
        for player, curves in groups.items():
            notes += [f"{player}: {note}" if player else note for note in self._settle(player, curves, weighted)]
        curves = groups.pop("")
        quality = {
            quantity: curve for (_, quantity), curve in self.series.items() if quantity in QUALITY and len(curve)
        }
        self.quality, more = possible(quality)
        self.controls = {
            quantity: each for (_, quantity), each in self.series.items() if quantity in CONTROLS and len(each)
        }
        return curves, groups, [*notes, *more]

    def _settle(self, player: str, curves: dict[str, Series], weighted: bool) -> list[str]:
        notes = [*self._put_right(player, curves), *_leave_out_start(curves, weighted)]
        accuracies = {name: curves.pop(name) for name in list(curves) if name.startswith("d_acc")}
        shares, more = as_shares(accuracies)
        curves.update(shares)
        notes += more
        real, fake = curves.get("d_loss_real"), curves.get("d_loss_fake")
        if "d_loss" not in curves and real and fake and np.array_equal(real.steps, fake.steps):
            curves["d_loss"] = Series(real.steps, real.values + fake.values)
            notes.append("d_loss is the sum of its halves")
        return notes

    def _put_right(self, player: str, curves: dict[str, Series]) -> list[str]:
        """Tell halves of a loss from scores by how they add up to it."""
        whole = curves.get("d_loss")
        if whole is None:
            return []
        if (parts := _aligned(whole, curves.get("d_real"), curves.get("d_fake"))) is not None:
            total, real, fake = parts
            if _equal(total, real + fake) or _equal(total, (real + fake) / 2):
                self._rename(player, curves, "d_real", "d_loss_real")
                self._rename(player, curves, "d_fake", "d_loss_fake")
                return ["d_real and d_fake add up to d_loss: they are its halves"]
        elif (parts := _aligned(whole, curves.get("d_loss_real"), curves.get("d_loss_fake"))) is not None:
            total, real, fake = parts
            sums = (real + fake, (real + fake) / 2)
            gaps = (real - fake, fake - real)
            if any(_equal(total, each) for each in gaps) and not any(_equal(total, each) for each in sums):
                del curves["d_loss_real"], curves["d_loss_fake"]
                self._mark(player, "d_loss_real", "other score")
                self._mark(player, "d_loss_fake", "other score")
                return ["d_loss is the difference of its parts, as a critic's is: the parts are mean scores"]
        return []

    def _rename(self, player: str, curves: dict[str, Series], old: str, new: str) -> None:
        curves[new] = curves.pop(old)
        self._mark(player, old, new)

    def _mark(self, player: str, quantity: str, new: str) -> None:
        name = self.names[player, quantity]
        self.meanings[name] = self.meanings[name]._replace(quantity=new, guess="by how it adds up to d_loss")


def _aligned(*curves: Series | None) -> list[NDArray[np.float64]] | None:
    """Return the finite values of curves where all have them; None if one is missing or they share too few."""
    known = [each for each in curves if each is not None]
    if len(known) < len(curves):
        return None
    steps = known[0].steps
    for each in known[1:]:
        steps = np.intersect1d(steps, each.steps, assume_unique=True)
    values = [each.values[np.searchsorted(each.steps, steps)] for each in known]
    finite = np.isfinite(values).all(axis=0) if values else np.zeros(0, dtype=np.bool_)
    return [each[finite] for each in values] if finite.sum() >= ENOUGH_ROWS else None


def _equal(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Tell whether two columns are the same but for rounding, and not only because nothing happens in them."""
    return bool(np.ptp(first) > 0.01 and np.allclose(first, second, rtol=0.005, atol=0.002))


def _leave_out_start(curves: dict[str, Series], weighted: bool) -> list[str]:
    """Leave out the rows before the discriminator starts, in which its loss is exactly 0.

    Where G has other terms to begin with, D often starts later: there, losses that are 0 again afterwards, as hinge
    losses may be, do not speak against it, and D may not have started at all.
    """
    loss = curves.get("d_loss", curves.get("d_loss_real"))
    if loss is None or len(loss) < ENOUGH_ROWS:
        return []
    moving = np.flatnonzero(loss.values != 0)
    if not len(moving) and weighted:
        for name in [name for name in curves if name.startswith("d_") or name == "g_loss"]:
            del curves[name]
        return ["d_loss is 0 in every row: the discriminator has not started, and nothing of it is judged"]
    if not len(moving) or moving[0] < ENOUGH_ROWS:
        return []
    if not weighted and (loss.values[moving[0] :] == 0).any():
        return []
    start = int(loss.steps[moving[0]])
    for name, curve in curves.items():
        if name.startswith("d_") or name == "g_loss":
            kept = curve.steps >= start
            curves[name] = Series(curve.steps[kept], curve.values[kept])
    return [f"the discriminator starts at step {start:,}: its loss is 0 before, and those rows were left out"]


def _is_weighted(meanings: Mapping[Name, Meaning]) -> bool:
    """Tell whether a log of no known trainer prints terms of G's loss besides the adversarial one."""
    return any(
        each.quantity == "other term" or (each.quantity == "generator total" and whose(name) == "G")
        for name, each in meanings.items()
        if whose(name) != "D"
    )


def _non_finite(
    meanings: Mapping[Name, Meaning],
    all_values: Callable[[Name], NDArray[np.float64]],
    placed: Callable[[Name], tuple[NDArray[np.int64], NDArray[np.float64]]],
    known: list[dict[str, Series]],
) -> NonFinite | None:
    """Return the first NaN of a term of the losses that stays, unless the losses that are read are finite after it.

    A loss is NaN as soon as one of its terms is, and so are the weights after the next step. A column of no known name
    counts as well if it was finite before.

    Args:
        meanings: what each column was taken for.
        all_values: returns what a column holds, as it was printed.
        placed: returns the steps and values of a column's rows that count.
        known: the curves that are read.
    """
    last_finite = -1
    for curve in (curves[name] for curves in known for name in LOSSES if name in curves):
        finite = np.isfinite(curve.values)
        if not finite[-1]:
            return None  # the losses themselves show it
        last_finite = max(last_finite, int(curve.steps[finite][-1]))
    found: list[tuple[int, str]] = []
    for name, each in meanings.items():
        if each.quantity not in (*LOSS_TERMS, None):
            continue
        values = all_values(name)
        if np.isfinite(values[-1]):
            continue
        finite_rows = np.flatnonzero(np.isfinite(values))
        if not len(finite_rows) and (each.quantity is None or last_finite >= 0):
            continue
        steps, values = placed(name)
        finite_rows = np.flatnonzero(np.isfinite(values))
        first = finite_rows[-1] + 1 if len(finite_rows) else 0
        if first < len(steps) and int(steps[first]) >= last_finite:
            found.append((int(steps[first]), str(name)))
    if not found:
        return None
    return NonFinite(*min(found))


def _first_broken(curves: Mapping[str, Series]) -> NonFinite | None:
    """Return the first NaN or Inf behind a finite number: a player that has not moved yet may have no loss."""
    found: list[tuple[int, str]] = []
    for name, curve in curves.items():
        finite = np.isfinite(curve.values)
        after = ~finite & np.logical_or.accumulate(finite)
        if after.any():
            found.append((int(curve.steps[np.argmax(after)]), name))
    return NonFinite(*min(found)) if found else None


def _other_nans(log: Log, meanings: Mapping[Name, Meaning], told: NonFinite | None) -> list[str]:
    """Say which columns that judge nothing hold NaN or infinities."""
    bad = [
        str(name)
        for name, each in meanings.items()
        if (each.quantity is None or each.quantity in (*OTHERS, *CONTROLS))
        and not np.isfinite(log.column(name)[1]).all()
        and (told is None or told.signal != str(name))
    ]
    return [f"NaN or infinite values were seen in {listed(bad)}, which is not judged"] if bad else []


def _nothing_known(log: Log, report: ReadReport) -> NothingKnown:
    """The error that no column says what it is: what was found, and what it may be."""
    names = log.names
    if not names:
        return NothingKnown(
            f"{log.source} has no column that is known as a loss, an accuracy, a score or a metric of a GAN; "
            "no columns were found",
            "name a log that prints the losses of D and G",
            report,
        )
    proposed = {name: near for name in names if (near := proposal(name)) is not None}
    broken = [str(name) for name in names if not np.isfinite(log.column(name)[1]).all()]
    taken: dict[str, Name] = {}
    for name, near in proposed.items():
        taken.setdefault(near, name)
    maps = [f"--map {near}={excerpt(name, 40)}" for near, name in taken.items()][:4]
    seen = f"; NaN was seen in {listed(broken)}, which is not a known name" if broken else ""
    return NothingKnown(
        f"{log.source} has no column that is known as a loss, an accuracy, a score or a metric of a GAN{seen}; "
        f"these columns were found: {listed([str(name) for name in names])}"
        + (log.facts.unknown and f"; {log.facts.unknown}"),
        f"name them with {', '.join(maps) or '--map d_loss=..., --map g_loss=...'}"
        + (", if that is what they are" if maps else "; --show lists the columns with their ranges"),
        report,
    )


def _columns(
    log: Log, meanings: Mapping[Name, Meaning], choice: _Choice, trainer: Trainer | None
) -> tuple[ReadColumn, ...]:
    """Return all columns of a log, those that are read first, then those that are understood."""
    read = Counter(choice.columns.values())
    columns = []
    for name, each in meanings.items():
        values = log.column(name)[1]
        low, high, not_finite = finite_range(values)
        guess = each.guess
        if not guess and trainer is not None and each.quantity is not None and trainer.meaning(name) is not None:
            guess = f"as {trainer.name} names it"
        columns.append(
            ReadColumn(
                name=str(name),
                quantity=each.quantity,
                player=each.player,
                rows=len(values),
                low=low,
                high=high,
                not_finite=not_finite,
                guess=guess,
                proposal=proposal(name) or "" if each.quantity is None else "",
            )
        )
    order = {str(name): (not read[name], meanings[name].quantity is None) for name in meanings}
    return tuple(sorted(columns, key=lambda each: order[each.name]))
