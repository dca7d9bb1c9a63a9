from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.errors import RunError

TICKS = "".join(
    f"tick {tick:<5} kimg {tick * 4.0:<8.1f} time {tick}m 01s       sec/tick 41.2    sec/kimg 10.30   maintenance 0.1 "
    f"   cpumem 4.81   gpumem 9.50   augment {tick / 10:.3f}\n"
    for tick in range(6)
)


def row(kimg: float, **losses: float) -> str:
    values = {"Loss/D/loss": 1.0, "Loss/G/loss": 0.5, "Loss/r1_penalty": 0.1, "Progress/augment": 0.2, **losses}
    return json.dumps(
        {name: {"num": 8, "mean": v, "std": 0.0} for name, v in {**values, "Progress/kimg": kimg}.items()}
    )


def metric(kimg: int, fid: float, name: str = "fid50k_full") -> str:
    return json.dumps(
        {"results": {name: fid}, "metric": name, "total_time": 61.5, "snapshot_pkl": f"network-snapshot-{kimg:06d}.pkl"}
    )


def write(folder: Path, **files: list[str]) -> Path:
    for name, lines in files.items():
        (folder / name.replace("__", ".").replace("_x_", "-")).write_text("\n".join(lines) + "\n")
    return folder


def fids(found: Evidence) -> list[tuple[int, float]]:
    curve = found.quality["fid"]
    return list(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))


def test_metrics_stand_at_the_images_of_their_snapshot_in_whatever_order_they_were_computed(tmp_path: Path) -> None:
    kimgs = [0, 40, 80, 120]
    write(
        tmp_path,
        stats__jsonl=[row(kimg) for kimg in range(0, 124, 4)],
        metric_x_fid50k_full__jsonl=[metric(kimg, 100.0 - kimg / 2) for kimg in reversed(kimgs)],
        metric_x_kid50k_full__jsonl=[metric(kimg, kimg / 1000, "kid50k_full") for kimg in kimgs],
    )
    found = read(tmp_path, ReadOptions())
    assert fids(found) == [(kimg * 1000, 100.0 - kimg / 2) for kimg in kimgs]
    assert len(found.curves["d_loss"]) == 31
    assert found.read is not None
    assert (found.read.rows, found.read.format) == (39, "StyleGAN's stats.jsonl and metric files")
    assert (found.unit, found.family) == ("image", "cross_entropy")
    assert found.controls["augment"].values.tolist() == [0.2] * 31


@pytest.mark.parametrize(
    ("options", "family"),
    [
        ({"loss_kwargs": {"class_name": "training.loss.StyleGAN2Loss"}}, "cross_entropy"),
        ({"loss_kwargs": {"class_name": "training.loss.R3GANLoss"}}, "relativistic"),
        ({"loss_kwargs": {"class_name": "training.loss.ProjectedGANLoss"}}, "hinge"),
    ],
)
def test_the_options_say_loss_and_plan(tmp_path: Path, options: dict[str, object], family: str) -> None:
    write(tmp_path, stats__jsonl=[row(0), row(4)])
    (tmp_path / "training_options.json").write_text(
        json.dumps({**options, "total_kimg": 5000, "ada_target": 0.6}, indent=2)
    )
    found = read(tmp_path, ReadOptions())
    assert (found.family, found.planned) == (family, 5_000_000)
    assert any("ADA aims at a mean sign of 0.6" in note for note in found.notes)


def test_two_penalties_are_those_of_r3gan(tmp_path: Path) -> None:
    write(tmp_path, stats__jsonl=[row(0, **{"Loss/r2_penalty": 0.1}), row(4, **{"Loss/r2_penalty": 0.1})])
    assert read(tmp_path, ReadOptions()).family == "relativistic"


def test_metrics_alone(tmp_path: Path) -> None:
    write(tmp_path, metric_x_fid50k_full__jsonl=[metric(0, 300), metric(200, 50), metric(400, 90)])
    for path in (tmp_path, tmp_path / "metric-fid50k_full.jsonl"):
        found = read(path, ReadOptions())
        assert fids(found) == [(0, 300.0), (200_000, 50.0), (400_000, 90.0)]
        assert found.unit == "image"


@pytest.mark.parametrize("text", [False, True])
def test_the_log_has_ticks_and_metrics(tmp_path: Path, text: bool) -> None:
    lines = TICKS.splitlines()
    evaluations = [
        f"network-snapshot-{kimg:06d}        time 4m 32s      fid50k_full 2{kimg}.5"
        if text
        else metric(kimg, 200.5 + kimg)
        for kimg in (10, 20)
    ]
    lines = ["Training options:", "{", '  "total_kimg": 25000,', '  "ada_target": 0.6', "}", *lines[:3], *evaluations]
    found = read(write(tmp_path, log__txt=[*lines, *TICKS.splitlines()[3:]]), ReadOptions())
    assert fids(found) == [(10_000, 210.5), (20_000, 220.5)]
    assert found.controls["augment"].steps.tolist() == [0, 4000, 8000, 12000, 16000, 20000]
    assert found.controls["augment"].values.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert (found.planned, found.unit) == (25_000_000, "image")
    # The files of metrics say the same once more.
    write(tmp_path, metric_x_fid50k_full__jsonl=[metric(10, 210.5), metric(20, 220.5)])
    assert fids(read(tmp_path, ReadOptions())) == [(10_000, 210.5), (20_000, 220.5)]


def test_a_copy_of_the_statistics_takes_nothing_from_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, mine__jsonl=[row(0), row(4)], metric_x_fid50k_full__jsonl=[metric(0, 300)])
    assert "fid" not in read(tmp_path / "mine.jsonl", ReadOptions()).quality


def test_lines_that_are_no_statistics_are_counted(tmp_path: Path) -> None:
    write(tmp_path, stats__jsonl=[row(0), "broken", row(4)], metric_x_fid__jsonl=[metric(0, 300), "{}"])
    found = read(tmp_path, ReadOptions())
    assert found.read is not None
    assert sum(count for _, count in found.read.dropped) == 2


def test_other_json_lines_are_none_of_it(tmp_path: Path) -> None:
    write(tmp_path, stats__jsonl=['{"Loss/loss": 1.0}', '{"Loss/loss": 0.5}'])
    with pytest.raises(RunError, match="`Loss/loss`"):
        read(tmp_path / "stats.jsonl", ReadOptions())
    with pytest.raises(RunError, match=r"none of its files is a log of a GAN: `stats.jsonl`"):
        read(tmp_path, ReadOptions())
