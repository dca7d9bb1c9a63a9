from __future__ import annotations

import io
import multiprocessing
import os
import time
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from ganlab.config.data import FolderOptions
from ganlab.data import RealData, load
from ganlab.data.folder import find_images, read_image, survey
from ganlab.domain import Images
from ganlab.errors import DataError

RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "folders"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make 12 cats (two of them deeper), 8 dogs and an image in the root; each of one grey level of its own."""
    root = tmp_path / "root"
    for number in range(21):
        folder = root / ("cat/deep" if number < 2 else "cat" if number < 12 else "dog" if number < 20 else "")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (40, 30), number * 10).save(folder / f"{number:02}.png")
    return root


def _load(root: Path, **options: object) -> RealData:
    return load(FolderOptions.model_validate({"name": "folder", "path": str(root), "image_size": 28, **options}), 1)


def _levels(data: RealData) -> tuple[list[int], list[int]]:
    """Return the grey levels that identify the images, of training and held-out ones."""
    return data.train.values[:, 0, 0, 0].tolist(), data.held_out.values[:, 0, 0, 0].tolist()


def _saved(tmp_path: Path, image: Image.Image, name: str, **options: object) -> Path:
    image.save(tmp_path / name, **options)  # type: ignore[arg-type]
    return tmp_path / name


def _noise(height: int, width: int, *channels: int) -> NDArray[np.uint8]:
    return RANDOM.integers(0, 256, (height, width, *channels), np.uint8)


def test_a_class_is_the_first_folder_below_the_root(root: Path) -> None:
    data = _load(root)
    assert data.train.class_names == (".", "cat", "dog")
    assert data.train.values.shape == (20, 3, 28, 28)
    assert data.train.values.dtype == torch.uint8
    assert len(data.held_out) == 1
    train, held = _levels(data)
    assert sorted(train + held) == [n * 10 for n in range(21)]
    expected = [1 if level < 120 else 2 if level < 200 else 0 for level in train]
    assert data.train.labels.tolist() == expected
    assert data.notes == ()


def test_grayscale_has_one_channel(root: Path) -> None:
    assert _load(root, grayscale=True).train.values.shape == (20, 1, 28, 28)


def test_classes_are_chosen_by_name_or_number_and_keep_their_numbers(root: Path) -> None:
    by_name, by_number = _load(root, classes=("dog",)), _load(root, classes=(2,))
    assert by_name.train.labels.unique().tolist() == [2]
    assert len(by_name.train) + len(by_name.held_out) == 8
    assert by_name.fingerprint == by_number.fingerprint
    (root / "ant").mkdir()
    Image.new("L", (9, 9)).save(root / "ant" / "x.png")
    assert _load(root, classes=("dog",)).train.labels.unique().tolist() == [3]
    with pytest.raises(DataError, match="'horse' is not among the 4 classes") as refused:
        _load(root, classes=("horse",))
    assert "0 (.), 1 (ant), 2 (cat), 3 (dog)" in refused.value.hint


def test_held_out_and_fraction_are_fixed_by_the_seed_and_nested(root: Path) -> None:
    train, held = _levels(_load(root, held_out=0.3))
    assert (len(train), len(held)) == (15, 6)
    assert not set(train) & set(held)
    some, same_held = _levels(_load(root, held_out=0.3, fraction=0.5))
    assert same_held == held
    assert some == train[:7]
    other, _ = _levels(_load(root, held_out=0.3, seed=1))
    assert other != train
    prints = {_load(root, **o).fingerprint for o in ({}, {"seed": 1}, {"fraction": 0.5}, {"held_out": 0.3})}
    assert len(prints) == 4


def test_the_images_are_decoded_once_and_then_memory_mapped(root: Path, cache: Path) -> None:
    first = _load(root)
    (target,) = cache.glob("[!.]*")
    written = (target / "images.u8").stat().st_mtime_ns
    again = _load(root, fraction=0.5, held_out=0.2)
    assert (target / "images.u8").stat().st_mtime_ns == written
    assert len(list(cache.glob("[!.]*"))) == 1
    assert str(target / "images.u8") in Path("/proc/self/maps").read_text()
    assert again.train.values.is_contiguous()
    again.train.values.fill_(7)
    assert torch.equal(_load(root).train.values, first.train.values), "the file must not see what is done in memory"


def test_a_changed_image_is_seen(root: Path) -> None:
    before = _load(root)
    Image.new("L", (40, 30), 255).save(root / "dog" / "15.png")
    after = _load(root)
    assert 255 in chain(*_levels(after))
    assert after.fingerprint != before.fingerprint


def test_the_same_images_elsewhere_have_the_same_fingerprint(root: Path, tmp_path: Path) -> None:
    before = _load(root).fingerprint
    time.sleep(0.01)
    for path in root.rglob("*.png"):
        os.utime(path)
    assert _load(root.rename(tmp_path / "moved")).fingerprint == before


@pytest.mark.parametrize("damage", ["truncate", "no_images", "no_index", "torn_index"])
def test_a_damaged_cache_is_built_anew(root: Path, cache: Path, damage: str) -> None:
    before = _load(root)
    expected = before.train.values.clone()
    (target,) = cache.glob("[!.]*")
    if damage == "truncate":
        (target / "images.u8").write_bytes((target / "images.u8").read_bytes()[:-1])
    elif damage == "torn_index":
        (target / "index.json").write_text((target / "index.json").read_text()[:-1])
    else:
        (target / ("images.u8" if damage == "no_images" else "index.json")).unlink()
    assert torch.equal(_load(root).train.values, expected)


def test_processes_at_once_build_one_cache(root: Path, cache: Path) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["ganlab.data.fetch", "ganlab.data.folder"])
    code = (  # the server of processes may be older than this test's environment
        f"import os; os.environ.update({dict(os.environ)!r})\n"
        "from ganlab.config.data import FolderOptions; from ganlab.data import load\n"
        f"load(FolderOptions(name='folder', path={str(root)!r}, image_size=128), 1)"
    )
    started = [processes.Process(target=exec, args=(code, {})) for _ in range(4)]
    for process in started:
        process.start()
    while not (built := list(cache.glob("[!.]*"))) and any(process.is_alive() for process in started):
        time.sleep(0.001)
    before = (built[0] / "images.u8").stat().st_mtime_ns
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * 4
    assert list(cache.glob("[!.]*")) == built
    assert (built[0] / "images.u8").stat().st_mtime_ns == before, "only one may have written it"
    assert not list(cache.glob(".tmp-*"))


def test_the_centre_square_is_cut_out_and_resized(tmp_path: Path) -> None:
    pixels = _noise(80, 120, 3)
    ours = read_image(_saved(tmp_path, Image.fromarray(pixels), "a.png"), Images(3, 32, 32))
    whole = np.asarray(Image.fromarray(pixels).resize((48, 32), Image.Resampling.BILINEAR))
    assert ours.shape == (3, 32, 32)
    assert np.abs(ours.transpose(1, 2, 0) - whole[:, 8:40].astype(int)).max() <= 1
    mean = pixels[:, 20:100].mean(axis=(0, 1))
    assert np.abs(ours.mean(axis=(1, 2)) - mean).max() < 3, "antialiased: every source pixel counts"


def test_an_image_of_the_right_size_stays_as_it_is(tmp_path: Path) -> None:
    pixels = _noise(28, 28, 3)
    ours = read_image(_saved(tmp_path, Image.fromarray(pixels), "a.png"), Images(3, 28, 28))
    assert np.array_equal(ours.transpose(1, 2, 0), pixels)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 4000), (4000, 1)])
def test_odd_shapes_are_no_trouble(tmp_path: Path, width: int, height: int) -> None:
    path = _saved(tmp_path, Image.new("L", (width, height), 77), "a.png")
    assert np.array_equal(read_image(path, Images(1, 64, 64)), np.full((1, 64, 64), 77))


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[..., 0] = 200
    pixels[14:, :, 3] = 255
    pixels[13, :, 3] = 51  # a fifth of the colour, four fifths of white
    image = read_image(_saved(tmp_path, Image.fromarray(pixels), "a.png"), Images(3, 28, 28))
    assert image[:, 0, 0].tolist() == [255, 255, 255]
    assert image[:, 27, 0].tolist() == [200, 0, 0]
    assert image[:, 13, 0].tolist() == [244, 204, 204]


def test_a_transparent_palette_colour_is_white_too(tmp_path: Path) -> None:
    image = Image.new("P", (28, 28), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    opaque = read_image(_saved(tmp_path, image, "a.png"), Images(3, 28, 28))
    clear = read_image(_saved(tmp_path, image, "b.png", transparency=1), Images(3, 28, 28))
    assert opaque[:, 0, 0].tolist() == [10, 20, 30]
    assert clear[:, 0, 0].tolist() == [255, 255, 255]


def test_an_image_is_turned_as_its_exif_data_say(tmp_path: Path) -> None:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[:, 14:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees: right becomes bottom
    path = _saved(tmp_path, Image.fromarray(pixels), "a.jpg", exif=exif, quality=100)
    image = read_image(path, Images(1, 28, 28))[0]
    assert image[:13].max() < 10
    assert image[15:].min() > 245


def test_16_bit_greys_keep_their_high_byte(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 28 * 28).astype(np.uint16).reshape(28, 28)
    for name in ("a.png", "b.tif"):
        image = read_image(_saved(tmp_path, Image.fromarray(values), name), Images(1, 28, 28))
        assert np.array_equal(image[0], np.round(values / 257))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I"])
def test_every_common_kind_of_pixel_is_read(tmp_path: Path, mode: str) -> None:
    path = _saved(tmp_path, Image.new(mode, (30, 40)), "a.tif" if mode not in ("P", "LA") else "a.png")
    assert read_image(path, Images(3, 28, 28)).shape == (3, 28, 28)
    assert read_image(path, Images(1, 28, 28)).shape == (1, 28, 28)


@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a.webp", "a.bmp", "a.gif", "a.ppm", "a.pgm", "a.tiff"])
def test_every_format_that_counts_as_an_image_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "root").mkdir()
    path = _saved(tmp_path / "root", Image.new("L", (30, 40), 99), name)
    assert [file.path for file in find_images(tmp_path / "root")] == [name]
    assert np.abs(read_image(path, Images(1, 28, 28)).astype(int) - 99).max() <= 1


def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("L", (28, 28), level) for level in (50, 150)]
    path = _saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert np.array_equal(read_image(path, Images(1, 28, 28)), np.full((1, 28, 28), 50))


def test_what_it_took_to_read_the_images_is_said_and_remembered(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(4):
        _saved(root, Image.fromarray(_noise(20, 20, 4)), f"{number}.png")
    _saved(root, Image.fromarray(np.full((20, 20), 1000, np.uint16)), "deep.png")
    _saved(root, Image.new("L", (20, 20)), "plain.png")
    notes = {
        "transparency was laid on white (4 of 6 images)",
        "16-bit greys were read as 8-bit ones (1 of 6 images)",
    }
    assert set(_load(root).notes) == notes
    assert set(_load(root).notes) == notes


def test_images_that_are_not_square_fill_the_size_asked_for(tmp_path: Path) -> None:
    pixels = _noise(60, 100, 3)
    (tmp_path / "root").mkdir()
    for name in ("a.png", "b.png"):
        _saved(tmp_path / "root", Image.fromarray(pixels), name)
    data = _load(tmp_path / "root", image_size=[48, 32])
    assert data.domain == Images(3, 48, 32)
    whole = np.asarray(Image.fromarray(pixels).resize((80, 48), Image.Resampling.BILINEAR))
    assert np.abs(data.train.values[0].permute(1, 2, 0).numpy() - whole[:, 24:56].astype(int)).max() <= 1


def _surveyed(root: Path, size: object = 32, **options: object) -> str:
    folder = FolderOptions.model_validate({"name": "folder", "path": str(root), "image_size": size, **options})
    return survey(folder).words(folder.domain)


def test_a_survey_counts_images_and_classes_and_says_what_is_cut_off(root: Path) -> None:
    assert _surveyed(root, [30, 40]) == (
        "21 images in 3 classes (. 1, cat 12, dog 8); all 30 x 40 pixels, height by width"
    )
    assert _surveyed(root).endswith(
        "resized to 32 x 32, which cuts 25 % of their area off at the edges (3 % with data.image_size=[32,44])"
    )


def test_a_size_that_is_proposed_can_be_made(tmp_path: Path) -> None:
    _saved(tmp_path, Image.new("L", (100, 133)), "a.png")
    assert _surveyed(tmp_path, 100).endswith("(2 % with data.image_size=[136,100])")
    _saved(tmp_path, Image.new("L", (10, 4000)), "a.png")
    assert _surveyed(tmp_path, 100).endswith("which cuts 100 % of their area off at the edges")


def test_a_survey_of_images_of_several_sizes_tells_them_as_they_are_shown(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright
    for name in ("a.jpg", "b.jpg"):
        _saved(tmp_path, Image.new("RGB", (200, 100)), name, exif=turned)
    _saved(tmp_path, Image.new("RGB", (50, 300)), "c.jpg")
    assert _surveyed(tmp_path, [64, 32]) == (
        "3 images without classes; 200 to 300 pixels high and 50 to 100 wide, most often 200 x 100, resized to 64 x 32"
        ", which cuts 22 % of their area off at the edges"
    )


def test_a_survey_names_what_cannot_be_opened(root: Path) -> None:
    _break(root)
    told = _surveyed(root, [30, 40])
    assert told.startswith("30 images in 3 classes")
    assert "7 of 30 cannot be read" in told, "what is cut short or floating-point is found when it is decoded"
    assert "dog/text.png (UnidentifiedImageError: cannot identify image file 'dog/text.png')" in told
    for path in root.rglob("*.png"):
        if path.is_file():
            path.write_bytes(b"")
    for path in root.rglob("*.[jt]*"):
        path.unlink()
    with pytest.raises(DataError, match=r"none of the 28 images in .* could be read"):
        _surveyed(root)


def test_a_survey_of_many_images_looks_at_some(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganlab.data.folder.MEASURED", 10)
    assert _surveyed(root, [30, 40]).endswith("height by width (of 7 that were looked at)")


def test_a_survey_knows_what_the_options_leave(root: Path) -> None:
    options = FolderOptions(name="folder", path=str(root), held_out=0.25, classes=("cat", "dog"), fraction=0.5)
    data = load(options, 1)
    assert survey(options).split(options) == (len(data.train), len(data.held_out)) == (7, 5)


def _break(root: Path) -> dict[str, str]:
    """Add broken images of every kind; return their paths and a part of the reason that is told."""
    content = io.BytesIO()
    Image.fromarray(_noise(64, 64, 3)).save(content, "JPEG")
    (root / "dog" / "cut.jpg").write_bytes(content.getvalue()[: len(content.getvalue()) // 2])
    (root / "dog" / "empty.png").write_bytes(b"")
    (root / "dog" / "text.png").write_text("no image")
    (root / "dog" / "link.png").symlink_to(root / "nowhere")
    os.mkfifo(root / "dog" / "pipe.png")
    (root / "dog" / "script.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    Image.new("1", (20_000, 20_000)).save(root / "cat" / "bomb.png")
    Image.new("1", (10_000, 10_000)).save(root / "cat" / "small_bomb.png")
    Image.fromarray(np.zeros((9, 9), np.float32)).save(root / "cat" / "float.tif")
    return {
        "dog/cut.jpg": "truncated",
        "dog/empty.png": "cannot identify",
        "dog/text.png": "cannot identify",
        "dog/link.png": "not a regular file",
        "dog/pipe.png": "not a regular file",
        "dog/script.png": "cannot identify",
        "cat/bomb.png": "DecompressionBombError",
        "cat/small_bomb.png": "DecompressionBombWarning",
        "cat/float.tif": "floating-point",
    }


def test_broken_images_are_listed_and_the_others_used(
    root: Path, cache: Path, recwarn: pytest.WarningsRecorder
) -> None:
    whole = sorted(chain(*_levels(_load(root))))
    broken = _break(root)
    data = _load(root)
    assert sorted(chain(*_levels(data))) == whole
    assert len(data.train) == 20
    (note,) = data.notes
    assert note.startswith("9 of 30 images could not be read: ")
    for path, reason in broken.items():
        start = note.index(f"{path} (")
        assert reason in note[start : note.index(")", start)]
    assert str(root) not in note.partition("; the list: ")[0], "paths are told as they stand below the root"
    (listed,) = cache.glob("*/broken.txt")
    assert str(listed) in note
    assert sorted(line.partition(": ")[0] for line in listed.read_text().splitlines()) == sorted(broken)
    assert _load(root).notes == data.notes, "the cache remembers"
    assert not recwarn.list


def test_of_many_broken_images_ten_are_named(root: Path) -> None:
    for number in range(30):
        (root / "dog" / f"broken{number}.png").write_bytes(b"")
    (note,) = _load(root).notes
    assert note.startswith("30 of 51 images could not be read: ")
    assert note.count(".png (") == 10
    assert " and 20 more; the list: " in note


def test_broken_images_of_classes_left_out_are_not_told(root: Path) -> None:
    (root / "dog" / "broken.png").write_bytes(b"")
    assert _load(root, classes=("cat",)).notes == ()


def test_no_image_left_is_fatal_and_leaves_no_cache(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "root").mkdir()
    for number in range(12):
        (tmp_path / "root" / f"{number}.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 12 images in .* could be read: .* and 2 more"):
        _load(tmp_path / "root")
    assert not list(cache.glob("[!.]*")) + list(cache.glob(".tmp-*"))


def test_other_files_and_hidden_ones_are_passed_over(root: Path) -> None:
    (root / "dog" / "notes.txt").write_text("")
    (root / "dog" / "._20.png").write_text("")
    (root / ".thumbnails").mkdir()
    (root / ".thumbnails" / "x.png").write_text("")
    data = _load(root)
    assert len(data.train) + len(data.held_out) == 21
    assert data.train.class_names == (".", "cat", "dog")
    assert data.notes == ()


def test_circles_of_links_end_and_a_linked_folder_is_followed(root: Path, tmp_path: Path) -> None:
    (root / "cat" / "up").symlink_to(root)
    (root / "cat" / "self").symlink_to(root / "cat" / "self")
    (root / "dog" / "other").symlink_to(root / "cat")
    (tmp_path / "far").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "far" / "x.png")
    (root / "far").symlink_to(tmp_path / "far")
    found = [file.path for file in find_images(root)]
    assert len(found) == 22
    assert "far/x.png" in found


@pytest.mark.parametrize("path", ["nowhere", "file.txt", "x" * 5000, "a\0b", "~no-such-user/x", "\x1b[31mred"])
def test_no_such_folder(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("")
    with pytest.raises(DataError, match="there is no folder") as refused:
        _load(Path(path))
    assert refused.value.message.isprintable()


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "notes.txt").write_text("")
    with pytest.raises(DataError, match="holds no images") as refused:
        _load(tmp_path / "root")
    assert ".jpeg" in refused.value.hint


def test_names_from_the_disk_cannot_steer_a_terminal(root: Path) -> None:
    hostile = root / "dog\x1b[2J"
    hostile.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("L", (9, 9)).save(hostile / name)
    (hostile / "\x1b]0;title\x07\n.png").write_bytes(b"")
    (hostile / os.fsdecode(b"\xff\xfe.png")).write_bytes(b"")
    data = _load(root)
    (note,) = data.notes
    assert note.isprintable()
    assert "\\x1b]0;title\\x07\\n.png" in note
    assert "dog\\x1b[2J" in data.train.class_names
    assert _load(root, classes=("dog\\x1b[2J",), held_out=0.5).held_out.labels.tolist() == [3]


def test_a_survey_says_what_becomes_of_the_images_and_what_there_is_too_little_of(tmp_path: Path) -> None:
    for name, count in (("many", 60), ("few", 2)):
        (tmp_path / name).mkdir()
        for number in range(count):
            _saved(tmp_path, Image.new("RGBA", (16, 16), (0, 0, 0, 128)), f"{name}/{number}.png")
    options = FolderOptions(name="folder", path=str(tmp_path), held_out=0.1, image_size=16)
    said = survey(options).remarks(options)
    assert said[0] == "56 are trained on and 6 held out to judge by (data.held_out: 0.1)"
    assert said[1] == "62 of 62 can be transparent: transparency is laid on white"
    few = "statistics of 6 held-out images say little: "
    assert said[2] == f"{few}set data.held_out to 0.2 and add images until at least 50 are held out"
    assert said[3].startswith("1 of the 2 classes has under a tenth of the mean class's 31 images (few: 2)")
    assert any(
        each.endswith("say little: add images until at least 50 are held out")
        for each in survey(options).remarks(options.model_copy(update={"held_out": 0.2}))
    )
