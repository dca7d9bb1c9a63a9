"""How sure a share of runs is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ganlab.sweeps.counting import rate_words, wilson


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # Newcombe 1998, table I, score method; three of three is in the issue.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (3, 3, 0.4385, 1),
    ],
)
def test_wilson_gives_the_published_intervals(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


def test_of_no_run_nothing_is_known() -> None:
    assert wilson(0, 0) == (0, 1)
    assert rate_words(3, 3) == "3 of 3 [0.44, 1.00]"


def test_scipy_is_imported_only_where_it_is_used() -> None:
    code = "import sys, ganlab.sweeps.counting\nassert not {'torch', 'scipy', 'matplotlib'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
