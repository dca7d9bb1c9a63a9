"""Changes to an experiment by dotted path: `KEY=VALUE` as text, or keys and values from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ganlab.config.merge import put
from ganlab.config.tree import (
    MAX_DEPTH,
    KeyPath,
    Location,
    Mistake,
    Node,
    UnreadableError,
    control_character,
    shown,
    to_node,
)
from ganlab.config.yaml_text import read_yaml
from ganlab.text import short

PLAYERS = ("generator", "discriminator")


class Setting(NamedTuple):
    """A value for a key, with what is wrong in the value's own keys."""

    path: KeyPath
    node: Node
    mistakes: Sequence[Mistake] = ()


def read_override(text: str) -> Setting:
    """Return what an override `KEY=VALUE` sets to what.

    Raises:
        UnreadableError: it is no KEY=VALUE, or the value is no YAML.
    """
    place = Location(f"override {short(text)}")
    if not isinstance(text, str):
        raise _not_a_setting(place)
    key, equals, value = text.partition("=")
    if not equals or control_character(text):
        raise _not_a_setting(place)
    return Setting(_path(key, place), *read_yaml(value, place))


def read_setting(key: str, value: Any) -> Setting:
    """Return what a dotted key and a plain value from Python set to what; no text is made of the value.

    Raises:
        UnreadableError: the key is no dotted path, or the value holds what no experiment can.
    """
    place = Location(f"override {short(f'{key}={shown(value)}')}")
    if control_character(key):
        raise _not_a_setting(place)
    return Setting(_path(key, place), to_node(value, place))


def _path(key: str, place: Location) -> KeyPath:
    path = tuple(key.strip().split("."))
    if not all(path) or len(path) > MAX_DEPTH:
        raise _not_a_setting(place)
    return path


def _not_a_setting(place: Location) -> UnreadableError:
    return UnreadableError([Mistake(place, "expected KEY=VALUE in plain text, such as training.steps=500")])


def read_overrides(texts: Iterable[str]) -> tuple[list[Setting], list[Mistake]]:
    """Return the settings that overrides make, and what is wrong with those that cannot be read."""
    if isinstance(texts, (str, bytes, Mapping)) or not isinstance(texts, Iterable):
        hint = 'give a list of KEY=VALUE texts, such as ["training.steps=500"]'
        return [], [Mistake(Location("overrides"), f"is {short(repr(texts))}; {hint}")]
    return _each(read_override, ((text,) for text in texts))


def read_settings(mappings: Iterable[Mapping[str, Any]]) -> tuple[list[Setting], list[Mistake]]:
    """Return the settings that mappings of dotted keys make, and what is wrong with those that cannot be read."""
    return _each(read_setting, (item for mapping in mappings for item in mapping.items()))


def _each(read: Callable[..., Setting], arguments: Iterable[tuple[Any, ...]]) -> tuple[list[Setting], list[Mistake]]:
    settings: list[Setting] = []
    mistakes: list[Mistake] = []
    for each in arguments:
        try:
            settings.append(read(*each))
        except UnreadableError as error:
            mistakes += error.mistakes
    return settings, mistakes


def apply_settings(tree: Node, settings: Sequence[Setting]) -> tuple[Node, list[Mistake]]:
    """Return the tree with all settings in it, and what is wrong with them.

    Whole lists come before their entries, names before other keys; of a key that is set twice the last counts.
    """
    mistakes = [mistake for setting in settings for mistake in setting.mistakes]
    edits = [edit for setting in settings for edit in _edits(setting)]
    edits.sort(key=lambda edit: (any(str(key).isdigit() for key in edit[0]), edit[0][-1] != "name"))
    for path, node in edits:
        try:
            tree = put(tree, path, node)
        except UnreadableError as error:
            mistakes += error.mistakes
    return tree, mistakes


def _edits(setting: Setting) -> Iterator[tuple[KeyPath, Node]]:
    """Yield the paths that a setting sets, down to plain values and lists, and what to."""
    place = setting.node.place
    for path, leaf in _leaves(setting.path, setting.node):
        named = place._replace(key=".".join(map(str, path))) if path == setting.path else place
        for one in for_each_player(path):
            yield one, Node(leaf.value, named)


def _leaves(path: KeyPath, node: Node) -> Iterator[tuple[KeyPath, Node]]:
    if isinstance(node.value, dict) and node.value:
        for key, item in node.value.items():
            yield from _leaves((*path, key), item)
    else:
        yield path, node


def for_each_player(path: KeyPath) -> list[KeyPath]:
    """Return the paths that a path stands for: `optimizer.lr` is that of both players, others are themselves."""
    if path[0] != "optimizer" or len(path) == 1 or path[1] in PLAYERS:
        return [path]
    return [("optimizer", player, *path[1:]) for player in PLAYERS]


def for_both_players(path: KeyPath) -> KeyPath | None:
    """Return the path that stands for both players, one of which has this one; None if there is none."""
    below = ("optimizer", *path[2:])
    return below if path in for_each_player(below) and below != path else None
