"""What pictures are seen through where no classifier of them is shipped: statistics of their Laplacian pyramids.

Each band of a picture's Laplacian pyramid (Burt & Adelson 1983) passes fixed filters; how strongly each answers, in
each of 4 x 4 fields, describes the picture's texture, and its pixels at low resolution its layout (texture statistics
of a pyramid: Heeger & Bergen 1995). Nothing is trained for that. Three things are then fitted to the reals:

- principal components of the descriptions, whitened, in which distances and variety are taken;
- a small network on the descriptions that tells reals from garbage and, where they have labels, their classes apart;
- how far reals lie from their neighbours: what is farther from a real than its own neighbours by much is garbage too
  (local outliers: Breunig et al. 2000).

What they see and what they overlook is measured by `python -m truth.features`, on docs/features.md.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import (
    adaptive_avg_pool2d,
    avg_pool2d,
    conv2d,
    cross_entropy,
    interpolate,
    normalize,
    pad,
    relu,
)

from ganlab.data import RealData, Samples, to_float, to_uint8
from ganlab.evaluation.classifier import IMAGE_SIDE, resized
from ganlab.evaluation.garbage import GARBAGE_KINDS, garbage, lookalikes
from ganlab.evaluation.kept import kept, report
from ganlab.evaluation.modes import vendi
from ganlab.evaluation.neighbours import nearest
from ganlab.randomness import seeded_generator
from ganlab.runs.snapshots import relative_vendi

FILTERS, LEVELS, FIELDS = 24, 3, 4
"""Filters of 3 x 3 pixels, bands of the pyramid, and fields a side over which the filters' answers are averaged."""

OFFSET = 0.05
"""Added to a mean answer before its root is taken, so that faint noise on an even ground counts for little."""

DIMENSIONS = 128
"""Principal components, at most; a quarter of the number of reals, if that is less."""

SHRINKAGE = 0.01
"""Part of the largest variance that is added to each before whitening, so that faint components do not drown others."""

FITTED_TO = 10_000
"""Reals that the features are fitted to, at most."""

REFERENCES = 5000
"""Reals among which a sample's nearest neighbour is looked for, at most."""

NEIGHBOUR = 5
"""A real's own scale is its distance to the fifth of its neighbours, as in density and coverage."""

NEAR = 1.4
"""Times a real's own scale that a sample may lie away from it: in the bench (`truth.features`), 88 to 99 % of held-out
reals lie nearer, a fifth or less of mush, and half of half-learned digits."""

STRANGE = 0.9
"""Share of reals kept back that must pass either test, whose limits are wider where NEAR and NONE leave out more."""

NONE = 0.9
"""Probability of "none of these" from which a picture is garbage, as with the classifier of MNIST."""

STEPS, BATCH, BROKEN, HIDDEN = 600, 128, 64, 64
"""Training of the small network: steps, reals and garbage in each, hidden units."""

TOLD_APART = 0.8
"""Accuracy on reals that were kept back from which classes count as told apart; below, none are counted."""

CHECKED = 200
"""Reals that are kept back to check what the features see, at most; a fifth of all, if that is less."""

LEAST = 0.1
"""Twice this share of the reals kept back must pass for the features to say anything about quality."""

DESCRIBED, TRAINED = 0.3, 0.6
"""Shares of the time of a fit after which the reals are described, and the small network's examples are."""

Fitted = Mapping[str, Tensor]
"""What was fitted to reals, by name."""


def describe(images: Tensor) -> Tensor:
    """Return descriptions (N, p) of images (N, C, 28, 28): square roots of mean filter answers, and coarse pixels."""
    channels = images.shape[1]
    filters = torch.randn(FILTERS, channels, 3, 3, generator=seeded_generator(0, "pictures/filters"))
    filters = filters - filters.mean((2, 3), keepdim=True) / 2
    filters = filters / torch.linalg.vector_norm(filters.flatten(1), dim=1)[:, None, None, None]
    parts = []
    for _ in range(LEVELS):
        coarse = avg_pool2d(images, 2)
        band = images - interpolate(coarse, images.shape[2:], mode="bilinear")
        answers = adaptive_avg_pool2d(conv2d(band, filters, padding=1).abs(), FIELDS)
        parts.append((answers + OFFSET).sqrt().flatten(1))
        if coarse.shape[2] * 4 == IMAGE_SIDE:
            parts.append(2 * coarse.flatten(1))  # weighs as much as a band
        images = coarse
    return torch.cat(parts, dim=1)


@torch.no_grad()
def described(images: Tensor) -> Tensor:
    """Return descriptions (N, p) of images of any size (N, C, H, W) in [-1, 1], some at a time."""
    return torch.cat([describe(resized(part)) for part in images.split(250)])


def fitted(data: RealData) -> tuple[Fitted, str]:
    """Return what is fitted to real pictures, kept by their content; and 8 digits of its SHA-256.

    It is fitted to held-out pictures too, so that it is the same for every split of the same pictures. What is seen
    through it then knows training and held-out pictures alike, and of generated ones neither.
    """
    pictures = in_order(data, FITTED_TO)
    found = kept("features", lambda: fit(pictures), pictures.values, pictures.labels, len(pictures.class_names))
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(found[name].numpy().data)
    return found, digest.hexdigest()[:8]


def in_order(data: RealData, most: int) -> Samples:
    """Return some of all real pictures, as bytes, in the order of their SHA-256: it depends on the pictures alone.

    Pictures of one class have no labels: all are 0.
    """
    one = len(torch.cat([data.train.labels, data.held_out.labels]).unique()) < 2
    parts = (data.train, data.held_out)
    found = []
    for part, samples in enumerate(parts):
        labels = samples.labels.tolist()
        for start in range(0, len(labels), 250):
            rows = _bytes(samples.values[start : start + 250]).flatten(1).numpy()
            for row, pixels in enumerate(rows, start):
                found.append((hashlib.sha256(pixels.data).digest(), 0 if one else labels[row], part, row))
    found = sorted(found)[:most]
    return replace(
        data.train,
        values=torch.stack([_bytes(parts[part].values[row]) for _, _, part, row in found]),
        labels=torch.tensor([label for _, label, _, _ in found]),
        class_names=data.train.class_names[:1] if one else data.train.class_names,
    )


def _bytes(values: Tensor) -> Tensor:
    return (to_uint8(values) if values.is_floating_point() else values).contiguous()


def fit(pictures: Samples) -> dict[str, Tensor]:
    """Fit to pictures in random order; the same ones give the same numbers on the same machine.

    Returns:
        `mean` (p,) and `axes` (p, q) of the descriptions, `centre` (q,) of what they become; `references` (R, q) and
        their `scales` (R,), `limit` of the neighbour test; the small network's `weights.*` and `none`, its limit;
        `accuracy` on reals that were kept back, NaN without classes; `blind`: 1 where garbage and where repeated
        pictures go unseen.
    """
    source = seeded_generator(0, "pictures/fit")
    images = torch.cat([resized(to_float(part)) for part in pictures.values.split(250)])
    labels = pictures.labels
    back = min(CHECKED, len(images) // 5)
    checked, images = images[:back], images[back:]
    found = described(images)
    mean = found.mean(0)
    centred = (found - mean).double()
    variances, axes = torch.linalg.eigh(centred.T @ centred / len(centred))
    kept = max(1, min(DIMENSIONS, len(images) // 4))
    variances, axes = variances[-kept:].clamp(min=0), axes[:, -kept:]
    scale = (variances + SHRINKAGE * variances.max()).sqrt().clamp(min=1e-6)
    result = {"mean": mean, "axes": (axes / scale).float().contiguous()}
    features = project(result, found)
    references = features[:REFERENCES].contiguous()
    own = nearest(references, references, NEIGHBOUR, exclude_self=True)
    # Reals that repeat each other have no scale of their own; they lie on nothing but copies.
    scales = own[0][:, -1].clamp(min=1e-6) if own[0].shape[1] else torch.ones(len(references))
    result |= {"centre": features.mean(0), "references": references, "scales": scales}
    report("features", DESCRIBED)
    classes = len(pictures.class_names)
    result |= _network(images, found, labels[back:], classes, source)
    # Limits are those that fresh reals keep: few reals are learned by heart, and what was fitted to them says nothing.
    descriptions = described(checked if back else images)
    told, ratios = probabilities(result, descriptions), ratios_to_reals(result, project(result, descriptions))
    result["limit"] = ratios.quantile(STRANGE).clamp(min=NEAR).reshape(1)
    result["none"] = told[:, -1].quantile(STRANGE).clamp(min=NONE).reshape(1)
    right = float((told[:back, :-1].argmax(1) == labels[:back]).float().mean()) if classes > 1 else math.nan
    return result | {"accuracy": torch.tensor([right]), "blind": _check(result, checked, images, source)}


def _network(images: Tensor, found: Tensor, labels: Tensor, classes: int, source: torch.Generator) -> dict[str, Tensor]:
    """Train the small network on descriptions of reals, of the same moved a little, and of garbage."""
    count = max(2000, min(len(images), 4000))
    chosen = images[torch.randint(len(images), (count,), generator=source)]
    broken = described(torch.cat([garbage(chosen, source), lookalikes(chosen, source)]))
    moved = described(_moved(images, source))
    mean, spread = found.mean(0), found.std(0) + 0.01
    reals = torch.stack([found, moved])

    def scaled(descriptions: Tensor) -> Tensor:
        return ((descriptions - mean) / spread).clamp(-8, 8)

    reals, broken = scaled(reals), scaled(broken)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=source)))
        network = nn.Sequential(nn.Linear(found.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, classes + 1))
        optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=STEPS)
        for step in range(STEPS):
            if step % 100 == 0:
                report("features", TRAINED + (1 - TRAINED) * step / STEPS)
            rows = torch.randint(reals.shape[1], (BATCH,), generator=source)
            versions = torch.randint(2, (BATCH,), generator=source)
            none = broken[torch.randint(len(broken), (BROKEN,), generator=source)]
            inputs = torch.cat([reals[versions, rows], none])
            inputs = inputs + 0.1 * torch.randn(inputs.shape, generator=source)
            target = torch.cat([labels[rows], torch.full((BROKEN,), classes)])
            loss = cross_entropy(network(inputs), target, label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    weights = {f"weights.{name}": value.detach().clone() for name, value in network.state_dict().items()}
    return {**weights, "spread": spread}


def _moved(images: Tensor, source: torch.Generator) -> Tensor:
    """Return images moved by up to 2 pixels, a little lighter or darker."""
    padded = pad(images, (2,) * 4, mode="replicate")
    moves = torch.randint(5, (len(images), 2), generator=source).tolist()
    moved = torch.stack(
        [each[:, y : y + IMAGE_SIDE, x : x + IMAGE_SIDE] for each, (y, x) in zip(padded, moves, strict=True)]
    )
    return (moved + 0.2 * torch.rand(len(images), 1, 1, 1, generator=source) - 0.1).clamp(-1, 1)


def _scores(fit: Fitted, descriptions: Tensor) -> Tensor:
    inputs = ((descriptions - fit["mean"]) / fit["spread"]).clamp(-8, 8)
    hidden = relu(inputs @ fit["weights.0.weight"].T + fit["weights.0.bias"])
    return hidden @ fit["weights.2.weight"].T + fit["weights.2.bias"]


def project(fit: Fitted, descriptions: Tensor) -> Tensor:
    """Return descriptions (N, p) by their whitened principal components (N, q)."""
    return (descriptions - fit["mean"]) @ fit["axes"]


def probabilities(fit: Fitted, descriptions: Tensor) -> Tensor:
    """Return the probabilities (N, classes + 1) of the data's classes and, last, of "none of these"."""
    return _scores(fit, descriptions).softmax(1)


def ratios_to_reals(fit: Fitted, features: Tensor) -> Tensor:
    """Return the distance (N,) from features (N, q) to the nearest real, over that real's own scale."""
    distances, indices = nearest(features, fit["references"], 1)
    return distances[:, 0] / fit["scales"][indices[:, 0]]


def passing(fit: Fitted, descriptions: Tensor) -> Tensor:
    """Return, bool (N,), which descriptions (N, p) are no garbage: near to a real, and not "none of these"."""
    close = ratios_to_reals(fit, project(fit, descriptions)) <= fit["limit"]
    return close & (probabilities(fit, descriptions)[:, -1] <= fit["none"])


def appearance(fit: Fitted, features: Tensor) -> Tensor:
    """Return unit vectors (N, q): the directions in which pictures differ from the mean real one."""
    return normalize(features - fit["centre"], dim=1)


def _check(fit: Fitted, checked: Tensor, images: Tensor, source: torch.Generator) -> Tensor:
    """Return 1 where the features fail on these reals, uint8 (2,): to tell garbage from them; to count repeated ones.

    Garbage: of noise and of grey pictures at most half as many may pass as of the reals that were kept back, of which
    twice LEAST must; reals may be blurred themselves. Repeats: four pictures repeated must be under half as varied as
    that many different ones, one under a tenth.
    """

    def share(pictures: Tensor) -> float:
        return float(passing(fit, described(pictures)).float().mean())

    kinds = [kind for kind in GARBAGE_KINDS if kind.__name__ in ("uniform", "flat")]
    fooled = max(share(kind(images[:CHECKED], source).clamp(-1, 1)) for kind in kinds)
    judges = len(checked) > 0 and share(checked) / 2 >= max(fooled, LEAST)
    looks = appearance(fit, project(fit, described(images[:CHECKED])))
    whole = vendi(looks)
    counts = len(looks) >= 16 and all(
        (relative := relative_vendi(vendi(looks[torch.arange(len(looks)) % different]), whole)) is not None
        and relative < most
        for different, most in ((1, 0.1), (4, 0.5))
    )
    return torch.tensor([not judges, not counts], dtype=torch.uint8)
