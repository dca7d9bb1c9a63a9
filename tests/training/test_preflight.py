from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganlab.config.data import DATA, MnistOptions
from ganlab.config.experiment import Experiment
from ganlab.config.load import experiment_from_mapping, load_experiment
from ganlab.config.shipped import find_config, list_configs
from ganlab.data import RealData, Samples, load
from ganlab.domain import Images, Points
from ganlab.monitor.view import View
from ganlab.networks import build_discriminator
from ganlab.training import session
from ganlab.training.preflight import LOOK_SAMPLES, MANY_EPOCHS, preflight

SIZE = 28
SHORT = ("training.steps=1", "training.batch_size=4")
"""Too short to learn anything by heart."""


def noise(count: int, low: int = 0, high: int = 255, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    shape = (count, SIZE, SIZE, channels) if channels > 1 else (count, SIZE, SIZE)
    return np.random.default_rng(seed).integers(low, high, shape, np.uint8, endpoint=True)


def save(images: NDArray[np.uint8], folder: Path, kind: str = "png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:04}.{kind}")


def of_folder(root: Path, *overrides: str) -> Experiment:
    mlp = {"name": "mlp", "width": 8, "depth": 1}
    data = {"name": "folder", "path": str(root), "image_size": SIZE, "held_out": 0.1}
    return experiment_from_mapping({"data": data, "generator": mlp, "discriminator": mlp}, [*SHORT, *overrides])


def told(experiment: Experiment) -> list[str]:
    return preflight(load(experiment.data, 1), experiment)


def from_tensor(values: Tensor, held_out: Tensor | None = None, classes: int = 1) -> RealData:
    names = tuple(f"class {number}" for number in range(classes))
    domain = Images(*values.shape[1:]) if values.dim() == 4 else Points(values.shape[1])

    def samples(part: Tensor) -> Samples:
        return Samples(part, torch.arange(len(part)) % classes, names, domain)

    return RealData(samples(values), samples(values[:0] if held_out is None else held_out), "")


SEEN_OFTEN = ("benchmarks/few_images_reduced", "benchmarks/grid_published", "benchmarks/ring_published")
"""Benchmarks whose discriminators have more weights than there are values in the data, as they were published."""


def shipped() -> list[str]:
    """Names of the shipped experiments whose data need neither a download nor a folder of the user's."""
    ours = {name for name, entry in DATA.items() if entry.module not in ("ganlab.data.downloads", "ganlab.data.folder")}
    names = [name for name, _ in list_configs() if not name.startswith(("failures/", *SEEN_OFTEN))]
    return [name for name in names if load_experiment(find_config(name)).data.name in ours]


@pytest.mark.parametrize("part", ["lookahead, every: 20", "replay, size: 81, keep: 4", "optimism"])
def test_a_stabilizer_whose_time_does_not_come(part: str, points: Any) -> None:
    """Lookahead acts in step k; a pool of 81 is full after 21 updates, before the 22nd step."""
    waits = part != "optimism"
    (said,) = told(points("training.steps=19", f"stabilizers=[{{name: {part}}}]")) or [""]
    assert ("acts from step 2" in said) is waits
    first = 20 if "lookahead" in part else 22
    assert (f"acts from step {first} on, and training ends at step 19: it changes nothing" in said) is waits
    assert told(points(f"training.steps={first}", f"stabilizers=[{{name: {part}}}]")) == []


@pytest.mark.parametrize("name", shipped())
def test_nothing_is_said_of_the_shipped_experiments(name: str) -> None:
    assert told(load_experiment(find_config(name))) == []


@pytest.mark.parametrize("name", ["failures/class_imbalance", "failures/images_64", *SEEN_OFTEN])
def test_what_is_wrong_with_the_data_on_purpose_is_said(name: str) -> None:
    assert told(load_experiment(find_config(name))) != []


@pytest.mark.parametrize("data", ["grid", "swiss_roll", "ring"])
def test_nothing_is_said_of_our_points(points: Any, data: str) -> None:
    assert told(points(f"data={{name: {data}}}")) == []


def test_nothing_is_said_of_good_images(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        save(noise(40, seed=len(name) + ord(name[0])), tmp_path / name)
    assert told(of_folder(tmp_path)) == []


@pytest.fixture(scope="module")
def mnist() -> RealData:
    return load(MnistOptions(), 1)


@pytest.mark.parametrize("digit", range(10))
def test_the_margin_of_mnist_is_no_border(images: Any, mnist: RealData, digit: int) -> None:
    """It never varies in the outer rows and columns of so few images, but digits fade into it."""
    values = mnist.train.values[mnist.train.labels == digit][:65]
    assert any(values.eq(0).all(dim=0)[0].all(dim=axis)[edge] for axis in (0, 1) for edge in (0, -1))
    assert preflight(from_tensor(values), images("data.classes=null", *SHORT)) == []


def test_all_of_mnist_takes_under_half_a_second(mnist: RealData) -> None:
    experiment = experiment_from_mapping({"data": {"name": "mnist"}})
    seconds = []
    for _ in range(3):
        start = time.process_time()
        preflight(mnist, experiment)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.5


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0, 6, "-1.00 to -0.95"), (64, 191, "-0.50 to 0.50"), (250, 255, "0.96 to 1.00"), (63, 192, None)],
)
def test_images_that_use_half_of_the_range_or_less(tmp_path: Path, low: int, high: int, words: str | None) -> None:
    save(noise(50, low, high), tmp_path)
    found = told(of_folder(tmp_path))
    if words is None:
        assert found == []
    else:
        (warning,) = found
        assert warning.startswith(f"the 45 training images use only {words} of the range from -1 to 1: ")


def test_a_stray_bright_image_hides_no_narrow_range(tmp_path: Path) -> None:
    save(np.concatenate([noise(199, 0, 20), noise(1)]), tmp_path)
    (warning,) = told(of_folder(tmp_path, "data.held_out=0.005"))
    assert "use only -1.00 to -0.8" in warning


def test_grey_images_stored_as_colour(tmp_path: Path) -> None:
    save(noise(50, channels=1), tmp_path)
    (warning,) = told(of_folder(tmp_path))
    assert warning.startswith("100 % of the 45 training images are grey images stored as colour")
    assert told(of_folder(tmp_path, "data.grayscale=true")) == []
    save(noise(5, seed=1), tmp_path / "in colour")
    assert told(of_folder(tmp_path)) == []


def test_images_of_one_colour(tmp_path: Path) -> None:
    flat = np.broadcast_to(noise(3, seed=1)[:, :1, :1], (3, SIZE, SIZE, 3))
    data = from_tensor(torch.from_numpy(np.concatenate([noise(57), flat])).permute(0, 3, 1, 2))
    (warning,) = preflight(data, of_folder(tmp_path))
    assert warning.startswith("3 of the 60 training images are of one single colour (5 %)")


def test_exact_copies_and_their_overlap_with_the_held_out_images(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(noise(50), tmp_path / "one" / name)
    experiment = of_folder(tmp_path)
    data = load(experiment.data, 1)
    unique = {image.numpy().tobytes() for image in data.train.values}
    shared = [image.numpy().tobytes() in unique for image in data.held_out.values]
    copies, overlap = preflight(data, experiment)
    assert copies.startswith(f"{100 * (1 - len(unique) / 90):.3g} % of the 90 training images are exact copies")
    assert overlap.startswith(f"{100 * np.mean(shared):.3g} % of 10 held-out images are exact copies")


def test_one_copy_in_a_thousand_is_not_told_one_in_a_hundred_is(points: Any) -> None:
    values = torch.randn(1000, 2)
    for copies, count in ((9, 0), (10, 1)):
        values[:copies] = values[-copies:]
        assert len(preflight(from_tensor(values), points())) == count


def test_a_difference_of_one_level_makes_no_copy(tmp_path: Path) -> None:
    image = torch.from_numpy(noise(1)).permute(0, 3, 1, 2)
    values = image.repeat(200, 1, 1, 1)
    values.flatten(1)[torch.arange(200), torch.arange(200)] ^= 1
    values.flatten(1)[:, -400:] = torch.from_numpy(noise(200)).flatten(1)[:, :400]
    assert not any("exact copies" in warning for warning in preflight(from_tensor(values), of_folder(tmp_path)))


def test_one_class_where_two_were_asked_for(tmp_path: Path) -> None:
    save(noise(40), tmp_path / "cat")
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "empty.png").touch()
    (warning,) = told(of_folder(tmp_path))
    assert warning.startswith("all 36 training samples are of class cat, though 2 classes were asked for")
    assert told(of_folder(tmp_path, "data.classes=[cat]")) == []


def test_a_rare_class(tmp_path: Path) -> None:
    for number, (name, count) in enumerate([("ant", 80), ("bee", 80), ("cat", 3)]):
        save(noise(count, seed=number), tmp_path / name)
    experiment = of_folder(tmp_path)
    data = load(experiment.data, 1)
    cats = int((data.train.labels == 2).sum())
    (warning,) = preflight(data, experiment)
    assert warning.startswith("1 of the 3 classes has under a tenth of the mean class's 49 training samples")
    assert f"(cat: {cats})" in warning
    assert told(of_folder(tmp_path, "data.classes=[0, 1]")) == []


def test_a_padding_around_every_image(tmp_path: Path) -> None:
    images = np.zeros((50, SIZE, SIZE, 3), np.uint8)
    images[:, 8:-8, 8:] = noise(50)[:, 8:-8, 8:]
    save(images, tmp_path / "sharp")
    (warning,) = told(of_folder(tmp_path / "sharp"))
    assert warning.startswith("a border is the same in all of the 45 training images (8 pixels wide at the top, 8 at")
    assert "the bottom, 8 at the left, 0 at the right; 30.6 % of the area lie inside it)" in warning
    # JPEG blurs the edge by part of a block of 16 pixels, here some two pixels of the image read.
    save(images.repeat(7, axis=1).repeat(7, axis=2), tmp_path / "blurred", "jpg")
    (warning,) = told(of_folder(tmp_path / "blurred"))
    widths = re.search(r"\((\d) pixels wide at the top, (\d) at the bottom, (\d) at the left, 0 at", warning)
    assert widths is not None
    assert all(5 <= int(width) <= 8 for width in widths.groups())


def test_each_side_is_measured_by_itself(tmp_path: Path) -> None:
    images = noise(50)
    images[:, :1], images[:, -2:], images[:, :, :3], images[:, :, -4:] = 10, 20, 30, 40
    save(images, tmp_path)
    (warning,) = told(of_folder(tmp_path))
    assert "(1 pixels wide at the top, 2 at the bottom, 3 at the left, 4 at the right; 67 %" in warning


def test_a_small_picture_that_fades_into_a_wide_margin(tmp_path: Path) -> None:
    images = np.zeros((50, SIZE, SIZE, 3), np.uint8)
    images[:, 9:19, 9:19] = noise(50)[:, 9:19, 9:19] * (np.random.default_rng(1).random((50, 10, 10, 1)) < 0.2)
    save(images, tmp_path)
    (warning,) = told(of_folder(tmp_path))
    assert "12.8 % of the area lie inside it" in warning


def test_bars_around_some_images_are_no_border(tmp_path: Path) -> None:
    images = noise(50)
    images[:25, :6] = images[:25, -6:] = 0
    save(images, tmp_path)
    assert told(of_folder(tmp_path)) == []


def test_few_images_seen_often(tmp_path: Path) -> None:
    save(noise(50), tmp_path)
    experiment = of_folder(tmp_path, "training.steps=100", "training.batch_size=9", "training.discriminator_steps=2")
    weights = 3 * SIZE * SIZE * 8 + 8 + 8 + 1
    (warning,) = told(experiment)
    assert warning.startswith(
        f"45 training images, each seen about 40 times, are few for a discriminator of {weights:,}"
    )
    assert warning.endswith("or restrain it with the penalty r1 or the stabilizer diff_augment")
    augmented = of_folder(tmp_path, "training.steps=100", "training.batch_size=9", "stabilizers=[{name: ada}]")
    assert told(augmented)[0].endswith("or restrain it with the penalty r1")
    both = of_folder(
        tmp_path, "training.steps=100", "training.batch_size=9", "stabilizers=[{name: ada}]", "penalties=[{name: r1}]"
    )
    assert told(both)[0].endswith("train fewer steps, or narrow the discriminator")
    assert told(of_folder(tmp_path, "training.steps=4", "training.batch_size=9")) == []


def test_many_samples_are_few_after_many_passes_unless_the_discriminator_is_small(points: Any) -> None:
    data = from_tensor(torch.randn(1000, 2))
    steps = MANY_EPOCHS * 1000 // 16
    for change, width, count in ((0, 1000, 0), (1, 1000, 1), (1, 10, 0)):
        experiment = points(f"training.steps={steps + change}", f"discriminator.width={width}")
        found = preflight(data, experiment)
        assert len(found) == count
        assert not any("diff_augment" in warning for warning in found), "points are not augmented"


def test_counting_weights_disturbs_no_other_draw(images: Any) -> None:
    experiment = images("data.classes=null", "training.steps=1000")
    weights = sum(parameter.numel() for parameter in build_discriminator(experiment).parameters())
    data = from_tensor(torch.from_numpy(noise(100, channels=1)).unsqueeze(1))
    before = torch.get_rng_state()
    (warning,) = preflight(data, experiment)
    assert f"few for a discriminator of {weights:,} weights" in warning
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("radius", "words"), [(1000, "707"), (0.05, "0.0354")])
def test_points_far_from_the_scale_of_networks(points: Any, radius: float, words: str) -> None:
    (warning,) = told(points(f"data.radius={radius}", f"data.std={radius / 1000}"))
    assert f"have a root mean square of {words}, far from" in warning


def test_points_that_are_not_finite_are_counted_and_left_out_of_the_scale(points: Any) -> None:
    values = torch.randn(1000, 2)
    values[3, 0], values[5, 1], values[7] = torch.nan, torch.inf, -torch.inf
    (warning,) = preflight(from_tensor(values), points())
    assert warning.startswith("3 of the 1,000 training points (0.3 %) hold NaN or infinity")
    warnings = preflight(from_tensor(torch.full((1000, 2), torch.nan)), points())
    assert [("NaN" in warning, "copies" in warning) for warning in warnings] == [(True, False), (False, True)]


def test_float_images_beyond_the_reach_of_tanh(tmp_path: Path) -> None:
    bytes_ = torch.from_numpy(noise(50)).permute(0, 3, 1, 2)
    experiment = of_folder(tmp_path)
    assert preflight(from_tensor(bytes_ / 127.5 - 1), experiment) == []
    beyond, *_ = preflight(from_tensor(bytes_.float()), experiment)
    assert "lie outside -1 to 1 (lowest 0, highest 255)" in beyond
    (narrow,) = preflight(from_tensor(bytes_ / 255), experiment)
    assert "use only 0.00 to 1.00 of the range" in narrow


def test_a_border_around_float_images_that_are_not_square(tmp_path: Path) -> None:
    images = torch.from_numpy(noise(50)).permute(0, 3, 1, 2)[:, :, 5:, :] / 127.5 - 1
    experiment = of_folder(tmp_path)
    assert preflight(from_tensor(images), experiment) == []
    images[:, :, :, -3:] = -1
    (border,) = preflight(from_tensor(images), experiment)
    assert "(0 pixels wide at the top, 0 at the bottom, 0 at the left, 3 at the right; " in border


def test_what_is_only_looked_at_in_part_is_said(points: Any) -> None:
    values = torch.randn(LOOK_SAMPLES, 2).repeat(2, 1)
    (copies,) = preflight(from_tensor(values), points())
    share, _, rest = copies.partition(" % of ")
    # Half of the samples are looked at: a quarter of the copies beside their original.
    assert float(share) == pytest.approx(25, abs=1)
    assert rest.startswith("131,072 of the 262,144 training points, chosen at random, are exact copies")


def test_only_classes_asked_for_are_missed(images: Any, mnist: RealData) -> None:
    experiment = images("data.classes=[1, 8]", *SHORT)
    train = mnist.train
    for wanted, count in (((1, 8), 0), ((8,), 1)):
        rows = torch.isin(train.labels, torch.tensor(wanted)).nonzero().flatten()[:100]
        data = replace(mnist, train=replace(train, values=train.values[rows], labels=train.labels[rows]))
        warnings = preflight(data, experiment)
        assert ["are of class 8, though 2 classes" in warning for warning in warnings] == [True] * count


def test_a_run_says_it_in_its_log_and_to_who_watches(points: Any, tmp_path: Path) -> None:
    heard: list[str] = []

    class Listener(View):
        def warn(self, text: str) -> None:
            heard.append(text)

    run = session.start(points("data.radius=1000", "training.steps=2"), tmp_path, [Listener()])
    assert "root mean square of 707" in heard[0]
    assert f"warning: {heard[0]}\n" in run.log.read_text()
