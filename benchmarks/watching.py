"""The cost of watching and saving: their share of the time of whole runs, one thread each.

    python benchmarks/watching.py                 # dcgan_mnist, guide_stable, mlp_mnist and ring: about 25 minutes
    python benchmarks/watching.py ring training.steps=2000     # one of them, with overrides

The page at the end comes after that; its share is of the run's time too.

Watching is everything except training and checkpoints: columns of history, flushes, snapshots, verdicts, plots, the
GIF. Its share falls as a run gets longer, because the plots at the end are drawn only once.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ganlab.config.load import load_experiment
from ganlab.report.making import leave_page
from ganlab.training import session

RUNS = ("dcgan_mnist", "guide_stable", "mlp_mnist", "ring")


def main(names: Sequence[str], overrides: Sequence[str]) -> None:
    """Train each experiment and print a row of the table in docs/speed.md."""
    print("| run | steps | watching | saving | page |")
    print("| --- | --- | --- | --- | --- |")
    for name in names:
        experiment = load_experiment(name, overrides)
        with tempfile.TemporaryDirectory() as folder:
            run = session.start(experiment, Path(folder), threads=1)
            began = time.perf_counter()
            leave_page(run)
            page, status = time.perf_counter() - began, run.status()
        cost = status.cost
        assert cost is not None
        assert status.seconds is not None
        steps, watching, saving = experiment.training.steps, cost.watching_share, cost.saving_share
        print(f"| `{name}` | {steps:,} | {watching:.1%} | {saving:.1%} | {page / status.seconds:.1%} |", flush=True)


if __name__ == "__main__":
    chosen = [argument for argument in sys.argv[1:] if "=" not in argument]
    main(chosen or RUNS, [argument for argument in sys.argv[1:] if "=" in argument])
