"""A log that is followed reads the same as one that is read as a whole, but only what is new."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.readers import growing, read_file
from ganlab.diagnosis.readers.growing import SETTLED
from ganlab.diagnosis.readers.log import Log
from ganlab.errors import RunError

ROWS = 2 * SETTLED


def text(n: int) -> str:
    return f"[Epoch {n // 50}/20] [Batch {n % 50}/50] [D loss: {1.3 + n % 7 / 100}] [G loss: {n % 5}.5]\n"


def bars(n: int) -> str:
    """A bar that is drawn over itself ten times an epoch, and a line that takes two."""
    if n % 10:
        return f"\rEpoch {n // 10}: {n % 10}/10, d_loss={n % 7}.25, g_loss={n % 5}.5"
    return f"\nEpoch {n // 10} is over\n  fid: {n}.5\n"


FORMS = {
    "text": ("", text),
    "bars": ("", bars),
    "csv": (
        "step,d_loss,note,g_loss\n",
        lambda n: f"{10 * n},{n % 7}.25,{'é' * (n % 3)},{'' if n % 4 else n if n % 3 else 40 * 'x'}\n",
    ),
    "jsonl": ("", lambda n: f'{{"iter": {n}, "losses": {{"d": {n % 7}.25, "g": {n % 5}}}}}\n'),
}


def written(form: str, rows: int = ROWS) -> bytes:
    head, row = FORMS[form]
    return (head + "".join(map(row, range(rows)))).encode()


def plain(log: Log | None) -> Any:
    if log is None:
        return None
    columns = {name: tuple(part.tolist() for part in log.column(name)) for name in log.names}
    return log.count, columns, {part: repr(values.tolist()) for part, values in log.places().items()}, log.facts


def whole(path: Path) -> Any:
    return plain(read_file(path))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("form", FORMS)
def test_whatever_was_written_between_two_looks(form: str, seed: int, tmp_path: Path) -> None:
    draw, content, path = random.Random(seed), written(form), tmp_path / "log"
    source, end = growing(path), len(content) // draw.choice([3, 40])
    path.write_bytes(content[:end])
    while end < len(content):
        assert plain(source.log()) == whole(path)
        more = draw.choice([1, 7, 60, 4000])
        with path.open("ab") as file:
            file.write(content[end : end + more])
        end += more
    assert plain(source.log()) == whole(path)


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="only Linux counts the bytes that a process reads")
@pytest.mark.parametrize("form", FORMS)
def test_only_what_is_new_is_read(form: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(written(form, 10_000))
    source = growing(path)
    log = source.log()
    assert log is not None
    row = FORMS[form][1]
    with path.open("a") as file:
        file.writelines(map(row, range(10_000, 10_020)))
    before = bytes_read()
    more = source.log()
    assert bytes_read() - before < 30_000 < path.stat().st_size / 5
    assert more is not None
    assert more.count > log.count
    assert plain(more) == whole(path)


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


class TestWrittenAnew:
    @staticmethod
    def followed(path: Path) -> Any:
        path.write_bytes(written("csv"))
        source = growing(path)
        assert plain(source.log()) == whole(path)
        return source

    def test_cut(self, tmp_path: Path) -> None:
        path = tmp_path / "log"
        source = self.followed(path)
        path.write_bytes(written("csv", ROWS // 2))
        assert plain(source.log()) == whole(path)
        assert source.log().count == ROWS // 2

    def test_another_file_of_that_name(self, tmp_path: Path) -> None:
        path = tmp_path / "log"
        source = self.followed(path)
        (tmp_path / "new").write_bytes(written("jsonl", 2 * ROWS))
        os.replace(tmp_path / "new", path)
        assert plain(source.log()) == whole(path)
        assert source.log().facts.format == "JSON lines"

    def test_in_place_and_longer(self, tmp_path: Path) -> None:
        """As programs do that write their whole table after each epoch, in which a column may be new."""
        path = tmp_path / "log"
        source = self.followed(path)
        rows = [f"{n},{n}.5,{n}.25,30\n" for n in range(2 * ROWS)]
        path.write_text("".join(["step,d_loss,g_loss,fid\n", *rows]))
        assert plain(source.log()) == whole(path)
        np.testing.assert_array_equal(source.log().column(source.log().names[0])[1][:3], [0.5, 1.5, 2.5])

    def test_it_is_another_kind_of_file_after_all(self, tmp_path: Path) -> None:
        path = tmp_path / "log"
        source = self.followed(path)
        with path.open("a") as file:
            file.write("".join(map(text, range(3 * ROWS))))
        assert plain(source.log()) == whole(path)
        assert source.log().facts.format == "a text log"


def test_a_pipe_takes_the_place_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(written("csv"))
    source = growing(path)
    source.log()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunError, match="is no file any more"):
        source.log()


@pytest.mark.parametrize("form", ["text", "csv", "jsonl"])
def test_lines_that_end_in_carriage_returns_alone(form: str, tmp_path: Path) -> None:
    """As on the first Macs; the last one may lack its end."""
    path = tmp_path / "log"
    path.write_bytes(written(form, 60))
    expected = whole(path)
    for content in (written(form, 60), written(form, 60).rstrip()):
        path.write_bytes(content.replace(b"\n", b"\r"))
        assert whole(path) == expected
        assert plain(growing(path).log()) == expected
