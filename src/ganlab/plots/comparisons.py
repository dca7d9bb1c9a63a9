"""Runs side by side: their curves over each other, and their last samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator

from ganlab.plots.figures import LEFT, MUTED, RIGHT, STYLE, Curve, Values, dash_hidden, drawn, limit, logarithmic
from ganlab.plots.grids import Pixels
from ganlab.plots.lettering import wrapped
from ganlab.plots.sweeps import LINES
from ganlab.plots.verdicts import WIDTH_IN, headed, same_steps
from ganlab.text import drawable
from ganlab.verdicts import hue, words

PANEL_IN, BETWEEN_IN, FOOT_IN, KEY_IN = 1.6, 0.55, 0.65, 0.36
"""Inches: a panel's height, the room between panels and below the last one, and a run's lines in the key."""

Scale = Literal["linear", "log", "percent"]
"""How the axis of a panel is divided; one of percent always shows 0 to 100."""

LETTERS = "ABCDEFGH"
"""Short names for runs whose own are too long; as many as there are distinct colours."""


@dataclass(frozen=True)
class Compared:
    """One of the runs that are compared.

    Attributes:
        name: as its folder is named.
        verdict: `failure` or `failure/variant`; empty if it was not judged.
        settings: what sets it apart from the others, in words.
        curves: by panel, rising steps (n,) and values (n,); n >= 1.
        grid: step and picture, uint8 (H, W, 3), of its last samples.
    """

    name: str
    verdict: str
    settings: str
    curves: Mapping[str, tuple[Values, Values]]
    grid: tuple[int, Pixels] | None


@matplotlib.rc_context(STYLE)
def comparison(title: str, runs: Sequence[Compared], panels: Mapping[str, Scale]) -> Figure:
    """Draw a key with names, verdicts and settings, a panel for each kind of curve, and the last samples.

    Args:
        title: above all.
        runs: 1 to 8; each has one letter and one colour throughout.
        panels: label of each kind of curve, and its axis; one that no run has is left out.
    """
    shown = {label: scale for label, scale in panels.items() if any(label in run.curves for run in runs)}
    pictured = [(number, *run.grid) for number, run in enumerate(runs) if run.grid is not None]
    columns = 2 if len(pictured) in (1, 2, 4) else 3
    side = (WIDTH_IN * (RIGHT - LEFT) - 0.2 * (columns - 1)) / columns
    # Grids need not be square.
    rows = [pictured[start : start + columns] for start in range(0, len(pictured), columns)]
    heights = [max(side * pixels.shape[0] / pixels.shape[1] for _, _, pixels in row) + 0.3 for row in rows]
    curves = len(shown) * (PANEL_IN + BETWEEN_IN) - BETWEEN_IN + FOOT_IN + 0.3 if shown else 0.0

    figure = headed(title, "", KEY_IN * len(runs) + curves + sum(heights) + 0.1)
    height = figure.get_figheight()
    top = height - 0.55
    for number, run in enumerate(runs):
        _key(figure, number, run, top - KEY_IN * number)
    top -= KEY_IN * len(runs) + 0.3
    for label, scale in shown.items():
        top -= PANEL_IN
        axes = figure.add_axes((LEFT, top / height, RIGHT - LEFT, PANEL_IN / height))
        _panel(axes, label, scale, runs)
        top -= BETWEEN_IN
    if shown:
        same_steps(figure.axes)
        top += BETWEEN_IN - FOOT_IN
    else:
        top += 0.3
    for row, room in zip(rows, heights, strict=True):
        for column, (number, step, pixels) in enumerate(row):
            tall = side * pixels.shape[0] / pixels.shape[1]
            left = LEFT + column * (side + 0.2) / WIDTH_IN
            place = (left, (top - 0.25 - tall) / height, side / WIDTH_IN, tall / height)
            _samples(figure.add_axes(place), f"{LETTERS[number]}: samples at step {step:,}", pixels)
        top -= room
    return figure


def _key(figure: Figure, number: int, run: Compared, top: float) -> None:
    """Write a run's letter in its colour, its name and verdict, and below them its settings."""
    height = figure.get_figheight()
    line: dict[str, Any] = {"va": "center", "parse_math": False}
    y = (top - 0.1) / height
    figure.text(LEFT, y, LETTERS[number], size=10, weight="bold", color=LINES[number], **line)
    left = (LEFT + 0.022) * WIDTH_IN
    figure.text(LEFT + 0.022, y, "".join(wrapped(run.name, 0.59 * WIDTH_IN - left, 9, 1)), size=9, **line)
    name = drawable(words(run.verdict)) or "not judged"
    if run.verdict:
        mark = Rectangle((0.60, y - 0.045 / height), 0.011, 0.1 / height, color=hue(run.verdict))
        mark.set(transform=figure.transFigure, figure=figure)
        figure.patches.append(mark)
    figure.text(0.62, y, name, size=9, **line)
    settings = "".join(wrapped(run.settings, RIGHT * WIDTH_IN - left, 8, 1))
    figure.text(LEFT + 0.022, y - 0.16 / height, settings, size=8, color=MUTED, **line)


def _panel(axes: Axes, label: str, scale: Scale, runs: Sequence[Compared]) -> None:
    """Draw one kind of curve, a colour a run."""
    axes.set_title(label)
    axes.tick_params(length=3)
    curves = [
        Curve(LETTERS[number], *run.curves[label], LINES[number])
        for number, run in enumerate(runs)
        if label in run.curves
    ]
    curves = logarithmic(axes, curves) if scale == "log" else curves
    drawn(axes, curves, bands=scale == "percent")
    if scale == "percent":
        axes.set_ylim(-3, 103)
    elif scale == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=7))
    else:
        limit(axes, curves, ())
    dash_hidden(axes)


def _samples(axes: Axes, title: str, pixels: Pixels) -> None:
    axes.imshow(pixels, aspect="auto")
    axes.set_title(title)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set(visible=True, color="#DDDDDD")
