"""How near images come to the ones they should be: PSNR, SSIM, and bicubic enlargement to compare with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

RANGE = 2.0
"""From black, -1, to white, 1."""
BEST = 100.0
"""Most decibels given: beyond the 95 of 3 x 128 x 128 images that differ by one of 255 levels in one value."""

WINDOW = 11
SIGMA = 1.5
C1, C2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2


def psnr(made: Tensor, truth: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio of each image in decibels, 10 log10(2^2 / mean squared error), (N,).

    Args:
        made, truth: images (N, C, H, W) in [-1, 1].

    It is at most 100, which identical images get, so that it stays finite; NaN if an image holds NaN.
    """
    error = (made - truth).square().flatten(1).mean(1)
    return (10 * torch.log10(RANGE**2 / error)).clamp(max=BEST)


def ssim(made: Tensor, truth: Tensor) -> Tensor:
    """Return the structural similarity of each image to its truth, (N,): at most 1, which identical images get.

    Wang et al. 2004, eq. 13, with its constants (K1 = .01, K2 = .03, Gaussian window of 11 x 11 pixels and standard
    deviation 1.5), averaged over all windows that lie inside the image (eq. 17) and over channels. Intensities count
    from black, as there: x + 1, of dynamic range 2.

    Args:
        made, truth: images (N, C, H, W) in [-1, 1], H and W at least 11.
    """
    x, y = made + 1, truth + 1
    moments = _local_means(torch.stack([x, y, x * x, y * y, x * y]))
    mean_x, mean_y = moments[0], moments[1]
    variances = moments[2] - mean_x**2 + moments[3] - mean_y**2
    covariance = moments[4] - mean_x * mean_y
    similarity = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    similarity = similarity / ((mean_x**2 + mean_y**2 + C1) * (variances + C2))
    return similarity.flatten(1).mean(1)


def _local_means(maps: Tensor) -> Tensor:
    """Gaussian-weighted means of (..., H, W) over each window: (..., H - 10, W - 10)."""
    distance = torch.arange(WINDOW, dtype=maps.dtype, device=maps.device) - WINDOW // 2
    weights = torch.softmax(-(distance**2) / (2 * SIGMA**2), 0)
    single = maps.reshape(-1, 1, *maps.shape[-2:])
    means = conv2d(conv2d(single, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))
    return means.view(*maps.shape[:-2], *means.shape[-2:])


def bicubic(images: Tensor, factor: int) -> Tensor:
    """Return images (N, C, H, W) in [-1, 1] at `factor` times their side by bicubic interpolation, clamped to [-1, 1].

    Keys's cubic (1981) with a = -.75, PyTorch's; the -.5 of Matlab and Pillow gives .05 dB less on MNIST, 7 to 28 px.
    """
    return interpolate(images, scale_factor=factor, mode="bicubic").clamp(-1, 1)
