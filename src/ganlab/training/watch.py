"""What is due after a training step: each is recorded, some are looked at, some are saved, and one may be the last."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from ganlab.data import RealData
from ganlab.diagnosis.verdict import Verdict
from ganlab.monitor.columns import history_columns
from ganlab.monitor.comparison import Comparison
from ganlab.monitor.observer import Observer
from ganlab.monitor.pictures import Pictures
from ganlab.monitor.recorder import Recorder
from ganlab.monitor.snapshots import Snapshots
from ganlab.monitor.view import View
from ganlab.objectives.parts import Trace
from ganlab.runs.directory import RunDirectory
from ganlab.runs.status import STOP_ON, RunStatus
from ganlab.training.checkpoint import prune, save_checkpoint
from ganlab.training.workbench import Workbench


class Due(NamedTuple):
    """What is due after a step.

    Attributes:
        save: whether the state is to be saved.
        stop: why the run is to end before its last step, for run.json; empty if it is not.
    """

    save: bool
    stop: str = ""


class Watch:
    """Watches ganlab's own loop.

    Args:
        bench: what is trained.
        data: the real data.
        run: the run's directory, which the caller holds.
        status: what run.json says while the run goes on.
        views: who watches.

    Attributes:
        recorder: what records the run.
        observer: what judges it.
    """

    def __init__(
        self, bench: Workbench, data: RealData, run: RunDirectory, status: RunStatus, views: Sequence[View] = ()
    ) -> None:
        experiment = bench.state.experiment
        self.bench, self.data, self.state = bench, data, bench.state
        self.recorder = Recorder(run, status, experiment, views)
        pictures = Pictures(self.recorder, experiment.monitor.keep_samples)
        self.observer = Observer(self.recorder, Comparison(data, experiment.data, experiment.seed), pictures)

    @cached_property
    def snapshots(self) -> Snapshots:
        """What takes samples; its latents and reals are drawn at the first look."""
        return Snapshots(self.bench.plain_game, self.data)

    def after(self, trace: Trace) -> Due:
        """Record the step that was just done, look at samples if it is time to, and say what is due now.

        Raises:
            NonFinite: a row of history written so far holds NaN or Inf.
        """
        state, recorder, options = self.state, self.recorder, self.state.experiment.monitor
        step, steps = state.step, state.experiment.training.steps
        self.record(trace)

        save = step == steps or step % options.checkpoint_every == 0
        if step < steps and step % options.snapshot_every:
            return Due(save)
        recorder.flush()
        recorder.require_finite()
        reading = self.look()
        if step < steps and self.observer.stands(options.stop_on):
            return Due(save=True, stop=f"{STOP_ON}: {reading.name} at step {step}")
        return Due(save or self.observer.best_step == step)

    def record(self, trace: Trace) -> None:
        """Record what the step that was just done showed.

        Raises:
            NonFinite: a row of history written so far holds NaN or Inf.
        """
        with self.recorder.spending("watching"):
            d, g = self.state.discriminator_optimizer, self.state.generator_optimizer
            columns = history_columns(self.bench.game.loss, trace, d.gradient_norms(), g.gradient_norms())
            self.recorder.log(self.state.step, {"lr_g": g.rate, "lr_d": d.rate}, columns)
        self.recorder.require_finite()

    def look(self) -> Verdict:
        """Take a snapshot of the networks as they are, and return what the run reads as."""
        with self.recorder.spending("watching"):
            samples, facts = self.snapshots.take(self.state.step)
            return self.observer.snapshot(self.state.step, samples, self.data.domain, facts)

    def save(self) -> None:
        """Write what a resume at this step needs: the rows so far, then the checkpoint; then drop the old ones.

        Raises:
            NonFinite: a row of history or a tensor to be saved holds NaN or Inf; no checkpoint holds it.
            Interrupted: the disk is full.
        """
        self.recorder.flush(sync=True)
        self.recorder.require_finite()
        with self.recorder.spending("saving"):
            checkpoints = self.recorder.run.checkpoints
            save_checkpoint(checkpoints, self.state)
            prune(checkpoints, self.state.experiment.monitor.keep_checkpoints, self.observer.best_step)
