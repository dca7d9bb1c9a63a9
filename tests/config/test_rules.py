"""What cannot be run together: each rule with an experiment that breaks it, and its neighbour that does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from ganlab.config import rules
from ganlab.config.base import Problem
from ganlab.config.experiment import Experiment
from ganlab.config.games import StandardGameOptions
from ganlab.config.load import experiment_from_mapping
from ganlab.config.networks import NETWORKS, Norm
from ganlab.config.rules import problems
from ganlab.errors import ConfigError

MLP: dict[str, Any] = {"generator": {"name": "mlp"}, "discriminator": {"name": "mlp"}}
RING = {**MLP, "data": {"name": "ring"}}
ROLL = {**MLP, "data": {"name": "swiss_roll"}}
PACKS_OF_TWO = {"stabilizers": [{"name": "packing", "size": 2}]}
FORESEEN = {"stabilizers": [{"name": "consensus"}], "training": {"generator_batch_size": 32}}
FOLDER = {"data": {"name": "folder", "path": "pictures"}}
GREY = {"name": "folder", "path": "pictures", "grayscale": True, "image_size": 28}
GROWING = {
    "data": {"image_size": 32},
    "generator": {"name": "progressive"},
    "discriminator": {"name": "progressive"},
    "game": {"name": "progressive"},
}
TRANSLATING = {
    "generator": {"name": "translator"},
    "game": {"name": "cycle", "source": {"name": "mnist", "edges": True}},
}
CLASSES: dict[str, Any] = {
    "generator": {"name": "mlp", "norm": "conditional_batch"},
    "discriminator": {"norm": "none"},
    "game": {"name": "conditional"},
}
BOTH = "training.discriminator_batches is separate"
SMALLER = {"name": "super_resolution", "factor": 2}
ENLARGING = {"generator": {"name": "super_resolution"}, "game": {"name": "super_resolution"}}

PAIRED: dict[str, Any] = {
    "data": {"name": "mnist", "rotated": 45},
    "generator": {"name": "translator", "norm": "batch"},
    "game": {"name": "paired"},
}


def sizes(*sides: int, side: int = 32) -> dict[str, Any]:
    return {**GROWING, "data": {"image_size": side}, "game": {"name": "progressive", "sizes": list(sides)}}


def codes(dim: int, categories: int = 10, continuous: int = 2) -> dict[str, Any]:
    game = {"name": "infogan", "categories": categories, "continuous": continuous}
    return {"latent": {"dim": dim}, "game": game}


def attending(side: int | None, size: int, player: str = "generator") -> dict[str, Any]:
    return {"data": {"image_size": size}, player: {"name": "sagan", "attention": side}}


def translating(**source: Any) -> dict[str, Any]:
    return {**TRANSLATING, "game": {"name": "cycle", "source": source}}


@pytest.mark.parametrize(
    ("good", "bad", "path", "words"),
    [
        ({"data": {"classes": [9]}}, {"data": {"classes": [10]}}, "data.classes", "10 is not a class"),
        ({"data": {"classes": ["9"]}}, {"data": {"classes": ["x"]}}, "data.classes", "'x' is not a class"),
        ({"data": {"classes": [0]}}, {"data": {"classes": [-1]}}, "data.classes", "-1 is not a class"),
        ({"data": {"classes": [3, 8]}}, {"data": {"classes": [3, 3]}}, "data.classes", "names a class twice"),
        ({"data": {"classes": [3, "8"]}}, {"data": {"classes": [3, "3"]}}, "data.classes", "names a class twice"),
        (
            {"data": {"classes": [8], "fraction": 0.011}},
            {"data": {"classes": [8], "fraction": 0.0109}},
            "data.fraction",
            "leaves 63 training samples, fewer than one batch of 64",
        ),
        (
            {**MLP, "data": {"name": "ring", "fraction": 0.001}},
            {**MLP, "data": {"name": "ring", "fraction": 1e-9}},
            "data.fraction",
            "leaves 0 training samples, fewer than one batch of 64; raise data.fraction",
        ),
        (
            {**MLP, "data": {"name": "ring"}},
            {**MLP, "data": {"name": "ring"}, "generator": {"name": "dcgan"}},
            "generator.name",
            "dcgan works on images",
        ),
        (
            {"discriminator": {"name": "guide"}},
            {"discriminator": {"name": "guide"}, "data": {"image_size": 32}},
            "discriminator.name",
            "28 x 28 images, but data.image_size is 32",
        ),
        (
            {"data": {"image_size": [48, 32]}},
            {"data": {"image_size": [48, 30]}},
            "generator.name",
            "data.image_size is [48, 30]; set data.image_size to [48, 28] or [48, 32]",
        ),
        (
            {**MLP, "data": {"image_size": [17, 23]}},
            {**MLP, "data": {"image_size": [17, 23]}, "discriminator": {"name": "dcgan"}},
            "discriminator.name",
            "dcgan judges images whose height and width are multiples of 4",
        ),
        (
            attending(8, 32),
            {**attending(8, 32), "data": {"image_size": [48, 32]}},
            "generator.name",
            "set data.image_size to 32, to which pictures are resized, or generator.name to mlp, dcgan or resnet",
        ),
        (
            {**ENLARGING, "discriminator": {"name": "mlp"}, "data": {"image_size": 30}, "game": SMALLER},
            {**ENLARGING, "discriminator": {"name": "mlp"}, "data": {"image_size": 30}},
            "game.factor",
            "data.image_size 30 cannot be made 4 times smaller in whole pixels; set data.image_size to 28 or 32",
        ),
        (
            {"generator": {"kernel_size": 27}},
            {"generator": {"kernel_size": 28}},
            "generator.kernel_size",
            "28 is larger than its feature map",
        ),
        (
            {"generator": {"kernel_size": 15}, "data": {"image_size": 64}},
            {"generator": {"kernel_size": 16}, "data": {"image_size": 64}},
            "generator.kernel_size",
            "choose generator.kernel_size from 1 to 15",
        ),
        (
            {"generator": {"name": "mlp", "norm": "layer"}},
            {"generator": {"name": "mlp", "norm": "instance"}},
            "generator.norm",
            "the mlp generator has no instance normalisation",
        ),
        (
            {"training": {"generator_batch_size": 2}},
            {"training": {"generator_batch_size": 1}},
            "training.batch_size",
            "batch normalisation in the generator needs at least 2",
        ),
        *(
            (
                {**CLASSES, "training": {"generator_batch_size": 2}},
                {**CLASSES, "training": {sizes: 1}},
                "training.batch_size",
                "batch normalisation in the generator needs at least 2",
            )
            for sizes in ("generator_batch_size", "batch_size")
        ),
        (
            {"penalties": [{"name": "wgan_gp"}], "discriminator": {"norm": "none"}},
            {"penalties": [{"name": "wgan_gp"}]},
            "penalties.0",
            "which batch normalisation in the discriminator mixes",
        ),
        (
            {"penalties": [{"name": "r1"}, {"name": "r2"}], "training": {"discriminator_batches": "separate"}},
            {
                "penalties": [{"name": "r1"}, {"name": "wgan_gp"}],
                "discriminator": {"norm": "none"},
                "training": {"discriminator_batches": "separate"},
            },
            "penalties.1",
            BOTH,
        ),
        (
            {"penalties": [{"name": "wgan_gp"}], "discriminator": {"norm": "none", "minibatch": "stddev"}},
            {"penalties": [{"name": "wgan_gp"}], "discriminator": {"norm": "batch", "minibatch": "stddev"}},
            "penalties.0",
            "which batch normalisation in the discriminator mixes",
        ),
        *(
            (
                {"discriminator": {"minibatch": "stddev"}, "training": {"discriminator_batches": other}},
                {"discriminator": {"minibatch": "stddev"}, "training": {"discriminator_batches": "mixed"}},
                "discriminator.minibatch",
                "discriminator_batches mixed reals and fakes are in one batch; set training.discriminator_batches to",
            )
            for other in ("summed", "separate")
        ),
        (
            {**RING, "discriminator": {"name": "mlp", "minibatch": "discrimination"}, "training": {"batch_size": 2}},
            {**RING, "discriminator": {"name": "mlp", "minibatch": "discrimination"}, "training": {"batch_size": 1}},
            "discriminator.minibatch",
            "compares the samples of a batch, and there is only one",
        ),
        (
            {**RING, "discriminator": {"name": "mlp", "minibatch": "stddev"}, **PACKS_OF_TWO},
            {
                **RING,
                "discriminator": {"name": "mlp", "minibatch": "stddev"},
                **PACKS_OF_TWO,
                "training": {"generator_batch_size": 2},
            },
            "discriminator.minibatch",
            "compares the packs of a batch, and there is only one; raise the batch size",
        ),
        (
            {"stabilizers": [{"name": "label_smoothing"}], "loss": "least_squares"},
            {"stabilizers": [{"name": "label_smoothing"}], "loss": "hinge"},
            "stabilizers.0",
            "the hinge loss has no target labels",
        ),
        (
            {"stabilizers": [{"name": "gradient_clipping", "max_norm": None, "max_value": 1.0}]},
            {"stabilizers": [{"name": "gradient_clipping", "max_norm": None}]},
            "stabilizers.0.max_norm",
            "is null, and without max_value nothing is clipped",
        ),
        (
            {"stabilizers": [{"name": "label_smoothing", "fake": 0.8}]},
            {"stabilizers": [{"name": "label_smoothing", "fake": 0.9}]},
            "stabilizers.0.fake",
            "0.9 is not below the target of real samples",
        ),
        (
            {"penalties": [{"name": "r1"}, {"name": "r2"}]},
            {"penalties": [{"name": "r1"}, {"name": "r1"}]},
            "penalties.1",
            "r1 is named twice",
        ),
        (
            {"stabilizers": [{"name": "unrolling"}]},
            {"stabilizers": [{"name": "unrolling"}], "training": {"discriminator_batches": "separate"}},
            "stabilizers.0",
            "unrolling needs the discriminator's loss on reals and fakes at once",
        ),
        (
            {"stabilizers": [{"name": "consensus"}], "game": {"name": "conditional"}},
            {**GROWING, "stabilizers": [{"name": "consensus"}]},
            "stabilizers.0",
            "which the progressive game has no form for",
        ),
        (
            {"stabilizers": [{"name": "unrolling"}], "training": {"precision": "bfloat16"}},
            {"stabilizers": [{"name": "unrolling"}], "training": {"precision": "float16"}},
            "stabilizers.0",
            "differentiates gradients, which float16 scales for one player only",
        ),
        (
            {"stabilizers": [{"name": "consensus"}]},
            {"stabilizers": [{"name": "consensus"}], "training": {"compile": True}},
            "stabilizers.0",
            "differentiates gradients, which compiled networks cannot",
        ),
        *(
            (
                {
                    "discriminator": {"norm": "instance"},
                    "stabilizers": [{"name": far}],
                    "penalties": [{"name": "lecam"}],
                },
                {"discriminator": {"norm": "instance"}, "stabilizers": [{"name": far}], "penalties": [{"name": near}]},
                "stabilizers.0",
                f"{far} differentiates the gradients that {near} penalises, and PyTorch cannot",
            )
            for far, near in (("consensus", "r1"), ("unrolling", "wgan_gp"))
        ),
        (
            {"stabilizers": [{"name": "ada", "augmentations": ["hue", "brightness"]}]},
            {"stabilizers": [{"name": "ada", "augmentations": ["hue", "saturation"]}]},
            "stabilizers.0.augmentations",
            "hue and saturation change colours, and the images of mnist have none",
        ),
        (
            {"stabilizers": [{"name": "diff_augment", "brightness": 0, "contrast": 0}], "data": {"name": "cifar10"}},
            {"stabilizers": [{"name": "diff_augment", "brightness": 0, "contrast": 0}]},
            "stabilizers.0.policy",
            "color changes nothing: brightness and contrast are 0, and mnist has no colours to saturate",
        ),
        (
            {"data": {"keep_densest": 0.1}},
            {"data": {"keep_densest": 1e-9}},
            "data.keep_densest",
            "leaves 0 training samples, fewer than one batch of 64; raise data.keep_densest",
        ),
        (
            {**RING, **FORESEEN, "penalties": [{"name": "lecam"}, {"name": "dragan"}]},
            {**RING, **FORESEEN, "penalties": [{"name": "wgan_gp"}]},
            "training.generator_batch_size",
            "32 is not the 64 of training.batch_size: consensus asks for the discriminator's loss on the generator's",
        ),
        (
            {"stabilizers": [{"name": "top_k", "share": 0.8}], "training": {"generator_batch_size": 3}},
            {"stabilizers": [{"name": "top_k", "share": 0.9}], "training": {"generator_batch_size": 3}},
            "stabilizers.0.share",
            "0.9 of the 3 fakes in a batch of the generator is all of them, so that top_k leaves out none; lower",
        ),
        (
            {"stabilizers": [{"name": "unrolling"}], "optimizer": {"discriminator": {"name": "sgd"}}},
            {"stabilizers": [{"name": "unrolling"}], "optimizer": {"discriminator": {"name": "rmsprop"}}},
            "optimizer.discriminator",
            "unrolling foresees the updates of Adam, or of gradient descent without momentum",
        ),
        (
            {"training": {"ema_half_life": 5000, "ema": 0.999}},
            {"training": {"ema_half_life": 5000, "ema": 0.99}},
            "training.ema_half_life",
            "another decay than training.ema 0.99; leave training.ema out, or training.ema_half_life",
        ),
        (
            {"training": {"ema": 0.0}},
            {"training": {"ema_half_life": 5000, "ema": 0.0}},
            "training.ema_half_life",
            "leave training.ema out; it asks for no average",
        ),
        ({"expect": "healthy"}, {"expect": "healthy/very"}, "expect", "healthy has no variant 'very'"),
        ({"expect": ["mode_collapse/total"]}, {"expect": ["collapse"]}, "expect", "'collapse' is not a verdict"),
        (
            {"monitor": {"stop_on": ["mode_collapse/total", "diverged"]}},
            {"monitor": {"stop_on": ["mode_collapse/full", "diverged"]}},
            "monitor.stop_on",
            "mode_collapse has no variant 'full'",
        ),
        (
            {"monitor": {"stop_on": ["never_learned"]}},
            {"monitor": {"stop_on": ["under_trained"]}},
            "monitor.stop_on",
            "'under_trained' is not a failure",
        ),
    ],
)
def test_a_rule_between_keys(good: dict[str, Any], bad: dict[str, Any], path: str, words: str) -> None:
    experiment_from_mapping(good)
    with pytest.raises(ConfigError) as error:
        experiment_from_mapping(bad)
    lines = error.value.message.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"experiment: {path}: ")
    assert words in lines[0]


@pytest.mark.parametrize(
    ("good", "bad", "path", "words", "hint"),
    [
        # labels
        (
            {**RING, "game": {"name": "conditional"}},
            {**ROLL, "game": {"name": "conditional"}},
            "game.name",
            "the conditional game needs labelled data, and data.name swiss_roll has no labels",
            "set game.name to standard, or data.name to a labelled set",
        ),
        (
            {"game": {"name": "conditional"}},
            {"data": {"name": "stacked_mnist"}, "game": {"name": "conditional"}},
            "game.name",
            "the conditional game needs labelled data, and data.name stacked_mnist has no labels",
            "set game.name to standard, or data.name to a labelled set",
        ),
        (
            {"game": {"name": "auxiliary"}},
            {**ROLL, "game": {"name": "auxiliary"}},
            "game.name",
            "the auxiliary game needs labelled data",
            "set game.name to standard",
        ),
        (
            {**FOLDER, "game": {"name": "conditional", "classes": 7}},
            {**FOLDER, "game": {"name": "conditional"}},
            "game.classes",
            "is not set, and the number of classes of data.name folder is known only after loading",
            "set game.classes to the number of class folders",
        ),
        (
            {"game": {"name": "conditional", "classes": 10}},
            {"game": {"name": "conditional", "classes": 7}},
            "game.classes",
            "7 is not the number of classes of data.name mnist, 10",
            "leave game.classes out",
        ),
        (
            {"game": {"name": "conditional"}, "generator": {"norm": "conditional_batch"}},
            {"game": {"name": "standard"}, "generator": {"norm": "conditional_batch"}},
            "generator.norm",
            "conditional_batch needs labels, and the standard game has none",
            "set generator.norm to batch, or game.name to conditional or auxiliary",
        ),
        (
            {"game": {"name": "conditional"}},
            {"game": {"name": "conditional"}, "discriminator": {"norm": "conditional_batch"}},
            "discriminator.norm",
            "the dcgan discriminator has no conditional_batch normalisation",
            "set discriminator.norm to batch, instance, layer, spectral or none",
        ),
        (
            {"game": {"name": "conditional"}, "generator": {"name": "guide"}},
            {"game": {"name": "conditional"}, "generator": {"name": "guide", "norm": "conditional_batch"}},
            "generator.norm",
            "the guide generator has no conditional_batch normalisation",
            "set generator.norm to batch",
        ),
        # codes
        (
            codes(13),
            codes(12),
            "game.categories",
            "10 categories and 2 continuous codes take 12 latent dimensions, and latent.dim 12 leaves none for noise",
            "raise latent.dim above 12, or lower game.categories or game.continuous",
        ),
        (codes(5, 2, 0), codes(5, 5, 0), "game.categories", "latent.dim 5 leaves none for noise", "raise latent.dim"),
        # sizes
        (
            GROWING,
            {**GROWING, "data": {"image_size": 28}},
            "game.sizes",
            "8 does not divide the image's 28 pixels",
            "choose [7, 14, 28]",
        ),
        (
            sizes(7, 14, 28, side=28),
            sizes(6, 14, 28, side=28),
            "game.sizes",
            "6 does not divide the image's 28 pixels",
            "choose [7, 14, 28], or leave out the first of these",
        ),
        (
            sizes(8, 16, 32),
            sizes(8, 32),
            "game.sizes",
            "[8, 32] do not double, each from the one before, up to the image's 32 pixels",
            "choose [4, 8, 16, 32], or leave out the first of these",
        ),
        (sizes(4, 8, 16, 32), sizes(4, 8, 16), "game.sizes", "[4, 8, 16] do not double", "choose [4, 8, 16, 32]"),
        (sizes(32), sizes(32, 16), "game.sizes", "[32, 16] do not double", "choose [4, 8, 16, 32]"),
        (
            sizes(4, 8, 16, 32),
            sizes(2, 4, 8, 16, 32),
            "game.sizes",
            "2 is below the smallest map",
            "choose [4, 8, 16, 32]",
        ),
        (
            GROWING,
            {**GROWING, "generator": {"name": "dcgan"}},
            "generator.name",
            "dcgan cannot grow, which the progressive game requires",
            "set generator.name to progressive, or game.name to standard",
        ),
        (
            GROWING,
            {**GROWING, "discriminator": {"name": "sagan", "attention": 16}},
            "discriminator.name",
            "sagan cannot grow",
            "set discriminator.name to progressive",
        ),
        (
            GROWING,
            {**GROWING, "game": {"name": "standard"}},
            "game.name",
            "progressive networks grow during the game, and the standard game does not let them",
            "set game.name to progressive, or other networks",
        ),
        (
            {"training": {"compile": True}},
            {**GROWING, "training": {"compile": True}},
            "training.compile",
            "networks that grow would be compiled again at every step of a fade",
            "set training.compile to false",
        ),
        # attention
        (
            attending(14, 28),
            attending(16, 28),
            "generator.attention",
            "at 28 pixels no hidden map is 16 x 16",
            "its maps are 14, 7; null leaves attention out",
        ),
        (
            attending(None, 32, "discriminator"),
            attending(14, 32, "discriminator"),
            "discriminator.attention",
            "at 32 pixels no hidden map is 14 x 14",
            "its maps are 16, 8, 4; null",
        ),
        (attending(64, 128), attending(128, 128), "generator.attention", "no hidden map is 128", "64, 32, 16, 8, 4"),
        # domains
        (
            {**TRANSLATING, "data": GREY},
            {**TRANSLATING, "data": {**GREY, "grayscale": False}},
            "game.source",
            "mnist has 1 channels and data.name folder has 3",
            "choose domains with the same number of channels",
        ),
        (
            translating(name="mnist"),
            translating(name="mnist", image_size=32),
            "game.source.image_size",
            "32 pixels is not the 28 of data.image_size",
            "set game.source.image_size to 28",
        ),
        (
            translating(name="mnist"),
            translating(name="ring"),
            "game.source",
            "the cycle game translates images, not points",
            "choose image data",
        ),
        (
            translating(name="mnist", classes=[3]),
            translating(name="mnist", classes=[12]),
            "game.source.classes",
            "12 is not a class of this data set",
            "its classes are 0, 1",
        ),
        (
            {**TRANSLATING},
            {**TRANSLATING, "penalties": [{"name": "r1"}]},
            "penalties",
            "the cycle game has no gradient penalties",
            "leave penalties out",
        ),
        (
            {"training": {"discriminator_batches": "mixed"}},
            {**TRANSLATING, "training": {"discriminator_batches": "mixed"}},
            "training.discriminator_batches",
            "the cycle game has no mixed batches",
            "set training.discriminator_batches to summed",
        ),
        # what generators start from
        (
            TRANSLATING,
            {"generator": {"name": "translator"}},
            "generator.name",
            "translator starts from images, and the standard game gives it latents",
            "set generator.name to mlp, dcgan, guide, sagan, resnet or progressive, or game.name to a game for it",
        ),
        (
            TRANSLATING,
            {**TRANSLATING, "generator": {"name": "dcgan"}},
            "generator.name",
            "dcgan starts from latents, and the cycle game gives it images",
            "set generator.name to translator",
        ),
        (
            ENLARGING,
            {**ENLARGING, "generator": {"name": "mlp"}},
            "generator.name",
            "mlp starts from latents, and the super_resolution game gives it images",
            "super_resolution",
        ),
        (
            ENLARGING,
            {**ENLARGING, "generator": {"name": "translator"}},
            "generator.name",
            "translator keeps the size of an image, and the super_resolution game enlarges it",
            "set generator.name to super_resolution",
        ),
        (
            TRANSLATING,
            {**TRANSLATING, "generator": {"name": "super_resolution"}},
            "generator.name",
            "super_resolution enlarges images, and the cycle game has none to enlarge",
            "set game.name to super_resolution",
        ),
        (
            PAIRED,
            {**PAIRED, "data": {"name": "mnist"}},
            "data.rotated",
            "is 0, so the paired game would have nothing to rotate",
            "set data.rotated to the largest angle in degrees, such as 45",
        ),
        (
            PAIRED,
            {**PAIRED, "generator": {"name": "translator"}},
            "generator.norm",
            "the generator would hardly see them",
            "set generator.norm to batch",
        ),
    ],
)
def test_a_rule_of_a_game(good: dict[str, Any], bad: dict[str, Any], path: str, words: str, hint: str) -> None:
    experiment_from_mapping(good)
    with pytest.raises(ConfigError) as error:
        experiment_from_mapping(bad)
    lines = error.value.message.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"experiment: {path}: ")
    assert words in lines[0]
    assert hint in lines[0].partition("; ")[2]


@pytest.mark.parametrize(
    ("bad", "path", "words"),
    [
        ({**ROLL, "game": {"name": "super_resolution"}}, "game.name", "works on images, not on points"),
        ({**ROLL, "game": {"name": "paired"}}, "game.name", "rotates images, not points"),
        ({**ROLL, "game": {"name": "cycle", "source": {"name": "mnist"}}}, "game.source", "translates images"),
        ({**GROWING, "data": {"name": "ring"}}, "generator.name", "progressive works on images"),
        ({**GROWING, "data": {"name": "ring"}}, "discriminator.name", "progressive works on images"),
        ({**GROWING, **MLP}, "generator.name", "mlp cannot grow"),
        ({**GROWING, **MLP}, "discriminator.name", "mlp cannot grow"),
        ({**TRANSLATING, "game": {"name": "cycle"}}, "game.source", "is missing; cycle needs it"),
        ({"game": {"name": "cycle", "source": {"edges": True}}}, "game.source", "has no name; give one"),
    ],
)
def test_a_rule_that_breaks_beside_others(bad: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        experiment_from_mapping(bad)
    assert [line for line in error.value.message.splitlines() if f": {path}: " in line and words in line]


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_norm_that_the_architecture_does_not_have(name: str, player: str) -> None:
    options = getattr(NETWORKS[name], player)
    for norm in get_args(Norm) if options else ():
        found = [problem.path for problem in options(name=name, norm=norm).check(player)]
        assert found == ([] if norm in options.norms else [f"{player}.norm"])


def test_rules_are_asked_of_parts_within_parts_and_of_derived_ones() -> None:
    game = {"name": "cycle", "source": {"name": "mnist", "fraction": 1e-4}}
    paths = [problem.path for problem in problems(Experiment.model_validate({**TRANSLATING, "game": game}))]
    assert paths == ["game.source.fraction"]


def test_a_new_part_brings_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lonely(StandardGameOptions):
        pass

    monkeypatch.setattr(rules, "RULES", dict(rules.RULES))

    @rules.rule(Lonely)
    def one_sample(game: Lonely, path: str, experiment: Experiment) -> Iterator[Problem]:
        if experiment.training.batch_size > 1:
            yield Problem(f"{path}.name", "is for one sample at a time", "set training.batch_size to 1")

    assert problems(Experiment()) == []
    assert [problem.path for problem in problems(Experiment(game=Lonely()))] == ["game.name"]
