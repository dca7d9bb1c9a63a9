"""A case: evidence with what several failures ask of it, computed once; and the charge that a failure brings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ganlab.config.games import GAMES
from ganlab.diagnosis import places, trends
from ganlab.diagnosis.beyond_losses import how_to_look
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.findings import Finding, Missing
from ganlab.runs.history import LOSS_COLUMNS
from ganlab.runs.snapshots import Row as Row
from ganlab.runs.snapshots import is_number as is_number

OWN_RUNS = "measured on ganlab's own runs"
"""Source of a criterion that no paper gives."""

LATE = 0.2
"""Share of the run, at its end, that a failure of the losses must hold over."""

LARGEST = 1e300
"""Size at which a number of a curve is judged if it is larger: sums of such numbers would be infinite."""

RECENT = 3
"""Snapshots at the end over which a failure of the samples must hold."""


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a failure holds against a run.

    Attributes:
        severity: 0 to 1, as the failure defines it.
        onset: first step, or None if it cannot be dated.
        window: first and last step over which it was seen.
        findings: the evidence; the first ones decided.
        summary: one sentence.
        active: whether it still holds at the end; a spell that the run came out of contributes at most.
        missing, hint: what it waits for, and a sentence on what it will be if it stays so.
    """

    severity: float
    onset: int | None
    window: tuple[int, int]
    findings: tuple[Finding, ...]
    summary: str
    active: bool = True
    missing: tuple[Missing, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class Improvement:
    """A statistic that still improves: by `change` of its level over `window`, of which `needed` is required.

    Attributes:
        settled: whether it has hardly changed in the last quarter of the run.
    """

    signal: str
    change: float
    needed: float
    window: tuple[int, int]
    settled: bool

    @property
    def words(self) -> str:
        """One sentence: what changed, and by how much."""
        name = {
            "fid": "FID",
            "good": "The share of samples that look like the data",
            "coverage": "Coverage",
            "energy_coefficient": "The distance of samples to reals (energy coefficient)",
        }
        # From next to nothing any change is a great many percent.
        by = f"{100 * self.change:.0f} %" if self.change < 2 else "more than twice its level"
        return f"{name[self.signal]} still changed by {by} over the last half of the run."


def ratio(row: Row, key: str) -> float | None:
    """A statistic over its real-vs-real value at the same number of samples, in [0, inf); None if either is missing."""
    return row.ratio(key)


def reading(key: str) -> Callable[[Row], float | None]:
    """The measure that reads a number of a row by its key, None if the row has none."""
    return lambda row: row.number(key)


Measured = tuple[str, Callable[[Row], float | None], int, float]
"""A statistic's name and measure, whether it rises (1) or falls (-1) as samples improve, and the change that counts."""

APPROACH: Measured = ("energy_coefficient", reading("energy_coefficient"), -1, 0.01)
"""That samples as a whole come nearer to the reals."""


class Case:
    """Evidence, and what failures ask of it: of networks that grow, what is known of their last phase.

    A new size is a new game: its losses and statistics go on from nothing that was before.

    Args:
        evidence: of the run.
        all_phases: look at the run from its first step, whatever grew.

    Attributes:
        whole: the evidence as it came.
        evidence: what is looked at.
    """

    def __init__(self, evidence: Evidence, all_phases: bool = False) -> None:
        self.whole = evidence
        self.evidence = evidence if all_phases or not evidence.phases else evidence.since(evidence.phases[-1])

    def charge(self, since: int, *, severity: float, findings: Sequence[Finding], summary: str) -> Charge:
        """The charge of what holds from a step to the end of the run."""
        return Charge(
            severity=severity,
            onset=since,
            window=(since, self.last_step),
            findings=tuple(findings),
            summary=summary,
        )

    # -- words ----------------------------------------------------------------------------------------------------

    def at(self, step: float) -> str:
        """Where a step is, in the unit of the curves: `step 1,200`, `epoch 564`."""
        return places.at(step, self.evidence.unit)

    def number(self, step: float) -> str:
        """A step alone: `1,200`."""
        return places.number(step, self.evidence.unit)

    def count(self, steps: float) -> str:
        """So many steps in words: `50 steps`, `1 epoch`."""
        return places.count(steps, self.evidence.unit)

    def stretch(self, window: tuple[int, int]) -> str:
        """The steps of a window: `steps 1,200 to 2,000`."""
        return places.stretch(window, self.evidence.unit)

    # -- losses -------------------------------------------------------------------------------------------------

    def curve(self, name: str) -> Series | None:
        """A curve of the evidence, no finite value beyond LARGEST; None if it is missing or has no finite value."""
        series = self.evidence.curves.get(name)
        if series is None or not (finite := np.isfinite(series.values)).any():
            return None
        if np.abs(series.values[finite]).max() > LARGEST:
            return Series(series.steps, np.where(finite, series.values.clip(-LARGEST, LARGEST), series.values))
        return series

    def late(self, name: str) -> float:
        """Median of a curve over the last fifth of the run; NaN if it is missing."""
        series = self.curve(name)
        return math.nan if series is None else trends.level(series.within(*self.late_window))

    @cached_property
    def last_step(self) -> int:
        """Last step of the evidence."""
        return self.evidence.last_step

    @cached_property
    def late_window(self) -> tuple[int, int]:
        """First and last step of the run's last fifth."""
        first, last = self.evidence.first_step, self.last_step
        return (int(last - LATE * (last - first)), last)

    @cached_property
    def d_half(self) -> Series | None:
        """The discriminator's loss, the larger of its halves where they are known, else half of the sum.

        Whether foreign code prints the sum or the mean is a factor of 2, on which no criterion may hang.
        """
        real, fake = self.curve("d_loss_real"), self.curve("d_loss_fake")
        if real is not None and fake is not None and len(real) == len(fake):
            return Series(real.steps, np.maximum(real.values, fake.values))
        total = self.curve("d_loss")
        return None if total is None else Series(total.steps, total.values / 2)

    @staticmethod
    def level_in(series: Series, window: tuple[int, int]) -> float:
        """Median of a curve over a window."""
        return trends.level(series.within(*window))

    def holding(self, conditions: Sequence[tuple[Series | None, trends.Condition]]) -> list[tuple[int, int]]:
        """Spells during which every condition holds, over the curves that are there; none without any curve."""
        held: list[tuple[int, int]] | None = None
        for series, condition in conditions:
            if series is None:
                continue
            found = trends.spells(series, condition)
            held = found if held is None else _overlaps(held, found)
        return held or []

    def lasts(self, spell: tuple[int, int]) -> bool:
        """Return whether a spell covers nine tenths of the run's last fifth."""
        first, last = self.late_window
        return min(spell[1], last) - max(spell[0], first) >= 0.9 * (last - first)

    # -- samples ------------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Snapshots whose samples were judged by features, without the one before training if there are others."""
        judged = tuple(row for row in self.evidence.snapshots if is_number(row.get("good")) and not reals_fail(row))
        return judged[1:] if len(judged) > 1 and judged[0]["step"] == 0 else judged

    @cached_property
    def recent(self) -> tuple[Row, ...]:
        """The last snapshots."""
        return self.rows[-RECENT:]

    @property
    def recent_window(self) -> tuple[int, int]:
        """First and last step of the last snapshots."""
        return (self.recent[0]["step"], self.recent[-1]["step"])

    def of_rows(self, measure: Callable[[Row], float | None]) -> Series:
        """A statistic of every snapshot as a curve, snapshots that lack it left out."""
        pairs = [(row["step"], measure(row)) for row in self.rows]
        known = [(step, value) for step, value in pairs if value is not None]
        steps, values = zip(*known, strict=True) if known else ((), ())
        return Series(np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64))

    def recently(self, measure: Callable[[Row], float | None]) -> float:
        """Median of a statistic over the last snapshots; NaN if none of them has it."""
        values = [value for row in self.recent if (value := measure(row)) is not None]
        return float(np.median(values)) if values else math.nan

    def always_recently(self, test: Callable[[Row], bool | None]) -> bool:
        """Return whether a test holds in each of the last snapshots, and there is one."""
        return bool(self.recent) and all(test(row) for row in self.recent)

    def since(self, test: Callable[[Row], bool | None]) -> int:
        """First step of the stretch of snapshots at the end in which a test holds."""
        onset = self.rows[-1]["step"]
        for row in reversed(self.rows):
            if not test(row):
                break
            onset = row["step"]
        return int(onset)

    def rising(self, measure: Callable[[Row], float | None], least: float = 0.0) -> bool:
        """Return whether a statistic of the samples still rises at the end, by a tenth of itself and by `least`."""
        found, level, _ = self._late_trend(measure)
        return found.p_value < 0.1 and found.change / level > STILL and found.change >= least

    def _late_trend(self, measure: Callable[[Row], float | None]) -> tuple[trends.Trend, float, tuple[int, int]]:
        """Trend of a statistic over the last half of the run, its level there (> 0), window."""
        curve = self.of_rows(measure)
        half = curve.within((self.evidence.first_step + self.last_step) // 2, self.last_step)
        if len(half) < 4:
            # Few snapshots, or pictures that are numbered otherwise than the log.
            count = max(4, len(curve) // 2)
            half = Series(curve.steps[-count:], curve.values[-count:])
        if not len(half):
            return trends.Trend(0.0, 1.0), 1.0, (0, 0)
        level = max(abs(trends.level(half)), 1e-9)
        return trends.trend(half), level, (int(half.steps[0]), int(half.steps[-1]))

    @cached_property
    def improvement(self) -> Improvement | None:
        """The statistic of the samples that still improves over the last half of the run, None if none does.

        Garbage must improve by much to be on its way anywhere, unless it ranges over the data, has hardly begun, or
        much may be left of the run.
        """
        measured: tuple[Measured, ...] = (
            ("fid", reading("fid"), -1, 0.0),
            ("good", lambda row: ratio(row, "good"), 1, 0.1),
            ("coverage", lambda row: ratio(row, "coverage"), 1, 0.05),
            APPROACH,
        )
        return next((found for each in measured if (found := self._improved(*each)) is not None), None)

    def _improved(
        self, name: str, measure: Callable[[Row], float | None], sign: int, least: float
    ) -> Improvement | None:
        """Return how far a statistic improves over the last half of the run; None if it doesn't.

        Args:
            name, measure: of the statistic.
            sign: 1 if it rises as samples improve, else -1.
            least: change that counts, in its own unit.
        """
        # That garbage covers a little more says nothing.
        if self.passing < GARBAGE and name == "coverage":
            return None
        needed = STILL if self.passing >= GARBAGE or self.ranging or self.young or self.unfinished else FAST
        found, scale, window = self._late_trend(measure)
        change, level = found.change / scale, self.recently(measure)
        # Samples as a whole come nearer to reals long before any of them passes for one. Once most do, and as a whole
        # they lie near them, other statistics say more.
        coming = self.passing < GOOD or not self.reached
        if name == "energy_coefficient" and not (coming and level < (measure(self.rows[0]) or 0.0)):
            return None
        if found.p_value < 0.1 and sign * change > needed and abs(change) * level > least:
            return Improvement(name, abs(change), needed, window, self._settled(measure, abs(found.change)))
        return None

    def _settled(self, measure: Callable[[Row], float | None], change: float) -> bool:
        """Return whether little of a statistic's change over the last half of the run lies in the last quarter."""
        span = (self.last_step - self.evidence.first_step) // 4
        late = self.of_rows(measure).within(self.last_step - span, self.last_step)
        return len(late) >= RECENT and bool(np.ptp(late.values) <= SETTLED * change)

    @property
    def improving(self) -> bool:
        """Return whether the samples still improve."""
        return self.improvement is not None

    @property
    def unfinished(self) -> bool:
        """Return whether more than half of the run is left, or nobody knows how much is."""
        return self.half_way if self.whole.planned is not None else self.whole.experiment is None

    @property
    def half_way(self) -> bool:
        """Return whether more than half of the planned steps are still to come."""
        return self.whole.planned is not None and self.last_step < self.whole.planned / 2

    @property
    def length(self) -> int | None:
        """Updates of the generator or, of another program's log, its steps; None if it counts something else.

        Pictures alone are numbered as their files are.
        """
        counted = self.updates is None and self.whole.unit == "step" and bool(self.whole.curves)
        return self.whole.last_step if counted else self.updates

    @property
    def brief(self) -> bool:
        """Return whether the run is known to be short, or less than half of what was planned."""
        return self.half_way or (self.length is not None and self.length < BRIEF)

    @cached_property
    def gained(self) -> bool:
        """Return whether the last samples as a whole lie much nearer to the reals than the first ones did."""
        first = self.rows[0].number("energy_coefficient") if self.rows else None
        return first is not None and self.distance < first / 2

    @property
    def could_show_rest(self) -> bool:
        """Return whether snapshots and their samples are enough to show that samples have stopped getting better.

        Statistics of few samples move by so much from one snapshot to the next that no gain stands out. A sheet of ten
        latents, each with every class, shows ten.
        """
        return len(self.rows) >= COURSE and self.recently(independent) >= NUMEROUS

    @property
    def updates(self) -> int | None:
        """How often the generator was updated; None if that is not known.

        Of a watched loop a step is taken for an update if it has a loss: it may be more of them, and seldom less. What
        another program's log calls a step may be anything.
        """
        experiment, whole = self.whole.experiment, self.whole
        if experiment is not None:
            return whole.last_step * experiment.training.generator_steps
        by_steps = whole.read is None and whole.unit == "step" and not whole.curves.keys().isdisjoint(LOSS_COLUMNS)
        return whole.last_step if by_steps else None

    @cached_property
    def learned(self) -> bool:
        """Return whether the samples of any snapshot were more than garbage, and not all alike.

        A blob that jumps about passes the garbage test for a moment where it lies near to reals.
        """

        def more(row: Row) -> bool:
            passing, variety = ratio(row, "good"), relative_vendi(row)
            return passing is not None and passing >= GARBAGE and (variety is None or variety >= ALIKE)

        return any(map(more, self.rows))

    @property
    def young(self) -> bool:
        """Return whether nothing was learned yet, and the run is known to be where most that learn have not either."""
        return bool(self.rows) and not self.learned and self.updates is not None and self.updates < LEARNING

    @cached_property
    def passing(self) -> float:
        """Share of the last snapshots' samples that pass the garbage test, over that of reals; NaN without samples."""
        return self.recently(lambda row: ratio(row, "good"))

    @cached_property
    def recognised(self) -> float:
        """Share of the last samples that a classifier is sure of, over that of reals; NaN if it is not known.

        Of few pixels it recognises hardly any reals, and says nothing of samples.
        """

        def share(row: Row) -> float | None:
            return ratio(row, "recognised") if (row.number("recognised_real") or 0.0) >= REALS_PASS else None

        return self.recently(share)

    @property
    def by_patches(self) -> bool:
        """Whether the last samples were seen through statistics of patches, which no classifier sharpens."""
        protocol = self.recent[-1].get("protocol") if self.recent else None
        return isinstance(protocol, dict) and "pyramid" in str(protocol.get("features"))

    @cached_property
    def ranging(self) -> bool:
        """Whether the last samples range over the data, however few pass the garbage test.

        Seen through statistics of patches, reals have samples near them; or the samples as a whole lie near the reals:
        a classifier takes noisy digits for none, and flat drawings have no patches like those of a network. Points that
        are scattered at random range too, and don't count.
        """
        recall = self.recently(lambda row: ratio(row, "recall"))
        there = (self.by_patches and recall >= RANGED) or self.shaped
        return there and self.varied(RANGED)

    def varied(self, least: float) -> bool:
        """Return whether the last samples are so varied, relative to reals; on a sorted sheet it cannot be told."""
        return self.recently(relative_vendi) >= least or (bool(self.recent) and alike_by_design(self.recent[-1]))

    @cached_property
    def distance(self) -> float:
        """How far the last samples as a whole lie from the reals: their energy coefficient; NaN if it is not known."""
        return self.recently(reading("energy_coefficient"))

    @property
    def shaped(self) -> bool:
        """Whether the last pictures as a whole lie nearer to the reals than one picture, over and over, can."""
        return self.of_pictures and self.distance < (SHAPED_PATCHES if self.by_patches else SHAPED)

    @cached_property
    def was_near(self) -> bool:
        """Whether pictures of any snapshot as a whole lay near the reals."""
        course = self.of_rows(reading("energy_coefficient")).values
        return self.of_pictures and bool(len(course)) and float(course.min()) < NEAR_ONCE

    @property
    def apart(self) -> bool:
        """Whether the last pictures as a whole still lie apart from the reals."""
        return self.of_pictures and self.distance > APART

    @property
    def of_pictures(self) -> bool:
        """Whether the last samples are pictures: of points, no repeats are counted."""
        return bool(self.recent) and self.recent[-1].number("near_duplicates") is not None

    @property
    def reached(self) -> bool:
        """Whether the last samples as a whole lie as near to the reals as those of a healthy run do.

        Asked of pictures that a classifier sees: it takes bold strokes for digits, one by one, and as a whole they are
        not. What the distance is through statistics of patches depends on the data.
        """
        return not self.of_pictures or self.by_patches or not self.distance > NEARBY

    @property
    def still_learning(self) -> bool:
        """Whether the last pictures are no good yet, and still improve: those that are alike may yet differ."""
        if not self.of_pictures or not self.improving:
            return False
        return self.passing < GOOD or self.apart or self._improved(*APPROACH) is not None

    @property
    def enough(self) -> float:
        """Share of the samples that must pass the garbage test, over that of reals, for a run to be healthy."""
        return CLEAR if self.of_pictures else GOOD

    @cached_property
    def bad_samples(self) -> bool | None:
        """True if the last samples are garbage or all alike, False if they are neither, None without samples.

        Without samples but with FID: False once any image was learned. What it became then has a name of its own.
        """
        if not self.rows and self.has_quality:
            return float(self.fid.values.min()) > WORST_FID
        if not self.rows:
            return None
        return self.passing < GOOD or self.recently(relative_vendi) < ALIKE

    @cached_property
    def has_quality(self) -> bool:
        """Return whether a curve of published metrics is there."""
        return len(self.fid) >= 2

    @cached_property
    def fid(self) -> Series:
        """The FIDs that the run's own code printed; a distance below 0 or without bound is none, and left out."""
        found = self.evidence.quality.get("fid", Series(np.zeros(0, dtype=np.int64), np.zeros(0)))
        possible = (found.values >= 0) & (found.values <= LARGEST_FID)
        return Series(found.steps[possible], found.values[possible])

    @cached_property
    def fid_fall(self) -> float:
        """By how much the printed FID falls over the last half of the run, over its level there; 0 if that is not sure.

        Of three values or fewer, each must be below the one before.
        """
        if len(self.fid) < 4:
            falling = len(self.fid) > 1 and bool((np.diff(self.fid.values) < 0).all())
            return float(np.ptp(self.fid.values) / trends.level(self.fid)) if falling else 0.0
        half = self.fid.within((self.evidence.first_step + self.last_step) // 2, self.last_step)
        if len(half) < 4:
            half = Series(self.fid.steps[-4:], self.fid.values[-4:])
        found = trends.trend(half)
        return -found.change / trends.level(half) if found.p_value < 0.1 and found.change < 0 else 0.0

    @property
    def at_best_fid(self) -> bool:
        """Return whether only printed FIDs show the samples, and the last one is good and close to the best."""
        if self.rows or not self.has_quality:
            return False
        last, best = float(self.fid.values[-1]), float(self.fid.values.min())
        return last <= min(WORST_FID, CLOSE * best)

    @property
    def fid_falls(self) -> bool:
        """Return whether the printed FID still falls."""
        return self.fid_fall > STILL

    @property
    def unseen(self) -> tuple[str, ...]:
        """What the features of the last snapshot cannot see on such reals."""
        return tuple(self.evidence.snapshots[-1].get("unseen") or ()) if self.evidence.snapshots else ()

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """The evidence that is not there, and how to get it."""
        curves, rows = self.evidence.curves, self.rows
        found = []
        if self.d_half is None or "g_loss" not in curves:
            found.append(Missing("losses", "log the discriminator's and the generator's loss at every step"))
        elif self.evidence.family is None or self.evidence.families:  # known, or one of several that are tried
            found.append(Missing("loss family", "say which loss it is: --loss hinge"))
        if not rows and any(map(reals_fail, self.evidence.snapshots)):
            found.append(
                Missing("samples at a size that can be judged", "train on: at this one real images do not pass as such")
            )
        elif not rows and not self.has_quality and not self.unseen:
            found.append(Missing("samples", how_to_look(self.evidence)))
        for sight in self.unseen:
            found.append(
                Missing(
                    f"{sight} of the samples",
                    f"these features cannot judge {sight} on such images: they fail to see it on real ones; look at "
                    "the samples",
                )
            )
        if "grad_g_output" not in curves:
            found.append(
                Missing("gradients", "log the norm of the gradient at the generator's output (ganlab.Monitor)")
            )
        if not any(row.get("d_held_out") is not None for row in self.evidence.snapshots):
            found.append(Missing("held-out scores", "log the discriminator's mean score on real images it never saw"))
        return tuple(found)


STILL = 0.1
"""Change over the last half of the run, over the level there, from which a statistic still moves."""

FAST = 0.5
"""Change over the last half of the run, over the level there, that makes samples which are garbage still improve, and
a run under-trained by its printed FID alone."""

VAST = 1.0
"""The same for a run whose pictures pass as often as NEAR: a FID that falls evenly by all of its level comes down to a
third. Of the labelled runs that rules were tuned on, good ones changed by .92 at most, but for one of which
under-trained is right too (1.22); one that a person called under-trained changed by 1.33."""

QUICK = 1 / 3
"""The same for a run whose samples are good, but fewer pass for real than NEAR: slower gains leave it healthy."""

SETTLED = 0.25
"""Spread of a statistic over the last quarter of the run, over its change in the last half, up to which it has settled;
what changes evenly has .5."""

LEARNING = 500
"""Updates of the generator within which three in four of the labelled runs that learned had left the garbage behind:
what still improves before that is on its way."""

BRIEF = 2000
"""Updates of the generator under which a run on pictures is short. Labelled runs that rules were tuned on, whose
samples were varied and not quite good while nothing was wrong, had 1,200 at most, and good ones up to 1,800."""

COURSE = 8
"""Snapshots of a course in whose last half a trend can be told."""

NUMEROUS = 100
"""Samples from which it can be told which kinds are missing, and statistics are steady enough to be at rest."""

GOOD = 0.5
"""Share of samples that must pass the garbage test, over that of reals, for samples to count as learned."""

CLEAR = 0.75
"""The same for healthy pictures. Seen through statistics of patches, photographs that were blurred, or whose patches
were shuffled, pass up to .72 times as often as the reals and vary enough (docs/features.md). Of the labelled runs on
MNIST that rules were tuned on, poor ones that nothing else was wrong with passed .63 to .72 times as often, good ones
.78 or more, but for two, of which under-trained is right too."""

NEARBY = 0.0125
"""Energy coefficient, through a classifier's features, above which pictures don't lie as near to the reals as those of
a healthy run. Of the labelled runs that rules were tuned on, and whose samples pass, good ones had .011 at most, but
for two of which under-trained is right too; poor ones of other people's trainers .02 or more."""

RANGED = 0.25
"""Recall and relative Vendi score from which samples range over the data, though few pass the garbage test. Labelled
runs on colour pictures that made blurred digits, or the colours of photographs, had .29 and .49 or more; those that
never learned had no recall, and at most a tenth of the variety."""

SHAPED = 0.25
"""Energy coefficient under which samples have something of the reals. The mean of the reals, over and over, has .29,
and what labelled runs on colour pictures began with .3 to .8."""

SHAPED_PATCHES = 0.2
"""The same for samples seen through statistics of patches, to which one pattern over all samples makes them look alike:
strokes on a blue grid, all different, had .24 and few kinds of patches."""

NEAR_ONCE = 0.1
"""Energy coefficient under which samples have lain near the reals: of the labelled runs that rules were tuned on, those
of which nothing but never-learned is right had .11 or more in every snapshot."""

APART = 0.03
"""Energy coefficient above which samples as a whole still lie apart from the reals. Of the labelled runs that rules
were tuned on, and that improved while their samples passed as often as NEAR, good ones had .02 at most, and poor ones
.015 to .09. Good ones that passed .6 to .7 times as often had up to .042; under-trained is right of them too."""

WORST_FID = 150.0
"""Best FID (Inception features) above which no image was ever learned: what published runs that failed never left."""

CLOSE = 1.2
"""Times its own best FID up to which a run is as good as it was."""

WORSE = 1.5
"""Times its own best FID at which a run has degraded."""

LARGEST_FID = 1e5
"""FID above which the number is an error of the metric: pure noise has about 500."""

GARBAGE = 0.25
"""Share of samples that pass the garbage test, over that of reals, under which they are garbage."""

NEAR = 0.9
"""Share of samples that pass the garbage test, over that of reals, from which a generator that still improves is there:
the garbage test asks how near samples lie to reals, by the measure of the reals through the same features."""

ALIKE = 0.1
"""Relative Vendi score under which samples are all alike."""

REALS_PASS = 0.5
"""Share of reals that must pass the garbage test themselves for it to say anything: of few pixels hardly any do."""


def reals_fail(row: Row) -> bool:
    """Return whether the garbage test says nothing about a row because its reals do not pass it either."""
    real = row.get("good_real")
    return is_number(real) and real < REALS_PASS


def is_conditional(row: Row) -> bool:
    """Return whether a row's samples were made from the class alone: not from an image, which has one of its own."""
    return row.asked == "classes" and not made_from_images(row)


def made_from_images(row: Row) -> bool:
    """Return whether a row's samples were made from images, as translations are; not if its game is not known."""
    game = GAMES.get(row.game)
    return game is not None and game.options.starts_from == "images"


def relative_vendi(row: Row, key: str = "vendi") -> float | None:
    """Return how varied a row's samples are relative to reals, as `Row.relative_vendi` does; None on a sorted sheet."""
    return None if key == "vendi" and alike_by_design(row) else row.relative_vendi(key)


def alike_by_design(row: Row) -> bool:
    """Return whether a row's samples stand on a sheet that is sorted by class or code, and repeat each other there."""
    return row.get("sorted_by") is not None


def independent(row: Row) -> float | None:
    """Return how many of a row's samples tell something of their own: on a sorted sheet, those that differ."""
    return row.number("distinct") if alike_by_design(row) else row.number("n")


def _overlaps(a: Sequence[tuple[int, int]], b: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    both = [(max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b]
    return [window for window in both if window[0] <= window[1]]
