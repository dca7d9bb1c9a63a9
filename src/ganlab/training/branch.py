"""A run that goes on from another run's checkpoint under a changed experiment: what came before it is shared."""

from __future__ import annotations

import os
import shutil

import torch

from ganlab.config.experiment import Experiment
from ganlab.errors import RunError
from ganlab.runs.directory import RunDirectory, create_run
from ganlab.runs.files import remove, temporary_beside
from ganlab.runs.history import cut_history
from ganlab.runs.snapshots import cut_snapshots
from ganlab.runs.status import read_own_status
from ganlab.training.checkpoint import Checkpoint, checkpoint_path, read_checkpoint, save_checkpoint
from ganlab.training.optimizers import NetworkOptimizer
from ganlab.training.state import State, load_network, require_alike


def branch_off(source: RunDirectory, step: int, experiment: Experiment, target: RunDirectory, threads: int) -> None:
    """Make a run directory that holds another run up to a checkpoint; resuming it trains the experiment from there.

    Networks and their average are those of the checkpoint; so is the state of optimisers of the same kind and of parts
    that keep the same tensors. All else, such as the seed of latents and batches, is the experiment's. The directory
    appears whole or not at all; one that is there is left as it is.

    Args:
        source: the run, which has ended.
        step: that of the checkpoint.
        experiment: what is trained from there on; its networks have the same tensors.
        target: the new run.
        threads: threads of the CPU that it is trained with.

    Raises:
        RunError: the checkpoint cannot be used, or the networks are others.
    """
    if target.path.exists():
        return
    checkpoint = read_checkpoint(checkpoint_path(source.checkpoints, step))
    state = State(experiment, torch.device("cpu"))
    try:
        take_over(state, checkpoint)
    except ValueError as error:
        raise RunError(
            f"{target.path.name} cannot go on from step {step} of {source.path.name}: {error}", "start it anew"
        ) from error
    status = read_own_status(source.status_file).changed(
        status="interrupted",
        reason="",
        experiment=experiment.name,
        seed=experiment.seed,
        step=step,
        steps=experiment.training.steps,
        threads=threads,
        resumed=(),
        non_finite=None,
    )
    place = temporary_beside(target.path)
    try:
        made = create_run(place.parent, experiment, place.name)
        for file, copy, cut in (
            (source.history, made.history, cut_history),
            (source.snapshots, made.snapshots, cut_snapshots),
        ):
            shutil.copyfile(file, copy)
            cut(copy, step)
        save_checkpoint(made.checkpoints, state)
        made.write_status(status)
        os.rename(made.path, target.path)
    finally:
        remove(place)


def take_over(state: State, checkpoint: Checkpoint) -> None:
    """Bring a state of another experiment to a checkpoint, as far as it has the same tensors.

    Raises:
        ValueError: a network has others.
    """
    groups: dict[str, dict[str, torch.Tensor]] = {}
    for name, value in checkpoint.tensors.items():
        group, _, key = name.partition("/")
        groups.setdefault(group, {})[key] = value
    for name, network in state.networks.items():
        load_network(name, network, groups.get(name, {}))
    kinds = state.numbers()["optimizers"]
    for name, optimizer in state.optimizers.items():
        same = checkpoint.numbers["optimizers"].get(name) == kinds[name]
        optimizer.load(_below(groups.get("optimizer", {}), name) if same else fresh(optimizer))
    for name, part in state.parts.by_name.items():
        kept = _below(groups.get("game", {}), name)
        if kept and _fits(part.state(), kept):
            part.load(kept)
    state.step = checkpoint.step


def fresh(optimizer: NetworkOptimizer) -> dict[str, torch.Tensor]:
    """Return the state of an optimiser that has seen nothing: all zeros, from which it takes the step of a new one."""
    return {
        f"{index}/{key}": torch.zeros(() if key == "step" else parameter.shape, dtype=dtype)
        for index, parameter in enumerate(optimizer.parameters)
        for key, dtype in optimizer.kept().items()
    }


def _below(tensors: dict[str, torch.Tensor], owner: str) -> dict[str, torch.Tensor]:
    """Return the tensors of an owner, by their names below it."""
    front = f"{owner}/"
    return {key.removeprefix(front): value for key, value in tensors.items() if key.startswith(front)}


def _fits(own: dict[str, torch.Tensor], kept: dict[str, torch.Tensor]) -> bool:
    try:
        require_alike("part", own, kept)
    except ValueError:
        return False
    return True
