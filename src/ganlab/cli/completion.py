"""What the shell offers at Tab: experiments, runs, sweeps, settings and verdicts.

`ganlab --install-completion` sets it up. Each function takes what was typed so far and returns what it could become,
with a word of help. If nothing fits, the shell offers files. None of them imports torch, prints or raises.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ganlab.errors import GanlabError

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment
    from ganlab.config.tree import Node
    from ganlab.runs.names import Named

DEFAULT_RUNS = Path("runs")
"""Folder of runs where none is named."""

Offer = tuple[str, str]
"""A word, and what it is."""


def experiments(incomplete: str) -> list[Offer]:
    """Offer shipped experiments and the user's own files."""
    from ganlab.config.shipped import list_configs

    return _with_files(incomplete, list_configs(), ".yaml")


def shipped_experiments(incomplete: str) -> list[Offer]:
    """Offer shipped experiments."""
    from ganlab.config.shipped import list_configs

    return _starting(incomplete, list_configs())


def sweeps(incomplete: str) -> list[Offer]:
    """Offer shipped sweeps and the user's own files."""
    from ganlab.config.shipped import SWEEPS, list_sweeps

    return _with_files(incomplete, [(name.removeprefix(SWEEPS), what) for name, what in list_sweeps()], ".yaml")


def runs(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer what runs are called, those inside sweeps too, the newest first; folders where one name is left."""
    from ganlab.runs.names import runs_in

    try:
        return _called(incomplete, runs_in(_runs_dir(ctx)))
    except GanlabError:
        return []


def runs_and_files(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer runs and files, such as logs of other code."""
    return _with_files(incomplete, runs(ctx, incomplete), "")


def sweep_folders(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer what sweeps are called that were carried out, the newest first; folders where one name is left."""
    from ganlab.runs.names import sweeps_in

    return _called(incomplete, sweeps_in(_runs_dir(ctx)))


def verdicts(incomplete: str) -> list[Offer]:
    """Offer verdicts, each behind those that are there already: `diverged,mode_collapse`."""
    from ganlab.verdicts import KINDS

    before, comma, last = incomplete.rpartition(",")
    named = set(before.split(","))
    kinds = [(f"{before}{comma}{kind.name}", kind.meaning) for kind in KINDS.values() if kind.name not in named]
    return _starting(before + comma + last, kinds)


def checkpoints(incomplete: str) -> list[Offer]:
    """Offer the checkpoints that have names."""
    return _starting(incomplete, [("newest", "the last one"), ("best", "by snapshot quality")])


def keys(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer keys of the experiment, without values."""
    from ganlab.config.explain import override_paths

    return _starting(incomplete, [(path, "") for path in _leaves(override_paths(_experiment(ctx, ())))])


def settings(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer keys of the experiment, and where one is left its values, as KEY=VALUE.

    bash takes `KEY`, `=` and the value for words of their own, and wants the value alone.
    """
    from ganlab.config.explain import override_paths

    pairs, key = _pairs(ctx.params.get("overrides") or ())
    root = _experiment(ctx, pairs)
    if key:
        return _starting(incomplete, [(value, "") for value in _values(root, key)])
    key, equals, _ = incomplete.partition("=")
    if not equals:
        there = [path for path in _leaves(override_paths(root)) if path.startswith(incomplete)]
        if len(there) != 1:
            return [(f"{path}=", "") for path in there]
        # With more than one offer the shell waits behind the equals sign.
        key = there[0]
    offers = [(f"{key}={value}", "") for value in _values(root, key)]
    return _starting(incomplete, offers if equals or len(offers) > 1 else [*offers, (f"{key}=", "")])


def _runs_dir(ctx: typer.Context) -> Path:
    return Path(ctx.params.get("runs_dir") or DEFAULT_RUNS)


def _starting(incomplete: str, offers: Iterable[Offer]) -> list[Offer]:
    return [offer for offer in offers if offer[0].startswith(incomplete)]


def _with_files(incomplete: str, offers: Iterable[Offer], suffix: str) -> list[Offer]:
    """Return the offers that fit with the files beside them; nothing, so that the shell offers files, if none fits."""
    found = _starting(incomplete, offers)
    front = os.path.dirname(incomplete)
    here = sorted(Path(front).glob("*")) if found else ()
    files = [
        (os.path.join(front, path.name), "file") for path in here if path.is_file() and path.suffix.endswith(suffix)
    ]
    return found + [file for file in _starting(incomplete, files) if not os.path.basename(file[0]).startswith(".")]


def _called(incomplete: str, there: Sequence[Named]) -> list[Offer]:
    newest_first = list(reversed(there))
    names: dict[str, list[Named]] = {}
    for named in newest_first:
        names.setdefault(named.name, []).append(named)
    found = [
        (name, f"newest of {len(its)}" if len(its) > 1 else "")
        for name, its in names.items()
        if name.startswith(incomplete)
    ]
    if len(found) > 1:
        return found
    folders = _starting(incomplete, [(named.path.name, "") for named in newest_first])
    return found + [folder for folder in folders if folder not in found]


def _pairs(overrides: Sequence[str]) -> tuple[list[str], str]:
    """Return what is set already as KEY=VALUE, and the key that still waits for its value, if any."""
    words, pairs = list(overrides), list[str]()
    while words:
        word = words.pop(0)
        if "=" in word and word != "=":
            pairs.append(word)
        elif words[:1] == ["="] and len(words) > 1:
            pairs.append(f"{word}={words[1]}")
            del words[:2]
        else:
            return pairs, word
    return pairs, ""


def _experiment(ctx: typer.Context, pairs: Sequence[str]) -> Node:
    """Return the experiment that the command is about, as far as it can be read, else the default one."""
    from ganlab.config.experiment import Experiment
    from ganlab.config.overrides import apply_settings, read_overrides
    from ganlab.config.tree import Location, to_node

    chosen = Experiment()
    try:
        chosen = _read(ctx, ()) or chosen
        chosen = _read(ctx, pairs) or chosen
    except GanlabError:
        # What is set so far may only fit together with what is still to be typed.
        return apply_settings(to_node(chosen.model_dump(), Location("")), read_overrides(pairs)[0])[0]
    return to_node(chosen.model_dump(), Location(""))


def _read(ctx: typer.Context, pairs: Sequence[str]) -> Experiment | None:
    """Read what a command names: an experiment, a sweep or a run; None if it names none, or one without an experiment.

    Raises:
        GanlabError: it cannot be read.
    """
    from ganlab.config.load import load_experiment
    from ganlab.runs.names import matching, runs_in
    from ganlab.sweeps.spec import load_spec

    if config := ctx.params.get("config"):
        return load_experiment(config, pairs)
    if spec := ctx.params.get("spec"):
        return load_spec(spec, pairs).base
    run = ctx.params.get("run") or ""
    folders = [Path(run)] if os.path.isdir(run) else [named.path for named in matching(run, runs_in(_runs_dir(ctx)))]
    return load_experiment(folders[-1] / "config.yaml", pairs) if run and folders else None


def _leaves(paths: Sequence[str]) -> list[str]:
    """Return the paths that are no sections."""
    sections = {path.rpartition(".")[0] for path in paths}
    return [path for path in dict.fromkeys(paths) if path not in sections]


def _values(root: Node, key: str) -> list[str]:
    """Return the values that a key can have if they are known, else the one that it has."""
    from ganlab.config.schema import allowed_values, choices, options_at
    from ganlab.config.tree import key_path, node_at
    from ganlab.verdicts import KINDS, accuses

    if key in ("expect", "monitor.stop_on"):
        return [name for name in KINDS if key == "expect" or accuses(name)]
    *above, last = key_path(key)
    holder = options_at(root, tuple(above[:-1])) if above else None
    if last == "name" and holder is not None and (parts := choices(holder, str(above[-1]))):
        return list(parts)
    cls = options_at(root, tuple(above))
    allowed: Sequence[Any] = allowed_values(cls, str(last)) if cls else ()
    node = node_at(root, (*above, last))
    value = node.plain() if node else None
    if isinstance(value, bool):
        return ["true", "false"]
    if allowed:
        return [str(each) for each in allowed]
    return [value if isinstance(value, str) else json.dumps(value)] if isinstance(value, str | int | float) else []
