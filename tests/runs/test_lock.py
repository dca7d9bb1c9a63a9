from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ganlab.errors import RunError
from ganlab.runs.lock import HOLDER, held, is_held


def test_the_lock_names_its_holder_and_dies_with_it(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom ganlab.runs.lock import held\n"
        f"with held(Path({str(tmp_path)!r})):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert is_held(tmp_path)
    with pytest.raises(RunError, match=f"in use by process {holder.pid}"), held(tmp_path):
        pass
    holder.kill()
    holder.wait()
    assert not is_held(tmp_path)


def test_a_lock_is_let_go_when_its_block_ends(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        1 / is_held(tmp_path.parent)
    assert not is_held(tmp_path)
    assert not (tmp_path / HOLDER).exists()


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be locked"), held(tmp_path / "file"):
        pass
