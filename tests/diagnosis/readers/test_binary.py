from __future__ import annotations

import gzip
import os
import pickle
import sqlite3
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import RunError


def refusal(path: Path) -> RunError:
    with pytest.raises(RunError) as caught:
        read(path, ReadOptions())
    return caught.value


def test_files_are_named_for_what_they_are(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    torch.save({"w": torch.zeros(2)}, tmp_path / "model.pt")
    torch.save({"w": torch.zeros(2)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file({"w": torch.zeros(2)}, tmp_path / "model.safetensors")
    (tmp_path / "history.pkl").write_bytes(pickle.dumps({"d_loss": [1.0, 2.0]}))
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(b"step,d_loss\n1,2\n"))
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        archive.writestr("log.txt", "step 1 d_loss 2")
    with zipfile.ZipFile(tmp_path / "log.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE a (b)")
    database.close()
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 16)
    words = {
        "a.png": "an image",
        "a.jpg": "an image",
        "model.pt": "a PyTorch checkpoint",
        "old.pth": "a Python pickle",
        "model.safetensors": "a safetensors checkpoint",
        "history.pkl": "a Python pickle",
        "log.csv.gz": "a compressed file",
        "logs.zip": "a ZIP archive",
        "log.xlsx": "a spreadsheet",
        "other.db": "an SQLite database",
        "noise": "binary data",
    }
    for name, what in words.items():
        error = refusal(tmp_path / name)
        assert f"{name} is no log: it seems to be {what}" in error.message, error.message
        assert "CSV file with a header" not in str(error)
    assert "json.dump" in refusal(tmp_path / "history.pkl").hint


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04" + struct.pack("<Q", 7) * 8)
    assert "damaged ZIP" in refusal(tmp_path / "a.npz").message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n \n", "2 blank lines"),
        ("hello\nworld\n", "2 lines, the first of which is 'hello'"),
        ("x" * (3 << 20), "longer than"),
    ],
)
def test_text_without_numbers_is_refused_with_what_was_seen(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "log.txt").write_text(content)
    error = refusal(tmp_path / "log.txt")
    assert words in error.message
    assert "header" not in str(error)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "neither a file nor a folder" in refusal(tmp_path / "pipe").message
    (tmp_path / "nothing").symlink_to(tmp_path / "gone")
    assert "no file or folder" in refusal(tmp_path / "nothing").message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("step 1 d_loss 2\n")
    (tmp_path / "log.txt").chmod(0)
    assert "Permission denied" in refusal(tmp_path / "log.txt").message


def test_text_in_any_language_is_text(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes("# 学習\nstep;d_loss\n1;0,5\n2;0,4\n".encode("shift-jis"))
    found = read(tmp_path / "log.csv", ReadOptions())
    np.testing.assert_array_equal(found.curves["d_loss"].values, [0.5, 0.4])
