"""Every two penalties and stabilizers that an experiment may name together train, also on batches of unequal sizes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import torch

from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.training.step import train_step
from ganlab.training.workbench import build_workbench

SMALL = {"unrolling": ", steps: 1", "replay": ", size: 4", "lookahead": ", every: 2", "top_k": ", until: 1"}
"""Options with which a part acts within two steps, and quickly."""
CHOICES = ("training.generator_batch_size=8", "training.discriminator_steps=2", "discriminator.minibatch=stddev")


def named(parts: tuple[str, ...], registry: Any) -> str:
    return ", ".join(f"{{name: {name}{SMALL.get(name, '')}}}" for name in parts if name in registry)


def test_every_two_parts_train_together(points: Any) -> None:
    data = load(points().data, 16)
    trained = set()
    for parts in combinations([*PENALTIES, *STABILIZERS], 2):
        penalties, stabilizers = named(parts, PENALTIES), named(parts, STABILIZERS)
        try:
            experiment = points(f"penalties=[{penalties}]", f"stabilizers=[{stabilizers}]", *CHOICES)
        except ConfigError:
            continue
        ours = build_workbench(experiment, data, torch.device("cpu"))
        for _ in range(2):
            losses = train_step(ours.state, ours.game, ours.feed).losses
        assert all(torch.isfinite(value) for value in losses.values()), parts
        trained.update(parts)
    assert {*PENALTIES, *STABILIZERS} - trained == {"diff_augment", "ada"}, "they are for images"
