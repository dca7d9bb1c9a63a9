"""A generator's latent space: the way between latents, along one dimension, sums of class means; what a sample is near.

Inputs are (N, *experiment.input_shape). Where they end in a class or in codes, only the latent before these moves.
"""

from __future__ import annotations

import re
from typing import Literal

import torch
from torch import Tensor

from ganlab.config.games import InfoGameOptions
from ganlab.data import RealData, to_float
from ganlab.domain import Domain, Images
from ganlab.errors import RunError
from ganlab.evaluation.copying import copy_distances, pixel_space
from ganlab.evaluation.features import features_for
from ganlab.games.conditional import ConditionalGame
from ganlab.games.standard import StandardGame, draw_latents
from ganlab.randomness import seeded_generator
from ganlab.training.trained import generate, sample_inputs

REACH: dict[Literal["normal", "uniform"], float] = {"normal": 3.0, "uniform": 1.0}
"""How far from 0 a walk goes, by the latents' distribution: where nearly all of them lie."""

NEARLY_PARALLEL = 1e-3
"""Sine of the angle below which two latents are joined by a straight line: the arc is the same, or any."""

EXEMPLARS = 10
"""Samples that a class's mean latent is taken over, at least."""

NEIGHBOURS = 6
"""Samples shown with the result of arithmetic, from latents around it."""

NOISE = 0.25
"""Latents around a result differ from it by up to this in each dimension (Radford et al. 2016, figure 7)."""


def interpolate(game: StandardGame, pairs: int, columns: int, seed: int, spherical: bool = False) -> Tensor:
    """Return inputs from one latent to another, `columns` >= 2 a pair, both ends among them; pair after pair.

    Args:
        game: whose generator they are for.
        pairs: how many pairs of latents.
        columns: inputs a pair.
        seed: of the latents.
        spherical: along the arc between both (Shoemake 1985; White 2016), which keeps to the lengths that latents have;
            the middle of a straight line is shorter than any that the generator was trained on.

    Raises:
        RunError: the generator starts from images.
    """
    size = _latent_columns(game)
    starts, ends = sample_inputs(game, 2 * pairs, seed).inputs.chunk(2)
    inputs = starts.repeat_interleave(columns, dim=0)
    a, b = inputs[:, :size], ends[:, :size].repeat_interleave(columns, dim=0)
    share = torch.linspace(0, 1, columns).repeat(pairs)[:, None]
    inputs[:, :size] = _arc(a, b, share) if spherical else torch.lerp(a, b, share)
    return inputs


def walk(game: StandardGame, dimension: int, rows: int, columns: int, reach: float, seed: int) -> Tensor:
    """Return inputs in which one latent dimension goes from -reach to reach and all else stays: (rows * columns, ...).

    Args:
        game: whose generator they are for.
        dimension: which one, counted from 0.
        rows: latents that the walk starts from, one a row.
        columns: inputs a row.
        reach: how far it goes.
        seed: of the latents.

    Raises:
        RunError: the latent has no such dimension, or the generator starts from images.
    """
    size = _latent_columns(game)
    if not 0 <= dimension < size:
        raise RunError(f"the latent has no dimension {dimension}", f"choose one of 0 to {size - 1}")
    inputs = sample_inputs(game, rows, seed).inputs.repeat_interleave(columns, dim=0)
    inputs[:, dimension] = torch.linspace(-reach, reach, columns).repeat(rows)
    return inputs


def arithmetic(game: StandardGame, data: RealData, expression: str, count: int, seed: int) -> Tensor:
    """Return latents of class means and of their sum, as in figure 7 of Radford et al. (2016): A, B, C, A - B + C, and
    NEIGHBOURS around this sum; (4 + NEIGHBOURS, latent.dim).

    A class's mean is that of the latents whose samples the data's features put into the class, garbage left out.
    Means and sum are brought to the length that latents have: a mean of many is short, for which no generator was
    trained.

    Args:
        game: whose generator they are for.
        data: the run's data, which name the classes.
        expression: `A-B+C`, each the name of a class.
        count: samples that are sorted into classes.
        seed: of their latents and of the neighbours.

    Raises:
        RunError: the expression is another, a class has too few samples, the data have no classes, or the generator
            is controlled by something other than a latent.
        DataError: the data's features, fitted at their first use, cannot be kept.
    """
    if _latent_columns(game) < sample_inputs(game, 1, seed).inputs.shape[1]:
        raise RunError(
            f"in the {game.experiment.game.name} game the class is not part of the latent",
            "add and subtract latents of a run of another game; --gallery shows what this one's classes or codes do",
        )
    classes = [data.train.class_names.index(name) for name in terms(expression, data.train.class_names)]
    features = features_for(game.experiment.data, data)
    latents = sample_inputs(game, count, seed).inputs
    seen = features.see(generate(game, latents))
    if seen.probabilities is None:
        raise RunError(
            "these data are of one class, or of none, or their classes look too alike to the features",
            "take a run on data of several classes, such as mnist",
        )
    found = torch.where(seen.passing, seen.probabilities.argmax(1), -1)
    length = latents.norm(dim=1).mean()
    means = []
    for number in classes:
        members = latents[found == number]
        if len(members) < EXEMPLARS:
            raise RunError(
                f"of {count} samples {len(members)} are of class {data.train.class_names[number]}, and its mean needs "
                f"{EXEMPLARS}",
                "choose classes that this generator makes",
            )
        means.append(_scaled(members.mean(0), length))
    a, b, c = means
    result = _scaled(a - b + c, length)
    noise = (torch.rand(NEIGHBOURS, len(result), generator=seeded_generator(seed, "arithmetic")) * 2 - 1) * NOISE
    return torch.cat([torch.stack([a, b, c, result]), result + noise])


def of_class(game: StandardGame, data: RealData, name: str, count: int, seed: int) -> Tensor:
    """Return `count` inputs that ask for one class, with the latents that `sample_inputs` draws.

    Args:
        game: whose generator they are for.
        data: the run's data, which name the classes.
        name: the class.
        count: how many.
        seed: of the latents.

    Raises:
        RunError: the game asks for no classes, or not for this one.
    """
    if not isinstance(game, ConditionalGame):
        raise RunError(
            f"the {game.experiment.game.name} game cannot be asked for a class",
            "leave --class out, or take a run of the conditional or the auxiliary game",
        )
    asked = [each for each, share in zip(data.train.class_names, game.shares.tolist(), strict=True) if share > 0]
    if name not in asked:
        raise RunError(f"{name!r} is no class that this run was trained on", f"choose one of {', '.join(asked)}")
    latents = draw_latents(game.experiment.latent, count, seeded_generator(seed, "sample"))
    return game.asking(latents, torch.full((count,), data.train.class_names.index(name))).inputs


def nearest(samples: Tensor, data: RealData) -> Tensor:
    """Return each sample followed by the training image nearest to it: (2 N, C, H, W) in [-1, 1].

    Near is what `evaluation.copying` takes for it: Euclidean, in the widest principal components of the pixels.

    Args:
        samples: images (N, C, H, W) in [-1, 1].
        data: the run's data.

    Raises:
        RunError: the samples are points.
    """
    require_images(data.domain)
    space = pixel_space(data.train.values, data.domain)
    rows = copy_distances(space(samples), space(data.train.values)).indices
    return torch.stack([samples, to_float(data.train.values[rows])], dim=1).flatten(0, 1)


def require_images(domain: Domain) -> None:
    """Raise RunError for points, which have no nearest image."""
    if not isinstance(domain, Images):
        raise RunError("points have no nearest image", "take a run on images")


def _latent_columns(game: StandardGame) -> int:
    """Return how many of the first columns of a game's inputs are free to move: not its class, not its codes.

    Raises:
        RunError: the inputs are images.
    """
    options = game.experiment.game
    if options.starts_from == "images":
        raise RunError(
            f"the {options.name} game starts from images: it has no latent space", "take a run of another game"
        )
    return game.experiment.latent.dim - (options.codes if isinstance(options, InfoGameOptions) else 0)


def _arc(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """Return the points at `share` (N, 1), 0 to 1, of the arcs from a to b, (N, d): Shoemake 1985, section 3.3."""
    cosine = torch.cosine_similarity(a, b, dim=1)[:, None].clamp(-1, 1)
    angle, sine = cosine.acos(), (1 - cosine.square()).sqrt()
    arc = (((1 - share) * angle).sin() * a + (share * angle).sin() * b) / sine
    return torch.where(sine < NEARLY_PARALLEL, torch.lerp(a, b, share), arc)


def _scaled(latent: Tensor, length: Tensor) -> Tensor:
    """Return a latent (d,) at another length; 0 stays 0."""
    return torch.nn.functional.normalize(latent, dim=0) * length


def terms(expression: str, names: tuple[str, ...]) -> list[str]:
    """Return the classes A, B and C that `A-B+C` names.

    Raises:
        RunError: it is no such expression.
    """
    # By the names, not by the signs, which names may hold: T-shirt/top.
    name = f"({'|'.join(map(re.escape, names))})"
    found = re.fullmatch(rf"\s*{name}\s*-\s*{name}\s*\+\s*{name}\s*", expression)
    if not names or found is None:
        hint = f"its classes are {', '.join(names)}" if names else "it has none"
        raise RunError(f"{expression!r} is not A-B+C of classes of this run's data", hint)
    return list(found.groups())
