"""Commands parse, call and print; what they compute is below them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganlab.cli import app

MOST = 120
"""Lines of a file of the command line."""


@pytest.mark.parametrize("file", sorted(Path(app.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_no_file_of_the_command_line_is_long(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= MOST
