"""The arms of a treatment: the run unchanged, changes at random, and one arm for each cure that is to be tried."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal

from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, difference, with_settings
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.findings import Remedy
from ganlab.diagnosis.remedies import prescribe, remedies
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import ConfigError, GanlabError
from ganlab.runs.names import RANDOM, UNCHANGED
from ganlab.sweeps.plan import identity, label
from ganlab.text import closest, short

Kind = Literal["unchanged", "random", "asked", "remedy", "combined"]

COMBINED = "combined"
"""Name of the arm that unites the two best changes."""

UNTOUCHED = ("seed", "name", "monitor", "expect", "claim")
"""Keys of an experiment that no arm changes: trials set seeds themselves, and the others change no tensor."""

NEXT_KEY = r"\s+(?=[A-Za-z_][\w.]*=)"
"""What separates settings of one change; values may have spaces, as in `penalties=[{name: r1, weight: 0.1}]`."""

LONGEST = 40
"""Characters of an arm's name at most."""

SECTIONS = ("penalties", "stabilizers")
"""Lists to which a change adds parts."""

Change = Mapping[str, Any]
"""Dotted keys of an experiment, and what to set them to."""


@dataclass(frozen=True)
class Arm:
    """What is done alike to every seed.

    Attributes:
        name: what it is called, short and without spaces: a remedy's name, such as `r1`, or what a change does, such as
            `latent_dim_64`.
        kind: `unchanged` and `random` are the controls, `remedy` comes from the verdict, `asked` from the user, and
            `combined` unites two others.
        change: the keys that it sets; empty for the controls.
        why: why it should help.
        source: who showed that.
        by_seed: for `random`, the change of each seed.
        branch: the step of the run's checkpoint from which its trials go on; 0 for trials from the first step.
    """

    name: str
    kind: Kind
    change: Change = field(default_factory=dict)
    why: str = ""
    source: str = ""
    by_seed: Mapping[int, Change] = field(default_factory=dict)
    branch: int = 0

    def change_for(self, seed: int) -> Change:
        """Return what a seed's trial changes."""
        return self.by_seed.get(seed, self.change)

    @property
    def start(self) -> str:
        """Where its trials start, in words."""
        return f"step {self.branch}"

    @property
    def is_control(self) -> bool:
        """Whether the other arms are compared with it."""
        return self.kind in ("unchanged", "random")


def arms_of(
    verdict: Verdict,
    experiment: Experiment,
    tries: Sequence[str] = (),
    only: Sequence[str] = (),
    complete: bool = False,
) -> list[Arm]:
    """Return an arm for each change to be tried: those that the user asks for, then the remedies.

    Remedies come as the verdict ranks them, then those of the failures that contributed to it. A complete treatment has
    every cure of these failures, in the order of their files: which arms it has does not depend on earlier trials.

    Args:
        verdict: of the run, with what it was judged on.
        experiment: the run's.
        tries: `KEY=VALUE` each, or several of them with spaces between, which one arm sets together.
        only: names of the remedies to try; empty: all.
        complete: whether it is to have every cure, not only those that the verdict offers.

    Raises:
        ConfigError: a change that was asked for cannot be trained or changes nothing.
        GanlabError: there is no remedy of a name, or nothing is left to try.
    """
    offered = list(_named(_every_cure(verdict) if complete else _remedies(verdict)))
    for name in only:
        if name not in {arm.name for arm in offered}:
            names = [arm.name for arm in offered]
            near = closest(name, names)
            hint = f"did you mean {near}? " if near else ""
            raise GanlabError(
                f"--only names {short(name)!r}, which is no remedy for this run",
                f"{hint}its remedies: {', '.join(names) or 'none'}",
            )
    asked = _called_apart([_asked(text, experiment) for text in tries], {arm.name for arm in offered})
    chosen = [arm for arm in offered if not only or arm.name in only]
    arms = list(_distinct([*asked, *chosen], experiment))
    if not arms:
        raise GanlabError(
            f"nothing is known to try against {verdict.name} in this run that can be set in its experiment",
            "--try KEY=VALUE tries a change of your own",
        )
    return arms


def short_name(change: Change, experiment: Experiment) -> str:
    """Return what a change is called: the parts that it adds, or the keys that it sets and their values."""
    pieces: dict[str, None] = {}
    for key, value in change.items():
        for piece in _added(key, value, experiment) if key in SECTIONS else [_setting(key, value)]:
            pieces[piece] = None
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", "_".join(pieces)).strip("_.-")
    return name[:LONGEST].rstrip("_.-") or "change"


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a name, with a number behind it if it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def keeps_networks(old: Experiment, new: Experiment) -> bool:
    """Return whether trained networks of one experiment are networks of another, and a change still shows in them."""
    sections = ("data", "latent", "generator", "discriminator", "weight_init", "game")
    same = all(getattr(old, section) == getattr(new, section) for section in sections)
    return same and old.joined == new.joined and bool(old.training.ema) == bool(new.training.ema)


def merged(first: Change, second: Change, experiment: Experiment) -> dict[str, Any] | None:
    """Return both changes as one; None if they contradict each other."""
    found: dict[str, Any] = dict(first)
    for key, value in second.items():
        if key in SECTIONS and key in found:
            names = {item["name"] for item in found[key]}
            found[key] = [*found[key], *(item for item in value if item["name"] not in names)]
        elif found.setdefault(key, value) != value:
            return None
    return found


def _added(key: str, value: Any, experiment: Experiment) -> Iterator[str]:
    """Yield the names of the parts that a list has and the experiment has not, with the number of what is counted."""
    present = {part.name: part.model_dump(mode="json") for part in getattr(experiment, key)}
    new = [item for item in value if present.get(item["name"]) != item]
    for item in new or value:
        counts = [each for name, each in item.items() if name != "name" and type(each) is int]
        yield "_".join([item["name"], *map(str, counts)])


def _setting(key: str, value: Any) -> str:
    """Return a key's last word and its value; a network's key keeps the name of its player, a component is its name."""
    section, _, word = key.rpartition(".")
    if word == "name":
        return str(value)
    word = word if section.startswith(("optimizer", "training")) else key.replace(".", "_")
    return f"{word}_{value['name'] if isinstance(value, dict) and 'name' in value else label(value)}"


def _asked(text: str, experiment: Experiment) -> Arm:
    """Return the arm of a change that the user asks for: `KEY=VALUE`, or several of them with spaces between.

    Raises:
        ConfigError: it cannot be trained, or changes nothing.
    """
    try:
        changed = apply_overrides(experiment, re.split(NEXT_KEY, text.strip()))
    except ConfigError as error:
        raise ConfigError(f"--try {short(text)}: {error.message}", error.hint) from error
    keys = difference(experiment, changed)
    untouched = [key for key, _, _ in keys if key.split(".")[0] in UNTOUCHED]
    if untouched:
        raise ConfigError(f"--try {short(text)} sets {untouched[0]}", "trials set it themselves; change another key")
    if not keys:
        raise ConfigError(f"--try {short(text)} changes nothing: the run has it already", "leave it out")
    change = _settings_of(experiment, changed)
    return Arm(short_name(change, experiment), "asked", change, "asked for", "--try")


def _settings_of(old: Experiment, new: Experiment) -> dict[str, Any]:
    """Return dotted keys that make one experiment of the other: single keys, but components and lists as a whole."""
    found: dict[str, Any] = {}
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")

    def look(key: str, one: Any, other: Any) -> None:
        if one == other:
            return
        same_kind = isinstance(one, dict) and isinstance(other, dict) and one.get("name") == other.get("name")
        if same_kind and one.keys() == other.keys():
            for name in other:
                look(f"{key}.{name}" if key else name, one[name], other[name])
        else:
            found[key] = other

    for section in after:
        if section not in UNTOUCHED:
            look(section, before[section], after[section])
    return found


def _remedies(verdict: Verdict) -> Iterator[Remedy]:
    """Yield the remedies of a verdict, then those of the other failures of the run, that can be set in a file."""
    evidence = verdict.judged_on
    cures = {failure.name: failure.cures for failure in FAILURES}
    others = (
        []
        if evidence is None
        else [prescribe(cures.get(each.name, ()), evidence, each.name) for each in verdict.contributing]
    )
    yield from filter(_can_be_tried, chain(verdict.remedies, *others))


def _every_cure(verdict: Verdict) -> Iterator[Remedy]:
    """Yield every cure of a verdict's failure, then of the other failures of the run, that can be set in a file."""
    assert verdict.judged_on is not None
    cures = {failure.name: failure.cures for failure in FAILURES}
    names = (verdict.name, *(each.name for each in verdict.contributing))
    found = (remedies(cures.get(name, ()), verdict.judged_on, name) for name in names)
    yield from filter(_can_be_tried, chain.from_iterable(found))


def _can_be_tried(remedy: Remedy) -> bool:
    return bool(remedy.change) and not any(key.split(".")[0] in UNTOUCHED for key in remedy.change)


def _named(remedies: Iterable[Remedy]) -> Iterator[Arm]:
    """Yield the arms of remedies, each with a name of its own."""
    arms: list[Arm] = []
    for remedy in remedies:
        if remedy.change not in [arm.change for arm in arms]:
            arms.append(Arm(remedy.name, "remedy", dict(remedy.change), remedy.why, remedy.source))
    yield from _called_apart(arms, ())


def _called_apart(arms: Iterable[Arm], taken: Collection[str]) -> list[Arm]:
    """Return the arms, each with a name of its own, also beside those that are taken."""
    found: dict[str, Arm] = {}
    for arm in arms:
        name = free_name(arm.name, {UNCHANGED, RANDOM, COMBINED, *taken, *found})
        found[name] = replace(arm, name=name)
    return list(found.values())


def _distinct(arms: Iterable[Arm], experiment: Experiment) -> Iterator[Arm]:
    """Yield the arms without those that train what the run or an earlier arm does."""
    seen = {identity(experiment)}
    for arm in arms:
        letters = identity(with_settings(experiment, arm.change))
        if letters not in seen:
            seen.add(letters)
            yield arm
