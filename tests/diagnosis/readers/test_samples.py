from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from ganlab.diagnosis.readers import samples
from ganlab.errors import DataError, GanlabError
from ganlab.plots.grids import tile

BYTES = np.random.default_rng(0).integers(0, 256, (20, 8, 10), np.uint8)
IMAGES = torch.from_numpy(BYTES).float().div(127.5).sub(1)[:, None]


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def load_samples(path: Path, tile: int | None) -> tuple[list[tuple[int | None, torch.Tensor]], tuple[str, ...]]:
    saved = samples.load_samples(path, tile)
    assert all(values.shape[1:] == saved.domain.shape for _, values in saved.steps)
    return saved.steps, saved.notes


def member(path: Path, name: str, header: bytes, content: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, header + content)
    return path


def npy_header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"shape": shape, "fortran_order": False, "descr": descr})
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "layout", "said"),
    [
        (lambda x: x, "N,H,W", "whole numbers"),
        (lambda x: x[..., None], "N,H,W,C", "whole numbers"),
        (lambda x: x[:, None], "N,C,H,W", "whole numbers"),
        (lambda x: x.astype(np.int64), "N,H,W", "whole numbers"),
        (lambda x: np.asfortranarray(x), "N,H,W", "whole numbers"),
        (lambda x: (x / 255).astype(np.float32), "N,H,W", "[0, 1]"),
        (lambda x: (x / 127.5 - 1)[..., None], "N,H,W,C", "[-1, 1]"),
        (lambda x: (x / 127.5 - 1).astype(np.float16), "N,H,W", "[-1, 1]"),
    ],
)
def test_every_layout_and_range_gives_the_same_images(
    tmp_path: Path, make: Callable[[NDArray[np.uint8]], NDArray[Any]], layout: str, said: str
) -> None:
    [(step, values)], [note] = load_samples(save(tmp_path / "a.npz", samples=make(BYTES)), None)
    assert step is None
    assert values.dtype == torch.float32
    torch.testing.assert_close(values, IMAGES, atol=1e-3, rtol=0)
    assert note.endswith(layout)
    assert said in note


def test_colours_and_channels_first(tmp_path: Path) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (16, 3, 8, 10), np.uint8)
    [(_, first)], _ = load_samples(save(tmp_path / "a.npz", x=colour), None)
    [(_, last)], _ = load_samples(save(tmp_path / "b.npz", x=colour.transpose(0, 2, 3, 1)), None)
    torch.testing.assert_close(first, last)
    assert first.shape == (16, 3, 8, 10)


def test_the_step_is_the_number_in_the_name(tmp_path: Path) -> None:
    later = 255 - BYTES
    found, _ = load_samples(save(tmp_path / "a.npz", step_200=later, step_0000100=BYTES), None)
    assert [step for step, _ in found] == [100, 200]
    torch.testing.assert_close(found[0][1], IMAGES)
    assert load_samples(save(tmp_path / "b.npz", step_0000300=BYTES), None)[0][0][0] == 300
    assert load_samples(save(tmp_path / "step_7.npz", samples=BYTES), None)[0][0][0] == 7
    np.savez(tmp_path / "c.npz", BYTES)
    assert load_samples(tmp_path / "c.npz", None)[0][0][0] is None


def test_a_folder_of_archives_as_keep_samples_writes_them(tmp_path: Path) -> None:
    for step in (0, 100):
        np.savez_compressed(tmp_path / f"step_{step:07d}.npz", **{f"step_{step:07d}": BYTES[:, None]})
        Image.new("L", (9, 9)).save(tmp_path / f"step_{step:07d}.png")
    assert [step for step, _ in load_samples(tmp_path, None)[0]] == [0, 100]


def test_an_untrained_generator_is_judged_by_the_range_of_the_others(tmp_path: Path) -> None:
    flat, trained = np.full((20, 8, 10), 0.25, np.float32), (BYTES / 127.5 - 1).astype(np.float32)
    found, [note] = load_samples(save(tmp_path / "a.npz", step_0=flat, step_1=trained), None)
    assert "[-1, 1]" in note
    assert found[0][1].unique().tolist() == [0.25]


def test_points(tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(size=(30, 2)) * 9
    [(_, values)], [note] = load_samples(save(tmp_path / "a.npz", points=points), None)
    np.testing.assert_array_equal(values.numpy(), points.astype(np.float32))
    assert note.endswith("points")


def test_a_folder_of_images(tmp_path: Path) -> None:
    for number, image in enumerate(BYTES):
        Image.fromarray(image).save(tmp_path / f"{number:03}.png")
    [(step, values)], _ = load_samples(tmp_path, None)
    assert step is None
    torch.testing.assert_close(values, IMAGES)
    Image.fromarray(np.zeros((8, 10, 3), np.uint8)).save(tmp_path / "zz.png")
    assert load_samples(tmp_path, None)[0][0][1].shape == (21, 1, 8, 10), "grey, however it is stored"
    Image.new("RGB", (10, 8), "red").save(tmp_path / "zzz.png")
    assert load_samples(tmp_path, None)[0][0][1].shape == (22, 3, 8, 10)
    Image.new("L", (9, 9)).save(tmp_path / "odd.png")
    with pytest.raises(DataError, match=r"9 x 9 pixels"):
        load_samples(tmp_path, None)


@pytest.mark.parametrize("gap", [0, 1, 2, 5])
@pytest.mark.parametrize("border", [True, False])
def test_a_grid_is_cut_at_its_gaps(tmp_path: Path, gap: int, border: bool) -> None:
    squares = np.random.default_rng(1).integers(1, 256, (18, 8, 8), np.uint8)
    cells = np.zeros((20, 8 + gap, 8 + gap), np.uint8)
    cells[:18, gap:, gap:] = squares
    grid = cells.reshape(4, 5, 8 + gap, 8 + gap).swapaxes(1, 2).reshape(4 * (8 + gap), -1)
    grid = np.pad(grid, ((0, gap), (0, gap))) if border else grid[gap:, gap:]
    Image.fromarray(grid).save(tmp_path / "step_40.png")
    [(step, values)], _ = load_samples(tmp_path / "step_40.png", 8)
    assert step == 40
    np.testing.assert_array_equal(((values[:, 0] + 1) * 127.5).round().numpy(), squares)


def test_a_grid_of_ours(tmp_path: Path) -> None:
    grid = tile(np.repeat(BYTES[:, :8, :8, None], 3, axis=3), columns=5)
    Image.fromarray(grid).save(tmp_path / "grid.png")
    side = (grid.shape[1] - 2) // 5 - 2
    [(_, values)], _ = load_samples(tmp_path / "grid.png", side)
    assert side == 128
    assert values.shape == (20, 1, 8, 8), "the pixels that were repeated to enlarge the images are taken once"
    with pytest.raises(DataError, match="do not fill"):
        load_samples(tmp_path / "grid.png", 17)


def test_of_several_steps_each_needs_enough_samples() -> None:
    with pytest.raises(DataError, match="a step of samples holds 3 samples"):
        load_samples({100: BYTES[:3], 200: BYTES[:3]}, None)


def test_steps_with_too_few_samples_are_left_out_beside_others() -> None:
    """Of an epoch's last batch a sheet may show a few tiles only."""
    found = samples.load_samples({100: BYTES, 200: BYTES[:15], 300: BYTES, 400: BYTES[:3]}, None)
    assert [step for step, _ in found.steps] == [100, 300]
    assert found.notes[-1] == "left out, with fewer than 16 samples each: `step 200`, `step 400`"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (BYTES[:3], "holds 3 samples"),
        (np.full((20, 8, 8), np.nan), "NaN"),
        (BYTES.astype(np.float32) * 2, r"float32 from .*floats in \[0, 1\]"),
        (BYTES.astype(np.int32) * 9, "int32 from"),
        (BYTES.reshape(20, 80), "shape"),
        (np.zeros((20, 8, 8, 4), np.uint8), "shape"),
        (np.zeros((20, 2000, 8), np.uint8), "shape"),
        (np.zeros((20, 0, 8), np.uint8), "shape"),
        (np.zeros((20, 8, 8), np.complex64), "complex64"),
        (np.array(["a"] * 20), "not numbers"),
        (np.array(7), "holds 1 sample"),
    ],
)
def test_samples_that_cannot_be_judged(tmp_path: Path, values: NDArray[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_samples(save(tmp_path / "a.npz", step_1=values), None)


def test_nothing_pickled_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{"a": 1}] * 20, dtype=object))
    with pytest.raises(DataError, match="object"):
        load_samples(tmp_path / "a.npz", None)
    np.save(tmp_path / "b.npy", np.array([print] * 20, dtype=object))
    with pytest.raises(DataError, match="object"):
        load_samples(tmp_path / "b.npy", None)


@pytest.mark.parametrize("shape", [(10**6, 1000, 1000), (10**30,), (20, 8, 8), (0, 2**40)])
def test_an_array_larger_than_its_file_or_than_memory_is_not_read(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError):
        load_samples(member(tmp_path / "a.npz", "x.npy", npy_header(shape)), None)


def test_missing_and_empty_places(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    Image.new("L", (64, 64)).save(tmp_path / "grid.png")
    for name in ("empty", "none.npz", "text.npz", "missing", "grid.png"):
        with pytest.raises(DataError):
            load_samples(tmp_path / name, None)
    with pytest.raises(DataError, match="steps of its 2 arrays"):
        load_samples(save(tmp_path / "two.npz", a=BYTES, b=BYTES), None)
    with pytest.raises(DataError, match="not of one shape"):
        load_samples(save(tmp_path / "mixed.npz", s1=BYTES, s2=BYTES[:, :4]), None)


@pytest.mark.parametrize(
    ("beside", "said", "labels"),
    [
        ({"y": np.arange(20) % 3}, "classes: ", True),
        ({"labels": (np.arange(20) % 3)[:, None], "names": np.array(["a", "b", "c"])}, "classes: ", True),
        ({"ids": np.arange(20)}, "left out: `ids (20,) int64`", False),
        ({"y": np.arange(19)}, "left out: `y (19,) int64`", False),
        ({"y": np.arange(20) - 1.5}, "left out: `y (20,) float64`", False),
        ({"place": np.ones((20, 2))}, "left out: `place (20, 2) float64`", False),
        ({"objects": np.array([None])}, "left out: `objects object`", False),
    ],
)
def test_images_are_found_among_other_arrays(
    tmp_path: Path, beside: dict[str, NDArray[Any]], said: str, labels: bool
) -> None:
    path = save(tmp_path / "real.npz", x=BYTES, **beside)
    for kind in ("real", "generated"):
        saved = samples.load_samples(path, kind=kind)
        torch.testing.assert_close(saved.steps[0][1], IMAGES)
        assert "images: `x (20, 8, 10) uint8`" in saved.chosen[0]
        assert (said if kind == "real" else "left out") in saved.chosen[0]
        assert (saved.labels is not None) == (labels and kind == "real")
    assert samples.load_samples(save(tmp_path / "alone.npz", x=BYTES)).chosen == ()


def test_real_images_in_several_arrays_are_joined_with_their_classes(tmp_path: Path) -> None:
    classes = np.arange(20) % 3
    path = save(tmp_path / "d.npz", x_train=BYTES, y_train=classes, x_test=BYTES[:17], y_test=classes[:17])
    saved = samples.load_samples(path, kind="real")
    torch.testing.assert_close(saved.steps[0][1], torch.cat([IMAGES, IMAGES[:17]]))
    assert saved.labels is not None
    assert saved.labels.tolist() == [*classes, *classes[:17]]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_raises_only_errors_of_ours(tmp_path: Path, data: st.DataObject) -> None:
    path = save(tmp_path / "a.npz", step_1=BYTES[:16, :4, :4])
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        found, _ = load_samples(path, None)
    except GanlabError:
        return
    assert found[0][1].abs().max() <= 1 + 1e-6


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        (("step_000100", "step_000200"), "step"),
        (("epoch_1", "epoch_2"), "epoch"),
        (("a1", "a2"), "number"),
        (("step_1", "epoch_2"), "number"),
        (("epoch_1_fake_7", "epoch_2_fake_8"), "number"),
    ],
)
def test_names_of_arrays_say_what_their_numbers_count(tmp_path: Path, names: tuple[str, ...], unit: str) -> None:
    images = np.zeros((20, 8, 8), np.uint8)
    assert samples.load_samples(save(tmp_path / "samples.npz", **dict.fromkeys(names, images))).unit == unit
    for name in names:
        np.save(tmp_path / f"{name}.npy", images)
    (tmp_path / "samples.npz").unlink()
    assert samples.load_samples(tmp_path).unit == unit
