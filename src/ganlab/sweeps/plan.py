"""From a spec to the runs it asks for: each one checked, named by what it is, and in the order they are begun."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganlab.config.experiment import Experiment
from ganlab.config.load import with_settings
from ganlab.errors import ConfigError
from ganlab.runs.names import SWEEP
from ganlab.sweeps.claim_options import named
from ganlab.sweeps.spec import SeedRange, SweepSpec, written_paths
from ganlab.text import closest, short

MAX_RUNS = 10_000
"""Runs that a spec may expand to unless the user says yes."""

MAX_LINES = 20
"""Lines of a refusal."""

RESERVED = {
    "seed": "the seeds are set by `seeds`",
    "name": "the names of runs come from their config; in an entry of `runs`, its `set` may give one",
}
"""Keys of an experiment that a sweep sets itself, and how."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan.

    Attributes:
        id: name of its directory: `<experiment's name>-s<seed>-<8 letters of its identity>`.
        config: the configuration, which its seeds share: an experiment's name, and the cell where there is a grid.
        seed: its seed.
        settings: label on each axis; empty for an entry of `runs`.
        experiment: what is trained.
        quick: whether it belongs to the quick version.
        required: whether it is trained whatever the claims say; the others only while a claim about their configuration
            is undecided.
    """

    id: str
    config: str
    seed: int
    settings: Mapping[str, str]
    experiment: Experiment
    quick: bool
    required: bool = True


@dataclass(frozen=True)
class Plan:
    """All runs of a sweep, in the order in which they are begun.

    Attributes:
        spec: what was planned, with seeds and quick as they were asked for: planning it again gives this plan.
        runs: the runs, also those that are only trained if a claim needs them.
        folder_name: `sweep-<name>-<8 letters>`, the same for any seeds, limit and quick.
        axes: names of the axes, those of the grid first.
    """

    spec: SweepSpec
    runs: tuple[PlannedRun, ...]
    folder_name: str
    axes: tuple[str, ...]

    @property
    def least(self) -> int:
        """Number of runs that are trained whatever the claims say."""
        return sum(run.required for run in self.runs)


@dataclass(frozen=True)
class _Configuration:
    """A configuration before its seeds, of which the first `least` are run whatever the claims say."""

    name: str
    experiment: Experiment
    letters: str
    settings: Mapping[str, str]
    seeds: Sequence[int]
    least: int
    quick: bool


Axis = tuple[str, list[tuple[str, dict[str, Any]]]]
"""Name of an axis, and its values: label and the dotted keys that it sets."""


def make_plan(spec: SweepSpec, *, seeds: int | None = None, quick: bool = False, yes: bool = False) -> Plan:
    """Expand a sweep into its runs and check every one of them.

    Args:
        spec: the sweep.
        seeds: run every configuration with the seeds 0 to `seeds` - 1, whatever the spec says, 1 or more.
        quick: only the configurations marked quick, each with its first seed.
        yes: also expand a spec to more than 10,000 runs.

    Raises:
        ConfigError: an axis or a run cannot be; the message lists what is wrong, equal problems of many cells as one.
    """
    if seeds is not None:
        if seeds < 1:
            raise ConfigError(f"{seeds} seeds leave nothing to run", "give 1 or more")
        entries = tuple(entry.model_copy(update={"seeds": None}) for entry in spec.runs)
        spec = spec.model_copy(update={"seeds": seeds, "runs": entries})
    spec = spec.model_copy(update={"quick": spec.quick or quick})
    axes = _axes(spec)
    _refuse_conflicts(spec, axes)
    _refuse_too_many(spec, axes, yes)
    design = _configurations(spec, axes)
    _refuse_twins(design)
    _check_claims(spec, design)
    chosen = [one for one in design if one.quick] if spec.quick else design
    if not chosen:
        raise ConfigError(
            f"{spec.name} has no quick version: it marks no run as quick",
            "write {config: NAME, quick: true} under runs, or leave --quick out",
        )
    rounds = 1 if spec.quick else max(len(one.seeds) for one in chosen)
    runs = [_run(one, turn) for turn in range(rounds) for one in chosen if turn < len(one.seeds)]
    folder = letters_of([spec.name, sorted({one.letters for one in design})])
    names = (*(name for name, _ in axes), *(spec.random.draw if spec.random else ()))
    return Plan(spec, tuple(runs[: spec.limit]), f"{SWEEP}{spec.name}-{folder}", names)


def identity(experiment: Experiment) -> str:
    """Return 8 lower-case letters of the SHA-256 of everything that makes a run: not its name, claim or expectation.

    Defaults are left out, so that an option that a later ganlab adds does not make old runs other ones. Nor does it
    matter whether a page is made of the run.
    """
    words = {"name", "claim", "expect"}
    paged = experiment.model_copy(update={"monitor": experiment.monitor.model_copy(update={"page": True})})
    return letters_of(paged.model_dump(mode="json", exclude=words, exclude_defaults=True))


def letters_of(value: Any) -> str:
    """Return 8 lower-case letters of the SHA-256 of a plain value's JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return "".join(chr(ord("a") + byte % 26) for byte in hashlib.sha256(text.encode()).digest()[:8])


def label(value: Any) -> str:
    """Return a value as tables and pictures show it: `1e-4`, `0.5`, `hinge`, `[0.5, 0.999]`, `{name: r1}`."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {label(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(label, value))}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _number(value) if isinstance(value, float) else str(value)


def plain(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the labels of some settings as values for other programs: numbers, truth values and lists of such.

    Any other text stays as it is.
    """
    return {axis: _plain(text) for axis, text in settings.items()}


def _plain(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _number(value: float) -> str:
    """Return the shortest digits that read back the same; 1 to 99,999 never with an exponent."""
    digits = repr(value).removesuffix(".0")
    if not math.isfinite(value) or value == 0:
        return digits
    mantissa, _, exponent = f"{value:.{len(digits)}e}".partition("e")
    short = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return digits if 1 <= abs(value) < 1e5 or (len(digits) <= len(short) and "e" not in digits) else short


# Axes


def _axes(spec: SweepSpec) -> list[Axis]:
    """Return the grid's axes, in their order."""
    return [(name, _values(name, values)) for name, values in spec.grid.items()]


def _values(name: str, values: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(values, dict):
        return list(values.items())
    keys = _keys(name)
    if len(set(keys)) < len(keys):
        raise ConfigError(f"the axis '{short(name)}' names a key twice", "name it once")
    found = []
    for value in values:
        if len(keys) > 1 and isinstance(value, list) and len(value) != len(keys):
            raise ConfigError(
                f"grid: '{short(name)}' links {len(keys)} keys, and {short(label(value))} has {len(value)} values",
                "give one value for all the keys, or a list with one for each",
            )
        each = value if len(keys) > 1 and isinstance(value, list) else [value] * len(keys)
        found.append((label(value), dict(zip(keys, each, strict=True))))
    return found


def _keys(name: str) -> list[str]:
    return [key.strip() for key in name.split(",")]


def _refuse_conflicts(spec: SweepSpec, axes: Sequence[Axis]) -> None:
    """Refuse a key that two places set at once, and one that the sweep sets itself."""
    places = {"`set`": written_paths(spec.set)}
    if spec.stop_on is not None:
        places["`stop_on`"] = {"monitor.stop_on"}
    for name, values in axes:
        places[f"the axis '{short(name)}'"] = {path for _, settings in values for path in written_paths(settings)}
        if twice := _written_twice(values):
            raise ConfigError(f"the axis '{short(name)}' sets {twice} twice", "set it once")
    for name in spec.random.draw if spec.random else ():
        places[f"random '{short(name)}'"] = written_paths(dict.fromkeys(_keys(name)))
    for (one, its), (other, others) in itertools.combinations(places.items(), 2):
        if both := sorted(its & others):
            raise ConfigError(
                f"{one} and {other} both set {both[0]}",
                "set it in one of them; KEY=VALUE on the command line belongs to `set`",
            )
    entries = {f"runs.{index}.set": written_paths(entry.set) - {"name"} for index, entry in enumerate(spec.runs)}
    for where, paths in (places | entries).items():
        for key in RESERVED.keys() & paths:
            raise ConfigError(f"{where} sets {key}", RESERVED[key])


def _written_twice(values: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """Return a path that two keys of one value both set, or nothing."""
    for _, settings in values:
        seen: set[str] = set()
        for key, value in settings.items():
            paths = written_paths({key: value})
            if both := seen & paths:
                return min(both)
            seen |= paths
    return ""


def _refuse_too_many(spec: SweepSpec, axes: Sequence[Axis], yes: bool) -> None:
    cells = math.prod(len(values) for _, values in axes) * (spec.random.n if spec.random else 1)
    count = cells * _count(spec.seeds) if spec.base else 0
    count += sum(_count(entry.seeds or spec.seeds) for entry in spec.runs)
    if count > MAX_RUNS and not yes:
        raise ConfigError(
            f"{spec.name} expands to {count:,} runs, more than {MAX_RUNS:,}",
            "make it smaller, or say --yes to mean it; every run is checked and named first, which takes its time",
        )


def _count(seeds: int | tuple[int, ...] | SeedRange) -> int:
    return len(_seeds(seeds, claimed=True)[0])


# Configurations


def _configurations(spec: SweepSpec, axes: Sequence[Axis]) -> list[_Configuration]:
    """Return every configuration: the cells, then the entries of `runs`."""
    last = spec.set if spec.stop_on is None else {**spec.set, "monitor.stop_on": list(spec.stop_on)}
    found: list[_Configuration] = []
    problems: dict[str, list[str]] = {}

    def add(name: str, base: Experiment, changes: Sequence[Mapping[str, Any]], seeds: Any, **rest: Any) -> None:
        try:
            experiment = with_settings(base, *changes)
        except ConfigError as error:
            for line in error.message.splitlines():
                problems.setdefault(line.removeprefix("experiment: "), []).append(name)
        else:
            letters = identity(experiment.model_copy(update={"seed": 0}))
            all_seeds, least = _seeds(seeds, _is_claimed(spec, name, experiment, rest["settings"]))
            found.append(_Configuration(name, experiment, letters, seeds=all_seeds, least=least, **rest))

    if spec.base:
        for settings, changes in _cells(spec, axes):
            cell = ", ".join(f"{axis}={value}" for axis, value in settings.items())
            name = f"{spec.base.name} ({cell})" if cell else spec.base.name
            add(name, spec.base, [last, *changes], spec.seeds, settings=settings, quick=False)
    for entry in spec.runs:
        name = str(entry.set.get("name", entry.config.name))
        add(name, entry.config, [last, entry.set], entry.seeds or spec.seeds, settings={}, quick=entry.quick)
    if problems:
        raise _refusal(problems, len(found) + len(set().union(*problems.values())))
    return found


def _seeds(seeds: int | tuple[int, ...] | SeedRange, claimed: bool) -> tuple[Sequence[int], int]:
    """Return the seeds of a configuration, and how many of them are run in any case; without a claim just those."""
    if isinstance(seeds, SeedRange):
        return range(seeds.max if claimed else seeds.min), seeds.min
    found = range(seeds) if isinstance(seeds, int) else seeds
    return found, len(found)


def _is_claimed(spec: SweepSpec, name: str, experiment: Experiment, settings: Mapping[str, str]) -> bool:
    """Return whether a claim is about a configuration: its own, or one of the sweep's."""
    own = expects(experiment, settings)
    return own or any(named((*claim.runs, *claim.against), (name,)) for claim in spec.claims)


def expects(experiment: Experiment, settings: Mapping[str, str]) -> bool:
    """Return whether an experiment's own claim counts: as a cell of a grid it is no longer what expected something."""
    return bool(experiment.expect) and not settings


def _cells(spec: SweepSpec, axes: Sequence[Axis]) -> Iterator[tuple[dict[str, str], list[dict[str, Any]]]]:
    """Yield labels and changes of each cell, the last axis changing fastest and random draws faster still."""
    draws = list(_draws(spec)) or [({}, {})]
    for values in itertools.product(*(values for _, values in axes)):
        labels = {name: value for (name, _), (value, _) in zip(axes, values, strict=True)}
        for drawn, changes in draws:
            yield {**labels, **drawn}, [*(settings for _, settings in values), changes]


def _draws(spec: SweepSpec) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Yield labels and changes of each random draw."""
    if spec.random is None:
        return
    seen: set[str] = set()
    for index in range(spec.random.n):
        rng = np.random.default_rng([spec.random.seed, index])
        drawn = {name: distribution.draw(rng) for name, distribution in spec.random.draw.items()}
        if (text := json.dumps(drawn)) not in seen:
            seen.add(text)
            changes = {key: value for name, value in drawn.items() for key in _keys(name)}
            yield {name: label(value) for name, value in drawn.items()}, changes


def _refusal(problems: Mapping[str, Sequence[str]], total: int) -> ConfigError:
    """Return the error that says each problem once, with an example of the configurations that have it."""
    lines = [
        f"{names[0]}: {problem}" if len(names) == 1 else f"in {len(names)} of {total} cells, e.g. {names[0]}: {problem}"
        for problem, names in problems.items()
    ]
    if len(lines) > MAX_LINES:
        lines[MAX_LINES:] = [f"and {len(lines) - MAX_LINES} problems more"]
    return ConfigError("\n".join(lines), "nothing was started; every run of a sweep must be one that can be trained")


def _refuse_twins(design: Sequence[_Configuration]) -> None:
    """Refuse two configurations that are one, and two that are called the same."""
    runs: dict[tuple[str, int], _Configuration] = {}
    called: dict[str, _Configuration] = {}
    for one in design:
        for seed in one.seeds:
            other = runs.setdefault((one.letters, seed), one)
            if other is not one:
                raise ConfigError(
                    f"{other.name} and {one.name} are the same run, seed {seed}: nothing but the name differs",
                    "leave one of them out, or change a setting",
                )
        other = called.setdefault(one.name, one)
        if other.letters != one.letters:
            raise ConfigError(
                f"two configurations that differ are called {one.name}",
                "give one of them another name: {config: ..., set: {name: ...}}",
            )


def _check_claims(spec: SweepSpec, design: Sequence[_Configuration]) -> None:
    """Refuse claims about configurations that the sweep does not have."""
    names = {one.name for one in design}
    for index, claim in enumerate(spec.claims):
        for name in (*claim.runs, *claim.against):
            if not named((name,), names):
                near = closest(name, names)
                raise ConfigError(
                    f"claims.{index} is about {short(name)!r}, which is no configuration of {spec.name}",
                    f"did you mean {near}?" if near else f"there are {', '.join(sorted(names)[:10])}",
                )


def _run(one: _Configuration, turn: int) -> PlannedRun:
    seed = one.seeds[turn]
    experiment = one.experiment.model_copy(update={"seed": seed})
    name = f"{experiment.name}-s{seed}-{identity(experiment)}"
    return PlannedRun(name, one.name, seed, one.settings, experiment, one.quick, required=turn < one.least)
