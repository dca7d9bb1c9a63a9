"""`ganlab evaluate`."""

from __future__ import annotations

from typing import Annotated

import typer

from ganlab.cli.console import console, print_json, say
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

    Each figure stands beside its real-vs-real value: what the same number of real samples score. Named GANs add their
    own: agreement with the class asked for, L_I, cycle error, PSNR. All is written into the run, as evaluation.json.

    Example: ganlab evaluate dcgan_mnist -n 10000
    """
    from ganlab.api import evaluate as measure
    from ganlab.cli.evaluation_table import show_evaluation
    from ganlab.runs.directory import find_run
    from ganlab.runs.snapshots import read_snapshots
    from ganlab.training.evaluating import FILE

    found = find_run(run, runs_dir)
    before = (found.path / FILE).exists()
    out = console(stderr=True)
    terminal = out.is_terminal and not as_json
    begun: set[str] = set()
    with out.status("evaluating") as status:

        def progress(text: str) -> None:
            if terminal:
                status.update(printable(text))
            elif (stage := text.partition(":")[0]) not in begun:
                # Nobody watches: a line for each stage, not one for each metric.
                begun.add(stage)
                out.print(printable(text))

        result = measure(found.path, count, step=step, seed=seed, progress=progress)
    if as_json:
        print_json(result)
        return
    rows = read_snapshots(found.snapshots)
    out = console()
    show_evaluation(out, result, rows[-1] if rows else {})
    replaced = ", in place of an earlier one" if before else ""
    say(
        out,
        f"step {result['step']}, features {result['features']}, {count:,} samples; "
        f"written to {printable(found.path / FILE)}{replaced}",
    )
