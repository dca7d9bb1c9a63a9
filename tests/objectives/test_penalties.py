"""Gradient penalties against discriminators whose gradient is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ganlab.objectives.penalties import r1, r2, wgan_gp


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("penalty", [r1, r2])
def test_linear_discriminator(penalty) -> None:  # type: ignore[no-untyped-def]
    """D(x) = w.x: the penalty is weight / 2 |w|^2, its gradient weight * w."""
    samples, w = draw(5, 1, 2, 3).requires_grad_(), draw(6, seed=1).requires_grad_()
    value = penalty(samples.flatten(1) @ w, samples, 10.0)
    torch.testing.assert_close(value, 5.0 * w.square().sum())
    torch.testing.assert_close(torch.autograd.grad(value, w)[0], 10.0 * w)


@pytest.mark.parametrize("penalty", [r1, r2])
def test_quadratic_discriminator(penalty) -> None:  # type: ignore[no-untyped-def]
    """D(x) = a |x|^2 / 2: gradient a x, penalty weight / 2 a^2 E |x|^2, its slope in a weight a E |x|^2."""
    samples, a = draw(7, 4).requires_grad_(), torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    value = penalty(a * samples.square().sum(1) / 2, samples, 3.0)
    mean_square = samples.detach().square().sum(1).mean()
    torch.testing.assert_close(value, 1.5 * 1.5**2 * mean_square)
    torch.testing.assert_close(torch.autograd.grad(value, a)[0], 3.0 * 1.5 * mean_square)


def test_wgan_gp_of_a_linear_discriminator() -> None:
    """D(x) = w.x: weight (|w| - 1)^2 wherever it is measured; 0 at |w| = 1; slope 2 weight (|w| - 1) w / |w|."""
    real, fake, mix = draw(5, 1, 2, 3), draw(5, 1, 2, 3, seed=1), torch.rand(5, dtype=torch.float64)
    w = draw(6, seed=2)
    for length in (1.0, 3.0):
        slope = (w / w.norm() * length).requires_grad_()
        value = wgan_gp(lambda x, slope=slope: x.flatten(1) @ slope, real, fake, mix, 10.0)
        torch.testing.assert_close(value.item(), 10 * (length - 1) ** 2, atol=1e-12, rtol=1e-7)
        expected = 20 * (length - 1) * slope.detach() / length
        torch.testing.assert_close(torch.autograd.grad(value, slope)[0], expected)


def test_wgan_gp_is_measured_between_the_pairs() -> None:
    """mix 1 is the real sample, 0 the fake one; nothing flows back to the samples."""
    real, fake = draw(3, 2).requires_grad_(), draw(3, 2, seed=1).requires_grad_()
    mix = torch.tensor([1.0, 0.0, 0.25], dtype=torch.float64)
    seen = []
    a = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)

    def discriminator(samples: Tensor) -> Tensor:
        seen.append(samples.detach())
        return a * samples.square().sum(1) / 2

    value = wgan_gp(discriminator, real, fake, mix, 2.0)
    expected = torch.stack([real[0], fake[1], 0.25 * real[2] + 0.75 * fake[2]]).detach()
    torch.testing.assert_close(seen, [expected])
    torch.testing.assert_close(value, 2 * (expected.norm(dim=1) - 1).square().mean())
    value.backward()
    assert real.grad is None
    assert fake.grad is None


def test_wgan_gp_of_a_flat_discriminator_is_finite() -> None:
    """At gradient 0 the norm has no derivative; the penalty is weight and its gradient must not be NaN."""
    w = torch.zeros(2, requires_grad=True)
    value = wgan_gp(lambda x: x @ w, torch.ones(3, 2), torch.zeros(3, 2), torch.rand(3), 10.0)
    assert value.item() == 10.0
    assert torch.autograd.grad(value, w)[0].isfinite().all()


def test_wgan_gp_leaves_autocast() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layer = torch.nn.Linear(2, 1)
        seen = []
        wgan_gp(
            lambda x: seen.append(layer(x)) or seen[-1].flatten(),
            torch.ones(3, 2),
            torch.zeros(3, 2),
            torch.rand(3),
            1.0,
        )
    assert seen[0].dtype == torch.float32
