"""Experiment files: found by path or name, read with the place of every value, merged into what they extend."""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path

from ganlab.config.merge import merge
from ganlab.config.shipped import find_config
from ganlab.config.tree import Location, Mistake, Node, UnreadableError, shown
from ganlab.config.yaml_text import MAX_BYTES, decode, read_yaml
from ganlab.errors import ConfigError
from ganlab.text import PATH, one_line

MAX_EXTENDS = 10
SWEEP_KEYS = ("base", "grid", "runs")
"""Keys that only the file of a sweep has, one of them at least."""


def locate(source: str | Path, folder: Path = Path()) -> Path:
    """Return the file of that name, else the shipped experiment; a folder of the same name hides neither.

    Raises:
        ConfigError: there is neither.
    """
    path = folder / source
    return path if os.path.lexists(path) and not os.path.isdir(path) else find_config(str(source), folder)


_read = functools.lru_cache(maxsize=64)(read_yaml)
"""A sweep reads the same few files again and again, which its experiments extend."""


def read_document(path: Path, experiments: int = 1) -> tuple[Node, list[Mistake]]:
    """Read a file of keys that holds up to so many experiments; return it, and what is wrong with its keys.

    Raises:
        UnreadableError: it cannot be read, is no YAML, or is empty.
    """
    source = one_line(path, PATH)
    text = decode(_read_file(path, source, experiments * MAX_BYTES), source, experiments)
    tree, mistakes = _read(text, Location(source, 1), experiments)
    if tree.value is None:
        raise UnreadableError([Mistake(Location(source), "the file is empty: it holds no keys")])
    return tree, mistakes


def _read_file(path: Path, source: str, most: int) -> bytes:
    """Return the first bytes of a file, one more than `decode` accepts at most."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait, reading a device never end
            raise UnreadableError([Mistake(Location(source), "a device or a pipe; expected a YAML file")])
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise UnreadableError([Mistake(Location(source), f"cannot be read: {error.strerror}")]) from None


def says_sweep(tree: Node) -> bool:
    """Whether a document describes a sweep rather than one experiment."""
    return isinstance(tree.value, dict) and any(key in tree.value for key in SWEEP_KEYS)


def read_chain(path: Path, above: tuple[str, ...] = ()) -> tuple[Node, list[Mistake]]:
    """Return what an experiment file and all that it extends say together, and what is wrong with their keys.

    Args:
        path: the file.
        above: the real paths of the files that extend it, the first one first.

    Raises:
        ConfigError: it is the file of a sweep.
        UnreadableError: one of the files cannot be found or read, or they extend each other in a circle.
    """
    tree, mistakes = read_document(path)
    if says_sweep(tree):
        source = tree.place.source
        raise ConfigError(f"{source}: this is a sweep, not an experiment", f"`ganlab sweep {source}` runs it")
    tree, more = extend(tree, path.parent, (*above, os.path.realpath(path)))
    return tree, more + mistakes


def extend(tree: Node, folder: Path, above: tuple[str, ...] = ()) -> tuple[Node, list[Mistake]]:
    """Return a tree merged into what its `extends` names, if it has one; files are looked for from `folder`.

    Raises:
        ConfigError: as `read_chain`.
        UnreadableError: as `read_chain`; or the tree has no keys.
    """
    if not isinstance(tree.value, dict):
        raise UnreadableError([Mistake(tree.place, f"expected keys and values, got {shown(tree.plain())}")])
    keys = dict(tree.value)
    parent = keys.pop("extends", None)
    if parent is None:
        return tree, []
    base, mistakes = read_chain(_parent_file(parent, folder, above), above)
    return merge(base, Node(keys, tree.place)), mistakes


def _parent_file(parent: Node, folder: Path, above: tuple[str, ...]) -> Path:
    """Return the file that `extends` names."""
    place = parent.place
    if not isinstance(parent.value, str):
        text = f"extends: expected a file or the name of a shipped experiment, got {shown(parent.plain())}"
        raise UnreadableError([Mistake(place, text)])
    try:
        path = locate(parent.value, folder)
    except ConfigError as error:
        raise UnreadableError([Mistake(place, f"extends: {error.message}; {error.hint}")]) from None
    if os.path.realpath(path) in above:
        raise UnreadableError([Mistake(place, "extends: the files extend each other in a circle")])
    if len(above) > MAX_EXTENDS:
        raise UnreadableError([Mistake(place, f"extends: a chain of more than {MAX_EXTENDS} files")])
    return path
