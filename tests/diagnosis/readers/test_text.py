from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.readers.axis import axis_of
from ganlab.diagnosis.readers.text import REDRAWN, read_text
from ganlab.errors import GanlabError

GUIDE = """Model: "sequential"
>1, d1=0.859, d2=0.664 g=0.872, a1=37, a2=59
>2, d1=0.190, d2=1.429 g=0.555, a1=100, a2=10
>3, d1=nan, d2=0.5 g=-inf, a1=100, a2=10
>Saved: generated_plot_3.png and model_3.h5
"""

DCGAN = """Starting Training Loop...
[0/2][0/4]\tLoss_D: 1.7410\tLoss_G: 4.8210\tD(x): 0.5760\tD(G(z)): 0.6660 / 0.0120
[0/2][2/4]\tLoss_D: 0.4810\tLoss_G: 5.1210\tD(x): 0.9460\tD(G(z)): 0.2960 / 0.0090
[1/2][0/4]\tLoss_D: 0.2500\tLoss_G: 3.5000\tD(x): 0.9000\tD(G(z)): 0.1250 / 0.0300
"""

PYTORCH_GAN = """[Epoch 0/200] [Batch 0/3] [D loss: 0.693500] [G loss: 0.725700]
[Epoch 0/200] [Batch 1/3] [D loss: 0.500000] [G loss: 0.625000]
[Epoch 1/200] [Batch 0/3] [D loss: 0.250000] [G loss: 1e-05]
"""

KERAS_GAN = """Epoch 1
0 [D loss: 0.700000, acc.: 57.00%] [G loss: 0.800000]
1 [D loss: 0.600000, acc.: 60.50%] [G loss: 0.900000]
"""

SLASHED = """Epoch [0/2], Step [200/600], d_loss: 0.0512, g_loss: 5.3, D(x): 0.98, D(G(z)): 0.01
Epoch [1/2], Step [200/600], d_loss: 0.0600, g_loss: 5.1, D(x): 0.97, D(G(z)): 0.02
"""

FORMS = [GUIDE, DCGAN, PYTORCH_GAN, KERAS_GAN, SLASHED]


def load(tmp_path: Path, text: str, **options: object) -> Evidence:
    (tmp_path / "out.txt").write_text(text, newline="")
    return read(tmp_path / "out.txt", ReadOptions(**options))  # type: ignore[arg-type]


def points(evidence: Evidence, name: str) -> list[tuple[int, float]]:
    curve = evidence.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def test_the_guides_form(tmp_path: Path) -> None:
    found = load(tmp_path, GUIDE)
    np.testing.assert_array_equal(found.curves["d_loss_real"].values, [0.859, 0.190, math.nan])
    assert points(found, "d_loss_fake") == [(1, 0.664), (2, 1.429), (3, 0.5)]
    assert points(found, "g_loss") == [(1, 0.872), (2, 0.555), (3, -math.inf)]
    assert points(found, "d_acc_real") == [(1, 0.37), (2, 1.0), (3, 1.0)]
    assert points(found, "d_acc_fake") == [(1, 0.59), (2, 0.1), (3, 0.1)]
    assert found.curves["d_loss"].values[0] == pytest.approx(1.523)
    assert (found.family, found.saturating) == ("cross_entropy", False)


def test_the_guides_form_with_epochs_and_without_accuracies(tmp_path: Path) -> None:
    found = load(
        tmp_path, ">1, 92/93, d1=0.5, d2=0.6 g=0.7\n>1, 93/93, d1=0.5, d2=0.6 g=0.8\n>2, 1/93, d1=1, d2=1 g=1\n"
    )
    assert points(found, "g_loss") == [(92, 0.7), (93, 0.8), (94, 1.0)]
    assert found.family is None


def test_dcgan_example(tmp_path: Path) -> None:
    found = load(tmp_path, DCGAN)
    assert points(found, "d_loss") == [(0, 1.741), (2, 0.481), (4, 0.25)]
    assert points(found, "g_loss") == [(0, 4.821), (2, 5.121), (4, 3.5)]
    assert points(found, "d_real") == [(0, 0.576), (2, 0.946), (4, 0.9)]
    assert points(found, "d_fake") == [(0, 0.666), (2, 0.296), (4, 0.125)]
    assert found.planned == 8


def test_epoch_and_batch(tmp_path: Path) -> None:
    found = load(tmp_path, PYTORCH_GAN)
    assert points(found, "d_loss") == [(0, 0.6935), (1, 0.5), (3, 0.25)]
    assert points(found, "g_loss") == [(0, 0.7257), (1, 0.625), (3, 1e-05)]
    assert found.planned == 600


def test_step_first(tmp_path: Path) -> None:
    found = load(tmp_path, KERAS_GAN)
    assert points(found, "d_loss") == [(0, 0.7), (1, 0.6)]
    assert points(found, "g_loss") == [(0, 0.8), (1, 0.9)]
    assert points(found, "d_acc_real") == points(found, "d_acc_fake") == [(0, 0.57), (1, 0.605)]


def test_epoch_and_step_in_brackets(tmp_path: Path) -> None:
    found = load(tmp_path, SLASHED)
    assert points(found, "d_fake") == [(200, 0.01), (800, 0.02)]


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Iteration 100/2000: D loss = 0.5, G loss = 0.7", 100),
        ("step: 100 errD=0.5 errG=0.7", 100),
        ("2024-01-01 10:00:00,123 INFO train.py:33 - step 100 | D loss: 0.5 | G loss: 0.7", 100),
        ("\x1b[32m[Epoch 1/2] [Batch 99/100]\x1b[0m [D loss: tensor(0.5)] [G loss: tensor(0.7)]", 99),
        ("INFO:root:100 [D loss: 0.5] [G loss: 0.7]", 100),
    ],
)
def test_other_lines_with_prefixes_and_colours(tmp_path: Path, line: str, step: int) -> None:
    found = load(tmp_path, f"noise\n{line}\nmore: noise\n")
    assert points(found, "d_loss") == [(step, 0.5)]
    assert points(found, "g_loss") == [(step, 0.7)]


def test_progress_bars(tmp_path: Path) -> None:
    text = (
        "Epoch 0:  50%|# | 1/2 [00:01<00:01, d_loss=0.5, g_loss=0.7]\r"
        "Epoch 0: 100%|##| 2/2 [00:02<00:00, d_loss=0.4, g_loss=0.8]\n"
    )
    found = load(tmp_path, text)
    assert points(found, "g_loss") == [(1, 0.7), (2, 0.8)]


def test_a_restart_keeps_the_last_pass(tmp_path: Path) -> None:
    found = load(tmp_path, PYTORCH_GAN + PYTORCH_GAN.replace("0.5", "0.75"))
    assert points(found, "d_loss") == [(0, 0.6935), (1, 0.75), (3, 0.25)]


def rows(tmp_path: Path, text: str) -> tuple[dict[str, list[float]], list[int], dict[str, int]]:
    """Return the columns of a log without any absent value, its steps, and what was left out."""
    (tmp_path / "log").write_text(text, newline="")
    log = read_text(tmp_path / "log")
    assert log is not None
    columns = {str(name): log.column(name)[1].tolist() for name in log.names}
    return columns, axis_of(log.places()).steps.tolist(), log.facts.dropped


def bar(step: int, d_loss: float, end: str = "\r") -> str:
    state = "1:02" if end == "\r" else ""
    ending = f"ETA: {state}" if state else "2s 20ms/step"
    return f"{step:3}/100 [{'=' * 15}>{'.' * 14}] - {ending} - d_loss: {d_loss}{end}"


def test_of_the_averages_in_a_bar_of_keras_the_last_of_each_epoch_counts(tmp_path: Path) -> None:
    text = "".join(f"Epoch {e}/2\n{bar(1, 9.0)}{bar(50, 8.0)}{bar(100, e, chr(10))}" for e in (1, 2))
    assert rows(tmp_path, text)[:2] == ({"d_loss": [1.0, 2.0]}, [100, 200])
    assert rows(tmp_path, text)[2] == {"lines of progress bars before the last of their epoch": 4}


def test_bars_with_backspaces_are_lines_of_their_own(tmp_path: Path) -> None:
    text = "Epoch 1/1\n" + bar(1, 9.0, "\b" * 80) + "\r" + bar(100, 1.0, "\n")
    assert rows(tmp_path, text)[:2] == ({"d_loss": [1.0]}, [100])


def test_a_bar_that_is_drawn_again_at_its_step_is_one_row(tmp_path: Path) -> None:
    text = "Epoch 0:  50%|# | 1/2 [00:01<00:01, d=0.5]\rEpoch 0:  50%|# | 1/2 [00:01<00:01, d=0.5, g=0.7]\r\n"
    assert rows(tmp_path, text) == ({"d": [0.5], "g": [0.7]}, [1], {REDRAWN: 1})


def test_lines_that_two_loggers_print_are_one_row(tmp_path: Path) -> None:
    text = "".join(f"epoch {e} iter {i} d_loss 0.{i}\n" * 2 for e in (1, 2) for i in (1, 2))
    assert rows(tmp_path, text) == ({"d_loss": [0.1, 0.2, 0.1, 0.2]}, [1, 2, 3, 4], {REDRAWN: 4})
    text = "".join(f"Epoch {e} d_loss 0.{e}\n" * 2 for e in range(1, 6))
    columns, steps, dropped = rows(tmp_path, text)
    assert (columns["d_loss"], steps) == ([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, 5])
    assert dropped == {"rows that were printed twice": 5}


def test_frozen_losses_are_no_repeated_lines(tmp_path: Path) -> None:
    assert rows(tmp_path, "d_loss 1.386\n" * 10)[0] == {"d_loss": [1.386] * 10}


def test_settings_are_no_rows(tmp_path: Path) -> None:
    settings = (
        "Namespace(batch_size=16, beta1=0.5, lr=0.0002, n_epochs=5, niter=100)\nbatch_size: 16\nlr: 0.0002\n"
        '  "total_kimg": 25000,\nepochs: 5\nFound 60000 images of 28 x 28\ntorch 2.1.0\n'
    )
    text = settings + "".join(f"Epoch {e} lr 0.1 d_loss 0.{e}\n" for e in range(1, 6))
    columns, steps, dropped = rows(tmp_path, text)
    assert (columns["d_loss"], steps) == ([0.1, 0.2, 0.3, 0.4, 0.5], [1, 2, 3, 4, 5])
    assert columns["lr"] == [0.1] * 5
    assert set(dropped) <= {"rows of settings before the training", "rows that do not say which step they are"}


def test_a_record_over_several_lines(tmp_path: Path) -> None:
    text = "".join(f"[{e}/3][0/10]\n\ntime: 0:01:02\nLoss_D: 0.{e}\nsaved x.png\nLoss_G: 1.{e}\n" for e in range(3))
    assert rows(tmp_path, text)[:2] == ({"Loss_D": [0.0, 0.1, 0.2], "Loss_G": [1.0, 1.1, 1.2]}, [0, 10, 20])


def test_the_lines_above_numbers_head_them(tmp_path: Path) -> None:
    text = "".join(f"[iter {i}]\nGenerator:\n  loss: 0.5\n[Edge loss]\nA: 0.25 B: 0.125\n\n" for i in (1, 2))
    columns = {"Generator: loss": [0.5] * 2, "Edge loss: A": [0.25] * 2, "Edge loss: B": [0.125] * 2}
    assert rows(tmp_path, text)[0] == columns


@pytest.mark.parametrize("between", ["  ", "\t", " | "])
def test_tables(tmp_path: Path, between: str) -> None:
    lines = [("epoch", "D loss", "G/loss"), ("0", "0.5", "nan"), ("1", ".25", "1e-3"), ("2", "0.5")]
    columns, steps, dropped = rows(tmp_path, "".join(between.join(line) + "\n" for line in lines))
    np.testing.assert_array_equal(columns["D loss"], [0.5, 0.25])
    np.testing.assert_array_equal(columns["G/loss"], [math.nan, 1e-3])
    assert steps == [0, 1]
    assert dropped == {"rows of a table with more or fewer numbers than its head has names": 1}


def test_decimal_commas_are_left_out_and_counted(tmp_path: Path) -> None:
    columns, _, dropped = rows(
        tmp_path, "step 1 d_loss: 0,693 g_loss: 1,386 x: 2\nstep 2 d_loss: 0,5 g_loss: 1,1 x: 3\n"
    )
    assert columns == {"x": [2.0, 3.0]}
    assert dropped == {"numbers with a comma that may be a decimal point": 4}


def test_the_end_of_a_file_that_is_being_written(tmp_path: Path) -> None:
    line = "step {} d_loss 0.{} g_loss 0.75\n"
    columns, steps, _ = rows(tmp_path, line.format(1, 5) + line.format(2, 6)[:-3])
    assert (columns["d_loss"], columns["g_loss"], steps) == ([0.5, 0.6], [0.75], [1, 2])
    columns, _, dropped = rows(tmp_path, line.format(1, 5) + line.format(2, 6)[:-1])
    assert (columns["g_loss"], dropped) == ([0.75, 0.75], {})
    assert rows(tmp_path, "Fake: 0.69, Real: 0.70")[0] == {"Fake": [0.69], "Real": [0.7]}


def test_snapshots_of_stylegan_count_as_its_log_does(tmp_path: Path) -> None:
    text = "tick 0 kimg 0.1 sec/kimg 2.5 augment 0\ntick 1 kimg 200.4 sec/kimg 2.5 augment 0.5\n"
    text += "network-snapshot-000200.pkl fid50k_full 35.5\n"
    columns, steps, _ = rows(tmp_path, text)
    assert (columns["fid50k_full"], steps) == ([35.5], [100, 200_400, 200_000])
    assert rows(tmp_path, "network-snapshot-000200.pkl fid50k_full 35.5\n")[1] == [200]


def test_a_long_line_costs_little_and_is_counted(tmp_path: Path) -> None:
    start = time.process_time()
    long = "step 2 d_loss 0.5 " + "x 1 " * 200_000
    _, steps, dropped = rows(tmp_path, f"step 1 d_loss 0.5\n{long}\nstep 3 d_loss 0.5\n")
    assert (steps, sum(dropped.values())) == ([1, 3], 1)
    assert time.process_time() - start < 2


def test_names_can_be_mapped(tmp_path: Path) -> None:
    found = load(tmp_path, "step 1 teacher: 0.5 pupil: 0.7\n", columns={"d_loss": "teacher", "g_loss": "pupil"})
    assert points(found, "d_loss") == [(1, 0.5)]
    assert points(found, "g_loss") == [(1, 0.7)]


def test_two_megabytes_take_a_second(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(
        "".join(
            f"[Epoch {i // 100}/200] [Batch {i % 100}/100] [D loss: 0.5{i}] [G loss: 1.25]\n" for i in range(30_000)
        )
    )
    start = time.process_time()
    assert len(read(tmp_path / "long.txt", ReadOptions()).curves["d_loss"]) == 30_000
    assert time.process_time() - start < 5  # a second on an idle core


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.sampled_from(FORMS))
def test_damage_raises_only_errors_of_ours(tmp_path: Path, data: st.DataObject, text: str) -> None:
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        found = read(tmp_path / "damaged", ReadOptions())
    except GanlabError:
        return
    assert all(note.isprintable() for note in found.notes)
    for curve in found.curves.values():
        assert (np.diff(curve.steps) > 0).all()


PREAMBLE = """Namespace(batchSize=128, nz=100, niter=2, lr=0.0002, beta1=0.5)
Random Seed:  4217
Generator(
  (0): ConvTranspose2d(100, 512, kernel_size=(4, 4), stride=(1, 1), bias=False)
  (1): BatchNorm2d(512, eps=1e-05, momentum=0.1)
)
"""


@pytest.mark.parametrize("preamble", [PREAMBLE, PREAMBLE.splitlines(keepends=True)[0], "Random Seed: 7\n", ""])
def test_settings_that_each_start_prints_are_no_restarts(tmp_path: Path, preamble: str) -> None:
    lines = "".join(f"[{e}/2][{i}/6] Loss_D: {1 + i / 9} Loss_G: 2.5\n" for e in range(2) for i in range(6))
    found = load(tmp_path, 2 * (preamble + lines))
    assert found.restarts == (0,)
    assert [step for step, _ in points(found, "d_loss")] == list(range(12))
    assert found.read is not None
    assert found.read.rows == 24
    assert not any("evaluate" in why for why, _ in found.read.dropped)
    assert all(column.quantity is not None for column in found.read.columns)


@pytest.mark.parametrize("begin", [0, 1])
def test_a_summary_behind_the_bars_of_an_epoch_is_no_restart(tmp_path: Path, begin: int) -> None:
    text = "".join(
        "".join(f"  {i}%|# | {i}/100 [00:02<00:10, 9.8it/s, D=0.5, G=1.{e}]\r" for i in range(0, 100, 20))
        + f"\nEpoch {e + begin} | D: 0.6 | G: 1.0 | FID: {230 - e}.5\n"
        for e in range(6)
    )
    found = load(tmp_path, text)
    assert found.restarts == ()
    assert found.last_step == 580
    np.testing.assert_array_equal(found.quality["fid"].steps, [80 + 100 * e for e in range(6)])
    np.testing.assert_array_equal(found.quality["fid"].values, [230.5 - e for e in range(6)])


def test_steps_are_known_although_no_curve_is(tmp_path: Path) -> None:
    lines = [f"Steps : {s}, Gen Loss Total : 31.123, Mel-Spec. Error : 0.612, s/b : 0.5" for s in (100, 150, 200)]
    found = load(tmp_path, "\n".join(lines) + "\n")
    assert not found.curves
    assert (found.first_step, found.last_step) == (100, 200)
    assert found.read is not None
    assert found.read.steps == (100, 200)


@pytest.mark.parametrize("words", ["=> evaluating ... ", "evaluating ", "Current ", "=> computed "])
def test_words_before_a_metric_are_no_part_of_its_name(tmp_path: Path, words: str) -> None:
    text = "".join(f"iter {s}/900 errD: 1.5 errG: 0.5\n{words}FID: {s}.2  IS: 8.2\n" for s in (10, 20, 30))
    found = load(tmp_path, text)
    assert found.quality["fid"].values.tolist() == [10.2, 20.2, 30.2]
    assert found.quality["inception_score"].values.tolist() == [8.2] * 3


def test_the_second_half_of_an_accuracy_needs_no_name(tmp_path: Path) -> None:
    lines = "".join(f">1, {i}/93, d1=0.5, d2=0.7 g=1.0\n" for i in range(1, 9))
    found = load(tmp_path, lines + ">Accuracy real: 62%, fake: 71%\n")
    assert found.curves["d_acc_real"].values.tolist() == [0.62]
    assert found.curves["d_acc_fake"].values.tolist() == [0.71]


def test_a_classifiers_log_is_refused(tmp_path: Path) -> None:
    lines = "".join(f"Epoch {e}/9 train_loss: 0.5 val_loss: 0.6 val_acc: 0.9\n" for e in range(9))
    with pytest.raises(GanlabError, match="no column that is known"):
        load(tmp_path, lines)
    assert load(tmp_path, lines, columns={"d_acc": "val_acc"}).curves["d_acc_real"].values.tolist() == [0.9] * 9


def test_a_table_with_commas_below_lines_of_text(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    text = "".join(f"step {i} d_loss: 0.9{i} g_loss: 1.5{i}\n" for i in range(20))
    table = "step,d_loss,g_loss\n" + "".join(f"{i},0.9{i},1.5{i}\n" for i in range(20, 40))
    path.write_text(
        text + table + "".join(f'{{"step": {i}, "d_loss": 0.9{i}, "g_loss": 1.5{i}}}\n' for i in range(40, 60))
    )
    assert read(path, ReadOptions()).curves["d_loss"].steps.tolist() == list(range(60))
