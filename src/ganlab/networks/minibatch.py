"""Layers that let a discriminator see the batch: a sample's score then depends on the samples next to it.

A generator that makes the same sample again and again is then found out, however good that sample is. Unlike batch
normalisation they leave the sample's own features as they are, and do the same in training and evaluation.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ganlab.config.networks import Minibatch
from ganlab.networks.parts import FixupLinear

EPSILON = 1e-8
"""Added to variances, so that their root has a gradient at 0."""
FEATURES = 16
"""B: how many closenesses `BatchCloseness` adds."""
DIMENSIONS = 5
"""C: coordinates in which each of them is measured, as in the authors' code."""


class MinibatchLayer(nn.Module, ABC):
    """Features or maps, and what the batch says of them as further ones.

    Attributes:
        adds: how many features or maps it adds.
        alone: whether each sample is looked at as if the batch held nothing but copies of it; see `among_copies`.
    """

    adds: int

    def __init__(self) -> None:
        super().__init__()
        self.alone = False

    @abstractmethod
    def compare(self, values: Tensor) -> Tensor:
        """Return what is added to each sample's values (N, C, ...): (1 or N, adds)."""

    def forward(self, values: Tensor) -> Tensor:
        """(N, C, ...) to (N, C + adds, ...); of maps, each one that is added has the same value everywhere."""
        # Half precision has no number as small as EPSILON.
        precise = values.to(torch.promote_types(values.dtype, torch.float32))
        added = self.compare(precise).to(values.dtype)
        places = values.shape[2:]
        added = added.view(*added.shape, *[1] * len(places)).expand(len(values), -1, *places)
        return torch.cat([values, added], 1)


class BatchDeviation(MinibatchLayer):
    """Minibatch standard deviation (Karras et al. 2018, section 3).

    Its one value is the standard deviation over the batch of each feature at each position, averaged over all of them;
    0 for a batch of one. The batch is the whole one, as the paper has it, where the authors' code takes groups of four.
    """

    adds = 1

    def compare(self, values: Tensor) -> Tensor:
        """(N, C, ...) to (1, 1)."""
        variance = torch.zeros_like(values[:1]) if self.alone else values.var(0, correction=0)
        return (variance + EPSILON).sqrt().mean().view(1, 1)


class BatchCloseness(MinibatchLayer):
    """Minibatch discrimination (Salimans et al. 2016, section 3.2): how close each sample is to the others, B times.

    M_i = T f(x_i) is a matrix of B rows; o(x_i)_b is the mean over the batch, x_i included, of exp(-|M_ib - M_jb|),
    where the distance is the mean over a row's C coordinates. 1 says that all are alike. The paper has sums in the
    place of both means: T and the next layer can take such factors back, and means do not depend on the batch's size.

    Args:
        inputs: values of a sample, those of all maps together.
    """

    adds = FEATURES

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.tensor = FixupLinear(inputs, FEATURES * DIMENSIONS, 1, bias=False)

    def compare(self, values: Tensor) -> Tensor:
        """(N, C, ...) to (N, FEATURES)."""
        if self.alone:
            return values.new_ones(1, FEATURES)
        rows = self.tensor(values.flatten(1)).to(values.dtype).unflatten(1, (FEATURES, DIMENSIONS))
        distances = (rows[:, None] - rows[None]).abs().mean(3)
        closeness: Tensor = (-distances).exp().mean(1)
        return closeness


def add_minibatch(layers: nn.Sequential, kind: Minibatch, shape: tuple[int, ...]) -> int:
    """Let a discriminator's output see the batch if the experiment says so.

    Args:
        layers: what the output is to follow.
        kind: of the layer that is added.
        shape: of the values that the layers give for a sample: features, or maps with height and width.

    Returns:
        The features or maps that there are then.
    """
    if kind == "none":
        return shape[0]
    layer = BatchDeviation() if kind == "stddev" else BatchCloseness(math.prod(shape))
    layers.add_module("minibatch", layer)
    return shape[0] + layer.adds


@contextmanager
def among_copies(network: nn.Module) -> Iterator[None]:
    """Let a network look at each sample as if its batch held nothing but copies of it."""
    layers = [module for module in network.modules() if isinstance(module, MinibatchLayer)]
    for layer in layers:
        layer.alone = True
    try:
        yield
    finally:
        for layer in layers:
            layer.alone = False
