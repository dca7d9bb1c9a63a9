"""The page of verdicts: every failure, what its file says of it, and a real run of the corpus that shows it.

    python -m docs.make.verdicts [--corpus FOLDER]     writes docs/verdicts.md and docs/images/verdict_*.png

Needs the corpus with its rows (`python -m truth.corpus train` and `label`, `python -m truth.accuracy rows`).
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import json
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from matplotlib.figure import Figure
from PIL import Image

from ganlab.config.experiment import Experiment
from ganlab.config.load import difference
from ganlab.diagnosis import failures
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.files import draw_verdict, sheet_of_run
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.directory import RunDirectory
from ganlab.verdicts import words
from truth.accuracy import evidence_of

ROOT = Path(__file__).parents[2]
WIDTH = 1000
"""Pixels of a picture's width."""

SHOWN: tuple[tuple[str, str, ModuleType], ...] = (
    ("diverged", "img_wgan_unbounded/0", failures.diverged),
    ("batch_norm_leak", "img_mixed_batch_norm/0", failures.batch_norm_leak),
    ("discriminator_dominates", "img_separate_batch_norm/0", failures.discriminator_dominates),
    ("vanishing_gradient", "img_minimax_mlp_d_5/0", failures.discriminator_dominates),
    ("generator_dominates", "img_weak_d_1e-6/0", failures.generator_dominates),
    ("never_learned", "img_kernel_1/0", failures.never_learned),
    ("total", "grid_minimax_d_10/0", failures.total_collapse),
    ("cycling", "img_latent_1/0", failures.cycling),
    ("within_mode", "img_latent_1_3_8/0", failures.within_mode_collapse),
    ("partial", "img_64_images_mlp/0", failures.partial_collapse),
    ("memorisation", "img_40_images_mlp/0", failures.memorisation),
    ("degraded", "img_wgan_gp/0", failures.degraded),
    ("oscillation", "ring_plain/0 from its losses alone", failures.oscillation),
    ("discriminator_overfit", "img_40_images_mlp/0 at step 1650", failures.discriminator_overfit),
    ("under_trained", "img_dcgan_3_8/0", failures.under_trained),
    ("healthy", "img_dcgan/0", failures.healthy),
)
"""Name of the section, the run of the corpus that shows it and how much of it is looked at, the failure's file."""

NAMED: tuple[ModuleType, ...] = (
    failures.phase_change,
    failures.direction_collapse,
    failures.condition_ignored,
    failures.within_class_collapse,
    failures.codes_ignored,
    failures.cycle_shortcut,
)
"""Failures that only some of the named GANs have; no run of the corpus has one."""

SEEN = {
    "diverged": """Under the losses the numbers grow: every swing is larger than the one before, up to 20,000, while no
loss of the cross-entropy runs on this page exceeds 12. A Wasserstein critic without a bound on its slope can always
score further apart. In the last snapshots no sample passes any more, and the sheet is black. Where a number becomes NaN
the verdict is the same, at once. Severity: 1.""",
    "batch_norm_leak": """All three losses lie on 0 together, and the samples are grey. Were the fakes as good as the
generator's loss says, the discriminator could not know them; were they as bad as its own loss says, the generator would
have to pay. Both hold because one pass of batch norm over reals and fakes together looks different from one over fakes
alone: the discriminator reads the batch, not the image. Severity: .9.""",
    "discriminator_dominates": """Both halves of the discriminator's loss lie on 0, its accuracies on 1, and the
generator's loss only climbs. The samples are the same grey pattern a hundred times. A strong discriminator is no
failure by itself: where samples are good and varied, this verdict is not given. Severity: 1 less half the share of good
samples; .7 without samples.""",
    "vanishing_gradient": """Nothing moves: the generator's loss, log(1 - D(G(z))), is 0 and stays there, the score of
fakes is 0, that of reals is 1, and the samples are noise. With this loss a fake that is scored 0 passes no gradient on.
Severity: 1 less half the share of good samples; .7 without samples.""",
    "generator_dominates": """The generator's loss goes to 0 while the discriminator's loss on fakes climbs: it scores
fakes near 1, higher than real data. What it takes for real is noise. (Its learning rate is 500 times smaller than the
generator's.) Severity: 1 less half the share of good samples; .6 without samples.""",
    "never_learned": """The losses look like a healthy run's, near chance. The samples do not: not one passed for a
digit at any time, and the sheet shows the dots that kernels of one pixel leave behind. Losses alone could not tell.
Severity: 1 less the best share of good samples that there ever was.""",
    "total": """A grid of 25 Gaussians, in grey; all generated points, in blue, sit on one of them. They are good, so
that a look at single samples would miss it: the Vendi score, how many different samples there are in effect, never
rises above 5 where reals have over 40. Severity: 1 less the relative Vendi score.""",
    "cycling": """A few digits, each many times, and at other steps other ones: the share of classes that are made jumps
from snapshot to snapshot. All of the last snapshots together hold three times the data that each does. With a latent of
one number the generator has a curve to lay through the data, and moves it about. Severity: 1 less the share of the real
data in the modes of a snapshot.""",
    "within_mode": """Trained on threes and eights, it makes threes and eights, so that classes are counted in full; but
one three and one eight, and what lies between them. The Vendi score stays near 2 where reals have over 8. (Underlines
join chains of neighbours, here through half-black pictures, into one group.) Severity: 1 less the median relative Vendi
score inside classes.""",
    "partial": """Ones, nines and little else, from a run on 64 training images: of 0, 2 and 6 there are less than a
tenth of what there should be among the good samples. Below the losses, the share of good samples rises while that of
classes stays at half or under. Severity: the share of the real data in what is missing.""",
    "memorisation": """Sevens and zeros, again and again the same ones: the run had 40 training images. Quality (good
samples) and classes are as they should be, so that both would call it healthy; what gives it away is that samples lie
closer to training images than held-out images do. Severity: 1 less the share of authentic samples over that of
reals.""",
    "degraded": """FID falls to its best at step 259 and climbs from there on. The losses say nothing of it. The last
samples are still digits, many of them broken: worse than the run's own best, and still of use. Severity: 1 less best
FID over last.""",
    "oscillation": """Losses and accuracies swing with one period, and further at the end than before; an orbit that
shrinks would be on its way to rest. The points, one cloud beside eight narrow modes, are at one place of their way
round. No run of the corpus has this for its verdict: where samples are at hand, they have a name for what the circling
did to them, which comes first (here never learned), and it is listed beside that. Hence this run by its losses alone.
Severity: size of the swing over the level of the losses.""",
    "discriminator_overfit": """The scores of held-out digits lie with those of fakes, far under those of training
images: the discriminator does not know what a digit is, only which 40 it has seen. No run of the corpus ends on this
verdict: the search for copies in the last snapshot finds memorisation, which comes first. Hence this run as it stood
before that snapshot. Severity: how far held-out scores have moved from those of training images to those of fakes.""",
    "under_trained": """FID still falls over the last half of the run. No accusation: threes and eights that pass are
counted as such, and more steps are all it takes to know. Severity: 0 for samples that pass, up to .5 for garbage.""",
    "healthy": """Losses that neither vanish nor climb, digits of all ten classes, no two alike. Coverage is low, for a
short run of a small network, and does not decide. Severity: 0.""",
}
"""What a newcomer sees in each picture, why the verdict is true, and what its severity measures."""


def picture(evidence: Evidence, verdict: Verdict, run: RunDirectory) -> Image.Image:
    """The verdict's curves beside the last samples."""
    curves = opened(draw_verdict(evidence, verdict))
    sheet = sheet_of_run(run, evidence) if evidence.ended else None  # the last grid is not that of a step before
    if sheet is None:
        return curves
    samples = opened(sheet) if isinstance(sheet, Figure) else Image.fromarray(sheet)
    samples = samples.convert("RGB").resize((round(samples.width * curves.height / samples.height), curves.height))
    both = Image.new("RGB", (curves.width + samples.width, curves.height), "white")
    both.paste(curves, (0, 0))
    both.paste(samples, (curves.width, 0))
    return both


def opened(figure: Figure) -> Image.Image:
    """A figure as an image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def shrunk(image: Image.Image) -> Image.Image:
    """The image at the page's width, in 256 colours."""
    small = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    return small.quantize(256, method=Image.Quantize.FASTOCTREE)


def thresholds(module: ModuleType) -> Iterator[str]:
    """Every number of a failure's file, with what it says of it."""
    tree = ast.parse(inspect.getsource(module))
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            words = " ".join(str(after.value.value).split())
            yield f"- `{ast.unparse(node.targets[0])} = {ast.unparse(node.value)}`: {words}"


def paragraph(text: str | None) -> str:
    """A docstring on one line."""
    return " ".join((text or "").split())


def told(verdict: Verdict) -> str:
    """The verdict as `ganlab diagnose` says it."""
    lines = [
        f"{words(verdict.name).capitalize()}"
        + (f", since step {verdict.onset_step:,}" if verdict.onset_step is not None else ""),
        verdict.summary,
        f"confidence {100 * verdict.confidence:.0f} % ({verdict.basis}); severity {verdict.severity:.2f}",
        *(f"- {each.words} ({each.source})" for each in verdict.evidence),
        *(f"also: {words(each.name).capitalize()}, steps {each.window[0]:,} to {each.window[1]:,}"
          for each in verdict.contributing),
        *("do: " + ", ".join(f"{key}: {json.dumps(value)}" for key, value in each.change.items()) + f" ({each.why})"
          for each in verdict.remedies if each.change),
    ]  # fmt: skip
    return "\n".join(f"    {line}" for line in lines)


def settings(experiment: Experiment) -> str:
    """What the run's experiment says beside the defaults, as overrides."""
    quiet = ("name", "seed", "monitor.")
    # A key that only the default's component has is None here.
    changed = [
        (key, new)
        for key, _, new in difference(Experiment(), experiment)
        if new is not None and not key.startswith(quiet)
    ]
    return " ".join(f"{key}={json.dumps(value, separators=(',', ':'))}" for key, value in changed)


def looked_at(evidence: Evidence, part: str) -> Evidence:
    """All of a run, or what SHOWN says of it: its losses alone, or the run as it stood at a step."""
    if part == "from its losses alone":
        return replace(evidence, snapshots=())
    return evidence.until(int(part.removeprefix("at step "))) if part else evidence


def section(corpus: Path, name: str, shown: str, module: ModuleType) -> str:
    """One failure."""
    key, _, part = shown.partition(" ")
    index = json.loads((corpus / "index.json").read_text())
    run = RunDirectory(corpus / "runs" / index[key])
    evidence = looked_at(evidence_of(corpus, {"run": index[key]}), part)
    verdict = diagnose(evidence)
    if name not in (verdict.failure, verdict.variant):
        raise SystemExit(f"{shown} is {verdict.name}, which does not show {name}")
    target = ROOT / "docs" / "images" / f"verdict_{name}.png"
    shrunk(picture(evidence, verdict, run)).save(target, optimize=True)
    assert evidence.experiment is not None
    words = [
        f"## {name.replace('_', ' ').capitalize()}",
        paragraph(module.__doc__),
        paragraph(module.examine.__doc__),
        "\n".join(thresholds(module)),
        f"![{name}: curves and last samples](images/{target.name})",
        SEEN[name],
        f"A real run, `{shown}`, of the corpus (`{settings(evidence.experiment)}`):",
        told(verdict),
    ]
    cures = "\n".join(f"- {cure.why} ({cure.source})" for cure in module.CURES)
    return "\n\n".join(each for each in (*words, f"What to do:\n\n{cures}" if cures else "") if each)


def named_section(module: ModuleType) -> str:
    """One failure of a named GAN: its criteria and cures; docs/zoo.md shows the real run."""
    name = module.__name__.rpartition(".")[2].replace("_", " ")
    words = [
        f"## {name.capitalize()}",
        paragraph(module.__doc__),
        paragraph(module.examine.__doc__),
        "\n".join(thresholds(module)),
        "[A real run that was made to fail so](zoo.md). What to do:",
        "\n".join(f"- {cure.why} ({cure.source})" for cure in module.CURES),
    ]
    return "\n\n".join(each for each in words if each)


HEAD = """# Verdicts

Made by `python -m docs.make.verdicts` from the code and from real runs of the corpus. How often they are right:
[verdict_accuracy.md](verdict_accuracy.md).

**What is needed.** Losses alone prove little: divergence, a batch-norm leak, the domination of a player, a steady
orbit. Everything else needs samples beside real data (our own runs and `ganlab.Monitor` have them; `--samples` and
`--real` give them to a foreign log), or a curve of FID. Without either the verdict is *inconclusive*, and says what is
missing and how to get it.

{order}

**In the pictures** a red line marks the onset, yellow the steps that the evidence was taken from, blue what else was
seen (green where both fall together). Samples that are underlined in one colour are near-duplicates.

**Every statistic of samples** stands beside what as many real samples score, and is judged as a share of that.

**Confidence** is (right + 1)/(runs + 2) over labelled real runs whose evidence was as clear; clear means how far the
least clear deciding number lies from its threshold (twice or half of it: fully). Under ten labelled runs with a
failure, or without samples, it says "uncalibrated" and stays at .8 or below.

**Foreign runs.** The format is told by the content of what is named. Nothing is written beside foreign files; `--out`
takes verdict.json and the pictures.

    ganlab diagnose log.csv                         # a header and a row a step; the usual column names are known
    ganlab diagnose log.jsonl --map d_loss=lossD --map g_loss=lossG    # others are named with --map
    ganlab diagnose train.log                       # console output: "[0/5][42/938] Loss_D: .. Loss_G: ..",
                                                    # "[Epoch 0/200] [Batch 3/938] [D loss: ..] [G loss: ..]",
                                                    # ">12, d1=0.859, d2=0.664 g=0.872, a1=37, a2=59", StudioGAN
    ganlab diagnose lightning_logs/version_0        # or a folder with stats.jsonl (StyleGAN) or TensorBoard events
    ganlab diagnose train.log --loss hinge          # where the log does not show which loss it is
    ganlab diagnose train.log --samples samples.npz --real mnist       # one array, or one a step: step_0000100
    ganlab diagnose train.log --samples images/ --real reals/ --out diagnosis
    ganlab diagnose train.log --samples grid.png --tile 28 --real "mnist[3,8]"

**In CI** `--fail-on` turns a verdict into exit code 3, by failure or variant; 2 says that something could not be read:

    ganlab train smoke && ganlab diagnose smoke --fail-on diverged,convergence_failure,mode_collapse/total
"""


def main() -> None:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(description="The page of verdicts.")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    corpus = parser.parse_args().corpus
    names = ", ".join(module.__name__.rpartition(".")[2].replace("_", " ") for module in failures.FAILURES)
    order = "**Precedence.** The first of these whose criteria hold at the end names the run: "
    order = textwrap.fill(f"{order}{names}. Others, and spells that ended, are listed beside it.", 120)
    parts = [HEAD.format(order=order), *(section(corpus, *each) for each in SHOWN)]
    parts += [named_section(module) for module in NAMED]
    (ROOT / "docs" / "verdicts.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
