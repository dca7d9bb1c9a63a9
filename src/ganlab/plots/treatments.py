"""The trials of a treatment in one picture: the quality of each arm, next to the unchanged trials of the same seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from ganlab.plots.figures import GENERATOR, INK, LEFT, MUTED, NOTHING, RIGHT, STYLE, Values, short
from ganlab.plots.verdicts import headed
from ganlab.text import drawable

COLUMNS = 3
"""Panels in a row."""
PANEL_IN, GAP_IN, FOOT_IN = 1.45, 0.5, 0.45
"""Inches: a panel's height, the room between two rows for titles and ticks, and that below the last."""
GUTTER = 0.06
"""Share of the figure's width between two panels."""
TICKS = 4
"""Labelled numbers on a log axis, about."""

Course = tuple[Values, Values]
"""Steps (n,), rising, and values (n,) of one trial."""


@matplotlib.rc_context(STYLE)
def paired_courses(
    title: str, summary: str, quality: str, unchanged: Sequence[Course], arms: Mapping[str, Sequence[Course]]
) -> Figure:
    """Draw a panel an arm: its trials in colour over the unchanged ones in grey, quality on a log axis.

    All panels have the same axis of quality, and steps as far as their own trials went. Values that are not above 0,
    and those that are not finite, are left out.

    Args:
        title, summary: above the figure.
        quality: what is drawn; lower is better.
        unchanged: the unchanged trials.
        arms: the trials of each arm, by what the panel is called.
    """
    rows = max(1, -(-len(arms) // COLUMNS))
    figure = headed(title, summary, rows * (PANEL_IN + GAP_IN) + FOOT_IN - 0.3)
    height = figure.get_figheight()
    width = (RIGHT - LEFT - (COLUMNS - 1) * GUTTER) / COLUMNS
    everything = [_shown(course) for courses in (unchanged, *arms.values()) for course in courses]
    values = np.concatenate([each for _, each in everything]) if everything else np.array([])
    if not len(values):
        figure.text(0.5, 0.3, NOTHING, ha="center", color=MUTED)
        return figure
    low, high = float(values.min()) / 1.3, float(values.max()) * 1.3
    for number, (label, courses) in enumerate(arms.items()):
        row, column = divmod(number, COLUMNS)
        foot = FOOT_IN + (rows - 1 - row) * (PANEL_IN + GAP_IN)
        axes = figure.add_axes((LEFT + column * (width + GUTTER), foot / height, width, PANEL_IN / height))
        axes.set(
            yscale="log", xlim=(0, _end([*unchanged, *courses])), ylim=(low, high), yticks=round_numbers(low, high)
        )
        _draw(axes, unchanged, MUTED, 0.6)
        _draw(axes, courses, GENERATOR, 1.0)
        axes.set_title(drawable(label), color=INK, parse_math=False)
        axes.yaxis.set_major_formatter(short)
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(labelsize=7.5)
        if column == 0:
            axes.set_ylabel(quality)
        if number + COLUMNS >= len(arms):
            axes.set_xlabel("step")
    return figure


def round_numbers(low: float, high: float) -> list[float]:
    """Return at least two round numbers from `low` to `high`, for a log axis: powers of ten if they are enough."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5)):
        found = [each for power in powers for digit in digits if low <= (each := digit * 10.0**power) <= high]
        if len(found) > 1:
            return found[:: math.ceil(len(found) / (TICKS + 1))]
    return [float(each) for each in MaxNLocator(TICKS).tick_values(low, high) if low <= each <= high]


def _end(courses: Sequence[Course]) -> float:
    """Return the last step of some trials, 1 at least."""
    return max([1.0, *(float(steps[-1]) for steps, _ in map(_shown, courses) if len(steps))])


def _shown(course: Course) -> Course:
    steps, values = course
    kept = np.isfinite(values) & (values > 0)
    return steps[kept], values[kept]


def _draw(axes: Axes, courses: Sequence[Course], colour: str, alpha: float) -> None:
    for course in courses:
        axes.plot(*_shown(course), color=colour, alpha=alpha, linewidth=1.2, marker="o", markersize=2)
