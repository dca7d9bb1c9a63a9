"""One HTML file that needs nothing else: no network, no other file, no script but ours, and nobody's text as markup."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ganlab.errors import GanlabError, Interrupted
from ganlab.runs.files import atomic_write, require_place
from ganlab.text import printable, short
from ganlab.version import __version__

TEMPLATES = Path(__file__).parent / "templates"

MADE_BY = "ganlab page"
"""What a page's `generator` says, by which it is known as one of ours."""

MOST_BYTES = 3_000_000
"""Of a usual run's page."""


def render(template: str, content: Mapping[str, Any], data: Mapping[str, Any], live: str = "") -> str:
    """Return a page.

    Args:
        template: its name below `templates/`.
        content: what the template shows; text is escaped, and control characters in it are spelled out.
        data: what the script reads: plain values, finite numbers.
        live: for a page that is served while a run goes on: the address, on the same server, that tells when it has
            changed. Any other page may not open a connection.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            **content,
            policy=policy(bool(live)),
            made_by=MADE_BY,
            version=__version__,
            style=Markup(asset("page.css")),
            script=Markup(asset("page.js")),
            data=as_json({**data, "live": live}),
        )
    )


def fragment(template: str, content: Mapping[str, Any]) -> str:
    """Return a part of a page, to stand inside somebody else's, without data and script."""
    return _environment().get_template(template).render(**content)


def policy(live: bool) -> str:
    """Return what a browser may do with a page; only a live one may open connections, to its own server."""
    style, script = _hash(asset("page.css")), _hash(asset("page.js"))
    connect = " connect-src 'self';" if live else ""
    return (
        f"default-src 'none'; img-src data:; style-src {style}; script-src {script};{connect}"
        " base-uri 'none'; form-action 'none'"
    )


@cache
def asset(name: str) -> str:
    """Return the style sheet or the script."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def as_json(value: Mapping[str, Any]) -> Markup:
    """Return plain values as a JSON block inside a page: `<` is spelled out, so that no text can end the block.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def write(page: str, path: Path, force: bool, ours: bool = False) -> Path:
    """Write a page, atomically, and return its path.

    Args:
        page: the HTML.
        path: where; folders above it are made.
        force: replace whatever file is there.
        ours: replace a page that ganlab made.

    Raises:
        GanlabError: it cannot be written, or something else is there.
        Interrupted: the disk is full.
    """
    require_free(path, force, ours)
    put(path, page.encode("utf-8", errors="replace"))
    return path


def put(path: Path, content: bytes) -> None:
    """Write a file, atomically; folders above it are made. A link is replaced, and what it points to is left alone.

    Raises:
        GanlabError: it cannot be written.
        Interrupted: the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content)
    except Interrupted as error:
        raise Interrupted(error.message, "free some space and make the page again", error.exit_code) from error
    except (OSError, ValueError) as error:  # ValueError: a name that holds a null character
        why = error.strerror if isinstance(error, OSError) else error
        raise GanlabError(f"{short(str(path))} cannot be written: {why}", "name another file with --out") from error


def require_free(path: Path, force: bool, ours: bool = False) -> None:
    """Raise GanlabError, before any work, if `write` cannot or must not write a page at a path."""
    require_place(path, "name another file with --out")
    if os.path.isdir(path):
        raise GanlabError(f"{path} is a folder", "name a file for the page, such as page.html")
    if not os.path.lexists(path):
        return
    # Looked at in this order: another command may be making the same page.
    if not force and not (ours and is_page(path)):
        raise GanlabError(f"{path} exists already", "--force replaces it; --out names another file")
    if not can_replace(path):
        raise GanlabError(f"{path} is no ordinary file, and not replaced", "name another file with --out")


def can_replace(path: Path) -> bool:
    """Return whether a page may take a path that is taken: from a file or a link, but from no folder or device."""
    return os.path.isfile(path) or os.path.islink(path)


def is_page(path: Path) -> bool:
    """Return whether a file is a page that ganlab made."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return f'content="{MADE_BY}'.encode() in file.read(2000)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _shown(value: object) -> object:
    """Return what an expression of a template shows: control characters and marks of direction in text spelled out."""
    if hasattr(value, "__html__"):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number in a template is not finite; say so in words")
    return printable(value) if isinstance(value, str) else value


def coded(text: str) -> Markup:
    """Return text with what stands in backquotes as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(printable(text)))))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = coded
    return environment
