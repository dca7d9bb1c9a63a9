"""The generator of CycleGAN (Zhu et al. 2017, section 7.2; from Johnson et al. 2016), in small.

An image goes down to a quarter of its side, through residual blocks there, and up again. `width` channels at full size,
twice as many at half of it, four times at a quarter. The paper reflects images at their border; here zeros are padded.
"""

from __future__ import annotations

from torch import Tensor, nn

from ganlab.config.networks import Norm, TranslatorGeneratorOptions
from ganlab.networks.convolutions import Conv2d
from ganlab.networks.parts import MAP_NORMS, bare, downsample, hidden, named, upsample


class Residual(nn.Module):
    """Two 3 x 3 convolutions whose result is added to what they read (He et al. 2016; Gross & Wilber 2016).

    No activation follows the sum.
    """

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        first, second = (Conv2d(channels, channels, 3, padding=1, bias=not bare(norm)) for _ in range(2))
        self.body = nn.Sequential(hidden(first, norm, "relu"), second)
        if norm in MAP_NORMS:
            self.body.append(MAP_NORMS[norm](channels))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, channels, h, w) to the same."""
        output: Tensor = maps + self.body(maps)
        return output


def generator(
    options: TranslatorGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...]
) -> nn.Sequential:
    """From images (N, *input_shape) to images (N, *shape) in [-1, 1] of the same size, both sides multiples of 4."""
    width, norm, (height, across) = options.width, options.norm, shape[1:]
    layers = nn.Sequential()
    read = Conv2d(input_shape[0], width, 7, padding=3, bias=not bare(norm))
    layers.add_module("read", hidden(read, norm, "relu"))
    half, quarter = ((height // by, across // by) for by in (2, 4))
    for channels, size in ((width, half), (2 * width, quarter)):
        layers.add_module(f"down_{named(size)}", hidden(downsample(channels, 2 * channels, 3, norm), norm, "relu"))
    for number in range(1, options.blocks + 1):
        layers.add_module(f"block_{number}", Residual(4 * width, norm))
    for channels, size in ((2 * width, half), (width, (height, across))):
        layers.add_module(f"up_{named(size)}", hidden(upsample(2 * channels, channels, 3, norm), norm, "relu"))
    layers.add_module("image", Conv2d(width, shape[0], 7, padding=3))
    layers.add_module("tanh", nn.Tanh())
    return layers
