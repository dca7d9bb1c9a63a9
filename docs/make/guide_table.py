"""The end of a guide_stable run compared with what the guide reports for its stable run.

python -m docs.make.guide_table RUN
"""

from __future__ import annotations

import sys

import numpy as np

from ganlab.api import load_run

GUIDE = {
    "d_loss_real": ("discriminator loss on real", ".5 to .8"),
    "d_loss_fake": ("discriminator loss on generated", ".5 to .8"),
    "g_loss": ("generator loss", ".5 to 2.0 or more"),
    "d_acc_real": ("accuracy on real, %", "70 to 80"),
    "d_acc_fake": ("accuracy on generated, %", "70 to 80"),
}
"""Column, its description, and the range that the guide reports for its stable run."""


def main(name: str) -> None:
    """Print the median and the 5 to 95 % range of the last 100 iterations."""
    run = load_run(name)
    history = run.history
    first, last = int(history["step"][-100]), int(history["step"][-1])
    title = f"{run.experiment.name}, seed {run.experiment.seed}, iterations {first} to {last}"
    print(f"| {title} | median | 5 to 95 % | the guide |")
    print("| --- | --- | --- | --- |")
    for column, (words, guide) in GUIDE.items():
        values = history[column][-100:] * (100 if column.startswith("d_acc") else 1)
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
        print(f"| {words} | {middle:.3g} | {low:.3g} to {high:.3g} | {guide} |")


if __name__ == "__main__":
    main(sys.argv[1])
