"""The one way into a run directory while it is being made: ganlab's own loop and other people's use the same class."""

from __future__ import annotations

import io
import math
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from pydantic import ValidationError
from torch import Tensor

from ganlab.config.experiment import Experiment
from ganlab.data import RealData, to_uint8
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.files import sheet_of_images, sheet_of_run, write_verdict
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers.family import LOSSES
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import ConfigError, DataError, RunError
from ganlab.evaluation.battery import Asked
from ganlab.evaluation.spread import mean_pairwise_distance
from ganlab.games.rounds import Phase
from ganlab.monitor.comparison import Comparison, space_of
from ganlab.monitor.live import LiveEvidence, reading_of
from ganlab.monitor.reals import Array, checked, checked_labels, given_data, named_data
from ganlab.monitor.rows import Number, Rows
from ganlab.monitor.view import LoggingView, View
from ganlab.plots import figures
from ganlab.plots.grids import Pixels, evenly_spaced, save_gif, save_png, scatter, side_by_side, tile, to_pixels
from ganlab.runs.directory import RunDirectory, new_run
from ganlab.runs.files import atomic_write, write_json
from ganlab.runs.history import append_text, read_history, sync_file
from ganlab.runs.snapshots import append_snapshot, cut_snapshots, read_snapshots
from ganlab.runs.status import MADE_BY, Cost, RunStatus, now, this_process
from ganlab.text import one_line
from ganlab.version import __version__

BLOCK = 256
"""Rows kept on the device before they are written."""

FLUSH_SECONDS = 1.0
"""Rows are written at least this often, so that a slow run can be followed."""

GRID = 100
"""Samples in a grid: 10 x 10."""

PLOT_BUDGET = 0.01
"""Plots are drawn during a run only while drawing them costs less than this share of its time."""

DRAWING = 0.5
"""Seconds that drawing them takes, about."""

SCORES = ("d_train", "d_held_out", "d_fake")
"""The discriminator's mean scores that a snapshot may have: on training data, on data never trained on, on samples."""

GRADIENTS = ("grad_d", "grad_g", "grad_g_output")


class OwnStatistics(NamedTuple):
    """What a game of ganlab's own adds to a snapshot.

    Attributes:
        game: its name; empty for other people's loops, which play no game of ours.
        asked: what each sample was to be.
        values: statistics by the game's own names.
        phase: of a growing run, what its samples are compared with.
        gallery: up to 100 images (N, C, H, W), ten a row, that show what the game is about.
    """

    game: str = ""
    asked: Asked | None = None
    values: Mapping[str, float] = {}
    phase: Phase | None = None
    gallery: Tensor | None = None

    def row(self) -> dict[str, float | str]:
        """The keys that it adds to a row of snapshots.jsonl."""
        game = {"game": self.game} if self.game else {}
        phase = {} if self.phase is None else {"phase_size": self.phase.size, "phase_since": self.phase.since}
        return {**game, **self.values, **phase}


class NonFinite(Exception):
    """A column of history.csv, or a tensor that was to be saved, holds NaN or Inf.

    Attributes:
        step: first step at which one does.
        column: its name.
    """

    def __init__(self, step: int, column: str) -> None:
        super().__init__(f"{column} at step {step}")
        self.step = step
        self.column = column


class Monitor:
    """Writes down what a training loop shows, and says by name what goes wrong while it does.

    In any PyTorch loop:

        monitor = ganlab.Monitor("my_gan", real="mnist", loss="non_saturating", steps=3000)
        monitor.log(step, d_loss=d_loss, g_loss=g_loss)     # every step
        reading = monitor.snapshot(step, samples)           # now and then
        verdict = monitor.finish()                          # at the end

    It is a context manager too, which finishes the run at the end of its block, also where an exception leaves it.
    No step waits for the device: rows are fetched in blocks, at most once a second.

    Args:
        run: name of the run, the first part of `<runs_dir>/<name>-<time>-<4 letters>/`, which is made. ganlab's own
            loop gives the directory that it holds; what is in that already is taken in, and the run goes on.
        real: real samples to compare with: a data set by name (`mnist`, `mnist[3,8]` for two of its classes); images
            (N, C, H, W), C = 1 or 3, as uint8 or as floats in [-1, 1]; points (N, 2); or None: then only how much
            samples differ from each other is measured.
        loss: minimax, non_saturating, least_squares, hinge or wasserstein; cross_entropy, where the generator's is not
            known; None: unknown.
        steps: steps that are planned; None: unknown.
        labels: classes of a `real` that is an array, (N,) integers from 0; without them no classes are counted.
        seed: chooses the real samples that are compared with.
        keep_samples: also keep each snapshot's samples as numbers, `samples/step_<step>.npz`.
        runs_dir: folder of the new run.
        views: who watches; left out, warnings go to Python's logging.
        experiment: what ganlab's own loop trains.
        status: what ganlab's own loop says in run.json.

    Attributes:
        run: the run's directory.
        status: what run.json says.
        live: the evidence so far.
        reading: what the newest snapshot was judged to show; None before the first.

    Raises:
        ConfigError: a name, loss or number of steps that cannot be.
        DataError: real samples that are not there, or of a shape, type or range that cannot be.
        RunError: no run can be written there.
    """

    def __init__(
        self,
        run: str | RunDirectory,
        real: str | Array | RealData | None = None,
        loss: str | None = None,
        steps: int | None = None,
        *,
        labels: Array | None = None,
        seed: int = 0,
        keep_samples: bool = False,
        runs_dir: str | Path = "runs",
        views: Sequence[View] | None = None,
        experiment: Experiment | None = None,
        status: RunStatus | None = None,
    ) -> None:
        check_plan(loss, steps)
        options = experiment.data if experiment is not None else None
        if isinstance(real, str):
            options, real = named_data(real)
        elif real is not None and not isinstance(real, RealData):
            real = given_data(real, labels, seed)
        self.comparison = None if real is None else Comparison(real, options, seed)
        self.steps, self.keep_samples = steps, keep_samples
        self.views = [LoggingView()] if views is None else views

        self.held = ExitStack()
        if isinstance(run, RunDirectory):
            self.run, self.status = run, status or RunStatus(status="running")
        else:
            self.run = new_run(Path(runs_dir), checked_name(run))
            self.held.enter_context(self.run.held())
            self.status = RunStatus(
                status="running",
                reason="",
                made_by=MADE_BY,
                name=run,
                loss=loss,
                seed=seed,
                step=0,
                steps=steps,
                process=this_process(),
                started=now(),
                seconds=0.0,
                versions=versions(),
            )
        self.open = True
        self.begun = self.session = self.last_flush = time.perf_counter()
        self.seconds = {"watching": 0.0, "drawing": 0.0, "saving": 0.0}

        family, saturating = (None, None) if loss is None else LOSSES[loss]
        basis = Evidence(str(self.run.path), family=family, saturating=saturating, planned=steps, experiment=experiment)
        # Gradients under float16 scaling overflow now and then; the scaler sees to it.
        scaled = experiment is not None and experiment.training.precision == "float16"
        self.live = LiveEvidence(basis, GRADIENTS if scaled else ())
        self.reading: Verdict | None = None
        self.samples: tuple[int, Tensor] | None = None
        self.last_step: int | None = None
        self._take_in_what_is_there()
        self.run.write_status(self.status)
        for view in self.views:
            view.begin(self.run, (self.last_step or 0) + 1, steps)

    def _take_in_what_is_there(self) -> None:
        history = read_history(self.run.history)
        self.rows = Rows(self.run.history, list(history))
        self.live.take_history(history)
        self.live.snapshots += read_snapshots(self.run.snapshots)
        if history:
            self.last_step = int(history["step"][-1])
            self.begun -= float(history["time"][-1])

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.open:
            return
        if error is None:
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self.finish("interrupted", "SIGINT")
        else:
            self.finish("failed", f"{type(error).__name__}: {error}")

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, earlier sessions included."""
        return time.perf_counter() - self.begun

    @contextmanager
    def spending(self, purpose: str) -> Iterator[None]:
        """Count the time inside as spent on `watching`, on `drawing` (a part of it) or on `saving`, not on training."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[purpose] += time.perf_counter() - start

    def log(self, step: int, **columns: Number | None) -> None:
        """Take a step's numbers; they become a row of history.csv within a second or 256 rows.

        Diagnosis reads the columns d_loss, d_loss_real, d_loss_fake, g_loss, d_acc_real, d_acc_fake, d_real, d_fake,
        grad_d, grad_g and grad_g_output; others are written down all the same. A step may lack some of them. NaN and
        Inf are written and told, and the loop goes on.

        Args:
            step: the training step, from 0, larger than the one before.
            columns: each a number, or a tensor that holds one and is not waited for. None stands for a column that
                this loss does not have.

        Raises:
            RunError: the step does not grow, a value is no single number, a name cannot be a column's, or the run is
                finished.
        """
        self._require_open()
        require_growing(step, self.last_step, "log")
        self.rows.add(step, self.elapsed, columns)
        self.last_step = step
        if len(self.rows) == BLOCK or time.perf_counter() - self.last_flush > FLUSH_SECONDS:
            self.flush()

    def flush(self, sync: bool = False) -> None:
        """Write the rows taken so far.

        Args:
            sync: also wait until the disk has them, as a checkpoint must.
        """
        rows = self.rows.write()
        if rows:
            was_finite = self.live.non_finite is None
            self.live.take(rows)
            for view in self.views:
                view.progress(rows)
            if was_finite and self.live.non_finite is not None:
                self.warn(f"{self.live.non_finite.signal} is NaN or infinite at step {self.live.non_finite.step}")
        if sync:
            sync_file(self.run.history)
            sync_file(self.run.snapshots)
        self.last_flush = time.perf_counter()

    def require_finite(self) -> None:
        """Raise NonFinite where a row written so far holds NaN or Inf."""
        if self.live.non_finite is not None:
            raise NonFinite(self.live.non_finite.step, self.live.non_finite.signal)

    def snapshot(
        self,
        step: int,
        samples: Array,
        *,
        asked: Array | None = None,
        protocol: Mapping[str, str] | None = None,
        own: OwnStatistics | None = None,
        **scores: float,
    ) -> Verdict:
        """Judge what the generator makes now: a row of snapshots.jsonl, a picture, and what the run reads as so far.

        Args:
            step: the training step, from 0, larger than that of the snapshot before.
            samples: float images (N, C, H, W) in [-1, 1] or points (N, 2), N >= 2, on any device; 1,000 tell much more
                than 100. Those of one run are compared best where they come from the same latents each time and from
                a generator in eval mode.
            asked: of a conditional GAN, the class that each sample was to be of, (N,) integers from 0 as in the labels
                of `real`.
            protocol: how they were made, in words; it stands in the row.
            own: what the game of ganlab's own loop adds.
            scores: the discriminator's mean scores d_train, d_held_out and d_fake, where they are known.

        Returns:
            The verdict on what is known so far.

        Raises:
            DataError: samples of a type, shape or range that cannot be.
            RunError: the step does not grow, a score has another name, or the run is finished.
        """
        self._require_open()
        snapshots = self.live.snapshots
        require_growing(step, snapshots[-1]["step"] if snapshots else None, "snapshot")
        for name in scores:
            if name not in SCORES:
                raise RunError(f"snapshot() knows no score {name!r}", f"scores are {', '.join(SCORES)}")
        with self.spending("watching"):
            values = checked(samples, None if self.comparison is None else self.comparison.shape)
            self.flush()
            if not snapshots and values.dim() == 4 and bool((values >= 0).all()):
                self.warn("no pixel of the samples is below 0: these look like images in [0, 1], not in [-1, 1]")
            own = own or OwnStatistics(asked=None if asked is None else self._asked(asked, len(values)))
            row = {"step": step, "time": round(self.elapsed, 3), **self._statistics(values, step == self.steps, own)}
            row |= {name: float(score) for name, score in scores.items()} | own.row()
            row["protocol"] = {**row["protocol"], **(protocol or {})}
            snapshots.append(append_snapshot(self.run.snapshots, row))
            self.samples = (step, values)
            self._picture(step, values)
            if own.gallery is not None:
                pixels = tile(to_pixels(own.gallery.numpy()), columns=10)
                save_png(pixels, self.run.samples / f"gallery_{step:07d}.png")
            verdict = self._judge(ended=False)
            if values.dim() == 4 and step and self.seconds["drawing"] + DRAWING < PLOT_BUDGET * self.elapsed:
                self._draw(("png",))
        return verdict

    def _asked(self, asked: Array, count: int) -> Asked:
        """Take what a foreign loop asked its generator for.

        Raises:
            DataError: it is not one class of the real data for each sample.
        """
        labels = checked_labels(asked, count, "asked")
        known = 0 if self.comparison is None else len(self.comparison.features.class_names)
        if int(labels.max()) >= known:
            raise DataError(
                f"asked holds class {int(labels.max())}, and the real data have {known} classes",
                "give `real` with its labels, and classes by their numbers in these",
            )
        return Asked(labels)

    def _statistics(self, samples: Tensor, thorough: bool, own: OwnStatistics) -> dict[str, Any]:
        if self.comparison is not None:
            return self.comparison.row(samples, thorough, own.asked, own.phase and own.phase.size)
        alone = {"n": len(samples), "diversity": mean_pairwise_distance(samples)}
        return {**alone, "protocol": {"space": space_of(samples)}}

    def _judge(self, ended: bool) -> Verdict:
        """Diagnose what is known, keep the verdict, and tell it; log.txt hears of it where it changes."""
        evidence = self.live.so_far(ended)
        verdict = diagnose(evidence) if ended else reading_of(evidence)
        if self.reading is None or verdict.name != self.reading.name:
            self._write_line(f"step {verdict.steps[1]} reads as {verdict.name}: {verdict.summary}")
        self.reading = verdict
        write_json(self.run.verdict, verdict.as_json())
        for view in self.views:
            view.reading(verdict)
        return verdict

    def _picture(self, step: int, samples: Tensor) -> None:
        if samples.dim() == 4:
            pixels = tile(to_pixels(samples[:GRID].numpy()), columns=10)
        else:
            real = samples if self.comparison is None else self.comparison.held_out
            pixels = scatter(samples.numpy(), real.numpy())
        save_png(pixels, self.run.samples / f"step_{step:07d}.png")
        if self.keep_samples:
            kept = to_uint8(samples) if samples.dim() == 4 else samples
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **{f"step_{step:07d}": kept.numpy()})  # type: ignore[arg-type]
            atomic_write(self.run.samples / f"step_{step:07d}.npz", buffer.getvalue())
        for view in self.views:
            view.picture(step, pixels)

    def finish(self, status: str = "finished", reason: str = "") -> Verdict:
        """End the run: look at its last samples thoroughly, judge it, draw the plots, and close the directory.

        Args:
            status: how it ended, for run.json: finished, stopped, interrupted or failed.
            reason: why, where it did not finish.

        Returns:
            The verdict, which stands in verdict.json too.

        Raises:
            RunError: the run is finished already.
        """
        self._require_open()
        with self.spending("watching"):
            self.flush(sync=True)
            self._look_thoroughly()
            verdict = self._judge(ended=True)
            self._illustrate(verdict)
        self.close(status, reason)
        return verdict

    def _look_thoroughly(self) -> None:
        """Look for copies among the last snapshot's samples, where that has not been done, and write its row anew."""
        if self.comparison is None or self.samples is None or self.samples[0] == self.steps:
            return
        step, values = self.samples
        row = self.live.snapshots[-1]
        found = self.comparison.row(values, thorough=True, pixels=row.get("phase_size"))
        cut_snapshots(self.run.snapshots, step - 1)
        self.live.snapshots[-1] = append_snapshot(
            self.run.snapshots, {**row, **found, "protocol": {**row["protocol"], **found["protocol"]}}
        )

    def close(self, status: str, reason: str = "") -> None:
        """Say in run.json how the run ended, without judging it, and let the directory go.

        Args:
            status: finished, stopped, interrupted or failed.
            reason: why, where it did not finish.
        """
        spent = time.perf_counter() - self.session
        shares = {f"{what}_share": round(self.seconds[what] / spent, 4) for what in ("watching", "saving")}
        self.status = self.status.changed(
            status=status,
            reason=reason,
            step=self.last_step or 0,
            ended=now(),
            seconds=round(self.elapsed, 3),
            cost=Cost(**shares),
        )
        self.open = False
        try:
            self.run.write_status(self.status)
        finally:
            for view in self.views:
                view.end()
            self.held.close()

    def _require_open(self) -> None:
        if not self.open:
            raise RunError(f"{self.run.path.name} is finished", "make a new Monitor for another run")

    def _illustrate(self, verdict: Verdict) -> None:
        """Draw what shows the run at its end: curves, the samples as they came to be, and why the verdict is true."""
        self._draw(("png", "svg"))
        write_verdict(self.run.path, self.live.so_far(ended=True), verdict, self._sheet())
        self._draw_phases()
        pictures = sorted(self.run.samples.glob("step_*.png"))
        pictures = [pictures[index] for index in evenly_spaced(len(pictures))]
        frames = [np.asarray(Image.open(path).convert("RGB")) for path in pictures]
        if frames:
            labels = [f"step {int(path.stem.removeprefix('step_'))}" for path in pictures]
            save_gif(frames, labels, self.run.samples / "evolution.gif")

    def _draw_phases(self) -> None:
        """Draw, of a growing run, the last grid of each size side by side."""
        last = {row["phase_size"]: row["step"] for row in self.live.snapshots if "phase_size" in row}
        files = {size: self.run.samples / f"step_{step:07d}.png" for size, step in last.items()}
        grids = [np.asarray(Image.open(path).convert("RGB")) for path in files.values() if path.is_file()]
        if len(grids) == len(files) > 1:
            labels = [f"{size} x {size}, step {step:,}" for size, step in last.items()]
            save_png(side_by_side(grids, labels), self.run.plots / "phases.png")

    def _sheet(self) -> Pixels | Figure | None:
        """Draw the last samples with near-duplicates marked."""
        if self.live.basis.experiment is not None:
            return sheet_of_run(self.run, self.live.so_far(ended=True))
        if self.samples is None or self.samples[1].dim() != 4:
            return None
        step, values = self.samples
        return sheet_of_images(to_pixels(values[:GRID].numpy()), f"Samples at step {step:,}")

    def _draw(self, formats: Sequence[Literal["png", "svg"]]) -> None:
        with self.spending("drawing"):
            history = read_history(self.run.history)
            chance = math.log(2) if self.live.basis.family == "cross_entropy" else None
            drawn = {
                "losses": figures.losses(history, chance),
                "accuracies": figures.accuracies(history),
                "gradients": figures.gradients(history),
                "diversity": figures.diversity(self.live.snapshots),
            }
            for name, figure in drawn.items():
                figures.save_figure(figure, self.run.plots / name, formats)

    def note(self, text: str) -> None:
        """Write a line to log.txt and show it."""
        self._write_line(text)
        for view in self.views:
            view.note(text)

    def warn(self, text: str) -> None:
        """Write a warning to log.txt and show it."""
        self._write_line(f"warning: {text}")
        for view in self.views:
            view.warn(text)

    def _write_line(self, text: str) -> None:
        # One line a message: a newline or an escape in user text must not forge another.
        append_text(self.run.log, f"{now()} {one_line(text)}\n")


def require_growing(step: object, last: int | None, call: str) -> None:
    """Raise RunError unless a step is an integer from 0 that is larger than the last one."""
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or step < 0:
        raise RunError(f"{call}() was given {step!r} for a step", "a step is an integer from 0")
    if last is not None and step <= last:
        raise RunError(
            f"{call}() was given step {step} after step {last}",
            "steps grow; give all numbers of a step in one call, and one set of samples",
        )


def checked_name(name: str) -> str:
    """Return the name of a run, unless it is none.

    Raises:
        ConfigError: an experiment could not be called that.
    """
    try:
        return Experiment(name=name).name
    except ValidationError as error:
        raise ConfigError(
            f"a run cannot be called {name!r:.100}",
            "start with a letter or a digit, go on with letters, digits, `_`, `.` or `-`, at most 64",
        ) from error


def check_plan(loss: str | None, steps: int | None) -> None:
    """Raise ConfigError for a loss that is not known, or a number of steps that cannot be."""
    if loss is not None and loss not in LOSSES:
        raise ConfigError(f"loss is {loss!r}", f"losses are {', '.join(LOSSES)}; leave it out where yours is another")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise ConfigError(f"steps is {steps!r}", "give the number of steps that are planned, or leave it out")


def versions() -> dict[str, str]:
    """Return what a bit-for-bit repetition depends on."""
    return {"ganlab": __version__, "python": platform.python_version(), "torch": str(torch.__version__)}
