"""Remarks: what people saw, each with the outcome that it was written for."""

from pathlib import Path

import pytest

from docs.make.remarks import Remark, outdated, read_remarks

TEXT = """# Remarks

About results.

## stable
Written for: healthy 3

Crooked but
varied eights.

## a claim of several words
Written for: 2 of 69

First paragraph.

Second paragraph.
"""


def written(folder: Path, text: str) -> Path:
    (folder / "page.md").write_text(text)
    return folder


def test_remarks_by_what_they_are_about(tmp_path: Path) -> None:
    assert read_remarks("page", written(tmp_path, TEXT)) == {
        "stable": Remark("healthy 3", "Crooked but\nvaried eights."),
        "a claim of several words": Remark("2 of 69", "First paragraph.\n\nSecond paragraph."),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("## stable\n\nEights.\n", "'stable' needs a line `Written for: OUTCOME`"),
        ("## stable\nWritten for: healthy 3\nEights.\n", "'stable' needs"),
        ("## stable\nWritten for: healthy 3\n\n\n", "'stable' needs"),
        (TEXT + TEXT, "'stable' has two remarks"),
    ],
)
def test_a_remark_without_an_outcome_or_a_text_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=words):
        read_remarks("page", written(tmp_path, text))


def test_a_remark_stands_as_it_is_beside_its_outcome_and_with_a_warning_beside_another() -> None:
    remark = Remark("healthy 3", "Eights.")
    assert remark.for_outcome("healthy 3") == "Eights."
    warning, text = remark.for_outcome("healthy 2, under_trained 1").split("\n\n")
    assert text == "Eights."
    assert "healthy 3" in warning
    assert "healthy 2, under_trained 1" in warning


def test_which_remarks_are_to_be_looked_at() -> None:
    remarks = {"a": Remark("1 of 3", "A."), "b": Remark("2 of 3", "B."), "c": Remark("3 of 3", "C.")}
    lines = outdated(remarks, {"a": "1 of 3", "b": "3 of 3"})
    assert lines == ["b: written for 2 of 3; now 3 of 3", "c: written for 3 of 3; now not in the results"]
