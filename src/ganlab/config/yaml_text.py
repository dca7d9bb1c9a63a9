"""YAML as experiments use it: read with the place of every value, written so that it reads back the same.

Scalars follow the core schema of YAML 1.2 (section 10.3), with one spelling each of true, false and null; `no`, `on`
and dates are text. What a file for people does not need is refused: tags, anchors, aliases, merge keys, several
documents.
Of PyYAML only the event stream is used, which neither recurses nor constructs anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml
from yaml import events
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from ganlab.text import SHORT, one_line, short

MAX_BYTES = 100_000
MAX_DEPTH = 20
MAX_NODES = 10_000

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of an experiment; as text it is a dotted path."""

_NULL = re.compile(r"(?:null|~|)\Z")
_BOOL = re.compile(r"(?:true|false)\Z")
# Digits beyond any use stay text: Python refuses to convert thousands of them, and a message shows text shortened.
_INT = re.compile(r"(?:[-+]?[0-9]{1,100}|0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100})\Z")
_FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


class Place(NamedTuple):
    """Where a value was written."""

    source: str
    """The file or the override, safe to print."""
    line: int = 0
    """Line from 1; 0 if the source has no lines."""
    key: str = ""
    """The dotted path, if `source` already says it."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


class Finding(NamedTuple):
    """One problem, at its place."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Node(NamedTuple):
    """A value and the place it comes from; inside mappings and lists there are nodes again.

    A tree of nodes is not changed once it is read: what differs is a new tree.
    """

    value: Any
    place: Place

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

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


def shown(value: Any) -> str:
    """Return a value as a message shows it, safe to print and short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f"'{short(value)}'"
    if isinstance(value, int | float):
        return short(_float_text(value) if isinstance(value, float) else str(value))
    if isinstance(value, list):
        return short(f"[{', '.join(shown(item) for item in value[:SHORT])}]")
    return "keys and values" if isinstance(value, dict) else f"a Python {short(type(value).__name__)}"


def dotted(path: KeyPath) -> str:
    """Return a path as messages show it."""
    return one_line(".".join(map(str, path)), 4 * SHORT)


def decode(raw: bytes, source: str, experiments: int = 1) -> str:
    """Return the text of a file that holds up to so many experiments.

    Raises:
        UnreadableError: it is larger than 100 KB an experiment, no UTF-8, or holds control characters.
    """
    place = Place(source)
    if len(raw) > (most := experiments * MAX_BYTES):
        raise UnreadableError([Finding(place, f"larger than the {most // 1000} KB an experiment file may have")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError([Finding(Place(source, line), "not a text file in UTF-8")]) from None
    found = control_character(text.replace("\r\n", "\n"))
    if found:
        raise UnreadableError([Finding(Place(source, text.count("\n", 0, found.start()) + 1), _control_text(found))])
    return text


def control_character(text: str) -> re.Match[str] | None:
    """Return the first character that has no place in an experiment, lone surrogates among them, or None."""
    return _CONTROL.search(text)


def _control_text(found: re.Match[str]) -> str:
    return f"holds the control character U+{ord(found[0]):04X}; remove it"


def read_yaml(text: str, place: Place, experiments: int = 1) -> tuple[Node, list[Finding]]:
    """Read one YAML document; an empty one is null.

    Args:
        text: what `decode` returned, or the value of an override.
        place: where the text begins; line 0 gives every value that same place.
        experiments: how many experiments the text may hold.

    Returns:
        The document, and what is wrong with its keys: given twice (the first counts), or no text.

    Raises:
        UnreadableError: no YAML, or YAML that has no place in an experiment.
    """
    document = _Document(text, place, experiments * MAX_NODES)
    return document.read(), document.findings


class _Events(Reader, Scanner, Parser):
    """PyYAML's event stream and nothing after it."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class _Document:
    """Builds nodes from events. Depth is limited before recursion, so that no file can exhaust the stack."""

    def __init__(self, text: str, place: Place, most: int) -> None:
        self._events = _Events(text)
        self._place = place
        self._most = most
        self._nodes = 0
        self.findings: list[Finding] = []

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

    def _at(self, where: Any) -> Place:
        """Return the place of an event, an error or the stream's own position."""
        mark = getattr(where, "start_mark", None) or getattr(where, "problem_mark", None) or where
        return self._place._replace(line=mark.line + 1) if self._place.line else self._place

    def _stop(self, where: Any, text: str) -> None:
        raise UnreadableError([*self.findings, Finding(self._at(where), text)])

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
            self._stop(event, _control_text(found))
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
                self._found(key, (*path, key.value), f"the key stands {lines}; keep one")
            else:
                entries[key.value] = Node(value.value, key.place)
        return entries

    def _found(self, key: Node, path: KeyPath, text: str) -> None:
        self.findings.append(Finding(key.place, f"{dotted(path)}: {text}" if path else text))


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


def to_node(value: Any, place: Place, path: KeyPath = ()) -> Node:
    """Return plain Python values as nodes that all stand at one place.

    Raises:
        UnreadableError: nested too deep, a key that is no text, a control character, an integer beyond any use.
    """
    if len(path) > MAX_DEPTH:
        raise UnreadableError([Finding(place, f"{dotted(path[:3])}: nested more than {MAX_DEPTH} levels deep")])
    if isinstance(value, Mapping):
        odd = [key for key in value if not isinstance(key, str) or control_character(key)]
        if odd:
            raise UnreadableError([Finding(place, f"{_where(path)}the key {shown(odd[0])} is not plain text")])
        return Node({key: to_node(item, place, (*path, key)) for key, item in value.items()}, place)
    if isinstance(value, list | tuple):
        return Node([to_node(item, place, (*path, index)) for index, item in enumerate(value)], place)
    if isinstance(value, str) and (found := control_character(value)):
        raise UnreadableError([Finding(place, _where(path) + _control_text(found))])
    if isinstance(value, int) and value.bit_length() > 320:
        text = f"{_where(path)}a whole number of {value.bit_length()} bits is beyond any use"
        raise UnreadableError([Finding(place, text)])
    return Node(float(value) if isinstance(value, float) else value, place)


def _where(path: KeyPath) -> str:
    return f"{dotted(path)}: " if path else ""


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
        "tag:yaml.org,2002:seq", value, flow_style=not any(isinstance(item, dict) for item in value)
    ),
)
_Dumper.add_representer(
    float, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:float", _float_text(value))
)


def _float_text(value: float) -> str:
    """Return the shortest digits that read back exactly, in a form that YAML 1.1 and 1.2 both take for a float."""
    if not abs(value) < float("inf"):
        return {"inf": ".inf", "-inf": "-.inf"}.get(repr(value), ".nan")
    digits, _, exponent = repr(value).partition("e")
    return f"{digits}{'' if '.' in digits else '.0'}e{int(exponent):+d}" if exponent else digits


def write_yaml(values: Mapping[str, Any]) -> str:
    """Return YAML text that `read_yaml` reads back as equal values, keys in their order."""
    text = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=120)
    return str(text)
