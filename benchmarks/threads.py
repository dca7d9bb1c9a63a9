"""What a second thread gains on idle cores, and what it costs on busy ones, for steps from short to long.

    python benchmarks/threads.py            # about a minute
    python benchmarks/threads.py guide      # one of them

Steps on one thread and on two alternate in one process, once on their own and once beside two processes that keep two
cores busy, which are paused in between. The ratios are of medians. Needs Linux and two otherwise idle cores; if there
are none, `nice -n -20` comes close. `SHORT_STEP` in src/ganlab/training/threads.py rests on the result.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

# As the command line sets it; read when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

import torch

from ganlab.config.load import load_experiment
from ganlab.data import load
from ganlab.training.process import process_settings
from ganlab.training.step import train_step
from ganlab.training.threads import step_work
from ganlab.training.workbench import build_workbench

CPU = torch.device("cpu")
THREADS = (1, 2)
ROUNDS, SECONDS = 5, 0.15
"""Rounds of each case, and the time for which the steps of one are repeated, if a step takes less."""

CASES: dict[str, tuple[str, ...]] = {
    "ring": ("ring",),
    "stable": ("failures/stable",),
    "mlp": ("mlp_mnist",),
    "dcgan": ("dcgan_mnist",),
    "dcgan, width 64": ("dcgan_mnist", "generator.width=64", "discriminator.width=64"),
    "dcgan, width 96": ("dcgan_mnist", "generator.width=96", "discriminator.width=96"),
    "guide, half the batch": ("guide_stable", "training.batch_size=32", "training.generator_batch_size=64"),
    "guide": ("guide_stable",),
}
"""Experiment and overrides by name."""


def seconds_of(step: Callable[[], object], times: int) -> float:
    """Return the seconds a step takes, over several in a row."""
    start = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - start) / times


def alternate(step: Callable[[], object], rounds: int) -> list[float]:
    """Return the median seconds of a step on each number of threads."""
    found: dict[int, list[float]] = {threads: [] for threads in THREADS}
    for _ in range(rounds):
        for threads in THREADS:
            torch.set_num_threads(threads)
            once = seconds_of(step, 1)
            found[threads].append(seconds_of(step, max(1, min(100, int(SECONDS / once)))))
    return [statistics.median(found[threads]) for threads in THREADS]


def measure(name: str, busy: list[subprocess.Popen[bytes]]) -> None:
    """Print a row of the table in docs/speed.md."""
    experiment = load_experiment(CASES[name][0], CASES[name][1:])
    with process_settings(CPU, experiment.training, threads=1):
        data = load(experiment.data, experiment.training.batch_size)
        bench = build_workbench(experiment, data, CPU)

        def step() -> None:
            train_step(bench.state, bench.game, bench.feed)

        step()
        one, two = alternate(step, ROUNDS)
        for process in busy:
            process.send_signal(signal.SIGCONT)
        busy_one, busy_two = alternate(step, ROUNDS)
        for process in busy:
            process.send_signal(signal.SIGSTOP)
    work = step_work(experiment) / 1e9
    print(
        f"| {name} | {work:.3g} | {1e3 * one:.3g} | {1e3 * two:.3g} | {one / two:.2f} | {busy_one / busy_two:.2f} |",
        flush=True,
    )


def main(names: list[str]) -> None:
    """Measure each case, beside processes that are stopped at first."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in THREADS]
    try:
        for process in busy:
            process.send_signal(signal.SIGSTOP)
        print("| networks | GFLOP a step | ms, 1 thread | ms, 2 threads | ratio, idle cores | ratio, busy cores |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in names:
            measure(name, busy)
    finally:
        for process in busy:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main(sys.argv[1:] or list(CASES))
