"""The page of cures says what the options classes and the measured costs say."""

from __future__ import annotations

import pytest

from benchmarks.step_time import cures
from docs.make.cures import FOR, PAGE, README, SETTINGS, cell, page, read_costs, value
from docs.make.trials import with_headline
from ganlab.config.load import load_experiment
from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS
from truth.cures import read_trials


def test_the_page_is_that_of_the_options() -> None:
    assert PAGE.read_text() == page(read_costs(), read_trials()), "run python -m docs.make.cures"


def test_the_readme_says_what_trials_came_to() -> None:
    text = README.read_text()
    assert with_headline(text, read_trials()) == text, "run python -m docs.make.cures"


def test_every_part_has_a_use() -> None:
    assert FOR.keys() == PENALTIES.keys() | STABILIZERS.keys()


def test_every_cure_has_a_cost_on_what_it_can_be_used_on() -> None:
    costs = read_costs()
    assert costs["points"].keys() == {"none", *cures()} - {"diff_augment", "ada"}
    assert costs["images"].keys() == {"none", *cures()}
    assert {each[-1] for each in SETTINGS} - {None} <= cures().keys()


@pytest.mark.parametrize(
    "change",
    [
        "discriminator.minibatch=stddev",
        "discriminator.minibatch=discrimination",
        "discriminator.dropout=0.3",
        "discriminator.norm=spectral",
        "training.ema_half_life=20000",
        "data.keep_densest=0.5",
    ],
)
def test_a_setting_is_as_the_page_writes_it(change: str) -> None:
    written = f"`{change.replace('=', ': ')}`"
    assert written in {each[0] for each in SETTINGS}
    load_experiment("dcgan_mnist", [change])


def test_cells_and_defaults() -> None:
    assert cell("a | b\n c") == "a \\| b c"
    assert [value(each) for each in (None, True, 0.5, ("a", "b"))] == ["null", "true", "0.5", "[a, b]"]
