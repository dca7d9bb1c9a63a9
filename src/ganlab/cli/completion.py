"""What the shell offers at Tab: experiments, runs, sweeps and verdicts.

`ganlab --install-completion` sets it up. Each function takes what was typed so far and returns what it could become,
with a word of help. If nothing fits, the shell offers files. None of them imports torch, prints or raises.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ganlab.errors import GanlabError

if TYPE_CHECKING:
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

    return starting(incomplete, list_configs())


def sweeps(incomplete: str) -> list[Offer]:
    """Offer shipped sweeps and the user's own files."""
    from ganlab.config.shipped import SWEEPS, list_sweeps

    return _with_files(incomplete, [(name.removeprefix(SWEEPS), what) for name, what in list_sweeps()], ".yaml")


def runs(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer what runs are called, those inside sweeps too, the newest first; folders where one name is left."""
    from ganlab.runs.names import runs_in

    return _called(ctx, incomplete, runs_in)


def runs_and_files(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer runs and files, such as logs of other code."""
    return _with_files(incomplete, runs(ctx, incomplete), "")


def runs_and_sweeps(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Offer what runs and sweeps are called, sweeps first and the newest first; folders where one name is left."""
    from ganlab.runs.names import runs_in, sweeps_in

    return _called(ctx, incomplete, runs_in, sweeps_in)


def verdicts(incomplete: str) -> list[Offer]:
    """Offer verdicts, each behind those that are there already: `diverged,mode_collapse`."""
    from ganlab.verdicts import KINDS

    before, comma, last = incomplete.rpartition(",")
    named = set(before.split(","))
    kinds = [(f"{before}{comma}{kind.name}", kind.meaning) for kind in KINDS.values() if kind.name not in named]
    return starting(before + comma + last, kinds)


def checkpoints(incomplete: str) -> list[Offer]:
    """Offer the checkpoints that have names."""
    return starting(incomplete, [("newest", "the last one"), ("best", "by snapshot quality")])


def runs_dir(ctx: typer.Context) -> Path:
    """Return the folder of runs that a command line names, or the default one."""
    return Path(ctx.params.get("runs_dir") or DEFAULT_RUNS)


def starting(incomplete: str, offers: Iterable[Offer]) -> list[Offer]:
    """Return the offers that begin with what was typed."""
    return [offer for offer in offers if offer[0].startswith(incomplete)]


def _with_files(incomplete: str, offers: Iterable[Offer], suffix: str) -> list[Offer]:
    """Return the offers that fit with the files beside them; nothing, so that the shell offers files, if none fits."""
    found = starting(incomplete, offers)
    front = os.path.dirname(incomplete)
    here = sorted(Path(front).glob("*")) if found else ()
    files = [
        (os.path.join(front, path.name), "file") for path in here if path.is_file() and path.suffix.endswith(suffix)
    ]
    return found + [file for file in starting(incomplete, files) if not os.path.basename(file[0]).startswith(".")]


def _called(ctx: typer.Context, incomplete: str, *finds: Callable[[Path], list[Named]]) -> list[Offer]:
    try:
        newest_first = [named for find in reversed(finds) for named in reversed(find(runs_dir(ctx)))]
    except GanlabError:
        return []
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
    folders = starting(incomplete, [(named.path.name, "") for named in newest_first])
    return found + [folder for folder in folders if folder not in found]
