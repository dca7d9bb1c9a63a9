"""The training loop: steps, and what is due after them."""

from __future__ import annotations

from typing import NamedTuple

from ganlab.games.standard import StandardGame
from ganlab.monitor.columns import history_columns
from ganlab.monitor.live import stands
from ganlab.monitor.monitor import Monitor
from ganlab.monitor.snapshots import Snapshots, best_step
from ganlab.runs.stop import StopSignal
from ganlab.training.checkpoint import checkpoint_steps, prune, save_checkpoint
from ganlab.training.feed import Feed
from ganlab.training.state import State
from ganlab.training.step import train_step
from ganlab.verdicts import matches

STOP_ON = "stop_on"
"""Beginning of the reason of a run that its verdict ended."""


class Ending(NamedTuple):
    """How a run ended, as run.json says it; the reason is a verdict that stopped it, or a signal."""

    status: str
    reason: str = ""


def train_loop(
    state: State, game: StandardGame, feed: Feed, monitor: Monitor, snapshots: Snapshots, stop: StopSignal
) -> Ending:
    """Train from `state.step` to the experiment's last step, watching and saving on the way.

    A signal ends it before, and so does a verdict of `monitor.stop_on` that stands; the state is saved in each case.

    Raises:
        NonFinite: a row of history or a tensor to be saved holds NaN or Inf; no checkpoint holds it.
        Interrupted: the disk is full.
    """
    steps, watch = state.experiment.training.steps, state.experiment.monitor
    if not checkpoint_steps(monitor.run.checkpoints):
        snapshots.take(0)
        save(state, monitor)

    while state.step < steps:
        if stop.received:
            save(state, monitor)
            return Ending("interrupted", stop.received.name)

        trace = train_step(state, game, feed)

        with monitor.spending("watching"):
            d, g = state.discriminator_optimizer, state.generator_optimizer
            columns = history_columns(game.loss, trace, d.gradient_norm(), g.gradient_norm())
            monitor.log(state.step, **columns, lr_g=g.rate, lr_d=d.rate)
        monitor.require_finite()

        last = state.step == steps
        improved, verdict = False, ""
        if last or state.step % watch.snapshot_every == 0:
            monitor.flush()
            monitor.require_finite()
            reading = snapshots.take(state.step)
            improved = best_step(monitor.live.snapshots) == state.step
            with monitor.spending("watching"):
                if matches(reading.name, watch.stop_on) and stands(monitor.live.so_far(), watch.stop_on):
                    verdict = reading.name
        if last or improved or verdict or state.step % watch.checkpoint_every == 0:
            save(state, monitor)
        if verdict and not last:
            return Ending("stopped", f"{STOP_ON}: {verdict} at step {state.step}")

    return Ending("finished")


def save(state: State, monitor: Monitor) -> None:
    """Write what a resume at this step needs: the rows so far, then the checkpoint; then drop the old ones."""
    monitor.flush(sync=True)
    monitor.require_finite()
    with monitor.spending("saving"):
        save_checkpoint(monitor.run.checkpoints, state)
        prune(monitor.run.checkpoints, state.experiment.monitor.keep_checkpoints, best_step(monitor.live.snapshots))
