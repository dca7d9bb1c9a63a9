"""What a run's page says of its treatment, read from treatment.json as `ganlab treat` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganlab.diagnosis.findings import Remedy
from ganlab.report.treatments import Treated, treatment_of
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import write_json


def arm(name: str, cured: int, n: int, **values: Any) -> dict[str, Any]:
    kind = name if name in ("unchanged", "random") else "remedy"
    change = {} if kind != "remedy" else {"loss": name}
    return {"name": name, "kind": kind, "change": change, "cured": cured, "n": n, "why": f"{name} helps", **values}


def treatment(folder: Path, best: str | None, *arms: dict[str, Any], run: str = "wild", over: bool = True) -> None:
    folder.mkdir(parents=True)
    cured = None if best is None else "cured.yaml"
    controls = [arm("unchanged", 0, 3), arm("random", 1, 3)]
    write_json(
        folder / "treatment.json", {"run": run, "over": over, "best": best, "cured": cured, "arms": [*controls, *arms]}
    )


def test_a_page_links_to_the_treatment_of_its_run(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "wild")
    assert treatment_of(run, []) is None
    treatment(tmp_path / "treat-other-abcdefgh", "r1", arm("r1", 3, 3), run="other")
    assert treatment_of(run, []) is None
    folder = tmp_path / "treat-wild-abcdefgh"
    treatment(folder, "r1", arm("r1", 3, 3), arm("packing", 0, 1))
    counts = {"unchanged": (0, 3), "random": (1, 3), "r1": (3, 3), "packing": (0, 1)}
    changes = {"unchanged": {}, "random": {}, "r1": {"loss": "r1"}, "packing": {"loss": "packing"}}
    said = "r1 (loss: r1) cured 3 of 3 trials; the run unchanged healed in 0 of 3, changes at random cured 1 of 3"
    command, advice = f"ganlab train {folder / 'cured.yaml'}", "r1 helps (cured 3 of 3 trials of this run)"
    assert treatment_of(run, []) == Treated(folder, said, "", command, advice, counts, changes)
    (folder / "page.html").write_text("")
    found = treatment_of(run, [])
    assert found is not None
    assert found.page == "../treat-wild-abcdefgh/page.html"
    remedies = [
        Remedy("it helps", "", {"loss": change}, name) for name, change in (("r1", "r1"), ("packing", "x"), ("r2", "x"))
    ]
    assert [found.failed(each) for each in remedies] == [False, True, False]
    assert found.trials_of(Remedy("", "", {"loss": "packing"}, "spread")) == (0, 1)  # another name, same change
    assert found.trials_of(Remedy("it helps", "")) == (0, 0)


def test_one_that_found_a_cure_comes_before_another(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "wild")
    treatment(tmp_path / "treat-wild-aaaaaaaa", "r1", arm("r1", 3, 3))
    treatment(tmp_path / "treat-wild-zzzzzzzz", None, arm("r1", 0, 0))
    found = treatment_of(run, [])
    assert found is not None
    assert found.advice


def test_of_a_change_without_a_reason_the_change_is_the_advice(tmp_path: Path) -> None:
    own = arm("lr_2e-3", 3, 3, kind="asked", change={"optimizer.generator.lr": 2e-3}, why="asked for")
    treatment(tmp_path / "treat-wild-aaaaaaaa", "lr_2e-3", own)
    found = treatment_of(RunDirectory(tmp_path / "wild"), [])
    assert found is not None
    assert found.advice == "`optimizer.generator.lr: 0.002`, your own change (cured 3 of 3 trials of this run)"
    both = arm(
        "combined", 3, 3, kind="combined", change={"loss": "hinge", "latent.dim": 8}, why="unites r1 and packing"
    )
    treatment(tmp_path / "treat-tame-aaaaaaaa", "combined", both, run="tame")
    found = treatment_of(RunDirectory(tmp_path / "tame"), [])
    assert found is not None
    assert found.advice.startswith("`loss: hinge; latent.dim: 8`, unites r1 and packing (cured 3")


def test_without_a_cure_it_says_how_much_was_tried(tmp_path: Path) -> None:
    treatment(tmp_path / "treat-wild-abcdefgh", None, arm("r1", 1, 3), arm("packing", 0, 1), arm("r2", 0, 0))
    found = treatment_of(RunDirectory(tmp_path / "wild"), [])
    assert found is not None
    assert found.words.startswith("none of 2 changes that were tried is shown to cure it; the run unchanged")
    assert (found.command, found.advice) == ("", "")


def test_one_that_is_under_way_says_so(tmp_path: Path) -> None:
    treatment(tmp_path / "treat-wild-abcdefgh", None, arm("r1", 1, 1), over=False)
    found = treatment_of(RunDirectory(tmp_path / "wild"), [])
    assert found is not None
    assert found.words.startswith("trials of 1 change so far, and more to come")


def test_a_damaged_treatment_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "treat-wild-abcdefgh").mkdir()
    (tmp_path / "treat-wild-abcdefgh" / "treatment.json").write_text('{"run": "wild"}')
    treatment(tmp_path / "treat-wild-zzzzzzzz", "r1", arm("packing", 0, 3))
    gaps: list[str] = []
    assert treatment_of(RunDirectory(tmp_path / "wild"), gaps) is None
    assert "treat-wild-abcdefgh/treatment.json is damaged" in gaps[0]
    assert "treat-wild-zzzzzzzz/treatment.json is damaged" in gaps[1]
