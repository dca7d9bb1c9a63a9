"""KID: the kernel distance between the features of samples and of reals."""

from __future__ import annotations

import torch
from torch import Tensor

from ganlab.randomness import seeded_generator


@torch.no_grad()
def kernel_distance(fake: Tensor, real: Tensor, seed: int, subsets: int = 100, size: int = 1000) -> float:
    """Return the squared maximum mean discrepancy of the kernel (x.y/d + 1)^3, the mean over random subsets.

    The estimate is unbiased (Binkowski et al. 2018, section 3.1), so that it lies around 0, also below it, if the two
    are alike, at any number of samples. Where both sets are no larger than a subset, all their samples are compared
    once. NaN if a number is not finite.

    Args:
        fake: features (N, d), N >= 2.
        real: features (M, d), M >= 2.
        seed: decides which samples are in which subset.
        subsets: how many subsets of each set.
        size: samples in a subset, drawn without replacement; fewer if a set has fewer.

    Raises:
        ValueError: fewer than two samples in fake or real.
    """
    if min(len(fake), len(real)) < 2:
        raise ValueError(f"an unbiased estimate needs at least 2 samples each, got {len(fake)} and {len(real)}")
    fake, real = fake.double(), real.double()
    if max(len(fake), len(real)) <= size:
        return _squared_discrepancy(fake, real)
    total = 0.0
    for subset in range(subsets):
        stream = seeded_generator(seed, "evaluation/kernel_distance", subset)
        a, b = (x[torch.randperm(len(x), generator=stream)[:size]] for x in (fake, real))
        total += _squared_discrepancy(a, b)
    return total / subsets


def _squared_discrepancy(a: Tensor, b: Tensor) -> float:
    return _mean_kernel(a, a, distinct=True) + _mean_kernel(b, b, distinct=True) - 2 * _mean_kernel(a, b)


def _mean_kernel(a: Tensor, b: Tensor, distinct: bool = False) -> float:
    kernel = torch.mm(a / a.shape[1], b.T).add_(1).pow_(3)
    if not distinct:
        return float(kernel.mean())
    return float((kernel.sum() - kernel.trace()) / (len(a) * (len(a) - 1)))
