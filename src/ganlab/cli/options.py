"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ganlab.cli import completion, completion_settings

ConfigArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG",
        help="An experiment file, or the name of a shipped one (`ganlab ls configs`).",
        autocompletion=completion.experiments,
    ),
]
OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Changes by dotted path: training.steps=500 optimizer.lr=1e-3",
        show_default=False,
        autocompletion=completion_settings.settings,
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's folder, its name, or part of its name, also inside sweeps; if several runs share a name, the "
        "newest is taken.",
        autocompletion=completion.runs,
    ),
]
RunsDirOption = Annotated[Path, typer.Option("--runs-dir", help="Folder that holds the runs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine output on stdout, messages on stderr.")]
FailOnOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Exit with 3 on one of these verdicts: mode_collapse/partial,diverged.",
        autocompletion=completion.verdicts,
    ),
]
StepOption = Annotated[
    str,
    typer.Option(
        "--step",
        help="Checkpoint: its step, `newest`, or `best` by snapshot quality.",
        autocompletion=completion.checkpoints,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
LiveOption = Annotated[
    bool,
    typer.Option("--live", help="The generator's live weights instead of their moving average, if the run keeps one."),
]
Place = Literal["local", "ray", "slurm"]
PlaceOption = Annotated[Place, typer.Option("--executor", help="Where the runs are trained.")]
AddressOption = Annotated[str, typer.Option(help="ray: the cluster's address.")]
CpusOption = Annotated[int, typer.Option(min=1, help="ray, slurm: cores of a run.")]
GpusOption = Annotated[float, typer.Option(min=0, help="ray, slurm: GPUs of a run.")]
SlurmOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="slurm: a parameter of submitit, such as slurm_partition=gpu."),
]
DEFAULT_RUNS = completion.DEFAULT_RUNS

FromOnsetOption = Annotated[
    bool,
    typer.Option(
        "--from-onset", help="Go on from the last checkpoint before the failure began, where a change allows it."
    ),
]
CompleteOption = Annotated[
    bool,
    typer.Option("--complete", help="Try every cure on every seed at the run's own length, without a budget."),
]
TriesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--try",
        metavar="KEY=VALUE",
        help='Also try this change; "KEY=VALUE KEY=VALUE" sets both at once. Can be given several times, an arm each.',
    ),
]
"""What `treat` tries, and how."""
