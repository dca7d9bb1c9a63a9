"""The rule that labels runs, on samples whose label is known because they were made to have it."""

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganlab.config.data import GridOptions, MnistOptions, RingOptions
from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping
from ganlab.data import load, to_float
from ganlab.training import session
from truth.labels import Array, Reals, flat, judge, label, measure, mechanism, spread

ROOT = Path(__file__).parents[2]
COUNT = 1000


def made(reals: Reals, samples: Array, train: Array | None = None) -> str:
    """The label of samples; the training set is large unless it is given."""
    return label(reals.kind, measure(reals, samples, np.zeros((5000, 2), np.float32) if train is None else train))


def noise(shape: tuple[int, ...], scale: float = 1.0) -> Array:
    return (scale * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


# Images


@pytest.fixture(scope="module")
def mnist() -> Reals:
    data = load(MnistOptions(), 1)
    return Reals(flat(to_float(data.held_out.values)), data.held_out.labels.numpy(), MnistOptions())


@pytest.fixture(scope="module")
def digits() -> tuple[Array, np.ndarray]:
    """Real test images that set none of the rule's limits, and their classes."""
    data = load(MnistOptions(), 1)
    return flat(data.held_out.values[5000:].numpy()), data.held_out.labels[5000:].numpy()


def test_real_digits_are_good(mnist: Reals, digits: Any) -> None:
    numbers = measure(mnist, digits[0][:COUNT], np.zeros((5000, 784), np.float32))
    assert label("images", numbers) == "good"
    assert numbers["passing"] > 0.9
    assert numbers["lost"] == []
    assert numbers["spread"] == pytest.approx(1, abs=0.05)
    assert numbers["variety"] == pytest.approx(1, abs=0.05)
    assert numbers["repeats"] == pytest.approx(0.9, abs=0.05)
    assert numbers["away"] == pytest.approx(1, abs=0.1)


def test_one_image_repeated_is_total_even_if_it_is_perfect(mnist: Reals, digits: Any) -> None:
    assert made(mnist, digits[0][:1].repeat(COUNT, axis=0) + noise((COUNT, 784), 0.02)) == "total"


@pytest.mark.parametrize("grey", [-1.0, 0.0])
def test_a_flat_image_is_total(mnist: Reals, grey: float) -> None:
    assert made(mnist, np.full((COUNT, 784), grey, np.float32)) == "total"


def test_noise_is_garbage(mnist: Reals) -> None:
    assert made(mnist, noise((COUNT, 784)).clip(-1, 1)) == "garbage"


@pytest.mark.parametrize(("blended", "expected"), [(2, "poor"), (4, "garbage")])
def test_blends_of_several_digits(mnist: Reals, digits: Any, blended: int, expected: str) -> None:
    images = digits[0][: blended * COUNT]
    assert made(mnist, images.reshape(COUNT, blended, 784).mean(axis=1)) == expected


@pytest.mark.parametrize(("kept", "expected"), [(10, "good"), (9, "poor"), (8, "partial"), (5, "partial")])
def test_digits_without_some_classes(mnist: Reals, digits: Any, kept: int, expected: str) -> None:
    """A tenth of the data is too little to be called partial, and too much to be good."""
    images, classes = digits
    assert made(mnist, images[classes < kept][:COUNT]) == expected


def test_a_class_that_is_rare_is_not_lost(mnist: Reals, digits: Any) -> None:
    images, classes = digits
    rare = np.flatnonzero(classes == 3)[:30]
    others = np.flatnonzero(classes != 3)[: COUNT - 30]
    numbers = measure(mnist, images[np.concatenate([rare, others])], np.zeros((5000, 784), np.float32))
    assert numbers["lost"] == []


@pytest.mark.parametrize(("each", "expected"), [(1, "within_mode"), (10, "within_mode"), (1000, "good")])
def test_few_digits_of_each_class_again_and_again(mnist: Reals, digits: Any, each: int, expected: str) -> None:
    """Ten of each class are as varied as real ones by their mean distance; what gives them away is that they repeat."""
    images, classes = digits
    chosen = np.concatenate([np.flatnonzero(classes == c)[:each] for c in range(10)])
    few = np.resize(np.random.default_rng(0).permutation(chosen), COUNT)
    assert made(mnist, images[few] + noise((COUNT, 784), 0.02)) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.1, "garbage"), (0.3, "poor"), (0.6, "good")])
def test_digits_among_noise(mnist: Reals, digits: Any, share: float, expected: str) -> None:
    real = int(share * COUNT)
    samples = np.concatenate([digits[0][:real], noise((COUNT - real, 784)).clip(-1, 1)])
    assert made(mnist, samples) == expected


def test_near_copies_of_a_small_training_set(mnist: Reals, digits: Any) -> None:
    train = digits[0][:200]
    copies = np.resize(train, (COUNT, 784)) + noise((COUNT, 784), 0.05)
    assert made(mnist, copies, train) == "copies"
    assert made(mnist, digits[0][200 : 200 + COUNT], train) == "good"


def test_copies_are_not_looked_for_in_a_large_training_set(mnist: Reals, digits: Any) -> None:
    train = digits[0][: COUNT + 1]
    numbers = measure(mnist, train[:COUNT], train)
    assert numbers["copying"] is None
    assert label("images", numbers) == "good"


def test_data_of_one_class_are_held_to_that_class(digits: Any) -> None:
    images, classes = digits
    reals = Reals(images[classes == 8], classes[classes == 8], MnistOptions(classes=(8,)))
    assert made(reals, images[classes == 8]) == "good"
    assert made(reals, images[classes == 1]) == "garbage"
    assert made(reals, images[:COUNT]) == "garbage"  # a tenth are eights


# Points


@pytest.fixture(scope="module")
def ring() -> Reals:
    options = RingOptions(name="ring")
    data = load(options, 1)
    return Reals(flat(data.held_out.values), data.held_out.labels.numpy(), options)


@pytest.fixture(scope="module")
def real_points() -> tuple[Array, np.ndarray]:
    data = load(RingOptions(name="ring"), 1)
    return flat(data.train.values[: 2 * COUNT]), data.train.labels[: 2 * COUNT].numpy()


def test_real_points_are_good(ring: Reals, real_points: Any) -> None:
    numbers = measure(ring, real_points[0], np.zeros((5000, 2), np.float32))
    assert label("points", numbers) == "good"
    assert numbers["passing"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)  # within three standard deviations, in 2-D
    assert numbers["lost"] == []


@pytest.mark.parametrize(
    ("modes", "expected"), [(8, "good"), (7, "good"), (6, "partial"), (3, "partial"), (1, "total")]
)
def test_points_without_some_modes(ring: Reals, real_points: Any, modes: int, expected: str) -> None:
    """One mode of eight is less than the share from which a run is partial; a single one is all that there is."""
    points, classes = real_points
    assert made(ring, points[classes < modes]) == expected


def test_points_on_the_centres_of_the_modes_have_no_variety(ring: Reals, real_points: Any) -> None:
    points, classes = real_points
    centres = np.stack([points[classes == c].mean(0) for c in range(8)])
    assert made(ring, np.resize(centres, (COUNT, 2)) + noise((COUNT, 2), 0.001)) == "within_mode"


def test_points_all_over_the_plane_are_garbage(ring: Reals) -> None:
    assert made(ring, 2 * noise((COUNT, 2))) == "garbage"


@pytest.mark.parametrize(("share", "expected"), [(0.2, "garbage"), (0.45, "poor"), (0.8, "good")])
def test_points_among_others_far_away(ring: Reals, real_points: Any, share: float, expected: str) -> None:
    real = int(share * COUNT)
    assert made(ring, np.concatenate([real_points[0][:real], 4 + noise((COUNT - real, 2))])) == expected


def test_copies_of_few_points(ring: Reals, real_points: Any) -> None:
    train = real_points[0][:80]
    assert made(ring, np.resize(train, (COUNT, 2)) + noise((COUNT, 2), 0.001), train) == "copies"
    assert made(ring, real_points[0][80 : 80 + COUNT], train) == "good"


def test_a_grid_has_modes_of_its_own() -> None:
    options = GridOptions(name="grid", side=3)
    data = load(options, 1)
    reals = Reals(flat(data.held_out.values), data.held_out.labels.numpy(), options)
    points, classes = flat(data.train.values[:COUNT]), data.train.labels[:COUNT].numpy()
    assert made(reals, points) == "good"
    assert made(reals, points[classes < 7]) == "partial"


def test_spread_of_two_points_is_their_distance() -> None:
    assert spread(np.array([[0.0, 0.0], [3.0, 4.0]])) == pytest.approx(5)
    assert spread(np.zeros((1, 2))) == 0


def test_bytes_and_floats_are_the_same_images() -> None:
    values = np.array([[[[0, 255]]]], np.uint8)
    assert flat(values).tolist() == [[-1, 1]] == flat(to_float(torch.from_numpy(values))).tolist()


@pytest.mark.parametrize("file", ["labels.py", "scoring.py"])
def test_the_rules_take_nothing_from_what_they_measure(file: str) -> None:
    """No metric and no criterion: a mistake that both shared would be seen by neither."""
    imported = [node.module or "" for node in ast.walk(ast.parse((ROOT / "truth" / file).read_text()))
                if isinstance(node, ast.ImportFrom)]  # fmt: skip
    assert imported
    assert not [name for name in imported if name.startswith(("ganlab.diagnosis", "ganlab.evaluation"))]


# How the rule was applied


def stored_rows() -> list[dict[str, Any]]:
    files = sorted((ROOT / "docs" / "sweeps").glob("*/truth.json"))
    return [row for file in files for row in json.loads(file.read_text()).values()]


def test_rows_in_the_repository_have_the_label_that_the_rule_gives_today() -> None:
    rows = [row for row in stored_rows() if row["label"] != "nonfinite"]
    assert len(rows) == 257
    assert [label(row["kind"], row["statistics"]) for row in rows] == [row["label"] for row in rows]


# The way in which a run failed


def history(**late: float) -> dict[str, Array]:
    """A hundred steps at chance, the last fifth of them at the values given."""
    start = {"d_loss": 1.39, "g_loss": 0.69, "d_acc_real": 0.5, "d_acc_fake": 0.5, "d_fake": 0.5, "grad_d": 1.0}
    start["grad_g"] = 1.0
    columns = {name: np.full(100, value) for name, value in start.items()}
    for name, value in late.items():
        columns[name][-20:] = value
    return {"step": np.arange(1.0, 101.0), **columns}


WINS = {"d_acc_real": 1.0, "d_acc_fake": 1.0, "d_loss": 0.01, "g_loss": 6.0}


@pytest.mark.parametrize(
    ("loss", "late", "expected"),
    [
        ("non_saturating", {}, ""),
        ("non_saturating", {"g_loss": np.nan}, "diverged"),
        ("hinge", {"grad_d": np.inf}, "diverged"),
        ("wasserstein", {"grad_g": 101.0}, "diverged"),
        ("wasserstein", {"grad_g": 99.0}, ""),
        ("non_saturating", {"d_loss": 0.01, "g_loss": 0.01}, "batch_norm_leak"),
        ("minimax", {"d_loss": 0.01, "g_loss": 0.01}, ""),
        ("non_saturating", WINS, "discriminator_dominates"),
        ("minimax", WINS, "vanishing_gradient"),
        ("least_squares", WINS, ""),
        ("non_saturating", {**WINS, "d_acc_fake": 0.98}, ""),
        ("non_saturating", {"d_fake": 0.95}, "generator_dominates"),
        ("non_saturating", {"d_fake": 0.85}, ""),
    ],
)
def test_mechanisms(loss: str, late: dict[str, float], expected: str) -> None:
    experiment = experiment_from_mapping({"loss": loss}, ())
    assert mechanism(experiment, history(**late)) == expected


# Real runs


def test_a_run_is_judged_by_its_newest_generator_and_its_stored_samples(points: Any, tmp_path: Path) -> None:
    run = session.start(points("training.steps=20", "monitor.keep_samples=true"), tmp_path)
    truth = judge(run.path)
    assert (truth.label, truth.mechanism) == ("total", "")
    assert truth.statistics["training_samples"] == len(load(points().data, 1).train)
    assert [each["step"] for each in truth.statistics["earlier"]] == [0, 10]
    assert truth == judge(run.path)


def test_a_run_that_ends_at_nan_is_nonfinite(tmp_path: Path, points: Any) -> None:
    experiment: Experiment = points(
        "optimizer.discriminator={name: sgd, lr: 100, momentum: 0.99}", "loss=least_squares", "training.steps=100"
    )
    run = session.start(experiment, tmp_path)
    assert run.status().reason == "non_finite"
    truth = judge(run.path)
    assert (truth.label, truth.mechanism) == ("nonfinite", "diverged")
