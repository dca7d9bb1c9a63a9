"""How often a cure worked on a failure in trials, next to the same run unchanged and to changes at random.

record.json holds it: `source`, the study that was measured, and `cures`, a row for each failure and cure: `failure`,
`cure` (its name), `cured` of `trials`, `unchanged` of `unchanged_trials`, `random` of `random_trials`, and whether it
is `verified`: better than the unchanged run by Fisher's exact test, and than changes at random.
`python -m truth.cures collect` writes it from the trials in docs/cures/trials.csv.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from ganlab.runs.files import read_json

RECORD = Path(__file__).with_name("record.json")


class Record(NamedTuple):
    """What is measured of a cure for a failure: trials that it cured, of how many, and those of both controls."""

    cured: int
    trials: int
    unchanged: int
    unchanged_trials: int
    random: int
    random_trials: int
    verified: bool

    @property
    def share(self) -> float:
        """The share of trials that it cured."""
        return self.cured / self.trials

    @property
    def words(self) -> str:
        """The record in words: `worked in 5 of 6 of our trials on such runs; unchanged 0 of 6, ...`."""
        return (
            f"worked in {self.cured} of {self.trials} of our trials on such runs; unchanged {self.unchanged} of "
            f"{self.unchanged_trials}, a random change {self.random} of {self.random_trials}"
        )


def record_of(failure: str, cure: str, path: Path = RECORD) -> Record | None:
    """Return the record of a cure for a failure, `failure/variant`; None if it was not measured."""
    return _records(path).get((failure, cure))


@cache
def _records(path: Path) -> dict[tuple[str, str], Record]:
    rows = read_json(path)["cures"]
    return {(row["failure"], row["cure"]): Record(*(row[key] for key in Record._fields)) for row in rows}
