"""What needs no server; what does stands in tests/faults/test_downloads.py."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ganlab.data.fetch import Remote, download, fetch, has_md5
from ganlab.errors import DataError

CONTENT = b"published bytes"
MD5 = hashlib.md5(CONTENT).hexdigest()
NOBODY = "https://127.0.0.1:1/"  # port 1: refused at once, as good as offline


def _remote(name: str) -> Remote:
    return Remote(name, MD5, (f"{NOBODY}{name}", f"{NOBODY}mirror/{name}"))


def test_a_checksum_is_right_or_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    assert has_md5(tmp_path / "file", MD5)
    assert not has_md5(tmp_path / "file", MD5[::-1])
    assert not has_md5(tmp_path / "none", MD5)
    assert not has_md5(tmp_path, MD5)


def test_files_placed_by_hand_are_used_without_a_network(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    (tmp_path / "b").write_bytes(CONTENT)
    assert fetch("toys", [_remote("a"), _remote("b")], tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"], "a read-only cache must do"


def test_offline_each_missing_file_is_named_with_its_checksum_and_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "there").write_bytes(CONTENT)
    (folder / "wrong").write_bytes(b"half")
    with pytest.raises(
        DataError, match=r"toys is not in the cache and cannot be downloaded: https://\S*/none: "
    ) as refused:
        fetch("toys", [_remote("there"), _remote("none"), _remote("wrong")], folder)
    assert "mirror/none" in refused.value.message, "every address is tried and told"
    hint = refused.value.hint
    assert str(folder) in hint
    assert f"none  md5 {MD5}  {NOBODY}none\n" in hint
    assert f"wrong  md5 {MD5}  {NOBODY}wrong  (one is there, with other bytes)" in hint
    assert "there  md5" not in hint
    assert (folder / "wrong").read_bytes() == b"half", "what a user put there is not removed"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "ftp://127.0.0.1:1/x", "file:///etc/hostname", "x", "HTTP://a/b"]
)
def test_an_address_that_is_not_https_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not an https address, refused"):
        download(url, tmp_path / "x", MD5)
    assert not list(tmp_path.iterdir())
