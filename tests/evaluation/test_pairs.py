"""PSNR and SSIM against their formulas, computed by other means."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ganlab.evaluation.pairs import bicubic, psnr, ssim


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def ssim_by_scipy(made: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Wang et al. 2004, eqs. 13 to 16, of one channel with values from 0 to 255, over windows inside the image."""

    def mean(maps: NDArray[np.float64]) -> NDArray[np.float64]:
        return gaussian_filter(maps, 1.5, truncate=5 / 1.5)[5:-5, 5:-5]  # a radius of 5: 11 x 11

    mx, my = mean(made), mean(truth)
    vx, vy, cov = mean(made**2) - mx**2, mean(truth**2) - my**2, mean(made * truth) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean())


def test_psnr_is_that_of_a_constant_error() -> None:
    truth = noise(3, 1, 28, 28) * 0.5
    errors = torch.tensor([2.0, 0.2, 0.02])[:, None, None, None]
    assert psnr(truth + errors, truth).tolist() == pytest.approx([0, 20, 40], abs=1e-3)


def test_psnr_averages_errors_within_an_image_only() -> None:
    truth = torch.zeros(2, 3, 8, 8)
    made = truth.clone()
    made[1, 0, 0, :6] = 1.0  # 6 of 192 values: mean squared error 1 / 32
    assert psnr(made, truth).tolist() == pytest.approx([100, 10 * math.log10(4 * 32)])


def test_psnr_stays_finite_and_above_what_one_level_in_one_value_gives() -> None:
    truth = torch.zeros(2, 3, 128, 128)
    made = truth.clone()
    made[1, 0, 0, 0] = 2 / 255
    same, other = psnr(made, truth).tolist()
    assert same == 100
    assert other == pytest.approx(10 * math.log10(4 / ((2 / 255) ** 2 / 49152)))
    assert other < same


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_nan_is_not_hidden(measure: object) -> None:
    truth = noise(2, 1, 16, 16)
    made = truth.clone()
    made[1, 0, 3, 3] = math.nan
    fine, broken = measure(made, truth).tolist()
    assert math.isfinite(fine)
    assert math.isnan(broken)


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_agrees_with_scipy_on_8_bit_intensities(channels: int) -> None:
    truth = noise(4, channels, 20, 28)
    truth[1] = truth[1].round()
    made = (truth + torch.tensor([0.1, 0.5, 1.0, 2.0])[:, None, None, None] * noise(4, channels, 20, 28, seed=1)).clamp(
        -1, 1
    )
    made[3] *= -1
    a, b = (((images.double() + 1) * 127.5).numpy() for images in (made, truth))
    expected = [np.mean([ssim_by_scipy(a[i, c], b[i, c]) for c in range(channels)]) for i in range(4)]
    assert max(expected) - min(expected) > 0.5
    assert ssim(made, truth).tolist() == pytest.approx(expected, abs=1e-5)
    assert ssim(truth, made).tolist() == pytest.approx(expected, abs=1e-5)


def test_ssim_of_identical_images_is_one() -> None:
    images = torch.cat([noise(2, 3, 28, 28), torch.full((1, 3, 28, 28), -1.0)])
    assert ssim(images, images).tolist() == pytest.approx([1, 1, 1], abs=1e-5)


def test_ssim_of_plain_images_is_the_luminance_term() -> None:
    """Eq. 6: black against white is C1 / (2^2 + C1); without variance the other term is 1."""
    black, white = torch.full((1, 1, 16, 16), -1.0), torch.full((1, 1, 16, 16), 1.0)
    c1 = 0.02**2
    assert ssim(black, white).item() == pytest.approx(c1 / (4 + c1), rel=1e-3)
    assert ssim(torch.zeros_like(black), white).item() == pytest.approx((4 + c1) / (5 + c1), rel=1e-4)


def test_bicubic_of_a_step_follows_the_kernel() -> None:
    """A step from 0 to 1 at factor 2: Keys 1981 with a = -.75, at a quarter pixel's distance; worked out by hand."""
    row = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5]).expand(1, 1, 8, 8)
    far, near = (lambda d: -0.75 * (d**3 - 5 * d**2 + 8 * d - 4)), (lambda d: 1.25 * d**3 - 2.25 * d**2 + 1)
    big = bicubic(row, 2)
    assert big.shape == (1, 1, 16, 16)
    # The two pixels left of the step lie at 2.75 and 3.25: what weight falls on pixels 4 and above.
    weights = [far(1.25), near(0.75) + far(1.75)]
    torch.testing.assert_close(big[0, 0, 8, 6:8], 0.5 * torch.tensor(weights))
    torch.testing.assert_close(big[0, 0, :, 8:10].flip(1), 0.5 - big[0, 0, :, 6:8])


def test_bicubic_stays_in_range_where_the_cubic_overshoots() -> None:
    big = bicubic(noise(4, 3, 7, 7).sign(), 4)
    assert big.shape == (4, 3, 28, 28)
    assert big.min() == -1
    assert big.max() == 1
