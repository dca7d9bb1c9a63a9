"""Growing as a function of the images shown: its schedule, what is compared with what, and going on inside a fade."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlab.config.games import ProgressiveGameOptions
from ganlab.data import to_float
from ganlab.games.progressive import stage_at
from ganlab.games.rounds import Batch
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots
from ganlab.training import session
from ganlab.training.checkpoint import checkpoint_path, read_checkpoint
from ganlab.training.evaluating import evaluate_run
from ganlab.training.trained import generate, load_game, sample_inputs

GROWING = (
    "data.image_size=32",
    "data.fraction=0.2",
    "generator={name: progressive, width: 2, max_width: 4}",
    "discriminator={name: progressive, width: 2, max_width: 4}",
    "game={name: progressive, fade: 64, images_per_phase: 8}",
    "loss=wasserstein",
    "penalties=[{name: wgan_gp}]",
    "monitor.snapshot_samples=16",
)
"""Batches of 8: step 1 is of 4 pixels, steps 2 to 9 fade to 8 pixels in, step 10 is of 8, steps 11 to 18 fade on."""


def schedule(**changes: Any) -> ProgressiveGameOptions:
    return ProgressiveGameOptions.model_validate(
        {"name": "progressive", "sizes": [4, 8, 16, 32], "fade": 10, "images_per_phase": 20, **changes}
    )


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        (
            {},
            {
                0: (4, 1.0, 0), 19: (4, 1.0, 0), 20: (8, 0.0, 20), 25: (8, 0.5, 20), 29: (8, 0.9, 20),
                30: (8, 1.0, 20), 49: (8, 1.0, 20), 50: (16, 0.0, 50), 57: (16, 0.7, 50), 60: (16, 1.0, 50),
                79: (16, 1.0, 50), 80: (32, 0.0, 80), 89: (32, 0.9, 80), 90: (32, 1.0, 80), 10**9: (32, 1.0, 80),
            },
        ),
        ({"fade": 0}, {19: (4, 1.0, 0), 20: (8, 1.0, 20), 39: (8, 1.0, 20), 40: (16, 1.0, 40), 60: (32, 1.0, 60)}),
        ({"images_per_phase": 0}, {0: (8, 0.0, 0), 9: (8, 0.9, 0), 10: (16, 0.0, 10), 20: (32, 0.0, 20)}),
        ({"fade": 0, "images_per_phase": 0}, {0: (32, 1.0, 0)}),
        ({"sizes": [16, 32]}, {0: (16, 1.0, 0), 20: (32, 0.0, 20), 30: (32, 1.0, 20)}),
        ({"sizes": [32]}, {0: (32, 1.0, 0), 10**6: (32, 1.0, 0)}),
    ],
)  # fmt: skip
def test_the_stage_is_a_function_of_the_images_shown(changes: dict[str, Any], stages: dict[int, Any]) -> None:
    for images, (size, fade, since) in stages.items():
        stage = stage_at(schedule(**changes), images)
        assert (stage.size, stage.since) == (size, since), images
        assert stage.fade == pytest.approx(fade), images


def test_a_step_counts_the_images_before_it(images: Any, bench: Any) -> None:
    """16 images a step, of 20 at a size: step 3 is the first that begins with 20 or more shown."""
    ours = bench(images(*GROWING, "game={fade: 10, images_per_phase: 20}", "training.discriminator_steps=2"))
    found = {}
    for step in range(8):
        ours.game.begin(step)
        assert ours.game.stage == stage_at(ours.game.options, 16 * max(step - 1, 0))
        assert ours.state.generator.size == ours.state.discriminator.size == ours.game.stage.size
        assert ours.state.generator.fade == ours.state.discriminator.fade == ours.game.stage.fade
        found[step] = tuple(ours.game.phase(step))
    assert found == {0: (4, 1), 1: (4, 1), 2: (4, 1), 3: (8, 3), 4: (8, 3), 5: (16, 5), 6: (32, 6), 7: (32, 6)}


def block_means(images: Tensor, size: int) -> NDArray[np.float32]:
    """Images at fewer pixels, each the mean of its square, by NumPy alone."""
    values: NDArray[np.float32] = images.numpy()
    count, channels, side, _ = values.shape
    return values.reshape(count, channels, size, side // size, size, side // size).mean(axis=(3, 5))


def test_reals_have_the_size_of_the_stage_and_fade_as_the_fakes_do(images: Any, bench: Any) -> None:
    ours = bench(images(*GROWING))
    reals = to_float(ours.game.data.train.values[:8])
    batch = Batch(reals, torch.arange(8))

    def shown(step: int) -> Tensor:
        ours.game.begin(step)
        real: Batch = ours.game.real(batch)
        assert torch.equal(real.labels, batch.labels)
        assert real.values.shape == ours.game.sample(ours.game.inputs("test", 8).inputs).shape
        return real.values

    np.testing.assert_allclose(shown(1), block_means(reals, 4), atol=1e-6)
    # Step 5 is the fourth of a fade over 8 steps: 24 of 64 images in, and 62.5 % the old size, each pixel repeated.
    old = block_means(reals, 4).repeat(2, axis=2).repeat(2, axis=3)
    np.testing.assert_allclose(shown(5), 0.625 * old + 0.375 * block_means(reals, 8), atol=1e-6)
    np.testing.assert_allclose(shown(2), old, atol=1e-6)
    np.testing.assert_allclose(shown(10), block_means(reals, 8), atol=1e-6)
    np.testing.assert_allclose(shown(10_000), reals, atol=0)


def test_samples_are_shown_at_full_size(images: Any, bench: Any) -> None:
    ours = bench(images(*GROWING))
    ours.game.begin(2)
    samples = ours.game.sample(ours.game.inputs("test", 3).inputs).detach()
    shown = ours.game.shown(samples)
    assert shown.shape == (3, 1, 32, 32)
    np.testing.assert_array_equal(shown, samples.numpy().repeat(4, axis=2).repeat(4, axis=3))
    assert torch.equal(ours.game.shown(shown), shown)


def tensors(run: RunDirectory, step: int) -> dict[str, Tensor]:
    return read_checkpoint(checkpoint_path(run.checkpoints, step)).tensors


@pytest.fixture(scope="module")
def whole(images: Any, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Six steps at once: one of 4 pixels, five inside the fade to 8."""
    kept = ("monitor.checkpoint_every=1", "monitor.keep_checkpoints=9")
    experiment = images(*GROWING, *kept, "training.steps=6", "monitor.snapshot_every=1")
    return session.start(experiment, tmp_path_factory.mktemp("whole"))


def test_a_row_says_its_phase(whole: RunDirectory) -> None:
    """The schedule is far longer than the run, which just ends in it."""
    assert whole.status().status == "finished"
    rows = read_snapshots(whole.snapshots)
    assert [(row["step"], row["phase_size"], row["phase_since"]) for row in rows] == [
        (0, 4, 1), (1, 4, 1), *((step, 8, 2) for step in range(2, 7)),
    ]  # fmt: skip
    # Beside reals of as many pixels: of 4 they differ less than of 8.
    assert rows[1]["diversity_real"] < 0.9 * rows[2]["diversity_real"]
    assert len({row["diversity_real"] for row in rows[2:]}) == 1


@pytest.mark.usefixtures("no_plots")
def test_going_on_inside_a_fade_is_bit_for_bit(whole: RunDirectory, images: Any, tmp_path: Path) -> None:
    part = session.start(images(*GROWING, "training.steps=3", "monitor.snapshot_every=1"), tmp_path)
    session.resume(part, ["training.steps=6"])
    one, other = tensors(whole, 6), tensors(part, 6)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    histories = read_history(whole.history), read_history(part.history)
    for name in histories[0].keys() - {"time"}:
        np.testing.assert_array_equal(*(history[name] for history in histories), err_msg=name)
    rows = ([{**row, "time": 0} for row in read_snapshots(run.snapshots)] for run in (whole, part))
    for row, again in zip(*rows, strict=True):
        assert again == {**row, **{key: again[key] for key in again.keys() - row.keys()}}, (
            "step 3 was looked at closely"
        )


def test_layers_that_have_not_played_have_not_moved(whole: RunDirectory) -> None:
    start, end = tensors(whole, 0), tensors(whole, 6)
    for network in ("generator", "discriminator"):
        moved = {name for name in start if name.startswith(f"{network}/") and not torch.equal(start[name], end[name])}
        assert any(".8." in name for name in moved)
        assert not any(part in name for name in moved for part in (".16.", ".32."))


@pytest.mark.parametrize("live", [False, True])
def test_a_loaded_generator_stands_where_training_stood(live: bool, whole: RunDirectory) -> None:
    game = load_game(whole, live=live)
    # 40 images before step 6, 8 of them before the fade over 64.
    assert (game.generator.size, game.generator.fade) == (8, 0.5)
    inputs = sample_inputs(game, 5, 0).inputs
    samples = generate(game, inputs)
    assert samples.shape == (5, 1, 32, 32)
    with torch.no_grad():
        small = game.generator(inputs)
    assert small.shape == (5, 1, 8, 8)
    np.testing.assert_array_equal(samples, small.numpy().repeat(4, axis=2).repeat(4, axis=3))
    assert load_game(whole, 1).generator.size == 4


def test_a_growing_run_is_evaluated_at_full_size(whole: RunDirectory) -> None:
    found = evaluate_run(whole, "newest", 16, 0, lambda _: None)
    assert found["metrics"]["ema"]["fid"]["value"] is not None
    assert found["metrics"]["live"]["fid"] != found["metrics"]["ema"]["fid"]
