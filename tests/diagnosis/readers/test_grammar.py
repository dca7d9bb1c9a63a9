from __future__ import annotations

import math

import pytest

from ganlab.diagnosis.readers.grammar import as_number, cut, pattern_of, place_kind, understand

D, G = 0.5, 0.75
TEN = (None, None, 10, None)
NOWHERE = (None,) * 4

# line -> epoch, epochs, iteration, iterations, and the numbers by name
LINES: list[tuple[str, tuple[float | None, ...], dict[str, float]]] = [
    # Separators between names and numbers.
    ("step 10 d_loss: 0.5 g_loss: 0.75", TEN, {"d_loss": D, "g_loss": G}),
    ("step=10, d_loss=0.5, g_loss=0.75", TEN, {"d_loss": D, "g_loss": G}),
    ("step 10 d_loss 0.5 g_loss 0.75", TEN, {"d_loss": D, "g_loss": G}),
    ("iter 10 | loss_D 0.5 | loss_G 0.75", TEN, {"loss_D": D, "loss_G": G}),
    ("step 10\td_loss\t0.5\tg_loss\t0.75", TEN, {"d_loss": D, "g_loss": G}),
    ("Step 10 - D loss is 0.5, G loss is 0.75", TEN, {"D loss": D, "G loss": G}),
    ("Step 10 => D loss -> 0.5; G loss -> 0.75", TEN, {"D loss": D, "G loss": G}),
    ("Step:10 d_loss:5e-1 g_loss:+7.5E-01", TEN, {"d_loss": D, "g_loss": G}),
    ("    10     D loss  .5     G loss  .75", TEN, {"D loss": D, "G loss": G}),
    # A list without a name, such as VITS prints; a short one is a shape.
    ("INFO [0.5, 0.75, 1.5, 2.5, 3.5, 4.5]", NOWHERE,
     {"list [1]": D, "list [2]": G, "list [3]": 1.5, "list [4]": 2.5, "list [5]": 3.5, "list [6]": 4.5}),
    ("[64, 3, 4, 4]", NOWHERE, {}),
    # Containers and wrapped numbers.
    ("{'step': 10, 'd_loss': 0.5, 'g_loss': 0.75}", TEN, {"d_loss": D, "g_loss": G}),
    ("{'d_loss': 0.5, 'g_loss': 0.75, 'step': 10}", TEN, {"d_loss": D, "g_loss": G}),
    ('{"step": 10, "D": {"loss": 0.5, "acc": 1}, "G": {"loss": 0.75}}', TEN,
     {"D: loss": D, "D: acc": 1, "G: loss": G}),
    ("step 10 {'d_loss': np.float32(0.5), 'g_loss': np.float64(0.75)}", TEN,
     {"d_loss": D, "g_loss": G}),
    ("step 10 d: tensor(0.5, device='cuda:0', grad_fn=<AddBackward0>) g: tensor([[0.75]], requires_grad=True)",
     TEN, {"d": D, "g": G}),
    ("step 10 d_loss <tf.Tensor: shape=(), dtype=float32, numpy=0.5> g_loss <tf.Tensor: shape=(2,), numpy=0.75>",
     TEN, {"d_loss": D, "g_loss": G}),
    ("step 10 losses: [0.5, 0.75]", TEN, {"losses [1]": D, "losses [2]": G}),
    ("step 10 d_loss: array(0.5, dtype=float32) g_loss: 0.75", TEN, {"d_loss": D, "g_loss": G}),
    # Several numbers under one name.
    ("[1/5][2/9] D(x): 0.5 D(G(z)): 0.25 / 0.125", (1, 5, 2, 9),
     {"D(x)": D, "D(G(z)) [1]": 0.25, "D(G(z)) [2]": 0.125}),
    ("step 10 D_real/D_fake/G: .5/.25/.75", TEN, {"D_real": D, "D_fake": 0.25, "G": G}),
    ("step 10 Loss D/G: 0.5/0.75", TEN, {"Loss D": D, "Loss G": G}),
    ("step 10 D/G loss: 0.5 / 0.75", TEN, {"D loss": D, "G loss": G}),
    ("step 10 loss (D, G): 0.5, 0.75", TEN, {"loss D": D, "loss G": G}),
    ("Epoch: [3][20/90] Loss_D 0.5 (0.25) Loss_G 0.75 (0.375)", (3, None, 20, 90),
     {"Loss_D": D, "Loss_D: average": 0.25, "Loss_G": G, "Loss_G: average": 0.375}),
    ("step 10 FID: 35.5 +/- 0.5, IS: 7.5 \u00b1 0.2", TEN, {"FID": 35.5, "IS": 7.5}),
    ("step 10 loss 1: 0.5 loss 2: 0.75", TEN, {"loss [1]": D, "loss [2]": G}),
    # Headings.
    ("[Epoch 0/20] [Batch 3/50] [D loss: 0.5] [G loss: 12, pixel: .25, adv: 0.75] ETA: 1 day, 2:03:04.5",
     (0, 20, 3, 50),
     {"D loss": D, "G loss": 12, "G loss: pixel": 0.25, "G loss: adv": G}),
    ("10 [D loss: 0.5, acc.: 57.00%] [G loss: 0.75]", TEN, {"D loss": D, "D loss: acc": 57, "G loss": G}),
    ("[d_loss=0.5, g_loss=0.75]", NOWHERE, {"d_loss": D, "g_loss": G}),
    ("[D: 0.5, G: 0.75]", NOWHERE, {"D": D, "G": G}),
    ("step 10 D [loss: 0.5, acc: 1] G [loss: 0.75]", TEN, {"D: loss": D, "D: acc": 1, "G: loss": G}),
    ("step 10 D: loss 0.5 acc 1 | G: loss 0.75", TEN, {"D: loss": D, "D: acc": 1, "G: loss": G}),
    ("step 10 D loss = .5 (real .25, fake .125), G loss = .75", TEN,
     {"D loss": D, "D loss: real": 0.25, "D loss: fake": 0.125, "G loss": G}),
    ("step 10 (Generator) rec_loss: 0.75 (Discriminator) hinge: 0.5", TEN,
     {"Generator: rec_loss": G, "Discriminator: hinge": D}),
    # Places.
    ("Epoch [1/20], Step [200/600], d_loss: 0.5", (1, 20, 200, 600), {"d_loss": D}),
    ("Epoch 001 | Step 0100/0938 | d_loss 0.5", (1, None, 100, 938), {"d_loss": D}),
    ("[1/200] [770/938] d_loss: 0.5", (1, 200, 770, 938), {"d_loss": D}),
    ("[1/200][770/938] d_loss: 0.5", (1, 200, 770, 938), {"d_loss": D}),
    ("(epoch: 3, iters: 400, time: 0.5, data: 0.25) D: 0.5", (3, None, 400, None), {"time": 0.5, "data": 0.25, "D": D}),
    ("epoch 3 (step 1200) d_loss 0.5", (3, None, 1200, None), {"d_loss": D}),
    ("(epoch 3 1200) d_loss 0.5", (3, None, 1200, None), {"d_loss": D}),
    ("Epoch: [ 0] [   9/3165] d_loss: 0.5", (0, None, 9, 3165), {"d_loss": D}),
    ("Train Epoch: 1 [25600/60000 (43%)]\tLoss_D: 0.5", (1, None, 25600, 60000), {"Loss_D": D}),
    ("Epoch 3 of 20: d_loss=0.5", (3, 20, None, None), {"d_loss": D}),
    ("Epoch 3 / 20: d_loss=0.5", (3, 20, None, None), {"d_loss": D}),
    ("Epoch 3/20, batch_idx 7: d_loss=0.5", (3, 20, 7, None), {"d_loss": D}),
    (">1, 12/93, d1=0.5, g=0.75", (1, None, 12, 93), {"d1": D, "g": G}),
    (">12, d1=0.5, g=0.75", (None, None, 12, None), {"d1": D, "g": G}),
    ("12 [D loss: 0.5]", (None, None, 12, None), {"D loss": D}),
    ("12: D loss 0.5", (None, None, 12, None), {"D loss": D}),
    ("450/1000 d_loss=0.5", (None, None, 450, 1000), {"d_loss": D}),
    ("iter: 1,250, d_loss: 0.5", (None, None, 1250, None), {"d_loss": D}),
    ("iter:     600 d_loss: 0.5", (None, None, 600, None), {"d_loss": D}),
    ("Iter 1.2k d_loss: 0.5", (None, None, 1200, None), {"d_loss": D}),
    ("Iter-120; D_loss: 0.5", (None, None, 120, None), {"D_loss": D}),
    ("epoch_3 step_12 d_loss 0.5", (3, None, 12, None), {"d_loss": D}),
    ("(step=0001200) Train Loss: 0.5, Train Steps/Sec: 1.25", (None, None, 1200, None),
     {"Train Loss": D, "Train Steps/Sec": 1.25}),
    ("discriminator loss at step 100: 0.5", (None, None, 100, None), {"discriminator loss": D}),
    ("D loss (epoch 3): 0.5", (3, None, None, None), {"D loss": D}),
    ("After 300 iterations: d_loss 0.5", (None, None, 300, None), {"d_loss": D}),
    ("Epochs-3 (train) , D(x) : 0.5", (3, None, None, None), {"D(x)": D}),
    ("--> STEP: 24/1000 -- GLOBAL_STEP: 12024", (None, None, 12024, None), {}),
    ("tick 12    kimg 48.2     time 1m 02s      sec/tick 4.5     sec/kimg 1.25    maintenance 0.5    augment 0.75",
     (None, None, 48200, None), {"tick": 12, "sec/tick": 4.5, "sec/kimg": 1.25, "maintenance": 0.5, "augment": 0.75}),
    ("network-snapshot-000200  time 4m 32s  fid50k_full 35.5", (None, None, 200, None), {"fid50k_full": 35.5}),
    ("network-snapshot-000200.pkl fid50k_full 35.5", (None, None, 200, None), {"fid50k_full": 35.5}),
    # Progress bars.
    ("Epoch 0:  50%|#####5    | 1/2 [00:01<00:01, 1.2it/s, d_loss=0.5, g_loss=0.75]", (0, None, 1, 2),
     {"d_loss": D, "g_loss": G}),
    (" 45%|\u2588\u2588\u258c  | 450/1000 [01:02:03<?, 43.2s/it, d_loss=0.5]", (None, None, 450, 1000), {"d_loss": D}),
    ("D: 0.5 G: 0.75:  45%|####      | 450/1000 [00:10<00:12, 43.21it/s]", (None, None, 450, 1000), {"D": D, "G": G}),
    ("Gen. (0.75) | Discrim. (-0.50):  45%|####      | 135/300 [00:10<00:12, 43.21it/s]", (None, None, 135, 300),
     {"Gen": G, "Discrim": -D}),
    ("100/100 [==============================] - 2s 20ms/step - d_loss: 0.5 - g_loss: 0.75", (None, None, 100, 100),
     {"d_loss": D, "g_loss": G}),
    (" 45/100 [=====>........................] - ETA: 1:02 - d_loss: 0.5 - g_loss: 0.75", (None, None, 45, 100),
     {"d_loss": D, "g_loss": G}),
    ("938/938 \u2501\u2501\u2501\u2501\u2501\u2501 12s 13ms/step - d_loss: 0.5 - g_loss: 0.75", (None, None, 938, 938),
     {"d_loss": D, "g_loss": G}),
    ("Epoch 3/99 \u2501\u2501\u2501\u2578\u2501\u2501 45/93 0:00:12 \u2022 0:00:10 43.20it/s d_loss: 0.5",
     (3, 99, 45, 93), {"d_loss": D}),
    # Dates, loggers, units.
    ("2024-01-15 12:30:45,123 - root - INFO - step 10: d_loss 0.5", TEN, {"d_loss": D}),
    ("[2024-01-15 12:30:45,123][train.py][line:33][INFO] Epoch 3 d_loss 0.5", (3, None, None, None), {"d_loss": D}),
    ("I0115 12:30:45.123456 140123 train.py:33] step 10, d_loss 0.5", TEN, {"d_loss": D}),
    ("01/15 12:30:45 INFO trainer.py:12: step 10 d_loss: 0.5", TEN, {"d_loss": D}),
    ("Mon Jan 15 12:30:45 2024 step 10 d_loss: 0.5", TEN, {"d_loss": D}),
    ("20240115_123045 step 10 d_loss: 0.5", TEN, {"d_loss": D}),
    ("[rank0]: step 10 d_loss: 0.5 on cuda:1", TEN, {"d_loss": D}),
    ("INFO:root:10 [D loss: 0.5]", TEN, {"D loss": D}),
    ("INFO:tensorflow:step = 10, d_loss = 0.5 (12.5 sec)", TEN, {"d_loss": D}),
    ("2021-04-30 12:30:45,123 - mmedit - INFO - Iter [100/3000]\tlr: 1e-04, eta: 1 day, 2:03:04, loss_d: 0.5",
     (None, None, 100, 3000), {"lr": 1e-4, "loss_d": D}),
    ("INFO: [a..][epoch:  1, iter:   1,250, lr:(1.000e-04,)] [eta: 2 days, 3:04:05] l_d: 5.0e-01",
     (1, None, 1250, None), {"lr": 1e-4, "l_d": D}),
    ("step 10 d_loss 0.5, 12 ms, 3.2 it/s, 5.1GB, lr 1e-4, took 3 seconds", TEN, {"d_loss": D, "lr": 1e-4}),
    ("step 10 mode=train loss=0.5 best=None g=0.75", TEN, {"loss": D, "g": G}),
    # Numbers that are none.
    ("step 10 a: nan b: NaN c: -inf d: Infinity e: 1.#QNAN f: -1.#IND g: 1.#INF h: -nan(ind) i: inf.",
     TEN,
     {"a": math.nan, "b": math.nan, "c": -math.inf, "d": math.inf, "e": math.nan, "f": math.nan, "g": math.inf,
      "h": math.nan, "i": math.inf}),
    # No values.
    ("Trained for 300 iterations on 60000 images in 12.5 s", NOWHERE, {}),
    ("Saved out/epoch_3/fake_12.png and model_3.h5", NOWHERE, {}),
    ("torch 1.13.1 at 10.0.0.1", NOWHERE, {}),
    (" 45%|####      | 450/1000 [00:10<00:12, 43.2it/s]", (None, None, 450, 1000), {}),
]  # fmt: skip


def read(line: str) -> tuple[tuple[float | None, ...], dict[str, float]]:
    gaps, texts = cut(line)
    form = understand(gaps)
    counts = [
        None if i is None else as_number(texts[i]) for i in (form.epoch, form.epochs, form.iteration, form.iterations)
    ]
    if counts[2] is not None:
        counts[2] = round(counts[2] * form.scale)
    return tuple(counts), {str(name): as_number(texts[index]) for index, name in form.values}  # type: ignore[misc]


@pytest.mark.parametrize(("line", "place", "values"), LINES, ids=[line for line, _, _ in LINES])
def test_a_line(line: str, place: tuple[float | None, ...], values: dict[str, float]) -> None:
    assert read(line) == (place, pytest.approx(values, nan_ok=True, abs=0))


@pytest.mark.parametrize("line", [line for line, _, _ in LINES])
def test_the_pattern_of_a_form_matches_its_line(line: str) -> None:
    gaps, texts = cut(line)
    match = pattern_of(gaps).fullmatch(line)
    assert match is not None
    assert list(match.groups()) == texts


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Epoch", "epoch"),
        ("Train epoch", "epoch"),
        ("global_step", "iteration"),
        ("batchIdx", "iteration"),
        ("D loss at iter", "iteration"),
        ("Progress/kimg", "kimg"),
        ("max_steps", "setting"),
        ("batch size", None),
        ("n_epochs", "setting"),
        ("Test iter", "setting"),
        ("total_kimg", "setting"),
        ("sec/kimg", None),
        ("d_loss_step", None),
        ("best epoch", None),
        ("d_loss", None),
    ],
)
def test_what_a_label_counts(label: str, kind: str | None) -> None:
    assert place_kind(label) == kind


@pytest.mark.parametrize("text", ["0,5", "1,38", "0,693", "12,3456"])
def test_decimal_commas_are_not_guessed(text: str) -> None:
    assert cut(f"loss: {text} x")[1] == [text]
    assert as_number(text) is None


@pytest.mark.parametrize("text", ["1,250", "-1,250,000", "1,250.5", "1e400"])
def test_numbers_of_many_digits(text: str) -> None:
    value = as_number(text)
    assert value is not None
    assert value == float(text.replace(",", "")) or (math.isnan(value) and text == "1e400")
