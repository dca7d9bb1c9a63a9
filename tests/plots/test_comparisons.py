from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from ganlab.plots.comparisons import LETTERS, Compared, Scale, comparison
from ganlab.plots.sweeps import LINES

pytestmark = pytest.mark.filterwarnings("error")

PANELS: dict[str, Scale] = {"loss": "linear", "FID": "log", "right, %": "percent", "never recorded": "linear"}
STEPS = np.arange(1.0, 31.0)


def run(number: int, verdict: str = "healthy") -> Compared:
    curves = {"loss": (STEPS, np.full(30, number + 1.0))}
    if number == 0:
        curves["FID"] = STEPS[::10], np.array([200.0, 80.0, 30.0])
    pixels = np.full((100 + number, 200, 3), 10 * number, np.uint8)
    return Compared(f"run_{number}", verdict, f"loss {number}", curves, (30 * number, pixels))


def is_whole(figure: Figure) -> bool:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = figure.get_tightbbox(canvas.get_renderer())
    width, height = figure.get_size_inches()
    return bool(box.x0 > -0.01 and box.y0 > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_each_run_has_one_letter_and_one_colour_throughout(count: int) -> None:
    figure = comparison("side by side", [run(number) for number in range(count)], PANELS)
    assert is_whole(figure)
    loss, fid, *grids = figure.axes
    assert [axes.get_title("left").partition(";")[0] for axes in (loss, fid)] == ["loss", "FID"]
    assert [(line.get_color(), line.get_ydata()[0]) for line in loss.lines] == [
        (LINES[number], number + 1.0) for number in range(count)
    ]
    assert [line.get_color() for line in fid.lines] == [LINES[0]]
    assert fid.get_yscale() == "log"
    assert [axes.get_title("left") for axes in grids] == [
        f"{LETTERS[number]}: samples at step {30 * number}" for number in range(count)
    ]
    for number, axes in enumerate(grids):
        assert (axes.images[0].get_array() == 10 * number).all()
    letters = {text.get_text(): text.get_color() for text in figure.texts if text.get_text() in set(LETTERS)}
    assert letters == {LETTERS[number]: LINES[number] for number in range(count)}
    # Pictures below each other, and below the curves, do not overlap.
    boxes = [axes.get_position() for axes in figure.axes]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_percent_are_drawn_from_0_to_100() -> None:
    curves = {"right, %": (STEPS, np.full(30, 99.0))}
    figure = comparison("side by side", [Compared("a", "", "", curves, None)], PANELS)
    assert figure.axes[0].get_ylim() == (-3, 103)


def test_of_runs_that_are_alike_the_later_one_is_dashed() -> None:
    curves = {"loss": (STEPS, np.sin(STEPS))}
    figure = comparison("side by side", [Compared(name, "", "", curves, None) for name in "ab"], PANELS)
    assert [line.get_linestyle() for line in figure.axes[0].lines] == ["-", "--"]


def test_runs_without_anything_recorded_are_named_still() -> None:
    empty = Compared("$a$ <b>\x1b[31m" + "x" * 300, "", "y" * 500, {}, None)
    figure = comparison("side by side", [empty, empty], PANELS)
    assert is_whole(figure)
    told = [text.get_text() for text in figure.findobj(Text)]
    assert told.count("not judged") == 2
    assert figure.axes == []
