"""What pydantic found wrong, in words for the person who wrote the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from ganlab.config.base import Options
from ganlab.config.schema import (
    DEFAULT_COMPONENTS,
    allowed_values,
    choices,
    component_name,
    descriptions,
    dotted_paths,
    node_at,
    options_at,
)
from ganlab.config.yaml_text import Finding, Node, Place, dotted, safe, shown

Path = tuple[str | int, ...]
"""Keys and list positions from the top of the file; as text it is the dotted path."""

_TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}
"""What each of pydantic's type errors expects."""

_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("above", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("below", "lt"),
}
"""Words and context key of each of pydantic's range errors."""

_LENGTHS = {
    "too_short": ("at least", "min_length", "entries"),
    "too_long": ("at most", "max_length", "entries"),
    "string_too_short": ("at least", "min_length", "characters"),
    "string_too_long": ("at most", "max_length", "characters"),
}

_KINDS = {
    "data": "data set",
    "weight_init": "weight initialisation",
    "penalties": "penalty",
    "stabilizers": "stabilizer",
}
"""What a component is called where its key is not the word."""


def path_of(root: Node, location: tuple[str | int, ...], *, missing: bool) -> Path:
    """Return the path in the file of one of pydantic's locations, which also name union members on the way."""
    node, path = root, ()
    for part in location:
        below = node.child(part)
        if below is not None:
            node, path = below, (*path, part)
    return (*path, location[-1]) if missing else path


def place_of(root: Node, path: Path, others: Iterable[Path] = ()) -> Place:
    """Return the place of a path, or else of the first of `others` that was written, or else of what it stands in."""
    written = [node for candidate in (path, *others) if (node := node_at(root, candidate))]
    while not written:
        path = path[:-1]
        written = [node] if (node := node_at(root, path)) else []
    return written[0].place


def at(place: Place, path: Path, text: str) -> Finding:
    """Return a finding that names its path, unless its place does."""
    named = place.key or not path
    return Finding(place, text if named else f"{dotted(path)}: {text}")


def explain(root: Node, path: Path, errors: list[dict[str, Any]]) -> tuple[Finding, Path]:
    """Return what is wrong at a path, and the path of the key that was probably meant.

    Args:
        root: all that was written.
        path: what `path_of` returned for the errors.
        errors: pydantic's errors of this one path; several where it tried the members of a union.
    """
    kinds = {error["type"] for error in errors}
    if "extra_forbidden" in kinds:
        return _unknown_key(root, path)
    if "union_tag_invalid" in kinds:
        path = (*path, "name")
    place = place_of(root, path)
    node = node_at(root, path)
    cls = options_at(root, path[:-1])
    if kinds & {"union_tag_invalid", "union_tag_not_found"}:
        text = _unknown_component(root, path, node)
    elif "missing" in kinds:
        text = f"is missing, and {safe(component_name(cls) or 'it') if cls else 'the list'} needs it"
    else:
        text = _wrong_value(path, cls, errors, node.plain() if node else None)
    return at(place, path, text), path


def _unknown_key(root: Node, path: Path) -> tuple[Finding, Path]:
    place, key, above = place_of(root, path), str(path[-1]), path[:-1]
    cls = options_at(root, above)
    keys = list(cls.model_fields) if cls else []
    name = component_name(cls) if cls else None
    rivals = [rival for rival, options in _rivals(root, above).items() if key in options.model_fields]
    meant = None
    if rivals:
        text = f"unknown key: {name} has none, but {_listed(rivals, 'and')} {'has' if len(rivals) == 1 else 'have'}"
    elif place.key:
        meant = _close_path(place.key, _override_paths(root))
        text = f"unknown key; did you mean {meant}?" if meant else "unknown key"
    else:
        meant = close(key, keys) or _same_key(key, dotted_paths(root))
        text = f"unknown key; did you mean {meant}?" if meant else "unknown key"
    if not meant and not rivals:
        text += f"; the keys of {name or dotted(above) or 'an experiment'} are {', '.join(keys)}"
    return at(place, path, text), (*above, meant) if meant in keys else path


def _rivals(root: Node, above: Path) -> dict[str, type[Options]]:
    """Return the components that could stand at a path."""
    section = above[:-1] if above and isinstance(above[-1], int) else above
    holder = options_at(root, section[:-1]) if section else None
    return choices(holder, str(section[-1])) if holder else {}


def _override_paths(root: Node) -> list[str]:
    """Return every dotted path an override can name, with those that set both optimisers."""
    paths = list(dotted_paths(root))
    both = [path.replace("optimizer.generator.", "optimizer.") for path in paths if "optimizer.generator." in path]
    return paths + both


def _same_key(key: str, paths: Iterable[str]) -> str | None:
    """Return the first path that ends in a key, for a key that stands in the wrong section."""
    return next((path for path in paths if path.endswith(f".{key}")), None)


def _close_path(key: str, paths: list[str]) -> str | None:
    return _same_key(key, paths) or close(key, paths)


def close(word: Any, options: Iterable[Any]) -> str | None:
    """Return the option that a word was probably meant to be, or None."""
    found = difflib.get_close_matches(str(word)[:100].lower(), [str(option) for option in options], n=1)
    return found[0] if found else None


def _unknown_component(root: Node, path: Path, node: Node | None) -> str:
    section = path[:-1] if path[-1] == "name" else path
    names = list(_rivals(root, section))
    kind = _KINDS.get(str(path[0]), str(path[0]))
    if path[-1] != "name":
        return f"has no name; give one, such as name: {names[0]} (there are {', '.join(names)})"
    return _none_called(kind, node.plain() if node else None, names)


def _none_called(kind: str, value: Any, names: list[str]) -> str:
    guess = close(value, names)
    meant = f"did you mean {guess}? " if guess else ""
    return f"no {kind} called {shown(value)}; {meant}there {'are' if len(names) > 1 else 'is'} {', '.join(names)}"


def _wrong_value(path: Path, cls: type[Options] | None, errors: list[dict[str, Any]], value: Any) -> str:
    """Return why a value cannot be; a member of a union that accepts its type speaks alone."""
    key = str(path[-1]) if path else ""
    allowed = allowed_values(cls, key) if cls else ()
    expected = []
    for error in errors:
        kind, context = error["type"], error.get("ctx", {})
        if kind in _BOUNDS:
            words, limit = _BOUNDS[kind]
            return f"must be {words} {_number(context[limit])}, got {shown(value)}"
        if kind in _LENGTHS:
            words, limit, unit = _LENGTHS[kind]
            return f"must have {words} {context[limit]} {unit}, got {len(value)}"
        if kind == "finite_number":
            return f"must be a finite number, got {shown(value)}"
        if kind == "string_pattern_mismatch" and cls:
            return f"{shown(value)} does not fit: {' '.join(descriptions(cls)[key].split())}"
        if kind == "literal_error":
            expected.append(_listed([str(choice) for choice in allowed], "or"))
        else:
            expected.append(_TYPES.get(kind, safe(error["msg"])))
    if key in ("loss", "name") and allowed:
        return _none_called(_KINDS.get(str(path[0]), str(path[0])), value, [str(choice) for choice in allowed])
    return f"expected {' or '.join(expected)}, got {shown(value)}{_advice(path, errors, value, allowed)}"


def _advice(path: Path, errors: list[dict[str, Any]], value: Any, allowed: tuple[Any, ...]) -> str:
    """Return what to write instead, where that can be guessed."""
    kind = errors[0]["type"]
    if isinstance(value, str) and (guess := close(value, allowed)):
        return f"; did you mean {guess}?"
    if kind == "int_type" and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"; write {int(value)}"
    if kind == "string_type" and isinstance(value, dict):
        return "; put text that holds a colon in quotes"
    if kind == "model_attributes_type" and path in DEFAULT_COMPONENTS:
        return f"; write {path[-1]}: {{name: {DEFAULT_COMPONENTS[path]}}}"
    return ""


def _listed(words: list[str], last: str) -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)
