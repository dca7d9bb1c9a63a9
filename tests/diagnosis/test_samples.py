from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganlab.config.data import RingOptions
from ganlab.data import RealData, load, to_float
from ganlab.data.arrays import FROM_FILES
from ganlab.data.mnist import unpack
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.readers.run_directory import faults
from ganlab.diagnosis.samples import OtherKindError, _swapped_channels, as_real, load_real, snapshots_of, with_samples
from ganlab.domain import Images, Points
from ganlab.errors import DataError, RunError
from ganlab.runs.snapshots import statistic_of
from tests.evaluation.drawn import shapes, shapes_data
from truth.tilings import Grid

BYTES = np.random.default_rng(0).integers(0, 256, (20, 8, 10), np.uint8)
IMAGES = torch.from_numpy(BYTES).float().div(127.5).sub(1)[:, None]


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_real_data_by_name_and_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever lies beside the folder that the tests are run from is not meant by `../x`.
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    options, data = load_real("mnist[3, 8]", Images(1, 28, 28))
    assert options.name == "mnist"
    assert data.train.labels.unique().tolist() == [3, 8]
    assert load_real("ring", Points())[1].train.values.shape[1:] == (2,)
    for text in ("mnist[x]", "ring[3]", "mnest", "folder", "../x", "mnist[3"):
        with pytest.raises(DataError):
            load_real(text, Images(1, 28, 28))


def test_a_folder_is_read_as_images_like_the_samples(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for number in range(30):
        Image.fromarray(random.integers(0, 256, (40, 60), np.uint8)).save(tmp_path / f"{number}.png")
    data = load_real(str(tmp_path), Images(3, 20, 30))[1]
    assert data.domain == data.held_out.domain == Images(3, 20, 30)
    assert data.train.values.shape == (15, 3, 20, 30), "half of few reals are set aside"
    assert load_real(str(tmp_path), Images(1, 48, 32))[1].held_out.values.shape == (15, 1, 48, 32)
    assert load_real(str(tmp_path), Images(1, 1024, 256))[1].domain == Images(1, 128, 32)
    with pytest.raises(DataError, match="points"):
        load_real(str(tmp_path), Points())


def test_a_folder_of_a_few_real_images_is_refused(tmp_path: Path) -> None:
    for i in range(5):
        Image.new("RGB", (32, 32), (40 * i, 0, 90)).save(tmp_path / f"{i}.png")
    with pytest.raises(DataError, match="holds 5 images, too few to compare samples with"):
        load_real(str(tmp_path), Images(3, 32, 32))


def test_real_data_of_an_archive(tmp_path: Path) -> None:
    _, data = load_real(str(save(tmp_path / "real.npz", x=BYTES)), Images(1, 8, 10))
    assert data.domain == Images(1, 8, 10)
    assert len(data.train) == 10
    together = torch.cat([data.train.values, data.held_out.values]).flatten(1)
    assert sorted(together.tolist()) == sorted(torch.from_numpy(BYTES).flatten(1).tolist())


def test_samples_are_brought_into_the_shape_of_the_real_ones() -> None:
    grey = IMAGES.expand(-1, 3, -1, -1)
    same, notes = as_real(grey, Images(3, 8, 10), Images(1, 8, 10))
    torch.testing.assert_close(same, IMAGES)
    assert len(notes) == 1
    red = torch.stack([torch.ones(2, 4, 4), -torch.ones(2, 4, 4), -torch.ones(2, 4, 4)], dim=1)
    assert as_real(red, Images(3, 4, 4), Images(1, 4, 4))[0].unique().item() == pytest.approx(2 * 0.299 - 1)
    colour, notes = as_real(IMAGES, Images(1, 8, 10), Images(3, 16, 20))
    assert colour.shape == (20, 3, 16, 20)
    assert notes == [
        "samples have one channel and the real data three: it was repeated",
        "samples were resized from 8 x 10 to 16 x 20 pixels",
    ]
    with pytest.raises(DataError, match="points"):
        as_real(torch.zeros(20, 2), Points(), Images(1, 8, 8))
    assert as_real(IMAGES, Images(1, 8, 10), Images(1, 8, 10)) == (IMAGES, [])


def test_a_foreign_log_gets_snapshots(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,d_loss\n1,1.0\n50,1.5\n")
    random = np.random.default_rng(1)
    real = save(tmp_path / "real.npz", x=random.integers(0, 256, (300, 12, 12), np.uint8))
    fakes = save(tmp_path / "fakes.npz", x=random.integers(0, 256, (40, 12, 12), np.uint8))
    found = read(tmp_path / "log.csv", ReadOptions(samples=fakes, real=str(real)))
    [row] = found.snapshots
    assert row["step"] == 50
    assert row["n"] == 40
    assert "copies" in row  # the last one is looked at thoroughly
    with pytest.raises(DataError, match="--real"):
        read(tmp_path / "log.csv", ReadOptions(samples=fakes))


@pytest.mark.parametrize(("channels", "said"), [((2, 1, 0), True), ((0, 1, 2), False), ((1, 0, 2), False)])
def test_red_and_blue_that_are_swapped_are_told(channels: tuple[int, ...], said: bool) -> None:
    random = np.random.default_rng(0)
    warm = np.array([60, 20, 0]) + random.integers(0, 150, (600, 16, 16, 3))
    data = load_real(warm[:500].astype(np.uint8), Images(3, 16, 16))[1]
    samples = torch.from_numpy(warm[500:, :, :, list(channels)]).permute(0, 3, 1, 2) / 127.5 - 1
    assert bool(_swapped_channels(samples, data)) is said
    assert _swapped_channels(samples[:, :1], data) == []
    neutral = load_real(random.integers(0, 210, (500, 16, 16, 3), np.uint8), Images(3, 16, 16))[1]
    assert _swapped_channels(samples, neutral) == [], "reals that are neither red nor blue say nothing"


def test_samples_beside_a_log_that_says_nothing_are_judged_alone(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,ngf\n1,8\n50,8\n")
    random = np.random.default_rng(1)
    real, fakes = (
        save(tmp_path / name, x=random.integers(0, 256, (count, 12, 12), np.uint8))
        for name, count in (("real.npz", 300), ("fakes.npz", 40))
    )
    with pytest.raises(RunError, match="no column that is known"):
        read(tmp_path / "log.csv", ReadOptions())
    found = read(tmp_path / "log.csv", ReadOptions(samples=fakes, real=str(real)))
    assert len(found.snapshots) == 1
    assert "the samples are judged alone" in found.notes[0]
    with pytest.raises(RunError, match="no file"):
        read(tmp_path / "lost.csv", ReadOptions(samples=fakes, real=str(real)))


def test_folders_of_images_of_one_aspect_ratio_are_compared_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step,d_loss\n1,1.0\n50,1.5\n")
    for name, count, size in (("real", 200, (60, 40)), ("fakes", 20, (30, 20))):
        (tmp_path / name).mkdir()
        for number, pixels in enumerate(shapes(count, seed=count).values.permute(0, 2, 3, 1).numpy()):
            picture = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
            picture.save(tmp_path / name / f"{number}.png")
    found = read(tmp_path / "log.csv", ReadOptions(samples=tmp_path / "fakes", real=str(tmp_path / "real")))
    [row] = found.snapshots
    assert row["n"] == 20
    assert row["good"] > 0.5
    assert not [note for note in found.notes if "resized" in note]


@pytest.fixture(scope="module")
def ring() -> tuple[RingOptions, RealData]:
    options = RingOptions(name="ring", points=4000)
    return options, load(options, 2)


def test_points_beside_the_ring(ring: tuple[RingOptions, RealData]) -> None:
    options, data = ring
    rows, notes = snapshots_of([(1, torch.zeros(200, 2)), (2, data.train.values[:200])], Points(), options, data)
    assert notes == []
    assert [row["step"] for row in rows] == [1, 2]
    assert rows[0]["good"] == 0.0
    assert rows[1]["good"] > 0.95
    assert "c_t" not in rows[0]
    assert rows[1]["c_t"] < -3  # they are training points


def test_a_whole_row_passes_the_check_of_our_own_runs(ring: tuple[RingOptions, RealData]) -> None:
    """Every key that statistics give is known to the reader of run directories, and in its range."""
    options, data = ring
    [row], _ = snapshots_of([(5, data.held_out.values[: FROM_FILES.fewest])], Points(), options, data)
    assert list(faults(row, None, True)) == []
    assert all(statistic_of(key) for key in row.keys() - {"step"})


def test_real_images_in_grids_are_cut(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    grid = Grid("digits", 28, 25, 5, 2, "make_grid", 0, 0, None)
    for number in range(2):
        Image.fromarray(grid.draw(random)).save(tmp_path / f"real_{number}.png")
    options, data = load_real(str(tmp_path), Images(1, 28, 28))
    assert options is None
    assert data.domain == Images(1, 28, 28)
    assert len(data.train) + len(data.held_out) == 50
    assert data.notes == (f"--real: {tmp_path}: 25 tiles of 28 x 28 in each of 2 pictures, steps 0 to 1",)


@pytest.mark.parametrize(("rows", "columns"), [(10, 10), (4, 8), (4, 16)])
@pytest.mark.parametrize("kinds", ["a row each", "one"])
def test_a_folder_of_sheets_that_show_a_digit_a_row_is_told_from_one_that_shows_one_digit(
    tmp_path: Path, rows: int, columns: int, kinds: str
) -> None:
    digits = unpack()[0][: rows if kinds == "a row each" else 1]
    sheet = np.vstack([np.hstack([digits[row % len(digits)]] * columns) for row in range(rows)])
    for step in (100, 200, 300):
        Image.fromarray(sheet).save(tmp_path / f"{step}.jpg", quality=80)
    found = with_samples(Evidence("folder"), tmp_path, "mnist", 28)
    assert {row.get("sorted_by") for row in found.snapshots} == {"rows" if kinds == "a row each" else None}
    assert (diagnose(found).name == "mode_collapse/total") == (kinds == "one")


def test_samples_of_another_kind_than_the_real_images_are_refused(tmp_path: Path) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (20, 3, 12, 12), np.uint8)
    grey = colour.mean(axis=1).astype(np.uint8)
    for first, second, words in ((grey, colour, "grey and the real images in colour"), (colour, grey, "in colour and")):
        with pytest.raises(OtherKindError, match=words) as caught:
            with_samples(Evidence("samples"), {0: first}, second, None)
        assert caught.value.compared.saved.domain.shape[-2:] == (12, 12)
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, picture in enumerate(colour):
        Image.fromarray(picture.transpose(1, 2, 0)).save(folder / f"{number}.png")
    with pytest.raises(OtherKindError):
        with_samples(Evidence("samples"), {0: grey}, str(folder), None)
    black = np.zeros_like(grey)
    assert len(with_samples(Evidence("samples"), {0: black}, colour, None).snapshots) == 1, "a collapse has no colours"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x: x / 2, "[-0.5, 0.5] had been taken for [-1, 1]"),
        (lambda x: (x + 1) / 2 - 1e-3, "[0, 1] had been taken for [-1, 1]"),
        (lambda x: -x, "black and white were swapped"),
    ],
)
@pytest.mark.parametrize("whose", ["samples", "real images"])
def test_pixels_on_another_scale_are_refused(spoil: Any, words: str, whose: str) -> None:
    """Bright shapes on black: nobody is told that good samples are garbage."""
    good = shapes_data()
    samples, reals = (to_float(part.values[:100]).numpy() for part in (good.held_out, good.train))
    pair = (spoil(samples), reals) if whose == "samples" else (samples, spoil(reals))
    whose = "samples" if "swapped" in words else whose  # one of them is, whichever
    with pytest.raises(OtherKindError, match=re.escape(f"the {whose} look as if {words}")):
        with_samples(Evidence("samples"), {0: pair[0]}, pair[1], None)
    assert len(with_samples(Evidence("samples"), {0: samples}, reals, None).snapshots) == 1


@pytest.mark.parametrize("bad", ["white", "noise", "one picture", "pale"])
def test_bad_samples_are_judged_and_not_refused(bad: str) -> None:
    reals = to_float(shapes_data().train.values[:100]).numpy()
    source = np.random.default_rng(0)
    samples = {
        "white": np.full_like(reals, 0.98) + 0.02 * source.random(reals.shape, np.float32),
        "noise": source.uniform(-1, 1, reals.shape).astype(np.float32),
        "one picture": np.broadcast_to(-reals[:1] * 0.3 + 0.6, reals.shape),
        "pale": 0.4 * reals,
    }[bad]
    assert len(with_samples(Evidence("samples"), {0: np.ascontiguousarray(samples)}, reals, None).snapshots) == 1


def test_classes_that_are_not_counted_are_told() -> None:
    data = shapes_data()
    chance = torch.randint(3, (len(data.train),), generator=torch.Generator().manual_seed(0))
    alike = replace(data, train=replace(data.train, labels=chance))
    one = replace(data, **{
        name: replace(part, labels=part.labels * 0, class_names=("real",))
        for name, part in (("train", data.train), ("held_out", data.held_out))
    })  # fmt: skip
    told = [snapshots_of([(10, to_float(data.held_out.values[:50]))], data.domain, None, each)[1]
            for each in (data, alike, one)]  # fmt: skip
    assert told == [[], ["the features cannot tell the 3 classes of the real images apart: no class is counted"], []]


DIGITS, LABELS = (torch.as_tensor(each) for each in unpack())


def said_of(rows: torch.Tensor, against: str) -> str:
    """What is noted on digits that are held against real data."""
    options, real = load_real(against, Images(1, 28, 28))
    values = DIGITS[rows, None].float() / 127.5 - 1
    return " ".join(snapshots_of([(1, values)], Images(1, 28, 28), options, real)[1])


def digits(*classes: int) -> torch.Tensor:
    """The rows of digits of some classes."""
    return torch.nonzero(torch.isin(LABELS, torch.tensor(classes))).flatten()


@pytest.mark.parametrize("count", [16, 25, 100])
def test_samples_of_few_classes_raise_the_question_what_the_run_was_trained_on(count: int) -> None:
    said = said_of(digits(3, 5)[:count], "mnist")
    assert '`3`, `5`; if the run was trained on nothing else, say so: --real "mnist[3,5]"' in said


def test_what_raises_no_question() -> None:
    assert "show" not in said_of(torch.arange(100), "mnist")
    # Of 25 real digits two classes of ten are often missing; of as many as 100 they are not.
    assert "show" not in said_of(digits(0, 2, 4, 5, 6, 7, 8, 9)[:25], "mnist")
    assert "show" in said_of(digits(0, 2, 4, 5, 6, 7, 8, 9)[:100], "mnist")
    assert "show" not in said_of(digits(3, 5)[:100], "mnist[3,5]")
    assert "show" not in said_of(digits(3)[:1].repeat(100), "mnist")  # a total collapse
    ring, real = load_real("ring", Points())  # which has no classes to choose from
    assert snapshots_of([(1, real.train.values[:2].repeat_interleave(50, 0))], Points(), ring, real)[1] == []


def test_samples_of_a_class_that_the_real_data_lack_are_told() -> None:
    said = said_of(torch.cat([digits(3)[:50], digits(5)[:50]]), "mnist[3]")
    assert "last samples that pass show `5`, of which --real holds none: name all that the run was trained on" in said
    assert "show" not in said_of(digits(3)[:100], "mnist[3]")


def test_samples_that_are_equal_in_every_pixel_raise_the_question_whether_z_is_drawn_anew(
    ring: tuple[RingOptions, RealData],
) -> None:
    points = torch.tensor([[0.5, 0.5]]).repeat(100, 1)
    said = "the 100 samples of the last step are equal in every pixel: is z drawn anew for each?"
    assert said in snapshots_of([(1, points)], Points(), *ring)[1]
    points[0, 0] += 0.01
    assert said not in snapshots_of([(1, points)], Points(), *ring)[1]
