"""Many runs in one picture: which settings fail, how quality depends on the learning rate and on the loss."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter, NullLocator

from ganlab.plots.figures import INK, LEFT, MUTED, NOTHING, RIGHT, STYLE, Values, short
from ganlab.plots.lettering import width_of, wrapped
from ganlab.plots.verdicts import WIDTH_IN, headed
from ganlab.text import drawable
from ganlab.verdicts import accuses, failure_of, hue, rank, short_words, words

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7B4FA3", "#2B2B2B")
"""Colours of runs or configurations that are drawn over each other, at most eight."""

CELL_IN = 0.74
"""Inches: height of a cell of the failure map."""
EM_IN = 0.6 / 72
"""Inches a point of font size: mean width of a character."""
LABEL_EM_IN = 8.5 * EM_IN
"""The same for a label next to or below the map."""
HATCH: dict[str, Any] = {"facecolor": "#FAFAFA", "edgecolor": "#BBBBBB", "hatch": "////", "linewidth": 0}

NAME_SIZE = 7.5
"""Points: a verdict's name in its cell."""

JOINED = 12
"""Learning rates up to which they are a grid, and medians over seeds are joined; more were drawn at random."""
CURVES_IN = 3.5
"""Inches: height of the sensitivity curves."""

PANELS_IN_A_ROW = 3
"""Panels side by side in small multiples."""


# Failure map


@dataclass(frozen=True)
class Axis:
    """What was varied along one side of a map: its name, and the values as printed."""

    name: str
    labels: Sequence[str]


@dataclass(frozen=True)
class Cell:
    """What came of the runs with the same settings.

    Attributes:
        verdicts: of the runs that were judged, `failure` or `failure/variant` each.
        planned: how many runs there are to be.
    """

    verdicts: Sequence[str] = ()
    planned: int = 0

    def most_frequent(self) -> tuple[str, int]:
        """Return the failure that most runs have, with its variant where all of these share it, and their number.

        Of two that are as frequent one that accuses is taken before one that does not: a map of failures must not hide
        one that half the runs have.
        """
        failures = [failure_of(name) for name in self.verdicts]
        count = Counter(failures)
        failure = max(count, key=lambda each: (count[each], accuses(each), each))
        names = {name for name, of in zip(self.verdicts, failures, strict=True) if of == failure}
        return (names.pop() if len(names) == 1 else failure), count[failure]


@matplotlib.rc_context(STYLE)
def failure_map(title: str, summary: str, rows: Axis, columns: Axis, cells: Sequence[Sequence[Cell]]) -> Figure:
    """Draw the most frequent verdict of each pair of settings: its colour, its name where it fits, and `k/n`.

    k of n judged runs have that failure, whatever its variant. A cell without a judged run is hatched; a corner says
    how many runs are missing of those planned.

    Args:
        title, summary: above the map.
        rows, columns: the two axes; one with a single empty label if there is only one.
        cells: by row and column.
    """
    row_lines = [textwrap.wrap(drawable(label), 26, max_lines=3, placeholder=" ...") for label in rows.labels]
    left = 0.45 + LABEL_EM_IN * max((len(line) for lines in row_lines for line in lines), default=0)
    texts, tilt = _column_labels(columns.labels, (WIDTH_IN - left - 0.25) / len(columns.labels))
    if tilt:
        # A tilted label begins left of its cell; no label may begin outside the figure.
        left = max(left, *(0.87 * LABEL_EM_IN * len(text) - 0.2 * place for place, text in enumerate(texts)))
    width = (WIDTH_IN - left - 0.25) / len(columns.labels)
    shown = sorted({cell.most_frequent()[0] for line in cells for cell in line if cell.verdicts}, key=rank)
    map_height = CELL_IN * len(rows.labels)
    key = _key_columns(shown)
    foot = _label_depth(texts, tilt) + 0.48 + 0.22 * -(-(len(shown) + 1) // key)

    figure = headed(title, summary, map_height + foot + 0.05)
    height = figure.get_figheight()
    place = (left / WIDTH_IN, foot / height, 1 - (left + 0.25) / WIDTH_IN, map_height / height)
    axes = figure.add_axes(place, xlim=(0, len(columns.labels)), ylim=(len(rows.labels), 0))
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            _draw_cell(axes, column, row, cell, width)
    alignment: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if tilt else {}
    axes.set_xticks(np.arange(len(columns.labels)) + 0.5, texts, size=8.5, color=INK, **alignment)
    axes.set_yticks(np.arange(len(rows.labels)) + 0.5, ["\n".join(lines) for lines in row_lines], size=8.5, color=INK)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_parse_math(False)
    names: dict[str, Any] = {"weight": "bold", "parse_math": False}
    axes.set_xlabel(textwrap.shorten(drawable(columns.name), 90, placeholder=" ..."), **names)
    above = (foot + map_height + 0.09) / height
    figure.text(0.02, above, textwrap.shorten(drawable(rows.name), 90, placeholder=" ..."), **names)
    handles = [Patch(color=hue(name), label=drawable(words(name))) for name in shown]
    if any(not cell.verdicts for line in cells for cell in line):
        handles.append(Patch(label="not judged", **HATCH))
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.012, 0.0), ncols=key, fontsize=8.5)
    return figure


@matplotlib.rc_context(STYLE)
def failure_scatter(
    title: str, summary: str, x: str, y: str, points: Sequence[tuple[float, float, str]], log: tuple[bool, bool]
) -> Figure:
    """Draw each run with settings drawn at random as a dot in its verdict's colour.

    Args:
        title, summary: above the figure.
        x, y: names of the two settings.
        points: their values and the verdict, `failure` or `failure/variant`, of each run; one or more.
        log: whether the axis of x, and of y, is logarithmic.
    """
    shown = sorted({name for _, _, name in points}, key=rank)
    key = _key_columns(shown)
    foot = 0.5 + 0.2 * -(-len(shown) // key)
    figure = headed(title, summary, foot + CURVES_IN)
    height = figure.get_figheight()
    axes = figure.add_axes((LEFT, foot / height, RIGHT - LEFT, (CURVES_IN - 0.15) / height))
    left = Counter(point[:2] for point in points)
    for across, up, name in points:
        # Runs with the same settings are discs on each other, the first the largest, so that each shows.
        left[across, up] -= 1
        size = 7 + 4 * min(6, left[across, up])
        axes.plot(across, up, "o", markersize=size, color=hue(name), markeredgecolor="white", zorder=2)
    axes.margins(0.07)
    axes.set(xscale="log" if log[0] else "linear", yscale="log" if log[1] else "linear")
    for axis, is_log in zip((axes.xaxis, axes.yaxis), log, strict=True):
        axis.set_major_formatter(short)
        if is_log:
            axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(drawable(x), weight="bold", parse_math=False)
    axes.set_title(drawable(y), weight="bold", color=INK, parse_math=False)
    handles = [Patch(color=hue(name), label=drawable(words(name))) for name in shown]
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(LEFT - 0.01, 0.0), ncols=key, fontsize=8.5)
    return figure


def _key_columns(names: Sequence[str]) -> int:
    """Columns of the key to so many verdicts: three if their widest names fit side by side, else two."""
    columns = np.array_split([len(words(name)) for name in [*names, ""]], 3)
    widest = sum(LABEL_EM_IN * max(column, default=0) + 0.6 for column in columns)
    return 3 if widest < WIDTH_IN - 0.1 else 2


def _column_labels(labels: Sequence[str], width: float) -> tuple[list[str], bool]:
    """Wrap labels to cells of so many inches; where one does not fit so, cut all to one line and tilt them."""
    room = int(width / (LABEL_EM_IN))
    wrapped = [textwrap.wrap(drawable(label), max(1, room), break_long_words=False) for label in labels]
    if all(len(lines) <= 3 and all(len(line) <= room for line in lines) for lines in wrapped):
        return ["\n".join(lines) for lines in wrapped], False
    return [label if len(label) <= 30 else f"{label[:28]}..." for label in map(drawable, labels)], True


def _label_depth(texts: Sequence[str], tilt: bool) -> float:
    """Inches that labels take below the map."""
    if tilt:
        return 0.15 + 0.46 * LABEL_EM_IN * max(map(len, texts))
    return 0.15 * max(text.count("\n") + 1 for text in texts)


def _draw_cell(axes: Axes, column: int, row: int, cell: Cell, width: float) -> None:
    """Fill a cell; write the rate, the name below it where it fits, and in a corner what is missing."""
    if not cell.verdicts:
        axes.add_patch(Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, **HATCH))
        return
    name, count = cell.most_frequent()
    colour = hue(name)
    axes.add_patch(Rectangle((column + 0.02, row + 0.03), 0.96, 0.94, color=colour, linewidth=0))
    ink = "white" if _is_dark(colour) else INK
    centred: dict[str, Any] = {"ha": "center", "va": "center", "color": ink}
    lines = _name_in_cell(name, width)
    rate = f"{count}/{len(cell.verdicts)}"
    size = min(12.0, 0.85 * width / (len(rate) * EM_IN))
    if size >= 6:
        axes.text(column + 0.5, row + (0.34 if lines else 0.5), rate, size=size, weight="bold", **centred)
    axes.text(column + 0.5, row + 0.72, "\n".join(lines), size=NAME_SIZE, linespacing=1.0, **centred)
    missing = cell.planned - len(cell.verdicts)
    if missing > 0 and width > 1.1:
        axes.text(column + 0.96, row + 0.13, f"{missing} missing", ha="right", va="center", size=7, color=ink)


def _name_in_cell(name: str, width: float) -> list[str]:
    """Break the variant's name, else the failure's, into at most three lines of a cell; none where it does not fit."""
    room = int(0.94 * width / (NAME_SIZE * EM_IN))
    lines = textwrap.wrap(drawable(short_words(name)), max(1, room), break_long_words=False)
    return lines if len(lines) <= 3 and all(len(line) <= room for line in lines) else []


def _is_dark(colour: str) -> bool:
    """Whether white text stands out from a colour better than dark text (relative luminance, WCAG 2)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.3


# Curves over many runs


@matplotlib.rc_context(STYLE)
def sensitivity(
    title: str, summary: str, rate: str, quality: str, lines: Mapping[str, Sequence[tuple[float, float]]]
) -> Figure:
    """Draw quality against learning rate on log axes, a line a configuration: median and range over seeds, a dot a run.

    A run without a finite quality stands as a cross at the top edge; it counts as the worst for the median, so a line
    breaks off where half the runs have none.

    Args:
        title, summary: above the figure.
        rate, quality: what the axes show; lower quality values are better.
        lines: for each configuration (learning rate, quality) of each run, both above 0, quality NaN or infinite for
            a run that diverged. At most eight have a colour of their own.
    """
    columns = 4 if all(len(label) <= 24 for label in lines) else 2
    foot = 0.5 + 0.2 * -(-len(lines) // columns)
    figure = headed(title, summary, foot + CURVES_IN)
    height = figure.get_figheight()
    axes = figure.add_axes((LEFT, foot / height, RIGHT - LEFT, CURVES_IN / height))
    rates = sorted({x for runs in lines.values() for x, _ in runs})
    found = [y for runs in lines.values() for _, y in runs if np.isfinite(y) and y > 0]
    if not rates:
        axes.text(0.5, 0.5, NOTHING, transform=axes.transAxes, ha="center", va="center", color=MUTED, size=11)
        axes.set_axis_off()
        return figure
    low, high = (min(found), max(found)) if found else (0.5, 2.0)
    broken = [label for label, runs in lines.items() if not all(np.isfinite(y) for _, y in runs)]
    # Above the curves each line has a row of its own for its crosses.
    share = (0.05 + 0.17 * len(broken)) / CURVES_IN
    bottom, top = np.log(low / 1.2), np.log(1.2 * high)
    axes.set(xscale="log", yscale="log", ylim=np.exp((bottom, bottom + (top - bottom) / (1 - share))))
    for number, (label, runs) in enumerate(lines.items()):
        row = broken.index(label) if label in broken else 0
        colour = LINES[number % len(LINES)]
        name = textwrap.shorten(drawable(label), 52, placeholder=" ...") or "runs"
        axes.plot([], [], color=colour, linewidth=1.8, marker="o", markersize=4, label=name)
        if len(rates) <= JOINED:
            _median_and_range(axes, runs, colour)
        _dots(axes, runs, colour, -9 - 12 * row)
    _log_axes(axes, rates)
    joined = "line: median; band: lowest to highest; " if len(rates) <= JOINED else ""
    axes.set_title(f"{quality}, lower is better; {joined}dot: a run; ×: without a finite value")
    axes.set_xlabel(drawable(rate), parse_math=False)
    handles = axes.get_legend_handles_labels()
    figure.legend(*handles, loc="lower left", bbox_to_anchor=(LEFT - 0.01, 0.0), ncols=columns, fontsize=8.5)
    return figure


def _median_and_range(axes: Axes, runs: Sequence[tuple[float, float]], colour: str) -> None:
    """Draw one configuration's band and median over its learning rates."""
    rates = np.array(sorted({x for x, _ in runs}))
    at = [np.array([y if np.isfinite(y) else np.inf for x, y in runs if x == rate]) for rate in rates]
    middle = np.array([np.median(values) for values in at])
    lowest = np.array([values.min() for values in at])
    highest = np.array([max(values[np.isfinite(values)], default=np.nan) for values in at])
    axes.fill_between(rates, lowest, highest, where=np.isfinite(lowest), color=colour, alpha=0.15, linewidth=0)
    middle = np.where(np.isfinite(middle), middle, np.nan)
    axes.plot(rates, middle, color=colour, linewidth=1.8, marker="_", markersize=9)


def _dots(axes: Axes, runs: Sequence[tuple[float, float]], colour: str, lane: float) -> None:
    """Draw a dot a run, and so many points below the top edge a cross where runs have no finite value."""
    finite = [run for run in runs if np.isfinite(run[1])]
    axes.plot(*zip(*finite, strict=True), color=colour, linestyle="none", marker="o", markersize=4, alpha=0.75)
    lost = Counter(x for x, y in runs if not np.isfinite(y))
    for rate, count in lost.items():
        axes.annotate(
            "×" if count == 1 else f"×{count}",
            (rate, 1.0),
            xytext=(0, lane),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            va="center",
            color=colour,
            weight="bold",
            size=10,
        )


def _log_axes(axes: Axes, rates: Sequence[float]) -> None:
    """Name the learning rates that were run, if there are few, and plain numbers on both axes."""
    if len(rates) <= 9:
        axes.xaxis.set_major_locator(FixedLocator(rates))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(short)
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 3000 * low else (1.0,), numticks=12))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(short)
    margin = (rates[-1] / rates[0]) ** 0.06 if len(rates) > 1 else 2.0
    axes.set_xlim(rates[0] / margin, rates[-1] * margin)


@dataclass(frozen=True)
class QualityCourse:
    """A run's way through quality and cost: name, verdict, and at rising steps, (n,), FID and G loss, (n,) each."""

    name: str
    verdict: str
    steps: Values
    fid: Values
    g_loss: Values


@matplotlib.rc_context(STYLE)
def loss_against_quality(title: str, summary: str, runs: Sequence[QualityCourse]) -> Figure:
    """Draw G's loss against FID, snapshot by snapshot, a panel a run: better images to the right, higher cost above.

    Args:
        title, summary: above the figure.
        runs: one or more, each with one or more snapshots; values that are not finite are left out.
    """
    columns = min(PANELS_IN_A_ROW, len(runs))
    lines = -(-len(runs) // columns)
    panel, gutter, left, right = 1.95, 0.85, 0.62, 0.72
    foot = 0.55
    figure = headed(title, summary, foot + lines * panel + (lines - 1) * gutter + 0.25)
    height = figure.get_figheight()
    width = (WIDTH_IN - left - right - 0.55 * (columns - 1)) / columns
    for number, run in enumerate(runs):
        row, column = divmod(number, columns)
        bottom = foot + (lines - 1 - row) * (panel + gutter)
        place = ((left + column * (width + 0.55)) / WIDTH_IN, bottom / height, width / WIDTH_IN, panel / height)
        _course(figure.add_axes(place), run, width)
    figure.text(0.012, (foot + (lines * panel + (lines - 1) * gutter) / 2) / height, "G loss", rotation=90, va="center")
    figure.text((left + WIDTH_IN - right) / 2 / WIDTH_IN, 0.1 / height, "FID (log): better to the right", ha="center")
    bar = figure.add_axes((1 - (right - 0.18) / WIDTH_IN, foot / height, 0.012, panel / height))
    colours = figure.colorbar(ScalarMappable(Normalize(0, 1), "viridis"), cax=bar, ticks=[0, 1])
    colours.ax.set_yticklabels(["start", "end"])
    colours.outline.set_visible(False)
    bar.set_title("step", size=8)
    return figure


def _course(axes: Axes, run: QualityCourse, width: float) -> None:
    """Draw one run's way in a panel of so many inches: each snapshot in the colour of its step, the last one ringed."""
    shown = np.isfinite(run.fid) & np.isfinite(run.g_loss) & (run.fid > 0)
    steps, fid, g_loss = run.steps[shown], run.fid[shown], run.g_loss[shown]
    # A title may reach into the gap on the right, and must not run into the next panel or the bar.
    room = width + 0.2
    verdict = words(run.verdict) if width_of(words(run.verdict), 8) <= room else short_words(run.verdict)
    heading = [*wrapped(run.name, room, 8, 2), *wrapped(verdict, room, 8, 1)]
    axes.set_title("\n".join(heading), size=8, parse_math=False)
    if not len(steps):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center", va="center", color=MUTED)
        axes.set(xticks=[], yticks=[])
        return
    axes.plot(fid, g_loss, color="#BBBBBB", linewidth=1, zorder=1.5)
    axes.scatter(fid, g_loss, c=steps / steps[-1], cmap="viridis", vmin=0, vmax=1, s=26, zorder=2)
    axes.plot(fid[-1:], g_loss[-1:], marker="o", markersize=9, markerfacecolor="none", color=INK, zorder=2.5)
    axes.set_xscale("log")
    axes.set_xlim(1.25 * fid.max(), fid.min() / 1.25)
    axes.xaxis.set_major_locator(FixedLocator(_round_numbers(fid.min(), fid.max())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.3g}")
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(length=3)


def _round_numbers(low: float, high: float) -> list[float]:
    """Return two to four numbers 1, 2 or 5 times a power of ten over a range; with fewer inside, its ends.

    Ends that are nearly one would be written over each other: then it is the lower one alone.
    """
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    inside = [x for p in powers for x in (p, 2 * p, 5 * p) if low / 1.25 <= x <= 1.25 * high]
    if len(inside) < 2:
        return [low] if high < 1.2 * low else [low, high]
    return inside[:: -(-len(inside) // 4)]
