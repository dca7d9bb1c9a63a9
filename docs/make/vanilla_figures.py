"""The pictures of the vanilla GAN in docs/zoo.md: its losses, the gradients in real runs, the Dirac-GAN's orbits.

    python -m docs.make.vanilla_figures    writes vanilla_{losses,gradients}.png, dirac_orbits.png to docs/images/zoo

Trains multilayer perceptrons on MNIST with both generator losses and two learning rates of the discriminator, four runs
of 20 seconds on one core, and prints the median gradient that reaches each generator while its discriminator is nearly
perfect.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganlab.api import train
from ganlab.config import objectives
from ganlab.objectives.dirac import DiracGame, measured_eigenvalues
from ganlab.plots.figures import History, save_figure
from ganlab.plots.theory import SURE, Orbit, dirac_orbits, generator_losses, gradient_against_accuracy

PICTURES = Path(__file__).parents[1] / "images" / "zoo"

SETUP: dict[str, Any] = {
    "name": "vanilla_gradients",
    "data": {"name": "mnist"},
    "latent": {"dim": 64},
    "generator": {"name": "mlp", "width": 128, "depth": 2, "norm": "batch"},
    "discriminator": {"name": "mlp", "width": 128, "depth": 2},
    "weight_init": {"name": "xavier"},
    "training": {"steps": 600, "batch_size": 128},
    "monitor": {"snapshot_every": 600, "snapshot_samples": 100, "checkpoint_every": 600},
}

RATES = (4.0e-4, 8.0e-4)
"""Learning rates of the discriminator, two and four times the generator's: its accuracy covers the range from chance to
perfect and then stays perfect if the loss saturates."""

LOSSES: tuple[objectives.Loss, ...] = ("minimax", "non_saturating")

DAMPED = complex(-0.25, 0.4330127018922193)
ORBITS: tuple[tuple[str, DiracGame, complex], ...] = (
    ("unregularised", DiracGame(), 0.5j),
    ("non-saturating", DiracGame("non_saturating"), 0.5j),
    ("instance noise, 1", DiracGame(noise=1.0), DAMPED),
    ("R1, critical: 1", DiracGame(penalties={"r1": 1.0}), complex(-0.5)),
    ("consensus, 1", DiracGame(consensus=1.0), complex(-0.25, 0.5)),
)
"""Games with the eigenvalues given by Mescheder et al. 2018 (consensus: derived by hand, -g/4 + i/2)."""

STEP_SIZE = 0.02
STEPS = 1250
"""25 units of time: two turns of the undamped orbit."""


def history(loss: objectives.Loss, rate: float, folder: Path) -> History:
    """Train with a loss and a learning rate of the discriminator, and return the history."""
    return train({**SETUP, "loss": loss, "optimizer": {"discriminator": {"lr": rate}}}, runs_dir=folder).history


def row(name: str, rate: float, columns: History) -> str:
    """Return a row with the median gradient while the discriminator is nearly perfect, and at other times."""
    sure = columns["d_acc_fake"] > SURE
    there, elsewhere = (np.median(columns["grad_g_output"][which]) for which in (sure, ~sure))
    return f"| {name} | {rate:g} | {sure.sum()} of {len(sure)} | {there:.2g} | {elsewhere:.2g} |"


def orbit(name: str, game: DiracGame, expected: complex) -> Orbit:
    """Follow a game from a start far from the equilibrium and from one near it."""
    far, near = (game.orbit(start, STEP_SIZE, STEPS) for start in ((1.5, 0.0), (1e-4, 0.0)))
    measured = measured_eigenvalues(near, STEP_SIZE)[-1]
    return Orbit(name, far.numpy(), near.numpy(), STEP_SIZE, expected, measured)


def main() -> None:
    """Train, draw, print."""
    torch.set_num_threads(1)
    PICTURES.mkdir(parents=True, exist_ok=True)
    print(f"| loss | D's learning rate | steps with accuracy on fakes > {SURE} | median gradient there | elsewhere |")
    print("| --- | --- | --- | --- | --- |")
    histories = {}
    with tempfile.TemporaryDirectory() as folder:
        for loss in LOSSES:
            name, runs = loss.replace("_", "-"), [history(loss, rate, Path(folder)) for rate in RATES]
            for rate, columns in zip(RATES, runs, strict=True):
                print(row(name, rate, columns))
            histories[name] = {key: np.concatenate([columns[key] for columns in runs]) for key in runs[0]}
    orbits = [orbit(*each) for each in ORBITS]
    save_figure(generator_losses(), PICTURES / "vanilla_losses", ("png",))
    save_figure(gradient_against_accuracy(histories), PICTURES / "vanilla_gradients", ("png",))
    save_figure(dirac_orbits(orbits), PICTURES / "dirac_orbits", ("png",))


if __name__ == "__main__":
    main()
