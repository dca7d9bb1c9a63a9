"""The page of foreign logs: the forms that are read, the trainers whose names are known, and how to add one.

python -m docs.make.foreign     writes docs/foreign.md from the readers, `vocabulary.py` and `trainers.yaml`
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from ganlab.config.objectives import FAMILY_WORDS
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.readers.interpret import PLACES
from ganlab.diagnosis.readers.vocabulary import OTHERS, QUANTITIES, Trainer, trainers

PAGE = Path(__file__).parents[1] / "foreign.md"

OPENING = """# Logs of other code

Made by `python -m docs.make.foreign` from the readers in `src/ganlab/diagnosis/readers/` and from their tables.

    ganlab diagnose train.log                          read it, judge it
    ganlab diagnose train.log --show                   what was read: each column, its range, what it was taken for
    ganlab diagnose train.log --map d_loss=DF          say what a column is that was not understood
    ganlab diagnose train.log --loss hinge             say which loss it was trained with
    ganlab diagnose train.log --export curves.csv      write what was read in ganlab's own columns

What a file holds and what its names mean are two things. A reader turns the file into rows: numbers by name, and where
in the run each row is. Whose names they are is then looked up among the trainers below; the names of other code are
understood by the words that they are made of. A column that says nothing sure is not used, and `--show` lists it.
"""

SAMPLES = """## Samples

Losses alone prove little. Samples are judged with them, or without a log, against the data that they should look like:

    ganlab diagnose train.log --samples images/ --real mnist          the log, and pictures of it
    ganlab diagnose images/ --real PICTURES                           pictures alone; PICTURES is a folder of real ones
    ganlab diagnose images/ --real "mnist[3,5]"                       trained on threes and fives alone
    ganlab diagnose images/ --real mnist --show                       how they were cut, beside real ones; judge nothing

- **Pictures**: a folder of grids, one or several a step, or of single samples. How large a tile is and how far apart
  they are is found from the pictures and the size of the real ones; `--tile 64` says it. Steps are found in the names:
  `fake_samples_epoch_003.png`, `200.png`, `iter_000200/0001.png`. Of an animation the last frame is taken; beside still
  pictures it is left out.
- **Arrays**: NPZ or NPY, `(N, C, H, W)`, `(N, H, W, C)` or `(N, H, W)`, bytes or floats; several arrays of a file are
  steps by their names (`step_0000100`).
- **`--real`**: `mnist`, a folder of pictures (with a folder a class, or none) or an NPZ. Name only the classes that the
  run was trained on: a generator of threes and fives, held against ten digits, has lost eight. Left out, `reals.png` or
  `real_samples.png` beside the samples is used if it is there.
- A folder that holds a log and pictures is judged by both if `--real` is given, and by the log alone if it is not.
- More can be proved with several steps than with one, and with 100 samples a step than with 25. For fewer than 25 no
  confidence was measured.

From Python: `ganlab.diagnose("train.log", samples={100: first, 200: last}, real="mnist")`.
"""

READERS = (
    *("text", "tables", "json_files", "arrays", "tensorboard", "stylegan", "studiogan", "wandb", "mlflow", "folders"),
    *("settings", "curves_file", "memory"),
)
"""Modules of `ganlab.diagnosis.readers` that read a form; their first line says which."""

LINES = (
    "[3/25][150/938] Loss_D: 0.73 Loss_G: 2.20 D(x): 0.78 D(G(z)): 0.26 / 0.14",
    "(epoch: 3, iters: 300, time: 0.2) G_GAN: 0.8 G_L1: 8.2 D_real: 0.2 D_fake: 1.1",
    "INFO: [epoch: 2, iter: 1,250, lr:(2.000e-04,)] l_g_gan: 4.0e-02 l_d_real: 3.0e-01 l_d_fake: 2.8e-01",
    "Step 1200 | D loss 1.05 | G loss 0.91 | lr 1e-4 | 00:12:31",
    "[Epoch 3/200] [Batch 17/938] [D loss: 0.41, acc: 82%] [G loss: 14.2, pixel: 0.13, adv: 0.62]",
    "{'step': 1200, 'd_loss': 1.05, 'g_loss': tensor([0.91], device='cuda:0')}",
    ">12, d1=0.641, d2=0.702 g=0.812",
    "80/80 [==============================] - 3s 31ms/step - d_loss: 1.0500 - g_loss: 0.9100",
)
"""Lines of text logs, with invented numbers; what is read of each is found by reading it."""

QUANTITIES_SAY = {
    "d_loss": "D's loss, as a sum or a mean of its halves",
    "d_loss_real": "its half over reals",
    "d_loss_fake": "its half over fakes",
    "g_loss": "the adversarial part of G's loss",
    "d_acc_real": "share of reals that D takes for real",
    "d_acc_fake": "share of fakes that D takes for fake",
    "d_acc": "one accuracy over reals and fakes; it stands for both",
    "d_real": "mean score of reals: probabilities for cross-entropy, else raw scores",
    "d_fake": "mean score of fakes",
    "grad_d": "norm of D's gradient",
    "grad_g": "norm of G's gradient",
    "grad_g_output": "norm of the gradient at G's output",
    "fid": "FID; values below 0 or above 100,000 are said to be none, and left out",
    "kid": "KID",
    "inception_score": "Inception Score",
    "f8": "F_8, recall of PRD",
    "f1_8": "F_1/8, precision of PRD",
    "lr_g": "learning rate of G",
    "lr_d": "learning rate of D",
    "lr": "one learning rate; it stands for both",
    "augment": "strength of ADA's augmentations",
    "step": "the column that counts steps",
    "epoch": "the column that counts epochs",
}
OTHERS_SAY = {
    "generator total": "what G minimises as a whole: its level says nothing of the game, and only NaN in it counts",
    "other term": "L1, cycle, identity, perceptual, feature matching, KL, commitment and the like: only NaN counts",
    "penalty": "R1, gradient and path length penalties",
    "class accuracy": "accuracy of an auxiliary classifier (AC-GAN), which is not D's",
    "other score": "a score on another scale than the loss's, or taken after G's step",
    "time": "times, sizes of memory",
    "settings": "constants and counters",
}

ADDING = """## Adding a trainer

A trainer is an entry in `src/ganlab/diagnosis/readers/trainers.yaml`; no code is needed.

    - name: my trainer
      source: owner/repository
      signatures: [[disc/total, gen/fool, gen/pixels]]
      columns:
        d_loss: disc/total
        g_loss: gen/fool
        other term: gen/pixels
      usual: hinge
      weighted: true
      judged: D's loss
      example: |
        it 100 disc/total=1.10 gen/fool=0.31 gen/pixels=4.00
      reads: {d_loss: 1.10, g_loss: 0.31}

`signatures` are lists of columns, spelt as the trainer spells them, that together tell it from others; `columns` says
what each name is, case and separators aside, with `*` for anything and `{player}` for the names in `players`. `family`
is for a trainer that has only one; `usual` is believed only if the numbers allow it. Every entry is its own test: its
example must be recognised, and give the numbers in `reads`. Then run `python -m docs.make.foreign`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([OPENING, SAMPLES, *_forms(), *_meanings(), *_families(), *_table(trainers()), "", ADDING])


def _forms() -> list[str]:
    modules = (import_module(f"ganlab.diagnosis.readers.{name}") for name in READERS)
    said = [(each.__doc__ or "").split("\n\n")[0].replace("\n", " ").rstrip(".") for each in modules]
    lines = ["## Forms", "", *(f"- {each[0]}{each[1:]}." for each in said), ""]
    lines += [
        "Of a line of text, for example, this is read:",
        "",
        "| line | place | quantities |",
        "| --- | --- | --- |",
    ]
    with TemporaryDirectory() as folder:
        for line in LINES:
            path = Path(folder, "train.log")
            path.write_text(f"{line}\n")
            found = read(path, ReadOptions())
            place = "none" if found.unit == "row" else f"{found.unit} {found.last_step:,}"
            place += f" of {found.planned:,}" if found.planned else ""
            groups = (found.curves, found.quality, found.controls)
            values = [f"{name} {curve.values[-1]:g}" for group in groups for name, curve in group.items()]
            lines.append(f"| `{_cell(line)}` | {place} | {', '.join(values)} |")
    return [*lines, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _meanings() -> list[str]:
    named = [*QUANTITIES, *PLACES]
    lines = ["## What a column can be", "", "`--map` takes a column for any of these:", ""]
    lines += [
        "| quantity | what it is |",
        "| --- | --- |",
        *(f"| `{name}` | {QUANTITIES_SAY[name]} |" for name in named),
    ]
    lines += ["", "`--map A.d_loss=...` names the loss of the player A: a log of two directions, or of several"]
    lines += [
        "discriminators, holds several games, and each is judged. Other numbers are known, and judge nothing:",
        "",
    ]
    return [
        *lines,
        "| number | what it is |",
        "| --- | --- |",
        *(f"| {each} | {OTHERS_SAY[each]} |" for each in OTHERS),
        "",
    ]


def _families() -> list[str]:
    words = [each for family, each in FAMILY_WORDS.items() if family != "unknown"]
    return [
        "## Which loss it is",
        "",
        "Levels mean something only if the loss is known. `--loss` says it; else the trainer's entry or its file of",
        "options; else numbers that only one loss gives: first losses or long plateaus at its values at chance, the",
        "clamp of BCELoss at 100, signs, scores that are probabilities. What a trainer usually uses is believed if the",
        f"numbers allow it. If several of {', '.join(words)} fit,",
        "each is tried, and only a verdict that all of them give is given.",
        "",
    ]


def _table(entries: Iterable[Trainer]) -> list[str]:
    lines = ["## Trainers", "", "| trainer | source | an example | what is read | loss | judged |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for each in entries:
        example = each.example if isinstance(each.example, str) else ", ".join(each.example)
        last = example.strip().splitlines()[-1].strip()
        shown = last if len(last) <= 120 else f"{last[:117]}..."
        read_names = ", ".join(f"`{name}`" for name in each.reads) or "nothing that is judged"
        usual = f"{FAMILY_WORDS[each.usual]}, usually" if each.usual else "by the numbers"
        loss = FAMILY_WORDS[each.family] if each.family else usual
        cells = (each.name, each.source, f"`{_cell(shown)}`", read_names, loss, each.judged)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page())
