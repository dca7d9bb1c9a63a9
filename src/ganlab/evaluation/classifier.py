"""A small classifier with a "none of these" class: features that see garbage as garbage."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, interpolate, max_pool2d, relu

from ganlab.evaluation.garbage import garbage
from ganlab.randomness import seeded_generator
from ganlab.runs.files import write_synced

IMAGE_SIDE = 28
"""Side of the images it looks at; others are resized (bilinear, antialiased)."""

WEIGHTS = "mnist_classifier.safetensors"
"""The shipped weights, made by `truth/train_classifier.py`."""

BATCH, BROKEN = 128, 48
"""Real images in a training batch; the same number of garbage images is added."""

RATE = 4e-3
"""Highest learning rate, reached after a third of the training (one cycle; Smith & Topin 2019)."""


class Classifier(nn.Module):
    """Three convolutions and two layers: 28 x 28 images in [-1, 1] to a score a class and one for "none of these".

    Args:
        channels: of the images.
        classes: of the data; "none of these" comes after them.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(channels, 16, 5, stride=2, padding=2),
                nn.Conv2d(16, 32, 3, padding=1),
                nn.Conv2d(32, 64, 3, padding=1),
            ]
        )
        self.norms = nn.ModuleList([nn.BatchNorm2d(width) for width in (16, 32, 64)])
        self.hidden = nn.Linear(64 * 3 * 3, 64)
        self.scores = nn.Linear(64, classes + 1)

    def features(self, images: Tensor) -> Tensor:
        """Images (N, C, 28, 28) to the activations (N, 64) before the scores."""
        for index, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            images = relu(norm(convolution(images)))
            if index:
                images = max_pool2d(images, 2)
        return relu(self.hidden(images.flatten(1)))

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, 28, 28) to scores (N, classes + 1)."""
        scores: Tensor = self.scores(self.features(images))
        return scores


def resized(images: Tensor) -> Tensor:
    """Return images (N, C, H, W) as the classifier takes them."""
    if images.shape[2:] == (IMAGE_SIDE, IMAGE_SIDE):
        return images
    return interpolate(images, (IMAGE_SIDE, IMAGE_SIDE), mode="bilinear", antialias=True).clamp(-1, 1)


def blank(channels: int, classes: int) -> Classifier:
    """Return a classifier to load weights into, without a draw from the global generator, which training uses."""
    with torch.random.fork_rng(devices=[]):
        return Classifier(channels, classes).eval()


def shipped() -> tuple[Classifier, str]:
    """Return the classifier of MNIST digits and the first 8 digits of its weights' SHA-256."""
    content = (files("ganlab.evaluation") / WEIGHTS).read_bytes()
    network = blank(1, 10)
    network.load_state_dict(load(content))
    return network, hashlib.sha256(content).hexdigest()[:8]


def fit(images: Tensor, labels: Tensor, classes: int, epochs: int, report: Callable[[str], None]) -> Classifier:
    """Train a classifier on images (N, C, 28, 28) in [-1, 1] with labels (N,), shifted, turned and scaled a little.

    Garbage is drawn again for each epoch. The same images give the same weights on the same machine.
    """
    source = seeded_generator(0, "classifier")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=source)))
        network = Classifier(images.shape[1], classes)
        optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
        batches = max(len(images) // BATCH, 1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * batches)
        for epoch in range(epochs):
            # Broken images are warped as whole ones are, or traces of warping would give them away.
            chosen = images[torch.randint(len(images), (batches * BROKEN,), generator=source)]
            broken = garbage(warped(chosen, source), source)
            order = torch.randperm(len(images), generator=source)
            total = 0.0
            for index in range(batches):
                rows = order[index * BATCH : (index + 1) * BATCH]
                none = broken[index * BROKEN : (index + 1) * BROKEN]
                scores = network(torch.cat([warped(images[rows], source), none]))
                target = torch.cat([labels[rows], torch.full((len(none),), classes)])
                loss = cross_entropy(scores, target, label_smoothing=0.02)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += float(loss.detach())
            report(f"epoch {epoch + 1} of {epochs}: loss {total / batches:.4f}")
    return network.eval()


def warped(images: Tensor, source: torch.Generator) -> Tensor:
    """Shift by up to 2 pixels, turn by up to 12 degrees, scale and shear by up to a tenth; every other one stays."""

    def draw(limit: float) -> Tensor:
        return (torch.rand(len(images), generator=source) * 2 - 1) * limit

    angle, scale, shear = draw(math.radians(12)), 1 + draw(0.1), draw(0.15)
    shift_x, shift_y = draw(2 / (IMAGE_SIDE / 2)), draw(2 / (IMAGE_SIDE / 2))
    cosine, sine = angle.cos() * scale, angle.sin() * scale
    rows = [torch.stack([cosine, shear - sine, shift_x], 1), torch.stack([sine, cosine, shift_y], 1)]
    grid = affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    # What comes in from outside is the darkest level, as around a digit.
    moved = grid_sample(images + 1, grid, align_corners=False) - 1
    stays = torch.rand(len(images), 1, 1, 1, generator=source) < 0.5
    return torch.where(stays, images, moved)


def write(network: Classifier, path: Path) -> None:
    """Write the weights, and to disk."""
    write_synced(path, save({name: value.contiguous() for name, value in network.state_dict().items()}))
