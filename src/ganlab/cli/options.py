"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigArgument = Annotated[
    str,
    typer.Argument(metavar="CONFIG", help="An experiment file, or the name of a shipped one (`ganlab ls configs`)."),
]
OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Changes by dotted path: training.steps=500 optimizer.lr=1e-3",
        show_default=False,
    ),
]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, or a unique part of its name.")]
RunsDirOption = Annotated[Path, typer.Option("--runs-dir", help="Folder that holds the runs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine output on stdout, messages on stderr.")]
StepOption = Annotated[
    str, typer.Option("--step", help="Checkpoint: its step, `newest`, or `best` by snapshot quality.")
]
LiveOption = Annotated[bool, typer.Option("--live", help="The live generator, not its moving average.")]
DEFAULT_RUNS = Path("runs")
