"""PyTorch's Conv2d and ConvTranspose2d, with the same parameters and numbers, computed faster on the CPU.

All there is to a convolution is one form in three tensors, <small, conv(large, weight)>, where `large` (N, C, H, W) is
the side a strided convolution reads, `small` (N, S, h, w) the side it writes, and `weight` (S, C, k, k). Its derivative
in `small` is the convolution, in `large` the transposed convolution, in `weight` the gradient of the weights, and the
derivative of each of the three is made of the other two. So three functions, closed under differentiation, are enough
for gradients of any order, and each can be computed in the way that suits the CPU:

- channels_last throughout, which oneDNN runs faster than contiguous maps;
- weight gradients as a matrix product of patches, where oneDNN reaches a third to two thirds of that speed;
- bias gradients as a sum, which oneDNN makes in a pass many times as long (channels_last);
- few channels on the large side (the image's) as a matrix product with im2col or col2im: oneDNN fills its vectors with
  channels and leaves most of them empty there. Its 1 x 1 convolution of stride 2 even writes beyond its memory with
  fewer channels than a vector holds (https://github.com/uxlfoundation/oneDNN/issues/6035).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d, fold, pad, unfold

FEW = 16
"""Channels, on the large side, below which im2col is faster (the width of the widest vectors that oneDNN uses)."""
CHUNK = 16
"""Samples whose patches are laid out at a time: few enough to stay near the cache."""


@dataclass(frozen=True)
class Grid:
    """Where the windows of a convolution lie.

    Attributes:
        size: height and width of the large side.
        kernel: side of the square kernel.
        stride: distance between windows, in both directions.
        padding: zeros around the large side, in both directions.
    """

    size: tuple[int, int]
    kernel: int
    stride: int
    padding: int

    def columns(self, large: Tensor) -> Tensor:
        """The windows of (N, C, H, W), laid out by im2col: (N, C * k * k, h * w)."""
        return unfold(large, self.kernel, padding=self.padding, stride=self.stride)

    def patches(self, large: Tensor, small_size: torch.Size) -> Tensor:
        """The windows of (N, C, H, W) as rows, channels innermost: (N * h * w, k * k * C)."""
        before, stride, kernel = self.padding, self.stride, self.kernel
        (height, width), (rows, columns) = self.size, small_size
        below = (rows - 1) * stride + kernel - height - before
        right = (columns - 1) * stride + kernel - width - before
        padded = pad(large.permute(0, 2, 3, 1), (0, 0, before, right, before, below))
        windows = padded.unfold(1, kernel, stride).unfold(2, kernel, stride)
        return windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, kernel * kernel * large.shape[1])


def _convolve(large: Tensor, weight: Tensor, bias: Tensor | None, grid: Grid) -> Tensor:
    if large.shape[1] >= FEW:
        return conv2d(large, weight, bias, grid.stride, grid.padding)
    height, width = ((side + 2 * grid.padding - grid.kernel) // grid.stride + 1 for side in grid.size)
    shape = (len(large), len(weight), height, width)
    small = torch.empty(shape, dtype=large.dtype, memory_format=torch.channels_last)
    rows = small.permute(0, 2, 3, 1).flatten(1, 2)
    torch.bmm(grid.columns(large).transpose(1, 2), weight.flatten(1).t().expand(len(large), -1, -1), out=rows)
    return small if bias is None else small.add_(bias[:, None, None])


def _convolve_transposed(small: Tensor, weight: Tensor, bias: Tensor | None, grid: Grid) -> Tensor:
    if weight.shape[1] >= FEW:
        missing = [
            side - (count - 1) * grid.stride + 2 * grid.padding - grid.kernel
            for side, count in zip(grid.size, small.shape[2:], strict=True)
        ]
        return conv_transpose2d(small, weight, bias, grid.stride, grid.padding, missing)
    columns = weight.flatten(1).t() @ small.flatten(2)
    large = fold(columns, grid.size, grid.kernel, padding=grid.padding, stride=grid.stride)
    return large if bias is None else large.add_(bias[:, None, None])


def _correlate(small: Tensor, large: Tensor, grid: Grid) -> Tensor:
    kernel, outputs, inputs = grid.kernel, small.shape[1], large.shape[1]
    if inputs < FEW:
        products = grid.columns(large) @ small.flatten(2).transpose(1, 2)
        return products.sum(0).t().reshape(outputs, inputs, kernel, kernel)
    total = small.new_zeros(outputs, kernel * kernel * inputs)
    for part, other in zip(small.split(CHUNK), large.split(CHUNK), strict=True):
        rows = part.permute(0, 2, 3, 1).reshape(-1, outputs)
        total.addmm_(rows.t(), grid.patches(other, small.shape[2:]))
    return total.view(outputs, kernel, kernel, inputs).permute(0, 3, 1, 2)


class Convolve(Function):
    """(large, weight, bias) -> small: the derivative of the form in `small`."""

    @staticmethod
    def forward(ctx: Any, large: Tensor, weight: Tensor, bias: Tensor | None, grid: Grid) -> Tensor:
        """Compute, and keep the inputs."""
        ctx.save_for_backward(large, weight)
        ctx.grid = grid
        return _convolve(large, weight, bias, grid)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of (large, weight, bias, grid), themselves differentiable."""
        large, weight = ctx.saved_tensors
        to_large, to_weight, to_bias, _ = ctx.needs_input_grad
        return (
            ConvolveTransposed.apply(gradient, weight, None, ctx.grid) if to_large else None,
            Correlate.apply(gradient, large, ctx.grid) if to_weight else None,
            gradient.sum((0, 2, 3)) if to_bias else None,
            None,
        )


class ConvolveTransposed(Function):
    """(small, weight, bias) -> large: the derivative of the form in `large`."""

    @staticmethod
    def forward(ctx: Any, small: Tensor, weight: Tensor, bias: Tensor | None, grid: Grid) -> Tensor:
        """Compute, and keep the inputs."""
        ctx.save_for_backward(small, weight)
        ctx.grid = grid
        return _convolve_transposed(small, weight, bias, grid)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of (small, weight, bias, grid), themselves differentiable."""
        small, weight = ctx.saved_tensors
        to_small, to_weight, to_bias, _ = ctx.needs_input_grad
        return (
            Convolve.apply(gradient, weight, None, ctx.grid) if to_small else None,
            Correlate.apply(small, gradient, ctx.grid) if to_weight else None,
            gradient.sum((0, 2, 3)) if to_bias else None,
            None,
        )


class Correlate(Function):
    """(small, large) -> weight: the derivative of the form in `weight`."""

    @staticmethod
    def forward(ctx: Any, small: Tensor, large: Tensor, grid: Grid) -> Tensor:
        """Compute, and keep the inputs."""
        ctx.save_for_backward(small, large)
        ctx.grid = grid
        return _correlate(small, large, grid)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of (small, large, grid), themselves differentiable."""
        small, large = ctx.saved_tensors
        to_small, to_large, _ = ctx.needs_input_grad
        return (
            Convolve.apply(large, gradient, None, ctx.grid) if to_small else None,
            ConvolveTransposed.apply(small, gradient, None, ctx.grid) if to_large else None,
            None,
        )


def _ours(maps: Tensor) -> bool:
    """Whether to compute this one here: not on an accelerator, under autocast or in compiled code."""
    return maps.is_cpu and not torch.is_autocast_enabled("cpu") and not torch.compiler.is_compiling()


class Conv2d(nn.Conv2d):
    """nn.Conv2d for square kernels and strides and numeric padding, without dilation or groups."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, S, h, w)."""
        if not _ours(input):
            return super().forward(input)
        weight, kernel, stride, padding = self.weight, self.kernel_size[0], self.stride[0], int(self.padding[0])
        if stride == 1 and self.out_channels < FEW:
            # The same as a transposed convolution with the kernel turned round, whose large side has few channels.
            size = tuple(side + 2 * padding - kernel + 1 for side in input.shape[2:])
            grid = Grid(size, kernel, 1, kernel - 1 - padding)
            return ConvolveTransposed.apply(input, weight.transpose(0, 1).flip(2, 3), self.bias, grid)
        return Convolve.apply(input, weight, self.bias, Grid(tuple(input.shape[2:]), kernel, stride, padding))


class ConvTranspose2d(nn.ConvTranspose2d):
    """nn.ConvTranspose2d for square kernels and strides, without dilation or groups."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(N, S, h, w) -> (N, C, H, W)."""
        if not _ours(input):
            return super().forward(input, output_size)
        kernel, stride, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        more = kernel - 2 * padding + self.output_padding[0]
        size = tuple((side - 1) * stride + more for side in input.shape[2:])
        return ConvolveTransposed.apply(input, self.weight, self.bias, Grid(size, kernel, stride, padding))
