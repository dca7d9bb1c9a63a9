from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from ganlab.config.optimizer import OPTIMIZERS
from ganlab.training.optimizers import NetworkOptimizer, build_optimizer, learning_rate


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.1, 0.1, 0.1]),
        ("linear", [0.1, 0.05, 0.1 * (1 - 99 / 100)]),
        ("cosine", [0.1, 0.05, 0.05 * (1 + math.cos(math.pi * 0.99))]),
    ],
)
def test_schedules_are_functions_of_the_step(schedule: str, expected: list[float]) -> None:
    options = OPTIMIZERS["sgd"](name="sgd", lr=0.1, schedule=schedule)  # type: ignore[call-arg, arg-type]
    assert [learning_rate(options, step, 100) for step in (1, 51, 100)] == pytest.approx(expected)


REFERENCES = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.999), eps=1e-8),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.5, 0.999), eps=1e-8, weight_decay=0.01),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-8),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
}


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_updates_are_those_of_pytorch(name: str) -> None:
    torch.manual_seed(0)
    ours = nn.Linear(5, 3)
    theirs = nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    options = OPTIMIZERS[name](name=name, lr=0.01)  # type: ignore[call-arg]
    optimizer, reference = NetworkOptimizer(ours, options, 10, scaled=False), REFERENCES[name](theirs.parameters())
    for step in range(1, 6):
        x = torch.randn(4, 5)
        optimizer.set_step(step)
        optimizer.minimise(ours(x).square().mean())
        reference.zero_grad()
        theirs(x).square().mean().backward()
        reference.step()
        norm = torch.cat([p.grad.flatten() for p in theirs.parameters() if p.grad is not None]).norm()
        assert float(torch.stack(optimizer.gradient_norms()).norm()) == pytest.approx(float(norm), rel=1e-5)
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_a_restored_optimizer_goes_on_bit_for_bit(name: str) -> None:
    def network() -> nn.Conv2d:
        torch.manual_seed(1)
        return nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    options = OPTIMIZERS[name](name=name, lr=0.01)  # type: ignore[call-arg]
    inputs = torch.randn(6, 2, 5, 5, generator=torch.Generator().manual_seed(2))

    def train(net: nn.Conv2d, optimizer: NetworkOptimizer, steps: range) -> None:
        for step in steps:
            optimizer.set_step(step)
            optimizer.minimise(net(inputs[step - 1 : step]).square().mean())

    whole = network()
    train(whole, NetworkOptimizer(whole, options, 6, scaled=False), range(1, 7))

    first = network()
    before = NetworkOptimizer(first, options, 6, scaled=False)
    train(first, before, range(1, 4))
    second = network()
    second.load_state_dict(first.state_dict())
    after = NetworkOptimizer(second, options, 6, scaled=False)
    after.load({key: value.clone().contiguous() for key, value in before.tensors().items()})
    train(second, after, range(4, 7))
    assert torch.equal(whole.weight, second.weight)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_steps_past_the_optimizers_own_are_the_same_to_the_last_bit(name: str) -> None:
    """Also if a parameter has no gradient at times, and after the state was loaded."""
    ours, theirs = ((torch.manual_seed(1), nn.Linear(33, 7))[1] for _ in range(2))
    options = OPTIMIZERS[name](name=name, lr=0.01, schedule="linear", weight_decay=0.1)  # type: ignore[call-arg]
    optimizer = NetworkOptimizer(ours, options, 30, scaled=False)
    reference = build_optimizer(list(theirs.parameters()), options)
    for step in range(1, 31):
        x = torch.randn(4, 33)
        optimizer.set_step(step)
        reference.param_groups[0]["lr"] = learning_rate(options, step, 30)
        bias = step % 5 > 0
        optimizer.minimise(functional.linear(x, ours.weight, ours.bias if bias else None).square().mean())
        reference.zero_grad()
        functional.linear(x, theirs.weight, theirs.bias if bias else None).square().mean().backward()
        reference.step()
        if step == 12:
            optimizer.load({key: value.clone() for key, value in optimizer.tensors().items()})
        for kind, value in reference.state[theirs.bias].items():
            assert torch.equal(optimizer.optimizer.state[ours.bias][kind], value), (step, kind)
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)
    assert (optimizer.fused is not None, float(optimizer.tensors()["1/step"])) == (True, 24.0)


def test_foreign_state_is_refused() -> None:
    optimizer = NetworkOptimizer(nn.Linear(5, 3), OPTIMIZERS["adam"](), 10, scaled=False)
    with pytest.raises(ValueError, match="belongs to no parameter"):
        optimizer.load({"9/exp_avg": torch.zeros(3)})
    with pytest.raises(ValueError, match="has shape"):
        optimizer.load({"0/exp_avg": torch.zeros(3)})


def test_a_parameter_has_all_of_its_state_or_none() -> None:
    network = nn.Linear(5, 3)
    optimizer = NetworkOptimizer(network, OPTIMIZERS["adam"](), 10, scaled=False)
    optimizer.minimise(network(torch.ones(2, 5)).square().mean())
    weight_only = {name: value for name, value in optimizer.tensors().items() if name.startswith("0/")}
    fresh = NetworkOptimizer(network, OPTIMIZERS["adam"](), 10, scaled=False)
    fresh.load(weight_only)
    assert fresh.tensors().keys() == weight_only.keys()
    for name in weight_only:
        with pytest.raises(ValueError, match=f"{name}' is missing"):
            fresh.load({key: value for key, value in weight_only.items() if key != name})
