"""From a file, a mapping or settings to an Experiment, and back to text; problems are reported with their location."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ganlab.config.base import Options
from ganlab.config.experiment import Experiment
from ganlab.config.explain import errors_by_path, explain, mistake_at
from ganlab.config.files import extend, locate, read_chain
from ganlab.config.merge import drop, with_names
from ganlab.config.overrides import Setting, apply_settings, read_overrides, read_settings
from ganlab.config.rules import problems
from ganlab.config.schema import choices
from ganlab.config.tree import KeyPath, Location, Mistake, Node, UnreadableError, dotted, key_path, node_at, to_node
from ganlab.config.yaml_text import write_yaml
from ganlab.errors import ConfigError
from ganlab.text import short

MAX_MISTAKES = 100


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
        return _resolve(*read_chain(path), *read_overrides(overrides))
    except UnreadableError as error:
        raise refusal(error.mistakes) from None


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
        return _resolve(*extend(to_node(values, Location(short(where))), Path()), *read_overrides(overrides))
    except UnreadableError as error:
        raise refusal(error.mistakes) from None


def experiment_from_node(node: Node, folder: Path) -> Experiment:
    """Return the experiment that a part of a file describes; `extends` starts at `folder`.

    Raises:
        UnreadableError: it cannot be run; every problem at its place.
    """
    return _resolve(*extend(node, folder))


def apply_overrides(experiment: Experiment, overrides: Sequence[str]) -> Experiment:
    """Return the experiment with overrides, as `load_experiment` takes them, applied and the whole checked again.

    Raises:
        ConfigError: it cannot be run so; the message lists every problem, one a line.
    """
    return experiment_from_mapping(experiment.model_dump(), overrides)


def with_settings(experiment: Experiment, *settings: Mapping[str, Any]) -> Experiment:
    """Return the experiment with settings applied and the whole checked again.

    Args:
        experiment: what they change.
        settings: dotted keys and plain values, such as `{"training.steps": 500, "penalties": [{"name": "r1"}]}`, in the
            order of `load_experiment`: of a key that is set twice the last counts.

    Raises:
        ConfigError: it cannot be run so; the message lists every problem, one a line.
    """
    try:
        return _resolve(to_node(experiment.model_dump(), Location("experiment")), [], *read_settings(settings))
    except UnreadableError as error:
        raise refusal(error.mistakes) from None


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


# Checking


def _resolve(
    tree: Node, mistakes: Sequence[Mistake], settings: Sequence[Setting] = (), unread: Sequence[Mistake] = ()
) -> Experiment:
    """Return the experiment that a tree with settings describes.

    Args:
        tree: what was written.
        mistakes: what is wrong with it already.
        settings: what is laid over it.
        unread: what is wrong with settings that could not be read.

    Raises:
        UnreadableError: it cannot be run; every problem at its place.
    """
    tree, more = apply_settings(tree, settings)
    found = [*mistakes, *unread, *more]
    tree = with_names(tree)
    experiment, wrong, doubtful = _validate(tree)
    found += wrong
    for problem in problems(experiment):
        path, *others = map(key_path, (problem.path, *problem.others))
        if not any(_touch(one, other) for one in (path, *others) for other in doubtful):
            found.append(mistake_at(tree, path, f"{problem.message}; {problem.hint}", others))
    if found:
        raise UnreadableError(found)
    return experiment


def _validate(tree: Node) -> tuple[Experiment, list[Mistake], list[KeyPath]]:
    """Validate a tree without what is wrong in it, so that rules can be asked of the rest.

    Returns:
        The experiment that is left, what is wrong with the tree, and the paths that this concerns.
    """
    mistakes: list[Mistake] = []
    doubtful: list[KeyPath] = []
    while True:
        try:
            return Experiment.model_validate(tree.plain()), mistakes, doubtful
        except ValidationError as error:
            wrong = errors_by_path(tree, error)
        # Keys that are missing only because they were dropped have been reported.
        fresh = [path for path in wrong if not any(_touch(path, other) for other in doubtful)]
        for path in fresh[: MAX_MISTAKES + 1]:
            explained, meant = explain(tree, path, wrong[path])
            mistakes.append(explained)
            doubtful.append(meant)
        for path in wrong:
            dropped = _to_drop(tree, path)
            doubtful.append(dropped)
            tree = drop(tree, dropped)


def _to_drop(tree: Node, path: KeyPath) -> KeyPath:
    """Return what must go because of an error at a path: of a missing key its section, of an entry the whole list."""
    if node_at(tree, path[:-1]) and not node_at(tree, path):
        path = path[:-1]
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _touch(one: KeyPath, other: KeyPath) -> bool:
    """Whether one path is the other, or lies inside it."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def refusal(mistakes: Sequence[Mistake]) -> ConfigError:
    """Return the error that says each mistake once: files by line, then overrides."""
    ordered = sorted(
        mistakes, key=lambda found: (found.place.line == 0, found.place[:2] if found.place.line else ("", 0))
    )
    lines = list(dict.fromkeys(map(str, ordered)))
    if len(lines) > MAX_MISTAKES:
        lines[MAX_MISTAKES:] = ["and more, once these are put right"]
    return ConfigError("\n".join(lines))
