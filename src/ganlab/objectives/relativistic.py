"""Relativistic losses (Jolicoeur-Martineau 2018, arXiv:1807.00734): how much more real reals are than fakes.

The discriminator's score C(x) means nothing by itself; sigmoid(C(x_r) - C(x_f)) is the probability that the real x_r
is more realistic than the fake x_f. So no level of a score or a loss alone says how training goes: a discriminator that
knows every fake from every real still pulls the generator along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganlab.objectives.adversarial import Adversarial, Targets, wide


@dataclass(frozen=True, kw_only=True)
class Comparison(Adversarial):
    """A loss of the scores of both batches together, in which both players need the reals.

    Attributes:
        of_discriminator: scores of reals, scores of fakes -> the terms of the discriminator's loss, by column.
        of_generator: scores of fakes, scores of reals -> the generator's loss.
    """

    of_discriminator: Callable[[Tensor, Tensor], dict[str, Tensor]]
    of_generator: Callable[[Tensor, Tensor], Tensor]

    def discriminator(self, real: Tensor | None, fake: Tensor | None, targets: Targets) -> dict[str, Tensor]:
        """Return the terms; it has no targets, they are not looked at."""
        assert real is not None
        assert fake is not None
        return self.of_discriminator(real, fake)

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Return the generator's loss."""
        assert real is not None
        return self.of_generator(fake, real)


def more_real(winners: Tensor, losers: Tensor) -> Tensor:
    """-E log sigmoid(w - l) = E softplus(l - w), over pairs (section 4.1, RSGAN).

    The discriminator's loss with reals as winners, the generator's with fakes. The gradient a winner is
    -sigmoid(l - w) / N, and a loser's the opposite.
    """
    return softplus(wide(losers) - wide(winners)).mean()


def more_real_on_average(winners: Tensor, losers: Tensor) -> tuple[Tensor, Tensor]:
    """-E log sigmoid(w - E l) and -E log(1 - sigmoid(l - E w)) (section 4.3, RaSGAN).

    Each player minimises the sum: the discriminator with reals as winners, the generator with fakes.
    """
    winners, losers = wide(winners), wide(losers)
    return softplus(losers.mean() - winners).mean(), softplus(losers - winners.mean()).mean()


def average_discriminator(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """`more_real_on_average` of reals, its terms by what each is an average over."""
    of_reals, of_fakes = more_real_on_average(real, fake)
    return {"d_loss_real": of_reals, "d_loss_fake": of_fakes}


def average_generator(fake: Tensor, real: Tensor) -> Tensor:
    """`more_real_on_average` of fakes."""
    of_fakes, of_reals = more_real_on_average(fake, real)
    return of_fakes + of_reals


RELATIVISTIC = Comparison(
    of_discriminator=lambda real, fake: {"d_loss": more_real(real, fake)},
    of_generator=more_real,
    decision_point=None,
    recorded=wide,
)
RELATIVISTIC_AVERAGE = Comparison(
    of_discriminator=average_discriminator,
    of_generator=average_generator,
    decision_point=None,
    recorded=wide,
)
