from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ganlab.errors import RunError
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session
from ganlab.training.branch import branch_off, fresh
from ganlab.training.checkpoint import checkpoint_path, read_checkpoint
from ganlab.training.optimizers import NetworkOptimizer

BASE = ("training.device=cpu", "training.steps=10", "monitor.snapshot_every=5", "monitor.checkpoint_every=5")


@pytest.fixture(scope="module")
def source(points: Any, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return session.start(points(*BASE), tmp_path_factory.mktemp("runs"))


def weights(run: RunDirectory, step: int) -> dict[str, torch.Tensor]:
    return read_checkpoint(checkpoint_path(run.checkpoints, step)).tensors


def test_it_goes_on_from_the_same_networks_under_the_changed_experiment(
    points: Any, source: RunDirectory, tmp_path: Path
) -> None:
    changed = points(*BASE, "seed=7", "penalties=[{name: r1}]", "optimizer.generator={name: rmsprop, lr: 1e-3}")
    target = RunDirectory(tmp_path / "branch")
    branch_off(source, 5, changed, target, threads=1)
    before, after = weights(source, 5), weights(target, 5)
    assert all(torch.equal(after[name], before[name]) for name in after if not name.startswith("optimizer/generator"))
    assert any(name.startswith("optimizer/discriminator") for name in after)
    past = [value for name, value in after.items() if name.startswith("optimizer/generator")]
    assert past
    assert not any(value.any() for value in past)  # RMSprop starts without a past

    written = target.history.read_bytes()
    branch_off(source, 5, changed, target, threads=1)  # what is there is left as it is
    assert target.history.read_bytes() == written

    session.resume(target)
    assert (target.status().status, target.status().seed) == ("finished", 7)
    assert target.experiment() == changed
    mine, theirs = read_history(target.history), read_history(source.history)
    assert mine["step"].tolist() == theirs["step"].tolist()
    assert mine["d_loss"][:5].tolist() == theirs["d_loss"][:5].tolist()
    assert mine["d_loss"][5:].tolist() != theirs["d_loss"][5:].tolist()
    assert [row.step for row in read_snapshots(target.snapshots)] == [0, 5, 10]


def test_without_a_change_it_is_the_run_resumed(points: Any, source: RunDirectory, tmp_path: Path) -> None:
    target = RunDirectory(tmp_path / "branch")
    branch_off(source, 5, points(*BASE), target, threads=1)
    session.resume(target)
    mine, theirs = weights(target, 10), weights(source, 10)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_other_networks_are_refused_and_nothing_is_left(points: Any, source: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot go on from step 5"):
        branch_off(source, 5, points(*BASE, "generator.width=32"), RunDirectory(tmp_path / "branch"), threads=1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["adam", "adamw", "rmsprop", "sgd"])
def test_an_optimiser_of_zeros_takes_the_step_of_a_new_one(points: Any, kind: str) -> None:
    options = points(f"optimizer.generator={{name: {kind}, lr: 0.1}}", "optimizer.discriminator.lr=0.1").optimizer
    moved = []
    for past in (False, True):
        network = torch.nn.Linear(2, 1)
        with torch.no_grad():
            network.weight.copy_(torch.tensor([[1.0, 2.0]]))
            network.bias.zero_()
        optimizer = NetworkOptimizer(network, options.generator, 10, scaled=False)
        if past:
            optimizer.load(fresh(optimizer))
        for _ in range(2):
            optimizer.minimise(network(torch.ones(1, 2)).square().sum())
        moved.append(network.weight.detach().clone())
    assert torch.equal(*moved)
