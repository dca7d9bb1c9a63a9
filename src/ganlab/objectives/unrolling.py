"""A generator that plays against the discriminator of k updates later (Metz et al. 2017)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganlab.config.stabilizers import UnrollingOptions
from ganlab.objectives.parts import Contest, Score, Stabilizer

Weights = Mapping[str, Tensor]
"""Weights by name."""

SMALLEST_SQUARE = 1e-30
"""Below it, Adam's mean of squares counts as this in a root, whose slope at 0 is infinite."""


class Unrolling(Stabilizer[UnrollingOptions]):
    """The surrogate objective f_k (section 2.2, eq. 5): f(theta_G, theta_D^k(theta_G, theta_D)).

    theta_D^i is one update of the discriminator's own optimiser after theta_D^(i-1) (eq. 4), with the moments that it
    has; the generator's gradient passes through all k updates, also through these moments. The discriminator itself,
    its optimiser and its batch statistics stay as they are.
    """

    foresees: ClassVar[bool] = True

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Remember the discriminator's optimiser, whose updates are foreseen."""
        if player == "discriminator":
            self.optimizer = optimizer
        return optimizer

    def opponent(self, contest: Contest) -> Score:
        """Return the discriminator after the foreseen updates, differentiable by the fakes that these look at."""
        discriminator, optimizer = contest.discriminator, self.optimizer
        fixed = {name: buffer.clone() for name, buffer in discriminator.named_buffers()}
        weights: Weights = {name: weight.detach().requires_grad_() for name, weight in discriminator.named_parameters()}
        update = foreseen(optimizer, dict(discriminator.named_parameters()))
        for _ in range(self.options.steps):
            loss = contest.discriminator_loss(judging(discriminator, weights, fixed))
            gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
            weights = update(weights, dict(zip(weights, gradients, strict=True)))
        return judging(discriminator, weights, fixed)


def judging(discriminator: nn.Module, weights: Weights, buffers: Weights) -> Score:
    """Return the discriminator with other weights and buffers; its own stay as they are."""
    return lambda samples: functional_call(discriminator, {**weights, **buffers}, (samples,))


def foreseen(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, Tensor]
) -> Callable[[Weights, Weights], Weights]:
    """Return what an optimiser would do next, differentiably: (weights, gradients) -> weights, call after call.

    Args:
        optimizer: Adam without weight decay (Kingma & Ba 2015, algorithm 1), or plain gradient descent.
        parameters: the weights that it moves, by name.
    """
    (group,) = optimizer.param_groups
    rate: float = group["lr"]
    if not isinstance(optimizer, torch.optim.Adam):

        def descend(weights: Weights, gradients: Weights) -> Weights:
            return {name: weight - rate * gradients[name] for name, weight in weights.items()}

        return descend

    (beta1, beta2), eps = group["betas"], group["eps"]
    states = {name: optimizer.state.get(parameter, {}) for name, parameter in parameters.items()}
    means = {name: state["exp_avg"] if state else torch.zeros_like(parameters[name]) for name, state in states.items()}
    squares = {
        name: state["exp_avg_sq"] if state else torch.zeros_like(parameters[name]) for name, state in states.items()
    }
    counts = {name: state["step"] if state else torch.zeros(()) for name, state in states.items()}

    def adapt(weights: Weights, gradients: Weights) -> Weights:
        moved = {}
        for name, weight in weights.items():
            gradient, count = gradients[name], counts[name] + 1
            mean = means[name] = beta1 * means[name] + (1 - beta1) * gradient
            square = squares[name] = beta2 * squares[name] + (1 - beta2) * gradient.square()
            counts[name] = count
            root = (square / (1 - beta2**count)).clamp(min=SMALLEST_SQUARE).sqrt()
            moved[name] = weight - rate * mean / (1 - beta1**count) / (root + eps)
        return moved

    return adapt
