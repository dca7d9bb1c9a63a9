"""What is printed reaches every terminal and pipe: those without Unicode, and those that nobody reads."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import POINTS

NO_UNICODE = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252:strict"},
    "C locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"} | more


def ganlab(*arguments: object, **more: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "ganlab", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment(**more), timeout=120)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    rows = [f"{step},{1.3 + step % 7 / 50},{0.8 + step % 5 / 50}" for step in range(1, 400)]
    path.write_text("\n".join(["step,d_loss,g_loss", *rows, ""]))
    return path


@pytest.mark.parametrize("name", NO_UNICODE)
def test_without_unicode_all_is_ascii(name: str, log: Path) -> None:
    result = ganlab("diagnose", log, **NO_UNICODE[name])
    assert result.returncode == 0, result.stderr
    assert (result.stdout + result.stderr).isascii()
    assert b"\n  * samples: " in result.stdout
    with_unicode = ganlab("diagnose", log, PYTHONIOENCODING="utf-8").stdout.decode()
    assert "\n  • samples: " in with_unicode
    assert [len(line) for line in with_unicode.splitlines()] == [len(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--help"], 0), (["ls"], 0), (["diagnose", "--help"], 0), (["diagnose", "nöthing \u4e2d"], 2), (["--\u4e2d"], 2)],
)
def test_help_lists_and_errors_too(arguments: list[str], code: int, tmp_path: Path) -> None:
    result = ganlab(*arguments, PYTHONIOENCODING="ascii")
    assert result.returncode == code
    assert (result.stdout + result.stderr).isascii()
    assert b"Traceback" not in result.stderr


def test_names_are_spelled_as_the_encoding_has_them(log: Path) -> None:
    named = log.rename(log.with_name("jürgen \u4e2d.csv"))
    for encoding, expected in (("latin-1", b"j\xfcrgen \\u4e2d.csv"), ("ascii", b"j\\xfcrgen \\u4e2d.csv")):
        assert expected in ganlab("diagnose", named, PYTHONIOENCODING=encoding).stdout.splitlines()[0]
    result = ganlab("diagnose", named, "--json", PYTHONIOENCODING="ascii")
    assert json.loads(result.stdout)["source"] == str(named)


def test_a_training_in_a_terminal_without_unicode(tmp_path: Path) -> None:
    file = tmp_path / "toy.yaml"
    file.write_text(yaml.safe_dump(POINTS))
    command = [sys.executable, "-m", "ganlab", "train", str(file), "--runs-dir", str(tmp_path / "runs")]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env=environment(PYTHONIOENCODING="latin-1", TERM="xterm")
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    os.close(ours)
    assert process.wait(timeout=60) == 0, shown.decode()
    assert shown.isascii()
    assert b"step 20/20" in shown
    assert b"Inconclusive" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the last process that had the terminal is gone
        return b""


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_nobody_reads_on(options: list[str], log: Path) -> None:
    """As with `| head -1`, whose end may close before, while or after it is written to."""
    command = [sys.executable, "-m", "ganlab", "diagnose", str(log), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) in (0, 1)


def shell(command: str) -> subprocess.CompletedProcess[str]:
    command = command.replace("ganlab", f"{sys.executable} -m ganlab")
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment(), timeout=120)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
@pytest.mark.parametrize("options", ["", "--json", "--show"])
def test_output_that_cannot_be_written_is_one_message(options: str, log: Path) -> None:
    for unbuffered in ("", "1"):
        result = shell(f"PYTHONUNBUFFERED={unbuffered} ganlab diagnose {log} {options} > /dev/full")
        assert result.returncode == 2
        assert result.stderr.startswith("error: standard output cannot be written: No space left on device\n")


def test_streams_that_are_closed(log: Path) -> None:
    assert (shell(f"ganlab diagnose {log} >&-").returncode, shell(f"ganlab diagnose {log} >&-").stderr) == (0, "")
    assert shell("ganlab diagnose nothing >&- 2>&-").returncode == 2
    result = shell("ganlab diagnose - <&-")
    assert result.returncode == 2
    assert result.stderr.startswith("error: standard input is closed")
