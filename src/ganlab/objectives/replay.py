"""Experience replay: the discriminator is shown fakes of earlier updates too."""

from __future__ import annotations

import torch
from torch import Tensor

from ganlab.config.experiment import Experiment
from ganlab.config.stabilizers import ReplayOptions
from ganlab.objectives.parts import Stabilizer
from ganlab.randomness import seeded_generator


class Replay(Stabilizer[ReplayOptions]):
    """A share of each batch of fakes is drawn from a pool of earlier ones (Shrivastava et al. 2017, section 2.3).

    They are as the generator made them: what other stabilizers do to samples is done to old and new ones alike.
    Shrivastava et al. put half of each batch at random places; here new fakes take the place of the oldest.
    """

    def __init__(self, options: ReplayOptions, experiment: Experiment, device: torch.device) -> None:
        super().__init__(options, experiment, device)
        self.pool = torch.zeros(options.size, *experiment.data.shape, device=device)
        self.put = 0  # fakes put there since the start; a number of the host, for which nothing waits

    def state(self) -> dict[str, Tensor]:
        """Return the pool and how many fakes were put there."""
        return {"pool": self.pool, "put": torch.tensor(self.put)}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take over a pool and how far it is filled."""
        self.pool.copy_(tensors["pool"])
        self.put = int(tensors["put"])

    def recall(self, fakes: Tensor, update: int) -> Tensor:
        """Return fakes of which the first ones are exchanged for ones from the pool, once it is full."""
        size = self.options.size
        if self.put < size:
            return fakes
        count = round(self.options.share * len(fakes))
        drawn = torch.randint(size, (count,), generator=seeded_generator(self.seed, "replay", update))
        return torch.cat([self.pool[drawn.to(self.device, non_blocking=True)], fakes[count:]])

    @torch.no_grad()
    def remember(self, fakes: Tensor, update: int) -> None:
        """Put the first `keep` fakes in the place of the oldest ones."""
        keep = self.options.keep
        places = torch.arange(self.put, self.put + keep, device=self.device) % self.options.size
        self.pool[places] = fakes[:keep]
        self.put += keep
