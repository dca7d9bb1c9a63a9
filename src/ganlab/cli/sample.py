"""`ganlab sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli.console import console, print_json, safe
from ganlab.cli.options import (
    DEFAULT_RUNS,
    JsonOption,
    LiveOption,
    RunArgument,
    RunsDirOption,
    StepOption,
)


def sample(
    run: RunArgument,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1_000_000, help="Number of samples.")] = 100,
    out: Annotated[
        Path | None, typer.Option(help="NAME.png (a grid), NAME.npz, or a folder for one PNG a sample.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the latents.")] = 0,
    interpolate: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, metavar="PAIRS", help="A row a pair: ten samples on the line between two latents."
        ),
    ] = None,
    step: StepOption = "newest",
    live: LiveOption = False,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Draw samples from a trained generator: a grid, single images or an array.

    Example: ganlab sample dcgan_mnist -n 64 --out grid.png
    """
    from ganlab.runs.directory import find_run
    from ganlab.training import trained

    found = find_run(run, runs_dir)
    generator, experiment = trained.load_generator(found, trained.parse_which(step), live)
    if interpolate is None:
        latents = trained.sample_latents(experiment, count, seed)
    else:
        latents = trained.interpolate(experiment, interpolate, 10, seed)
    samples = trained.generate(generator, latents)
    target = out or Path(f"{found.path.name}-samples.png")
    files = trained.write_samples(samples, target)
    if as_json:
        print_json({"run": str(found.path), "count": len(samples), "files": [str(file) for file in files]})
    else:
        console().print(f"{len(samples)} samples: {safe(target)}")
