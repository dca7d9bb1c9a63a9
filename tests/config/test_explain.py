"""Each kind of mistake with the one line it gets."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ganlab.config import explain
from ganlab.config.load import experiment_from_mapping, load_experiment
from ganlab.config.objectives import LOSSES
from ganlab.config.penalties import PENALTIES
from ganlab.diagnosis.failures import FAILURES
from ganlab.errors import ConfigError

Check = Callable[..., list[str]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Load a text with overrides and return the lines of its refusal."""
    monkeypatch.chdir(tmp_path)

    def refusal(text: str, *overrides: str) -> list[str]:
        Path("x.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as error:
            load_experiment("x.yaml", overrides)
        return error.value.message.splitlines()

    return refusal


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\ngenerator:\n  widht: 3", "x.yaml:3: generator.widht: unknown key; did you mean width?"),
        ("steps: 500", "x.yaml:1: steps: unknown key; did you mean training.steps?"),
        ("generator: {depth: 3}", "x.yaml:1: generator.depth: unknown key of dcgan; mlp has it"),
        ("latent: {foo: 3}", "x.yaml:1: latent.foo: unknown key; latent has dim, distribution"),
        (
            "generator: {name: dcgn}",
            "x.yaml:1: generator.name: no generator called 'dcgn'; did you mean dcgan? "
            "there are mlp, dcgan, guide, sagan, resnet, progressive, translator, super_resolution",
        ),
        (
            "discriminator: {name: translator}",
            "x.yaml:1: discriminator.name: no discriminator called 'translator'; "
            "there are mlp, dcgan, guide, sagan, resnet, progressive",
        ),
        (
            "data: {name: 3}",
            "x.yaml:1: data.name: no data set called 3; "
            "there are mnist, stacked_mnist, fashion_mnist, kmnist, cifar10, folder, ring, grid, swiss_roll",
        ),
        (
            "game: {name: standart}",
            "x.yaml:1: game.name: no game called 'standart'; did you mean standard? "
            "there are standard, conditional, auxiliary, infogan, progressive, cycle, super_resolution, paired",
        ),
        (
            "optimizer:\n  generator: {name: adm}",
            "x.yaml:2: optimizer.generator.name: no optimizer called 'adm'; "
            "did you mean adam? there are adam, adamw, rmsprop, sgd",
        ),
        (
            "loss: hing",
            f"x.yaml:1: loss: no loss called 'hing'; did you mean hinge? there are {', '.join(LOSSES)}",
        ),
        (
            "penalties:\n- name: r1\n- weight: 3",
            f"x.yaml:3: penalties.1: has no name; give one, such as name: r1 (there are {', '.join(PENALTIES)})",
        ),
        (
            "stabilizers:\n- packing: {size: 2}",
            "x.yaml:2: stabilizers.0: has no name; write {name: packing, size: 2}",
        ),
        (
            "stabilizers:\n  packing: {size: 2}",
            "x.yaml:1: stabilizers: expected a list, got keys and values; write [{name: packing, size: 2}]",
        ),
        ("penalties: false", "x.yaml:1: penalties: expected a list, got false; write [] for none"),
        ("stabilizers: {size: 2}", "x.yaml:1: stabilizers: expected a list, got keys and values"),
        ("penalties:", "x.yaml:1: penalties: expected a list, got null; write [] for none"),
        (
            "optimizer.discriminator.lr: 0.001",
            "x.yaml:1: optimizer.discriminator.lr: keys with dots are for the command line; "
            "write optimizer: {discriminator: {lr: ...}}",
        ),
        (
            "optimizer:\n  discriminator.lr: 0.001",
            "x.yaml:2: optimizer.discriminator.lr: keys with dots are for the command line; "
            "write discriminator: {lr: ...}",
        ),
        (
            "stabilizers: [{name: spectral_norm}]",
            "x.yaml:1: stabilizers.0.name: no stabilizer called 'spectral_norm'; set discriminator.norm to spectral",
        ),
        (
            "penalties: [{name: r3}]",
            f"x.yaml:1: penalties.0.name: no penalty called 'r3'; there are {', '.join(PENALTIES)}",
        ),
        (
            "stabilizers: [{name: r1}]",
            "x.yaml:1: stabilizers.0.name: no stabilizer called 'r1'; it is a penalty: write it under penalties",
        ),
        (
            "penalties: [packing]",
            "x.yaml:1: penalties.0: no penalty called 'packing'; it is a stabilizer: write it under stabilizers",
        ),
        (
            "stabilizers: [{name: dropout}]",
            "x.yaml:1: stabilizers.0.name: no stabilizer called 'dropout'; it is a setting: discriminator.dropout",
        ),
        (
            "penalties: [{name: spectral}]",
            "x.yaml:1: penalties.0.name: no penalty called 'spectral'; set discriminator.norm to spectral",
        ),
        (
            "stabilizers: [{name: relativistic}]",
            "x.yaml:1: stabilizers.0.name: no stabilizer called 'relativistic'; set loss to relativistic",
        ),
        ("penalties: [r2]", "x.yaml:1: penalties.0: expected keys and values, got 'r2'; write {name: r2}"),
        ("generator: mlp", "x.yaml:1: generator: expected keys and values, got 'mlp'; write {name: mlp}"),
        ("latent: 3", "x.yaml:1: latent: expected keys and values, got 3"),
        ("latent: null", "x.yaml:1: latent: expected keys and values, got null"),
        ("data:\n  name: folder", "x.yaml:1: data.path: is missing; folder needs it"),
        ("training: {steps: abc}", "x.yaml:1: training.steps: expected a whole number, got 'abc'"),
        ("training: {steps: 1e4}", "x.yaml:1: training.steps: expected a whole number, got 10000.0; write 10000"),
        ("training: {steps: 1.5}", "x.yaml:1: training.steps: expected a whole number, got 1.5"),
        ("training: {steps: true}", "x.yaml:1: training.steps: expected a whole number, got true"),
        ("training: {steps: '5'}", "x.yaml:1: training.steps: expected a whole number, got '5'"),
        ("training: {ema: true}", "x.yaml:1: training.ema: expected a number, got true"),
        ("training: {ema: x}", "x.yaml:1: training.ema: expected a number, got 'x'"),
        ("training: {compile: no}", "x.yaml:1: training.compile: expected true or false, got 'no'"),
        ("training: {compile: 1}", "x.yaml:1: training.compile: expected true or false, got 1"),
        ("claim: 5", "x.yaml:1: claim: expected text, got 5"),
        ("penalties: {name: r1}", "x.yaml:1: penalties: expected a list, got keys and values; write [{name: r1}]"),
        ("stabilizers: packing", "x.yaml:1: stabilizers: expected a list, got 'packing'; write [{name: packing}]"),
        ("generator: {dropout: 0.1}", "x.yaml:1: generator.dropout: unknown key; did you mean discriminator.dropout?"),
        ("training: {batch_size: 0}", "x.yaml:1: training.batch_size: must be at least 1, got 0"),
        ("training: {batch_size: 65537}", "x.yaml:1: training.batch_size: must be at most 65536, got 65537"),
        ("training: {ema: 1}", "x.yaml:1: training.ema: must be below 1, got 1"),
        ("weight_init: {std: 0}", "x.yaml:1: weight_init.std: must be above 0, got 0"),
        ("data: {fraction: .nan}", "x.yaml:1: data.fraction: must be a finite number, got .nan"),
        ("data: {fraction: -.inf}", "x.yaml:1: data.fraction: must be a finite number, got -.inf"),
        (
            "data: {held_out: tset}",
            "x.yaml:1: data.held_out: expected test or a number, got 'tset'; did you mean test?",
        ),
        ("data: {held_out: 0.9}", "x.yaml:1: data.held_out: must be at most 0.5, got 0.9"),
        ("data: {image_size: 300}", "x.yaml:1: data.image_size: must be at most 256, got 300"),
        ("data: {image_size: [28, 8]}", "x.yaml:1: data.image_size.1: must be at least 16, got 8"),
        (
            "data: {image_size: 48x32}",
            "x.yaml:1: data.image_size: expected a whole number, got '48x32'; write [48, 32] for height and width",
        ),
        (
            f"data: {{image_size: {'9' * 30}x9}}",
            f"x.yaml:1: data.image_size: expected a whole number, got '{'9' * 30}x9'",
        ),
        ("training: {steps: 1.0e+3}", "x.yaml:1: training.steps: expected a whole number, got 1000.0; write 1000"),
        ("training: {steps: 1.0e+300}", "x.yaml:1: training.steps: expected a whole number, got 1.0e+300"),
        (
            "data: {image_size: [17, 23]}",
            "x.yaml:1: generator.name: dcgan makes images whose height and width are multiples of 4, or of 8 above 128 "
            "pixels, but data.image_size is [17, 23]; set data.image_size to [16, 20] or [20, 24], to which pictures "
            "are resized, or generator.name and discriminator.name to mlp",
        ),
        ("data:\n  classes:\n  - 1\n  - true", "x.yaml:4: data.classes.1: expected a whole number or text, got true"),
        ("data: {classes: []}", "x.yaml:1: data.classes: must have at least 1 entry, got 0"),
        ("data: {classes: 8}", "x.yaml:1: data.classes: expected a list, got 8"),
        ("data: {classes: [true]}", "x.yaml:1: data.classes.0: expected a whole number or text, got true"),
        (
            "stabilizers: [{name: diff_augment, policy: [colour]}]",
            "x.yaml:1: stabilizers.0.policy.0: expected color, translation or cutout, got 'colour'; "
            "did you mean color?",
        ),
        (
            "stabilizers: [{name: diff_augment, policy: cutout}]",
            "x.yaml:1: stabilizers.0.policy: expected a list, got 'cutout'; write [cutout]",
        ),
        (
            "optimizer: {generator: {name: adam, betas: [0.5]}}",
            "x.yaml:1: optimizer.generator.betas.1: is missing; the list needs it",
        ),
        (
            "optimizer: {generator: {betas: [0.5, 0.9, 1]}}",
            "x.yaml:1: optimizer.generator.betas: must have at most 2 entries, got 3",
        ),
        (
            "training: {device: gpu}",
            "x.yaml:1: training.device: 'gpu' does not fit: "
            "`auto` (CUDA, else MPS, else CPU), `cpu`, `mps`, `cuda` or `cuda:N`.",
        ),
        ("data: {name: folder, path: ''}", "x.yaml:1: data.path: must have at least 1 character, got 0"),
        ("seed: " + "9" * 30, f"x.yaml:1: seed: must be below {2**63}, got {'9' * 30}"),
        ("seed: " + "9" * 6000, f"x.yaml:1: seed: expected a whole number, got '{'9' * 77}...'"),
        ("claim: {a: b}", "x.yaml:1: claim: expected text, got keys and values; put text that holds a colon in quotes"),
        (
            "expect: helthy",
            "x.yaml:1: expect: 'helthy' is not a verdict; did you mean healthy? verdicts are diverged, ",
        ),
    ],
)
def test_the_line_a_mistake_gets(check: Check, text: str, message: str) -> None:
    found = check(text)
    assert len(found) == 1
    assert found[0] == message or (message.endswith(", ") and found[0].startswith(message))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("generator.widht=3", "override generator.widht=3: unknown key; did you mean generator.width?"),
        ("steps=5", "override steps=5: unknown key; did you mean training.steps?"),
        ("optimiser.lr=1", "override optimiser.lr=1: unknown key; did you mean optimizer.lr?"),
        ("optimizer.generater.lr=1",
         "override optimizer.generater.lr=1: unknown key; did you mean optimizer.generator.lr?"),
        ("generator.depth=3", "override generator.depth=3: unknown key of dcgan; mlp has it"),
        ("training.steps", "override training.steps: expected KEY=VALUE in plain text, such as training.steps=500"),
        ("=5", "override =5: expected KEY=VALUE in plain text, such as training.steps=500"),
        ("training..steps=5",
         "override training..steps=5: expected KEY=VALUE in plain text, such as training.steps=500"),
        ("seed=\x1b[1m", "override seed=\\x1b[1m: expected KEY=VALUE in plain text, such as training.steps=500"),
        ("seed=x", "override seed=x: expected a whole number, got 'x'"),
        ("training.steps.foo=3", "override training.steps.foo=3: expected a whole number, got keys and values"),
        ("training={steps: 0}", "override training={steps: 0}: training.steps: must be at least 1, got 0"),
        ("penalties=[{name: r1, weigth: 5}]",
         "override penalties=[{name: r1, weigth: 5}]: penalties.0.weigth: unknown key; did you mean weight?"),
        ("penalties.0.weight=5",
         "override penalties.0.weight=5: penalties has no entry 0; "
         "give the whole list, as in penalties=[{name: r1, weight: 5}]"),
        ("stabilizers.0.size=2",
         "override stabilizers.0.size=2: stabilizers has no entry 0; "
         "give the whole list, as in stabilizers=[{name: packing, size: 2}]"),
        ("data.classes=[1", "override data.classes=[1: not YAML: expected ',' or ']', but got '<stream end>' "
                            "(while parsing a flow sequence in line 1)"),
        ("claim=a: b",
         "override claim=a: b: claim: expected text, got keys and values; put text that holds a colon in quotes"),
        ("data.name=folder", "override data.name=folder: data.path: is missing; folder needs it"),
        ("data={seed: 1, seed: 2}", "override data={seed: 1, seed: 2}: seed: the key is given twice; keep one"),
    ],
)  # fmt: skip
def test_the_line_an_override_gets(check: Check, override: str, message: str) -> None:
    assert check("name: fine", override) == [message]


def test_all_problems_come_at_once_in_the_order_of_the_file(check: Check) -> None:
    text = """\
name: a b
seed: -1
data: {name: mnist, classes: [11]}
generator: {name: dcgan, widht: 3, kernel_size: 40}
training: {steps: many}
seed: 5
"""
    assert [line.split(": ")[:2] for line in check(text, "latent.dim=0", "training.stepz=3")] == [
        ["x.yaml:1", "name"],
        ["x.yaml:2", "seed"],
        ["x.yaml:3", "data.classes"],
        ["x.yaml:4", "generator.widht"],
        ["x.yaml:4", "generator.kernel_size"],
        ["x.yaml:5", "training.steps"],
        ["x.yaml:6", "seed"],
        ["override latent.dim=0", "must be at least 1, got 0"],
        ["override training.stepz=3", "unknown key; did you mean training.steps?"],
    ]


def test_rules_between_keys_are_silent_where_one_of_the_keys_is_wrong(check: Check) -> None:
    # dcgan, the default, works on images only; which generator was meant is not known here.
    points = "data: {name: ring}\ndiscriminator: {name: mlp}\n"
    assert check(points) == [
        "x.yaml:1: generator.name: dcgan works on images, but data.name ring has points of 2 coordinates; "
        "set generator.name to mlp"
    ]
    assert [line.split(": ")[1] for line in check(points + "generator: {name: mpl}")] == ["generator.name"]
    assert [line.split(": ")[1] for line in check(points + "generater: {name: mlp}")] == ["generater"]
    assert [line.split(": ")[1] for line in check(points + "generator: {nmae: mlp}")] == ["generator.nmae"]


def test_what_a_user_wrote_is_shown_safe_and_short(check: Check) -> None:
    found = check('"\\u202egenerator": 1\nname: "' + "x" * 5000 + '"\nloss: "\\u202ehinge"\n')
    assert all(line.isprintable() and len(line) < 400 for line in found)
    assert "\\u202egenerator" in found[0]


def test_thousands_of_problems_are_cut_short(check: Check) -> None:
    found = check("penalties: [" + "1, " * 5000 + "]\n")
    assert len(found) == 101
    assert found[-1] == "and more, once these are put right"


def test_python_values_are_explained_too() -> None:
    with pytest.raises(ConfigError) as error:
        experiment_from_mapping({"seed": object(), "latent": {"dmi": 3}})
    assert error.value.message.splitlines() == [
        "experiment: seed: expected a whole number, got a Python object",
        "experiment: latent.dmi: unknown key; did you mean dim?",
    ]


def test_names_that_are_explained_are_those_of_cures_and_settings_that_there_are() -> None:
    cures = {cure.name for failure in FAILURES for cure in failure.cures}
    assert explain._ALSO_CALLED.keys() - cures == {"minibatch_discrimination"}
    for words in explain._ALSO_CALLED.values():
        if found := re.fullmatch(r"set (\S+) to (\S+)", words):
            key, value = found.groups()
            load_experiment("dcgan_mnist", [f"{key}={value}"])
