"""`ganlab treat`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli import completion
from ganlab.cli.console import console
from ganlab.cli.options import (
    DEFAULT_RUNS,
    AddressOption,
    CompleteOption,
    CpusOption,
    FromOnsetOption,
    GpusOption,
    JsonOption,
    PlaceOption,
    RunsDirOption,
    SlurmOption,
    TriesOption,
)
from ganlab.cli.parsing import parameters
from ganlab.errors import GanlabError

NOT_CURED = 4
"""Exit code if no change was shown to cure the run."""


def treat(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's folder, its name, or part of its name. Of a log of other code, the remedies are printed.",
            autocompletion=completion.runs_and_files,
        ),
    ],
    budget: Annotated[str, typer.Option(metavar="TIME", help="Time that trials may take: 90s, 30m, 2h.")] = "30m",
    seeds: Annotated[
        int, typer.Option(min=3, help="Seeds of each arm at most; if nothing is proved on them, as many again.")
    ] = 3,
    only: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Try only these remedies, as --dry-run names them: r1,packing")
    ] = None,
    tries: TriesOption = None,
    from_onset: FromOnsetOption = False,
    complete: CompleteOption = False,
    as_experiment: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of a log of other code: write a small experiment that resembles it."),
    ] = None,
    loss: Annotated[str | None, typer.Option(help="Of a log that does not show it: non_saturating, hinge, ...")] = None,
    finish: Annotated[bool, typer.Option("--finish", help="Train the cured experiment to its end.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the arms and the time; train nothing.")] = False,
    executor: PlaceOption = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Trials side by side that the budget counts on. Left out: one a core.")
    ] = None,
    address: AddressOption = "auto",
    cpus: CpusOption = 1,
    gpus: GpusOption = 0,
    slurm: SlurmOption = None,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Find a cure for a run that failed: try its remedies, one change a trial, beside controls on the same seeds.

    The controls are the run unchanged, and changes at random. The same command again goes on where the last one
    stopped. Exits with 4 if nothing was shown to cure it.

    Example: ganlab treat latent_1 --dry-run

    Example: ganlab treat latent_1 --budget 20m --try "latent.dim=8 loss=hinge"
    """
    from ganlab.sweeps.executors.places import Resources
    from ganlab.treatment.foreign import is_foreign

    if is_foreign(run, runs_dir):
        from ganlab.cli.treat_foreign import show_foreign

        show_foreign(run, runs_dir, loss, as_experiment, as_json)
        return
    if as_experiment is not None or loss is not None:
        option = "--loss" if as_experiment is None else "--as-experiment"
        raise GanlabError(f"{option} is for logs of other code", "the run has an experiment: its config.yaml")
    names = tuple(name.strip() for name in only.split(",")) if only is not None else ()
    where = Resources(executor, workers, address, cpus, gpus, parameters(slurm or []))
    if dry_run:
        from ganlab.cli.treat_plan import show_treatment_plan
        from ganlab.treatment.plan import Wishes, budget_seconds

        wishes = Wishes(
            0.0 if complete else budget_seconds(budget), seeds, names, tuple(tries or ()), from_onset, complete
        )
        show_treatment_plan(run, wishes, where.width, runs_dir, as_json)
        return

    from ganlab.api import treat as carry_out
    from ganlab.cli.sweep_live import choose_sweep_view
    from ganlab.cli.treat_table import show_treatment

    done = carry_out(
        run,
        budget=budget,
        seeds=seeds,
        only=names,
        tries=tuple(tries or ()),
        from_onset=from_onset,
        complete=complete,
        finish=finish,
        resources=where,
        runs_dir=runs_dir,
        view=choose_sweep_view(console(stderr=as_json)),
    )
    show_treatment(done, as_json)
    if done.best is None:
        raise typer.Exit(NOT_CURED)
