"""Opening a page in the user's browser."""

from __future__ import annotations

import os
import sys
import webbrowser

from ganlab.errors import GanlabError


def require_browser() -> None:
    """Raise GanlabError, before any work, if there is nothing that could show a page."""
    shows = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    if sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in shows):
        return
    raise GanlabError(
        "--open: there is no display that a browser could be opened on",
        "leave --open out, and copy the page to where there is one: it is a single file",
    )


def open_page(address: str) -> None:
    """Open a page.

    Raises:
        GanlabError: there is no browser.
    """
    if not webbrowser.open(address):
        raise GanlabError("--open: no browser could be started", f"open {address} in one, or set BROWSER")
