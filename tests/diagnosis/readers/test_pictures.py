from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganlab.diagnosis.readers import pictures
from ganlab.diagnosis.readers.pictures import find_reals, holds_grids, read_folder, read_grid
from ganlab.errors import DataError
from truth.tilings import Grid, one

GRID = Grid("digits", 28, 25, 5, 2, "make_grid", 0, 0, None)


def random(name: str) -> np.random.Generator:
    """Return a generator of the name's own, so that no test depends on what others drew."""
    return np.random.default_rng(list(name.encode()))


def grids(folder: Path, *names: str, grid: Grid = GRID) -> Path:
    """Save a grid under each of the names, with the folders in them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(grid.draw(random(name))).save(folder / name)
    return folder


def singles(folder: Path, count: int, name: str = "{:04}.png", side: int = 64) -> Path:
    for number in range(count):
        path = folder / name.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one("textures", side, random(path.name))).save(path)
    return folder


def shapes(
    folder: Path, tile: int | None = None, size: tuple[int, int] | None = None
) -> dict[int | None, tuple[int, ...]]:
    return {step: values.shape for step, values in read_folder(folder, tile, size).steps}


def test_a_grid_a_step(tmp_path: Path) -> None:
    found = read_folder(grids(tmp_path / "images", *(f"{step}.png" for step in range(0, 1400, 200))), None, None)
    assert [step for step, _ in found.steps] == list(range(0, 1400, 200))
    assert {values.shape for _, values in found.steps} == {(25, 28, 28)}, "grey, however it is stored"
    assert found.notes == (f"{tmp_path / 'images'}: 25 tiles of 28 x 28 in each of 7 pictures, steps 0 to 1,200",)
    assert found.columns == 5


def test_several_grids_a_step_and_their_unit(tmp_path: Path) -> None:
    found = read_folder(grids(tmp_path, "epoch_1_a.png", "epoch_1_b.png", "epoch_2_a.png"), None, None)
    assert [(step, len(values)) for step, values in found.steps] == [(1, 50), (2, 25)]
    assert found.unit == "epoch"
    assert found.columns is None, "no sheet alone is a step"
    assert found.notes[0].endswith("25 tiles of 28 x 28 in each of 3 pictures, epochs 1 to 2")


def test_a_folder_of_grids_a_step(tmp_path: Path) -> None:
    names = ("iter_000200/0001.png", "iter_000200/0002.png", "iter_000400/0001.png")
    assert shapes(grids(tmp_path, *names)) == {200: (50, 28, 28), 400: (25, 28, 28)}


def test_single_pictures_stay_single(tmp_path: Path) -> None:
    assert shapes(singles(tmp_path / "flat", 40)) == {None: (40, 64, 64, 3)}
    assert shapes(tmp_path / "flat", size=(32, 32)) == {None: (40, 64, 64, 3)}, (
        "though tiles of 32 pixels would fill them"
    )
    named = singles(tmp_path / "named", 30, "step_{:04}.png", side=128)
    assert {values.shape[1:3] for _, values in read_folder(named, None, (32, 32)).steps} == {(128, 128)}
    by_step = singles(tmp_path / "steps", 16, "iter_000200/{:04}.png")
    assert shapes(singles(by_step, 20, "iter_000400/{:04}.png")) == {200: (16, 64, 64, 3), 400: (20, 64, 64, 3)}


def test_an_animation_beside_its_frames_is_left_out(tmp_path: Path) -> None:
    """It shows them again, the oldest one first."""
    frames = [GRID.draw(random(f"epoch_{epoch}")) for epoch in (1, 2)]
    first, second = map(Image.fromarray, frames)
    first.save(tmp_path / "epoch_1.png")
    second.save(tmp_path / "epoch_2.png")
    first.save(tmp_path / "run_animation.gif", save_all=True, append_images=[second])
    found = read_folder(tmp_path, None, None)
    assert [step for step, _ in found.steps] == [1, 2]
    assert "left out: run_animation.gif, animated, beside still pictures" in found.notes
    assert not any("frame was taken" in note for note in found.notes)
    # A GIF of one frame is no animation; and beside a plot alone, an animation is better than nothing.
    first.save(tmp_path / "epoch_3.gif")
    assert [step for step, _ in read_folder(tmp_path, None, None).steps] == [1, 2, 3]
    for name in ("epoch_1.png", "epoch_2.png", "epoch_3.gif"):
        (tmp_path / name).unlink()
    singles(tmp_path, 1, "loss.png", side=200)
    alone = read_folder(tmp_path, None, None)
    np.testing.assert_array_equal(alone.steps[0][1], read_grid(tmp_path / "run_animation.gif", None, None).steps[0][1])


@pytest.mark.parametrize(
    ("name", "newest"), [("7.gif", True), ("7.png", True), ("7.webp", True), ("7.tiff", False), ("7.mpo", False)]
)
def test_of_an_animation_the_newest_frame_is_read_and_of_pages_the_first(
    tmp_path: Path, name: str, newest: bool
) -> None:
    sheets = [Image.fromarray(GRID.draw(random(each))).convert("L") for each in ("old", "new")]
    lossless = {"lossless": True} if name.endswith("webp") else {}
    sheets[0].save(tmp_path / name, save_all=True, append_images=sheets[1:], **lossless)
    sheets[newest].save(tmp_path / "one.png")
    (_, found), (_, one) = (read_grid(tmp_path / each, None, None).steps[0] for each in (name, "one.png"))
    assert np.abs(found.astype(float) - one).mean() < 8  # MPO holds JPEGs


def test_mush_without_gaps_is_cut_by_the_size_of_the_reals_where_there_is_one_picture_a_step(tmp_path: Path) -> None:
    for epoch in range(1, 6):
        noise = np.random.default_rng(epoch).integers(90, 160, (140, 140), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"GAN_epoch{epoch:03}.png")
    assert shapes(tmp_path, None, (28, 28)) == dict.fromkeys(range(1, 6), (25, 28, 28))
    with pytest.raises(DataError, match="at least 16 samples"):
        read_folder(tmp_path, None, (30, 30))
    for epoch in range(6, 17):
        noise = np.random.default_rng(epoch).integers(90, 160, (140, 140), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"GAN_epoch{epoch:03}.png")
    assert shapes(tmp_path, None, (28, 28)) == {None: (16, 140, 140)}, "as many may be single samples, one a step"
    single = tmp_path / "one"
    single.mkdir()
    (tmp_path / "GAN_epoch005.png").rename(single / "GAN_epoch005.png")
    with pytest.raises(DataError, match="at least 16 samples"):
        read_folder(single, None, (28, 28))


def test_what_is_no_such_grid_is_left_out_and_said(tmp_path: Path) -> None:
    grids(tmp_path, *(f"{step}.png" for step in (100, 200, 300)), "final.png")
    grids(tmp_path, "real_samples.png")
    singles(tmp_path, 1, "loss.png", side=200)
    (tmp_path / "400.png").write_bytes((tmp_path / "300.png").read_bytes()[:900])
    (tmp_path / "log.txt").write_text("not a picture")
    found = read_folder(tmp_path, None, None)
    assert [step for step, _ in found.steps] == [100, 200, 300]
    assert found.notes[1:] == (
        "left out: 400.png, which cannot be read",
        "not taken for samples, by its name: real_samples.png",
        "left out: loss.png, not such grids",
        "left out: final.png, without a step in its name",
    )


def test_grids_of_other_tiles_than_most(tmp_path: Path) -> None:
    grids(tmp_path, "100.png", "200.png", "300.png")
    grids(tmp_path, "wide_100.png", grid=Grid("textures", 45, 16, 4, 2, "make_grid", 0, 0, None))
    found = read_folder(tmp_path, None, None)
    assert {values.shape for _, values in found.steps} == {(25, 28, 28)}
    assert "left out: wide_100.png, not such grids" in found.notes


@pytest.mark.parametrize(
    ("count", "message"),
    [(15, "holds 15 pictures of 64 x 64 pixels, in which no grid of images is seen"), (0, "holds no images")],
)
def test_too_few_pictures_that_are_no_grids(tmp_path: Path, count: int, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_folder(singles(tmp_path, count), None, None)
    assert count == 0 or "--tile" in str(caught.value)


def test_sides_that_would_fill_a_picture_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds 1 picture of 140 x 140 pixels") as caught:
        read_folder(singles(tmp_path, 1, side=140), None, (20, 20))
    assert "images of 20, 28, 32 or 64 pixels would fill it" in caught.value.hint
    with pytest.raises(DataError, match="holds 1 picture of 151 x 151") as caught:
        read_folder(singles(tmp_path / "odd", 1, side=151), None, None)
    assert "would fill" not in caught.value.hint


def test_a_picture_that_is_no_grid(tmp_path: Path) -> None:
    singles(tmp_path, 1)
    with pytest.raises(DataError, match="no grid of images is seen"):
        read_grid(tmp_path / "0000.png", None, None)
    assert read_grid(tmp_path / "0000.png", 16, None).steps[0][1].shape == (16, 16, 16, 3), "the user knows better"
    with pytest.raises(DataError, match="do not fill"):
        read_grid(tmp_path / "0000.png", 43, None)


def test_pixels_of_every_kind(tmp_path: Path) -> None:
    grid = Image.fromarray(GRID.draw(random("7.png"))).convert("L")
    sixteen = Image.fromarray(np.asarray(grid).astype(np.uint16) * 257)
    clear = grid.convert("RGBA")
    clear.putalpha(grid)
    for name, picture in (("16", sixteen), ("palette", grid.convert("P")), ("rgba", clear)):
        (tmp_path / name).mkdir()
        picture.save(tmp_path / name / "7.png")
    Image.new("L", grid.size).save(tmp_path / "moving_7.gif", save_all=True, append_images=[grid])
    plain = read_grid(tmp_path / "palette" / "7.png", None, None).steps[0][1]
    assert plain.shape == (25, 28, 28)
    found = read_folder(tmp_path / "16", None, None)
    np.testing.assert_array_equal(found.steps[0][1], plain)
    assert "in 1 of 1 pictures, 16-bit greys were read as 8-bit ones" in found.notes
    assert "in 1 of 1 pictures, transparency was laid on white" in read_folder(tmp_path / "rgba", None, (28, 28)).notes
    found = read_grid(tmp_path / "moving_7.gif", None, None)
    assert "of an animation, the last frame was taken" in found.notes  # the newest: the first is the untrained network
    np.testing.assert_array_equal(found.steps[0][1], plain)


def test_reals_beside_samples(tmp_path: Path) -> None:
    run = grids(tmp_path / "run" / "images", "100.png").parent
    assert find_reals(run / "images") is None
    singles(run / "real", 3)
    assert find_reals(run / "images") == run / "real"
    grids(run / "images", "reals.png")
    assert find_reals(run / "images") == run / "images" / "reals.png"
    assert find_reals(run / "images" / "100.png") == run / "images" / "reals.png"
    grids(tmp_path / "other", "real_estate.png", "really.png")
    assert find_reals(tmp_path / "other") is None


def test_folders_of_real_images_that_hold_grids(tmp_path: Path) -> None:
    assert holds_grids(grids(tmp_path / "grids", "real_samples.png"))
    assert holds_grids(grids(tmp_path / "grids", "1.png", "2.png"))
    assert not holds_grids(singles(tmp_path / "single", 20))
    assert not holds_grids(singles(tmp_path / "small", 20, side=32))
    grids(tmp_path / "both", "real_samples.png", "fake_samples_1.png")
    assert read_folder(tmp_path / "both", None, None, "real").notes[1] == (
        "not taken for real images, by its name: fake_samples_1.png"
    )


def test_a_step_that_collapsed_to_grey_is_of_the_kind_of_the_others(tmp_path: Path) -> None:
    grids(tmp_path, "100.png", grid=Grid("textures", 32, 16, 4, 2, "make_grid", 0, 0, None))
    grids(tmp_path, "200.png", grid=Grid("digits", 32, 16, 4, 2, "make_grid", 0, 0, None))
    assert shapes(tmp_path, size=(32, 32))[100] == (16, 32, 32, 3)
    assert {each[1:] for each in shapes(tmp_path, size=(32, 32)).values()} == {(32, 32, 3)}


def test_the_first_and_the_last_grid_are_kept_for_the_sheet(tmp_path: Path) -> None:
    found = read_folder(grids(tmp_path, "0.png", "100.png", "200.png"), None, None)
    assert [each.name for each in found.cuts] == ["0.png", "200.png"]
    assert found.cuts[0].tiles[:2] == ((2, 2, 28, 28), (2, 32, 28, 28))
    assert len(found.cuts[0].tiles) == 25
    assert len(read_folder(grids(tmp_path / "one", "0.png"), None, None).cuts) == 1


def test_places_without_tile_are_no_images_though_all_tiles_are_of_one_colour(tmp_path: Path) -> None:
    filled = Grid("digits", 28, 23, 5, 2, "make_grid", 0, 0, None)
    grids(tmp_path, "100.png", "200.png", "300.png", grid=filled)
    start = np.zeros(filled.draw(random("0.png")).shape, np.uint8)
    down, across = filled.starts
    for index in range(23):
        top, left = down[index // 5], across[index % 5]
        start[top : top + 28, left : left + 28] = 107
    Image.fromarray(start).save(tmp_path / "0.png")
    found = read_folder(tmp_path, None, (28, 28)).steps
    assert [(step, len(values)) for step, values in found] == [(0, 23), (100, 23), (200, 23), (300, 23)]


def test_black_images_at_the_end_are_images_where_most_pictures_have_some(tmp_path: Path) -> None:
    grids(tmp_path, "100.png", "200.png", "300.png", grid=GRID)
    for step, black in (("400", 112), ("500", 0)):
        picture = GRID.draw(random(step))
        picture[black:] = 0
        Image.fromarray(picture).save(tmp_path / f"{step}.png")
    found = read_folder(tmp_path, None, (28, 28)).steps
    assert [len(values) for _, values in found] == [25] * 5


@pytest.mark.parametrize(("name", "unit"), [("{}.png", "number"), ("iter_{:04}/{:04}.png", "step")])
def test_of_more_pictures_than_can_be_held_an_even_selection_of_steps_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, unit: str
) -> None:
    grids(tmp_path, *(name.format(step, 1) for step in range(0, 1000, 50)))
    monkeypatch.setattr(pictures, "MAX_PIXELS", 5 * GRID.draw(random("0.png")).size)
    found = read_folder(tmp_path, None, (28, 28))
    assert [step for step, _ in found.steps] == [0, 250, 500, 700, 950]
    assert found.unit == unit
    assert "5 of 20 pictures are read, evenly chosen, the first and the last too" in found.notes
    monkeypatch.setattr(pictures, "MAX_PIXELS", GRID.draw(random("0.png")).size)
    with pytest.raises(DataError, match="more images than can be read"):
        read_folder(tmp_path, None, (28, 28))


def touching(side: int, rows: int, columns: int, seed: int) -> Image.Image:
    """Draw tiles that touch on white: a disc in each, without any line between them."""
    picture = np.full((rows * side, columns * side, 3), 255, np.uint8)
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    for row in range(rows):
        for column in range(columns):
            wide, tall = random.uniform(0.3, 0.75, 2) * side
            shape = ((y - side / 2) / tall) ** 2 + ((x - side / 2) / wide) ** 2 < 1
            picture[row * side : (row + 1) * side, column * side : (column + 1) * side][shape] = random.integers(0, 200)
    return Image.fromarray(picture)


def test_tiles_that_touch_are_cut_by_the_size_of_the_reals_where_names_say_that_they_are_several(
    tmp_path: Path,
) -> None:
    for step in (1, 2, 3):
        touching(16, 4, 7, step).save(tmp_path / f"fakes000{step}00.png")
    assert shapes(tmp_path, size=(16, 16)) == dict.fromkeys((100, 200, 300), (28, 16, 16))


def test_copies_of_pictures_are_no_samples(tmp_path: Path) -> None:
    grids(tmp_path, "run_1129_0801/50_G.png", "run_1129_0801/50_D.png", "run_1129_0801/50_D_fake.png")
    grids(tmp_path, "run_1129_0801/100_G.png", "run_1129_0801/100_D.png", "run_1129_0801/rec_100.png")
    assert shapes(tmp_path, size=(28, 28)) == {50: (25, 28, 28), 100: (25, 28, 28)}
    notes = read_folder(tmp_path, None, (28, 28)).notes
    assert any("not taken for samples, by their names: run_1129_0801/100_D.png" in note for note in notes)


def test_pictures_that_are_called_d_alone_are_samples(tmp_path: Path) -> None:
    assert shapes(grids(tmp_path, "D_50.png", "D_100.png")) == {50: (25, 28, 28), 100: (25, 28, 28)}


@pytest.mark.parametrize("size", [(480, 640), (36, 40), (218, 178)])
def test_square_tiles_are_found_beside_reals_that_are_not_square(tmp_path: Path, size: tuple[int, int]) -> None:
    grids(tmp_path, "100.png", "200.png")
    assert shapes(tmp_path, size=size) == dict.fromkeys((100, 200), (25, 28, 28))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_touching_tiles_half_as_large_as_the_reals_are_not_cut_in_fours(tmp_path: Path, seed: int) -> None:
    for step in (1, 2, 3):
        touching(32, 8, 8, 10 * seed + step).save(tmp_path / f"{step}.png")
    assert shapes(tmp_path, size=(64, 64)) == dict.fromkeys((1, 2, 3), (64, 32, 32))
    assert shapes(tmp_path, size=(32, 32)) == dict.fromkeys((1, 2, 3), (64, 32, 32))
    assert shapes(tmp_path, tile=64) == dict.fromkeys((1, 2, 3), (16, 64, 64)), "the user knows better"


def test_a_plot_is_not_cut_by_the_size_of_the_reals(tmp_path: Path) -> None:
    plot = np.full((480, 640), 255, np.uint8)
    plot[60:420, 100:560] = random("samples_1.png").integers(0, 256, (360, 460))
    Image.fromarray(plot).save(tmp_path / "samples_1.png")
    with pytest.raises(DataError, match="no grid of images is seen"):
        read_folder(tmp_path, None, (32, 32))


def test_pictures_of_one_layout_are_cut_alike_whatever_they_are_called(tmp_path: Path) -> None:
    grids(tmp_path, "Epoch_1 DIGITS.png", "Epoch_2 DIGITS.png", "Epoch_3_DIGITS.png")
    assert shapes(tmp_path, size=(28, 28)) == dict.fromkeys((1, 2, 3), (25, 28, 28))


def test_of_very_many_steps_an_even_selection_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grids(tmp_path, *(f"{epoch}_{part}.png" for epoch in range(9) for part in "ab"))
    monkeypatch.setattr(pictures, "MOST_STEPS", 3)
    found = read_folder(tmp_path, None, (28, 28))
    assert [(step, len(values)) for step, values in found.steps] == [(0, 50), (4, 50), (8, 50)]
    assert found.notes == (
        f"{tmp_path}: 25 tiles of 28 x 28 in each of 6 pictures, steps 0 to 8",
        "3 of 9 steps are judged, evenly chosen, the first and the last too",
    )


@pytest.mark.parametrize(
    ("name", "content"), [("empty.png", b""), ("text.png", b"hello"), ("cut.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF")]
)
def test_a_folder_of_one_broken_file(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="is no image that can be read"):
        read_folder(tmp_path, None, None)


def test_cmyk_and_names_of_any_script(tmp_path: Path) -> None:
    grid = Image.fromarray(GRID.draw(random("1.jpg")))
    grid.convert("CMYK").save(tmp_path / "образцы_эпоха_1.jpg", quality=95)
    grid.convert("CMYK").save(tmp_path / "образцы_эпоха_2.jpg", quality=95)
    assert {step: len(values) for step, values in read_folder(tmp_path, None, (28, 28)).steps} == {1: 25, 2: 25}
