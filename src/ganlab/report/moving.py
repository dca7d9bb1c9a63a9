"""Pictures that change with the step, as a page shows them under its slider."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ganlab.config.data import MnistOptions
from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.places import at
from ganlab.errors import RunError
from ganlab.plots.grids import Pixels
from ganlab.plots.landscape import read_landscape
from ganlab.report.frames import Frame, encoded, grid
from ganlab.report.grids import read_picture
from ganlab.runs.directory import RunDirectory
from ganlab.runs.snapshots import Row

Read = TypeVar("Read")

SIDES = (640, 448, 320, 224)
"""Pixels of a picture's longer side: the largest with which all of them fit."""

GALLERIES = {
    "conditional": "A row a class, the same latents in each.",
    "infogan": "Each row varies one code and holds the rest: four rows the category, then three each continuous code.",
    "cycle": "Rows in threes: originals, their translations, and these translated back.",
    "super_resolution": "Rows in fours: what is given, bicubic interpolation, what the generator makes, the original.",
    "paired": "Rows in threes: what is given, what the generator makes of it, and the truth.",
}
"""What a game's own picture shows."""

PAIRS = 10
"""Samples that are shown beside the training image nearest to each."""


@dataclass(frozen=True)
class Moving:
    """A picture that changes with the step.

    Attributes:
        title: what it shows.
        legend: how to read it, a sentence.
        addresses: `data:` address by step.
        alts: what is seen, by step.
        size: width and height of the last one in pixels.
    """

    title: str
    legend: str
    addresses: Mapping[int, str]
    alts: Mapping[int, str]
    size: tuple[int, int]


def samples(frames: Sequence[Frame], evidence: Evidence) -> Moving:
    """Return the samples of frames, at least one."""
    rows = {row.step: row for row in evidence.snapshots}
    last = frames[-1]
    ours = evidence.experiment is not None
    legend = "Samples from the same latents at each step." if ours else "Samples of this step."
    if not last.count and ours and last.path.suffix == ".npz":
        legend = "Generated points in blue, over real ones in grey."
    return Moving(
        "Samples",
        legend,
        {frame.step: frame.picture.address for frame in frames},
        {frame.step: _alt(frame, rows.get(frame.step), evidence.unit) for frame in frames},
        (last.picture.width, last.picture.height),
    )


def _alt(frame: Frame, row: Row | None, unit: str) -> str:
    """Say what a picture of samples shows, as far as the numbers tell."""
    what = f"{frame.count} samples" if frame.count else "Generated samples"
    said = []
    if row is not None:
        if (good := row.number("good")) is not None:
            said.append(f"{100 * good:.0f} % of them look like real ones")
        if (alike := row.number("near_duplicates")) is not None:
            said.append(f"{100 * alike:.0f} % have a near-duplicate among the others")
        shares = row.get("class_shares_real")
        if (classes := row.number("classes_seen")) is not None and isinstance(shares, list):
            said.append(f"{classes:.0f} of {sum(bool(each) for each in shares)} classes are there")
    return f"{what} at {at(frame.step, unit)}{': ' if said else ''}{', '.join(said)}."


def gallery(
    run: RunDirectory, game: str, steps: Sequence[int], unit: str, budget: int, gaps: list[str]
) -> Moving | None:
    """Return the picture that shows what a game is about; None if it has none. What is damaged is named in `gaps`."""
    pictures = _readable(run.galleries(), steps, read_picture, gaps)
    if not pictures:
        return None
    legend = GALLERIES.get(game, "What this game is about.")
    alts = {step: f"{legend[:-1]}, at {at(step, unit)}." for step in pictures}
    return moving("The game's own picture", legend, pictures, alts, budget)


def landscape(
    run: RunDirectory, steps: Sequence[int], rows: Sequence[Row], budget: int, gaps: list[str]
) -> Moving | None:
    """Return the game as it is played on points: scores over the plane, pushes, points; None if that is not kept.

    What is damaged is named in `gaps`.
    """
    kept = _readable(run.landscapes(), steps, read_landscape, gaps)
    if not kept:
        return None
    by_step = {row.step: row for row in rows}
    drawn = {step: each.picture() for step, each in kept.items()}
    alts = {step: each.alt(by_step.get(step)) for step, each in kept.items()}
    return moving("The game", kept[max(kept)].legend, drawn, alts, budget)


def _readable(
    files: Sequence[tuple[int, Path]], steps: Sequence[int], read: Callable[[Path], Read], gaps: list[str]
) -> dict[int, Read]:
    """Return what files of some steps hold; those that are damaged are left out, and named in `gaps`."""
    found = {}
    for step, path in files:
        if step in steps:
            try:
                found[step] = read(path)
            except RunError as error:
                gaps.append(error.message)
    return found


def moving(
    title: str,
    legend: str,
    pixels: Mapping[int, Pixels],
    alts: Mapping[int, str],
    budget: int,
) -> Moving:
    """Encode pictures by step, as large as all of them fit into so many bytes."""
    for side in SIDES:
        pictures = {step: encoded(each, largest=side) for step, each in pixels.items()}
        if sum(len(each.content) for each in pictures.values()) <= budget:
            break
    last = pictures[max(pictures)]
    return Moving(
        title,
        legend,
        {step: each.address for step, each in pictures.items()},
        alts,
        (last.width, last.height),
    )


def copies(images: Pixels, experiment: Experiment) -> Moving | None:
    """Return the samples nearest to training images, each above that image; None if the data are not embedded.

    Args:
        images: the last samples, uint8 (N, H, W, 1 or 3).
        experiment: what was trained. Only embedded data are looked at: a page must cost no download.
    """
    if not isinstance(experiment.data, MnistOptions):
        return None
    from ganlab.diagnosis.verdict_files import nearest_training

    pairs = nearest_training(images, experiment.data, PAIRS)
    if pairs is None:
        return None
    picture = encoded(grid(pairs))
    legend = "Above: the samples that are nearest to a training image. Below each: that image."
    return Moving("Copies", legend, {0: picture.address}, {0: legend}, (picture.width, picture.height))
