"""How fast a training step is, against a plain PyTorch loop of the same networks and against the machine's own peak.

    python benchmarks/step_time.py            # the guide's networks, DCGAN at 64 pixels, the small ones of the ring
    python benchmarks/step_time.py guide      # one of them
    python benchmarks/step_time.py --cures    # a step with each penalty, stabilizer and layer, against one without it

Plain and ganlab's steps alternate in one process, so that a change of the machine's speed affects both; the figures
are ratios of medians. ganlab's step includes all watching: history columns and flushes in each step, and its share of a
snapshot, which is timed separately and divided by `snapshot_every`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.utils.flop_counter import FlopCounterMode

from ganlab.config.experiment import Experiment
from ganlab.config.load import load_experiment
from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS
from ganlab.data import load
from ganlab.errors import ConfigError
from ganlab.runs.directory import create_run
from ganlab.runs.status import RunStatus
from ganlab.training.process import process_settings
from ganlab.training.step import train_step
from ganlab.training.watch import Watch
from ganlab.training.workbench import Workbench, build_workbench

CPU = torch.device("cpu")


def guide_networks() -> tuple[nn.Module, nn.Module]:
    """The guide's networks, written with PyTorch's own layers."""
    generator = nn.Sequential(
        nn.Linear(50, 128 * 7 * 7),
        nn.LeakyReLU(0.2),
        nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 128, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(128, 128, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(128, 1, 7, 1, 3),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 64, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 64, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 1),
        nn.Flatten(0),
    )
    return generator, discriminator


def dcgan_64_networks() -> tuple[nn.Module, nn.Module]:
    """DCGAN at 64 pixels and width 64, written with PyTorch's own layers."""
    widths = [1024 // 2, 256, 128, 64]
    up: list[nn.Module] = [nn.Unflatten(1, (100, 1, 1)), nn.ConvTranspose2d(100, 512, 4, bias=False)]
    for inputs, outputs in zip(widths, [256, 128, 64], strict=False):
        up += [nn.BatchNorm2d(inputs), nn.ReLU(), nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)]
    up += [nn.BatchNorm2d(64), nn.ReLU(), nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh()]
    down: list[nn.Module] = [nn.Conv2d(1, 64, 4, 2, 1), nn.LeakyReLU(0.2)]
    for inputs, outputs in ((64, 128), (128, 256), (256, 512)):
        down += [nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)]
    down += [nn.Conv2d(512, 1, 4), nn.Flatten(0)]
    return nn.Sequential(*up), nn.Sequential(*down)


def ring_networks() -> tuple[nn.Module, nn.Module]:
    """The ring's small networks, written with PyTorch's own layers."""
    generator = nn.Sequential(nn.Linear(100, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))
    discriminator = nn.Sequential(
        nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1), nn.Flatten(0)
    )
    return generator, discriminator


NETWORKS = {"guide_stable": guide_networks, "dcgan_64": dcgan_64_networks, "ring": ring_networks}
NAMES = {"guide": "guide_stable", "dcgan_64": "dcgan_64", "ring": "ring"}

IN_A_ROW = {"ring": 100}
"""Steps that are timed together: a short step alone is lost in the clock's noise."""


def plain_step(experiment: Experiment, frozen: bool) -> Callable[[Tensor], None]:
    """The step as people write it: contiguous layout, D's gradients computed in G's step, Adam as it comes.

    Args:
        experiment: for the batch sizes and whether D is updated on reals and fakes separately.
        frozen: leave out what need not be computed (D's gradients in G's step, G's graph in D's): the floor.
    """
    generator, discriminator = NETWORKS[experiment.name]()
    opt_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    batch, count, latent = experiment.training.batch_size, experiment.training.generator_batch, experiment.latent.dim

    def step(real: Tensor) -> None:
        with torch.set_grad_enabled(not frozen):
            fake = generator(torch.randn(batch, latent)).detach()
        halves = ((real, torch.ones(batch)), (fake, torch.zeros(batch)))
        if experiment.training.discriminator_batches == "separate":
            for samples, target in halves:
                opt_d.zero_grad()
                bce(discriminator(samples), target).backward()
                opt_d.step()
        else:
            opt_d.zero_grad()
            torch.stack([bce(discriminator(samples), target) for samples, target in halves]).sum().backward()
            opt_d.step()
        discriminator.requires_grad_(not frozen)
        opt_g.zero_grad()
        bce(discriminator(generator(torch.randn(count, latent))), torch.ones(count)).backward()
        opt_g.step()
        discriminator.requires_grad_(True)

    return step


def watched_step(bench: Workbench, watch: Watch) -> None:
    """One step of ganlab's loop, its row of history included."""
    watch.record(train_step(bench.state, bench.game, bench.feed))


def seconds(action: Callable[[], object], times: int = 1, clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the seconds per call by a clock, over a few calls in a row."""
    start = clock()
    for _ in range(times):
        action()
    return (clock() - start) / times


def matmul_peak() -> float:
    """Return the FLOP/s of a large float32 matrix product, the best of several."""
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    return 2 * 2048**3 / min(seconds(lambda: a @ b, 3) for _ in range(5))


def measure(name: str, rounds: int) -> None:
    """Alternate plain and ganlab's steps and print the ratios."""
    experiment = load_experiment(name)
    with process_settings(CPU, experiment.training, threads=None):
        alternate(experiment, name, rounds)


def alternate(experiment: Experiment, name: str, rounds: int) -> None:
    """Alternate the two in a process that is set up as for a run."""
    data = load(experiment.data, experiment.training.batch_size)
    bench = build_workbench(experiment, data, CPU)
    plain = plain_step(experiment, frozen=False)
    with tempfile.TemporaryDirectory() as folder:
        run = create_run(Path(folder), experiment)
        watch = Watch(bench, data, run, RunStatus(status="running", steps=experiment.training.steps))
        real = bench.feed.batch(0).values.contiguous()
        plain(real)
        watched_step(bench, watch)
        times: dict[str, list[float]] = {"plain": [], "ganlab": [], "snapshot": [], "peak": []}
        steps = IN_A_ROW.get(name, 2)
        for _ in range(rounds):
            times["plain"].append(seconds(lambda: plain(real), steps))
            times["ganlab"].append(seconds(lambda: watched_step(bench, watch), steps))
            times["snapshot"].append(seconds(watch.look))
            times["peak"].append(matmul_peak())
    with FlopCounterMode(display=False) as counter:
        plain_step(experiment, frozen=True)(real)
    flop = counter.get_total_flops()
    medians = {key: statistics.median(values) for key, values in times.items()}
    ours = medians["ganlab"] + medians["snapshot"] / experiment.monitor.snapshot_every
    floor = flop / medians["peak"]
    print(
        f"{name}: {medians['plain'] / ours:.2f} times as fast as the plain loop, all watching on "
        f"({medians['plain'] / medians['ganlab']:.2f} without snapshots); "
        f"{100 * floor / ours:.0f} % of the matrix-multiply peak ({medians['peak'] / 1e9:.0f} GFLOP/s; "
        f"{flop / 1e9:.0f} GFLOP a step at least), plain {100 * floor / medians['plain']:.0f} %; "
        f"ms a step: floor {1e3 * floor:.3g}, ganlab {1e3 * ours:.3g}, plain {1e3 * medians['plain']:.3g}; "
        f"threads {torch.get_num_threads()}"
    )


CURED = {"points": ("ring", 50, ()), "images": ("dcgan_mnist", 1, ("discriminator.norm=none", "generator.width=16"))}
"""What cures are timed on: a shipped experiment, steps that are timed together, and overrides that more cures fit."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "r1, every: 16": ("penalties=[{name: r1, every: 16}]",),
    "relativistic, r1 and r2": ("loss=relativistic", "penalties=[{name: r1}, {name: r2}]"),
    "minibatch: stddev": ("discriminator.minibatch=stddev",),
    "minibatch: discrimination": ("discriminator.minibatch=discrimination",),
    "dropout: 0.3": ("discriminator.dropout=0.3",),
    "spectral norm": ("discriminator.norm=spectral",),
}
"""Cures that are no part with its default options."""


def cures() -> dict[str, tuple[str, ...]]:
    """Return the overrides of every cure, by name."""
    parts = {name: (f"penalties=[{{name: {name}}}]",) for name in PENALTIES}
    parts |= {name: (f"stabilizers=[{{name: {name}}}]",) for name in STABILIZERS}
    return {**parts, **SETTINGS}


def measure_cures(kind: str, rounds: int) -> None:
    """Take turns between a step without any cure and with each, and print the ratios of the medians.

    What is counted is processor time, on one thread: other load hardly changes it.
    """
    base, in_a_row, plainly = CURED[kind]
    benches: dict[str, Workbench] = {}
    for name, overrides in {"none": (), **cures()}.items():
        try:
            experiment = load_experiment(base, [*plainly, *overrides])
        except ConfigError as error:
            print(f"{kind}: {name} is refused: {str(error).splitlines()[0]}")
            continue
        data = load(experiment.data, experiment.training.batch_size)
        benches[name] = build_workbench(experiment, data, CPU)
    times: dict[str, list[float]] = {name: [] for name in benches}
    with process_settings(CPU, load_experiment(base).training, threads=1):
        for turn in range(rounds + 1):
            for name, bench in benches.items():
                step = partial(train_step, bench.state, bench.game, bench.feed)
                took = seconds(step, in_a_row, time.process_time)
                times[name] += [took] if turn else []  # the first one warms up
    medians = {name: statistics.median(each) for name, each in times.items()}
    print(f"{kind} ({base}): a step without any takes {1e3 * medians['none']:.3g} ms on one thread; times as long:")
    for name, median in medians.items():
        print(f"  {name:28} {median / medians['none']:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cures"]:
        for kind in sys.argv[2:] or CURED:
            measure_cures(kind, rounds=15)
    else:
        for wanted in sys.argv[1:] or NAMES:
            measure(NAMES[wanted], rounds=5 if wanted not in IN_A_ROW else 20)
