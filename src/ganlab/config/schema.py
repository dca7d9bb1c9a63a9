"""What an experiment file may contain, read from the options classes; and the JSON schema that editors use."""

from __future__ import annotations

import ast
import functools
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from ganlab.config.base import Options, Suggested
from ganlab.config.experiment import Experiment
from ganlab.config.tree import KeyPath, Node, key_path, node_at
from ganlab.verdicts import KINDS


@functools.cache
def choices(cls: type[Options], key: str) -> dict[str, type[Options]]:
    """Return the options classes that a key (or an entry of its list) can hold, by component name.

    A section that is no choice of components is listed by its key; a plain value gives nothing.
    """
    field = cls.model_fields.get(key)
    found = _options_in(field.annotation) if field else []
    return {component_name(options) or key: options for options in found}


def _options_in(annotation: Any) -> list[type[Options]]:
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return [annotation]
    return [options for part in get_args(annotation) for options in _options_in(part)]


@functools.cache
def component_name(cls: type[Options]) -> str | None:
    """Return the `name` by which an experiment chooses these options, or None for a section that is always there."""
    field = cls.model_fields.get("name")
    return get_args(field.annotation)[0] if field and get_origin(field.annotation) is Literal else None


@functools.cache
def allowed_values(cls: type[Options], key: str) -> tuple[Any, ...]:
    """Return the values a key can take if they are a fixed list, else nothing."""
    field = cls.model_fields.get(key)
    return tuple(_literals_in(field.annotation)) if field else ()


def suggested_values(cls: type[Options], key: str) -> tuple[str, ...]:
    """Return the values that a key suggests of all that it can take."""
    field = cls.model_fields.get(key)
    return next((each.values for each in (field.metadata if field else ()) if isinstance(each, Suggested)), ())


def _literals_in(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from _literals_in(part)


def _default_components(options: Options, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    for key in type(options).model_fields:
        section = getattr(options, key)
        if isinstance(section, Options):
            name = component_name(type(section))
            if name:
                yield (*path, key), name
            else:
                yield from _default_components(section, (*path, key))


DEFAULT_COMPONENTS: dict[KeyPath, str] = dict(_default_components(Experiment()))
"""Name of the component at a path unless an experiment chooses another."""


def options_at(root: Node, path: KeyPath) -> type[Options] | None:
    """Return the options class that a tree of values chooses at a path, or None if there is none."""
    cls: type[Options] | None = Experiment
    node: Node | None = root
    found: dict[str, type[Options]] = {}
    for depth, key in enumerate(path, start=1):
        node = node.child(key) if node else None
        if isinstance(key, str):
            found = choices(cls, key) if cls else {}
        name = node.child("name") if node else None
        chosen = name.value if name else DEFAULT_COMPONENTS.get(path[:depth])
        cls = next(iter(found.values())) if len(found) == 1 else found.get(chosen if isinstance(chosen, str) else "")
    return cls


def possible_values(root: Node, key: str) -> list[str]:
    """Return the values that a dotted key can have, as a command line takes them, or else the one that it has."""
    *above, last = key_path(key)
    holder = options_at(root, tuple(above[:-1])) if above else None
    if last == "name" and holder is not None and (parts := choices(holder, str(above[-1]))):
        return list(parts)
    cls = options_at(root, tuple(above))
    allowed = allowed_values(cls, str(last)) or suggested_values(cls, str(last)) if cls else ()
    node = node_at(root, (*above, last))
    value = node.plain() if node else None
    if isinstance(value, bool):
        return ["true", "false"]
    if allowed:
        return [str(each) for each in allowed]
    return [value if isinstance(value, str) else json.dumps(value)] if isinstance(value, str | int | float) else []


def dotted_paths(root: Node, path: KeyPath = ()) -> Iterator[str]:
    """Yield every dotted path an override can name, given the components that a tree of values chooses."""
    cls = options_at(root, path)
    for key in cls.model_fields if cls else ():
        below = (*path, key)
        yield ".".join(map(str, below))
        yield from dotted_paths(root, below)
        entries = node_at(root, below)
        for index in range(len(entries.value)) if entries and isinstance(entries.value, list) else ():
            yield from dotted_paths(root, (*below, index))


@functools.cache
def descriptions(cls: type[Options]) -> dict[str, str]:
    """Return the docstring of each field; a component's `name` is described by its class.

    Read from the source on use: having pydantic do it costs every start of ganlab a fifth of its time.
    """
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, Options):
            found |= _field_docstrings(base.__module__).get(base.__name__, {})
    return found | ({"name": inspect.getdoc(cls) or ""} if component_name(cls) else {})


@functools.cache
def _field_docstrings(module: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        statement.name: {
            field.target.id: inspect.cleandoc(text.value.value)
            for field, text in zip(statement.body, statement.body[1:], strict=False)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        }
        for statement in tree.body
        if isinstance(statement, ast.ClassDef)
    }


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of an experiment file, for editors.

    It knows keys, types and ranges. What a file takes over by `extends` it cannot know, so no section must be complete;
    `ganlab validate` checks the whole.
    """
    schema = Experiment.model_json_schema()
    classes = {cls.__name__: cls for cls in _all_options(Experiment)}
    for name, definition in {Experiment.__name__: schema, **schema["$defs"]}.items():
        for key, property_ in definition["properties"].items():
            property_.pop("title", None)
            property_.pop("discriminator", None)
            property_.get("items", {}).pop("discriminator", None)
            property_["description"] = descriptions(classes[name])[key]
            for choice in _loosen(property_):
                schema["$defs"][choice].pop("required", None)
    verdict = {"enum": sorted(KINDS)}
    expect = schema["properties"]["expect"]
    del expect["type"], expect["items"]
    expect["anyOf"] = [verdict, {"type": "array", "items": verdict}]
    extends = {
        "type": "string",
        "description": "Another experiment this one starts from: a file next to it, or a shipped name.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "ganlab experiment",
        "properties": {"extends": extends, **schema["properties"]},
    }


def _loosen(property_: dict[str, Any]) -> list[str]:
    """Let a section fit any of its components, and return their names: without `name` several may do."""
    if "$ref" not in property_.get("oneOf", [{}])[0]:
        return []
    property_["anyOf"] = property_.pop("oneOf")
    return [choice["$ref"].rpartition("/")[2] for choice in property_["anyOf"]]


def _all_options(cls: type[Options]) -> set[type[Options]]:
    below = [options for key in cls.model_fields for options in choices(cls, key).values()]
    return {cls}.union(*(_all_options(options) for options in below))
