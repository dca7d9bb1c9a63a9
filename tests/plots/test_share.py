"""The picture that is sent alone: of the size that pages unfold, whatever it has to say."""

from __future__ import annotations

import numpy as np
import pytest

from ganlab.plots.figures import D_REAL, Curve, rasterized
from ganlab.plots.share import share_picture
from ganlab.plots.verdicts import Panel

STEPS = np.arange(50.0)
LOSSES = Panel("losses", [Curve("D", STEPS, np.sin(STEPS), D_REAL)])


@pytest.mark.parametrize("shape", [(50, 50, 3), (20, 200, 3), (300, 40, 3), None])
def test_it_has_its_size_and_shows_the_samples(shape: tuple[int, int, int] | None) -> None:
    samples = None if shape is None else np.full(shape, (255, 0, 255), np.uint8)
    drawn = rasterized(share_picture("Mode collapse", "Few pictures.", "confidence 82 %", "run", LOSSES, samples, 20))
    assert drawn.shape == (630, 1200, 3)
    magenta = (drawn == (255, 0, 255)).all(axis=-1)
    assert magenta.any() == (shape is not None)
    if shape is not None:
        rows, columns = np.nonzero(magenta)
        tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert wide / tall == pytest.approx(shape[1] / shape[0], rel=0.1)


def test_long_words_and_no_curves_stay_inside() -> None:
    drawn = rasterized(share_picture("word " * 80, "many more words " * 200, "f" * 500, "n" * 400, Panel("", ()), None))
    assert drawn.shape == (630, 1200, 3)
    assert (drawn[:, -20:] == 255).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [(1e308, -1e308), (1e308, 1e-308), (5e-324, 1e308, 1e-308), (1e308, np.nan)])
def test_values_near_the_ends_of_a_float_are_drawn(values: tuple[float, ...]) -> None:
    panel = Panel("losses", [Curve("D", STEPS, np.resize(values, len(STEPS)), D_REAL)])
    assert rasterized(share_picture("Explosion", "Huge.", "", "run", panel, None)).shape == (630, 1200, 3)
