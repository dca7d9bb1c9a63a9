"""Verdicts on recorded evidence stay as they were: names and numbers, and, in a file of their own, words."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.golden.compare import mapping_differences, report
from tests.golden.record import TEXTS, VERDICTS, Json, diagnosed, machine, numbers_of, texts_of


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Json]:
    """What is said now of all recorded evidence."""
    return diagnosed()


@pytest.mark.xdist_group("verdicts")
def test_verdicts_on_recorded_evidence_are_those_recorded(
    verdicts: dict[str, Json], record_property: Callable[[str, object], None]
) -> None:
    recorded = json.loads(VERDICTS.read_text())
    exact = machine() == recorded["machine"]
    record_property("golden", "verdicts to the last bit" if exact else "verdicts to 1e-6")
    found = {name: numbers_of(verdict) for name, verdict in verdicts.items()}
    different = list(mapping_differences("verdicts", recorded["verdicts"], found, None if exact else 1e-6, frozenset()))
    assert not different, report(different)


@pytest.mark.xdist_group("verdicts")
def test_the_words_are_those_of_the_file(verdicts: dict[str, Json]) -> None:
    """Where they were improved on purpose: `python tests/golden/record.py texts`, and read the difference."""
    assert texts_of(verdicts).splitlines() == TEXTS.read_text().splitlines()
