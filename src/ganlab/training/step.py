"""One training step (Goodfellow et al. 2014, algorithm 1)."""

from __future__ import annotations

import torch

from ganlab.games.rounds import Round
from ganlab.games.standard import StandardGame
from ganlab.objectives.parts import Trace
from ganlab.randomness import seed_layers
from ganlab.training.feed import Feed
from ganlab.training.state import State


def train_step(state: State, game: StandardGame, feed: Feed) -> Trace:
    """Do step `state.step + 1`: the discriminator's updates, the generator's, the moving average.

    Returns:
        What the last update of each network showed, as detached tensors; nothing here waits for the device.
    """
    step = state.step + 1
    experiment = state.experiment
    training = experiment.training
    trace = Trace()
    game.begin(step)
    for optimizer in state.optimizers.values():
        optimizer.set_step(step)

    # Layers that draw inside (dropout) use the global generator: seeded again, they too are a function of the step.
    seed_layers(experiment.seed, step, state.device)

    # Discriminator: real batches against samples that carry no gradient to the generator.
    for turn in range(training.discriminator_steps):
        update = (step - 1) * training.discriminator_steps + turn
        real = game.real(feed.batch(update))
        drawn = game.inputs("latent/discriminator", training.batch_size, update)
        with torch.no_grad():
            fake = game.sample(drawn.inputs)
        round = Round(real, drawn, fake, update, step, trace)
        for loss in game.turns(round):
            state.discriminator_optimizer.minimise(game.coupled(loss, "discriminator", round))
            game.after_discriminator(round)
        state.parts.remember(fake, update)

    # Generator: the discriminator's weights are frozen, so that only the gradient through it is computed.
    for parameter in state.discriminator_optimizer.parameters:
        parameter.requires_grad_(False)
    for turn in range(training.generator_steps):
        update = (step - 1) * training.generator_steps + turn
        drawn = game.inputs("latent/generator", training.generator_batch, update)
        fake = game.sample(drawn.inputs)
        fake.retain_grad()
        round = Round(real, drawn, fake, update, step, trace)
        state.generator_optimizer.minimise(game.coupled(game.generator_loss(round), "generator", round))
        assert fake.grad is not None
        trace.output_gradient = fake.grad
    for parameter in state.discriminator_optimizer.parameters:
        parameter.requires_grad_(True)

    state.step = step
    state.parts.after_step(step)
    state.update_average()
    return trace
