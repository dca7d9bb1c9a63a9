from __future__ import annotations

from pathlib import Path

import pytest

from ganlab.cli.app import tell_of_cache
from ganlab.data import cache


def test_what_is_kept_outside_of_runs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cache, "filled", set())
    tell_of_cache()
    assert capsys.readouterr() == ("", "")
    for name in ("one", "two"):
        cache.build(tmp_path / "reals" / name, Path.exists, lambda part: part.write_text("x"))
    tell_of_cache()
    told = capsys.readouterr()
    assert told.out == ""
    assert " ".join(told.err.split()) == f"kept for next time in {tmp_path / 'reals'} (GANLAB_CACHE moves the cache)"
