"""The discriminator names the class as well, and both players want it named right (AC-GAN: Odena et al. 2017)."""

from __future__ import annotations

from ganlab.config.games import AuxiliaryGameOptions
from ganlab.games.conditional import ConditionalGame
from ganlab.games.heads import ClassLogits
from ganlab.games.standard import Setting


def build(setting: Setting) -> ConditionalGame:
    """Return the game of classes in which the discriminator has logits of them."""
    options = setting.experiment.game
    assert isinstance(options, AuxiliaryGameOptions)
    return ConditionalGame(setting, ClassLogits(options.weight))
