from __future__ import annotations

import numpy as np

from ganlab.plots.cuts import WIDTH, CutPicture, cut_sheet
from ganlab.plots.grids import ALARM_COLOUR


def outlined(sheet: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    return int((sheet == np.array(ALARM_COLOUR, np.uint8)).all(axis=2).sum())


def test_tiles_are_outlined_and_images_stand_below() -> None:
    grid = CutPicture("7.png", np.zeros((20, 40), np.uint8), ((0, 0, 20, 20), (0, 20, 20, 20)))
    images = np.full((25, 8, 8, 1), 100, np.uint8)
    sheet = cut_sheet([grid], [("samples", images), ("reals", np.zeros((0, 8, 8, 1), np.uint8))])
    assert sheet.shape[1:] == (WIDTH, 3)
    side = 20 * 16  # enlarged by the largest whole factor that fits
    assert outlined(sheet) == 2 * 4 * (side - 1)
    grey = int((sheet == 100).all(axis=2).sum())
    assert 20 * 64 * 64 <= grey < 21 * 64 * 64, "the first 20, 8 times as large, and letters"


def test_large_pictures_are_shrunk_to_the_sheet() -> None:
    large = CutPicture("large.png", np.zeros((3000, 2000, 3), np.uint8), ((0, 0, 3000, 2000),))
    sheet = cut_sheet([large], [])
    assert sheet.shape == (720 + 44, WIDTH, 3)
    assert outlined(sheet) > 2000
