"""The page of a treatment, from real trials at toy size beside a treatment.json as `ganlab treat` writes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganlab.report.pages import sweep_page
from ganlab.runs.files import read_json, write_json
from ganlab.sweeps.folder import SweepFolder
from tests.report.test_compare_page import data_of
from tests.report.test_sweep_page import copy, make, text

pytestmark = pytest.mark.xdist_group("report")

SEEDS = {"unchanged": [1, 2], "random_1": [1], "random_2": [2], "r1": [1, 2]}
"""Seeds of each configuration; a change at random is another one for each seed."""

SETTINGS = {"random_1": ["loss=hinge"], "random_2": ["training.ema=0.99"], "r1": ["latent.dim=64"]}
"""What each configuration changes."""


@pytest.fixture(scope="module")
def treated(points: Any, tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    runs = []
    for name, seeds in SEEDS.items():
        experiment = points(f"name={name}", "monitor.snapshot_every=4", *SETTINGS.get(name, []))
        runs.append({"config": experiment.model_dump(mode="json"), "seeds": seeds})
    _, sweep = make(tmp_path_factory.mktemp("treated"), {"runs": runs})
    arms = [
        arm("unchanged", "unchanged", {}, ["diverged", "diverged"], [250.0, 350.0]),
        arm("random", "random", {}, ["diverged", "never_learned"], [260.0, 340.0]),
        arm("r1", "remedy", {"latent.dim": 64}, ["healthy", "healthy"], [10.0, 20.0]),
    ]
    arms[1]["changes_by_seed"] = {"1": {"loss": "hinge"}, "2": {"training.ema": 0.99}}
    values = {"run": "wild <b>", "failure": "mode_collapse/total", "steps": 20, "own_steps": 40, "over": True}
    write_json(sweep.path / "treatment.json", {**values, "best": "r1", "cured": "cured.yaml", "arms": arms})
    (sweep.path / "cured.yaml").write_text("# why: <i>\nname: cured\n")
    sweep.plots.mkdir(exist_ok=True)
    Image.fromarray(np.zeros((40, 90, 3), np.uint8)).save(sweep.plots / "treatment.png")
    return sweep


def arm(name: str, kind: str, change: dict[str, Any], verdicts: list[str], quality: list[float]) -> dict[str, Any]:
    cured = verdicts.count("healthy")
    trials = [
        {"arm": name, "seed": seed, "state": "finished", "verdict": verdict, "quality": number, "variety": None}
        for seed, (verdict, number) in enumerate(zip(verdicts, quality, strict=True), start=1)
    ]
    return {
        "name": name, "kind": kind, "change": change, "changes_by_seed": {}, "why": f"{name} helps", "source": "",
        "start": "step 0", "cured": cured, "n": 2, "p": 0.03, "p_random": 0.05, "seconds": 1.0, "trials": trials,
        "conclusion": "cured" if cured else "control",
    }  # fmt: skip


def rows(page: str, label: str) -> list[str]:
    (table,) = re.findall(rf'aria-label="{label}">(.*?)</table>', page, re.DOTALL)
    return [text(row).strip() for row in re.findall(r"<tr.*?</tr>", table.partition("<tbody>")[2], re.DOTALL)]


def test_it_starts_with_what_was_found(treated: SweepFolder) -> None:
    page = sweep_page(treated)
    head = text(page[page.index("<header") : page.index("</header>")])
    assert "Treatment of wild &lt;b&gt; · mode collapse, total" in head
    assert "Cured by latent.dim: 64" in head
    assert "r1 (latent.dim: 64) cured 2 of 2 trials; the run unchanged healed in 0 of 2" in head
    assert "p 0.03 against the unchanged run" in head
    assert f"ganlab train {treated.path / 'cured.yaml'}" in head
    assert "<title>Treatment of wild &lt;b&gt;</title>" in page
    assert "# why: &lt;i&gt;\nname: cured" in page
    assert "Trials of 20 steps (shortened from 40)." in page
    assert 'width="90" height="40"' in page
    assert "claim" not in text(page.partition("</style>")[2].partition("<script")[0]).lower()
    assert 'id="map"' not in page


def test_changes_at_random_are_one_arm(treated: SweepFolder) -> None:
    page = sweep_page(treated)
    arms = rows(page, "Arms")
    assert [row.split()[0] for row in arms] == ["unchanged", "random", "r1"]
    assert "0 of 2 [0.00, 0.66] diverged x2 300 control" in arms[0]
    assert "diverged; never learned 300 (300) control" in arms[1]
    assert "latent.dim: 64 r1 helps 2 of 2 [0.34, 1.00] healthy x2 15 (300) ✓ cured" in arms[2]
    assert "6 trials of 3 arms" in text(page)
    assert len(re.findall('class="configuration"', page)) == 3
    assert "<strong>random</strong> cured 0 of 2" in page
    charts = data_of(page)["charts"]
    assert {key.partition("-")[0] for key in charts} == {"c0", "c1", "c2"}
    trials = rows(page, "All trials")
    assert len(trials) == 6
    assert sum("random: loss: hinge" in row for row in trials) == 1


def test_it_links_the_treated_run_if_that_has_a_page(treated: SweepFolder, tmp_path: Path) -> None:
    sweep = copy(treated, tmp_path)
    assert "../wild" not in sweep_page(sweep)
    run = tmp_path / "wild <b>"
    run.mkdir()
    (run / "page.html").write_text('<meta name="generator" content="ganlab page">')
    assert '<a href="../wild%20%3Cb%3E/page.html">wild &lt;b&gt;</a>' in sweep_page(sweep)


@pytest.mark.parametrize(
    ("over", "headline", "lead"),
    [
        (True, "Nothing was shown to cure it", "None of 1 change that was tried is shown to cure it; the run"),
        (False, "Nothing is shown to cure it yet", "Trials of 1 change so far, and more to come; the run"),
    ],
)
def test_without_a_cure_it_says_so(treated: SweepFolder, tmp_path: Path, over: bool, headline: str, lead: str) -> None:
    sweep = copy(treated, tmp_path)
    values = read_json(sweep.path / "treatment.json")
    write_json(sweep.path / "treatment.json", {**values, "best": None, "cured": None, "over": over})
    head = text(sweep_page(sweep).partition("</header>")[0])
    assert headline in head
    assert lead in head
    assert "ganlab train" not in head


def test_a_damaged_treatment_is_a_sweep_and_a_note(treated: SweepFolder, tmp_path: Path) -> None:
    sweep = copy(treated, tmp_path)
    (sweep.path / "treatment.json").write_text('{"run": "wild"}')
    page = sweep_page(sweep)
    assert "<h1>Sweep toy</h1>" in page
    assert "treatment.json is damaged" in page
