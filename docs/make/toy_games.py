"""The picture of two-number games in docs/zoo.md: the Dirac-GAN's eigenvalues, and who converges in bilinear games.

    python -m docs.make.toy_games    writes toy_games.png to docs/images/zoo

Prints the same figures. Takes ten seconds on one core.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganlab.config.load import experiment_from_mapping
from ganlab.objectives.bilinear import lookahead_rate, optimistic_rate, plain_rate, played
from ganlab.objectives.dirac import DiracGame
from ganlab.objectives.parts import build_parts
from ganlab.plots.figures import save_figure
from ganlab.plots.toy_games import Course, Eigenvalue, Panel, toy_games

PICTURES = Path(__file__).parents[1] / "images" / "zoo"

DAMPED = complex(-0.25, 0.4330127018922193)
GAMES: tuple[tuple[str, str, DiracGame, complex], ...] = (
    ("minimax", "\N{PLUS-MINUS SIGN} i/2", DiracGame(), 0.5j),
    ("non-saturating", "\N{PLUS-MINUS SIGN} i/2", DiracGame("non_saturating"), 0.5j),
    ("learning rates a 1, b 4", "\N{PLUS-MINUS SIGN} (i/2) sqrt(a b)", DiracGame(rates=(1.0, 4.0)), 1j),
    ("WGAN", "\N{PLUS-MINUS SIGN} i", DiracGame("wasserstein"), 1j),
    ("R1, g .5", "-g/2 \N{PLUS-MINUS SIGN} sqrt(g\u00b2/4 - 1/4)", DiracGame(penalties={"r1": 0.5}), DAMPED),
    ("R1, g 1", "the same", DiracGame(penalties={"r1": 1.0}), complex(-0.5)),
    ("R2, g .5", "the same", DiracGame(penalties={"r2": 0.5}), DAMPED),
    ("line, weight g/2 .25", "the same", DiracGame(penalties={"zero_centred_line": 0.25}), DAMPED),
    (
        "instance noise, s 1",
        "-s\u00b2/4 \N{PLUS-MINUS SIGN} sqrt(s\u2074/16 - 1/4)",
        DiracGame(noise=1.0),
        DAMPED,
    ),
    ("consensus, g 1", "-g/4 \N{PLUS-MINUS SIGN} i/2", DiracGame(consensus=1.0), complex(-0.25, 0.5)),
)
"""Games with their eigenvalues (Mescheder et al. 2018, section 3 and appendix D; consensus: by hand)."""

STEP = 0.1
"""Size of a step in the bilinear game, and Adam's learning rate there."""
STEPS = 400
OPTIMISM: dict[str, Any] = {"name": "optimism"}
LOOKAHEAD: dict[str, Any] = {"name": "lookahead", "every": 5, "alpha": 0.5}


def descent(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Make plain descent."""
    return torch.optim.SGD(weights, lr=STEP)


def adam(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Make Adam without momentum, and with a short memory, so that its step sizes follow the game."""
    return torch.optim.Adam(weights, lr=STEP, betas=(0.0, 0.9))


def usual_adam(weights: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Make Adam as ganlab's experiments have it."""
    return torch.optim.Adam(weights, lr=STEP, betas=(0.5, 0.999))


def bilinear(make: Any, *stabilizers: Mapping[str, Any]) -> Tensor:
    """Return the distances (STEPS + 1,) of the bilinear game played by an optimiser with these stabilizers."""
    parts = build_parts(experiment_from_mapping({"stabilizers": list(stabilizers)}), torch.device("cpu"))
    distances: Tensor = played(make, parts, STEPS).norm(dim=1)
    return distances


def dirac(penalty: str, weight: float, discriminator_steps: int) -> Tensor:
    """Return the distances (STEPS + 1,) of the Wasserstein Dirac-GAN with a penalty, D's steps before each of G's."""
    game = DiracGame("wasserstein", {penalty: weight})
    distances: Tensor = game.orbit((1.0, 0.5), STEP, STEPS, discriminator_steps).norm(dim=1)
    return distances


def main() -> None:
    """Play, draw, print."""
    torch.set_num_threads(1)
    PICTURES.mkdir(parents=True, exist_ok=True)
    rows = [Eigenvalue(name, words, value, game.eigenvalues()[-1]) for name, words, game, value in GAMES]
    for row in rows:
        print(f"{row.name}: theory {row.expected:.4f}, measured {row.measured:.4f}")
    plain, optimism, lookahead = ((), (OPTIMISM,), (LOOKAHEAD,))
    every = LOOKAHEAD["every"]
    panels = [
        Panel(
            f"x y by descent in steps of {STEP:g}",
            [
                Course("plain", bilinear(descent, *plain).numpy(), (150, 5.5), plain_rate(STEP)),
                Course("optimism", bilinear(descent, *optimism).numpy(), (120, 0.3), optimistic_rate(STEP)),
                Course(
                    "Lookahead",
                    bilinear(descent, *lookahead).numpy(),
                    (220, 1.0),
                    lookahead_rate(STEP, every, LOOKAHEAD["alpha"]),
                    every,
                ),
            ],
            (0.05, 20),
        ),
        Panel(
            f"x y by Adam, rate {STEP:g}, betas 0 and .9",
            [
                Course("plain", bilinear(adam, *plain).numpy(), (250, 1.3)),
                Course("optimism", bilinear(adam, *optimism).numpy(), (200, 0.4)),
                Course("Lookahead", bilinear(adam, *lookahead).numpy(), (200, 0.06), None, every),
            ],
            (0.01, 5),
        ),
        Panel(
            "Dirac-GAN with WGAN's loss",
            [
                Course("WGAN-GP .25, 1 D step", dirac("wgan_gp", 0.25, 1).numpy(), (110, 3.3)),
                Course("WGAN-GP .25, 5 D steps", dirac("wgan_gp", 0.25, 5).numpy(), (110, 0.45)),
                Course("WGAN-GP 1, 1 D step", dirac("wgan_gp", 1.0, 1).numpy(), (110, 5.5)),
                Course("R1 1, 1 D step", dirac("r1", 1.0, 1).numpy(), (100, 0.05)),
            ],
            (0.01, 9),
        ),
    ]
    for panel in panels:
        for course in panel.courses:
            late = course.distances[STEPS // 2 :]
            print(f"{panel.title}: {course.name}: last half {late.min():.3g} to {late.max():.3g}, end {late[-1]:.3g}")
    for name, cures in (("plain", plain), ("optimism", optimism), ("Lookahead", lookahead)):
        usual = bilinear(usual_adam, *cures)[STEPS // 2 :]
        print(f"x y by Adam, betas .5, .999: {name}: last half {usual.min():.3g} to {usual.max():.3g}")
    save_figure(toy_games(rows, panels), PICTURES / "toy_games", ("png",))


if __name__ == "__main__":
    main()
