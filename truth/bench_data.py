"""Pictures for the bench of features: real ones, and samples whose faults are known because they were made so.

No picture is kept in the repository. `python -m truth.features data` says how to get each set, and what is missing is
skipped.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, fold, interpolate, logsigmoid, pad, unfold

from ganlab.config.data import MnistOptions
from ganlab.data import RealData, Samples, load, to_float, to_uint8
from ganlab.data.folder import read_image
from ganlab.domain import Images

HELD_OUT = 1000
"""Pictures that are set aside, at most a third of all."""

EMOJI = "package/img/google/64"
"""Where `npm pack emoji-datasource-google` has its pictures of 64 pixels."""

MUSH_STEPS = (100, 300, 800)
"""Steps after which a small GAN is asked for samples: nothing that anyone would call learned."""

REPEATED = (1, 4, 16, 64, 256)
"""Different pictures among the samples of a collapse that was made by hand."""


class Absent(Exception):
    """A data set is not on this machine; the message says how to get it."""


def _split(values: Tensor, labels: Tensor, names: tuple[str, ...]) -> RealData:
    """Shuffle and set aside; pictures of bytes (N, C, H, W) and their classes (N,)."""
    order = torch.randperm(len(values), generator=torch.Generator().manual_seed(0))
    held = min(HELD_OUT, len(values) // 3)
    domain = Images(*values.shape[1:])
    parts = [Samples(values[rows], labels[rows], names, domain) for rows in (order[held:], order[:held])]
    code = hashlib.sha256(values.numpy().tobytes() + labels.numpy().tobytes()).hexdigest()
    return RealData(parts[0], parts[1], code)


def emoji_files(folder: Path) -> list[tuple[Path, Mapping[str, Any]]]:
    """Return each picture of an emoji, in every skin tone, with what the list says of it: `category` and others.

    Raises:
        Absent: the emoji are not in the folder.
    """
    root = folder / EMOJI
    if not root.is_dir():
        raise Absent(f"npm pack emoji-datasource-google, then unpack the archive in {folder}")
    entries = json.loads((folder / "package/emoji.json").read_text(encoding="utf-8"))
    tones = ((each, entry) for entry in entries for each in (entry, *entry.get("skin_variations", {}).values()))
    return [(root / each["image"], entry) for each, entry in tones if (root / each["image"]).is_file()]


def emoji(folder: Path, side: int) -> RealData:
    """Some 3,800 small colour drawings of ten categories, on white."""
    kept = folder / f"emoji{side}.npz"
    if not kept.exists():
        category = {path: entry["category"] for path, entry in emoji_files(folder)}
        paths, names = sorted(category), sorted(set(category.values()))
        pictures = np.stack([read_image(path, Images(3, side, side)) for path in paths])
        np.savez(kept, x=pictures, y=[names.index(category[path]) for path in paths], names=names)
    found = np.load(kept)
    return _split(torch.from_numpy(found["x"]), torch.from_numpy(found["y"]), tuple(map(str, found["names"])))


def photographs(folder: Path, side: int) -> RealData:
    """Patches of the two photographs that come with scikit-learn, half overlapping; the photograph is the class."""
    try:
        photographs_of = import_module("sklearn.datasets").load_sample_images
    except ImportError as error:
        raise Absent("pip install scikit-learn") from error
    values, labels = [], []
    for label, photograph in enumerate(photographs_of().images):
        pieces = torch.from_numpy(photograph.copy()).permute(2, 0, 1).unfold(1, side, side // 2)
        pieces = pieces.unfold(2, side, side // 2)
        values.append(pieces.permute(1, 2, 0, 3, 4).reshape(-1, 3, side, side))
        labels.append(torch.full((len(values[-1]),), label))
    return _split(torch.cat(values).contiguous(), torch.cat(labels), ("china", "flower"))


def digits(folder: Path, side: int) -> RealData:
    """The 1,797 digits of 8 x 8 pixels that come with scikit-learn, each in a colour of its own on black."""
    try:
        found = import_module("sklearn.datasets").load_digits()
    except ImportError as error:
        raise Absent("pip install scikit-learn") from error
    colours = 0.4 + 0.6 * torch.rand(len(found.images), 3, 1, 1, generator=torch.Generator().manual_seed(0))
    grey = torch.from_numpy(found.images).float()[:, None] / 16
    return _split((255 * grey * colours).round().to(torch.uint8), torch.from_numpy(found.target), tuple("0123456789"))


def mnist(folder: Path, side: int) -> RealData:
    """Some of the MNIST digits, without their classifier."""
    data = load(MnistOptions(), 1)
    rows = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))[:6000]
    return _split(data.train.values[rows].clone(), data.train.labels[rows], data.train.class_names)


SETS: dict[str, tuple[Callable[[Path, int], RealData], int]] = {
    "emoji, 32 px": (emoji, 32),
    "emoji, 64 px": (emoji, 64),
    "photographs, 32 px": (photographs, 32),
    "colour digits, 8 px": (digits, 8),
    "MNIST, 28 px": (mnist, 28),
}
"""How each data set is made, and of which side."""


def half_of_the_classes(data: RealData) -> Tensor:
    """Return whether each training picture (N,) is of the first classes that together hold about half of them."""
    shares = torch.bincount(data.train.labels, minlength=len(data.train.class_names)).cumsum(0) / len(data.train)
    last = int((shares - 0.5).abs().argmin())
    return data.train.labels <= last


def one_half(data: RealData) -> tuple[RealData, Tensor]:
    """Return the data of the first classes alone, about half of all, and bytes (N, C, H, W) of the other classes."""
    ours = half_of_the_classes(data)
    last = int(data.train.labels[ours].max())
    kept = data.held_out.labels <= last
    train, held = data.train, data.held_out
    half = RealData(
        Samples(train.values[ours], train.labels[ours], train.class_names[: last + 1], train.domain),
        Samples(held.values[kept], held.labels[kept], train.class_names[: last + 1], train.domain),
        hashlib.sha256(f"{data.fingerprint} to class {last}".encode()).hexdigest(),
    )
    return half, train.values[~ours]


def made_samples(
    data: RealData, small: RealData, other: RealData, count: int, folder: Path
) -> Iterator[tuple[str, Tensor]]:
    """Yield samples whose faults are known: float32 (count, C, H, W) in [-1, 1], each kind with its name.

    Args:
        data: what the samples should look like.
        small: the same data at 32 pixels a side or less, which a small GAN is trained on.
        other: data of another kind.
        count: samples wanted, at most half of the training pictures.
        folder: where samples of the small GANs are kept.
    """
    source = torch.Generator().manual_seed(1)
    order = torch.randperm(len(data.train), generator=source)
    real = to_float(data.train.values[order[:count]])
    side = real.shape[2]
    yield "reals", real
    yield "noise", torch.rand(real.shape, generator=source) * 2 - 1
    yield "greys", (torch.rand(count, 1, 1, 1, generator=source) * 2 - 1).expand(real.shape).contiguous()
    yield "blur", _blurred(real, max(3, side // 4 | 1))
    yield "shuffled patches", _shuffled(real, side // 4, source)
    for steps, mush in early_samples(small, count, folder).items():
        yield f"GAN, step {steps}", _sized(mush, side)
    strange = to_float(other.train.values[:count])
    strange = strange.mean(1, keepdim=True) if real.shape[1] == 1 else strange.expand(-1, 3, -1, -1)
    yield "other data", _sized(strange, side)[torch.arange(count) % len(strange)]
    for different in REPEATED:
        yield f"{different} repeated", real[torch.randint(min(different, count), (count,), generator=source)]
    yield "16 with jitter", jittered(real[torch.randint(16, (count,), generator=source)], source)
    halved = half_of_the_classes(data)
    rows = order[halved[order]]
    yield "half of the classes", to_float(data.train.values[rows[torch.arange(count) % len(rows)]])


def jittered(images: Tensor, source: torch.Generator) -> Tensor:
    """Return images moved by up to a thirty-second of their side, a little lighter or darker, with faint noise."""
    reach = max(1, images.shape[2] // 32)
    moves = torch.randint(-reach, reach + 1, (len(images), 2), generator=source).tolist()
    padded = pad(images, (reach,) * 4, mode="replicate")
    moved = torch.stack(
        [
            each[:, reach + y : reach + y + images.shape[2], reach + x : reach + x + images.shape[3]]
            for each, (y, x) in zip(padded, moves, strict=True)
        ]
    )
    light = 0.06 * torch.rand(len(images), 1, 1, 1, generator=source) - 0.03
    return (moved + light + 0.03 * torch.randn(images.shape, generator=source)).clamp(-1, 1)


def _sized(images: Tensor, side: int) -> Tensor:
    return interpolate(images, (side, side), mode="bilinear", antialias=True).clamp(-1, 1)


def _blurred(images: Tensor, width: int) -> Tensor:
    for _ in range(2):
        images = avg_pool2d(pad(images, (width // 2,) * 4, mode="replicate"), width, 1)
    return images


def _shuffled(images: Tensor, size: int, source: torch.Generator) -> Tensor:
    pieces = unfold(images, size, stride=size)
    order = torch.rand(len(images), pieces.shape[2], generator=source).argsort(1)
    return fold(pieces.gather(2, order[:, None].expand_as(pieces)), images.shape[2:], size, stride=size)


def early_samples(data: RealData, count: int, folder: Path) -> dict[int, Tensor]:
    """Return samples of a small DCGAN, early in its training, by step; they are kept in the folder."""
    kept = folder / f"gan-{data.fingerprint[:16]}.pt"
    if not kept.exists():
        torch.save(_train_gan(data, HELD_OUT), kept)
    found: dict[int, Tensor] = torch.load(kept)
    return {step: to_float(samples[:count]) for step, samples in found.items()}


def _train_gan(data: RealData, count: int) -> dict[int, Tensor]:
    channels, side, _ = data.train.domain.shape
    doublings = int(math.log2(side / (7 if side % 7 == 0 else 4)))
    start, width = side >> doublings, 32
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        up: list[nn.Module] = [nn.ConvTranspose2d(64, width << doublings, start), nn.BatchNorm2d(width << doublings)]
        down: list[nn.Module] = []
        for stage in range(doublings):
            inner = width << (doublings - stage - 1)
            last = stage == doublings - 1
            up += [nn.ReLU(), nn.ConvTranspose2d(2 * inner, channels if last else inner, 4, 2, 1)]
            up += [] if last else [nn.BatchNorm2d(inner)]
            outer = width << stage
            down += [nn.Conv2d(outer // 2 if stage else channels, outer, 4, 2, 1)]
            down += [nn.BatchNorm2d(outer)] * bool(stage) + [nn.LeakyReLU(0.2)]
        generator = nn.Sequential(*up, nn.Tanh())
        discriminator = nn.Sequential(*down, nn.Flatten(), nn.LazyLinear(1))
        real = to_float(data.train.values)
        discriminator(real[:2])  # gives the last layer its size
        players = [
            torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator)
        ]
        found = {}
        for step in range(1, max(MUSH_STEPS) + 1):
            made = generator(torch.randn(64, 64, 1, 1))
            chosen = real[torch.randint(len(real), (64,))]
            losses = [-logsigmoid(discriminator(chosen)).mean() - logsigmoid(-discriminator(made.detach())).mean()]
            players[1].zero_grad()
            losses[0].backward()
            players[1].step()
            loss = -logsigmoid(discriminator(made)).mean()
            players[0].zero_grad()
            loss.backward()
            players[0].step()
            if step in MUSH_STEPS:
                with torch.no_grad():
                    parts = [generator(part) for part in torch.randn(count, 64, 1, 1).split(100)]
                found[step] = to_uint8(torch.cat(parts))
    return found
