"""The command line as a user meets it: one real run, then every command on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from ganlab.api import load_run
from ganlab.cli.app import app, main
from ganlab.config.load import dump_experiment
from ganlab.errors import GanlabError
from ganlab.verdicts import KINDS

runner = CliRunner()
COMMANDS = (
    *("guide", "train", "resume", "diagnose", "treat", "sweep", "report", "compare"),
    *("evaluate", "sample", "export", "validate", "schema", "ls", "cp"),
)


def ganlab(*arguments: str) -> Any:
    """Run a command in this process; a GanlabError comes back as the result's exception."""
    return runner.invoke(app, list(arguments))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, images: Any) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "toy.yaml").write_text(dump_experiment(images()))
    result = ganlab("train", str(folder / "toy.yaml"), "--runs-dir", str(folder / "runs"), "--name", "first")
    assert result.exit_code == 0, result.output
    run = load_run("first", folder / "runs")
    assert run.verdict is not None
    assert run.verdict["summary"] in result.output
    assert str(run.path / "plots" / "verdict.png") in result.output
    changes = [f"{player}={{name: sagan, width: 4}}" for player in ("generator", "discriminator")]
    changes += ["game.name=conditional", "data.classes=[3,8]", "training.steps=3"]
    arguments = (str(folder / "toy.yaml"), *changes, "--runs-dir", str(folder / "runs"), "--name", "conditional")
    result = ganlab("train", *arguments)
    assert result.exit_code == 0, result.output
    return folder / "runs"


def test_json_is_all_that_train_prints_on_stdout(runs: Path) -> None:
    result = ganlab("train", str(runs.parent / "toy.yaml"), "training.steps=3", "--runs-dir", str(runs), "--json")
    told = json.loads(result.stdout)
    assert told["status"] == "finished"
    assert told["verdict"]["failure"] in KINDS
    assert told["as_expected"] is None
    assert load_run(told["run"]).history["step"].tolist() == [1, 2, 3]
    assert "step 3/3" in result.stderr


def test_train_fails_on_the_verdict_asked_for(runs: Path) -> None:
    def train(*arguments: str) -> Any:
        steps = ("training.steps=3", "expect=healthy")
        return ganlab("train", str(runs.parent / "toy.yaml"), *steps, "--runs-dir", str(runs), *arguments)

    # Three steps make nothing like a digit.
    unhealthy = ",".join(name for name in KINDS if name != "healthy")
    failed = train("--fail-on", unhealthy)
    assert failed.exit_code == 3
    assert "not as expected: healthy" in failed.output
    assert train("--fail-on", "healthy, diverged").exit_code == 0
    told = json.loads(train("--fail-on", unhealthy, "--json").stdout)
    assert told["as_expected"] is False
    before = len(list(runs.iterdir()))
    assert "'collapse' is not a verdict" in str(train("--fail-on", "collapse").exception)
    assert len(list(runs.iterdir())) == before


def test_resume_finds_a_run_by_part_of_its_name_and_trains_longer(runs: Path) -> None:
    result = ganlab("resume", "first", "training.steps=8", "--runs-dir", str(runs))
    assert result.exit_code == 0, result.output
    assert "finished after step 8 of 8" in result.output


def test_train_resume_starts_where_nothing_is_unfinished(runs: Path) -> None:
    before = len(list(runs.iterdir()))
    result = ganlab("train", str(runs.parent / "toy.yaml"), "training.steps=1", "--resume", "--runs-dir", str(runs))
    assert result.exit_code == 0, result.output
    assert len(list(runs.iterdir())) == before + 1


def test_sample_writes_grids_arrays_and_folders(runs: Path, tmp_path: Path) -> None:
    for target in ("grid.png", "samples.npz", "folder"):
        result = ganlab("sample", "first", "-n", "7", "--out", str(tmp_path / target), "--runs-dir", str(runs))
        assert result.exit_code == 0, result.output
    array = np.load(tmp_path / "samples.npz")["samples"]
    assert array.shape == (7, 1, 28, 28)
    assert array.dtype == np.uint8
    files = sorted((tmp_path / "folder").iterdir())
    assert len(files) == 7
    np.testing.assert_array_equal(np.asarray(Image.open(files[3]).convert("L")), array[3, 0])
    assert Image.open(tmp_path / "grid.png").width > 280


def test_the_average_and_the_live_generator_differ(runs: Path, tmp_path: Path) -> None:
    told = {}
    for name, flags in {"ema": [], "live": ["--live"], "again": []}.items():
        arguments = ("sample", "first", "-n", "4", "--out", str(tmp_path / f"{name}.npz"), "--runs-dir", str(runs))
        told[name] = ganlab(*arguments, *flags).stdout
    assert told["ema"].startswith("4 samples of the averaged generator (--live: of the live one): ")
    assert told["live"].startswith("4 samples: ")
    ema, live, again = (np.load(tmp_path / f"{name}.npz")["samples"] for name in ("ema", "live", "again"))
    assert not np.array_equal(ema, live)
    np.testing.assert_array_equal(ema, again)


@pytest.mark.parametrize(
    ("run", "arguments", "count"),
    [
        ("first", ["--interpolate", "3"], 30),
        ("first", ["--interpolate", "3", "--spherical"], 30),
        ("first", ["--walk", "0"], 100),
        ("first", ["--nearest", "-n", "4"], 8),
        ("conditional", ["--class", "3", "-n", "4"], 4),
        ("conditional", ["--gallery"], 20),
    ],
)
def test_sample_draws_each_kind_of_picture(
    runs: Path, tmp_path: Path, run: str, arguments: list[str], count: int
) -> None:
    target = tmp_path / "samples.npz"
    told = ganlab("sample", run, *arguments, "--out", str(target), "--runs-dir", str(runs), "--json")
    assert told.exit_code == 0, told.output
    assert np.load(target)["samples"].shape == (count, 1, 28, 28)
    assert json.loads(told.stdout)["count"] == count
    assert json.loads(told.stdout)["files"] == [str(target)]


def test_a_spherical_way_has_the_ends_of_the_straight_one(runs: Path, tmp_path: Path) -> None:
    rows = []
    for flags in ([], ["--spherical", "--force"]):
        ganlab(
            *("sample", "conditional", "--interpolate", "3", "--live", *flags),
            *("--out", str(tmp_path / "way.npz"), "--runs-dir", str(runs)),
        )
        rows.append(np.load(tmp_path / "way.npz")["samples"].reshape(3, 10, -1).astype(int))
    straight, arc = rows
    assert np.abs(straight[:, [0, -1]] - arc[:, [0, -1]]).max() <= 1
    assert np.abs(straight[:, 5] - arc[:, 5]).max() > 1


def test_attention_is_drawn_a_row_a_sample(runs: Path, tmp_path: Path) -> None:
    target = tmp_path / "attention.png"
    arguments = ("sample", "conditional", "--attention", "-n", "3", "--out", str(target), "--runs-dir", str(runs))
    told = json.loads(ganlab(*arguments, "--json").stdout)
    assert (told["count"], told["files"]) == (3, [str(target)])
    # The sample and five maps, each five times 28 pixels wide, and the gaps.
    assert Image.open(target).size == (6 * 142 + 2, 3 * 142 + 2)


def test_sample_replaces_nothing_unasked(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.png").write_text("a holiday")
    Path("folder").mkdir()
    Path("folder/000000.png").write_text("a holiday")
    for taken in ("mine.png", "folder"):
        failed = ganlab("sample", "first", "-n", "2", "--out", taken, "--runs-dir", str(runs)).exception
        assert isinstance(failed, GanlabError)
        assert "--force" in failed.hint
    assert Path("mine.png").read_text() == Path("folder/000000.png").read_text() == "a holiday"
    assert ganlab("sample", "first", "-n", "2", "--out", "mine.png", "--force", "--runs-dir", str(runs)).exit_code == 0
    assert Image.open("mine.png").width > 280


def test_without_a_name_each_sample_is_a_new_file(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = [ganlab("sample", "first", "-n", "2", "--runs-dir", str(runs)).stdout for _ in range(2)]
    name = f"{next(runs.glob('first*')).name}-samples"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"{name}.png", f"{name}-2.png"])
    assert [line.split()[-1] for line in told] == [f"{name}.png", f"{name}-2.png"]


@pytest.mark.parametrize(
    ("command", "out", "message"),
    [
        ("export", "full", "is not empty"),
        ("export", "file", "is no folder"),
        ("export", "file/deep", "is no folder"),
        ("sample", "file", "exists already"),
        ("compare", "file", "exists already"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, command: str, out: str, message: str
) -> None:
    """There is no run at all, and it is not missed."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    arguments = (command, "none", *(["none"] if command == "compare" else []), "--out", str(tmp_path / out))
    failed = ganlab(*arguments, "--runs-dir", str(tmp_path)).exception
    assert isinstance(failed, GanlabError)
    assert message in failed.message
    assert (tmp_path / "file").read_text() == "mine"


def test_an_export_that_is_refused_leaves_no_folder(runs: Path, tmp_path: Path) -> None:
    for arguments in (["--step", "7"], ["--step", "newst"]):
        failed = ganlab("export", "first", *arguments, "--out", str(tmp_path / "out"), "--runs-dir", str(runs))
        assert isinstance(failed.exception, GanlabError)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--walk", "0", "--gallery"], "walk and gallery are pictures of their own"),
        (["--spherical"], "spherical is a way to interpolate"),
        (["--spherical", "--walk", "1"], "spherical is a way to interpolate"),
        (["--walk", "1", "-n", "5"], "walk has a number of samples of its own"),
        (["--walk", "8"], "no dimension 8"),
        (["--arithmetic", "8-3"], "not A-B+C"),
        (["--arithmetic", "8-8+3"], "its mean needs 10"),
        (["--class", "8"], "cannot be asked for a class"),
        (["--gallery"], "the standard game has no gallery"),
        (["--attention"], "no attention to show"),
    ],
)
def test_sample_refuses_what_it_cannot_draw(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    failed = ganlab("sample", "first", *arguments, "--runs-dir", str(runs)).exception
    assert isinstance(failed, GanlabError)
    assert message in failed.message
    assert list(tmp_path.iterdir()) == []


def test_export_runs_in_plain_pytorch(runs: Path, tmp_path: Path) -> None:
    result = ganlab("export", "first", "--out", str(tmp_path / "out"), "--runs-dir", str(runs))
    assert result.exit_code == 0, result.output
    latents = torch.randn(5, 8)
    torch.save(latents, tmp_path / "latents.pt")
    code = (
        "import sys, torch\n"
        f"generator = torch.export.load({str(tmp_path / 'out' / 'generator.pt2')!r}).module()\n"
        f"torch.save(generator(torch.load({str(tmp_path / 'latents.pt')!r})), {str(tmp_path / 'images.pt')!r})\n"
        "assert not any(name.startswith('ganlab') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    expected = load_run(next(runs.glob("first*"))).generator()(latents)
    torch.testing.assert_close(torch.load(tmp_path / "images.pt"), expected, rtol=1e-4, atol=1e-5)
    again = ganlab("export", "first", "--out", str(tmp_path / "out"), "--runs-dir", str(runs))
    assert "is not empty" in str(again.exception)


def test_validate_plans_a_sweep(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("name: x\nbase: ring\ngrid: {latent.dim: [1, 2, 3]}\nseeds: 2")
    result = ganlab("validate", str(tmp_path / "x.yaml"))
    assert result.exit_code == 0
    assert "ring (latent.dim=3)" in result.output
    assert "is valid: 6 runs" in result.output
    told = json.loads(ganlab("validate", str(tmp_path / "x.yaml"), "training.steps=7", "--json").output)
    assert told["folder"].startswith("sweep-x-")
    assert len(told["runs"]) == 6


def test_validate_shows_what_is_meant(runs: Path) -> None:
    result = ganlab("validate", str(runs.parent / "toy.yaml"), "training.steps=77")
    assert result.exit_code == 0
    assert "steps: 77" in result.output
    told = json.loads(ganlab("validate", str(runs.parent / "toy.yaml"), "--json").output)
    assert told["generator"]["width"] == 4


def test_validate_looks_into_the_folder(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"class {number % 2}").mkdir(exist_ok=True)
        Image.new("RGB", (20, 30), (number, 0, 0)).save(tmp_path / f"class {number % 2}" / f"{number}.png")
    asked = ["folder", f"data.path={tmp_path}", "training.batch_size=8"]
    result = ganlab("validate", *asked)
    assert result.exit_code == 0, result.output
    assert "40 images in 2 classes (class 0 20, class 1 20); all 30 x 20 pixels" in result.output.replace("\n", " ")
    assert json.loads(ganlab("validate", *asked, "--json").output)["data"]["path"] == str(tmp_path)
    assert "holds out 1 sample," in str(ganlab("validate", *asked, "data.fraction=0.9", "data.held_out=0.03").exception)
    assert "fewer than one batch of 64" in str(ganlab("validate", *asked[:2], "training.batch_size=64").exception)
    for path, message in (
        ("nowhere", "there is no folder"),
        ("class 0/0.png", "there is no folder"),
        ("empty", "no images"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        refused = ganlab("validate", "folder", f"data.path={tmp_path / path}")
        assert refused.exit_code != 0
        assert message in str(refused.exception)
    (tmp_path / "sweep.yaml").write_text("name: x\nbase: folder\ngrid: {latent.dim: [1, 2]}\nset: {data.path: nowhere}")
    assert "there is no folder nowhere" in str(ganlab("validate", str(tmp_path / "sweep.yaml")).exception)


def test_dry_run_shows_layers_and_trains_nothing(tmp_path: Path) -> None:
    result = ganlab("train", "guide_stable", "--dry-run", "--runs-dir", str(tmp_path / "runs"))
    assert result.exit_code == 0, result.output
    assert "ConvTranspose2d" in result.output
    told = json.loads(ganlab("train", "guide_stable", "--dry-run", "--json").output)
    # Keras's own count: Dense 50 -> 6272, two 4x4 transposed convolutions of 128 maps, a 7x7 convolution to one.
    assert told["parameters"]["generator"] == (50 * 6272 + 6272) + 2 * (128 * 128 * 16 + 128) + (128 * 49 + 1)
    # Two convolutions with batch norm instead of biases, as the guide's figures require, and a Dense to one.
    assert told["parameters"]["discriminator"] == 64 * 16 + 64 * 64 * 16 + 2 * (2 * 64) + (7 * 7 * 64 + 1)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "what", ["configs", "networks", "games", "losses", "penalties", "stabilizers", "optimizers", "data"]
)
def test_ls_lists_with_a_line_each(what: str) -> None:
    rows = json.loads(ganlab("ls", what, "--json").output)
    assert rows
    assert all(row["name"] and row["what"] for row in rows)


def test_cp_copies_once(tmp_path: Path) -> None:
    assert ganlab("cp", "ring", str(tmp_path / "mine.yaml")).exit_code == 0
    assert ganlab("validate", str(tmp_path / "mine.yaml")).exit_code == 0
    assert "exists already" in str(ganlab("cp", "ring", str(tmp_path / "mine.yaml")).exception)


def test_schema_is_the_shipped_one() -> None:
    shipped = Path(__file__).parents[2] / "configs" / "experiment.schema.json"
    assert json.loads(ganlab("schema").output) == json.loads(shipped.read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command: str) -> None:
    assert [each.name or each.callback.__name__ for each in app.registered_commands] == list(COMMANDS)
    assert f"Example: ganlab {command}" in " ".join(ganlab(command, "--help").output.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "nowhere.yaml"], "nowhere"),
        (["train", "ring", "training.steps=0"], "at least 1"),
        (["train", "ring", "trainin.steps=5"], "did you mean training.steps"),
        (["train", "ring", "generator.name=dcgan"], "points"),
        (["train", "smoke", "data.classes=[11]"], "11 is not a class"),
        (["train", "smoke", "data.fraction=0.001"], "fewer than one batch"),
        (["train", "smoke", "generator.kernel_size=60"], "larger than its feature map"),
        (["train", "smoke", "optimizer.lr=.nan"], "lr"),
        (["resume", "nobody"], "no run"),
        (["sample", "nobody"], "no run"),
        (["diagnose", "nobody"], "no run"),
        (["evaluate", "nobody"], "no run"),
        (["diagnose", ""], "no run"),
        (["report", ""], "no run"),
        (["train", "smoke", "--device", "cuda:77"], "CUDA"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ganlab", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    err = capsys.readouterr().err
    assert left.value.code == 2
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_help_and_ls_start_fast_and_without_torch() -> None:
    """Under half a second on a quiet machine; torch alone takes seconds, so its absence is what is checked."""
    for arguments in (["--help"], ["report", "--help"], ["ls"], ["ls", "networks"], ["validate", "ring"], ["schema"]):
        code = (
            f"import sys\nsys.argv = ['ganlab', *{arguments!r}]\nfrom ganlab.cli.app import main\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            "heavy = {'torch', 'matplotlib', 'scipy', 'jinja2'} & set(sys.modules)\nassert not heavy, heavy\n"
        )
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env={**os.environ})
        assert time.perf_counter() - started < 5
