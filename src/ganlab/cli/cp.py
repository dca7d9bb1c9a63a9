"""`ganlab cp`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli import completion
from ganlab.cli.console import console
from ganlab.errors import ConfigError
from ganlab.text import printable


def cp(
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG",
            help="A shipped experiment's name (`ganlab ls configs`).",
            autocompletion=completion.shipped_experiments,
        ),
    ],
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="A new file, or a folder.")] = Path(),
) -> None:
    """Copy a shipped experiment, to change it.

    Example: ganlab cp dcgan_mnist my_experiment.yaml
    """
    from ganlab.config.shipped import find_config
    from ganlab.runs.files import atomic_write

    source = find_config(config)
    target = dest / source.name if os.path.isdir(dest) else dest
    if os.path.lexists(target):
        raise ConfigError(f"{target} exists already", "choose another name; nothing was copied")
    if not os.path.isdir(target.absolute().parent):
        raise ConfigError(f"{target.parent} is no folder", "make it first; nothing was copied")
    try:
        atomic_write(target, source.read_bytes())
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}", "choose another name") from error
    console().print(f"{printable(target)}: ganlab train {printable(target)}")
