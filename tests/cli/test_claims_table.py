"""The claims table at every width: nothing of it is lost, nothing in it is active."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from ganlab.cli.claims_table import show_claims

CLAIM = "A latent dimension of 1 makes all samples look alike, and the loss of the generator goes up and down"
ROWS: list[dict[str, Any]] = [
    {
        "claim": CLAIM,
        "source": "practical guide",
        "expected": "mode_collapse",
        "runs": ["latent_1"],
        "words": "",
        "k": 3,
        "n": 3,
        "low": 0.438,
        "high": 1.0,
        "onset": 1200.0,
        "replicated": "yes",
    },
    {
        "claim": "",
        "source": "",
        "expected": "healthy",
        "runs": ["stable", "plain"],
        "words": "",
        "k": 1,
        "n": 10,
        "low": 0.018,
        "high": 0.404,
        "onset": None,
        "replicated": "no",
    },
]


def shown(rows: list[dict[str, Any]], width: int, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=terminal, markup=False, highlight=False, soft_wrap=True, no_color=True
    )
    show_claims(console, rows)
    return out.getvalue().replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")


def test_off_a_terminal_a_claim_is_one_line_however_long() -> None:
    first, second = shown(ROWS, 40, terminal=False).splitlines()
    assert first == f"yes       3 of 3 [0.44, 1.00]     onset 1,200      mode_collapse: {CLAIM} (practical guide)"
    assert second == "no        1 of 10 [0.02, 0.40]    no onset         healthy: stable, plain"


@pytest.mark.parametrize("width", [30, 60, 80, 110, 160, 300])
def test_in_a_terminal_no_line_is_wider_than_it_and_no_word_is_lost(width: int) -> None:
    told = shown(ROWS, width, terminal=True)
    assert all(len(line.rstrip()) <= width for line in told.splitlines())
    # A word may be broken where a column is narrower than it.
    for word in (*CLAIM.split(), "mode_collapse", "1,200", "[0.44,", "yes", "stable,", "no"):
        assert word in told or width < 60
    assert told.index("yes") < told.index("no ")


def test_wide_tables_have_their_headings() -> None:
    heading = shown(ROWS, 160, terminal=True).splitlines()[0].split()
    assert heading == ["claim", "source", "expected", "k", "of", "n", "interval", "onset", "replicated"]


@pytest.mark.parametrize(("width", "terminal"), [(60, True), (160, True), (80, False)])
def test_hostile_text_is_text(width: int, terminal: bool) -> None:
    hostile = "\x1b]0;title\x07[bold red]loud[/bold red] :smiley:"
    rows = [{**ROWS[0], "claim": hostile, "source": hostile, "expected": hostile}]
    told = shown(rows, width, terminal)
    assert "\x1b]" not in told
    assert "\x07" not in told
    assert "[bold" in told


def test_no_claims_is_said() -> None:
    assert "no claims" in shown([], 80, terminal=True)
