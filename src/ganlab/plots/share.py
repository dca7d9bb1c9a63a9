"""A verdict as one picture to send: what it is, the losses, and samples."""

from __future__ import annotations

import matplotlib
from matplotlib.figure import Figure

from ganlab.plots.figures import ALARM, INK, MUTED, STYLE
from ganlab.plots.grids import Pixels
from ganlab.plots.lettering import wrapped
from ganlab.plots.verdicts import Panel, draw_panel, same_steps

SIZE, DPI = (12.0, 6.3), 100
"""1200 x 630 pixels, as pages that unfold a link show a picture."""

TEXT_IN = 0.45
"""Inches from the left edge to the words."""


@matplotlib.rc_context(STYLE)
def share_picture(
    title: str,
    summary: str,
    facts: str,
    name: str,
    losses: Panel,
    samples: Pixels | None,
    onset: int | None = None,
    unit: str = "step",
    colour: str = INK,
) -> Figure:
    """Draw a figure of 1200 x 630 pixels.

    Args:
        title: the verdict in words, on two lines at most.
        summary: a sentence below it, on three lines at most.
        facts: how sure it is, on one line.
        name: of the run.
        losses: its curves.
        samples: what it made last, uint8 (H, W, 3); None if nothing is kept.
        onset: first step of the failure, marked among the losses.
        unit: what a step is.
        colour: of the title.
    """
    figure = Figure(figsize=SIZE, dpi=DPI)
    width, height = SIZE
    left, top = TEXT_IN / width, 1.0
    room = width - 2 * TEXT_IN
    for text, size, weight, ink, most, line_in in (
        (title, 25, "bold", colour, 2, 0.42),
        (summary, 13, "normal", INK, 3, 0.25),
        (facts, 11, "normal", MUTED, 1, 0.25),
    ):
        lines = wrapped(text, room / (1.15 if weight == "bold" else 1.0), size, most)
        top -= (0.3 if weight == "bold" else 0.1) / height
        figure.text(left, top, "\n".join(lines), size=size, weight=weight, color=ink, va="top", parse_math=False)
        top -= line_in * len(lines) / height
    foot, body = 0.85 / height, top - 0.45 / height
    tall = body - foot
    side = min(tall * height, 3.7)
    curves_end = (width - 2 * TEXT_IN - side if samples is not None else width - TEXT_IN) / width
    axes = figure.add_axes((left + 0.35 / width, foot, curves_end - left - 0.35 / width, tall))
    axes.set_title(losses.label)
    if draw_panel(axes, losses):
        same_steps([axes], unit)
        if onset is not None:
            axes.axvline(onset, color=ALARM, linewidth=1.6, zorder=3)
    if samples is not None:
        share = samples.shape[1] / samples.shape[0]
        wide, high = (side, side / share) if share >= 1 else (side * share, side)
        place = ((width - TEXT_IN - wide) / width, body - high / height, wide / width, high / height)
        picture = figure.add_axes(place)
        picture.imshow(samples, aspect="auto", interpolation="nearest" if samples.shape[1] < 400 else "antialiased")
        picture.set(xticks=[], yticks=[])
        picture.grid(False)
        picture.spines[:].set(visible=True, color="#DDDDDD")
    named = "".join(wrapped(name, room - 1.0, 10, 1))
    figure.text(left, 0.22 / height, named, size=10, color=MUTED, parse_math=False)
    figure.text(1 - left, 0.22 / height, "ganlab", size=11, weight="bold", color=MUTED, ha="right")
    return figure
