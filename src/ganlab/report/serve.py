"""The page of a run while it goes on: served on this machine alone, read-only, under an address that nobody guesses."""

from __future__ import annotations

import hmac
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ganlab.errors import GanlabError, Interrupted
from ganlab.report.document import policy, render
from ganlab.report.making import Made, make_page, place
from ganlab.report.pages import run_page, run_subject
from ganlab.runs.directory import RunDirectory
from ganlab.runs.stop import EXIT_CODES, StopSignal

EVERY = 2.0
"""Seconds between two looks at the run, at least."""

SHARE = 0.05
"""Share of one core that making the page again may take: it is made less often where that takes longer."""

PATIENCE = 5.0
"""Seconds for a browser to fetch the last page, at most."""

POLL = 0.1
"""Seconds, at most, until a signal is noticed."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What every answer says."""


@dataclass(frozen=True)
class Version:
    """A page as it is served.

    Attributes:
        number: how many were served before.
        content: the HTML.
        last: whether no other will follow.
    """

    number: int
    content: bytes
    last: bool = False


class PageServer(ThreadingHTTPServer):
    """Serves the newest version of one page on 127.0.0.1, at a free port, to whoever knows the address.

    Attributes:
        page: the newest version.
        fetched: set once the last version was fetched.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, page: Version) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.page = page
        self.fetched = threading.Event()
        self.front = f"/{secrets.token_urlsafe(24)}/"
        # By another name, a page of a stranger could ask for this one through the user's browser (DNS rebinding).
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}{self.front}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that closes a connection early; show any other error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Answer requests meanwhile."""
        thread = threading.Thread(target=self.serve_forever, args=(POLL,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of two addresses: the page, and `version/N`, empty while page N is the newest (204)."""

    server: PageServer
    timeout = 10
    server_version = "ganlab"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer without the content."""
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        page, below = self.server.page, self._below()
        if below == "":
            self._send(HTTPStatus.OK, page.content, with_body, "text/html; charset=utf-8")
            if page.last and with_body:
                self.server.fetched.set()
        elif below == f"version/{page.number}":
            self._send(HTTPStatus.NO_CONTENT)
        elif below is not None and below.startswith("version/"):
            self._send(HTTPStatus.OK, str(page.number).encode(), with_body)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"not found\n", with_body)

    def _below(self) -> str | None:
        """Return what is asked for below the secret part of the address; None of whoever does not know that."""
        front, path = self.server.front, self.path.partition("?")[0]
        known = hmac.compare_digest(path[: len(front)].encode(errors="replace"), front.encode())
        return path[len(front) :] if known and self.headers.get("Host") in self.server.hosts else None

    def _send(
        self, status: HTTPStatus, content: bytes = b"", with_body: bool = True, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def end_headers(self) -> None:
        """Say with every answer, errors of the protocol too, what a browser may do with it."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", f"{policy(live=True)}; frame-ancestors 'none'")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal is the user's."""


def goes_on(run: RunDirectory) -> bool:
    """Return whether a process still writes to a run, also if its run.json is damaged."""
    try:
        return run.state(run.status()) == "running"
    except GanlabError:
        return run.is_held()


def stamp_of(run: RunDirectory) -> tuple[tuple[int, int], ...]:
    """Return what changes when something is written that a page shows: times and sizes.

    A snapshot's row is there before its samples, and these are there before the verdict.
    """
    shown = (run.history, run.snapshots, run.samples, run.snapshot_folder, run.verdict, run.status_file)
    return tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in shown if path.exists())


def serve(
    run: RunDirectory,
    stop: StopSignal,
    tell: Callable[[str], None],
    out: Path | None = None,
    force: bool = False,
    every: float = EVERY,
) -> Made:
    """Serve the page of a run until it ends, renewed while it goes on; then write it, as `make_page` does.

    Of a run that has ended already the page is only written.

    Args:
        run: the run.
        stop: ends it.
        tell: is given the address, once.
        out, force: as for `make_page`.
        every: seconds between two looks at the run, at least.

    Raises:
        Interrupted: a signal ended it.
        GanlabError: there is nothing to show of a run that has ended, or the page cannot be written.
    """
    place([run], run.path, out, force)
    if not goes_on(run):
        return make_page([run], run.path, out, force)
    number, due, seen = 0, 0.0, stamp_of(run)
    server = PageServer(Version(number, page_now(run, number)))
    with server.answering():
        tell(server.address)
        while not _waited(every, lambda: stop.received is not None):
            # Looked at before the files are read, so that nothing written meanwhile is missed.
            ended, now = not goes_on(run), stamp_of(run)
            if not ended and (now == seen or time.monotonic() < due):
                continue
            started, seen, number = time.thread_time(), now, number + 1
            server.page = Version(number, page_now(run, None if ended else number), ended)
            due = time.monotonic() + (time.thread_time() - started) / SHARE
            if ended:
                made = make_page([run], run.path, out, force)
                _waited(PATIENCE, lambda: server.fetched.is_set() or stop.received is not None)
                return made
    assert stop.received is not None
    raise Interrupted(
        f"{stop.received.name}: the page of {run.path.name} is no longer served",
        "the same command serves it again; without --serve it is written as it is now",
        EXIT_CODES[stop.received],
    )


def page_now(run: RunDirectory, number: int | None) -> bytes:
    """Return the page of a run as it stands; one that says why not, if there is nothing to show.

    Args:
        run: the run.
        number: of the version, for a page that renews itself; None for the last one.
    """
    live = "" if number is None else f"version/{number}"
    try:
        page = run_page(run_subject(run), live)
    except GanlabError as error:
        content = {"title": run.path.name, "name": run.path.name, "why": error.message}
        page = render("waiting.html", content, {"unit": "step", "columns": 1, "panels": [], "charts": {}}, live)
    return page.encode("utf-8", errors="replace")


def _waited(seconds: float, for_what: Callable[[], bool]) -> bool:
    """Wait until something is so, and return whether it is after so many seconds."""
    end = time.monotonic() + seconds
    while not for_what() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, POLL))
    return for_what()
