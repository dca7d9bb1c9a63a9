from __future__ import annotations

import hashlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganlab.data.sampler import Sampler

GOLDEN_FIRST = [867, 5818, 3166, 3533]
GOLDEN_EPOCHS = "d6493baa20a1b8fc"
GOLDEN_REPLACEMENT = "6164b4304afb6b5b"


def _checksum(sampler: Sampler, batches: range) -> str:
    return hashlib.sha256(torch.cat([sampler.indices(b) for b in batches]).numpy().tobytes()).hexdigest()[:16]


@given(size=st.integers(1, 60), batch=st.integers(1, 60), seed=st.integers(0, 2**63 - 1), epochs=st.integers(1, 4))
def test_every_sample_appears_exactly_once_an_epoch(size: int, batch: int, seed: int, epochs: int) -> None:
    batch = min(batch, size)
    sampler = Sampler(size, batch, "epochs", seed)
    batches = [sampler.indices(b) for b in range(-(-size * epochs // batch))]
    assert all(b.shape == (batch,) and b.dtype == torch.int64 for b in batches)
    stream = torch.cat(batches)
    for epoch in range(epochs):
        one = stream[epoch * size : (epoch + 1) * size]
        assert one.sort().values.tolist() == list(range(size))


@given(start=st.lists(st.integers(0, 300), min_size=1, max_size=12))
def test_a_batch_is_the_same_in_whatever_order_batches_are_asked_for(start: list[int]) -> None:
    for sampling in ("epochs", "with_replacement"):
        asked = Sampler(50, 7, sampling, seed=3)
        for batch in start:
            fresh = Sampler(50, 7, sampling, seed=3)
            assert torch.equal(asked.indices(batch), fresh.indices(batch))


def test_epochs_seeds_and_batches_differ() -> None:
    sampler = Sampler(1000, 1000, "epochs", seed=0)
    assert not torch.equal(sampler.indices(0), sampler.indices(1))
    assert not torch.equal(sampler.indices(0), Sampler(1000, 1000, "epochs", seed=1).indices(0))
    drawn = Sampler(1000, 100, "with_replacement", seed=0)
    assert not torch.equal(drawn.indices(0), drawn.indices(1))


def test_with_replacement_is_uniform_and_repeats_samples() -> None:
    sampler = Sampler(10, 10, "with_replacement", seed=0)
    stream = torch.cat([sampler.indices(b) for b in range(1000)])
    counts = torch.bincount(stream, minlength=10)
    # Each count is binomial(10,000, .1): mean 1,000, standard deviation 30.
    assert (counts - 1000).abs().max() < 120
    assert any(len(sampler.indices(b).unique()) < 10 for b in range(5))


def test_the_order_is_the_one_of_earlier_versions() -> None:
    """Golden: a change here changes every recorded run."""
    assert Sampler(5851, 64, "epochs", seed=0).indices(0)[:4].tolist() == GOLDEN_FIRST
    assert _checksum(Sampler(5851, 64, "epochs", seed=0), range(200)) == GOLDEN_EPOCHS
    assert _checksum(Sampler(5851, 64, "with_replacement", seed=0), range(200)) == GOLDEN_REPLACEMENT


@pytest.mark.parametrize(("size", "batch"), [(3, 4), (0, 1), (4, 0)])
def test_a_batch_that_cannot_be_drawn_is_refused(size: int, batch: int) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        Sampler(size, batch, "epochs", seed=0)
