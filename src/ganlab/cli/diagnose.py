"""`ganlab diagnose`."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganlab.cli.console import console, print_error, print_json
from ganlab.cli.options import DEFAULT_RUNS, JsonOption, RunsDirOption
from ganlab.errors import GanlabError, RunError
from ganlab.text import printable
from ganlab.verdicts import matches, refusal

if TYPE_CHECKING:
    from ganlab.cli.verdict_panel import Judged
    from ganlab.diagnosis.evidence import Evidence
    from ganlab.diagnosis.readers import ReadOptions
    from ganlab.diagnosis.verdict import Verdict
    from ganlab.runs.directory import RunDirectory


def diagnose(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Runs, or unique parts of their names; or logs that other code wrote."),
    ],
    samples: Annotated[
        Path | None,
        typer.Option(help="Samples of a foreign run: a folder of images, an NPZ, or a grid PNG with --tile."),
    ] = None,
    real: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER|NPZ", help="Real data that --samples are to look like: mnist, mnist[3,8]."),
    ] = None,
    tile: Annotated[int | None, typer.Option(min=1, help="Side of a tile of a grid PNG, in pixels.")] = None,
    loss: Annotated[
        str | None, typer.Option(help="The loss, where a log does not show it: non_saturating, hinge, ...")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OURS=THEIRS", help="What a column is called: --map d_loss=lossD. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for verdict and pictures; left out: the run itself, and nothing for foreign files."),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Exit with 3 on one of these verdicts: mode_collapse/partial,diverged."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow a run or log that grows, until it ends.")] = False,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks with --watch.")] = 2.0,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Say by name what went wrong in a run, since when, on what evidence, how sure, and what to do.

    Example: ganlab diagnose runs/dcgan_mnist-20260101-120000-abcd --fail-on mode_collapse,diverged
    """
    wanted, names = verdict_names(fail_on), column_names(columns or [])
    from ganlab.diagnosis.readers import ReadOptions

    order = Order(ReadOptions(columns=names, loss=loss, samples=samples, real=real, tile=tile), out, wanted, as_json)
    if watch:
        if len(paths) > 1:
            raise GanlabError("--watch follows one run at a time", "start it once for each run")
        failed = follow(find_case(paths[0], runs_dir), order, every)
    elif len(paths) == 1:
        failed = judge_one(find_case(paths[0], runs_dir), order)
    else:
        failed = judge_many(paths, runs_dir, order)
    if failed:
        raise typer.Exit(3)


def verdict_names(text: str | None) -> tuple[str, ...]:
    """Return the names of `--fail-on`: `failure` or `failure/variant`, separated by commas.

    Raises:
        GanlabError: one that no verdict has.
    """
    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    for name in names:
        if wrong := refusal(name):
            raise GanlabError(f"--fail-on: {wrong[0]}", wrong[1])
    return names


def column_names(pairs: list[str]) -> dict[str, str]:
    """Return what `--map` says a log calls our columns.

    Raises:
        GanlabError: a column of ours that is not one, or no `=`.
    """
    from ganlab.diagnosis.evidence import SIGNALS

    known = ("step", *SIGNALS)
    columns = dict(pair.partition("=")[::2] for pair in pairs)
    for ours, theirs in columns.items():
        if ours not in known or not theirs:
            raise GanlabError(
                f"--map: {ours}={theirs} is not of the form OURS=THEIRS" if ours in known else f"--map: no {ours!r}",
                f"our columns are {', '.join(known)}; an example: --map d_loss=lossD",
            )
    return columns


@dataclass(frozen=True)
class Order:
    """How to read, where to write, which verdicts are a failure of the command, and for whom to print."""

    options: ReadOptions
    out: Path | None
    wanted: tuple[str, ...]
    as_json: bool

    def fails(self, verdict: Verdict) -> bool:
        """Tell whether `--fail-on` names a verdict."""
        return matches(verdict.name, self.wanted)


@dataclass(frozen=True)
class Case:
    """What is to be judged: a run of ours, or a file or folder that other code wrote."""

    path: Path
    run: RunDirectory | None

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Return what changes when something is written: times and sizes."""
        if self.run is not None:
            files = [self.run.history, self.run.snapshots, self.run.status_file]
        else:
            files = sorted(self.path.rglob("*")) if self.path.is_dir() else [self.path]
        stats = [file.stat() for file in files if file.exists()]
        return tuple((stat.st_mtime_ns, stat.st_size) for stat in stats)

    def has_ended(self) -> bool:
        """Tell whether no more will come; of a foreign log nobody knows."""
        return self.run is not None and self.run.state(self.run.status()) != "running"


def find_case(reference: str, runs_dir: Path) -> Case:
    """Return the run or the foreign file that a PATH means.

    Raises:
        RunError: neither is there.
    """
    from ganlab.runs.directory import find_run

    path = Path(reference)
    # os.path, unlike Path, calls a name that is too long no file rather than raising.
    if os.path.exists(path) and not os.path.isfile(path / "run.json"):
        return Case(path, None)
    run = find_run(reference, runs_dir)
    return Case(run.path, run)


def judge(case: Case, options: ReadOptions) -> tuple[Evidence, Verdict]:
    """Read what is there now, and judge it.

    Raises:
        GanlabError: it cannot be read.
    """
    from ganlab.diagnosis.judge import diagnose as judge_evidence
    from ganlab.diagnosis.readers import read

    evidence = read(case.path, options)
    return evidence, judge_evidence(evidence)


def conclude(case: Case, options: ReadOptions, out: Path | None, evidence: Evidence, verdict: Verdict) -> Judged:
    """Write verdict and pictures into `out`, else into the run; what cannot be written there is a remark.

    Raises:
        GanlabError: `out` cannot be written.
    """
    from ganlab.cli.verdict_panel import Judged

    if out is None and case.run is None:
        return Judged(evidence, verdict)
    from ganlab.diagnosis.files import draw_samples, write_verdict

    remarks, sheet = [], None
    try:
        sheet = draw_samples(evidence, case.run, options.samples, options.tile)
    except RunError as error:
        remarks.append(f"no sheet of samples: {error.message}")
    try:
        # The run's lock tells whether a process writes to it, and keeps out one that would resume it meanwhile.
        with case.run.held() if out is None and case.run is not None else nullcontext():
            return Judged(evidence, verdict, write_verdict(out or case.path, evidence, verdict, sheet), remarks)
    except (GanlabError, OSError) as error:
        why = error.message if isinstance(error, GanlabError) else str(error)
        if out is not None:
            raise GanlabError(f"{out} cannot be written: {why}", "choose another folder with --out") from error
        return Judged(evidence, verdict, (), (*remarks, f"nothing was written: {why}; --out names another folder"))


def judge_one(case: Case, order: Order) -> bool:
    """Judge and show one run; tell whether its verdict is one to fail on."""
    evidence, verdict = judge(case, order.options)
    show(conclude(case, order.options, order.out, evidence, verdict), order.as_json)
    return order.fails(verdict)


def show(judged: Judged, as_json: bool) -> None:
    """Print the panel; or the verdict for machines, with what else there is to say on standard error."""
    from ganlab.cli.verdict_panel import show_verdict

    if as_json:
        print_json(judged.verdict.as_json())
        print_remarks(judged)
    else:
        show_verdict(console(), judged)


def print_remarks(judged: Judged) -> None:
    """Say on standard error what could not be done."""
    for remark in judged.remarks:
        console(stderr=True).print(f"{printable(judged.evidence.source)}: {printable(remark)}")


def judge_many(paths: list[str], runs_dir: Path, order: Order) -> bool:
    """Judge each path on its own, so that a damaged one loses no other, and show all in a table.

    Raises:
        typer.Exit: with 2, after all are shown, where one could not be judged and no verdict is one to fail on.
        GanlabError: `--out` cannot be written.
    """
    from ganlab.cli.verdict_panel import Judged, show_table

    results: list[tuple[str, Judged | GanlabError]] = []
    for number, path in enumerate(paths, start=1):
        try:
            case = find_case(path, runs_dir)
            evidence, verdict = judge(case, order.options)
        except GanlabError as error:
            results.append((path, error))
            continue
        # Logs of several runs often have the same name.
        out = None if order.out is None else order.out / f"{number}-{case.path.name}"
        results.append((path, conclude(case, order.options, out, evidence, verdict)))
    if order.as_json:
        print_json([as_values(path, result) for path, result in results])
    else:
        show_table(console(), results)
    for _, result in results:
        if isinstance(result, Judged):
            print_remarks(result)
        else:
            print_error(result)
    judged = [result for _, result in results if isinstance(result, Judged)]
    if any(order.fails(each.verdict) for each in judged):
        return True
    if len(judged) < len(results):
        raise typer.Exit(2)
    return False


def as_values(path: str, result: Judged | GanlabError) -> dict[str, Any]:
    """Return a verdict, or what is wrong with a path, for machines."""
    if isinstance(result, GanlabError):
        return {"source": path, "error": result.message, "hint": result.hint}
    return result.verdict.as_json()


def follow(case: Case, order: Order, seconds: float) -> bool:
    """Judge anew whenever something was written, and tell each new verdict, until the run ends or one is to fail on.

    With `--json` each new verdict is one line. Verdict and pictures are written at the end.
    """
    from ganlab.cli.verdict_panel import reading

    seen, judged, told = None, None, ""
    while True:
        # Looked at before the files are read, so that nothing written meanwhile is missed.
        ended = case.has_ended()
        now = ended, case.stamp()
        if now != seen:
            seen, judged = now, judge_what_is_there(case, order.options, ended)
            if judged is not None and judged[1].name != told:
                told = judged[1].name
                line = json.dumps(judged[1].as_json()) if order.as_json else reading(judged[1])
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        if judged is not None and (ended or order.fails(judged[1])):
            break
        time.sleep(seconds)
    concluded = conclude(case, order.options, order.out, *judged)
    if order.as_json:
        print_remarks(concluded)
    else:
        show(concluded, as_json=False)
    return order.fails(concluded.verdict)


def judge_what_is_there(case: Case, options: ReadOptions, ended: bool) -> tuple[Evidence, Verdict] | None:
    """Judge a run that may still grow; None, and a word on standard error, where it has nothing to judge yet.

    Raises:
        RunError: nothing can be read, and nothing more will come.
    """
    try:
        return judge(case, options)
    except RunError as error:
        if ended:
            raise
        console(stderr=True).print(f"waiting: {printable(error.message)}")
        return None
