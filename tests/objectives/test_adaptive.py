"""ADA: each change of a known picture, how often it is made, and the controller of that."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganlab.config.load import experiment_from_mapping
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.objectives.adaptive import KINDS, Ada, augmented, moved, turned
from ganlab.objectives.parts import Trace, build_parts
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")
PICTURE = torch.rand(1, 3, 5, 5, generator=torch.Generator().manual_seed(0)) * 2 - 1
NOTHING = {"flip": 1.0, "down": 0.0, "right": 0.0, "zoom": 1.0, "angle": 0.0}


COLOURED = "data={name: cifar10}"


def ada(images: Any, options: str = "", *more: str) -> Ada:
    (part,) = build_parts(images(f"stabilizers=[{{name: ada{options}}}]", *more), CPU).stabilizers
    assert isinstance(part, Ada)
    return part


def changed(picture: Tensor = PICTURE, **changes: float) -> Tensor:
    return turned(picture, **{name: torch.tensor([value]) for name, value in (NOTHING | changes).items()})


def test_a_picture_is_flipped_shifted_turned_and_scaled() -> None:
    assert torch.equal(changed(), PICTURE)
    assert torch.equal(changed(flip=-1.0), PICTURE.flip(3))
    moved = changed(down=1.0, right=-2.0)
    assert torch.equal(moved[:, :, 1:, :3], PICTURE[:, :, :4, 2:])
    assert torch.equal(moved[:, :, 0, :3], PICTURE[:, :, 1, 2:]), "reflected at its edge"
    torch.testing.assert_close(changed(angle=math.pi / 2), PICTURE.rot90(-1, (2, 3)))
    large = changed(zoom=2.0)
    torch.testing.assert_close(large[:, :, ::2, ::2], PICTURE[:, :, 1:4, 1:4])
    torch.testing.assert_close(large[:, :, 1, 2], (PICTURE[:, :, 1, 2] + PICTURE[:, :, 2, 2]) / 2)
    # A shift comes before the turn: down becomes left.
    torch.testing.assert_close(changed(angle=math.pi / 2, down=1.0), changed(down=1.0).rot90(-1, (2, 3)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_made_where_it_is_chosen_and_nowhere_else(kind: str) -> None:
    pictures = PICTURE.expand(4, -1, -1, -1)
    chosen = torch.zeros(len(KINDS), 4, dtype=torch.bool)
    chosen[KINDS.index(kind), 1:3] = True
    uniform, normal = torch.full((6, 4), 0.9), torch.full((4, 4), 1.5)
    found = augmented(pictures, frozenset(KINDS), chosen, uniform, normal)
    assert torch.equal(found[[0, 3]], pictures[[0, 3]])
    assert not torch.equal(found[1], pictures[1])
    assert torch.equal(found[1], found[2])
    others = frozenset(KINDS) - {kind}
    assert torch.equal(augmented(pictures, others, chosen, uniform, normal), pictures)


def test_colours_are_changed_as_in_appendix_b() -> None:
    chosen = torch.ones(len(KINDS), 1, dtype=torch.bool)
    uniform, normal = torch.tensor([[0.5], [0.5], [0.5], [5 / 6], [0.5], [0.5]]), torch.full((4, 1), 2.0)

    def only(kind: str) -> Tensor:
        return augmented(PICTURE, frozenset({kind}), chosen, uniform, normal)

    torch.testing.assert_close(only("brightness"), PICTURE + 0.4)
    torch.testing.assert_close(only("contrast"), PICTURE * 2)
    torch.testing.assert_close(only("hue"), PICTURE[:, [2, 0, 1]])
    grey = PICTURE.mean(1, keepdim=True)
    torch.testing.assert_close(only("saturation"), grey + 4 * (PICTURE - grey))
    torch.testing.assert_close(only("scale"), changed(zoom=2**0.4))


@pytest.mark.parametrize(("drawn", "shift"), [(0.0, -2.0), (0.5, 0.0), (0.99, 2.0)])
def test_shifts_reach_an_eighth_of_the_side_both_ways(drawn: float, shift: float) -> None:
    picture, normal = torch.rand(1, 1, 16, 16), torch.zeros(4, 1)
    chosen = torch.ones(len(KINDS), 1, dtype=torch.bool)
    uniform = torch.tensor([[drawn], [0.5], [0.5], [0.5], [0.5], [0.5]])
    found = augmented(picture, frozenset({"translation"}), chosen, uniform, normal)
    assert torch.equal(found, changed(picture, down=shift))
    found = augmented(picture, frozenset({"translation"}), chosen, uniform[[1, 0, 2, 3, 4, 5]], normal)
    assert torch.equal(found, changed(picture, right=shift))


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_share_p_of_the_images_is_changed(p: float, images: Any) -> None:
    part = ada(images, ", augmentations: [brightness]", "training.batch_size=8")
    part.p.fill_(p)
    found = part.see(torch.zeros(2000, 1, 2, 2), "real", 0, 1)
    assert (found[:, 0, 0, 0] != 0).float().mean() == pytest.approx(p, abs=0.03)
    assert torch.equal(found, part.see(torch.zeros(2000, 1, 2, 2), "real", 0, 2))
    if p:
        assert not torch.equal(found, part.see(torch.zeros(2000, 1, 2, 2), "fake", 0, 1))
        assert not torch.equal(found, part.see(torch.zeros(2000, 1, 2, 2), "real", 1, 1))


def test_without_strength_images_are_shown_as_they_are(images: Any) -> None:
    """To the last bit, so that a run differs from one without only once p rises."""
    part = ada(images, f", augmentations: [{', '.join(KINDS)}]", COLOURED)
    samples = torch.randn(8, 3, 28, 20)
    assert torch.equal(part.see(samples, "real", 0, 1), samples)


def test_gradients_pass_through(images: Any) -> None:
    part = ada(images, f", p: 1, augmentations: [{', '.join(KINDS)}]", COLOURED)
    samples = torch.rand(2, 3, 6, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda values: part.see(values, "generator", 0, 1), samples)


def showing(scores: Tensor) -> Trace:
    trace = Trace()
    trace.real_scores = scores
    return trace


@pytest.mark.parametrize(
    ("overfit", "after"), [(0.61, 0.52), (1.0, 0.52), (0.59, 0.48), (-1.0, 0.48), (0.6, 0.5), (0.0, 0.48)]
)
def test_p_moves_towards_the_target(overfit: float, after: float) -> None:
    found = moved(torch.tensor(0.5), torch.tensor(overfit), 0.6, 0.02)
    assert found == pytest.approx(after)


def test_p_rises_at_the_promised_speed_while_the_discriminator_overfits(images: Any) -> None:
    """From 0 to 1 in `speed` images, in moves of interval * batch / speed, and down again."""
    part = ada(images, ", interval: 4, speed: 640", "training.batch_size=8")
    scores = torch.cat([torch.full((7,), 3.0), torch.full((1,), -3.0)])  # r_t = .75
    seen = []
    for _ in range(88):
        trace = showing(scores)
        part.after_update(nn.Identity(), trace)
        seen.append(float(trace.losses["ada_p"]))
    assert seen[:9] == pytest.approx([0, 0, 0, 0.05, 0.05, 0.05, 0.05, 0.1, 0.1])
    assert seen[75] == pytest.approx(0.95)
    assert seen[79:] == pytest.approx([1.0] * 9), "after 640 images, and no further"
    for _ in range(40):
        part.after_update(nn.Identity(), showing(torch.cat([scores[1:], -scores[:1]])))  # r_t = .5
    assert part.p == pytest.approx(0.5)
    for _ in range(60):
        part.after_update(nn.Identity(), showing(-scores))
    assert part.p == 0


def test_r_t_is_the_mean_over_the_interval(images: Any) -> None:
    part = ada(images, ", interval: 2, target: 0.4")
    for sign in (1.0, -1.0, -1.0, 1.0):  # 0 on average
        part.after_update(nn.Identity(), showing(torch.full((8,), sign)))
    assert part.p == 0
    for shown in (torch.ones(8), torch.tensor([1.0] * 4 + [-1.0] * 4)):  # .5 on average
        part.after_update(nn.Identity(), showing(shown))
    assert part.p > 0


def test_a_resumed_controller_knows_what_it_saw_since_the_last_move(images: Any) -> None:
    """r_t is .7 over both updates, and .4 over the second one alone."""
    one, other = (ada(images, ", interval: 2") for _ in range(2))
    one.after_update(nn.Identity(), showing(torch.ones(8)))
    other.load({name: value.clone() for name, value in one.state().items()})
    other.after_update(nn.Identity(), showing(torch.tensor([1.0] * 7 + [-1.0] * 3)))
    assert other.p > 0


def test_a_shorter_interval_moves_p_although_more_updates_have_passed(images: Any) -> None:
    """As after `ganlab resume --allow-change`; r_t is .5 over all five updates, and counted from 0 again after it."""
    one, other = ada(images, ", interval: 8"), ada(images, ", interval: 2, target: 0.55")
    for _ in range(4):
        one.after_update(nn.Identity(), showing(torch.tensor([1.0] * 7 + [-1.0])))
    other.load({name: value.clone() for name, value in one.state().items()})
    other.p.fill_(0.5)
    other.after_update(nn.Identity(), showing(torch.tensor([1.0, -1.0, -1.0, -1.0])))
    assert other.p < 0.5
    assert other.state()["updates"] == 0


def test_reals_are_called_real_as_the_loss_means_it(images: Any) -> None:
    """Above .5 with least squares, whose labels are 0 and 1."""
    part = ada(images, ", interval: 1", "loss=least_squares")
    part.after_update(nn.Identity(), showing(torch.full((8,), 0.4)))
    assert part.p == 0
    part.after_update(nn.Identity(), showing(torch.full((8,), 0.6)))
    assert part.p > 0


@pytest.mark.parametrize("part", ["{name: ada, interval: 1}", "{name: diff_augment}", "{name: replay, size: 8}"])
def test_nothing_waits_for_the_device(part: str, images: Any) -> None:
    """A tensor without memory cannot be asked for its value."""
    parts = build_parts(images(f"stabilizers=[{part}]", COLOURED), torch.device("meta"))
    samples = torch.empty(8, 3, 32, 32, device="meta")
    for update in range(4):
        shown = parts.show(parts.recall(samples, update), "fake", update, 1)
        parts.after_update(nn.Identity(), showing(torch.empty(8, device="meta")))
        parts.remember(samples, update)
        assert shown.shape == samples.shape
        assert shown.is_meta


def test_separate_batches_count_each_real_once(images: Any) -> None:
    both, apart = (
        ada(images, ", interval: 4", f"training.discriminator_batches={batches}") for batches in ("summed", "separate")
    )
    assert both.by == 2 * apart.by


@pytest.mark.parametrize(
    "part", ["{name: ada, interval: 2, speed: 64, target: 0.1}", "{name: replay, size: 10, keep: 5}"]
)
def test_a_run_goes_on_bit_for_bit(part: str, images: Any) -> None:
    """Resumed between two moves of p, and with a pool that is full and no multiple of what was kept so far."""
    experiment = images(f"stabilizers=[{part}]")
    data = load(experiment.data, 8)

    def trained(after: Workbench | None = None) -> Workbench:
        bench = build_workbench(experiment, data, CPU)
        if after is not None:
            tensors = {name: value.clone() for name, value in after.state.tensors().items()}
            bench.state.load(tensors, after.state.numbers())
        for _ in range(3):
            train_step(bench.state, bench.game, bench.feed)
        return bench

    first = trained()
    resumed = trained(first).state.tensors()
    for _ in range(3):
        train_step(first.state, first.game, first.feed)
    whole = first.state.tensors()
    assert [key for key in whole if not torch.equal(whole[key], resumed[key])] == []
    assert whole.get("game/ada/p", 1) > 0


@pytest.mark.parametrize("loss", ["wasserstein", "relativistic", "relativistic_average"])
def test_scores_without_a_level_move_no_p(loss: str) -> None:
    critic = {"loss": loss, "discriminator": {"name": "dcgan", "norm": "layer"}}
    with pytest.raises(ConfigError, match="no level that divides reals from fakes"):
        experiment_from_mapping({**critic, "stabilizers": [{"name": "ada"}]})
    experiment_from_mapping({**critic, "stabilizers": [{"name": "ada", "target": None, "p": 0.3}]})


def test_two_discriminators_move_no_p() -> None:
    translating = {
        "generator": {"name": "translator"},
        "game": {"name": "cycle", "source": {"name": "mnist", "edges": True}},
    }
    with pytest.raises(ConfigError, match="the overfitting of one would move p for both"):
        experiment_from_mapping({**translating, "stabilizers": [{"name": "ada"}]})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": None}, "without a target, stays 0"),
        ({"augmentations": ["flip", "flip"]}, "names flip twice"),
        ({"target": 1.0}, "1.0"),
        ({"p": 1.5}, "1.5"),
    ],
)
def test_settings_that_do_nothing_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        experiment_from_mapping({"stabilizers": [{"name": "ada", **options}]})
