"""The arms of a treatment in words, from plain values as treatment.json has them: for the terminal and for pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ganlab.config.yaml_text import settings_words
from ganlab.runs.names import RANDOM, UNCHANGED
from ganlab.sweeps.counting import rate_words
from ganlab.verdicts import words

Values = Mapping[str, Any]
"""An arm, or a trial of one, as treatment.json has it."""


class ArmRow(NamedTuple):
    """An arm as a row of a table.

    Attributes:
        name: what it is called, and where its trials start if that is not step 0.
        change: what it changes: settings, or words for a control.
        why: why that should help, with the source; empty for controls.
        verdicts: those of its trials, counted, the most frequent first.
        cured: k of n with its interval; `-` without trials.
        quality, variety: means over its trials, and in brackets over the unchanged ones of the same seeds; `-` if they
            are not known.
        seconds: what its trials took.
        conclusion: what is known of it.
    """

    name: str
    change: str
    why: str
    verdicts: str
    cured: str
    quality: str
    variety: str
    seconds: float
    conclusion: str


def arm_rows(arms: Sequence[Values]) -> list[ArmRow]:
    """Return a row for each arm, in their order."""
    unchanged: Sequence[Values] = next((arm["trials"] for arm in arms if arm["kind"] == UNCHANGED), ())
    return [_row(arm, unchanged) for arm in arms]


def change_words(arm: Values) -> str:
    """Return what an arm changes: `latent.dim: 64; loss: hinge`."""
    if arm["kind"] == UNCHANGED:
        return "nothing"
    return settings_words(arm["change"]) if arm["change"] else "one change at random for each seed"


def length_words(steps: int, own_steps: int) -> str:
    """Return how long a trial is, and whether that is the run's own length."""
    own = "as many as the run plans" if steps == own_steps else f"shortened from {own_steps:,}"
    return f"trials of {steps:,} steps ({own})"


def _row(arm: Values, unchanged: Sequence[Values]) -> ArmRow:
    trials = arm["trials"]
    return ArmRow(
        arm["name"] if arm["start"] == "step 0" else f"{arm['name']}, from {arm['start']}",
        change_words(arm),
        _reason(arm),
        _counted(trials),
        rate_words(arm["cured"], arm["n"]) if arm["n"] else "-",
        _beside(trials, unchanged, "quality"),
        _beside(trials, unchanged, "variety"),
        arm["seconds"],
        arm["conclusion"],
    )


def _reason(arm: Values) -> str:
    if arm["kind"] in (UNCHANGED, RANDOM):
        return ""
    if arm["kind"] == "asked":
        return "your own change"
    return f"{arm['why']} ({arm['source']})" if arm["source"] else str(arm["why"])


def _counted(trials: Sequence[Values]) -> str:
    """Return the verdicts of trials, the most frequent first: `mode collapse, partial x9; healthy x3`."""
    counts = Counter(words(trial["verdict"]) if trial["verdict"] else trial["state"] for trial in trials)
    return "; ".join(f"{name} x{count}" if count > 1 else name for name, count in counts.most_common()) or "-"


def _beside(trials: Sequence[Values], unchanged: Sequence[Values], what: str) -> str:
    """Return a mean over trials, and over the unchanged ones of the same seeds: `12.3 (275)`.

    A seed counts if both have the number. The unchanged trials stand for themselves.
    """
    others = {trial["seed"]: trial[what] for trial in unchanged}
    pairs = [(trial[what], others.get(trial["seed"])) for trial in trials]
    known = [(mine, other) for mine, other in pairs if mine is not None and other is not None]
    if not known:
        return "-"
    mine, other = (sum(values) / len(known) for values in zip(*known, strict=True))
    return f"{mine:.3g}" if trials is unchanged else f"{mine:.3g} ({other:.3g})"
