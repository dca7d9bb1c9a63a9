"""Checkpoints: written whole or not at all, checked before they are believed, and never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from ganlab.config.experiment import Experiment
from ganlab.errors import GanlabError, RunError
from ganlab.monitor.recorder import NonFinite
from ganlab.runs.files import (
    disk_full_told,
    remove,
    require_space,
    sync_folder,
    temporary_beside,
    write_synced,
)
from ganlab.training.state import State

TENSORS, NUMBERS, MANIFEST = "state.safetensors", "state.json", "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint's content: tensors by name, and plain numbers with the experiment that made them."""

    tensors: dict[str, torch.Tensor]
    numbers: dict[str, Any]

    @property
    def step(self) -> int:
        """Training steps done."""
        return self.numbers["step"]  # type: ignore[no-any-return]

    @property
    def experiment(self) -> dict[str, Any]:
        """The experiment that made it, as plain values."""
        return self.numbers["experiment"]  # type: ignore[no-any-return]


def checkpoint_path(folder: Path, step: int) -> Path:
    """Return the path of a step's checkpoint."""
    return folder / f"step_{step:07d}"


def checkpoint_steps(folder: Path) -> list[int]:
    """Return the steps that have a checkpoint, in order; half-written ones bear another name and do not count."""
    found = (re.fullmatch(r"step_(\d{7,})", path.name) for path in folder.glob("step_*"))
    return sorted(int(match.group(1)) for match in found if match)


def save_checkpoint(folder: Path, state: State) -> Path:
    """Write the state of a step: files, then their sha256 in a manifest, then one rename. An older one is replaced.

    Raises:
        Interrupted: the disk is full; the checkpoints before are untouched.
        NonFinite: a tensor holds NaN or Inf; nothing is written.
    """
    tensors = {name: value.detach().contiguous().cpu() for name, value in state.tensors().items()}
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise NonFinite(state.step, name)
    numbers = {**state.numbers(), "experiment": state.experiment.model_dump(mode="json")}
    files = {TENSORS: save(tensors), NUMBERS: json.dumps(numbers, indent=2, allow_nan=False).encode()}
    files[MANIFEST] = manifest_of(files)
    target = checkpoint_path(folder, state.step)
    if all((target / name).is_file() and (target / name).read_bytes() == data for name, data in files.items()):
        # Replacing it would take two renames, and a crash between them the only copy.
        return target
    temporary = temporary_beside(target)
    require_space(folder, sum(map(len, files.values())) + 2**20)
    with disk_full_told(target):
        try:
            temporary.mkdir()
            for name, data in files.items():
                write_synced(temporary / name, data)
            sync_folder(temporary)
            replaced = temporary_beside(target)
            if target.exists():
                os.rename(target, replaced)
            os.rename(temporary, target)
            sync_folder(folder)
            remove(replaced)
        finally:
            remove(temporary)
    return target


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint after checking every file against the manifest.

    Raises:
        RunError: it is incomplete, changed by so much as a bit, or no checkpoint.
    """
    files = {}
    for name in (TENSORS, NUMBERS, MANIFEST):
        if not (path / name).is_file():
            raise damaged(path, f"{name} is missing")
        try:
            files[name] = (path / name).read_bytes()
        except OSError as error:
            raise damaged(path, f"{name} cannot be read ({error.strerror})") from error
    manifest = files.pop(MANIFEST)
    # Byte for byte, so that no change to the manifest itself passes either.
    if manifest != manifest_of(files):
        changed = [name for name, data in files.items() if hashlib.sha256(data).hexdigest().encode() not in manifest]
        raise damaged(path, f"{' and '.join(changed) or MANIFEST} is not what was saved (the sha256 differs)")
    try:
        checkpoint = Checkpoint(load(files[TENSORS]), json.loads(files[NUMBERS]))
        if type(checkpoint.numbers["step"]) is not int or checkpoint_path(path.parent, checkpoint.step) != path:
            raise ValueError("it belongs to another step")
        if not isinstance(checkpoint.numbers["experiment"], dict):
            raise ValueError("it names no experiment")
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(path, str(error)) from error
    return checkpoint


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of a checkpoint's files: a JSON object of each one's sha256 and size."""
    entries = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()}
    return json.dumps(entries, indent=2).encode()


def restore(state: State, checkpoint: Checkpoint, path: Path, changed: Sequence[str] = ()) -> None:
    """Bring a state to where the checkpoint was taken.

    Args:
        state: of networks at their start.
        checkpoint: what was read from `path`.
        path: its folder.
        changed: sections or dotted keys of which something was changed on purpose since it was taken.

    Raises:
        RunError: its tensors are not this experiment's.
    """
    try:
        state.load(checkpoint.tensors, checkpoint.numbers)
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        if changed:
            raise RunError(
                f"checkpoint {path} does not fit the changed {', '.join(changed)}: {error}",
                "undo the change, or train the changed experiment from its start: networks, optimisers and parts that "
                "keep a state cannot be exchanged on the way",
            ) from error
        raise damaged(path, str(error)) from error


def damaged(path: Path, reason: str) -> RunError:
    """Return the error that says a checkpoint cannot be used."""
    return RunError(f"checkpoint {path} cannot be used: {reason}", "remove its folder to use an older one")


def newest_checkpoint(folder: Path, before: int | None = None) -> tuple[Checkpoint | None, list[str]]:
    """Return the newest checkpoint that can be used, and a warning for each newer one that could not.

    Args:
        folder: the run's checkpoints.
        before: only checkpoints of earlier steps than this.
    """
    warnings: list[str] = []
    for step in reversed(checkpoint_steps(folder)):
        if before is not None and step >= before:
            continue
        try:
            return read_checkpoint(checkpoint_path(folder, step)), warnings
        except GanlabError as error:
            warnings.append(error.message)
    return None, warnings


def prune(folder: Path, keep: int, best: int | None) -> None:
    """Remove all but the newest `keep` checkpoints and the one of step `best`."""
    for step in checkpoint_steps(folder)[:-keep]:
        if step != best:
            remove(checkpoint_path(folder, step))


def experiment_of(checkpoint: Checkpoint) -> Experiment:
    """Return the experiment that made a checkpoint.

    Raises:
        RunError: this version of ganlab cannot read it.
    """
    try:
        return Experiment.model_validate_json(json.dumps(checkpoint.experiment))
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"the checkpoint's experiment cannot be read: {error}", "use the ganlab that wrote it"
        ) from error
