from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import RunError

CSV = "step,d_loss,g_loss\n" + "".join(f"{i},1.{i},0.5\n" for i in range(5))
LOG = "".join(f"step {i} d_loss 1.{i} g_loss 0.5\n" for i in range(5))
PIX2PIX = "================ Training Loss (Sun Jan  1 10:00:00 2023) ================\n" + "".join(
    f"(epoch: {epoch}, iters: {i}, time: 0.1, data: 0.2) G_GAN: 1.0 G_L1: 9.0 D_real: 0.4 D_fake: 0.3 \n"
    for epoch in (1, 2, 3)
    for i in (100, 200, 300)
)
OPTIONS = """----------------- Options ---------------
               batch_size: 1
                 gan_mode: {loss}                         	[default: lsgan]
                 n_epochs: 30                             	[default: 100]
           n_epochs_decay: 20                             	[default: 100]
----------------- End -------------------
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("name", ["train__log", "log__txt", "history__csv", "logs___train__log", "results__dat"])
def test_the_only_log_of_a_folder_is_read(tmp_path: Path, name: str) -> None:
    text = CSV if name.endswith("csv") else LOG
    write(
        tmp_path, **{name: text}, requirements__txt="numpy==2.0\ntorch==2.1\n", config__json='{"lr": 0.1, "size": 64}'
    )
    assert len(read(tmp_path, ReadOptions()).curves["d_loss"]) == 5


def test_several_logs_are_named(tmp_path: Path) -> None:
    write(tmp_path, a__csv=CSV, b__log=LOG, readme__txt="hello\n")
    with pytest.raises(RunError, match=r"holds 2 logs: `a.csv`, `b.log`") as caught:
        read(tmp_path, ReadOptions())
    assert caught.value.hint == "name one of them"


def test_a_folder_without_a_log_says_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path, sub___a__bin="x", readme__rst="hello")
    with pytest.raises(RunError, match=r"only `readme.rst`, `sub/`"):
        read(tmp_path, ReadOptions())


def test_a_link_that_leads_back_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, sub___a__csv=CSV)
    os.symlink(tmp_path, tmp_path / "sub" / "back")
    with pytest.raises(RunError, match="no log"):
        read(tmp_path, ReadOptions())


@pytest.mark.parametrize(
    ("loss", "family"), [("lsgan", "least_squares"), ("vanilla", "cross_entropy"), ("wgangp", "wasserstein")]
)
def test_pix2pix_and_what_its_options_say(tmp_path: Path, loss: str, family: str) -> None:
    write(
        tmp_path,
        loss_log__txt=PIX2PIX,
        train_opt__txt=OPTIONS.format(loss=loss),
        test_opt__txt=OPTIONS.format(loss="hinge"),
    )
    for path in (tmp_path, tmp_path / "loss_log.txt"):
        found = read(path, ReadOptions())
        assert len(found.curves["d_loss_real"]) == 9
        assert (np.diff(found.curves["d_loss_real"].steps) > 0).all()
        assert found.family == family
        assert found.planned == 50 * 300


def test_options_that_disagree_say_nothing_of_the_loss(tmp_path: Path) -> None:
    write(tmp_path, train__csv=CSV, a__yml="gan_type: hinge\n", b__yml="gan_type: lsgan\n")
    assert read(tmp_path, ReadOptions()).family is None


def basicsr(first: int, count: int) -> str:
    lines = "".join(
        f"2021-01-01 10:0{i}:00,123 INFO: [exp..][epoch:  0, iter:{first + 100 * i:8,d}, lr:(1.000e-04,)] "
        "[eta: 1:02:03, time (data): 0.5 (0.1)] l_g_pix: 1.0e-02 l_g_gan: 5.0e-03 "
        "l_d_real: 5.0e-01 l_d_fake: 4.0e-01 \n"
        for i in range(count)
    )
    return f"2021-01-01 10:00:00,123 INFO: Start training from epoch: 0, iter: {first - 100}\n{lines}"


def test_basicsr_writes_a_log_for_each_start(tmp_path: Path) -> None:
    write(
        tmp_path,
        train_exp_20210102_100000__log=basicsr(400, 3),
        train_exp_20210101_100000__log=basicsr(100, 4),
        exp__yml="name: exp\ntrain:\n  total_iter: 5000\n  gan_opt:\n    gan_type: vanilla\n",
    )
    found = read(tmp_path, ReadOptions())
    assert found.curves["d_loss_real"].steps.tolist() == [100, 200, 300, 400, 500, 600]
    assert (found.family, found.planned) == ("cross_entropy", 5000)


def test_biggan_writes_a_file_a_curve(tmp_path: Path) -> None:
    series = "".join(f"{step}: {value}\n" for step, value in ((10, 0.5), (20, "nan"), (30, 0.25)))
    write(tmp_path, G_loss__log=series, D_loss_real__log=series, D_loss_fake__log=series, notes__log="hello\n")
    found = read(tmp_path, ReadOptions())
    assert found.curves["g_loss"].steps.tolist() == [10, 20, 30]
    np.testing.assert_array_equal(found.curves["d_loss"].values, [1.0, np.nan, 0.5])


def test_tables_that_were_exported_panel_by_panel_are_one_run(tmp_path: Path) -> None:
    rows = [(0, 1.5), (50, 1.25), (100, 1.0)]
    for name in ("d_loss", "g_loss"):
        body = "".join(f'"{step}","{value}","{value}","{value}"\n' for step, value in rows)
        head = f'"Step","run-1 - {name}","run-1 - {name}__MIN","run-1 - {name}__MAX"\n'
        (tmp_path / f"wandb_export_{name}.csv").write_text(head + body)
    found = read(tmp_path, ReadOptions())
    assert found.curves["d_loss"].steps.tolist() == found.curves["g_loss"].steps.tolist() == [0, 50, 100]


def test_tags_that_tensorboard_exported_are_one_run(tmp_path: Path) -> None:
    for name in ("Loss_D", "Loss_G"):
        body = "".join(f"1700000000.{step},{step},{step / 10}\n" for step in range(4))
        (tmp_path / f"run-exp_1-tag-{name}.csv").write_text(f"Wall time,Step,Value\n{body}")
    for path in (tmp_path, tmp_path / "run-exp_1-tag-Loss_D.csv"):
        assert read(path, ReadOptions()).curves["d_loss"].values.tolist() == [0.0, 0.1, 0.2, 0.3]
    assert len(read(tmp_path, ReadOptions()).curves["g_loss"]) == 4


def test_lightning_keeps_a_folder_a_version(tmp_path: Path) -> None:
    write(
        tmp_path,
        lightning_logs___version_0___metrics__csv=CSV,
        lightning_logs___version_0___hparams__yaml="gan_mode: hinge\n",
    )
    for path in (tmp_path, tmp_path / "lightning_logs"):
        found = read(path, ReadOptions())
        assert (len(found.curves["d_loss"]), found.family) == (5, "hinge")
    write(tmp_path, lightning_logs___version_1___metrics__csv=CSV)
    with pytest.raises(RunError, match="holds 2 logs"):
        read(tmp_path / "lightning_logs", ReadOptions())


def test_the_last_checkpoint_of_hugging_face_holds_the_history(tmp_path: Path) -> None:
    for last in (500, 1000, 1500):
        history = [{"step": step, "loss_d": 1.0, "epoch": step / 1000} for step in range(100, last + 1, 100)]
        state = json.dumps({"log_history": history, "max_steps": 2000})
        write(tmp_path, **{f"checkpoint-{last}___trainer_state__json": state})
    found = read(tmp_path, ReadOptions())
    assert len(found.curves["d_loss"]) == 15
    assert found.planned == 2000


@pytest.mark.parametrize("name", ["train.log", "a.csv", "loss_log.txt", "metrics.csv", "stats.jsonl"])
def test_pipes_and_folders_with_the_name_of_a_log_are_passed_over(name: str, tmp_path: Path) -> None:
    for number, make in enumerate((os.mkfifo, os.mkdir)):
        folder = write(tmp_path / str(number), b__log=LOG)
        make(folder / name)
        assert len(read(folder, ReadOptions()).curves["d_loss"]) == 5
