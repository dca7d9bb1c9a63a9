"""PyTorch's Conv2d and ConvTranspose2d with the same parameters and results, computed faster on the CPU.

A convolution is one form in three tensors, <small, conv(large, weight)>, where `large` (N, C, H, W) is
the side a strided convolution reads, `small` (N, S, h, w) the side it writes, and `weight` (S, C, k, k). Its derivative
in `small` is the convolution, in `large` the transposed convolution, in `weight` the gradient of the weights, and the
derivative of each of these is made of the other two. So three functions, closed under differentiation, give gradients
of any order, and each is computed in the way that suits the CPU best:

- the convolution, and the transposed one, by oneDNN, in channels_last memory;
- the transposed one to an image's few channels by a matrix product and col2im, for oneDNN's vectors run over channels;
- the gradient of the weights by a matrix product of patches: oneDNN reaches a third to nine tenths of its speed, and
  for few channels and 1 x 1 kernels of stride 2 writes beyond its memory (github.com/uxlfoundation/oneDNN/issues/6035);
- the gradient of the bias by a sum, which takes oneDNN nearly as long as the weights (channels_last).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d, fold, pad

FEW_CHANNELS = 4
"""Most channels on the large side for which col2im is the faster way."""
SAMPLES_AT_ONCE = 16
"""Samples whose patches are laid out at a time: few enough for them to stay near the cache."""


@dataclass(frozen=True)
class Grid:
    """Where the windows of a convolution lie.

    Attributes:
        size: height and width of the large side.
        kernel: side of the square kernel.
        stride: distance between windows, in both directions.
        padding: zeros around the large side, in both directions.
    """

    size: tuple[int, ...]
    kernel: int
    stride: int
    padding: int

    def overhang(self, small_size: torch.Size) -> list[int]:
        """How far the last window reaches beyond the large side, below and to the right (negative: ends before)."""
        return [
            (count - 1) * self.stride + self.kernel - self.padding - side
            for side, count in zip(self.size, small_size, strict=True)
        ]

    def patches(self, large: Tensor, small_size: torch.Size) -> Tensor:
        """The windows of (N, C, H, W) as rows, channels innermost: (N * h * w, k * k * C)."""
        (below, right), kernel = self.overhang(small_size), self.kernel
        padded = pad(large.permute(0, 2, 3, 1), (0, 0, self.padding, right, self.padding, below))
        windows = padded.unfold(1, kernel, self.stride).unfold(2, kernel, self.stride)
        return windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, kernel * kernel * large.shape[1])


def _channels_last(weight: Tensor) -> Tensor:
    """Lay out a weight as oneDNN is to lay out the maps; one channel leaves the layout open unless it is cloned."""
    if weight.shape[1] == 1:
        return weight.clone(memory_format=torch.channels_last)
    return weight.contiguous(memory_format=torch.channels_last)


def _transposed(small: Tensor, weight: Tensor, bias: Tensor | None, grid: Grid) -> Tensor:
    if weight.shape[1] > FEW_CHANNELS:
        missing = [grid.padding - overhang for overhang in grid.overhang(small.shape[2:])]
        return conv_transpose2d(small, _channels_last(weight), bias, grid.stride, grid.padding, missing)
    columns = torch.bmm(weight.flatten(1).t().expand(len(small), -1, -1), small.flatten(2))
    large = fold(columns, grid.size, grid.kernel, padding=grid.padding, stride=grid.stride)
    return large if bias is None else large.add_(bias[:, None, None])


def _correlated(small: Tensor, large: Tensor, grid: Grid) -> Tensor:
    kernel, outputs, inputs = grid.kernel, small.shape[1], large.shape[1]
    total = small.new_zeros(outputs, kernel * kernel * inputs)
    for small_part, large_part in zip(small.split(SAMPLES_AT_ONCE), large.split(SAMPLES_AT_ONCE), strict=True):
        rows = small_part.permute(0, 2, 3, 1).reshape(-1, outputs)
        total.addmm_(rows.t(), grid.patches(large_part, small.shape[2:]))
    return total.view(outputs, kernel, kernel, inputs).permute(0, 3, 1, 2)


class Convolve(Function):
    """(large, weight, bias) -> small: the derivative of the form in `small`."""

    @staticmethod
    def forward(ctx: Any, large: Tensor, weight: Tensor, bias: Tensor | None, grid: Grid) -> Tensor:
        """Compute, and keep the inputs."""
        ctx.save_for_backward(large, weight)
        ctx.grid = grid
        return conv2d(large, _channels_last(weight), bias, grid.stride, grid.padding)

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
        return _transposed(small, weight, bias, grid)

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
        return _correlated(small, large, grid)

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
        if stride == 1 and self.out_channels <= FEW_CHANNELS:
            # The same as a transposed convolution with the kernel turned round, whose large side has few channels.
            size = tuple(side + 2 * padding - kernel + 1 for side in input.shape[2:])
            grid = Grid(size, kernel, 1, kernel - 1 - padding)
            turned = weight.transpose(0, 1).flip(2, 3)
            output: Tensor = ConvolveTransposed.apply(input, turned, self.bias, grid)
        else:
            grid = Grid(tuple(input.shape[2:]), kernel, stride, padding)
            output = Convolve.apply(input, weight, self.bias, grid)
        return output


class ConvTranspose2d(nn.ConvTranspose2d):
    """nn.ConvTranspose2d for square strides, without dilation or groups; kernels that are not square take PyTorch's."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(N, S, h, w) -> (N, C, H, W)."""
        if not _ours(input) or self.kernel_size[0] != self.kernel_size[1]:
            return super().forward(input, output_size)
        kernel, stride, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        more = kernel - 2 * padding + self.output_padding[0]
        size = tuple((side - 1) * stride + more for side in input.shape[2:])
        output: Tensor = ConvolveTransposed.apply(input, self.weight, self.bias, Grid(size, kernel, stride, padding))
        return output
