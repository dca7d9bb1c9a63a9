"""Evidence: what is known of a run, whoever made it. Diagnosis judges this and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ganlab.config.experiment import Experiment
from ganlab.config.objectives import Family
from ganlab.diagnosis.read_report import ReadReport
from ganlab.runs.history import STANDARD_COLUMNS
from ganlab.runs.snapshots import SAMPLES, Row

SIGNALS = tuple(name for name in STANDARD_COLUMNS if name not in ("step", "time", "lr_g", "lr_d"))
"""Names of the curves, as in history.csv: accuracies as shares in [0, 1], `d_real` and `d_fake` probabilities for
cross-entropy and raw scores else."""

BINS = 600
"""Stretches of a thinned curve, of each of which the least and the largest value are kept: no spike is lost."""


@dataclass(frozen=True, eq=False)
class Series:
    """A curve: increasing steps (n,) int64 and values (n,) float64, which may be NaN or infinite."""

    steps: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.steps)

    def until(self, step: int) -> Series:
        """The curve up to and including a step."""
        kept = self.steps <= step
        return Series(self.steps[kept], self.values[kept])

    def within(self, first: int, last: int) -> Series:
        """The curve from `first` to `last`, both included."""
        kept = (self.steps >= first) & (self.steps <= last)
        return Series(self.steps[kept], self.values[kept])

    def thinned(self, bins: int = BINS) -> Series:
        """The curve with few enough values to be drawn: of each stretch the least and the largest, and the first NaN.

        A curve of at most 2 x `bins` values is returned as it is.
        """
        if len(self) <= 2 * bins:
            return self
        size = -(-len(self) // bins)
        starts = np.arange(0, len(self), size)
        table = np.full((len(starts), size), np.nan)
        table.flat[: len(self)] = self.values
        gaps = np.isnan(table)
        least, largest = np.where(gaps, np.inf, table).argmin(1), np.where(gaps, -np.inf, table).argmax(1)
        kept = [starts + least, starts + largest, (starts + gaps.argmax(1))[gaps.any(1)]]
        # What fills the last stretch up stands for the last value.
        index = np.unique(np.minimum(np.concatenate([[0], *kept, [len(self) - 1]]), len(self) - 1))
        return Series(self.steps[index], self.values[index])


@dataclass(frozen=True, eq=False)
class NonFinite:
    """The first number that was NaN or infinite."""

    step: int
    signal: str
    """The column, or the tensor in which a replay found it."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of one run, from memory, a run directory or foreign files; readers leave out what is not there."""

    source: str
    """Where it comes from, as the user names it."""
    curves: Mapping[str, Series] = field(default_factory=dict)
    """Curves by the names of SIGNALS."""
    snapshots: tuple[Row, ...] = ()
    """Rows of sample statistics by increasing `step`, with the keys of `runs.snapshots.STATISTICS`. Plain mappings may
    be handed over."""
    quality: Mapping[str, Series] = field(default_factory=dict)
    """Curves of published metrics that the run's own code printed: `fid` (Inception features, lower is better),
    `inception_score`, `f8` (recall), `f1_8` (precision)."""
    family: Family | None = None
    """Family of the losses; None if unknown."""
    saturating: bool | None = None
    """True for a generator that minimises log(1 - D(G(z))); None if unknown."""
    planned: int | None = None
    """Planned steps of the run, if known."""
    ended: bool = True
    """False while the run goes on."""
    non_finite: NonFinite | None = None
    """Where the run itself reported a NaN or Inf."""
    experiment: Experiment | None = None
    """The configuration, for runs of ours: remedies are checked against it."""
    notes: tuple[str, ...] = ()
    """What a reader took for what, and what it left out and why."""
    damaged: bool = False
    """True if parts of the run are lost or cannot be trusted: the verdict may not be that of the whole run."""
    players: Mapping[str, Mapping[str, Series]] = field(default_factory=dict)
    """Of a log of several games at once (two directions, several discriminators), the curves of each by its name, such
    as `A`; `curves` then holds what belongs to none of them. Empty for one game."""
    controls: Mapping[str, Series] = field(default_factory=dict)
    """Curves of what steers the training: `lr_g`, `lr_d` (learning rates) and `augment` (probability of ADA's
    augmentations, in [0, 1])."""
    families: tuple[Family, ...] = ()
    """If `family` is None: those that the numbers leave open; empty if they say nothing at all."""
    weighted: bool = False
    """True if the generator's adversarial loss is one term of a larger loss, with a weight that is not known: its level
    means nothing then, unless `plain_term`."""
    plain_term: bool = False
    """True if the adversarial term of a larger loss is printed before it is weighted: its level means what it does
    where it is all of the loss."""
    restarts: tuple[int, ...] = ()
    """Steps at which the run was started again from an earlier state, in the order in which that happened."""
    unit: str = "step"
    """What a step of the curves is: `step`, `epoch`, `image` or `row`."""
    epoch_steps: int | None = None
    """Steps of an epoch, if known."""
    read: ReadReport | None = None
    """What a reader of foreign files read, and what it took for what."""
    thinned: bool = False
    """True if only some values of the curves, or some snapshots, are left: enough to draw, too few to judge."""

    def __post_init__(self) -> None:
        rows = tuple(row if isinstance(row, Row) else Row(row) for row in self.snapshots)
        object.__setattr__(self, "snapshots", rows)

    def curve(self, key: str) -> Series | None:
        """Return the curve of a key, wherever the evidence has it; None if it has no finite value.

        Looked for among the curves, the published metrics and the snapshots, in this order.
        """
        for found in (self.curves.get(key), self.quality.get(key), self._of_snapshots(key)):
            if found is not None and np.isfinite(found.values).any():
                return found
        return None

    def games(self) -> dict[str, Evidence]:
        """The evidence of each game in a log by its player's name, such as `A`; of one game all of it, by no name."""
        if not self.players:
            return {"": self}
        return {
            player: replace(self, curves={**self.curves, **curves}, players={})
            for player, curves in self.players.items()
        }

    def courses(self, keys: Iterable[str]) -> Iterator[tuple[str, Series]]:
        """Yield the curves of some keys by name: those of each game, as `A/d_loss`, then those that belong to none."""
        keys = tuple(keys)
        for player, curves in self.players.items():
            yield from ((f"{player}/{key}", curves[key]) for key in keys if key in curves)
        yield from ((key, curve) for key in keys if (curve := self.curve(key)) is not None)

    def _of_snapshots(self, key: str) -> Series:
        pairs = [(row.step, value) for row in self.snapshots if (value := row.number(key)) is not None]
        steps, values = zip(*pairs, strict=True) if pairs else ((), ())
        return Series(np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64))

    @property
    def first_step(self) -> int:
        """First step that anything is known of, or that a log names if it holds no curve; else 0."""
        return min((steps[0] for steps in self._steps() if len(steps)), default=self.read.steps[0] if self.read else 0)

    @property
    def last_step(self) -> int:
        """Last step that anything is known of, or that a log names if it holds no curve; else 0."""
        return max((steps[-1] for steps in self._steps() if len(steps)), default=self.read.steps[1] if self.read else 0)

    @property
    def plan_reached(self) -> bool:
        """Whether the planned steps are done: a further row of the longest curve would lie beyond them."""
        curves = (curve for group in (self.curves, *self.players.values()) for curve in group.values())
        steps = max((curve.steps for curve in curves), key=len, default=np.array([], dtype=np.int64))
        if self.planned is None or len(steps) < 2:
            return False
        # Steps that are counted from 0 end one before their number.
        last = self.planned - (steps[0] == 0)
        return bool(steps[-1] + np.median(np.diff(steps)) > last)

    @property
    def phases(self) -> tuple[int, ...]:
        """First step of each phase that a snapshot was taken in, rising; empty if nothing grows."""
        return tuple(sorted({row["phase_since"] for row in self.snapshots if row.get("phase_since") is not None}))

    @property
    def broken_samples(self) -> list[int]:
        """Steps of the snapshots in which a sample was NaN or infinite."""
        return [row.step for row in self.snapshots if SAMPLES in row.non_finite]

    def _steps(self) -> list[list[int]]:
        groups = (self.curves, self.quality, self.controls, *self.players.values())
        curves = [[int(each) for each in s.steps[[0, -1]]] for group in groups for s in group.values() if len(s)]
        return [*curves, [row["step"] for row in self.snapshots]]

    def until(self, step: int) -> Evidence:
        """The same run as it stood at a step, not ended."""
        return replace(
            self,
            curves={name: curve.until(step) for name, curve in self.curves.items()},
            snapshots=tuple(row for row in self.snapshots if row["step"] <= step),
            quality={name: curve.until(step) for name, curve in self.quality.items()},
            ended=False,
            non_finite=self.non_finite if self.non_finite and self.non_finite.step <= step else None,
            players={
                player: {name: curve.until(step) for name, curve in curves.items()}
                for player, curves in self.players.items()
            },
            controls={name: curve.until(step) for name, curve in self.controls.items()},
            restarts=tuple(each for each in self.restarts if each <= step),
        )

    def since(self, step: int) -> Evidence:
        """The same run from a step on. A number that was not finite before stays reported: all after it is in doubt."""
        return replace(
            self,
            curves={name: curve.within(step, self.last_step) for name, curve in self.curves.items()},
            snapshots=tuple(row for row in self.snapshots if row["step"] >= step),
            quality={name: curve.within(step, self.last_step) for name, curve in self.quality.items()},
            players={
                player: {name: curve.within(step, self.last_step) for name, curve in curves.items()}
                for player, curves in self.players.items()
            },
            controls={name: curve.within(step, self.last_step) for name, curve in self.controls.items()},
        )
