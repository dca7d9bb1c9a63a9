"""A run's curves: what is drawn is what was recorded, nothing non-finite is hidden, files are whole and equal."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from ganlab.plots.figures import D_FAKE, D_REAL, GENERATOR, accuracies, diversity, gradients, losses, save_figure, short

pytestmark = pytest.mark.filterwarnings("error")

History = dict[str, np.ndarray]
LOSSES = ("d_loss_real", "d_loss_fake", "g_loss")
GRADIENTS = ("grad_d", "grad_g", "grad_g_output")


def history(rows: int, seed: int = 0) -> History:
    """A run that goes well: noisy losses, accuracies of a batch of 64, log-normal gradients."""
    draw = np.random.default_rng(seed)
    columns: History = {"step": np.arange(1, rows + 1)}
    columns |= {key: level + draw.gamma(1.0, 0.1, rows) for key, level in zip(LOSSES, (0.5, 0.55, 1.2), strict=True)}
    columns |= {key: draw.binomial(64, 0.75, rows) / 64 for key in ("d_acc_real", "d_acc_fake")}
    columns |= {
        key: level * draw.lognormal(0, 0.3, rows) for key, level in zip(GRADIENTS, (2.0, 0.5, 0.01), strict=True)
    }
    return columns


def snapshots(count: int) -> list[dict[str, Any]]:
    return [
        {
            "step": 100 * i,
            "diversity": 0.3 + 0.01 * i,
            "diversity_real": 0.5,
            "energy_distance": 0.2 / (i + 1),
            "energy_distance_real": (-1) ** i * 1e-3,
        }
        for i in range(count)
    ]


def words(figure: Figure) -> str:
    """Everything written in a figure."""
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def lines(axes: Axes, colour: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """The curves of a colour, the thin one first."""
    return [
        (np.asarray(line.get_xdata()), np.asarray(line.get_ydata()))
        for line in axes.lines
        if line.get_color() == colour
    ]


class TestSaveFigure:
    def test_writes_both_formats_whole_and_nothing_else(self, tmp_path: Path) -> None:
        save_figure(losses(history(200)), tmp_path / "losses.v1")
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["losses.v1.png", "losses.v1.svg"]
        with Image.open(tmp_path / "losses.v1.png") as picture:
            assert picture.size == (902, 506)
        root = ET.parse(tmp_path / "losses.v1.svg").getroot()
        texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
        assert {"Losses", "D real", "D fake", "G", "step"} <= texts

    def test_only_the_formats_asked_for(self, tmp_path: Path) -> None:
        save_figure(losses(history(5)), tmp_path / "a", formats=("svg",))
        assert [entry.name for entry in tmp_path.iterdir()] == ["a.svg"]

    @pytest.mark.parametrize("suffix", ["png", "svg"])
    def test_equal_data_give_equal_files(self, tmp_path: Path, suffix: str) -> None:
        for name in ("a", "b"):
            save_figure(gradients(history(300)), tmp_path / name)
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()

    def test_is_not_swayed_by_the_users_matplotlib_settings(self, tmp_path: Path) -> None:
        import matplotlib

        save_figure(losses(history(300)), tmp_path / "a")
        before = dict(matplotlib.rcParams)
        with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": False, "text.color": "red"}):
            save_figure(losses(history(300)), tmp_path / "b")
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("draw", [losses, accuracies, gradients])
@pytest.mark.parametrize("rows", [0, 1, 2, 99, 100, 1500])
def test_any_length_draws(draw: Callable[[History], Figure], rows: int, tmp_path: Path) -> None:
    figure = draw(history(rows))
    save_figure(figure, tmp_path / "x")
    assert ("nothing recorded yet" in words(figure)) == (rows == 0)


@pytest.mark.parametrize("draw", [losses, accuracies, gradients])
def test_no_columns_at_all(draw: Callable[[Mapping[str, Any]], Figure]) -> None:
    assert "nothing recorded yet" in words(draw({}))


@pytest.mark.parametrize("fill", [0.0, -3.0, 1e-38, 3e38, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("draw", [losses, accuracies, gradients])
def test_hostile_columns_draw(draw: Callable[[History], Figure], fill: float, tmp_path: Path) -> None:
    for rows in (1, 300):
        columns = {key: np.full(rows, fill) for key in history(1)} | {"step": np.arange(rows)}
        save_figure(draw(columns), tmp_path / "x", formats=("png",))
        half = history(rows)
        for key in half.keys() - {"step"}:
            half[key][rows // 2 :] = fill
        save_figure(draw(half), tmp_path / "x", formats=("svg",))


def drawn_styles(axes: Axes) -> list[tuple[str, str]]:
    """Line style and colour of each curve that the legend lists, levels aside."""
    legend = axes.get_legend()
    assert legend is not None
    return [(line.get_linestyle(), line.get_color()) for line in legend.get_lines() if line.get_linestyle() != ":"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (-1000.0, "-1000"),
        (10_000.0, "1e4"),
        (-25_000.0, "-2.5e4"),
        (1e-4, "1e-4"),
        (1e12, "1e12"),
    ],
)
def test_numbers_at_ticks_are_short(value: float, told: str) -> None:
    assert short(value) == told


class TestLosses:
    def test_a_short_run_is_drawn_as_it_is(self) -> None:
        columns = history(50)
        (axes,) = losses(columns).axes
        for key, colour in zip(LOSSES, (D_REAL, D_FAKE, GENERATOR), strict=True):
            ((x, y),) = lines(axes, colour)
            np.testing.assert_array_equal(x, columns["step"])
            np.testing.assert_array_equal(y, columns[key])

    def test_the_thick_line_is_the_trimmed_mean(self) -> None:
        columns = history(400)
        figure = losses(columns)
        _, (x, y) = lines(figure.axes[0], GENERATOR)
        np.testing.assert_array_equal(x, columns["step"])
        window = np.sort(columns["g_loss"][200 - 4 : 200 + 5])
        assert y[200] == pytest.approx(window.mean())
        assert "mean of 9 values" in words(figure)

    def test_the_thick_line_of_a_long_run_leaves_a_tenth_out_at_both_ends(self) -> None:
        columns = history(3000)
        _, (x, y) = lines(losses(columns).axes[0], GENERATOR)
        at = 100
        row = int(x[at]) - 1
        window = np.sort(columns["g_loss"][row - 30 : row + 31])
        assert y[at] == pytest.approx(window[6:-6].mean())

    def test_a_spike_leaves_no_trace_in_the_mean_after_it(self) -> None:
        columns = history(2000)
        columns["g_loss"][500] = 1e30
        _, (_, spiked) = lines(losses(columns).axes[0], GENERATOR)
        _, (_, plain) = lines(losses(history(2000)).axes[0], GENERATOR)
        np.testing.assert_allclose(spiked, plain, rtol=0.05)

    def test_spikes_squash_nothing_and_are_named(self) -> None:
        columns = history(2000)
        columns["g_loss"][700] = 123.4
        columns["d_loss_real"][900] = -55.5
        figure = losses(columns)
        bottom, top = figure.axes[0].get_ylim()
        assert columns["g_loss"][:700].max() < top < 10
        assert -10 < bottom < columns["d_loss_real"][:900].min()
        assert "▲ max 123.4" in words(figure)
        assert "▼ min -55.5" in words(figure)
        assert "▲" not in words(losses(history(2000)))

    @pytest.mark.parametrize("level", [0.0, 0.1, 3.0])
    def test_of_losses_that_are_never_negative_no_negative_values_are_shown(self, level: float) -> None:
        bottom, top = losses({"step": np.arange(1, 101), "g_loss": np.full(100, level)}).axes[0].get_ylim()
        assert -0.05 * top < bottom <= level < top

    def test_the_view_is_that_of_the_later_half(self) -> None:
        columns = history(1000)
        columns["g_loss"][:100] = np.linspace(40.0, 1.3, 100)
        figure = losses(columns)
        late = np.quantile(columns["g_loss"][500:], 0.99)
        assert late < figure.axes[0].get_ylim()[1] < 1.5 * late
        assert "▲ max 40" in words(figure)

    def test_the_mean_of_the_earlier_half_is_in_view_if_it_is_not_far_from_the_later_one(self) -> None:
        columns = history(1000)
        columns["g_loss"][:300] += 1.0
        assert losses(columns).axes[0].get_ylim()[1] > columns["g_loss"][:300].mean()

    @pytest.mark.parametrize("scale", [1e6, 1e-7])
    def test_a_power_of_ten_stands_at_its_tick_and_not_above_the_axis(self, scale: float) -> None:
        columns = history(300)
        axes = losses({key: values * (1 if key == "step" else scale) for key, values in columns.items()}).axes[0]
        axes.figure.canvas.draw()
        assert axes.yaxis.get_offset_text().get_text() == ""
        assert any("e" in label.get_text() for label in axes.get_yticklabels())

    def test_of_two_equal_curves_the_upper_one_is_dashed(self) -> None:
        columns = history(1000)
        apart = losses(columns).axes[0]
        assert {style for style, _ in drawn_styles(apart)} == {"-"}
        columns["d_loss_fake"] = columns["d_loss_real"]
        styles = dict(zip(("D real", "D fake", "G"), drawn_styles(losses(columns).axes[0]), strict=True))
        assert styles["D real"][0] == styles["G"][0] == "-"
        assert styles["D fake"][0] == "--"

    def test_three_equal_curves_are_all_seen(self) -> None:
        columns = history(50)
        columns["d_loss_fake"] = columns["g_loss"] = columns["d_loss_real"]
        curves = [line for line in losses(columns).axes[0].lines if line.get_marker() == "o"]
        assert [line.get_linestyle() for line in curves] == ["-", "--", "--"]
        sizes = [line.get_markersize() for line in curves]
        assert sizes == sorted(sizes, reverse=True)
        assert len(set(sizes)) == 3

    def test_a_loss_that_stays_high_is_in_full_view(self) -> None:
        columns = history(1000)
        columns["g_loss"][800:] += 12
        figure = losses(columns)
        assert figure.axes[0].get_ylim()[1] > columns["g_loss"].max()
        assert "▲" not in words(figure)

    def test_a_run_that_diverges_is_in_full_view_on_a_logarithmic_axis(self) -> None:
        columns = history(1000)
        columns["g_loss"][800:] *= np.geomspace(1, 1e8, 200)
        figure = losses(columns)
        (axes,) = figure.axes
        assert axes.get_yscale() == "symlog"
        assert axes.get_ylim()[1] > columns["g_loss"].max()
        assert "log beyond 10" in words(figure)
        healthy = axes.transData.transform([(1, columns["g_loss"][0]), (1, columns["d_loss_real"][0])])
        assert healthy[0, 1] - healthy[1, 1] > 5
        figure.canvas.draw()
        labels = [label for label in axes.get_yticklabels() if label.get_text()]
        boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.y0)
        assert {label.get_text() for label in labels} == {"0", "10", "1e4", "1e7"}
        assert all(below.y1 <= above.y0 for below, above in itertools.pairwise(boxes))
        assert min(box.x0 for box in boxes) >= 0

    def test_discriminator_losses_at_zero_keep_the_axis_linear(self) -> None:
        columns = history(1000) | {key: np.full(1000, 1e-7) for key in LOSSES[:2]}
        assert losses(columns).axes[0].get_yscale() == "linear"

    def test_every_spike_of_a_long_run_survives(self) -> None:
        columns = history(100_000)
        columns["g_loss"][[12_345, 99_999]] = [77.0, 66.0]
        (_, thin), (x, thick) = lines(losses(columns).axes[0], GENERATOR)
        assert len(thin) < 2000
        assert len(thick) < 2000
        assert {77.0, 66.0} <= set(thin)
        assert thin.min() == columns["g_loss"].min()
        assert x[-1] > 99_000

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_non_finite_steps_are_a_gap_and_a_marked_line(self, bad: float) -> None:
        columns = history(1200)
        columns["g_loss"][1000:] = bad
        figure = losses(columns)
        (x, thin), (_, thick) = lines(figure.axes[0], GENERATOR)
        assert np.isfinite(thin[x <= 1000]).all()
        assert np.isnan(thin[x > 1000]).all()
        assert np.isnan(thick[-50:]).all()
        assert "non-finite at step 1,001" in words(figure)
        assert figure.axes[0].get_xlim()[1] > 1200
        assert "non-finite" not in words(losses(history(1200)))

    def test_one_nan_among_a_hundred_thousand_is_marked(self) -> None:
        columns = history(100_000)
        columns["d_loss_fake"][54_321] = np.nan
        assert "non-finite at step 54,322" in words(losses(columns))

    def test_chance_is_drawn_where_it_is_given(self) -> None:
        columns = history(300)
        assert "chance, 0.69" in words(losses(columns, chance=math.log(2)))
        assert "chance" not in words(losses(columns))
        high = losses(columns, chance=5.0)
        assert high.axes[0].get_ylim()[1] > 5

    def test_columns_that_a_run_lacks_are_left_out(self) -> None:
        columns = history(20)
        del columns["d_loss_fake"]
        assert "D fake" not in words(losses(columns))


class TestAccuracies:
    def test_in_percent_from_0_to_100(self) -> None:
        columns = history(60)
        figure = accuracies(columns)
        (axes,) = figure.axes
        ((_, y),) = lines(axes, D_FAKE)
        np.testing.assert_allclose(y, 100 * columns["d_acc_fake"])
        bottom, top = axes.get_ylim()
        assert bottom < 0 < 100 < top
        assert "chance, 50 %" in words(figure)

    def test_a_long_run_is_a_band_of_the_middle_80_percent_and_no_wall_of_values(self) -> None:
        columns = history(1000)
        figure = accuracies(columns)
        (axes,) = figure.axes
        assert [len(lines(axes, colour)) for colour in (D_REAL, D_FAKE)] == [1, 1]
        band = axes.collections[0].get_paths()[0].vertices
        window = 100 * columns["d_acc_real"][500 - 10 : 500 + 11]
        at = columns["step"][500]
        assert sorted(set(band[band[:, 0] == at, 1])) == pytest.approx(list(np.quantile(window, [0.1, 0.9])))
        assert "trimmed mean, 10 to 90 % of 21 values" in words(figure)

    def test_a_band_has_a_gap_where_values_are_not_finite(self) -> None:
        columns = history(1000)
        columns["d_acc_real"][600:] = np.nan
        band = accuracies(columns).axes[0].collections[0].get_paths()
        assert max(path.vertices[:, 0].max() for path in band) <= 600

    def test_a_loss_without_a_decision_point(self) -> None:
        columns = history(60) | {key: np.full(60, np.nan) for key in ("d_acc_real", "d_acc_fake")}
        figure = accuracies(columns)
        assert "no decision point for this loss" in words(figure)
        assert not figure.axes[0].lines


class TestGradients:
    def test_zeros_stand_at_the_lower_edge_and_are_counted(self) -> None:
        columns = history(90)
        columns["grad_g"][50:] = 0
        figure = gradients(columns)
        (axes,) = figure.axes
        assert axes.get_yscale() == "log"
        ((_, y),) = lines(axes, GENERATOR)
        smallest = min(columns[key][columns[key] > 0].min() for key in GRADIENTS)
        np.testing.assert_allclose(y[50:], smallest / 2)
        assert "40 at or below 0" in words(figure)
        assert "at or below" not in words(gradients(history(90)))

    @pytest.mark.parametrize("spread", [1.0, 3.0, 50.0, 1e6])
    def test_an_axis_of_any_height_has_ticks(self, spread: float) -> None:
        columns = history(50)
        for key in GRADIENTS:
            columns[key] = np.geomspace(0.23, 0.23 * spread, 50)
        axes = gradients(columns).axes[0]
        axes.figure.canvas.draw()
        low, high = axes.get_ylim()
        assert 2 <= sum(low <= tick <= high for tick in axes.get_yticks()) <= 10

    def test_the_thick_line_is_a_geometric_mean(self) -> None:
        columns = history(400)
        _, (_, y) = lines(gradients(columns).axes[0], D_REAL)
        assert y[200] == pytest.approx(np.exp(np.log(columns["grad_d"][196:205]).mean()))


class TestDiversity:
    def test_ratio_to_the_reals_above_and_energy_distance_below(self) -> None:
        rows = snapshots(9)
        upper, lower = diversity(rows).axes
        ((x, y),) = lines(upper, GENERATOR)
        np.testing.assert_array_equal(x, [row["step"] for row in rows])
        np.testing.assert_allclose(y, [row["diversity"] / 0.5 for row in rows])
        ((_, energy),) = lines(lower, GENERATOR)
        np.testing.assert_allclose(energy, [row["energy_distance"] for row in rows])
        assert upper.get_ylim()[0] <= 0
        assert upper.get_ylim()[1] >= 1
        assert lower.get_yscale() == "log"
        assert "4 at or below 0" in words(lower.figure)

    @pytest.mark.parametrize("bad", [None, math.nan, math.inf])
    def test_non_finite_snapshots_are_marked(self, bad: float | None, tmp_path: Path) -> None:
        rows = snapshots(9)
        for row in rows[6:]:
            row["diversity"] = row["energy_distance"] = bad
        figure = diversity(rows)
        save_figure(figure, tmp_path / "x")
        assert words(figure).count("non-finite at step 600") == 2

    @pytest.mark.parametrize("count", [0, 1, 2, 150])
    def test_any_number_of_snapshots(self, count: int, tmp_path: Path) -> None:
        figure = diversity(snapshots(count))
        save_figure(figure, tmp_path / "x")
        assert words(figure).count("nothing recorded yet") == (2 if count == 0 else 0)

    def test_rows_without_the_keys_are_passed_over(self) -> None:
        figure = diversity([{"step": 1}, {"step": 2, "diversity": 0.1, "diversity_real": 0.2}])
        assert words(figure).count("nothing recorded yet") == 1
        assert "non-finite" not in words(figure)

    def test_reals_that_are_all_alike_leave_no_ratio(self, tmp_path: Path) -> None:
        figure = diversity([{"step": 1, "diversity": 0.1, "diversity_real": 0.0}])
        save_figure(figure, tmp_path / "x")
        assert "non-finite at step 1" in words(figure)
