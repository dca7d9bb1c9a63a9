"""A generator taken out of a run: loaded, sampled, exported."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.load import dump_experiment
from ganlab.data import RealData, load
from ganlab.errors import RunError
from ganlab.games import build_game
from ganlab.games.rounds import Draw
from ganlab.games.standard import CHUNK, Setting, StandardGame
from ganlab.networks import build_discriminator, build_generator
from ganlab.objectives.parts import build_parts
from ganlab.randomness import seeded_generator
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write, require_place
from ganlab.runs.snapshots import best_step, read_snapshots
from ganlab.text import described, excerpt
from ganlab.training.checkpoint import (
    Checkpoint,
    checkpoint_path,
    checkpoint_steps,
    damaged,
    experiment_of,
    newest_checkpoint,
    read_checkpoint,
)
from ganlab.training.state import load_network

Which = int | Literal["newest", "best"]


def load_generator(run: RunDirectory, which: Which = "newest", live: bool = False) -> tuple[nn.Module, Experiment]:
    """Return a run's generator, on the CPU in eval mode without gradients, and the experiment that made it.

    Arguments and errors are those of `load_game`.
    """
    game = load_game(run, which, live)
    return game.generator, game.experiment


def load_game(run: RunDirectory, which: Which = "newest", live: bool = False) -> StandardGame:
    """Return a run's game as `game_of` does.

    Args:
        run: the run.
        which: a checkpoint's step, `newest`, or `best`: the best snapshot's, as `best_step` returns it.
        live: the generator's live weights rather than their moving average. Without an average they are all there is.

    Raises:
        RunError: there is no such checkpoint, or it cannot be used.
    """
    return game_of(run, find_checkpoint(run, which), live)


def find_checkpoint(run: RunDirectory, which: Which) -> Checkpoint:
    """Return the checkpoint that `load_game` takes.

    Raises:
        RunError: there is no such checkpoint, or it cannot be used.
    """
    if which == "newest":
        checkpoint, warnings = newest_checkpoint(run.checkpoints)
        if checkpoint is None:
            raise RunError(f"{run.path} has no checkpoint that can be used. {'; '.join(warnings)}", "train it first")
        if warnings:
            raise RunError("; ".join(warnings), f"ask for an older one, such as `--step {checkpoint.step}`")
        return checkpoint
    steps = checkpoint_steps(run.checkpoints)
    step = best_step(read_snapshots(run.snapshots)) if which == "best" else which
    if step not in steps:
        raise RunError(f"{run.path} has no checkpoint of step {step}", f"it has {', '.join(map(str, steps))}")
    return read_checkpoint(checkpoint_path(run.checkpoints, step))


def game_of(
    run: RunDirectory, checkpoint: Checkpoint, live: bool, data: RealData | None = None, judged: bool = False
) -> StandardGame:
    """Return the game of a run's checkpoint: its networks on the CPU in eval mode, without gradients, as they stood.

    Args:
        run: the run.
        checkpoint: one of its checkpoints.
        live: the generator's live weights rather than their moving average.
        data: the run's data; left out, they are loaded if the generator starts from them.
        judged: load the discriminator too; not needed for sampling, so a damaged one is tolerated.

    Raises:
        RunError: the checkpoint holds other networks than its experiment makes.
        DataError: the data cannot be loaded.
    """
    experiment = experiment_of(checkpoint)
    player = "average" if weights_of(experiment, live) == "average" else "generator"
    # Without memory, so that an experiment of another size is refused before it is allocated.
    with torch.device("meta"):
        networks = {player: build_generator(experiment)}
        if judged:
            networks["discriminator"] = build_discriminator(experiment)
    for name, network in networks.items():
        weights = {k.removeprefix(f"{name}/"): v for k, v in checkpoint.tensors.items() if k.startswith(f"{name}/")}
        try:
            load_network(name, network, weights)
        except ValueError as error:
            raise damaged(checkpoint_path(run.checkpoints, checkpoint.step), str(error)) from error
        network.eval().requires_grad_(False)
    if data is None and experiment.game.starts_from == "images":
        data = load(experiment.data, experiment.training.batch_size)
    discriminator, device = networks.get("discriminator", nn.Identity()), torch.device("cpu")
    game = build_game(
        Setting(experiment, networks[player], discriminator, build_parts(experiment, device), device, data)
    )
    game.begin(max(checkpoint.step, 1))
    return game


def weights_of(experiment: Experiment, live: bool) -> Literal["average", "live"]:
    """Return which weights of a generator are used: the moving average where one is kept, unless the live ones are."""
    return "average" if experiment.training.ema and not live else "live"


@torch.no_grad()
def generate(game: StandardGame, inputs: Tensor) -> Tensor:
    """Return float32 samples (N, *data.shape) of inputs (N, *experiment.input_shape), images in [-1, 1]."""
    return game.shown(torch.cat([game.sample(part) for part in inputs.split(CHUNK)]))


def sample_inputs(game: StandardGame, count: int, seed: int) -> Draw:
    """Return `count` inputs of a game's generator: a function of the seed; those made from data, from held-out data."""
    return game.draw(count, seeded_generator(seed, "sample"), held_out=True)


def export(game: StandardGame, folder: Path) -> list[Path]:
    """Write a game's generator for use outside ganlab, and return the files.

    `generator.pt2` is a torch.export program that runs without ganlab: inputs (N, *experiment.input_shape), N >= 1, to
    samples.
    `generator.safetensors` holds the weights by name, `config.yaml` the experiment.

    Raises:
        RunError: as `require_export`; the generator cannot be exported; or the folder cannot be written. Then nothing
            is left there.
    """
    require_export(folder)
    generator = game.generator
    program = exported(generator, sample_inputs(game, 2, 0).inputs)
    weights = {name: value.contiguous() for name, value in generator.state_dict().items()}
    files = {
        "config.yaml": dump_experiment(game.experiment).encode(),
        "generator.pt2": program,
        "generator.safetensors": save(weights),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            atomic_write(folder / name, content)
    except OSError as error:
        raise unwritable(folder, error) from error
    return [folder / name for name in files]


def exported(generator: nn.Module, inputs: Tensor) -> bytes:
    """Return a generator as a torch.export program that takes any number of inputs.

    Args:
        generator: in eval mode.
        inputs: examples (N, ...) of what it starts from; N >= 2, as torch.export takes a batch of 1 for a constant.

    Raises:
        RunError: torch.export refuses it.
    """
    buffer = io.BytesIO()
    try:
        program = torch.export.export(generator, (inputs,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
        torch.export.save(program, buffer)
    except Exception as error:  # its errors have no base class of their own
        raise RunError(
            f"torch.export cannot write this generator: {excerpt(described(error))}",
            "`ganlab sample` draws from it, and `ganlab.load_run(...).load_generator()` returns it as a PyTorch module",
        ) from error
    return buffer.getvalue()


def require_export(folder: Path) -> None:
    """Raise RunError if no generator can be written into a folder: it is not empty, is no folder, or cannot be made."""
    if os.path.lexists(folder):
        if not os.path.isdir(folder):
            raise RunError(f"{folder} is no folder", "choose another destination with --out; nothing was written")
        if any(os.scandir(folder)):
            raise RunError(f"{folder} is not empty", "choose another destination with --out; nothing was written")
    require_place(folder / "generator.pt2", "choose another destination with --out")


def unwritable(path: Path, error: OSError) -> RunError:
    """Return the error that says a result cannot be written."""
    return RunError(f"{path} cannot be written: {error.strerror}", "choose another place with --out")


def parse_which(text: str) -> Which:
    """Read a checkpoint's name as the command line takes it.

    Raises:
        RunError: it is no step, `newest` or `best`.
    """
    if text in ("newest", "best"):
        return "best" if text == "best" else "newest"
    if re.fullmatch(r"\d{1,12}", text):
        return int(text)
    raise RunError(f"{text!r} names no checkpoint", "give a step, `newest` or `best`")
