"""The gain from worker processes, and the cost of the scheduler.

    python benchmarks/sweep_throughput.py [--steps 2000] [--turns 2]

Trains 8 runs of the ring one after the other, each with `ganlab train` in a process of its own on one thread, and the
same 8 with `ganlab sweep` on two workers, in turns; prints the ratio of the smaller times. Then it measures the
scheduler's overhead per run: the time of a sweep of 8 runs on one worker, from the end of the first run to the end of
the last, minus the time in each run's run.json. Use two idle cores; `--turns 0` measures only the overhead.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ganlab.sweeps.executors.local import LocalExecutor
from ganlab.sweeps.folder import open_sweep
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.scheduler import job_of
from ganlab.sweeps.spec import load_spec

RUNS = 8


def ganlab(*arguments: str) -> float:
    """Run a ganlab command on one thread, and return the seconds that it took."""
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "ganlab", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - started


def overhead(spec: Path, folder: Path) -> float:
    """Return the seconds per run, after the first, that are neither training nor watching nor saving."""
    plan = make_plan(load_spec(spec))
    sweep = open_sweep(plan, folder)
    executor = LocalExecutor(1, 1, sweep.log)
    ends = []
    try:
        for planned in plan.runs:
            executor.submit(job_of(planned, sweep))
            while not executor.wait(1.0):
                pass
            ends.append(time.monotonic())
    finally:
        executor.close()
    inside = sum(sweep.run(planned.id).status().seconds or 0.0 for planned in plan.runs[1:])
    return (ends[-1] - ends[0] - inside) / (RUNS - 1)


def main(steps: int, turns: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        spec = folder / "ring.yaml"
        short = f"{{training.steps: {steps}, monitor.snapshot_every: {max(1, steps // 5)}}}"
        spec.write_text(f"name: ring\nbase: ring\nset: {short}\nseeds: {RUNS}\n")
        alone, together = [], []
        for turn in range(turns):
            overrides = [f"training.steps={steps}", f"monitor.snapshot_every={max(1, steps // 5)}"]
            runs = str(folder / f"alone{turn}")
            alone.append(sum(ganlab("train", "ring", f"seed={n}", *overrides, "--runs-dir", runs) for n in range(RUNS)))
            together.append(ganlab("sweep", str(spec), "--workers", "2", "--runs-dir", str(folder / f"sweep{turn}")))
        if turns:
            ratio = min(alone) / min(together)
            print(f"{RUNS} ring runs of {steps} steps: {min(alone):.0f} s one by one, {min(together):.0f} s as a sweep")
            print(
                f"ratio {ratio:.2f}; by turn: {', '.join(f'{a / b:.2f}' for a, b in zip(alone, together, strict=True))}"
            )
        print(f"scheduler: {overhead(spec, folder / 'one'):.3f} s per run after the first")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=2)
    main(**vars(parser.parse_args()))
