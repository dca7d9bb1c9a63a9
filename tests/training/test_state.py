from __future__ import annotations

from typing import Any

import pytest
import torch

from ganlab.training.state import State

CPU = torch.device("cpu")


def test_the_average_follows_its_formula(points: Any) -> None:
    state = State(points("training.ema=0.5"), CPU)
    assert state.average is not None
    weight = next(iter(state.generator.parameters()))
    mean = next(iter(state.average.parameters()))
    expected = mean.clone()
    for step in range(1, 30):
        with torch.no_grad():
            weight.add_(torch.randn_like(weight))
        state.step = step
        state.update_average()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight.detach()
        torch.testing.assert_close(mean, expected)


@pytest.mark.parametrize("batch", [4, 16, 64])
def test_half_of_the_old_average_is_left_after_its_half_life(points: Any, batch: int) -> None:
    """640 samples later, in however many steps; long after the start, where the average is shorter."""
    state = State(points("training.ema_half_life=640", f"training.batch_size={batch}"), CPU)
    assert state.average is not None
    weight, mean = next(iter(state.generator.parameters())), next(iter(state.average.parameters()))
    with torch.no_grad():
        weight.fill_(3.0)
        mean.fill_(5.0)
    for state.step in range(100_000, 100_000 + 640 // batch):
        state.update_average()
    torch.testing.assert_close(mean, torch.full_like(mean, 4.0))


def test_an_average_by_half_life_starts_as_fast_as_any(points: Any) -> None:
    state = State(points("training.ema_half_life=1000000"), CPU)
    assert state.average is not None
    weight, mean = next(iter(state.generator.parameters())), next(iter(state.average.parameters()))
    with torch.no_grad():
        weight.fill_(0.0)
        mean.fill_(1.0)
    state.step = 1
    state.update_average()
    torch.testing.assert_close(mean, torch.full_like(mean, 2 / 11))


def test_buffers_are_averaged_and_counters_copied(points: Any) -> None:
    state = State(points("training.ema=0.9"), CPU)
    assert state.average is not None
    live, mean = dict(state.generator.named_buffers()), dict(state.average.named_buffers())
    running = next(name for name in live if name.endswith("running_mean"))
    counter = next(name for name in live if name.endswith("num_batches_tracked"))
    live[running].fill_(1.0)
    live[counter].fill_(7)
    state.step = 1
    state.update_average()
    torch.testing.assert_close(mean[running], torch.full_like(mean[running], 1 - 2 / 11))
    assert int(mean[counter]) == 7


def test_no_average_where_none_is_asked_for(points: Any) -> None:
    assert State(points("training.ema=0"), CPU).average is None


def test_state_round_trip(images: Any) -> None:
    one, other = State(images(), CPU), State(images("seed=1"), CPU)
    one.step = 3
    for name, optimizer in one.optimizers.items():
        optimizer.minimise(sum(p.square().sum() for p in one.networks[name].parameters()))  # type: ignore[arg-type]
    other.load(one.tensors(), one.numbers())
    assert other.step == 3
    for name, value in one.tensors().items():
        assert torch.equal(value, other.tensors()[name]), name


def test_a_state_of_other_networks_is_refused(images: Any) -> None:
    wide, narrow = State(images("generator.width=8"), CPU), State(images(), CPU)
    with pytest.raises(ValueError, match="generator/"):
        narrow.load(wide.tensors(), wide.numbers())
    sgd = State(images("optimizer.generator.name=sgd"), CPU)
    with pytest.raises(ValueError, match="optimisers"):
        narrow.load(sgd.tensors(), sgd.numbers())
    with pytest.raises(ValueError, match="it holds"):
        narrow.load({}, narrow.numbers())


def test_the_average_of_spectral_norm_divides_by_the_live_singular_vectors(images: Any) -> None:
    """The mean of unit vectors is shorter than 1; with it every weight of the average would come out too large."""
    ours = State(images("generator.norm=spectral", "training.ema=0.9"), torch.device("cpu"))
    assert ours.average is not None
    vectors = [name for name, _ in ours.generator.named_buffers() if name.endswith(("._u", "._v"))]
    for ours.step in range(1, 4):
        with torch.no_grad():
            for name, buffer in ours.generator.named_buffers():
                if name in vectors:
                    buffer.copy_(torch.nn.functional.normalize(torch.randn_like(buffer), dim=0))
        ours.update_average()
    live, mean = dict(ours.generator.named_buffers()), dict(ours.average.named_buffers())
    assert vectors
    for name in vectors:
        assert torch.equal(mean[name], live[name])
