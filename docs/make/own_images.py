"""What docs/own_images.md shows: what a folder of own pictures costs, and runs on emoji.

    python -m docs.make.own_images cost             seconds a step by size and width, and to prepare the pictures once
    python -m docs.make.own_images emoji FOLDER     runs on the emoji that `python -m truth.features data` asks for

`cost` takes the networks of `configs/folder.yaml` at several sizes and widths, and MNIST's digits in random colours,
which are as much work as any other pictures. On a CPU, the seconds are of processor time on one thread, so that other
programs change them little; on a CUDA device they are of the clock.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image

import ganlab
from ganlab.config.data import FolderOptions, MnistOptions
from ganlab.config.load import load_experiment
from ganlab.data import load
from ganlab.data.folder import survey
from ganlab.evaluation.features import features_for
from ganlab.runs.snapshots import read_snapshots
from ganlab.training.process import process_settings
from ganlab.training.step import train_step
from ganlab.training.workbench import build_workbench
from truth.bench_data import emoji_files

SIZES = ((32, 16), (32, 32), (64, 16), (64, 32), (64, 64))
"""Side of the images and width of both networks."""

RUNS: dict[str, list[str]] = {
    "as shipped": [],
    "as in the paper of DCGAN": [
        "generator.width=32", "discriminator.width=32", "discriminator.norm=batch", "loss=non_saturating",
        "penalties=[]", "optimizer.lr=2e-4", "optimizer.betas=[0.5, 0.999]", "training.batch_size=64",
        "training.steps=1000", "monitor.snapshot_every=250",
    ],
}  # fmt: skip
"""Runs on emoji, and what each changes in `configs/folder.yaml`."""
PICTURES = 3000
STEPS = 5


def coloured_digits(root: Path, count: int) -> None:
    """Write digits of 64 x 64 pixels in random colours on black, ten classes."""
    digits = load(MnistOptions(image_size=64), 1).train
    colours = 0.4 + 0.6 * torch.rand(count, 1, 1, 3, generator=torch.Generator().manual_seed(0))
    pictures = (digits.values[:count, 0, :, :, None] * colours).to(torch.uint8).numpy()
    root.mkdir(parents=True, exist_ok=True)
    for number, (label, pixels) in enumerate(zip(digits.labels.tolist(), pictures, strict=False)):
        (root / str(label)).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(root / str(label) / f"{number}.png")


def measure(root: Path, side: int, width: int, device: torch.device) -> float:
    """Return the seconds of a step, the median of a few after the first."""
    sizes = [f"{player}.width={width}" for player in ("generator", "discriminator")]
    experiment = load_experiment("folder", [f"data.path={root}", f"data.image_size={side}", *sizes])
    on_cpu = device.type == "cpu"
    with process_settings(device, experiment.training, threads=1 if on_cpu else None):
        bench = build_workbench(experiment, load(experiment.data, experiment.training.batch_size), device)
        clock = time.process_time if on_cpu else time.perf_counter
        seconds = []
        for _ in range(STEPS + 1):
            start = clock()
            train_step(bench.state, bench.game, bench.feed)
            if not on_cpu:
                torch.cuda.synchronize()
            seconds.append(clock() - start)
    return statistics.median(seconds[1:])


def cost() -> None:
    """Print how long steps and preparation take."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"on {torch.cuda.get_device_name() if device.type == 'cuda' else 'a CPU, one thread'}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GANLAB_CACHE"] = str(Path(folder) / "cache")
        root = Path(folder) / "pictures"
        coloured_digits(root, PICTURES)
        torch.set_num_threads(1)
        for side in (32, 64):
            options = load_experiment("folder", [f"data.path={root}", f"data.image_size={side}"]).data
            start = time.process_time()
            data = load(options, 1)
            read = time.process_time()
            features_for(options, data)
            fitted = time.process_time() - read
            print(f"{PICTURES} pictures of {side} px: read {read - start:.1f} s, features {fitted:.1f} s", flush=True)
        for side, width in SIZES:
            print(f"{side} px, width {width}: {1000 * measure(root, side, width, device):.0f} ms a step", flush=True)


def emoji(folder: Path) -> None:
    """Train on emoji, a folder for each category, and print what the snapshots of each run say, and the verdict."""
    root = folder / "emoji"
    for path, entry in emoji_files(Path("bench")):
        (root / entry["category"]).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / entry["category"])
    options = FolderOptions(name="folder", path=str(root), image_size=32)
    print(survey(options).words(options.domain))
    for name, changes in RUNS.items():
        run = ganlab.train("folder", overrides=[f"data.path={root}", *changes], runs_dir=folder / "runs")
        rows = read_snapshots(run.directory.snapshots)
        print(f"{name}: {run.verdict}", f"FID of reals: {rows[-1]['fid_real']:.1f}", "", sep="\n")
        print("| step | pass the garbage test | FID | recall | coverage | variety |", "|" + " --- |" * 6, sep="\n")
        for row in rows:
            shares = f"{row['recall']:.2f} | {row['coverage']:.2f} | {row.relative_vendi():.0%}"
            print(f"| {row['step']:,} | {row['good']:.0%} | {row['fid']:.1f} | {shares} |")


if __name__ == "__main__":
    if sys.argv[1] == "cost":
        cost()
    else:
        emoji(Path(sys.argv[2]))
