"""From columns of any name to the curves of an Evidence: what each column is, its steps, its unit."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.evidence import SIGNALS, Series
from ganlab.errors import RunError
from ganlab.text import excerpt, listed, quoted

QUALITY = ("fid", "inception_score", "f8", "f1_8")
"""Curves of published metrics, as in `Evidence.quality`."""

BOTH_ACCURACIES = "d_acc"
"""One accuracy over reals and fakes together."""

OUR_NAMES = (*SIGNALS, *QUALITY)
"""What `--map` can name a column for, in addition to `step`."""

MAX_NAMES = 10_000
"""Columns that are looked at: a file that never repeats a name is not a log."""

MAX_STEP = 2**53
"""Steps from here on are no exact numbers."""

RARE = 0.05
"""Share of odd values that is put down to damage rather than to another unit."""

WORDS = {
    "D": "discriminator discrim disc dis netd critic d",
    "G": "generator gen netg g",
    "loss": "losses loss error err cost",
    "real": "real true",
    "fake": "fakes fake generated synthetic",
    "accuracy": "accuracy acc",
    "score": "scores score probability prob output out logits logit",
    "gradient": "gradients gradient grads grad",
    "norm": "norm",
    "train": "training train",
    "held out": "validation valid val test eval",
    "mean": "mean average avg total adversarial adv gan",
    "step": "step iter batch",
    "epoch": "epoch",
    "metric": "metrics metric",
}
"""What the parts of a column's name mean; separators and case do not count, so `lossD`, `D_loss`, `Loss/D` are one."""

SPELLINGS = sorted(((word, role) for role, words in WORDS.items() for word in words.split()), key=lambda w: -len(w[0]))

MEANINGS: dict[frozenset[str], str] = {
    frozenset(roles.split()): signal
    for signal, spellings in {
        "d_loss": ("D loss",),
        "d_loss_real": ("D loss real", "loss real"),
        "d_loss_fake": ("D loss fake", "loss fake"),
        "g_loss": ("G loss", "G loss fake"),
        "d_acc_real": ("D accuracy real", "accuracy real"),
        "d_acc_fake": ("D accuracy fake", "accuracy fake"),
        BOTH_ACCURACIES: ("D accuracy", "accuracy", "D loss accuracy"),
        "d_real": ("D real", "D score real", "score real"),
        "d_fake": ("D fake", "D score fake", "score fake"),
        "grad_d": ("gradient D", "gradient norm D"),
        "grad_g": ("gradient G", "gradient norm G"),
        "grad_g_output": ("gradient G score", "gradient norm G score"),
    }.items()
    for roles in spellings
}
"""Signals by the set of parts that must occur in a name, in addition to those that MODIFIERS allows."""

MODIFIERS = {"train": 0, "step": 0, "metric": 0, "mean": 1, "epoch": 2, "held out": 4}
"""Parts that may stand in any name; where two columns fit, the one with the lower sum is taken."""

WHOLE_NAMES = {
    "dx": "d_real",
    "dgz": "d_fake",
    "dgz1": "d_fake",
    **dict.fromkeys(("fid", "fidscore", "frechetinceptiondistance", "fid50kfull", "fid50k", "fid10k", "fid5k"), "fid"),
    **dict.fromkeys(("inceptionscore", "inceptionscoremean", "is", "ismean", "is50kmean"), "inception_score"),
    **dict.fromkeys(("f8", "f8score", "prdf8"), "f8"),
    **dict.fromkeys(("f18", "f18score", "prdf18"), "f1_8"),
}
"""Names that say it as a whole: D(x), D(G(z)) and published metrics."""

STEP_NAMES = (
    *("step", "globalstep", "trainerglobalstep", "trainstep", "steps", "iteration", "iterations", "iter", "iters"),
    *("niter", "it", "batchesdone", "update", "updates", "nimg", "progresskimg", "kimg", "batch"),
)
"""Names of the step column, the surest first."""

IN_THOUSANDS = ("progresskimg", "kimg")
EPOCH_NAMES = ("epoch", "epochs", "ep")


class LogRows:
    """Numbers by column, as a log is read row by row; a row may lack any column."""

    def __init__(self) -> None:
        self.count = 0
        self.columns: dict[str, tuple[array[int], array[float]]] = {}

    def add(self, values: Mapping[str, float]) -> None:
        """Take a row; one without any number counts for none."""
        if not values:
            return
        for name, value in values.items():
            if name not in self.columns:
                if len(self.columns) == MAX_NAMES:
                    continue
                self.columns[name] = (array("q"), array("d"))
            rows, numbers = self.columns[name]
            rows.append(self.count)
            numbers.append(value)
        self.count += 1

    def column(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the rows (n,) that hold a column, and its values (n,)."""
        rows, values = self.columns[name]
        return np.array(rows, dtype=np.int64), np.array(values, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Reading:
    """What a log's columns gave: curves and quality as in an Evidence, and what was taken for what."""

    curves: dict[str, Series]
    quality: dict[str, Series]
    notes: tuple[str, ...]


def read_rows(rows: LogRows, mapping: Mapping[str, str], source: str) -> Reading:
    """Turn rows into curves.

    A row that holds a training curve and goes back in steps is a restart: what was known from that step on is dropped.
    One with quality metrics only that is not newer evaluates a saved model again, and is skipped.

    Args:
        rows: the log.
        mapping: columns by signal, from `--map`.
        source: what messages call the log.

    Raises:
        RunError: no column fits, or `mapping` names a signal or column that does not exist.
    """
    chosen, notes = match(list(rows.columns), mapping, source)
    steps, step_notes = steps_of(rows, chosen.pop("step", None))
    training = np.zeros(rows.count, dtype=np.bool_)
    for signal, name in chosen.items():
        if signal not in QUALITY:
            training[rows.column(name)[0]] = True
    kept, thread_notes = thread(steps, training)
    order = np.full(rows.count, -1, dtype=np.int64)
    order[kept] = steps[kept]
    series = {}
    for signal, name in chosen.items():
        at, values = rows.column(name)
        mask = order[at] >= 0
        series[signal] = once_a_step(order[at][mask], values[mask], first=signal in QUALITY)
    return finish(series, [*notes, *step_notes, *thread_notes])


def match(names: Sequence[str], mapping: Mapping[str, str], source: str) -> tuple[dict[str, str], list[str]]:
    """Return which column is taken for which signal (`step` only if it is mapped), and notes that say so.

    Raises:
        RunError: no column fits, or `mapping` names a signal or column that does not exist.
    """
    chosen = {signal: _mapped(signal, wanted, names, source) for signal, wanted in mapping.items()}
    ranked: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        signal, rank = meaning(name)
        if signal and signal not in mapping and name not in chosen.values():
            ranked.setdefault(signal, []).append((rank, name))
    notes = []
    for signal in (*OUR_NAMES, BOTH_ACCURACIES):
        if signal not in ranked:
            continue
        best = min(rank for rank, _ in ranked[signal])
        fitting = [name for rank, name in ranked[signal] if rank == best]
        chosen[signal] = fitting[0]
        if len(fitting) > 1:
            notes.append(
                f"{signal}: {listed(fitting)} all fit; the first was taken, --map {signal}=NAME chooses another"
            )
    if not chosen.keys() - {"step"}:
        found = f"these columns were found: {listed(list(names))}" if names else "no columns were found"
        raise RunError(
            f"{source} has no column that is known as a loss, an accuracy, a score or a metric of a GAN; {found}",
            "name them with --map d_loss=..., --map g_loss=...",
        )
    if BOTH_ACCURACIES in chosen:
        _split_accuracy(chosen, notes)
    renamed = [f"{signal} from {quoted(name)}" for signal, name in chosen.items() if signal != name]
    return chosen, [f"taken: {', '.join(renamed)}"] * bool(renamed) + notes


def meaning(name: str) -> tuple[str | None, int]:
    """Return the signal that a column's name says, or None, and how roundabout it says it (0: plainly)."""
    squeezed = squeeze(name)
    while squeezed not in WHOLE_NAMES:
        # `metrics/fid50k_full`, `val_fid`: what only says where it stands may be left out.
        prefix = next(
            (w for role in ("metric", "held out", "train") for w in WORDS[role].split() if squeezed.startswith(w)), ""
        )
        if not prefix:
            break
        squeezed = squeezed[len(prefix) :]
    if squeezed in WHOLE_NAMES:
        return WHOLE_NAMES[squeezed], 0
    roles = parts(squeeze(name))
    if roles is None:
        return None, 0
    rank = sum(MODIFIERS.get(role, 0) for role in roles)
    return MEANINGS.get(roles.difference(MODIFIERS)), rank


def squeeze(name: str) -> str:
    """Return a name in lower case, its letters and digits only; at most 100 of them."""
    return "".join(character for character in name[:200].lower() if character.isascii() and character.isalnum())[:100]


@lru_cache(maxsize=4096)
def parts(text: str) -> frozenset[str] | None:
    """Return the roles of the words that a squeezed name is made of, or None if it is not made of WORDS."""
    if not text:
        return frozenset()
    for word, role in SPELLINGS:
        if text.startswith(word):
            rest = parts(text[len(word) :])
            if rest is not None:
                return rest | {role}
    return None


def _mapped(signal: str, wanted: str, names: Sequence[str], source: str) -> str:
    """Return the column that `--map signal=wanted` names, spelt exactly, or but for case and separators."""
    if signal not in (*OUR_NAMES, "step"):
        raise RunError(f"--map {excerpt(signal, 60)}=...: no such curve", f"curves are step, {', '.join(OUR_NAMES)}")
    alike = [name for name in names if name == wanted] or [name for name in names if squeeze(name) == squeeze(wanted)]
    if not alike:
        raise RunError(
            f"--map {signal}={excerpt(wanted, 60)}: {source} has no such column",
            f"these columns were found: {listed(list(names))}",
        )
    return alike[0]


def _split_accuracy(chosen: dict[str, str], notes: list[str]) -> None:
    """Take one accuracy over reals and fakes for both, if they are not given separately."""
    name = chosen.pop(BOTH_ACCURACIES)
    if "d_acc_real" not in chosen and "d_acc_fake" not in chosen:
        chosen["d_acc_real"] = chosen["d_acc_fake"] = name
        notes.append(f"{quoted(name)} is one accuracy over reals and fakes; it was taken for each of them")


def steps_of(rows: LogRows, mapped: str | None) -> tuple[NDArray[np.int64], list[str]]:
    """Return the step of each row (count,), -1 if a row has none, and notes on where steps come from."""
    squeezed = {squeeze(name): name for name in reversed(rows.columns)}
    name = mapped or next((squeezed[wanted] for wanted in STEP_NAMES if wanted in squeezed), None)
    epochs = next((squeezed[wanted] for wanted in EPOCH_NAMES if wanted in squeezed), None)
    numbers = np.arange(1, rows.count + 1, dtype=np.int64)
    if name is None:
        only = f"only {quoted(epochs)} was found" if epochs else "no step column was found"
        return numbers, [f"steps are row numbers: {only}"]
    at, values = rows.column(name)
    notes = [f"step from {quoted(name)}"] * (name != "step")
    if squeeze(name) in IN_THOUSANDS:
        values = np.round(values * 1000)
        notes = [f"steps are images shown to the discriminator: 1000 x {quoted(name)}"]
    steps = np.full(rows.count, -1, dtype=np.int64)
    valid = np.isfinite(values) & (values >= 0) & (values < MAX_STEP) & (values == np.floor(values))
    steps[at[valid]] = values[valid].astype(np.int64)
    if valid.sum() * 2 < rows.count:
        return numbers, [f"steps are row numbers: most rows have no whole number in {quoted(name)}"]
    if epochs is not None and epochs != name and _starts_anew(steps, *rows.column(epochs)):
        return numbers, [f"steps are row numbers: {quoted(name)} starts again each epoch"]
    missing = int((steps < 0).sum())
    if missing:
        notes.append(f"{missing} of {rows.count} rows have no step and were left out")
    return steps, notes


def _starts_anew(steps: NDArray[np.int64], at: NDArray[np.int64], epochs: NDArray[np.float64]) -> bool:
    """Return whether steps go back at least once, and only when the epoch goes up."""
    inside = steps[at]
    back, up = np.diff(inside) < 0, np.diff(epochs) > 0
    return bool(back.any() and not (back & ~up).any())


def thread(steps: NDArray[np.int64], training: NDArray[np.bool_]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the rows (k,) on the way that led to the last row, their steps never falling, and notes.

    Args:
        steps: of each row, -1 if it has none.
        training: whether a row holds a training curve; one that does and goes back in steps is a restart.
    """
    kept: list[int] = []
    kept_steps: list[int] = []
    restarts, repeated = [], 0
    for row, (step, trains) in enumerate(zip(steps.tolist(), training.tolist(), strict=True)):
        if step < 0:
            continue
        if kept_steps and step < kept_steps[-1]:
            if not trains:
                repeated += 1
                continue
            restarts.append(step)
            place = bisect_left(kept_steps, step)
            del kept[place:], kept_steps[place:]
        kept.append(row)
        kept_steps.append(step)
    return np.array(kept, dtype=np.int64), list(_thread_notes(restarts, repeated))


def _thread_notes(restarts: Sequence[int], repeated: int) -> Iterator[str]:
    if restarts:
        places = ", ".join(map(str, restarts[:5])) + (" and more" if len(restarts) > 5 else "")
        yield f"steps go back {len(restarts)} times, to {places}: the run was started again; the last pass was kept"
    if repeated:
        yield f"{repeated} rows of metrics at earlier steps evaluate a saved model again and were skipped"


def once_a_step(steps: NDArray[np.int64], values: NDArray[np.float64], first: bool) -> Series:
    """Return a curve of steps that never fall with one value a step: the first or the last of them."""
    new = np.flatnonzero(np.diff(steps) > 0)
    kept = np.concatenate([[0], new + 1] if first else [new, [len(steps) - 1]]).astype(int) if len(steps) else new
    return Series(steps[kept], values[kept])


def finish(series: Mapping[str, Series], notes: Sequence[str]) -> Reading:
    """Sort curves from quality, turn percentages into shares, and leave out what has no point."""
    found: dict[str, Series] = {name: series[name] for name in OUR_NAMES if name in series and len(series[name])}
    accuracies = {name: found.pop(name) for name in list(found) if name.startswith("d_acc")}
    shares, more = as_shares(accuracies)
    quality = {name: found.pop(name) for name in QUALITY if name in found}
    real, fake = found.get("d_loss_real"), found.get("d_loss_fake")
    if "d_loss" not in found and real and fake and np.array_equal(real.steps, fake.steps):
        found["d_loss"] = Series(real.steps, real.values + fake.values)
        more = [*more, "d_loss is the sum of its halves"]
    return Reading({**found, **shares}, quality, (*notes, *more))


def as_shares(accuracies: Mapping[str, Series]) -> tuple[dict[str, Series], list[str]]:
    """Return accuracies in [0, 1], or none where they are neither shares nor percentages.

    Percentages are seen by more than RARE of the values being above 1; single values outside are damage, and dropped.
    """
    if not accuracies:
        return {}, []
    values = np.concatenate([curve.values for curve in accuracies.values()])
    percent = bool((values > 1).mean() > RARE)
    top = 100 if percent else 1
    outside = (values < 0) | (values > top)
    if outside.mean() > RARE:
        low, high = np.nanmin(values), np.nanmax(values)
        return {}, [f"accuracies run from {low:g} to {high:g}, neither shares nor percentages: left out"]
    notes = ["accuracies are percentages"] * percent
    if outside.any():
        notes.append(f"{int(outside.sum())} accuracies outside 0 to {top} were left out")
    shares = {}
    for name, curve in accuracies.items():
        inside = ~((curve.values < 0) | (curve.values > top))
        shares[name] = Series(curve.steps[inside], curve.values[inside] / top)
    return shares, notes
