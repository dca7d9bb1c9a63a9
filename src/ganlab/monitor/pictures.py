"""The pictures of a run, made from arrays: grids, plots, the sheet of near-duplicates, the evolution and the phases.

What each snapshot shows is also kept as numbers, `samples/shown_<step>.npz`, so that no picture is ever read back.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from torch import Tensor

from ganlab.data import to_stored
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.verdict_files import samples_of_run, write_verdict
from ganlab.domain import Domain
from ganlab.monitor.recorder import Recorder
from ganlab.plots import figures
from ganlab.plots.grids import evenly_spaced, save_gif, save_png, side_by_side
from ganlab.plots.landscape import Landscape
from ganlab.plots.shown import Shown, read_shown
from ganlab.runs.files import atomic_write
from ganlab.runs.history import read_history

KEPT = 120
"""Snapshots of which samples and landscape are kept as numbers, at most: twice the frames of evolution.gif."""

PLOT_BUDGET = 0.01
"""Plots are drawn during a run only while drawing them costs less than this share of its time."""

DRAWING = 0.5
"""Seconds that drawing them takes, about."""


class Pictures:
    """Draws what a run shows into its directory.

    Args:
        recorder: of the run.
        keep_samples: also keep all samples of each snapshot as numbers, `samples/step_<step>.npz`.
    """

    def __init__(self, recorder: Recorder, keep_samples: bool = False) -> None:
        self.recorder = recorder
        self.run = recorder.run
        self.keep_samples = keep_samples

    def show(
        self, step: int, samples: Tensor, domain: Domain, real: Tensor | None, gallery: Tensor | None = None,
        landscape: Landscape | None = None,
    ) -> None:  # fmt: skip
        """Draw a snapshot's samples; its row is written already.

        Args:
            step: the training step.
            samples: float32 images (N, C, H, W) in [-1, 1] or points (N, 2).
            domain: which of the two.
            real: real points (M, 2), to be drawn behind points.
            gallery: up to 100 images (N, C, H, W), ten a row, or points (N, 2), that show what the game is about.
            landscape: of a game on points; it is kept as numbers.
        """
        shown = Shown.of(samples.numpy(), domain, None if real is None else real.numpy())
        picture = shown.picture()
        # The disk is waited for once: the numbers are kept, and the picture could be drawn from them again.
        save_png(picture, self.run.grid_file(step), sync=False)
        shown.write(self.run.shown_file(step))
        if landscape is not None:
            landscape.write(self.run.landscape_file(step))
        self._thin()
        if self.keep_samples:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **{f"step_{step:07d}": to_stored(samples, domain).numpy()})  # type: ignore[arg-type]
            atomic_write(self.run.samples / f"step_{step:07d}.npz", buffer.getvalue())
        for view in self.recorder.views:
            view.picture(step, picture)
        if gallery is not None:
            drawn = Shown.of(gallery.numpy(), domain, None if real is None else real.numpy())
            save_png(drawn.picture(), self.run.samples / f"gallery_{step:07d}.png")

    def _thin(self) -> None:
        """Keep the numbers of the first snapshot, of evenly spaced ones, of the last, and of the last of each size.

        What is kept depends on the rows of snapshots.jsonl alone, so that a resumed run keeps what a whole one does;
        what an earlier session left beyond the checkpoint goes.
        """
        rows = self.recorder.evidence.snapshots
        stride = 1
        while len(rows) > KEPT * stride:
            stride *= 2
        sizes = [row.get("phase_size") for row in rows]
        ends = [index + 1 == len(rows) or sizes[index] != sizes[index + 1] for index in range(len(rows))]
        kept = {row.step for index, row in enumerate(rows) if index % stride == 0 or ends[index]}
        for step, path in (*self.run.shown(), *self.run.landscapes()):
            if step not in kept:
                path.unlink(missing_ok=True)

    def plot_if_cheap(self) -> None:
        """Draw the plots of a run that goes on, if that takes less than a hundredth of its time."""
        if self.recorder.seconds["drawing"] + DRAWING < PLOT_BUDGET * self.recorder.elapsed:
            self.plot(("png",))

    def plot(self, formats: Sequence[Literal["png", "svg"]]) -> None:
        """Draw losses, accuracies, gradients and diversity over the steps."""
        with self.recorder.spending("drawing"):
            evidence = self.recorder.evidence
            history = read_history(self.run.history)
            chance = math.log(2) if evidence.basis.family == "cross_entropy" else None
            drawn = {
                "losses": figures.losses(history, chance),
                "accuracies": figures.accuracies(history),
                "gradients": figures.gradients(history),
                "diversity": figures.diversity(evidence.snapshots),
            }
            for name, figure in drawn.items():
                figures.save_figure(figure, self.run.plots / name, formats)

    def finish(self, evidence: Evidence, verdict: Verdict) -> None:
        """Draw what shows the run at its end: curves, why the verdict is true, and how the samples came to be.

        Raises:
            RunError: the numbers of an earlier session's snapshot are damaged.
        """
        self.plot(("png", "svg"))
        write_verdict(self.run.path, evidence, verdict, samples_of_run(self.run, evidence))
        self._draw_phases()
        self._draw_evolution()

    def _draw_phases(self) -> None:
        """Draw, of a growing run, the last grid of each size side by side."""
        last = {row["phase_size"]: row.step for row in self.recorder.evidence.snapshots if "phase_size" in row}
        kept = dict(self.run.shown())
        if len(last) > 1 and all(step in kept for step in last.values()):
            grids = [read_shown(kept[step]).picture() for step in last.values()]
            labels = [f"{size} x {size}, step {step:,}" for size, step in last.items()]
            save_png(side_by_side(grids, labels), self.run.plots / "phases.png")

    def _draw_evolution(self) -> None:
        """Draw the grids one after the other, evenly spaced over the run."""
        kept = self.run.shown()
        chosen = [kept[index] for index in evenly_spaced(len(kept))]
        if chosen:
            frames = [read_shown(path).picture() for _, path in chosen]
            save_gif(frames, [f"step {step}" for step, _ in chosen], self.run.samples / "evolution.gif")
