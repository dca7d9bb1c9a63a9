"""Row 4: the experiment is changed between a run and its resume."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

import pytest

from ganlab.config.base import Options
from ganlab.config.data import DATA
from ganlab.config.experiment import Experiment
from ganlab.config.games import GAMES
from ganlab.config.load import difference, dump_experiment, experiment_from_mapping
from ganlab.config.networks import NETWORKS, WEIGHT_INITS
from ganlab.config.optimizer import OPTIMIZERS
from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS
from ganlab.errors import ConfigError, RunError
from ganlab.training import session

FULL = (
    "training.device=cpu",
    "training.steps=4",
    "training.generator_batch_size=8",
    "monitor.checkpoint_every=2",
    "monitor.snapshot_every=4",
    "expect=healthy",
    "claim=it learns",
)
POINTS = (
    *FULL,
    "penalties=[{name: r1, weight: 2}]",
    "stabilizers=[{name: label_smoothing}, {name: instance_noise, until: 100}]",
)
IMAGES = (
    *FULL,
    "training.steps=3",
    "optimizer.generator.name=sgd",
    "optimizer.discriminator.name=rmsprop",
    "penalties=[{name: r2}]",
    "stabilizers=[{name: weight_clipping, limit: 0.5}]",
)
COMPONENTS: dict[str, Iterable[str]] = {
    "data": DATA,
    "generator": NETWORKS,
    "discriminator": NETWORKS,
    "weight_init": WEIGHT_INITS,
    "game": GAMES,
    "penalties": PENALTIES,
    "stabilizers": STABILIZERS,
    "optimizer": OPTIMIZERS,
}
NO_OTHER = {"points": {"generator.name", "discriminator.name", "discriminator.pieces"}, "images": set[str]()}
"""There is one architecture for points, and pieces are maxout's."""

REPLACED = {
    "classes": [[1], ["3", "4"]],
    "expect": [["diverged"]],
    "name": ["other"],
    "betas": [[0.0, 0.9]],
    "device": ["auto"],
    "held_out": [0.1],
}
"""What a key, by the last part of its path, may become where its type does not tell."""


def keys(options: Options, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Options, str]]:
    """Yield the path of every key of an experiment, with the options that hold it and its name there."""
    for key in type(options).model_fields:
        value = getattr(options, key)
        if isinstance(value, Options):
            yield from keys(value, (*path, key))
        elif key in ("penalties", "stabilizers"):
            for index, item in enumerate(value):
                yield from keys(item, (*path, key, index))
        else:
            yield (*path, key), options, key


def literals(annotation: Any) -> list[Any]:
    """Return the words an annotation allows."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for part in get_args(annotation) for word in literals(part)]


def others(holder: Options, key: str) -> list[Any]:
    """Return values a key might have instead of its own, not all of them allowed in the experiment."""
    value = getattr(holder, key)
    found = [*literals(type(holder).model_fields[key].annotation), *REPLACED.get(key, [])]
    if isinstance(value, bool):
        found.append(not value)
    elif isinstance(value, int):
        found += [value + 1, value + 3, value * 2]
    elif isinstance(value, float):
        found += [value / 2, value + 0.25]
    elif isinstance(value, str):
        found.append(value + "x")
    elif value is None:
        found += [10, 12]
    return [other for other in found if other != value]


def put(values: Any, path: Sequence[str | int], value: Any) -> dict[str, Any]:
    """Return the values with the one at a path replaced."""
    place = values
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return values  # type: ignore[no-any-return]


def replacements(experiment: Experiment, path: tuple[str | int, ...], holder: Options, key: str) -> Iterator[Any]:
    """Yield experiments, as plain values and not all of them valid, in which the key at a path is another."""
    if key == "name" and len(path) > 1:
        for name in COMPONENTS[str(path[0])]:
            yield put(experiment.model_dump(mode="json"), path[:-1], {"name": name})
    else:
        for value in others(holder, key):
            yield put(experiment.model_dump(mode="json"), path, value)


def mutants(experiment: Experiment) -> dict[str, Experiment | None]:
    """Return for every key an experiment in which it, and what depends on it, is another; None where none is valid."""
    found: dict[str, Experiment | None] = {}
    for path, holder, key in keys(experiment):
        dotted = ".".join(map(str, path))
        found[dotted] = None
        for values in replacements(experiment, path, holder, key):
            with contextlib.suppress(ConfigError):
                mutant = experiment_from_mapping(values)
                if dotted in [changed for changed, _, _ in difference(experiment, mutant)]:
                    found[dotted] = mutant
                    break
    return found


@pytest.mark.parametrize("kind", ["points", "images"])
def test_every_changed_key_is_refused_by_its_name(
    kind: str, request: Any, runs: Any, child: Any, copy_of: Any, figure: Any
) -> None:
    experiment = request.getfixturevalue(kind)(*{"points": POINTS, "images": IMAGES}[kind])
    run = copy_of(runs.interrupted(experiment, 2))
    changed = mutants(experiment)
    # They move no tensor; the first is changed to train on past a verdict (tests/training/test_session.py).
    changed.pop("monitor.stop_on")
    changed.pop("monitor.page")
    assert {key for key, mutant in changed.items() if mutant is None} == NO_OTHER[kind]
    # More steps are no change to refuse: they train the same run longer.
    changed["training.steps"] = experiment_from_mapping(experiment.model_dump(), ["training.steps=1"])

    def refusals() -> dict[str, str]:
        said = {}
        for key, mutant in changed.items():
            if mutant is not None:
                run.config.write_text(dump_experiment(mutant))
                try:
                    session.resume(run)
                except RunError as error:
                    said[key] = str(error)
        return said

    before = run.status_file.read_bytes()
    ended = child(refusals).wait()
    assert ended.code == 0, ended.output
    caught = fields = 0
    for key, mutant in changed.items():
        if mutant is not None:
            named = [path for path, _, _ in difference(experiment, mutant)]
            said = ended.value.get(key, "")
            ok = all(f"\n  {path}: " in said and f"--allow-change {path}" in said for path in named)
            assert ok, f"{key}: {said!r}"
            fields += 1
            caught += ok
    figure(4, f"{kind}: a key of config.yaml changed, resumed; refused by its name", caught, fields)
    assert fields > 40
    assert run.status_file.read_bytes() == before, "a refused resume changes nothing"


@pytest.mark.parametrize(
    ("overrides", "names"),
    [
        (["data.name=grid"], ["data.name"]),
        (
            ["generator.norm=none", "loss=hinge", "stabilizers=[]"],
            ["generator.norm", "loss", "stabilizers.0.name", "stabilizers.1.std"],
        ),
        (["training.steps=1"], ["training.steps"]),
    ],
)
def test_overrides_are_refused_too(overrides: list[str], names: list[str], points: Any, runs: Any, child: Any) -> None:
    run = runs.interrupted(points(*POINTS), 2)
    ended = child(lambda: session.resume(run, overrides)).wait()
    assert ended.code == 2
    for name in names:
        assert f"\n  {name}: " in ended.output


@pytest.mark.usefixtures("no_plots")
def test_an_allowed_change_goes_through_and_is_recorded(
    points: Any, runs: Any, child: Any, copy_of: Any, differences: Any
) -> None:
    experiment = points(*POINTS)
    run = copy_of(runs.interrupted(experiment, 2))
    change = ["monitor.snapshot_samples=32", "claim=it still learns"]
    refused = child(lambda: session.resume(run, change, ["claim"])).wait()
    assert refused.code == 2
    assert "monitor.snapshot_samples" in refused.output
    assert "--allow-change claim" not in refused.output

    ended = child(lambda: session.resume(run, change, ["claim", "monitor"])).wait()
    assert ended.code == 0, ended.output
    assert run.status().resumed[-1].changes == (
        {"key": "monitor.snapshot_samples", "from": 64, "to": 32},
        {"key": "claim", "from": "it learns", "to": "it still learns"},
    )
    assert run.experiment().claim == "it still learns"
    whole = runs.whole(experiment)
    found = differences(run, whole)
    assert set(found) == {"numbers of the checkpoint", "snapshots"}, "what is watched changes no weight"


def test_an_allowed_change_that_the_checkpoint_does_not_fit_blames_the_change(
    points: Any, runs: Any, child: Any
) -> None:
    """Its folder is not to be removed: no older one would fit either."""
    run = runs.interrupted(points(*POINTS), 2)
    for change in ("stabilizers=[{name: lookahead}]", "penalties=[{name: lecam}]", "discriminator.width=8"):
        section = change.partition("=")[0].partition(".")[0]
        ended = child(lambda change=change, section=section: session.resume(run, [change], [section])).wait()
        assert ended.code == 2
        assert f"does not fit the changed {section}: " in ended.output
        assert "undo the change" in ended.output
        assert "remove its folder" not in ended.output
