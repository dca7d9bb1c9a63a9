"""The three ways in which `ganlab diagnose` judges: one run, several, or one that is watched."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from ganlab.cli.console import console
from ganlab.cli.judged import show_judged
from ganlab.cli.order import Order
from ganlab.cli.verdict_panel import print_remarks
from ganlab.cli.verdict_table import show_several
from ganlab.diagnosis.readers import ReadOptions
from ganlab.diagnosis.readers.curves_file import check_new, write_curves
from ganlab.diagnosis.sessions import Judged, Target, as_samples, diagnose_target, follow, write_down
from ganlab.diagnosis.so_far import SoFar
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import GanlabError
from ganlab.runs.stop import StopSignal
from ganlab.text import printable


def judge_one(path: str, order: Order) -> bool:
    """Judge and show one run; return whether its verdict is one to fail on."""
    target, options = as_samples(order.find(path), order.options)
    if order.export is not None:
        check_new(order.export)
    verdict = diagnose_target(target, options)
    judged = written(verdict, options, target, order.out)
    if order.export is not None and verdict.judged_on is not None:
        write_curves(order.export, verdict.judged_on)
        judged = replace(judged, files=(*judged.files, order.export))
    show_judged(judged, target, path, order.runs_dir, order.as_json)
    return order.fails(verdict)


def judge_many(paths: Sequence[str], order: Order) -> bool:
    """Judge each path on its own, so that a damaged one loses no other, and show all in a table.

    Raises:
        typer.Exit: with 2, after all are shown, if one could not be judged and no verdict is one to fail on.
        GanlabError: `--out` cannot be written.
    """
    results: list[tuple[str, Judged | GanlabError]] = []
    for number, path in enumerate(paths, start=1):
        try:
            found = order.find(path)
            target, options = as_samples(found, order.options)
            verdict = diagnose_target(target, options)
        except GanlabError as error:
            results.append((path, error))
            continue
        # Logs of several runs often have the same name.
        out = None if order.out is None else order.out / f"{number}-{found.path.name if found.path else ''}"
        results.append((path, written(verdict, options, target, out)))
    show_several(results, order.as_json)
    judged = [result for _, result in results if isinstance(result, Judged)]
    if any(order.fails(each.verdict) for each in judged):
        return True
    if len(judged) < len(results):
        raise typer.Exit(2)
    return False


def watch_one(path: str, order: Order, seconds: float, stop: StopSignal) -> bool:
    """Print each new verdict of a run that goes on, until it ends or one is to fail on; return whether one is.

    One counts when two snapshots in a row give it. With `--json` each new one is a line even before that. Verdict and
    pictures are written at the end.
    """
    target, so_far = order.find(path), SoFar()
    _, options = as_samples(target, order.options)
    shown: str | None = None
    for verdict in follow(target, options, seconds, stop, waiting):
        so_far.take(verdict)
        name = verdict.name if order.as_json else so_far.claim
        if name != shown:
            shown = name
            sys.stdout.write((json.dumps(verdict.as_json()) if order.as_json else with_its_summary(so_far)) + "\n")
            sys.stdout.flush()
        if so_far.claim and order.fails(verdict):
            break
    judged = written(verdict, options, target, order.out)
    if order.as_json:
        print_remarks(judged)
    else:
        show_judged(judged, target, path, order.runs_dir, as_json=False)
    return order.fails(verdict)


def written(verdict: Verdict, options: ReadOptions, target: Target, out: Path | None) -> Judged:
    """Write a verdict down, into `out` with a page; without `out` nothing is loaded that draws pages."""
    if out is None:
        return write_down(verdict, options, target.run, out)
    from ganlab.report import making

    return making.write_down(verdict, options, target.run, out)


def with_its_summary(so_far: SoFar) -> str:
    """Return what can be told in a line, and the summary of a verdict, unless that says the same, in one below."""
    return f"{so_far.words}\n  {printable(so_far.now.summary)}" if so_far.now and so_far.claim else so_far.words


def waiting(why: str) -> None:
    """Say on standard error why there is nothing to judge yet."""
    console(stderr=True).print(f"waiting: {printable(why)}")
