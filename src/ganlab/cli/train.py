"""`ganlab train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganlab.cli.console import console, print_json
from ganlab.cli.diagnose import verdict_names
from ganlab.cli.options import DEFAULT_RUNS, ConfigArgument, JsonOption, OverridesArgument, RunsDirOption
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment
    from ganlab.runs.directory import RunDirectory


def train(
    config: ConfigArgument,
    overrides: OverridesArgument = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; the same as name=NAME.")] = None,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps; the same as training.device=DEVICE.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of this experiment, or start one.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show networks and settings; train nothing.")] = False,
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Exit with 3 on one of these verdicts: mode_collapse/partial,diverged."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train one experiment into a run directory.

    Example: ganlab train configs/dcgan_mnist.yaml training.steps=500 optimizer.lr=1e-4
    """
    from ganlab.config.load import load_experiment

    wanted = verdict_names(fail_on)
    changes = list(overrides or [])
    changes += [f"name={name}"] if name is not None else []
    changes += [f"training.device={device}"] if device is not None else []
    experiment = load_experiment(config, changes)
    if dry_run:
        show_plan(experiment, as_json)
        return

    from ganlab.api import train as train_experiment
    from ganlab.cli.live import choose_view

    view = choose_view(console(stderr=as_json))
    run = train_experiment(experiment, runs_dir=runs_dir, resume=resume, views=[view])
    show_end(run.directory, wanted, as_json)


def show_end(run: RunDirectory, wanted: tuple[str, ...], as_json: bool) -> None:
    """Say how a run ended, what it was judged to be and why.

    Raises:
        typer.Exit: with 3, where the verdict is a wanted one.
    """
    from ganlab.diagnosis.judge import diagnose
    from ganlab.diagnosis.readers import ReadOptions, read
    from ganlab.verdicts import matches

    status, evidence = run.status(), read(run.path, ReadOptions())
    verdict = diagnose(evidence)
    if as_json:
        expected = evidence.experiment.expect if evidence.experiment is not None else ()
        as_expected = matches(verdict.name, expected) if expected else None
        print_json({"run": str(run.path), **status.as_json(), "verdict": verdict.as_json(), "as_expected": as_expected})
    else:
        from ganlab.cli.verdict_panel import Judged, show_verdict

        out = console()
        reason = f" ({printable(status.reason)})" if status.reason else ""
        line = f"{status.status}{reason} after step {status.step} of {status.steps}, {status.seconds:.0f} s"
        if (cost := status.cost) is not None:
            line += f"; watching took {100 * cost.watching_share:.1f} %, saving {100 * cost.saving_share:.1f} %"
        out.print(line)
        files = [run.samples, *sorted(run.plots.glob("*.png"))]
        show_verdict(out, Judged(evidence, verdict, files))
    if matches(verdict.name, wanted):
        raise typer.Exit(3)


def show_plan(experiment: Experiment, as_json: bool) -> None:
    """Print both networks layer by layer, and the resolved experiment."""
    from ganlab.config.load import dump_experiment
    from ganlab.networks import build_discriminator, build_generator, describe

    players = {
        "generator": describe(build_generator(experiment), experiment.input_shape),
        "discriminator": describe(build_discriminator(experiment), experiment.judged_shape(experiment.data.shape)),
    }
    totals = {player: sum(row.parameters for row in rows) for player, rows in players.items()}
    if as_json:
        plan: dict[str, Any] = {"experiment": experiment.model_dump(mode="json"), "parameters": totals}
        plan |= {player: [vars(row) for row in rows] for player, rows in players.items()}
        print_json(plan)
        return
    from rich.table import Table

    out = console()
    for player, rows in players.items():
        table = Table(title=f"{player}: {totals[player]:,} parameters", title_justify="left")
        for heading, justify in (("layer", "left"), ("kind", "left"), ("output", "right"), ("parameters", "right")):
            table.add_column(heading, justify=justify)  # type: ignore[arg-type]
        for row in rows:
            table.add_row(row.name, row.kind, " x ".join(map(str, row.output_shape)), f"{row.parameters:,}")
        out.print(table)
    out.print(printable(dump_experiment(experiment)))
