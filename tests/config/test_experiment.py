"""The rules between keys: each with an experiment that breaks it, and its neighbour that does not."""

from __future__ import annotations

from typing import Any

import pytest

from ganlab.config.experiment import MEANINGS, VERDICTS, Experiment
from ganlab.config.load import experiment_from_mapping
from ganlab.errors import ConfigError

MLP = {"generator": {"name": "mlp"}, "discriminator": {"name": "mlp"}}
BOTH = "training.discriminator_batches is separate"


def test_the_defaults_can_be_run() -> None:
    assert Experiment().problems() == []


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
            "instance normalisation works on feature maps",
        ),
        (
            {"training": {"generator_batch_size": 2}},
            {"training": {"generator_batch_size": 1}},
            "training.batch_size",
            "batch normalisation in the generator needs at least 2",
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
            {"stabilizers": [{"name": "label_smoothing"}], "loss": "least_squares"},
            {"stabilizers": [{"name": "label_smoothing"}], "loss": "hinge"},
            "stabilizers.0",
            "the hinge loss has no target labels",
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
        ({"expect": "healthy"}, {"expect": "healthy/very"}, "expect", "healthy has no variant 'very'"),
        ({"expect": ["mode_collapse/total"]}, {"expect": ["collapse"]}, "expect", "'collapse' is no verdict"),
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
            "'under_trained' is no failure",
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


def test_every_verdict_has_a_meaning() -> None:
    variants = {f"{failure}/{variant}" for failure, variants in VERDICTS.items() for variant in variants}
    alone = {failure for failure, variants in VERDICTS.items() if not variants}
    # What diverges need not do so at a change of phase.
    assert set(MEANINGS) == variants | alone | {"diverged"}
