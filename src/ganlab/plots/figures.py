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
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from ganlab.plots.grids import Pixels, save_png
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

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.usetex": False,
    "text.color": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
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
GROUND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
# Matplotlib's own 10^-3 is parsed as mathematics, which takes longer than all the rest.
PLAIN = "{x:g}"
NOTHING = "nothing recorded yet"


@dataclass(frozen=True)
class Curve:
    """Values (rows,) at rising steps (rows,), with a name in the legend and a colour."""

    label: str
    steps: Values
    values: Values
    colour: str


@matplotlib.rc_context(STYLE)
def losses(history: History, chance: float | None = None) -> Figure:
    """Draw the losses a step: `step` and any of `d_loss`, `d_loss_real`, `d_loss_fake`, `g_loss`, each (rows,).

    The discriminator's loss is drawn as its halves, and whole, without `chance`, if it has none.

    The view leaves out spikes that would squash the rest, and says how far they reach.

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
    """Draw the discriminator's accuracies in percent.

    Takes `step`, `d_acc_real` and `d_acc_fake`, shares from 0 to 1, each (rows,).
    Columns without one number in them (a loss without a decision point) give a figure that says so.
    """
    figure, (axes,) = _canvas("Discriminator accuracy", ["correct, %"])
    curves = _columns(history, ("d_acc_real", "real", D_REAL), ("d_acc_fake", "fake", D_FAKE))
    recorded = [replace(curve, values=100 * curve.values) for curve in curves if not np.isnan(curve.values).all()]
    if drawn(axes, recorded, otherwise="no decision point for this loss" if curves else NOTHING):
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

    Upper panel: `diversity` over `diversity_real`. Lower panel, log axis: `energy_distance`, and as its floor
    `energy_distance_real`, reals against other reals. Values at or below 0, which unbiased estimates take, stand at the
    lower edge.

    Args:
        snapshots: rows with `step` and any of these keys; None stands for NaN.
    """
    figure, (upper, lower) = _canvas("Diversity, and distance to real samples", ["diversity / real", "energy distance"])
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


def drawn(axes: Axes, curves: Sequence[Curve], otherwise: str = NOTHING) -> bool:
    """Draw the curves and mark where they are not finite; without curves, say why there are none and return False."""
    if not curves:
        axes.text(0.5, 0.5, otherwise, transform=axes.transAxes, ha="center", va="center", color=MUTED, size=11)
        axes.set_axis_off()
        return False
    half_window = min(max(len(curve.steps) for curve in curves) // 100, 1000)
    for curve in curves:
        # A curve of few points next to one of every step would be averaged to a flat line.
        _draw(axes, curve, min(half_window, len(curve.steps) // 100))
    if half_window:
        axes.set_title(f"{axes.get_title('left')}; thick: trimmed mean of {2 * half_window + 1} values")
    first, last = min(curve.steps[0] for curve in curves), max(curve.steps[-1] for curve in curves)
    margin = max(0.012 * (last - first), 0.5)
    axes.set_xlim(first - margin, last + margin)
    _mark_non_finite(axes, curves)
    return True


def _draw(axes: Axes, curve: Curve, half_window: int) -> None:
    """Draw each row, and over them their running mean if there are enough."""
    values = np.where(np.isfinite(curve.values), curve.values, np.nan)
    thick: dict[str, Any] = {"color": curve.colour, "linewidth": 1.7, "label": curve.label, "zorder": 2.5}
    if half_window == 0:
        axes.plot(curve.steps, values, marker="o", markersize=3, **thick)
        return
    axes.plot(*_envelope(curve.steps, values), color=curve.colour, linewidth=0.6, alpha=0.3)
    geometric = axes.get_yscale() == "log"
    mean = _running_mean(np.log(values) if geometric else values, half_window)
    stride = max(1, len(values) // BINS)
    axes.plot(curve.steps[::stride], np.exp(mean) if geometric else mean, **thick)


def _envelope(steps: Values, values: Values) -> tuple[Values, Values]:
    """Thin a long curve out to the least and the greatest value of each of 450 bins, so that every spike survives."""
    if len(steps) <= 2 * BINS:
        return steps, values
    starts = np.linspace(0, len(steps), BINS, endpoint=False).astype(int)
    extremes = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    return np.repeat(steps[starts], 2), np.column_stack(extremes).ravel()


def _running_mean(values: Values, half_window: int) -> Values:
    """Return the running mean without the lowest and highest tenth, at every (rows // 450)-th row; NaN spreads.

    The window of 2 half_window + 1 rows is mirrored at both ends. Without trimming, each spike would become a box as
    wide as the window.
    """
    mirrored = np.pad(values, half_window, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, 2 * half_window + 1)
    ordered = np.sort(windows[:: max(1, len(values) // BINS)], axis=1)
    trim = windows.shape[1] // 10
    # NaN sorts last.
    return np.where(np.isnan(ordered[:, -1]), np.nan, ordered[:, trim : windows.shape[1] - trim].mean(axis=1))


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
    """Fit the y axis to the levels and to all but rare spikes, and say how far the spikes reach that are left out.

    A curve's spikes lie beyond its middle 90 % by more than 1.5 times that range, as a box plot's outliers do. Where
    more than spikes is out of all proportion (a run that diverges), the axis becomes logarithmic.
    """
    finite = [(curve, np.isfinite(curve.values)) for curve in curves]
    seen = [replace(curve, steps=curve.steps[at], values=curve.values[at]) for curve, at in finite if at.any()]
    bounds = list(levels)
    for curve in seen:
        low, high = np.quantile(curve.values, [0.05, 0.95])
        reach = 1.5 * (high - low)
        bounds += [max(curve.values.min(), low - reach), min(curve.values.max(), high + reach)]
    if not bounds:
        return
    typical = max([*map(abs, levels), *(float(np.median(np.abs(curve.values))) for curve in seen)])
    if typical > 0 and max(map(abs, bounds)) > 50 * typical:
        _widen(axes, seen, threshold=10.0 ** np.ceil(np.log10(typical)))
        return
    margin = 0.04 * (max(bounds) - min(bounds)) or max(0.5, 0.1 * abs(max(bounds)))
    bottom, top = min(bounds) - margin, max(bounds) + margin
    if min(bounds) >= 0:  # of what is never negative, no negative values are shown
        bottom = max(bottom, -0.04 * top)
    axes.set_ylim(bottom, top)
    highest = max(((c.values.max(), c.steps[c.values.argmax()], c.colour) for c in seen), default=None)
    lowest = min(((c.values.min(), c.steps[c.values.argmin()], c.colour) for c in seen), default=None)
    if highest and highest[0] > top:
        _say(axes, highest[1], 0.96, f"▲ max {highest[0]:,.4g}", highest[2])
    if lowest and lowest[0] < bottom:
        _say(axes, lowest[1], 0.04, f"▼ min {lowest[0]:,.4g}", lowest[2])


def _widen(axes: Axes, curves: Sequence[Curve], threshold: float) -> None:
    """Make the y axis linear up to +-threshold and logarithmic beyond, as wide as all values."""
    axes.set_yscale("symlog", linthresh=threshold, linscale=3)
    axes.yaxis.set_major_formatter(lambda value, _: _short(value))
    axes.yaxis.set_minor_locator(NullLocator())
    lowest, highest = min(c.values.min() for c in curves), max(c.values.max() for c in curves)
    axes.set_ylim(min(2 * lowest, -0.1 * threshold), max(2 * highest, threshold))
    axes.set_yticks([0.0, *_decades(threshold, highest), *(-each for each in _decades(threshold, -lowest))])
    axes.set_title(f"{axes.get_title('left')}; log beyond {threshold:g}")


def _short(value: float) -> str:
    """Return a power of ten as the narrow margin holds it: -1000, 1e5."""
    return f"{value:g}" if abs(value) < 1e4 else f"{value:.0e}".replace("+0", "").replace("+", "")


def _decades(first: float, last: float) -> list[float]:
    """Return at most three of `first`, 10 `first`, 100 `first`, ... up to `last`, evenly apart; none if it is less."""
    count = max(0, math.floor(math.log10(last / first)) + 1) if last > 0 else 0
    return [first * 10.0**power for power in range(0, count, math.ceil(count / 3))] if count else []


def logarithmic(axes: Axes, curves: Sequence[Curve]) -> list[Curve]:
    """Make the y axis logarithmic; values at or below 0 move to half the smallest positive one, and are counted."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(PLAIN)
    axes.yaxis.set_minor_locator(NullLocator())
    values = np.concatenate([curve.values for curve in curves]) if curves else np.ones(1)
    positive = values[np.isfinite(values) & (values > 0)]
    edge, top = (positive.min() / 2, positive.max() * 2) if len(positive) else (0.5, 2.0)
    axes.set_ylim(edge / 1.5, top)
    count = int((values <= 0).sum())
    if count:
        text = f"{count:,} at or below 0, at the lower edge"
        axes.annotate(text, (1, 0), (0, -27), "axes fraction", "offset points", ha="right", color=MUTED, size=8.5)
    return [replace(curve, values=np.where(curve.values <= 0, edge, curve.values)) for curve in curves]


def level(axes: Axes, value: float, label: str) -> None:
    """Draw a dotted level that the curves are measured by."""
    axes.axhline(value, color=MUTED, linewidth=1.2, linestyle=":", label=label)


def _say(axes: Axes, step: float, height: float, text: str, colour: str) -> None:
    """Write next to a step, at a height from 0 to 1 of the panel, on the side with more room."""
    on_the_left = step > sum(axes.get_xlim()) / 2
    axes.annotate(
        text,
        (step, height),
        xytext=(-5 if on_the_left else 5, 0),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="right" if on_the_left else "left",
        va="center",
        color=colour,
        bbox=GROUND,
    )


def legend(axes: Axes) -> None:
    """List the curves above the panel's right end, where they cover nothing; a search for free room takes seconds."""
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        borderaxespad=0.2,
        borderpad=0.2,
        handlelength=1.5,
        columnspacing=1.6,
    )
