"""What another program's loop calls its samples, read on the scale that they show."""

from __future__ import annotations

from torch import Tensor

from ganlab.data.arrays import SIGNED, Array, Range, as_numpy, generated, scale_of, within_bounds
from ganlab.domain import Domain
from ganlab.monitor.recorder import Recorder


class Generated:
    """Reads samples; the first that tell their scale decide it for those that follow.

    Args:
        recorder: of the run; it is told what was found.
        reals: the scale of the real images, if they were given as floats.
    """

    def __init__(self, recorder: Recorder, reals: Range | None) -> None:
        self.recorder, self.reals = recorder, reals
        self.scale: Range | None = None
        self.is_beyond = False

    def read(self, samples: Array) -> tuple[Tensor, Domain]:
        """Return samples as float32, images in [-1, 1], with NaN and Inf left in, and what one of them is.

        Raises:
            DataError: they are of a wrong type, shape or range.
        """
        found = as_numpy(samples, "samples")
        shown = scale_of(found, self.reals)
        if self.scale is None and shown is not None:
            self.scale = shown
            self._say(shown)
        elif shown is SIGNED and self.scale not in (None, SIGNED):
            self.recorder.warn(
                f"samples have pixels below 0: they are in [-1, 1], and those of the snapshots before were read as if "
                f"they were in {self.scale.said}"
            )
            self.scale = SIGNED
        if self.scale is not None:
            found, beyond = within_bounds(found, self.scale)
            if beyond and not self.is_beyond:
                self.is_beyond = True
                self.recorder.warn(
                    f"samples reach from {beyond}: what lies beyond {self.scale.said} is cut off, as in pictures"
                )
        return generated(found, self.scale or SIGNED)

    def _say(self, scale: Range) -> None:
        if scale is SIGNED:
            return
        if scale is self.reals:
            self.recorder.note(f"samples and real ones are in {scale.said}")
        elif self.reals is None:
            self.recorder.warn(f"no pixel of the samples is below 0: they are read as images in {scale.said}")
        else:
            self.recorder.warn(
                f"samples are in {scale.said} and real ones in {self.reals.said}: both are brought to one scale here, "
                "but a discriminator that gets them like this tells them apart by their scale alone"
            )
