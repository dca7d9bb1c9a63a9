"""`ganlab sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli import completion
from ganlab.cli.console import console
from ganlab.cli.options import (
    DEFAULT_RUNS,
    AddressOption,
    CpusOption,
    GpusOption,
    JsonOption,
    OverridesArgument,
    PlaceOption,
    RunsDirOption,
    SlurmOption,
)
from ganlab.cli.parsing import parameters
from ganlab.text import printable

NOT_DONE = 75
"""Exit code if runs are left to be done: the same command goes on with them."""


def sweep(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="[SPEC]",
            help="A sweep's file, or the name of a shipped one (`ganlab ls sweeps`).",
            autocompletion=completion.sweeps,
        ),
    ] = "induced_failures",
    overrides: OverridesArgument = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Seeds of every configuration: 0 to N - 1.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only what the spec marks as quick, with one seed.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the runs and the estimated time, measured over a few steps.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove this sweep's earlier runs first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Also where the sweep has more than 10,000 runs.")] = False,
    executor: PlaceOption = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="local: runs side by side. Left out: one a core, or one a GPU.")
    ] = None,
    address: AddressOption = "auto",
    cpus: CpusOption = 1,
    gpus: GpusOption = 0,
    slurm: SlurmOption = None,
    into: Annotated[
        Path | None, typer.Option(help="The sweep's folder. Left out: sweep-<name>-<8 letters> in the runs folder.")
    ] = None,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Train many runs, and say claim by claim what they show. Without a spec: the induced failures.

    The same command again goes on where the last one stopped; what has ended is not trained again.

    Example: ganlab sweep --quick

    Example: ganlab sweep adam_map training.steps=500 --seeds 5 --workers 2
    """
    from ganlab.sweeps.executors.places import Resources

    where = Resources(executor, workers, address, cpus, gpus, parameters(slurm or []))
    if dry_run:
        from ganlab.cli.sweep_plan import show_plan
        from ganlab.sweeps.folder import SweepFolder
        from ganlab.sweeps.plan import make_plan
        from ganlab.sweeps.spec import load_spec

        plan = make_plan(load_spec(spec, overrides or ()), seeds=seeds, quick=quick, yes=yes)
        show_plan(plan, SweepFolder(into or runs_dir / plan.folder_name), where.width, as_json)
        return

    from ganlab.api import sweep as carry_out
    from ganlab.cli.report_shown import show_report
    from ganlab.cli.sweep_live import choose_sweep_view

    out = console(stderr=as_json)
    done = carry_out(
        spec,
        overrides or (),
        seeds=seeds,
        quick=quick,
        fresh=fresh,
        yes=yes,
        resources=where,
        into=into,
        runs_dir=runs_dir,
        view=choose_sweep_view(out),
    )
    show_report(done.folder, done.files, as_json)
    if done.left:
        planned = done.summary["runs"]
        out.print(f"{len(done.left)} of {planned} runs failed ({printable(done.folder.attempts)} says why):")
        for name in done.left[:10]:
            out.print(f"  {printable(name)}")
        out.print("the same command tries them again")
        raise typer.Exit(NOT_DONE)
