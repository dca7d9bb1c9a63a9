"""The table of verdicts, and what is made from it."""

from __future__ import annotations

import colorsys
import subprocess
import sys
from itertools import combinations

import pytest

from ganlab.verdicts import (
    KINDS,
    UNKNOWN_HUE,
    accuses,
    certainty,
    failure_of,
    hue,
    join,
    matches,
    rank,
    refusal,
    short_words,
    split,
    tone,
    words,
)

FAILURES = list(dict.fromkeys(map(failure_of, KINDS)))


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))


@pytest.mark.parametrize("name", KINDS)
def test_a_name_is_its_parts_and_can_be_said(name: str) -> None:
    assert KINDS[name].name == name
    assert KINDS[name].meaning
    assert join(*split(name)) == name
    assert failure_of(name) in KINDS  # that failure can be expected whatever the variant
    assert "_" not in words(name)
    assert "/" not in words(name)
    assert refusal(name) is None
    assert (refusal(name, accusing=True) is None) is accuses(name)


def test_words() -> None:
    assert words("mode_collapse/within_mode") == "mode collapse, within mode"
    assert short_words("mode_collapse/within_mode") == "within mode"
    assert short_words("never_learned") == "never learned"


def test_a_failure_stands_for_its_variants() -> None:
    assert matches("mode_collapse/total", ("healthy", "mode_collapse"))
    assert matches("mode_collapse/total", ("mode_collapse/total",))
    assert not matches("mode_collapse/total", ("mode_collapse/partial",))
    assert not matches("mode_collapse", ("mode_collapse/total",))


def test_what_does_not_accuse() -> None:
    assert [name for name in KINDS if not accuses(name)] == ["under_trained", "healthy", "inconclusive"]
    assert [tone(name) for name in ("healthy", "inconclusive", "of_tomorrow")] == ["good", "open", "bad"]


def test_every_failure_has_a_colour_of_its_own() -> None:
    for one, other in combinations([*map(hue, FAILURES), UNKNOWN_HUE], 2):
        assert max(abs(a - b) for a, b in zip(rgb(one), rgb(other), strict=True)) > 0.15


@pytest.mark.parametrize("failure", FAILURES)
def test_variants_are_tints_of_their_failure(failure: str) -> None:
    colours = [hue(name) for name in KINDS if failure_of(name) == failure]
    assert len(set(colours)) == len(colours)
    hues = [colorsys.rgb_to_hsv(*rgb(colour))[0] for colour in colours]
    assert max(hues) - min(hues) < 0.02


def test_names_that_are_not_known() -> None:
    assert hue("of_tomorrow/fully") == UNKNOWN_HUE
    assert hue("mode_collapse/of_tomorrow") == hue("mode_collapse")
    assert rank("of_tomorrow") > max(map(rank, KINDS))


def test_variants_are_shown_beside_their_failure() -> None:
    shown = [failure_of(name) for name in sorted(KINDS, key=rank)]
    assert [failure for place, failure in enumerate(shown) if failure not in shown[:place]] == FAILURES
    assert all(shown.count(each) == len(KINDS) - shown[::-1].index(each) - shown.index(each) for each in FAILURES)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("collapse", "'collapse' is not a verdict", "did you mean mode_collapse? verdicts are diverged, "),
        ("totl", "'totl' is not a verdict", "did you mean mode_collapse/total? verdicts are "),
        (
            "Mode_Colapse/totla",
            "'Mode_Colapse/totla' is not a verdict",
            "did you mean mode_collapse/total? verdicts are ",
        ),
        ("xyz", "'xyz' is not a verdict", "verdicts are diverged, "),
        (
            "mode_collapse/totl",
            "mode_collapse has no variant 'totl'",
            "did you mean mode_collapse/total? its variants: ",
        ),
        ("healthy/very", "healthy has no variant 'very'", "its variants: none"),
        ("diverged/", "diverged has no variant ''", "its variants: phase_change"),
    ],
)
def test_refusals_say_what_is_right(name: str, message: str, hint: str) -> None:
    wrong = refusal(name)
    assert wrong is not None
    assert wrong[0] == message
    assert wrong[1].startswith(hint)


def test_needs_nothing_but_python() -> None:
    code = "import sys, ganlab.verdicts\nassert not {'torch', 'numpy', 'pydantic'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "confidence", "said"),
    [
        ("healthy", 0.934, "93 %"),
        ("mode_collapse/partial", 1.0, "100 %"),
        ("inconclusive", 1.0, ""),
        ("healthy", None, ""),
    ],
)
def test_nobody_is_sure_that_nothing_is_proved(name: str, confidence: float | None, said: str) -> None:
    assert certainty(name, confidence) == said
