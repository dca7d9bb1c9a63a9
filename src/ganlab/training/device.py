"""Which device trains, and what it is called."""

from __future__ import annotations

import platform

import torch

from ganlab.config.training import TrainingOptions
from ganlab.errors import DeviceError


def choose_device(options: TrainingOptions) -> torch.device:
    """Return the device that `training.device` names; `auto` is CUDA, else MPS, else the CPU.

    Raises:
        DeviceError: it is not there, or cannot compute in `training.precision`.
    """
    name = options.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            f"training.device is {name}, but this PyTorch ({torch.__version__}) finds no CUDA device",
            "set training.device to cpu or auto, or install a driver and a CUDA build of PyTorch",
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"training.device is {name}, but there are {torch.cuda.device_count()} CUDA devices, numbered from 0",
            "choose a lower number",
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(
            "training.device is mps, but this machine has no Metal device", "set training.device to cpu or auto"
        )
    if device.type == "mps" and options.precision == "float16":
        raise DeviceError("float16 with gradient scaling is not supported on mps", "set training.precision to float32")
    return device


def describe_device(device: torch.device) -> str:
    """Return the device's name as a reader knows it."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({platform.machine()})" if device.type == "cpu" else str(device)
