"""The cost of evaluating a generator on MNIST: every metric at full size, compared with torch-fidelity, and a snapshot.

    python benchmarks/evaluate_time.py

Samples are training images with noise, so no generator's time is included. ganlab and torch-fidelity get the same
features and take turns in one process, so that a change of the machine's speed affects both; the medians of their runs
are compared. CPU seconds measure the work whatever else the machine does; wall seconds are the elapsed time.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from ganlab.config.data import MnistOptions
from ganlab.data import RealData, load, to_float
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.evaluation.evaluate import Evaluator
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.fid import frechet_distance
from ganlab.evaluation.inception_score import inception_score
from ganlab.evaluation.kid import kernel_distance
from ganlab.evaluation.manifold import balls, manifold
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.runs.snapshots import Row

COUNT = 10_000
SNAPSHOT = 1000
ROUNDS = 3

Action = Callable[[], object]


def timed(action: Action) -> tuple[float, float]:
    """Return CPU and wall seconds of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    action()
    return time.process_time() - cpu, time.perf_counter() - wall


def noisy(data: RealData, count: int) -> Tensor:
    """Return training images with noise of a tenth of the range: close to real images, but not copies."""
    chosen = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(1))[:count]
    images = to_float(data.train.values[chosen])
    noise = 0.2 * torch.randn(images.shape, generator=torch.Generator().manual_seed(2))
    return (images + noise).clamp(-1, 1)


def whole(features: Features, data: RealData) -> list[tuple[str, Action]]:
    """Return the evaluation of one generator, including the real images, and of a second one against the same ones."""
    samples = noisy(data, COUNT)
    made: list[Evaluator] = []

    def first() -> None:
        made.append(Evaluator(features, data.train, data.held_out, COUNT, seed=0))
        made[0](samples)

    return [("every metric, real images and one generator", first), ("another generator", lambda: made[0](samples))]


def snapshot(features: Features, data: RealData) -> list[tuple[str, Action]]:
    """Return the parts of a snapshot, and a verdict."""
    samples = noisy(data, SNAPSHOT)
    made: list[SampleStatistics] = []
    row = {"step": 1000}

    def begin() -> None:
        made.append(SampleStatistics(features, data.train, data.held_out, SNAPSHOT, seed=0))

    def judge() -> None:
        row.update(made[0].row(samples, thorough=False))
        diagnose(Evidence("benchmark", snapshots=tuple(Row({**row, "step": step}) for step in range(0, 20_000, 1000))))

    return [
        ("statistics of the real images, once per run", begin),
        ("statistics of a snapshot", lambda: made[0].row(samples, thorough=False)),
        ("the same, and a verdict on 20 snapshots", judge),
        ("copies among all training images, at a run's end", lambda: made[0].row(samples, thorough=True)),
    ]


def pairs(features: Features, data: RealData) -> dict[str, tuple[Action, Action]]:
    """Return ganlab's and torch-fidelity's computation of each metric from the same features, by metric."""
    seen = features.see(noisy(data, COUNT))
    fake, real = seen.features, features.see(to_float(data.held_out.values[:COUNT])).features
    assert seen.probabilities is not None
    probabilities = seen.probabilities
    logits = probabilities.log().clamp(min=-100)
    quiet = {"verbose": False}
    return {
        "FID": (
            lambda: frechet_distance(fake, real),
            lambda: fid_statistics_to_metric(
                fid_features_to_statistics(fake), fid_features_to_statistics(real), verbose=False
            ),
        ),
        "KID, 100 subsets of 1,000": (
            lambda: kernel_distance(fake, real, 0),
            lambda: kid_features_to_metric(fake, real, kid_subsets=100, kid_subset_size=1000, **quiet),
        ),
        "Inception Score": (
            lambda: inception_score(probabilities),
            lambda: isc_features_to_metric(logits, splits=1, shuffle=False),
        ),
        "precision and recall (ganlab: density and coverage too)": (
            lambda: manifold(fake, balls(real)),
            lambda: prc_features_to_metric(fake, real, prc_neighborhood=3, prc_batch_size=10_000, **quiet),
        ),
    }


def main() -> None:
    """Measure, and print three tables for docs/speed.md."""
    options = MnistOptions(name="mnist")
    data = load(options, 64)
    features = features_for(options, data)
    load_now = f"{os.getloadavg()[0]:.1f}"
    print(f"{torch.get_num_threads()} threads, {os.cpu_count()} cores, load average {load_now} at the start\n")
    for heading, steps in (
        (f"{COUNT:,} samples against {COUNT:,} real images", whole(features, data)),
        (f"a snapshot of {SNAPSHOT:,} samples", snapshot(features, data)),
    ):
        print(f"| {heading} | CPU, s | wall, s |\n| --- | --- | --- |")
        for name, action in steps:
            cpu, wall = timed(action)
            print(f"| {name} | {cpu:.2f} | {wall:.2f} |", flush=True)
        print()
    print(
        "| metric | ganlab, CPU s | torch-fidelity, CPU s | ganlab against torch-fidelity |\n| --- | --- | --- | --- |"
    )
    totals = [0.0, 0.0]
    for name, ways in pairs(features, data).items():
        taken: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for times, way in zip(taken, ways, strict=True):
                times.append(timed(way)[0])
        ours, theirs = map(statistics.median, taken)
        totals = [totals[0] + ours, totals[1] + theirs]
        print(f"| {name} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.2f} times as fast |", flush=True)
    print(f"| all | {totals[0]:.2f} | {totals[1]:.2f} | **{totals[1] / totals[0]:.2f} times as fast** |")


if __name__ == "__main__":
    main()
