"""What a step costs beside another job on the same two cores: threads that wait by spinning, and threads that do not.

    python benchmarks/shared_cores.py

Times steps of dcgan_mnist on two threads, each case in processes of its own that are bound to two cores: alone; beside
a second job of the same kind; and beside it with `GOMP_SPINCOUNT=20000` in both, as the command line sets it. Prints
ratios of medians. Needs Linux, GNU OpenMP (PyTorch's own on Linux) and two cores that nothing else uses.
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
    "alone, spinning shortly": ({"GOMP_SPINCOUNT": "20000"}, 1),
    "beside the same job": ({}, 2),
    "beside the same job, spinning shortly": ({"GOMP_SPINCOUNT": "20000"}, 2),
}
"""Environment, and jobs at once."""


def child() -> None:
    """Print the median time of a step, after a few to warm up."""
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
    """Return the median time of a step in each of several jobs at once, the mean over them."""
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("GOMP", "OMP"))}
    command = ["taskset", "-c", ",".join(map(str, cores)), sys.executable, __file__, "child"]
    running = [
        subprocess.Popen(command, env={**variables, **environment}, stdout=subprocess.PIPE, text=True)
        for _ in range(jobs)
    ]
    return statistics.mean(float(each.communicate()[0]) for each in running)


def main() -> None:
    """Measure every case and print it against the first."""
    times = {name: measure(*case) for name, case in CASES.items()}
    for name, seconds in times.items():
        print(f"{name}: {1000 * seconds:.0f} ms a step, {seconds / times['alone']:.1f} times as long as alone")


if __name__ == "__main__":
    if "child" in sys.argv[1:]:
        child()
    else:
        main()
