"""`ganlab train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ganlab.cli.console import console, print_json, say
from ganlab.cli.options import (
    DEFAULT_RUNS,
    ConfigArgument,
    FailOnOption,
    JsonOption,
    OverridesArgument,
    RunsDirOption,
)
from ganlab.cli.parsing import verdict_names
from ganlab.text import printable

if TYPE_CHECKING:
    from ganlab.diagnosis.verdict import Verdict
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
    fail_on: FailOnOption = None,
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
        from ganlab.cli.dry_run import show_plan

        show_plan(experiment, as_json)
        return

    from ganlab.api import train as train_experiment
    from ganlab.cli.live import choose_view

    view = choose_view(console(stderr=as_json))
    run = train_experiment(experiment, runs_dir=runs_dir, resume=resume, views=[view])
    show_end(run.directory, view.verdict, wanted, as_json)


def show_end(run: RunDirectory, verdict: Verdict | None, wanted: tuple[str, ...], as_json: bool) -> None:
    """Say how a run ended, what it was judged to be and why.

    Args:
        run: the run.
        verdict: what it was judged to be at its end; None if it had ended before, so that nothing was trained.
        wanted: the verdicts that the command fails on.
        as_json: for machines.

    Raises:
        typer.Exit: with 3 for a wanted verdict.
    """
    from ganlab.cli.verdict_panel import show_verdict
    from ganlab.diagnosis.readers import ReadOptions
    from ganlab.diagnosis.sessions import Judged, diagnose_path
    from ganlab.diagnosis.wording import expectation
    from ganlab.verdicts import matches

    status, verdict = run.status(), verdict or diagnose_path(run.path, ReadOptions())
    if as_json:
        expected = expectation(verdict)
        as_expected = expected[1] if expected else None
        print_json({"run": str(run.path), **status.as_json(), "verdict": verdict.as_json(), "as_expected": as_expected})
    else:
        out = console()
        line = printable(status.in_words())
        if (cost := status.cost) is not None:
            line += f"; watching took {100 * cost.watching_share:.1f} %, saving {100 * cost.saving_share:.1f} %"
            line += f"; preparing took {seconds:.0f} s before" if (seconds := cost.preparing_seconds or 0) >= 1 else ""
        say(out, line)
        pages = [run.page] if run.page.is_file() else []
        show_verdict(out, Judged(verdict, [run.samples, *sorted(run.plots.glob("*.png")), *pages]))
    if matches(verdict.name, wanted):
        raise typer.Exit(3)
