"""What a mistyped option, or a word after one, was probably meant to be."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("train smoke --fial-on diverged", "No such option: --fial-on. Did you mean --fail-on?"),
        ("diagnose x -fail-on diverged", "Did you mean --fail-on?"),
        ("sample x --cuont 4", "No such option: --cuont. Did you mean --count?"),
        ("train ring --steps 50", "No such option: --steps. Settings are given as KEY=VALUE: training.steps=50"),
        ("train ring --batch-size=32", "Settings are given as KEY=VALUE: training.batch_size=32"),
        ("resume ring --lr 1e-3", "Settings are given as KEY=VALUE: optimizer.lr=1e-3"),
        ("train ring --seed", "Settings are given as KEY=VALUE: seed=..."),
        ("sweep adam_map --latent-dmi 4", "Settings are given as KEY=VALUE: latent.dim=4"),
        ("ls netwoks", "is not one of configs, sweeps, runs, networks, games, losses, penalties, stabilizers, "),
        ("ls netwoks", "Did you mean networks?"),
        ("sweep --executor slrum", "'slrum' is not one of local, ray, slurm. Did you mean slurm?"),
    ],
)
def test_what_was_meant_is_proposed(typed: str, said: str) -> None:
    result = CliRunner().invoke(app, typed.split())
    assert result.exit_code == 2
    assert said in result.output
    assert "Usage:" in result.output


@pytest.mark.parametrize("typed", ["ls --qqqqqq", "train ring --qqqqqq", "ls qqqqqq", "sample x --wwww 3"])
def test_nothing_is_proposed_where_nothing_is_near(typed: str) -> None:
    result = CliRunner().invoke(app, typed.split())
    assert result.exit_code == 2
    assert "mean" not in result.output
    assert "KEY=VALUE:" not in result.output


def test_an_option_without_its_value_is_told_as_before() -> None:
    assert "Option '--real' requires an argument." in CliRunner().invoke(app, ["diagnose", "--real"]).output
