"""The training loop: steps, and what is due after them."""

from __future__ import annotations

import signal

from ganlab.games.standard import StandardGame
from ganlab.monitor.columns import history_columns
from ganlab.monitor.monitor import Monitor
from ganlab.monitor.snapshots import Snapshots, best_step
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_snapshots
from ganlab.training.checkpoint import checkpoint_steps, prune, save_checkpoint
from ganlab.training.feed import Feed
from ganlab.training.signals import StopSignal
from ganlab.training.state import State
from ganlab.training.step import train_step


def train_loop(
    state: State,
    game: StandardGame,
    feed: Feed,
    run: RunDirectory,
    monitor: Monitor,
    snapshots: Snapshots,
    stop: StopSignal,
) -> signal.Signals | None:
    """Train from `state.step` to the experiment's last step, watching and saving on the way.

    Returns:
        None at the last step, or the signal that ended the run before; the state is saved in both cases.

    Raises:
        NonFinite: a row of history or a tensor to be saved holds NaN or Inf; no checkpoint holds it.
        Interrupted: the disk is full.
    """
    steps, watch = state.experiment.training.steps, state.experiment.monitor
    if not checkpoint_steps(run.checkpoints):
        snapshots.take(0)
        save(state, run, monitor)

    while state.step < steps:
        if stop.received:
            save(state, run, monitor)
            return stop.received

        trace = train_step(state, game, feed)

        with monitor.spending("watching"):
            d, g = state.discriminator_optimizer, state.generator_optimizer
            columns = history_columns(game.loss, trace, d.gradient_norm(), g.gradient_norm())
            monitor.record(state.step, columns, {"lr_g": g.rate, "lr_d": d.rate})

        last = state.step == steps
        improved = False
        if last or state.step % watch.snapshot_every == 0:
            monitor.flush()
            snapshots.take(state.step)
            improved = best_step(read_snapshots(run.snapshots)) == state.step
        if last or improved or state.step % watch.checkpoint_every == 0:
            save(state, run, monitor)

    return None


def save(state: State, run: RunDirectory, monitor: Monitor) -> None:
    """Write what a resume at this step needs: the rows so far, then the checkpoint; then drop the old ones."""
    monitor.flush(sync=True)
    with monitor.spending("saving"):
        save_checkpoint(run.checkpoints, state)
        prune(run.checkpoints, state.experiment.monitor.keep_checkpoints, best_step(read_snapshots(run.snapshots)))
