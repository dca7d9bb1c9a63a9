"""What else steadies the game: softer targets, noise on what the discriminator sees, packs of it, clipped weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganlab.config.stabilizers import InstanceNoiseOptions, LabelSmoothingOptions, PackingOptions, WeightClippingOptions
from ganlab.objectives.adversarial import Targets
from ganlab.objectives.parts import Stabilizer, Trace
from ganlab.randomness import seeded_generator


class LabelSmoothing(Stabilizer[LabelSmoothingOptions]):
    """Other targets than 1 and 0 (Salimans et al. 2016, section 3.4)."""

    def targets(self, targets: Targets) -> Targets:
        """Return the smoothed targets."""
        return Targets(self.options.real, self.options.fake)


class InstanceNoise(Stabilizer[InstanceNoiseOptions]):
    """Gaussian noise, drawn for each update, on everything that the discriminator is shown."""

    def see(self, samples: Tensor, stream: str, update: int, step: int) -> Tensor:
        """Return the samples with noise of the step's standard deviation."""
        std = instance_noise_std(self.options, step)
        if std == 0.0:
            return samples
        noise = torch.randn(samples.shape, generator=seeded_generator(self.seed, f"noise/{stream}", update))
        return samples + std * noise.to(self.device)


class WeightClipping(Stabilizer[WeightClippingOptions]):
    """Weights that a critic's Lipschitz constant is bounded by."""

    def after_update(self, discriminator: nn.Module, trace: Trace) -> None:
        """Clip every weight."""
        clip_weights(discriminator, self.options.limit)


class Packing(Stabilizer[PackingOptions]):
    """Several samples as one input: D(x_1, ..., x_m), all real or all generated (Lin et al. 2018, section 2)."""

    def arrange(self, samples: Tensor) -> Tensor:
        """Return packs (N / m, m * C, ...) of samples (N, C, ...), neighbours together.

        Of samples in a snapshot some may be left over: the first ones fill up the last pack.
        """
        size = self.options.size
        spare = torch.arange(-len(samples) % size) % len(samples)
        if len(spare):
            samples = torch.cat([samples, samples[spare]])
        packs: Tensor = samples.unflatten(0, (-1, size)).flatten(1, 2)
        return packs


def instance_noise_std(options: InstanceNoiseOptions, step: int) -> float:
    """Standard deviation at `step` (from 0) of the noise that D's inputs carry: linear from `std` to 0 at `until`.

    Arjovsky & Bottou 2017, section 3; Sonderby et al. 2017, section 3, with the annealing used there.
    """
    if options.until is None:
        return options.std
    return options.std * max(0.0, 1 - step / options.until)


@torch.no_grad()
def clip_weights(discriminator: nn.Module, limit: float) -> None:
    """Clip every parameter to [-limit, limit], in place (Arjovsky et al. 2017, algorithm 1, line 7)."""
    for parameter in discriminator.parameters():
        parameter.clamp_(-limit, limit)
