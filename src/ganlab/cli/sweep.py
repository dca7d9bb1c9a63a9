"""`ganlab sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganlab.cli.console import console, print_json
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, OverridesArgument, RunsDirOption
from ganlab.cli.parsing import parameters
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.runs.stop import StopSignal
    from ganlab.sweeps.executors import Executor
    from ganlab.sweeps.folder import SweepFolder
    from ganlab.sweeps.plan import Plan

NOT_DONE = 75
"""Exit code where runs are left to be done: the same command goes on with them."""

Place = Literal["local", "ray", "slurm"]


def sweep(
    spec: Annotated[
        str, typer.Argument(metavar="[SPEC]", help="A sweep's file, or the name of a shipped one (configs/sweeps).")
    ] = "induced_failures",
    overrides: OverridesArgument = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Seeds of every configuration: 0 to N - 1.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only what the spec marks as quick, with one seed.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the runs and how long they take, told by a few steps of each kind.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove this sweep's earlier runs first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Also where the sweep has more than 10,000 runs.")] = False,
    executor: Annotated[Place, typer.Option(help="Where the runs are trained.")] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="local: runs side by side. Left out: one a core, or one a GPU.")
    ] = None,
    address: Annotated[str, typer.Option(help="ray: the cluster's address.")] = "auto",
    cpus: Annotated[int, typer.Option(min=1, help="ray, slurm: cores of a run.")] = 1,
    gpus: Annotated[float, typer.Option(min=0, help="ray, slurm: GPUs of a run.")] = 0,
    slurm: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="slurm: a parameter of submitit, such as slurm_partition=gpu."),
    ] = None,
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
    from ganlab.sweeps.executors.local import default_workers
    from ganlab.sweeps.folder import SweepFolder, open_sweep
    from ganlab.sweeps.plan import make_plan
    from ganlab.sweeps.spec import load_spec

    plan = make_plan(load_spec(spec, overrides or ()), seeds=seeds, quick=quick, yes=yes)
    path = into or runs_dir / plan.folder_name
    width = workers or default_workers()
    if dry_run:
        show_plan(plan, SweepFolder(path), width, as_json)
        return

    from ganlab.runs.stop import StopSignal

    trainer = make_executor(executor, SweepFolder(path), width, address, cpus, gpus, slurm or [])
    with StopSignal() as stop:
        folder = open_sweep(plan, path, fresh)
        with folder.held():
            carry_out(plan, folder, trainer, stop, as_json)


def carry_out(plan: Plan, folder: SweepFolder, executor: Executor, stop: StopSignal, as_json: bool) -> None:
    """Train what is left to be done, then show what it says.

    Raises:
        typer.Exit: with 75 where runs failed for good, 75 or 130 where a signal ended the sweep.
    """
    from ganlab.cli.report import show_report
    from ganlab.cli.sweep_live import choose_sweep_view
    from ganlab.report.sweep import make_report
    from ganlab.runs.stop import EXIT_CODES
    from ganlab.sweeps.scheduler import has_ended, run_sweep

    out = console(stderr=as_json)
    run_sweep(plan, folder, executor, choose_sweep_view(out), stop)
    left = [planned.id for planned in plan.runs if not has_ended(folder.run(planned.id))]
    if stop.received:
        out.print(f"{stop.received.name}: {len(left)} of {len(plan.runs)} runs are left; the same command goes on")
        raise typer.Exit(EXIT_CODES[stop.received])
    show_report(folder, make_report(folder.path), as_json)
    if left:
        out.print(f"{len(left)} of {len(plan.runs)} runs failed ({printable(folder.attempts)} says why):")
        for name in left[:10]:
            out.print(f"  {printable(name)}")
        out.print("the same command tries them again")
        raise typer.Exit(NOT_DONE)


def show_plan(plan: Plan, folder: SweepFolder, workers: int, as_json: bool) -> None:
    """Print the runs that a sweep is made of, which of them are done, and how long the others will take."""
    from ganlab.sweeps.estimate import estimate
    from ganlab.sweeps.executors.local import threads_of
    from ganlab.sweeps.scheduler import has_ended

    done = {planned.id for planned in plan.runs if has_ended(folder.run(planned.id))}
    estimated = estimate(plan, folder, threads_of(workers))
    seconds = estimated.seconds / min(workers, max(1, estimated.runs))
    if as_json:
        rows = [
            {"run": p.id, "config": p.config, "seed": p.seed, **p.settings, "done": p.id in done} for p in plan.runs
        ]
        counts = {"workers": workers, "kinds": estimated.kinds, "probed": estimated.probed}
        print_json({"folder": str(folder.path), "seconds": seconds, **counts, "runs": rows})
        return
    out = console()
    for planned in plan.runs:
        settings = "  ".join(f"{axis}={value}" for axis, value in planned.settings.items())
        out.print(printable(f"{'done' if planned.id in done else 'to do'}  {planned.id}  {settings}".rstrip()))
    out.print(
        f"{len(plan.runs)} runs, {len(done)} of them done; about {seconds / 60:.0f} minutes for the others with "
        f"{workers} workers (probed {estimated.probed} of {estimated.kinds} kinds of runs); "
        f"results in {printable(folder.path)}"
    )


def make_executor(
    place: Place, folder: SweepFolder, workers: int, address: str, cpus: int, gpus: float, slurm: list[str]
) -> Executor:
    """Return who trains the runs."""
    if place == "ray":
        from ganlab.sweeps.executors.ray import RayExecutor

        return RayExecutor(address, cpus, gpus)
    if place == "slurm":
        from ganlab.sweeps.executors.slurm import SlurmExecutor

        requests = {"cpus_per_task": cpus, **({"gpus_per_node": int(gpus)} if gpus else {})}
        return SlurmExecutor(folder.path / "slurm", {**requests, **parameters(slurm)})
    from ganlab.sweeps.executors.local import LocalExecutor, threads_of

    return LocalExecutor(workers, threads_of(workers), folder.log)
