"""`ganlab evaluate`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ganlab.cli.console import console, print_json
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, RunArgument, RunsDirOption, StepOption
from ganlab.text import printable


def evaluate(
    run: RunArgument,
    count: Annotated[
        int, typer.Option("--count", "-n", min=16, max=100_000, help="Samples of each generator.")
    ] = 10_000,
    step: StepOption = "newest",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the latents and of what metrics draw.")] = 0,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Measure a trained generator, live and averaged: FID, precision, recall, coverage, copies and more.

    Each figure stands beside its real-vs-real value: what as many real samples score. Named GANs add their own:
    agreement with the class asked for, L_I, cycle error, PSNR.

    Example: ganlab evaluate dcgan_mnist -n 10000
    """
    from ganlab.api import evaluate as measure
    from ganlab.runs.directory import find_run
    from ganlab.training.evaluating import FILE

    found = find_run(run, runs_dir)
    out = console(stderr=True)
    terminal = out.is_terminal and not as_json
    with out.status("evaluating") as status:

        def progress(text: str) -> None:
            if terminal:
                status.update(printable(text))
            else:
                out.print(printable(text))

        result = measure(found.path, count, step=step, seed=seed, progress=progress)
    if as_json:
        print_json(result)
        return
    console().print(_table(result))
    console().print(
        f"step {result['step']}, features {result['features']}, {count} samples; "
        f"written to {printable(found.path / FILE)}"
    )


def _table(result: dict[str, Any]) -> Any:
    """One row a metric: what each generator scores, and what reals do."""
    from rich.table import Table

    table = Table("metric", *(f"{name} generator" for name in result["metrics"]), "real vs real", box=None)
    first = next(iter(result["metrics"].values()))
    for name, metric in first.items():
        values = [_cell(each[name]["value"]) for each in result["metrics"].values()]
        table.add_row(name, *values, _cell(metric["real"]))
    return table


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)
