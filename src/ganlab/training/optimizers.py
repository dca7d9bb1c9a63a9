"""Moving weights: one optimiser a network, its learning rate a function of the step."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ganlab.config.optimizer import AdamOptions, AdamWOptions, OptimizerOptions, RmsPropOptions, SgdOptions


def learning_rate(options: OptimizerOptions, step: int, steps: int) -> float:
    """Return the learning rate of a step, 1 to steps: `lr` at the first, falling towards 0 unless constant.

    linear: lr (1 - p); cosine: lr (1 + cos(pi p)) / 2 (Loshchilov & Hutter 2017, eq. 5), with p = (step - 1) / steps.
    """
    share = (step - 1) / steps
    if options.schedule == "linear":
        return options.lr * (1 - share)
    if options.schedule == "cosine":
        return options.lr * (1 + math.cos(math.pi * share)) / 2
    return options.lr


def build_optimizer(parameters: list[nn.Parameter], options: OptimizerOptions) -> torch.optim.Optimizer:
    """Return the optimiser that the options name, fused where PyTorch has it: one kernel instead of one a tensor."""
    if isinstance(options, AdamOptions):
        kind = torch.optim.AdamW if isinstance(options, AdamWOptions) else torch.optim.Adam
        fused = parameters[0].device.type in ("cpu", "cuda")
        return kind(
            parameters,
            lr=options.lr,
            betas=options.betas,
            eps=options.eps,
            weight_decay=options.weight_decay,
            fused=fused,
        )
    if isinstance(options, RmsPropOptions):
        return torch.optim.RMSprop(
            parameters,
            lr=options.lr,
            alpha=options.alpha,
            eps=options.eps,
            momentum=options.momentum,
            weight_decay=options.weight_decay,
        )
    assert isinstance(options, SgdOptions)
    return torch.optim.SGD(parameters, lr=options.lr, momentum=options.momentum, weight_decay=options.weight_decay)


class FusedAdam:
    """What `step` of a fused Adam or AdamW ends in, without what leads up to it: in a small network, that takes longer.

    The numbers are the same, as kernel and state are the optimiser's own.

    Args:
        optimizer: one that has taken a step with all its parameters.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        (self.group,) = optimizer.param_groups
        self.parameters: list[Tensor] = self.group["params"]
        states = [optimizer.state[parameter] for parameter in self.parameters]
        self.means, self.squares = ([state[key] for state in states] for key in ("exp_avg", "exp_avg_sq"))
        # One tensor counts the steps; each parameter's count is a view of it.
        self.count = torch.stack([state["step"] for state in states])
        self.steps = list(self.count.unbind())
        for state, step in zip(states, self.steps, strict=True):
            state["step"] = step
        self.kernel = torch._fused_adamw_ if isinstance(optimizer, torch.optim.AdamW) else torch._fused_adam_

    @staticmethod
    def fits(optimizer: torch.optim.Optimizer) -> bool:
        """Return whether there is nothing more to an optimiser's `step` than this and hooks around it."""
        return type(optimizer) in (torch.optim.Adam, torch.optim.AdamW) and optimizer.defaults["fused"]

    def step(self, gradients: list[Tensor]) -> None:
        """Move the parameters by their gradients, which hooks of stabilizers may change in place before."""
        for hook in self.optimizer._optimizer_step_pre_hooks.values():
            hook(self.optimizer, (), {})
        beta1, beta2 = self.group["betas"]
        self.count += 1
        self.kernel(
            self.parameters,
            gradients,
            self.means,
            self.squares,
            [],
            self.steps,
            lr=self.group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=self.group["weight_decay"],
            eps=self.group["eps"],
            amsgrad=False,
            maximize=False,
        )
        for hook in self.optimizer._optimizer_step_post_hooks.values():
            hook(self.optimizer, (), {})


class NetworkOptimizer:
    """One network's optimiser, learning rate and, for float16, gradient scaler."""

    def __init__(self, network: nn.Module, options: OptimizerOptions, steps: int, scaled: bool) -> None:
        self.parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.options = options
        self.steps = steps
        self.rate = options.lr
        self.optimizer = build_optimizer(self.parameters, options)
        self.scaler = torch.amp.GradScaler(self.parameters[0].device.type, enabled=scaled)
        self.fused: FusedAdam | None = None

    def set_step(self, step: int) -> None:
        """Set the learning rate to a step's, 1 to steps."""
        self.rate = learning_rate(self.options, step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate

    def minimise(self, loss: Tensor) -> None:
        """Move the weights one step down the loss, of shape (). Their gradients stay, unscaled, until the next step."""
        for parameter in self.parameters:
            parameter.grad = None
        if self.scaler.is_enabled():
            self.scaler.scale(loss).backward()
            self.scaler.unscale_(self.optimizer)
            self.scaler.step(self.optimizer)
            self.scaler.update()
        else:
            loss.backward()
            self._step()

    def _step(self) -> None:
        gradients = self.gradients()
        if len(gradients) < len(self.parameters):
            self.optimizer.step()
        elif self.fused is not None:
            with torch.no_grad():
                self.fused.step(gradients)
        else:
            self.optimizer.step()
            if FusedAdam.fits(self.optimizer):
                self.fused = FusedAdam(self.optimizer)

    def gradients(self) -> list[Tensor]:
        """Return the last update's gradients, of those parameters that have one."""
        return [parameter.grad for parameter in self.parameters if parameter.grad is not None]

    def gradient_norms(self) -> Sequence[Tensor]:
        """Return the Euclidean norms of the last update's gradients, one a parameter that has one, each ()."""
        return torch._foreach_norm(self.gradients())

    def tensors(self) -> dict[str, Tensor]:
        """Return the optimiser's state, named `<index of the parameter>/<what>`."""
        return {
            f"{index}/{key}": value
            for index, parameter in enumerate(self.parameters)
            for key, value in self.optimizer.state.get(parameter, {}).items()
            if isinstance(value, Tensor)
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take over a state that `tensors` returned, in each parameter's own memory layout.

        A parameter that no update has reached yet, as in networks that grow, has no state; none at all is one, too.

        Raises:
            ValueError: a tensor fits no parameter of this network, or a parameter has some of its tensors and not all.
        """
        kept, self.fused = self.kept(), None
        for name, value in tensors.items():
            index, _, key = name.partition("/")
            if not re.fullmatch(r"0|[1-9]\d{0,8}", index) or int(index) >= len(self.parameters) or key not in kept:
                raise ValueError(f"optimiser state {name!r} belongs to no parameter")
            parameter = self.parameters[int(index)]
            # A step count is a single number; fused optimisers want it on the parameter's device.
            shape = torch.Size() if key == "step" else parameter.shape
            if value.shape != shape or value.dtype != kept[key]:
                raise ValueError(
                    f"optimiser state {name!r} has shape {tuple(value.shape)} and type {value.dtype}, "
                    f"its parameter asks for {tuple(shape)} and {kept[key]}"
                )
            like = value if key == "step" else parameter
            target = torch.empty_like(like, device=parameter.device, requires_grad=False)
            self.optimizer.state[parameter][key] = target.copy_(value)
        reached = {name.partition("/")[0] for name in tensors}
        missing = {f"{index}/{key}" for index in reached for key in kept} - tensors.keys()
        if missing:
            raise ValueError(f"optimiser state {min(missing)!r} is missing")

    def kept(self) -> dict[str, torch.dtype]:
        """Return what the optimiser keeps of a parameter, and in which type: asked of one that has taken a step."""
        probe = nn.Parameter(torch.zeros(()))
        probe.grad = torch.zeros(())
        optimizer = build_optimizer([probe], self.options)
        optimizer.step()
        return {key: value.dtype for key, value in optimizer.state[probe].items() if isinstance(value, Tensor)}
