"""What somebody wrote, as a tree of values that know where they were written; and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ganlab.text import SHORT, one_line, short

MAX_DEPTH = 20

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of an experiment; as text it is a dotted path."""


class Location(NamedTuple):
    """Where a value was written."""

    source: str
    """The file or the override, safe to print."""
    line: int = 0
    """Line from 1; 0 if the source has no lines."""
    key: str = ""
    """The dotted path, if `source` already says it."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


class Mistake(NamedTuple):
    """One problem, at its place."""

    place: Location
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Node(NamedTuple):
    """A value and the place it comes from; inside mappings and lists there are nodes again.

    A tree of nodes is not changed once it is read: what differs is a new tree.
    """

    value: Any
    place: Location

    def child(self, key: str | int) -> Node | None:
        """Return the node below, by key or by number (also as text), or None."""
        if isinstance(self.value, dict):
            return self.value.get(key)
        if isinstance(self.value, list):
            index = int(key) if re.fullmatch(r"[0-9]{1,6}", str(key)) else len(self.value)
            return self.value[index] if index < len(self.value) else None
        return None

    def plain(self) -> Any:
        """Return the value without its places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


class UnreadableError(Exception):
    """Reading cannot go on."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def node_at(root: Node, path: KeyPath) -> Node | None:
    """Return the node at a path, or None."""
    node: Node | None = root
    for key in path:
        node = node.child(key) if node else None
    return node


def shown(value: Any) -> str:
    """Return a value as a message shows it, safe to print and short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f"'{short(value)}'"
    if isinstance(value, int | float):
        return short(float_text(value) if isinstance(value, float) else str(value))
    if isinstance(value, list):
        return short(f"[{', '.join(shown(item) for item in value[:SHORT])}]")
    return "keys and values" if isinstance(value, dict) else f"a Python {short(type(value).__name__)}"


def dotted(path: KeyPath) -> str:
    """Return a path as messages show it."""
    return one_line(".".join(map(str, path)), 4 * SHORT)


def key_path(text: str) -> KeyPath:
    """Return the keys and list positions that a dotted path names."""
    return tuple(int(part) if part.isdigit() else part for part in text.split("."))


def control_character(text: str) -> re.Match[str] | None:
    """Return the first character that has no place in an experiment, lone surrogates among them, or None."""
    return _CONTROL.search(text)


def control_text(found: re.Match[str]) -> str:
    """Return what is wrong with a character that `control_character` found."""
    return f"holds the control character U+{ord(found[0]):04X}; remove it"


def to_node(value: Any, place: Location, path: KeyPath = ()) -> Node:
    """Return plain Python values as nodes that all have one location.

    Raises:
        UnreadableError: nested too deep, a key that is no text, a control character, an integer beyond any use.
    """
    if len(path) > MAX_DEPTH:
        raise UnreadableError([Mistake(place, f"{dotted(path[:3])}: nested more than {MAX_DEPTH} levels deep")])
    if isinstance(value, Mapping):
        odd = [key for key in value if not isinstance(key, str) or control_character(key)]
        if odd:
            raise UnreadableError([Mistake(place, f"{_where(path)}the key {shown(odd[0])} is not plain text")])
        return Node({key: to_node(item, place, (*path, key)) for key, item in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node([to_node(item, place, (*path, index)) for index, item in enumerate(value)], place)
    if isinstance(value, str) and (found := control_character(value)):
        raise UnreadableError([Mistake(place, _where(path) + control_text(found))])
    if isinstance(value, int) and value.bit_length() > 320:
        text = f"{_where(path)}a whole number of {value.bit_length()} bits is beyond any use"
        raise UnreadableError([Mistake(place, text)])
    return Node(float(value) if isinstance(value, float) else value, place)


def _where(path: KeyPath) -> str:
    return f"{dotted(path)}: " if path else ""


def float_text(value: float) -> str:
    """Return the shortest digits that read back exactly, in a form that YAML 1.1 and 1.2 both take for a float."""
    if not abs(value) < float("inf"):
        return {"inf": ".inf", "-inf": "-.inf"}.get(repr(value), ".nan")
    digits, _, exponent = repr(value).partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}e{int(exponent):+d}" if exponent else digits
