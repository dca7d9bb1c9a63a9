"""The page of verdicts: every failure, what its file says of it, and a real run of the corpus that shows it.

    python benchmarks/verdict_gallery.py [--corpus FOLDER]     writes docs/verdicts.md and docs/images/verdict_*.png

Needs the corpus with its rows (`verdict_corpus.py train`, `label`; `verdicts.py rows`).
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from matplotlib.figure import Figure
from PIL import Image
from verdicts import evidence_of

from ganlab.config.experiment import Experiment
from ganlab.config.load import difference
from ganlab.diagnosis import failures
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.files import draw_verdict, in_words, sheet_of_run
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.directory import RunDirectory

ROOT = Path(__file__).parents[1]
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
    ("oscillation", "", failures.oscillation),
    ("discriminator_overfit", "", failures.discriminator_overfit),
    ("under_trained", "img_dcgan_3_8/0", failures.under_trained),
    ("healthy", "img_dcgan/0", failures.healthy),
)
"""Name of the section, the run of the corpus that shows it (none where no run was given that verdict), its file."""


def picture(evidence: Evidence, verdict: Verdict, run: RunDirectory) -> Image.Image:
    """The verdict's curves beside the last samples."""
    curves = opened(draw_verdict(evidence, verdict))
    sheet = sheet_of_run(run, evidence)
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
        f"{in_words(verdict.failure, verdict.variant)}"
        + (f", since step {verdict.onset_step:,}" if verdict.onset_step is not None else ""),
        verdict.summary,
        f"confidence {100 * verdict.confidence:.0f} % ({verdict.basis}); severity {verdict.severity:.2f}",
        *(f"- {each.words} ({each.source})" for each in verdict.evidence),
        *(f"also: {in_words(each.failure, each.variant)}, steps {each.window[0]:,} to {each.window[1]:,}"
          for each in verdict.contributing),
        *("do: " + ", ".join(f"{key}: {json.dumps(value)}" for key, value in each.change.items()) + f" ({each.why})"
          for each in verdict.remedies if each.change),
    ]  # fmt: skip
    return "\n".join(f"    {line}" for line in lines)


def settings(experiment: Experiment) -> str:
    """What the run's experiment says beside the defaults, as overrides."""
    quiet = ("name", "seed", "monitor.")
    changed = [(key, new) for key, _, new in difference(Experiment(), experiment) if not key.startswith(quiet)]
    return " ".join(f"{key}={json.dumps(value, separators=(',', ':'))}" for key, value in changed)


def section(corpus: Path, name: str, key: str, module: ModuleType) -> str:
    """One failure."""
    words = [f"## {name.replace('_', ' ').capitalize()}", paragraph(module.__doc__), paragraph(module.examine.__doc__)]
    words.append("\n".join(thresholds(module)))
    if key:
        index = json.loads((corpus / "index.json").read_text())
        run = RunDirectory(corpus / "runs" / index[key])
        evidence = evidence_of(corpus, {"run": index[key]})
        verdict = diagnose(evidence)
        if name not in (verdict.failure, verdict.variant):
            raise SystemExit(f"{key} is {verdict.name}, which does not show {name}")
        target = ROOT / "docs" / "images" / f"verdict_{name}.png"
        shrunk(picture(evidence, verdict, run)).save(target, optimize=True)
        assert evidence.experiment is not None
        words += [
            f"![{name}: curves and last samples](images/{target.name})",
            f"A real run, `{key}` of the corpus (`{settings(evidence.experiment)}`):",
            told(verdict),
        ]
    else:
        words.append(
            "No run of the corpus was given this verdict; it is proved on controls only "
            "([tests/diagnosis](../tests/diagnosis))."
        )
    cures = "\n".join(f"- {cure.why} ({cure.source})" for cure in module.CURES)
    return "\n\n".join(each for each in (*words, f"What to do:\n\n{cures}" if cures else "") if each)


HEAD = """# Verdicts

Made by `python benchmarks/verdict_gallery.py` from the code and from real runs of the corpus. How often they are right:
[verdict_accuracy.md](verdict_accuracy.md).

**What is needed.** Losses alone prove little: divergence, a batch-norm leak, the domination of a player, a steady
orbit. Everything else needs samples beside real data (our own runs and `ganlab.Monitor` have them; `--samples` and
`--real` give them to a foreign log), or a curve of FID. Without either the verdict is *inconclusive*, and says what is
missing and how to get it.

**Precedence.** The first of these whose criteria hold at the end names the run: {order}. Others, and spells that ended,
are listed beside it.

**Every statistic of samples** stands beside what as many real samples score, and is judged as a share of that.

**Confidence** is (right + 1)/(runs + 2) over labelled real runs whose evidence was as clear; clear means how far the
least clear deciding number lies from its threshold (twice or half of it: fully). Under ten labelled runs with a
failure, or without samples, it says "uncalibrated" and stays at .8 or below.

**Foreign runs.** Nothing is written beside foreign files; `--out` takes verdict.json and the pictures.

    ganlab diagnose log.csv               # or JSONL, TensorBoard, StudioGAN, StyleGAN, Lightning, console output
    ganlab diagnose train.log --map d_loss=lossD --loss hinge
    ganlab diagnose train.log --samples samples.npz --real mnist     # one array, or one a step: step_0000100
    ganlab diagnose train.log --samples grid.png --tile 28 --real "mnist[3,8]" --out diagnosis
    ganlab diagnose runs/a runs/b --fail-on mode_collapse,diverged   # exit 3 where one matches: for CI
"""


def main() -> None:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(description="The page of verdicts.")
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    corpus = parser.parse_args().corpus
    order = ", ".join(module.__name__.rpartition(".")[2].replace("_", " ") for module in failures.FAILURES)
    parts = [HEAD.format(order=order), *(section(corpus, *each) for each in SHOWN)]
    (ROOT / "docs" / "verdicts.md").write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
