"""Pictures of a verdict: what is marked is what was found, and nothing of it is hidden or made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from ganlab.plots.figures import ALARM, D_REAL, GENERATOR, INK, Curve, save_figure
from ganlab.plots.grids import scatter
from ganlab.plots.verdicts import (
    EVIDENCE,
    OTHERS,
    SPELL,
    Panel,
    Spell,
    annotated_curves,
    classes_over_time,
    group_colour,
    merged,
    mode_sheet,
    sample_sheet,
)

pytestmark = pytest.mark.filterwarnings("error")

STEPS = np.arange(1.0, 1001.0)


def losses(values: np.ndarray | None = None) -> Panel:
    """A quiet run's losses, or one curve of these values."""
    draw = np.random.default_rng(0)
    first = 0.6 + draw.normal(0, 0.05, 1000) if values is None else values
    return Panel("losses", [Curve("D real", STEPS, first, D_REAL)], level=(0.69, "chance"))


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def shaded(figure: Figure, colour: str, panel: int = 0) -> list[tuple[float, float]]:
    """First and last step of each shaded stretch of a colour."""
    found = [p for p in figure.axes[panel].patches if isinstance(p, Rectangle) and p.get_height() == 1]
    of_colour = [p for p in found if np.allclose(p.get_facecolor()[:3], to_rgb(colour))]
    return [(round(p.get_x(), -1), round(p.get_x() + p.get_width(), -1)) for p in of_colour]


def rows_of(figure: Figure) -> list[tuple[str, list[tuple[float, float]]]]:
    """Name of each row of the strip, with the first and last step of its bars."""
    strip = next(axes for axes in figure.axes if axes.patches and axes.get_ylim()[1] == 0)
    bars = [bar for bar in strip.patches if isinstance(bar, Rectangle)]
    return [
        (text.get_text(), [(b.get_x(), b.get_x() + b.get_width()) for b in bars if int(b.get_y()) == row])
        for row, text in enumerate(strip.texts)
    ]


def snapshots() -> list[dict[str, Any]]:
    """Three classes; the last one is lost at the second snapshot; nothing is good at the first."""
    common = {"class_shares_real": [0.5, 0.3, 0.2], "classes": ["cat", "dog", "owl"]}
    return [
        {"step": 0, "class_counts": [0, 0, 0], "good": 0.0, **common},
        {"step": 100, "class_counts": [50, 30, 20], "good": 0.5, **common},
        {"step": 200, "class_counts": [60, 40, 0], "good": 0.8, **common},
    ]


class TestAnnotatedCurves:
    @pytest.mark.parametrize("share", [0.0, 0.97, 1.0])
    def test_shares_are_drawn_from_0_to_1(self, share: float) -> None:
        panel = replace(losses(), curves=[Curve("good", STEPS, np.full(len(STEPS), share), "black")], shares=True)
        assert annotated_curves("x", "", [panel]).axes[0].get_ylim() == (-0.03, 1.03)

    def test_onset_windows_and_spells_stand_where_they_were_found(self) -> None:
        figure = annotated_curves(
            "Mode collapse", "Why.", [losses(), losses()], 300, [(500, 700)], [Spell("Oscillation", 100, 250)]
        )
        for panel in (0, 1):
            onset = [line for line in figure.axes[panel].lines if line.get_color() == ALARM]
            assert [list(line.get_xdata()) for line in onset] == [[300, 300]]
            assert shaded(figure, EVIDENCE, panel) == [(500, 700)]
            assert shaded(figure, SPELL, panel) == []
        assert rows_of(figure) == [("since step 300", [(300, 1000)]), ("Oscillation", [(100, 250)])]
        assert {"Mode collapse", "Why.", "the verdict, and what else was seen"} <= set(words(figure).split("\n"))

    def test_names_of_spells_are_written_over_nothing(self) -> None:
        """A strip above the panels holds them, a row a failure; spells of one failure share its row."""
        names = ["Never learned", "Convergence failure, discriminator dominates", "Mode collapse, total"]
        spells = [
            Spell(names[0], 1, 1000),
            Spell(names[1], 100, 190),
            Spell(names[1], 210, 400),
            Spell(names[2], 998, 999),
        ]
        figure = annotated_curves("x", "", [losses(), losses()], 990, spells=spells)
        assert [(name, len(bars)) for name, bars in rows_of(figure)] == [
            ("since step 990", 1),
            (names[0], 1),
            (names[1], 2),
            (names[2], 1),
        ]
        renderer = FigureCanvasAgg(figure).get_renderer()
        strip = figure.axes[-1]
        assert not any(strip.get_position().overlaps(axes.get_position()) for axes in figure.axes[:-1])
        boxes = [text.get_window_extent(renderer) for text in strip.texts]
        assert not any(a.overlaps(b) for number, a in enumerate(boxes) for b in boxes[:number])
        frame = strip.get_window_extent(renderer)
        assert all(frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1 for box in boxes)

    def test_no_onset_and_no_spell_need_no_strip(self) -> None:
        assert len(annotated_curves("x", "", [losses()], windows=[(5, 9)]).axes) == 1

    @pytest.mark.parametrize("shape", [(200, 200, 3), (90, 300, 3), (900, 100, 3)])
    def test_samples_are_on_the_right_of_the_panels(self, shape: tuple[int, int, int]) -> None:
        picture = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
        plain = annotated_curves("x", "", [losses()], 300)
        figure = annotated_curves("x", "", [losses()], 300, samples=("Samples at step 9", picture))
        *others, samples = figure.axes
        np.testing.assert_array_equal(samples.images[0].get_array(), picture)
        assert samples.get_title("left") == "Samples at step 9"
        assert not any(samples.get_position().overlaps(axes.get_position()) for axes in others)
        box = samples.get_window_extent(FigureCanvasAgg(figure).get_renderer())
        assert box.height / box.width == pytest.approx(shape[0] / shape[1], rel=0.05)
        assert box.y0 > 0
        # Panels are as large as without samples.
        size = [axes.get_window_extent() for axes in (plain.axes[0], figure.axes[0])]
        assert size[0].width == pytest.approx(size[1].width)

    def test_shares_of_a_long_run_are_a_band(self) -> None:
        panel = replace(losses(np.random.default_rng(0).integers(0, 9, 1000) / 8), shares=True)
        axes = annotated_curves("x", "", [panel]).axes[0]
        assert [line.get_color() for line in axes.lines].count(D_REAL) == 1
        assert "trimmed mean, 10 to 90 % of 21 values" in axes.get_title("left")

    def test_a_long_summary_stays_inside(self) -> None:
        figure = annotated_curves("x", "Wide Words Within. " * 40, [losses()])
        renderer = FigureCanvasAgg(figure).get_renderer()
        panel = figure.axes[0].get_window_extent(renderer)
        assert all(text.get_window_extent(renderer).x1 <= panel.x1 + 1 for text in figure.texts)

    def test_windows_that_overlap_are_shaded_once(self) -> None:
        figure = annotated_curves("x", "", [losses()], windows=[(600, 700), (100, 200), (150, 300)])
        assert shaded(figure, EVIDENCE) == [(100, 300), (600, 700)]

    def test_evidence_from_all_steps_is_told_instead_of_drawn(self) -> None:
        figure = annotated_curves("x", "", [losses()], windows=[(1, 1000)])
        assert shaded(figure, EVIDENCE) == []
        assert "evidence was taken from nearly all steps" in words(figure)

    def test_nothing_is_marked_where_nothing_was_found(self) -> None:
        figure = annotated_curves("Healthy", "All is well.", [losses()])
        assert shaded(figure, EVIDENCE) == shaded(figure, SPELL) == []
        assert "since" not in words(figure)

    def test_nan_is_marked_at_its_first_step_and_left_as_a_gap(self) -> None:
        values = np.where(STEPS >= 400, np.nan, 0.5)
        figure = annotated_curves("Diverged", "", [losses(values)], 400)
        assert "non-finite at step 400" in words(figure)
        drawn = [line for line in figure.axes[0].lines if line.get_color() == D_REAL]
        assert all(np.isnan(line.get_ydata()[np.asarray(line.get_xdata()) >= 400]).all() for line in drawn)

    def test_losses_that_explode_get_a_logarithmic_axis(self) -> None:
        figure = annotated_curves("Diverged", "", [losses(0.5 * np.exp(STEPS / 50))], 100)
        assert figure.axes[0].get_yscale() == "symlog"
        assert annotated_curves("x", "", [losses()]).axes[0].get_yscale() == "linear"

    def test_panels_share_their_steps(self) -> None:
        short = Panel("coverage", [Curve("coverage", np.array([500.0, 600.0]), np.array([0.1, 0.2]), GENERATOR)])
        figure = annotated_curves("x", "", [losses(), short])
        assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()

    @pytest.mark.parametrize("panels", [[], [Panel("losses", [])]])
    def test_without_curves_it_says_so(self, panels: list[Panel]) -> None:
        assert "no curves were recorded" in words(annotated_curves("Inconclusive", "", panels, 5, [(1, 9)]))

    def test_text_is_never_mathematics_nor_control(self, tmp_path: Path) -> None:
        figure = annotated_curves(r"$\frac$ \x1b[31m", "$x^$\x07", [losses()], spells=[Spell("$_$", 1, 9)])
        save_figure(figure, tmp_path / "verdict")
        assert r"$\frac$ \x1b[31m" in words(figure)
        assert "$x^$?" in words(figure)

    def test_equal_figures_give_equal_files(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            save_figure(annotated_curves("x", "y", [losses()], 300, [(500, 700)]), tmp_path / name)
        for suffix in ("png", "svg"):
            assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([], []),
        ([(3, 4)], [(3, 4)]),
        ([(5, 9), (1, 2)], [(1, 2), (5, 9)]),
        ([(1, 10), (2, 3), (10, 12)], [(1, 12)]),
    ],
)
def test_merged(windows: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert merged(windows) == expected


class TestClassesOverTime:
    def test_cells_hold_the_shares_of_good_samples_beside_the_real_ones(self) -> None:
        figure = classes_over_time(snapshots())
        assert figure is not None
        good, cells, reals = figure.axes
        np.testing.assert_allclose(
            cells.images[0].get_array().filled(np.nan) ** 2,
            [[np.nan, 0.5, 0.6], [np.nan, 0.3, 0.4], [np.nan, 0.2, 0.0]],
        )
        np.testing.assert_allclose(reals.images[0].get_array() ** 2, [[0.5], [0.3], [0.2]])
        assert cells.images[0].get_clim() == reals.images[0].get_clim()
        heights = [bar.get_height() for bar in good.patches][3:]
        assert heights == [0, 50, 80]

    def test_a_lost_class_is_named_and_red(self) -> None:
        figure = classes_over_time(snapshots())
        assert figure is not None
        colours = {label.get_text(): label.get_color() for label in figure.axes[1].get_yticklabels()}
        assert colours["owl"] == ALARM
        assert ALARM not in (colours["cat"], colours["dog"])
        assert "Step 200: among the good samples, under a tenth of the real share: owl." in words(figure)

    def test_only_classes_that_the_data_have_are_rows_and_samples_of_others_are_one_more(self) -> None:
        rows = [{**row, "class_shares_real": [1.0, 0.0, 0.0]} for row in snapshots()]
        figure = classes_over_time(rows)
        assert figure is not None
        assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["cat", OTHERS]
        shares = figure.axes[1].images[0].get_array().filled(np.nan) ** 2
        np.testing.assert_allclose(shares, [[np.nan, 0.5, 0.6], [np.nan, 0.5, 0.4]])
        for row in rows:
            row["class_counts"] = [row["class_counts"][0], 0, 0]
        without = classes_over_time(rows)
        assert without is not None
        assert [label.get_text() for label in without.axes[1].get_yticklabels()] == ["cat"]

    @pytest.mark.parametrize(
        "name", ["Smileys and Emotion", "a_class_of_one_word_that_is_very_long", "many words " * 6]
    )
    def test_names_are_whole_and_inside(self, name: str) -> None:
        rows = [{**row, "classes": ["cat", name, "owl"]} for row in snapshots()]
        figure = classes_over_time(rows)
        assert figure is not None
        label = figure.axes[1].get_yticklabels()[1]
        assert label.get_text().replace("\n", "").replace(" ", "") == name.replace(" ", "")
        figure.canvas.draw()
        boxes = [each.get_window_extent() for each in figure.axes[1].get_yticklabels()]
        assert all(box.x0 >= 0 for box in boxes)
        assert not any(a.overlaps(b) for number, a in enumerate(boxes) for b in boxes[:number])

    @pytest.mark.parametrize(("real", "colour"), [([0.5, 0.3, 0.2], ALARM), ([0.6, 0.4, 0.0], INK)])
    def test_an_empty_cell_is_red_only_if_the_data_have_the_class(self, real: list[float], colour: str) -> None:
        figure = classes_over_time([{**row, "class_shares_real": real} for row in snapshots()])
        assert figure is not None
        assert [text.get_color() for text in figure.axes[1].texts if text.get_text() == "0"] == [colour]

    def test_all_classes_there(self) -> None:
        figure = classes_over_time(snapshots()[:2])
        assert figure is not None
        assert "every class has at least a tenth of its real share" in words(figure)

    def test_no_good_sample_at_all(self) -> None:
        figure = classes_over_time(snapshots()[:1])
        assert figure is not None
        assert "not one sample is good" in words(figure)

    def test_without_counts_there_is_no_figure(self) -> None:
        assert classes_over_time([]) is None
        assert classes_over_time([{"step": 5, "diversity": 0.5}, {"step": 6, "class_counts": None}]) is None

    def test_a_thousand_classes_and_a_hundred_snapshots(self, tmp_path: Path) -> None:
        rows = [{"step": i, "class_counts": [1] * 1000, "good": 1.0} for i in range(100)]
        figure = classes_over_time(rows)
        assert figure is not None
        save_figure(figure, tmp_path / "classes", ("png",))
        assert "1,000 classes" in words(figure)
        assert figure.get_figheight() < 12


class TestSampleSheet:
    IMAGES = np.random.default_rng(1).integers(0, 200, (23, 28, 28), dtype=np.uint8)

    @staticmethod
    def underlines(sheet: np.ndarray, colour: tuple[int, int, int], width: int) -> int:
        """How many images are underlined in a colour: a line is `width` pixels wide and 4 high."""
        return int((sheet == colour).all(axis=-1).sum()) // (4 * width)

    def test_each_group_is_underlined_in_its_colour(self) -> None:
        sheet = sample_sheet(self.IMAGES, [[2, 5, 11], [0, 20]], "Samples")
        width = 28 * 2
        assert self.underlines(sheet, group_colour(0), width) == 3
        assert self.underlines(sheet, group_colour(1), width) == 2
        assert self.underlines(sheet, group_colour(2), width) == 0

    def test_every_image_is_there_once_near_duplicates_first(self) -> None:
        sheet = sample_sheet(self.IMAGES, [[2, 5, 11], [0, 20]], "Samples")
        cell, height = 28 * 2 + 8, 28 * 2 + 16
        top = next(y for y in range(len(sheet)) if (sheet[y, 8 : 8 + 56 : 2, 0] == self.IMAGES[2][0]).all())
        order = [2, 5, 11, 0, 20, *(i for i in range(23) if i not in (2, 5, 11, 0, 20))]
        for place, index in enumerate(order):
            y, x = top + place // 10 * height, 8 + place % 10 * cell
            np.testing.assert_array_equal(sheet[y : y + 56 : 2, x : x + 56 : 2, 0], self.IMAGES[index])

    def test_no_near_duplicates(self) -> None:
        sheet = sample_sheet(self.IMAGES, [], "Samples")
        assert self.underlines(sheet, group_colour(0), 56) == 0

    def test_colours_large_images_and_a_single_one(self) -> None:
        colour = np.zeros((1, 64, 64, 3), np.uint8) + np.array([10, 200, 30], np.uint8)
        sheet = sample_sheet(colour, [], "One")
        assert ((sheet == (10, 200, 30)).all(axis=-1)).sum() == 64 * 64
        assert sheet.dtype == np.uint8

    def test_fifty_pairs_have_fifty_colours(self) -> None:
        colours = {group_colour(rank) for rank in range(50)}
        assert len(colours) == 50


class TestModeSheet:
    def test_bars_are_the_shares_of_the_last_snapshot(self) -> None:
        picture = scatter(np.zeros((5, 2)), np.eye(2))
        figure = mode_sheet(picture, snapshots(), "Samples at step 200")
        assert [bar.get_width() for bar in figure.axes[1].patches] == pytest.approx([48, 32, 0])
        np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), picture)
        assert "Step 200: good samples in 2 of 3 modes; 80 % of the samples are good." in words(figure)

    def test_modes_that_the_data_lack_do_not_count(self) -> None:
        rows = [{**row, "class_shares_real": [0.5, 0.5, 0.0], "class_counts": [9, 0, 3]} for row in snapshots()]
        figure = mode_sheet(scatter(np.zeros((5, 2)), np.eye(2)), rows, "Samples")
        assert "good samples in 1 of 2 modes" in words(figure)

    def test_without_counts_the_samples_stand_alone(self, tmp_path: Path) -> None:
        figure = mode_sheet(scatter(np.zeros((5, 2)), np.eye(2)), [], "Samples")
        assert len(figure.axes) == 1
        save_figure(figure, tmp_path / "samples", ("png",))
        with Image.open(tmp_path / "samples.png") as picture:
            assert picture.width == 902
