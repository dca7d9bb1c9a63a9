"""A run's generator, judged at full size: every metric, live and averaged, written into the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ganlab.data import RealData, load, to_float
from ganlab.evaluation.battery import Asked, Sample, agreement
from ganlab.evaluation.evaluate import Evaluator
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.kept import listening
from ganlab.games.rounds import Draw
from ganlab.games.standard import StandardGame
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import require_place, write_json
from ganlab.training.checkpoint import experiment_of
from ganlab.training.trained import Which, find_checkpoint, game_of, generate, sample_inputs

FILE = "evaluation.json"
"""What `evaluate_run` writes into the run."""


def evaluate_run(
    run: RunDirectory, which: Which, count: int, seed: int, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Measure a run's generator with `count` samples and write evaluation.json.

    Args:
        run: the run.
        which: a checkpoint's step, `newest` or `best`.
        count: samples of each generator, at least 2.
        seed: of the latents and of what metrics draw.
        progress: called with what is measured next.

    Returns:
        `schema`, `step` of the checkpoint, `samples`, `seed`, `features`, and `metrics`: for `live`, and for `ema`
        if the run keeps an average, each metric by name with its `value`, its real-vs-real value `real` and its
        `protocol`.

    Raises:
        RunError: there is no such checkpoint, or it cannot be used; or the run cannot be written.
        DataError: the run's data cannot be loaded.
    """
    require_place(run.path / FILE, "make the run's folder writable, or copy the run")
    # One checkpoint for both: a run that goes on may have a newer one in the next moment.
    checkpoint = find_checkpoint(run, which)
    experiment = experiment_of(checkpoint)
    progress("reals")
    data = load(experiment.data, experiment.training.batch_size)
    games = {"live": game_of(run, checkpoint, live=True, data=data, judged=True)}
    if experiment.training.ema:
        games["ema"] = game_of(run, checkpoint, live=False, data=data, judged=True)
    with listening(lambda what, share: progress(f"reals: {what}, {share:.0%}")):
        features = features_for(experiment.data, data)
    doing = "reals"
    measure = Evaluator(
        features, data.train, data.held_out, count, seed, lambda step, share: progress(f"{doing}: {step}, {share:.0%}")
    )
    metrics = {}
    for doing, game in games.items():
        progress(f"{doing}: drawing {count} samples")
        drawn = sample_inputs(game, count, seed)
        samples = generate(game, drawn.inputs)
        metrics[doing] = measure(samples) | own_metrics(game, drawn, samples, features, data)
    found = {
        "schema": 1,
        "step": checkpoint.step,
        "samples": count,
        "seed": seed,
        "features": features.name,
        "metrics": metrics,
    }
    write_json(run.path / FILE, found)
    return found


@torch.no_grad()
def own_metrics(
    game: StandardGame, drawn: Draw, samples: Tensor, features: Features, data: RealData
) -> dict[str, dict[str, Any]]:
    """Return the game's own figures, each with its `value`, its real-vs-real value `real` and its `protocol`."""
    found: dict[str, Any] = dict(game.measure(drawn, samples))
    real: dict[str, Any] = {name: found.pop(f"{name}_real") for name in [*found] if f"{name}_real" in found}
    if drawn.asked is not None and features.class_names:
        found["agreement"] = agreement(Sample(features.see(samples), Asked(drawn.asked, game.matched)))
        reals = Sample(features.see(to_float(data.held_out.values)), Asked(data.held_out.labels))
        real["agreement"] = agreement(reals)
    protocol = f"n = {len(samples)}, inputs as for the samples; agreement through {features.name}"
    return {name: {"value": value, "real": real.get(name), "protocol": protocol} for name, value in found.items()}
