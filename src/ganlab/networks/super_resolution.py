"""The generator of SRGAN, SRResNet (Ledig et al. 2017, figure 4), in small.

Residual blocks at the size of the input, then pixel shuffling (Shi et al. 2016), which doubles the side once or twice.
`width` channels at full size, twice as many at half of it, four times at a quarter; leaky ReLU of slope .2 where the
paper has a parametric one. Its skip over the blocks is one over the whole network here, from the input enlarged.
"""

from __future__ import annotations

from torch import Tensor, nn, tanh
from torch.nn.functional import interpolate

from ganlab.config.networks import SuperResolutionGeneratorOptions
from ganlab.networks.convolutions import Conv2d
from ganlab.networks.parts import ACTIVATIONS, hidden, named
from ganlab.networks.translator import Residual

SKIP = 2.0
"""Weight of the enlarged input before the tanh, which then gives back black and white as -.96 and .96."""


class Enlarged(nn.Module):
    """Layers that make details, on top of their input enlarged bilinearly.

    Without it, small weights leave hardly a trace of the input: on MNIST at 7 to 28 pixels, training from the default
    start gives the same image for every input through its first 200 steps.
    """

    def __init__(self, details: nn.Module, factor: int) -> None:
        super().__init__()
        self.details = details
        self.factor = factor

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C, factor * h, factor * w) in [-1, 1]."""
        enlarged = interpolate(images, scale_factor=self.factor, mode="bilinear")
        return tanh(SKIP * enlarged + self.details(images))


def generator(
    options: SuperResolutionGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...]
) -> Enlarged:
    """From images (N, *input_shape) to images (N, *shape) in [-1, 1] of 2 or 4 times the side."""
    factor, (height, width) = shape[-1] // input_shape[-1], input_shape[1:]
    channels = options.width * factor
    layers = nn.Sequential()
    layers.add_module("read", hidden(Conv2d(input_shape[0], channels, 9, padding=4), "none", "leaky_relu"))
    for number in range(1, options.blocks + 1):
        layers.add_module(f"block_{number}", Residual(channels, options.norm))
    while width < shape[-1]:
        height, width, channels = 2 * height, 2 * width, channels // 2
        # From twice the channels to four maps a channel, one for each corner of the pixel that becomes four.
        corners = Conv2d(2 * channels, 4 * channels, 3, padding=1)
        layers.add_module(
            f"to_{named((height, width))}", nn.Sequential(corners, nn.PixelShuffle(2), ACTIVATIONS["leaky_relu"]())
        )
    layers.add_module("image", Conv2d(channels, shape[0], 9, padding=4))
    return Enlarged(layers, factor)
