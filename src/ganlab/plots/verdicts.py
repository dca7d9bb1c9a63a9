"""Why a verdict is true, in three pictures: curves with the onset marked, classes over time, and a sheet of samples."""

from __future__ import annotations

import colorsys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganlab.plots.figures import (
    ALARM,
    DPI,
    GROUND,
    INK,
    LEFT,
    RIGHT,
    STYLE,
    Curve,
    drawn,
    legend,
    level,
    limit,
    logarithmic,
)
from ganlab.plots.grids import COMFORTABLE_WIDTH, GAP_COLOUR, Pixels
from ganlab.text import drawable

EVIDENCE = "#F0E442"
SPELL = "#56B4E9"
GOOD_COLOUR = "#009E73"

WIDTH_IN, PANEL_IN, FOOT_IN, BETWEEN_IN = 8.2, 1.75, 0.75, 0.55
"""Inches: the figure's width, a panel's height, and the room below and between panels."""

EVERYTHING = 0.9
"""Share of the steps from which a window of evidence counts as all of them."""

CELLS = 14
"""Most snapshots whose percentages are written into the cells of the heat map."""
MOST_NAMES = 40
"""Most classes that are named next to the heat map."""

SHEET = 100
"""Samples on a sheet, ten in a row."""
LINE = 4
"""Pixels of the line under a near-duplicate."""


@dataclass(frozen=True)
class Panel:
    """Curves that share an axis.

    Attributes:
        label: what they show.
        curves: one or more; a NaN is a gap, and its first step is marked.
        level: a value to compare with, and its name; None for none.
        log: whether the axis is logarithmic, for values above 0.
        shares: whether the axis shows 0 to 1, whatever the values are: one sample of a thousand is no dive.
    """

    label: str
    curves: Sequence[Curve]
    level: tuple[float, str] | None = None
    log: bool = False
    shares: bool = False


@dataclass(frozen=True)
class Spell:
    """Steps `first` to `last`, both included, in which another failure was seen."""

    name: str
    first: int
    last: int


@matplotlib.rc_context(STYLE)
def annotated_curves(
    title: str,
    summary: str,
    panels: Sequence[Panel],
    onset: int | None = None,
    windows: Sequence[tuple[int, int]] = (),
    spells: Sequence[Spell] = (),
    colour: str = INK,
    unit: str = "step",
    since: str = "",
) -> Figure:
    """Draw the curves that a verdict rests on, above each other over the same steps.

    The onset is a line through all panels, the windows of the evidence are shaded yellow, spells of other failures
    blue and by name. Spikes that would squash the rest are left out and named; a curve that explodes gets an axis that
    is logarithmic beyond its usual values; the first step that is not finite is marked.

    Args:
        title: the verdict in words.
        summary: a sentence below it; wrapped to four lines at most.
        panels: the losses first; none give a figure that says so.
        onset: first step of the failure.
        windows: first and last step of each piece of evidence; those that overlap become one.
        spells: other failures, in the order they are to be named.
        colour: of the title.
        unit: what a step is: `step`, `epoch`, `image` or `row`.
        since: what the onset is called, if not by its unit and number.
    """
    panels = [panel for panel in panels if panel.curves] or [Panel("", ())]
    body = len(panels) * PANEL_IN + (len(panels) - 1) * BETWEEN_IN + FOOT_IN
    figure = headed(title, summary, body, colour)
    height = figure.get_figheight()
    drawn = []
    for row, panel in enumerate(panels):
        top = body - row * (PANEL_IN + BETWEEN_IN)
        axes = figure.add_axes((LEFT, (top - PANEL_IN) / height, RIGHT - LEFT, PANEL_IN / height))
        axes.set_title(panel.label)
        axes.tick_params(length=3)
        if _panel(axes, panel):
            drawn.append(axes)
    if drawn:
        same_steps(drawn, unit)
        _shade(figure, drawn, merged(windows), spells)
        if onset is not None:
            _mark_onset(drawn, onset, since or f"{unit} {onset:,}")
    return figure


def headed(title: str, summary: str, body: float, colour: str = INK) -> Figure:
    """Make a figure with a title and a summary of up to four lines above a body of so many inches."""
    lines = textwrap.wrap(drawable(summary), 124, max_lines=4, placeholder=" ...")
    height = body + 0.66 + 0.15 * len(lines)
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI)
    figure.text(LEFT, 1 - 0.28 / height, drawable(title), size=12, weight="bold", color=colour, parse_math=False)
    figure.text(LEFT, 1 - 0.36 / height, "\n".join(lines), size=8.5, va="top", parse_math=False)
    return figure


def _panel(axes: Axes, panel: Panel) -> bool:
    """Draw one panel; return False if it has nothing to show."""
    curves = logarithmic(axes, panel.curves) if panel.log and panel.curves else panel.curves
    if not drawn(axes, curves, otherwise="no curves were recorded"):
        return False
    levels = () if panel.level is None else (panel.level[0],)
    if panel.level is not None:
        level(axes, *panel.level)
    if panel.shares:
        axes.set_ylim(-0.03, 1.03)
    elif not panel.log:
        limit(axes, curves, levels)
    locator = axes.yaxis.get_major_locator()
    if isinstance(locator, SymmetricalLogLocator):
        # Left to itself it names every power of ten, overlapping, if a loss exceeds 1e12.
        locator.set_params(numticks=6)
    legend(axes)
    return True


def same_steps(panels: Sequence[Axes], unit: str = "step") -> None:
    """Give all panels the same steps, named under the last one."""
    limits = np.array([axes.get_xlim() for axes in panels])
    for axes in panels:
        axes.set_xlim(limits[:, 0].min(), limits[:, 1].max())
        axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, min_n_ticks=1))
        axes.xaxis.set_major_formatter("{x:,.0f}")
    panels[-1].set_xlabel(unit)


def merged(windows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return windows in order, those that overlap or touch as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(windows):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _shade(figure: Figure, panels: Sequence[Axes], windows: Sequence[tuple[int, int]], spells: Sequence[Spell]) -> None:
    """Shade windows and spells, and say below the panels what each shade means."""
    first, last = panels[0].get_xlim()
    # A window of one step is drawn as wide as can be seen; one that covers everything is stated, not drawn.
    least = 0.004 * (last - first)
    shaded = [window for window in windows if window[1] - window[0] < EVERYTHING * (last - first)]
    for axes in panels:
        for start, end in shaded:
            axes.axvspan(start - least, end + least, color=EVIDENCE, alpha=0.28, linewidth=0, zorder=0.5)
        for spell in spells:
            axes.axvspan(spell.first - least, spell.last + least, color=SPELL, alpha=0.1, linewidth=0, zorder=0.4)
    for row, spell in enumerate(spells):
        _name_spell(panels[0], spell, 0.97 - 0.13 * row)
    meaning = [Patch(color=EVIDENCE, alpha=0.4, label="steps that the evidence was taken from")] if shaded else []
    if len(shaded) < len(windows):
        meaning.append(Patch(color="none", label="evidence was taken from nearly all steps"))
    meaning += [Patch(color=SPELL, label="also seen")] if spells else []
    if meaning:
        figure.legend(handles=meaning, loc="lower left", bbox_to_anchor=(LEFT - 0.01, 0.0), ncols=3, fontsize=8.5)


def _name_spell(axes: Axes, spell: Spell, height: float) -> None:
    """Draw a bar over the steps of a spell, at a height from 0 to 1 of the panel, and its name below the bar."""
    first, last = axes.get_xlim()
    right = (spell.first + spell.last) / 2 > (first + last) / 2
    axes.plot(
        [max(first, spell.first), min(last, spell.last)],
        [height, height],
        color=SPELL,
        linewidth=2.5,
        transform=axes.get_xaxis_transform(),
        solid_capstyle="butt",
        zorder=2.8,
    )
    axes.annotate(
        drawable(spell.name),
        (spell.last if right else spell.first, height - 0.015),
        xytext=(-2 if right else 2, 0),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        size=8,
        color="#1F6F9C",
        bbox=GROUND,
        parse_math=False,
    )


def _mark_onset(panels: Sequence[Axes], onset: int, place: str) -> None:
    """Draw the onset through all panels, and name it in the last one, if no spell is named there."""
    for axes in panels:
        axes.axvline(onset, color=ALARM, linewidth=1.6, zorder=3)
    axes = panels[-1]
    first, last = axes.get_xlim()
    left = onset > (first + last) / 2
    axes.annotate(
        f"since {place}",
        (onset, 0.9),
        xytext=(-5 if left else 5, 0),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center",
        color=ALARM,
        weight="bold",
        bbox=GROUND,
    )


@dataclass(frozen=True)
class _Classes:
    """Shares of good samples by class, (classes, snapshots), NaN if no sample was good; and those of the reals."""

    steps: list[int]
    names: list[str]
    shares: NDArray[np.float64]
    real: NDArray[np.float64]
    passing: NDArray[np.float64]

    @property
    def scarce(self) -> NDArray[np.bool_]:
        """Which classes the last snapshot has under a tenth of their real share of, (classes,)."""
        return np.asarray(self.shares[:, -1] < self.real / 10)


def _classes(snapshots: Sequence[Mapping[str, Any]]) -> _Classes | None:
    """Collect the rows that count classes as the last one does; None without any.

    Classes that the real data do not have and that no sample was taken for are left out.
    """
    rows = [row for row in snapshots if row.get("class_counts") and row.get("good") is not None]
    if not rows:
        return None
    width = len(rows[-1]["class_counts"])
    rows = [row for row in rows if len(row["class_counts"]) == width]
    counts = np.array([row["class_counts"] for row in rows], dtype=float).T
    total = counts.sum(axis=0)
    last = rows[-1]
    names = last.get("classes") or range(width)
    real = np.array(last.get("class_shares_real") or [np.nan] * width, dtype=float)
    shown = (real != 0) | counts.any(axis=1)
    shares = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    return _Classes(
        steps=[row["step"] for row in rows],
        names=[drawable(str(name)) for name, is_shown in zip(names, shown, strict=True) if is_shown],
        shares=shares[shown],
        real=real[shown],
        passing=np.array([row["good"] for row in rows], dtype=float),
    )


@matplotlib.rc_context(STYLE)
def classes_over_time(snapshots: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Draw which classes the good samples belong to, snapshot by snapshot, next to the shares of the reals.

    Above: the share of samples that are good, so what of each column counts at all. Below: a heat map, a row a class;
    a class that the generator lost is a pale row next to a dark cell under "real". Columns without one good sample are
    hatched.

    Args:
        snapshots: rows with `step`, `class_counts` (good samples by class), `class_shares_real`, `classes` and `good`;
            rows without counts are left out.

    Returns:
        The figure, or None if no row counts classes.
    """
    classes = _classes(snapshots)
    if classes is None:
        return None
    rows, columns = classes.shares.shape
    body = min(6.0, max(2.2, 0.27 * rows))
    figure = headed("What the generator makes, by class", _loss_in_words(classes), 0.8 + 0.35 + body + 0.65)
    height, left, width = figure.get_figheight(), 0.115, 0.79
    foot = 0.65 / height
    share = figure.add_axes((left, foot + (body + 0.35) / height, width, 0.8 / height))
    cells = figure.add_axes((left, foot, width, body / height))
    reals = figure.add_axes((left + width + 0.012, foot, 0.05, body / height))
    _passing_share(share, classes.passing)
    _heat_map(cells, reals, classes)
    every = -(-columns // CELLS)
    cells.set_xticks(range(0, columns, every), [f"{step:,}" for step in classes.steps[::every]])
    cells.set_xlabel("step")
    return figure


def _loss_in_words(classes: _Classes) -> str:
    """Say which classes the last snapshot has less than a tenth of."""
    if np.isnan(classes.shares[:, -1]).all():
        return f"Step {classes.steps[-1]:,}: not one sample is good, so none counts towards a class."
    few = [name for name, is_scarce in zip(classes.names, classes.scarce, strict=True) if is_scarce]
    listed = ", ".join(few[:12]) + (f" and {len(few) - 12} more" if len(few) > 12 else "")
    what = f"under a tenth of the real share: {listed}" if few else "every class has at least a tenth of its real share"
    return f"Step {classes.steps[-1]:,}: among the good samples, {what}."


def _passing_share(axes: Axes, passing: NDArray[np.float64]) -> None:
    """Draw the share of samples that are good as bars, the rest pale above."""
    at = np.arange(len(passing))
    axes.bar(at, 100.0, width=1.0, color="#ECECEC", edgecolor="white", linewidth=0.5)
    axes.bar(at, 100 * passing, width=1.0, color=GOOD_COLOUR, edgecolor="white", linewidth=0.5)
    axes.set_title("good samples, % (grey: no real sample looks like them)")
    axes.set_xlim(-0.5, len(passing) - 0.5)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.set_xticks([])
    axes.grid(False)


def _heat_map(cells: Axes, reals: Axes, classes: _Classes) -> None:
    """Draw shares of good samples by class and snapshot, and those of reals on the same scale."""
    rows = len(classes.names)
    known = np.concatenate([classes.shares.ravel(), classes.real])
    top = float(np.nanmax(known)) if np.isfinite(known).any() else 1.0
    # A class with a few samples must look different from one with none, so the scale is of the root of the share.
    for axes, shares in ((cells, classes.shares), (reals, classes.real[:, None])):
        axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=np.sqrt(top), aspect="auto", interpolation="nearest")
        axes.grid(False)
        axes.tick_params(length=0)
        if rows <= MOST_NAMES and shares.shape[1] <= CELLS:
            _percentages(axes, shares, top, classes.real)
    for column in np.flatnonzero(np.isnan(classes.shares).all(axis=0)):
        cells.axvspan(column - 0.5, column + 0.5, facecolor="#F4F4F4", edgecolor="#BBBBBB", hatch="///", linewidth=0)
    cells.set_title("share of the good samples by class, %")
    if rows > MOST_NAMES:
        cells.set_yticks([])
        cells.set_ylabel(f"{rows:,} classes")
    else:
        cells.set_yticks(range(rows), [name[:12] for name in classes.names])
        for label, is_scarce in zip(cells.get_yticklabels(), classes.scarce, strict=True):
            label.set(color=ALARM if is_scarce else INK, parse_math=False)
    reals.set_yticks([])
    reals.set_xticks([0], ["real"])


def _percentages(axes: Axes, shares: NDArray[np.float64], top: float, real: NDArray[np.float64]) -> None:
    """Write each share into its cell, light on dark; 0 is red if the real data have the class."""
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            text = f"{100 * share:.0f}" if share >= 0.01 or share == 0 else "<1"
            colour = "white" if share > 0.45 * top else (ALARM if share == 0 != real[row] else INK)
            axes.text(column, row, text, ha="center", va="center", size=7.5, color=colour)


def sample_sheet(images: NDArray[np.uint8], groups: Sequence[Sequence[int]], title: str) -> Pixels:
    """Lay out samples ten in a row; near-duplicates stand first and side by side, underlined in one colour a group.

    Args:
        images: uint8 (N, H, W) or (N, H, W, 1 or 3), 1 <= N <= 100.
        groups: indices of images that are near-duplicates of each other, no index twice.
        title: what the samples are; how many are near-duplicates is added.

    Returns:
        uint8 (H', W', 3).
    """
    grouped = [(index, rank) for rank, group in enumerate(groups) for index in group]
    alone = sorted(set(range(len(images))) - {index for index, _ in grouped})
    images = images[..., None] if images.ndim == 3 else images
    pictures = np.broadcast_to(images, (*images.shape[:3], 3))
    _, height, width, _ = pictures.shape
    factor = max(1, round(COMFORTABLE_WIDTH / (10 * width)))
    gap = LINE + 4
    cell_width, cell_height = width * factor + gap, height * factor + 2 * gap
    lines = [title, *_duplicates_in_words(len(images), [len(group) for group in groups])]
    head = 12 + 19 * len(lines)
    canvas = np.full((head + -(-len(images) // 10) * cell_height, 10 * cell_width + gap, 3), 255, np.uint8)
    for place, (index, rank) in enumerate([*grouped, *((index, None) for index in alone)]):
        top, left = head + place // 10 * cell_height, gap + place % 10 * cell_width
        canvas[top - 1 : top + height * factor + 1, left - 1 : left + width * factor + 1] = GAP_COLOUR
        tile = pictures[index].repeat(factor, axis=0).repeat(factor, axis=1)
        canvas[top : top + height * factor, left : left + width * factor] = tile
        if rank is not None:
            under = top + height * factor + 3
            canvas[under : under + LINE, left : left + width * factor] = group_colour(rank)
    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        font = ImageFont.load_default(15 if number == 0 else 13)
        draw.text((gap, 8 + 19 * number), drawable(line), fill=(43, 43, 43), font=font)
    return np.asarray(picture)


def _duplicates_in_words(count: int, sizes: Sequence[int]) -> list[str]:
    """Say how many samples are near-duplicates of another."""
    if not sizes:
        return [f"none of {count} is a near-duplicate of another"]
    alike = sum(sizes)
    kinds = "one group" if len(sizes) == 1 else f"{len(sizes)} groups"
    return [
        f"{alike} of {count} ({100 * alike / count:.0f} %) are near-duplicates of another, in {kinds}; "
        f"the largest has {max(sizes)}",
        "same colour below: each nearly the same as another of its group",
    ]


def group_colour(rank: int) -> tuple[int, int, int]:
    """Return a colour for the group of a rank: eight that are distinct to every kind of colour vision, then any hue."""
    okabe_ito = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
    if rank < len(okabe_ito):
        code = okabe_ito[rank]
        return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)
    # Steps of the golden angle keep neighbours apart.
    red, green, blue = colorsys.hsv_to_rgb(rank * 0.618034 % 1.0, 0.75, 0.5 + 0.35 * (rank % 2))
    return round(255 * red), round(255 * green), round(255 * blue)


@matplotlib.rc_context(STYLE)
def mode_sheet(picture: Pixels, snapshots: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Draw 2-D samples next to how many of them reached each mode.

    Args:
        picture: uint8 (H, W, 3), generated points over real ones.
        snapshots: rows as in `classes_over_time`, a class a mode; the last one that counts is drawn, none is allowed.
        title: what the samples are.
    """
    classes = _classes(snapshots)
    summary = "Grey: real samples; blue: generated ones."
    if classes is not None:
        reached = int((classes.shares[:, -1] > 0).sum())
        summary += f" Step {classes.steps[-1]:,}: good samples in {reached} of {len(classes.names)} modes"
        summary += f"; {100 * classes.passing[-1]:.0f} % of the samples are good."
    figure = headed(title, summary, 4.1)
    height = figure.get_figheight()
    axes = figure.add_axes((0.03, 0.1 / height, 0.46, 3.8 / height))
    axes.imshow(picture)
    axes.set_axis_off()
    if classes is not None:
        _mode_bars(figure.add_axes((0.60, 0.4 / height, 0.375, 3.5 / height)), classes)
    return figure


def _mode_bars(axes: Axes, classes: _Classes) -> None:
    """Draw the share of the last snapshot's samples that are good, by mode, and what reals have as a tick."""
    at = np.arange(len(classes.names))
    # Of all samples, not of the good ones: one that is good by chance among a hundred must not look like a mode.
    shares = classes.shares[:, -1] * classes.passing[-1]
    axes.barh(at, 100 * np.nan_to_num(shares), color=GOOD_COLOUR, height=0.75, label="good")
    axes.plot(100 * classes.real, at, linestyle="none", marker="|", markersize=9, color=INK, label="real")
    axes.invert_yaxis()
    shown = at if len(at) <= MOST_NAMES else at[:: -(-len(at) // MOST_NAMES)]
    axes.set_yticks(shown, [classes.names[i][:14] for i in shown], size=7.5 if len(shown) <= 12 else 6)
    axes.set_title("share of all samples, %")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2, fontsize=8)
