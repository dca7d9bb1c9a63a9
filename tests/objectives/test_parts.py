"""Parts of an objective: found by name, asked in order, their state in every checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.objectives import LOSSES
from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS, LabelSmoothingOptions
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.games.rounds import Round
from ganlab.objectives import stabilizers
from ganlab.objectives.adversarial import Adversarial
from ganlab.objectives.parts import Penalty, Stabilizer, Trace, build_parts, find_loss, resolve
from ganlab.runs.directory import RunDirectory
from ganlab.runs.history import read_history
from ganlab.training import session
from ganlab.training.checkpoint import checkpoint_path, read_checkpoint
from ganlab.training.state import State
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")


def test_everything_registered_is_there() -> None:
    assert all(isinstance(find_loss(name), Adversarial) for name in LOSSES)
    assert all(issubclass(resolve(entry.made_by), Penalty) for entry in PENALTIES.values())
    assert all(issubclass(resolve(entry.made_by), Stabilizer) for entry in STABILIZERS.values())
    assert all(entry.options.looks_at in ("real", "fake", "both") for entry in PENALTIES.values())


def test_penalties_come_by_what_they_look_at_and_stabilizers_as_they_stand(points: Any) -> None:
    experiment = points(
        "penalties=[{name: wgan_gp}, {name: r2}, {name: r1}]",
        "stabilizers=[{name: weight_clipping}, {name: instance_noise}]",
    )
    parts = build_parts(experiment, CPU)
    assert list(parts.by_name) == ["r1", "r2", "wgan_gp", "weight_clipping", "instance_noise"]
    assert parts.differentiates("real", 0)
    assert parts.differentiates("fake", 0)
    # It makes points of its own.
    alone = build_parts(points("penalties=[{name: wgan_gp}]"), CPU)
    assert not alone.differentiates("real", 0)
    assert not alone.differentiates("fake", 0)


@pytest.mark.parametrize("batches", ["summed", "mixed", "separate"])
def test_each_penalty_is_in_the_update_that_shows_what_it_looks_at(batches: str, points: Any) -> None:
    experiment = points("penalties=[{name: r2}, {name: r1}]", f"training.discriminator_batches={batches}")
    ours = build_workbench(experiment, load(experiment.data, 16), CPU)
    drawn = ours.game.inputs("latent/discriminator", 16)
    with torch.no_grad():
        fake = ours.game.sample(drawn.inputs)
    round = Round(ours.feed.batch(0), drawn, fake, 0, 1, Trace())
    written = [set(round.trace.losses) for _ in ours.game.turns(round)]
    ofs = [{"d_loss_real", "penalty_r1"}, {"d_loss_fake", "penalty_r2"}]
    assert written == ([ofs[0], ofs[0] | ofs[1]] if batches == "separate" else [ofs[0] | ofs[1]])


def test_a_lazy_penalty_is_in_each_kth_update_and_k_times_as_strong(points: Any) -> None:
    """Karras et al. 2020 (StyleGAN2), section 3.1; what is written down is the penalty itself."""
    rounds = {}
    for every in (1, 3):
        experiment = points(f"penalties=[{{name: r1, weight: 0.5, every: {every}}}]")
        ours = build_workbench(experiment, load(experiment.data, 16), CPU)
        drawn = ours.game.inputs("latent/discriminator", 16)
        with torch.no_grad():
            fake = ours.game.sample(drawn.inputs)
        for update in range(4):
            round = Round(ours.feed.batch(0), drawn, fake, update, 1, Trace())
            (loss,) = ours.game.turns(round)
            rounds[every, update] = (loss.item(), round.trace.losses)
    plain = rounds[3, 1][0]
    penalty = rounds[1, 0][0] - plain
    assert penalty > 0
    assert [rounds[3, update][0] - plain for update in range(4)] == pytest.approx(
        [3 * penalty, 0, 0, 3 * penalty], abs=1e-5
    )
    assert ["penalty_r1" in rounds[3, update][1] for update in range(4)] == [True, False, False, True]
    torch.testing.assert_close(rounds[3, 3][1]["penalty_r1"], rounds[1, 0][1]["penalty_r1"])


REGISTERED = [*(("penalties", name) for name in PENALTIES), *(("stabilizers", name) for name in STABILIZERS)]

AT_WORK = {
    "gradient_clipping": ", max_norm: 0.01",
    "top_k": ", until: 3",
    "ada": ", p: 0.5",
    "replay": ", size: 8",
}
"""Options with which a part acts on a toy, where its defaults would not."""


@pytest.mark.parametrize(("section", "name"), REGISTERED)
def test_every_part_changes_training_and_goes_on_from_its_state(
    section: str, name: str, points: Any, images: Any
) -> None:
    """Six steps are three, saved, loaded and three more, to the last bit; and they are not those without the part."""
    chosen = f"{section}=[{{name: {name}{AT_WORK.get(name, '')}}}]"
    norms = ["generator.norm=none", "discriminator.norm=none"]
    experiment = next(filter(None, (valid(make, chosen, *norms) for make in (points, images))))
    plain = valid(points if experiment.data.name == "ring" else images, *norms)

    def trained(of: Any, steps: int, start: Workbench | None = None) -> Workbench:
        ours = build_workbench(of, load(of.data, of.training.batch_size), CPU)
        if start:
            tensors = {name: value.clone() for name, value in start.state.tensors().items()}
            ours.state.load(tensors, start.state.numbers())
        while ours.state.step < steps:
            train_step(ours.state, ours.game, ours.feed)
        return ours

    whole, parts = trained(experiment, 6), trained(experiment, 6, trained(experiment, 3))
    for key, value in whole.state.tensors().items():
        assert value.equal(parts.state.tensors()[key]), key
    others = trained(plain, 6).state.tensors()
    assert any(not value.equal(others[key]) for key, value in whole.state.tensors().items() if key in others)


def valid(make: Any, *overrides: str) -> Any:
    """Make an experiment, or None if a rule refuses it."""
    try:
        return make(*overrides)
    except ConfigError:
        return None


class Adaptive(Stabilizer[LabelSmoothingOptions]):
    """Uses every hook: noise that grows with what it saw, a weight average that the optimiser steps back to."""

    def __init__(self, *built_from: Any) -> None:
        super().__init__(*built_from)
        self.strength = torch.zeros(())
        self.updates = torch.zeros((), dtype=torch.int64)
        self.slow: list[Tensor] = []

    def see(self, samples: Tensor, stream: str, update: int, step: int) -> Tensor:
        return samples + self.strength * torch.sin(torch.arange(samples.numel()).view(samples.shape) + update)

    def after_update(self, discriminator: nn.Module, trace: Trace) -> None:
        self.strength.add_(0.01 * trace.real_scores.mean().sign() + 0.02)
        trace.losses["strength"] = self.strength.clone()

    def wrap(self, player: str, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        if player == "generator":
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            self.slow = [weight.detach().clone() for weight in weights]

            @torch.no_grad()
            def look_ahead(*_: Any) -> None:
                self.updates.add_(1)
                if self.updates % 3 == 0:
                    for slow, weight in zip(self.slow, weights, strict=True):
                        weight.copy_(slow.lerp_(weight, 0.5))

            optimizer.register_step_post_hook(look_ahead)
        return optimizer

    def state(self) -> dict[str, Tensor]:
        slow = {f"slow/{number}": value for number, value in enumerate(self.slow)}
        return {"strength": self.strength, "updates": self.updates, **slow}


SMOOTH = "stabilizers=[{name: label_smoothing}]"


@pytest.fixture
def _adaptive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part with state stand in for one without."""
    monkeypatch.setattr(stabilizers, "LabelSmoothing", Adaptive)


def tensors(run: RunDirectory, step: int) -> dict[str, Tensor]:
    return read_checkpoint(checkpoint_path(run.checkpoints, step)).tensors


@pytest.mark.usefixtures("_adaptive")
def test_a_run_goes_on_with_the_state_of_its_parts(points: Any, tmp_path: Path) -> None:
    """Bit for bit, resumed between two steps back of the generator's weights."""
    whole = session.start(points(SMOOTH, "training.steps=10"), tmp_path)
    part = session.start(points(SMOOTH, "training.steps=5"), tmp_path)
    session.resume(part, ["training.steps=10"])
    one, other = tensors(whole, 10), tensors(part, 10)
    assert {"game/label_smoothing/strength", "game/label_smoothing/slow/0"} <= one.keys()
    assert one["game/label_smoothing/updates"] == 10
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    strengths = [read_history(run.history)["strength"] for run in (whole, part)]
    assert len(set(strengths[0])) == 10
    assert strengths[0].tolist() == strengths[1].tolist()


@pytest.mark.usefixtures("_adaptive")
def test_a_state_without_that_of_a_part_is_refused(points: Any) -> None:
    state = State(points(SMOOTH), CPU)
    held = state.tensors()
    with pytest.raises(ValueError, match="game/label_smoothing"):
        state.load({name: value for name, value in held.items() if not name.endswith("strength")}, state.numbers())
    with pytest.raises(ValueError, match="game/label_smoothing/strength"):
        state.load({**held, "game/label_smoothing/strength": torch.zeros(2)}, state.numbers())
    with pytest.raises(ValueError, match="a part 'other'"):
        state.load({**held, "game/other/strength": torch.zeros(())}, state.numbers())


@pytest.mark.usefixtures("_adaptive")
def test_parts_are_made_once(points: Any) -> None:
    """The compiled game and the plain one share their state."""
    experiment = points(SMOOTH, "training.compile=true")
    ours = build_workbench(experiment, load(experiment.data, 16), CPU)
    assert ours.game is not ours.plain_game
    assert ours.game.parts is ours.plain_game.parts is ours.state.parts
