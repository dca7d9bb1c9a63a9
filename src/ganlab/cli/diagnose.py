"""`ganlab diagnose`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli import completion
from ganlab.cli.options import DEFAULT_RUNS, FailOnOption, JsonOption, RunsDirOption
from ganlab.cli.parsing import column_names, verdict_names
from ganlab.cli.streams import spooled
from ganlab.errors import GanlabError
from ganlab.runs.files import require_place
from ganlab.runs.stop import StopSignal


def diagnose(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Runs (folders, names, or parts of names, also inside sweeps), logs of other code (- is standard "
            "input), or samples without a log. Not needed with --samples.",
            show_default=False,
            autocompletion=completion.runs_and_files,
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(help="Samples of a foreign run: a folder of pictures, whose grids are cut up, or an NPZ."),
    ] = None,
    real: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER|NPZ", help="Real data that --samples are to look like: mnist, mnist[3,8]."),
    ] = None,
    tile: Annotated[int | None, typer.Option(min=1, help="Side of an image in grids, in pixels, if not found.")] = None,
    loss: Annotated[
        str | None, typer.Option(help="The loss, where a log does not show it: non_saturating, hinge, ...")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OURS=THEIRS", help="What a column is called: --map d_loss=lossD. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for verdict, pictures, page; left out: the run itself, nothing for foreign files."),
    ] = None,
    fail_on: FailOnOption = None,
    show: Annotated[
        bool,
        typer.Option(
            "--show",
            help="Judge nothing; print what was read, and what each column was taken for. With --samples, write "
            "ganlab_cut.png into --out or the working directory: how pictures were cut, beside real ones.",
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Also write the curves to a new file, in columns of our names."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow a run or log that grows, until it ends.")] = False,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks with --watch.")] = 2.0,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Say by name what went wrong in a run, since when, on what evidence, how sure, and what to do.

    Example: ganlab diagnose smoke --fail-on mode_collapse,diverged

    A run inside a sweep: ganlab diagnose latent_1, or guide/latent_1; of several with one name the newest is judged

    Logs of other code: ganlab diagnose train.log --show, then ganlab diagnose train.log --map d_loss=lossD

    A log that was copied: xclip -o | ganlab diagnose -

    Pictures alone: ganlab diagnose images/ --real mnist
    """
    if not paths:
        if samples is None:
            raise GanlabError("there is nothing to judge", "give a run, a log, or --samples with --real")
        if watch or export is not None:
            raise GanlabError(f"{'--watch' if watch else '--export'} is for runs and logs", "name one")
        paths = [""]
    wanted, names = verdict_names(fail_on), column_names(columns or [])
    if watch and len(paths) > 1:
        raise GanlabError("--watch follows one run at a time", "start it once for each run")
    if export is not None and (watch or len(paths) > 1):
        raise GanlabError("--export writes the curves of one run, once", "name one run, without --watch")
    if show and watch:
        raise GanlabError("--show prints what is there now, and --watch waits for more", "leave one of them out")
    if watch and "-" in paths:
        raise GanlabError("--watch follows a file, and standard input is read to its end", "name the file")
    if out is not None:
        require_place(out / "verdict.json", "choose another folder with --out")
    # Before what takes seconds to import, so that no signal is lost meanwhile.
    with StopSignal() if watch else nullcontext() as stop, spooled() if "-" in paths else nullcontext() as received:
        from ganlab.cli.cut import sheet_of_refused
        from ganlab.cli.judging import judge_many, judge_one, watch_one
        from ganlab.cli.order import Order
        from ganlab.cli.reading import show_each
        from ganlab.diagnosis.readers import ReadOptions

        options = ReadOptions(columns=names, loss=loss, samples=samples, real=real, tile=tile)
        order = Order(options, runs_dir, out, wanted, as_json, export, received)
        if show:
            show_each(paths, order)
            return
        with sheet_of_refused(out):
            if stop is not None:
                failed = watch_one(paths[0], order, every, stop)
            elif len(paths) == 1:
                failed = judge_one(paths[0], order)
            else:
                failed = judge_many(paths, order)
    if failed:
        raise typer.Exit(3)
