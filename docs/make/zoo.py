"""The figures and pictures of docs/zoo.md, from a sweep over the named GANs.

    ganlab sweep zoo
    python -m docs.make.zoo FOLDER    docs/zoo/figures.json, docs/images/zoo/*.png, and the tables in docs/zoo.md
    python -m docs.make.zoo           the tables in docs/zoo.md alone, from figures.json

FOLDER is the sweep's folder. For each run it measures FID and the game's own figures, as `ganlab evaluate` prints them,
and the verdict. A run in figures.json is not measured again unless it was trained again. Figures are medians
over the seeds, followed by the value of every seed.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from ganlab.config.data import DataOptions
from ganlab.data import RealData, load, to_float
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.fid import Moments, frechet_distance, moments
from ganlab.plots.grids import save_png, side_by_side
from ganlab.runs.files import atomic_write, read_json
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.records import RunRecord, read_records
from ganlab.training.evaluating import own_metrics
from ganlab.training.trained import find_checkpoint, game_of, generate, sample_inputs

DOCS = Path(__file__).parents[1]
PAGE, FIGURES, PICTURES = DOCS / "zoo.md", DOCS / "zoo" / "figures.json", DOCS / "images" / "zoo"

HEADLINES = (
    "agreement", "info_bound", "psnr", "psnr_bicubic", "ssim", "ssim_bicubic", "cycle_error", "pair_error",
    "pair_error_input", "angle_error", "fid", "good",
)  # fmt: skip
"""Figures that come first in a table."""

CLAIMS: dict[str, tuple[str, str]] = {
    "conditional_mnist": ("samples are of the class asked for; aim .95", "agreement"),
    "acgan_mnist": ("the same with a discriminator that names the class (Odena et al. 2017); aim .95", "agreement"),
    "infogan_mnist": ("categories match digits at 5 % error (Chen et al. 2016, 7.2); aim .8", "agreement"),
    "progressive_mnist": ("grows to full size without coming apart (Karras et al. 2018)", "fid"),
    "sagan_mnist": ("attention lowers FID (Zhang et al. 2018, table 1): with it", "fid"),
    "sagan_plain_mnist": ("without it", "fid"),
    "cyclegan_mnist": ("translations keep what they show (Zhu et al. 2017); aim .9", "agreement"),
    "superresolution_mnist": ("better than bicubic (Ledig et al. 2017, table 2): PSNR in dB", "psnr"),
    "paired_mnist": ("near the known truth (Isola et al. 2017): mean error, of 2 from black to white", "pair_error"),
}
"""For each named GAN: the claim, and the figure that shows whether it holds here."""

GUIDELINES = ("dcgan_sigmoid", "dcgan_norm_everywhere", "dcgan_dense", "dcgan_max_pooling")
"""Configurations that each break one of DCGAN's guidelines."""

OVERVIEW = {
    "conditional_mnist": "conditional: a class a row",
    "infogan_mnist": "InfoGAN: a category a column",
    "cyclegan_mnist": "CycleGAN: edges, digits, edges",
    "superresolution_mnist": "7 px, bicubic, made, true",
}
"""Configurations in the README's picture, with their captions."""

Row = dict[str, Any]


@cache
def seen_reals(options: DataOptions, count: int) -> tuple[RealData, Features, Moments]:
    """Return data, their features, and the moments of the features of `count` held-out images."""
    data = load(options, 1)
    features = features_for(options, data)
    return data, features, moments(features.see(to_float(data.held_out.values[:count])).features)


def measured(record: RunRecord, count: int) -> Row:
    """Measure a finished run: figures of the live and averaged generator, and the verdict."""
    row: Row = {
        "seed": record.planned.seed,
        "ended": ended_at(record),
        "state": record.state,
        "verdict": record.failure_name,
        "confidence": record.verdict.confidence if record.verdict else None,
        "expected": record.as_expected,
    }
    if record.state != "finished":
        return row
    for name, live in (("live", True), ("ema", False)):
        game = game_of(record.run, find_checkpoint(record.run, "newest"), live, judged=True)
        data, features, reals = seen_reals(game.experiment.data, count)
        drawn = sample_inputs(game, count, 0)
        samples = generate(game, drawn.inputs)
        seen = features.see(samples)
        figures = {
            "fid": frechet_distance(seen.features, reals),
            "good": float(seen.passing.double().mean()),
        }
        own = own_metrics(game, drawn, samples, features, data)
        row[name] = figures | {key: metric["value"] for key, metric in own.items()}
    return row


def ended_at(record: RunRecord) -> str | None:
    """Return when a run ended, from run.json: if the time differs, the run was trained again."""
    return record.status.ended if record.status else None


def all_measured(folder: SweepFolder, count: int) -> dict[str, list[Row]]:
    """Return the rows of every configuration, after measuring new runs; figures.json is written after each run."""
    found: dict[str, list[Row]] = read_json(FIGURES)["runs"] if FIGURES.is_file() else {}
    for record in read_records(folder.plan(), folder):
        if not record.ended:
            continue
        rows = found.setdefault(record.planned.config, [])
        if any(row["ended"] == ended_at(record) for row in rows):
            continue
        rows[:] = [row for row in rows if row["seed"] != record.planned.seed]
        row = measured(record, count)
        rows.append(row)
        rows.sort(key=lambda row: row["seed"])
        print(record.planned.id, row["verdict"], row.get("ema"), flush=True)
        write(found, count)
    return found


def write(found: dict[str, list[Row]], count: int) -> None:
    """Write figures.json."""
    FIGURES.parent.mkdir(exist_ok=True)
    text = json.dumps({"samples": count, "runs": found}, indent=1, sort_keys=True)
    atomic_write(FIGURES, f"{text}\n".encode())


def table(name: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines about one configuration: its figures and verdicts."""
    yield f"`ganlab train {name}`, seeds {', '.join(str(row['seed']) for row in rows)}:\n"
    yield "| figure | averaged generator | live |"
    yield "| --- | --- | --- |"
    names = dict.fromkeys(key for row in rows for key in row.get("ema", {}))
    for figure in sorted(names, key=lambda key: (HEADLINES.index(key) if key in HEADLINES else 99, key)):
        cells = [figure_cell(rows, which, figure) for which in ("ema", "live")]
        yield f"| {figure} | {' | '.join(cells)} |"
    verdicts = [f"{row['verdict']} ({row['confidence']:.0%})" if row["confidence"] else row["verdict"] for row in rows]
    yield f"\nVerdicts: {', '.join(verdicts)}."


def claims(found: dict[str, list[Row]]) -> Iterator[str]:
    """Yield the table of claims and measured figures."""
    yield "| config | claim | figure | averaged generator | live | verdicts |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for config, (claim, key) in CLAIMS.items():
        rows = found.get(config, [])
        figures = [figure_cell(rows, which, key) for which in ("ema", "live")]
        verdicts = ", ".join(row["verdict"] for row in rows)
        yield f"| `{config}` | {claim} | {key} | {' | '.join(figures)} | {verdicts} |"


def guidelines(found: dict[str, list[Row]]) -> Iterator[str]:
    """Yield the table of DCGAN's guidelines, each broken on purpose: verdict and FID of the averaged generator."""
    yield "| config | verdict | fid | good |"
    yield "| --- | --- | --- | --- |"
    for config in GUIDELINES:
        rows = found.get(config, [])
        verdicts = ", ".join(row["verdict"] for row in rows) or "-"
        figures = [figure_cell(rows, "ema", key) for key in ("fid", "good")]
        yield f"| `failures/{config}` | {verdicts} | {' | '.join(figures)} |"


def fill(text: str, found: dict[str, list[Row]]) -> str:
    """Return the page with the part after each `<!-- zoo: NAME -->`, up to `<!-- end -->`, made again.

    `<!-- written for NAME: VERDICTS -->` precedes text about the runs of a configuration. If their verdicts have
    changed, a line after it says so.
    """

    def again(match: re.Match[str]) -> str:
        name = match[1]
        if name == "claims":
            lines = claims(found)
        elif name == "guidelines":
            lines = guidelines(found)
        elif name.rpartition("/")[2] in found:
            lines = table(name, found[name.rpartition("/")[2]])
        else:
            lines = iter(("Not trained yet.",))
        return f"<!-- zoo: {name} -->\n" + "\n".join(lines) + "\n<!-- end -->"

    def dated(match: re.Match[str]) -> str:
        mark, name, then = match[1], match[2], match[3]
        now = outcome(found.get(name, []))
        change = f"\n*(This was written when the verdicts of `{name}` were: {then}. They are now: {now}.)*"
        return mark if now == then else mark + change

    text = re.sub(r"<!-- zoo: (.+?) -->.*?<!-- end -->", again, text, flags=re.DOTALL)
    return re.sub(r"(<!-- written for (.+?): (.+?) -->)(?:\n\*\(.*\)\*)?", dated, text)


def outcome(rows: Sequence[Row]) -> str:
    """Return the verdicts of a configuration's runs, by seed."""
    return ", ".join(row["verdict"] for row in rows) or "not in the results"


def figure_cell(rows: Sequence[Row], which: str, figure: str) -> str:
    """Return a figure of all runs, for the averaged (`ema`) or the live generators.

    Spoiled averages (marked in a row by `ema_spoiled`) have no median: only their values are shown, in parentheses.
    """
    values = [row.get(which, {}).get(figure) for row in rows]
    if which == "ema" and any(row.get("ema_spoiled") for row in rows):
        return f"spoiled ({', '.join(number(value) for value in values if value is not None)})"
    return cell(values)


def cell(values: Sequence[float | None]) -> str:
    """Return the median of the known values, and the values."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    return f"**{number(median(known))}** ({', '.join(map(number, known))})"


def number(value: float) -> str:
    """Return a number with at most four digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def copy_pictures(folder: SweepFolder) -> None:
    """Copy the picture of each configuration's seed 0: its phases, or else its gallery, or else its last grid."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for record in read_records(folder.plan(), folder):
        name = record.planned.config
        if not record.ended or record.planned.seed != 0:
            continue
        galleries = sorted(record.run.samples.glob("gallery_*.png")) or [path for _, path in record.run.grids()]
        phases = record.run.plots / "phases.png"
        if galleries:
            shutil.copyfile(phases if phases.is_file() else galleries[-1], PICTURES / f"{name}.png")


def draw_overview() -> None:
    """Draw the README's picture: the corner of four galleries, four rows of five each."""
    paths = {label: PICTURES / f"{name}.png" for name, label in OVERVIEW.items()}
    if all(path.is_file() for path in paths.values()):
        grids = [np.asarray(Image.open(path).convert("RGB"))[:464, :582] for path in paths.values()]
        save_png(side_by_side(grids, list(paths)), PICTURES / "overview.png")


def main() -> None:
    """Measure, write, copy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--samples", type=int, default=10_000)
    arguments = parser.parse_args()
    if arguments.folder:
        folder = SweepFolder(arguments.folder)
        all_measured(folder, arguments.samples)
        copy_pictures(folder)
        draw_overview()
    text = fill(PAGE.read_text(encoding="utf-8"), read_json(FIGURES)["runs"])
    atomic_write(PAGE, text.encode())
    for line in re.findall(r"^\*\((This was written when .*)\)\*$", text, re.MULTILINE):
        print(f"warning: {line}")


if __name__ == "__main__":
    main()
