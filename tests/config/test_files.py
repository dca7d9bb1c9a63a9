"""Experiment files: which are read, and how they extend each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ganlab.config.data import ImageOptions
from ganlab.config.load import experiment_from_mapping, load_experiment
from ganlab.config.objectives import LOSSES
from ganlab.config.optimizer import OPTIMIZERS
from ganlab.errors import ConfigError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


def refusal(source: str | Path, *overrides: str) -> str:
    with pytest.raises(ConfigError) as error:
        load_experiment(source, overrides)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing but a comment\n", "empty"),
        ("null\n", "empty"),
        ("- a\n- b\n", "expected keys and values, got ['a', 'b']"),
        ("just text\n", "expected keys and values, got 'just text'"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(text: str, words: str) -> None:
    message = refusal(write("x.yaml", text))
    assert message.startswith("x.yaml")
    assert words in message


@pytest.mark.timeout(10)
def test_only_regular_files_are_read(here: Path) -> None:
    os.mkfifo("pipe.yaml")
    Path("directory.yaml").mkdir()
    Path("loop.yaml").symlink_to("loop.yaml")
    assert "a device or a pipe" in refusal("pipe.yaml")
    assert "a device or a pipe" in refusal("/dev/zero")
    assert "neither a file nor" in refusal("directory.yaml")
    assert "neither a file nor" in refusal("missing.yaml")
    assert "neither a file nor" in refusal("\x00")
    assert "cannot be read" in refusal("loop.yaml")
    assert load_experiment(Path(write("sub/x.yaml", "seed: 3"))).seed == 3


def test_a_folder_of_the_same_name_does_not_hide_a_shipped_experiment() -> None:
    Path("smoke").mkdir()
    assert load_experiment("smoke").name == "smoke"


# extends


def test_extends_merges_mappings_and_replaces_lists_and_scalars() -> None:
    write(
        "base.yaml", "seed: 1\ntraining: {steps: 5, batch_size: 7}\ndata: {classes: [1, 2]}\npenalties: [{name: r1}]\n"
    )
    text = "extends: ../base.yaml\ntraining: {steps: 6}\ndata: {classes: [3], fraction: 0.5}\npenalties: []\n"
    experiment = load_experiment(write("sub/x.yaml", text))
    assert (experiment.seed, experiment.training.steps, experiment.training.batch_size) == (1, 6, 7)
    assert isinstance(experiment.data, ImageOptions)
    assert (experiment.data.classes, experiment.data.fraction, experiment.penalties) == ((3,), 0.5, ())


@pytest.mark.parametrize(
    ("section", "base", "top", "result"),
    [
        ("generator", {"name": "mlp", "width": 9}, {"depth": 2}, {"name": "mlp", "width": 9, "depth": 2}),
        (
            "generator",
            {"name": "mlp", "width": 9},
            {"name": "mlp", "depth": 2},
            {"name": "mlp", "width": 9, "depth": 2},
        ),
        ("generator", {"name": "mlp", "width": 9}, {"name": "guide"}, {"name": "guide"}),
        ("generator", {"width": 9}, {"name": "dcgan", "norm": "none"}, {"name": "dcgan", "width": 9, "norm": "none"}),
        ("generator", {"width": 9}, {"name": "guide"}, {"name": "guide"}),
        ("discriminator", {"name": "guide", "width": 9}, {"name": "dcgan"}, {"name": "dcgan"}),
        ("weight_init", {"std": 0.5}, {"name": "xavier"}, {"name": "xavier"}),
        ("data", {"name": "cifar10", "image_size": 64}, {"name": "mnist"}, {"name": "mnist"}),
    ],
)
def test_another_component_starts_anew(section: str, base: Any, top: Any, result: Any) -> None:
    write("base.yaml", f"{section}: {base}")
    extended = load_experiment(write("x.yaml", f"extends: base.yaml\n{section}: {top}"))
    overrides = [f"{section}.{key}={value}" for key, value in reversed(top.items())]
    assert extended == load_experiment("base.yaml", overrides) == experiment_from_mapping({section: result})


def test_each_optimizer_starts_anew_alone() -> None:
    write("base.yaml", "optimizer: {generator: {lr: 1e-3, eps: 1e-5}, discriminator: {lr: 1e-3, eps: 1e-5}}")
    optimizer = load_experiment(write("x.yaml", "extends: base.yaml\noptimizer: {generator: {name: sgd}}")).optimizer
    assert optimizer.generator == OPTIMIZERS["sgd"].model_validate({"name": "sgd"})
    assert optimizer.discriminator.lr == 1e-3


def test_extends_takes_shipped_names_and_chains() -> None:
    write("a.yaml", "extends: ring\nseed: 5")
    write("b.yaml", "extends: a.yaml\nname: b")
    experiment = load_experiment("b.yaml")
    assert experiment == load_experiment("ring", ["seed=5", "name=b"])
    assert experiment_from_mapping({"extends": "b.yaml"}) == experiment


def test_problems_name_the_file_they_stand_in() -> None:
    write("base.yaml", "seed: 1\ntraining: {stepz: 5}\nloss: x\n")
    assert refusal(write("x.yaml", "extends: base.yaml\n\nloss: hing\nseed: []\n")).splitlines() == [
        "base.yaml:2: training.stepz: unknown key; did you mean steps?",
        f"x.yaml:3: loss: no loss called 'hing'; did you mean hinge? there are {', '.join(LOSSES)}",
        "x.yaml:4: seed: expected a whole number, got []",
    ]


def test_extends_is_refused_in_circles_too_long_chains_and_without_a_file() -> None:
    write("a.yaml", "extends: sub/b.yaml")
    write("sub/b.yaml", "seed: 1\nextends: ../a.yaml")
    assert refusal("a.yaml") == "sub/b.yaml:2: extends: the files extend each other in a circle"
    assert "circle" in refusal(write("self.yaml", "extends: self.yaml"))
    write("0.yaml", "seed: 4")
    for number in range(1, 12):
        write(f"{number}.yaml", f"extends: {number - 1}.yaml")
    assert load_experiment("10.yaml").seed == 4
    assert refusal("11.yaml") == "1.yaml:1: extends: a chain of more than 10 files"
    missing = refusal(write("x.yaml", "seed: 1\nextends: rnig"))
    assert missing.startswith("x.yaml:2: extends: no experiment 'rnig': ")
    assert "did you mean ring?" in missing
    assert "expected a file" in refusal(write("x.yaml", "extends: [ring]"))
    assert "/dev/zero: a device or a pipe" in refusal(write("x.yaml", "extends: /dev/zero"))
