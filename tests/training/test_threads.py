"""A run's threads follow from the experiment and the machine; what the user sets is used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ganlab.config.load import load_experiment
from ganlab.errors import RunError
from ganlab.networks import build_discriminator, build_generator, describe
from ganlab.training import session
from ganlab.training.threads import SETTINGS, SHORT_STEP, choose_threads, step_work

CPU = torch.device("cpu")
LARGE = ("training.batch_size=1000", "generator={name: mlp, width: 1024, depth: 3}")
"""Overrides that give the toy of points a long step."""


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """PyTorch would use two threads, and the user has set nothing."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two")
def test_short_steps_have_one_thread_and_long_ones_all(points: Any) -> None:
    assert step_work(points()) < SHORT_STEP < step_work(points(*LARGE))
    chosen = choose_threads(points(), CPU)
    assert chosen.threads == 1
    assert "training.threads" in chosen.why
    assert choose_threads(points(*LARGE), CPU) == (None, "")


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("name", SETTINGS)
def test_what_the_user_sets_is_used(name: str, points: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "2")
    assert choose_threads(points(), CPU) == (None, "")
    for experiment in (points("training.threads=3"), points("training.threads=3", *LARGE)):
        assert choose_threads(experiment, CPU) == (3, "")
        assert choose_threads(experiment, CPU, most=2) == (3, "")


@pytest.mark.usefixtures("two")
def test_a_workers_share_is_the_most(points: Any) -> None:
    assert [choose_threads(points(), CPU, most).threads for most in (1, 2, 8)] == [1, 1, 1]
    assert [choose_threads(points(*LARGE), CPU, most).threads for most in (1, 2, 8)] == [1, 2, 8]
    assert choose_threads(points(), CPU, most=1).why == ""


@pytest.mark.usefixtures("two")
def test_on_a_gpu_snapshots_keep_all_threads(points: Any) -> None:
    assert choose_threads(points(), torch.device("cuda")) == (None, "")


@pytest.mark.usefixtures("two")
def test_the_choice_draws_nothing_and_changes_nothing(images: Any) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = choose_threads(images(), CPU)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == 2
    assert choose_threads(images(), CPU) == first


@pytest.mark.usefixtures("two")
def test_the_number_is_recorded_and_kept_when_the_run_goes_on(points: Any, tmp_path: Path) -> None:
    run = session.start(points("training.steps=5"), tmp_path)
    assert run.status().threads == 1
    assert "1 thread, as its steps are short (training.threads sets it)" in run.log.read_text()
    asked = session.start(points("training.steps=5", "training.threads=2"), tmp_path)
    assert asked.status().threads == 2
    for each, threads in ((run, 1), (asked, 2)):
        session.resume(each, ["training.steps=8"])
        assert each.status().threads == threads
        assert "bit for bit" not in each.log.read_text()


@pytest.mark.usefixtures("two")
def test_another_number_has_to_be_allowed_and_is_warned_of(points: Any, tmp_path: Path) -> None:
    run = session.start(points("training.steps=5"), tmp_path)
    wanted = ["training.steps=8", "training.threads=2"]
    with pytest.raises(RunError, match=r"training\.threads: None -> 2"):
        session.resume(run, wanted)
    session.resume(run, wanted, ["training.threads"])
    assert run.status().threads == 2
    assert "threads changed from 1 to 2: this run goes on, but not bit for bit" in run.log.read_text()


@pytest.mark.parametrize(
    "name",
    ["ring", "mlp_mnist", "guide_stable", "dcgan_mnist", "failures/dcgan_max_pooling", "conditional_mnist",
     "infogan_mnist", "sagan_plain_mnist", "progressive_mnist", "cyclegan_mnist", "superresolution_mnist",
     "paired_mnist"],
)  # fmt: skip
def test_products_are_those_that_pytorch_counts(name: str) -> None:
    """Of each network, in a forward pass; it counts a multiplication and an addition for each."""
    experiment = load_experiment(name)
    judged_shape = experiment.judged_shape(experiment.data.shape)
    networks = ((build_generator(experiment), experiment.input_shape), (build_discriminator(experiment), judged_shape))
    for network, shape in networks:
        network.eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.zeros(2, *shape))
        assert sum(row.products for row in describe(network, shape)) == counter.get_total_flops() / 2 / 2


def test_the_work_of_the_guides_step_is_that_of_its_layers() -> None:
    """Two transposed convolutions of 128 maps and a convolution to one make nearly all of it."""
    generator = 50 * 6272 + 128 * 128 * 16 * (7 * 7 + 14 * 14) + 128 * 49 * 28 * 28
    discriminator = 64 * 16 * 14 * 14 + 64 * 64 * 16 * 7 * 7 + 64 * 7 * 7
    expected = 2 * (64 * (generator + 6 * discriminator) + 128 * (3 * generator + 2 * discriminator))
    assert step_work(load_experiment("guide_stable")) == expected
    assert expected > SHORT_STEP


def test_every_update_of_a_step_is_work(points: Any) -> None:
    def work(discriminator: int, generator: int) -> float:
        steps = f"training.discriminator_steps={discriminator}", f"training.generator_steps={generator}"
        return step_work(points(*steps))

    once = work(1, 1)
    assert once < work(2, 1) < work(2, 2) == 2 * once
    assert work(1, 2) + work(2, 1) == 3 * once


def test_a_cycle_translates_there_and_back_in_both_directions() -> None:
    experiment = load_experiment("cyclegan_mnist")
    judged_shape = experiment.judged_shape(experiment.data.shape)
    made = sum(row.products for row in describe(build_generator(experiment), experiment.input_shape))
    judged = sum(row.products for row in describe(build_discriminator(experiment), judged_shape))
    # Images in a batch: 8.
    assert step_work(experiment) == 4 * 2 * 8 * (made + 6 * judged + 3 * made + 2 * judged)
