"""Memory over a long run: the slope of resident memory against the step, after a warm-up.

python benchmarks/memory.py            # 20,000 steps of configs/ring.yaml, 10,000 of a narrow dcgan_mnist.yaml
python benchmarks/memory.py ring       # one of them
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from ganlab.config.load import load_experiment
from ganlab.monitor.view import View
from ganlab.training import session

RUNS = {
    "ring": ["training.steps=20000", "monitor.snapshot_every=500", "monitor.checkpoint_every=1000"],
    "dcgan_mnist": [
        "training.steps=10000",
        "training.batch_size=16",
        "generator.width=8",
        "discriminator.width=8",
        "monitor.snapshot_every=250",
        "monitor.checkpoint_every=500",
    ],
}
WARM_UP = 0.2
"""Share of the steps that is ignored, while allocators and caches fill up."""


class Memory(View):
    """Records the process's resident memory whenever rows are written."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.steps: list[float] = []
        self.megabytes: list[float] = []

    def progress(self, rows: Sequence[dict[str, float]]) -> None:
        """Record the memory."""
        self.steps.append(rows[-1]["step"])
        self.megabytes.append(self.process.memory_info().rss / 2**20)


def main(names: Sequence[str]) -> None:
    """Train each experiment with all watching on, and print the least-squares slope."""
    print("| experiment | steps | samples | resident memory, MB | slope, MB per 10,000 steps |")
    print("| --- | --- | --- | --- | --- |")
    for name in names:
        experiment = load_experiment(name, RUNS[name])
        memory = Memory()
        with tempfile.TemporaryDirectory() as folder:
            session.start(experiment, Path(folder), (memory,))
        steps, megabytes = np.array(memory.steps), np.array(memory.megabytes)
        warm = steps > WARM_UP * experiment.training.steps
        slope = np.polyfit(steps[warm], megabytes[warm], 1)[0]
        print(
            f"| {name} | {experiment.training.steps} | {warm.sum()} | "
            f"{megabytes[warm].min():.0f} to {megabytes[warm].max():.0f} | {10_000 * slope:+.1f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1:] or list(RUNS))
