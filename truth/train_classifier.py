"""Train the digit classifier that ships with ganlab and print its accuracy.

python -m truth.train_classifier [EPOCHS]     writes src/ganlab/evaluation/mnist_classifier.safetensors
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from ganlab.config.data import MnistOptions
from ganlab.data import load, to_float
from ganlab.evaluation import classifier
from ganlab.evaluation.garbage import garbage

TARGET = Path(classifier.__file__).with_name(classifier.WEIGHTS)


def main() -> None:
    """Train, measure, write."""
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    data = load(MnistOptions(), 1)
    network = classifier.fit(to_float(data.train.values), data.train.labels, 10, epochs, lambda t: print(t, flush=True))
    images, labels = to_float(data.held_out.values), data.held_out.labels
    broken = garbage(images[:5000], torch.Generator().manual_seed(99))
    with torch.no_grad():
        scores = torch.cat([network(part) for part in images.split(500)])
        none = torch.cat([network(part) for part in broken.split(500)]).argmax(1) == 10
    classifier.write(network, TARGET)
    print(f"test accuracy among the digits {(scores[:, :10].argmax(1) == labels).float().mean():.4f}")
    print(f"test images that pass as digits {(scores.argmax(1) < 10).float().mean():.4f}")
    print(f"garbage images that do not {none.float().mean():.4f}")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes, {sum(each.numel() for each in network.parameters())} weights")


if __name__ == "__main__":
    main()
