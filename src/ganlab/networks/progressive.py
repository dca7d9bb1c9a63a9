"""Progressive GAN (Karras et al. 2018, table 2): both networks grow, from few pixels to all.

Each is built whole, for every size that doubles up to the image's. `grow` sets how much of it is in use: `size`, the
side of the images now, and `fade`, the share of the newest layer. Layers that are not in use receive no gradient.

The maps next to the image have `width` channels, each smaller size twice as many, up to `max_width`. One thing differs
from the paper: its generator's output is linear; here a tanh follows the fade, so that images lie in [-1, 1] as
everywhere else.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganlab.config.networks import (
    GrowingOptions,
    ProgressiveDiscriminatorOptions,
    ProgressiveGeneratorOptions,
    feature_maps,
)
from ganlab.networks.minibatch import BatchDeviation
from ganlab.networks.parts import EqualConv, EqualLinear, add_scores

EPSILON = 1e-8
"""Added to mean squares, so that their root has a gradient at 0 (Karras et al. 2018, section 4.2)."""


class Growing(nn.Module):
    """A network of which a part is in use.

    Attributes:
        sizes: sides of the images that it can make or judge, each twice the one before.
        size: the side now, one of them; the largest when it is built.
        fade: share of the newest layer, 0 to 1, the rest being the network of half the size; 1 when it is built.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.sizes = feature_maps(side)
        self.size = side
        self.fade = 1.0

    @property
    def grown(self) -> list[int]:
        """Sizes above the smallest one, up to the present one."""
        return [size for size in self.sizes[1:] if size <= self.size]


def grow(network: nn.Module, size: int, fade: float) -> None:
    """Let every growing network in `network` play at `size` pixels with `fade`, the share of the newest layer, 0 to 1.

    Both are plain attributes: no state dict holds them.

    Raises:
        ValueError: one of them has no such size, or no smaller one to fade from.
    """
    for module in network.modules():
        if isinstance(module, Growing):
            if size not in module.sizes or (fade < 1 and size == module.sizes[0]):
                raise ValueError(f"size {size} with fade {fade} is not one of this network's sizes {module.sizes}")
            module.size, module.fade = size, fade


def generator(options: ProgressiveGeneratorOptions, input_shape: tuple[int, ...], shape: tuple[int, ...]) -> Growing:
    """From (N, *input_shape) to images (N, C, size, size) in [-1, 1]; at its largest size they have `shape`."""
    return _Generator(options, input_shape[0], shape)


def discriminator(options: ProgressiveDiscriminatorOptions, shape: tuple[int, ...], outputs: int) -> Growing:
    """From images (N, C, size, size) to raw scores (N,), or (N, outputs) with heads; sizes as for `generator`."""
    return _Discriminator(options, shape, outputs)


class _Generator(Growing):
    def __init__(self, options: GrowingOptions, latent: int, shape: tuple[int, ...]) -> None:
        super().__init__(shape[-1])
        widths, base = _widths(options, self.sizes), self.sizes[0]
        self.base = nn.Sequential(
            PixelNorm(),
            EqualLinear(latent, widths[base] * base**2),
            nn.Unflatten(1, (widths[base], base, base)),
            nn.LeakyReLU(0.2, inplace=True),
            PixelNorm(),
            *_convolution(widths[base], widths[base]),
            PixelNorm(),
        )
        self.blocks = nn.ModuleDict(
            {
                str(size): nn.Sequential(
                    nn.Upsample(scale_factor=2),
                    *_convolution(widths[size // 2], widths[size]),
                    PixelNorm(),
                    *_convolution(widths[size], widths[size]),
                    PixelNorm(),
                )
                for size in self.sizes[1:]
            }
        )
        self.to_image = nn.ModuleDict(
            {str(size): EqualConv(widths[size], shape[0], 1, gain=1.0) for size in self.sizes}
        )

    def forward(self, latents: Tensor) -> Tensor:
        """(N, latent) to (N, C, size, size) in [-1, 1]."""
        maps = before = self.base(latents)
        for size in self.grown:
            before, maps = maps, self.blocks[str(size)](maps)
        image: Tensor = self.to_image[str(self.size)](maps)
        if self.fade < 1:
            old = interpolate(self.to_image[str(self.size // 2)](before), scale_factor=2)
            image = self.fade * image + (1 - self.fade) * old
        return image.tanh()


class _Discriminator(Growing):
    def __init__(self, options: GrowingOptions, shape: tuple[int, ...], outputs: int) -> None:
        super().__init__(shape[-1])
        widths, base = _widths(options, self.sizes), self.sizes[0]
        self.from_image = nn.ModuleDict(
            {str(size): nn.Sequential(*_convolution(shape[0], widths[size], kernel_size=1)) for size in self.sizes}
        )
        self.blocks = nn.ModuleDict(
            {
                str(size): nn.Sequential(
                    *_convolution(widths[size], widths[size]),
                    *_convolution(widths[size], widths[size // 2]),
                    nn.AvgPool2d(2),
                )
                for size in self.sizes[1:]
            }
        )
        self.base = nn.Sequential(
            BatchDeviation(),
            *_convolution(widths[base] + 1, widths[base]),
            nn.Flatten(),
            EqualLinear(widths[base] * base**2, widths[base]),
            nn.LeakyReLU(0.2, inplace=True),
        )
        add_scores(self.base, EqualLinear(widths[base], outputs, gain=1.0), outputs)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, size, size) to (N,), or (N, outputs) with heads."""
        maps = self.from_image[str(self.size)](images)
        for size in reversed(self.grown):
            maps = self.blocks[str(size)](maps)
            if size == self.size and self.fade < 1:
                old = self.from_image[str(size // 2)](avg_pool2d(images, 2))
                maps = self.fade * maps + (1 - self.fade) * old
        scores: Tensor = self.base(maps)
        return scores


def _widths(options: GrowingOptions, sizes: list[int]) -> dict[int, int]:
    """Channels of the maps of each size."""
    return {size: min(options.width * sizes[-1] // size, options.max_width) for size in sizes}


def _convolution(inputs: int, outputs: int, kernel_size: int = 3) -> tuple[nn.Module, nn.Module]:
    return EqualConv(inputs, outputs, kernel_size), nn.LeakyReLU(0.2, inplace=True)


class PixelNorm(nn.Module):
    """Scale the features of each position to mean square 1 (Karras et al. 2018, section 4.2).

    On latents (N, dim) it is the projection to the hypersphere of radius sqrt(dim).
    """

    def forward(self, values: Tensor) -> Tensor:
        """(N, C, ...) to the same shape."""
        return values * (values.square().mean(1, keepdim=True) + EPSILON).rsqrt()
