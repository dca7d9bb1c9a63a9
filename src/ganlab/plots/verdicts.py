"""Why a verdict is true, in three pictures: curves with the onset marked, classes over time, and a sheet of samples."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganlab.plots.figures import (
    ALARM,
    DPI,
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
from ganlab.plots.lettering import width_of, wrapped
from ganlab.text import drawable

EVIDENCE = "#F0E442"
SPELL = "#56B4E9"
GOOD_COLOUR = "#009E73"

WIDTH_IN, PANEL_IN, FOOT_IN, BETWEEN_IN = 8.2, 1.75, 0.75, 0.55
"""Inches: the figure's width, a panel's height, and the room below and between panels."""
LEFT_IN, RIGHT_IN = LEFT * WIDTH_IN, RIGHT * WIDTH_IN
"""Inches from the figure's left: where panels begin and end."""
ROW_IN, UNDER_ROWS_IN = 0.2, 0.38
"""Inches: a row of the strip above the panels, and the room below the strip."""
SAMPLES_IN = 2.5
"""Inches: width of the samples on the right of the panels, with the room before them."""

EVERYTHING = 0.9
"""Share of the steps from which a window of evidence counts as all of them."""

CELLS = 14
"""Most snapshots whose percentages are written into the cells of the heat map."""
MOST_NAMES = 40
"""Most classes that are named next to the heat map."""
NAMES_IN, NAME_SIZE, NAME_LINES = 2.6, 9.0, 3
"""Inches that class names take at most before they are broken into lines, their size in points, and their lines."""
MOST_BARS = 25
"""Most modes that are named next to their bars."""
OTHERS = "not in the data"
"""Name of the row of good samples whose class the real data do not have."""

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
    samples: tuple[str, Pixels] | None = None,
) -> Figure:
    """Draw the curves that a verdict rests on, above each other over the same steps.

    A strip above them says what was seen when: the verdict from its onset on, and the spells of other failures, a row
    a failure. The onset is a line through all panels, and the windows of the evidence are shaded yellow. Spikes that
    would squash the rest are left out and named; a curve that explodes gets an axis that is logarithmic beyond its
    usual values; the first step that is not finite is marked.

    Args:
        title: the verdict in words.
        summary: a sentence below it; wrapped to four lines at most.
        panels: the losses first; none give a figure that says so.
        onset: first step of the failure.
        windows: first and last step of each piece of evidence; those that overlap become one.
        spells: other failures, in the order they are to be named.
        colour: of the title, and of the verdict's row in the strip.
        unit: what a step is: `step`, `epoch`, `image` or `row`.
        since: what the onset is called, if not by its unit and number.
        samples: what they are, and some of them as a picture, uint8 (H, W, 3), drawn on the right of the panels.
    """
    panels = [panel for panel in panels if panel.curves] or [Panel("", ())]
    rows = _rows(spells, onset, since or f"{unit} {onset:,}" if onset is not None else "", colour)
    end = max((float(curve.steps[-1]) for panel in panels for curve in panel.curves), default=0.0)
    strip = len(rows) * ROW_IN + UNDER_ROWS_IN if rows else 0.0
    body = strip + len(panels) * PANEL_IN + (len(panels) - 1) * BETWEEN_IN + FOOT_IN
    figure = headed(title, summary, body, colour, WIDTH_IN + (SAMPLES_IN if samples is not None else 0.0))
    drawn = []
    for row, panel in enumerate(panels):
        axes = _placed(figure, body - strip - row * (PANEL_IN + BETWEEN_IN), PANEL_IN)
        axes.set_title(panel.label)
        axes.tick_params(length=3)
        if draw_panel(axes, panel):
            drawn.append(axes)
    if drawn:
        same_steps(drawn, unit)
        _shade(figure, drawn, merged(windows))
        if rows:
            _draw_rows(_placed(figure, body, len(rows) * ROW_IN), rows, drawn[0].get_xlim(), end)
        if onset is not None:
            for axes in drawn:
                axes.axvline(onset, color=ALARM, linewidth=1.6, zorder=3)
    if samples is not None:
        _few_samples(figure, body, *samples)
    return figure


def headed(title: str, summary: str, body: float, colour: str = INK, width: float = WIDTH_IN) -> Figure:
    """Make a figure of so many inches, with a title and a summary of up to four lines above a body of so many."""
    lines = wrapped(summary, width - LEFT_IN - (WIDTH_IN - RIGHT_IN), 8.5, 4)
    height = body + 0.66 + 0.15 * len(lines)
    figure = Figure(figsize=(width, height), dpi=DPI)
    left = LEFT_IN / width
    figure.text(left, 1 - 0.28 / height, drawable(title), size=12, weight="bold", color=colour, parse_math=False)
    figure.text(left, 1 - 0.36 / height, "\n".join(lines), size=8.5, va="top", parse_math=False)
    return figure


def _placed(figure: Figure, top: float, tall: float) -> Axes:
    """Add axes as wide as panels are, from so many inches above the figure's foot down, and so many high."""
    width, height = figure.get_size_inches()
    return figure.add_axes((LEFT_IN / width, (top - tall) / height, (RIGHT_IN - LEFT_IN) / width, tall / height))


def draw_panel(axes: Axes, panel: Panel) -> bool:
    """Draw one panel; return False if it has nothing to show."""
    curves = logarithmic(axes, panel.curves) if panel.log and panel.curves else panel.curves
    if not drawn(axes, curves, "no curves were recorded", bands=panel.shares):
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


def _shade(figure: Figure, panels: Sequence[Axes], windows: Sequence[tuple[int, int]]) -> None:
    """Shade the windows of the evidence, and say below the panels what the shade means."""
    first, last = panels[0].get_xlim()
    # A window of one step is drawn as wide as can be seen; one that covers everything is stated, not drawn.
    least = 0.004 * (last - first)
    shaded = [window for window in windows if window[1] - window[0] < EVERYTHING * (last - first)]
    for axes in panels:
        for start, end in shaded:
            axes.axvspan(start - least, end + least, color=EVIDENCE, alpha=0.28, linewidth=0, zorder=0.5)
    meaning = [Patch(color=EVIDENCE, alpha=0.4, label="steps that the evidence was taken from")] if shaded else []
    if len(shaded) < len(windows):
        meaning.append(Patch(color="none", label="evidence was taken from nearly all steps"))
    if meaning:
        left = LEFT_IN / figure.get_figwidth() - 0.01
        figure.legend(handles=meaning, loc="lower left", bbox_to_anchor=(left, 0.0), ncols=2, fontsize=8.5)


@dataclass(frozen=True)
class _Row:
    """A row of the strip: its name, the first and last step of each bar, None for the end, and how it looks."""

    name: str
    bars: Sequence[tuple[int, int | None]]
    colour: str
    weight: str = "normal"


def _rows(spells: Sequence[Spell], onset: int | None, since: str, colour: str) -> list[_Row]:
    """Return the verdict's row, if it has an onset, and one for each other failure, with all of its spells."""
    found: dict[str, list[tuple[int, int | None]]] = {}
    for spell in spells:
        found.setdefault(drawable(spell.name), []).append((spell.first, spell.last))
    own = [] if onset is None else [_Row(drawable(f"since {since}"), [(onset, None)], colour, "bold")]
    return own + [_Row(name, bars, SPELL) for name, bars in found.items()]


def _draw_rows(axes: Axes, rows: Sequence[_Row], steps: tuple[float, float], run_end: float) -> None:
    """Draw the bars of each row over the same steps as the panels, and its name from its first bar on."""
    first, last = steps
    axes.set(xlim=steps, ylim=(len(rows), 0), xticks=[], yticks=[])
    own = sum(row.weight == "bold" for row in rows)
    axes.set_title("" if own == len(rows) else "the verdict, and what else was seen" if own else "what else was seen")
    axes.spines[:].set_visible(False)
    axes.grid(False)
    inch = (last - first) / (RIGHT_IN - LEFT_IN)
    for number, row in enumerate(rows):
        for start, end in row.bars:
            left, right = max(first, start), run_end if end is None else min(last, end)
            bar = Rectangle((left, number + 0.08), max(right - left, 0.03 * inch), 0.84)
            bar.set(facecolor=row.colour, alpha=0.3, linewidth=0)
            axes.add_patch(bar)
        # From the bar on if it fits so, else up to the right edge: a row is its own, so nothing is written over.
        room = last - (width_of(row.name, 8, row.weight) + 0.04) * inch
        at = min(max(first, row.bars[0][0]) + 0.04 * inch, room)
        ink = row.colour if row.weight == "bold" else INK
        axes.text(at, number + 0.5, row.name, size=8, va="center", weight=row.weight, color=ink, parse_math=False)


def _few_samples(figure: Figure, body: float, title: str, picture: Pixels) -> None:
    """Draw a picture of samples on the right, its top at that of the body, as large as fits."""
    width, height = figure.get_size_inches()
    wide = SAMPLES_IN - 0.25
    tall = wide * picture.shape[0] / picture.shape[1]
    if tall > body - FOOT_IN:
        wide, tall = wide * (body - FOOT_IN) / tall, body - FOOT_IN
    axes = figure.add_axes(((RIGHT_IN + 0.25) / width, (body - tall) / height, wide / width, tall / height))
    axes.imshow(picture, aspect="auto")
    axes.set_title(drawable(title), parse_math=False)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set(visible=True, color="#DDDDDD")


@dataclass(frozen=True)
class ClassShares:
    """Shares of good samples by class, (classes, snapshots), NaN if no sample was good; and those of the reals.

    The classes are those that the real data have; samples of all others, if there are any, are one row more, the last.
    """

    steps: list[int]
    names: list[str]
    shares: NDArray[np.float64]
    real: NDArray[np.float64]
    passing: NDArray[np.float64]

    @property
    def scarce(self) -> NDArray[np.bool_]:
        """Which classes the last snapshot has under a tenth of their real share of, (classes,)."""
        return np.asarray(self.shares[:, -1] < self.real / 10)

    @property
    def reached(self) -> tuple[int, int]:
        """How many classes of the data the last snapshot has good samples of, and of how many."""
        own = self.real != 0
        return int((self.shares[own, -1] > 0).sum()), int(own.sum())


def class_shares(snapshots: Sequence[Mapping[str, Any]]) -> ClassShares | None:
    """Collect the rows that count classes as the last one does; None without any."""
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
    own = real != 0  # NaN, if the shares are not known, counts as there
    counts = np.vstack([counts[own], counts[~own].sum(axis=0)])
    labels = [*(drawable(str(name)) for name, is_own in zip(names, own, strict=True) if is_own), OTHERS]
    shown = np.array([True] * int(own.sum()) + [bool(counts[-1].any())])
    shares = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    return ClassShares(
        steps=[row["step"] for row in rows],
        names=labels[: int(shown.sum())],
        shares=shares[shown],
        real=np.append(real[own], 0.0)[shown],
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
    classes = class_shares(snapshots)
    if classes is None:
        return None
    rows, columns = classes.shares.shape
    labels = [wrapped(name, NAMES_IN, NAME_SIZE, NAME_LINES) for name in classes.names] if rows <= MOST_NAMES else []
    margin = max((width_of(line, NAME_SIZE) for lines in labels for line in lines), default=0.0) + 0.2
    row_in = max(0.27, 0.16 * max(map(len, labels), default=1) + 0.05)
    body = max(0.8, row_in * rows) if labels else 6.0
    figure = headed("What the generator makes, by class", _loss_in_words(classes), 0.8 + 0.35 + body + 0.65)
    height, left = figure.get_figheight(), max(LEFT_IN, margin) / WIDTH_IN
    width = RIGHT - left - 0.062
    foot = 0.65 / height
    share = figure.add_axes((left, foot + (body + 0.35) / height, width, 0.8 / height))
    cells = figure.add_axes((left, foot, width, body / height))
    reals = figure.add_axes((left + width + 0.012, foot, 0.05, body / height))
    _passing_share(share, classes.passing)
    _heat_map(cells, reals, classes, ["\n".join(lines) for lines in labels])
    every = -(-columns // CELLS)
    cells.set_xticks(range(0, columns, every), [f"{step:,}" for step in classes.steps[::every]])
    cells.set_xlabel("step")
    return figure


def _loss_in_words(classes: ClassShares) -> str:
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


def _heat_map(cells: Axes, reals: Axes, classes: ClassShares, labels: Sequence[str]) -> None:
    """Draw shares of good samples by class and snapshot, and those of reals on the same scale; no labels, no names."""
    rows = len(classes.names)
    known = np.concatenate([classes.shares.ravel(), classes.real])
    top = float(np.nanmax(known)) if np.isfinite(known).any() else 1.0
    # A class with a few samples must look different from one with none, so the scale is of the root of the share.
    for axes, shares in ((cells, classes.shares), (reals, classes.real[:, None])):
        axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=np.sqrt(top), aspect="auto", interpolation="nearest")
        axes.grid(False)
        axes.tick_params(length=0)
        if labels and shares.shape[1] <= CELLS:
            _percentages(axes, shares, top, classes.real)
    for column in np.flatnonzero(np.isnan(classes.shares).all(axis=0)):
        cells.axvspan(column - 0.5, column + 0.5, facecolor="#F4F4F4", edgecolor="#BBBBBB", hatch="///", linewidth=0)
    cells.set_title("share of the good samples by class, %")
    if labels:
        cells.set_yticks(range(rows), labels, size=NAME_SIZE)
        for label, is_scarce in zip(cells.get_yticklabels(), classes.scarce, strict=True):
            label.set(color=ALARM if is_scarce else INK, parse_math=False)
    else:
        cells.set_yticks([])
        cells.set_ylabel(f"{rows:,} classes")
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
    classes = class_shares(snapshots)
    summary = "Grey: real samples; blue: generated ones."
    if classes is not None:
        summary += " Step {:,}: good samples in {} of {} modes".format(classes.steps[-1], *classes.reached)
        summary += f"; {100 * classes.passing[-1]:.0f} % of the samples are good."
    figure = headed(title, summary, 4.1)
    height = figure.get_figheight()
    axes = figure.add_axes((LEFT - 0.045, 0.1 / height, 0.47, 3.9 / height), anchor="NW")
    axes.imshow(picture)
    axes.set_axis_off()
    if classes is not None:
        _mode_bars(figure.add_axes((0.60, 0.4 / height, 0.375, 3.45 / height)), classes)
    return figure


def _mode_bars(axes: Axes, classes: ClassShares) -> None:
    """Draw the share of the last snapshot's samples that are good, by mode, and what reals have as a tick."""
    at = np.arange(len(classes.names))
    # Of all samples, not of the good ones: one that is good by chance among a hundred must not look like a mode.
    shares = classes.shares[:, -1] * classes.passing[-1]
    axes.barh(at, 100 * np.nan_to_num(shares), color=GOOD_COLOUR, height=0.75, label="good")
    axes.plot(100 * classes.real, at, linestyle="none", marker="|", markersize=9, color=INK, label="real")
    axes.invert_yaxis()
    shown = at[:: -(-len(at) // MOST_BARS)]
    labels = ["\n".join(wrapped(classes.names[i], 1.1, 7.5, 2)) for i in shown]
    axes.set_yticks(shown, labels, size=7.5, parse_math=False)
    axes.set_title("share of all samples, %")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderaxespad=0.2, fontsize=8)
