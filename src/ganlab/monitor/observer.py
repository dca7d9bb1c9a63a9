"""From samples to a row of statistics and a verdict: what a run reads as while it goes on, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor

from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from ganlab.domain import Domain, Images, Points
from ganlab.evaluation.battery import Asked
from ganlab.evaluation.spread import mean_pairwise_distance
from ganlab.games.rounds import Phase
from ganlab.monitor.comparison import Comparison
from ganlab.monitor.live import stands
from ganlab.monitor.pictures import Pictures
from ganlab.monitor.recorder import Recorder
from ganlab.plots.landscape import Landscape
from ganlab.runs.files import write_json
from ganlab.runs.snapshots import SAMPLES, best_step
from ganlab.verdicts import matches


class SampleFacts(NamedTuple):
    """What is known of a snapshot's samples besides their values.

    Attributes:
        protocol: how they were made, in words.
        scores: the discriminator's mean scores: `d_train`, `d_held_out`, `d_fake`.
        asked: what each sample was to be.
        game: the game that made them; empty if another program's loop did.
        values: the game's own statistics, by name.
        phase: of a growing run, its current size.
        gallery: up to 100 images (N, C, H, W), ten a row, or points (N, 2), that show what the game is about.
        landscape: of a game on 2-D points, what the discriminator scores where, and which way samples are pushed.
    """

    protocol: Mapping[str, str] = {}
    scores: Mapping[str, float] = {}
    asked: Asked | None = None
    game: str = ""
    values: Mapping[str, float] = {}
    phase: Phase | None = None
    gallery: Tensor | None = None
    landscape: Landscape | None = None

    def row(self) -> dict[str, float | str]:
        """Return the keys that they add to a row of snapshots.jsonl."""
        game = {"game": self.game} if self.game else {}
        phase = {} if self.phase is None else {"phase_size": self.phase.size, "phase_since": self.phase.since}
        return {**self.scores, **game, **self.values, **phase}


class Observer:
    """Judges what a generator makes, snapshot by snapshot.

    Args:
        recorder: of the run.
        comparison: with real samples; None if there are none.
        pictures: of the run.

    Attributes:
        reading: what the newest snapshot was judged to show; None before the first.
    """

    def __init__(self, recorder: Recorder, comparison: Comparison | None, pictures: Pictures) -> None:
        self.recorder = recorder
        self.comparison = comparison
        self.pictures = pictures
        self.planned = recorder.status.steps
        self.reading: Verdict | None = None
        self.samples: tuple[int, Tensor] | None = None

    def snapshot(self, step: int, samples: Tensor, domain: Domain, facts: SampleFacts) -> Verdict:
        """Write a row of snapshots.jsonl and a picture, and return what the run reads as so far.

        Args:
            step: the training step, larger than that of the snapshot before.
            samples: float32 images (N, C, H, W) in [-1, 1] or points (N, 2), N >= 2, on the CPU.
            domain: which of the two.
            facts: what else is known of them.
        """
        self.recorder.flush()
        statistics: dict[str, Any] = {"n": len(samples), "protocol": {"space": domain.space}}
        with self.recorder.tolerating(f"the statistics of step {step}"):
            statistics = self._statistics(samples, domain, step == self.planned, facts)
        row = {"step": step, "time": round(self.recorder.elapsed, 3), **statistics, **facts.row()}
        row["protocol"] = {**statistics["protocol"], **facts.protocol}
        if not samples.isfinite().all():
            row["non_finite"] = [SAMPLES]
            if not any(SAMPLES in before.non_finite for before in self.recorder.evidence.snapshots):
                self.recorder.warn(f"samples hold NaN or infinite numbers at step {step}")
        self.recorder.add_snapshot(row)
        self.samples = (step, samples)
        real = self.comparison.held_out if self.comparison is not None and isinstance(domain, Points) else None
        with self.recorder.tolerating(f"the picture of step {step}"):
            self.pictures.show(step, samples, domain, real, facts.gallery, facts.landscape)
        reading = self._judge(ended=False)
        if isinstance(domain, Images) and step:
            with self.recorder.tolerating("plots"):
                self.pictures.plot_if_cheap()
        return reading

    def _statistics(self, samples: Tensor, domain: Domain, thorough: bool, facts: SampleFacts) -> dict[str, Any]:
        if self.comparison is not None:
            pixels = facts.phase and facts.phase.size
            with self.recorder.preparing():
                self.comparison.prepare(len(samples), pixels)
            return self.comparison.row(samples, thorough, facts.asked, pixels)
        alone = {"n": len(samples), "diversity": mean_pairwise_distance(samples)}
        return {**alone, "protocol": {"space": domain.space}}

    def finish(self) -> Verdict:
        """Look at the last samples thoroughly, judge the whole run, and draw what shows it."""
        self.recorder.flush(sync=True)
        self._look_thoroughly()
        verdict = self._judge(ended=True)
        with self.recorder.tolerating("plots"):
            self.pictures.finish(self.recorder.evidence.so_far(ended=True), verdict)
        return verdict

    def _look_thoroughly(self) -> None:
        """Look for copies among the last samples, if that has not been done, and write their row again."""
        if self.comparison is None or self.samples is None or self.samples[0] == self.planned:
            return
        with self.recorder.tolerating("a thorough look at the last samples"):
            row = self.recorder.evidence.snapshots[-1]
            found = self.comparison.row(self.samples[1], thorough=True, pixels=row.get("phase_size"))
            self.recorder.replace_last_snapshot({**row, **found, "protocol": {**row["protocol"], **found["protocol"]}})

    def _judge(self, ended: bool) -> Verdict:
        """Diagnose what is known and write verdict.json; log.txt gets a line if the verdict is another one."""
        before, verdict = self.reading, None
        with self.recorder.tolerating("a verdict"):
            verdict = diagnose(self.recorder.evidence.so_far(ended))
        self.reading = verdict = verdict or self.reading_so_far
        with self.recorder.tolerating("verdict.json"):
            if before is None or verdict.name != before.name:
                self.recorder.write_line(f"step {verdict.steps[1]} reads as {verdict.name}: {verdict.summary}")
            write_json(self.recorder.run.verdict, verdict.as_json())
        for view in self.recorder.views:
            view.reading(verdict)
        return verdict

    @property
    def reading_so_far(self) -> Verdict:
        """What the newest snapshot was judged to show; before the first, that nothing is known."""
        return self.reading or diagnose(self.recorder.evidence.basis)

    def stands(self, names: tuple[str, ...]) -> bool:
        """Return whether the run has read as one of `failure` or `failure/variant` names long enough to end it."""
        if self.reading is None or not matches(self.reading.name, names):
            return False
        return stands(self.recorder.evidence.so_far(), names)

    @property
    def best_step(self) -> int | None:
        """The step of the best snapshot so far; None if none can be told."""
        return best_step(self.recorder.evidence.snapshots)
