"""Images from images and metadata, each with a known truth: pix2pix (Isola et al. 2017), told class and angle."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import l1_loss, one_hot

from ganlab.config.data import ImageOptions
from ganlab.config.games import PairedGameOptions
from ganlab.data import load
from ganlab.data.drawing import drawn_angles, rotated
from ganlab.games.rounds import Draw, Round
from ganlab.games.standard import CHUNK, Setting, StandardGame, draw_images

COLUMNS = 10
"""Images in a row of the gallery."""

ANGLES = 31
"""Angles that an image is rotated by to find the one at which it is nearest to what the generator made."""


class PairedGame(StandardGame):
    """The generator is given images, their classes and angles; the images rotated by these are what it should make."""

    options: PairedGameOptions

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        options = self.experiment.data
        assert isinstance(options, ImageOptions)
        self.channels, self.classes, self.limit = options.shape[0], options.class_count or 0, options.rotated
        upright = options.model_copy(update={"rotated": 0.0})
        self.originals = load(upright, self.experiment.training.batch_size)

    def draw(self, count: int, source: torch.Generator, held_out: bool = False) -> Draw:
        """Draw images and angles, and rotate the images by them."""
        images = draw_images(self.originals, count, source, held_out)
        angles = drawn_angles(count, self.limit, source)
        labelled = len(self.originals.train.class_names) > 1
        inputs = self.told(images.values, images.labels, angles)
        return Draw(inputs, images.labels if labelled else None, rotated(images.values, angles))

    def told(self, images: Tensor, labels: Tensor, angles: Tensor) -> Tensor:
        """Return inputs that ask for images (N, C, H, W) of classes (N,) to be rotated by angles (N,) in degrees."""
        radians = angles.deg2rad()
        values = [radians.cos()[:, None], radians.sin()[:, None]]
        if self.classes:
            values.insert(0, one_hot(labels, self.classes).to(images))
        maps = torch.cat(values, 1)[:, :, None, None].expand(-1, -1, *images.shape[2:])
        return torch.cat([images, maps], 1)

    def originals_in(self, inputs: Tensor) -> Tensor:
        """Return the images (N, C, H, W) that inputs ask to be rotated."""
        return inputs[:, : self.channels]

    def angles_in(self, inputs: Tensor) -> Tensor:
        """Return the angles (N,) in degrees that inputs ask for."""
        return torch.atan2(inputs[:, -1, 0, 0], inputs[:, -2, 0, 0]).rad2deg()

    def generator_loss(self, round: Round) -> Tensor:
        """Return the adversarial loss and the weighted L1 distance to the truth (Isola et al. 2017, eq. 2 to 4)."""
        assert round.drawn.truth is not None
        adversarial = super().generator_loss(round)
        distance = l1_loss(round.fake, round.drawn.truth)
        round.trace.losses["l1_loss"] = distance.detach()
        return adversarial + self.options.l1 * distance

    def measure(self, drawn: Draw, samples: Tensor) -> dict[str, float]:
        """Error of what was made and of what was given, and how far the image was rotated off the angle asked for."""
        assert drawn.truth is not None
        inputs, truth = drawn.inputs.cpu(), drawn.truth.cpu()
        images, asked = self.originals_in(inputs), self.angles_in(inputs)
        return {
            "pair_error": float(l1_loss(samples, truth)),
            "pair_error_input": float(l1_loss(images, truth)),
            "angle_error": float((self.rotation(images, samples) - asked).abs().mean()),
            "angle_error_real": float((self.rotation(images, truth) - asked).abs().mean()),
        }

    def rotation(self, images: Tensor, made: Tensor) -> Tensor:
        """Return the angles (N,) in degrees, of ANGLES, at which images (N, C, H, W) are nearest to what was made."""
        angles, found = torch.linspace(-self.limit, self.limit, ANGLES), []
        for given, wanted in zip(images.split(CHUNK), made.split(CHUNK), strict=True):
            errors = [(rotated(given, angle.expand(len(given))) - wanted).abs().mean(dim=(1, 2, 3)) for angle in angles]
            found.append(angles[torch.stack(errors).argmin(0)])
        return torch.cat(found)

    def gallery(self) -> Tensor:
        """Rows in threes: the image that is given, what the generator makes of it, and the truth."""
        drawn = self.inputs("gallery", 3 * COLUMNS, held_out=True)
        assert drawn.truth is not None
        parts = (self.originals_in(drawn.inputs), self.sample(drawn.inputs), drawn.truth)
        return torch.stack([each.unflatten(0, (3, COLUMNS)) for each in parts], dim=1).flatten(0, 2)


build = PairedGame
