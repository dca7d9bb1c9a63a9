from __future__ import annotations

import doctest
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganlab
import ganlab.api
from ganlab.errors import ConfigError, GanlabError, RunError
from ganlab.monitor.pictures import Pictures
from ganlab.training.trained import export, load_game, sample_inputs


def test_train_and_load(points: Any, tmp_path: Path) -> None:
    run = ganlab.train(points(), ["training.steps=4"], runs_dir=tmp_path)
    again = ganlab.load_run(run.path)
    assert again.status["status"] == "finished"
    assert again.history["step"].tolist() == [1, 2, 3, 4]
    assert again.snapshots[-1]["step"] == 4
    assert again.experiment == points("training.steps=4")
    samples = again.generator()(torch.zeros(3, 4))
    assert samples.shape == (3, 2)
    assert np.isfinite(samples.numpy()).all()
    with pytest.raises(RunError, match="no checkpoint of step 2"):
        again.generator(2)


def test_a_mapping_and_a_shipped_name_train_too(points: Any, tmp_path: Path) -> None:
    values = points("training.steps=2").model_dump(mode="json")
    assert ganlab.train(values, runs_dir=tmp_path).status["step"] == 2
    run = ganlab.train("ring", ["training.steps=2", "monitor.snapshot_samples=50"], runs_dir=tmp_path)
    assert run.status["step"] == 2
    with pytest.raises(ConfigError):
        ganlab.train({"seed": -1}, runs_dir=tmp_path)


DCGANS = ("generator.width=2", "discriminator.width=2")
GROWING = ("generator.max_width=4", "discriminator.max_width=4", "game.images_per_phase=8", "game.fade=16")
NAMED: dict[str, tuple[str, ...]] = {
    "conditional_mnist": DCGANS,
    "relativistic_mnist": DCGANS,
    "infogan_mnist": DCGANS,
    "progressive_mnist": (*DCGANS, *GROWING),
    "sagan_mnist": DCGANS,
    "sagan_plain_mnist": DCGANS,
    "cyclegan_mnist": (*DCGANS, "generator.blocks=1", "game.source.fraction=0.02"),
    "superresolution_mnist": (*DCGANS, "generator.blocks=1"),
    "acgan_mnist": DCGANS,
    "paired_mnist": (*DCGANS, "generator.blocks=1"),
}
"""What makes each of the named GANs a toy."""
TOY = (
    "data.fraction=0.02",
    "training.batch_size=8",
    "training.steps=2",
    "training.device=cpu",
    "monitor.snapshot_samples=32",
)


@pytest.mark.parametrize("name", NAMED)
def test_every_named_gan_trains_and_its_generator_runs_without_ganlab(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pictures, "finish", lambda self, evidence, verdict: None)
    run = ganlab.train(name, [*TOY, *NAMED[name]], runs_dir=tmp_path / "runs")
    assert (run.status["status"], run.status["step"]) == ("finished", 2)
    assert all(np.isfinite(column).all() for key, column in run.history.items() if not key.startswith("d_acc"))
    assert [row["step"] for row in run.snapshots] == [0, 2]
    game = load_game(run.directory)
    export(game, tmp_path / "exported")
    inputs = sample_inputs(game, 5, 0).inputs
    program = torch.export.load(tmp_path / "exported" / "generator.pt2").module()
    for count in (1, 5):
        with torch.no_grad():
            torch.testing.assert_close(program(inputs[:count]), game.generator(inputs[:count]), atol=1e-5, rtol=1e-4)


def test_the_examples_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    examples = doctest.DocTestFinder(exclude_empty=True).find(ganlab.api, globs={"ganlab": ganlab})
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for example in sorted((each for each in examples if each.examples), key=lambda each: each.lineno or 0):
        runner.run(example, out=said.append)
    assert not runner.failures, "".join(said)
    shown = {each.name.rpartition(".")[2] for each in examples if each.examples}
    assert shown == {"train", "load_run", "diagnose", "evaluate", "sample", "sweep", "compare", "page", "treat"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("between.png", "runs", "side_by_side.html", "side_by_side.png")
    ]


def test_arrays_are_judged_as_files_of_them_are(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (64, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "samples.npz", step_100=images, step_200=images[::-1])
    losses = {"step": np.arange(1, 201), "d_loss": draw.normal(1.3, 0.05, 200), "g_loss": draw.normal(0.9, 0.05, 200)}
    rows = "".join(f"{step},{d!r},{g!r}\n" for step, d, g in zip(*map(np.ndarray.tolist, losses.values()), strict=True))
    (tmp_path / "log.csv").write_text(f"step,d_loss,g_loss\n{rows}")
    from_files = ganlab.diagnose(tmp_path / "log.csv", samples=tmp_path / "samples.npz", real="mnist[3,8]")
    steps = {100: images, 200: torch.from_numpy(images[::-1].copy())}
    from_arrays = ganlab.diagnose(losses, samples=steps, real="mnist[3,8]", out=tmp_path / "out")
    assert from_files["read"]["format"] == "a table"
    assert dict(from_arrays) == {**from_files, "source": "columns", "read": {**from_files["read"], "format": "columns"}}
    assert from_arrays.judged_on.snapshots == from_files.judged_on.snapshots
    assert ganlab.Verdict.read(tmp_path / "out" / "verdict.json") == from_arrays
    assert (tmp_path / "out" / "plots" / "samples.png").is_file()


def test_real_data_can_be_an_array_and_nothing_is_written_without_out(points: Any, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    assert ganlab.diagnose(samples=draw.normal(size=(300, 2)), real=draw.normal(size=(2000, 2))).name == "healthy"
    run = ganlab.train(points("training.steps=4"), runs_dir=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    assert ganlab.diagnose(run) == ganlab.diagnose(run.path.name, runs_dir=tmp_path) == run.verdict
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before
    with pytest.raises(GanlabError, match="nothing to judge"):
        ganlab.diagnose()


def test_sampling_twice_is_the_same_and_a_picture_of_its_own_is_pixels(images: Any, tmp_path: Path) -> None:
    sagan = [f"{player}={{name: sagan, width: 4}}" for player in ("generator", "discriminator")]
    run = ganlab.train(images("training.steps=2", *sagan), runs_dir=tmp_path)
    one, other = (ganlab.sample(run, 4, out=out) for out in (None, tmp_path / "four.npz"))
    np.testing.assert_array_equal(one, other)
    assert (one.shape, one.dtype) == ((4, 1, 28, 28), np.float32)
    assert np.load(tmp_path / "four.npz")["samples"].dtype == np.uint8
    assert not np.array_equal(one, ganlab.sample(run, 4, live=True))
    drawn = ganlab.sample(run, 2, attention=True)
    assert (drawn.dtype, drawn.ndim, drawn.shape[2]) == (np.uint8, 3, 3)
    with pytest.raises(GanlabError, match="pictures of their own"):
        ganlab.sample(run, walk=1, gallery=True)


def test_a_run_shows_how_it_stands_and_its_verdict(points: Any, tmp_path: Path) -> None:
    run = ganlab.train(points("training.steps=4", "expect=[healthy]"), runs_dir=tmp_path)
    assert run.verdict is not None
    assert run.verdict.name == run.verdict["failure"]
    text, page = str(run), run._repr_html_()
    assert text.startswith(f"{run.path.name}: finished after step 4 of 4, ")
    assert str(run.verdict) in text
    assert page.count("data:image/webp;base64,") == 1
    assert escape(run.verdict.summary) in page
    assert 'data-chart="losses"' in page
    assert "Too early to tell" in page  # so that nothing came as expected, or otherwise
    assert "expects" not in page
    assert "<script" not in page
    assert "<button" not in page.replace('<button type="button" data-copy>Copy</button>', "")
    # The style is about nothing outside.
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    assert style.startswith(".ganlab { ")
    assert not re.search(r"(^|[\s}])(:root|html|body)\b", style)
    run.directory.verdict.unlink()
    assert str(run).endswith("not judged yet")
    for file in (run.directory.history, run.directory.snapshots):
        file.unlink()
    assert "not judged yet" in run._repr_html_()


def test_pages_of_what_a_program_has_at_hand(points: Any, tmp_path: Path) -> None:
    runs = [
        ganlab.train(points("training.steps=2", "monitor.page=true", f"name=r{seed}"), runs_dir=tmp_path)
        for seed in range(2)
    ]
    assert runs[0].directory.page.is_file()
    assert ganlab.page(runs[0]) == runs[0].directory.page
    both = ganlab.page([runs[0], str(runs[1].path)], tmp_path / "new" / "both.html")
    assert all(run.path.name.encode() in both.read_bytes() for run in runs)
    with pytest.raises(GanlabError, match="--force"):
        ganlab.page(runs[0], both)
    assert ganlab.page("r1", both, force=True, runs_dir=tmp_path) == both
    with pytest.raises(GanlabError, match="nothing to show"):
        ganlab.page([])
    unpaged = ganlab.train(points("training.steps=2"), runs_dir=tmp_path)
    assert not unpaged.directory.page.exists()


def test_reading_a_run_needs_no_torch(points: Any, tmp_path: Path) -> None:
    run = ganlab.train(points("training.steps=2"), runs_dir=tmp_path)
    code = (
        f"import sys, ganlab\nrun = ganlab.load_run({str(run.path)!r})\n"
        "run.history, run.snapshots, run.status, run.experiment, run.verdict.name\n"
        "str(run), run._repr_html_()\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("config", [None, 3, []])
def test_what_is_no_experiment_is_refused(config: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no experiment can be made of"):
        ganlab.train(config, runs_dir=tmp_path)


@pytest.mark.parametrize("overrides", ["training.steps=4", None, 3, {"training.steps": 4}])
def test_overrides_that_are_no_list_are_one_mistake(overrides: Any, points: Any, tmp_path: Path) -> None:
    for config in ("ring", points(), {"extends": "ring"}):
        with pytest.raises(ConfigError, match="give a list") as caught:
            ganlab.train(config, overrides, runs_dir=tmp_path)
        assert len(caught.value.message.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [({"runs_dir": None}, RunError), ({"runs_dir": "a\0b"}, RunError), ({"views": 3}, ConfigError)],
)
def test_what_no_run_can_use_is_refused(options: Any, error: type[Exception], points: Any) -> None:
    with pytest.raises(error, match="is "):
        ganlab.train(points(), **options)
