from __future__ import annotations

from itertools import product

import pytest
from scipy.stats import fisher_exact

from ganlab.treatment.statistics import ALPHA, fisher


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
