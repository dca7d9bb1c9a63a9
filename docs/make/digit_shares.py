"""Which digits a trained generator makes: the shares in 10,000 samples, by the nearest of 20,000 training images.

    python -m docs.make.digit_shares RUN [--live]

The nearest neighbour in pixels is right on about 96 % of the test digits (printed); it cannot
detect garbage, so look at the grid as well.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from ganlab.cli.options import DEFAULT_RUNS
from ganlab.config.data import MnistOptions
from ganlab.data import load, to_float
from ganlab.runs.directory import RunDirectory, find_run
from ganlab.training.trained import generate, load_game, sample_inputs


def nearest_labels(samples: Tensor, reals: Tensor, labels: Tensor) -> Tensor:
    """Return the label of the nearest real image for each sample; samples and real images are (N, pixels)."""
    return torch.cat([labels[torch.cdist(part, reals).argmin(dim=1)] for part in samples.split(1000)])


def main(run: RunDirectory, live: bool) -> None:
    """Print the shares of the ten digits, and how often the method is right on real digits."""
    data = load(MnistOptions(), batch_size=1)
    chosen = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))[:20_000]
    reals, labels = to_float(data.train.values[chosen]).flatten(1), data.train.labels[chosen]
    test = nearest_labels(to_float(data.held_out.values[:2000]).flatten(1), reals, labels)
    right = (test == data.held_out.labels[:2000]).float().mean()
    game = load_game(run, live=live)
    samples = generate(game, sample_inputs(game, 10_000, seed=0).inputs).flatten(1)
    shares = torch.bincount(nearest_labels(samples, reals, labels), minlength=10) / len(samples)
    print(f"{run.path.name}, {'live' if live else 'average'} generator, 10,000 samples, seed 0")
    print(f"nearest neighbour right on {100 * right:.1f} % of 2,000 test digits")
    print("| digit | " + " | ".join(map(str, range(10))) + " |")
    print("| --- " * 11 + "|")
    print("| share, % | " + " | ".join(f"{100 * share:.1f}" for share in shares) + " |")
    print(f"least: {100 * shares.min():.1f} %")


if __name__ == "__main__":
    main(find_run(sys.argv[1], DEFAULT_RUNS), live="--live" in sys.argv)
