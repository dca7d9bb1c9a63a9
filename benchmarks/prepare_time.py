"""How long it takes to prepare what real images give, the first time and once it is kept.

    python benchmarks/prepare_time.py [--turns 1]

Real images are MNIST, and 5,000 made pictures of 64 pixels in a folder. Each is prepared as a training does before its
first step, and `ganlab diagnose --samples` judges 1,000 samples against it; both in processes of their own, with an
empty cache, and again. Prints CPU seconds (user and system, one thread, the least of the turns) and what is kept.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES, SIDE, SAMPLES = 5000, 64, 1000

PREPARE = """
import sys, time
from pathlib import Path
from ganlab.config.data import FolderOptions
from ganlab.data.folder import load
from ganlab.data.named import load_named
from ganlab.monitor.comparison import Comparison
if sys.argv[1] == "mnist":
    options, data = load_named("mnist")
else:
    options = FolderOptions(name="folder", path=sys.argv[1], image_size=64, held_out=0.2)
    data = load(options)
start = time.process_time()
Comparison(data, options, 0).prepare(1000, None)
print(time.process_time() - start)
"""


def pictures(count: int, seed: int) -> np.ndarray:
    """Return made pictures, uint8 (count, 64, 64, 3): ellipses of any colour, turned any way, on a smooth ground."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    made = np.empty((count, SIDE, SIDE, 3), np.uint8)
    for picture in made:
        values = draw.uniform(-1, 1, 3) * x[..., None] + draw.uniform(-1, 1, 3) * y[..., None]
        for _ in range(3):
            (across, down), (wide, high), turn = (
                draw.uniform(-0.6, 0.6, 2),
                draw.uniform(0.1, 0.6, 2),
                draw.uniform(0, 3),
            )
            u = (x - across) * np.cos(turn) + (y - down) * np.sin(turn)
            v = (y - down) * np.cos(turn) - (x - across) * np.sin(turn)
            values = np.where(((u / wide) ** 2 + (v / high) ** 2 < 1)[..., None], draw.uniform(-1, 1, 3), values)
        picture[:] = np.clip(127.5 * (values + 1), 0, 255)
    return made


def cpu(*command: str, cache: Path) -> tuple[float, str]:
    """Return CPU seconds of a process with this cache, and what it printed."""
    environment = {**os.environ, "GANLAB_CACHE": str(cache), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, printed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "reals").mkdir()
        for number, picture in enumerate(pictures(PICTURES, 0)):
            Image.fromarray(picture).save(folder / "reals" / f"{number:04d}.png")
        np.savez(folder / "made.npz", samples=pictures(SAMPLES, 1))
        digits = np.random.default_rng(0).integers(0, 256, (SAMPLES, 28, 28, 1), np.uint8)
        np.savez(folder / "digits.npz", samples=digits)
        rows = "".join(f"{10 * row},{1.3 + 0.01 * (row % 7)},{0.9 + 0.01 * (row % 5)}\n" for row in range(300))
        (folder / "log.csv").write_text(f"step,d_loss,g_loss\n{rows}")
        print("| real images | prepared first, CPU s | then | `diagnose --samples` first, CPU s | then | kept, MB |")
        print("| --- | --- | --- | --- | --- | --- |")
        sets = {"MNIST": ("mnist", "digits.npz"), "5,000 of 64 px": (str(folder / "reals"), "made.npz")}
        for label, (real, samples) in sets.items():
            diagnose = ("-m", "ganlab", "diagnose", str(folder / "log.csv"), "--samples", str(folder / samples))
            best = [float("inf")] * 4
            for turn in range(turns):
                caches = [folder / f"{label}-{turn}-{use}" for use in ("prepare", "diagnose")]
                found = [float(cpu("-c", PREPARE, real, cache=caches[0])[1]) for _ in range(2)]
                found += [cpu(*diagnose, "--real", real, cache=caches[1])[0] for _ in range(2)]
                best = [min(pair) for pair in zip(best, found, strict=True)]
            size = sum(path.stat().st_size for path in caches[0].glob("reals/*.kept")) / 1e6
            print(f"| {label} | " + " | ".join(f"{each:.1f}" for each in best) + f" | {size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
