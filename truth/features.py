"""The bench of features: which faults of pictures are seen through which features.

    python -m truth.features data                       say how to get the pictures, and what is there
    python -m truth.features measure [--only NAME ...]  measure all candidates on all data that are there

Both take `--into FOLDER` (default: bench), which holds the downloaded pictures and samples of small GANs. `measure`
writes truth/features.json, where what is there already is not measured again; `python -m docs.make.features` writes the
page docs/features.md from it.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import (
    affine_grid,
    avg_pool2d,
    conv2d,
    cross_entropy,
    grid_sample,
    interpolate,
    normalize,
    softplus,
)

from ganlab.data import RealData, to_float
from ganlab.data.selection import take
from ganlab.evaluation import classifier
from ganlab.evaluation.classifier import Classifier, resized
from ganlab.evaluation.features import Features, Seen, features_for, in_chunks, look, of_classifier
from ganlab.evaluation.garbage import garbage, lookalikes
from ganlab.evaluation.neighbours import nearest
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.runs.snapshots import Row
from truth.bench_data import SETS, Absent, made_samples, one_half

TARGET = Path(__file__).with_name("features.json")

COUNT = 500
"""Samples of each kind."""

SHOWN = 20_000
"""Images, counted again in each pass, that the classifiers among the candidates are trained on: what half a minute on
one core allows. Releases before this bench took ten times as many."""


def _classifier(data: RealData, labels: Tensor, classes: int) -> Classifier:
    images = torch.cat([resized(to_float(part)) for part in data.train.values.split(250)])
    return classifier.fit(images, labels, classes, math.ceil(SHOWN / len(images)), lambda text: None)


def random_embedding(data: RealData) -> Features:
    """A network with fixed random weights, and a classifier of the data as one class: releases before, no labels."""
    gate = of_classifier(_classifier(data, torch.zeros(len(data.train)).long(), 1), "", ("data",))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Classifier(data.train.values.shape[1], 1).eval()
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.orthogonal_(layer.weight, gain=math.sqrt(2))
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def see(samples: Tensor) -> Seen:
        small = resized(samples)
        embedded = torch.cat([in_chunks(network.features, small), look(small, side=7)], dim=1)
        return Seen(embedded, None, gate.see(samples).passing, look(samples))

    return Features("random", (), see)


def label_classifier(data: RealData) -> Features:
    """A classifier trained on the labels: releases before, with labels."""
    names = data.train.class_names
    return of_classifier(_classifier(data, data.train.labels, len(names)), "classifier", names)


class Encoder(nn.Module):
    """Images (N, C, 32, 32) to hidden units (N, 128), with heads for instances and for garbage."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inner, outer, kernel, stride in ((channels, 24, 5, 2), (24, 48, 3, 1), (48, 96, 3, 1)):
            layers += [nn.Conv2d(inner, outer, kernel, stride, kernel // 2), nn.BatchNorm2d(outer), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if stride == 1 else []
        layers += [nn.Flatten(), nn.Linear(16 * 96, 128), nn.BatchNorm1d(128), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.instance = nn.Linear(128, 64)
        self.gate = nn.Linear(128, 1)


def instance_discrimination(data: RealData, steps: int = 120) -> Features:
    """A small network that learns which picture a view is of (Chen et al. 2020, SimCLR) and what is garbage.

    Views are crops, shifts, other brightness and other colours; 120 steps of 192 pictures take half a minute.
    """
    source = torch.Generator().manual_seed(2)

    def at_32(images: Tensor) -> Tensor:
        return interpolate(images, (32, 32), mode="bilinear", antialias=True).clamp(-1, 1)

    def view(images: Tensor) -> Tensor:
        count = len(images)
        zoom = 1 - 0.25 * torch.rand(count, generator=source)
        aside = [(2 * torch.rand(count, generator=source) - 1) * (1.1 - zoom) for _ in range(2)]
        zero = torch.zeros(count)
        rows = [torch.stack([zoom, zero, aside[0]], 1), torch.stack([zero, zoom, aside[1]], 1)]
        grid = affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
        moved = grid_sample(images, grid, padding_mode="border", align_corners=False)
        gain = 0.8 + 0.4 * torch.rand(count, images.shape[1], 1, 1, generator=source)
        light = 0.4 * torch.rand(count, images.shape[1], 1, 1, generator=source) - 0.2
        return (moved * gain + light).clamp(-1, 1)

    real = to_float(data.train.values)
    large, small = at_32(real), resized(real)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Encoder(real.shape[1])
        optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
        for _ in range(steps):
            rows = torch.randint(len(real), (192,), generator=source)
            broken = small[rows[:24]]
            broken = at_32(torch.cat([garbage(broken, source), lookalikes(broken, source)]))
            hidden = network.body(torch.cat([view(large[rows]), view(large[rows]), large[rows[:48]], broken]))
            views = normalize(network.instance(hidden[:384]), dim=1)
            alike = (views @ views.T / 0.2).masked_fill(torch.eye(384).bool(), -1e9)
            gate = network.gate(hidden[384:])[:, 0]
            loss = cross_entropy(alike, torch.arange(384).roll(192))
            loss = loss + softplus(-gate[:48]).mean() + softplus(gate[48:]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()

    def hidden_of(images: Tensor) -> Tensor:
        return in_chunks(lambda part: network.body(at_32(part)), images)

    with torch.no_grad():
        known: Tensor = network.instance(hidden_of(real))
    own = nearest(known, known, 5, exclude_self=True)[0][:, -1]

    @torch.no_grad()
    def see(samples: Tensor) -> Seen:
        hidden = hidden_of(samples)
        found = network.instance(hidden)
        distances, indices = nearest(found, known, 1)
        passing = (network.gate(hidden)[:, 0] > math.log(0.1 / 0.9)) & (distances[:, 0] <= 1.4 * own[indices[:, 0]])
        return Seen(found, None, passing, normalize(found - known.mean(0), dim=1))

    return Features("instances", (), see)


def sliced_wasserstein(data: RealData) -> Features:
    """Sliced Wasserstein distances between the patches of two pictures (Rabin et al. 2011; Karras et al. 2018).

    In each band of the Laplacian pyramid, all patches of 5 x 5 pixels are projected to random lines, and the quantiles
    of each projection are taken: the Euclidean distance of two pictures' quantiles is the sliced Wasserstein distance
    of their patches. Nothing is trained; what lies much farther from a real than that real's neighbours is garbage.
    """
    channels, patch, quantiles = data.train.values.shape[1], 5, 16
    lines = torch.randn(32, channels, patch, patch, generator=torch.Generator().manual_seed(3))
    lines = normalize(lines.flatten(1), dim=1).view_as(lines)

    def described(images: Tensor) -> Tensor:
        found, level = [], interpolate(images, (32, 32), mode="bilinear", antialias=True).clamp(-1, 1)
        for last in (False, False, True):
            coarse = avg_pool2d(level, 2)
            band = level if last else level - interpolate(coarse, scale_factor=2, mode="bilinear")
            projected = conv2d(band, lines).flatten(2).sort(2).values
            found.append(interpolate(projected, quantiles, mode="area").flatten(1))
            level = coarse
        return torch.cat(found, 1) / math.sqrt(len(lines) * quantiles)

    known = in_chunks(described, to_float(data.train.values))
    own = nearest(known, known, 5, exclude_self=True)[0][:, -1]

    def see(samples: Tensor) -> Seen:
        found = in_chunks(described, samples)
        distances, indices = nearest(found, known, 1)
        return Seen(found, None, distances[:, 0] <= 1.4 * own[indices[:, 0]], normalize(found - known.mean(0), dim=1))

    return Features("sliced", (), see)


def pyramid(data: RealData) -> Features:
    """What ships: statistics of Laplacian pyramids; here not fitted to the reals that stand in for samples."""
    return features_for(None, replace(data, held_out=take(data.held_out, torch.arange(0))))


CANDIDATES: dict[str, Callable[[RealData], Features]] = {
    "pyramid": pyramid,
    "random": random_embedding,
    "sliced": sliced_wasserstein,
    "instances": instance_discrimination,
    "classifier": label_classifier,
}

ELSEWHERE = "reals of other classes"
"""Real pictures of half of the classes, seen through features that are fitted to the other half."""

GARBAGE = ("noise", "greys", "blur", "shuffled patches", "GAN, step 100", "GAN, step 300", "other data")
"""Kinds of which at most half as many may pass as of reals."""

COLLAPSED = {"1 repeated": 0.1, "4 repeated": 0.25, "16 repeated": 0.25}
"""The largest relative variety that says what it is, by kind."""


def right(kind: str, found: dict[str, float | None]) -> bool | None:
    """Return whether figures say what a kind is; None where reasonable people may differ.

    What features said beforehand that they cannot see is not right, and no mistake of a verdict either.
    """
    row = {key: -1.0 if value is None else value for key, value in found.items()}
    if (kind in GARBAGE and row["good"] < 0) or (kind in COLLAPSED and row["variety"] < 0):
        return False
    if kind == "reals":
        return row["good"] >= 0.9 and 0.8 <= row["variety"] <= 1.25 and row["coverage"] >= 0.8
    if kind in GARBAGE:
        return row["good"] < 0.5
    if kind in COLLAPSED:
        return row["variety"] < COLLAPSED[kind]
    if kind == "64 repeated":
        return row["variety"] < 0.6
    if kind == "256 repeated":
        return row["variety"] < 0.95 and row["coverage"] < 0.95
    if kind == ELSEWHERE:
        return row["coverage"] < 0.5
    return row["coverage"] < 0.85 if kind == "half of the classes" else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def measure(name: str, folder: Path, found: dict[str, Any], save: Callable[[], None], only: list[str]) -> None:
    """Measure every candidate that is not measured yet on a data set."""
    make, side = SETS[name]
    data = make(folder, side)
    strange, strange_side = SETS["photographs, 32 px" if name.startswith("emoji") else "emoji, 32 px"]
    count = min(COUNT, len(data.train) // 2, len(data.held_out))
    samples: dict[str, Tensor] = {}
    for candidate, build in CANDIDATES.items():
        if only and candidate not in only:
            continue
        here = found.setdefault(name, {})
        if candidate not in here:
            samples = samples or dict(
                made_samples(data, make(folder, min(side, 32)), strange(folder, strange_side), count, folder)
            )
            start = time.process_time()
            features = build(data)
            seconds = time.process_time() - start
            rows = _rows(features, data, samples, count)
            here[candidate] = {
                "seconds": round(seconds, 1),
                "samples": count,
                "reals": len(data.train),
                "vendi_real": next(iter(rows.values())).number("vendi_real"),
                "unseen": list(features.blind),
                "kinds": {kind: _figures(row) for kind, row in rows.items()},
            }
            save()
        kinds = here[candidate]["kinds"]
        if ELSEWHERE not in kinds:
            half, others = one_half(data)
            few = min(count, len(half.train) // 2, len(half.held_out), len(others))
            order = torch.randperm(len(others), generator=torch.Generator().manual_seed(1))
            rows = _rows(build(half), half, {ELSEWHERE: to_float(others[order[:few]])}, few)
            kinds |= {kind: _figures(row) for kind, row in rows.items()}
            save()
        judged = [right(kind, row) for kind, row in kinds.items()]
        print(f"{name}, {candidate}: {judged.count(True)} of {len(judged) - judged.count(None)}", flush=True)


def _rows(features: Features, data: RealData, samples: dict[str, Tensor], count: int) -> dict[str, Row]:
    """Return each kind of samples as a row of a snapshot that is compared with `count` reals."""
    statistics = SampleStatistics(features, data.train, data.held_out, count, 0)
    return {kind: Row(statistics.row(made, thorough=False)) for kind, made in samples.items()}


def _figures(row: Row) -> dict[str, float | None]:
    """Return what the page shows of a row, relative to the reals."""
    figures = {key: _rounded(row.ratio(key)) for key in ("good", "precision", "coverage")}
    return {**figures, "variety": _rounded(row.relative_vendi())}


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("data", "measure"))
    parser.add_argument("--into", type=Path, default=Path("bench"))
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    found = json.loads(TARGET.read_text(encoding="utf-8")) if TARGET.exists() else {}

    def save() -> None:
        TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    for name, (make, side) in SETS.items():
        try:
            if options.what == "data":
                print(f"{name}: {len(make(options.into, side).train)} pictures")
            else:
                measure(name, options.into, found, save, options.only)
        except Absent as error:
            print(f"{name}: not here; {error}")


if __name__ == "__main__":
    main()
