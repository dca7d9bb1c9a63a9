"""A run's curves, from NumPy arrays to PNG and SVG.

Drawn with Matplotlib's Figure and the Agg canvas, never through pyplot, whose list of open figures leaks in a loop.
A NaN is never hidden: its curve has a gap, and a dashed line names the first step that is not finite.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from ganlab.plots.grids import Pixels, save_png
from ganlab.plots.lettering import width_of, wrapped
from ganlab.runs.files import atomic_write

Values = NDArray[np.float64]
History = Mapping[str, NDArray[Any]]

# Okabe & Ito 2008: distinct to every kind of colour vision. The same colour for the same player in every figure.
D_REAL = "#0072B2"
D_FAKE = "#D55E00"
GENERATOR = "#009E73"
OUTPUT = "#CC79A7"
INK = "#2B2B2B"
MUTED = "#707070"
ALARM = "#A50026"

TITLE_SIZE = 8.5

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.usetex": False,
    "text.color": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": TITLE_SIZE,
    "axes.titlecolor": MUTED,
    "axes.titlepad": 5,
    "axes.titley": 1.0,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#A8A8A8",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    # Text stays text, and equal figures give equal files.
    "svg.fonttype": "none",
    "svg.hashsalt": "ganlab",
}
SIZE = (8.2, 4.6)
DPI = 110
LEFT, RIGHT, BOTTOM, TOP, GUTTER = 0.075, 0.978, 0.105, 0.865, 0.125

BINS = 450
"""Places along a curve: about one every two pixels."""
BAND = (0.1, 0.9)
"""Quantiles of each running window that a band lies between."""
LATE = (0.01, 0.99)
"""Quantiles of a long curve's later half that are always in view."""
COURSE = (0.1, 0.9)
"""Quantiles of a running mean over the whole run that are always in view."""
NEAR = 0.25
"""Values beyond the view are shown too, if they are nearer to it than this share of its height."""
FAR = 1e300
"""No value is drawn further out."""
HIDDEN = 0.5
"""A curve is dashed if it hides an earlier one at this share of its steps."""
TOUCHING = 1.8
"""Pixels between two curves under which one hides the other."""
DASHES = ((0, (3.2, 2.4)), (0, (1.6, 4.0)))
"""Of a curve that hides one other, and of one that hides several: equally long, so that each shows through the gaps of
those above it."""
GROUND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "pad": 1.5}
NOTHING = "nothing recorded yet"


def short(value: float, _: object = None) -> str:
    """Return the number at a tick as a narrow margin holds it: -1000, 2.5e4, 1e-5.

    Matplotlib's own 10^-3 is parsed as mathematics, which takes longer than all the rest.
    """
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        return f"{value:g}"
    digits, exponent = f"{value:.5e}".split("e")
    return f"{float(digits):g}e{int(exponent)}"


@dataclass(frozen=True)
class Curve:
    """Values (rows,) at rising steps (rows,), with a name in the legend and a colour.

    Finite values beyond +-FAR are taken as that: matplotlib makes no axis whose length is not finite.
    """

    label: str
    steps: Values
    values: Values
    colour: str

    def __post_init__(self) -> None:
        """Bound the values."""
        bounded = np.where(np.isfinite(self.values), np.clip(self.values, -FAR, FAR), self.values)
        object.__setattr__(self, "values", bounded)


@matplotlib.rc_context(STYLE)
def losses(history: History, chance: float | None = None) -> Figure:
    """Draw the losses a step: `step` and any of `d_loss`, `d_loss_real`, `d_loss_fake`, `g_loss`, each (rows,).

    The discriminator's loss is drawn as its halves, and whole, without `chance`, if it has none.

    The view is that of `limit`, which leaves out spikes and says how far they reach.

    Args:
        history: the columns; none, or empty ones, give a figure that says so.
        chance: a discriminator's loss at chance (ln 2 for the cross-entropy losses), drawn as a dotted line.
    """
    figure, (axes,) = _canvas("Losses", ["loss"])
    halves = _columns(history, ("d_loss_real", "D real", D_REAL), ("d_loss_fake", "D fake", D_FAKE))
    if all(np.isnan(curve.values).all() for curve in halves):
        halves, chance = _columns(history, ("d_loss", "D", D_REAL)), None
    curves = [*halves, *_columns(history, ("g_loss", "G", GENERATOR))]
    if drawn(axes, curves):
        if chance is not None:
            level(axes, chance, f"chance, {chance:.2f}")
        limit(axes, curves, () if chance is None else (chance,))
        legend(axes)
    return figure


@matplotlib.rc_context(STYLE)
def accuracies(history: History) -> Figure:
    """Draw the discriminator's accuracies in percent, as running means with a band of the middle 80 %.

    Takes `step`, `d_acc_real` and `d_acc_fake`, shares from 0 to 1, each (rows,).
    Columns without one number in them (a loss without a decision point) give a figure that says so.
    """
    figure, (axes,) = _canvas("Discriminator accuracy", ["correct, %"])
    curves = _columns(history, ("d_acc_real", "real", D_REAL), ("d_acc_fake", "fake", D_FAKE))
    recorded = [replace(curve, values=100 * curve.values) for curve in curves if not np.isnan(curve.values).all()]
    if drawn(axes, recorded, "no decision point for this loss" if curves else NOTHING, bands=True):
        level(axes, 50, "chance, 50 %")
        axes.set_ylim(-3, 103)
        legend(axes)
    return figure


@matplotlib.rc_context(STYLE)
def gradients(history: History) -> Figure:
    """Draw gradient norms on a log axis: `step` and any of `grad_d`, `grad_g`, `grad_g_output`, each (rows,), >= 0.

    A norm of exactly 0 stands at the lower edge, and the figure says how many there are.
    """
    figure, (axes,) = _canvas("Gradient norms", ["norm"])
    curves = _columns(
        history,
        ("grad_d", "D's weights", D_REAL),
        ("grad_g", "G's weights", GENERATOR),
        ("grad_g_output", "G's output", OUTPUT),
    )
    if drawn(axes, logarithmic(axes, curves)):
        legend(axes)
    return figure


@matplotlib.rc_context(STYLE)
def diversity(snapshots: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw, by snapshot, how far samples lie from each other compared with reals, and how far from the reals.

    Distances between pixels or coordinates, not the variety that verdicts speak of, which counts kinds of samples.

    Upper panel: `diversity` over `diversity_real`. Lower panel, log axis: `energy_distance`, and as its floor
    `energy_distance_real`, reals against other reals. Values at or below 0, which unbiased estimates take, stand at the
    lower edge.

    Args:
        snapshots: rows with `step` and any of these keys; None stands for NaN.
    """
    figure, (upper, lower) = _canvas(
        "Distances between samples, and to real samples",
        ["mean distance between samples, over that of reals", "energy distance"],
    )
    spread, real = _row_values(snapshots, "diversity"), _row_values(snapshots, "diversity_real")
    common = [step for step in spread if step in real]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.array([spread[step] for step in common]) / np.array([real[step] for step in common])
    ratio = Curve("generated", np.array(common), ratios, GENERATOR)
    if drawn(upper, [ratio] if common else []):
        level(upper, 1, "real")
        limit(upper, [ratio], (0, 1))
        legend(upper)
    distances = [
        Curve(label, np.array(list(rows)), np.array(list(rows.values())), colour)
        for key, label, colour in (
            ("energy_distance", "generated to real", GENERATOR),
            ("energy_distance_real", "real to real", MUTED),
        )
        if (rows := _row_values(snapshots, key))
    ]
    if drawn(lower, logarithmic(lower, distances)):
        legend(lower)
    return figure


@matplotlib.rc_context(STYLE)
def save_figure(figure: Figure, path: Path, formats: Sequence[Literal["png", "svg"]] = ("png", "svg")) -> None:
    """Write a figure as `path`.png (902 x 506 pixels) and `path`.svg, each atomically; equal figures give equal files.

    Raises:
        Interrupted: the disk is full.
    """
    if "png" in formats:
        save_png(rasterized(figure), path.with_name(f"{path.name}.png"))
    if "svg" in formats:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        atomic_write(path.with_name(f"{path.name}.svg"), buffer.getvalue())


def rasterized(figure: Figure) -> Pixels:
    """Return a figure as pixels, uint8 (H, W, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]


def _canvas(title: str, labels: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """Make a figure with one panel a label, above each other; its margins are fixed, as layout engines take 50 ms."""
    figure = Figure(figsize=SIZE, dpi=DPI)
    figure.text(LEFT, 0.94, title, size=12, weight="bold")
    height = (TOP - BOTTOM - GUTTER * (len(labels) - 1)) / len(labels)
    panels = []
    for row, label in enumerate(labels):
        axes = figure.add_axes((LEFT, TOP - height - row * (height + GUTTER), RIGHT - LEFT, height))
        axes.set_title(label)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, min_n_ticks=1))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(length=3)
        panels.append(axes)
    axes.set_xlabel("step")
    return figure, panels


def _columns(history: History, *columns: tuple[str, str, str]) -> list[Curve]:
    """Return a curve for each (key, label, colour) that the history has rows of."""
    return [
        Curve(label, np.asarray(history["step"], float), np.asarray(history[key], float), colour)
        for key, label, colour in columns
        if key in history and len(history[key])
    ]


def _row_values(snapshots: Sequence[Mapping[str, Any]], key: str) -> dict[float, float]:
    """Return step -> value for the rows that have the key."""
    return {float(row["step"]): np.nan if row[key] is None else float(row[key]) for row in snapshots if key in row}


def drawn(axes: Axes, curves: Sequence[Curve], otherwise: str = NOTHING, bands: bool = False) -> bool:
    """Draw the curves and mark where they are not finite; without curves, say why there are none and return False.

    Behind the running mean of a long curve are its values, or with `bands` the middle 80 % of each window: shares of a
    batch jump between a few values, and would be a grey wall.
    """
    if not curves:
        axes.text(0.5, 0.5, otherwise, transform=axes.transAxes, ha="center", va="center", color=MUTED, size=11)
        axes.set_axis_off()
        return False
    half_window = min(max(len(curve.steps) for curve in curves) // 100, 1000)
    for curve in curves:
        # A curve of few points next to one of every step would be averaged to a flat line.
        _draw(axes, curve, min(half_window, len(curve.steps) // 100), bands)
    if half_window:
        how = "trimmed mean, 10 to 90 %" if bands else "thick: trimmed mean"
        axes.set_title(f"{axes.get_title('left')}; {how} of {2 * half_window + 1} values")
    first, last = min(curve.steps[0] for curve in curves), max(curve.steps[-1] for curve in curves)
    margin = max(0.012 * (last - first), 0.5)
    axes.set_xlim(first - margin, last + margin)
    _mark_non_finite(axes, curves)
    return True


def _draw(axes: Axes, curve: Curve, half_window: int, bands: bool) -> None:
    """Draw each row, or a band, and over it the running mean, if there are enough rows for one."""
    values = np.where(np.isfinite(curve.values), curve.values, np.nan)
    thick: dict[str, Any] = {"color": curve.colour, "linewidth": 1.7, "label": curve.label, "zorder": 2.5}
    if half_window == 0:
        axes.plot(curve.steps, values, marker="o", markersize=3, **thick)
        return
    steps = curve.steps[:: _stride(values)]
    if bands:
        low, high = np.quantile(_windows(values, half_window), BAND, axis=1)
        axes.fill_between(steps, low, high, color=curve.colour, alpha=0.16, linewidth=0, zorder=1.5)
    else:
        axes.plot(*_envelope(curve.steps, values), color=curve.colour, linewidth=0.6, alpha=0.3)
    geometric = axes.get_yscale() == "log"
    mean = _running_mean(np.log(values) if geometric else values, half_window)
    axes.plot(steps, np.exp(mean) if geometric else mean, **thick)


def _envelope(steps: Values, values: Values) -> tuple[Values, Values]:
    """Thin a long curve out to the least and the greatest value of each of 450 bins, so that every spike survives."""
    if len(steps) <= 2 * BINS:
        return steps, values
    starts = np.linspace(0, len(steps), BINS, endpoint=False).astype(int)
    extremes = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    return np.repeat(steps[starts], 2), np.column_stack(extremes).ravel()


def course(steps: Values, values: Values, half_window: int) -> tuple[Values, Values]:
    """Return the trimmed running mean of values (n,) at steps (n,), over 2 half_window + 1 of them, at most 900 places.

    Args:
        steps: rising.
        values: NaN spreads over its window.
        half_window: at least 1, below n.
    """
    return steps[:: _stride(values)], _running_mean(values, half_window)


def _running_mean(values: Values, half_window: int) -> Values:
    """Return the mean of each of `_windows` without its lowest and highest tenth; NaN spreads.

    Without trimming, each spike would become a box as wide as the window.
    """
    ordered = np.sort(_windows(values, half_window), axis=1)
    trim = ordered.shape[1] // 10
    # NaN sorts last.
    return np.where(np.isnan(ordered[:, -1]), np.nan, ordered[:, trim : ordered.shape[1] - trim].mean(axis=1))


def _windows(values: Values, half_window: int) -> Values:
    """Return the 2 half_window + 1 rows around every (rows // 450)-th row, mirrored at both ends: (places, width)."""
    mirrored = np.pad(values, half_window, mode="reflect")
    return np.lib.stride_tricks.sliding_window_view(mirrored, 2 * half_window + 1)[:: _stride(values)]


def _stride(values: Values) -> int:
    """Return from how many rows on the next place of a curve is drawn."""
    return max(1, len(values) // BINS)


def _mark_non_finite(axes: Axes, curves: Sequence[Curve]) -> None:
    """Draw a dashed line at the first step where a curve is NaN or infinite."""
    steps = np.unique(np.concatenate([curve.steps[~np.isfinite(curve.values)] for curve in curves]))
    if len(steps):
        axes.axvline(steps[0], color=ALARM, linewidth=1.2, linestyle="--")
        # On the right, if the run ends there and leaves room; if need be outside the panel.
        axes.annotate(
            f"non-finite at step {steps[0]:,.0f}",
            (steps[0], 0.5),
            xytext=(4, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            va="center",
            rotation=90,
            color=ALARM,
            bbox=GROUND,
            annotation_clip=False,
        )


def limit(axes: Axes, curves: Sequence[Curve], levels: Sequence[float]) -> None:
    """Fit the y axis of curves that are drawn to the levels and to the later half, and name what lies outside.

    In view are the middle 98 % of each long curve's later half, the middle 80 % of its running mean (all of it, as long
    as that makes the view at most twice as high at either end), and what lies just outside. So neither spikes nor the
    first steps squash the rest. A curve of too few points for a running mean is in view but for outliers, as in a box
    plot: those beyond its middle 90 % by more than 1.5 times that range. If more than spikes is out of all proportion
    (a run that diverges), the axis becomes logarithmic.
    """
    finite = [(curve, np.isfinite(curve.values)) for curve in curves]
    seen = [replace(curve, steps=curve.steps[at], values=curve.values[at]) for curve, at in finite if at.any()]
    bounds = [*levels, *(bound for curve in seen for bound in _usual(curve))]
    if not bounds:
        return
    typical = max([*map(abs, levels), *(float(np.median(np.abs(curve.values))) for curve in seen)])
    if typical > 0 and max(map(abs, bounds)) > 50 * typical:
        _widen(axes, seen, threshold=10.0 ** np.ceil(np.log10(max(typical, 1 / FAR))))
        return
    labels = {curve.label for curve in seen}
    means = [np.asarray(line.get_ydata()) for line in axes.lines if line.get_label() in labels]
    bottom, top = _with_means([mean[np.isfinite(mean)] for mean in means], min(bounds), max(bounds))
    near = NEAR * (top - bottom)
    values = np.concatenate([[bottom, top], *(curve.values for curve in seen)])
    values = values[(values >= bottom - near) & (values <= top + near)]
    bottom, top = float(values.min()), float(values.max())
    margin = 0.04 * (top - bottom) or max(0.5, 0.1 * abs(top))
    least = bottom
    bottom, top = bottom - margin, top + margin
    if least >= 0:  # nothing below 0 is suggested of what has none
        bottom = max(bottom, -0.04 * top)
    axes.set_ylim(bottom, top)
    if not 1e-3 <= max(-bottom, top) < 1e4:
        # Otherwise a power of ten is written above the axis, over its title.
        axes.yaxis.set_major_formatter(short)
    highest = max(((c.values.max(), c.steps[c.values.argmax()], c.colour) for c in seen), default=None)
    lowest = min(((c.values.min(), c.steps[c.values.argmin()], c.colour) for c in seen), default=None)
    if highest and highest[0] > top:
        _say(axes, highest[1], "top", f"▲ max {highest[0]:,.4g}", highest[2])
    if lowest and lowest[0] < bottom:
        _say(axes, lowest[1], "bottom", f"▼ min {lowest[0]:,.4g}", lowest[2])


def _with_means(means: Sequence[Values], bottom: float, top: float) -> tuple[float, float]:
    """Return a view that holds the middle 80 % of the running means, and at each end all if that at most doubles it."""
    means = [mean for mean in means if len(mean)]
    parts = [np.quantile(mean, COURSE) for mean in means]
    bottom, top = min([bottom, *(low for low, _ in parts)]), max([top, *(high for _, high in parts)])
    lowest, highest = min([bottom, *(mean.min() for mean in means)]), max([top, *(mean.max() for mean in means)])
    height = top - bottom
    return (lowest if lowest >= bottom - height else bottom), (highest if highest <= top + height else top)


def _usual(curve: Curve) -> tuple[float, float]:
    """Return the least and the greatest of a curve's finite values that must be in view."""
    values = curve.values
    if len(values) >= 100:
        low, high = np.quantile(values[len(values) // 2 :], LATE)
        return float(low), float(high)
    low, high = np.quantile(values, [0.05, 0.95])
    reach = 1.5 * (high - low)
    return max(float(values.min()), low - reach), min(float(values.max()), high + reach)


def _widen(axes: Axes, curves: Sequence[Curve], threshold: float) -> None:
    """Make the y axis linear up to +-threshold and logarithmic beyond, as wide as all values."""
    axes.set_yscale("symlog", linthresh=threshold, linscale=3)
    axes.yaxis.set_major_formatter(short)
    axes.yaxis.set_minor_locator(NullLocator())
    lowest, highest = min(c.values.min() for c in curves), max(c.values.max() for c in curves)
    axes.set_ylim(min(2 * lowest, -0.1 * threshold), max(2 * highest, threshold))
    axes.set_yticks([0.0, *_decades(threshold, highest), *(-each for each in _decades(threshold, -lowest))])
    axes.set_title(f"{axes.get_title('left')}; log beyond {short(threshold)}")


def _decades(first: float, last: float) -> list[float]:
    """Return at most three of `first`, 10 `first`, 100 `first`, ... up to `last`, evenly apart; none if it is less."""
    count = max(0, math.floor(math.log10(last) - math.log10(first)) + 1) if last > 0 else 0
    return [10.0 ** (math.log10(first) + power) for power in range(0, count, math.ceil(count / 3))] if count else []


def logarithmic(axes: Axes, curves: Sequence[Curve]) -> list[Curve]:
    """Make the y axis logarithmic; values at or below 0 move to half the smallest positive one, and are counted."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(short)
    axes.yaxis.set_minor_locator(NullLocator())
    values = np.concatenate([curve.values for curve in curves]) if curves else np.ones(1)
    positive = values[np.isfinite(values) & (values > 0)]
    edge, top = (positive.min() / 2, positive.max() * 2) if len(positive) else (0.5, 2.0)
    axes.set_ylim(edge / 1.5, top)
    if top < 100 * edge:
        # Within two decades too few powers of ten are in view, or none.
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    count = int((values <= 0).sum())
    if count:
        text = f"{count:,} at or below 0, at the lower edge"
        axes.annotate(text, (1, 0), (0, -27), "axes fraction", "offset points", ha="right", color=MUTED, size=8.5)
    return [replace(curve, values=np.where(curve.values <= 0, edge, curve.values)) for curve in curves]


def level(axes: Axes, value: float, label: str) -> None:
    """Draw a dotted level that the curves are measured by."""
    axes.axhline(value, color=MUTED, linewidth=1.2, linestyle=":", label=label)


def _say(axes: Axes, step: float, end: Literal["top", "bottom"], text: str, colour: str) -> None:
    """Write next to a step, at one end of the panel, on the side with more room."""
    on_the_left = step > sum(axes.get_xlim()) / 2
    axes.annotate(
        text,
        (step, 1.0 if end == "top" else 0.0),
        xytext=(-5 if on_the_left else 5, -3 if end == "top" else 3),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="right" if on_the_left else "left",
        va=end,
        color=colour,
        bbox=GROUND,
    )


def legend(axes: Axes) -> None:
    """List the curves above the panel's right end, where they cover nothing; a search for free room takes seconds.

    Of curves that lie on each other all but the first are dashed; the axes must have their limits. Of a title that
    would run into the legend, parts after a semicolon are left out, and then words.
    """
    dash_hidden(axes)
    shown = axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        borderaxespad=0.2,
        borderpad=0.2,
        handlelength=1.9,
        columnspacing=1.6,
    )
    labels = [text.get_text() for text in shown.get_texts()]
    # A handle, the pads beside it and some room, in ems.
    taken = sum(width_of(label, 9) + 4.5 * 9 / 72 for label in labels)
    room = axes.bbox.width / DPI - taken
    parts = axes.get_title("left").split("; ")
    while len(parts) > 1 and width_of("; ".join(parts), TITLE_SIZE) > room:
        parts.pop()
    axes.set_title("".join(wrapped("; ".join(parts), room, TITLE_SIZE, 1)))


def dash_hidden(axes: Axes) -> None:
    """Dash each curve that hides an earlier one, and enlarge the dots of the earlier one, so that both are seen."""
    curves = [each for each in axes.lines if each.get_linestyle() == "-" and not str(each.get_label()).startswith("_")]
    for number, upper in enumerate(curves):
        hidden = [lower for lower in curves[:number] if _hides(axes, upper, lower)]
        if hidden:
            upper.set_linestyle(DASHES[min(len(hidden), len(DASHES)) - 1])
        for lower in hidden:
            lower.set_markersize(lower.get_markersize() + 1.5)


def _hides(axes: Axes, upper: Line2D, lower: Line2D) -> bool:
    """Return whether a curve lies on an earlier one at half of its steps or more."""
    (x, y), (lower_x, lower_y) = (_pixels(axes, line) for line in (upper, lower))
    if not len(x) or not len(lower_x):
        return False
    apart = np.abs(y - np.interp(x, lower_x, lower_y, left=np.inf, right=np.inf))
    return bool((apart < TOUCHING).mean() >= HIDDEN)


def _pixels(axes: Axes, line: Line2D) -> Values:
    """Return the finite points of a curve in pixels, (2, N)."""
    points = np.column_stack([line.get_xdata(), line.get_ydata()])
    points = points[np.isfinite(points).all(axis=1)]
    return np.asarray(np.asarray(axes.transData.transform(points), dtype=np.float64).T)
