"""Which loss made the curves: what the user says, else what the file, the trainer or the numbers say without doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganlab.config.objectives import FAMILY_WORDS, LOSSES, Family
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.readers.vocabulary import by_name
from ganlab.errors import RunError
from ganlab.text import closest, excerpt

LOSS_NAMES: dict[str, tuple[Family, bool | None]] = {
    **{loss: (entry.family, entry.saturates) for loss, entry in LOSSES.items()},
    "cross_entropy": ("cross_entropy", None),
    "unknown": ("unknown", None),
}
"""What `--loss` can say, with family and whether it saturates: a loss that an experiment can name, cross-entropy where
the generator's is not known, or a loss that is none of these."""

ENOUGH_POINTS = 10
"""Points of which all must agree before levels say which loss it is."""

CLAMP = 100.0
"""What PyTorch's BCELoss pays for a decision that is as wrong as can be: it clamps the logarithm there."""

ROUNDED = 9.0
"""What a score costs at least that is printed as 0 or 1 with four decimals."""

BATCHES = (1, 2, 4, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128)
"""Sizes of a batch over which a mean of clamped losses is looked for; with more samples any number is nearly one."""

CLOSE = 0.06
"""Relative distance of a first loss from its value at chance, that of G's thrice: it hangs on the start of both."""

PLATEAU = 0.5
"""Share of all rows that must stay within a hundredth of the values at chance to tell the loss by them."""

PENALTY = 200.0
"""Loss of D beyond what clamped cross-entropy costs, of which a critic's gradient penalty may be the most."""

AT_CHANCE: tuple[tuple[float, float, tuple[Family, ...]], ...] = (
    (2 * np.log(2), np.log(2), ("cross_entropy",)),
    (np.log(2), np.log(2), ("cross_entropy", "relativistic")),
    (0.5, 0.25, ("least_squares",)),
    (0.25, 0.25, ("least_squares",)),
    (2.0, 0.0, ("hinge",)),
    (1.0, 0.0, ("hinge",)),
)
"""Losses of D, in sum or as a mean, and of G while D cannot tell reals from fakes, and whose they are. A relativistic
average loss printed as a sum has 2 ln 2 for both."""


def with_family(evidence: Evidence, loss: str | None) -> Evidence:
    """Return the evidence with the family of its losses, or with those that the numbers leave open.

    `--loss` wins; then what the file or the trainer's entry says; then numbers that only one family gives; then the
    family that the trainer uses unless told otherwise, if the numbers allow it.

    Raises:
        RunError: there is no such loss.
    """
    if loss is not None:
        if loss not in LOSS_NAMES:
            near = closest(loss, LOSS_NAMES)
            raise RunError(
                f"--loss {excerpt(loss, 60)}: no such loss" + (f"; {near} is close" if near else ""),
                f"losses are {', '.join(LOSS_NAMES)}",
            )
        family, saturating = LOSS_NAMES[loss]
        return _fitting_scores(replace(evidence, family=family, families=(), saturating=saturating))
    if evidence.family is not None or evidence.families:
        return _fitting_scores(evidence)
    games = [_Game({**evidence.curves, **curves}, evidence.weighted) for curves in evidence.players.values()]
    games = [game for game in games or [_Game(evidence.curves, evidence.weighted)] if game.has_losses]
    if not games:
        return evidence
    trainer = by_name(evidence.read.trainer) if evidence.read and evidence.read.trainer else None
    left = _left(games)
    for game in games:
        if (shown := game.shows()) is not None:
            if shown[0] == ("unknown",):
                return _decided(evidence, "unknown", shown[1])
            left = [family for family in left if family in shown[0]] or left
            if len(left) == 1:
                return _decided(evidence, left[0], shown[1])
    if not left:
        return _decided(evidence, "unknown", "no loss that is known gives such numbers")
    why = next(filter(None, (game.excludes(family) for game in games for family in FAMILY_WORDS)), "")
    if left == ["wasserstein"] and not any(game.is_critic for game in games):
        left.append("unknown")  # an objective that is maximised falls below 0 as well
    if len(left) == 1:
        return _decided(evidence, left[0], why)
    if trainer is not None and trainer.usual in left:
        return _decided(evidence, trainer.usual, f"{trainer.name} uses it unless told otherwise")
    return _noted(_fitting_scores(replace(evidence, families=tuple(left))), _left_open(left, games))


def _left(games: Iterable[_Game]) -> list[Family]:
    """Return the families that no game excludes; a critic may have games whose losses never fall below 0."""
    found: list[Family] = []
    for family in FAMILY_WORDS:
        reasons = [game.excludes(family) for game in games]
        excluded = all(reasons) if family == "wasserstein" else any(reasons)
        if family != "unknown" and not excluded:
            found.append(family)
    return found


def _decided(evidence: Evidence, family: Family, why: str) -> Evidence:
    words = f"the loss is taken for {FAMILY_WORDS[family]} ({why}); --loss says otherwise"
    return _noted(_fitting_scores(replace(evidence, family=family)), words)


def _left_open(families: Iterable[Family], games: Iterable[_Game]) -> str:
    *others, last = ["maximised" if family == "unknown" else FAMILY_WORDS[family] for family in families]
    fits = f"{', '.join(others)} and {last} losses would fit"
    why = next(filter(None, (game.excludes("cross_entropy") for game in games)), "levels do not show it")
    return f"which loss it is was not seen ({why}; {fits}); name it with --loss"


def _noted(evidence: Evidence, note: str) -> Evidence:
    return replace(evidence, notes=(*evidence.notes, note))


def _fitting_scores(evidence: Evidence) -> Evidence:
    """Leave scores out that are no probabilities where the loss is (or may be) cross-entropy, whose scores are."""
    if evidence.family != "cross_entropy" and "cross_entropy" not in evidence.families:
        return evidence
    raw = [curves for curves in (evidence.curves, *evidence.players.values()) if _outside(curves)]
    if not raw:
        return evidence

    def without(curves: Mapping[str, Series]) -> Mapping[str, Series]:
        return {name: curve for name, curve in curves.items() if name not in ("d_real", "d_fake")}

    players = {player: without(curves) for player, curves in evidence.players.items()}
    note = "the scores are not probabilities (some are outside 0 to 1) and were left out"
    return _noted(replace(evidence, curves=without(evidence.curves), players=players), note)


def _outside(curves: Mapping[str, Series]) -> bool:
    values = [curves[name].values for name in ("d_real", "d_fake") if name in curves]
    return any(bool(((each < 0) | (each > 1)).any()) for each in values)


Numbers = NDArray[np.float64]


@dataclass
class _Game:
    """The losses of one game, and what they say of their family.

    Attributes:
        curves: by the names of SIGNALS.
        weighted: whether the scale of G's loss is unknown.
    """

    curves: Mapping[str, Series]
    weighted: bool

    def finite(self, name: str) -> Numbers:
        """The finite values of a curve; none if it is not there."""
        values = self.curves[name].values if name in self.curves else np.zeros(0)
        return np.asarray(values[np.isfinite(values)], dtype=np.float64)

    @property
    def has_losses(self) -> bool:
        """Whether anything speaks of a family at all."""
        return any(len(self.finite(name)) for name in ("d_loss", "d_loss_real", "d_loss_fake", "g_loss"))

    @property
    def is_critic(self) -> bool:
        """Whether a loss has both signs, as a critic's has and an objective that is maximised has not."""
        losses = [self.finite(name) for name in ("d_loss", "g_loss")]
        return any(bool((values < 0).any() and (values > 0).any()) for values in losses)

    def together(self, *names: str) -> list[Numbers]:
        """The values of curves at the steps where all have finite ones; empty columns if one is not there."""
        if any(name not in self.curves for name in names):
            return [np.zeros(0) for _ in names]
        curves = [self.curves[name] for name in names]
        steps = curves[0].steps
        if all(np.array_equal(curve.steps, steps) for curve in curves[1:]):
            values = [curve.values for curve in curves]
        else:
            for curve in curves[1:]:
                steps = np.intersect1d(steps, curve.steps, assume_unique=True)
            values = [curve.values[np.searchsorted(curve.steps, steps)] for curve in curves]
        finite = np.isfinite(values).all(axis=0)
        return [each[finite] for each in values]

    def shows(self) -> tuple[tuple[Family, ...], str] | None:
        """Return the families, mostly one, that alone give such numbers, and what shows it."""
        tests: tuple[Callable[[], tuple[tuple[Family, ...], str] | None], ...] = (
            self._subtracts, self._clamped, self._probabilities, self._at_chance,
        )  # fmt: skip
        return next(filter(None, (test() for test in tests)), None)

    def _subtracts(self) -> tuple[tuple[Family, ...], str] | None:
        """D's loss as 1 - D(x) + D(G(z)), as super-resolution code has it."""
        loss, real, fake = self.together("d_loss", "d_real", "d_fake")
        if len(loss) < ENOUGH_POINTS or np.ptp(loss) < 0.01:
            return None
        same = np.allclose(loss, 1 - real + fake, rtol=0.01, atol=0.005)
        return (("unknown",), "D's loss is 1 - D(x) + D(G(z))") if same else None

    def _clamped(self) -> tuple[tuple[Family, ...], str] | None:
        """Means of losses that are each 0 or CLAMP: the multiples of CLAMP over the batch."""
        for name in ("d_loss", "d_loss_real", "d_loss_fake", "g_loss"):
            values = self.finite(name)
            high = values[values > 5]
            if (self.weighted and name == "g_loss") or len(high) < 3 or high.max() > 2 * CLAMP:
                continue
            whole = bool((high == np.round(high)).all())  # losses printed without decimals are a multiple of 1 as well
            for batch in BATCHES[: 1 if whole else None]:
                counts = high * batch / CLAMP
                if (np.abs(counts - np.round(counts)) < 1e-4 * batch).mean() > 0.9 and (counts > 0.5).all():
                    of = f"a batch of {batch}" if batch > 1 else "the batch"
                    return ("cross_entropy",), f"{name} is a multiple of 100 over {of}, as BCELoss clamps it"
        return None

    def _probabilities(self) -> tuple[tuple[Family, ...], str] | None:
        """Mean scores that all lie in [0, 1], and losses that are no less than such scores cost (Jensen)."""
        loss, real, fake = self.together("d_loss", "d_real", "d_fake")
        scores = np.concatenate([self.finite("d_real"), self.finite("d_fake")])
        if len(scores) < 2 * ENOUGH_POINTS or not ((scores >= 0) & (scores <= 1)).all() or not scores.any():
            return None
        if any((self.finite(name) < 0).any() for name in ("d_loss", "g_loss")):
            return None
        with np.errstate(divide="ignore"):
            least = np.minimum(-np.log(real), ROUNDED) + np.minimum(-np.log(1 - fake), ROUNDED)
        # D may be trained on the mean of both halves and on smoothed labels.
        if len(loss) and (loss < 0.4 * least - 0.05).mean() > 0.1:
            return None
        return ("cross_entropy",), "scores are probabilities"

    def _at_chance(self) -> tuple[tuple[Family, ...], str] | None:
        """First losses, or losses for most of the run, at the values of a discriminator that cannot tell."""
        loss, g_loss = self.together("d_loss", "g_loss")
        steps = self.curves["d_loss"].steps if "d_loss" in self.curves else np.zeros(1)
        if not len(loss) or self.weighted:
            return None
        fresh = len(steps) > 1 and steps[0] <= max(1, 0.01 * steps[-1])
        for level, g_level, families in AT_CHANCE:
            words = f"{level:.3g} for D and {g_level:.3g} for G are its values at chance"
            near = abs(loss[0] - level) < CLOSE * level and abs(g_loss[0] - g_level) < 3 * CLOSE * max(g_level, 0.5)
            if fresh and near:
                return families, f"the first losses are {loss[0]:.3g} and {g_loss[0]:.3g}; {words}"
            there = (np.abs(loss - level) < 0.01 * level) & (np.abs(g_loss - g_level) < 0.01)
            if len(loss) >= ENOUGH_POINTS and there.mean() > PLATEAU:
                return families, f"the losses stay at {level:.3g} and {g_level:.3g}; {words}"
        return None

    def excludes(self, family: Family) -> str | None:
        """Return what shows that the losses are not of a family; None: nothing does."""
        d_values = [self.finite(name) for name in ("d_loss", "d_loss_real", "d_loss_fake")]
        d_below = any((values < -1e-6).any() for values in d_values)
        g_loss = self.finite("g_loss")
        below, above = bool((g_loss < -1e-6).any()), bool((g_loss > 1e-6).any())
        if family == "wasserstein":
            return self._no_critic(d_below or below, max(map(len, (*d_values, g_loss))))
        if d_below:
            return "d_loss falls below 0, as Wasserstein losses and maximised objectives do"
        if below and family in ("least_squares", "relativistic"):
            return "g_loss falls below 0"
        if below and above and family == "cross_entropy":
            return "g_loss has both signs"
        if family == "relativistic":
            return self._no_comparison()
        if self.weighted:
            return None
        # What G pays while D is sure of everything: at least 4.6 (cross-entropy), 1 or 4 (least squares), 1 or more
        # (hinge); near 0 in all of them, if batch statistics tell D the answer.
        loss, paid = self.together("d_loss", "g_loss")
        paid = paid[loss < 0.01]
        if len(paid) < ENOUGH_POINTS:
            return None
        middle = float(np.median(paid))
        limits: dict[Family, bool] = {
            "cross_entropy": 0.5 < middle < 2,
            "least_squares": middle > 6,
            "hinge": 0.1 < middle < 0.9,
        }
        if limits.get(family):
            return f"g_loss is {middle:.3g} while D is sure of everything"
        return None

    def _no_critic(self, below: bool, rows: int) -> str | None:
        """What shows that D is no critic: it is asked for decisions, or no loss ever falls below 0."""
        if "d_acc_real" in self.curves:
            return "D's accuracy is counted"
        if not below and rows >= ENOUGH_POINTS and not self._starts_with_penalty():
            return "no loss falls below 0"
        return None

    def _starts_with_penalty(self) -> bool:
        """Whether D's loss comes down from PENALTY or more, and is still above it, as a gradient penalty may be."""
        loss = self.finite("d_loss")
        return len(loss) > 0 and bool(loss.min() > PENALTY) and loss[-1] < loss[0]

    def _no_comparison(self) -> str | None:
        """What shows that D scores reals and fakes each on their own."""
        if "d_acc_real" in self.curves:
            return "D's accuracy is counted"
        loss, g_loss = self.together("d_loss", "g_loss")
        # softplus(-x) + softplus(x) is 2 ln 2 or more.
        if len(loss) >= ENOUGH_POINTS and not self.weighted and float(np.median(loss + g_loss)) < 1.3:
            return "the losses add up to less than 2 ln 2"
        return None
