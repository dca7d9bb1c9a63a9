"""A verdict as files: verdict.json and the pictures that show why it is true."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ganlab.config.data import MnistOptions
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.verdict import Verdict
from ganlab.plots.figures import ALARM, D_FAKE, D_REAL, GENERATOR, MUTED, OUTPUT, Curve, save_figure
from ganlab.plots.grids import Pixels, save_png
from ganlab.plots.shown import read_shown
from ganlab.plots.verdicts import SHEET, Panel, Spell, annotated_curves, classes_over_time, mode_sheet, sample_sheet
from ganlab.randomness import seeded_generator
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import write_json
from ganlab.runs.snapshots import TABLE, Chart, Statistic
from ganlab.verdicts import tone, words

ALIKE = 0.09
"""Root-mean-square difference per pixel, of pixels in [-1, 1] averaged to at most 16 x 16, below which two samples
count as near-duplicates where no reals are at hand: 5 % of 10,000 MNIST digits have a neighbour that near."""

REALS = 10_000
"""Training images at most that say how near is near; all 60,000 digits would take five seconds."""

LOSS_LINES = {
    "d_loss_real": ("D real", D_REAL),
    "d_loss_fake": ("D fake", D_FAKE),
    "d_loss": ("D", D_REAL),
    "g_loss": ("G", GENERATOR),
}
"""What each loss is called in pictures, and its colour."""


@dataclass(frozen=True)
class Proof:
    """Curves that can show a verdict to be true, drawn below the losses.

    Attributes:
        label: what they show.
        curves: name and colour of each, by its key in the evidence.
        signals: findings that are about these curves beside those that have a key in their name.
        log: whether the axis is logarithmic.
    """

    label: str
    curves: Mapping[str, tuple[str, str]]
    signals: tuple[str, ...] = ()
    log: bool = False


COLOURS = {
    "generator": GENERATOR,
    "output": OUTPUT,
    "real": D_REAL,
    "fake": D_FAKE,
    "muted": MUTED,
    "alarm": ALARM,
}
"""The colours that statistics are drawn in."""

ACCURACIES = Proof(
    "what the discriminator gets right, as shares",
    {"d_acc_real": ("real", D_REAL), "d_acc_fake": ("fake", D_FAKE)},
)
GRADIENTS = Proof(
    "gradient norms",
    {
        "grad_d": ("D's weights", D_REAL),
        "grad_g": ("G's weights", GENERATOR),
        "grad_g_output": ("G's output", OUTPUT),
    },
    ("non_finite",),
    log=True,
)


def proofs_of(statistics: Iterable[Statistic]) -> list[Proof]:
    """Return a proof for each chart that statistics are drawn on, in their order."""
    charts: dict[Chart, dict[str, tuple[str, str]]] = {}
    for each in statistics:
        if each.line is not None:
            curves = charts.setdefault(each.line.chart or Chart(each.label), {})
            curves[each.name] = (each.line.name, COLOURS[each.line.colour])
            if each.line.real is not None:
                curves[f"{each.name}_real"] = (each.line.real, MUTED)
    return [Proof(chart.title, curves, chart.signals, chart.log) for chart, curves in charts.items()]


PROOFS = (
    *proofs_of(each for each in TABLE if each.kind != "score"),
    ACCURACIES,
    *proofs_of(each for each in TABLE if each.kind == "score"),
    GRADIENTS,
)
"""In the order of preference if no finding names a curve."""


def curve_of(evidence: Evidence, key: str) -> Series | None:
    """Return the curve of a key, wherever the evidence has it; None if it has no finite value.

    Looked for among the curves, the published metrics and the snapshots, in this order.
    """
    for found in (evidence.curves.get(key), evidence.quality.get(key), _of_snapshots(evidence, key)):
        if found is not None and np.isfinite(found.values).any():
            return found
    return None


def _of_snapshots(evidence: Evidence, key: str) -> Series:
    pairs = [(row.step, value) for row in evidence.snapshots if (value := row.number(key)) is not None]
    steps, values = zip(*pairs, strict=True) if pairs else ((), ())
    return Series(np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64))


def draw_verdict(evidence: Evidence, verdict: Verdict) -> Figure:
    """Draw the losses and the curve that convinced most, with the onset, the evidence and other failures marked."""
    panels = [_losses(evidence)]
    proof = _proof(evidence, verdict)
    if proof is not None:
        panels.append(Panel(proof.label, _curves(evidence, proof.curves), log=proof.log))
    return annotated_curves(
        f"{words(verdict.name).capitalize()} (confidence {100 * verdict.confidence:.0f} %)",
        verdict.summary,
        panels,
        verdict.onset_step,
        [each.window for each in verdict.evidence],
        [Spell(words(each.name).capitalize(), *each.window) for each in verdict.contributing],
        {"good": GENERATOR, "open": MUTED, "bad": ALARM}[tone(verdict.name)],
    )


def _losses(evidence: Evidence) -> Panel:
    """The halves of the discriminator's loss if they are known, else the whole; and the generator's."""
    halves = curve_of(evidence, "d_loss_real") is not None
    shown = {key: look for key, look in LOSS_LINES.items() if key == "g_loss" or (key == "d_loss") is not halves}
    chance = (math.log(2), "chance, 0.69") if halves and evidence.family == "cross_entropy" else None
    return Panel("losses", _curves(evidence, shown), chance)


def _curves(evidence: Evidence, shown: Mapping[str, tuple[str, str]]) -> list[Curve]:
    found = [(curve_of(evidence, key), *look) for key, look in shown.items()]
    return [Curve(label, c.steps.astype(float), c.values, colour) for c, label, colour in found if c is not None]


def _proof(evidence: Evidence, verdict: Verdict) -> Proof | None:
    """Return what the weightiest finding is about that has curves; else the first that has any; None without any."""
    drawable = [proof for proof in PROOFS if any(curve_of(evidence, key) is not None for key in proof.curves)]
    for finding in verdict.evidence:
        for proof in drawable:
            if finding.signal in proof.signals or any(key in finding.signal for key in proof.curves):
                return proof
    return drawable[0] if drawable else None


def draw_samples(
    evidence: Evidence, run: RunDirectory | None, samples: Path | None, tile: int | None
) -> Pixels | Figure | None:
    """Draw the last samples: those that `--samples` and `--tile` name, else the run's own; None without any.

    Raises:
        RunError, DataError: they cannot be read.
    """
    if samples is not None:
        return sheet_of_samples(samples, tile)
    return None if run is None else sheet_of_run(run, evidence)


def sheet_of_run(run: RunDirectory, evidence: Evidence) -> Pixels | Figure | None:
    """Draw the run's last samples, near-duplicates underlined; for points beside what reached each mode.

    None if the run keeps no samples as numbers, as runs of older versions did not, or if they are points of another
    program's loop.

    Raises:
        RunError: their file is damaged.
    """
    kept, experiment = run.shown(), evidence.experiment
    if not kept:
        return None
    step, path = kept[-1]
    shown, title = read_shown(path), f"Samples at step {step:,}"
    if shown.images is None:
        return None if experiment is None else mode_sheet(shown.picture(), evidence.snapshots, title)
    data = experiment.data if experiment is not None else None
    return sheet_of_images(shown.images, title, data if isinstance(data, MnistOptions) else None)


def sheet_of_samples(path: Path, tile: int | None) -> Pixels | None:
    """Draw the last step's samples of a foreign run, as `--samples` names them; None if they are points.

    Raises:
        DataError: they cannot be read.
    """
    from ganlab.data import to_uint8
    from ganlab.diagnosis.readers.samples import load_samples

    step, values = load_samples(path, tile)[0][-1]
    if values.ndim != 4:
        return None
    title = "Samples" if step is None else f"Samples at step {step:,}"
    return sheet_of_images(to_uint8(values[:SHEET]).permute(0, 2, 3, 1).numpy(), title)


def sheet_of_images(images: Pixels, title: str, data: MnistOptions | None = None) -> Pixels:
    """Draw samples with near-duplicates underlined in one colour a group.

    Two samples are near-duplicates if their pixels, averaged to at most 16 x 16, are nearer than ALIKE, the
    root-mean-square difference in [-1, 1]; with `data`, nearer than 5 % of its training images have a neighbour.

    Args:
        images: uint8 (N, H, W, 1 or 3); the first 100 are shown.
        title: what they are.
        data: the real data, if they are at hand without a download.
    """
    import torch

    from ganlab.data import load
    from ganlab.evaluation.copying import pixels
    from ganlab.evaluation.modes import duplicate_threshold, near_duplicates

    images = images[:SHEET]
    grey = images[..., :1] if (images == images[..., :1]).all() else images
    vectors = pixels(torch.from_numpy(np.ascontiguousarray(grey.transpose(0, 3, 1, 2))))
    if data is None:
        threshold = ALIKE * math.sqrt(vectors.shape[1])
    else:
        reals = load(data, batch_size=1).train.values
        chosen = torch.randperm(len(reals), generator=seeded_generator(0, "sheet/reals"))[:REALS]
        threshold = duplicate_threshold(pixels(reals[chosen]), seed=0)
    return sample_sheet(images, near_duplicates(vectors, threshold), title)


def write_verdict(folder: Path, evidence: Evidence, verdict: Verdict, sheet: Pixels | Figure | None) -> list[Path]:
    """Write verdict.json, and below `plots/` the pictures that show why it is true, each atomically.

    Args:
        folder: a run, or any other folder; it is made if it is not there.
        evidence: what was judged.
        verdict: what came of it.
        sheet: samples, as `sheet_of_run` or `sheet_of_images` draws them.

    Returns:
        What was written: verdict.json, plots/verdict.png and .svg, plots/classes.png if classes were counted,
        plots/samples.png if there is a sheet.

    Raises:
        Interrupted: the disk is full.
        OSError: the folder cannot be written.
    """
    plots = folder / "plots"
    plots.mkdir(parents=True, exist_ok=True)
    written = [folder / "verdict.json", plots / "verdict.png", plots / "verdict.svg"]
    write_json(written[0], verdict.as_json())
    save_figure(draw_verdict(evidence, verdict), plots / "verdict")
    classes = classes_over_time(evidence.snapshots)
    for name, picture in (("classes", classes), ("samples", sheet)):
        path = plots / f"{name}.png"
        if isinstance(picture, Figure):
            save_figure(picture, plots / name, ("png",))
        elif picture is not None:
            save_png(picture, path)
        else:
            continue
        written.append(path)
    return written
