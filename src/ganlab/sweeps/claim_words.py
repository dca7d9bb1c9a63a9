"""A claim of a sweep in words, for the terminal and for pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganlab.text import printable

Claim = Mapping[str, Any]
"""The fields of `claims.ClaimRow`, as `summary.json` holds them under `claims`."""

NONE = "no claims: no config outside a grid says what it expects, and the sweep states none"


def title(claim: Claim) -> str:
    """Return the claim in words; where it has none, the runs that it is about."""
    return str(claim["claim"] or ", ".join(claim["runs"]))


def with_source(claim: Claim) -> str:
    """Return the claim and its source, on one line."""
    source = f" ({claim['source']})" if claim["source"] else ""
    return printable(f"{title(claim)}{source}".replace("\n", " "))


def expected(claim: Claim) -> str:
    """Return what must be seen in a run, on one line."""
    return printable(str(claim["expected"]).replace("\n", " "))


def k_of_n(claim: Claim) -> str:
    """Return in how many of the runs that could tell it was seen: `7 of 8`."""
    return f"{claim['k']} of {claim['n']}"


def interval(claim: Claim) -> str:
    """Return the interval of that share: `[0.53, 0.98]`."""
    return f"[{claim['low']:.2f}, {claim['high']:.2f}]"


def onset(claim: Claim) -> str:
    """Return the median step since when it is so: `1,200`; a dash if it has none."""
    return "-" if claim["onset"] is None else f"{claim['onset']:,.0f}"
