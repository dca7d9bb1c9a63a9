"""What pydantic found wrong, in words for the person who wrote the experiment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from ganlab.config.base import Options
from ganlab.config.overrides import for_both_players
from ganlab.config.schema import (
    DEFAULT_COMPONENTS,
    allowed_values,
    choices,
    component_name,
    descriptions,
    dotted_paths,
    options_at,
)
from ganlab.config.tree import KeyPath, Mistake, Node, dotted, key_path, node_at, shown
from ganlab.text import closest, short

_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}
"""What each of pydantic's type errors expects."""

_EXACT = 2.0**53
"""Floats from here on no longer say which whole number was meant."""

_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("above", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("below", "lt"),
}
"""Words and context key of each of pydantic's range errors."""

_LENGTHS = {
    "too_short": ("at least", "min_length", ("entry", "entries")),
    "too_long": ("at most", "max_length", ("entry", "entries")),
    "string_too_short": ("at least", "min_length", ("character", "characters")),
    "string_too_long": ("at most", "max_length", ("character", "characters")),
}
"""Words, context key and unit, of one and of several, of each of pydantic's length errors."""

_KINDS = {
    "data": "data set",
    "weight_init": "weight initialisation",
    "penalties": "penalty",
    "stabilizers": "stabilizer",
}
"""What a component is called if its key is not the word for it."""

_ALSO_CALLED = {
    "minibatch_stddev": "set discriminator.minibatch to stddev",
    "minibatch_discrimination": "set discriminator.minibatch to discrimination",
    "spectral_norm": "set discriminator.norm to spectral",
    "layer_norm": "set discriminator.norm to layer",
    "gradient_penalty": "it is the penalty wgan_gp, and with a length of 0 r1 or zero_centred_line",
}
"""Names of cures that are not called so in an experiment, and what to do."""

_LISTS = ("penalties", "stabilizers")
"""Sections where people look for every cure."""


def errors_by_path(root: Node, error: ValidationError) -> dict[KeyPath, list[Any]]:
    """Return pydantic's errors by the path in what was written that each is about."""
    found: dict[KeyPath, list[Any]] = {}
    for each in error.errors(include_url=False, include_input=False):
        path = _path_of(root, each["loc"], missing=each["type"] == "missing")
        if each["type"] == "too_short" and _length(root, path) >= each["ctx"]["min_length"]:
            continue  # pydantic counts valid entries; the others have errors of their own
        found.setdefault(path, []).append(each)
    return found


def _length(root: Node, path: KeyPath) -> int:
    """Return how many entries were written at the path of a list."""
    node = node_at(root, path)
    return len(node.plain()) if node else 0


def _path_of(root: Node, location: KeyPath, *, missing: bool) -> KeyPath:
    """Return the path in the file of one of pydantic's locations, which also name union members on the way."""
    node = root
    path: KeyPath = ()
    for part in location:
        below = node.child(part)
        if below is not None:
            node, path = below, (*path, part)
    return (*path, location[-1]) if missing else path


def mistake_at(root: Node, path: KeyPath, text: str, others: Iterable[KeyPath] = ()) -> Mistake:
    """Return a mistake at a path.

    It is placed where the path was written, or else where the first of `others` was, or else where the section is that
    the path belongs to. If an override wrote the path, the override already names it.
    """
    written = node_at(root, path)
    if written and written.place.key:
        return Mistake(written.place, text)
    above = [path[:depth] for depth in reversed(range(len(path)))]
    place = next(node.place for candidate in (path, *others, *above) if (node := node_at(root, candidate)))
    return Mistake(place, f"{dotted(path)}: {text}")


def explain(root: Node, path: KeyPath, errors: Sequence[Any]) -> tuple[Mistake, KeyPath]:
    """Return what is wrong at a path, and the path that was meant.

    Args:
        root: all that was written.
        path: their path, as in `errors_by_path`.
        errors: pydantic's errors of this path; several if it tried the members of a union.
    """
    kinds = {error["type"] for error in errors}
    if "extra_forbidden" in kinds:
        return _unknown_key(root, path)
    if "union_tag_invalid" in kinds:
        path = (*path, "name")
    node, cls = node_at(root, path), options_at(root, path[:-1])
    value = node.plain() if node else None
    if "union_tag_invalid" in kinds:
        text = _elsewhere(root, path, value) or no_such(_kind_at(path), value, _components(root, path[:-1]))
    elif "union_tag_not_found" in kinds:
        names = list(_components(root, path))
        named = _named(value, names)
        other = f"give one, such as name: {names[0]} (there are {', '.join(names)})"
        text = f"has no name; {f'write {named}' if named else other}"
    elif kinds & {"model_type", "model_attributes_type"} and (path in DEFAULT_COMPONENTS or isinstance(path[-1], int)):
        names = list(_components(root, path))
        text = _elsewhere(root, path, value) or (
            f"expected keys and values, got {shown(value)}; write {{name: {closest(value, names) or names[0]}}}"
        )
    elif "missing" in kinds:
        text = f"is missing; {component_name(cls) if cls else 'the list'} needs it"
    else:
        field = path[:-1] if isinstance(path[-1], int) else path  # an entry of a list is described by the list's key
        text = wrong_value(field, options_at(root, field[:-1]), errors, value)
    return mistake_at(root, path, text), path


def _unknown_key(root: Node, path: KeyPath) -> tuple[Mistake, KeyPath]:
    *above, key = path
    node, cls = node_at(root, path), options_at(root, tuple(above))
    keys = list(cls.model_fields) if cls else []
    name = (cls and component_name(cls)) or dotted(tuple(above)) or "an experiment"
    rivals = [rival for rival, options in _components(root, tuple(above)).items() if key in options.model_fields]
    if rivals:
        have = f"{_listed(rivals, 'and')} {'have' if len(rivals) > 1 else 'has'} it"
        return mistake_at(root, path, f"unknown key of {name}; {have}"), path
    if isinstance(key, str) and "." in key and not (node and node.place.key):
        whole = (*above, *key_path(key))
        if dotted(whole) in override_paths(root):
            written = ": {".join(map(str, key_path(key))) + ": ..." + "}" * key.count(".")
            return mistake_at(root, path, f"keys with dots are for the command line; write {written}"), whole
    near = None if _of_the_other_player(dotted(path), root) else closest(key, keys)
    if node and node.place.key:
        meant = shown_as = close_path(node.place.key, root)
    elif near:
        meant, shown_as = dotted((*above, near)), near
    else:
        meant = shown_as = next((other for other in dotted_paths(root) if other.endswith(f".{key}")), None)
    if meant:
        return mistake_at(root, path, f"unknown key; did you mean {shown_as}?"), key_path(meant)
    return mistake_at(root, path, f"unknown key; {name} has {', '.join(keys)}"), path


def close_path(typed: str, root: Node) -> str | None:
    """Return the path an override probably meant: the same key in another section, or one spelled like it."""
    return same_key(typed, root) or _of_the_other_player(typed, root) or closest(typed, override_paths(root))


def _of_the_other_player(typed: str, root: Node) -> str | None:
    """Return the path of a key that one network was given and only the other one has; None for any other key."""
    player, _, rest = typed.partition(".")
    other = {"generator": "discriminator", "discriminator": "generator"}.get(player)
    path = f"{other}.{rest}"
    return path if other and path in dotted_paths(root) else None


def same_key(typed: str, root: Node) -> str | None:
    """Return the shortest path that a key ends, such as `optimizer.lr` for `lr`; None if there is none."""
    found = (path for path in override_paths(root) if f".{path}".endswith(f".{typed}"))
    return min(found, key=lambda path: path.count("."), default=None)


def override_paths(root: Node) -> list[str]:
    """Return every path that an override can name, those that stand for both players last."""
    paths = list(dotted_paths(root))
    return paths + [dotted(both) for path in paths if (both := for_both_players(key_path(path)))]


def _components(root: Node, path: KeyPath) -> dict[str, type[Options]]:
    """Return the components that may be chosen at a path."""
    section = path[:-1] if path and isinstance(path[-1], int) else path
    holder = options_at(root, section[:-1]) if section else None
    return choices(holder, str(section[-1])) if holder else {}


def no_such(kind: str, value: Any, names: Collection[str]) -> str:
    """Return that nothing of a kind is called so, what was probably meant, and what there is."""
    guess = closest(value, names)
    meant = f"did you mean {guess}? " if guess else ""
    there = f"there {'are' if len(names) > 1 else 'is'} {', '.join(names)}"
    return f"no {kind} called {shown(value)}; {meant}{there}"


def _elsewhere(root: Node, path: KeyPath, value: Any) -> str | None:
    """Return where a cure is set that was looked for among penalties or stabilizers; None if it is nowhere else."""
    section = path[0]
    if section not in _LISTS or not isinstance(value, str) or value == "none":
        return None
    nothing = f"no {_kind_at(path)} called {shown(value)}"
    for other in _LISTS:
        if other != section and value in _components(root, (other,)):
            return f"{nothing}; it is a {_kind_at((other,))}: write it under {other}"
    if value in _ALSO_CALLED:
        return f"{nothing}; {_ALSO_CALLED[value]}"
    outside = [each for each in dotted_paths(root) if key_path(each)[0] not in _LISTS]
    keys = [each for each in outside if each.endswith(f".{value}")]
    if keys:
        return f"{nothing}; it is a setting: {keys[0]}"
    for each in reversed(outside):  # of two players, the discriminator's
        *above, key = key_path(each)
        options = options_at(root, tuple(above))
        if options and key != "name" and value in allowed_values(options, str(key)):
            return f"{nothing}; set {each} to {value}"
    return None


def _kind_at(path: KeyPath) -> str:
    """Return what is called by a name at a path, in words."""
    return _KINDS.get(str(path[0]), str(path[0]))


def wrong_value(path: KeyPath, cls: type[Options] | None, errors: Sequence[Any], value: Any) -> str:
    """Return what is wrong with a value; if a member of a union accepts its type, only that member's error counts.

    Args:
        path: the path of the value, or of the list that it is an entry of.
        cls: the options that hold this path, or None for an entry of a free mapping.
        errors: pydantic's errors of this one path.
        value: the value.
    """
    allowed = allowed_values(cls, str(path[-1])) if cls else ()
    expected: list[str] = []
    for error in errors:
        kind, context = error["type"], error.get("ctx", {})
        if kind in _BOUNDS:
            words, limit = _BOUNDS[kind]
            return f"must be {words} {_number(context[limit])}, got {shown(value)}"
        if kind in _LENGTHS:
            words, limit, unit = _LENGTHS[kind]
            count = context[limit]
            return f"must have {words} {count} {unit[0] if count == 1 else unit[1]}, got {len(value)}"
        if kind == "finite_number":
            return f"must be a finite number, got {shown(value)}"
        if kind == "string_pattern_mismatch" and cls:
            return f"{shown(value)} does not fit: {' '.join(descriptions(cls)[str(path[-1])].split())}"
        if kind == "literal_error":
            expected += map(str, allowed)
        else:
            expected.append(_TYPES.get(kind, short(error["msg"])))
    if path[-1] in ("loss", "name") and allowed:
        return no_such(_kind_at(path), value, allowed)
    if path == (path[-1],) and path[-1] in _LISTS and cls and (entry := _entry(value, choices(cls, path[-1]))):
        return f"expected {_listed(expected)}, got {shown(value)}; write {entry}"
    return f"expected {_listed(expected)}, got {shown(value)}{_advice(errors[0]['type'], value, allowed)}"


def _named(value: Any, names: Collection[str]) -> str | None:
    """Return a part as it is written whose name was given as its key, `{packing: {size: 2}}`; None if it was not."""
    if not isinstance(value, dict) or len(value) != 1 or (name := next(iter(value))) not in names:
        return None
    options = value[name] if isinstance(value[name], dict) else {}
    return "{" + ", ".join([f"name: {name}", *(f"{key}: {shown(each)}" for key, each in options.items())]) + "}"


def _entry(value: Any, names: Collection[str]) -> str | None:
    """Return as a list what was written in place of a list of parts; None if it cannot be guessed."""
    if not value:
        return "[] for none"
    if named := _named(value, names):
        return f"[{named}]"
    name = value.get("name") if isinstance(value, dict) else value
    return f"[{{name: {name}}}]" if name else None


def _advice(kind: str, value: Any, allowed: tuple[Any, ...]) -> str:
    """Return what to write instead, if that can be guessed."""
    if kind == "tuple_type" and value in allowed:
        return f"; write [{value}]"
    if isinstance(value, str) and (guess := closest(value, allowed)):
        return f"; did you mean {guess}?"
    if kind == "int_type" and isinstance(value, str) and (sides := re.fullmatch(r"(\d{1,5}) ?x ?(\d{1,5})", value)):
        return f"; write [{sides[1]}, {sides[2]}] for height and width"
    if kind == "int_type" and isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return f"; write {value:.0f}"
    if kind == "string_type" and isinstance(value, dict):
        return "; put text that holds a colon in quotes"
    return ""


def _listed(words: Sequence[str], last: str = "or") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)
