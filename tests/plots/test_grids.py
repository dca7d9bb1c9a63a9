"""Pictures of samples: every pixel where it belongs, nothing hidden, files whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganlab.plots.grids import (
    ALARM_COLOUR,
    GAP,
    GAP_COLOUR,
    NON_FINITE,
    Pixels,
    evenly_spaced,
    headed,
    save_gif,
    save_png,
    scatter,
    tile,
    to_pixels,
)


def pictures(count: int, shape: tuple[int, int, int] = (8, 8, 3), seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def ring(count: int = 1000, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    angle = draw.integers(0, 8, count) * np.pi / 4
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) + draw.normal(0, 0.01, (count, 2))


def holds(picture: Pixels, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=-1).any())


def test_plots_import_neither_torch_nor_pyplot() -> None:
    code = (
        "import sys, ganlab.plots.figures, ganlab.plots.grids; print({'torch', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


class TestToPixels:
    def test_every_level_survives_the_way_there_and_back(self) -> None:
        levels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
        pixels = to_pixels(levels.astype(np.float32) / 127.5 - 1)
        assert pixels.dtype == np.uint8
        for channel in range(3):
            np.testing.assert_array_equal(pixels[0, :, :, channel], levels[0, 0])

    def test_channels_move_last(self) -> None:
        colour = np.zeros((2, 3, 4, 5))
        colour[1, :, 2, 3] = [1, -1, 0.2]
        pixels = to_pixels(colour)
        assert pixels.shape == (2, 4, 5, 3)
        assert pixels[1, 2, 3].tolist() == [255, 0, 153]

    def test_values_outside_are_clamped(self) -> None:
        assert to_pixels(np.array([-7.0, 1.01]).reshape(1, 1, 1, 2))[0, 0, :, 0].tolist() == [0, 255]

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("channels", [1, 3])
    def test_non_finite_pixels_are_magenta(self, bad: float, channels: int) -> None:
        samples = np.full((1, channels, 2, 2), -1.0)
        samples[0, channels - 1, 1, 0] = bad
        pixels = to_pixels(samples)
        assert tuple(pixels[0, 1, 0]) == NON_FINITE
        assert pixels[0, 0].max() == 0
        assert pixels[0, 1, 1].max() == 0

    @pytest.mark.parametrize("shape", [(3, 28, 28), (1, 2, 8, 8)])
    def test_other_shapes_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="1 or 3"):
            to_pixels(np.zeros(shape))


class TestTile:
    def test_images_stand_row_by_row_between_gaps(self) -> None:
        images = pictures(5, (300, 330, 3))
        grid = tile(images, columns=2)
        assert grid.shape == (2 + 3 * 302, 2 + 2 * 332, 3)
        for i, image in enumerate(images):
            top, left = 2 + i // 2 * 302, 2 + i % 2 * 332
            np.testing.assert_array_equal(grid[top : top + 300, left : left + 330], image)
        covered = sum(int(image.astype(int).sum()) for image in images)
        rest = grid.size - images.size
        assert int(grid.astype(int).sum()) == covered + rest * GAP_COLOUR

    @pytest.mark.parametrize(("side", "factor"), [(28, 2), (32, 2), (64, 1), (128, 1)])
    def test_small_images_are_enlarged_by_a_whole_factor(self, side: int, factor: int) -> None:
        image = pictures(100, (side, side, 3))
        grid = tile(image, columns=10)
        assert grid.shape == (2 + 10 * (side * factor + 2),) * 2 + (3,)
        np.testing.assert_array_equal(grid[2 : 2 + side * factor : factor, 2 : 2 + side * factor : factor], image[0])

    def test_a_single_image(self) -> None:
        assert tile(pictures(1, (28, 28, 3)), columns=1).shape == (28 * 24 + 4, 28 * 24 + 4, 3)

    def test_narrow_images_are_not_enlarged_beyond_measure(self) -> None:
        assert tile(pictures(1, (60_000, 1, 3)), columns=1).shape == (60_000 + 4, 1 + 4, 3)
        assert tile(pictures(1, (1000, 1, 3)), columns=1).shape == (1000 * 4 + 4, 1 * 4 + 4, 3)


class TestScatter:
    def test_the_frame_is_set_by_the_reals_alone(self) -> None:
        # Reals span [-1, 1]; with the margin of 1.3 the origin is the middle pixel, and y points up.
        square = np.array([[-1.0, -1.0], [1.0, 1.0]])
        for others in ([[0.0, 0.0]], [[0.0, 0.0], [0.7, 0.9]], [[0.0, 0.0], [5.0, 5.0]]):
            assert scatter(np.array(others), square)[255:258, 255:258, 0].max() < 120
        up = scatter(np.array([[0.0, 0.65]]), square)
        rows = np.flatnonzero((up[:, 250:262, 0] < 200).any(axis=1))
        assert 120 < rows.mean() < 140

    def test_dots_stand_out_from_the_reals(self) -> None:
        picture = scatter(ring(seed=1), ring()).astype(int)
        blue = picture[..., 2] - picture[..., 0]
        assert (blue > 80).sum() > 300
        assert (scatter(np.zeros((0, 2)), ring()).astype(int).std(axis=-1) == 0).all()

    def test_a_collapsed_generator_shows(self) -> None:
        picture = scatter(np.full((1000, 2), 0.5), ring())
        assert holds(picture, (0, 114, 178))

    def test_points_outside_stand_at_the_edge(self) -> None:
        inside = scatter(ring(seed=1), ring())
        outside = scatter(np.concatenate([ring(seed=1), [[1e30, 0.0], [0.0, -40.0]]]), ring())
        assert (inside[250:262, -12:] == 255).all()
        assert outside[250:262, -12:].min() < 150
        assert outside[-12:, 250:262].min() < 150
        # ... and are counted in words at the lower left.
        assert not np.array_equal(inside[485:505, 10:200], outside[485:505, 10:200])

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_non_finite_points_get_a_border(self, bad: float) -> None:
        points = ring(seed=1)
        points[3, 0] = bad
        picture = scatter(points, ring())
        for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
            assert (edge == ALARM_COLOUR).all()
        assert not (scatter(ring(seed=1), ring())[0] == ALARM_COLOUR).all(axis=-1).any()

    def test_all_points_non_finite(self) -> None:
        assert holds(scatter(np.full((9, 2), np.nan), ring()), ALARM_COLOUR)

    def test_reals_that_are_one_point(self) -> None:
        assert scatter(np.zeros((4, 2)), np.zeros((4, 2))).shape == (512, 512, 3)


class TestSavePng:
    def test_reads_back_equal_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        picture = pictures(1, (30, 40, 3))[0]
        path = tmp_path / "step_0000100.png"
        path.write_text("old")
        save_png(picture, path)
        np.testing.assert_array_equal(np.asarray(Image.open(path)), picture)
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("count", "limit", "chosen"),
    [(1, 60, [0]), (3, 60, [0, 1, 2]), (60, 60, list(range(60))), (9, 3, [0, 4, 8]), (10, 2, [0, 9])],
)
def test_evenly_spaced(count: int, limit: int, chosen: list[int]) -> None:
    assert evenly_spaced(count, limit) == chosen


def test_evenly_spaced_never_repeats() -> None:
    for count in range(1, 300):
        chosen = evenly_spaced(count)
        assert len(set(chosen)) == len(chosen) == min(count, 60)
        assert (chosen[0], chosen[-1]) == (0, count - 1)


class TestSaveGif:
    def frames(self, path: Path) -> list[Pixels]:
        with Image.open(path) as gif:
            found = []
            for i in range(getattr(gif, "n_frames", 1)):
                gif.seek(i)
                found.append(np.asarray(gif.convert("RGB")))
            return found

    def digits(self, count: int, columns: int = 4) -> list[Pixels]:
        """Grids of smooth grey blobs that move."""
        y, x = np.mgrid[-1:1:28j, -1:1:28j]
        return [
            tile(to_pixels(np.tanh(3 - 9 * ((x - t / count) ** 2 + y**2))[None, None].repeat(12, 0)), columns)
            for t in range(count)
        ]

    def test_every_frame_with_its_label_the_last_one_held(self, tmp_path: Path) -> None:
        frames = self.digits(5)
        save_gif(frames, [f"step {i}" for i in range(5)], tmp_path / "evolution.gif", seconds_per_frame=0.3)
        with Image.open(tmp_path / "evolution.gif") as gif:
            assert gif.n_frames == 5
            assert gif.info["loop"] == 0
            durations = []
            for i in range(5):
                gif.seek(i)
                durations.append(gif.info["duration"])
        assert durations == [300, 300, 300, 300, 2000]
        height, width, _ = frames[0].shape
        shown = self.frames(tmp_path / "evolution.gif")
        for frame, picture in zip(frames, shown, strict=True):
            assert picture.shape == (height + 24, width, 3)
            # 64 greys are 4 apart, and Pillow's search for the nearest is a rough one.
            assert np.abs(frame.astype(int) - picture[:height]).max() <= 6
        strips = {picture[height:].tobytes() for picture in shown}
        assert len(strips) == 5
        assert all(picture[height:].min() < 110 for picture in shown)

    def test_equal_pictures_with_other_labels_stay_frames(self, tmp_path: Path) -> None:
        frames = [self.digits(1)[0]] * 3
        save_gif(frames, ["a", "b", "c"], tmp_path / "x.gif")
        assert len(self.frames(tmp_path / "x.gif")) == 3

    def test_a_single_frame(self, tmp_path: Path) -> None:
        save_gif(self.digits(1), ["step 1"], tmp_path / "x.gif")
        assert len(self.frames(tmp_path / "x.gif")) == 1

    def test_many_frames_are_thinned_to_sixty_first_and_last_kept(self, tmp_path: Path) -> None:
        frames = [np.full((40, 40, 3), i, np.uint8) for i in range(250)]
        save_gif(frames, [str(i) for i in range(250)], tmp_path / "x.gif")
        shown = self.frames(tmp_path / "x.gif")
        assert len(shown) == 60
        assert abs(int(shown[0][0, 0, 0]) - 0) <= 2
        assert abs(int(shown[-1][0, 0, 0]) - 249) <= 2

    def test_a_full_grid_of_noise_stays_below_two_megabytes(self, tmp_path: Path) -> None:
        frames = [tile(pictures(100, (28, 28, 1), seed=i).repeat(3, 3), 10) for i in range(30)]
        save_gif(frames, [f"step {i:,}" for i in range(30)], tmp_path / "x.gif")
        assert (tmp_path / "x.gif").stat().st_size <= 2_000_000
        assert len(self.frames(tmp_path / "x.gif")) == 30

    def test_non_finite_pixels_stay_magenta_among_greys(self, tmp_path: Path) -> None:
        frames = self.digits(2)
        frames[1][50:60, 50:60] = NON_FINITE
        save_gif(frames, ["a", "b"], tmp_path / "x.gif")
        assert (np.abs(self.frames(tmp_path / "x.gif")[1][50:60, 50:60] - np.array(NON_FINITE)) <= 4).all()

    def test_colours_stay(self, tmp_path: Path) -> None:
        frames = [scatter(ring(seed=i) * (0.5 + i / 4), ring()) for i in range(3)]
        save_gif(frames, ["a", "b", "c"], tmp_path / "x.gif")
        for frame, picture in zip(frames, self.frames(tmp_path / "x.gif"), strict=True):
            assert np.abs(frame.astype(int) - picture[:512]).mean() < 2

    def test_refuses_what_it_cannot_label(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="0 frames"):
            save_gif([], [], tmp_path / "x.gif")
        with pytest.raises(ValueError, match="2 frames and 1 labels"):
            save_gif(self.digits(2), ["a"], tmp_path / "x.gif")
        assert not list(tmp_path.iterdir())


def test_headings_stand_over_their_columns_and_none_is_wider() -> None:
    grid = tile(np.zeros((10, 28, 28, 3), np.uint8), 10)
    headings = [("a name that is far too long for one column", 1), ("", 3), ("over six", 6)]
    picture = headed(grid, headings, 10)
    strip = picture[: len(picture) - len(grid)]
    np.testing.assert_array_equal(picture[len(strip) :], grid)
    inked = np.flatnonzero((strip < 200).any(axis=(0, 2)))
    cell = (grid.shape[1] - GAP) // 10
    assert not ((inked >= cell) & (inked < 4 * cell)).any()
    right = inked[inked >= 4 * cell]
    assert abs((right[0] + right[-1]) / 2 - 7 * cell) < 4
