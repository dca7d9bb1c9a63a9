from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from ganlab.plots.figures import GENERATOR, MUTED, NOTHING
from ganlab.plots.treatments import Course, paired_courses, round_numbers

pytestmark = pytest.mark.filterwarnings("error")


def course(*values: float) -> Course:
    return np.arange(len(values)) * 100.0, np.array(values)


def drawn(figure: Figure, panel: int) -> dict[str, list[list[float]]]:
    found: dict[str, list[list[float]]] = {}
    for line in figure.axes[panel].lines:
        found.setdefault(to_hex(line.get_color()), []).append(np.asarray(line.get_ydata()).tolist())
    return found


def test_each_arm_has_a_panel_over_the_unchanged_trials() -> None:
    unchanged = [course(5, 4, 4), course(6, 5, 5)]
    arms = {f"arm {number}": [course(5, 1, 0.1 * (number + 1))] for number in range(4)}
    figure = paired_courses("Treatment", "summary", "fid", unchanged, arms)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(arms)
    for number, axes in enumerate(figure.axes):
        assert drawn(figure, number) == {
            MUTED.lower(): [[5, 4, 4], [6, 5, 5]],
            GENERATOR.lower(): [[5, 1, pytest.approx(0.1 * (number + 1))]],
        }
        assert axes.get_ylim() == figure.axes[0].get_ylim()
        assert 0 <= axes.get_position().x0 < axes.get_position().x1 <= 1


def test_what_a_log_axis_cannot_show_is_left_out() -> None:
    figure = paired_courses("Treatment", "", "fid", [course(np.nan, 2, np.inf)], {"r1": [course(0, -1, 3)]})
    assert drawn(figure, 0) == {MUTED.lower(): [[2]], GENERATOR.lower(): [[3]]}
    empty = paired_courses("Treatment", "", "fid", [course(np.nan)], {"r1": []})
    assert NOTHING in [text.get_text() for text in empty.findobj(Text)]


def test_a_long_arm_leaves_the_others_their_own_steps() -> None:
    arms = {"r1": [course(5, 4)], "steps_1200": [course(*[5] * 13)], "packing": []}
    figure = paired_courses("Treatment", "", "fid", [course(5, 4, 4)], arms)
    assert [axes.get_xlim()[1] for axes in figure.axes] == [200, 1200, 200]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.002, 3, [0.01, 0.1, 1]), (40, 450, [100, 300]), (1.1, 9, [2, 5]), (230, 470, [240, 300, 360, 420])],
)
def test_a_log_axis_has_two_round_numbers_or_more(low: float, high: float, expected: list[float]) -> None:
    assert round_numbers(low, high) == pytest.approx(expected)


def test_a_wide_log_axis_has_few_numbers() -> None:
    assert len(round_numbers(1e-12, 1e12)) <= 5
    figure = paired_courses("Treatment", "", "fid", [course(300, 350)], {"r1": [course(300, 310)]})
    (axes,) = figure.axes
    figure.draw_without_rendering()
    assert len([label for label in axes.get_yticklabels() if label.get_text()]) >= 2
