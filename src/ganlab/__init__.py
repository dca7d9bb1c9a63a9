"""ganlab: train a GAN from one YAML file, watch it, and say by name what went wrong.

import ganlab
run = ganlab.train("configs/ring.yaml", overrides=["training.steps=2000"])
run.history["g_loss"], run.snapshots[-1]["energy_distance"], run.verdict["summary"], run.generator()

and `ganlab.Monitor` watches any other PyTorch loop.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ganlab.version import __version__

if TYPE_CHECKING:
    from ganlab.api import Run as Run
    from ganlab.api import load_run as load_run
    from ganlab.api import train as train
    from ganlab.monitor.monitor import Monitor as Monitor

__all__ = ["Monitor", "Run", "__version__", "load_run", "train"]


def __getattr__(name: str) -> Any:
    # Loaded on use: `import ganlab` alone stays instant.
    if name in __all__:
        return getattr(import_module("ganlab.monitor.monitor" if name == "Monitor" else "ganlab.api"), name)
    raise AttributeError(f"module 'ganlab' has no attribute {name!r}")
