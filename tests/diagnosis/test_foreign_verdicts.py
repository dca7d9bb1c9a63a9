"""Logs as trainers print them, from their text to the verdict: what is proved is named, and what is normal never is."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.sessions import diagnose_path
from ganlab.diagnosis.verdict import Verdict

RNG = np.random.default_rng(11)


def lines(template: str, count: int, **columns: Callable[[int], object]) -> str:
    """A line per row, each field of the template filled from the row's number."""
    rows = ({name: of(row) for name, of in columns.items()} for row in range(count))
    return "".join(template.format(row=index, **row) + "\n" for index, row in enumerate(rows))


def about(level: float, noise: float = 0.1) -> Callable[[int], float]:
    return lambda row: level * (1 + noise * RNG.normal())


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Verdict]:
    counter = itertools.count()

    def judge(text: str, name: str = "train.log", **options: object) -> Verdict:
        folder = tmp_path / str(next(counter))
        folder.mkdir()
        (folder / name).write_text(text)
        return diagnose_path(folder / name, ReadOptions(**options))

    return judge


Judge = Callable[..., Verdict]

DCGAN = "[{row}/200][0/150] Loss_D: {d:.4f} Loss_G: {g:.4f} D(x): {real:.4f} D(G(z)): {fake:.4f} / {fake:.4f}"
BASICSR = (
    "[epoch:{row:3d}, iter:{at:8,d}, lr:(1.000e-04,)] l_g_pix: {pix:.4e} l_g_gan: {g:.4e} "
    "l_d_real: {d:.4e} l_d_fake: {d:.4e}"
)
PIX2PIX = "(epoch: {row}, iters: 400, time: 0.2) G_GAN: {g:.3f} G_L1: {pix:.3f} D_real: {real:.3f} D_fake: {fake:.3f}"
WEIGHTED = {
    "BasicSR": lines(BASICSR, 300, at=lambda row: 100 * row, pix=about(1e-2), g=about(5e-2), d=about(1e-4)),
    "pix2pix": lines(PIX2PIX, 300, g=about(0.7), pix=about(9.0), real=about(0.1), fake=about(1.3)),
    "pix2pix, D sure": lines(PIX2PIX, 300, g=about(0.05), pix=about(9.0), real=about(1e-3), fake=about(1e-3)),
    "pix2pix, D lost": lines(PIX2PIX, 300, g=about(0.05), pix=about(9.0), real=about(2.0), fake=about(3.0)),
    "total first": lines(
        "step {row} [D loss: {d:.3f}] [G total loss: {total:.2f}] [G GAN Loss: {g:.3f}]",
        300, d=about(0.7), total=about(170.0), g=about(0.7),
    ),
    "PyTorch-GAN pix2pix": lines(
        "[Epoch {row}/400] [Batch 0/50] [D loss: {d:.6f}] [G loss: {total:.6f}, pixel: {pix:.6f}, adv: {g:.6f}]",
        400, d=about(0.008), total=about(12.0), pix=about(0.12), g=about(0.3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trainer", WEIGHTED)
def test_an_adversarial_term_of_a_larger_loss_accuses_nobody(trainer: str, judged: Judge) -> None:
    for loss in (None, "non_saturating", "least_squares", "hinge"):
        if trainer == "BasicSR" and loss is not None:
            continue
        verdict = judged(WEIGHTED[trainer], loss=loss)
        assert (verdict.name, verdict.contributing) == ("inconclusive", ()), loss


def test_where_the_discriminators_own_loss_shows_that_it_won_the_other_terms_carry_the_training(judged: Judge) -> None:
    won = {"pix": about(9.0), "real": about(1e-3), "fake": about(2e-3)}
    verdict = judged(lines(PIX2PIX, 300, g=about(8.0), **won))
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert "teaches the generator nothing any more; the other terms carry the training." in verdict.summary
    assert judged(lines(PIX2PIX, 300, g=about(1.0), **won)).name == "inconclusive"  # fakes pass all the same
    assert judged(lines(PIX2PIX, 11, g=about(8.0), **won)).name == "inconclusive"
    back = lines(
        PIX2PIX, 300, g=about(8.0), pix=about(9.0), real=lambda row: 1e-3 if row < 250 else 0.5, fake=about(0.4)
    )
    assert judged(back).name == "inconclusive"


def test_a_term_of_unknown_weight_needs_the_loss_to_be_known(judged: Judge) -> None:
    assert "if it is relativistic, this is no failure" in judged(WEIGHTED["BasicSR"]).summary
    named = judged(WEIGHTED["BasicSR"], loss="non_saturating")
    assert named.name == "convergence_failure/discriminator_dominates"
    assert all(each.signal != "g_loss" for each in named.evidence)
    for loss in ("relativistic", "wasserstein"):
        assert judged(WEIGHTED["BasicSR"], loss=loss).name == "inconclusive"


def test_two_directions_of_which_one_has_won(judged: Judge) -> None:
    row = "(epoch: {row}, iters: 100, time: 0.3) D_A: {a:.3f} G_A: {g:.3f} cycle_A: 0.9 D_B: {b:.3f} G_B: {h:.3f}"
    verdict = judged(lines(row, 60, a=about(0.25), g=about(0.3), b=about(0.003), h=about(0.98)))
    assert verdict.name == "convergence_failure/discriminator_dominates"
    assert verdict.summary.startswith("Discriminator B: ")


def test_nan_in_one_of_two_directions_is_divergence(judged: Judge) -> None:
    row = "(epoch: {row}, iters: 100, time: 0.3) D_A: {d:.3f} G_A: {g:.3f} cycle_A: 0.9 D_B: {b:.3f} G_B: {g:.3f}"
    text = lines(row, 60, d=about(0.2), g=about(0.5), b=lambda row: 0.2 if row < 30 else float("nan"))
    verdict = judged(text)
    assert verdict.name == "diverged"
    assert "Discriminator B" in verdict.summary


def test_losses_of_all_epochs_but_the_last_are_nan(judged: Judge) -> None:
    text = lines(
        "Epoch: {at} D loss: {d} G loss: 0.8", 20, at=lambda row: 560 + row, d=lambda row: 1.2 if row < 12 else "nan"
    )
    verdict = judged(text)
    assert (verdict.name, verdict.onset_step) == ("diverged", 572)


@pytest.mark.parametrize("level", [9e4, 3e7])
def test_a_loss_that_never_was_one_has_diverged(level: float, judged: Judge) -> None:
    text = lines("Epoch: {at} D_loss: {d:.1f} G_loss: 0.6", 20, at=lambda row: 880 + row, d=lambda row: level + row)
    assert judged(text).name == "diverged"


def test_losses_that_never_move_are_frozen(judged: Judge) -> None:
    table = "step,d_loss,g_loss\n" + lines("{at},1.386,0.693", 80, at=lambda row: 50 * row)
    assert judged(table, "log.csv").name == "convergence_failure/frozen"
    printed = lines("epoch {row} d_loss 0.6931 g_loss 0.6931", 80)
    assert judged(printed).name == "convergence_failure/frozen"
    living = lines("epoch {row} d_loss {d:.4f} g_loss {g:.4f}", 80, d=about(0.693, 0.004), g=about(0.693, 0.004))
    assert judged(living).name == "inconclusive"


def test_saturated_probabilities_say_who_won(judged: Judge) -> None:
    fooled = {"d": lambda row: 100.0, "g": lambda row: 0.0, "real": lambda row: 1.0, "fake": lambda row: 1.0}
    assert judged(lines(DCGAN, 60, **fooled)).name == "convergence_failure/generator_dominates"
    won = {"d": lambda row: 0.0, "g": about(40.0), "real": lambda row: 1.0, "fake": lambda row: 0.0}
    assert judged(lines(DCGAN, 60, **won)).name == "convergence_failure/discriminator_dominates"


def test_both_losses_at_the_clamp_of_many_samples_have_diverged(judged: Judge) -> None:
    """A learning rate a hundred times too high: sure and wrong of some of the 64 samples, 100 nats each."""
    row = "[Epoch {row}/200] [Batch 770/938] [D loss: {d:.6f}] [G loss: {g:.6f}]"

    def clamped(start: float, share: float) -> Callable[[int], float]:
        return lambda row: start if row < 5 else 100 * round(64 * (share + 0.1 * RNG.uniform())) / 64

    verdict = judged(lines(row, 150, d=clamped(0.0, 0.4), g=clamped(100.0, 0.5)))
    assert verdict.name == "diverged"
    assert "both are sure, and wrong" in verdict.summary


def test_relativistic_levels_are_said_to_be_possible_and_not_accused(judged: Judge) -> None:
    text = lines("batch: {at} d_loss: 0.000000 g_loss: {g:.0f}", 60, at=lambda row: 100 * row, g=about(18.0))
    verdict = judged(text)
    assert verdict.name == "inconclusive"
    assert "relativistic" in verdict.summary
    assert judged(text, loss="relativistic").name == "inconclusive"
    assert judged(text, loss="non_saturating").name == "convergence_failure/discriminator_dominates"


def test_what_has_hardly_begun_is_too_early_whatever_it_looks_like(judged: Judge) -> None:
    row = "Epoch: [ 0] [{row:4d}/3165] time: 1.0, d_loss: {d:.8f}, g_loss: {g:.8f}"
    text = lines(row, 40, d=lambda row: 7 - 0.1 * row, g=about(0.001))
    for loss in (None, "non_saturating"):
        verdict = judged(text, loss=loss)
        assert (verdict.name, verdict.contributing) == ("inconclusive", ())
        assert "oo early" in verdict.summary


def test_one_odd_row_at_the_end_is_no_failure(judged: Judge) -> None:
    def bars(rows: Iterable[tuple[float, float]]) -> str:
        bar = "100/100 [==============================] - 2s 20ms/step - d_loss: {:.4f} - g_loss: {:.4f}\n"
        return "".join(f"Epoch {index}/40\n{bar.format(*row)}" for index, row in enumerate(rows, start=1))

    normal = [(1.3 + 0.05 * RNG.normal(), 0.8 + 0.05 * RNG.normal()) for _ in range(39)]
    for odd in ((0.001, 9.0), (12.0, 1e-4), (900.0, 0.1)):
        assert judged(bars([*normal, odd]), loss="non_saturating").name == "inconclusive"


def test_the_class_accuracy_of_an_ac_gan_is_not_that_of_the_discriminator(judged: Judge) -> None:
    row = "[Epoch {row}/100] [Batch 0/50] [D loss: {d:.6f}, acc: 99%] [G loss: {g:.6f}]"
    assert judged(lines(row, 100, d=about(0.9), g=about(1.2))).name == "inconclusive"


@pytest.mark.parametrize(
    ("fid", "name"),
    [
        ((260, 50, 90), "degraded"),
        ((260, 80, 40, 25, 18, 19, 60, 110, 200), "degraded"),
        ((260, 50, 41, 40, 39, 38, 40), "healthy"),
        ((1e57, -3e68, -1e50), "inconclusive"),
        ((310, 305, 308, 311, 306, 309), "never_learned"),
    ],
)
def test_tables_of_fid(fid: tuple[float, ...], name: str, judged: Judge) -> None:
    printed = "".join(
        f"network-snapshot-{200 * row:06d}   time 4m 32s   fid50k_full {value}\n" for row, value in enumerate(fid)
    )
    table = "step,fid\n" + "".join(f"{1000 * row},{value}\n" for row, value in enumerate(fid))
    stylegan = "".join(
        json.dumps(
            {
                "results": {"fid50k_full": value},
                "metric": "fid50k_full",
                "snapshot_pkl": f"network-snapshot-{200 * row:06d}.pkl",
            }
        )
        + "\n"
        for row, value in enumerate(fid)
    )
    for text, file in ((printed, "fid.txt"), (table, "fid.csv"), (stylegan, "metric-fid50k_full.jsonl")):
        verdict = judged(text, file)
        assert verdict.name == name, file
        assert verdict.name != "healthy" or "FID" in verdict.summary


@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize(
    "form",
    [
        "iter: {at:,d} d_loss: {d:.3f} g_loss: {g:.3f}",
        "iter: {at:8d} d_loss: {d:.3f} g_loss: {g:.3f}",
        "{{'step': {at}, 'd_loss': {d:.3f}, 'g_loss': {g:.3f}}}",
        "step {at} d_loss: tensor([{d:.3f}], device='cuda:0') g_loss: tensor([{g:.3f}], device='cuda:0')",
        "step {at} d_loss {d:.3f} g_loss {g:.3f}",
        "[{at}/9][0/10]\nLoss_D: {d:.3f}\nLoss_G: {g:.3f}",
        "L1: 0.2, Sync: 0.0 | Fake: {d:.3f}, Real: {d:.3f}",
    ],
)
def test_few_rows_prove_nothing(form: str, rows: int, judged: Judge) -> None:
    for d, g in ((1.3, 0.8), (1e-5, 12.0), (8.0, 1e-5), (0.0, 0.0), (5e4, 0.1)):
        text = lines(form, rows, at=lambda row: 1000 + 250 * row, d=about(d), g=about(g))
        for loss in (None, "non_saturating", "hinge"):
            verdict = judged(text, loss=loss)
            assert (verdict.name, verdict.contributing) == ("inconclusive", ()), (d, g, loss)
