"""How each network's weights are moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ganlab.config.base import Options, union

Beta = Annotated[float, Field(ge=0.0, lt=1.0)]


class OptimizerOptions(Options):
    """What every optimiser understands."""

    lr: Annotated[float, Field(gt=0.0, le=100.0)] = 2e-4
    """Learning rate at the start."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """How the learning rate goes from `lr` at the first step towards 0 after the last: a function of the step."""
    weight_decay: Annotated[float, Field(ge=0.0, le=100.0)] = 0.0
    """L2 penalty on the weights (adamw: decoupled decay)."""


class AdamOptions(OptimizerOptions):
    """Adam (Kingma & Ba 2015); the default betas and rate are DCGAN's."""

    name: Literal["adam"] = "adam"
    betas: Annotated[tuple[Beta, Beta], Field(strict=False)] = (0.5, 0.999)
    """Decay of the running mean of gradients and of their squares."""
    eps: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-8
    """Added to the denominator."""


class AdamWOptions(AdamOptions):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""

    name: Literal["adamw"]  # type: ignore[assignment]
    weight_decay: Annotated[float, Field(ge=0.0, le=100.0)] = 0.01
    """Decoupled decay of the weights, times the learning rate, at each step."""


class RmsPropOptions(OptimizerOptions):
    """RMSprop (Tieleman & Hinton 2012)."""

    name: Literal["rmsprop"]
    alpha: Beta = 0.99
    """Decay of the running mean of squared gradients."""
    eps: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-8
    """Added to the denominator."""
    momentum: Beta = 0.0
    """Momentum of the update."""


class SgdOptions(OptimizerOptions):
    """Stochastic gradient descent."""

    name: Literal["sgd"]
    lr: Annotated[float, Field(gt=0.0, le=100.0)] = 1e-2
    """Learning rate at the start."""
    momentum: Beta = 0.0
    """Momentum of the update."""


OPTIMIZERS: dict[str, type[OptimizerOptions]] = {
    "adam": AdamOptions,
    "adamw": AdamWOptions,
    "rmsprop": RmsPropOptions,
    "sgd": SgdOptions,
}

if TYPE_CHECKING:
    Optimizer = OptimizerOptions
else:
    Optimizer = Annotated[union(OPTIMIZERS.values()), Field(discriminator="name")]


class OptimizersOptions(Options):
    """Each network has its own optimiser. An override `optimizer.lr=...` sets both."""

    generator: Optimizer = AdamOptions()
    """The generator's optimiser."""
    discriminator: Optimizer = AdamOptions()
    """The discriminator's optimiser."""
