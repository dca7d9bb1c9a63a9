"""Our convolutions against PyTorch's: values and gradients of first and second order."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck

from ganlab.networks.convolutions import SAMPLES_AT_ONCE, Conv2d, ConvTranspose2d

CHANNELS = [(3, 5), (20, 3), (3, 20), (6, 5)]
FORMATS = [torch.contiguous_format, torch.channels_last]


def pair(transposed: bool, inputs: int, outputs: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    """PyTorch's layer and ours, in float64, with the same weights."""
    padding, even_out = (kernel - 1) // 2, kernel % 2 if stride == 2 else 0
    torch.manual_seed(0)
    if transposed:
        theirs: nn.Module = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, output_padding=even_out)
        ours: nn.Module = ConvTranspose2d(inputs, outputs, kernel, stride, padding, output_padding=even_out)
    else:
        theirs, ours = (cls(inputs, outputs, kernel, stride, padding) for cls in (nn.Conv2d, Conv2d))
    ours.load_state_dict(theirs.state_dict())
    return theirs.double(), ours.double()


def everything(layer: nn.Module, maps: Tensor) -> Iterator[Tensor]:
    """Output, gradients of a wavy function of it, and gradients of a function of those gradients."""
    maps = maps.detach().requires_grad_()
    output = layer(maps)
    yield output
    wave = torch.sin(torch.arange(output.numel(), dtype=output.dtype)).view(output.shape).requires_grad_()
    first = torch.autograd.grad(output, [maps, layer.weight, layer.bias], wave, create_graph=True)
    yield from first
    yield from torch.autograd.grad(sum((g**3).sum() for g in first), [maps, layer.weight, wave])


@pytest.mark.parametrize("kernel", range(1, 16))
@pytest.mark.parametrize("transposed", [False, True])
def test_agrees_with_pytorch(transposed: bool, kernel: int) -> None:
    for inputs, outputs in CHANNELS:
        for stride in (1, 2):
            theirs, ours = pair(transposed, inputs, outputs, kernel, stride)
            maps = torch.randn(3, inputs, 8, 8, dtype=torch.float64)
            for memory_format in FORMATS:
                laid_out = maps.contiguous(memory_format=memory_format)
                for a, b in zip(everything(theirs, maps), everything(ours, laid_out), strict=True):
                    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10 * a.abs().max().item())


@pytest.mark.parametrize("transposed", [False, True])
def test_gradients_of_any_order_are_those_of_the_function(transposed: bool) -> None:
    _, ours = pair(transposed, 2, 5, 3, 2)
    maps = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(ours, (maps,))
    assert gradgradcheck(ours, (maps,))


@pytest.mark.parametrize("transposed", [False, True])
def test_more_samples_than_a_chunk(transposed: bool) -> None:
    theirs, ours = pair(transposed, 6, 8, 4, 2)
    maps = torch.randn(2 * SAMPLES_AT_ONCE + 3, 6, 4, 4, dtype=torch.float64)
    for a, b in zip(everything(theirs, maps), everything(ours, maps), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("transposed", [False, True])
def test_is_pytorch_s_layer_where_it_is_not_needed(transposed: bool) -> None:
    """Under autocast the sums are in bfloat16, as PyTorch makes them."""
    theirs, ours = (layer.float() for layer in pair(transposed, 20, 3, 4, 2))
    maps = torch.randn(2, 20, 4, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        a, b = theirs(maps), ours(maps)
    assert a.dtype == b.dtype == torch.bfloat16
    assert torch.equal(a, b)


@pytest.mark.parametrize("transposed", [False, True])
def test_same_parameters_copies_and_in_place_activations(transposed: bool) -> None:
    theirs, ours = pair(transposed, 20, 3, 4, 2)
    assert theirs.state_dict().keys() == ours.state_dict().keys()
    maps = torch.randn(2, 20, 4, 4, dtype=torch.float64)
    gradients = [
        torch.autograd.grad(activation(layer(maps)).square().sum(), layer.weight)[0]
        for layer, activation in (
            (theirs, nn.LeakyReLU(0.2)),
            (ours, nn.LeakyReLU(0.2, inplace=True)),
            (copy.deepcopy(ours), nn.LeakyReLU(0.2, inplace=True)),
        )
    ]
    torch.testing.assert_close(gradients[0], gradients[1])
    torch.testing.assert_close(gradients[1], gradients[2])


# oneDNN's own weight gradient corrupts the heap in these shapes (github.com/uxlfoundation/oneDNN/issues/6035): in a
# process of its own, since the failure is a crash.
SMALL_KERNEL = """
import torch
from ganlab.networks.parts import downsample, upsample
for memory_format in (torch.contiguous_format, torch.channels_last):
    for inputs, outputs in ((1, 2), (2, 1), (2, 4), (4, 2), (1, 16), (16, 1)):
        for layer in (downsample(inputs, outputs, 1), upsample(inputs, outputs, 1)):
            for _ in range(20):
                maps = torch.randn(3, inputs, 28, 28).contiguous(memory_format=memory_format).requires_grad_()
                layer.to(memory_format=memory_format)(maps).square().sum().backward()
"""


def test_kernel_of_one_survives() -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", SMALL_KERNEL], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
