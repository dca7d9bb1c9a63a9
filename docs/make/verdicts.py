"""The page of verdicts: every failure, its criteria from its file, and a real run of the corpus that shows it.

    python -m docs.make.verdicts                     docs/verdicts.md, from the code, docs/verdicts/ and docs/remarks/
    python -m docs.make.verdicts --corpora FOLDER    docs/verdicts/runs.json and docs/images/verdict_*.png first

Needs ganlab's own corpus with its rows (`python -m truth.corpus train` and `label`, `python -m truth.accuracy rows`).
"""

from __future__ import annotations

import argparse
import ast
import inspect
import io
import itertools
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

from docs.make.remarks import Remark, outdated, read_remarks
from ganlab.config.experiment import Experiment
from ganlab.config.load import difference, experiment_from_mapping
from ganlab.diagnosis.calibration import UNCALIBRATED
from ganlab.diagnosis.case import LEARNING, NUMEROUS
from ganlab.diagnosis.drawing import draw_verdict
from ganlab.diagnosis.early import LIVE_SNAPSHOTS, NEEDS, REPEATING, SHARE
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.record import record_of
from ganlab.diagnosis.remedies import MOST, prescribe, ranked
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.verdict_files import samples_of_run
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write, read_json, write_json
from ganlab.verdicts import rank, short_words, words
from truth.corpora import of_rules
from truth.cuts import evidence_of

DOCS = Path(__file__).parents[1]
PAGE, RUNS = DOCS / "verdicts.md", DOCS / "verdicts" / "runs.json"

Run = dict[str, Any]
"""A run that shows a failure: `run` (its name and which part of it is used), its `settings` as overrides, and the lines
of its `verdict` but for what to do, which follows from the settings."""

LISTS = ("penalties", "stabilizers")
"""Settings that are lists, which are given whole."""

OVERRIDE = re.compile(r" (?=[a-z_0-9.]+=)")
"""Where one of a run's settings ends and the next one begins."""

WIDTH = 1000
"""Width of a picture in pixels."""

SHOWN = (
    ("diverged", "img_wgan_unbounded/0"),
    ("batch_norm_leak", "img_mixed_batch_norm/0"),
    ("discriminator_dominates", "img_g_one_filter_guide/0"),
    ("vanishing_gradient", "img_minimax_mlp_d_5/0"),
    ("generator_dominates", "img_weak_d_1e-6/0"),
    ("never_learned", "img_kernel_1/0"),
    ("total", "grid_minimax_d_10/0"),
    ("cycling", "ring_broad_g_3_steps/0"),
    ("within_mode", "img_guide_8_latent_1/0"),
    ("partial", "img_64_images_mlp/1"),
    ("memorisation", "img_40_images_mlp/1"),
    ("degraded", "img_wgan_gp/0"),
    ("oscillation", "ring_plain/1 from its losses alone"),
    ("discriminator_overfit", "img_100_images/0"),
    ("under_trained", "img_mlp/0"),
    ("healthy", "img_dcgan_7/0"),
)
"""Variant or failure, the run of the corpus that shows it, and which part of the run is used."""

NAMED = (
    "phase_change",
    "one_direction",
    "condition_ignored",
    "within_class",
    "codes_ignored",
    "cycle_shortcut",
)
"""Failures that only some of the named GANs can have; no run of the corpus has one."""

FAILURE = {failure.name.rpartition("/")[2]: failure for failure in FAILURES}
"""Every failure by the name of its variant, or by its own name if it has none."""

HELPERS = tuple(f"ganlab.diagnosis.{name}" for name in ("case", "explosion", "loss_levels", "sample_levels", "trends"))
"""Modules with thresholds that several failures share."""


def picture(evidence: Evidence, verdict: Verdict, run: RunDirectory) -> Image.Image:
    """Return the verdict's curves next to some of the last samples."""
    last = samples_of_run(run, evidence) if evidence.ended else None  # they belong to the end of a run only
    return opened(draw_verdict(evidence, verdict, None if last is None else (last.title, last.few)))


def opened(figure: Figure) -> Image.Image:
    """Return a figure as an image."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def shrunk(image: Image.Image) -> Image.Image:
    """Return the image at the page's width, in 256 colours."""
    small = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    return small.quantize(256, method=Image.Quantize.FASTOCTREE)


def thresholds(module: ModuleType) -> Iterator[str]:
    """Yield each number that a failure's criteria use, in its file or in a helper, with its explanation."""
    waiting = [(module, name) for name in [*numbers(module), *names_in(tree(module))]]
    seen = set()
    for home, name in waiting:  # the list grows during the loop
        if (home, name) in seen:
            continue
        seen.add((home, name))
        if name in numbers(home):
            yield f"- {numbers(home)[name]}"
        elif (source := imported(home).get(name)) in HELPERS:
            waiting.append((import_module(source), name))
        elif home is not module:
            found = (each for each in tree(home).body if isinstance(each, ast.FunctionDef) and each.name == name)
            waiting += [(home, each) for function in found for each in names_in(function)]


@cache
def tree(module: ModuleType) -> ast.Module:
    """A module's syntax."""
    return ast.parse(inspect.getsource(module))


@cache
def numbers(module: ModuleType) -> dict[str, str]:
    """Return each documented number or table of numbers of a module: `NAME = value`, and its explanation."""
    body, found = tree(module).body, {}
    for node, after in itertools.pairwise(body):
        if not (isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)):
            continue
        if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)):
            name = ast.unparse(node.targets[0])
            found[name] = f"`{name} = {ast.unparse(node.value)}`: {paragraph(str(after.value.value))}"
    return found


def names_in(node: ast.AST) -> list[str]:
    """Return the names that some code reads, in an arbitrary but fixed order."""
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]


@cache
def imported(module: ModuleType) -> dict[str, str]:
    """Return the module that each imported name comes from."""
    return {
        name.name: str(node.module)
        for node in tree(module).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }


def paragraph(text: str | None) -> str:
    """A docstring on one line."""
    return " ".join((text or "").split())


def printed(verdict: Verdict) -> list[str]:
    """Return the verdict as `ganlab diagnose` prints it, without its remedies."""
    return [
        f"{words(verdict.name).capitalize()}"
        + (f", since step {verdict.onset_step:,}" if verdict.onset_step is not None else ""),
        verdict.summary,
        f"confidence {100 * verdict.confidence:.0f} % ({verdict.basis}); severity {verdict.severity:.2f}",
        *(f"- {each.words} ({each.source})" for each in verdict.evidence),
        *(f"also: {words(each.name).capitalize()}, steps {each.window[0]:,} to {each.window[1]:,}"
          for each in verdict.contributing),
    ]  # fmt: skip


def offered(name: str, run: Run) -> list[str]:
    """Return the remedies that change a setting of the run that shows a failure, as the code offers them now."""
    evidence = Evidence(run["run"], experiment=experiment_from_mapping({}, OVERRIDE.split(run["settings"])))
    return [
        "do: " + ", ".join(f"{key}: {json.dumps(value)}" for key, value in each.change.items()) + f" ({each.why})"
        for each in prescribe(FAILURE[name].cures, evidence, name)
        if each.change
    ]


def settings(experiment: Experiment) -> str:
    """Return how the run's experiment differs from the defaults, as overrides."""
    quiet = ("name", "seed", "monitor.", *(f"{section}." for section in LISTS))
    # Keys that only the default component has are None here.
    changed = [
        (key, new)
        for key, _, new in difference(Experiment(), experiment)
        if new is not None and not key.startswith(quiet)
    ]
    for section in LISTS:
        if given := [each.model_dump(mode="json") for each in getattr(experiment, section)]:
            changed.append((section, given))
    return " ".join(f"{key}={json.dumps(value, separators=(',', ':'))}" for key, value in changed)


def looked_at(evidence: Evidence, part: str) -> Evidence:
    """Return all of a run, or the part that SHOWN names: its losses alone, or the run up to a step."""
    if part == "from its losses alone":
        return replace(evidence, snapshots=())
    return evidence.until(int(part.removeprefix("at step "))) if part else evidence


def show(corpora: Path, name: str, shown: str) -> Run:
    """Judge the run that shows a failure, draw it, and return its entry for the page.

    Raises:
        SystemExit: its verdict is not the one that it should show.
    """
    key, _, part = shown.partition(" ")
    (found,) = [each for each in of_rules(corpora / "own") if each.name == key.replace("/", ", seed ")]
    assert found.run is not None
    run, evidence = RunDirectory(found.run), looked_at(evidence_of(corpora, found), part)
    verdict = diagnose(evidence)
    if name not in (verdict.failure, verdict.variant):
        raise SystemExit(f"{shown} is {verdict.name}, which does not show {name}")
    shrunk(picture(evidence, verdict, run)).save(picture_of(name), optimize=True)
    assert evidence.experiment is not None
    return {"run": shown, "settings": settings(evidence.experiment), "verdict": printed(verdict)}


def picture_of(name: str) -> Path:
    """Return the file with the picture of a failure."""
    return DOCS / "images" / f"verdict_{name}.png"


def outcome(run: Run) -> str:
    """Return the outcome that a remark on a run is written for."""
    return f"{run['run']}: {run['verdict'][0]}"


def criteria(name: str) -> list[str]:
    """Return what a failure's file says about it: title, docstrings and thresholds."""
    examine = FAILURE[name].examine
    module = sys.modules[examine.__module__]
    title = f"## {short_words(name).capitalize()}"
    return [title, paragraph(module.__doc__), paragraph(examine.__doc__), "\n".join(thresholds(module))]


def cures(name: str) -> str:
    """Return the remedies for a failure, one per line; empty if none is needed."""
    lines = []
    for cure in ranked(FAILURE[name].cures, name):
        record = record_of(name, cure.name)
        known = "; ".join(filter(None, (cure.source, "" if record is None else record.words)))
        lines.append(f"- `{cure.name}`: {'(runs of other code) ' if cure.foreign else ''}{cure.why} ({known})")
    return "\n".join(lines)


def section(name: str, run: Run, remark: Remark) -> str:
    """Return the section of one failure: its criteria, and a real run."""
    parts = [
        *criteria(name),
        f"![{name}: curves and last samples](images/{picture_of(name).name})",
        remark.for_outcome(outcome(run)),
        f"A real run, `{run['run']}`, of the corpus (`{run['settings']}`):",
        textwrap.indent("\n".join([*run["verdict"], *offered(name, run)]), "    "),
    ]
    what_to_do = cures(name)
    return "\n\n".join(each for each in (*parts, f"What to do:\n\n{what_to_do}" if what_to_do else "") if each)


def without_run(name: str) -> str:
    """Return the section of a failure that no run of the corpus shows: its criteria and remedies."""
    seen = "[A real run with this failure](zoo.md). " if name in NAMED else ""
    what_to_do = f"{seen}What to do:\n\n{cures(name)}" if cures(name) else ""
    return "\n\n".join(each for each in (*criteria(name), what_to_do) if each)


HEAD = """# Verdicts

Made by `python -m docs.make.verdicts` from the code and from real runs of the corpus. How often they are right:
[verdict_accuracy.md](verdict_accuracy.md).

**What is needed.** Losses alone prove little: divergence, a batch-norm leak, the dominance of one player, losses that
stand still, a steady orbit. Everything else needs samples and real data (runs of ganlab and `ganlab.Monitor` have them;
for a log of other code, add `--samples` and `--real`) or a curve of FID. Without these the verdict is *inconclusive*,
and says what is missing and how to get it.

{order}

{early}

**A printed FID** gets advice with its verdict: which snapshot was best, how a rise since compares with the noise of the
curve (told from successive points, at least 1 %; from three times the noise a rise is sure), and whether to go on.
Where a log shows that the run was **started again**, the last FIDs and the nearest rows of the losses before and after
are compared. What is clearly worse or different is said with what to check, and accuses nobody.

**In the pictures** a red line marks the onset, yellow the steps that the evidence comes from, blue other failures that
were seen (green if both overlap). Samples underlined in the same colour are near-duplicates by their pixels; the
verdict counts them among all samples, by what the features see, so its share may be another.

**Every statistic of samples** is judged relative to the value that the same number of real samples reaches.

**Confidence** is (right + 1)/(runs + 2) over labelled runs that no rule was tuned on, of the same domain (ganlab's or
those of other trainers, on MNIST, on points, on pictures with or without classes, by losses alone), that were judged on
as many samples and snapshots, or fewer: those in which a failure was found if one is found here, or else the rest. No
run is trusted more than those of which more was known, so the runs that are named may be better known than this one. If
fewer than ten such runs were decided, or had the verdict, confidence is marked "uncalibrated" and is at most
{uncalibrated:.2f}.

**Runs of other code.** The format is recognised by content. Nothing is written next to your files; with `--out`,
verdict.json, the pictures and [a page](page.md) are written to that folder.

    ganlab diagnose log.csv                         # a header and one row per step; the usual column names are known
    ganlab diagnose log.jsonl --map d_loss=lossD --map g_loss=lossG    # map other names with --map
    ganlab diagnose train.log                       # console output: "[0/5][42/938] Loss_D: .. Loss_G: ..",
                                                    # "[Epoch 0/200] [Batch 3/938] [D loss: ..] [G loss: ..]",
                                                    # ">12, d1=0.859, d2=0.664 g=0.872, a1=37, a2=59", StudioGAN
    ganlab diagnose lightning_logs/version_0        # or a folder with stats.jsonl (StyleGAN) or TensorBoard events
    ganlab diagnose train.log --loss hinge          # if the log does not show which loss it is
    ganlab diagnose train.log --samples samples.npz --real mnist       # one array, or one per step: step_0000100
    ganlab diagnose train.log --samples images/ --real reals/ --out diagnosis
    ganlab diagnose train.log --samples images/     # grids, one a step: images/200.png, images/reals.png
    ganlab diagnose --samples images/ --show        # how grids were cut, beside real images: ganlab_cut.png
    ganlab diagnose train.log --samples grid.png --real "mnist[3,8]"

**What to do.** Each failure lists its remedies, the likeliest first: those that beat both controls in [our own
trials](cures.md#what-worked-in-trials), with their record; what the run does otherwise than the recipes that work, what
others showed to help against this failure, and what is only practice; last what did not help in trials. A verdict
offers the first {most} that its run does not have yet and that can be added to it: as `key: old -> new` for runs of
ganlab, in words for other code.

**In CI** `--fail-on` turns a verdict into exit code 3, by failure or variant; exit code 2 means that something could
not be read:

    ganlab train smoke && ganlab diagnose smoke --fail-on diverged,convergence_failure,mode_collapse/total
"""


HOW_EARLY = """\
**How early.** NaN, and augmentation beyond its range, are named at once. Everything else waits for what this table asks
for; its share counts where the plan is known, and the updates of the generator where they are known and its samples
were never more than garbage, as they are when any run begins. Until then the verdict is *inconclusive*, its summary
says what was seen so far, and `missing` what it waits for ("too early to tell: 2,648 of 187,600 steps"). Garbage that
still improves, however slowly, is under-trained within the first {learning} updates. The samples of a run that goes on
are judged once {live} snapshots span {share:.0f} % of its plan. Samples that repeat each other are mode collapse from
{repeating} samples on: in the birthday test their number counts. Pictures of data without a classifier need
{numerous} samples to be healthy.

{table}"""


def needs_table() -> str:
    """Return the table of what each verdict needs; the columns of samples or of FIDs count, whichever there are."""
    heads = (
        "rows of losses",
        "of these, seen in",
        "snapshots",
        "samples each",
        "or FIDs",
        "updates of G",
        "share of the plan",
    )
    lines = [f"| verdict | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in sorted(NEEDS, key=rank):
        found = NEEDS[name]
        numbers = (found.rows, found.seen, found.snapshots, found.samples, found.fids, found.updates)
        share = f"{100 * found.share:.0f} %" if found.share else "any"
        lines.append(f"| {words(name)} | {' | '.join(str(number or '') for number in numbers)} | {share} |")
    return "\n".join(lines)


def page(runs: Mapping[str, Run], remarks: Mapping[str, Remark]) -> str:
    """Return the whole page."""
    names = ", ".join(words(failure.name).replace(", ", ": ") for failure in FAILURES)
    order = "**Precedence.** The first of these whose criteria hold at the end names the run: "
    order = textwrap.fill(
        f"{order}{names}. Other failures, and those that ended earlier, are listed as contributing.", 120
    )
    early = HOW_EARLY.format(
        share=100 * SHARE,
        live=LIVE_SNAPSHOTS,
        repeating=REPEATING,
        numerous=NUMEROUS,
        learning=LEARNING,
        table=needs_table(),
    )
    sections = [section(name, runs[name], remarks[name]) for name, _ in SHOWN]
    others = FAILURE.keys() - {name for name, _ in SHOWN} - {*NAMED}
    rest = [name for name in FAILURE if name in others]
    return (
        "\n\n".join(
            [
                HEAD.format(order=order, early=early, most=MOST, uncalibrated=UNCALIBRATED),
                *sections,
                *map(without_run, [*NAMED, *rest]),
            ]
        )
        + "\n"
    )


def main() -> None:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(description="The page of verdicts.")
    parser.add_argument("--corpora", type=Path, help="judge and draw the runs of ganlab's own again")
    corpora = parser.parse_args().corpora
    if corpora:
        write_json(RUNS, {name: show(corpora, name, shown) for name, shown in SHOWN})
    runs, remarks = read_json(RUNS), read_remarks("verdicts")
    atomic_write(PAGE, page(runs, remarks).encode())
    for line in outdated(remarks, {name: outcome(run) for name, run in runs.items()}):
        print(f"warning: a remark may no longer be true: {line}")


if __name__ == "__main__":
    main()
