"""Which samples of a data set a run trains on and which it never sees: classes, held-out share, fraction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganlab.config.data import TestSplitOptions, held_out_size, tail
from ganlab.data.samples import RealData, Samples
from ganlab.domain import Images
from ganlab.errors import DataError
from ganlab.randomness import seeded_generator

RESIZE_CHUNK = 1024
"""Images resized at a time, so that the temporary memory stays small."""
RARE = 0.1
"""A class smaller than this share of the mean class is rare."""
NAMED = 10
"""Rare classes that a warning names, at most."""


def class_numbers(classes: Sequence[int | str] | None, names: Sequence[str]) -> list[int]:
    """Return the class numbers, ascending, that `classes` names by number or by name; all of them if it is None.

    Raises:
        DataError: a class that is not among `names`.
    """
    if classes is None:
        return list(range(len(names)))
    numbers, unknown = [], []
    for entry in classes:
        number = names.index(entry) if isinstance(entry, str) and entry in names else entry
        if isinstance(number, int) and 0 <= number < len(names):
            numbers.append(number)
        else:
            unknown.append(entry)
    if unknown:
        listed = ", ".join(str(i) if str(i) == name else f"{i} ({name})" for i, name in enumerate(names[:50]))
        more = f" and {len(names) - 50} more" if len(names) > 50 else ""
        raise DataError(
            f"data.classes: {', '.join(map(repr, unknown))} is not among the {len(names)} classes of this data set",
            f"its classes, by number and name, are {listed}{more}",
        )
    return sorted(set(numbers))


def rare_classes(classes: Sequence[tuple[str, int]], noun: str) -> str | None:
    """Return a warning that some classes are rare, with what to do about it; None if none is.

    Args:
        classes: name of each, and how many samples there are of it; at least one class.
        noun: what they are called: `training samples`.
    """
    mean = sum(count for _, count in classes) / len(classes)
    rare = [f"{name}: {count:,}" for name, count in classes if count < RARE * mean]
    if not rare:
        return None
    more = f" and {len(rare) - NAMED} more" if len(rare) > NAMED else ""
    return (
        f"{len(rare)} of the {len(classes)} classes {'has' if len(rare) == 1 else 'have'} under a tenth of the mean "
        f"class's {mean:,.0f} {noun} ({', '.join(rare[:NAMED])}{more}): a generator loses next to nothing by leaving "
        f"rare classes out, and its samples then look like mode collapse; add {noun} of them, or leave them out "
        "(data.classes)"
    )


def hold_out(rows: Tensor, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Split row numbers (N,) at random by `seed` into (training, held out), each in the order of `rows`."""
    order = torch.randperm(len(rows), generator=seeded_generator(seed, "held_out"))
    held = held_out_size(len(rows), share)
    return rows[order[held:].sort().values], rows[order[:held].sort().values]


def subset(rows: Tensor, fraction: float, seed: int) -> Tensor:
    """Return a random share of row numbers (N,), fixed by `seed`, in their order; a smaller share lies in a larger."""
    order = torch.randperm(len(rows), generator=seeded_generator(seed, "subset"))
    return rows[order[: int(len(rows) * fraction)].sort().values]


def rows_of(labels: Tensor, classes: Sequence[int], options: TestSplitOptions) -> Tensor:
    """Return the ascending row numbers of these classes in `labels` (N,), each thinned out as `imbalance` says."""
    shares = zip(classes, tail(len(classes), options.imbalance), strict=True)
    kept = [subset((labels == number).nonzero().flatten(), share, options.seed) for number, share in shares]
    return torch.cat(kept).sort().values


def take(samples: Samples, rows: Tensor) -> Samples:
    """Return the samples in ascending `rows`, without a copy where that is all of them."""
    if len(rows) == len(samples):
        return samples
    return replace(samples, values=samples.values[rows], labels=samples.labels[rows])


def fingerprint(identity: str, rows: Tensor) -> str:
    """Return SHA-256, in hex, over what the source is and which of its rows are trained on."""
    return hashlib.sha256(identity.encode() + b"\0" + rows.numpy().tobytes()).hexdigest()


def select(options: TestSplitOptions, train: Samples, test: Samples, identity: str) -> RealData:
    """Reduce an image set with its own test split to what `options` ask for, and resize the rest.

    Args:
        options: classes, held-out part, fraction, image size.
        train: the whole training split.
        test: the whole test split; if `held_out` is `test`, it is held out, limited to the same classes.
        identity: a text that no other pair of splits has.
    """
    numbers = class_numbers(options.classes, train.class_names)
    rows = rows_of(train.labels, numbers, options)
    if options.held_out == "test":
        held_out = take(test, rows_of(test.labels, numbers, options))
    else:
        rows, held_rows = hold_out(rows, options.held_out, options.seed)
        held_out = take(train, held_rows)
    rows = subset(rows, options.fraction, options.seed)
    return RealData(
        train=_resized(take(train, rows), options.domain),
        held_out=_resized(held_out, options.domain),
        fingerprint=fingerprint(f"{identity} at {options.image_size} px", rows),
    )


def _resized(samples: Samples, domain: Images) -> Samples:
    """Return images of bytes at another size: bilinear, antialiased, by torch's own kernel for uint8."""
    if samples.domain == domain:
        return samples
    size = (domain.height, domain.width)
    values = torch.empty((len(samples), *domain.shape), dtype=torch.uint8)
    for start in range(0, len(values), RESIZE_CHUNK):
        source = samples.values[start : start + RESIZE_CHUNK]
        values[start : start + RESIZE_CHUNK] = interpolate(source, size, mode="bilinear", antialias=True)
    return replace(samples, values=values, domain=domain)
