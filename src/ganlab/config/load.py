"""From an experiment file and overrides to an Experiment, and back to text; every problem is reported at its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ganlab.config.base import Options
from ganlab.config.experiment import Experiment
from ganlab.config.explain import explain, finding, key_path, path_of
from ganlab.config.rules import problems
from ganlab.config.schema import DEFAULT_COMPONENTS, choices, json_schema, node_at
from ganlab.config.shipped import find_config
from ganlab.config.yaml_text import (
    MAX_BYTES,
    MAX_DEPTH,
    Finding,
    KeyPath,
    Node,
    Place,
    UnreadableError,
    control_character,
    decode,
    dotted,
    read_yaml,
    safe,
    shown,
    to_node,
    write_yaml,
)
from ganlab.errors import ConfigError

__all__ = [
    "apply_overrides",
    "difference",
    "dump_experiment",
    "experiment_from_mapping",
    "experiment_from_node",
    "json_schema",
    "load_experiment",
    "locate",
    "read_document",
    "read_override",
    "refusal",
    "says_sweep",
]

MAX_EXTENDS = 10
MAX_FINDINGS = 100
SWEEP_KEYS = ("base", "grid", "runs")
"""Keys that only the file of a sweep has, one of them at least."""


def load_experiment(source: str | Path, overrides: Sequence[str] = ()) -> Experiment:
    """Load an experiment, checked as a whole.

    Args:
        source: path of a YAML file, or the name of a shipped experiment, such as `dcgan_mnist` or `failures/x`.
        overrides: `KEY=VALUE` each: a dotted path and YAML, such as `training.steps=500` or `penalties.0.weight=5`.
            `optimizer.lr=1e-3` sets both optimisers. A component's `name` is set before its other keys; of a key given
            twice the last counts.

    Raises:
        ConfigError: it cannot be found, read or run; the message lists every problem, one a line, with file and line.
    """
    path = locate(source)
    try:
        return _resolve(*_read_chain(path), overrides)
    except UnreadableError as error:
        raise refusal(error.findings) from None


def experiment_from_mapping(
    values: Mapping[str, Any], overrides: Sequence[str] = (), where: str = "experiment"
) -> Experiment:
    """Return the experiment that plain values describe, keys as in an experiment file.

    Args:
        values: mappings, lists, tuples, text, numbers, booleans and None; `extends` starts at the current directory.
        overrides: as in `load_experiment`.
        where: what messages call the mapping.

    Raises:
        ConfigError: it cannot be run; the message lists every problem, one a line.
    """
    try:
        return _resolve(*_extend(to_node(values, Place(safe(where))), Path()), overrides)
    except UnreadableError as error:
        raise refusal(error.findings) from None


def experiment_from_node(node: Node, folder: Path) -> Experiment:
    """Return the experiment that a part of a file describes; `extends` starts at `folder`.

    Raises:
        UnreadableError: it cannot be run; every problem at its place.
    """
    return _resolve(*_extend(node, folder), ())


def apply_overrides(experiment: Experiment, overrides: Sequence[str]) -> Experiment:
    """Return the experiment with overrides, as `load_experiment` takes them, applied and the whole checked again.

    Raises:
        ConfigError: it cannot be run so; the message lists every problem, one a line.
    """
    return experiment_from_mapping(experiment.model_dump(), overrides)


def dump_experiment(experiment: Experiment) -> str:
    """Return the whole experiment as YAML, every key given; loading it gives an equal experiment."""
    return write_yaml(_named_first(experiment.model_dump()))


def _named_first(value: Any) -> Any:
    """Return mappings with their component's name in front."""
    if isinstance(value, dict):
        return {key: _named_first(value[key]) for key in sorted(value, key=lambda key: key != "name")}
    return [_named_first(item) for item in value] if isinstance(value, tuple) else value


def difference(old: Experiment, new: Experiment) -> list[tuple[str, Any, Any]]:
    """Return (dotted path, old value, new value) of everything in which two experiments differ.

    A list of plain values is one value. A key that only one of them has, because a component or the length of a list
    differs, is None in the other.
    """
    before, after = dict(_leaves(old, ())), dict(_leaves(new, ()))
    return [
        (dotted(path), before.get(path), after.get(path))
        for path in dict.fromkeys([*before, *after])
        if before.get(path) != after.get(path)
    ]


def _leaves(options: Options, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for key in type(options).model_fields:
        value, below = getattr(options, key), (*path, key)
        if isinstance(value, Options):
            yield from _leaves(value, below)
        elif choices(type(options), key):
            for index, item in enumerate(value):
                yield from _leaves(item, (*below, index))
        else:
            yield below, value


# Files


def locate(source: str | Path, folder: Path = Path()) -> Path:
    """Return the file of that name, else the shipped experiment; a folder of the same name hides neither.

    Raises:
        ConfigError: there is neither.
    """
    path = folder / source
    return path if os.path.lexists(path) and not os.path.isdir(path) else find_config(str(source))


def _read_chain(path: Path, above: tuple[str, ...] = ()) -> tuple[Node, list[Finding]]:
    """Return what a file and all that it extends say together, and what is wrong with their keys."""
    tree, findings = read_document(path)
    if says_sweep(tree):
        source = tree.place.source
        raise ConfigError(f"{source}: this is a sweep, not an experiment", f"`ganlab sweep {source}` runs it")
    tree, more = _extend(tree, path.parent, (*above, os.path.realpath(path)))
    return tree, more + findings


def read_document(path: Path, experiments: int = 1) -> tuple[Node, list[Finding]]:
    """Read a file of keys that holds up to so many experiments; return it, and what is wrong with its keys.

    Raises:
        UnreadableError: it cannot be read, is no YAML, or is empty.
    """
    source = safe(str(path), limit=300)
    text = decode(_read_file(path, source, experiments * MAX_BYTES), source, experiments)
    tree, findings = read_yaml(text, Place(source, 1), experiments)
    if tree.value is None:
        raise UnreadableError([Finding(Place(source), "the file is empty: it holds no keys")])
    return tree, findings


def says_sweep(tree: Node) -> bool:
    """Whether a document describes a sweep rather than one experiment."""
    return isinstance(tree.value, dict) and any(key in tree.value for key in SWEEP_KEYS)


def _extend(tree: Node, folder: Path, above: tuple[str, ...] = ()) -> tuple[Node, list[Finding]]:
    """Return a tree merged into what its `extends` names, if it has one."""
    if not isinstance(tree.value, dict):
        raise UnreadableError([Finding(tree.place, f"expected keys and values, got {shown(tree.plain())}")])
    parent = tree.value.pop("extends", None)
    if parent is None:
        return tree, []
    base, findings = _read_chain(_parent_file(parent, folder, above), above)
    return _merge(base, tree, ()), findings


def _parent_file(parent: Node, folder: Path, above: tuple[str, ...]) -> Path:
    """Return the file that `extends` names."""
    place = parent.place
    if not isinstance(parent.value, str):
        text = f"extends: expected a file or the name of a shipped experiment, got {shown(parent.plain())}"
        raise UnreadableError([Finding(place, text)])
    try:
        path = locate(parent.value, folder)
    except ConfigError as error:
        raise UnreadableError([Finding(place, f"extends: {error.message}; {error.hint}")]) from None
    if os.path.realpath(path) in above:
        raise UnreadableError([Finding(place, "extends: the files extend each other in a circle")])
    if len(above) > MAX_EXTENDS:
        raise UnreadableError([Finding(place, f"extends: a chain of more than {MAX_EXTENDS} files")])
    return path


def _read_file(path: Path, source: str, most: int) -> bytes:
    """Return the first bytes of a file, one more than `decode` accepts at most."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait, reading a device never end
            raise UnreadableError([Finding(Place(source), "a device or a pipe; expected a YAML file")])
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise UnreadableError([Finding(Place(source), f"cannot be read: {error.strerror}")]) from None


def _merge(base: Node, top: Node, path: KeyPath) -> Node:
    """Return `base` with `top` laid over it: mappings merge, all else is replaced, another component starts anew."""
    if not (isinstance(base.value, dict) and isinstance(top.value, dict)):
        return top
    name = top.value.get("name")
    if name and _is_other_component(base, name, path):
        return top
    merged = dict(base.value)
    for key, node in top.value.items():
        merged[key] = _merge(merged[key], node, (*path, key)) if key in merged else node
    return Node(merged, top.place)


def _is_other_component(section: Node, name: Node, path: KeyPath) -> bool:
    """Whether a section, at `path`, is of another component than `name`."""
    in_list = bool(path) and isinstance(path[-1], int)
    if path not in DEFAULT_COMPONENTS and not in_list:
        return False
    given = section.child("name")
    return bool((given.value if given else DEFAULT_COMPONENTS.get(path)) != name.value)


# Overrides


def _with_overrides(tree: Node, overrides: Sequence[str]) -> tuple[Node, list[Finding]]:
    """Return the tree with all overrides in it: whole lists before their entries, names before other keys."""
    findings: list[Finding] = []
    edits: list[tuple[KeyPath, Node]] = []
    for text in overrides:
        try:
            edits += _edits(text, findings)
        except UnreadableError as error:
            findings += error.findings
    edits.sort(key=lambda edit: (any(str(key).isdigit() for key in edit[0]), edit[0][-1] != "name"))
    for keys, node in edits:
        try:
            tree = _put(tree, keys, node, ())
        except UnreadableError as error:
            findings += error.findings
    return tree, findings


def read_override(text: str) -> tuple[KeyPath, Node, list[Finding]]:
    """Return the path that an override sets, what to, and what is wrong with the keys of its value.

    Raises:
        UnreadableError: it is no KEY=VALUE, or the value no YAML.
    """
    place = Place(f"override {safe(text)}")
    typed, equals, value = text.partition("=")
    keys = tuple(typed.strip().split("."))
    if not equals or not all(keys) or len(keys) > MAX_DEPTH or control_character(text):
        raise UnreadableError([Finding(place, "expected KEY=VALUE in plain text, such as training.steps=500")])
    return keys, *read_yaml(value, place)


def _edits(text: str, findings: list[Finding]) -> Iterator[tuple[KeyPath, Node]]:
    """Yield the paths an override sets, and what to."""
    keys, node, more = read_override(text)
    findings += more
    place = node.place
    for path, leaf in _flat(keys, node):
        leaf.place = place._replace(key=".".join(map(str, keys))) if path == keys else place
        if path[0] == "optimizer" and len(path) > 1 and path[1] not in ("generator", "discriminator"):
            yield ("optimizer", "generator", *path[1:]), leaf
            yield ("optimizer", "discriminator", *path[1:]), leaf
        else:
            yield path, leaf


def _flat(path: KeyPath, node: Node) -> Iterator[tuple[KeyPath, Node]]:
    if isinstance(node.value, dict) and node.value:
        for key, item in node.value.items():
            yield from _flat((*path, key), item)
    else:
        yield path, node


def _put(tree: Node, keys: KeyPath, value: Node, path: KeyPath) -> Node:
    """Return the tree, which stands at `path`, with a value set at `keys` below it."""
    if not keys:
        return _merge(tree, value, path)
    key, rest = keys[0], keys[1:]
    below = tree.child(key)
    if isinstance(tree.value, list) or (below is None and str(key).isdigit()):
        if below is None:
            where = dotted(path) or "the experiment"
            text = (
                f"{where} has no entry {safe(str(key))}; give the whole list, as in penalties=[{{name: r1, weight: 5}}]"
            )
            raise UnreadableError([Finding(value.place, text)])
        index = int(key)
        items = list(tree.value)
        items[index] = _put(below, rest, value, (*path, index))
        return Node(items, tree.place)
    if key == "name" and not rest and _is_other_component(tree, value, path):
        tree = Node({}, value.place._replace(key=""))
    if not isinstance(tree.value, dict):
        tree = Node({}, value.place)
    below = tree.value.get(key, Node({}, value.place))
    return Node({**tree.value, key: _put(below, rest, value, (*path, key))}, tree.place)


# Checking


def _resolve(tree: Node, findings: list[Finding], overrides: Sequence[str]) -> Experiment:
    """Return the experiment that a tree with overrides describes, or raise with all that is wrong."""
    tree, more = _with_overrides(tree, overrides)
    findings = findings + more
    for path, name in DEFAULT_COMPONENTS.items():
        section = node_at(tree, path)
        if section and isinstance(section.value, dict):
            section.value.setdefault("name", Node(name, section.place._replace(key="")))
    experiment, more, doubtful = _validate(tree)
    findings += more
    for problem in problems(experiment):
        path, *others = map(key_path, (problem.path, *problem.others))
        if not any(_touch(one, other) for one in (path, *others) for other in doubtful):
            findings.append(finding(tree, path, f"{problem.message}; {problem.hint}", others))
    if findings:
        raise UnreadableError(findings)
    return experiment


def _validate(tree: Node) -> tuple[Experiment, list[Finding], list[KeyPath]]:
    """Return the experiment without the keys that cannot be, which it removes; what is wrong with them; their paths."""
    findings: list[Finding] = []
    doubtful: list[KeyPath] = []
    while True:
        try:
            return Experiment.model_validate(tree.plain()), findings, doubtful
        except ValidationError as error:
            wrong: dict[KeyPath, list[Any]] = {}
            for each in error.errors(include_url=False, include_input=False):
                path = path_of(tree, each["loc"], missing=each["type"] == "missing")
                wrong.setdefault(path, []).append(each)
        # What is missing now because it was removed before has been reported then.
        fresh = [path for path in wrong if not any(_touch(path, other) for other in doubtful)]
        for path in fresh[: MAX_FINDINGS + 1]:
            explained, meant = explain(tree, path, wrong[path])
            findings.append(explained)
            doubtful.append(meant)
        for path in wrong:
            doubtful.append(_remove(tree, path))


def _remove(tree: Node, path: KeyPath) -> KeyPath:
    """Remove what is wrong at a path, a whole list where an entry is; return the path of what was removed."""
    if node_at(tree, path[:-1]) and not node_at(tree, path):  # a key that is missing cannot be removed, its section can
        path = path[:-1]
    while path and isinstance(path[-1], int):
        path = path[:-1]
    holder = node_at(tree, path[:-1])
    if not path:
        tree.value.clear()
    elif holder:
        holder.value.pop(path[-1], None)
    return path


def _touch(one: KeyPath, other: KeyPath) -> bool:
    """Whether one path is the other, or stands in it."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def refusal(findings: Sequence[Finding]) -> ConfigError:
    """Return the error that says each finding once: files by line, then overrides."""
    ordered = sorted(
        findings, key=lambda found: (found.place.line == 0, found.place[:2] if found.place.line else ("", 0))
    )
    lines = list(dict.fromkeys(map(str, ordered)))
    if len(lines) > MAX_FINDINGS:
        lines[MAX_FINDINGS:] = ["and more, once these are put right"]
    return ConfigError("\n".join(lines))
