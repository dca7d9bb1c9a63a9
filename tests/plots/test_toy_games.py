from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from ganlab.plots.toy_games import Course, Eigenvalue, Panel, toy_games

pytestmark = pytest.mark.filterwarnings("error")


def drawn(rows: int, panels: int) -> Figure:
    eigenvalue = Eigenvalue("R1, g .5", "-g/2", complex(-0.25, 0.433), complex(-0.1, 0.7))
    courses = [
        Course("plain", 1.1 ** np.arange(41.0), (10, 20.0), 1.1),
        Course("cured", 0.9 ** np.arange(41.0), (10, 0.1), 0.9, every=5),
    ]
    return toy_games([eigenvalue] * rows, [Panel("x y", courses, (0.01, 100))] * panels)


@pytest.mark.parametrize(("rows", "panels"), [(1, 1), (12, 3)])
def test_everything_is_in_the_picture(rows: int, panels: int) -> None:
    figure = drawn(rows, panels)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    box = figure.get_tightbbox(canvas.get_renderer())  # type: ignore[no-untyped-call]
    width, height = figure.get_size_inches()
    assert box.x0 > -0.01
    assert box.y0 > -0.01
    assert box.x1 < width + 0.01
    assert box.y1 < height + 0.01
    words = [text.get_text() for text in figure.findobj(Text)]
    assert words.count("-0.250 \N{PLUS-MINUS SIGN} 0.433 i") == rows
    assert words.count("-0.100 \N{PLUS-MINUS SIGN} 0.700 i") == rows
    assert words.count("cured") == panels


def test_theory_and_measurement_have_places_of_their_own() -> None:
    real, imaginary, course = drawn(1, 1).axes
    for axes, places in ((real, (-0.25, -0.1)), (imaginary, (0.433, 0.7))):
        assert [line.get_xdata()[0] for line in axes.lines[:2]] == list(places)
    lines = [np.array([line.get_xdata(), line.get_ydata()]) for line in course.lines]
    (_, plain), (_, expected), (steps, cured), _ = lines
    assert expected.tolist() == pytest.approx(plain.tolist())
    assert steps.tolist() == list(range(0, 41, 5))
    assert cured.tolist() == pytest.approx((0.9**steps).tolist())
