"""`ganlab guide`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganlab.cli.console import console, print_json, print_table
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, OverridesArgument, RunsDirOption
from ganlab.errors import Interrupted

if TYPE_CHECKING:
    from rich.console import Console

    from ganlab.cli.lesson_seen import Seen
    from ganlab.config.experiment import Experiment
    from ganlab.lessons import Lesson


def offered(incomplete: str) -> list[tuple[str, str]]:
    """Offer the lessons at Tab."""
    from ganlab.lessons import list_lessons

    return [(each.name, each.what) for each in list_lessons() if each.name.startswith(incomplete)]


def guide(
    lesson: Annotated[
        str | None,
        typer.Argument(
            metavar="[LESSON]", help="The lesson; left out, the lessons are listed.", autocompletion=offered
        ),
    ] = None,
    overrides: OverridesArgument = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the runs; the same as seed=SEED.")] = None,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps; the same as training.device=DEVICE.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with this lesson's newest runs; one that has ended is shown again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Watch a small GAN fail, one failure a lesson: what was changed, what was seen, and what to try next.

    Example: ganlab guide collapse
    """
    from ganlab.lessons import find_lesson, list_lessons

    if lesson is None:
        lessons = list_lessons()
        if as_json:
            print_json([each.as_json() for each in lessons])
        else:
            show_lessons(console(), lessons)
        return
    chosen = find_lesson(lesson)
    changes = list(overrides or [])
    changes += [f"seed={seed}"] if seed is not None else []
    changes += [f"training.device={device}"] if device is not None else []
    experiments = chosen.experiments(changes)

    from ganlab.cli.lesson_screen import show_lesson
    from ganlab.cli.lesson_seen import lesson_json

    console(stderr=as_json).print(f"{chosen.title}: {chosen.what}; about {chosen.seconds} s on one core")
    seen = []
    for experiment, shipped in zip(experiments, chosen.experiments(), strict=True):
        try:
            seen.append(train_or_find(experiment, shipped, runs_dir, resume, as_json))
        except Interrupted as stop:
            hint = "the same command with --resume goes on with the lesson"
            raise Interrupted(stop.message, hint, stop.exit_code) from None
    if as_json:
        print_json(lesson_json(chosen, seen))
    else:
        show_lesson(console(), chosen, seen)


def show_lessons(out: Console, lessons: Sequence[Lesson]) -> None:
    """Print a line a lesson: its command, how long it takes, and what happens."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("lesson", no_wrap=True)
    table.add_column("takes", no_wrap=True)
    table.add_column("what happens")
    for each in lessons:
        table.add_row(Text(each.command, "bold"), f"{each.seconds} s", each.what)
    print_table(out, table)
    out.print(f"All of them take {sum(each.seconds for each in lessons) / 60:.0f} minutes on one core.")


def train_or_find(experiment: Experiment, shipped: Experiment, runs_dir: Path, resume: bool, as_json: bool) -> Seen:
    """Train an experiment, or with `resume` find the run that has ended, and judge it."""
    from ganlab.api import train
    from ganlab.cli.lesson_seen import Seen
    from ganlab.cli.live import choose_view
    from ganlab.diagnosis.readers import ReadOptions
    from ganlab.diagnosis.sessions import diagnose_path
    from ganlab.lessons import ended_run

    view = choose_view(console(stderr=as_json))
    run = ended_run(experiment, runs_dir) if resume else None
    run = run or train(experiment, runs_dir=runs_dir, resume=resume, views=[view]).directory
    return Seen(experiment, shipped, run, view.verdict or diagnose_path(run.path, ReadOptions()))
