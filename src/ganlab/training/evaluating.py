"""A run's generator, judged at full size: every metric, live and averaged, written into the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ganlab.data import load
from ganlab.evaluation.evaluate import Evaluator
from ganlab.evaluation.features import features_for
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import write_json
from ganlab.training.trained import Which, find_checkpoint, generate, generator_of, sample_latents

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
        progress: told what is measured next.

    Returns:
        `schema`, `step` of the checkpoint, `samples`, `seed`, `features`, and `metrics`: for `live`, and for `ema`
        where the run keeps an average, each metric by name with its `value`, its real-vs-real value `real` and its
        `protocol`.

    Raises:
        RunError: there is no such checkpoint, or it cannot be used.
        DataError: the run's data cannot be loaded.
    """
    # One checkpoint for both: a run that goes on may have a newer one in the next moment.
    checkpoint = find_checkpoint(run, which)
    generator, experiment = generator_of(run, checkpoint, live=True)
    generators = {"live": generator}
    if experiment.training.ema:
        generators["ema"] = generator_of(run, checkpoint, live=False)[0]
    latents = sample_latents(experiment, count, seed)
    progress("reals")
    data = load(experiment.data, experiment.training.batch_size)
    features = features_for(experiment.data, data)
    doing = "reals"
    measure = Evaluator(
        features, data.train, data.held_out, count, seed, lambda step, share: progress(f"{doing}: {step}, {share:.0%}")
    )
    metrics = {}
    for doing, each in generators.items():
        progress(f"{doing}: drawing {count} samples")
        metrics[doing] = measure(generate(each, latents))
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
