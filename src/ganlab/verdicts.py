"""What a verdict can be called: one table, from which every list of names, every description and every colour is made.

A verdict is named `failure` or `failure/variant`, such as `diverged` or `mode_collapse/partial`.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Kind:
    """A verdict that a run can be given, or a failure that stands for all of its variants.

    Attributes:
        name: `failure` or `failure/variant`.
        meaning: in one line.
        hue: its colour, the same in every picture; variants are tints of their failure's.
        tone: `good`, `bad` (it accuses the run) or `open` (it holds nothing against the run, and does not praise it).
    """

    name: str
    meaning: str
    hue: str
    tone: Literal["good", "bad", "open"] = "bad"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("diverged/phase_change", "a growing GAN that diverged when a new size began", "#b12142"),
        Kind("diverged", "NaN, Inf, or a gradient or loss that explodes and does not recover", "#a50026"),
        Kind(
            "convergence_failure", "one network wins and the other learns nothing from it, or neither moves", "#0072b2"
        ),
        Kind(
            "convergence_failure/batch_norm_leak",
            "both networks win: batch statistics give away which images are real",
            "#85bbda",
        ),
        Kind(
            "convergence_failure/vanishing_gradient",
            "the discriminator dominates under the saturating loss: no gradient reaches the generator",
            "#4297c6",
        ),
        Kind(
            "convergence_failure/discriminator_dominates",
            "the discriminator recognises every fake, and the generator cannot keep up",
            "#2184bc",
        ),
        Kind(
            "convergence_failure/generator_dominates",
            "a weak discriminator accepts garbage as real",
            "#63a9d0",
        ),
        Kind(
            "convergence_failure/frozen",
            "the losses never move while the run goes on: nothing is learned any more",
            "#a7cce4",
        ),
        Kind("never_learned", "no snapshot ever showed samples that resemble the data", "#4a4a4a"),
        Kind("mode_collapse", "the samples vary less than the data", "#e69f00"),
        Kind(
            "mode_collapse/one_direction",
            "one of two translators makes nearly the same image of everything",
            "#faeac7",
        ),
        Kind("mode_collapse/total", "all samples are nearly the same", "#e9ab21"),
        Kind("condition_ignored", "the samples do not depend on the requested class", "#56b4e9"),
        Kind(
            "codes_ignored",
            "the generator does not use its codes: they cannot be read from the samples",
            "#0e5a5a",
        ),
        Kind(
            "cycle_shortcut",
            "a translation hides the original in a faint pattern, which makes the way back easy",
            "#f4a6a0",
        ),
        Kind("mode_collapse/cycling", "few modes at a time, different ones each time", "#f3d185"),
        Kind("mode_collapse/within_class", "each requested class yields only a few distinct samples", "#f6dda6"),
        Kind("mode_collapse/within_mode", "all modes are present, with little variety within each", "#f0c463"),
        Kind("mode_collapse/partial", "good samples that leave out some modes of the data", "#ecb842"),
        Kind("memorisation", "samples are copies of training images", "#7b4fa3"),
        Kind("discriminator_overfit", "the discriminator scores unseen real images like fakes", "#9bb13c"),
        Kind("degraded", "better earlier than now", "#8a5a3b"),
        Kind("oscillation", "the losses oscillate with one period and do not settle", "#cc79a7"),
        Kind(
            "under_trained",
            "not good yet and not seen to have stopped improving: nothing is wrong",
            "#ddd35a",
            tone="open",
        ),
        Kind("healthy", "good and varied samples, and nothing else was found", "#009e73", tone="good"),
        Kind(
            "inconclusive",
            "the evidence proves nothing; the verdict says what is missing",
            "#bdbdbd",
            tone="open",
        ),
    )
}
"""Every verdict by its name, in order of precedence: the first one that holds at the end of a run is its verdict."""

INCONCLUSIVE = "inconclusive"
"""The verdict on a run about which nothing is proved."""

UNKNOWN_HUE = "#b0307a"
"""Colour of a verdict that is not in the table, for example of a newer ganlab."""


def split(name: str) -> tuple[str, str | None]:
    """Return failure and variant of a verdict's name; None without a variant."""
    failure, _, variant = name.partition("/")
    return failure, variant or None


def join(failure: str, variant: str | None) -> str:
    """Return the name of a verdict: `failure/variant`, or `failure` without a variant."""
    return f"{failure}/{variant}" if variant else failure


def failure_of(name: str) -> str:
    """Return the failure of a verdict's name: `mode_collapse` of `mode_collapse/partial`."""
    return split(name)[0]


def matches(name: str, wanted: Collection[str]) -> bool:
    """Return whether a verdict is one of those wanted; a failure includes all of its variants."""
    return name in wanted or failure_of(name) in wanted


def words(name: str) -> str:
    """Return a verdict's name as words: `mode collapse, partial`."""
    return name.replace("_", " ").replace("/", ", ")


def short_words(name: str) -> str:
    """Return its variant, or the failure of one without a variant, as words: `partial`."""
    return words(name.rpartition("/")[2])


def certainty(name: str, confidence: float | None) -> str:
    """Return how sure a verdict is, `93 %`; empty if that is not known, or if the verdict is that nothing is proved."""
    return "" if confidence is None or name == INCONCLUSIVE else f"{100 * confidence:.0f} %"


def tone(name: str) -> Literal["good", "bad", "open"]:
    """Return the tone of a verdict; for a name that is not in the table, that of its failure, else `bad`."""
    kind = KINDS.get(name) or KINDS.get(failure_of(name))
    return kind.tone if kind else "bad"


def accuses(name: str) -> bool:
    """Return whether a verdict accuses a run."""
    return tone(name) == "bad"


def acquits(name: str) -> bool:
    """Return whether a verdict finds nothing wrong with a run; an inconclusive one does not."""
    return name != INCONCLUSIVE and not accuses(name)


def hue(name: str) -> str:
    """Return the colour of a verdict, `#rrggbb`; for a name that is not in the table, that of its failure."""
    kind = KINDS.get(name) or KINDS.get(failure_of(name))
    return kind.hue if kind else UNKNOWN_HUE


def rank(name: str) -> tuple[int, int]:
    """Return a key that sorts verdicts for display: by precedence, variants by their failure, unknown ones last."""
    names = list(KINDS)
    first = next((place for place, known in enumerate(names) if failure_of(known) == failure_of(name)), len(names))
    return first, names.index(name) if name in KINDS else -1


def refusal(name: str, accusing: bool = False) -> tuple[str, str] | None:
    """Say what is wrong with a name that somebody gave, and what is right; None for a name that can be used.

    Args:
        name: `failure` or `failure/variant`.
        accusing: whether it must be a verdict that accuses.
    """
    known = sorted((each for each in KINDS if not accusing or accuses(each)), key=rank)
    if name in known:
        return None
    failure, slash, variant = name.partition("/")
    failures = dict.fromkeys(map(failure_of, known))
    if failure in failures and not slash:
        return None
    if failure in failures:
        variants = {split(each)[1] or "": each for each in known if failure_of(each) == failure and each != failure}
        its = ", ".join(variants) or "none"
        return f"{failure} has no variant {variant!r}", f"{_guess(variant, variants)}its variants: {its}"
    meant = {short_words(each).replace(" ", "_"): each for each in known} | {each: each for each in (*known, *failures)}
    one, all_of_them = ("failure", "failures") if accusing else ("verdict", "verdicts")
    return f"{name!r} is not a {one}", f"{_guess(name, meant)}{all_of_them} are {', '.join(failures)}"


def _guess(typed: str, meant: Mapping[str, str]) -> str:
    """Return the question after the name that was probably meant, by what it may be called; nothing if none is near."""
    near = difflib.get_close_matches(typed[:100].lower(), meant, n=1)
    return f"did you mean {meant[near[0]]}? " if near else ""
