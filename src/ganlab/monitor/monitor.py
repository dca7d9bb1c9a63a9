"""`ganlab.Monitor`: what other people's training loops record and judge their runs with."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from ganlab.data.arrays import Array
from ganlab.diagnosis.verdict import Verdict
from ganlab.domain import Domain, Images
from ganlab.errors import RunError
from ganlab.games.rounds import Phase
from ganlab.monitor.arguments import checked_protocol, checked_scores, new_status, require_end
from ganlab.monitor.comparison import Comparison, asked_for, reals_of
from ganlab.monitor.generated import Generated
from ganlab.monitor.observer import Observer, SampleFacts
from ganlab.monitor.pictures import Pictures
from ganlab.monitor.recorder import Recorder, ending, require_growing
from ganlab.monitor.rows import Number
from ganlab.monitor.undisturbed import undisturbed
from ganlab.monitor.view import LoggingView, View, checked_views, log_failure
from ganlab.runs.directory import as_folder, new_run
from ganlab.runs.status import State


class Monitor:
    """Records what a training loop shows, and names what goes wrong while it goes wrong.

    In any PyTorch loop:

        monitor = ganlab.Monitor("my_gan", real="mnist", loss="non_saturating", steps=3000)
        monitor.log(step, d_loss=d_loss, g_loss=g_loss)     # every step
        reading = monitor.snapshot(step, samples)           # now and then
        verdict = monitor.finish()                          # at the end

    As a context manager it finishes the run at the end of its block, also if an exception leaves the block. No step
    waits for the device: rows are fetched in blocks, at most once a second.

    Args:
        run: name of the run, the first part of `<runs_dir>/<name>-<time>-<4 letters>/`, which is made.
        real: real samples to compare with: a data set by name (`mnist`, `mnist[3,8]`); a folder of images; an array of
            images, (N, C, H, W) or (N, H, W, C), uint8 or floats in [-1, 1], [0, 1] or [0, 255], or of points (N, 2);
            None: only how much samples differ from each other is measured. Arrays may be those of any library.
        loss: one that `ganlab ls losses` lists, or cross_entropy if the generator's is not known; None: unknown.
        steps: planned steps; None: unknown.
        labels: classes of a `real` that is an array, (N,) integers from 0; without them no classes are counted.
        seed: chooses the real samples that are compared with.
        keep_samples: also keep all samples of each snapshot as numbers, `samples/step_<step>.npz`.
        runs_dir: folder of the new run.
        views: who watches; left out, warnings go to Python's logging.

    Attributes:
        run, reading: the run's directory; what the newest snapshot was judged to show, None before the first.
        recorder, observer: what records the run, and what judges it.

    Raises:
        ConfigError: invalid name, loss, number of steps, seed or views.
        DataError: real samples that are not there, or of a wrong shape, type or range.
        RunError: no run can be written there.
    """

    def __init__(
        self, run: str, real: str | Path | Array | None = None, loss: str | None = None, steps: int | None = None, *,
        labels: Array | None = None, seed: int = 0, keep_samples: bool = False, runs_dir: str | Path = "runs",
        views: Sequence[View] | None = None,
    ) -> None:  # fmt: skip
        status = new_status(run, loss, steps, seed)
        watching = [LoggingView()] if views is None else checked_views(views)
        folder = as_folder(runs_dir)
        self.real = reals_of(real, labels, int(seed))
        self.run = new_run(folder, run)
        self.recorder = Recorder(self.run, status, None, watching, self.run.held(), tolerant=True)
        self.observer = Observer(self.recorder, None, Pictures(self.recorder, keep_samples))
        self.generated = Generated(self.recorder, None if self.real is None else self.real.scale)
        self.comparison: Comparison | None = None
        self.reading: Verdict | None = None
        self.open = True
        self.domain: Domain | None = None
        self.phase: Phase | None = None  # of a generator that grows, from its second size on
        self.process, self.is_told = os.getpid(), False

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._is_copy():
            return
        if self.open and error is None:
            self.finish()
        elif self.open and error is not None:
            try:
                self.finish(*ending(error))
            except Exception as own:
                log_failure(self.run, own)

    def log(self, step: int, **columns: Number | None) -> None:
        """Take a step's numbers; they become a row of history.csv within a second or 256 rows.

        Diagnosis reads the columns d_loss, d_loss_real, d_loss_fake, g_loss, d_acc_real, d_acc_fake, d_real, d_fake,
        grad_d, grad_g and grad_g_output; others are recorded too. A step may lack some. NaN and Inf are only warned of.

        Args:
            step: the training step, from 0, larger than the one before.
            columns: each a number, or a tensor that holds one and is not waited for; None leaves the cell empty.

        Raises:
            RunError: the step does not grow, a value is no single number, a name is not allowed, or the run is over.
        """
        if self._is_copy():
            return
        self._require_open()
        self.recorder.log(step, columns)

    def snapshot(
        self, step: int, samples: Array, *, asked: Array | None = None, protocol: Mapping[str, str] | None = None,
        **scores: float,
    ) -> Verdict:  # fmt: skip
        """Judge what the generator makes now, in a row of snapshots.jsonl and a picture; return the verdict so far.

        Args:
            step: the training step, from 0, larger than that of the snapshot before.
            samples: images, floats in [-1, 1], [0, 1] or [0, 255] or uint8, or points, N >= 2 (1,000 say much more than
                100), on any device; from the same latents each time, by a generator in eval mode.
            asked: of a conditional GAN, the class that each sample was to be of, (N,) integers as in `labels`.
            protocol: how they were made, in words; it is recorded in the row.
            scores: the discriminator's mean scores d_train, d_held_out and d_fake, if they are known.

        Raises:
            DataError: samples of a wrong type, shape or range.
            RunError: the step does not grow, a score or the protocol is invalid, or the run is finished.
        """
        if self._is_copy():
            return self.observer.reading_so_far
        self._require_open()
        snapshots = self.recorder.evidence.snapshots
        step = require_growing(step, snapshots[-1]["step"] if snapshots else None, "snapshot")
        facts = SampleFacts(checked_protocol(protocol), checked_scores(scores))
        with undisturbed(), self.recorder.spending("watching"):
            values, domain = self.generated.read(samples)
            if domain != self.domain:
                self._compare_with(domain)
                if isinstance(domain, Images) and self.domain is not None and domain.height == domain.width:
                    self.phase = Phase(domain.side, step)
                self.domain = domain
            known = self.comparison
            if not snapshots and known is not None:
                for view in self.recorder.views:
                    view.note(f"preparing the comparison of {len(values):,} samples with real ones, once")
            if known is not None and self.real is not None and (mistake := self.real.mistake(values, known)):
                self.recorder.warn(f"step {step} is not compared with real images: {mistake}")
                known = None
            self.observer.comparison = known
            has_gap = known is None and self.real is not None
            classes = None if asked is None or has_gap else asked_for(asked, len(values), known)
            self.reading = self.observer.snapshot(step, values, domain, facts._replace(asked=classes, phase=self.phase))
        return self.reading

    def finish(self, status: State = "finished", reason: str = "") -> Verdict:
        """End the run: look at its last samples thoroughly, judge it, draw the plots, close the directory.

        Args:
            status: how it ended, for run.json: finished, stopped, interrupted or failed.
            reason: why, if it did not finish.

        Raises:
            RunError: the run is finished already, or the status is another one.
        """
        if self._is_copy():
            return self.observer.reading_so_far
        self._require_open()
        require_end(status)
        self.open = False
        with undisturbed(), self.recorder.closing(status, reason), self.recorder.spending("watching"):
            self.reading = self.observer.finish()
            with self.recorder.tolerating("the last line of log.txt"):
                self.recorder.note(f"`ganlab report {shlex.quote(str(self.run.path))}` makes a page of it")
        return self.reading

    def _compare_with(self, domain: Domain) -> None:
        """Compare samples with reals as they are from here on; where that is not possible, with none, and say so."""
        self.comparison = None  # reals of another size are no measure
        if self.real is None:
            return
        with self.recorder.tolerating("the comparison with real samples"):
            self.comparison, notes = self.real.comparison(domain)
            for note in notes:
                self.recorder.warn(note)

    def _is_copy(self) -> bool:
        """Return whether this is a fork's copy, as in a worker of a DataLoader; only the original writes."""
        is_copy = os.getpid() != self.process
        if is_copy and not self.is_told:
            self.is_told = True
            LoggingView().warn(
                f"{self.run.path.name} is written by process {self.process}; what this one says is left out"
            )
        return is_copy

    def _require_open(self) -> None:
        if not self.open:
            raise RunError(f"{self.run.path.name} is finished", "make a new Monitor for another run")
