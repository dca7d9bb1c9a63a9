from __future__ import annotations

import pytest
import torch
from torch.nn.functional import interpolate

from ganlab.config.data import MnistOptions
from ganlab.data import selection
from ganlab.data.mnist import unpack
from ganlab.data.samples import Samples
from ganlab.data.selection import class_numbers, fingerprint, hold_out, rare_classes, select, subset
from ganlab.domain import Images
from ganlab.errors import DataError

NAMES = ("cat", "dog", "3")
GOLDEN_HELD = "4557aab19c1b11e5"
GOLDEN_SUBSET = "a4936f8c12f362ad"


def test_classes_are_named_by_number_or_by_name() -> None:
    assert class_numbers(None, NAMES) == [0, 1, 2]
    assert class_numbers(("dog", 0), NAMES) == [0, 1]
    assert class_numbers(("3",), NAMES) == [2]
    assert class_numbers((2, "3"), NAMES) == [2]


@pytest.mark.parametrize("wrong", [3, -1, "horse", "0"])
def test_an_unknown_class_is_refused_with_those_there_are(wrong: int | str) -> None:
    with pytest.raises(DataError, match=rf"{wrong!r} is not among the 3 classes") as refused:
        class_numbers(("cat", wrong), NAMES)
    assert refused.value.hint == "its classes, by number and name, are 0 (cat), 1 (dog), 2 (3)"


def test_of_very_many_classes_the_first_are_listed() -> None:
    with pytest.raises(DataError) as refused:
        class_numbers(("x",), [f"n{i}" for i in range(1000)])
    assert refused.value.hint.endswith("49 (n49) and 950 more")


def test_classes_under_a_tenth_of_the_mean_are_named_ten_at_most() -> None:
    common = [(f"c{i}", 1000) for i in range(88)]
    rare = [(f"r{i}", 10) for i in range(12)]
    said = rare_classes([*common, *rare], "images")
    assert said is not None
    assert said.startswith("12 of the 100 classes have under a tenth of the mean class's 881 images (r0: 10, r1: 10, ")
    assert "r9: 10 and 2 more)" in said
    assert rare_classes([("cat", 190), ("dog", 10)], "images") is None, "a tenth is not under a tenth"
    assert rare_classes([("cat", 191), ("dog", 9)], "images") is not None


def test_held_out_rows_are_never_trained_on_and_none_is_lost() -> None:
    rows = torch.arange(100, 1100, 2)
    train, held = hold_out(rows, 0.05, seed=0)
    assert len(held) == 25
    assert torch.equal(torch.cat([train, held]).sort().values, rows)
    assert torch.equal(train, train.sort().values)
    assert torch.equal(held, held.sort().values)


def test_a_held_out_share_takes_at_least_one() -> None:
    train, held = hold_out(torch.arange(5), 0.05, seed=0)
    assert (len(train), len(held)) == (4, 1)


def test_a_smaller_fraction_lies_in_a_larger_one_and_is_fixed_by_the_seed() -> None:
    rows = torch.arange(1000)
    small, large = subset(rows, 0.1, seed=0), subset(rows, 0.5, seed=0)
    assert (len(small), len(large)) == (100, 500)
    assert torch.isin(small, large).all()
    assert torch.equal(small, small.sort().values)
    assert torch.equal(small, subset(rows, 0.1, seed=0))
    assert not torch.equal(small, subset(rows, 0.1, seed=1))
    assert torch.equal(subset(rows, 1.0, seed=0), rows)


def test_the_selection_is_the_one_of_earlier_versions() -> None:
    """Golden: a change here changes every recorded run."""
    train, held = hold_out(torch.arange(1000), 0.05, seed=0)
    assert fingerprint("held out", held)[:16] == GOLDEN_HELD
    assert fingerprint("subset", subset(train, 0.5, seed=0))[:16] == GOLDEN_SUBSET


def test_images_are_resized_whatever_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "RESIZE_CHUNK", 4)
    images, labels = (torch.from_numpy(each[:10]) for each in unpack())
    whole = Samples(images[:, None], labels, tuple(map(str, range(10))), Images(1, 28, 28))
    options = MnistOptions(name="mnist", image_size=16, held_out="test")
    found = select(options, whole, whole, "digits").held_out
    expected = interpolate(images[:, None], (16, 16), mode="bilinear", antialias=True)
    assert torch.equal(found.values, expected)
