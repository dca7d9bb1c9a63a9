"""Small logs in the forms that people's trainers print: what must be read of each, without flags."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers import ReadOptions, read


@dataclass(frozen=True)
class Case:
    """A log and its right reading.

    Attributes:
        file: its name.
        lines: what it holds.
        curves: curves and metrics that must be read, by name (`A/d_loss` for a player): first and last value.
        steps: of the curve that is named first.
        unit: what a step is.
        planned: planned steps, if the log says them.
        trainer: whose form it is.
        families: the family, or those left open; None: not asked.
        weighted: whether G's adversarial loss is one term of a larger one.
        others: what other columns were taken for.
    """

    file: str
    lines: list[str]
    curves: dict[str, tuple[float, float]]
    steps: list[int]
    unit: str = "step"
    planned: int | None = None
    trainer: str | None = None
    families: set[str] | None = None
    weighted: bool = False
    others: dict[str, str] = field(default_factory=dict)


NAN = float("nan")
RELATIVISTIC = [f"batch: {100 * n} d_loss: 0.000000 g_loss: {14 + n % 7}" for n in range(1, 26)]
ROWS = range(1, 5)

CASES = {
    "Keras 2 bars, one an epoch": Case(
        "fit.log",
        [
            line
            for epoch in ROWS
            for line in (f"Epoch {epoch}/4", f"80/80 [=====] - 3s 31ms/step - d_loss: 1.{epoch} - g_loss: 0.{epoch}")
        ],
        {"d_loss": (1.1, 1.4), "g_loss": (0.1, 0.4)},
        [80, 160, 240, 320],
        planned=320,
    ),
    "thousands separators": Case(
        "train.log",
        [f"INFO: [epoch: 2, iter: {step:,}, lr:2e-4] d_loss: 1.1 g_loss: 0.9" for step in (900, 1200, 1500)],
        {"d_loss": (1.1, 1.1), "lr_g": (2e-4, 2e-4), "lr_d": (2e-4, 2e-4)},
        [900, 1200, 1500],
    ),
    "padded steps": Case(
        "train.log",
        [f"iter: {step:>8} d_loss: 1.1 g_loss: 0.9" for step in (50, 100, 150)],
        {"d_loss": (1.1, 1.1), "g_loss": (0.9, 0.9)},
        [50, 100, 150],
    ),
    "halves of D's loss in pix2pix": Case(
        "loss_log.txt",
        [
            f"(epoch: {epoch}, iters: {iters}, time: 0.2, data: 0.1) G_GAN: 0.8 G_L1: 8.2 D_real: 0.2 D_fake: 1.1"
            for epoch in (1, 2)
            for iters in (100, 200, 300)
        ],
        {"d_loss_real": (0.2, 0.2), "d_loss_fake": (1.1, 1.1), "d_loss": (1.3, 1.3), "g_loss": (0.8, 0.8)},
        [100, 200, 300, 400, 500, 600],
        trainer="pix2pix",
        weighted=True,
        others={"G_L1": "other term"},
    ),
    "two directions with NaN": Case(
        "loss_log.txt",
        [f"(epoch: 1, iters: {n}00) D_A: nan G_A: nan cycle_A: nan D_B: nan G_B: nan" for n in ROWS],
        {"A/d_loss": (NAN, NAN), "A/g_loss": (NAN, NAN), "B/d_loss": (NAN, NAN), "B/g_loss": (NAN, NAN)},
        [100, 200, 300, 400],
        trainer="CycleGAN",
        weighted=True,
        others={"cycle_A": "other term"},
    ),
    "a weighted adversarial term": Case(
        "train.log",
        [f"iter: {n}00 l_g_pix: 2.0e-02 l_g_gan: 4.0e-02 l_d_real: 2.0e-04 l_d_fake: 3.0e-04" for n in ROWS],
        {"d_loss_real": (2e-4, 2e-4), "d_loss_fake": (3e-4, 3e-4), "g_loss": (0.04, 0.04)},
        [100, 200, 300, 400],
        trainer="BasicSR",
        weighted=True,
    ),
    "the total beside its adversarial part": Case(
        "train.log",
        [f"[Epoch {n}/9] [Batch 0/40] [D loss: 0.02] [G loss: 11.1, pixel: 0.11, adv: 0.3] ETA: 0:1" for n in range(4)],
        {"d_loss": (0.02, 0.02), "g_loss": (0.3, 0.3)},
        [0, 40, 80, 120],
        planned=360,
        weighted=True,
        others={"G loss": "generator total", "G loss: pixel": "other term"},
    ),
    "a printed dict": Case(
        "train.log",
        [f"{{'step': {n}0, 'd_loss': 1.1, 'g_loss': 0.{n}}}" for n in ROWS],
        {"d_loss": (1.1, 1.1), "g_loss": (0.1, 0.4)},
        [10, 20, 30, 40],
    ),
    "printed tensors": Case(
        "train.log",
        [f"step {n}0 d_loss: tensor([0.{n}], device='cuda:0') g_loss: tensor([1.2], device='cuda:0')" for n in ROWS],
        {"d_loss": (0.1, 0.4), "g_loss": (1.2, 1.2)},
        [10, 20, 30, 40],
    ),
    "names without colons": Case(
        "train.log",
        [f"step {n}0 d_loss 1.{n} g_loss 0.90" for n in ROWS],
        {"d_loss": (1.1, 1.4), "g_loss": (0.9, 0.9)},
        [10, 20, 30, 40],
    ),
    "a record over three lines": Case(
        "train.log",
        [line for n in range(3) for line in (f"[{n}/3][0/20]", f"Loss_D: 1.{n}", "Loss_G: 0.8")],
        {"d_loss": (1.0, 1.2), "g_loss": (0.8, 0.8)},
        [0, 20, 40],
        planned=60,
    ),
    "an export of Weights & Biases": Case(
        "wandb.csv",
        [
            '"Step","a-2 - d_loss","a-2 - d_loss__MIN","a-2 - d_loss__MAX"',
            *(f'"{n}0","1.{n}","0.1","9.9"' for n in ROWS),
        ],
        {"d_loss": (1.1, 1.4)},
        [10, 20, 30, 40],
    ),
    "a dict of lists": Case(
        "history.json",
        [json.dumps({"d_loss": [1.2, 1.3], "g_loss": [0.7, 0.6]})],
        {"d_loss": (1.2, 1.3), "g_loss": (0.7, 0.6)},
        [1, 2],
        unit="row",
    ),
    "an array of rows": Case(
        "log",
        [json.dumps([{"iteration": 50, "loss_dis": 1.2, "loss_gen": 0.7}, {"iteration": 90, "loss_dis": 1.3}])],
        {"d_loss": (1.2, 1.3), "g_loss": (0.7, 0.7)},
        [50, 90],
    ),
    "a printed table of FIDs": Case(
        "fid.txt",
        [f"network-snapshot-000{n}00  time 3m 11s  fid50k_full {fid}" for n, fid in ((0, 210.0), (2, 40.0), (4, 85.0))],
        {"fid": (210.0, 85.0)},
        [],
    ),
    "impossible FIDs": Case("fid.csv", ["step,fid", "0,1e44", "100,-2e31"], {}, []),
    "epochs alone": Case(
        "train.log",
        [f"Epoch: {71 + n} D loss: {'1.1' if n < 3 else 'nan'} G loss: {'0.9' if n < 3 else 'nan'}" for n in ROWS],
        {"d_loss": (1.1, NAN), "g_loss": (0.9, NAN)},
        [72, 73, 74, 75],
        unit="epoch",
    ),
    "frozen losses": Case(
        "log.csv",
        ["step,d_loss,g_loss", *(f"{20 * n},1.386,0.693" for n in range(60))],
        {"d_loss": (1.386, 1.386), "g_loss": (0.693, 0.693)},
        [20 * n for n in range(60)],
        families={"cross_entropy"},
    ),
    "a loss at its clamp": Case(
        "train.log",
        [
            f"[{n}/12][0/50] Loss_D: 100.0000 Loss_G: 0.0000 D(x): 1.0000 D(G(z)): 1.0000 / 1.0000"
            for n in range(12)
        ],
        {"d_loss": (100, 100), "g_loss": (0, 0), "d_real": (1, 1), "d_fake": (1, 1)},
        [50 * n for n in range(12)],
        planned=600,
        trainer="DCGAN (PyTorch)",
        families={"cross_entropy"},
        others={"D(G(z)) [2]": "other score"},
    ),
    "relativistic losses": Case(
        "train.log",
        RELATIVISTIC,
        {"d_loss": (0, 0), "g_loss": (15, 18)},
        [100 * n for n in range(1, 26)],
        families={"cross_entropy", "hinge", "relativistic"},
    ),
    "the last line looks like a header": Case(
        "train.log",
        ["L1: 0.3, Sync: 0.1 | Fake: 0.68, Real: 0.71"],
        {"d_loss_fake": (0.68, 0.68), "d_loss_real": (0.71, 0.71)},
        [1],
        unit="row",
        trainer="Wav2Lip",
        families={"cross_entropy"},
        weighted=True,
    ),
    "the first batches": Case(
        "train.log",
        [f"Epoch: [ 0] [{n:>4}/2100] d_loss: {6 - n / 2:.2f}, g_loss: 0.0{n}0" for n in range(8)],
        {"d_loss": (6.0, 2.5), "g_loss": (0.0, 0.07)},
        list(range(8)),
        planned=2100,
    ),
    "a total before the GAN term": Case(
        "train.log",
        [f"step {n} [D loss: 0.6] [G total loss: 15.1] [G GAN Loss: 0.8]" for n in ROWS],
        {"d_loss": (0.6, 0.6), "g_loss": (0.8, 0.8)},
        [1, 2, 3, 4],
        weighted=True,
        others={"G total loss": "generator total"},
    ),
    "the accuracy of an AC-GAN's classes": Case(
        "train.log",
        [f"[Epoch {n}/9] [Batch 0/40] [D loss: 0.8, acc: 98%] [G loss: 1.1]" for n in range(4)],
        {"d_loss": (0.8, 0.8), "g_loss": (1.1, 1.1)},
        [0, 40, 80, 120],
        planned=360,
        trainer="AC-GAN (PyTorch-GAN)",
        others={"D loss: acc": "class accuracy"},
    ),
    "an explosion from the first row": Case(
        "train.log",
        [f"Epoch: {600 + n} D_loss: {70600.0 + n} G_loss: 0.5" for n in range(11)],
        {"d_loss": (70600, 70610), "g_loss": (0.5, 0.5)},
        list(range(600, 611)),
        unit="epoch",
    ),
}  # fmt: skip


def read_case(case: Case, folder: Path) -> Evidence:
    """Write a case's file and read it without flags."""
    (folder / case.file).write_text("\n".join(case.lines) + "\n")
    return read(folder / case.file, ReadOptions())


@pytest.mark.parametrize("name", CASES)
def test_a_form_is_read_rightly(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    found = read_case(case, tmp_path)
    curves = {
        f"{player}/{quantity}" if player else quantity: curve
        for player, group in [("", found.curves), ("", found.quality), ("", found.controls), *found.players.items()]
        for quantity, curve in group.items()
    }
    assert curves.keys() >= case.curves.keys()
    for quantity, (first, last) in case.curves.items():
        values = curves[quantity].values[[0, -1]]
        assert values == pytest.approx([first, last], nan_ok=True), quantity
    if case.steps:
        assert curves[next(iter(case.curves))].steps.tolist() == case.steps
    if case.unit != "step" or case.steps:
        assert found.unit == case.unit
    assert found.planned == case.planned
    assert found.weighted == case.weighted
    assert found.read is not None
    if case.trainer is not None:
        assert found.read.trainer == case.trainer
    if case.families is not None:
        assert {found.family, *found.families} - {None} == case.families
    taken = {column.name: column.quantity for column in found.read.columns}
    assert {column: taken[column] for column in case.others} == case.others


def test_no_accuracy_of_classes_is_taken_for_d_s(tmp_path: Path) -> None:
    found = read_case(CASES["the accuracy of an AC-GAN's classes"], tmp_path)
    assert not any(name.startswith("d_acc") for name in found.curves)


def test_a_stylegan_folder_loses_no_fid(tmp_path: Path) -> None:
    rows = [
        {"Loss/G/loss": {"mean": 1.2}, "Loss/D/loss": {"mean": 0.8}, "Progress/kimg": {"mean": 20.0 * n}}
        for n in range(6)
    ]
    fids = [
        {"results": {"fid50k_full": 90.0 - 10 * n}, "snapshot_pkl": f"network-snapshot-{20 * n:06}.pkl"}
        for n in range(6)
    ]
    (tmp_path / "stats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "metric-fid50k_full.jsonl").write_text("".join(json.dumps(row) + "\n" for row in fids))
    found = read(tmp_path, ReadOptions())
    np.testing.assert_array_equal(found.quality["fid"].values, [90, 80, 70, 60, 50, 40])
    np.testing.assert_array_equal(found.quality["fid"].steps, 20_000 * np.arange(6))
    assert (found.unit, found.family) == ("image", "cross_entropy")


def test_impossible_fids_are_read_and_refused(tmp_path: Path) -> None:
    found = read_case(CASES["impossible FIDs"], tmp_path)
    assert found.quality == {}
    assert any("2 are no FIDs" in note for note in found.notes)
