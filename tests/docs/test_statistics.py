"""The page of statistics says what the table says."""

from __future__ import annotations

from docs.make.statistics import PAGE, page
from ganlab.runs.snapshots import TABLE


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text() == page(), "run python -m docs.make.statistics"
    assert all(f"| `{each.name}` |" in page() for each in TABLE)
