"""Trees of values."""

from __future__ import annotations

from typing import Any

import pytest

from ganlab.config.tree import Location, UnreadableError, shown, to_node


def test_python_values_that_no_file_could_hold() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = circle
    for value, words in [
        (circle, "nested more than"),
        ({"a": {1: 2}}, "a: the key 1 is not plain text"),
        ({"a\x1b": 2}, r"the key 'a\x1b' is not plain text"),
        ({"a": ["\x00"]}, "a.0: holds the control character"),
        ({"a": 10**5000}, "a: a whole number of"),
    ]:
        with pytest.raises(UnreadableError, match=r"^here: ") as error:
            to_node(value, Location("here"))
        assert words in str(error.value)


def test_messages_show_user_text_safe_and_short() -> None:
    assert shown("y" * 1000).endswith("...'")
    assert shown([1, "a", None, {"b": 1}]) == "[1, 'a', null, keys and values]"
    assert shown(object()) == "a Python object"
