from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ganlab.config.tree import MAX_DEPTH, Location, UnreadableError
from ganlab.config.yaml_text import MAX_BYTES, MAX_NODES, decode, read_yaml, write_yaml


def read(text: str) -> Any:
    node, mistakes = read_yaml(text, Location("x.yaml", 1))
    assert not mistakes
    return node.plain()


def refusal(text: str | bytes) -> str:
    """The problems of a text that cannot be read, as one string."""
    with pytest.raises(UnreadableError) as error:
        read_yaml(decode(text if isinstance(text, bytes) else text.encode(), "x.yaml"), Location("x.yaml", 1))
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("2.0e-4", 2e-4),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5E+3", -1500.0),
        ("+.5e1", 5.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("# only a comment", None),
    ],
)
def test_scalars_of_yaml_1_2(text: str, value: object) -> None:
    result = read(text)
    assert result == value
    assert type(result) is type(value)


def test_nan_is_a_float() -> None:
    assert math.isnan(read(".nan"))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "no",
            "yes",
            "on",
            "off",
            "True",
            "FALSE",
            "Null",
            "2024-01-01",
            "12:30:45",
            "1_000",
            "0b11",
            "1e",
            ".",
            "e5",
        ),
        *("+", "--1", "0x", "0o8", "1.5.2", "inf", "nan", "-.nan", "<<", "=", "9" * 5000, "0x" + "f" * 5000),
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert read(text) == text


def test_quotes_make_text() -> None:
    assert read("""['1', "2.5", 'true', "null", '']""") == ["1", "2.5", "true", "null", ""]


def test_every_value_knows_its_line() -> None:
    text = "a: 1\nb:\n  c: [1,\n      2]\n  d: |\n    text\n# comment\ne:\n- x\n- y: 3\n"
    root, _ = read_yaml(text, Location("x.yaml", 1))
    lines = {key: root.value[key].place.line for key in root.value}
    assert lines == {"a": 1, "b": 2, "e": 8}
    section = root.value["b"].value
    assert (section["c"].place.line, section["d"].place.line) == (3, 5)
    assert [item.place.line for item in section["c"].value] == [3, 4]
    assert [item.place.line for item in root.value["e"].value] == [9, 10]
    assert root.value["e"].value[1].value["y"].place == Location("x.yaml", 10)


def test_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    node, _ = read_yaml(decode(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "x.yaml"), Location("x.yaml", 1))
    assert node.plain() == {"a": 1, "b": "x"}
    assert node.value["b"].place.line == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "tags are not read"),
        ("a: !!str 1\n", 1, "tags are not read"),
        ("a: ! 1\n", 1, "tags are not read"),
        ("!x {a: 1}\n", 1, "tags are not read"),
        ("a: &x 1\nb: 2\n", 1, "anchors and aliases"),
        ("a: 1\nb: *x\n", 2, "anchors and aliases"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\n...\n---\n", 3, "second document"),
        ("a:\n  b: 1\n\tc: 2\n", 3, "tab"),
        ("a: [1,\n  2\nb: 3\n", 3, "not YAML"),
        ("a: b: c\n", 1, "not YAML"),
        ("a: 'x\n", 2, "not YAML"),
        ("a: 1\n b: 2\n", 2, "not YAML"),
        ("a: 1\nb: x\x00y\n", 2, "control character U+0000"),
        ("a: 1\r\nb: \x1b[31m\r\n", 2, "control character U+001B"),
        ("a: 1\rb: 2\n", 1, "control character U+000D"),
        ('a: "\\x1b[31m"\n', 1, "control character U+001B"),
        ('a: "\\0"\n', 1, "control character U+0000"),
        ('a: "\\ud800"\n', 1, "control character U+D800"),
        ('a: 1\n"\\e": 2\n', 2, "control character U+001B"),
        ('a: "\\UFFFFFFFF"\n', 1, "number out of range"),
        ('a: "\\U00110000"\n', 1, "number out of range"),
        ("%YAML 1." + "9" * 5000 + "\n---\na: 1\n", 1, "number out of range"),
        ("a: 1\nb: \u2028\n", 2, "control character U+2028"),
    ],
)
def test_refused_with_the_line(text: str, line: int, words: str) -> None:
    message = refusal(text)
    assert message.startswith(f"x.yaml:{line}: ")
    assert words in message
    assert "\n" not in message


def test_text_that_is_not_utf8_is_refused_with_the_line() -> None:
    assert refusal(b"a: 1\nb: \xff\n") == "x.yaml:2: not a text file in UTF-8"
    assert refusal("a: 1".encode("utf-16")) == "x.yaml:1: not a text file in UTF-8"


def test_too_large_too_deep_too_many() -> None:
    assert "larger than" in refusal(b"#" * (MAX_BYTES + 1))
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for opening in ("[", "{a: ", "- ", "? "):
        assert f"more than {MAX_DEPTH} levels" in refusal(opening * (MAX_BYTES // len(opening)))
    assert f"more than {MAX_NODES} values" in refusal("[" + "1," * MAX_NODES + "]")


def test_keys_given_twice_or_no_text_are_found_all_at_once() -> None:
    text = "a: 1\nb: {c: 1, c: 2}\na: 3\n1: x\ntrue: y\n? [z]\n: 1\n<<: {d: 1}\n"
    node, mistakes = read_yaml(text, Location("x.yaml", 1))
    assert [str(found) for found in mistakes] == [
        "x.yaml:2: b.c: the key is given in lines 2 and 2; keep one",
        "x.yaml:3: a: the key is given in lines 1 and 3; keep one",
        "x.yaml:4: the key 1 is not text",
        "x.yaml:5: the key true is not text",
        "x.yaml:6: the key ['z'] is not text",
        "x.yaml:8: merge keys (<<) are not read; use extends",
    ]
    assert node.plain() == {"a": 1, "b": {"c": 1}}


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff")
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | TEXT
    | st.text("0123456789.+-eExo_~ \n\t:#'\"[]{},&*!|>%@`nulltrefasi")
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT.filter(lambda key: key != "<<"), inner)
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    result = read(write_yaml({"x": value}))["x"]
    assert result == value
    assert repr(result) == repr(value)


@pytest.mark.parametrize(
    ("value", "text"), [(1e-8, "1.0e-8"), (2e-4, "0.0002"), (1.5e300, "1.5e+300"), (1e22, "1.0e+22"), (10.0, "10.0")]
)
def test_floats_are_floats_to_yaml_1_1_readers_too(value: float, text: str) -> None:
    written = write_yaml({"x": value})
    assert written == f"x: {text}\n"
    assert yaml.safe_load(written) == {"x": value}
