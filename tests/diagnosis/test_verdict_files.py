"""A verdict as files: what is written is what was found, and damaged samples are told from good ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.findings import Contribution
from ganlab.diagnosis.verdict_files import LastSamples, draw_samples, few_of, of_images, sheet_of_images, write_verdict
from ganlab.domain import Images, Points
from ganlab.errors import RunError
from ganlab.plots.grids import save_png, tile, to_pixels
from ganlab.plots.shown import Shown
from ganlab.plots.verdicts import group_colour
from ganlab.runs.directory import RunDirectory, create_run
from tests.diagnosis.made_up import COUNTS, LOSSES, verdict


class TestWriteVerdict:
    def test_no_evidence_at_all(self, tmp_path: Path) -> None:
        written = write_verdict(tmp_path, Evidence("x"), verdict(failure="inconclusive", variant=None), None)
        assert all(path.is_file() for path in written)

    def test_writes_all_it_has_and_nothing_else(self, tmp_path: Path) -> None:
        told = verdict("good", contributing=(Contribution("oscillation", None, 50, (50, 150)),))
        evidence = Evidence("x", LOSSES, COUNTS)
        samples = LastSamples("Samples", np.zeros((20, 30, 3), np.uint8), np.zeros((40, 40, 3), np.uint8))
        written = write_verdict(tmp_path / "out", evidence, told, samples)
        names = {"verdict.json", "plots/verdict.png", "plots/verdict.svg", "plots/classes.png", "plots/samples.png"}
        assert {str(path.relative_to(tmp_path / "out")) for path in written} == names
        assert {p for p in (tmp_path / "out").rglob("*") if p.is_file()} == set(written)
        assert json.loads(written[0].read_text()) == json.loads(json.dumps(told.as_json()))
        with Image.open(tmp_path / "out/plots/samples.png") as picture:
            assert picture.size == (30, 20)

    def test_a_picture_without_a_cause_is_not_drawn(self, tmp_path: Path) -> None:
        write_verdict(tmp_path, Evidence("x", LOSSES), verdict(), None)
        assert {path.name for path in (tmp_path / "plots").iterdir()} == {"verdict.png", "verdict.svg"}


@pytest.mark.parametrize(("noise", "title"), [(0, "Samples: blank"), (1, "Samples: blank"), (40, "Samples")])
def test_blank_samples_are_called_so(noise: int, title: str) -> None:
    source = np.random.default_rng(0)
    shades = source.integers(50, 200, (30, 1, 1, 3))
    images = (shades + noise * source.uniform(-1, 1, (30, 8, 8, 3))).astype(np.uint8)
    assert of_images(images, "Samples").title == title


class TestSamplesOfARun:
    @staticmethod
    def kept(tmp_path: Path, experiment: Any, samples: np.ndarray) -> RunDirectory:
        run = create_run(tmp_path, experiment)
        domain = Images(*samples.shape[1:]) if samples.ndim == 4 else Points()
        Shown.of(samples, domain).write(run.shown_file(200))
        return run

    def test_the_last_samples_are_drawn_with_near_duplicates_first(self, tmp_path: Path, images: Any) -> None:
        """The last two of 32 are the same picture. No grid is looked at: there is none."""
        experiment = images()
        samples = np.random.default_rng(0).uniform(-1, 1, (32, 1, 28, 28))
        samples[31] = samples[30]
        run = self.kept(tmp_path, experiment, samples)
        run.shown_file(100).write_bytes(b"an older one is not looked at")
        (run.samples / "shown_x.npz").write_bytes(b"nor is a file of another name")
        found = draw_samples(Evidence("x", experiment=experiment), run, None, None)
        assert found is not None
        sheet = found.sheet
        assert isinstance(sheet, np.ndarray)
        assert found.title == "Samples at step 200"
        np.testing.assert_array_equal(found.few, tile(to_pixels(samples[:25]), 5))
        underlined = (sheet == group_colour(0)).all(axis=-1).sum() / (4 * 56)
        assert underlined == 2
        made = to_pixels(samples)
        first = next(y for y in range(len(sheet)) if (sheet[y, 8:64:2] == made[30][0]).all())
        np.testing.assert_array_equal(sheet[first : first + 56 : 2, 8:64:2], made[30])
        np.testing.assert_array_equal(sheet[first : first + 56 : 2, 8 + 2 * 64 : 64 + 2 * 64 : 2], made[0])

    def test_a_loop_of_another_program_has_a_sheet_too(self, tmp_path: Path, images: Any) -> None:
        run = self.kept(tmp_path, images(), np.zeros((20, 3, 8, 8)))
        found = draw_samples(Evidence("x"), run, None, None)
        assert found is not None
        assert isinstance(found.sheet, np.ndarray)

    def test_damaged_samples_are_refused(self, tmp_path: Path, images: Any) -> None:
        experiment = images()
        run = self.kept(tmp_path, experiment, np.zeros((32, 1, 28, 28)))
        path = run.shown_file(200)
        path.write_bytes(path.read_bytes()[:900])
        with pytest.raises(RunError, match="shown_0000200"):
            draw_samples(Evidence("x", experiment=experiment), run, None, None)

    def test_points_are_shown_beside_their_modes(self, tmp_path: Path, points: Any) -> None:
        run = self.kept(tmp_path, points(), np.eye(2))
        found = draw_samples(Evidence("x", snapshots=COUNTS, experiment=run.experiment()), run, None, None)
        assert found is not None
        assert isinstance(found.sheet, Figure)
        assert len(found.sheet.axes) == 2
        other = draw_samples(Evidence("x", snapshots=COUNTS), run, None, None)
        assert other is not None
        assert other.sheet is None
        np.testing.assert_array_equal(other.few, found.few)

    def test_a_run_of_an_older_version_has_no_sheet(self, tmp_path: Path, images: Any) -> None:
        run = create_run(tmp_path, images())
        save_png(tile(np.zeros((32, 28, 28, 3), np.uint8), 10), run.grid_file(200))
        assert draw_samples(Evidence("x", experiment=images()), run, None, None) is None

    def test_nothing_to_show(self, tmp_path: Path, points: Any) -> None:
        run = create_run(tmp_path, points())
        assert draw_samples(Evidence("x", experiment=points()), run, None, None) is None
        assert draw_samples(Evidence("x"), None, None, None) is None


class TestSheetOfImages:
    def test_copies_with_a_little_noise_are_found_and_others_are_not(self) -> None:
        draw = np.random.default_rng(3)
        images = draw.integers(0, 255, (40, 28, 28, 1), dtype=np.uint8)
        noisy = images[7].astype(int) + draw.integers(-9, 9, (10, 28, 28, 1))
        images[10:20] = noisy.clip(0, 255)
        sheet = sheet_of_images(images, "Samples")
        assert (sheet == group_colour(0)).all(axis=-1).sum() / (4 * 56) == 11
        assert not (sheet == group_colour(1)).all(axis=-1).any()

    def test_a_few_are_the_first_25_and_fewer_where_there_are_fewer(self) -> None:
        images = np.arange(30, dtype=np.uint8)[:, None, None, None] * np.ones((8, 8, 1), np.uint8)
        np.testing.assert_array_equal(few_of(images), tile(np.repeat(images[:25], 3, axis=3), 5))
        assert few_of(images[:3]).shape[0] < few_of(images).shape[0] // 4

    def test_foreign_samples_by_their_file(self, tmp_path: Path) -> None:
        images = np.random.default_rng(3).integers(0, 255, (40, 28, 28), dtype=np.uint8)
        images[1] = images[0]
        np.savez(tmp_path / "samples.npz", step_500=images)
        found = draw_samples(Evidence("x"), None, tmp_path / "samples.npz", None)
        assert found is not None
        assert isinstance(found.sheet, np.ndarray)
        assert (found.sheet == group_colour(0)).all(axis=-1).sum() / (4 * 56) == 2

    def test_pictures_are_cut_as_they_were_judged(self, tmp_path: Path) -> None:
        """Pictures that look like grids of four by four are single ones where the real ones are as large."""
        draw = np.random.default_rng(3)
        for number in range(24):
            picture = np.zeros((130, 130), np.uint8)
            for y, x in np.ndindex(4, 4):
                tile = np.add.outer(draw.integers(30, 120, 30), draw.integers(30, 120, 30))
                picture[2 + 32 * y : 32 + 32 * y, 2 + 32 * x : 32 + 32 * x] = tile
            Image.fromarray(picture).save(tmp_path / f"{number:03d}.png")
        real = draw.integers(0, 255, (24, 130, 130), dtype=np.uint8)
        alone, beside = (draw_samples(Evidence("x"), None, tmp_path, None, each) for each in (None, real))
        assert alone is not None
        assert beside is not None
        assert isinstance(alone.sheet, np.ndarray)
        assert isinstance(beside.sheet, np.ndarray)
        whole = sheet_of_images(
            np.stack([np.asarray(Image.open(f))[..., None] for f in sorted(tmp_path.iterdir())]), "Samples"
        )
        assert beside.sheet.shape == whole.shape != alone.sheet.shape
