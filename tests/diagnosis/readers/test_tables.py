from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.readers.lines import number
from ganlab.diagnosis.readers.log import Name
from ganlab.diagnosis.readers.tables import read_table
from ganlab.errors import GanlabError, RunError

CSV = """# made by hand
iteration,lossD,lossG,acc_real,acc_fake,lr
10,1.30,0.7,80,60,0.1
20,nan,0.8,81,,0.1
30,1.25,inf,82,62,0.1
"""

LIGHTNING = """d_loss,epoch,fid,g_loss,step
1.5,0,,,9
,0,,0.6,9
,0,210.5,,9
1.4,1,,,19
,1,,0.7,19
"""

JSONL = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"step": 1, "loss": {"D": 1.5, "G": 0.5}, "note": "warm-up", "ok": True},
        {"step": 2, "loss": {"D": "NaN", "G": 0.75}},
        {"step": 3, "loss": {"D": 1.25, "G": None}},
    )
)


def stat(mean: float) -> dict[str, float]:
    return {"num": 4, "mean": mean, "std": 0.1}


STATS = "".join(
    json.dumps(
        {
            "Progress/tick": stat(tick),
            "Progress/kimg": stat(tick * 4.0),
            "Loss/scores/real": stat(1.5),
            "Loss/signs/real": stat(0.5),
            "Loss/signs/fake": stat(-1.0),
            "Loss/D/loss": stat(1.0 + tick),
            "Loss/G/loss": stat(0.5),
            "Loss/r1_penalty": stat(0.01),
            "timestamp": 1.6e9,
        }
    )
    + "\n"
    for tick in range(3)
)
METRIC = json.dumps(
    {"results": {"fid50k_full": 33.5}, "metric": "fid50k_full", "snapshot_pkl": "network-snapshot-000008.pkl"}
)


def load(tmp_path: Path, text: str, name: str = "log.txt", **options: object) -> Evidence:
    (tmp_path / name).write_text(text)
    return read(tmp_path / name, ReadOptions(**options))  # type: ignore[arg-type]


def points(evidence: Evidence, name: str) -> list[tuple[int, float]]:
    curve = evidence.curves[name]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_with_unusual_names(tmp_path: Path, delimiter: str) -> None:
    found = load(tmp_path, CSV.replace(",", delimiter))
    assert points(found, "g_loss") == [(10, 0.7), (20, 0.8), (30, math.inf)]
    np.testing.assert_array_equal(found.curves["d_loss"].values, [1.30, math.nan, 1.25])
    assert points(found, "d_acc_real") == [(10, 0.80), (20, 0.81), (30, 0.82)]
    assert points(found, "d_acc_fake") == [(10, 0.60), (30, 0.62)]
    assert any("d_loss from `lossD`" in note for note in found.notes)
    assert found.family is None


def test_a_torn_last_line_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    found = load(tmp_path, CSV + "40,1.2\n50,1.2,x,1,1,1\n60,9")
    assert points(found, "d_loss")[-1] == (50, 1.2)
    assert 40 not in found.curves["g_loss"].steps
    assert any(note == "left out: 2 lines that do not have 6 cells" for note in found.notes)


def test_repeated_headers_and_quotes(tmp_path: Path) -> None:
    found = load(tmp_path, 'step,"g_loss"\n1,"0.5"\nstep,g_loss\n2,0.25\n')
    assert points(found, "g_loss") == [(1, 0.5), (2, 0.25)]


def test_map_names_what_cannot_be_known(tmp_path: Path) -> None:
    text = "t,alpha,beta\n1,0.5,0.7\n2,0.6,0.8\n"
    found = load(tmp_path, text, columns={"d_loss": "alpha", "g_loss": "beta", "step": "t"}, loss="minimax")
    assert points(found, "d_loss") == [(1, 0.5), (2, 0.6)]
    assert (found.family, found.saturating) == ("cross_entropy", True)
    with pytest.raises(RunError, match="`t`, `alpha`, `beta`"):
        load(tmp_path, text)


def test_lightning_metrics(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(LIGHTNING)
    found = read(tmp_path, ReadOptions())
    assert points(found, "d_loss") == [(9, 1.5), (19, 1.4)]
    assert points(found, "g_loss") == [(9, 0.6), (19, 0.7)]
    assert found.quality["fid"].values.tolist() == [210.5]


def test_json_lines(tmp_path: Path) -> None:
    found = load(tmp_path, JSONL + "not json\n[1]\n" + '{"step": 4, "loss": {"D": 1.0')
    assert points(found, "g_loss") == [(1, 0.5), (2, 0.75)]
    np.testing.assert_array_equal(found.curves["d_loss"].values, [1.5, math.nan, 1.25])
    assert any(note == "left out: 3 lines that hold no JSON object" for note in found.notes)


def test_stylegan_statistics(tmp_path: Path) -> None:
    (tmp_path / "stats.jsonl").write_text(STATS)
    (tmp_path / "metric-fid50k_full.jsonl").write_text(METRIC + "\n")
    (tmp_path / "training_options.json").write_text('{\n "total_kimg": 25000\n}')
    found = read(tmp_path, ReadOptions())
    assert points(found, "d_loss") == [(0, 1.0), (4000, 2.0), (8000, 3.0)]
    assert points(found, "d_acc_real") == [(0, 0.75), (4000, 0.75), (8000, 0.75)]
    assert points(found, "d_acc_fake") == [(0, 1.0), (4000, 1.0), (8000, 1.0)]
    assert found.quality["fid"].steps.tolist() == [8000]
    assert found.quality["fid"].values.tolist() == [33.5]
    assert (found.family, found.saturating, found.planned) == ("cross_entropy", False, 25_000_000)
    assert "d_real" not in found.curves  # scores are logits


def test_utf16_of_powershell(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes("step,g_loss\r\n1,0.5\r\n".encode("utf-16"))
    assert points(read(tmp_path / "log.csv", ReadOptions()), "g_loss") == [(1, 0.5)]


def test_a_long_line_and_many_names_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("step,g_loss\n1,0.5\n" + "x" * 3_000_000 + "\n2,0.25\n")
    assert points(read(tmp_path / "a", ReadOptions()), "g_loss") == [(1, 0.5), (2, 0.25)]


def test_probabilities_tell_cross_entropy(tmp_path: Path) -> None:
    rows = "".join(f"{i},1.2,0.9,0.6,0.4\n" for i in range(20))
    found = load(tmp_path, "step,d_loss,g_loss,D(x),D(G(z))\n" + rows)
    assert (found.family, found.saturating) == ("cross_entropy", None)
    found = load(tmp_path, "step,d_loss,g_loss,D(x),D(G(z))\n" + rows + "20,1.2,0.9,1.6,0.4\n")
    assert found.family is None
    assert "--loss" in found.notes[-1]


def test_negative_losses_stay_undecided(tmp_path: Path) -> None:
    found = load(tmp_path, "step,d_loss,g_loss\n1,-3.5,0.2\n2,-3.0,0.4\n")
    assert found.family is None
    assert "below 0" in found.notes[-1]
    assert load(tmp_path, "step,d_loss\n1,-3.5\n", loss="wasserstein").family == "wasserstein"
    with pytest.raises(RunError, match="no such loss"):
        load(tmp_path, CSV, loss="hunge")


@pytest.mark.parametrize(
    "content", ["", "\n\n", "hello world\n", "a,b\nc,d\n", "{}\n", "[1, 2]\n", "1,2\n3,4\n", "\0" * 100]
)
def test_what_is_no_log_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(RunError):
        load(tmp_path, content)


def test_missing_paths_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no file"):
        read(tmp_path / "nothing", ReadOptions())
    with pytest.raises(RunError, match="is empty"):
        read(tmp_path, ReadOptions())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.sampled_from([CSV, LIGHTNING, JSONL, STATS]))
def test_damage_raises_only_errors_of_ours(tmp_path: Path, data: st.DataObject, text: str) -> None:
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        found = read(path, ReadOptions())
    except GanlabError:
        return
    assert all(note.isprintable() for note in found.notes)
    for curve in found.curves.values():
        assert (np.diff(curve.steps) > 0).all()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_random_bytes_raise_only_errors_of_ours(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bytes").write_bytes(content)
    try:
        found = read(tmp_path / "bytes", ReadOptions())
    except GanlabError:
        return
    # By chance they may be a letter and a digit.
    assert found.read is not None
    assert any(bytes([digit]) in content for digit in b"0123456789nN")


def test_a_row_of_plain_numbers_is_read_as_its_cells_are(tmp_path: Path) -> None:
    """The short way for such rows takes nothing that the long one refuses."""
    odd = ["1_5", "1e999", "-1e999", "inf", "nan", "0x1", "1.5 ", "+.5", "1e3", "50%", "", "tensor(2.)", "٣"]
    path = tmp_path / "log.csv"
    path.write_text("step,d_loss,g_loss\n" + "".join(f"{n},{cell},{n}.5\n" for n, cell in enumerate(odd)))
    log = read_table(path)
    assert log is not None
    rows, values = log.column(Name("d_loss"))
    found = {odd[row]: repr(value) for row, value in zip(rows.tolist(), values.tolist(), strict=True)}
    alone = {cell: repr(value) for cell in odd if (value := number(cell)) is not None}
    assert found == {**alone, "tensor(2.)": "2.0"}
    assert log.column(Name("g_loss"))[1].tolist() == [n + 0.5 for n in range(len(odd))]


ROWS = [(0, 1.5, 0.25), (10, math.nan, 0.5), (1250, 1.125, 1234.5)]


@pytest.mark.parametrize(
    "text",
    [
        "step\td_loss\tg_loss\n0\t1.5\t0.25\n10\tnan\t0.5\n1250\t1.125\t1234.5\n",
        "step|d_loss|g_loss\n0|1.5|0.25\n10|nan|0.5\n1250|1.125|1234.5\n",
        "| step | d_loss | g_loss |\n|---:|---:|---:|\n| 0 | 1.5 | 0.25 |\n| 10 | nan | 0.5 |\n"
        "| 1250 | 1.125 | 1234.5 |\n",
        "+------+--------+\n| step | d_loss | g_loss |\n+------+--------+\n| 0 | 1.5 | 0.25 |\n| 10 | nan | 0.5 |\n"
        "| 1250 | 1.125 | 1234.5 |\n+------+--------+\n",
        "  step  d_loss  g_loss\n     0   1.500   0.250\n    10     nan   0.500\n  1250   1.125  1234.5\n",
        "# step d_loss g_loss\n0 1.5 0.25\n10 nan 0.5\n1250 1.125 1234.5\n",
        "   step  d_loss  g_loss\n0     0   1.500   0.250\n1    10     NaN   0.500\n2  1250   1.125  1234.5\n",
        "step;d_loss;g_loss\n0;1,5;0,25\n10;nan;0,5\n1250;1,125;1234,5\n",
        "step;d_loss;g_loss\n0;1,5;0,25\n10;NaN;0,5\n1250;1,125;1.234,5\n",
        'step,d_loss,g_loss\n0,"1,5","0,25"\n10,nan,"0,5"\n1250,"1,125e0","1234,5"\n',
        'step,d_loss,g_loss\n0,1.5,0.25\n10,nan,0.5\n"1,250",1.125,"1,234.5"\n',
        "step,d_loss,g_loss\n0,\"tensor(1.5, device='cuda:0')\",[0.25]\n10,tensor(nan),[0.5]\n"
        "1250,np.float64(1.125),[[1234.5]]\n",
        ",step,d_loss,g_loss\n0,0,1.5,0.25\n1,10,nan,0.5\n2,1250,1.125,1234.5\n",
        "Unnamed: 0,step,d_loss,g_loss\n0,0,1.5,0.25\n1,10,nan,0.5\n2,1250,1.125,1234.5\n",
        '"step","d_loss","g_loss"\n"1","0","1.5","0.25"\n"2","10","nan","0.5"\n"3","1250","1.125","1234.5"\n',
        "step,d_loss,g_loss,\n0,1.5,0.25,\n10,nan,0.5,\n1250,1.125,1234.5,\n",
        "\ufeffstep,d_loss,g_loss\r\n0,1.5,0.25\r\n10,nan,0.5\r\n1250,1.125,1234.5\r\n",
        "# seed: 3\n# lr = 0.1\n\nstep,d_loss,g_loss\n0,1.5,0.25\n10,nan,0.5\n1250,1.125,1234.5",
        "time,step,d_loss,g_loss\n2023-01-01 10:00:00,0,1.5,0.25\n2023-01-01 10:00:01,10,nan,0.5\n"
        "2023-01-01 10:00:02,1250,1.125,1234.5\n",
    ],
)
def test_dialects(tmp_path: Path, text: str) -> None:
    found = load(tmp_path, text, "log.csv")
    assert found.read is not None
    assert found.read.format == "a table"
    for place, name in ((1, "d_loss"), (2, "g_loss")):
        assert found.curves[name].steps.tolist() == [row[0] for row in ROWS]
        np.testing.assert_array_equal(found.curves[name].values, [row[place] for row in ROWS])


def test_a_table_without_names_says_so_once_and_can_be_mapped(tmp_path: Path) -> None:
    text = "0,1.5,0.25\n10,1.25,0.5\n20,1.0,0.75\n"
    with pytest.raises(RunError, match="no line names the 3 columns"):
        load(tmp_path, text)
    found = load(tmp_path, text, columns={"step": "1", "d_loss": "2", "g_loss": "3"})
    assert points(found, "d_loss") == [(0, 1.5), (10, 1.25), (20, 1.0)]
    assert points(found, "g_loss") == [(0, 0.25), (10, 0.5), (20, 0.75)]


def test_a_header_without_rows_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="names the columns `step`, `d_loss`, and no row of numbers follows"):
        load(tmp_path, "step,d_loss\n", "log.csv")


def test_exports_of_several_runs_are_refused(tmp_path: Path) -> None:
    text = '"Step","a - d_loss","a - d_loss__MIN","a - d_loss__MAX","b - d_loss","b - d_loss__MIN","b - d_loss__MAX"\n'
    with pytest.raises(RunError, match="the curves of 2 runs: `a`, `b`"):
        load(tmp_path, text + '"0","1","1","1","2","2","2"\n')


def test_the_edges_of_an_export_are_left_out(tmp_path: Path) -> None:
    head = '"Step","run - 1 - Loss/D","run - 1 - Loss/D__MIN","run - 1 - Loss/D__MAX"\n'
    found = load(tmp_path, head + '"0","1","0.5","2"\n"5","2","1","3"\n')
    assert points(found, "d_loss") == [(0, 1.0), (5, 2.0)]
    assert found.read is not None
    assert [column.name for column in found.read.columns] == ["Loss/D"]


def test_keras_csv_logger(tmp_path: Path) -> None:
    found = load(tmp_path, "epoch,d_loss,g_loss,val_d_loss\n0,1.5,0.5,NA\n1,1.25,0.75,NA\n2,1.0,0.25,NA\n")
    assert points(found, "d_loss") == [(0, 1.5), (1, 1.25), (2, 1.0)]
    assert found.unit == "epoch"


def test_a_place_column_can_be_mapped(tmp_path: Path) -> None:
    text = "epoch,batch,counter,d_loss\n" + "".join(
        f"{e},{b},{7 * (2 * e + b)},1.5\n" for e in range(3) for b in range(2)
    )
    assert load(tmp_path, text, columns={"step": "counter"}).curves["d_loss"].steps.tolist() == [0, 7, 14, 21, 28, 35]


def test_columns_that_stop_are_told(tmp_path: Path) -> None:
    found = load(tmp_path, "step,d_loss,g_loss\n1,1.5,0.5\n2,1.4,0.6\n3,,0.7\n4,,0.8\n")
    assert any("`d_loss` is empty from row 3 on" in note for note in found.notes)


@pytest.mark.parametrize(
    "text",
    [
        "Names, lr 0.1, seed 3\nEpoch 1, step 10, d_loss 1.5, g_loss 0.5\nEpoch 1, step 20, d_loss 1.4, g_loss 0.6\n",
        "hello, world\nstep: 10, d_loss: 1.5, g_loss: 0.5\nstep: 20, d_loss: 1.4, g_loss: 0.6\n",
        "name, value\nlr, 0.1\nseed, 3\n"
        + "".join(f"step {i}0 d_loss 1.{6 - i} g_loss 0.{4 + i}\n" for i in (1, 2)) * 3,
    ],
)
def test_text_that_opens_like_a_table_is_text(tmp_path: Path, text: str) -> None:
    found = load(tmp_path, text)
    assert found.read is not None
    assert found.read.format == "a text log"
    assert 1.5 in found.curves["d_loss"].values


@pytest.mark.parametrize("second", ["step,g_loss,d_loss\n1,0.5,1.5\n", "step,d_loss,g_loss,fid\n1,1.5,0.5,9\n"])
def test_two_tables_in_one_file_are_refused(tmp_path: Path, second: str) -> None:
    first = "step,d_loss,g_loss\n" + "".join(f"{i},1.5,0.5\n" for i in range(5))
    with pytest.raises(RunError, match="holds two tables: line 7 names other columns, `step`,"):
        load(tmp_path, first + second)
    assert points(load(tmp_path, first + "saving, please, wait\n5,1.5,0.5\n"), "d_loss")[-1] == (5, 1.5)


def test_a_second_table_without_a_common_name_is_refused(tmp_path: Path) -> None:
    scores = "epoch,fid,kid\n" + "".join(f"{i},3{i}.5,0.1\n" for i in range(5))
    with pytest.raises(RunError, match="holds two tables: line 7 names other columns, `step`, `d_loss`, `g_loss`"):
        load(tmp_path, scores + "step,d_loss,g_loss\n" + "".join(f"{i},1.5,0.5\n" for i in range(50)))


@pytest.mark.parametrize(
    ("above", "rows"),
    [
        ("".join(f"Epoch {i} d_loss 1.{i} g_loss 0.{i}\n" for i in range(3)), 3),
        ("".join(f"D loss: 1.{i} G loss: 0.{i}\n" for i in range(3)), 3),
        ("step 7: d_loss 1.5\n", 1),
        ("1,2.5,3.5\n4,5.5,6.5\n", 2),
        ("# step 10, d_loss 1.5\n# step 20, d_loss 1.5\n", 0),
        ("Namespace(lr=0.0002, batch_size=64)\nRandom Seed: 7\n", 0),
        ("Training started, please wait\n", 0),
    ],
)
def test_rows_above_the_table_are_counted(above: str, rows: int, tmp_path: Path) -> None:
    table = "step,d_loss,g_loss\n" + "".join(f"{i},1.5,0.{5 + i}\n" for i in range(5))
    found = load(tmp_path, above + table)
    assert points(found, "d_loss") == [(i, 1.5) for i in range(5)]
    assert found.read is not None
    assert found.read.dropped == (("lines above the table that hold numbers", rows),) * bool(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
def test_a_last_number_that_may_be_cut_off_is_left_out(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = [delimiter.join((str(step), "0.9123", f"12.{5678 + step}")) for step in range(30)]
    text = "\n".join([delimiter.join(("step", "d_loss", "g_loss")), *rows])
    for missing in range(1, 5):
        path.write_text(text[:-missing])
        found = read(path, ReadOptions())
        assert (len(found.curves["d_loss"]), len(found.curves["g_loss"])) == (30, 29)
        assert found.read is not None
        assert found.read.dropped == (("number at the end of the file, which may be cut off", 1),)
    path.write_text(text)
    assert len(read(path, ReadOptions()).curves["g_loss"]) == 30


def test_words_in_a_column_of_numbers_are_counted(tmp_path: Path) -> None:
    rows = ["1,1.5,x5,train", "2,1.4,0.5,train", "3,o.3,0.6,train", "4,1.2,,train", "5,1.1,--,train", "a,new,pass,here"]
    found = load(tmp_path, "step,d_loss,g_loss,phase\n" + "\n".join([*rows, "6,1.0,0.8,train"]))
    assert points(found, "d_loss") == [(1, 1.5), (2, 1.4), (4, 1.2), (5, 1.1), (6, 1.0)]
    assert found.read is not None
    assert found.read.dropped == (("cells of words in columns of numbers", 2),)
