"""Curves as a page draws them: SVG that stands without a script, and the numbers that a script shows.

A plot's area has a viewBox of its own, WIDTH x HEIGHT, stretched to whatever room there is; the labels of its axes
stand outside, so that no text is stretched with it. Zooming changes the viewBox.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis.evidence import BINS, Series
from ganlab.diagnosis.places import at, count, number
from ganlab.plots.figures import course

WIDTH, HEIGHT = 10_000, 1_000
"""Units of a plot's area."""

VIEW = (0.01, 0.99)
"""Quantiles of the values that are always in view."""

NEAR = 0.5
"""Values beyond these are in view too, if they are nearer to it than this share of its height."""

ROOM = 0.06
"""Room above and below the curves, as a share of the view's height."""

SMOOTHED = 150
"""Windows of a long curve over which its mean is drawn; its own values stand behind."""

FAR_DECADES = 300
FAR = 10.0**FAR_DECADES
"""No axis goes further, so that differences of its ends are finite numbers."""

DECADES = 3
"""Powers of ten that positive values span from which an axis is logarithmic."""

Colour = Literal[
    "generator", "output", "real", "fake", "muted", "alarm",
    "run1", "run2", "run3", "run4", "run5", "run6", "run7", "run8",
]  # fmt: skip
"""What a line's colour stands for; the style sheet has a colour for each, in light and in dark, and dashes for runs."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """Values (n,) at rising steps (n,), with what they are called and the colour's meaning; NaN is a gap."""

    name: str
    steps: Floats
    values: Floats
    colour: Colour


@dataclass(frozen=True, eq=False)
class Chart:
    """Lines over the same steps.

    Attributes:
        key: what the page calls it, unique on it.
        title: what is shown, with its unit.
        lines: one or more.
        steps: first and last step of the axis.
        unit: what a step is.
        log: whether the axis may be logarithmic.
        shares: whether the axis shows 0 to 1, whatever the values are.
        level: a value to compare with, and its name.
        window: first and last step that evidence was taken from.
        onset: first step of the failure.
        zooms: whether it can be enlarged.
        seeds: thinner lines behind those, of which they are the mean.
        band: steps, lowest and highest value, (n,) each, shaded.
    """

    key: str
    title: str
    lines: Sequence[Line]
    steps: tuple[float, float]
    unit: str = "step"
    log: bool = False
    shares: bool = False
    level: tuple[float, str] | None = None
    window: tuple[int, int] | None = None
    onset: int | None = None
    zooms: bool = False
    seeds: Sequence[Line] = ()
    band: tuple[Floats, Floats, Floats] | None = None


@dataclass(frozen=True)
class Tick:
    """A label of an axis, and where along it: percent from the left or from the top."""

    text: str
    percent: float


@dataclass(frozen=True)
class Path:
    """A line as it is drawn.

    Attributes:
        name: in the legend.
        look: its classes in the style sheet.
        d: the path; of many values their running mean.
        behind: the path of the values themselves, if `d` is their mean.
        dots: the path of values that stand alone, which a line cannot show.
        last: the last value.
    """

    name: str
    look: str
    d: str
    behind: str
    dots: str
    last: str


@dataclass(frozen=True)
class Drawn:
    """A chart as the template draws it; lengths in units of the plot's area."""

    chart: Chart
    paths: Sequence[Path]
    seeds: Sequence[tuple[str, str]]
    band: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    level: float | None
    window: tuple[float, float] | None
    onset: float | None
    breaks: Sequence[float]
    notes: Sequence[str]
    alt: str
    data: dict[str, Any]


def draw(chart: Chart) -> Drawn | None:
    """Return a chart as it is drawn; None if no line has a finite value."""
    lines = [line for line in chart.lines if np.isfinite(line.values).any()]
    if not lines:
        return None
    drawn = [*lines, *chart.seeds]
    finite = np.concatenate([line.values[np.isfinite(line.values)] for line in drawn]).clip(-FAR, FAR)
    levels = [] if chart.level is None else [chart.level[0]]
    logarithmic = chart.log and bool((finite > 0).all() and finite.max() >= 10**DECADES * finite.min())
    low, high = (0.0, 1.0) if chart.shares else _view(np.log10(finite.clip(1 / FAR)) if logarithmic else finite)
    for value in levels:
        place = math.log10(value) if logarithmic and value > 0 else value
        # A limit far off the curves would flatten them; it is named in the caption all the same.
        if low - 2 * (high - low) <= place <= high + 2 * (high - low):
            low, high = min(low, place), max(high, place)
    room = ROOM * (high - low)
    low, high = low - room, high + room
    if logarithmic:
        low, high = max(low, -FAR_DECADES), min(high, FAR_DECADES)
    first, last = chart.steps if chart.steps[0] < chart.steps[1] else (chart.steps[0], chart.steps[0] + 1)

    def x(step: float) -> float:
        return WIDTH * (step - first) / (last - first)

    def y(values: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            heights = (high - (np.log10(values) if logarithmic else values)) / (high - low)
        return HEIGHT * np.where(np.isfinite(values), heights.clip(-FAR, FAR), np.nan)

    thinned = [thin(line) for line in lines]
    paths = []
    for index, (whole, few) in enumerate(zip(lines, thinned, strict=True)):
        look = f"line {whole.colour} dash{index}"
        half = len(whole.steps) // SMOOTHED
        strokes, dots = _path(x, few.steps, y(few.values))
        # Of the heights, so that a logarithmic axis shows the geometric mean.
        mean = _path(x, *course(whole.steps, y(whole.values), half))[0] if half > 1 else ""
        newest = float(f"{few.values[-1]:.6g}")  # as the script has it
        paths.append(Path(whole.name, look, mean or strokes, mean and strokes, dots, shown(newest)))
    level = None if chart.level is None else float(y(np.array([chart.level[0]]))[0])
    seeds = [(line.name, "".join(_path(x, line.steps, y(line.values)))) for line in chart.seeds]
    # The first step that is not finite is marked: a gap alone would hide it.
    breaks = sorted({float(line.steps[~np.isfinite(line.values)][0]) for line in drawn if _breaks(line)})
    return Drawn(
        chart=chart,
        paths=paths,
        seeds=seeds,
        band="" if chart.band is None else _band(x, y, *chart.band),
        x_ticks=[Tick(number(step, chart.unit), x(step) / WIDTH * 100) for step in nice(first, last, 5, whole=True)],
        y_ticks=[Tick(text, 100 * (high - each) / (high - low)) for each, text in _y_labels(low, high, logarithmic)],
        level=level if level is not None and 0 <= level <= HEIGHT else None,
        window=None if chart.window is None else _stretch(x(chart.window[0]), x(chart.window[1])),
        onset=None if chart.onset is None else x(chart.onset),
        breaks=[x(step) for step in breaks],
        notes=list(_notes(chart, drawn, (low, high), logarithmic, breaks)),
        alt=alt(chart, lines),
        data={
            "x": [first, last],
            "y": [low, high],
            "log": logarithmic,
            "lines": [
                {"name": line.name, "s": line.steps.astype(int).tolist(), "v": [_rounded(v) for v in line.values]}
                for line in thinned
            ],
        },
    )


def thin(line: Line, bins: int = BINS) -> Line:
    """Return a line of at most 2 x `bins` values: of each stretch the least and the largest, in their order."""
    kept = Series(line.steps.astype(np.int64), line.values).thinned(bins)
    return Line(line.name, kept.steps.astype(float), kept.values, line.colour)


def _view(values: Floats) -> tuple[float, float]:
    """Return the least and largest value in view: nearly all, so that a spike squashes nothing."""
    low, high = (float(each) for each in np.quantile(values, VIEW))
    height = high - low
    near = values[(values >= low - NEAR * height) & (values <= high + NEAR * height)]
    low, high = float(near.min()), float(near.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        pad = 0.1 * abs(high) or 1.0
        low, high = low - pad, high + pad
    return low, high


def _path(x: Callable[[float], float], steps: Floats, heights: Floats) -> tuple[str, str]:
    """Return a path's commands in whole units, with a gap at each height that is not finite; and that of lone ones."""
    finite = np.isfinite(heights)
    strokes, dots = [], []
    for index in np.flatnonzero(finite):
        # Far outside the view all heights look alike, and browsers draw numbers beyond 2**24 badly.
        height = round(min(max(float(heights[index]), -99.0 * HEIGHT), 99.0 * HEIGHT))
        place = f"{round(x(float(steps[index])))} {height}"
        before, after = index > 0 and finite[index - 1], index + 1 < len(finite) and finite[index + 1]
        if before or after:
            strokes.append(f"{'L' if before else 'M'}{place}")
        else:
            dots.append(f"M{place}h0")
    return "".join(strokes), "".join(dots)


def _band(x: Callable[[float], float], y: Callable[[Floats], Floats], steps: Floats, low: Floats, high: Floats) -> str:
    """Return the outline of a band, a piece for each stretch of steps at which it has both ends."""
    parts: list[str] = []
    known = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    places = [round(x(step)) for step in steps]
    ends = [np.clip(np.nan_to_num(y(each)), -99 * HEIGHT, 99 * HEIGHT).round().astype(int) for each in (high, low)]
    for stretch in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        there = [f"{places[at]} {ends[0][at]}" for at in stretch]
        back = [f"{places[at]} {ends[1][at]}" for at in stretch[::-1]]
        if there:
            parts.append(f"M{'L'.join([*there, *back])}Z")
    return "".join(parts)


def _breaks(line: Line) -> bool:
    """Return whether a line that has begun stops being finite; empty cells before and between are only gaps."""
    return bool(np.isinf(line.values).any() or np.isnan(line.values[-1]))


def _stretch(left: float, right: float) -> tuple[float, float]:
    """Return where a window begins and how wide it is: wide enough to be seen."""
    least = WIDTH / 150
    return (left, right - left) if right - left >= least else ((left + right - least) / 2, least)


def _notes(
    chart: Chart, lines: Sequence[Line], view: tuple[float, float], logarithmic: bool, breaks: Sequence[float]
) -> list[str]:
    notes = []
    low, high = (10**each if logarithmic else each for each in view)
    beyond = sum(int(((v := line.values[np.isfinite(line.values)]) > high).sum() + (v < low).sum()) for line in lines)
    if beyond:
        furthest = max((float(v) for line in lines for v in line.values[np.isfinite(line.values)]), key=abs)
        notes.append(f"{beyond:,} {'value' if beyond == 1 else 'values'} beyond the view, up to {shown(furthest)}")
    if logarithmic:
        notes.append("logarithmic scale")
    if breaks:
        notes.append(f"not finite from {at(breaks[0], chart.unit)} on (dashed line)")
    return notes


def alt(chart: Chart, lines: Sequence[Line]) -> str:
    """Say what a chart shows: where each line begins and ends, and between what it stayed."""
    said = []
    for line in lines:
        values = line.values[np.isfinite(line.values)]
        said.append(
            f"{line.name}: {shown(values[0])} at first, {shown(values[-1])} at the end, "
            f"between {shown(values.min())} and {shown(values.max())}"
        )
    over = count(chart.steps[1], chart.unit)
    level = f"; compared with {shown(chart.level[0])} ({chart.level[1]})" if chart.level else ""
    return f"{chart.title} over {over}. {'; '.join(said)}{level}."


def shown(value: float, digits: int = 3) -> str:
    """Return a number as a page shows it: so many digits, whole thousands, NaN and infinity by name."""
    value = float(value) + 0.0  # no -0
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinity" if value > 0 else "-infinity"
    # Halves are rounded up, as by the script: .5625 is .563 with and without it.
    context = Context(prec=digits, rounding=ROUND_HALF_UP)
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{context.create_decimal_from_float(value):.{digits - 1}e}".split("e")
        return f"{float(mantissa):.{digits}g}e{int(exponent)}"
    if abs(value) < 1000:
        value = float(context.create_decimal_from_float(value))
    if abs(value) < 1000:
        return f"{value:.{digits}g}"
    places = max(0, digits - len(str(int(abs(value)))))
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,}"


def _y_labels(low: float, high: float, logarithmic: bool) -> list[tuple[float, str]]:
    """Return where the y axis is labelled, and how: with so many digits that no two labels are the same."""
    places = decades(low, high) if logarithmic else nice(low, high, 4)
    values = [10**each if logarithmic else each for each in places]
    digits = next((few for few in range(3, 12) if len({shown(each, few) for each in values}) == len(values)), 12)
    return [(place, shown(value, digits)) for place, value in zip(places, values, strict=True)]


def nice(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """Return at most `most` + 2 round numbers from `low` to `high`, evenly spaced by 1, 2 or 5 times a power of ten.

    They are two at least, unless they must be whole: one label alone gives an axis no scale.
    """
    raw = (high - low) / most
    if not math.isfinite(raw) or raw <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= raw * 0.999)
    step = max(step, 1.0) if whole else step
    start = math.ceil(low / step - 1e-9)
    found = [float(f"{index * step:.15g}") for index in range(start, math.floor(high / step + 1e-9) + 1)]
    return found if whole or len(found) > 1 or most > 20 else nice(low, high, most + 1)


def decades(low: float, high: float) -> list[float]:
    """Return whole exponents from `low` to `high`, every second or third of many."""
    every = max(1, math.ceil((high - low) / 5))
    return [float(each) for each in range(math.ceil(low), math.floor(high) + 1) if each % every == 0]


def _rounded(value: float) -> float | str | None:
    """Return a value as JSON holds it, six digits; infinity by name, NaN as null."""
    if math.isnan(value):
        return None
    return float(f"{value:.6g}") if math.isfinite(value) else shown(value)
