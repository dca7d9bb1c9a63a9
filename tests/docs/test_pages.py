"""The README and the pages say what the results in the repository say, and name files and commands that exist."""

import json
import re
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path
from statistics import median

import pytest

from docs.make.verdict_accuracy import with_logs
from ganlab.diagnosis.calibration import table
from ganlab.runs.files import read_json
from truth.sweeps import Judged, judged

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted([README, ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md"), *DOCS.glob("remarks/*.md")])


def flat(file: Path) -> str:
    """A page on one line: sentences are found wherever their lines break."""
    return " ".join(file.read_text().split())


@cache
def swept() -> list[Judged]:
    """Runs of both sweeps that ended."""
    return [*judged(DOCS / "sweeps" / "induced_failures"), *judged(DOCS / "sweeps" / "guide")]


def number(text: str, pattern: str) -> tuple[int, ...]:
    """The numbers of a sentence that must be there exactly once."""
    (found,) = re.findall(pattern, text)
    return tuple(map(int, found if isinstance(found, tuple) else (found,)))


# Verdicts on the corpus


def confusion(half: str) -> dict[tuple[str, str], int]:
    """Counts by verdict and label, from a table of docs/verdict_accuracy.md."""
    part = (DOCS / "verdict_accuracy.md").read_text().split(f"## Confusion, the half {half}\n")[1].split("\n## ")[0]
    header, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"
    )
    return {(row[0], label): int(cell) for row in rows for label, cell in zip(header[1:], row[1:], strict=True) if cell}


SUMMARY = (
    r"(\d+) of (\d+) right \([\d.]+ %\), (\d+) inconclusive \([\d.]+ %\), (\d+) good runs accused, "
    r"(\d+) failed runs called healthy, (\d+) of (\d+) poor runs called healthy"
)


@pytest.mark.parametrize(("half", "row"), [("not tuned on", r"\*\*not tuned on\*\*"), ("tuned on", "tuned on")])
def test_the_page_of_accuracy_counts_what_its_tables_hold(half: str, row: str) -> None:
    right, runs, inconclusive, accused, missed, flattered, poor = number(
        (DOCS / "verdict_accuracy.md").read_text(), rf"\| {row} \| \d+ \| \**{SUMMARY}"
    )
    counts = confusion(half)
    assert sum(counts.values()) == runs
    assert sum(n for (verdict, _), n in counts.items() if verdict == "inconclusive") == inconclusive
    assert sum(n for (_, label), n in counts.items() if label == "poor") == poor
    healthy = {label: n for (verdict, label), n in counts.items() if verdict == "healthy"}
    assert healthy.get("poor", 0) == flattered
    assert sum(n for label, n in healthy.items() if label not in ("good", "poor")) == missed
    named = {"healthy", "under_trained", "inconclusive"}
    assert sum(n for (verdict, label), n in counts.items() if label == "good" and verdict not in named) == accused
    if half == "not tuned on":
        page = (DOCS / "verdict_accuracy.md").read_text()
        assert page.count(", seed ") == runs - right  # a row for each wrong verdict


def test_the_readme_says_how_often_verdicts_are_right_on_the_corpus() -> None:
    page, readme = (DOCS / "verdict_accuracy.md").read_text(), flat(README)
    tested = number(page, rf"\*\*{SUMMARY}\*\*")
    tuned = number(page, rf"\| tuned on \| \d+ \| {SUMMARY}")
    assert number(readme, r"on (\d+) of the (\d+) real runs that nothing was tuned on") == tested[:2]
    assert number(readme, r"and on (\d+) of the (\d+) others") == tuned[:2]
    assert number(readme, r"nothing was tuned on \((\d+) %\)") == (round(100 * tested[0] / tested[1]),)
    assert ("no good run was accused and no failed one called healthy" in readme) == (tested[3:5] == (0, 0))
    assert number(readme, r"but (\d+) of (\d+) poor ones") == tested[5:]


def test_calibration_counts_the_runs_of_the_page_of_accuracy() -> None:
    """Both halves together: as many right, as many inconclusive, and every failure as often as in the tables."""
    page = (DOCS / "verdict_accuracy.md").read_text()
    halves = [number(page, rf"\*\*{SUMMARY}\*\*"), number(page, rf"\| tuned on \| \d+ \| {SUMMARY}")]
    assert sum(each["right"] for each in table()["bins"]) == sum(half[0] for half in halves)
    failures: Counter[str] = Counter()
    for (verdict, _), count in chain(confusion("not tuned on").items(), confusion("tuned on").items()):
        failures[verdict.partition("/")[0]] += count
    assert failures == table()["failures"]
    runs, images, points = number(flat(DOCS / "verdict_accuracy.md"),
                                  r"from (\d+) real training runs \((\d+) on images, (\d+) on points")  # fmt: skip
    assert table()["made_from"]["corpus"].startswith(f"{runs} runs")
    assert table()["made_from"]["corpus"].endswith(f": {images} on images, {points} on points")
    assert runs == images + points == sum(half[1] for half in halves)


def test_the_verdict_shown_in_the_readme_is_a_real_one() -> None:
    """By its numbers: what it says of them is the code's, and may be put better."""
    shown = " ".join(read_json(DOCS / "verdicts" / "runs.json")["cycling"]["verdict"])
    block = README.read_text().split("or several\n")[1].split("what to do:")[0]
    told = re.sub(
        r"\(mode_mass.*\)", "", block
    )  # a signal's value and threshold, which the page of verdicts leaves out
    assert re.findall(r"[\d.]*\d", told)
    assert set(re.findall(r"[\d.]*\d", told)) <= set(re.findall(r"[\d.]*\d", shown))
    right, runs = number(block, r"(\d+) of (\d+) labelled runs")
    assert {"right": right, "runs": runs}.items() <= table()["bins"][1].items()


# Verdicts on the sweeps


def test_the_readme_says_how_often_verdicts_are_right_on_the_sweeps() -> None:
    runs, readme = swept(), flat(README)
    of = Counter(each.label for each in runs)
    failed = len(runs) - of["good"] - of["poor"]
    right = sum(each.right for each in runs), sum(each.inconclusive for each in runs)
    assert number(readme, r"On (\d+) runs of the sweeps below, trained later: (\d+) right and (\d+) inconclusive") == (
        len(runs),
        *right,
    )
    assert number(readme, r"(\d+) of (\d+) good runs accused, (\d+) of (\d+) failed and (\d+) of (\d+) poor ones") == (
        *(sum(each.accused for each in runs), of["good"]),
        *(sum(each.missed for each in runs), failed),
        *(sum(each.flattered for each in runs), of["poor"]),
    )
    assert number(readme, r"What (\d+) such runs showed") == (len(runs),)


def test_the_page_of_the_guide_says_how_many_seeds_fail() -> None:
    page = flat(DOCS / "guide_stable.md")
    verdicts = [each.name for each in judged(DOCS / "sweeps" / "guide") if each.config == "guide_stable"]
    assert "Two more seeds" in page
    assert len(verdicts) == 3
    assert ("One of the three fails outright" in page) == (
        sum(name.startswith("convergence_failure") for name in verdicts) == 1
    )


def test_claims_are_the_same_in_every_file_of_results() -> None:
    for folder in (DOCS / "sweeps").iterdir():
        summary = json.loads((folder / "summary.json").read_text())
        lines = (folder / "claims.csv").read_text().splitlines()[1:]
        assert len(lines) == len(summary["claims"])
        assert (
            sum(summary["states"].values())
            == summary["runs"]
            == len((folder / "runs.csv").read_text().splitlines()) - 1
        )
        assert len(json.loads((folder / "truth.json").read_text())) == summary["states"]["finished"]


# Times


def test_the_readme_says_how_long_the_dcgan_takes() -> None:
    rows = read_json(DOCS / "zoo" / "figures.json")["runs"]["dcgan_mnist"]
    words = {5: "five", 6: "six", 7: "seven"}
    assert f"in {words[round(median(row['seconds'] for row in rows) / 60)]} minutes on one CPU core" in flat(README)


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
        assert file.stem == "remarks" or f"docs.make.{file.stem}" in pages, file.name


def test_the_section_on_logs_of_other_code_is_what_its_figures_make() -> None:
    page = (DOCS / "verdict_accuracy.md").read_text()
    assert with_logs(page) == page
    assert page.count("## Logs of other code") == 1
    found = read_json(DOCS / "verdicts" / "foreign.json")
    assert found["logs"] == len(found["verdicts"])
    assert found["right"] == sum(right for _, right in found["verdicts"].values())
