"""Strangers' text in messages."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ganlab.text import closest, drawable, excerpt, listed, one_line, printable, replaced, short

RED = "\x1b[31m"


def test_what_could_steer_a_terminal_is_spelled_out() -> None:
    assert printable(f"a{RED}b\nc\u202ed") == "a\\x1b[31mb\nc\\u202ed"
    assert one_line(f"a{RED}b\nc\r\u2028") == "a\\x1b[31mb\\nc\\r\\u2028"
    assert printable("é ß 数 🙂") == one_line("é ß 数 🙂") == "é ß 数 🙂"
    assert one_line("\udc80") == "\\udc80"  # a byte of a file's name that is no UTF-8
    assert printable(3.5) == "3.5"


def test_long_text_is_cut_before_it_is_spelled_out() -> None:
    assert one_line("x" * 11, 10) == "x" * 7 + "..."
    assert one_line("x" * 10, 10) == "x" * 10
    assert one_line("\n" * 10, 10) == "\\n" * 10
    assert len(short("x" * 1000)) == 80


def test_an_excerpt_of_a_log_has_no_colours() -> None:
    assert excerpt(f"{RED}loss\x1b[0m\x1b]0;title\x07: 1") == "loss: 1"
    assert excerpt("x" * 1000).endswith("...")
    assert excerpt("\x1b") == "\\x1b"


def test_marks_stand_for_what_cannot_be_shown() -> None:
    assert drawable(f"a\nb{RED}") == "a\nb?[31m"
    assert replaced("a\nb\tc", " ") == "a b c"


def test_lists_are_short_and_quoted() -> None:
    assert listed(["a", "b\n"]) == "`a`, `b\\n`"
    assert listed(list("abcd"), limit=2) == "`a`, `b` and 2 more"


@pytest.mark.parametrize(
    ("word", "options", "expected"),
    [
        ("Adma", ["sgd", "adam"], "adam"),
        ("zzz", ["sgd", "adam"], None),
        (12, [128, 11], "128"),
        ("x" * 10**6, ["x" * 90], "x" * 90),  # a long word costs no more time than its beginning
    ],
)
def test_what_was_meant(word: object, options: list[object], expected: str | None) -> None:
    assert closest(word, options) == expected


def test_needs_nothing_but_python() -> None:
    code = "import sys, ganlab.text\nassert not {'torch', 'numpy', 'pydantic', 'yaml'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
