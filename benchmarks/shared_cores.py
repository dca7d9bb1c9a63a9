"""The cost of a step with another job on the same two cores: threads that wait by spinning, and threads that do not.

    python benchmarks/shared_cores.py

Times steps of dcgan_mnist on two threads, each case in its own processes that are bound to two cores: alone, next to a
second job of the same kind, and next to it with `GOMP_SPINCOUNT=20000` in both, as the command line sets it. Prints
ratios of medians. Needs Linux, GNU OpenMP (as in PyTorch's Linux wheels) and two otherwise idle cores.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

CORES, STEPS = 2, 20
CASES: dict[str, tuple[dict[str, str], int]] = {
    "alone": ({}, 1),
    "alone, spinning briefly": ({"GOMP_SPINCOUNT": "20000"}, 1),
    "next to the same job": ({}, 2),
    "next to the same job, spinning briefly": ({"GOMP_SPINCOUNT": "20000"}, 2),
}
"""Environment, and number of simultaneous jobs."""


def child() -> None:
    """Print the median time of a step, after a few warm-up steps."""
    import torch

    from ganlab.config.load import load_experiment
    from ganlab.data import load
    from ganlab.training.step import train_step
    from ganlab.training.workbench import build_workbench

    torch.set_num_threads(CORES)
    experiment = load_experiment("dcgan_mnist")
    bench = build_workbench(experiment, load(experiment.data, experiment.training.batch_size), torch.device("cpu"))
    times = []
    for _ in range(STEPS + 3):
        start = time.perf_counter()
        train_step(bench.state, bench.game, bench.feed)
        bench.state.step += 1
        times.append(time.perf_counter() - start)
    print(statistics.median(times[3:]))


def measure(environment: dict[str, str], jobs: int) -> float:
    """Return the median time of a step, averaged over several simultaneous jobs."""
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("GOMP", "OMP"))}
    command = ["taskset", "-c", ",".join(map(str, cores)), sys.executable, __file__, "child"]
    running = [
        subprocess.Popen(command, env={**variables, **environment}, stdout=subprocess.PIPE, text=True)
        for _ in range(jobs)
    ]
    return statistics.mean(float(each.communicate()[0]) for each in running)


def main() -> None:
    """Measure every case and print its ratio to the first."""
    times = {name: measure(*case) for name, case in CASES.items()}
    for name, seconds in times.items():
        print(f"{name}: {1000 * seconds:.0f} ms a step, {seconds / times['alone']:.1f} times as long as alone")


if __name__ == "__main__":
    if "child" in sys.argv[1:]:
        child()
    else:
        main()
