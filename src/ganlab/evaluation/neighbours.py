"""Nearest neighbours by brute force, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK_ENTRIES = 1 << 21
"""Distances held at once: 8 or 16 MB, whatever the number of samples."""


@torch.no_grad()
def nearest(a: Tensor, b: Tensor, k: int, exclude_self: bool = False) -> tuple[Tensor, Tensor]:
    """Return Euclidean distances and row numbers of the k rows of b nearest to each row of a, nearest first.

    Neighbours are ranked in the precision of `a` (in float32, two whose squared distances differ by less than about
    1e-6 of the squared spread of b may change places); the distances themselves are exact to rounding, so that of a
    copy is 0. Which of several copies is named is left open.

    Args:
        a: (N, d), floating.
        b: (M, d), of a's type.
        k: neighbours wanted, at least 1.
        exclude_self: where a and b are the same tensor, leave row i out of the neighbours of row i; its copies stay.

    Returns:
        distances (N, k') of a's type and indices (N, k') of int64, k' = min(k, M), or min(k, M - 1) with exclude_self:
        tiny sets give fewer columns, at worst none. A row of `a` that is not finite gives inf or NaN, and where a
        number in b is not finite all is NaN.
    """
    columns = max(min(k, len(b) - exclude_self), 0)
    distances = a.new_zeros(len(a), columns)
    indices = torch.zeros(len(a), columns, dtype=torch.int64)
    if not columns:
        return distances, indices
    centre = b.mean(0)
    a, b = a - centre, b - centre
    for start, squared in squared_distances(a, b):
        rows = slice(start, start + len(squared))
        if exclude_self:
            squared.diagonal(start).fill_(torch.inf)
        chosen = squared.topk(columns, dim=1, largest=False).indices
        # |x|^2 + |y|^2 - 2 x.y is fast but leaves a copy 3e-4 of the spread away: the few chosen are measured again.
        exact = torch.linalg.vector_norm(b[chosen] - a[rows, None], dim=2)
        distances[rows], order = exact.sort(dim=1)
        indices[rows] = chosen.gather(1, order)
    return distances, indices


def squared_distances(a: Tensor, b: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield (first row, block): the squared distances of a few rows of a (N, d) to all of b (M, d), in a's precision.

    Rounding may leave a square a hair below 0. Sets far from the origin lose digits: centre them first.
    The block is overwritten by the next one.
    """
    squares_a, squares_b = a.square().sum(1), b.square().sum(1)
    rows = max(BLOCK_ENTRIES // len(b), 1)
    buffer = a.new_empty(min(rows, len(a)), len(b))
    for start in range(0, len(a), rows):
        part = a[start : start + rows]
        block = torch.addmm(squares_b, part, b.T, alpha=-2, out=buffer[: len(part)])
        yield start, block.add_(squares_a[start : start + rows, None])
