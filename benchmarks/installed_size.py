"""What the environment takes on disk, and how much of it is for CUDA alone.

    python benchmarks/installed_size.py

A CPU build of PyTorch has no CUDA libraries, and needs neither Triton nor NVIDIA's packages.
"""

from __future__ import annotations

import re
from importlib.metadata import distributions
from pathlib import Path

CUDA_ALONE = re.compile(r"^(nvidia[-_]|triton$|cuda[-_])")
"""Distributions that a CPU build of PyTorch does not need."""

CUDA_LIBRARY = re.compile(r"lib(torch_cuda|c10_cuda|torch_nvshmem)")
"""Files of PyTorch that its CPU build does not have."""


def main() -> None:
    """Print both sizes, in GB."""
    whole = cuda = 0
    for distribution in distributions():
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            size = path.stat().st_size if path.is_file() else 0
            whole += size
            name = distribution.metadata["Name"]
            cuda += size * bool(CUDA_ALONE.match(name) or (name == "torch" and CUDA_LIBRARY.match(path.name)))
    print(f"{whole / 1e9:.1f} GB installed, of which {cuda / 1e9:.1f} GB are for CUDA alone")


if __name__ == "__main__":
    main()
