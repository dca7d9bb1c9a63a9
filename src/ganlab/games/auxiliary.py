"""The discriminator names the class as well, and both players want it named right (AC-GAN: Odena et al. 2017)."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from ganlab.config.games import AuxiliaryGameOptions
from ganlab.games.conditional import ConditionalGame
from ganlab.games.standard import Judged, Round, StandardGame


class AuxiliaryGame(ConditionalGame):
    """The score is of the sample alone; the heads are logits of its class (section 3, eqs. 2 and 3)."""

    options: AuxiliaryGameOptions

    def judge(self, samples: Tensor, labels: Tensor | None) -> Judged:
        """Score samples whatever their class; the heads are the logits."""
        return StandardGame.judge(self, samples, labels)

    def class_term(self, judged: Judged, labels: Tensor | None, column: str, round: Round) -> Tensor:
        """Return weight * cross-entropy of the classes, and write it down."""
        assert judged.heads is not None
        assert labels is not None
        loss = cross_entropy(judged.heads, labels)
        round.trace.losses[column] = loss.detach()
        return self.options.weight * loss

    def real_half(self, real: Tensor, judged: Judged, round: Round) -> Tensor:
        """The loss on reals, and their classes named."""
        term = self.class_term(judged, self.real_labels(round), "class_loss_real", round)
        return super().real_half(real, judged, round) + term

    def fake_half(self, fake: Tensor, judged: Judged, round: Round) -> Tensor:
        """The loss on fakes, and the classes that were asked for named."""
        term = self.class_term(judged, round.drawn.asked, "class_loss_fake", round)
        return super().fake_half(fake, judged, round) + term

    def generator_extra(self, judged: Judged, round: Round) -> Tensor:
        """The classes that were asked for, to be seen in the samples."""
        return self.class_term(judged, round.drawn.asked, "class_loss_generator", round)


build = AuxiliaryGame
