"""What a sweep's file can say, read into a SweepSpec that depends on no other file, and back to text."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field, ValidationError, model_validator

from ganlab.config.base import Options, Seed
from ganlab.config.experiment import Experiment
from ganlab.config.explain import errors_by_path, mistake_at, no_such, wrong_value
from ganlab.config.files import locate, read_document, says_sweep
from ganlab.config.load import experiment_from_node, load_experiment, refusal
from ganlab.config.overrides import Setting, for_each_player, read_overrides
from ganlab.config.shipped import find_sweep, shipped_configs
from ganlab.config.training import MonitorOptions
from ganlab.config.tree import KeyPath, Location, Mistake, Node, UnreadableError, node_at, shown, to_node
from ganlab.config.yaml_text import write_yaml
from ganlab.errors import ConfigError
from ganlab.sweeps.claim_options import CLAIMS, CONFIDENCE, Claim
from ganlab.text import closest, short

MAX_CONFIGS = 1000
"""Most entries of `runs`."""

EXPERIMENTS = 40
"""Size of a spec that inlines that many configs, in largest experiment files."""


def _distinct(seeds: int | tuple[int, ...] | SeedRange) -> int | tuple[int, ...] | SeedRange:
    if isinstance(seeds, tuple) and len(set(seeds)) < len(seeds):
        twice = next(seed for index, seed in enumerate(seeds) if seed in seeds[:index])
        raise ValueError(f"names seed {twice} twice; name it once")
    return seeds


def _axis(values: Any) -> Any:
    """Check what stands under one key of `grid`."""
    if isinstance(values, list | dict) and not values:
        raise ValueError("is an empty axis; give it values")
    if isinstance(values, dict):
        for label, settings in values.items():
            if not isinstance(settings, dict):  # an empty one is a control: nothing is changed
                raise ValueError(
                    f"{short(label)}: expected dotted keys and their values, got {shown(settings)}; "
                    f"write {{training.steps: 500}}"
                )
    elif not isinstance(values, list):
        raise ValueError(f"expected a list of values, got {shown(values)}; write [{shown(values)}]")
    return values


def _stops(verdicts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for problem in MonitorOptions(stop_on=verdicts or ()).check("monitor"):
        raise ValueError(f"{problem.message}; {problem.hint}")
    return verdicts


Count = Annotated[int, Field(ge=1, le=10**9)]


class SeedRange(Options):
    """Seeds 0, 1, 2 and so on, as many as the claims about a configuration need."""

    min: Count
    """Number of seeds that are always run."""
    max: Count
    """Number of seeds after which no more are run, decided or not."""

    @model_validator(mode="after")
    def _rising(self) -> SeedRange:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; write {{min: {self.max}, max: {self.min}}}")
        return self


Seeds = Annotated[
    Count | Annotated[tuple[Seed, ...], Field(strict=False, min_length=1)] | SeedRange, AfterValidator(_distinct)
]
"""Seeds of every configuration: a number N for 0 to N - 1, a list, or a range of numbers."""

Settings = dict[str, Any]
"""Dotted keys of an experiment and what to set them to; as with overrides, `optimizer.lr` stands for both players."""

Bound = int | float


class Distribution(Options):
    """What the values of a randomly drawn key are like: exactly one of these."""

    uniform: Annotated[tuple[Bound, Bound] | None, Field(strict=False)] = None
    """Lowest and highest value; whole numbers between whole bounds, both included."""
    log_uniform: Annotated[tuple[Bound, Bound] | None, Field(strict=False)] = None
    """The same, uniform in the logarithm; above 0."""
    choice: Annotated[tuple[Any, ...] | None, Field(strict=False, min_length=1)] = None
    """The values, equally likely."""

    @model_validator(mode="after")
    def _one(self) -> Distribution:
        if [self.uniform, self.log_uniform, self.choice].count(None) != 2:
            raise ValueError("give one of uniform: [LOW, HIGH], log_uniform: [LOW, HIGH] or choice: [VALUES]")
        low, high = self.uniform or self.log_uniform or (0, 1)
        if low >= high:
            raise ValueError(f"the lower bound {shown(low)} is not below the upper one {shown(high)}")
        if self.log_uniform and low <= 0:
            raise ValueError(f"log_uniform needs bounds above 0, got {shown(low)}")
        return self

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw one value; fractions have 4 significant digits."""
        if self.choice is not None:
            return self.choice[int(rng.integers(len(self.choice)))]
        low, high = self.uniform or self.log_uniform or (0, 1)
        whole = isinstance(low, int) and isinstance(high, int)
        # An integer k takes the interval [k, k + 1), so that both bounds have their full share.
        ends = np.array([low, high + 1 if whole else high], float)
        value = float(rng.uniform(*ends) if self.uniform else np.exp(rng.uniform(*np.log(ends))))
        return min(max(math.floor(value) if whole else float(f"{value:.4g}"), low), high)


class RandomOptions(Options):
    """Settings drawn at random, crossed with the grid."""

    n: Annotated[int, Field(ge=1, le=10**9)]
    """Number of draws; equal ones count once."""
    seed: Seed = 0
    """Seed of the draws: draw i is a function of it, i and `draw`."""
    draw: Annotated[dict[str, Distribution], Field(min_length=1)]
    """Dotted keys, one or several with commas between that get the same value, and their distributions."""


class RunEntry(Options):
    """A configuration beside the grid."""

    config: Experiment
    """The experiment; in a file its name, its path from there, or its keys."""
    set: Settings = Field(default_factory=dict)
    """Changes to it; they have precedence over the sweep's own."""
    seeds: Seeds | None = None
    """Its seeds, where they are not the sweep's."""
    quick: bool = False
    """Whether it belongs to the quick version of the sweep."""


class SweepSpec(Options):
    """A sweep: which experiments, with which changes, over which seeds, and what is claimed of them."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    """Name of the sweep and of its folder: letters, digits, `_`, `-` and `.`."""
    base: Experiment | None = None
    """The experiment that grid and random change; in a file its name, its path from there, or its keys."""
    set: Settings = Field(default_factory=dict)
    """Changes to every experiment of the sweep."""
    grid: dict[str, Annotated[Any, AfterValidator(_axis)]] = Field(default_factory=dict, min_length=1)
    """The axes, of which every combination is run. A dotted key has a list of values. Several keys with commas between
    have a list too: a value for all of them, or a list with one for each. Any other name has labels, each with the
    dotted keys that it sets."""
    random: RandomOptions | None = None
    """Settings drawn at random, crossed with the grid."""
    runs: Annotated[tuple[RunEntry, ...], Field(strict=False, min_length=1, max_length=MAX_CONFIGS)] = ()
    """Configurations beside the grid; in a file also the name of a folder of experiments."""
    seeds: Seeds = 1
    """The seeds that each configuration is run with: how many, a list, or {min: 3, max: 20}. In a range a configuration
    gets one seed more until every claim about it is decided."""
    decide: Annotated[float, Field(ge=0.5, lt=1)] = CONFIDENCE
    """Confidence of the intervals of claims. A claim is decided if its interval is above its rate, or below it."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Only so many runs: all configurations with their first seed come before any with its second."""
    stop_on: Annotated[tuple[str, ...] | None, Field(strict=False), AfterValidator(_stops)] = None
    """Verdicts that end a run early, in place of each experiment's own `monitor.stop_on`."""
    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = ()
    """Claims beside each experiment's own `expect`: `measure`, its parameters, `runs` and `against` (configurations, by
    name or pattern), `claim` in words, `source`."""
    quick: bool = False
    """Only the configurations marked quick, each with its first seed."""

    @model_validator(mode="after")
    def _something_to_run(self) -> SweepSpec:
        if self.base is None and (self.grid or self.random):
            raise ValueError(f"{'grid' if self.grid else 'random'} without base; name the experiment that it changes")
        if self.base is None and not self.runs:
            raise ValueError("there is nothing to run; give it a base, with grid or random, or runs")
        return self


def load_spec(source: str | Path, overrides: Sequence[str] = ()) -> SweepSpec:
    """Load a sweep with all experiments that it names, so that nothing but the spec is needed from then on.

    Args:
        source: path of a YAML file, or the name of a shipped sweep, such as `adam_map`.
        overrides: `KEY=VALUE` each, as for an experiment: the last word on every run of the sweep.

    Raises:
        ConfigError: it cannot be found, read or run; the message lists the problems, one a line, with file and line.
    """
    path = _find(source)
    try:
        tree, mistakes = read_document(path, EXPERIMENTS)
        return _resolve(tree, mistakes, path.parent, overrides)
    except UnreadableError as error:
        raise refusal(error.mistakes) from None


def spec_from_mapping(values: Mapping[str, Any], overrides: Sequence[str] = ()) -> SweepSpec:
    """Return the sweep that plain values describe, keys as in a sweep's file, files from the current directory.

    Args:
        values: the spec.
        overrides: as for `load_spec`.

    Raises:
        ConfigError: as `load_spec`.
    """
    try:
        return _resolve(to_node(values, Location("sweep")), [], Path(), overrides)
    except UnreadableError as error:
        raise refusal(error.mistakes) from None


def dump_spec(spec: SweepSpec) -> str:
    """Return the whole sweep as YAML, its experiments written out; loading it from anywhere gives an equal spec."""
    fields = type(spec).model_fields
    said = {key for key, value in spec if value != fields[key].get_default(call_default_factory=True)}
    return write_yaml(spec.model_dump(mode="json", include=said))


def _find(source: str | Path) -> Path:
    """Return the file of a sweep: that path, else the shipped sweep or experiment of that name.

    Raises:
        ConfigError: there is none.
    """
    path = Path(source)
    return path if os.path.lexists(path) and not os.path.isdir(path) else find_sweep(str(source), Path())


def is_sweep(source: str | Path) -> bool:
    """Whether that name is a readable file of a sweep, rather than of an experiment or nothing."""
    try:
        return says_sweep(read_document(_find(source), EXPERIMENTS)[0])
    except (ConfigError, UnreadableError):
        return False


def written_paths(settings: Mapping[str, Any]) -> set[str]:
    """Return the dotted paths that settings write, entries of lists among them.

    `optimizer.lr` is the two paths that it stands for.
    """
    return {path for key, value in settings.items() for one in _players(key.strip()) for path in _below(one, value)}


def _players(key: str) -> list[str]:
    """Return the keys that a key stands for."""
    return [".".join(map(str, path)) for path in for_each_player(tuple(key.split(".")))]


def _below(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            for path in _players(f"{key}.{name}"):
                yield from _below(path, item)
        return
    yield key
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield from _below(f"{key}.{index}", item)


# From a file's keys to a SweepSpec


def _resolve(tree: Node, mistakes: list[Mistake], folder: Path, overrides: Sequence[str]) -> SweepSpec:
    """Return the spec that a tree describes; raise with all that is wrong."""
    _refuse_experiment(tree)
    tree, wrong = _inline(tree, folder)
    tree, unread = _override(tree, overrides)
    mistakes = [*mistakes, *wrong, *unread]
    try:
        spec = SweepSpec.model_validate(tree.plain())
    except ValidationError as error:
        raise UnreadableError(mistakes + _explained(tree, error)) from None
    if mistakes:
        raise UnreadableError(mistakes)
    return spec


def _refuse_experiment(tree: Node) -> None:
    if not isinstance(tree.value, dict):
        raise UnreadableError([Mistake(tree.place, f"expected keys and values, got {shown(tree.plain())}")])
    experiment = {*Experiment.model_fields, "extends"} - {"name"}
    if not says_sweep(tree) and experiment & tree.value.keys():
        raise ConfigError(
            f"{tree.place.source}: this is an experiment, not a sweep",
            f"`ganlab train {tree.place.source}` runs it; a sweep names it under base or runs",
        )


def _inline(tree: Node, folder: Path) -> tuple[Node, list[Mistake]]:
    """Return the tree with experiments in place of what names them, and what is wrong with them."""
    mistakes: list[Mistake] = []
    keys, runs = dict(tree.value), tree.child("runs")
    if "base" in keys:
        keys["base"] = _experiment(keys["base"], folder, "base", mistakes)
    if runs and isinstance(runs.value, str):
        runs = Node(_files(runs, folder), runs.place)
    if runs and isinstance(runs.value, list):
        entries = [_entry(entry, folder, f"runs.{index}", mistakes) for index, entry in enumerate(runs.value)]
        keys["runs"] = Node(entries, runs.place)
    return Node(keys, tree.place), mistakes


def _entry(entry: Node, folder: Path, where: str, mistakes: list[Mistake]) -> Node:
    """Return an entry of `runs` with an experiment as its `config`."""
    if not isinstance(entry.value, dict):
        return Node({"config": _experiment(entry, folder, where, mistakes)}, entry.place)
    if "config" not in entry.value:
        return entry
    config = _experiment(entry.value["config"], folder, f"{where}.config", mistakes)
    return Node({**entry.value, "config": config}, entry.place)


def _experiment(node: Node, folder: Path, where: str, mistakes: list[Mistake]) -> Node:
    """Return a node whose value is the Experiment that `node` names or describes."""
    try:
        if isinstance(node.value, dict):
            return Node(experiment_from_node(node, folder), node.place)
        if isinstance(node.value, str):
            return Node(load_experiment(locate(node.value, folder)), node.place)
        text = f"expected a file, the name of a shipped experiment, or keys and values, got {shown(node.plain())}"
        mistakes.append(Mistake(node.place, f"{where}: {text}"))
    except UnreadableError as error:
        mistakes += error.mistakes
    except ConfigError as error:
        hint = f"; {error.hint}" if error.hint else ""
        mistakes += [Mistake(node.place, f"{where}: {line}{hint}") for line in error.message.splitlines()]
    return Node(Experiment(), node.place)


def _files(runs: Node, folder: Path) -> list[Node]:
    """Return the experiment files of the folder that `runs` names."""
    candidates = [folder / runs.value, shipped_configs() / runs.value]
    found = next((candidate for candidate in candidates if os.path.isdir(candidate)), None)
    files = sorted(found.glob("*.yaml")) if found else []
    if not files:
        text = "no folder with experiments (*.yaml), here or among the shipped ones"
        raise UnreadableError([Mistake(runs.place, f"runs: {shown(runs.value)} is {text}")])
    return [Node(str(file.absolute()), runs.place) for file in files]


def _override(tree: Node, overrides: Sequence[str]) -> tuple[Node, list[Mistake]]:
    """Return the tree with overrides last in its `set` and in the `set` of single runs, which else has precedence."""
    over, mistakes = read_overrides(overrides)
    mistakes += [mistake for setting in over for mistake in setting.mistakes]
    if not over:
        return tree, mistakes
    keys, runs = dict(tree.value), tree.child("runs")
    keys["set"] = _with(keys.get("set", Node({}, tree.place)), over)
    if runs and isinstance(runs.value, list):
        entries = [
            Node({**entry.value, "set": _with(settings, over)}, entry.place)
            if (settings := entry.child("set"))
            else entry
            for entry in runs.value
        ]
        keys["runs"] = Node(entries, runs.place)
    return Node(keys, tree.place), mistakes


def _with(settings: Node, over: Sequence[Setting]) -> Node:
    """Return settings with others as their last ones."""
    if not isinstance(settings.value, dict):
        return settings
    keys = dict(settings.value)
    for setting in over:
        key = ".".join(map(str, setting.path))
        keys.pop(key, None)
        keys[key] = setting.node
    return Node(keys, settings.place)


def _explained(tree: Node, error: ValidationError) -> list[Mistake]:
    """Return what pydantic found wrong, in words."""
    wrong = errors_by_path(tree, error)
    # A list with a wrong entry is also called too short, or no number where it could have been one.
    outer = {path[:depth] for path in wrong for depth in range(1, len(path))}
    return [_finding(tree, path, errors) for path, errors in wrong.items() if path not in outer]


def _finding(tree: Node, path: KeyPath, errors: Sequence[Any]) -> Mistake:
    cls = _options_at(tree, path[:-1])
    kinds = {error["type"]: error for error in errors}
    if "value_error" in kinds:
        text = str(kinds["value_error"]["ctx"]["error"])
    elif "union_tag_invalid" in kinds:
        path = (*path, "measure")
        text = no_such("measure", kinds["union_tag_invalid"]["ctx"]["tag"], CLAIMS)
    elif "union_tag_not_found" in kinds:
        text = f"has no measure; measures are {', '.join(CLAIMS)}"
    elif "extra_forbidden" in kinds and cls:
        near = closest(path[-1], cls.model_fields)
        text = f"unknown key; did you mean {near}?" if near else f"unknown key; there are {', '.join(cls.model_fields)}"
    elif "missing" in kinds:
        text = "is missing"
    else:
        node = node_at(tree, path)
        text = wrong_value(path, cls, errors, node.plain() if node else None)
    return mistake_at(tree, path, text) if path else Mistake(tree.place._replace(line=0), text)


def _options_at(tree: Node, path: KeyPath) -> type[Options] | None:
    """Return the options that stand at a path of a sweep's file."""
    match path:
        case ("claims", int()):
            measure = node_at(tree, (*path, "measure"))
            return CLAIMS.get(str(measure.value)) if measure else None
        case ():
            return SweepSpec
        case ("random",):
            return RandomOptions
        case ("random", "draw", _):
            return Distribution
        case ("runs", int()):
            return RunEntry
        case ("seeds",) | ("runs", int(), "seeds"):
            return SeedRange
        case _:
            return None
