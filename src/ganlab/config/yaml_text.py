"""YAML as experiments use it: read with the place of every value, written so that it reads back the same.

Scalars follow the core schema of YAML 1.2 (section 10.3), with one spelling each of true, false and null; `no`, `on`
and dates are text. What a file for people does not need is refused: tags, anchors, aliases, merge keys, several
documents.
Of PyYAML only the event stream is used, which neither recurses nor constructs anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from yaml import events
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from ganlab.config.tree import (
    MAX_DEPTH,
    KeyPath,
    Location,
    Mistake,
    Node,
    UnreadableError,
    control_character,
    control_text,
    dotted,
    float_text,
    shown,
)
from ganlab.text import one_line, short

MAX_BYTES = 100_000

MAX_NODES = 10_000

_NULL = re.compile(r"(?:null|~|)\Z")
_BOOL = re.compile(r"(?:true|false)\Z")
# Digits beyond any use stay text: Python refuses to convert thousands of them, and a message shows text shortened.
_INT = re.compile(r"(?:[-+]?[0-9]{1,100}|0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100})\Z")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)


def decode(raw: bytes, source: str, experiments: int = 1) -> str:
    """Return the text of a file that holds up to so many experiments.

    Raises:
        UnreadableError: it is larger than 100 KB an experiment, no UTF-8, or holds control characters.
    """
    place = Location(source)
    if len(raw) > (most := experiments * MAX_BYTES):
        raise UnreadableError([Mistake(place, f"larger than the {most // 1000} KB an experiment file may have")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError([Mistake(Location(source, line), "not a text file in UTF-8")]) from None
    found = control_character(text.replace("\r\n", "\n"))
    if found:
        raise UnreadableError([Mistake(Location(source, text.count("\n", 0, found.start()) + 1), control_text(found))])
    return text


def read_yaml(text: str, place: Location, experiments: int = 1) -> tuple[Node, list[Mistake]]:
    """Read one YAML document; an empty one is null.

    Args:
        text: what `decode` returned, or the value of an override.
        place: where the text begins; with line 0 all values have that same location.
        experiments: how many experiments the text may hold.

    Returns:
        The document, and what is wrong with its keys: given twice (the first counts), or no text.

    Raises:
        UnreadableError: no YAML, or YAML that has no place in an experiment.
    """
    document = _Document(text, place, experiments * MAX_NODES)
    return document.read(), document.mistakes


class _Events(Reader, Scanner, Parser):
    """PyYAML's event stream and nothing after it."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class _Document:
    """Builds nodes from events. Depth is limited before recursion, so that no file can exhaust the stack."""

    def __init__(self, text: str, place: Location, most: int) -> None:
        self._events = _Events(text)
        self._place = place
        self._most = most
        self._nodes = 0
        self.mistakes: list[Mistake] = []

    def read(self) -> Node:
        self._next()
        if isinstance(self._next(), events.StreamEndEvent):
            return Node(None, self._place)
        root = self._node(self._next(), ())
        self._next()
        end = self._next()
        if not isinstance(end, events.StreamEndEvent):
            self._stop(end, "a second document begins here; write one experiment a file")
        return root

    def _next(self) -> Any:
        try:
            event = self._events.get_event()  # type: ignore[no-untyped-call]
        except yaml.MarkedYAMLError as error:
            self._stop(error, _syntax_text(error))
        except (ValueError, OverflowError):  # PyYAML converts numbers of escapes and %YAML unchecked
            self._stop(self._events, "not YAML: a number out of range, in an escape or a directive")
        return event

    def _at(self, where: Any) -> Location:
        """Return the place of an event, an error or the stream's own position."""
        mark = getattr(where, "start_mark", None) or getattr(where, "problem_mark", None) or where
        return self._place._replace(line=mark.line + 1) if self._place.line else self._place

    def _stop(self, where: Any, text: str) -> None:
        raise UnreadableError([*self.mistakes, Mistake(self._at(where), text)])

    def _node(self, event: Any, path: KeyPath) -> Node:
        self._nodes += 1
        if self._nodes > self._most:
            self._stop(event, f"more than {self._most} values; no experiment needs so many")
        if len(path) > MAX_DEPTH:
            self._stop(event, f"nested more than {MAX_DEPTH} levels deep; no experiment needs so many")
        if isinstance(event, events.AliasEvent) or event.anchor is not None:
            self._stop(event, "anchors and aliases (& and *) are not read; write the value out, or use extends")
        if event.tag is not None:
            self._stop(event, f"tags are not read; remove {short(event.tag)}")
        if isinstance(event, events.ScalarEvent):
            return Node(self._scalar(event), self._at(event))
        place = self._at(event)
        if isinstance(event, events.SequenceStartEvent):
            return Node(list(self._items(path)), place)
        return Node(self._entries(path), place)

    def _scalar(self, event: events.ScalarEvent) -> str | int | float | bool | None:
        found = control_character(event.value)
        if found:
            self._stop(event, control_text(found))
        return _value(event.value) if event.implicit[0] else event.value

    def _items(self, path: KeyPath) -> Iterator[Node]:
        while not isinstance(event := self._next(), events.SequenceEndEvent):
            yield self._node(event, (*path, 0))

    def _entries(self, path: KeyPath) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := self._next(), events.MappingEndEvent):
            key = self._node(event, (*path, ""))
            value = self._node(self._next(), (*path, key.value if isinstance(key.value, str) else ""))
            if not isinstance(key.value, str):
                self._found(key, path, f"the key {shown(key.plain())} is not text")
            elif key.value == "<<":
                self._found(key, path, "merge keys (<<) are not read; use extends")
            elif key.value in entries:
                first = entries[key.value].place
                lines = f"in lines {first.line} and {key.place.line}" if first.line else "twice"
                self._found(key, (*path, key.value), f"the key is given {lines}; keep one")
            else:
                entries[key.value] = Node(value.value, key.place)
        return entries

    def _found(self, key: Node, path: KeyPath, text: str) -> None:
        self.mistakes.append(Mistake(key.place, f"{dotted(path)}: {text}" if path else text))


def _syntax_text(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it breaks off here"
    if "'\\t'" in problem:
        return "a tab where YAML needs spaces; indent with spaces"
    begun = f" ({short(error.context or '')} in line {error.context_mark.line + 1})" if error.context_mark else ""
    return f"not YAML: {short(problem)}{begun}"


def _value(text: str) -> str | int | float | bool | None:
    """Return what a plain scalar says."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text == "true"
    if _INT.match(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.match(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


class _Dumper(yaml.SafeDumper):
    """Writes plain only what `read_yaml` reads back as the same value."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012  PyYAML's own, replaced as a whole

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _name, _pattern in {"null": _NULL, "bool": _BOOL, "int": _INT, "float": _FLOAT}.items():
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, None)
_Dumper.add_representer(
    list,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:seq",
        value,
        flow_style=dumper.default_flow_style or not any(isinstance(item, dict) for item in value),
    ),
)
_Dumper.add_representer(
    float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", float_text(value))
)


def write_yaml(values: Mapping[str, Any]) -> str:
    """Return YAML text that `read_yaml` reads back as equal values, keys in their order."""
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)
    return str(text)


def settings_words(settings: Mapping[str, Any], equals: str = ": ", then: str = "; ") -> str:
    """Return dotted keys and their values in a line: `latent.dim: 64; loss: hinge`."""
    return one_line(then.join(f"{key}{equals}{write_flow(value)}" for key, value in settings.items()))


def write_flow(value: Any) -> str:
    """Return a value as YAML on one line, as it stands behind a key: `{dim: 1}`."""
    text = yaml.dump(
        [value], Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=True, width=math.inf
    )
    return str(text).strip()[1:-1]
