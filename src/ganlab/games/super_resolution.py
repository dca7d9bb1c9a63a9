"""Large images from small ones, by content and adversarial loss: SRGAN (Ledig et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from ganlab.config.games import SuperResolutionGameOptions
from ganlab.data import RealData
from ganlab.data.drawing import enlarged, reduced
from ganlab.evaluation.pairs import bicubic, psnr, ssim
from ganlab.games.rounds import Draw, Round
from ganlab.games.standard import StandardGame, draw_images

COLUMNS = 10
"""Images in a row of the gallery."""


class SuperResolutionGame(StandardGame):
    """The generator is given images, reduced; their originals are what it should make of them."""

    options: SuperResolutionGameOptions

    @property
    def originals(self) -> RealData:
        """The images that are reduced."""
        assert self.data is not None
        return self.data

    def draw(self, count: int, source: torch.Generator, held_out: bool = False) -> Draw:
        """Draw images, and reduce them."""
        images = draw_images(self.originals, count, source, held_out)
        labelled = len(self.originals.train.class_names) > 1
        return Draw(reduced(images.values, self.options.factor), images.labels if labelled else None, images.values)

    def generator_loss(self, round: Round) -> Tensor:
        """Return content loss and adversarial loss, weighted (Ledig et al. 2017, eq. 3; content: eq. 4)."""
        assert round.drawn.truth is not None
        adversarial = super().generator_loss(round)
        content = mse_loss(round.fake, round.drawn.truth)
        round.trace.losses["content_loss"] = content.detach()
        return self.options.content * content + self.options.adversarial * adversarial

    def measure(self, drawn: Draw, samples: Tensor) -> dict[str, float]:
        """Mean PSNR (dB) and SSIM of what was made, and of what bicubic interpolation makes."""
        assert drawn.truth is not None
        truth, plain = drawn.truth.cpu(), bicubic(drawn.inputs.cpu(), self.options.factor)
        return {
            "psnr": float(psnr(samples, truth).mean()),
            "psnr_bicubic": float(psnr(plain, truth).mean()),
            "ssim": float(ssim(samples, truth).mean()),
            "ssim_bicubic": float(ssim(plain, truth).mean()),
        }

    def gallery(self) -> Tensor:
        """Rows in fours: what is given, bicubic interpolation, what the generator makes, and the original."""
        drawn, factor = self.inputs("gallery", 2 * COLUMNS, held_out=True), self.options.factor
        assert drawn.truth is not None
        parts = (enlarged(drawn.inputs, factor), bicubic(drawn.inputs, factor), self.sample(drawn.inputs), drawn.truth)
        return torch.stack([each.unflatten(0, (2, COLUMNS)) for each in parts], dim=1).flatten(0, 2)


build = SuperResolutionGame
