"""What can be drawn from a trained generator: each kind of picture, and the files that it becomes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from ganlab.data import RealData, load, to_stored
from ganlab.domain import Domain, Images
from ganlab.errors import GanlabError, RunError
from ganlab.games.standard import StandardGame
from ganlab.networks.sagan import attention_maps
from ganlab.plots.attention import attention
from ganlab.plots.grids import Heading, Pixels, headed, save_png, scatter, tile, to_pixels
from ganlab.runs.files import atomic_write, require_place
from ganlab.training import latent_space
from ganlab.training.trained import generate, sample_inputs, unwritable

IMAGES_IN_A_ROW = 10
"""Images in a row of a grid."""

SORTED = 2000
"""Samples that are sorted into classes for arithmetic."""


@dataclass(frozen=True)
class Wish:
    """What is to be drawn.

    Attributes:
        kind: a key of KINDS.
        value: what that kind needs to know, such as the number of pairs.
        count: samples.
        seed: of the latents.
        spherical: interpolate along the arc instead of the line.
    """

    kind: str
    value: Any
    count: int
    seed: int
    spherical: bool


@dataclass(frozen=True, eq=False)
class Drawing:
    """What was drawn.

    Attributes:
        samples: float32 images (N, C, H, W) in [-1, 1], or points (N, 2).
        domain: which of the two.
        pixels: the picture (H, W, 3), if it is more than a grid of the samples; else None.
        headings: what stands above the columns of a grid; none if all are alike.
    """

    samples: Tensor
    domain: Domain
    pixels: Pixels | None = None
    headings: Sequence[Heading] = ()

    def write(self, target: Path) -> list[Path]:
        """Write it as `target`'s ending asks: `.png` the picture, `.npz` an array, none a folder of single images.

        The array `samples` is uint8 (N, C, H, W) for images and float32 (N, 2) for points.

        Raises:
            RunError: the ending is another, points are to be single images, what is more than a grid of samples is to
                be anything but a PNG, or the place cannot be written.
        """
        require_target(target, self.domain, is_picture=self.pixels is not None)
        try:
            if target.suffix == ".png":
                save_png(self.picture(), target)
                return [target]
            if target.suffix == ".npz":
                buffer = io.BytesIO()
                np.savez_compressed(buffer, samples=to_stored(self.samples, self.domain).numpy())
                atomic_write(target, buffer.getvalue())
                return [target]
            target.mkdir(parents=True, exist_ok=True)
            files = [target / f"{number:06d}.png" for number in range(len(self.samples))]
            for file, pixels in zip(files, to_pixels(self.samples.numpy()), strict=True):
                save_png(pixels, file)
        except OSError as error:
            raise unwritable(target, error) from error
        return files

    def picture(self) -> Pixels:
        """Return the picture, (H, W, 3); without one of its own a grid of the images, or the points."""
        if self.pixels is not None:
            return self.pixels
        samples = self.samples.numpy()
        if not isinstance(self.domain, Images):
            return scatter(samples, samples)
        grid = tile(to_pixels(samples), IMAGES_IN_A_ROW)
        return headed(grid, self.headings, IMAGES_IN_A_ROW) if self.headings else grid


def require_target(target: Path, domain: Domain, is_picture: bool = False) -> None:
    """Raise RunError, before anything is drawn, if samples cannot be written as a target's ending asks.

    Args:
        target: where to.
        domain: what one sample is.
        is_picture: whether they are more than a grid of samples.
    """
    if is_picture and target.suffix != ".png":
        raise RunError(f"{target}: attention is drawn as a picture", "name a .png")
    if target.suffix not in (".png", ".npz") and (target.suffix or not isinstance(domain, Images)):
        raise RunError(
            f"{target}: samples cannot be written in this format", "name a .png, a .npz or, for images, a folder"
        )
    if target.suffix and not os.path.isdir(target.absolute().parent):
        raise RunError(f"{target} cannot be written: {target.parent} is no folder", "make it first, or name another")
    require_place(target, "choose another place with --out")


def make_wish(asked: Mapping[str, Any], count: int | None, seed: int, spherical: bool) -> Wish:
    """Return what somebody wants to have drawn.

    Args:
        asked: the value of each kind of picture; None or False if it is not wanted.
        count: number of samples; None: the kind's own.
        seed: of the latents.
        spherical: whether to interpolate along the arc.

    Raises:
        GanlabError: more than one kind, or a count or `spherical` that the kind has no use for.
    """
    wanted = {kind: value for kind, value in asked.items() if value is not None and value is not False}
    if len(wanted) > 1:
        raise GanlabError(f"{' and '.join(wanted)} are pictures of their own", "ask for one at a time")
    kind, value = next(iter(wanted.items()), ("samples", None))
    if spherical and kind != "interpolate":
        raise GanlabError("spherical is a way to interpolate", "ask for interpolate too, or leave spherical out")
    usual = KINDS[kind].usual
    if count is not None and usual is None:
        raise GanlabError(f"{kind} has a number of samples of its own", "leave count out")
    return Wish(kind, value, count or usual or 0, seed, spherical)


def draw(game: StandardGame, wish: Wish) -> Drawing:
    """Draw what is wished for.

    Raises:
        GanlabError: the game has no such picture.
    """
    found = KINDS[wish.kind].draw(game, wish)
    return found if isinstance(found, Drawing) else Drawing(found, game.experiment.data.domain)


def _samples(game: StandardGame, wish: Wish) -> Tensor:
    return generate(game, sample_inputs(game, wish.count, wish.seed).inputs)


def _interpolation(game: StandardGame, wish: Wish) -> Drawing:
    inputs = latent_space.interpolate(game, wish.value, IMAGES_IN_A_ROW, wish.seed, wish.spherical)
    return _grid(game, inputs, [(f"{share:.2f}", 1) for share in np.linspace(0, 1, IMAGES_IN_A_ROW)])


def _walk(game: StandardGame, wish: Wish) -> Drawing:
    reach = latent_space.REACH[game.experiment.latent.distribution]
    inputs = latent_space.walk(game, wish.value, IMAGES_IN_A_ROW, IMAGES_IN_A_ROW, reach, wish.seed)
    return _grid(game, inputs, [(f"{value:.2f}", 1) for value in np.linspace(-reach, reach, IMAGES_IN_A_ROW)])


def _arithmetic(game: StandardGame, wish: Wish) -> Drawing:
    data = _data(game)
    inputs = latent_space.arithmetic(game, data, wish.value, SORTED, wish.seed)
    terms = latent_space.terms(wish.value, data.train.class_names)
    named = [(f"{letter}: {name}", 1) for letter, name in zip("ABC", terms, strict=True)]
    return _grid(game, inputs, [*named, ("A-B+C", 1), ("latents around A-B+C", latent_space.NEIGHBOURS)])


def _nearest(game: StandardGame, wish: Wish) -> Drawing:
    domain = game.experiment.data.domain
    latent_space.require_images(domain)
    pairs = latent_space.nearest(_samples(game, wish), _data(game))
    return Drawing(pairs, domain, headings=[("sample", 1), ("nearest", 1)] * (IMAGES_IN_A_ROW // 2))


def _grid(game: StandardGame, inputs: Tensor, headings: Sequence[Heading]) -> Drawing:
    return Drawing(generate(game, inputs), game.experiment.data.domain, headings=headings)


def _class(game: StandardGame, wish: Wish) -> Tensor:
    return generate(game, latent_space.of_class(game, _data(game), str(wish.value), wish.count, wish.seed))


def _gallery(game: StandardGame, wish: Wish) -> Tensor:
    shown = game.gallery()
    if shown is None:
        raise RunError(f"the {game.experiment.game.name} game has no gallery", "its samples show what it is about")
    return shown


def _attention(game: StandardGame, wish: Wish) -> Drawing:
    inputs = sample_inputs(game, wish.count, wish.seed).inputs
    maps, samples = attention_maps(game.generator, inputs), generate(game, inputs)
    return Drawing(samples, game.experiment.data.domain, attention(samples.numpy(), maps.numpy()))


def _data(game: StandardGame) -> RealData:
    experiment = game.experiment
    return game.data or load(experiment.data, experiment.training.batch_size)


class Kind(NamedTuple):
    """A kind of picture: what draws it, and how many samples if nobody says; None if that is given by the kind."""

    draw: Callable[[StandardGame, Wish], Tensor | Drawing]
    usual: int | None = None


KINDS = {
    "samples": Kind(_samples, 100),
    "interpolate": Kind(_interpolation),
    "walk": Kind(_walk),
    "arithmetic": Kind(_arithmetic),
    "nearest": Kind(_nearest, 50),
    "class": Kind(_class, 100),
    "gallery": Kind(_gallery),
    "attention": Kind(_attention, 6),
}
"""What can be drawn, by what it is asked for."""
