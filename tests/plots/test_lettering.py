from __future__ import annotations

import itertools

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ganlab.plots.lettering import width_of, wrapped

pytestmark = pytest.mark.filterwarnings("error")

WORDS = "Since step 1,200 the samples are (nearly) copies: 38 % of them; WWW and illi are not equally wide."


@pytest.mark.parametrize(("size", "weight"), [(8.0, "normal"), (12.0, "bold")])
def test_the_width_is_that_of_the_drawn_text(size: float, weight: str) -> None:
    figure = Figure(dpi=300)
    text = figure.text(0, 0, WORDS, size=size, weight=weight, family="DejaVu Sans")
    box = text.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    assert width_of(WORDS, size, weight) == pytest.approx(box.width / 300, rel=0.03)


def test_no_line_is_wider_than_it_may_be_and_no_word_is_lost() -> None:
    lines = wrapped(WORDS, 2.0, 9, 9)
    assert " ".join(lines) == WORDS
    assert all(width_of(line, 9) <= 2.0 for line in lines)
    assert all(width_of(f"{a} {b.split()[0]}", 9) > 2.0 for a, b in itertools.pairwise(lines))


def test_what_does_not_fit_ends_in_dots() -> None:
    lines = wrapped(WORDS, 2.0, 9, 2)
    assert len(lines) == 2
    assert lines[1].endswith(" ...")
    assert all(width_of(line, 9) <= 2.0 for line in lines)


def test_a_word_that_is_too_long_is_broken_and_lines_of_their_own_stay() -> None:
    assert "".join(wrapped("x" * 100, 1.0, 9, 99)) == "x" * 100
    assert wrapped("a\nb", 5.0, 9, 5) == ["a", "b"]
    assert wrapped("", 1.0, 9, 5) == []


def test_hostile_characters_have_a_width() -> None:
    assert wrapped("\x1b[31m\u202e字", 5.0, 9, 5)[0].count("?") >= 1
    assert width_of("字", 9) > 0
