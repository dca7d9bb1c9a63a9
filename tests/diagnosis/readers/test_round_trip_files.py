"""Random histories in each form of structured files: every number and every place comes back."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.readers import read_log
from ganlab.diagnosis.readers.log import Log
from tests.diagnosis.readers.test_wandb import history, store

Row = dict[str, float]
"""A step, and numbers by name; a row may lack some."""

NAMES = ("d_loss", "g_loss", "D_A", "G_B", "val/fid")

VALUES = st.one_of(
    st.floats(-1e6, 1e6),
    st.floats(allow_nan=True, allow_infinity=True, width=64),
    st.sampled_from([0.0, math.nan, math.inf, -math.inf, 1e-30, 123456.0]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Rows whose steps rise, but for resumes from an earlier step."""
    steps = np.cumsum(draw(st.lists(st.integers(1, 5000), min_size=4, max_size=25))) + draw(st.integers(-1, 100000))
    for _ in range(draw(st.integers(0, 2))):
        back = draw(st.integers(1, len(steps) - 1))
        steps = np.concatenate([steps, steps[back:] + draw(st.integers(0, 3))])
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, unique=True))
    return [
        {
            "step": float(step),
            **{name: value for name in names if (value := draw(st.one_of(st.none(), VALUES))) is not None},
        }
        for step in steps
    ]


def columns_of(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def spelled(value: float | None, missing: str = "") -> str:
    return missing if value is None else repr(int(value)) if value == value and value in (0, 123456) else repr(value)


def as_csv(delimiter: str = ",", missing: str = "", comma: bool = False) -> Callable[[Path, Sequence[Row]], None]:
    def write(path: Path, rows: Sequence[Row]) -> None:
        names = columns_of(rows)
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(names)
        for row in rows:
            cells = [str(int(row["step"])), *(spelled(row.get(name), missing) for name in names[1:])]
            writer.writerow([cell.replace(".", ",") if comma else cell for cell in cells])
        path.write_text(text.getvalue())

    return write


def aligned(path: Path, rows: Sequence[Row]) -> None:
    names = columns_of(rows)
    lines = [names, *([spelled(row.get(name), "-") for name in names] for row in rows)]
    path.write_text("\n".join("".join(f"{cell:>26}" for cell in line) for line in lines) + "\n")


def json_lines(path: Path, rows: Sequence[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def json_array(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(json.dumps(rows, indent=2))


def json_lists(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(json.dumps({"history": {name: [row.get(name) for row in rows] for name in columns_of(rows)}}))


def trainer_state(path: Path, rows: Sequence[Row]) -> None:
    state = {"log_history": [{**row, "epoch": row["step"] / 1000.5} for row in rows], "max_steps": 10**9}
    path.write_text(json.dumps(state, indent=2))


def wandb_export(path: Path, rows: Sequence[Row]) -> None:
    names = columns_of(rows)[1:]
    heads = [f"run - {name}{bound}" for name in names for bound in ("", "__MIN", "__MAX")]
    lines = [["Step", *heads], *([row["step"], *(row.get(n, "") for n in names for _ in range(3))] for row in rows)]
    with open(path, "w", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(lines)


def wandb_store(path: Path, rows: Sequence[Row]) -> None:
    store(path, [history({"_step" if name == "step" else name: row[name] for name in row}, True) for row in rows])


def mlflow(path: Path, rows: Sequence[Row]) -> None:
    path.mkdir(exist_ok=True)
    (path / "meta.yaml").write_text("run_id: a\n")
    for name in columns_of(rows)[1:]:
        file = path / "metrics" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"1700000000000 {row[name]!r} {int(row['step'])}\n" for row in rows if name in row]
        file.write_text("".join(lines))


def numpy_arrays(path: Path, rows: Sequence[Row]) -> None:
    with open(path, "wb") as file:
        np.savez(file, **{name: np.array([row.get(name, math.nan) for row in rows]) for name in columns_of(rows)})


FORMS: dict[str, Callable[[Path, Sequence[Row]], None]] = {
    "csv": as_csv(),
    "csv with NA": as_csv(missing="NA"),
    "semicolons": as_csv(";"),
    "semicolons and decimal commas": as_csv(";", comma=True),
    "tabs": as_csv("\t", missing="None"),
    "pipes": as_csv("|", missing="-"),
    "aligned": aligned,
    "JSON lines": json_lines,
    "JSON array": json_array,
    "lists by name": json_lists,
    "trainer_state.json": trainer_state,
    "W&B export": wandb_export,
    ".wandb": wandb_store,
    "MLflow": mlflow,
    "NumPy": numpy_arrays,
}


def found_in(log: Log) -> dict[str, tuple[list[float], list[float]]]:
    """Return steps and values by name."""
    steps = log.places()["iteration"]
    return {str(name): (steps[log.column(name)[0]].tolist(), log.column(name)[1].tolist()) for name in log.names}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=histories())
def test_every_number_and_place_comes_back(
    tmp_path_factory: pytest.TempPathFactory, form: str, rows: list[Row]
) -> None:
    rows = [row for row in rows if len(row) > 1]
    if form == "NumPy":  # an array has no empty cell
        rows = [{name: row.get(name, math.nan) for name in columns_of(rows)} for row in rows]
    if len(rows) < 3 or len({row["step"] for row in rows}) < 2:
        return
    path = tmp_path_factory.mktemp("forms") / "log"
    FORMS[form](path, rows)
    log = read_log(path)
    found = found_in(log)
    for name in columns_of(rows)[1:]:
        held = [row for row in rows if name in row]
        assert found[name][0] == [row["step"] for row in held]
        np.testing.assert_array_equal(found[name][1], [row[name] for row in held])
    assert found.keys() - {"epoch"} == set(columns_of(rows)[1:])
    assert not log.facts.dropped
