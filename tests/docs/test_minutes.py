"""Shipped experiments state the time that was measured."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from docs.make.minutes import NOT_TIMED, PAGE, Measured, Statement, measure, restated, row, stated, table
from ganlab.config.load import dump_experiment, load_experiment
from ganlab.config.shipped import find_config, list_configs
from ganlab.training import session

MEASURED = {each.name: each for each in table(PAGE.read_text())}


def test_the_table_has_every_experiment_as_it_is() -> None:
    assert list(MEASURED) == [name for name, _ in list_configs() if name not in NOT_TIMED]
    for name, measured in MEASURED.items():
        assert measured.steps == load_experiment(name).training.steps, f"run python -m docs.make.minutes {name}"


@pytest.mark.parametrize("name", MEASURED)
def test_what_a_file_states_was_measured(name: str) -> None:
    statement = stated(find_config(name).read_text())
    seconds = MEASURED[name].seconds
    assert statement is None or statement.holds(seconds), f"{seconds} s; run python -m docs.make.minutes --write"


def test_dcgan_mnist_is_promised_in_at_most_five_minutes() -> None:
    assert stated(find_config("dcgan_mnist").read_text()) == Statement(300, most=True)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("# So and so; about 35 seconds on one core.", Statement(35, False)),
        ("# So and so. About eight\n# minutes on two cores; more.", Statement(480, False)),
        ("# a thing, at most five minutes on two\n# cores.", None),
        ("# a thing, at most five minutes on\n# two cores.", Statement(300, True)),
        ("# under 10 seconds on two cores", Statement(10, True)),
        ("# 600 steps, which takes a while", None),
    ],
)
def test_statements_are_found_in_comments(text: str, statement: Statement | None) -> None:
    assert stated(text) == statement


def test_a_statement_holds_within_half_as_much_again_and_a_limit_up_to_itself() -> None:
    assert [Statement(60, False).holds(seconds) for seconds in (39, 41, 60, 89, 91)] == [False, True, True, True, False]
    assert [Statement(60, True).holds(seconds) for seconds in (1, 60, 61)] == [True, True, False]


def test_a_statement_is_brought_up_to_date_in_its_place() -> None:
    text = "# First. About 8 minutes\n# on two cores; last.\nname: x\n"
    assert restated(text, Measured("x", 450, 2, 170)) == "# First. About 3 minutes\n# on two cores; last.\nname: x\n"
    assert restated(text, Measured("x", 450, 1, 43)) == "# First. About 45 seconds\n# on one core; last.\nname: x\n"
    broken = "# Here, about\n# 15\n# seconds on one core."
    assert restated(broken, Measured("x", 450, 1, 43)) == "# Here, about\n# 45\n# seconds on one core."
    limit = "# First, at most 5 minutes on two cores."
    assert restated(limit, Measured("x", 450, 1, 120)) == limit
    assert restated(limit, Measured("x", 450, 1, 400)) == "# First, about 7 minutes on one core."
    assert restated("# Nothing.", Measured("x", 450, 1, 400)) == "# Nothing."
    assert row(Measured("x", 1450, 1, 43)) == "| `x` | 1,450 | 1 | 43 |\n"


def test_a_few_steps_tell_how_long_a_run_takes(points: Any, tmp_path: Path) -> None:
    """Against a whole run; half of it is left for the other load of the machine."""
    experiment = points("training.steps=3000", "monitor.snapshot_every=500", "monitor.checkpoint_every=1000")
    file = tmp_path / "toy.yaml"
    file.write_text(dump_experiment(experiment))
    session.start(experiment, tmp_path)  # prepares the real samples, and pays for what a process does once
    start = time.process_time()
    session.start(experiment, tmp_path)
    whole = time.process_time() - start
    measured = measure(str(file), started=1000.0)
    assert measured.steps == 3000
    assert whole / 2 - 1 < measured.seconds - 1000 < 2 * whole + 1
