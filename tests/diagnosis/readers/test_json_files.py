from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import RunError

D = [1.5, math.nan, 1.25, 1.0]
G = [0.5, 0.75, 0.25, 2.0]


def load(tmp_path: Path, content: Any, **options: Any) -> Evidence:
    path = tmp_path / "log.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
    return read(path, ReadOptions(**options))


def check(found: Evidence, steps: list[int], d_loss: list[float] = D, g_loss: list[float] = G) -> None:
    for name, values in (("d_loss", d_loss), ("g_loss", g_loss)):
        assert found.curves[name].steps.tolist() == steps
        np.testing.assert_array_equal(found.curves[name].values, values)


ROWS = [{"iteration": 10 * i, "loss_dis": d, "loss_gen": g} for i, (d, g) in enumerate(zip(D, G, strict=True))]


def test_an_array_of_rows(tmp_path: Path) -> None:
    check(load(tmp_path, ROWS), [0, 10, 20, 30])
    check(load(tmp_path, {"meta": {"seed": 1}, "log": ROWS}), [0, 10, 20, 30])


def test_chainer(tmp_path: Path) -> None:
    rows = [
        {"gen/loss": g, "dis/loss": d, "epoch": 0, "iteration": 100 * i, "elapsed_time": 0.1 * i}
        for i, (d, g) in enumerate(zip(D, G, strict=True))
    ]
    check(load(tmp_path, rows), [0, 100, 200, 300])


def test_lists_by_name_as_keras_keeps_them(tmp_path: Path) -> None:
    check(load(tmp_path, {"d_loss": D, "g_loss": G}), [1, 2, 3, 4])
    check(load(tmp_path, {"history": {"d_loss": D, "g_loss": G}, "params": {"epochs": 4}}), [1, 2, 3, 4])
    check(load(tmp_path, {"d_loss": D, "g_loss": G, "step": [0, 5, 10, 15]}), [0, 5, 10, 15])
    check(load(tmp_path, {"epoch": [0, 1, 2, 3], "history": {"d_loss": D, "g_loss": G}}), [0, 1, 2, 3])
    check(load(tmp_path, json.dumps({"d_loss": D, "g_loss": G})), [1, 2, 3, 4])


def test_lists_of_other_lengths(tmp_path: Path) -> None:
    found = load(tmp_path, {"d_loss": D, "g_loss": [0.5, 0.25], "fid": [9.0, 8.0, 7.0]})
    assert found.curves["g_loss"].steps.tolist() == [2, 4]
    assert "fid" not in found.quality
    assert any("`fid` has 3 numbers and the longest list 4" in note for note in found.notes)
    assert any("`g_loss` has one number to 2" in note for note in found.notes)


@pytest.mark.parametrize("key", ["{}", "epoch_{}", "Epoch {}"])
def test_rows_by_epoch(tmp_path: Path, key: str) -> None:
    rows = {key.format(i + 1): {"d_loss": d, "g_loss": g} for i, (d, g) in enumerate(zip(D, G, strict=True))}
    check(load(tmp_path, rows), [1, 2, 3, 4])


def test_what_pandas_writes(tmp_path: Path) -> None:
    table = {"step": [0, 10, 20, 30], "d_loss": D, "g_loss": G}
    by_column = {name: {str(i): each for i, each in enumerate(column)} for name, column in table.items()}
    check(load(tmp_path, by_column), [0, 10, 20, 30])
    split = {"columns": list(table), "index": [0, 1, 2, 3], "data": list(map(list, zip(*table.values(), strict=True)))}
    check(load(tmp_path, split), [0, 10, 20, 30])


def test_trainer_state_of_hugging_face(tmp_path: Path) -> None:
    history = [
        {"epoch": i / 3, "step": 500 * (i + 1), "loss_d": d, "loss_g": g, "learning_rate": 1e-4}
        for i, (d, g) in enumerate(zip(D, G, strict=True))
    ]
    found = load(tmp_path, {"global_step": 2000, "max_steps": 10000, "log_history": history, "best_metric": None})
    check(found, [500, 1000, 1500, 2000])
    assert found.planned == 10000
    assert found.read is not None
    assert found.read.format == "Hugging Face's trainer_state.json"


def test_numbers_as_strings_tensors_and_statistics(tmp_path: Path) -> None:
    rows = [
        {"step": "1", "d_loss": "NaN", "g_loss": [0.5], "note": "x", "ok": True},
        {"step": "2", "d_loss": {"mean": 1.25, "std": 0.1}, "g_loss": [0.25]},
        {"step": "3", "d_loss": None, "g_loss": None},
    ]
    check(load(tmp_path, rows), [1, 2], [math.nan, 1.25], [0.5, 0.25])


def test_damage_in_the_middle_is_counted(tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in ROWS]
    broken = "[\n" + ",\n".join([rows[0], rows[1][:-9], rows[2], rows[3]]) + "\n"
    found = load(tmp_path, broken)
    assert found.curves["d_loss"].steps.tolist() == [0, 20, 30]
    assert found.read is not None
    assert found.read.dropped == (("places at which the JSON is broken", 1),)


def test_an_array_that_is_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    text = json.dumps(ROWS)
    assert load(tmp_path, text[:-30]).curves["d_loss"].steps.tolist() == [0, 10, 20]


def test_the_last_line_of_json_lines_needs_no_end(tmp_path: Path) -> None:
    check(load(tmp_path, "\n".join(map(json.dumps, ROWS))), [0, 10, 20, 30])


def test_text_that_opens_like_json_is_text(tmp_path: Path) -> None:
    lines = [
        '{"lr": 0.1, "seed": 3}',
        *(f"step {i} d_loss {d} g_loss {g}" for i, (d, g) in enumerate(zip(D, G, strict=True))),
    ]
    check(load(tmp_path, "\n".join(lines) + "\n"), [0, 1, 2, 3])
    lines[0] = "[INFO] start {}"
    check(load(tmp_path, "\n".join(lines) + "\n"), [0, 1, 2, 3])


@pytest.mark.parametrize("content", ["[]", "{}", "[1, 2, 3]", '{"a": "b"}', "[" * 5000, '{"a":' * 5000, "null", "[{}]"])
def test_json_without_a_history_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(RunError):
        load(tmp_path, content)


@pytest.mark.parametrize("damage", [', {"note":"' + "{" * 100_000, ', {"a":[' * 50_000, (', {"a":' * 200 + "x") * 300])
def test_damage_does_not_cost_time_by_its_square(damage: str, tmp_path: Path) -> None:
    begin = time.process_time()
    assert load(tmp_path, json.dumps(ROWS)[:-1] + damage).curves["d_loss"].steps.tolist() == [0, 10, 20, 30]
    assert time.process_time() - begin < 4


def test_the_rows_of_a_smaller_history_are_counted(tmp_path: Path) -> None:
    scores = [{"iteration": 10 * i, "fid": 30.0 - i} for i in range(3)]
    found = load(tmp_path, {"steps": [1, 2], "scores": scores, "losses": ROWS})
    check(found, [0, 10, 20, 30])
    assert found.read is not None
    assert found.read.dropped == (("rows of `scores`: a larger history in the file was read", 3),)
