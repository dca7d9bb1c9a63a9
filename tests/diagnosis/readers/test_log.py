"""A Log returns what was put in, whatever it leaves out to save memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ganlab.diagnosis.readers.log import NOWHERE, Log, Name, Place

A, B, C = Name("a"), Name("b"), Name("c")

NUMBERS = st.dictionaries(st.sampled_from([A, B, C]), st.floats(0, 9), min_size=1)
PRINTED = st.none() | st.floats(0, 9) | st.just(math.inf)
PLACES = st.just(NOWHERE) | st.builds(Place, epoch=PRINTED, iteration=PRINTED)
ROWS = st.lists(st.tuples(NUMBERS, PLACES), max_size=12)

Rows = list[tuple[dict[Name, float], Place]]


def filled(rows: Rows) -> Log:
    log = Log("here", "rows")
    for numbers, place in rows:
        log.add(numbers, place)
    return log


def content(log: Log) -> Any:
    columns = {name: dict(zip(*(part.tolist() for part in log.column(name)), strict=True)) for name in log.names}
    return log.count, columns, {part: list(map(repr, values.tolist())) for part, values in log.places().items()}


def expected(rows: Rows) -> Any:
    names = {name: {n: row[name] for n, (row, _) in enumerate(rows) if name in row} for name in (A, B, C)}
    places = {
        part: [repr(math.nan if getattr(place, part) is None else getattr(place, part)) for _, place in rows]
        for part in Place._fields
    }
    return len(rows), {name: found for name, found in names.items() if found}, places


@given(rows=ROWS)
def test_rows_come_back(rows: Rows) -> None:
    assert content(filled(rows)) == expected(rows)
    log = filled(rows)
    for name in log.names:
        np.testing.assert_array_equal(np.flatnonzero(~np.isnan(log.spread(name))), log.column(name)[0])


@given(rows=ROWS, later=ROWS)
def test_one_behind_the_other(rows: Rows, later: Rows) -> None:
    log = filled(rows)
    log.extend(filled(later))
    assert content(log) == expected(rows + later)
    log.add({B: 1.0}, Place(epoch=3.0))
    assert content(log) == expected([*rows, *later, ({B: 1.0}, Place(epoch=3.0))])


@given(data=st.data(), rows=ROWS)
def test_rows_that_are_left_out(data: st.DataObject, rows: Rows) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    log = filled(rows)
    log.keep(np.array(kept, dtype=np.bool_))
    assert content(log) == expected([row for row, keep in zip(rows, kept, strict=True) if keep])


def test_no_look_at_a_long_log_copies_it() -> None:
    log, name = Log("a.csv", "a table"), Name("d_loss")
    for row in range(10):
        log.add({name: float(row)})
    assert np.shares_memory(log.column(name)[1], log.column(name)[1])
    assert np.shares_memory(log.spread(name), log.column(name)[1])
    assert all(values.strides == (0,) and np.isnan(values).all() for values in log.places().values())
