from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from ganlab.cli.live import LiveView, choose_view
from ganlab.cli.plain import PlainView
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.monitor.monitor import Monitor
from ganlab.training import session

ESCAPE = re.compile("\x1b\\[[0-9;?]*[a-zA-Z]")


def test_the_view_fits_the_place() -> None:
    assert isinstance(choose_view(Console(file=io.StringIO(), force_terminal=False)), PlainView)
    assert isinstance(choose_view(Console(file=io.StringIO(), force_terminal=True)), LiveView)


def test_the_panel_shows_progress_losses_accuracies_and_warnings(points: Any, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, markup=False, highlight=False)
    view = LiveView(console)
    run = session.start(points(), tmp_path, [view])
    view.warn("look [bold]here[/bold]")
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for text in (
        "step 20/20",
        "so far, step 20:",
        "d_loss",
        "d_loss =  real 0.",
        "g_loss",
        "accuracy",
        run.path.name,
        "look [bold]here[/bold]",
    ):
        assert text in shown, text


def test_lines_say_of_which_halves_the_discriminator_s_loss_is_the_sum(points: Any, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    session.start(points(), tmp_path, [PlainView(console)])
    lines = console.file.getvalue()  # type: ignore[attr-defined]
    found = re.search(r"  d_loss ([\d.]+) \(real ([\d.]+) \+ fake ([\d.]+)\)  g_loss ", lines)
    assert found, lines
    both, real, fake = map(float, found.groups())
    assert both == pytest.approx(real + fake, abs=2e-3)


def test_plain_lines_end_with_the_last_step(points: Any, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    session.start(points("loss=wasserstein"), tmp_path, [PlainView(console)])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    told = [line for line in lines if line.startswith("step 20/20")]
    assert len(told) == 1
    assert "accuracy real - fake -" in told[0]
    assert "\x1b" not in "".join(lines)


def test_a_line_tells_when_the_run_reads_otherwise(tmp_path: Path) -> None:
    """Also of a loop that logs other columns, and does not say how long it goes on."""
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    panel = Console(file=io.StringIO(), force_terminal=True, width=100, markup=False, highlight=False)
    with Monitor("mine", runs_dir=tmp_path, views=[PlainView(console), LiveView(panel)]) as monitor:
        for step in range(5):
            monitor.log(step, critic=1.0)
            monitor.snapshot(step, torch.randn(20, 2))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[1].startswith("step 0/?")
    assert "d_loss -" in lines[1]
    assert lines[2] == "step 0: too early to tell: 0 of the 3 snapshots that a verdict needs"
    assert lines[-2] == "step 3: Inconclusive"
    assert lines[-1].endswith("makes a page of it")
    assert sum("Inconclusive" in line for line in lines) == 1
    assert "so far, step 4: Inconclusive" in panel.file.getvalue()  # type: ignore[attr-defined]


def test_plain_lines_tell_once_that_the_reals_are_prepared() -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    view = PlainView(console)
    for seconds in (0.1, 2.0, 3.0):
        view.preparing(f"preparing: features, {seconds:.0f} %", seconds)
    view.preparing("", 4.0)
    assert console.file.getvalue() == "preparing: features, 2 %\n"  # type: ignore[attr-defined]


def test_the_panel_shows_how_far_the_reals_are_prepared_and_then_the_steps(tmp_path: Path) -> None:
    panel = Console(file=io.StringIO(), force_terminal=True, width=100, markup=False, highlight=False)
    with Monitor("mine", runs_dir=tmp_path, views=[view := LiveView(panel)]):
        view.preparing("preparing: features, 40 %, 12 s left", 8.0)
        shown = panel.file.getvalue()  # type: ignore[attr-defined]
        assert "preparing: features, 40 %, 12 s left" in shown
        view.preparing("", 20.0)
        assert "step 0/?" in panel.file.getvalue()[len(shown) :]  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [60, 80])
def test_what_is_longer_than_a_line_is_wrapped_between_words(width: int, tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, markup=False, highlight=False)
    view = LiveView(console)
    text = "augmentation " * 12 + "/a/path/of/which/not/a/letter/may/be/lost/by/who/wants/to/copy/it/in/whole.png"
    with Monitor("mine", runs_dir=tmp_path, views=[view]) as monitor:
        monitor.log(0, d_loss=1.0)
        view.warn(text)
    lines = [ESCAPE.sub("", line) for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    above = [line for line in lines if "augmentation" in line and "│" not in line]
    assert above
    for line in above:
        assert len(line) <= width
        assert set(line.split()) <= {"warning:", "augmentation"}
    assert any(line.endswith("/whole.png") and line.startswith("/a/path") for line in lines)
    in_the_panel = [line.strip("│ ") for line in lines if "augmentation" in line and "│" in line]
    assert {word for line in in_the_panel for word in line.split()} == {"augmentation"}


def test_alternating_readings_are_one_line(points: Any, tmp_path: Path) -> None:
    """Near the border between two verdicts, each snapshot takes back what the one before said."""
    run = session.start(points("monitor.snapshot_every=5"), tmp_path)
    evidence = read(run.path, ReadOptions())
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    panel = Console(file=io.StringIO(), force_terminal=True, width=100, markup=False, highlight=False)
    plain, live = PlainView(console), LiveView(panel)
    live.begin(run, 1, 20)
    for step, failure in zip((5, 10, 15, 20), ("healthy", "under_trained", "healthy", "healthy"), strict=True):
        found = diagnose(evidence.until(step))
        for view in (plain, live):
            view.reading(replace(found, failure=failure, variant=None, missing=(), evidence=(), steps=(0, step)))
    live.end()
    told = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.partition(" (")[0] for line in told] == [
        "step 5: too early to tell: healthy now, for the first time",
        "step 20: Healthy",
    ]
    shown = panel.file.getvalue()  # type: ignore[attr-defined]
    assert "so far, step 10: too early to tell: under trained now, healthy at the snapshot before" in shown
    assert plain.verdict is not None
    assert plain.verdict.failure == "healthy"
