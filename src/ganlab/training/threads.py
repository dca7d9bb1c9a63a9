"""How many threads of the CPU a run uses: a function of the experiment and the machine, never of the moment.

The number of threads changes the order of sums, and with it the last bits of every tensor. So nothing is timed: a
choice that depends on what else runs on the machine would give other numbers for the same seed.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import torch

from ganlab.config.experiment import Experiment
from ganlab.config.games import CycleGameOptions
from ganlab.networks import build_discriminator, build_generator, describe

SHORT_STEP = 16e9
"""Floating-point operations below which a step is short: about an eighth of a second on one core.

With a second thread, steps below it were at most 1.6 times as fast on idle cores, the shortest slower; on busy cores
they took 1.4 to 14 times as long. Steps above it were 1.3 to 2.1 times as fast on idle cores, and took at most 1.25
times as long on busy ones (`python benchmarks/threads.py`).
"""

SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables by which users set PyTorch's number of threads."""


class Threads(NamedTuple):
    """A choice.

    Attributes:
        threads: how many; None leaves PyTorch's own choice.
        why: why it is fewer than PyTorch would use, to be appended to the number; empty if it is not.
    """

    threads: int | None
    why: str = ""


def choose_threads(experiment: Experiment, device: torch.device, most: int | None = None) -> Threads:
    """Return how many threads a run uses: what the user set, else one if its steps are short.

    Args:
        experiment: what is to be trained; its `training.threads` is used if it is set.
        device: where. On a GPU only snapshots are computed by the CPU, and they use all threads.
        most: threads at most, such as a worker's share of the cores; None: as many as PyTorch would use, which
            environment variables can set.
    """
    if experiment.training.threads is not None:
        return Threads(experiment.training.threads)
    if most is None and any(os.environ.get(name) for name in SETTINGS):
        return Threads(None)
    available = torch.get_num_threads() if most is None else most
    if device.type != "cpu" or available == 1 or step_work(experiment) >= SHORT_STEP:
        return Threads(most)
    return Threads(1, ", as its steps are short (training.threads sets it)")


def step_work(experiment: Experiment) -> float:
    """Return about how many floating-point operations a training step takes; penalties and attention are left out.

    A forward pass is a multiplication and an addition for each product of a weight; a backward pass takes as much for
    the weights' gradients and again for those of the input. The discriminator's update generates samples, and passes
    them and as many real ones through the discriminator, forward and back. The generator's goes through both networks,
    forward and back, without gradients of the discriminator's weights.
    """
    training = experiment.training
    made = sum(row.products for row in describe(build_generator(experiment), experiment.input_shape))
    judged_shape = experiment.judged_shape(experiment.data.shape)
    judged = sum(row.products for row in describe(build_discriminator(experiment), judged_shape))
    discriminator = training.discriminator_steps * training.batch_size * (made + 6 * judged)
    generator = training.generator_steps * training.generator_batch * (3 * made + 2 * judged)
    # Both directions, each of which translates there and back.
    directions = 4 if isinstance(experiment.game, CycleGameOptions) else 1
    return 2.0 * directions * (discriminator + generator)
