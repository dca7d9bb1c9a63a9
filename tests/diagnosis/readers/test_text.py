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
