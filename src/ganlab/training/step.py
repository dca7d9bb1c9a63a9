"""One training step (Goodfellow et al. 2014, algorithm 1)."""

from __future__ import annotations

import torch

from ganlab.games.standard import StandardGame, Trace
from ganlab.randomness import derived_seed
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
    for optimizer in state.optimizers.values():
        optimizer.set_step(step)

    # Layers that draw inside (dropout) use the global generator: seeded anew, they too are a function of the step.
    torch.manual_seed(derived_seed(experiment.seed, "layers", step))

    # Discriminator: real batches against samples that carry no gradient to the generator.
    for turn in range(training.discriminator_steps):
        update = (step - 1) * training.discriminator_steps + turn
        real = feed.batch(update)
        with torch.no_grad():
            fake = game.sample(game.inputs("latent/discriminator", training.batch_size, update))
        for loss in game.turns(real, fake, update, step, trace):
            state.discriminator_optimizer.minimise(loss)
            game.after_discriminator()

    # Generator: the discriminator's weights are frozen, so that only the gradient through it is computed.
    state.discriminator.requires_grad_(False)
    for turn in range(training.generator_steps):
        update = (step - 1) * training.generator_steps + turn
        fake = game.sample(game.inputs("latent/generator", training.generator_batch, update))
        state.generator_optimizer.minimise(game.generator_loss(fake, update, step, trace))
    state.discriminator.requires_grad_(True)

    state.step = step
    state.update_average()
    return trace
