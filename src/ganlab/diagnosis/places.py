"""Places in a run, in words: `step 1,200`, `epoch 564`, `kimg 200`, in the unit in which its curves count."""

from __future__ import annotations

PER_NAME = {"image": 1000}
"""How many of a unit one of its names counts, where that is not 1: trainers that count images print thousands of them,
and name their snapshots after those."""


def names(unit: str) -> tuple[str, str]:
    """Return what one and several of a unit are called."""
    return ("kimg", "kimg") if unit == "image" else (unit, f"{unit}s")


def at(step: float, unit: str = "step") -> str:
    """Return where a step is: `step 1,200`, `epoch 564`, `kimg 200`."""
    return f"{names(unit)[0]} {number(step, unit)}"


def count(steps: float, unit: str = "step") -> str:
    """Return so many steps in words: `1,200 steps`, `1 epoch`, `200 kimg`."""
    shown = number(steps, unit)
    return f"{shown} {names(unit)[shown != '1']}"


def span(window: tuple[int, int], unit: str = "step") -> str:
    """Return the steps of a window: `1,200 to 2,000`, or one of them alone."""
    first, last = (number(step, unit) for step in window)
    return first if first == last else f"{first} to {last}"


def stretch(window: tuple[int, int], unit: str = "step") -> str:
    """Return the steps of a window as `steps 1,200 to 2,000`, or `step 1,200`."""
    return f"{names(unit)[window[0] != window[1]]} {span(window, unit)}"


def number(step: float, unit: str = "step") -> str:
    """Return a step alone: `1,200`, or `200` for image 200,000."""
    return f"{step / PER_NAME[unit]:,.10g}" if unit in PER_NAME else f"{step:,.0f}"
