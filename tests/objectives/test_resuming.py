"""Every penalty and stabilizer: a run that is resumed goes on bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")

PARTS = [("penalties", name) for name in PENALTIES] + [("stabilizers", name) for name in STABILIZERS]


def trained(ours: Workbench, until: int) -> list[float]:
    """Train on; return what every step after the last one showed."""
    shown = []
    while ours.state.step < until:
        trace = train_step(ours.state, ours.game, ours.feed)
        shown += [value.item() for value in trace.losses.values()]
    return shown


@pytest.mark.parametrize(("section", "name"), PARTS, ids=[name for _, name in PARTS])
def test_a_run_goes_on_as_if_it_had_not_been_interrupted(section: str, name: str, points: Any, images: Any) -> None:
    part = f"{section}=[{{name: {name}}}]"
    try:
        experiment = points(part)
    except ConfigError:  # it is for images
        experiment = images(part, "discriminator.norm=none")
    data = load(experiment.data, experiment.training.batch_size)
    whole, first, second = (build_workbench(experiment, data, CPU) for _ in range(3))
    shown = trained(whole, 6)
    before = trained(first, 3)
    second.state.load({key: value.clone() for key, value in first.state.tensors().items()}, first.state.numbers())
    assert before + trained(second, 6) == shown
    one, other = whole.state.tensors(), second.state.tensors()
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []
