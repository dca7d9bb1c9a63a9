"""What has to be known to read the figures of `ganlab evaluate`: what caps them, and why one is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ganlab.text import listed, printable

LEGEND = (
    "real: what the same number of real samples score in the generator's place; "
    "↑ higher is better, ↓ lower is better, ~ the nearer to real the better"
)

Metrics = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Metrics by name, for each generator."""


def notes(metrics: Metrics, samples: int) -> Iterator[str]:
    """Say what was lost, what is a least number, how many samples were taken if not all, and why there is no number."""
    for generator, each in metrics.items():
        if lost := each.get("lost_classes", {}).get("value"):
            yield f"classes that are proved to be lost ({generator}): {listed(lost)}"
    supports = [each["birthday_support"] for each in metrics.values() if "birthday_support" in each]
    if any(is_least(each[key], each["protocol"]) for each in supports for key in ("value", "real")):
        yield "+: at least that many, as no two samples are near-duplicates"
    most = max(taken(figure["protocol"]) for each in metrics.values() for figure in each.values())
    if 0 < most < samples:
        yield f"figures take {most:,} of the {samples:,} samples: there are no more real ones to compare with"
    reasons: dict[str, dict[str, None]] = {}
    for each in metrics.values():
        for name, figure in each.items():
            if why := figure.get("why"):
                reasons.setdefault(why, {})[name] = None
    for why, names in reasons.items():
        yield f"-: {printable(why)} ({', '.join(names)})"


def is_least(support: Any, protocol: str) -> bool:
    """Return whether a number of different samples is the largest that so few samples can show."""
    return bool(support) and support == taken(protocol) ** 2


def taken(protocol: str) -> int:
    """Return how many samples a figure took, by its protocol; 0 if that does not say."""
    found = re.search(r"-(\d+)(k?)-vs-", protocol)
    return int(found[1]) * (1000 if found[2] else 1) if found else 0
