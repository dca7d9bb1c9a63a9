"""The page of foreign logs says what the readers and their tables say."""

from __future__ import annotations

from docs.make.foreign import ADDING, LINES, PAGE, READERS, page
from ganlab.diagnosis import readers
from ganlab.diagnosis.readers.vocabulary import QUANTITIES, trainers


def test_the_page_is_that_of_the_tables() -> None:
    assert PAGE.read_text() == page(), "run python -m docs.make.foreign"


def test_every_trainer_line_and_quantity_is_there() -> None:
    text = page()
    assert all(f"| {trainer.name} | {trainer.source} |" in text for trainer in trainers())
    assert all(f"| `{quantity}` |" in text for quantity in QUANTITIES)
    rows = [row for row in text.splitlines() if any(line[:20] in row for line in LINES)]
    assert all("_loss" in row for row in rows)


def test_every_reader_is_named() -> None:
    reading = {each.__module__.rpartition(".")[2] for each in readers.FORMATS} - {"binary"}
    assert reading <= set(READERS)


def test_an_entry_has_no_other_fields_than_the_page_shows() -> None:
    assert all(f"{key}:" in ADDING for key in ("name", "source", "signatures", "columns", "example", "reads", "judged"))
