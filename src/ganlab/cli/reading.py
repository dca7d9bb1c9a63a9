"""What `ganlab diagnose --show` does: it reads each path, judges nothing, and prints what was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import typer

from ganlab.cli.console import console, print_error, print_json
from ganlab.cli.cut import show_samples
from ganlab.cli.order import Order
from ganlab.cli.reading_table import show_reading
from ganlab.diagnosis.read_report import NothingKnown
from ganlab.diagnosis.readers import read
from ganlab.diagnosis.readers.curves_file import check_new, report_of, write_curves
from ganlab.diagnosis.sessions import as_samples
from ganlab.errors import GanlabError
from ganlab.text import printable


def show_each(paths: Sequence[str], order: Order) -> None:
    """Print what is read of each path, and judge nothing; a log of which nothing is known by name is shown too.

    Raises:
        GanlabError: the only one cannot be read.
        typer.Exit: with 2, after all are shown, if one of several cannot be read.
    """
    if order.export is not None:
        check_new(order.export)
    found: list[dict[str, Any]] = []
    errors: list[GanlabError] = []
    for path in paths:
        hint = ""
        try:
            target, options = as_samples(order.find(path), order.options)
            with target.named():
                evidence = read(target.path, replace(options, samples=None))
            samples = show_samples(evidence, options, order.out) if options.samples is not None else None
            if order.export is not None:
                write_curves(order.export, evidence)
            report = evidence.read or report_of(evidence, "a ganlab run")
        except NothingKnown as error:
            samples = None
            if order.export is not None:
                raise
            report, hint = error.report, error.hint
        except GanlabError as error:
            if len(paths) == 1:
                raise
            errors.append(error)
            continue
        name = target.name or path
        found.append({"source": name, "read": report.as_json() | {"details": report.details()}})
        if samples is not None:
            found[-1]["samples"] = {"found": samples[0], "sheet": str(samples[1])}
        if not order.as_json:
            if path and target.path is not None:
                show_reading(console(), name, report, hint)
            for line in (*samples[0], f"how they were cut: {samples[1]}") if samples is not None else ():
                console().print(printable(line))
    if order.as_json:
        print_json(found if len(paths) > 1 else found[0])
    for each in errors:
        print_error(each)
    if errors:
        raise typer.Exit(2)
