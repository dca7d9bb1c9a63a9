"""One generator against one discriminator (Goodfellow et al. 2014, algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from ganlab.config.experiment import Experiment
from ganlab.config.games import GameOptions
from ganlab.config.networks import LatentOptions
from ganlab.data import RealData, to_float
from ganlab.games.heads import Head, Side
from ganlab.games.rounds import Batch, Draw, Phase, Round
from ganlab.networks.minibatch import among_copies
from ganlab.objectives.adversarial import total
from ganlab.objectives.parts import Contest, Judged, Parts, Score, Trace, Update
from ganlab.randomness import seeded_generator

PRECISIONS = {"bfloat16": torch.bfloat16, "float16": torch.float16}

CHUNK = 250
"""Samples that pass through a network at once in a snapshot."""


@dataclass(frozen=True)
class Setting:
    """What a game is played with.

    Attributes:
        experiment: what is played.
        generator, discriminator: the players, as `ganlab.networks` builds them.
        parts: loss, penalties and stabilizers.
        device: where players and parts are.
        data: the real samples, for games that draw from them; None if a game is only to generate from latents.
    """

    experiment: Experiment
    generator: nn.Module
    discriminator: nn.Module
    parts: Parts
    device: torch.device
    data: RealData | None = None


def draw_latents(options: LatentOptions, count: int, source: torch.Generator) -> Tensor:
    """Draw latents of shape (count, dim) from N(0, I), or uniformly from [-1, 1] in each dimension."""
    if options.distribution == "normal":
        return torch.randn(count, options.dim, generator=source)
    return torch.rand(count, options.dim, generator=source) * 2 - 1


def draw_images(data: RealData, count: int, source: torch.Generator, held_out: bool) -> Batch:
    """Draw real images as floats with their labels: training images, or held-out ones, each once while they last."""
    samples = data.held_out if held_out else data.train
    if held_out:
        rows = torch.randperm(len(samples), generator=source).repeat(-(-count // len(samples)))[:count]
    else:
        rows = torch.randint(len(samples), (count,), generator=source)
    return Batch(to_float(samples.values[rows]), samples.labels[rows])


class StandardGame:
    """The losses of both players, as the training step asks for them.

    `turns` yields what the discriminator minimises, one item an update; `generator_loss` what the generator does.
    Both write what they saw into the round's trace. Other games are made from this one by what they do otherwise.

    Args:
        setting: what is played with.
        head: what the discriminator returns in addition to its score; None: nothing.
    """

    def __init__(self, setting: Setting, head: Head | None = None) -> None:
        self.experiment = setting.experiment
        self.options: GameOptions = setting.experiment.game
        self.generator = setting.generator
        self.discriminator = setting.discriminator
        self.parts = setting.parts
        self.loss = setting.parts.loss
        self.head = head or Head()
        self.device = setting.device
        self.data = setting.data
        precision = self.experiment.training.precision
        self.autocast = (
            nullcontext() if precision == "float32" else torch.autocast(self.device.type, dtype=PRECISIONS[precision])
        )

    @property
    def fingerprint(self) -> str:
        """A text that no other data set has."""
        return self.data.fingerprint if self.data else ""

    def begin(self, step: int) -> None:
        """Make the players ready for a step; here they are always."""

    # -- what is played with ------------------------------------------------------------------------------------

    def draw(self, count: int, source: torch.Generator, held_out: bool = False) -> Draw:
        """Draw `count` inputs of the generator, on the CPU.

        Args:
            count: how many.
            source: decides which.
            held_out: inputs that are made from data come from data that are never trained on.
        """
        return Draw(draw_latents(self.experiment.latent, count, source))

    def inputs(self, stream: str, count: int, number: int = 0, held_out: bool = False) -> Draw:
        """Draw inputs on the device: a function of (seed, stream, number)."""
        drawn = self.draw(count, seeded_generator(self.experiment.seed, stream, number), held_out)
        if self.device.type == "cpu":
            return drawn
        asked, truth = (None if each is None else each.to(self.device, non_blocking=True) for each in drawn[1:])
        return Draw(drawn.inputs.to(self.device, non_blocking=True), asked, truth)

    def real(self, batch: Batch) -> Batch:
        """Return real samples as the discriminator is to see them; here as they are."""
        return batch

    def sample(self, inputs: Tensor) -> Tensor:
        """Generate float32 samples of shape (count, *data.shape) from inputs."""
        with self.autocast:
            samples: Tensor = self.generator(inputs)
        return samples.float()

    # -- what is said of it -------------------------------------------------------------------------------------

    def judge(self, samples: Tensor, labels: Tensor | None) -> Judged:
        """Return what the discriminator says of samples, in float32.

        Args:
            samples: (N, *shape).
            labels: (N,), the class each one is to be of; None if the game has none.
        """
        with self.autocast:
            found: Tensor = self.discriminator(samples)
        return Judged(samples, labels, *self.head.split(found.float(), labels))

    def score(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the discriminator's float32 raw scores of samples that nothing was done to, CHUNK at a time.

        Args:
            samples: (N, *shape), on any device.
            labels: (N,), as for `judge`.
        """
        arranged = self.parts.arrange(samples)
        batches = self._batches(arranged, CHUNK)
        classes = self._batches(labels, CHUNK) if labels is not None and self.head.by_class else [None] * len(batches)
        scores = [
            self.judge(batch.to(self.device), None if asked is None else asked.to(self.device)).scores
            for batch, asked in zip(batches, classes, strict=True)
        ]
        return torch.cat(scores)

    def _batches(self, values: Tensor, most: int) -> Sequence[Tensor]:
        """Cut values (N, ...) into batches of at most so many; for a discriminator that compares samples, even ones."""
        if self.experiment.discriminator.compares_samples:
            batches: Sequence[Tensor] = values.tensor_split(max(1, -(-len(values) // most)))
        else:
            batches = values.split(most)
        return batches

    def show(self, samples: Tensor, stream: str, round: Round) -> Tensor:
        """Return samples as the stabilizers let the discriminator see them in an update."""
        return self.parts.show(samples, stream, round.update, round.step)

    # -- what the players minimise ------------------------------------------------------------------------------

    def turns(self, round: Round) -> Iterator[Tensor]:
        """Yield the discriminator's loss, once for each of its optimiser steps on this pair of batches.

        A generator, so that with `separate` batches the fakes are scored by the weights that the reals have just moved.
        """
        real = self.show(round.real.values, "real", round)
        fake = self.show(self.parts.recall(round.fake, round.update), "fake", round)
        real.requires_grad_(self.parts.differentiates("real", round.update))
        if fake.is_leaf:  # others carry the generator's gradient
            # Detached: the round's own fakes stay without a gradient, which `coupled` goes by.
            fake = fake.detach().requires_grad_(self.parts.differentiates("fake", round.update))
        real_labels, fake_labels = self.real_labels(round), round.drawn.asked
        batches = self.experiment.training.discriminator_batches
        if batches == "separate":
            yield self.discriminator_loss(self.judge(real, real_labels), None, round)
            yield self.discriminator_loss(None, self.judge(fake, fake_labels), round)
        elif batches == "mixed":
            labels = None if fake_labels is None else torch.cat([real_labels, fake_labels])
            _, _, scores, heads = self.judge(torch.cat([real, fake]), labels)
            first, rest = slice(len(real)), slice(len(real), None)
            yield self.discriminator_loss(
                Judged(real, real_labels, scores[first], None if heads is None else heads[first]),
                Judged(fake, fake_labels, scores[rest], None if heads is None else heads[rest]),
                round,
            )
        else:
            yield self.discriminator_loss(self.judge(real, real_labels), self.judge(fake, fake_labels), round)

    def real_labels(self, round: Round) -> Tensor:
        """Return the labels with which the discriminator judges the reals."""
        return round.real.labels

    def discriminator_loss(self, real: Judged | None, fake: Judged | None, round: Round) -> Tensor:
        """Return what the discriminator minimises in an update: the loss, what its heads are for, the penalties.

        Args:
            real, fake: the batches that it is shown; one of them is None with `separate` batches.
            round: the update's.
        """
        trace = round.trace
        terms = self.loss.discriminator(
            None if real is None else real.scores, None if fake is None else fake.scores, self.parts.targets()
        )
        trace.losses |= {column: term.detach() for column, term in terms.items()}
        loss = total(terms.values())
        if real is not None:
            trace.real_scores = real.scores.detach()
            loss = self._with_head(loss, real, "real", round)
        if fake is not None:
            trace.fake_scores = fake.scores.detach()
            loss = self._with_head(loss, fake, "fake", round)
        if not self.parts.penalties:
            return loss
        update = Update(
            real,
            fake,
            lambda inputs, labels: self.in_full_precision().judge(inputs, labels).scores,
            lambda stream: seeded_generator(self.experiment.seed, stream, round.update),
        )
        for penalty in self.parts.penalties:
            if update.holds(penalty.options.looks_at) and penalty.is_due(round.update):
                term = penalty(update)
                trace.losses[f"penalty_{penalty.options.name}"] = term.detach()
                loss = loss + (term if penalty.options.every == 1 else penalty.options.every * term)
        return loss

    def generator_loss(self, round: Round) -> Tensor:
        """Return what the generator minimises on the round's fakes, which carry its gradient."""
        game = self
        for stabilizer in self.parts.foresees:
            game = self.against(stabilizer.opponent(self.contest(round)))
        return game.generator_loss_now(round)

    def generator_loss_now(self, round: Round) -> Tensor:
        """Return what the generator minimises against the discriminator that there is."""
        fake = self.judge(self.show(round.fake, "generator", round), round.drawn.asked)
        real = None
        if self.parts.compares:
            # Detached: a penalty may have asked for gradients at these reals in the discriminator's update.
            shown = self.show(round.real.values.detach(), "generator/real", round)
            real = self.judge(shown, self.real_labels(round))
        return self.generator_objective(fake, real, round)

    def generator_objective(self, fake: Judged, real: Judged | None, round: Round) -> Tensor:
        """Return the generator's loss on judged fakes, and what head and stabilizers are for.

        Args:
            fake: the fakes.
            real: judged reals, if a loss or a stabilizer compares with them.
            round: whose drawn inputs made the fakes, and whose trace is written.
        """
        scores = self.parts.choose(fake.scores, round.step)
        loss = self.loss.generator(scores, None if real is None else real.scores)
        round.trace.losses["g_loss"], round.trace.generator_scores = loss.detach(), scores.shape[0]
        loss = self.parts.generator_loss(loss, fake, real, self.discriminator, round.trace)
        return self._with_head(loss, fake, "generator", round)

    # -- both players at once -----------------------------------------------------------------------------------

    def against(self, discriminator: Score) -> StandardGame:
        """Return this game with another discriminator."""
        other = copy(self)
        other.discriminator = discriminator  # type: ignore[assignment]
        return other

    def in_full_precision(self) -> StandardGame:
        """Return this game without autocast: differences of gradients are lost in half precision."""
        other = copy(self)
        other.autocast = nullcontext()
        return other

    def contest(self, round: Round) -> Contest:
        """Return what both players minimise in a round whose fakes carry the generator's gradient."""

        def aside() -> Round:
            return replace(round, trace=Trace())

        return Contest(
            self.generator,
            self.discriminator,
            lambda discriminator: total(self.against(discriminator).turns(aside())),
            lambda discriminator: self.against(discriminator).generator_loss_now(aside()),
        )

    def coupled(self, loss: Tensor, player: str, round: Round) -> Tensor:
        """Return a player's loss with what stabilizers add that looks at both players' losses."""
        if not self.parts.couples:
            return loss
        if not round.fake.requires_grad:
            round = replace(round, fake=self.sample(round.drawn.inputs))
        contest = self.contest(round)
        return total([loss, *(each.coupling(contest, player) for each in self.parts.couples)])

    def _with_head(self, loss: Tensor, judged: Judged, side: Side, round: Round) -> Tensor:
        extra = self.head.term(judged, side, round)
        return loss if extra is None else loss + extra

    def after_discriminator(self, round: Round) -> None:
        """Let the stabilizers act after one of the discriminator's updates."""
        self.parts.after_update(self.discriminator, round.trace)

    # -- what a snapshot shows ----------------------------------------------------------------------------------

    matched: ClassVar[bool] = False
    """Whether what is asked for are codes of the generator's own choice, to be matched to classes."""

    def shown(self, samples: Tensor) -> Tensor:
        """Return samples as they are compared with data: (N, *data.shape)."""
        return samples

    def phase(self, step: int) -> Phase | None:
        """Return what the samples of a step are to be compared with where that is not the data as they are."""
        return None

    def gallery(self) -> Tensor | None:
        """Return up to 100 images, ten a row, that show what this game is about; None: samples show it as well."""
        return None

    def scores_at(self, places: Tensor) -> Tensor:
        """Return the raw scores that samples at places (N, *shape) would get, float32 (N,): networks in eval mode.

        A discriminator that scores packs is shown packs whose samples are all at the same place, and one that compares
        the samples of a batch, batches of that kind: how the others lie is no property of a place.
        """
        with among_copies(self.discriminator):
            return self.judge(self._alike(places), None).scores

    def _alike(self, places: Tensor) -> Tensor:
        """Return places as the discriminator is built for them: a pack is filled with the same one."""
        return self.parts.arrange(places.repeat_interleave(self.experiment.joined, dim=0))

    def push(self, drawn: Draw, samples: Tensor, real: Batch) -> Tensor:
        """Return the direction in which the generator's objective pushes each sample, float32 (N, *shape).

        That is minus the gradient of what the generator minimises, head included, with respect to the samples, times
        the scores that the loss is a mean over: the sample's own part of it, as `grad_g_output` is. Nothing is done to
        the samples before they are scored: instance noise is left out. No gradient reaches the weights.

        A discriminator that compares the samples of a batch is shown batches as large as the generator's at most; what
        a sample changes for the others is part of its push.

        Only for games that minimise no more than that: not for those that translate or enlarge images.

        Args:
            drawn: what the samples were made from, on the device.
            samples: (N, *shape) on the device; N fills whole packs.
            real: N reals on the device, for losses that compare with them, one by one or on average.
        """
        most = self.experiment.training.generator_batch
        if self.experiment.discriminator.compares_samples and len(samples) > most:
            packs = torch.arange(len(samples), device=self.device).view(-1, self.experiment.joined)
            return torch.cat(
                [
                    self.push(drawn.of(rows.flatten()), samples[rows.flatten()], real.of(rows.flatten()))
                    for rows in self._batches(packs, most // self.experiment.joined)
                ]
            )
        with torch.enable_grad():
            samples = samples.detach().requires_grad_()
            fake = self.judge(self.parts.arrange(samples), drawn.asked)
            beside = self.judge(self.parts.arrange(real.values), real.labels) if self.parts.compares else None
            loss = self.generator_objective(fake, beside, Round(real, drawn, samples, 0, 1, Trace()))
            (gradient,) = torch.autograd.grad(loss * len(fake.scores), samples)
        return -gradient

    def measure(self, drawn: Draw, samples: Tensor) -> dict[str, float]:
        """Return the game's own statistics of a snapshot: networks in eval mode, no gradients.

        Args:
            drawn: what the samples were made from, on the device.
            samples: (N, *shape) on the CPU.
        """
        return {}


build = StandardGame
