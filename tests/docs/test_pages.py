"""The README and the pages say what the results in the repository say, and name files and commands that exist."""

import json
import re
from pathlib import Path

import pytest

from docs.make import guide, minutes
from docs.make.remarks import read_remarks
from docs.make.verdict_accuracy import HISTORY, LOGS, page, with_table
from ganlab.diagnosis.calibration import Cell, table
from ganlab.runs.files import read_json
from ganlab.sweeps.records import NOT_NEEDED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(
    [README, ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md"), *DOCS.glob("remarks/*.md"), *DOCS.glob("lessons/*.md")]
)


def flat(file: Path) -> str:
    """A page on one line: sentences are found wherever their lines break."""
    return " ".join(file.read_text().split())


# Verdicts on the corpus


ACCURACY = read_json(DOCS / "verdicts" / "accuracy.json")
"""The figures that `truth.accuracy` wrote."""


def test_the_page_of_accuracy_is_what_its_figures_make() -> None:
    cells = [Cell(**each) for each in table()["cells"]]
    made = page(ACCURACY, read_json(LOGS), cells, read_remarks("verdict_accuracy").get(HISTORY))
    assert (DOCS / "verdict_accuracy.md").read_text() == made


@pytest.mark.parametrize("part", ["measured", "tuned"])
def test_figures_of_accuracy_agree_with_each_other(part: str) -> None:
    for name, its in ACCURACY[part].items():
        assert its["good"] + its["failed"] + its["poor"] == its["runs"]
        assert its["low"] <= its["right"] / its["runs"] <= its["high"]
        mistakes = its["accused"] + its["missed"] + its["flattered"]
        assert its["right"] + mistakes <= its["runs"]
        if part == "measured":
            counts = ACCURACY["confusion"][name]
            assert sum(sum(each.values()) for each in counts.values()) == its["runs"]
            if name in ACCURACY["wrong"]:  # a row for each wrong verdict
                assert len(ACCURACY["wrong"][name]) == its["runs"] - its["right"]


def test_the_readme_says_how_often_verdicts_are_right_on_the_corpora() -> None:
    assert README.read_text() == with_table(README.read_text(), ACCURACY)


def test_calibration_and_the_page_of_accuracy_are_made_from_the_same_runs() -> None:
    assert table()["made_from"] == ACCURACY["made_from"]


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 150


def test_the_page_of_the_guide_is_what_its_figures_make() -> None:
    assert (DOCS / "guide.md").read_text() == guide.page(read_json(guide.FIGURES)["runs"])


def test_claims_are_the_same_in_every_file_of_results() -> None:
    for folder in (DOCS / "sweeps").iterdir():
        summary = json.loads((folder / "summary.json").read_text())
        lines = (folder / "claims.csv").read_text().splitlines()[1:]
        assert len(lines) == len(summary["claims"])
        planned = sum(summary["states"].values())
        assert len((folder / "runs.csv").read_text().splitlines()) == 1 + planned
        assert summary["runs"] == planned - summary["states"].get(NOT_NEEDED, 0)
        assert len(json.loads((folder / "truth.json").read_text())) == summary["states"]["finished"]


# Times


def test_the_readme_says_how_long_the_dcgan_takes() -> None:
    (seconds,) = (each.seconds for each in minutes.table(minutes.PAGE.read_text()) if each.name == "dcgan_mnist")
    assert f"in {minutes.WORDS[round(seconds / 60) - 1]} minutes on one CPU core" in flat(README)


def test_two_pages_say_the_same_of_memory() -> None:
    table = (DOCS / "speed.md").read_text().split("slope, MB per 10,000 steps |\n")[1].split("\n\n")[0]
    slopes = re.findall(r"([+-][\d.]+) \|$", table, re.MULTILINE)
    assert len(slopes) == 2
    assert f"{' and '.join(slopes)} MB per 10,000 steps" in flat(DOCS / "reliability.md")


# Files, links, commands


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_links_and_pictures_lead_to_files(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", file.read_text()):
        assert (file.parent / target).exists(), target


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_scripts_that_a_page_names_exist(file: Path) -> None:
    text = file.read_text()
    for module in re.findall(r"python -m ((?:truth|docs\.make)\.\w+)", text):
        assert (ROOT / Path(*module.split("."))).with_suffix(".py").is_file(), module
    for path in re.findall(r"\b((?:benchmarks|truth|docs/make|src/ganlab|configs|tests)/[\w/.]+\.\w+)", text):
        assert (ROOT / path).is_file() or Path(path).stem == "x", path  # x stands for any name


def test_every_script_that_makes_a_page_is_named_where_its_work_stands() -> None:
    pages = " ".join(file.read_text() for file in PAGES)
    for file in (DOCS / "make").glob("*.py"):
        assert file.stem in ("remarks", "trials") or f"docs.make.{file.stem}" in pages, file.name


def test_figures_of_logs_of_other_code_agree_with_each_other() -> None:
    found = read_json(LOGS)
    assert found["logs"] == len(found["verdicts"])
    assert found["right"] == sum(right for _, right in found["verdicts"].values())
