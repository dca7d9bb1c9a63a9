"""What theory says of the generator's gradient and of convergence, drawn next to what runs show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from ganlab.plots.figures import (
    ALARM,
    D_FAKE,
    D_REAL,
    GENERATOR,
    GROUND,
    INK,
    LEFT,
    MUTED,
    RIGHT,
    STYLE,
    Curve,
    History,
    Values,
    legend,
    logarithmic,
    short,
)
from ganlab.plots.verdicts import WIDTH_IN, headed

MINIMAX, NON_SATURATING, DIVERGENCE = D_REAL, D_FAKE, GENERATOR
"""Colours of the saturating loss, of the other one, and of the Jensen-Shannon divergence, in every figure here."""

SURE = 0.99
"""Share of the fakes that a discriminator recognises beyond which it counts as nearly perfect."""

RANGES = (0.5, 0.8, 0.9, 0.95, 0.98, SURE)
"""Bounds of the ranges of accuracy whose medians are drawn."""


@dataclass(frozen=True)
class Apart:
    """What the generator minimises, and its slope, if fakes are N(d, 1), reals N(0, 1) and D is optimal.

    Every array is (N,), a value a distance d; losses are in nats, `d_` marks slopes: how fast each falls as the fakes
    come nearer, in nats a unit of distance, with D held fixed as in training.
    """

    divergence: Values
    minimax: Values
    non_saturating: Values
    d_divergence: Values
    d_minimax: Values
    d_non_saturating: Values


def gaussians_apart(distances: Values) -> Apart:
    """Integrate both losses and the Jensen-Shannon divergence over fakes at distances (N,), from 0 to 30.

    With D* = p_r / (p_r + p_g) (Goodfellow et al. 2014, eq. 2): the slope of E log(1 - D*) is that of 2 JS (theorem 1),
    the slope of E -log D* that of KL(p_g || p_r) - 2 JS (Arjovsky & Bottou 2017, theorem 2.5).
    """
    # Wide enough for the tails of both; the trapezoidal rule converges faster than any power of the spacing.
    x, spacing = np.linspace(-12, 42, 5401, retstep=True)
    d = np.asarray(distances, float)[:, None]
    density = np.exp(-((x - d) ** 2) / 2) / np.sqrt(2 * np.pi)
    real_density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    logit = d**2 / 2 - d * x
    log_fooled, log_caught = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)

    def mean(values: Values, weights: Values) -> Values:
        return np.asarray((values * weights).sum(1) * spacing)

    minimax, non_saturating = mean(log_caught, density), mean(-log_fooled, density)
    # d logit / dx = -d, and a fake that comes nearer moves along -x.
    d_minimax, d_non_saturating = (mean(d * np.exp(log), density) for log in (log_fooled, log_caught))
    divergence = (mean(log_fooled, real_density + 0 * d) + minimax) / 2 + np.log(2)
    return Apart(divergence, minimax, non_saturating, d_minimax / 2, d_minimax, d_non_saturating)


@matplotlib.rc_context(STYLE)
def generator_losses() -> Figure:
    """Draw the generator's two losses and the Jensen-Shannon divergence with their gradients.

    Left: one sample, against D(G(z)). Right: two Gaussians that move apart, against their distance, with the best
    discriminator (Goodfellow et al. 2014, section 3; Arjovsky & Bottou 2017, section 2).
    """
    summary = (
        "Where D is sure of a fake (D(G(z)) near 0, distributions apart), log(1 - D) and the Jensen-Shannon divergence"
        " are flat, and -log D is steep. So G is given no gradient by the one and all of it by the other."
    )
    figure = headed("Why the generator's gradient vanishes", summary, 5.3)
    height, width = figure.get_figheight(), (RIGHT - LEFT - 0.07) / 2
    (loss, apart), (gradient, slope) = (
        [figure.add_axes((left, bottom / height, width, 2.15 / height)) for left in (LEFT, RIGHT - width)]
        for bottom in (3.1, 0.5)
    )
    logits = np.linspace(-9, 9, 400)
    scores = 1 / (1 + np.exp(-logits))
    loss.set_title("loss of one sample, nats")
    _line(loss, scores, -np.logaddexp(0, logits), MINIMAX, "log(1 - D)", (0.96, -1.6))
    _line(loss, scores, np.logaddexp(0, -logits), NON_SATURATING, "-log D", (0.006, 6.2))
    gradient.set_title("size of its gradient a unit of D's logit (log axis)")
    _line(gradient, scores, scores, MINIMAX, "log(1 - D):  D", (0.003, 0.0012))
    _line(gradient, scores, 1 - scores, NON_SATURATING, "-log D:  1 - D", (0.0006, 0.4))
    gradient.set_xlabel("D(G(z))")
    for axes in (loss, gradient):
        axes.set_xscale("logit")
        axes.set_xlim(scores[0], scores[-1])
        axes.set_xticks([0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999], [".001", ".01", ".1", ".5", ".9", ".99", ".999"])
        axes.xaxis.set_minor_locator(NullLocator())
    distances = np.linspace(0.01, 9, 181)
    found = gaussians_apart(distances)
    apart.set_title("loss of all samples, nats; best D for N(0, 1) and N(d, 1)")
    _line(apart, distances, found.divergence, DIVERGENCE, "JS, up to ln 2", (5.2, 1.05))
    _line(apart, distances, found.minimax, MINIMAX, "E log(1 - D)", (5.2, -0.35))
    _line(apart, distances, found.non_saturating, NON_SATURATING, "E -log D", (3.0, 3.4))
    apart.axhline(np.log(2), color=MUTED, linewidth=1, linestyle=":")
    apart.set_ylim(-1, 5)
    slope.set_ylim(1e-5, 30)
    slope.set_title("size of its slope a unit of distance (log axis)")
    _line(slope, distances, found.d_minimax, MINIMAX, "E log(1 - D)", (6.0, 8e-2))
    _line(slope, distances, found.d_divergence, DIVERGENCE, "JS, half of that", (3.2, 2e-3))
    _line(slope, distances, found.d_non_saturating, NON_SATURATING, "E -log D", (5.0, 1.4))
    slope.set_xlabel("distance d")
    for axes in (apart, slope):
        axes.set_xlim(0, 9)
    for axes in (gradient, slope):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(short)
        axes.yaxis.set_minor_formatter(NullFormatter())
    return figure


@dataclass(frozen=True)
class Orbit:
    """A game of two numbers and where gradient descent takes it.

    Attributes:
        name: what is done to the game.
        far: points (theta, psi), (N, 2), from a start far from the equilibrium (0, 0).
        near: the same from a start so near that the game is linear.
        step_size: of both.
        expected: the eigenvalue that decides, by theory; of a pair the one with the positive imaginary part.
        measured: the same as `near` shows it.
    """

    name: str
    far: Values
    near: Values
    step_size: float
    expected: complex
    measured: complex


@matplotlib.rc_context(STYLE)
def dirac_orbits(orbits: Sequence[Orbit]) -> Figure:
    """Draw orbits of the Dirac-GAN: the plane above, the distance to the equilibrium below (Mescheder et al. 2018).

    Args:
        orbits: one to five, drawn from left to right.
    """
    summary = (
        "Reals at 0, fakes at theta, D(x) = psi x. Above: from the dot to the square. Below: distance to (0, 0) from a"
        " start near it; dotted: e^(real part of the eigenvalue * time), which a double root lags behind."
    )
    body = 4.0
    figure = headed("The Dirac-GAN: what converges, and how fast", summary, body)
    height, gap = figure.get_figheight(), 0.02
    width = (RIGHT - LEFT - 4 * gap) / 5
    side = width * WIDTH_IN
    reach = 1.1 * max(np.abs(orbit.far).max() for orbit in orbits)
    for column, orbit in enumerate(orbits):
        left = LEFT + column * (width + gap)
        plane = figure.add_axes((left, (body - side) / height, width, side / height))
        decay = figure.add_axes((left, 0.45 / height, width, (body - 1.35 - side) / height))
        _plane(plane, orbit, reach)
        _decay(decay, orbit)
        if column == 0:
            plane.set_ylabel("psi")
        else:
            plane.tick_params(labelleft=False)
            decay.tick_params(labelleft=False)
    return figure


def _plane(axes: Axes, orbit: Orbit, reach: float) -> None:
    """Draw an orbit from its start, a dot, to its end, a square."""
    axes.plot(*orbit.far.T, color=D_REAL, linewidth=1)
    axes.plot(*orbit.far[0], marker="o", markersize=5, color=INK)
    axes.plot(*orbit.far[-1], marker="s", markersize=5, color=ALARM)
    axes.plot(0, 0, marker="+", markersize=9, color=INK)
    axes.set_title(orbit.name, color=INK)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_xlabel("theta", labelpad=1)


def _decay(axes: Axes, orbit: Orbit) -> None:
    """Draw how an orbit near the equilibrium closes in, as a share of its start, with e^(real part * time)."""
    time = orbit.step_size * np.arange(len(orbit.near))
    radius = np.linalg.norm(orbit.near, axis=1)
    axes.plot(time, radius / radius[0], color=D_REAL, linewidth=1.4)
    axes.plot(time, np.exp(orbit.expected.real * time), color=INK, linewidth=1, linestyle=":")
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 4)
    axes.yaxis.set_major_formatter(short)
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("time", labelpad=1)
    words = f"theory {_pair(orbit.expected)}\nmeasured {_pair(orbit.measured)}"
    axes.set_title(words, loc="right", size=7.5, color=INK, linespacing=1.4)


def _pair(value: complex) -> str:
    """Write a pair of eigenvalues with three decimals and no -0."""
    return f"{round(value.real, 3) + 0.0:+.3f} \N{PLUS-MINUS SIGN} {abs(value.imag):.3f} i"


@matplotlib.rc_context(STYLE)
def gradient_against_accuracy(histories: Mapping[str, History]) -> Figure:
    """Draw the gradient at the generator's output, a dot a step, against how well the discriminator knows the fakes.

    Args:
        histories: one to three runs by the name of their loss: the columns `d_acc_fake` and `d_fake`, shares from 0 to
            1, and `grad_g_output`, each (rows,). Rows in which one of them is not finite are left out, and counted.
    """
    runs = [
        _Run(name, colour, *_finite(history, "d_acc_fake", "d_fake", "grad_g_output"))
        for (name, history), colour in zip(histories.items(), (MINIMAX, NON_SATURATING, DIVERGENCE), strict=False)
    ]
    medians = "; ".join(f"{run.name} {_median_when_sure(run)}" for run in runs)
    summary = f"Median gradient where D recognises more than {100 * SURE:g} % of the fakes: {medians}."
    lost = sum(len(each["grad_g_output"]) for each in histories.values()) - sum(len(run.gradient) for run in runs)
    if lost:
        summary += f" Left out: {lost:,} steps that are not finite."
    figure = headed("The gradient that reaches the generator", summary, 3.95)
    height, gap = figure.get_figheight(), 0.035
    width = (RIGHT - LEFT - gap) / 2
    left, right = (figure.add_axes((LEFT + i * (width + gap), 0.5 / height, width, 3.3 / height)) for i in range(2))
    left.set_title("norm a sample at G's output; line: median")
    left.set_xlabel("fakes that D recognises, % (stretched towards 100)")
    left.set_xscale("function", functions=(_stretched, _unstretched))
    left.set_xticks([0, 50, 80, 90, 95, 98, 100])
    left.xaxis.set_minor_locator(NullLocator())
    right.set_xscale("log")
    right.set_xlabel("D(G(z)), mean")
    right.xaxis.set_major_formatter(short)
    right.tick_params(labelleft=False)
    for axes, places in ((left, [100 * run.accuracy for run in runs]), (right, [run.score for run in runs])):
        curves = [Curve(run.name, at, run.gradient, run.colour) for run, at in zip(runs, places, strict=True)]
        for curve in logarithmic(axes, curves):
            dots: dict[str, Any] = {
                "linestyle": "none",
                "marker": "o",
                "markersize": 3,
                "markeredgewidth": 0,
                "alpha": 0.35,
            }
            axes.plot(curve.steps, curve.values, color=curve.colour, label=curve.label, **dots)
    for run in runs:
        accuracies, gradients = _medians(run)
        left.plot(100 * accuracies, gradients, color=run.colour, linewidth=2, marker="o", markersize=5)
    legend(right)
    shown = right.get_legend()
    assert shown is not None
    for handle in shown.legend_handles:
        # As pale as a dot it would not be seen.
        assert handle is not None
        handle.set_alpha(1)
    return figure


@dataclass(frozen=True)
class _Run:
    """Finite rows of a run, (rows,) each."""

    name: str
    colour: str
    accuracy: Values
    score: Values
    gradient: Values


def _finite(history: History, *keys: str) -> list[Values]:
    """Return the columns without the rows in which one of them is not finite."""
    columns = np.stack([np.asarray(history[key], float) for key in keys])
    return list(columns[:, np.isfinite(columns).all(axis=0)])


def _median_when_sure(run: _Run) -> str:
    """Say what reaches the generator while its discriminator is nearly perfect."""
    found = run.gradient[run.accuracy > SURE]
    return f"{np.median(found):.2g} ({len(found):,} steps)" if len(found) else "none (no such step)"


def _stretched(percent: Values) -> Values:
    """Map 0 to 100 % so that what a batch cannot distinguish from 100 % stays in sight."""
    return -np.log(101.5 - np.minimum(percent, 101))


def _unstretched(place: Values) -> Values:
    """Undo `_stretched`."""
    return 101.5 - np.exp(-place)


def _medians(run: _Run) -> tuple[Values, Values]:
    """Return the median accuracy and gradient of each range of accuracies in which at least five steps lie."""
    ranges = np.digitize(run.accuracy, RANGES)
    found = [ranges == number for number in range(len(RANGES) + 1) if (ranges == number).sum() >= 5]
    accuracies, gradients = ([np.median(values[at]) for at in found] for values in (run.accuracy, run.gradient))
    return np.array(accuracies), np.array(gradients)


def _line(axes: Axes, x: Values, y: Values, colour: str, label: str, at: tuple[float, float]) -> None:
    """Draw a curve with its name in its colour, which starts at a place."""
    axes.plot(x, y, color=colour, linewidth=1.8)
    axes.text(*at, label, color=colour, weight="bold", va="center", bbox=GROUND)
