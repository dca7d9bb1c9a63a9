"""ganlab: train a GAN from one YAML file, watch it, and say by name what went wrong.

import ganlab
run = ganlab.train("configs/ring.yaml", overrides=["training.steps=2000"])
run.history["g_loss"], run.snapshots[-1]["energy_distance"], run.verdict, run.generator()

`ganlab.diagnose`, `treat`, `evaluate`, `sample`, `sweep` and `compare` do what the commands do, `ganlab.page` does what
`ganlab report` does, and `ganlab.Monitor` watches any other PyTorch loop.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ganlab.version import __version__

if TYPE_CHECKING:
    from ganlab.api import Run as Run
    from ganlab.api import Sweep as Sweep
    from ganlab.api import compare as compare
    from ganlab.api import diagnose as diagnose
    from ganlab.api import evaluate as evaluate
    from ganlab.api import load_run as load_run
    from ganlab.api import page as page
    from ganlab.api import sample as sample
    from ganlab.api import sweep as sweep
    from ganlab.api import train as train
    from ganlab.api import treat as treat
    from ganlab.diagnosis.verdict import Verdict as Verdict
    from ganlab.monitor.monitor import Monitor as Monitor

__all__ = [
    "Monitor",
    "Run",
    "Sweep",
    "Verdict",
    "__version__",
    "compare",
    "diagnose",
    "evaluate",
    "load_run",
    "page",
    "sample",
    "sweep",
    "train",
    "treat",
]

ELSEWHERE = {"Monitor": "ganlab.monitor.monitor", "Verdict": "ganlab.diagnosis.verdict"}
"""Modules of the names that are not in `ganlab.api`."""


def __getattr__(name: str) -> Any:
    # Loaded on use: `import ganlab` alone stays instant.
    if name in __all__:
        return getattr(import_module(ELSEWHERE.get(name, "ganlab.api")), name)
    raise AttributeError(f"module 'ganlab' has no attribute {name!r}")
