"""The table of `ganlab evaluate` and what is said below it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from ganlab.cli.evaluation_table import BY_CLASS, GROUPS, show_evaluation
from ganlab.evaluation.evaluate import REFERENCE_METRICS, TRAINING_METRICS


def figure(value: Any, real: Any, protocol: str = "fid-mnist-cnn-1k-vs-1k-held-out", **why: str) -> dict[str, Any]:
    return {"value": value, "real": real, "protocol": protocol, **why}


def metrics() -> dict[str, Any]:
    """All metrics, on ten classes of which one is lost."""
    found = {name: figure(0.123456789, 0.987654321) for name in (*REFERENCE_METRICS, *TRAINING_METRICS)}
    found |= {
        "lost_classes": figure(["seven"], []),
        "class_histogram": figure([100, 120, *[10] * 8], [100] * 10),
        "vendi_by_class": figure([None, *[1.5] * 9], [1.0] * 10),
        "birthday_support": figure(1_000_000, 129_600, "birthday_support-pixels-1k-vs-60k-train"),
        "c_t": figure(None, 0.1, why="no cell has 5 samples and 5 held-out ones"),
        "psnr": figure(21.5, None),
    }
    return found


def shown(width: int, terminal: bool = True, snapshot: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    out = Console(file=io.StringIO(), force_terminal=terminal, width=width, color_system=None, soft_wrap=True)
    found = {"samples": 1000, "metrics": {"live": metrics(), "ema": metrics()}} | changes
    show_evaluation(out, found, {"classes": [f"class {number}" for number in range(10)], **(snapshot or {})})
    return out.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_every_metric_has_its_group() -> None:
    grouped = [*BY_CLASS, *(name for group in GROUPS.values() for name in group)]
    assert sorted(grouped) == sorted((*REFERENCE_METRICS, *TRAINING_METRICS))


@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_longer_than_the_terminal_and_no_name_is_cut(width: int) -> None:
    lines = shown(width)
    assert max(map(len, lines)) <= width
    first = {line.split()[0] for line in lines if line.strip()}
    assert {name for group in GROUPS.values() for name in group} <= first


def test_arrows_say_which_way_is_good() -> None:
    lines = {words[0]: words[1:] for line in shown(80) if (words := line.split())}
    assert lines["fid"] == ["↓", "0.1235", "0.1235", "0.9877"]
    assert (lines["recall"][0], lines["nn_fake"][0], lines["copies"][0]) == ("↑", "~", "↓")
    assert lines["lost_classes"] == ["↓", "1", "1", "0"]
    assert lines["birthday_support"] == ["↑", "1,000,000+", "1,000,000+", "129,600"]
    assert lines["psnr"] == ["↑", "21.5", "21.5", "-"]
    assert lines["c_t"] == ["~", "-", "-", "0.1"]


def test_classes_are_rows_and_many_are_not_all_shown() -> None:
    lines = shown(80)
    assert next(line for line in lines if line.startswith("class 0 ")).split()[2:] == [
        "100",
        "100",
        "100",
        "-",
        "-",
        "1",
    ]
    many = metrics() | {"class_histogram": figure([1] * 100, [2] * 100), "vendi_by_class": figure([1.0] * 100, [])}
    assert "and 80 more, see --json" in [line.rstrip() for line in shown(80, metrics={"live": many})]


def test_what_is_below_explains_caps_and_missing_figures() -> None:
    below = shown(200, samples=10_000)
    for line in (
        "classes that are proved to be lost (live): `seven`",
        "+: at least that many, as no two samples are near-duplicates",
        "figures take 1,000 of the 10,000 samples: there are no more real ones to compare with",
        "-: no cell has 5 samples and 5 held-out ones (c_t)",
    ):
        assert line in below
    few = {name: figure(0.5, 0.5) for name in REFERENCE_METRICS if name not in BY_CLASS and name != "lost_classes"}
    alone = shown(200, metrics={"live": few})
    assert len([line for line in alone if line.startswith(("real:", "+", "-", "figures", "classes"))]) == 1


def test_classes_that_the_data_do_not_have_share_a_row() -> None:
    lines = shown(80, snapshot={"class_shares_real": [0.5, 0.5, *[0.0] * 8]})
    listed = [line for line in lines if line.startswith(("class ", "not in"))]
    assert [line.split()[:2] for line in listed] == [
        ["class", "samples:"],
        ["class", "0"],
        ["class", "1"],
        ["not", "in"],
    ]
    assert listed[-1].split()[4:] == ["80", "80", "800", "-", "-", "-"]
