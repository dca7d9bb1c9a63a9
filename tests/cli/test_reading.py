"""`ganlab diagnose --show` and `--export`: what was read, for those who want to check it or to use it elsewhere."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.cli.reading_table import show_reading
from ganlab.diagnosis.read_report import ReadColumn, ReadReport
from ganlab.errors import GanlabError
from ganlab.text import without_escapes
from truth.tilings import Grid

REPORT = ReadReport(
    format="a text log",
    trainer="CycleGAN",
    rows=1300,
    steps=(100, 130_000),
    unit="step",
    steps_from="200 epochs of 1,000 iterations",
    planned=200_000,
    restarts=(40_000,),
    dropped=(("lines without a step", 7),),
    columns=(
        ReadColumn("D_A", "d_loss", "A", 1300, 0.1, 0.9),
        ReadColumn("cycle_A", "other term", "A", 1300, 0.2, 4.0, 3, "as CycleGAN names it"),
        ReadColumn("[b]x", None, "", 4, float("nan"), float("nan"), 4, proposal="fid"),
    ),
)


def shown(report: ReadReport, **options: Any) -> str:
    out = Console(file=io.StringIO(), markup=False, highlight=False, emoji=False, soft_wrap=True, **options)
    show_reading(out, "loss_log.txt", report)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def ganlab(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["diagnose", *map(str, arguments)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "train.log"
    places = [f"[Epoch {1 + row // 10}/200] [Batch {row % 10}/10]" for row in range(40)]
    path.write_text("".join(f"{place} [D loss: 0.5{n}] [G loss: 1.2{n}]\n" for n, place in enumerate(places)))
    return path


class TestTable:
    def test_says_what_was_read_and_what_each_column_is(self) -> None:
        lines = shown(REPORT, width=200).splitlines()
        assert lines[:8] == [
            "loss_log.txt",
            "format: a text log",
            "trainer: CycleGAN",
            "rows: 1,300",
            "steps: 100 to 130,000 of 200,000 planned (200 epochs of 1,000 iterations)",
            "started again at: 40,000",
            "left out: 7 lines without a step",
            "",
        ]
        assert [line.rstrip() for line in lines[8:]] == [
            "column   meaning          rows  range                   how it was decided",
            "D_A      A/d_loss        1,300  0.1 to 0.9              its name",
            "cycle_A  A/other term    1,300  0.2 to 4, 3 not finite  as CycleGAN names it",
            "[b]x     not understood      4  4 not finite            perhaps fid: --map fid=[b]x",
        ]

    @pytest.mark.parametrize("width", [25, 40, 80])
    def test_a_narrow_terminal_cuts_nothing(self, width: int) -> None:
        text = without_escapes(shown(REPORT, width=width, force_terminal=True))
        table = text.split("\n\n")[1]
        assert max(map(len, table.splitlines())) <= width
        letters = "".join(table.split())
        assert sorted(letters) == sorted("".join(shown(REPORT, width=300).split("\n\n")[1].split()))

    def test_a_pipe_gets_a_line_a_column(self) -> None:
        assert len(shown(REPORT, width=20).splitlines()) == 12


class TestShow:
    def test_judges_nothing_and_writes_nothing(self, log: Path) -> None:
        result = ganlab(log, "--show", "--fail-on", "inconclusive")
        assert result.exit_code == 0
        assert "rows: 40" in result.stdout
        assert "of 2,000 planned" in result.stdout
        assert "Inconclusive" not in result.stdout
        assert list(log.parent.iterdir()) == [log]

    def test_json(self, log: Path) -> None:
        found = json.loads(ganlab(log, "--show", "--json").stdout)
        assert found["source"] == str(log)
        read = found["read"]
        details = read.pop("details")
        assert read == json.loads(ganlab(log, "--json").stdout)["read"]
        assert {each["name"]: each["low"] for each in details if each["quantity"]} == {"D loss": 0.5, "G loss": 1.2}

    def test_several_and_one_that_cannot_be_read(self, log: Path, tmp_path: Path) -> None:
        result = ganlab(log, tmp_path / "none.log", log, "--show", "--json")
        assert result.exit_code == 2
        assert [each["source"] for each in json.loads(result.stdout)] == [str(log), str(log)]
        assert "none.log" in result.stderr

    def test_a_log_of_unknown_names_is_shown_with_what_they_may_be(self, tmp_path: Path) -> None:
        log = tmp_path / "log.csv"
        log.write_text("step,lossD_stuff,omega\n10,0.5,nan\n20,0.75,3\n")
        assert ganlab(log).exit_code != 0
        shown = ganlab(log, "--show")
        assert shown.exit_code == 0
        assert "rows: 2\nsteps: 10 to 20\n" in shown.stdout
        assert [" ".join(line.split()) for line in shown.stdout.splitlines()[6:8]] == [
            "lossD_stuff not understood 2 0.5 to 0.75 perhaps d_loss: --map d_loss=lossD_stuff",
            "omega not understood 2 3, 1 not finite",
        ]
        assert shown.stdout.splitlines()[-1] == "name them with --map d_loss=lossD_stuff, if that is what they are"
        read = json.loads(ganlab(log, "--show", "--json").stdout)["read"]
        assert (read["columns"], read["not_understood"]) == ({}, ["lossD_stuff", "omega"])
        named = ganlab(log, "--map", "d_loss=lossD_stuff", "--json")
        assert json.loads(named.stdout)["read"]["columns"] == {"d_loss": "lossD_stuff"}

    def test_one_of_our_runs_says_so(self, points: Any, tmp_path: Path) -> None:
        from ganlab.api import train

        run = train(points(), runs_dir=tmp_path)
        result = ganlab(run.path, "--show")
        assert result.exit_code == 0
        assert "format: a ganlab run\nrows: 20\n" in result.stdout
        assert "\nd_loss " in result.stdout
        assert json.loads(ganlab(run.path, "--json").stdout)["read"] is None


class TestRead:
    def test_a_verdict_says_what_was_read(self, log: Path) -> None:
        read = json.loads(ganlab(log, "--json").stdout)["read"]
        assert (read["rows"], read["steps"], read["planned"], read["dropped"]) == (40, [0, 39], 2000, 0)
        assert read["columns"] == {"d_loss": "D loss", "g_loss": "G loss"}
        assert "read:\n  • 40 rows of a text log, steps 0 to 39 of 2,000\n" in ganlab(log).stdout

    def test_in_words(self) -> None:
        assert str(REPORT.in_short()) == (
            "1,300 rows of a text log of CycleGAN, steps 100 to 130,000 of 200,000, started again at 40,000; "
            "7 rows left out: --show says why; 1 column not understood: --show lists it"
        )


class TestExport:
    def test_what_is_exported_is_judged_alike(self, log: Path, tmp_path: Path) -> None:
        curves = tmp_path / "curves.csv"
        before = ganlab(log, "--export", curves)
        assert before.exit_code == 0
        assert f"files:\n  • {curves}\n" in before.stdout
        after = json.loads(ganlab(curves, "--json").stdout)
        before = json.loads(ganlab(log, "--json").stdout)
        for key in ("failure", "confidence", "steps", "evidence"):
            assert after[key] == before[key]
        assert after["read"]["planned"] == 2000

    def test_nothing_is_overwritten_and_only_one_run_exported(self, log: Path, tmp_path: Path) -> None:
        curves = tmp_path / "curves.csv"
        curves.write_text("mine")
        for arguments in ((log,), (log, "--show"), (log, log), (log, "--watch")):
            result = ganlab(*arguments, "--export", curves)
            assert isinstance(result.exception, GanlabError)
            assert result.stdout == ""
        assert curves.read_text() == "mine"
        assert ganlab(log, "--show", "--export", tmp_path / "new.csv").exit_code == 0
        assert (tmp_path / "new.csv").is_file()


def test_a_column_is_a_line_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"step": i, "d\nloss": 0.9, "g_loss\r\n": 1.5}) + "\n" for i in range(9)))
    assert [line.split()[0] for line in ganlab(path, "--show").stdout.splitlines()[-2:]] == ["d\\nloss", "g_loss\\r\\n"]


class TestSamples:
    @pytest.fixture
    def images(self, tmp_path: Path) -> Path:
        random = np.random.default_rng(0)
        folder = tmp_path / "images"
        folder.mkdir()
        grid = Grid("digits", 28, 25, 5, 2, "make_grid", 0, 0, None)
        for name in ("100", "200", "real_samples"):
            Image.fromarray(grid.draw(random)).save(folder / f"{name}.png")
        return folder

    def test_a_sheet_shows_how_grids_were_cut(self, images: Path, tmp_path: Path) -> None:
        shown = ganlab("--samples", images, "--show", "--out", tmp_path / "out")
        assert shown.exit_code == 0
        assert "25 tiles of 28 x 28 in each of 2 pictures, steps 100 to 200" in shown.output.replace("\n", " ")
        with Image.open(tmp_path / "out" / "ganlab_cut.png") as sheet:
            assert sheet.width == 690
        found = json.loads(ganlab("--samples", images, "--show", "--out", tmp_path / "out", "--json").stdout)
        assert found["samples"]["sheet"] == str(tmp_path / "out" / "ganlab_cut.png")

    def test_both_sheets_of_what_is_refused(self, images: Path, tmp_path: Path) -> None:
        colours = np.random.default_rng(0).integers(0, 256, (20, 12, 12, 3), np.uint8)
        np.savez(tmp_path / "colours.npz", colours)
        refused = ganlab("--samples", images, "--real", tmp_path / "colours.npz", "--out", tmp_path / "out")
        assert isinstance(refused.exception, GanlabError)
        assert str(tmp_path / "out" / "ganlab_cut.png") in refused.exception.message
        assert (tmp_path / "out" / "ganlab_cut.png").exists()
        assert not (tmp_path / "out" / "verdict.json").exists()

    def test_nothing_to_judge(self) -> None:
        refused = ganlab()
        assert isinstance(refused.exception, GanlabError)
        assert "nothing to judge" in refused.exception.message
