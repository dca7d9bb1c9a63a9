"""What the shell offers at Tab for settings: the keys of the experiment that a command is about, and their values.

As in `completion`, nothing here imports torch, prints or raises.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ganlab.cli.completion import Offer, runs_dir, starting
from ganlab.errors import GanlabError

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment
    from ganlab.config.tree import Node


def keys(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer keys of the experiment, without values."""
    from ganlab.config.explain import override_paths

    return starting(incomplete, [(path, "") for path in _leaves(override_paths(_experiment(ctx, ())))])


def settings(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer keys of the experiment, and where one is left its values, as KEY=VALUE.

    bash takes `KEY`, `=` and the value for words of their own, and wants the value alone.
    """
    from ganlab.config.explain import override_paths
    from ganlab.config.schema import possible_values

    pairs, key = _pairs(ctx.params.get("overrides") or ())
    root = _experiment(ctx, pairs)
    if key:
        return starting(incomplete, [(value, "") for value in possible_values(root, key)])
    key, equals, _ = incomplete.partition("=")
    if not equals:
        there = [path for path in _leaves(override_paths(root)) if path.startswith(incomplete)]
        if len(there) != 1:
            return [(f"{path}=", "") for path in there]
        # With more than one offer the shell waits behind the equals sign.
        key = there[0]
    offers = [(f"{key}={value}", "") for value in possible_values(root, key)]
    return starting(incomplete, offers if equals or len(offers) > 1 else [*offers, (f"{key}=", "")])


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
    folders = [Path(run)] if os.path.isdir(run) else [named.path for named in matching(run, runs_in(runs_dir(ctx)))]
    return load_experiment(folders[-1] / "config.yaml", pairs) if run and folders else None


def _leaves(paths: Sequence[str]) -> list[str]:
    """Return the paths that are no sections."""
    sections = {path.rpartition(".")[0] for path in paths}
    return [path for path in dict.fromkeys(paths) if path not in sections]
