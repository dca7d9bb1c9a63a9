"""The command line, put together: one thin file a command."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ganlab.cli.command import Command
from ganlab.cli.compare import compare
from ganlab.cli.console import console, print_error, say
from ganlab.cli.cp import cp
from ganlab.cli.diagnose import diagnose
from ganlab.cli.evaluate import evaluate
from ganlab.cli.export import export
from ganlab.cli.guide import guide
from ganlab.cli.ls import ls
from ganlab.cli.report import report
from ganlab.cli.resume import resume
from ganlab.cli.sample import sample
from ganlab.cli.schema import schema
from ganlab.cli.streams import close_streams, open_streams
from ganlab.cli.sweep import sweep
from ganlab.cli.train import train
from ganlab.cli.treat import treat
from ganlab.cli.validate import validate
from ganlab.errors import GanlabError
from ganlab.runs.stop import EXIT_CODES
from ganlab.text import printable
from ganlab.version import __version__

ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and newline, line separators, and what turns the direction of text."""

app = typer.Typer(
    help="Train a GAN from one YAML file, watch it, and say by name what went wrong.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    *(guide, train, resume, diagnose, treat, sweep, report, compare),
    *(evaluate, sample, export, validate, schema, ls, cp),
)
for command in COMMANDS:
    app.command(cls=Command)(command)


def show_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        console().print(f"ganlab {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of ganlab itself."""


def refuse_active(arguments: Sequence[str]) -> None:
    """Raise GanlabError for an argument that a terminal would act on: Typer's messages repeat arguments as they are."""
    for argument in arguments:
        if ACTIVE.search(argument):
            raise GanlabError(
                f"an argument holds a control character: {printable(argument)}", "remove it; rename a file that has one"
            )


def tell_of_cache() -> None:
    """Say on standard error where something is kept that belongs to no run, if this process has kept anything."""
    cache = sys.modules.get("ganlab.data.cache")
    while cache and cache.filled:
        folder = min(cache.filled)
        cache.filled.discard(folder)
        say(console(stderr=True), printable(f"kept for next time in {folder} (GANLAB_CACHE moves the cache)"))


def main() -> None:
    """Run the command line; a user's error is one message and an exit code, never a traceback."""
    # GNU OpenMP's threads spin for milliseconds before they sleep, which makes a step many times slower where another
    # process wants the same cores; a shorter spin costs nothing where none does. Both are read when torch is imported.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    # Large tensors on huge pages: fewer page faults, a tenth off the guide's step.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    # What takes long before a run exists, such as a download, is told through logging.
    logging.basicConfig(format="%(message)s")
    logging.getLogger("ganlab").setLevel(logging.INFO)
    open_streams()
    try:
        try:
            refuse_active(sys.argv[1:])
            app()
        finally:
            close_streams()
            tell_of_cache()
    except GanlabError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == EXIT_CODES[signal.SIGINT]:  # so Typer ends at Ctrl-C, without a word
            console(stderr=True).print("interrupted")
        raise
    except KeyboardInterrupt:
        console(stderr=True).print("interrupted")
        sys.exit(EXIT_CODES[signal.SIGINT])
