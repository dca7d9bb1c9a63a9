"""Starting a run, resuming one, and saying how it ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ganlab.config.experiment import Experiment
from ganlab.config.load import difference, dump_experiment, load_experiment
from ganlab.data import RealData, load, require_held_out
from ganlab.diagnosis.evidence import NonFinite as FirstNonFinite
from ganlab.errors import GanlabError, Interrupted, RunError
from ganlab.monitor.recorder import NonFinite, Recorder, versions
from ganlab.monitor.tensorboard import EventFiles, require_tensorboard
from ganlab.monitor.view import View
from ganlab.runs.directory import RunDirectory, create_run, list_runs
from ganlab.runs.files import atomic_write, require_space, sweep_temporaries
from ganlab.runs.history import cut_history
from ganlab.runs.snapshots import cut_snapshots
from ganlab.runs.status import (
    STOP_ON,
    DataFacts,
    NonFiniteFacts,
    OwnStatus,
    Resumption,
    RunStatus,
    now,
    read_own_status,
    this_process,
)
from ganlab.runs.stop import EXIT_CODES, StopSignal
from ganlab.text import described
from ganlab.training.checkpoint import checkpoint_path, experiment_of, newest_checkpoint, restore
from ganlab.training.device import choose_device, describe_device
from ganlab.training.loop import Ending, train_loop
from ganlab.training.nonfinite import find_first
from ganlab.training.preflight import preflight
from ganlab.training.process import process_settings
from ganlab.training.threads import choose_threads
from ganlab.training.watch import Watch
from ganlab.training.workbench import Workbench, build_workbench


def start(
    experiment: Experiment,
    runs_dir: Path,
    views: Sequence[View] = (),
    name: str | None = None,
    threads: int | None = None,
) -> RunDirectory:
    """Train an experiment from its first step in a new run directory, and return that.

    Whatever can be refused is refused before the directory is made.

    Args:
        experiment: what to train.
        runs_dir: where the run directory is made.
        views: who watches.
        name: the directory's name; left out, it holds the experiment's name and the time.
        threads: threads of the CPU at most, unless the experiment sets them; left out, as many as PyTorch would use.

    Raises:
        GanlabError: device, data, disk or runs folder do not allow it.
        Interrupted: a signal or a full disk ended it; it can be resumed.
    """
    device = choose_device(experiment.training)
    if experiment.monitor.tensorboard:
        require_tensorboard()
    chosen = choose_threads(experiment, device, threads)
    with process_settings(device, experiment.training, chosen.threads):
        data = load(experiment.data, experiment.training.batch_size)
        require_held_out(experiment.data, len(data.held_out))
        bench = build_workbench(experiment, data, device)
        require_room(runs_dir, bench)
        run = create_run(runs_dir, experiment, name)
        with run.held():
            status = OwnStatus(
                status="running",
                reason="",
                experiment=experiment.name,
                seed=experiment.seed,
                step=0,
                steps=experiment.training.steps,
                process=this_process(),
                started=now(),
                seconds=0.0,
                device=describe_device(device),
                threads=torch.get_num_threads(),
                versions=versions(),
                data=DataFacts(
                    train=len(data.train), held_out=len(data.held_out), fingerprint=bench.plain_game.fingerprint
                ),
                parameters={name: count_parameters(network) for name, network in bench.state.networks.items()},
                resumed=(),
            )
            carry_on(run, bench, data, status, views, preflight(data, experiment), chosen.why)
    return run


def resume(
    run: RunDirectory, overrides: Sequence[str] = (), allowed: Sequence[str] = (), views: Sequence[View] = ()
) -> RunDirectory:
    """Go on with a run from its newest checkpoint, bit for bit, and return its directory.

    Args:
        run: the run.
        overrides: `KEY=VALUE` changes; `training.steps` trains longer, `monitor.stop_on` past a verdict that ended the
            run, `monitor.page` makes a page or none; others need to be `allowed`.
        allowed: dotted keys whose change is meant; a section's key allows all below it.
        views: who watches.

    Raises:
        RunError: another process holds the run, the configuration or the data changed, or no checkpoint can be used.
        Interrupted: a signal or a full disk ended it; it can be resumed.
    """
    with run.held():
        status = read_own_status(run.status_file)
        experiment = load_experiment(run.config, overrides)
        sweep_temporaries(run.path)
        checkpoint, warnings = newest_checkpoint(run.checkpoints)
        if checkpoint is None:
            raise RunError(
                f"{run.path} has no checkpoint that can be used{': ' if warnings else ''}{'; '.join(warnings)}",
                f"start it again with `ganlab train {run.config}`",
            )
        changes = check_changes(experiment_of(checkpoint), experiment, allowed, checkpoint.step)
        nothing_left = has_ended(status, checkpoint.step, experiment, changes)
        if nothing_left:
            for view in views:
                view.note(f"{run.path.name} {nothing_left}")
            return run

        device = choose_device(experiment.training)
        with process_settings(device, experiment.training, experiment.training.threads or status.threads):
            warnings += promises_lost(status, device)
            data = load(experiment.data, experiment.training.batch_size)
            bench = build_workbench(experiment, data, device)
            fingerprint = bench.plain_game.fingerprint
            if fingerprint != status.data.fingerprint and not is_allowed("data", allowed):
                raise RunError(
                    f"the data of {run.path.name} changed since it was started: its fingerprint differs",
                    "bring the old data back, or allow it with --allow-change data",
                )
            changed = [name for name in allowed if any(is_allowed(change["key"], [name]) for change in changes)]
            restore(bench.state, checkpoint, checkpoint_path(run.checkpoints, checkpoint.step), changed)
            try:
                run.make_folders(experiment.data.domain)
            except OSError as error:
                raise RunError(
                    f"the folders of {run.path} cannot be made: {error}",
                    "move away what is in their place, or allow writing there",
                ) from error
            cut_history(run.history, checkpoint.step)
            cut_snapshots(run.snapshots, checkpoint.step)
            if changes:
                atomic_write(run.config, dump_experiment(experiment).encode())
            resumption = Resumption(step=checkpoint.step, time=now(), changes=tuple(changes))
            status = status.changed(
                status="running",
                reason="",
                steps=experiment.training.steps,
                process=this_process(),
                device=describe_device(device),
                threads=torch.get_num_threads(),
                versions=versions(),
                data=status.data.model_copy(update={"fingerprint": fingerprint}),
                resumed=(*status.resumed, resumption),
                non_finite=None,
            )
            carry_on(run, bench, data, status, views, warnings)
    return run


def has_ended(status: RunStatus, step: int, experiment: Experiment, changes: list[dict[str, Any]]) -> str:
    """Return why there is nothing left to train, in words; empty if there is something."""
    if status.status == "finished" and step >= experiment.training.steps:
        return f"has finished its {step} steps; `training.steps=N` with a larger N trains it longer"
    changed = any(change["key"] == "monitor.stop_on" for change in changes)
    if status.status == "stopped" and status.reason.startswith(STOP_ON) and not changed:
        return f"was ended by its verdict ({status.reason}); `monitor.stop_on=[]` trains on"
    return ""


def find_unfinished(experiment: Experiment, runs_dir: Path) -> RunDirectory | None:
    """Return the newest run of this very experiment that did not finish and that nobody is writing to."""
    for run in reversed(list_runs(runs_dir)):
        try:
            same = run.status().status != "finished" and run.experiment() == experiment
        except GanlabError:
            # A damaged run is not one to go on with; `ganlab ls runs` shows it.
            continue
        # One that was killed before its first checkpoint has nothing to go on from.
        if same and not run.is_held() and newest_checkpoint(run.checkpoints)[0] is not None:
            return run
    return None


def carry_on(
    run: RunDirectory,
    bench: Workbench,
    data: RealData,
    status: OwnStatus,
    views: Sequence[View],
    warnings: Sequence[str] = (),
    why: str = "",
) -> None:
    """Train from where the workbench stands, and leave run.json saying how it ended, whatever happens.

    Args:
        run: the run's directory, which the caller holds.
        bench: what is trained.
        data: the real data.
        status: what run.json says while the run goes on.
        views: who watches.
        warnings: what is to be told first.
        why: why the run has its number of threads, if ganlab chose it.
    """
    experiment, state = bench.state.experiment, bench.state
    if experiment.monitor.tensorboard:
        views = [*views, EventFiles()]
    watch = Watch(bench, data, run, status, views)
    recorder = watch.recorder
    for text in warnings:
        recorder.warn(text)
    for text in data.notes:
        recorder.note(text)
    recorder.note(
        f"step {state.step} of {experiment.training.steps} on {status.device}, "
        f"{status.threads} thread{'s' * (status.threads != 1)}{why}"
    )
    try:
        with StopSignal() as stop:
            try:
                ending = train_loop(state, bench.game, bench.feed, watch, stop)
            except NonFinite as bad:
                ending = Ending("stopped", "non_finite")
                recorder.status = recorder.status.changed(non_finite=explain(bad, bench, data, recorder))
            if ending.status != "interrupted":
                with recorder.spending("watching"):
                    watch.observer.finish()
            recorder.close(*ending)
    except Interrupted:
        recorder.close("interrupted", "disk_full")
        raise
    except KeyboardInterrupt:
        recorder.close("interrupted", "SIGINT twice")
        raise
    except BaseException as error:
        recorder.close("failed", described(error))
        raise
    if ending.status == "interrupted":
        raise Interrupted(
            f"{ending.reason}: stopped after step {state.step} of {experiment.training.steps}, which is saved",
            f"`ganlab resume {run.path.name}` goes on from there",
            EXIT_CODES[signal.Signals[ending.reason]],
        )


def explain(bad: NonFinite, bench: Workbench, data: RealData, recorder: Recorder) -> NonFiniteFacts:
    """Replay the run from its last good checkpoint to name the first tensor that was not finite."""
    experiment, run = bench.state.experiment, recorder.run
    plain = experiment.training.model_copy(update={"compile": False})
    fresh = build_workbench(experiment.model_copy(update={"training": plain}), data, bench.state.device)
    checkpoint, _ = newest_checkpoint(run.checkpoints, before=bad.step)
    if checkpoint is not None:
        restore(fresh.state, checkpoint, checkpoint_path(run.checkpoints, checkpoint.step))
    start = fresh.state.step
    found = find_first(fresh, bad.step, recorder.evidence.overflowing)
    if found is None:
        recorder.warn(
            f"{bad.column} is not finite at step {bad.step}, but a replay from step {start} stayed finite: "
            "the cause lies outside the run (memory, driver, hardware)"
        )
        found = {"step": bad.step, "tensor": bad.column, "network": None, "layer": None}
    else:
        where = ".".join(part for part in (found["network"], found["layer"]) if part)
        what = f"{found['tensor']} of {where}" if where else found["tensor"]
        recorder.warn(f"not finite: {what} at step {found['step']}; the checkpoint at step {start} is kept")
        recorder.evidence.non_finite = FirstNonFinite(found["step"], what)
    return NonFiniteFacts(**found, seen_in=bad.column, checkpoint=start)


def check_changes(before: Experiment, now: Experiment, allowed: Sequence[str], step: int) -> list[dict[str, Any]]:
    """Return the allowed changes between the checkpoint's experiment and the one to go on with.

    Raises:
        RunError: something else changed; the message is the difference, a line a key.
    """
    changes = difference(before, now)
    # None of them moves a tensor of the steps that are done.
    harmless = {"monitor.stop_on", "monitor.page"} | ({"training.steps"} if now.training.steps >= step else set())
    refused = [(key, old, new) for key, old, new in changes if not is_allowed(key, allowed) and key not in harmless]
    if refused:
        allow = " ".join(f"--allow-change {key}" for key, _, _ in refused)
        lines = "\n".join(f"  {key}: {old!r} -> {new!r}" for key, old, new in refused)
        raise RunError(
            f"the experiment is not the one that was trained up to step {step}:\n{lines}",
            f"undo the change in config.yaml, or allow it: {allow}",
        )
    return [{"key": key, "from": old, "to": new} for key, old, new in changes]


def is_allowed(key: str, allowed: Sequence[str]) -> bool:
    """Return whether a dotted key, or a section above it, was named with --allow-change."""
    return any(key == name or key.startswith(f"{name}.") for name in allowed)


def promises_lost(status: OwnStatus, device: torch.device) -> list[str]:
    """Return a warning for each reason why going on will not be bit for bit."""
    pairs: dict[str, tuple[object, object]] = {
        "device": (status.device, describe_device(device)),
        "threads": (status.threads, torch.get_num_threads()),
        "versions": (status.versions, versions()),
    }
    return [
        f"{what} changed from {old} to {new}: this run goes on, but not bit for bit"
        for what, (old, new) in pairs.items()
        if old != new
    ]


def require_room(runs_dir: Path, bench: Workbench) -> None:
    """Raise RunError if the disk could not even hold the checkpoints that are to be kept."""
    existing = next(folder for folder in (runs_dir, *runs_dir.absolute().parents) if os.path.isdir(folder))
    weights = sum(value.numel() * value.element_size() for value in bench.state.tensors().values())
    # Adam keeps two more numbers a weight, and one checkpoint is written besides those kept.
    needed = 3 * weights * (bench.state.experiment.monitor.keep_checkpoints + 2)
    try:
        require_space(existing, needed)
    except Interrupted as error:
        raise RunError(
            f"the disk under {existing} has less than the {needed / 2**20:.0f} MiB that the checkpoints need",
            "free some space, or choose another disk with --runs-dir",
        ) from error


def count_parameters(network: torch.nn.Module) -> int:
    """Return the number of weights."""
    return sum(parameter.numel() for parameter in network.parameters())
