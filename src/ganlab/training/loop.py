"""The training loop: steps, and what is due after them."""

from __future__ import annotations

from typing import NamedTuple

from ganlab.games.standard import StandardGame
from ganlab.runs.status import State as Status
from ganlab.runs.stop import StopSignal
from ganlab.training.checkpoint import checkpoint_steps
from ganlab.training.feed import Feed
from ganlab.training.state import State
from ganlab.training.step import train_step
from ganlab.training.watch import Watch


class Ending(NamedTuple):
    """How a run ended, as run.json says it; the reason is a verdict that stopped it, or a signal."""

    status: Status
    reason: str = ""


def train_loop(state: State, game: StandardGame, feed: Feed, watch: Watch, stop: StopSignal) -> Ending:
    """Train from `state.step` to the experiment's last step, watching and saving on the way.

    A signal ends it before, and so does a verdict of `monitor.stop_on` that stands; the state is saved in each case.

    Raises:
        NonFinite: a row of history or a tensor to be saved holds NaN or Inf; no checkpoint holds it.
        Interrupted: the disk is full.
    """
    if not checkpoint_steps(watch.recorder.run.checkpoints):
        watch.look()
        watch.save()

    while state.step < state.experiment.training.steps:
        if stop.received:
            watch.save()
            return Ending("interrupted", stop.received.name)

        trace = train_step(state, game, feed)

        due = watch.after(trace)
        if due.save:
            watch.save()
        if due.stop:
            return Ending("stopped", due.stop)

    return Ending("finished")
