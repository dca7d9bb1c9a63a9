"""`ganlab sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganlab.cli.console import console, print_json
from ganlab.cli.options import (
    DEFAULT_RUNS,
    ForceOption,
    JsonOption,
    LiveOption,
    RunArgument,
    RunsDirOption,
    StepOption,
)
from ganlab.cli.target import free_name, require_new
from ganlab.text import printable


def sample(
    run: RunArgument,
    count: Annotated[
        int | None,
        typer.Option(
            "--count", "-n", min=1, max=1_000_000, help="Number of samples: 100; --nearest 50, --attention 6."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="NAME.png (a grid), NAME.npz, or a folder for one PNG a sample.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the latents.")] = 0,
    interpolate: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, metavar="PAIRS", help="A row a pair: ten samples on the way between two latents."
        ),
    ] = None,
    spherical: Annotated[bool, typer.Option("--spherical", help="Interpolate along the arc, not the line.")] = False,
    walk: Annotated[
        int | None,
        typer.Option(min=0, metavar="DIM", help="Ten rows: one latent dimension, counted from 0, from low to high."),
    ] = None,
    arithmetic: Annotated[
        str | None,
        typer.Option(metavar="A-B+C", help="Class means A, B, C, their sum, and six samples around it: 8-3+5."),
    ] = None,
    nearest: Annotated[bool, typer.Option("--nearest", help="Pairs: a sample and its nearest training image.")] = False,
    of_class: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Samples of one class (conditional games).")
    ] = None,
    gallery: Annotated[bool, typer.Option("--gallery", help="The game's own picture, such as a row a class.")] = False,
    attention: Annotated[
        bool, typer.Option("--attention", help="A row a sample: five points, and what each attends to.")
    ] = False,
    force: ForceOption = False,
    step: StepOption = "newest",
    live: LiveOption = False,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Draw samples from a trained generator: a grid, single images or an array.

    What is there is kept: without --out the file is RUN-samples.png here, or RUN-samples-2.png; --force replaces.
    If the run keeps a moving average of the generator's weights (training.ema), samples are drawn from that; --live
    draws from the live ones. Image-to-image games translate held-out images. Of --interpolate, --walk, --arithmetic,
    --nearest, --class, --gallery and --attention one can be asked for.

    Example: ganlab sample dcgan_mnist --interpolate 8 --spherical --out grid.png
    """
    from ganlab.runs.directory import find_run
    from ganlab.training.pictures import draw, make_wish, require_target
    from ganlab.training.trained import load_game, parse_which, weights_of

    asked = {
        "interpolate": interpolate,
        "walk": walk,
        "arithmetic": arithmetic,
        "nearest": nearest,
        "class": of_class,
        "gallery": gallery,
        "attention": attention,
    }
    wish, which = make_wish(asked, count, seed, spherical), parse_which(step)
    if out is not None and not force:
        require_new(out)
    found = find_run(run, runs_dir)
    target = out or free_name(Path(f"{found.path.name}-{wish.kind}.png"), force)
    game = load_game(found, which, live)
    require_target(target, game.experiment.data.domain, is_picture=wish.kind == "attention")
    drawing = draw(game, wish)
    files = drawing.write(target)
    number, weights = len(drawing.samples), weights_of(game.experiment, live)
    if as_json:
        names = [str(file) for file in files]
        print_json({"run": str(found.path), "count": number, "weights": weights, "files": names})
    else:
        of = " of the averaged generator (--live: of the live one)" if weights == "average" else ""
        console().print(f"{number} samples{of}: {printable(target)}")
