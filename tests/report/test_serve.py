"""The page of a run that goes on: who gets it, what a browser may do with it, when it is renewed, and how it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from ganlab.errors import Interrupted
from ganlab.monitor.monitor import Monitor
from ganlab.report import serve as serving
from ganlab.report.document import is_page
from ganlab.report.making import Made
from ganlab.report.serve import serve
from ganlab.runs.stop import StopSignal

pytestmark = pytest.mark.xdist_group("report")

SECONDS = 60.0
"""For anything to happen."""


def until(happened: Callable[[], Any]) -> Any:
    end = time.monotonic() + SECONDS
    while not (found := happened()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


class Serving:
    """A run of a loop that goes on, and its page."""

    def __init__(self, folder: Path) -> None:
        self.monitor = Monitor("live", runs_dir=folder, views=[])
        self.run, self.stop, self.step = self.monitor.run, StopSignal(), 0
        self.told: list[str] = []
        self.result: list[Made | BaseException] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        try:
            self.result.append(serve(self.run, self.stop, self.told.append, every=0.1))
        except BaseException as error:
            self.result.append(error)

    def log(self, count: int = 5) -> None:
        for _ in range(count):
            self.step += 1
            self.monitor.log(self.step, d_loss=0.7, g_loss=0.8)
        self.monitor.recorder.flush()

    def begin(self) -> None:
        self.thread.start()
        until(lambda: self.told or self.result)
        address = urlsplit(self.told[0])
        self.host, self.front = address.netloc, address.path

    def ask(self, path: str | None = None, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        """Return status, headers and content of what is below the secret part of the address, or at a path."""
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        connection.putrequest(method, path if path is not None else self.front, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        content = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def version(self, number: int) -> int:
        """Return the status of the question whether page `number` is the newest."""
        return self.ask(f"{self.front}version/{number}")[0]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Serving]:
    live = Serving(tmp_path)
    yield live
    live.stop.received = signal.SIGINT
    if live.thread.ident:
        live.thread.join(SECONDS)
    if live.monitor.open:
        live.monitor.finish()


def test_a_browser_that_closes_early_is_not_reported(live: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    live.log()
    live.begin()
    host, port = live.host.split(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as impatient:
            impatient.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, not closed
            impatient.sendall(f"GET {live.front} HTTP/1.1\r\nHost: {live.host}\r\n\r\n".encode())
            impatient.recv(100)
    assert live.ask()[0] == 200
    assert capsys.readouterr().err == ""


def test_samples_that_come_after_their_row_are_shown(live: Serving) -> None:
    for _ in range(2):
        live.log()
        live.monitor.snapshot(live.step, np.zeros((64, 2)))
    late = live.run.shown_file(live.step)
    content = late.read_bytes()
    late.unlink()
    live.begin()
    assert '"steps":[5]' in live.ask()[2]
    late.write_bytes(content)
    until(lambda: '"steps":[5,10]' in live.ask()[2])


def test_who_does_not_know_the_address_finds_nothing(live: Serving) -> None:
    live.log()
    live.begin()
    assert live.ask()[0] == 200
    token = live.front.strip("/")
    assert len(token) >= 32
    port = live.host.partition(":")[2]
    swapped = token.swapcase()
    below = [f"/{token}", f"/{token[:-1]}/", f"/{swapped}/", f"/{token}/../", f"/{token}/x", f"/{token}/history.csv"]
    for path in ("/", "/index.html", "/%2e%2e/", f"/?/{token}/", *below):
        assert live.ask(path)[0] == 404, path
    # Another name for this machine is what a stranger's page would use.
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{int(port) + 1}", ""):
        assert live.ask(Host=host)[0] == 404, host
    assert live.ask(Host=f"localhost:{port}")[0] == 200


def test_only_this_machine_is_answered(live: Serving) -> None:
    live.log()
    live.begin()
    assert live.host.startswith("127.0.0.1:")
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for other in others:
        with pytest.raises(OSError, match=r"refused"):
            socket.create_connection((other, int(live.host.partition(":")[2])), timeout=5).close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_it_can_only_be_read(method: str, live: Serving) -> None:
    live.log()
    live.begin()
    assert live.ask(method=method)[0] == 501


def test_what_a_browser_may_do_with_it(live: Serving) -> None:
    live.log()
    live.begin()
    for path, status in ((None, 200), (f"{live.front}version/0", 204), ("/", 404)):
        got, headers, _ = live.ask(path)
        assert got == status
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "connect-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "Python" not in headers["Server"]
    full, head = live.ask(), live.ask(method="HEAD")
    assert head[0] == 200
    assert head[2] == ""
    assert head[1]["Content-Length"] == full[1]["Content-Length"] == str(len(full[2].encode()))


def test_it_is_renewed_when_something_was_written_and_only_then(live: Serving) -> None:
    live.log()
    live.begin()
    assert live.version(0) == 204
    time.sleep(1.0)
    assert live.version(0) == 204
    first = live.ask()[2]
    assert '"live":"version/0"' in first
    live.log(40)
    until(lambda: live.version(0) == 200)
    assert live.ask()[2] != first


def test_before_the_first_row_it_says_what_is_missing(live: Serving) -> None:
    live.begin()
    page = live.ask()[2]
    assert "Nothing to show yet" in page
    assert "no history and no snapshots" in page
    live.log()
    until(lambda: "Nothing to show yet" not in live.ask()[2])


def test_damage_is_a_gap_and_the_server_stays(live: Serving) -> None:
    live.log()
    live.begin()
    intact = live.run.status_file.read_bytes()
    for content in (b"{", intact):
        live.run.status_file.write_bytes(content)
        until(lambda: ("run.json cannot be used" in live.ask()[2]) == (content == b"{"))  # noqa: B023
    assert live.thread.is_alive()


def test_it_ends_with_the_run_and_leaves_the_page(live: Serving) -> None:
    live.log()
    live.begin()
    live.monitor.finish()
    # The browser asks, is told that there is a newer page, and fetches that; nothing waits after it.
    until(lambda: '"live":""' in live.ask()[2])
    started = time.monotonic()
    live.thread.join(SECONDS)
    assert time.monotonic() - started < serving.PATIENCE
    (made,) = live.result
    assert isinstance(made, Made)
    assert made.path == live.run.page
    assert is_page(live.run.page)
    with pytest.raises(OSError, match="refused"):
        live.ask()
    # Of a run that has ended the page is written, and nothing is served.
    again = serve(live.run, StopSignal(), live.told.append)
    assert again.path == made.path
    assert len(live.told) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(number: signal.Signals, live: Serving) -> None:
    live.log()
    live.begin()
    live.stop.received = number
    live.thread.join(SECONDS)
    (error,) = live.result
    assert isinstance(error, Interrupted)
    assert error.exit_code == {signal.SIGINT: 130, signal.SIGTERM: 75}[number]


def test_the_command_prints_the_address_and_ends_with_ctrl_c(live: Serving) -> None:
    live.log()
    undisplayed = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = subprocess.Popen(
        [sys.executable, "-m", "ganlab", "report", str(live.run.path), "--serve", "--open"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**undisplayed, "BROWSER": "false"},
    )  # fmt: skip
    assert process.stdout is not None
    words, address = process.stdout.readline(), process.stdout.readline()
    assert live.run.path.name in words
    live.host, live.front = urlsplit(address.strip()).netloc, urlsplit(address.strip()).path
    assert live.ask()[0] == 200
    assert process.stderr is not None
    assert "no browser could be started" in process.stderr.readline()  # it goes on all the same
    assert live.ask()[0] == 200
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert "no longer served" in messages
    assert "Traceback" not in messages
