"""Row 9: half or corrupt downloads, from a real https server, to one process or several at once, killed or not."""

from __future__ import annotations

import gzip
import hashlib
import multiprocessing
import os
import random
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets

from ganlab.config.data import FashionMnistOptions
from ganlab.data import fetch as fetch_module
from ganlab.data import load
from ganlab.data.fetch import Remote, fetch
from ganlab.errors import DataError
from tests.data.idx import write_idx

CONTENT = random.Random(0).randbytes(300_000)
MD5 = hashlib.md5(CONTENT).hexdigest()

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers a path as the server was told to; counts what it is asked for."""

    server: Server

    def do_GET(self) -> None:
        name = self.path.strip("/")
        self.server.asked.append(name)
        self.server.answers[name](self)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def send(self, body: bytes, status: int = 200, length: int | None = None, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """An https server of this machine with a certificate of its own."""

    daemon_threads = True

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.address = f"https://127.0.0.1:{self.server_port}/"
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed or gave up is what the test is about."""

    def remote(self, *answers: Answer) -> Remote:
        """Offer a file under addresses that answer like this, in turn."""
        names = [f"file{len(self.answers) + number}" for number in range(len(answers))]
        self.answers.update(zip(names, answers, strict=True))
        return Remote("file", MD5, tuple(self.address + name for name in names))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not shutil.which("openssl"):
        pytest.skip("makes its certificate with the openssl command")
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", *options.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    with Server(certificate, key) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate))
        patch.setenv("NO_PROXY", "127.0.0.1")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _fetching(remote: Remote, folder: Path) -> BaseProcess:
    """Return a process of its own that fetches a file; torch is not imported anew for each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ganlab.data.fetch", "ganlab.data.folder"])
    code = (  # the server of processes may be older than this test's environment
        f"import os; os.environ.update({dict(os.environ)!r})\n"
        "from pathlib import Path; from ganlab.data.fetch import Remote, fetch\n"
        f"fetch('toys', [{remote!r}], Path({str(folder)!r}))"
    )
    return context.Process(target=exec, args=(code, {}))


def good(handler: Handler) -> None:
    handler.send(CONTENT)


def slow(handler: Handler) -> None:
    handler.send(CONTENT[:100_000], length=len(CONTENT))
    time.sleep(0.3)
    handler.wfile.write(CONTENT[100_000:])


def cut(handler: Handler) -> None:
    """Promise the whole file and hang up early."""
    handler.send(CONTENT[: random.randrange(len(CONTENT))], length=len(CONTENT))
    handler.close_connection = True


def short(handler: Handler) -> None:
    """Send the first part as if it were all."""
    handler.send(CONTENT[: random.randrange(len(CONTENT))])


def long(handler: Handler) -> None:
    handler.send(CONTENT + b"\0")


def flipped(handler: Handler) -> None:
    content, place = bytearray(CONTENT), random.randrange(len(CONTENT))
    content[place] ^= 1 << random.randrange(8)
    handler.send(bytes(content))


def hole(handler: Handler) -> None:
    """Lose a block in the middle."""
    start = random.randrange(len(CONTENT) - 4096)
    handler.send(CONTENT[:start] + bytes(4096) + CONTENT[start + 4096 :])


def empty(handler: Handler) -> None:
    handler.send(b"")


def login_page(handler: Handler) -> None:
    handler.send(b"<html>Please log in to this network</html>")


def missing(handler: Handler) -> None:
    handler.send(CONTENT, status=404)


def broken_server(handler: Handler) -> None:
    handler.send(CONTENT, status=500)


def no_answer(handler: Handler) -> None:
    handler.close_connection = True


def nonsense(handler: Handler) -> None:
    handler.wfile.write(b"\0\1\2 nonsense\r\n\r\n" + CONTENT)
    handler.close_connection = True


def to_http(handler: Handler) -> None:
    handler.send(b"", status=302, location=f"http://127.0.0.1:{handler.server.server_port}/x")


def to_ftp(handler: Handler) -> None:
    handler.send(b"", status=301, location="ftp://127.0.0.1/x")


def to_nowhere(handler: Handler) -> None:
    handler.send(b"", status=302, location="https://[")


def in_a_circle(handler: Handler) -> None:
    handler.send(b"", status=302, location=handler.path)


def silent(handler: Handler) -> None:
    """Start to answer and then say nothing."""
    handler.send(CONTENT[:1000], length=len(CONTENT))
    time.sleep(1.0)


BAD = (
    *(cut, short, long, flipped, hole, empty, login_page, missing, broken_server),
    *(no_answer, nonsense, to_http, to_ftp, to_nowhere, in_a_circle),
)


def _temporaries(folder: Path) -> list[Path]:
    return list(folder.glob(".tmp-*"))


@pytest.mark.parametrize("trials", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_corrupt_file_is_accepted(
    server: Server, tmp_path: Path, trials: int, figure: Callable[[int, str, int, int], None]
) -> None:
    random.seed(0)
    accepted = 0
    for trial in range(trials):
        remote, folder = server.remote(BAD[trial % len(BAD)]), tmp_path / str(trial)
        if trial % 2:  # every other time there is something already, and no better
            folder.mkdir()
            (folder / "file").write_bytes(CONTENT[:1000])
        try:
            fetch("toys", [remote], folder)
            accepted += 1
        except DataError as error:
            assert remote.urls[0] in error.message  # noqa: PT017
            assert f"file  md5 {MD5}" in error.hint  # noqa: PT017
        accepted += (folder / "file").exists() and (folder / "file").read_bytes() != CONTENT[:1000]
        assert not _temporaries(folder)
    figure(9, "corrupt or half downloads; accepted", accepted, trials)
    assert accepted == 0


def test_a_good_file_is_accepted_by_https_and_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    remote = server.remote(good)
    for _ in range(2):
        (path,) = fetch("toys", [remote], tmp_path)
        assert path.read_bytes() == CONTENT
    assert server.asked.count(remote.urls[0].rpartition("/")[2]) == 1


def test_a_redirect_to_https_is_followed(server: Server, tmp_path: Path) -> None:
    target = server.remote(good).urls[0]
    remote = server.remote(lambda handler: handler.send(b"", status=302, location=target))
    assert fetch("toys", [remote], tmp_path)[0].read_bytes() == CONTENT


def test_a_redirect_away_from_https_is_refused_before_anything_is_asked(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"redirects to http://\S*/x, not an https address, refused"):
        fetch("toys", [server.remote(to_http)], tmp_path)
    assert "x" not in server.asked


def test_after_a_corrupt_answer_the_next_address_is_asked(server: Server, tmp_path: Path) -> None:
    random.seed(1)
    assert fetch("toys", [server.remote(cut, flipped, good)], tmp_path)[0].read_bytes() == CONTENT


def test_a_corrupt_file_in_the_cache_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT[:-1])
    assert fetch("toys", [server.remote(good)], tmp_path)[0].read_bytes() == CONTENT


def test_a_server_with_a_certificate_of_no_authority_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DataError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch("toys", [server.remote(good)], tmp_path)


def test_a_server_that_falls_silent_is_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_module, "TIMEOUT", 0.2)
    with pytest.raises(DataError, match="timed out"):
        fetch("toys", [server.remote(silent)], tmp_path)


def test_a_download_that_never_ends_is_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_module, "LONGEST", 0.0)
    with pytest.raises(DataError, match="not done after 0 s"):
        fetch("toys", [server.remote(slow)], tmp_path)


def test_processes_at_once_download_a_file_once(server: Server, tmp_path: Path) -> None:
    remote = server.remote(slow)
    started = [_fetching(remote, tmp_path) for _ in range(6)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * 6
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked.count(remote.urls[0].rpartition("/")[2]) == 1
    assert not _temporaries(tmp_path)


@pytest.mark.parametrize("trials", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_a_killed_download_is_done_anew_by_one_that_waits(
    server: Server, tmp_path: Path, trials: int, figure: Callable[[int, str, int, int], None]
) -> None:
    whole = 0
    for trial in range(trials):
        halfway, folder = threading.Event(), tmp_path / str(trial)

        def stop_halfway(handler: Handler, halfway: threading.Event = halfway) -> None:
            if halfway.is_set():
                return handler.send(CONTENT)
            handler.send(CONTENT[:200_000], length=len(CONTENT))
            halfway.set()
            return time.sleep(0.5)

        remote = server.remote(stop_halfway)
        killed, waiting = (_fetching(remote, folder) for _ in range(2))
        killed.start()
        assert halfway.wait(60)
        waiting.start()
        time.sleep(random.Random(trial).uniform(0, 0.2))
        assert not (folder / "file").exists()
        killed.kill()
        waiting.join(60)
        killed.join(60)
        assert killed.exitcode == -9
        whole += waiting.exitcode == 0 and (folder / "file").read_bytes() == CONTENT and not _temporaries(folder)
    figure(9, "a download killed half-way, another process waiting for it; whole", whole, trials)
    assert whole == trials


def test_a_whole_data_set_by_network_and_then_without(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_CACHE", str(tmp_path))
    images, labels = np.zeros((20, 28, 28), np.uint8), np.arange(20, dtype=np.uint8) % 10
    resources = []
    for (name, _), array in zip(datasets.FashionMNIST.resources, (images, labels) * 2, strict=True):
        content = gzip.compress(write_idx(array))
        resources.append((name, hashlib.md5(content).hexdigest()))
        server.answers[name] = lambda handler, content=content: handler.send(content)  # type: ignore[misc]
    monkeypatch.setattr(datasets.FashionMNIST, "resources", resources)
    # torchvision publishes this set's address as http: it is asked by https all the same.
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [server.address.replace("https://", "http://")])
    options = FashionMnistOptions(name="fashion_mnist")
    first = load(options, 1)
    assert len(first.train) == 20
    asked = len(server.asked)
    assert load(options, 1).fingerprint == first.fingerprint
    assert len(server.asked) == asked
