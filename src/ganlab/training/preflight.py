"""A look at the real data before the first step: what would hurt a GAN, said before it costs a run.

So are stabilizers that would never act.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganlab.config.data import LabelledOptions
from ganlab.config.experiment import Experiment
from ganlab.config.stabilizers import AugmentationOptions
from ganlab.data import RealData, Samples, to_float, to_uint8
from ganlab.data.selection import class_numbers, rare_classes
from ganlab.domain import Images, Points
from ganlab.networks import build_discriminator
from ganlab.randomness import seeded_generator

LOOK_BYTES = 2**26
"""Of larger data a random subset of this many bytes is looked at; MNIST (45 MiB) is looked at whole."""
LOOK_SAMPLES = 2**17
"""Samples looked at, at most: each is hashed on its own."""

NARROW = 1.0
"""Images that span no more than this of the 2.0 from -1 to 1 leave half of the generator's range unused."""
SMALL, LARGE = 0.1, 10.0
"""Root mean squares of coordinates between which a network that starts at scale 1 has no trouble."""
GREY_SHARE = 0.99
"""From this share of grey images on, the colour channels hold nothing."""
COPIES_SHARE = 0.01
"""Exact copies below this share are not reported: they affect neither training nor a held-out figure."""
STILL = 2
"""Grey levels, of 255, within which a pixel is the same in all images: what JPEG leaves of a black bar."""
ABRUPT = 0.25
"""Share of the pixels next to a still border that must differ from it before it counts as a frame.

MNIST's margin is still too, but its digits fade into it: over all classes, and subsets of them down to 65 images, at
most 2.3 % of those pixels differ. Beside the bars around a photograph nearly all do.
"""
INNER = 0.25
"""Share of an image's area that is too little to lie inside a still border, however it begins (MNIST: at least .62)."""
FEW_SAMPLES = 1000
"""Fewer training samples than this are few."""
MANY_EPOCHS = 200
"""Passes over the data after which a discriminator may overfit also where samples are not few.

A round number of ours; Karras et al. 2020 (section 2) show that the passes it takes depend on the data and their size.
"""


def preflight(data: RealData, experiment: Experiment) -> list[str]:
    """Return what in the real data would hurt a GAN, a sentence each: what, why it matters, what to do.

    Labels, numbers of samples and finiteness are judged on all training samples; the rest too up to LOOK_BYTES and
    LOOK_SAMPLES, and beyond them on a random subset fixed by the experiment's seed, as the sentences then say.

    Args:
        data: what the run sees, at least one training sample; images uint8, or floats meant to lie in [-1, 1].
        experiment: what is to be trained on them.
    """
    values = data.train.values
    noun = data.domain.noun
    train, held_out = _look(data.train, experiment), _look(data.held_out, experiment)
    scope = f"the {len(values):,} training {noun}"
    if len(train) < len(values):
        scope = f"{len(train):,} of {scope}, chosen at random,"
    found = [*_labels(data.train, experiment), *_few(len(values), experiment, noun), *_idle(experiment)]
    if values.is_floating_point():
        found += _not_finite(values, noun)
    found += _copies(train, held_out, scope, noun)
    if isinstance(data.domain, Points):
        return [*found, *_scale(train, scope)]
    if train.is_floating_point():
        found += _beyond_tanh(train, scope)
        train = to_uint8(train)
    return [*found, *_narrow(train, scope), *_grey(train, scope), *_blank(train, scope), *_border(train, scope)]


def _look(samples: Samples, experiment: Experiment) -> Tensor:
    """Return the values to look at: all, or a random subset in their order."""
    values = samples.values
    size = values[:1].numel() * values.element_size()
    count = min(len(values), LOOK_SAMPLES, max(1, LOOK_BYTES // max(1, size)))
    if count == len(values):
        return values
    order = torch.randperm(len(values), generator=seeded_generator(experiment.seed, "preflight"))
    return values[order[:count].sort().values]


def _labels(train: Samples, experiment: Experiment) -> Iterator[str]:
    """Classes that were asked for and are missing or rare."""
    options = experiment.data
    wanted = options.classes if isinstance(options, LabelledOptions) else None
    asked = class_numbers(wanted, train.class_names)
    counts = torch.bincount(train.labels, minlength=len(train.class_names))[asked].tolist()
    names = [train.class_names[number] for number in asked]
    largest = names[counts.index(max(counts))]
    if len(counts) > 1 and max(counts) == len(train):
        yield (
            f"all {len(train):,} training samples are of class {largest}, though {len(counts)} classes were asked for: "
            "the generator cannot learn what it never sees; check the labels and the folders"
        )
    elif rare := rare_classes(list(zip(names, counts, strict=True)), "training samples"):
        yield rare


def _few(count: int, experiment: Experiment, noun: str) -> Iterator[str]:
    """Fewer samples than the discriminator can learn by heart, seen often enough for that.

    A network with more weights than samples can fit any labelling of them (Zhang et al. 2017, section 4).
    """
    training = experiment.training
    epochs = training.steps * training.discriminator_steps * training.batch_size / count
    if epochs <= MANY_EPOCHS and (count >= FEW_SAMPLES or epochs < 1):
        return
    # Built again rather than on the meta device, which takes seconds to import.
    weights = sum(parameter.numel() for parameter in build_discriminator(experiment).parameters())
    if weights > count:
        augmented = any(isinstance(each, AugmentationOptions) for each in experiment.stabilizers)
        restraints = ["the penalty r1"] * (not any(each.of_gradients for each in experiment.penalties))
        restraints += ["the stabilizer diff_augment"] * (noun == Images.noun and not augmented)
        restrain = f", or restrain it with {' or '.join(restraints)}" if restraints else ""
        yield (
            f"{count:,} training {noun}, each seen about {epochs:,.0f} times, are few for a discriminator of "
            f"{weights:,} weights: it can learn them by heart, and the generator then copies them or stops learning; "
            f"add data, train fewer steps, or narrow the discriminator{restrain}"
        )


def _idle(experiment: Experiment) -> Iterator[str]:
    """Stabilizers whose time does not come."""
    training = experiment.training
    for number, stabilizer in enumerate(experiment.stabilizers):
        first = stabilizer.first_step(training.discriminator_steps)
        if first > training.steps:
            yield (
                f"{stabilizer.name} acts from step {first:,} on, and training ends at step {training.steps:,}: it "
                f"changes nothing; train longer, or change stabilizers.{number} so that it acts earlier"
            )


def _not_finite(values: Tensor, noun: str) -> Iterator[str]:
    """Samples with NaN or infinity in them."""
    bad = len(values) - int(torch.isfinite(values).flatten(1).all(dim=1).sum())
    if bad:
        yield (
            f"{bad:,} of the {len(values):,} training {noun} ({_percent(bad / len(values))}) hold NaN or infinity: one "
            "of them in a batch makes every weight NaN; remove them from the data"
        )


def _copies(train: Tensor, held_out: Tensor, scope: str, noun: str) -> Iterator[str]:
    """Exact copies among the training samples, and of training samples among the held-out ones."""
    keys, held_keys = _keys(train), _keys(held_out)
    copies = 1 - len(np.unique(keys)) / len(keys)
    if copies >= COPIES_SHARE:
        yield (
            f"{_percent(copies)} of {scope} are exact copies of others: the generator is drawn to what is repeated, "
            "and the discriminator learns it by heart first; keep one of each"
        )
    shared = float(np.isin(held_keys, keys).mean()) if len(held_keys) else 0.0
    if shared >= COPIES_SHARE:
        yield (
            f"{_percent(shared)} of {len(held_keys):,} held-out {noun} are exact copies of some of {scope} and measure "
            "nothing new: a generator that memorises and a discriminator that overfits both look better than they are; "
            "keep one of each"
        )


def _keys(values: Tensor) -> NDArray[np.int64]:
    """Return a number of 64 bits for each sample, the same for the same bytes."""
    rows = values.flatten(1).contiguous().numpy()
    if rows.itemsize * rows.shape[1] == 8:
        return rows.view(np.int64).ravel()
    return np.fromiter((hash(row.tobytes()) for row in rows), np.int64, len(rows))


def _scale(points: Tensor, scope: str) -> Iterator[str]:
    """Points far larger or smaller than what networks start with."""
    finite = points[torch.isfinite(points).all(dim=1)].double()
    scale = float(finite.square().mean().sqrt())
    if scale < SMALL or scale > LARGE:
        yield (
            f"the coordinates of {scope} have a root mean square of {scale:.3g}, far from the 1 or so at which "
            "networks start: until the generator has found that scale, it alone separates real from fake; centre the "
            "points and divide them to a root mean square near 1"
        )


def _beyond_tanh(images: Tensor, scope: str) -> Iterator[str]:
    """Float images with values that no generator of images can make."""
    beyond = float((images.abs() > 1).float().mean())
    if beyond:
        yield (
            f"{_percent(beyond)} of the values of {scope} lie outside -1 to 1 (lowest {float(images.min()):.3g}, "
            f"highest {float(images.max()):.3g}): the generator ends in tanh and cannot reach them, so that they alone "
            "separate real from fake; scale the images to -1 to 1, or store them as bytes"
        )


def _narrow(images: Tensor, scope: str) -> Iterator[str]:
    """Images that leave half of the grey levels or more unused; at either end one in a hundred may do otherwise."""
    flat = images.flatten(1)
    darkest, brightest = flat.amin(dim=1).float().quantile(0.01), flat.amax(dim=1).float().quantile(0.99)
    low, high = to_float(torch.stack([darkest, brightest]).to(torch.uint8)).tolist()
    if high - low <= NARROW:
        yield (
            f"{scope} use only {low:.2f} to {high:.2f} of the range from -1 to 1: the generator's tanh covers all of "
            "it, so that brightness alone separates real from fake at first; stretch the images to levels from 0 to 255"
        )


def _grey(images: Tensor, scope: str) -> Iterator[str]:
    """Grey images stored as colour."""
    if images.shape[1] != 3:
        return
    grey = float((images[:, :1] == images[:, 1:]).flatten(1).all(dim=1).float().mean())
    if grey >= GREY_SHARE:
        yield (
            f"{_percent(grey)} of {scope} are grey images stored as colour, with three equal channels: the generator's "
            "channels are never exactly equal, so that the slightest tint gives a fake away; set data.grayscale to "
            "true"
        )


def _blank(images: Tensor, scope: str) -> Iterator[str]:
    """Images of a single colour."""
    flat = images.flatten(2)
    blank = int((flat.amin(dim=2) == flat.amax(dim=2)).all(dim=1).sum())
    if blank:
        yield (
            f"{blank:,} of {scope} are of one single colour ({_percent(blank / len(images))}): often files gone wrong, "
            "and the easiest images for a generator to collapse to; remove them unless they are meant"
        )


def _border(images: Tensor, scope: str) -> Iterator[str]:
    """Rows and columns at the edges that never vary, where the picture begins abruptly or is small inside them."""
    low, high = images.amin(dim=0).numpy(), images.amax(dim=0).numpy()
    still = (high - low <= STILL).all(axis=0)
    if still.all():
        # One image, over and over: `_copies` reports that.
        return
    margins, abrupt = [], False
    for quarter in range(4):
        # Each side in turn becomes the top; NumPy turns views where torch would copy the images.
        turned = np.rot90(still, quarter)
        margin = int(turned.all(axis=1).argmin())
        margins.append(margin)
        if margin:
            varies = ~turned.all(axis=0)
            inside = np.rot90(images.numpy(), quarter, (2, 3))[:, :, margin][..., varies].astype(np.int16)
            edge = np.rot90(low, quarter, (1, 2))[:, margin - 1][..., varies]
            abrupt |= bool((np.abs(inside - edge) > STILL).mean() >= ABRUPT)
    top, right, bottom, left = margins
    height, width = still.shape
    inner = (height - top - bottom) * (width - left - right) / (height * width)
    if abrupt or inner < INNER:
        yield (
            f"a border is the same in all of {scope} ({top} pixels wide at the top, {bottom} at the bottom, {left} at "
            f"the left, {right} at the right; {_percent(inner)} of the area lie inside it): only real images have it "
            "exactly, so that it gives fakes away whatever the picture shows; crop it away"
        )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
