from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ganlab.config.data import DATA, ImageOptions
from ganlab.config.experiment import Experiment
from ganlab.config.games import GAMES
from ganlab.config.load import (
    apply_overrides,
    difference,
    dump_experiment,
    experiment_from_mapping,
    load_experiment,
)
from ganlab.config.networks import NETWORKS, WEIGHT_INITS, feature_maps
from ganlab.config.objectives import LOSSES, PENALTIES, STABILIZERS
from ganlab.config.optimizer import OPTIMIZERS
from ganlab.config.rules import problems
from ganlab.errors import ConfigError
from ganlab.verdicts import KINDS


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


# One file


def test_what_a_file_leaves_out_is_the_default() -> None:
    assert load_experiment(write("x.yaml", "name: experiment")) == Experiment()


def test_a_section_without_a_name_is_the_default_component() -> None:
    text = "data: {classes: [8]}\ngenerator: {width: 8}\nweight_init: {std: 0.1}\noptimizer: {generator: {lr: 1e-3}}"
    experiment = load_experiment(write("x.yaml", text))
    assert experiment.data == DATA["mnist"].options.model_validate({"name": "mnist", "classes": [8]})
    assert experiment.generator == NETWORKS["dcgan"].generator.model_validate({"name": "dcgan", "width": 8})
    assert experiment.weight_init == WEIGHT_INITS["normal"].model_validate({"name": "normal", "std": 0.1})
    assert experiment.optimizer.generator == OPTIMIZERS["adam"].model_validate({"name": "adam", "lr": 1e-3})


def test_one_expected_verdict_needs_no_list() -> None:
    assert load_experiment(write("x.yaml", "expect: mode_collapse/partial")).expect == ("mode_collapse/partial",)


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
    Path("folder.yaml").mkdir()
    Path("loop.yaml").symlink_to("loop.yaml")
    assert "a device or a pipe" in refusal("pipe.yaml")
    assert "a device or a pipe" in refusal("/dev/zero")
    assert "neither a file nor" in refusal("folder.yaml")
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
        "x.yaml:3: loss: no loss called 'hing'; did you mean hinge? "
        "there are minimax, non_saturating, least_squares, hinge, wasserstein",
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


# Overrides


@pytest.mark.parametrize(
    ("override", "values"),
    [
        ("training.steps=500", {"training": {"steps": 500}}),
        ("training.ema = 0.5", {"training": {"ema": 0.5}}),
        ("data.classes=[3,8]", {"data": {"classes": [3, 8]}}),
        ("data.classes=", {}),
        ("training.generator_batch_size=null", {}),
        ("training.device=cuda:0", {"training": {"device": "cuda:0"}}),
        ("claim='a: b'", {"claim": "a: b"}),
        ("optimizer.generator.betas=[0.5,0.9]", {"optimizer": {"generator": {"betas": [0.5, 0.9]}}}),
        ("optimizer.lr=1e-3", {"optimizer": {"generator": {"lr": 1e-3}, "discriminator": {"lr": 1e-3}}}),
        ("optimizer={lr: 1e-3}", {"optimizer": {"generator": {"lr": 1e-3}, "discriminator": {"lr": 1e-3}}}),
        ("optimizer.name=sgd", {"optimizer": {"generator": {"name": "sgd"}, "discriminator": {"name": "sgd"}}}),
        ("penalties=[{name: r1, weight: 5}]", {"penalties": [{"name": "r1", "weight": 5}]}),
        ("stabilizers=[]", {}),
        ("training={steps: 3, ema: 0}", {"training": {"steps": 3, "ema": 0}}),
        ("generator={name: mlp, width: 3}", {"generator": {"name": "mlp", "width": 3}}),
    ],
)
def test_an_override_says_what_a_file_would(override: str, values: dict[str, Any]) -> None:
    assert experiment_from_mapping({}, [override]) == experiment_from_mapping(values)


def test_overrides_reach_into_lists() -> None:
    values = {"penalties": [{"name": "r1", "weight": 3}, {"name": "r2", "weight": 4}]}
    weights = experiment_from_mapping(values, ["penalties.1.weight=5"]).penalties
    assert [penalty.weight for penalty in weights] == [3, 5]
    renamed = experiment_from_mapping(values, ["penalties.1.name=wgan_gp", "discriminator.norm=none"]).penalties
    assert [(penalty.name, penalty.weight) for penalty in renamed] == [("r1", 3), ("wgan_gp", 10)]
    betas = {"optimizer": {"generator": {"betas": [0.1, 0.2]}}}
    assert experiment_from_mapping(betas, ["optimizer.generator.betas.0=0.3"]).optimizer.generator.betas == (0.3, 0.2)  # type: ignore[attr-defined]


def test_names_come_first_lists_before_their_entries_and_the_last_of_two_counts() -> None:
    experiment = experiment_from_mapping(
        {},
        [
            *("generator.depth=7", "seed=1", "penalties.0.weight=5", "penalties.0.name=r2", "optimizer.momentum=0.1"),
            *("generator.name=mlp", "penalties=[{name: r1}]", "optimizer.name=sgd", "seed=2"),
        ],
    )
    assert experiment == experiment_from_mapping(
        {
            "seed": 2,
            "generator": {"name": "mlp", "depth": 7},
            "penalties": [{"name": "r2", "weight": 5}],
            "optimizer": {
                "generator": {"name": "sgd", "momentum": 0.1},
                "discriminator": {"name": "sgd", "momentum": 0.1},
            },
        }
    )


def test_overrides_on_an_experiment_start_from_all_it_says() -> None:
    experiment = load_experiment("ring")
    changed = apply_overrides(
        experiment, ["training.steps=5", "generator.name=dcgan", "data.name=mnist", "discriminator.name=dcgan"]
    )
    assert changed.training == experiment.training.model_copy(update={"steps": 5})
    assert changed.generator == Experiment().generator
    assert apply_overrides(experiment, []) == experiment
    with pytest.raises(ConfigError, match=r"^override seed=-1: must be at least 0, got -1$"):
        apply_overrides(experiment, ["seed=-1"])


# Writing and comparing


def positive(largest: float) -> st.SearchStrategy[float]:
    return st.floats(1e-300, largest)


def some_options(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these keys with a value each."""
    return st.fixed_dictionaries({}, optional=options)


BETA = st.floats(0, 1, exclude_max=True)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff")
)
COMMON_DATA: dict[str, st.SearchStrategy[Any]] = {
    "fraction": st.floats(0.1, 1),
    "sampling": st.sampled_from(["epochs", "with_replacement"]),
    "seed": st.integers(0, 2**63 - 1),
}
SHARE = st.floats(1e-9, 0.5)
IMAGES = COMMON_DATA | {
    "image_size": st.sampled_from([28, 32, 64, 128]),
    "classes": st.none() | st.lists(st.integers(0, 9), min_size=1, unique=True),
    "edges": st.booleans(),
}
POINTS = COMMON_DATA | {"points": st.integers(10_000, 10**7), "held_out": SHARE}
DATA_KEYS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    **dict.fromkeys(("mnist", "fashion_mnist", "kmnist", "cifar10"), IMAGES | {"held_out": st.just("test") | SHARE}),
    "folder": COMMON_DATA
    | {
        "classes": st.none() | st.lists(st.integers(0, 99) | TEXT, min_size=1, unique=True),
        "grayscale": st.booleans(),
        "held_out": SHARE,
    },
    "ring": POINTS | {"modes": st.integers(1, 1000), "radius": positive(1000), "std": positive(1000)},
    "grid": POINTS | {"side": st.integers(1, 100), "spacing": positive(1000)},
    "swiss_roll": POINTS | {"std": st.floats(0, 1000)},
}
ACTIVATION = st.sampled_from(["relu", "leaky_relu", "tanh"])
NORM = st.sampled_from(["batch", "layer", "spectral", "none"])
CONVOLUTIONS = {"width": st.integers(1, 4096), "kernel_size": st.integers(1, 15), "norm": NORM}
NETWORK_KEYS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "mlp": {"width": st.integers(1, 4096), "depth": st.integers(1, 64), "activation": ACTIVATION, "norm": NORM},
    "dcgan": CONVOLUTIONS | {"activation": ACTIVATION},
    "guide": CONVOLUTIONS,
    "sagan": {"width": st.integers(1, 4096), "kernel_size": st.integers(1, 15)},
    "progressive": {"width": st.integers(1, 4096), "max_width": st.integers(1, 4096)},
    "translator": {"width": st.integers(1, 4096), "blocks": st.integers(1, 64), "norm": NORM},
    "super_resolution": {"width": st.integers(1, 4096), "blocks": st.integers(1, 64), "norm": NORM},
}
WEIGHT = st.floats(0, 1e6)
GAME_KEYS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "standard": {},
    "conditional": {"label_noise": st.floats(0, 1)},
    "auxiliary": {"label_noise": st.floats(0, 1), "weight": WEIGHT},
    "infogan": {"categories": st.integers(2, 20), "continuous": st.integers(0, 20), "weight": WEIGHT},
    "progressive": {"fade": st.integers(0, 10**12), "images_per_phase": st.integers(0, 10**12)},
    "cycle": {"cycle": WEIGHT, "identity": WEIGHT, "pool": st.integers(0, 100_000)},
    "super_resolution": {"factor": st.sampled_from([2, 4]), "content": WEIGHT, "adversarial": WEIGHT},
}
OPTIMIZER_KEYS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "adam": {"betas": st.tuples(BETA, BETA), "eps": positive(1)},
    "adamw": {"betas": st.tuples(BETA, BETA), "weight_decay": st.floats(0, 100)},
    "rmsprop": {"alpha": BETA, "eps": positive(1), "momentum": BETA},
    "sgd": {"momentum": BETA, "weight_decay": st.floats(0, 100)},
}
STABILIZER_KEYS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "label_smoothing": {"real": st.floats(0.6, 1), "fake": st.floats(0, 0.4)},
    "instance_noise": {"std": positive(100), "until": st.none() | st.integers(1, 10**9)},
    "weight_clipping": {"limit": positive(1000)},
}
VERDICT = st.sampled_from(list(KINDS))


def test_the_strategy_knows_every_component() -> None:
    assert set(DATA_KEYS) == set(DATA)
    assert set(NETWORK_KEYS) == set(NETWORKS)
    assert set(GAME_KEYS) == set(GAMES)
    assert set(OPTIMIZER_KEYS) == set(OPTIMIZERS)
    assert set(STABILIZER_KEYS) == set(STABILIZERS)


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """A valid experiment of any components."""

    def component(keys: dict[str, dict[str, st.SearchStrategy[Any]]], *names: str, **needed: Any) -> dict[str, Any]:
        name = draw(st.sampled_from(names or sorted(keys)))
        if name == "folder":
            needed["path"] = draw(TEXT.filter(bool))
        if name == "sagan":
            needed["attention"] = draw(st.sampled_from([None, size // 2]))
        return {"name": name, **needed, **draw(st.fixed_dictionaries({}, optional=keys[name]))}

    data = component(DATA_KEYS)
    points = data["name"] in ("ring", "grid", "swiss_roll")
    size = data.get("image_size", {"cifar10": 32, "folder": 64}.get(data["name"], 28))
    unlabelled = {"standard", "infogan"}
    playable = {"ring": {"conditional", "auxiliary"}, "grid": {"conditional", "auxiliary"}, "swiss_roll": set()}
    game = component(GAME_KEYS, *sorted(unlabelled | playable.get(data["name"], set(GAMES))))
    if game["name"] in ("conditional", "auxiliary") and data["name"] == "folder":
        game["classes"] = draw(st.integers(2, 100_000))
    if game["name"] == "progressive":
        game["sizes"] = feature_maps(size)[draw(st.integers(0, len(feature_maps(size)) - 1)) :]
    if game["name"] == "cycle":
        game["source"] = data
    judges = ["mlp", *([] if points else ["dcgan", "sagan", *(["guide"] if size == 28 else [])])]
    makers, allowed = judges, 0 if game["name"] == "cycle" else 3
    if game["name"] == "progressive":
        makers = judges = ["progressive"]
    elif game["name"] in ("cycle", "super_resolution"):
        makers = ["translator" if game["name"] == "cycle" else "super_resolution"]
    lr = some_options(lr=positive(100), schedule=st.sampled_from(["constant", "linear", "cosine"]))
    values = {
        "name": draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True)),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "data": data,
        "latent": draw(some_options(dim=st.integers(41, 65536), distribution=st.sampled_from(["normal", "uniform"]))),
        "game": game,
        "generator": component(NETWORK_KEYS, *makers),
        "discriminator": component(NETWORK_KEYS, *judges),
        "weight_init": {"name": draw(st.sampled_from(sorted(WEIGHT_INITS)))},
        "loss": draw(st.sampled_from(sorted(LOSSES))),
        "penalties": [
            {"name": name, "weight": draw(positive(1e9))}
            for name in draw(st.lists(st.sampled_from(sorted(PENALTIES)), unique=True, max_size=allowed))
        ],
        "stabilizers": [
            {"name": name, **draw(some_options(**STABILIZER_KEYS[name]))}
            for name in draw(st.lists(st.sampled_from(sorted(STABILIZERS)), unique=True))
        ],
        "optimizer": {player: {**component(OPTIMIZER_KEYS), **draw(lr)} for player in ("generator", "discriminator")},
        "training": draw(
            some_options(
                steps=st.integers(1, 10**9),
                batch_size=st.integers(2, 400),
                generator_batch_size=st.none() | st.integers(2, 65536),
                discriminator_batches=st.sampled_from(
                    ["summed"] if game["name"] == "cycle" else ["summed", "separate", "mixed"]
                ),
                device=st.sampled_from(["auto", "cpu", "mps", "cuda", "cuda:12"]),
                compile=st.just(False) if game["name"] == "progressive" else st.booleans(),
                ema=BETA,
            )
        ),
        "monitor": draw(some_options(snapshot_every=st.integers(1, 10**9), keep_checkpoints=st.integers(2, 10**4))),
        "expect": draw(VERDICT | st.lists(VERDICT, max_size=3)),
        "claim": draw(TEXT | st.text("ab \n\t:#-'\"")),
    }
    experiment = Experiment.model_validate(values)
    assume(not problems(experiment))
    return experiment


@settings(max_examples=60, deadline=None)
@given(experiments())
def test_what_is_written_loads_as_the_same_experiment(
    tmp_path_factory: pytest.TempPathFactory, experiment: Experiment
) -> None:
    file = tmp_path_factory.getbasetemp() / "round_trip.yaml"
    text = dump_experiment(experiment)
    file.write_text(text, encoding="utf-8")
    loaded = load_experiment(file)
    assert loaded == experiment
    assert dump_experiment(loaded) == text
    assert difference(loaded, experiment) == []
    assert apply_overrides(experiment, []) == experiment


def test_everything_is_written_components_by_name_first() -> None:
    text = dump_experiment(experiment_from_mapping({"penalties": [{"name": "r1"}], "data": {"classes": [8]}}))
    assert text.startswith(
        """\
name: experiment
seed: 0
data:
  name: mnist
  fraction: 1.0
  sampling: epochs
  seed: 0
  classes: [8]
  image_size: 28
  edges: false
  held_out: test
  imbalance: 1.0
latent:
"""
    )
    assert "penalties:\n- name: r1\n  weight: 10.0\n" in text
    assert "  generator:\n    name: adam\n    lr: 0.0002\n" in text
    assert "    eps: 1.0e-8\n" in text


def test_difference_is_every_leaf_that_differs() -> None:
    old = experiment_from_mapping({"data": {"classes": [1, 2]}, "penalties": [{"name": "r1"}], "seed": 3})
    assert difference(old, old) == []
    changes = ["seed=4", "data.classes=[1,3]", "penalties=[]", "optimizer.lr=0.5", "weight_init.name=xavier"]
    assert difference(old, apply_overrides(old, changes)) == [
        ("seed", 3, 4),
        ("data.classes", (1, 2), (1, 3)),
        ("weight_init.name", "normal", "xavier"),
        ("weight_init.std", 0.02, None),
        ("penalties.0.name", "r1", None),
        ("penalties.0.weight", 10.0, None),
        ("optimizer.generator.lr", 0.0002, 0.5),
        ("optimizer.discriminator.lr", 0.0002, 0.5),
    ]


@settings(max_examples=20, deadline=None)
@given(experiments(), experiments())
def test_difference_is_empty_only_for_equals(one: Experiment, other: Experiment) -> None:
    assert (difference(one, other) == []) == (one == other)
    assert {(path, old, new) for path, new, old in difference(other, one)} == set(difference(one, other))


def test_loading_imports_no_torch() -> None:
    code = """
import sys
from ganlab.config.load import load_experiment
from ganlab.verdicts import KINDS
load_experiment("smoke")
print([name for name in ("torch", "numpy", "scipy", "rich") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
