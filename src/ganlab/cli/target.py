"""Names of the files that a command writes: what is there is never replaced unasked."""

from __future__ import annotations

import os
from itertools import chain, count
from pathlib import Path

from ganlab.errors import RunError


def require_new(target: Path) -> None:
    """Raise RunError if something has that name; an empty folder may be filled."""
    if os.path.isdir(target):
        if any(os.scandir(target)):
            raise RunError(f"{target} is not empty", "choose another name with --out, or replace files with --force")
    elif os.path.lexists(target):
        raise RunError(f"{target} exists already", "choose another name with --out, or replace it with --force")


def free_name(target: Path, force: bool = False) -> Path:
    """Return a file's name, or, unless what is there may be replaced, the first of name-2, name-3, ... that is free."""
    others = (target.with_name(f"{target.stem}-{number}{target.suffix}") for number in count(2))
    return next(name for name in chain([target], others) if force or not os.path.lexists(name))
