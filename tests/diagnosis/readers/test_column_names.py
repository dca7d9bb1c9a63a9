from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganlab.diagnosis.evidence import SIGNALS
from ganlab.diagnosis.readers.column_names import (
    BOTH_ACCURACIES,
    QUALITY,
    LogRows,
    Reading,
    match,
    meaning,
    read_rows,
    thread,
)
from ganlab.errors import RunError


def read(*rows: dict[str, float], **mapping: str) -> Reading:
    table = LogRows()
    for row in rows:
        table.add(row)
    return read_rows(table, mapping, "log")


@pytest.mark.parametrize("name", [*SIGNALS, *QUALITY])
def test_our_own_names_mean_themselves(name: str) -> None:
    assert meaning(name) == (name, 0)


@pytest.mark.parametrize(
    ("signal", "names"),
    [
        ("d_loss", "D_loss lossD loss_D errD dis_loss disc_loss discriminator_loss train/d_loss Loss/D Loss/D/loss"),
        ("d_loss", "critic_loss DLoss Discriminator-Loss loss.discriminator D_cost train_loss_d d_loss_step"),
        ("d_loss", "loss_D_GAN netD_loss"),
        ("d_loss_real", "d_loss_real D_real_loss errD_real loss_D_real real_loss lossD/real"),
        ("d_loss_fake", "d_loss_fake D_fake_loss errD_fake loss_D_fake fake_loss"),
        ("g_loss", "g_loss gen_loss generator_loss errG Loss_G lossG Loss/G/loss loss_G_GAN G_adv_loss netG_loss"),
        ("d_acc_real", "d_acc_real acc_real real_accuracy D_real_acc"),
        ("d_acc_fake", "acc_fake D_fake_accuracy"),
        (BOTH_ACCURACIES, "d_acc D_accuracy acc accuracy"),
        ("d_real", "D(x) D_x real_score D_real scores/real"),
        ("d_fake", "D(G(z)) D_G_z1 fake_score D_fake"),
        ("grad_d", "D_grad_norm grad_norm_d"),
        ("grad_g", "G/gradient_norm"),
        ("fid", "FID fid_score fid50k_full metrics/fid val_fid"),
        ("inception_score", "IS inception_score is_mean"),
        ("f8", "F_8"),
        ("f1_8", "F_1/8"),
    ],
)  # fmt: skip
def test_usual_names_are_known(signal: str, names: str) -> None:
    assert {name: meaning(name)[0] for name in names.split()} == dict.fromkeys(names.split(), signal)


@pytest.mark.parametrize(
    "name",
    ["loss", "lr_d", "D", "G", "Cls_loss", "best_fid", "D_G_z2", "Loss/scores/fake", "time", "", "Ж", "d" * 5000],
)
def test_other_names_mean_nothing(name: str) -> None:
    assert meaning(name)[0] is None


def test_the_plainer_of_two_columns_is_taken() -> None:
    chosen, notes = match(["d_loss_epoch", "val/d_loss", "train/d_loss_step"], {}, "log")
    assert chosen == {"d_loss": "train/d_loss_step"}
    assert notes == ["taken: d_loss from `train/d_loss_step`"]


def test_an_ambiguous_match_is_told() -> None:
    chosen, notes = match(["lossD", "errD"], {}, "log")
    assert chosen == {"d_loss": "lossD"}
    assert "`lossD`, `errD` all fit" in notes[1]
    assert "--map d_loss=NAME" in notes[1]


def test_map_wins_and_forgives_case() -> None:
    chosen, _ = match(["d_loss", "Weird D", "g"], {"d_loss": "weird_d", "g_loss": "g"}, "log")
    assert chosen == {"d_loss": "Weird D", "g_loss": "g"}


@pytest.mark.parametrize(
    ("mapping", "message"), [({"dloss": "a"}, "no such curve"), ({"d_loss": "b"}, "no such column")]
)
def test_a_wrong_map_is_refused(mapping: dict[str, str], message: str) -> None:
    with pytest.raises(RunError, match=message):
        match(["a"], mapping, "log")


def test_where_nothing_fits_the_columns_are_named() -> None:
    with pytest.raises(RunError, match="`a`, `b`") as caught:
        match(["a", "b"], {}, "log")
    assert "--map d_loss=" in caught.value.hint


def test_names_in_notes_steer_no_terminal() -> None:
    _, notes = match(["loss\x1b_d\n" + "_" * 1000], {}, "log")
    assert all(each.isprintable() and len(each) < 200 for each in notes)


def test_a_restart_drops_what_was_known_from_its_step_on() -> None:
    rows = [{"step": s, "d_loss": v} for s, v in [(1, 0.1), (2, 0.2), (3, 0.3), (2, 0.25), (4, 0.4)]]
    found = read(*rows)
    assert found.curves["d_loss"].steps.tolist() == [1, 2, 4]
    assert found.curves["d_loss"].values.tolist() == [0.1, 0.25, 0.4]
    assert any("started again" in note for note in found.notes)


def test_metrics_of_a_kept_model_restart_nothing() -> None:
    found = read(
        {"step": 10, "d_loss": 1.0},
        {"step": 10, "fid": 50.0},
        {"step": 20, "d_loss": 2.0},
        {"step": 20, "fid": 60.0},
        {"step": 20, "fid": 61.0},
        {"step": 10, "fid": 49.0},
    )
    assert found.quality["fid"].steps.tolist() == [10, 20]
    assert found.quality["fid"].values.tolist() == [50.0, 60.0]
    assert len(found.curves["d_loss"]) == 2


def test_sparse_rows_of_one_step_are_joined() -> None:
    found = read({"step": 1, "d_loss": 1.0}, {"step": 1, "g_loss": 2.0}, {"step": 2, "g_loss": 3.0})
    assert found.curves["d_loss"].values.tolist() == [1.0]
    assert found.curves["g_loss"].values.tolist() == [2.0, 3.0]


def test_epochs_give_row_numbers() -> None:
    found = read({"epoch": 0, "d_loss": 1.0}, {"epoch": 1, "d_loss": 2.0})
    assert found.curves["d_loss"].steps.tolist() == [1, 2]
    assert any("only `epoch` was found" in note for note in found.notes)


def test_batches_that_start_anew_each_epoch_give_row_numbers() -> None:
    found = read(*({"epoch": e, "batch": b, "g_loss": e + b} for e in range(3) for b in range(2)))
    assert found.curves["g_loss"].steps.tolist() == [1, 2, 3, 4, 5, 6]


def test_rows_without_a_whole_step_are_left_out() -> None:
    rows = [{"step": s, "g_loss": 1.0} for s in (1.0, 1.5, -2.0, math.nan, 1e30, 2.0, 3.0, 4.0, 5.0)]
    found = read(*rows)
    assert found.curves["g_loss"].steps.tolist() == [1, 2, 3, 4, 5]
    assert any("4 of 9 rows" in note for note in found.notes)


def test_nan_stays() -> None:
    values = read({"step": 1, "g_loss": 1.0}, {"step": 2, "g_loss": math.nan}).curves["g_loss"].values
    np.testing.assert_array_equal(values, [1.0, math.nan])


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        ([0.25, 1.0, 0.5], [0.25, 1.0, 0.5]),
        ([25, 100, 50], [0.25, 1.0, 0.5]),
        ([250, 100, 50], None),
        ([-0.5, 0.1, 0.2], None),
        ([0.5] * 50 + [85], [0.5] * 50),
    ],
)
def test_accuracies_become_shares(values: list[float], shares: list[float] | None) -> None:
    found = read(*({"step": i, "acc_real": v, "g_loss": 1.0} for i, v in enumerate(values)))
    assert ("d_acc_real" in found.curves) is (shares is not None)
    if shares is not None:
        assert found.curves["d_acc_real"].values.tolist() == shares


def test_one_accuracy_stands_for_both_and_says_so() -> None:
    found = read({"step": 1, "acc": 0.5}, {"step": 2, "acc": 0.75})
    assert found.curves["d_acc_real"].values.tolist() == found.curves["d_acc_fake"].values.tolist() == [0.5, 0.75]
    assert any("one accuracy" in note for note in found.notes)


def test_halves_add_up_to_the_whole() -> None:
    found = read({"step": 1, "d_loss_real": 0.5, "d_loss_fake": 0.25})
    assert found.curves["d_loss"].values.tolist() == [0.75]


@given(st.lists(st.tuples(st.integers(-1, 20), st.booleans())))
def test_kept_steps_never_fall(rows: list[tuple[int, bool]]) -> None:
    steps, training = np.array([s for s, _ in rows], dtype=np.int64), np.array([t for _, t in rows], dtype=bool)
    kept, _ = thread(steps, training)
    assert (np.diff(steps[kept]) >= 0).all()
    assert (steps[kept] >= 0).all()
    trained = [step for step, trains in rows if trains and step >= 0]
    if trained:  # the way always leads to the last training row
        assert trained[-1] in steps[kept]
