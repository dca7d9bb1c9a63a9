"""What differs between two recordings: to the last bit, or to a tolerance."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any


def differences(where: str, before: Any, now: Any, tolerance: float | None) -> Iterator[str]:
    """Yield a line for each difference between two values: numbers, cells that hold one, text, lists or mappings.

    Args:
        where: what the values are, for the line.
        before: what was recorded.
        now: what is found.
        tolerance: largest difference between numbers, relative, or absolute below 1; hashes are not compared then.
            None: every bit must be the same.
    """
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from differences(f"{where}[{index}]", *pair, tolerance)
    elif isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        for key in before.keys() - ({"sha256"} if tolerance else set()):
            yield from differences(f"{where}.{key}", before[key], now[key], tolerance)
    elif not (close(before, now, tolerance) if tolerance else same(before, now)):
        yield f"{where}: {before} -> {now}"


def mapping_differences(
    where: str, before: dict[str, Any], now: dict[str, Any], tolerance: float | None, added: frozenset[str]
) -> Iterator[str]:
    """Yield a line for each difference between two mappings, in which `added` keys may be new."""
    yield from (f"{where}: {key} is missing" for key in sorted(before.keys() - now.keys()))
    yield from (f"{where}: {key} is new" for key in sorted(now.keys() - before.keys() - added))
    for key in sorted(before.keys() & now.keys()):
        yield from differences(f"{where}: {key}", before[key], now[key], tolerance)


def same(before: Any, now: Any) -> bool:
    """Whether two values are one; 1 and 1.0 are not, nor are 0.0 and -0.0."""
    return json.dumps(before, sort_keys=True) == json.dumps(now, sort_keys=True)


def close(before: Any, now: Any, tolerance: float) -> bool:
    """Whether two numbers, or cells that hold one, are close; whatever is no number must be the same."""
    try:
        return math.isclose(float(before), float(now), rel_tol=tolerance, abs_tol=tolerance)
    except (TypeError, ValueError):
        return same(before, now)


def report(found: list[str]) -> str:
    """The first differences, for a failing test's message."""
    return "\n".join([f"{len(found)} differences; what was recorded -> what is found", *found[:40]])
