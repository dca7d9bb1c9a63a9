"""What a claim can be about: one function a measure, which counts the runs in which it holds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.stats import spearmanr

from ganlab.config.objectives import LOSSES
from ganlab.diagnosis import trends
from ganlab.diagnosis.evidence import Series
from ganlab.sweeps.claim_options import (
    METRICS,
    BestWhenCalmOptions,
    LossFallsOptions,
    LossOneWayOptions,
    LossOscillatesOptions,
    LossRisesOptions,
    QualityOptions,
    RarerOptions,
    SettlesOptions,
    VerdictOptions,
)
from ganlab.sweeps.counting import CannotTell, Records, Seen, Tally, configs, counted, numbers, sentences
from ganlab.sweeps.records import RunRecord
from ganlab.verdicts import matches

SIGNIFICANT = 0.05
"""P-value under which a difference or a trend counts."""

FEWEST_STEPS = 15
"""Steps under which a run has no curve to speak of."""

Outcome = TypeVar("Outcome")
"""What is compared of two runs."""


# Measures of curves


def _curve(record: RunRecord, name: str) -> Series:
    """Return the finite values of a column of history.csv by step."""
    history = record.history
    if not {"step", name} <= history.keys():
        raise CannotTell(f"no {name}")
    curve = trends.finite(Series(history["step"].astype(np.int64), history[name]))
    if len(curve) < FEWEST_STEPS:
        raise CannotTell(f"{len(curve)} steps of {name}, {FEWEST_STEPS} are needed")
    return curve


def _running_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median over a centred window of max(5, steps // 30) points, made odd; the ends are mirrored."""
    smooth: NDArray[np.float64] = median_filter(values, max(5, len(values) // 30) | 1, mode="reflect")
    return smooth


def _stays_from(curve: Series, holds: NDArray[np.bool_]) -> int | None:
    """First step from which a condition holds up to the end; None where it does not hold at the end."""
    failing = np.flatnonzero(~holds)
    first = failing[-1] + 1 if len(failing) else 0
    return int(curve.steps[first]) if first < len(curve) else None


def _end(curve: Series) -> float:
    """Mean over the last tenth of a curve."""
    return float(curve.values[-max(1, len(curve) // 10) :].mean())


def settles(records: Records, against: Records, params: SettlesOptions) -> Tally:
    """The losses settle between two steps after an erratic start.

    It counts where the run settles, as `settling_step` defines it, for both d_loss and g_loss at a step that lies in
    `between`, or before it after an erratic start: the standard deviation of either loss up to that step is larger
    than from there on. The onset is the median step at which those that count settle.
    """
    first, last = params.between

    def look(record: RunRecord) -> Seen:
        curves = [_curve(record, name) for name in ("d_loss", "g_loss")]
        steps = [step for curve in curves if (step := settling_step(curve)) is not None]
        if len(steps) < len(curves):
            return False, None
        step = max(steps)
        return first <= step <= last or (step < first and any(_erratic_until(curve, step) for curve in curves)), step

    def words(seen: list[Seen]) -> str:
        steps = [step for _, step in seen if step is not None]
        settled = f"settled between steps {min(steps):.0f} and {max(steps):.0f}" if steps else ""
        never = f"{len(seen) - len(steps)} never settled" if len(steps) < len(seen) else ""
        return ", ".join(text for text in (settled, never) if text)

    expected = f"d_loss and g_loss settle between steps {first:g} and {last:g}, or earlier after an erratic start"
    return counted(records, look, expected, words)


def settling_step(curve: Series) -> int | None:
    """Step from which a loss stays at its level of the last third of the run; None where it never settles.

    The level at a step is the running median over max(5, steps // 30) steps. It is settled within a band around the
    median of the last third: a fifth of that, or where it is more, 1.5 standard deviations of single steps around
    their level in that third (1.4826 x median absolute deviation each). A loss that only gets there in the last third
    has not settled.
    """
    smooth = _running_median(curve.values)
    third = slice(-(len(curve) // 3), None)
    level = float(np.median(curve.values[third]))
    noise = 1.4826 * float(np.median(np.abs(curve.values[third] - smooth[third])))
    step = _stays_from(curve, np.abs(smooth - level) <= max(1.5 * noise, 0.2 * abs(level)))
    return None if step is None or step >= curve.steps[third][0] else step


def _erratic_until(curve: Series, step: int) -> bool:
    before, after = curve.values[curve.steps < step], curve.values[curve.steps >= step]
    return len(before) > 1 and float(before.std()) > float(after.std())


def best_when_calm(records: Records, against: Records, params: BestWhenCalmOptions) -> Tally:
    """The best images come from a calm stretch, worse ones from stretches where the loss varies much.

    The local variance of a snapshot is that of g_loss over the steps since the snapshot before it. Snapshots of the
    first tenth of the run are left out. It counts where the snapshot with the lowest FID has a local variance below
    the median of the run's, and Spearman's correlation of FID with the local variance is positive. A run needs 4 such
    snapshots. No onset.
    """
    correlations: list[float] = []

    def look(record: RunRecord) -> Seen:
        fids, variances = _fid_and_variance(record)
        correlation = float(spearmanr(fids, variances).statistic)
        correlations.append(correlation)
        return bool(variances[np.argmin(fids)] < np.median(variances) and correlation > 0), None

    def words(seen: list[Seen]) -> str:
        if not seen:
            return ""
        return f"median Spearman correlation of FID with the variance of g_loss {np.median(correlations):+.2f}"

    return counted(records, look, "the best FID where g_loss varies little, and FID rising with its variance", words)


def _fid_and_variance(record: RunRecord) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """FID of each snapshot after the first tenth, and the variance of g_loss since the snapshot before."""
    curve = _curve(record, "g_loss")
    pairs = []
    previous = 0
    for row in record.snapshots:
        fid, stretch = row.number("fid"), curve.within(previous + 1, row["step"])
        if fid is not None and row["step"] > curve.steps[-1] / 10 and len(stretch) > 1:
            pairs.append((fid, float(stretch.values.var())))
        previous = row["step"]
    if len(pairs) < 4:
        raise CannotTell(f"{len(pairs)} snapshots with FID after the first tenth, 4 are needed")
    fids, variances = np.array(pairs).T
    if np.ptp(fids) == 0 or np.ptp(variances) == 0:
        raise CannotTell("FID or the variance of g_loss never changes")
    return fids, variances


def generator_loss_falls(records: Records, against: Records, params: LossFallsOptions) -> Tally:
    """The generator's loss falls to nothing: the mean of g_loss over the last tenth of the run is below `below` (.1).

    Only losses that are never negative have such a floor; runs with others are left out. The onset is the step from
    which the running median stays below.
    """
    return counted(records, partial(_falls, below=params.below), f"g_loss ends below {params.below:g}")


def _falls(record: RunRecord, below: float) -> Seen:
    loss = record.planned.experiment.loss
    if not LOSSES[loss].has_floor:
        raise CannotTell(f"g_loss of {loss} has no floor at 0")
    curve = _curve(record, "g_loss")
    return _end(curve) < below, _stays_from(curve, _running_median(curve.values) < below)


def generator_loss_rises(records: Records, against: Records, params: LossRisesOptions) -> Tally:
    """The generator's loss rises: the mean of g_loss over the last tenth is more than twice its level at the start.

    That level is the median over the first hundredth of the run. Over the second half the trend must still rise
    (Theil-Sen slope > 0, Kendall's tau p < .05). A level that is not positive cannot be doubled: such a run is left
    out. The onset is the step from which the running median stays above twice the level.
    """
    return counted(records, _rises, "g_loss ends above twice its level at the start, still rising")


def _rises(record: RunRecord) -> Seen:
    curve = _curve(record, "g_loss")
    level = float(np.median(curve.values[: max(1, len(curve) // 100)]))
    if level <= 0:
        raise CannotTell(f"g_loss starts at {level:.2g}, which cannot be doubled")
    half = len(curve) // 2
    trend = trends.trend(Series(curve.steps[half:], curve.values[half:]))
    rises = _end(curve) > 2 * level and trend.change > 0 and trend.p_value < SIGNIFICANT
    return rises, _stays_from(curve, _running_median(curve.values) > 2 * level)


def generator_loss_one_way(records: Records, against: Records, params: LossOneWayOptions) -> Tally:
    """The generator's loss goes one way: it falls to nothing, or it rises.

    Two readings of one claim, each as `generator_loss_falls` and `generator_loss_rises` define it; a run in which
    either is seen counts, and the words count each. A run that cannot tell one of them is left out. The onset is that
    of the reading that was seen.
    """
    readings = Counter[str]()

    def look(record: RunRecord) -> Seen:
        (falls, fallen), (rises, risen) = _falls(record, params.below), _rises(record)
        readings.update(falls=falls, rises=rises)
        return falls or rises, fallen if falls else risen

    def words(seen: list[Seen]) -> str:
        n = len(seen)
        return (
            f"falls to 0 ({params.falls}) in {readings['falls']} of {n}, "
            f"rises ({params.rises}) in {readings['rises']} of {n}"
        )

    expected = f"g_loss ends below {params.below:g}, or above twice its level at the start and still rising"
    return counted(records, look, expected, words)


def generator_loss_oscillates(records: Records, against: Records, params: LossOscillatesOptions) -> Tally:
    """The generator's loss swings with one period.

    It counts where half of the variance of g_loss after the first quarter of the run lies at one period
    (`diagnosis.trends.spectral_peak`), in single steps or in blocks of them, and that period lies in `period`, by
    default up to 100 steps. No onset.
    """
    low, high = params.period

    def look(record: RunRecord) -> Seen:
        curve = _curve(record, "g_loss")
        last = int(curve.steps[-1])
        settled = curve.within(last // 4, last)
        peaks = [trends.spectral_peak(points) for points in (settled, trends.blocks(settled))]
        periods = [peak.period for peak in peaks if peak is not None and peak.share >= trends.PERIODIC]
        inside = [period for period in periods if low <= period <= high]
        return bool(inside), inside[0] if inside else None

    def words(seen: list[Seen]) -> str:
        periods = [period for _, period in seen if period is not None]
        return f"median period {np.median(periods):.0f} steps" if periods else ""

    expected = f"half of the variance of g_loss at one period of {low:g} to {high:g} steps"
    return replace(counted(records, look, expected, words), onset=None)


# Measures of verdicts


def verdict(records: Records, against: Records, params: VerdictOptions) -> Tally:
    """Runs are judged to be one of `verdicts`.

    A run that ended counts in n, also one that is judged inconclusive, which is no replication. The onset is the
    median onset of the verdicts that match.
    """
    names: Counter[str] = Counter()

    def look(record: RunRecord) -> Seen:
        name = _name_of(record)
        names[name] += 1
        return matches(name, params.verdicts), record.verdict.onset_step if record.verdict else None

    def words(seen: list[Seen]) -> str:
        return "judged " + ", ".join(f"{name} {count}" for name, count in names.most_common()) if seen else ""

    return counted(records, look, " or ".join(params.verdicts), words)


def _name_of(record: RunRecord) -> str:
    if record.verdict is None:
        raise CannotTell("no verdict")
    return record.failure_name


def rarer(records: Records, against: Records, params: RarerOptions) -> Tally:
    """`verdicts` are rarer in `runs` than in those of the same seed in `against`; or, with `than`, than those there.

    Only pairs that differ can tell (as in McNemar's test): n counts the pairs of runs of one seed of which one has
    such a verdict and the other has not, k those of them in which it is the one in `against`. With `than` a run is its
    own pair: n counts the runs that have a verdict of `verdicts` or of `than`, k those that have the latter. No onset.
    """
    named = " or ".join(params.verdicts)
    if params.than:
        seen, left_out = numbers(records, _name_of)
        pairs = [(matches(name, params.verdicts), matches(name, params.than)) for name in seen]
        where = " or ".join(params.than)
        expected = f"{named} rarer than {where}"
    else:
        pairs, left_out = _paired(records, against, lambda record, until: matches(_name_of(record), params.verdicts))
        where = configs(against)
        expected = f"{named} rarer than in {where}"
    k, n = sum(theirs and not mine for mine, theirs in pairs), sum(mine != theirs for mine, theirs in pairs)
    here, there = sum(mine for mine, _ in pairs), sum(theirs for _, theirs in pairs)
    words = f"{here} of {len(pairs)} against {there} of {len(pairs)} ({where})" if pairs else ""
    return Tally(k, n, None, sentences(words, left_out), expected)


# Measures of quality


def better(records: Records, against: Records, params: QualityOptions) -> Tally:
    """Runs have a better `metric` than those of the same seed in `against`; k counts the pairs of runs in which.

    Which way a metric is better is in `claim_options.METRICS`. `at: end` compares the last snapshots;
    `at: equal_time` those that each run took last before the shorter of the two took its last. No onset.
    """
    return _compared(records, against, params, "better")


def worse(records: Records, against: Records, params: QualityOptions) -> Tally:
    """As `better`, with a worse metric."""
    return _compared(records, against, params, "worse")


def _compared(records: Records, against: Records, params: QualityOptions, which: str) -> Tally:
    equal_time = params.at == "equal_time"
    pairs, left_out = _paired(records, against, partial(_metric_at, metric=params.metric), equal_time)
    lower_wins = (METRICS[params.metric] == "lower") == (which == "better")
    k = sum(mine < theirs if lower_wins else mine > theirs for mine, theirs in pairs)
    said = ""
    if pairs:
        mine, theirs = np.median(pairs, axis=0)
        said = f"median {params.metric} {mine:.3g} against {theirs:.3g}"
    when = "at equal time" if equal_time else "at the end"
    expected = f"{params.metric} {which} than that of {configs(against)} {when}"
    return Tally(k, len(pairs), None, sentences(said, left_out), expected)


def _paired(
    records: Records, against: Records, look: Callable[[RunRecord, float], Outcome], equal_time: bool = False
) -> tuple[list[tuple[Outcome, Outcome]], list[str]]:
    """Return what a look sees in each pair of runs of one seed, and the runs that were left out with the reason.

    Args:
        records, against: the runs, and those to compare with.
        look: what to see in a run up to a time in seconds.
        equal_time: only up to the last snapshot of the shorter one; else over all of both.
    """
    pairs: list[tuple[Outcome, Outcome]] = []
    left_out: dict[str, None] = {}
    for one in records:
        others = [other for other in against if other.planned.seed == one.planned.seed]
        if not others:
            left_out[f"{one.planned.id} (no run of its seed to compare with)"] = None
        for other in others:
            seen, why = _pair((one, other), look, equal_time)
            left_out |= dict.fromkeys(why)
            if len(seen) == 2:
                pairs.append((seen[0], seen[1]))
    return pairs, list(left_out)


def _pair(
    pair: Records, look: Callable[[RunRecord, float], Outcome], equal_time: bool
) -> tuple[list[Outcome], list[str]]:
    until = min(numbers(pair, _last_snapshot_time)[0], default=math.inf) if equal_time else math.inf
    return numbers(pair, lambda record: look(record, until))


def _last_snapshot_time(record: RunRecord) -> float:
    time = record.metric("time")
    if time is None:
        raise CannotTell("no snapshot with a time")
    return time


def _metric_at(record: RunRecord, until: float, metric: str) -> float:
    """Return a metric of the last snapshot within so many seconds of the run's start."""
    rows = [row for row in record.snapshots if (row.number("time") or 0.0) <= until]
    value = rows[-1].number(metric) if rows else None
    if value is None:
        raise CannotTell(f"no {metric}")
    return value


MEASURES: dict[str, Callable[[Records, Records, Any], Tally]] = {
    "settles": settles,
    "best_when_calm": best_when_calm,
    "generator_loss_falls": generator_loss_falls,
    "generator_loss_rises": generator_loss_rises,
    "generator_loss_one_way": generator_loss_one_way,
    "generator_loss_oscillates": generator_loss_oscillates,
    "verdict": verdict,
    "rarer": rarer,
    "better": better,
    "worse": worse,
}
"""Each measure counts the runs in which a claim holds: (runs, runs to compare with, options of the claim) -> Tally."""
