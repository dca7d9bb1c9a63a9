"""Pictures of many runs: what is drawn is what was counted, and nothing leaves the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from ganlab import verdicts
from ganlab.plots.sweeps import (
    Axis,
    Cell,
    QualityCourse,
    _round_numbers,
    failure_map,
    failure_scatter,
    loss_against_quality,
    sensitivity,
)
from ganlab.verdicts import KINDS, hue, rank

pytestmark = pytest.mark.filterwarnings("error")

NAMES = sorted(KINDS, key=rank)


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def is_whole(figure: Figure) -> bool:
    """Whether nothing is cut off at the figure's edges."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    return bool(box.x0 > -0.01 and box.y0 > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01)


def filled(figure: Figure) -> list[str]:
    """Colours of the cells that are drawn, in order."""
    return [to_hex(p.get_facecolor()) for p in figure.axes[0].patches if isinstance(p, Rectangle) and not p.get_hatch()]


class TestMostFrequent:
    @pytest.mark.parametrize(
        ("verdicts", "expected"),
        [
            (["healthy"], ("healthy", 1)),
            (["mode_collapse/total", "healthy", "mode_collapse/total"], ("mode_collapse/total", 2)),
            # Variants of one failure count together, and none of them stands for all.
            (["mode_collapse/total", "mode_collapse/partial", "healthy"], ("mode_collapse", 2)),
            # A tie is never shown as health.
            (["healthy", "diverged"], ("diverged", 1)),
            (["inconclusive", "degraded"], ("degraded", 1)),
        ],
    )
    def test_of_a_cell(self, verdicts: list[str], expected: tuple[str, int]) -> None:
        assert Cell(verdicts, 3).most_frequent() == expected
        assert Cell(verdicts[::-1], 3).most_frequent() == expected


class TestFailureMap:
    def draw(self, rows: Axis, columns: Axis, cells: list[list[Cell]]) -> Figure:
        return failure_map("Where it fails", "3 seeds.", rows, columns, cells)

    def test_cells_say_verdict_rate_and_what_is_missing(self) -> None:
        cells = [
            [Cell(["healthy"] * 3, 3), Cell(["mode_collapse/total", "mode_collapse/total", "healthy"], 3)],
            [Cell([], 3), Cell(["diverged"], 3)],
        ]
        figure = self.draw(Axis("optimizer.lr", ["1e-4", "1e-3"]), Axis("latent.dim", ["100", "1"]), cells)
        told = words(figure)
        for text in ("3/3", "2/3", "1/1", "healthy", "total", "diverged", "2 missing", "optimizer.lr", "latent.dim"):
            assert text in told
        expected = [hue(name) for name in ("healthy", "mode_collapse/total", "diverged")]
        assert filled(figure) == expected
        assert len([p for p in figure.axes[0].patches if p.get_hatch()]) == 1
        assert legend(figure) == ["diverged", "mode collapse, total", "healthy", "not judged"]
        assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["1e-4", "1e-3"]
        assert is_whole(figure)

    def test_one_axis_is_one_row(self) -> None:
        figure = self.draw(Axis("", [""]), Axis("loss", ["hinge"]), [[Cell(["healthy"], 1)]])
        assert filled(figure) == [hue("healthy")]
        assert "not judged" not in legend(figure)

    @pytest.mark.parametrize("columns", [1, 3, 8, 17])
    def test_long_labels_stay_inside_and_numbers_in_their_cells(self, columns: int) -> None:
        label = "wasserstein loss with weight clipping at 0.02 and a critic of five steps"
        cells = [[Cell([name] * 10, 10) for name in NAMES[:columns]] for _ in range(2)]
        axis = Axis("an axis, that has a name, of the user's own", [f"{label} {i}" for i in range(columns)])
        figure = self.draw(Axis("$x_1$ rows", [label, "b"]), axis, cells)
        assert is_whole(figure)
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        cell = figure.axes[0].get_window_extent(renderer).width / columns
        for text in figure.axes[0].texts:
            assert text.get_window_extent(renderer).width <= cell
        assert "$x_1$ rows" in words(figure)

    def test_every_verdict_fits_into_the_legend(self) -> None:
        figure = self.draw(Axis("", [""]), Axis("run", NAMES), [[Cell([name], 1) for name in NAMES]])
        assert legend(figure) == [verdicts.words(name) for name in NAMES]
        assert is_whole(figure)


def test_scatter_shows_each_run_in_its_verdicts_colour() -> None:
    points = [(1e-4, 0.5, "healthy"), (1e-3, 0.9, "diverged"), (1e-3, 0.9, "healthy")]
    figure = failure_scatter("Where", "", "optimizer.lr", "betas", points, (True, False))
    lines = figure.axes[0].lines
    assert [(line.get_xdata()[0], line.get_ydata()[0], line.get_color()) for line in lines] == [
        (x, y, hue(name)) for x, y, name in points
    ]
    # Two runs with the same settings: the later one is smaller, so that both are seen.
    assert lines[1].get_markersize() > lines[2].get_markersize()
    assert (figure.axes[0].get_xscale(), figure.axes[0].get_yscale()) == ("log", "linear")
    assert legend(figure) == ["diverged", "healthy"]


class TestSensitivity:
    LINES = {  # noqa: RUF012
        "hinge": [(1e-4, 40.0), (1e-4, 90.0), (1e-4, 60.0), (1e-3, 20.0), (1e-3, np.nan), (1e-3, 30.0)],
        "wgan": [(1e-4, 50.0), (1e-3, np.inf), (1e-3, np.nan)],
    }

    def draw(self, lines: Any) -> Figure:
        return sensitivity("Quality", "", "optimizer.lr", "FID", lines)

    def test_median_range_and_dots(self) -> None:
        axes = self.draw(self.LINES).axes[0]
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        medians = [line for line in axes.lines if line.get_marker() == "_"]
        assert [list(line.get_xdata()) for line in medians] == [[1e-4, 1e-3]] * 2
        # A run that diverged is the worst of its seeds; where half of them did, the line breaks off.
        assert list(medians[0].get_ydata()) == [60.0, 30.0]
        np.testing.assert_equal(medians[1].get_ydata(), [50.0, np.nan])
        band = axes.collections[0].get_paths()[0].vertices
        assert {tuple(point) for point in band} >= {(1e-4, 40.0), (1e-4, 90.0), (1e-3, 20.0), (1e-3, 30.0)}
        dots = [line for line in axes.lines if line.get_linestyle() == "None"]
        assert sorted(dots[0].get_ydata()) == [20.0, 30.0, 40.0, 60.0, 90.0]

    def test_runs_without_a_finite_value_stand_above_all_others(self) -> None:
        figure = self.draw(self.LINES)
        assert is_whole(figure)
        axes = figure.axes[0]
        crosses = {text.get_text(): text for text in axes.texts}
        assert set(crosses) == {"×", "×2"}
        highest = axes.transData.transform((1e-3, 90.0))[1]
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        boxes = [text.get_window_extent(renderer) for text in crosses.values()]
        assert all(box.y0 > highest for box in boxes)
        assert not boxes[0].overlaps(boxes[1])

    def test_rates_drawn_at_random_are_not_joined(self) -> None:
        rates = np.geomspace(1e-5, 1e-1, 30)
        axes = self.draw({"": [(rate, 10.0) for rate in rates]}).axes[0]
        assert [len(line.get_xdata()) for line in axes.lines] == [0, 30]

    @pytest.mark.parametrize("lines", [{}, {"a": [(1e-3, np.nan)]}, {"a": [(1e-3, 5.0)]}])
    def test_little_or_nothing_is_drawn_without_complaint(self, lines: Any) -> None:
        assert is_whole(self.draw(lines))


class TestLossAgainstQuality:
    def course(self, name: str = "a") -> QualityCourse:
        steps = np.array([100.0, 200.0, 300.0])
        return QualityCourse(name, "healthy", steps, np.array([200.0, 100.0, 20.0]), np.array([0.8, 1.5, 3.0]))

    def test_cost_stands_over_quality_with_better_images_to_the_right(self) -> None:
        figure = loss_against_quality("Cost", "", [self.course()])
        axes = figure.axes[0]
        dots = axes.collections[0]
        assert dots.get_offsets().tolist() == [[200.0, 0.8], [100.0, 1.5], [20.0, 3.0]]
        assert list(dots.get_array()) == pytest.approx([1 / 3, 2 / 3, 1.0])
        left, right = axes.get_xlim()
        assert left > 200 > 20 > right
        assert axes.get_title("left") == "a\nhealthy"

    @pytest.mark.parametrize("count", [1, 2, 4, 6])
    def test_one_panel_a_run_and_nothing_is_cut_off(self, count: int) -> None:
        name = "a very long name of a run that nobody could ever print into one panel of three, seed 12"
        figure = loss_against_quality("Cost", "", [self.course(name)] * count)
        assert len(figure.axes) == count + 1
        assert is_whole(figure)
        renderer = FigureCanvasAgg(figure).get_renderer()
        places = [axes.get_tightbbox(renderer) for axes in figure.axes]
        assert not any(a.overlaps(b) for number, a in enumerate(places) for b in places[:number])

    def test_values_that_are_not_finite_are_left_out(self) -> None:
        run = self.course()
        bad = QualityCourse("b", "diverged", run.steps, np.array([np.nan, np.inf, 5.0]), np.array([1.0, 2.0, np.nan]))
        figure = loss_against_quality("Cost", "", [run, bad])
        assert "no finite value" in words(figure)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1.0, 10.0, [1, 2, 5, 10]),
        (0.03, 2.0, None),
        (320.042, 320.049, [320.042]),
        (3.0, 3.9, [3.0, 3.9]),
        (70.0, 76.0, [70.0]),
    ],
)
def test_ticks_are_round_numbers_and_never_fail(low: float, high: float, ticks: list[float] | None) -> None:
    found = _round_numbers(low, high)
    assert 1 <= len(found) <= 4
    assert ticks is None or found == pytest.approx(ticks)
