from __future__ import annotations

import json
from pathlib import Path

from ganlab.diagnosis.record import RECORD, Record, record_of


def test_a_record_is_found_by_failure_and_cure(tmp_path: Path) -> None:
    record = Record(cured=5, trials=6, unchanged=0, unchanged_trials=6, random=1, random_trials=6, verified=True)
    path = tmp_path / "record.json"
    row = {"failure": "diverged", "cure": "r1", **record._asdict()}
    path.write_text(json.dumps({"schema": 1, "source": "", "cures": [row]}))
    assert record_of("diverged", "r1", path) == record
    assert record_of("diverged", "r2", path) is None
    assert record.words == "worked in 5 of 6 of our trials on such runs; unchanged 0 of 6, a random change 1 of 6"


def test_the_shipped_table_is_well_formed() -> None:
    values = json.loads(RECORD.read_text())
    assert values["schema"] == 1
    for row in values["cures"]:
        found = record_of(row["failure"], row["cure"])
        assert found is not None
        assert 0 <= found.cured <= found.trials
