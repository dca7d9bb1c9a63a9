"""Row 6: NaN or Inf in each loss, layer, gradient and parameter at chosen steps: named, never masked, never saved."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganlab.config.objectives import LOSSES
from ganlab.objectives import adversarial
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.training import session
from ganlab.training.checkpoint import checkpoint_path, checkpoint_steps, read_checkpoint
from ganlab.training.optimizers import NetworkOptimizer
from ganlab.training.state import State

STEPS = 8
OVERRIDES = {
    "points": (f"training.steps={STEPS}", "monitor.checkpoint_every=4", "monitor.snapshot_every=4"),
    "images": (
        f"training.steps={STEPS}",
        "monitor.checkpoint_every=4",
        "monitor.snapshot_every=4",
        "training.batch_size=4",
    ),
}

Poison = Callable[[torch.Tensor], torch.Tensor]


class Fault:
    """Puts a bad value somewhere at one step of every run of this process, so that a replay meets it again."""

    def __init__(self, step: int, value: float) -> None:
        self.step = step
        self.value = value
        self.now = 0
        fault, set_step = self, NetworkOptimizer.set_step

        def counting(self: NetworkOptimizer, step: int) -> None:
            fault.now = step
            set_step(self, step)

        NetworkOptimizer.set_step = counting  # type: ignore[method-assign]

    def into_all(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the tensor, with its first element bad at the chosen step."""
        if self.now != self.step:
            return tensor
        bad = torch.zeros_like(tensor)
        bad[(0,) * bad.dim()] = self.value
        return tensor + bad

    def into_loss(self, name: str, part: str) -> None:
        """Poison one function of the loss: `of_reals`, `of_fakes` or `of_generator`."""
        attribute = LOSSES[name].made_by.partition(":")[2]
        loss = getattr(adversarial, attribute)
        function = getattr(loss, part)

        def poisoned(*arguments: Any) -> torch.Tensor:
            return self.into_all(function(*arguments))

        setattr(adversarial, attribute, dataclasses.replace(loss, **{part: poisoned}))

    def into_network(self, network: str, layer: str, kind: str) -> None:
        """Poison a layer's output or gradient in every network of that name that is built from now on."""
        build = State.__init__

        def building(state: State, *arguments: Any) -> None:
            build(state, *arguments)
            module = getattr(state, network).get_submodule(layer)
            if kind == "output":
                module.register_forward_hook(
                    lambda module, inputs, output: self.into_all(output) if module.training else output
                )
            else:
                next(module.parameters()).register_hook(self.into_all)

        State.__init__ = building  # type: ignore[method-assign]

    def into_parameter(self, network: str, layer: str) -> None:
        """Poison a layer's weight after the network's update."""
        minimise, build = NetworkOptimizer.minimise, State.__init__
        owners: dict[int, torch.nn.Parameter] = {}

        def building(state: State, *arguments: Any) -> None:
            build(state, *arguments)
            owners[id(state.optimizers[network])] = next(getattr(state, network).get_submodule(layer).parameters())

        def moving(optimizer: NetworkOptimizer, loss: torch.Tensor) -> None:
            minimise(optimizer, loss)
            if id(optimizer) in owners and self.now == self.step:
                weight = owners[id(optimizer)].detach()
                weight[(0,) * weight.dim()] = self.value

        State.__init__, NetworkOptimizer.minimise = building, moving  # type: ignore[method-assign]


def places(experiment: Any) -> list[tuple[str, str, str]]:
    """Return everything that can go bad, as (tensor, network, layer): a loss has the part of the loss for its layer."""
    found = [("loss", "discriminator", "of_reals"), ("loss", "discriminator", "of_fakes")]
    found.append(("loss", "generator", "of_generator"))
    state = State(experiment, torch.device("cpu"))
    for network in ("generator", "discriminator"):
        modules = getattr(state, network).named_modules()
        leaves = {name: module for name, module in modules if not list(module.children())}
        found += [("output", network, name) for name in leaves]
        weighted = [name for name, module in leaves.items() if list(module.parameters())]
        found += [(kind, network, name) for kind in ("gradient", "parameter") for name in weighted]
    return found


def poisoned_run(
    child: Any, experiment: Any, place: tuple[str, str, str], step: int, value: float, folder: Path
) -> Any:
    """Train in a child with a bad value at a place and step."""
    kind, network, layer = place

    def work() -> None:
        fault = Fault(step, value)
        if kind == "loss":
            fault.into_loss(experiment.loss, layer)
        elif kind == "parameter":
            fault.into_parameter(network, layer)
        else:
            fault.into_network(network, layer, kind)
        session.start(experiment, folder)

    return child(work).wait()


def complaints(run: RunDirectory, place: tuple[str, str, str], step: int) -> list[str]:
    """Return what is wrong with how a run dealt with a bad value at a place and step."""
    kind, network, layer = place
    status, found = run.status(), []
    if (status.status, status.reason) != ("stopped", "non_finite"):
        return [f"status {status.status} ({status.reason})"]
    said = status.non_finite
    if said.step != step:
        found.append(f"step {said.step}")
    named = {"loss": "", "output": layer}.get(kind, f"{layer}.weight")
    if (said.tensor, said.network, said.layer) != (kind, network, named):
        found.append(f"named {said}")
    # A weight that goes bad shows in the next numbers made with it, unless it was to be saved before.
    shows = {step, step + 1} if kind == "parameter" else {step}
    must_show = kind != "parameter" or step % 4
    history = read_history(run.history)
    bad = {
        int(s) for name in history for s, v in zip(history["step"], history[name], strict=True) if not np.isfinite(v)
    }
    if (must_show and not bad) or (bad and min(bad) not in shows):
        found.append(f"rows {sorted(bad)} of history are not finite")
    kept = checkpoint_steps(run.checkpoints)
    if not kept or kept[-1] >= step:
        found.append(f"checkpoints {kept}")
    for number in kept:
        tensors = read_checkpoint(checkpoint_path(run.checkpoints, number)).tensors
        if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
            found.append(f"checkpoint {number} is not finite")
    if "warning: not finite" not in run.log.read_text():
        found.append("nothing said")
    return found


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize(
    ("kind", "every"),
    [
        ("points", 11),
        ("images", 47),
        pytest.param("points", 1, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
        pytest.param("images", 1, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_the_first_bad_tensor_is_named(
    kind: str, every: int, request: Any, child: Any, figure: Any, tmp_path: Path
) -> None:
    experiment = request.getfixturevalue(kind)("training.device=cpu", *OVERRIDES[kind])
    # Before the first regular checkpoint, between two, at the step of one, and at the very last.
    # A layer's output is made NaN only: an activation may absorb an infinity, as ReLU does -Inf, and nothing is wrong.
    trials = [
        (place, step, math.nan if place[0] == "output" else value)
        for step, value in ((1, math.nan), (4, math.inf), (6, math.nan), (STEPS, -math.inf))
        for place in places(experiment)
    ]
    good = 0
    for number, (place, step, value) in enumerate(trials[::every]):
        folder = tmp_path / str(number)
        ended = poisoned_run(child, experiment, place, step, value, folder)
        assert ended.code == 0, ended.output
        (path,) = folder.iterdir()
        wrong = complaints(RunDirectory(path), place, step)
        assert not wrong, f"{value} in {place} at step {step}: {wrong}"
        good += not wrong
    figure(
        6,
        f"{kind}: NaN or Inf in a loss, output, gradient or weight; step, tensor and layer named",
        good,
        len(trials[::every]),
    )


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("loss", ["least_squares", "wasserstein", "non_saturating"])
def test_a_run_that_diverges_by_itself(loss: str, points: Any, child: Any, tmp_path: Path) -> None:
    """Weights that grow from step to step: here a norm of finite gradients can be the first number to overflow."""
    experiment = points(
        "training.device=cpu",
        "optimizer.discriminator={name: sgd, lr: 100, momentum: 0.99}",
        f"loss={loss}",
        "training.steps=100",
        "generator.norm=none",
    )
    ended = child(lambda: session.start(experiment, tmp_path)).wait()
    assert ended.code == 0, ended.output
    (path,) = tmp_path.iterdir()
    run = RunDirectory(path)
    status = run.status()
    assert (status.status, status.reason) == ("stopped", "non_finite")
    said = status.non_finite
    assert "warning: not finite" in run.log.read_text()
    history = read_history(run.history)
    checked = [column for name, column in history.items() if not name.startswith("d_acc")]
    assert np.isfinite([column[: said.step - 1] for column in checked]).all()
    assert not np.isfinite([column[: said.step + 1] for column in checked]).all()
    kept = checkpoint_steps(run.checkpoints)
    assert kept[-1] == said.checkpoint < said.step


@pytest.mark.usefixtures("no_plots")
def test_a_scaled_gradient_that_overflows_is_no_fault(points: Any, child: Any, tmp_path: Path) -> None:
    """The scaler halves its scale and goes on; a later fault is named, not this one."""
    experiment = points("training.device=cpu", "training.precision=float16", *OVERRIDES["points"])
    layer = next(layer for kind, network, layer in places(experiment) if (kind, network) == ("gradient", "generator"))
    ended = poisoned_run(child, experiment, ("gradient", "generator", layer), 6, math.inf, tmp_path / "scaled")
    assert ended.code == 0, ended.output
    (path,) = (tmp_path / "scaled").iterdir()
    assert RunDirectory(path).status().status == "finished"

    def both() -> None:
        Fault(5, math.inf).into_network("generator", layer, "gradient")
        Fault(6, math.nan).into_loss("non_saturating", "of_reals")
        session.start(experiment, tmp_path / "both")

    ended = child(both).wait()
    assert ended.code == 0, ended.output
    (path,) = (tmp_path / "both").iterdir()
    said = RunDirectory(path).status().non_finite
    assert (said.step, said.tensor, said.network) == (6, "loss", "discriminator")


@pytest.mark.usefixtures("no_plots")
def test_a_stopped_run_may_be_resumed_with_another_rate(points: Any, child: Any, tmp_path: Path) -> None:
    experiment = points("training.device=cpu", *OVERRIDES["points"])
    ended = poisoned_run(child, experiment, ("loss", "generator", "of_generator"), 6, math.nan, tmp_path)
    assert ended.code == 0, ended.output
    (path,) = tmp_path.iterdir()
    run = RunDirectory(path)
    ended = child(lambda: session.resume(run, ["optimizer.lr=1e-5"], ["optimizer"])).wait()
    assert ended.code == 0, ended.output
    status = run.status()
    assert (status.status, status.step) == ("finished", STEPS)
    assert status.non_finite is None
    assert "non_finite" not in json.loads(run.status_file.read_text())
