"""Nearest neighbours against SciPy, and where rounding or ties could mislead."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import KDTree

from ganlab.evaluation import neighbours
from ganlab.evaluation.neighbours import nearest, squared_distances


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=[1, 100, 1 << 21])
def _block_sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK_ENTRIES", request.param)


@pytest.mark.usefixtures("_block_sizes")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_a_tree(dtype: torch.dtype) -> None:
    a, b = 5 + normal(53, 4).to(dtype), 5 + normal(31, 4, seed=1).to(dtype)
    expected, rows = KDTree(b.numpy()).query(a.numpy(), k=3)
    distances, indices = nearest(a, b, 3)
    assert distances.dtype is dtype
    np.testing.assert_allclose(distances, expected, rtol=1e-5)
    np.testing.assert_array_equal(indices, rows)


@pytest.mark.usefixtures("_block_sizes")
def test_a_row_is_not_its_own_neighbour_but_its_copy_is() -> None:
    points = normal(40, 3)
    points[7] = points[30]
    expected, rows = KDTree(points.numpy()).query(points.numpy(), k=3)
    distances, indices = nearest(points, points, 2, exclude_self=True)
    np.testing.assert_allclose(distances, expected[:, 1:], rtol=1e-5, atol=1e-7)
    # Which of the two copies comes first in the others' lists is left open.
    alone = [row for row in range(40) if not {7, 30} & set(rows[row].tolist())]
    np.testing.assert_array_equal(indices[alone], rows[alone, 1:])
    assert (int(indices[7, 0]), int(indices[30, 0])) == (30, 7)


def test_copies_are_no_distance_away_even_far_from_the_origin() -> None:
    points = 1000 + normal(300, 784)
    distances, indices = nearest(points, points, 1)
    assert torch.equal(distances, torch.zeros(300, 1))
    assert torch.equal(indices[:, 0], torch.arange(300))


def test_near_copies_keep_their_distance() -> None:
    reals = normal(300, 784)
    distances, indices = nearest(reals + 1e-4, reals, 1)
    torch.testing.assert_close(distances, torch.full((300, 1), 28e-4), rtol=1e-2, atol=0)
    assert torch.equal(indices[:, 0], torch.arange(300))


@pytest.mark.parametrize(("count", "exclude", "columns"), [(1, False, 1), (1, True, 0), (3, True, 2), (9, True, 5)])
def test_tiny_sets_give_fewer_columns(count: int, exclude: bool, columns: int) -> None:
    points = normal(count, 2)
    distances, indices = nearest(points, points, 5, exclude_self=exclude)
    assert distances.shape == indices.shape == (count, columns)
    assert bool(distances.isfinite().all())


def test_no_rows_have_no_neighbours() -> None:
    assert nearest(torch.zeros(0, 2), normal(4, 2), 1)[0].shape == (0, 1)
    assert nearest(normal(4, 2), torch.zeros(0, 2), 1)[0].shape == (4, 0)


@pytest.mark.parametrize("bad", [torch.inf, -torch.inf, torch.nan])
def test_what_is_not_finite_shows(bad: float) -> None:
    a, b = normal(4, 2), normal(9, 2, seed=1)
    a[2, 0] = bad
    assert nearest(a, b, 2)[0].isfinite().all(1).tolist() == [True, True, False, True]
    assert bool(nearest(b, a, 2)[0].isnan().all())


def test_leaves_its_input_alone() -> None:
    a, b = normal(4, 2), normal(5, 2, seed=1)
    before = a.clone(), b.clone()
    nearest(a, b, 2)
    assert torch.equal(a, before[0])
    assert torch.equal(b, before[1])


@pytest.mark.usefixtures("_block_sizes")
def test_blocks_are_the_rows_of_the_matrix_of_distances() -> None:
    a, b = normal(23, 3).double(), normal(17, 3, seed=1).double()
    blocks = [(start, block.clone()) for start, block in squared_distances(a, b)]
    assert [start for start, _ in blocks] == list(range(0, 23, len(blocks[0][1])))
    torch.testing.assert_close(torch.cat([block for _, block in blocks]).sqrt(), torch.cdist(a, b))
