"""Generators that are exported: of every architecture and every game."""

from __future__ import annotations

import io

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.games import GAMES
from ganlab.config.networks import NETWORKS
from ganlab.errors import RunError
from ganlab.networks import build_generator
from ganlab.training.trained import exported

GAME_OF = {"progressive": "progressive", "translator": "cycle", "super_resolution": "super_resolution"}
"""A game of an architecture that cannot play the standard one."""
PLAYS = {game: name for name, game in GAME_OF.items()} | {"paired": "translator"}
CASES = dict.fromkeys(
    [
        *((name, GAME_OF.get(name, "standard")) for name in NETWORKS),
        *((PLAYS.get(game, "dcgan"), game) for game in GAMES),
    ]
)


def assert_takes_any_number(network: dict[str, object], game: dict[str, object]) -> None:
    setup = Experiment.model_validate(
        {"data": {"name": "mnist"}, "latent": {"dim": 5}, "generator": {"width": 4, **network}, "game": game}
    )
    generator = build_generator(setup).eval().requires_grad_(False)
    inputs = torch.rand(5, *setup.input_shape, generator=torch.Generator().manual_seed(0))
    program = torch.export.load(io.BytesIO(exported(generator, inputs[:2]))).module()
    for count in (1, 2, 5):
        torch.testing.assert_close(program(inputs[:count]), generator(inputs[:count]))


@pytest.mark.parametrize(("name", "game"), CASES)
def test_an_exported_generator_takes_any_number_of_inputs(name: str, game: str) -> None:
    needed = {"source": {"name": "mnist"}} if game == "cycle" else {}
    assert_takes_any_number({"name": name}, {"name": game, **needed})


@pytest.mark.parametrize("name", [name for name in NETWORKS if "conditional_batch" in NETWORKS[name].generator.norms])
def test_so_does_one_that_normalises_by_class(name: str) -> None:
    assert_takes_any_number({"name": name, "norm": "conditional_batch"}, {"name": "conditional"})


class OfTwo(nn.Module):
    """Works only on a batch of 2."""

    def forward(self, values: Tensor) -> Tensor:
        """Refuse any other."""
        return values.view(2, -1)


class Deciding(nn.Module):
    """Goes one way or the other by what it is given."""

    def forward(self, values: Tensor) -> Tensor:
        """Decide."""
        return values if values.sum() > 0 else -values


@pytest.mark.parametrize("network", [OfTwo, Deciding])
def test_a_generator_that_cannot_be_exported_is_refused_with_a_message(network: type[nn.Module]) -> None:
    with pytest.raises(RunError, match=r"torch\.export cannot write this generator: \w+: [^\n]+\n.*ganlab sample"):
        exported(network(), torch.rand(2, 3))
