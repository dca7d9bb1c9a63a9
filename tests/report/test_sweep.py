"""The pictures of a sweep: which there are, from real runs, and what they are drawn from."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganlab.errors import ConfigError, RunError
from ganlab.report.sweep import make_report
from ganlab.sweeps.folder import SweepFolder, open_sweep
from ganlab.sweeps.plan import Plan, make_plan
from ganlab.sweeps.records import read_records
from ganlab.sweeps.spec import spec_from_mapping
from ganlab.training import session

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.xdist_group("report")]

TABLES = {"runs.csv", "claims.csv", "summary.json"}
CURVES = {"loss_against_quality.png", "loss_against_quality.svg", "strips_1.png"}
MAP = {"failure_map.png", "failure_map.svg"}
RATES = {"sensitivity.png", "sensitivity.svg"}


def make(folder: Path, spec: dict[str, Any], skip: int = 0) -> tuple[Plan, SweepFolder]:
    """Train a sweep, but for its last `skip` runs."""
    plan = make_plan(spec_from_mapping({"name": "toy", **spec}))
    sweep = open_sweep(plan, folder / plan.folder_name)
    for planned in plan.runs[: len(plan.runs) - skip]:
        session.start(planned.experiment, sweep.runs, name=planned.id)
    return plan, sweep


@pytest.fixture(scope="module")
def base(points: Any) -> dict[str, Any]:
    values: dict[str, Any] = points("monitor.snapshot_every=5").model_dump(mode="json")
    return values


@pytest.fixture(scope="module")
def trained(base: Any, images: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, SweepFolder]:
    """Two learning rates under two losses, and a run on images; the last run is not begun."""
    grid = {"optimizer.lr": [1e-3, 1e-2], "loss": ["non_saturating", "hinge"]}
    entry = {"config": images().model_dump(mode="json"), "seeds": [0]}
    return make(tmp_path_factory.mktemp("sweep"), {"base": base, "grid": grid, "runs": [entry], "seeds": 2}, skip=1)


def names(files: list[Path]) -> set[str]:
    assert all(file.is_file() for file in files)
    return {file.name for file in files}


def test_a_sweep_that_is_not_finished_has_all_its_pictures(trained: tuple[Plan, SweepFolder]) -> None:
    _, sweep = trained
    files = make_report(sweep.path)
    assert names(files) == TABLES | MAP | RATES | CURVES
    assert {path.name for path in sweep.plots.iterdir()} == names(files) - TABLES
    drawn = (sweep.plots / "failure_map.svg").read_text()
    for text in ("optimizer.lr", "1e-3", "hinge", "8 runs judged", "1 missing"):
        assert text in drawn
    assert "non_saturating" in (sweep.plots / "sensitivity.svg").read_text()


def test_the_map_counts_what_the_runs_say(trained: tuple[Plan, SweepFolder]) -> None:
    plan, sweep = trained
    make_report(sweep.path)
    drawn = (sweep.plots / "failure_map.svg").read_text()
    ended = [record for record in read_records(plan, sweep) if record.ended and record.planned.settings]
    cells: dict[str, list[str]] = {}
    for record in ended:
        cells.setdefault(str(record.planned.settings), []).append(record.failure_name.partition("/")[0])
    rates = [f"{max(map(found.count, found))}/{len(found)}" for found in cells.values()]
    for rate in rates:
        assert drawn.count(f">{rate}<") == rates.count(rate)


def test_drawn_again_nothing_changes(trained: tuple[Plan, SweepFolder]) -> None:
    _, sweep = trained
    first = {file: file.read_bytes() for file in make_report(sweep.path)}
    assert {file: file.read_bytes() for file in make_report(sweep.path)} == first


def test_pictures_of_an_earlier_report_that_this_one_does_not_make_are_removed(
    trained: tuple[Plan, SweepFolder],
) -> None:
    _, sweep = trained
    old, other = sweep.plots / "strips_9.png", sweep.plots / "mine.png"
    sweep.plots.mkdir(exist_ok=True)
    for path in (old, other):
        path.write_bytes(b"")
    make_report(sweep.path)
    assert not old.exists()
    assert other.exists()
    other.unlink()


def test_without_axes_there_is_no_map(base: Any, tmp_path: Path) -> None:
    _, sweep = make(tmp_path, {"base": base, "seeds": 1})
    assert names(make_report(sweep.path)) == TABLES | CURVES


def test_before_any_run_has_begun(base: Any, tmp_path: Path) -> None:
    grid = {"optimizer.lr": [1e-3, 1e-2]}
    _, sweep = make(tmp_path, {"base": base, "grid": grid}, skip=2)
    assert names(make_report(sweep.path)) == TABLES | MAP


def test_a_third_axis_gives_a_map_for_each_of_its_values(base: Any, tmp_path: Path) -> None:
    grid = {"loss": ["hinge", "minimax"], "latent.dim": [2, 4], "generator.width": [4, 8, 16]}
    _, sweep = make(tmp_path, {"base": base, "grid": grid}, skip=12)
    maps = {f"failure_map_{number}.{kind}" for number in (1, 2, 3) for kind in ("png", "svg")}
    assert names(make_report(sweep.path)) == TABLES | maps
    assert "generator.width = 16" in (sweep.plots / "failure_map_3.svg").read_text()


def test_settings_drawn_at_random_are_dots_in_a_plane(base: Any, tmp_path: Path) -> None:
    draw = {"optimizer.lr": {"log_uniform": [1e-4, 1e-1]}, "training.ema": {"uniform": [0.5, 0.9]}}
    _, sweep = make(tmp_path, {"base": base, "random": {"n": 3, "draw": draw}}, skip=1)
    files = names(make_report(sweep.path))
    assert files == TABLES | RATES | CURVES | {"failure_map_random.png", "failure_map_random.svg"}
    assert "training.ema" in (sweep.plots / "failure_map_random.svg").read_text()


def test_strips_show_the_first_tiles_of_the_last_grid(trained: tuple[Plan, SweepFolder]) -> None:
    plan, sweep = trained
    make_report(sweep.path)
    page = np.asarray(Image.open(sweep.plots / "strips_1.png"))
    (pictured,) = [planned for planned in plan.runs if planned.experiment.name == "toy_images"]
    grid = np.asarray(Image.open(sorted(sweep.run(pictured.id).samples.glob("step_*.png"))[-1]))
    strip = grid[: 2 * 58 + 2, : 5 * 58 + 2]
    rows = [top for top in range(page.shape[0] - len(strip)) if (page[top : top + len(strip), 210:502] == strip).all()]
    assert len(rows) == 1


def test_a_run_that_diverged_has_no_quality(trained: tuple[Plan, SweepFolder], tmp_path: Path) -> None:
    from ganlab.report import sweep as module

    plan, sweep = trained
    copy = SweepFolder(tmp_path / sweep.path.name)
    shutil.copytree(sweep.path, copy.path)
    verdict = copy.run(plan.runs[0].id).verdict
    verdict.write_text(verdict.read_text().replace(read_records(plan, sweep)[0].verdict.failure, "diverged"))  # type: ignore[union-attr]
    records = read_records(plan, copy)
    qualities = [module._quality(record) for record in records]
    assert math.isnan(qualities[0])  # type: ignore[arg-type]
    assert qualities[1] == records[1].metric("fid")
    assert qualities[-1] is None


def test_damaged_runs_leave_the_others_as_they_are(trained: tuple[Plan, SweepFolder], tmp_path: Path) -> None:
    plan, sweep = trained
    copy = SweepFolder(tmp_path / sweep.path.name)
    shutil.copytree(sweep.path, copy.path)
    first, second = (copy.run(planned.id) for planned in plan.runs[:2])
    first.snapshots.write_bytes(b"\xff\n")
    first.history.write_bytes(b"no\nhistory\n")
    for grid in second.samples.glob("*.png"):
        grid.write_bytes(b"no picture")
    assert names(make_report(copy.path)) == TABLES | MAP | RATES | CURVES


def test_what_is_no_sweep_is_refused(trained: tuple[Plan, SweepFolder], tmp_path: Path) -> None:
    plan, sweep = trained
    with pytest.raises(RunError, match=r"no sweep's folder"):
        make_report(tmp_path)
    with pytest.raises(RunError, match="it is a run"):
        make_report(sweep.run(plan.runs[0].id).path)
    with pytest.raises(RunError, match="no sweep"):
        make_report(tmp_path / "nowhere")
    (tmp_path / "spec.yaml").write_text("name: [")
    with pytest.raises(ConfigError):
        make_report(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["spec.yaml"]


def test_a_report_needs_no_torch(trained: tuple[Plan, SweepFolder]) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom ganlab.report.sweep import make_report\n"
        f"make_report(Path({str(trained[1].path)!r}))\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_quick_version_without_the_grid_has_pictures_of_its_runs(base: Any, images: Any, tmp_path: Path) -> None:
    entry = {"config": images().model_dump(mode="json"), "quick": True}
    spec = {"base": base, "grid": {"optimizer.lr": [1e-3, 1e-2]}, "runs": [entry], "quick": True}
    _, sweep = make(tmp_path, spec)
    assert names(make_report(sweep.path)) == TABLES | {"strips_1.png"}
