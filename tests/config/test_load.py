"""From files, mappings and changes to experiments, and back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ganlab.config.data import DATA
from ganlab.config.experiment import Experiment
from ganlab.config.games import GAMES
from ganlab.config.load import (
    apply_overrides,
    difference,
    dump_experiment,
    experiment_from_mapping,
    load_experiment,
    with_settings,
)
from ganlab.config.networks import NETWORKS, WEIGHT_INITS, feature_maps
from ganlab.config.objectives import FIXED_LEVELS, LOSSES
from ganlab.config.optimizer import OPTIMIZERS
from ganlab.config.penalties import PENALTIES
from ganlab.config.rules import problems
from ganlab.config.stabilizers import STABILIZERS
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


# Settings


@pytest.mark.parametrize(
    ("setting", "override"),
    [
        ({"training.steps": 500}, "training.steps=500"),
        ({"data.classes": (3, 8)}, "data.classes=[3,8]"),
        ({"data.classes": None}, "data.classes="),
        ({"claim": "a: b"}, "claim='a: b'"),
        ({"name": "1e3"}, "name='1e3'"),
        ({"optimizer.lr": 1e-05}, "optimizer.lr=1e-5"),
        ({"optimizer": {"lr": 1e-3}}, "optimizer={lr: 1e-3}"),
        ({"penalties": [{"name": "r1", "weight": 5}]}, "penalties=[{name: r1, weight: 5}]"),
        ({"generator": {"name": "mlp", "width": 3}}, "generator={name: mlp, width: 3}"),
        ({"training": {}}, "training={}"),
    ],
)
def test_a_setting_is_an_override_that_was_never_text(setting: dict[str, Any], override: str) -> None:
    for experiment in (Experiment(), load_experiment("failures/stable")):
        assert with_settings(experiment, setting) == apply_overrides(experiment, [override])


def test_the_last_of_several_settings_counts() -> None:
    one, other = {"optimizer.generator.lr": 0.1, "optimizer.lr": 0.2}, {"optimizer.generator.lr": 0.3}
    optimizer = with_settings(Experiment(), one, other).optimizer
    assert (optimizer.generator.lr, optimizer.discriminator.lr) == (0.3, 0.2)
    assert with_settings(Experiment(), {"penalties.0.weight": 5.0}, {"penalties": [{"name": "r2"}]}).penalties == (
        PENALTIES["r2"].options.model_validate({"name": "r2", "weight": 5.0}),
    )
    assert with_settings(Experiment()) == Experiment()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"seed": -1}, "override seed=-1: must be at least 0, got -1"),
        ({"latent.dmi": 3}, "override latent.dmi=3: unknown key; did you mean latent.dim?"),
        ({"loss": "hing"}, "override loss='hing': no loss called 'hing'; did you mean hinge? there are "),
        ({"optimizer.lr": float("nan")}, "override optimizer.lr=.nan: must be a finite number, got .nan"),
        ({"training.steps": 5.0}, "override training.steps=5.0: expected a whole number, got 5.0; write 5"),
        ({"penalties.3.weight": 1.0}, "override penalties.3.weight=1.0: penalties has no entry 3; give the whole list"),
        ({"claim": object()}, "override claim=a Python object: expected text, got a Python object"),
        ({"claim": "\x00"}, "override claim='\\x00': holds the control character U+0000; remove it"),
        ({"a..b": 1}, "override a..b=1: expected KEY=VALUE in plain text, such as training.steps=500"),
        ({"generator.kernel_size": 28}, "override generator.kernel_size=28: 28 is larger than its feature map"),
    ],
)
def test_settings_that_cannot_be_are_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        with_settings(Experiment(), setting, {"seed": 3} if "seed" not in setting else {})
    lines = str(error.value).splitlines()
    assert lines[0].startswith(message)
    assert len(lines) == 1


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
    "edges": st.booleans(),
    "rotated": st.floats(0, 180),
    "keep_densest": st.floats(0.5, 1),
}
LABELLED = IMAGES | {"classes": st.none() | st.lists(st.integers(0, 9), min_size=1, unique=True)}
POINTS = COMMON_DATA | {"points": st.integers(10_000, 10**7), "held_out": SHARE}
DATA_KEYS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    **dict.fromkeys(("mnist", "fashion_mnist", "kmnist", "cifar10"), LABELLED | {"held_out": st.just("test") | SHARE}),
    "stacked_mnist": IMAGES | {"images": st.integers(10_000, 500_000)},
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
    "resnet": {"width": st.integers(1, 4096), "norm": st.sampled_from(["spectral", "none"])},
    "progressive": {"width": st.integers(1, 4096), "max_width": st.integers(1, 4096)},
    "translator": {"width": st.integers(1, 4096), "blocks": st.integers(1, 64), "norm": NORM},
    "super_resolution": {"width": st.integers(1, 4096), "blocks": st.integers(1, 64), "norm": NORM},
}
JUDGE_KEYS = {
    name: keys | {"dropout": st.floats(0, 1, exclude_max=True)}
    for name, keys in NETWORK_KEYS.items()
    if name in ("mlp", "dcgan", "guide", "sagan", "resnet")
} | {"progressive": NETWORK_KEYS["progressive"]}
WEIGHT = st.floats(0, 1e6)
GAME_KEYS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "standard": {},
    "conditional": {"label_noise": st.floats(0, 1)},
    "auxiliary": {"label_noise": st.floats(0, 1), "weight": WEIGHT},
    "infogan": {"categories": st.integers(2, 20), "continuous": st.integers(0, 20), "weight": WEIGHT},
    "progressive": {"fade": st.integers(0, 10**12), "images_per_phase": st.integers(0, 10**12)},
    "cycle": {"cycle": WEIGHT, "identity": WEIGHT, "pool": st.integers(0, 100_000)},
    "super_resolution": {"factor": st.sampled_from([2, 4]), "content": WEIGHT, "adversarial": WEIGHT},
    "paired": {"l1": WEIGHT},
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
    "packing": {"size": st.integers(2, 8)},
    "unrolling": {"steps": st.integers(1, 20)},
    "diff_augment": {
        "policy": st.lists(st.sampled_from(["color", "translation", "cutout"]), unique=True, min_size=1),
        "translation": st.floats(0.05, 0.5),
    },
    "ada": {"interval": st.integers(1, 10_000), "speed": st.integers(1, 10**9)},
    "replay": {"size": st.integers(10, 10**6), "keep": st.just(1)},
}
"""Stabilizers without a line here are drawn as they are by default."""
VERDICT = st.sampled_from(list(KINDS))


def test_the_strategy_knows_every_component() -> None:
    assert set(DATA_KEYS) == set(DATA)
    assert set(NETWORK_KEYS) == set(NETWORKS)
    assert set(JUDGE_KEYS) == {name for name, entry in NETWORKS.items() if entry.discriminator}
    assert set(GAME_KEYS) == set(GAMES)
    assert set(OPTIMIZER_KEYS) == set(OPTIMIZERS)
    assert set(STABILIZER_KEYS) <= set(STABILIZERS)


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
    conditional = {"conditional", "auxiliary"}
    playable = {
        "ring": conditional,
        "grid": conditional,
        "swiss_roll": set(),
        "stacked_mnist": GAMES.keys() - conditional,
    }
    game = component(GAME_KEYS, *sorted(unlabelled | playable.get(data["name"], set(GAMES))))
    if game["name"] in ("conditional", "auxiliary") and data["name"] == "folder":
        game["classes"] = draw(st.integers(2, 100_000))
    if game["name"] == "progressive":
        game["sizes"] = feature_maps(size)[draw(st.integers(0, len(feature_maps(size)) - 1)) :]
    if game["name"] == "cycle":
        game["source"] = data
    if game["name"] == "paired":
        data["rotated"] = draw(positive(180))
    judges = ["mlp", *([] if points else ["dcgan", "sagan", "resnet", *(["guide"] if size == 28 else [])])]
    makers, allowed = judges, 0 if game["name"] == "cycle" else 3
    if game["name"] == "progressive":
        makers = judges = ["progressive"]
    elif game["name"] in ("cycle", "super_resolution", "paired"):
        makers = ["super_resolution" if game["name"] == "super_resolution" else "translator"]
    loss = draw(st.sampled_from(sorted(LOSSES)))
    packs = game["name"] not in ("conditional", "auxiliary", "infogan")
    steadying = sorted(
        STABILIZERS.keys()
        - ({"packing"} if not packs else set())
        - ({"label_smoothing"} if not LOSSES[loss].has_labels else set())
        - ({"diff_augment", "ada"} if points else set())
        - ({"ada"} if LOSSES[loss].family not in FIXED_LEVELS or game["name"] == "cycle" else set())
        - ({"replay"} if not packs or game["name"] in ("cycle", "progressive") else set())
    )
    batches = ["summed"] if game["name"] == "cycle" else ["summed", "mixed"]
    batches += [] if game["name"] == "cycle" or LOSSES[loss].compares else ["separate"]
    judge = component(JUDGE_KEYS, *judges)
    if judge["name"] != "progressive" and draw(st.booleans()):
        judge["minibatch"] = draw(st.sampled_from(["stddev", "discrimination"]))
        batches = [each for each in batches if each != "mixed"]
        steadying = [each for each in steadying if each != "packing"]
    even = st.integers(1, 200).map(lambda half: 2 * half)  # whole packs of two
    lr = some_options(lr=positive(100), schedule=st.sampled_from(["constant", "linear", "cosine"]))
    values = {
        "name": draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True)),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "data": data,
        "latent": draw(some_options(dim=st.integers(41, 65536), distribution=st.sampled_from(["normal", "uniform"]))),
        "game": game,
        "generator": component(NETWORK_KEYS, *makers, **({"norm": "batch"} if game["name"] == "paired" else {})),
        "discriminator": judge,
        "weight_init": {"name": draw(st.sampled_from(sorted(WEIGHT_INITS)))},
        "loss": loss,
        "penalties": [
            {"name": name, "weight": draw(positive(1e9))}
            for name in draw(st.lists(st.sampled_from(sorted(PENALTIES)), unique=True, max_size=allowed))
        ],
        "stabilizers": [
            {"name": name, **draw(some_options(**STABILIZER_KEYS.get(name, {})))}
            for name in draw(st.lists(st.sampled_from(steadying), unique=True, max_size=2))
        ],
        "optimizer": {player: {**component(OPTIMIZER_KEYS), **draw(lr)} for player in ("generator", "discriminator")},
        "training": draw(
            some_options(
                steps=st.integers(1, 10**9),
                batch_size=even,
                generator_batch_size=st.none() if LOSSES[loss].compares == "pairs" else st.none() | even,
                discriminator_batches=st.sampled_from(batches),
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
  image_size: 28
  edges: false
  rotated: 0.0
  keep_densest: 1.0
  classes: [8]
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
        ("penalties.0.every", 1, None),
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
