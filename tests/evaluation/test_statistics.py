"""The statistics of a snapshot: documented keys, reals scored as samples are, and nothing that is not finite."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ganlab.config.data import MnistOptions, RingOptions
from ganlab.data import RealData, Samples, load, to_float
from ganlab.data.selection import take
from ganlab.domain import Points
from ganlab.evaluation.battery import Asked
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.modes import CLASS_MINIMUM
from ganlab.evaluation.statistics import Distances, SampleStatistics
from ganlab.randomness import seeded_generator
from ganlab.runs.snapshots import Row, statistic_of

PAIRED = ("good", "precision", "recall", "density", "coverage", "fid", "vendi")
CLASSES = ("class_counts", "class_shares_real", "classes", "vendi_by_class")
ASKED = {"asked", "agreement", "agreement_matched", "agreement_chance", "agreement_real"}
THOROUGH = ("authenticity", "copies", "c_t")
COUNT = 400


def with_real(*names: str) -> set[str]:
    return {*names, *(f"{name}_real" for name in names)}


KEYS = {"n", *with_real(*PAIRED, "inception_score"), *CLASSES}
THOROUGH_KEYS = KEYS | with_real("authenticity", "copies") | {"c_t"}

RING = RingOptions(name="ring", points=1600, held_out=0.5, std=0.05)
MNIST = MnistOptions(name="mnist", fraction=0.06)


class World:
    """A data set with the statistics of COUNT samples, made once."""

    def __init__(self, options: Any) -> None:
        self.data: RealData = load(options, 16)
        self.features: Features = features_for(options, self.data)
        self.statistics = self.of(COUNT)

    def of(self, count: int, held_out: Samples | None = None) -> SampleStatistics:
        held_out = self.data.held_out if held_out is None else held_out
        return SampleStatistics(self.features, self.data.train, held_out, count, seed=0)

    def unseen(self, count: int) -> Tensor:
        """Held-out samples that are not in the reference; at random, as the end of MNIST's test set is easy."""
        order = torch.randperm(len(self.data.held_out), generator=seeded_generator(0, "statistics"))
        return to_float(self.data.held_out.values[order[-count:]])


@pytest.fixture(scope="module")
def ring() -> World:
    return World(RING)


@pytest.fixture(scope="module")
def mnist() -> World:
    return World(MNIST)


@pytest.fixture(params=["ring", "mnist"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


def plain(row: dict[str, Any]) -> bool:
    """Tell whether a row is what JSON can hold: no NaN, no infinity, no tensor."""
    return json.loads(json.dumps(row, allow_nan=False)) == row


REPEATS = {"near_duplicates", "near_duplicates_real", "distinct", "distinct_real", "repeats_chance"}
"""What images have and points do not."""

MODES = with_real("modes", "mode_kl")
"""What the ring has and MNIST does not."""

RECOGNISED = with_real("recognised")
"""What MNIST has, of which there is a classifier."""


def own(world: World) -> set[str]:
    return MODES if world.data.domain == Points() else REPEATS | RECOGNISED


def test_keys_are_the_documented_ones(world: World) -> None:
    samples = world.unseen(COUNT)
    assert world.statistics.row(samples, thorough=False).keys() == KEYS | own(world)
    row = world.statistics.row(samples, thorough=True)
    assert row.keys() == THOROUGH_KEYS | own(world)
    assert plain(row)
    assert row["n"] == COUNT
    assert len({len(row[name]) for name in CLASSES}) == 1
    assert sum(row["class_counts"]) == round(COUNT * row["good"])
    assert sum(row["class_shares_real"]) == pytest.approx(1)
    assert all(map(statistic_of, THOROUGH_KEYS | ASKED | REPEATS | MODES))


def test_reals_that_nobody_saw_score_as_reals_do(world: World) -> None:
    row = world.statistics.row(world.unseen(COUNT), thorough=True)
    for name in ("good", "precision", "recall", "coverage", "authenticity", "copies"):
        assert row[name] == pytest.approx(row[f"{name}_real"], abs=0.1), name
    for name in ("density", "vendi", "inception_score"):
        assert row[name] == pytest.approx(row[f"{name}_real"], rel=0.2), name
    assert row["fid"] <= 1.5 * row["fid_real"] + 0.01
    assert abs(row["c_t"]) < 3
    assert all(relative is None or 0.7 < relative < 1.4 for relative in row["vendi_by_class"])


def test_reals_are_scored_as_samples_are(world: World) -> None:
    """The training samples that stand for a perfect generator, handed in as samples."""
    drawn = torch.randperm(len(world.data.train), generator=seeded_generator(0, "statistics"))[:COUNT]
    row = world.statistics.row(to_float(world.data.train.values[drawn]), thorough=False)
    for name in (*PAIRED, "inception_score"):
        assert row[name] == row[f"{name}_real"], name


def test_the_same_samples_make_the_same_row(world: World) -> None:
    samples = world.unseen(COUNT)
    assert world.statistics.row(samples, thorough=True) == world.of(COUNT).row(samples, thorough=True)


def test_copies_are_told(world: World) -> None:
    row = world.statistics.row(to_float(world.data.train.values[:COUNT]), thorough=True)
    assert row["copies"] == 1 > 0.3 > row["copies_real"]
    assert row["authenticity"] == 0 < row["authenticity_real"]
    assert row["c_t"] < -3


def test_lost_classes_are_told(world: World) -> None:
    few = take(world.data.held_out, (world.data.held_out.labels < 4).nonzero().flatten())
    row = world.statistics.row(to_float(few.values.repeat(4, *[1] * (few.values.dim() - 1))[:COUNT]), thorough=False)
    assert sum(row["class_counts"][4:]) <= 0.03 * COUNT
    assert min(row["class_counts"][:4]) > 0.1 * COUNT
    assert row["good"] == pytest.approx(row["good_real"], abs=0.05)
    assert row["recall"] < row["recall_real"] - 0.2
    assert row["coverage"] < row["coverage_real"] - 0.2
    assert row["inception_score"] < row["inception_score_real"] - 2


def unseen_with_labels(world: World) -> tuple[Tensor, Tensor]:
    """What `World.unseen` gives, with its labels."""
    order = torch.randperm(len(world.data.held_out), generator=seeded_generator(0, "statistics"))[-COUNT:]
    return to_float(world.data.held_out.values[order]), world.data.held_out.labels[order]


def test_reals_are_what_their_labels_ask_for(world: World) -> None:
    samples, labels = unseen_with_labels(world)
    row = world.statistics.row(samples, thorough=False, asked=Asked(labels))
    assert row.keys() == KEYS | ASKED | {"vendi_by_asked"} | own(world)
    assert plain(row)
    assert row["asked"] == "classes"
    # What is garbage agrees with nothing, and next to all else does.
    assert row["good"] - 0.03 <= row["agreement"] <= row["agreement_matched"] <= row["good"]
    assert row["agreement"] == pytest.approx(row["agreement_real"], abs=0.04)
    classes = len(row["classes"])
    assert row["agreement_chance"] == pytest.approx(row["good"] / classes, abs=0.02)
    judged = [each for each in row["vendi_by_asked"] if each is not None]
    assert len(row["vendi_by_asked"]) == classes
    assert all(0.7 < each < 1.4 for each in judged)
    without = world.statistics.row(samples, thorough=False)
    assert row == {**without, **{key: row[key] for key in (*ASKED, "vendi_by_asked")}}, "asking changes nothing else"


def test_codes_are_matched_to_classes(world: World) -> None:
    samples, labels = unseen_with_labels(world)
    classes = len(world.features.class_names)
    codes = (labels + 3) % classes
    row = world.statistics.row(samples, thorough=False, asked=Asked(codes, codes=True))
    assert row.keys() == KEYS | ASKED | own(world)
    assert row["asked"] == "codes"
    assert row["agreement"] == row["agreement_matched"] >= row["good"] - 0.03
    as_classes = world.statistics.row(samples, thorough=False, asked=Asked(codes))
    assert as_classes["agreement"] < 0.05
    assert as_classes["agreement_matched"] == row["agreement"]
    # More codes than classes, and fewer.
    for kinds in (2 * classes, 2):
        codes = torch.arange(COUNT) % kinds
        assert plain(world.statistics.row(samples, thorough=False, asked=Asked(codes, codes=True)))


def test_samples_that_do_not_look_at_what_is_asked_agree_by_chance(world: World) -> None:
    samples, labels = unseen_with_labels(world)
    mixed = labels[torch.randperm(COUNT, generator=seeded_generator(1, "mixed"))]
    row = world.statistics.row(samples, thorough=False, asked=Asked(mixed))
    assert row["agreement"] == pytest.approx(row["agreement_chance"], abs=0.06)
    assert row["agreement_real"] > 0.9


def test_one_face_of_a_class_is_told(mnist: World) -> None:
    """All samples of 3 are the same one, those of the other classes are real."""
    samples, labels = unseen_with_labels(mnist)
    threes = (mnist.data.held_out.labels == 3).nonzero().flatten()[: CLASS_MINIMUM + 10]
    samples = torch.cat([samples, to_float(mnist.data.held_out.values[threes])])
    labels = torch.cat([labels, torch.full_like(threes, 3)])
    statistics = mnist.of(len(samples))
    before = statistics.row(samples, thorough=False, asked=Asked(labels))["vendi_by_asked"]
    samples[labels == 3] = samples[-1].clone()
    after = statistics.row(samples, thorough=False, asked=Asked(labels))["vendi_by_asked"]
    assert before[3] > 0.7
    assert after[3] == pytest.approx(0, abs=1e-3)
    assert after[:3] == before[:3]
    assert after[4:] == before[4:]


def test_collapse_is_told(world: World) -> None:
    one = world.unseen(1)
    row = world.statistics.row(one.expand(COUNT, *one.shape[1:]).clone(), thorough=True)
    assert row["vendi"] == pytest.approx(1, abs=1e-3)
    assert row["vendi_real"] > 2
    assert max(row["class_counts"]) in (0, COUNT)
    assert row["coverage"] < 0.1


def test_garbage_is_told(world: World) -> None:
    noise = torch.rand(COUNT, *world.unseen(1).shape[1:], generator=torch.Generator().manual_seed(0)) * 2 - 1
    row = world.statistics.row(noise, thorough=False)
    assert row["good"] < 0.3
    assert row["precision"] < 0.4
    assert row["fid"] > 5 * row["fid_real"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("count", [2, 3, 40])
@pytest.mark.parametrize(
    "spoil",
    [lambda x: x[:1].expand_as(x).clone(), lambda x: 0 * x, lambda x: x[torch.arange(len(x)) // 2], lambda x: x],
    ids=["repeated", "constant", "duplicated", "real"],
)
def test_every_row_is_plain(world: World, spoil: Callable[[Tensor], Tensor], count: int) -> None:
    row = world.statistics.row(spoil(world.unseen(count)), thorough=True)
    assert row.keys() == THOROUGH_KEYS | own(world)
    assert plain(row)
    assert row["n"] == count
    assert None not in [value for key, value in row.items() if key != "c_t"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_samples_that_are_not_finite_are_not_judged(world: World, bad: float) -> None:
    samples = world.unseen(4).clone()
    samples[2].view(-1)[0] = bad
    assert world.statistics.row(samples, thorough=True) == {"n": 4}


def test_more_samples_than_held_out_ones(ring: World) -> None:
    """All held-out samples are the reference then, and the reals in the samples' place are as many as asked for."""
    many = ring.of(len(ring.data.held_out) + 100)
    assert len(many.reference) == len(ring.data.held_out)
    assert len(many.peers) == len(ring.data.train)
    assert plain(many.row(ring.unseen(200), thorough=True))


@pytest.mark.parametrize("held_out", [0, 1, 50])
def test_too_few_held_out_samples_are_no_reference(ring: World, held_out: int) -> None:
    """Training samples serve then, none of them on both sides."""
    few = ring.of(200, take(ring.data.held_out, torch.arange(held_out)))
    reference, peers = (
        {tuple(each) for each in part.features.tolist()} for part in (few.reference.seen, few.peers.seen)
    )
    assert len(reference) == len(peers) == 200
    assert not reference & peers
    assert reference <= {tuple(each) for each in ring.data.train.values.tolist()}
    row = few.row(ring.unseen(200), thorough=True)
    assert plain(row)
    assert row["coverage"] == pytest.approx(row["coverage_real"], abs=0.1)
    # What unseen samples look like beside the training set cannot be said without any.
    assert (row["copies_real"] is None) is (held_out == 0)


def test_a_training_set_of_a_handful(ring: World) -> None:
    train = take(ring.data.train, torch.arange(4))
    found = SampleStatistics(ring.features, train, take(ring.data.held_out, torch.arange(2)), count=2, seed=0)
    assert plain(found.row(ring.unseen(2), thorough=True))


def test_reals_lie_nearer_to_reals_than_their_mean_and_that_nearer_than_grey(mnist: World) -> None:
    distances = Distances(mnist.data.train, mnist.data.held_out, 200, 0)
    reals = to_float(mnist.data.train.values[:200])
    mean = to_float(mnist.data.train.values[:2000]).mean(0, keepdim=True).expand(200, -1, -1, -1)
    grey = torch.zeros_like(reals)
    near, blank, far = (
        float(Row(distances.row(samples)).number("energy_coefficient") or 0.0) for samples in (reals, mean, grey)
    )
    assert near < 0.01
    assert blank == pytest.approx(1 - 1 / math.sqrt(2), abs=0.02)
    assert far > 0.5
