"""A run's curves, from NumPy arrays to PNG and SVG.

Figures are drawn with Matplotlib's Figure and the Agg canvas, never through pyplot, whose global list of open figures leaks
in a loop. A NaN is never hidden: the line has a gap and a marked line names the first step that is not finite.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from ganlab.runs.files import atomic_write

Values = NDArray[np.float64]
History = Mapping[str, NDArray[Any]]

# Okabe & Ito 2008: told apart with every kind of colour vision. One colour a player and side, in every figure.
D_REAL = "#0072B2"
D_FAKE = "#D55E00"
GENERATOR = "#009E73"
OUTPUT = "#CC79A7"
INK = "#333333"
MUTED = "#767676"
GRID = "#E4E4E4"

STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "text.usetex": False,
    "axes.edgecolor": "#A0A0A0",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
    # Text stays text, and equal data give equal files.
    "svg.fonttype": "none",
    "svg.hashsalt": "ganlab",
}
SIZE = (8.2, 4.6)
DPI = 110
BINS = 700
SMOOTHING = 50


@dataclass(frozen=True)
class Curve:
    """One column of the history: its name in the legend, its values a row, its colour."""

    label: str
    values: Values
    colour: str


def save_figure(figure: Figure, path: Path, formats: Sequence[str] = ("png", "svg")) -> None:
    """Write a figure as `path`.png (902 x 506 pixels) and `path`.svg, each atomically; equal figures give equal files.

    Raises:
        Interrupted: the disk is full.
    """
    for name in formats:
        buffer = io.BytesIO()
        with matplotlib.rc_context(STYLE):
            metadata = {"Date": None} if name == "svg" else {"Software": None}
            figure.savefig(buffer, format=name, dpi=DPI, metadata=metadata)
        atomic_write(path.with_name(f"{path.name}.{name}"), buffer.getvalue())


@matplotlib.rc_context(STYLE)
def losses(history: History, chance: float | None = None) -> Figure:
    """Draw the losses a step: `step` and any of `d_loss_real`, `d_loss_fake`, `g_loss`, each (rows,).

    The view leaves out spikes that would squash the rest, and says how high they reach.

    Args:
        history: the columns; none or empty ones give a figure that says so.
        chance: loss of a discriminator that cannot tell (ln 2 for the cross-entropy losses), drawn as a dotted line.
    """
    columns = (("D on real", "d_loss_real", D_REAL), ("D on generated", "d_loss_fake", D_FAKE), ("G", "g_loss", GENERATOR))
    figure, (axes,) = _canvas("Losses", ("loss",))
    steps, curves = _read(history, columns)
    if _begin(axes, steps, curves):
        _draw(axes, steps, curves)
        _limit(axes, steps, curves)
        if chance is not None:
            axes.axhline(chance, color=MUTED, linewidth=1.1, linestyle=":", label=f"chance, {chance:.2f}")
        _legend(axes)
    return figure


@matplotlib.rc_context(STYLE)
def accuracies(history: History) -> Figure:
    """Draw the discriminator's accuracies in percent: `step`, `d_acc_real`, `d_acc_fake`, shares from 0 to 1, each (rows,).

    Columns without a single number (a loss without a decision point) give a figure that says so.
    """
    columns = (("on real", "d_acc_real", D_REAL), ("on generated", "d_acc_fake", D_FAKE))
    figure, (axes,) = _canvas("Discriminator accuracy", ("correct, %",))
    steps, curves = _read(history, columns)
    curves = [Curve(c.label, 100 * c.values, c.colour) for c in curves if not np.isnan(c.values).all()]
    if _begin(axes, steps, curves, otherwise="no decision point for this loss"):
        _draw(axes, steps, curves)
        axes.axhline(50, color=MUTED, linewidth=1.1, linestyle=":", label="chance, 50 %")
        axes.set_ylim(-3, 103)
        _legend(axes)
    return figure


@matplotlib.rc_context(STYLE)
def gradients(history: History) -> Figure:
    """Draw gradient norms on a log axis: `step` and any of `grad_d`, `grad_g`, `grad_g_output`, each (rows,), >= 0.

    A norm of exactly 0 stands at the lower edge, and the figure says how many there are.
    """
    columns = (
        ("D's weights", "grad_d", D_REAL),
        ("G's weights", "grad_g", GENERATOR),
        ("at G's output", "grad_g_output", OUTPUT),
    )
    figure, (axes,) = _canvas("Gradient norms", ("norm",))
    steps, curves = _read(history, columns)
    if _begin(axes, steps, curves):
        zeros = sum(int((c.values == 0).sum()) for c in curves)
        curves = _above_zero(curves)
        axes.set_yscale("log")
        _draw(axes, steps, curves, logarithmic=True)
        if zeros:
            _note(axes, f"{zeros:,} values are 0, drawn at the lower edge")
        _legend(axes)
    return figure


@matplotlib.rc_context(STYLE)
def diversity(snapshots: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw how far samples spread beside real ones, and how far they are from them, by snapshot.

    Upper panel: `diversity` / `diversity_real`. Lower panel, log axis: `energy_distance`, beside `energy_distance_real`
    (reals against other reals), the floor; values at or below 0, which an unbiased estimate takes, stand at the lower edge.

    Args:
        snapshots: rows with `step` and any of these keys; None stands for NaN.
    """
    figure, (upper, lower) = _canvas("Diversity", ("spread / real spread", "energy distance"))
    rows = {key: _column(snapshots, key) for key in ("step", *_SNAPSHOT_KEYS)}
    return figure
