from __future__ import annotations

from itertools import product

import pytest
from scipy.stats import fisher_exact

from ganlab.treatment.statistics import ALPHA, alpha_of, fisher, is_proved


def test_it_is_the_one_sided_exact_test() -> None:
    for n, n0 in ((3, 4), (5, 3), (1, 1)):
        for k, k0 in product(range(n + 1), range(n0 + 1)):
            expected = fisher_exact([[k, n - k], [k0, n0 - k0]], alternative="greater").pvalue
            assert fisher(k, n, k0, n0) == pytest.approx(expected)


def test_three_of_three_against_none_is_the_least_that_counts() -> None:
    assert fisher(3, 3, 0, 3) <= ALPHA
    assert fisher(3, 3, 0, 4) == pytest.approx(1 / 35)
    assert fisher(2, 3, 0, 4) > ALPHA
    assert fisher(3, 3, 1, 4) > ALPHA


def test_each_further_look_costs_half() -> None:
    assert [alpha_of(seeds) for seeds in (1, 3, 4, 6, 7, 12, 24)] == [0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125, 0.00625]


def test_a_cure_beats_both_controls_and_cures_half() -> None:
    assert is_proved(0.04, 6, 12, 5)
    assert not is_proved(0.04, 5, 12, 0)
    assert not is_proved(0.04, 6, 12, 6)
    assert not is_proved(0.04, 6, 12, 5, alpha=0.025)
