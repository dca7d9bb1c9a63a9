"""`ganlab sample`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganlab.cli.console import console, print_json
from ganlab.cli.options import (
    DEFAULT_RUNS,
    JsonOption,
    LiveOption,
    RunArgument,
    RunsDirOption,
    StepOption,
)
from ganlab.errors import GanlabError, RunError
from ganlab.text import printable

if TYPE_CHECKING:
    from torch import Tensor

    from ganlab.games.standard import StandardGame

IMAGES_IN_A_ROW = 10
"""Images in a row of a grid."""

SORTED = 2000
"""Samples that are sorted into classes for arithmetic."""

COUNTS = {"samples": 100, "class": 100, "nearest": 50, "attention": 6}
"""Samples of each picture whose number can be asked for, where it is not."""


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
    step: StepOption = "newest",
    live: LiveOption = False,
    runs_dir: RunsDirOption = DEFAULT_RUNS,
    as_json: JsonOption = False,
) -> None:
    """Draw samples from a trained generator: a grid, single images or an array.

    Image-to-image games translate held-out images. Of --interpolate, --walk, --arithmetic, --nearest, --class,
    --gallery and --attention one can be asked for.

    Example: ganlab sample dcgan_mnist --interpolate 8 --spherical --out grid.png
    """
    kinds = {
        "interpolate": interpolate,
        "walk": walk,
        "arithmetic": arithmetic,
        "nearest": nearest or None,
        "class": of_class,
        "gallery": gallery or None,
        "attention": attention or None,
    }
    asked = {kind: value for kind, value in kinds.items() if value is not None}
    check(list(asked), count, spherical)
    from ganlab.runs.directory import find_run
    from ganlab.training import trained

    kind, value = next(iter(asked.items()), ("samples", None))
    found = find_run(run, runs_dir)
    game = trained.load_game(found, trained.parse_which(step), live)
    target = out or Path(f"{found.path.name}-{kind}.png")
    if kind == "attention":
        samples = draw_attention(game, count or COUNTS[kind], seed, target)
        files = [target]
    else:
        samples = draw(game, kind, value, count or COUNTS.get(kind, 0), seed, spherical)
        files = trained.write_samples(samples, game.experiment.data.domain, target)
    if as_json:
        print_json({"run": str(found.path), "count": len(samples), "files": [str(file) for file in files]})
    else:
        console().print(f"{len(samples)} samples: {printable(target)}")


def check(asked: list[str], count: int | None, spherical: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        GanlabError: more than one kind of picture, or an option that the one asked for has no use for.
    """
    if len(asked) > 1:
        raise GanlabError(f"--{' and --'.join(asked)} are pictures of their own", "ask for one at a time")
    if spherical and asked != ["interpolate"]:
        raise GanlabError("--spherical is a way to interpolate", "add --interpolate PAIRS, or leave --spherical out")
    if count is not None and asked and asked[0] not in COUNTS:
        raise GanlabError(f"--{asked[0]} has a number of samples of its own", "leave --count out")


def draw(game: StandardGame, kind: str, value: Any, count: int, seed: int, spherical: bool) -> Tensor:
    """Return the samples of a kind of picture, `value` being its option's.

    Raises:
        GanlabError: the game has no such picture.
    """
    from ganlab.data import load
    from ganlab.training import latent_space
    from ganlab.training.trained import generate, sample_inputs

    if kind == "gallery":
        shown = game.gallery()
        if shown is None:
            raise RunError(f"the {game.experiment.game.name} game has no gallery", "its samples show what it is about")
        return shown
    experiment = game.experiment
    if kind == "interpolate":
        return generate(game, latent_space.interpolate(game, value, IMAGES_IN_A_ROW, seed, spherical))
    if kind == "walk":
        reach = latent_space.REACH[experiment.latent.distribution]
        return generate(game, latent_space.walk(game, value, IMAGES_IN_A_ROW, IMAGES_IN_A_ROW, reach, seed))
    if kind == "samples":
        return generate(game, sample_inputs(game, count, seed).inputs)
    data = game.data or load(experiment.data, experiment.training.batch_size)
    if kind == "arithmetic":
        return generate(game, latent_space.arithmetic(game, data, value, SORTED, seed))
    if kind == "class":
        return generate(game, latent_space.of_class(game, data, value, count, seed))
    return latent_space.nearest(generate(game, sample_inputs(game, count, seed).inputs), data)


def draw_attention(game: StandardGame, count: int, seed: int, target: Path) -> Tensor:
    """Write what the generator attends to in `count` samples, and return these.

    Raises:
        RunError: it has no attention, or the picture cannot be written in this format.
    """
    from ganlab.networks.sagan import attention_maps
    from ganlab.plots.attention import attention
    from ganlab.plots.grids import save_png
    from ganlab.training.trained import generate, sample_inputs, unwritable

    if target.suffix != ".png":
        raise RunError(f"{target}: attention is drawn as a picture", "name a .png")
    inputs = sample_inputs(game, count, seed).inputs
    maps, samples = attention_maps(game.generator, inputs), generate(game, inputs)
    try:
        save_png(attention(samples.numpy(), maps.numpy()), target)
    except OSError as error:
        raise unwritable(target, error) from error
    return samples
