"""Everything of a run that is no function of the step: networks, moving average, optimisers."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.domain import Images
from ganlab.networks import build_discriminator, build_generator
from ganlab.objectives.parts import build_parts
from ganlab.training.optimizers import NetworkOptimizer


class State:
    """The two players and what moves them, after `step` training steps.

    Attributes:
        step: steps done so far; 0 before the first.
        generator, discriminator: the live networks, in train mode.
        average: exponential moving average of the generator (eval mode), or None if `training.ema` is 0.
    """

    def __init__(self, experiment: Experiment, device: torch.device) -> None:
        self.experiment = experiment
        self.device = device
        self.step = 0
        # Images lie channels-last in memory: the CPU's and the GPU's convolutions are faster that way.
        layout = torch.channels_last if isinstance(experiment.data.domain, Images) else torch.preserve_format
        self.generator = build_generator(experiment).to(device).to(memory_format=layout)
        self.discriminator = build_discriminator(experiment).to(device).to(memory_format=layout)
        self.parts = build_parts(experiment, device)
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False) if experiment.training.ema else None
        steps, scaled = experiment.training.steps, experiment.training.precision == "float16"
        self.generator_optimizer = NetworkOptimizer(self.generator, experiment.optimizer.generator, steps, scaled)
        self.discriminator_optimizer = NetworkOptimizer(
            self.discriminator, experiment.optimizer.discriminator, steps, scaled
        )
        for player, optimizer in self.optimizers.items():
            optimizer.optimizer = self.parts.wrap(player, optimizer.optimizer)

    @property
    def optimizers(self) -> dict[str, NetworkOptimizer]:
        """Both optimisers by the name of their player."""
        return {"generator": self.generator_optimizer, "discriminator": self.discriminator_optimizer}

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The networks by name, the average last, if there is one."""
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        return networks if self.average is None else {**networks, "average": self.average}

    def update_average(self) -> None:
        """Move the average towards the live generator, decay min(ema_decay, (1 + t) / (10 + t)) at step t.

        Floating-point buffers are averaged as the weights are; integer ones are copied, and so are the vectors of
        spectral norm: their mean is shorter than 1, and would make the weights that are divided by it too large.
        """
        if self.average is None:
            return
        decay = min(self.experiment.training.ema_decay, (1 + self.step) / (10 + self.step))
        means, values, copied = self._averaged
        with torch.no_grad():
            torch._foreach_lerp_(means, values, 1 - decay)
        for mean, value in copied:
            mean.copy_(value)

    @cached_property
    def _averaged(self) -> tuple[list[Tensor], list[Tensor], list[tuple[Tensor, Tensor]]]:
        """The means, what each is the mean of, and pairs of the average's other tensors and the generator's.

        Listed once: training changes tensors in place.
        """
        assert self.average is not None
        live, average = all_tensors(self.generator), all_tensors(self.average)
        means = {name: mean for name, mean in average.items() if is_averaged(name, mean)}
        others = [(mean, live[name]) for name, mean in average.items() if name not in means]
        return list(means.values()), [live[name] for name in means], others

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor of the state by name: `<network>/...`, `optimizer/<player>/...`, `game/<part>/...`."""
        found = {
            f"{name}/{key}": value
            for name, network in self.networks.items()
            for key, value in network.state_dict().items()
        }
        for name, optimizer in self.optimizers.items():
            found.update({f"optimizer/{name}/{key}": value for key, value in optimizer.tensors().items()})
        for name, part in self.parts.by_name.items():
            found.update({f"game/{name}/{key}": value for key, value in part.state().items()})
        return found

    def numbers(self) -> dict[str, Any]:
        """Return what is not a tensor: the step, the optimisers' kinds and their gradient scalers."""
        return {
            "step": self.step,
            "optimizers": {name: type(each.optimizer).__name__ for name, each in self.optimizers.items()},
            "scalers": {name: each.scaler.state_dict() for name, each in self.optimizers.items()},
        }

    def load(self, tensors: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        """Take over a state that `tensors` and `numbers` returned.

        Raises:
            ValueError: a tensor is missing, unknown or of another shape or type than this experiment's.
        """
        groups: dict[str, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            group, _, key = name.partition("/")
            groups.setdefault(group, {})[key] = value
        if numbers["optimizers"] != self.numbers()["optimizers"]:
            raise ValueError(f"its optimisers are {numbers['optimizers']}")
        states = _by_owner(groups.pop("optimizer", {}), self.optimizers, "an optimiser")
        kept = _by_owner(groups.pop("game", {}), self.parts.by_name, "a part")
        if set(groups) != set(self.networks):
            raise ValueError(f"it holds {sorted(groups)}, and this experiment has {sorted(self.networks)}")
        for name, network in self.networks.items():
            load_network(name, network, groups[name])
        for name, part in self.parts.by_name.items():
            require_alike(f"game/{name}", part.state(), kept[name])
            part.load(kept[name])
        for name, optimizer in self.optimizers.items():
            # A scaler may have skipped every step so far.
            if numbers["step"] and not states[name] and optimizer.kept() and not optimizer.scaler.is_enabled():
                raise ValueError(f"the state of the {name}'s optimiser is missing")
            optimizer.load(states[name])
            scaler, own = numbers["scalers"][name], optimizer.scaler.state_dict()
            if {key: type(value) for key, value in scaler.items()} != {key: type(own[key]) for key in own}:
                raise ValueError(f"the {name}'s gradient scaler is {scaler}")
            optimizer.scaler.load_state_dict(scaler)
        self.step = numbers["step"]


def _by_owner(tensors: dict[str, Tensor], owners: Collection[str], kind: str) -> dict[str, dict[str, Tensor]]:
    """Sort tensors named `<owner>/...` by owner; who has none gets an empty group."""
    found: dict[str, dict[str, Tensor]] = {owner: {} for owner in owners}
    for name, value in tensors.items():
        owner, _, key = name.partition("/")
        if owner not in found:
            raise ValueError(f"it holds the state of {kind} {owner!r}")
        found[owner][key] = value
    return found


def all_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the network's parameters and buffers by name."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def is_averaged(name: str, tensor: Tensor) -> bool:
    """Return whether a moving average of this parameter or buffer means something."""
    return tensor.is_floating_point() and not (".parametrizations." in name and name.endswith(("._u", "._v")))


def load_network(name: str, network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy tensors into a network after checking every name, shape and type.

    A network on the meta device, which has shapes but no memory, is given memory on the CPU once all is checked.

    Raises:
        ValueError: they are not this network's.
    """
    require_alike(name, network.state_dict(), tensors)
    if next(network.parameters()).is_meta:
        network.to_empty(device="cpu")
    network.load_state_dict(tensors)


def require_alike(name: str, own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError unless tensors have the names, shapes and types of a network's or part's own."""
    if set(own) != set(tensors):
        odd = sorted(set(own) ^ set(tensors))
        raise ValueError(f"the {name}'s tensors differ from this experiment's: {', '.join(odd[:5])}")
    for key, value in tensors.items():
        if own[key].shape != value.shape or own[key].dtype != value.dtype:
            raise ValueError(
                f"{name}/{key} is {value.dtype} {tuple(value.shape)}, and this experiment's is "
                f"{own[key].dtype} {tuple(own[key].shape)}"
            )
