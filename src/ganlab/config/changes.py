"""How one experiment differs from another, as lines of an experiment file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ganlab.config.base import Options
from ganlab.config.experiment import Experiment
from ganlab.config.tree import KeyPath, dotted
from ganlab.config.yaml_text import write_flow

UNTOLD = frozenset({"name", "seed", "expect", "claim", "monitor", "training.steps"})
"""What a run is called, what is expected of it, how it is watched and how long it is: none is what makes it fail."""


class Change(NamedTuple):
    """What an experiment says otherwise than another, as YAML.

    Attributes:
        line: a section with all keys that differ in it: `latent: {dim: 1}`.
        was: the old values of these keys, without the section if there is one: `50`.
    """

    line: str
    was: str


def changes(old: Experiment, new: Experiment, untold: frozenset[str] = UNTOLD) -> list[Change]:
    """Return a line for each section of `new` that differs from `old`; the keys `untold` are left out."""
    found = []
    for section in type(new).model_fields:
        if section in untold:
            continue
        everything = _differing(getattr(old, section), getattr(new, section), ())
        differing = [each for each in everything if dotted((section, *each[0])) not in untold]
        if not differing:
            continue
        now = _nested([(path, value) for path, _, value in differing])
        before = _nested([(path, value) for path, value, _ in differing])
        one = len(differing) == 1
        found.append(Change(f"{section}: {write_flow(now)}", write_flow(differing[0][1] if one else before)))
    return found


def _differing(old: Any, new: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Yield the path, old and new value of all that differs below a path; another component differs as a whole."""
    if old == new:
        return
    if isinstance(new, Options) and type(old) is type(new):
        for key in type(new).model_fields:
            yield from _differing(getattr(old, key), getattr(new, key), (*path, key))
    else:
        yield path, _written(old), _written(new)


def _written(value: Any) -> Any:
    """Return a value as somebody would write it: of a component its name and what is not the default."""
    if isinstance(value, Options):
        fields = type(value).model_fields
        given = {key: getattr(value, key) for key in sorted(fields, key=lambda key: key != "name")}
        return {key: _written(each) for key, each in given.items() if key == "name" or each != fields[key].default}
    return [_written(each) for each in value] if isinstance(value, tuple) else value


def _nested(values: list[tuple[KeyPath, Any]]) -> Any:
    """Return values by path as mappings in each other; a value whose path is empty is all there is."""
    whole: dict[Any, Any] = {}
    for path, value in values:
        if not path:
            return value
        part = whole
        for key in path[:-1]:
            part = part.setdefault(key, {})
        part[path[-1]] = value
    return whole
