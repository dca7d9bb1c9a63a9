"""Games of two numbers: eigenvalues by theory and as measured, and distances to the equilibrium, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from ganlab.plots.figures import ALARM, D_FAKE, D_REAL, GENERATOR, INK, LEFT, MUTED, OUTPUT, RIGHT, STYLE, Values, short
from ganlab.plots.verdicts import headed

COLOURS = (ALARM, D_REAL, GENERATOR, D_FAKE, OUTPUT)
"""Of the courses of a panel, in order."""

ROW_IN = 0.24
"""Height of a row of eigenvalues."""


@dataclass(frozen=True)
class Eigenvalue:
    """The eigenvalue of a game's Jacobian that decides what becomes of it.

    Attributes:
        name: the game and what is done to it.
        formula: what theory says, in general.
        expected, measured: with this game's numbers; of a pair the one with the imaginary part that is not negative.
    """

    name: str
    formula: str
    expected: complex
    measured: complex


@dataclass(frozen=True)
class Course:
    """How far from the equilibrium a game is after each step.

    Attributes:
        name: by what it is played.
        distances: (N,), from the start on; all above 0.
        at: step and distance where the name starts.
        rate: what a step multiplies the distance by, in closed form; None if there is none.
        every: steps from one distance that is drawn to the next.
    """

    name: str
    distances: Values
    at: tuple[float, float]
    rate: float | None = None
    every: int = 1


@dataclass(frozen=True)
class Panel:
    """Courses side by side.

    Attributes:
        title: what is played.
        courses: up to five.
        limits: lowest and highest distance in view.
    """

    title: str
    courses: Sequence[Course]
    limits: tuple[float, float]


@matplotlib.rc_context(STYLE)
def toy_games(eigenvalues: Sequence[Eigenvalue], panels: Sequence[Panel]) -> Figure:
    """Draw eigenvalues, a row a game, above panels of courses.

    Args:
        eigenvalues: one or more.
        panels: one to three, from left to right.
    """
    summary = (
        "Above, the Dirac-GAN: its deciding eigenvalue in theory (ring) and with ganlab's own losses and penalties"
        " (dot); left of 0 it converges. Below, distances to the equilibrium after each step; dotted: closed forms."
    )
    courses = 2.2
    rows = ROW_IN * len(eigenvalues)
    body = rows + 0.75 + courses + 0.75
    figure = headed("Who converges in games of two numbers", summary, body)
    height = figure.get_figheight()
    _rows(figure, eigenvalues, (body - rows - 0.2) / height, rows / height)
    gap = 0.055
    width = (RIGHT - LEFT - 2 * gap) / 3
    for number, panel in enumerate(panels):
        axes = figure.add_axes((LEFT + number * (width + gap), 0.45 / height, width, courses / height))
        _courses(axes, panel)
    return figure


def _rows(figure: Figure, eigenvalues: Sequence[Eigenvalue], bottom: float, height: float) -> None:
    """Draw the real and the imaginary parts next to the numbers."""
    columns = ((LEFT, "left"), (0.25, "left"), (0.585, "right"), (0.735, "right"))
    real = figure.add_axes((0.765, bottom, 0.1, height))
    imaginary = figure.add_axes((0.885, bottom, RIGHT - 0.885, height))
    places = np.arange(len(eigenvalues))
    for axes, part in ((real, np.real), (imaginary, np.imag)):
        axes.plot(
            [part(each.expected) for each in eigenvalues],
            places,
            linestyle="none",
            marker="o",
            markersize=8,
            markerfacecolor="none",
            color=INK,
        )
        axes.plot(
            [part(each.measured) for each in eigenvalues],
            places,
            linestyle="none",
            marker="o",
            markersize=4,
            color=D_REAL,
        )
        axes.set_ylim(len(eigenvalues) - 0.5, -0.5)
        axes.tick_params(labelleft=False, left=False, pad=1)
        axes.xaxis.set_major_formatter(short)
    real.set_xlim(-0.62, 0.12)
    real.set_xticks([-0.5, 0])
    real.axvline(0, color=MUTED, linewidth=1)
    imaginary.set_xlim(-0.12, 1.12)
    imaginary.set_xticks([0, 0.5, 1])
    real.set_title("real part")
    imaginary.set_title("imaginary")
    top = bottom + height
    for (at, side), words in zip(columns, ("game", "theory", "in numbers", "measured"), strict=True):
        figure.text(at, top + 0.012, words, size=8.5, color=MUTED, ha=side)
    for place, each in enumerate(eigenvalues):
        y = top - (place + 0.5) / len(eigenvalues) * height
        values = (_pair(each.expected), _pair(each.measured))
        for (at, side), words in zip(columns, (each.name, each.formula, *values), strict=True):
            figure.text(at, y, words, size=8.5, ha=side, va="center", parse_math=False)


def _pair(value: complex) -> str:
    """Write a pair of eigenvalues with three decimals and no -0."""
    return f"{round(value.real, 3) + 0.0:.3f} \N{PLUS-MINUS SIGN} {abs(value.imag):.3f} i"


def _courses(axes: Axes, panel: Panel) -> None:
    """Draw distances on a log axis, each with its name on it."""
    axes.set_title(panel.title)
    axes.set_yscale("log")
    axes.set_ylim(*panel.limits)
    steps = max(len(course.distances) for course in panel.courses) - 1
    axes.set_xlim(0, steps)
    for course, colour in zip(panel.courses, COLOURS, strict=False):
        at = np.arange(0, len(course.distances), course.every)
        axes.plot(at, course.distances[at], color=colour, linewidth=1.4)
        if course.rate is not None:
            # From half way on: what the start leaves behind is gone there.
            middle = at[len(at) // 2]
            axes.plot(
                at, course.distances[middle] * course.rate ** (at - middle), color=INK, linewidth=1, linestyle=":"
            )
        axes.text(*course.at, course.name, color=colour, size=8, weight="bold", va="center")
    axes.yaxis.set_major_formatter(short)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel("step", labelpad=1)
