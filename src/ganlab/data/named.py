"""Data sets as users name them outside an experiment: `mnist`, or some of its classes, `mnist[3,8]`."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from ganlab.config.data import DATA, DataOptions
from ganlab.data import RealData, load
from ganlab.errors import DataError
from ganlab.text import excerpt

KNOWN_DATA = tuple(name for name in DATA if name != "folder")
"""Data sets that a name alone says all about."""

NAMED = re.compile(r"(?P<name>\w{1,40})(?:\[(?P<classes>[^\[\]]{1,200})\])?")


def load_named(text: str) -> tuple[DataOptions, RealData] | None:
    """Load a data set by its name, with its options; None if no data set is named so.

    Raises:
        DataError: it has no such class, or cannot be downloaded.
    """
    options = named_options(text)
    return None if options is None else (options, load(options, 2))


def named_options(text: str) -> DataOptions | None:
    """Return the options of a data set by its name, without loading it; None if no data set is named so.

    Raises:
        DataError: it has no classes to choose from.
    """
    match = NAMED.fullmatch(text.strip())
    if match is None or match["name"] not in KNOWN_DATA:
        return None
    values: dict[str, Any] = {"name": match["name"]}
    if match["classes"]:
        words = [word.strip() for word in match["classes"].split(",")]
        values["classes"] = tuple(int(word) if word.isdecimal() else word for word in words)
    try:
        return DATA[match["name"]].options.model_validate(values)
    except ValidationError as error:
        raise DataError(
            f"{excerpt(text)}: {match['name']} has no classes to choose from", f"name it alone: {match['name']}"
        ) from error
