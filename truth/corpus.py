"""The runs that verdicts are measured on: small GANs, some healthy, some with an induced failure.

    python -m truth.corpus check              validate every configuration
    python -m truth.corpus train [MINUTES]    train the missing runs, one at a time
    python -m truth.corpus label              judge every run's final samples (see labels.py)

All three take `--into FOLDER` (default: corpora/own), which holds runs, index.json, labels.json and labels.csv.
Training continues where it stopped: index.json says which configuration and seed a run folder belongs to. Seed 0 of
every configuration comes before seed 1, and points alternate with images, so that an incomplete corpus is still
balanced.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ganlab.api import train
from ganlab.config.load import experiment_from_mapping
from ganlab.runs.files import read_json, write_json
from truth.labels import judge

SEEDS = (0, 1, 2)
SNAPSHOTS = 12


@dataclass(frozen=True)
class Configuration:
    """One experiment of the corpus.

    Attributes:
        name: unique; also the experiment's name. Its hash decides which half of the split it belongs to.
        family: what was intended: `healthy`, `short`, or the fault that was induced. It is not a label.
        mapping: the experiment.
    """

    name: str
    family: str
    mapping: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """`images` or `points`."""
        return "points" if self.mapping["data"]["name"] in ("ring", "grid") else "images"


def adam(lr: float, beta1: float = 0.5, beta2: float = 0.999) -> dict[str, Any]:
    return {"name": "adam", "lr": lr, "betas": [beta1, beta2]}


def network(name: str, width: int, **options: Any) -> dict[str, Any]:
    return {"name": name, "width": width, **options}


def _experiment(
    name: str,
    data: Mapping[str, Any],
    networks: tuple[Mapping[str, Any], Mapping[str, Any]],
    optimizers: tuple[Mapping[str, Any], Mapping[str, Any]],
    steps: int,
    batch: int,
    init: str,
    loss: str,
    latent: Mapping[str, Any],
    penalties: tuple[Mapping[str, Any], ...],
    stabilizers: tuple[Mapping[str, Any], ...],
    training: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "name": name,
        "data": dict(data),
        "latent": dict(latent),
        "generator": dict(networks[0]),
        "discriminator": dict(networks[1]),
        "weight_init": {"name": init},
        "loss": loss,
        "penalties": [dict(p) for p in penalties],
        "stabilizers": [dict(s) for s in stabilizers],
        "optimizer": {"generator": dict(optimizers[0]), "discriminator": dict(optimizers[1])},
        "training": {"steps": steps, "batch_size": batch, "device": "cpu", **training},
        "monitor": {
            "snapshot_every": max(1, steps // SNAPSHOTS),
            "snapshot_samples": 1000,
            "keep_samples": True,
            "checkpoint_every": steps,
        },
    }


def image(
    name: str,
    family: str,
    *,
    digits: tuple[int, ...] = (),
    nets: str = "dcgan",
    width: int = 16,
    d_width: int | None = None,
    g: Mapping[str, Any] | None = None,
    d: Mapping[str, Any] | None = None,
    opt_g: Mapping[str, Any] | None = None,
    opt_d: Mapping[str, Any] | None = None,
    steps: int = 800,
    batch: int = 32,
    init: str = "normal",
    loss: str = "non_saturating",
    latent: Mapping[str, Any] | None = None,
    fraction: float = 1.0,
    penalties: tuple[Mapping[str, Any], ...] = (),
    stabilizers: tuple[Mapping[str, Any], ...] = (),
    **training: Any,
) -> Configuration:
    """A run on MNIST; by default a DCGAN of width 16 that works. `opt_d` defaults to `opt_g`."""
    opt_g = opt_g or adam(5e-4)
    data: dict[str, Any] = {"name": "mnist", "fraction": fraction}
    if digits:
        data["classes"] = list(digits)
    networks = (network(nets, width, **(g or {})), network(nets, d_width or width, **(d or {})))
    mapping = _experiment(
        name, data, networks, (opt_g, opt_d or opt_g), steps, batch, init, loss, latent or {"dim": 32}, penalties,
        stabilizers, training,
    )  # fmt: skip
    return Configuration(name, family, mapping)


def points(
    name: str,
    family: str,
    *,
    data: Mapping[str, Any] | None = None,
    width: int = 128,
    d_width: int | None = None,
    g: Mapping[str, Any] | None = None,
    d: Mapping[str, Any] | None = None,
    opt_g: Mapping[str, Any] | None = None,
    opt_d: Mapping[str, Any] | None = None,
    steps: int = 1500,
    batch: int = 64,
    loss: str = "non_saturating",
    latent: Mapping[str, Any] | None = None,
    penalties: tuple[Mapping[str, Any], ...] = (),
    stabilizers: tuple[Mapping[str, Any], ...] = (),
    **training: Any,
) -> Configuration:
    """A run on points; by default two networks of 2 x 128 units on a ring of 8 Gaussians."""
    opt_g = opt_g or adam(1e-3)
    networks = (
        network("mlp", width, **{"depth": 2, **(g or {})}),
        network("mlp", d_width or width, **{"depth": 2, **(d or {})}),
    )
    mapping = _experiment(
        name, data or RING, networks, (opt_g, opt_d or opt_g), steps, batch, "xavier", loss, latent or {"dim": 2},
        penalties, stabilizers, training,
    )  # fmt: skip
    return Configuration(name, family, mapping)


RING = {"name": "ring", "std": 0.05}
NARROW_RING = {"name": "ring", "std": 0.02}
BROAD_RING = {"name": "ring", "std": 0.1}
WIDE_RING = {"name": "ring", "radius": 2.0, "std": 0.05}
GRID = {"name": "grid", "std": 0.15}


def r1(weight: float) -> tuple[dict[str, Any], ...]:
    return ({"name": "r1", "weight": weight},)


def gradient_penalty(weight: float) -> tuple[dict[str, Any], ...]:
    return ({"name": "wgan_gp", "weight": weight},)


def clipping(limit: float) -> tuple[dict[str, Any], ...]:
    return ({"name": "weight_clipping", "limit": limit},)


BN, PLAIN = {"norm": "batch"}, {"norm": "none"}
MLP_G: dict[str, Any] = {"depth": 2, "norm": "batch"}
MLP_D = {"depth": 2}
MLP: dict[str, Any] = {"nets": "mlp", "width": 256, "g": MLP_G, "d": MLP_D, "init": "xavier", "batch": 64}
EIGHT: dict[str, Any] = {
    "nets": "guide",
    "digits": (8,),
    "latent": {"dim": 50},
    "discriminator_batches": "separate",
    "width": 8,
}
RELU = {"activation": "relu"}

IMAGES = [
    # what should work
    image("img_dcgan", "healthy", steps=1200),
    image("img_dcgan_3_8", "healthy", digits=(3, 8)),
    image("img_guide_8", "healthy", **{**EIGHT, "width": 16}, steps=800),
    image("img_mlp", "healthy", **MLP, steps=2000),
    image("img_hinge_r1", "healthy", loss="hinge", d=PLAIN, penalties=r1(1.0), opt_g=adam(1e-3, 0.0, 0.99), steps=700),
    image("img_dcgan_0_1", "healthy", digits=(0, 1)),
    image("img_least_squares", "healthy", loss="least_squares", steps=1000),
    image("img_dcgan_8", "healthy", digits=(8,), opt_g=adam(2e-4)),
    image("img_wgan_gp", "healthy", loss="wasserstein", d=PLAIN, penalties=gradient_penalty(10.0), steps=450,
          opt_g=adam(1e-3, 0.0, 0.9), discriminator_steps=2),
    image("img_dcgan_2e-4", "healthy", opt_g=adam(2e-4), steps=1200),
    image("img_spectral", "healthy", loss="hinge", d={"norm": "spectral"}, opt_g=adam(5e-4, 0.0), steps=900),
    image("img_dcgan_long", "healthy", steps=1800),
    image("img_mlp_4_9", "healthy", **MLP, digits=(4, 9), steps=1500),
    # cut short, or slow
    image("img_short_120", "short", steps=120),
    image("img_guide_short_96", "short", **EIGHT, steps=96),
    image("img_mlp_short_150", "short", **MLP, steps=144),
    image("img_slow_3e-5", "short", opt_g=adam(3e-5), steps=400),
    # small latents
    image("img_latent_1", "small_latent", latent={"dim": 1}, steps=700),
    image("img_latent_2", "small_latent", latent={"dim": 2}, steps=700),
    image("img_guide_8_latent_1", "small_latent", **{**EIGHT, "latent": {"dim": 1}}, steps=600),
    image("img_mlp_latent_1_uniform", "small_latent", **MLP, latent={"dim": 1, "distribution": "uniform"}, steps=1200),
    # learning rates
    image("img_guide_8_1e-3_beta_09", "high_lr", **EIGHT, opt_g=adam(1e-3, 0.9), steps=400),
    image("img_dcgan_1e-3_beta_09", "high_lr", opt_g=adam(1e-3, 0.9), steps=600),
    image("img_lr_1e-2", "high_lr", opt_g=adam(1e-2), steps=400),
    image("img_plain_lr_5e-3", "high_lr", g=PLAIN, d=PLAIN, opt_g=adam(5e-3), steps=400),
    image("img_mlp_lr_3e-3_beta_09", "high_lr", **MLP, opt_g=adam(3e-3, 0.9), steps=800),
    image("img_g_lr_2e-2", "high_g_lr", opt_g=adam(2e-2), opt_d=adam(2e-4), steps=400),
    # the label leaks through batch statistics
    image("img_mixed_batch_norm", "batch_norm_leak", **{**EIGHT, "discriminator_batches": "mixed"}, d=BN, steps=300),
    image("img_mixed_plain", "leak_control", **{**EIGHT, "discriminator_batches": "mixed"}, steps=500),
    image("img_separate_batch_norm", "leak_control", **EIGHT, d=BN, steps=400),
    image("img_dcgan_mixed_batch_norm", "batch_norm_leak", discriminator_batches="mixed", steps=300),
    image("img_mlp_mixed_batch_norm", "batch_norm_leak", **{**MLP, "d": {"depth": 2, "norm": "batch"}}, steps=500,
          discriminator_batches="mixed"),
    # capacity
    image("img_g_width_1", "small_g", width=1, d_width=16, steps=500),
    image("img_d_width_1", "small_d", width=16, d_width=1, steps=600),
    image("img_kernel_1", "kernel", g={"kernel_size": 1}, d={"kernel_size": 1}, steps=500),
    image("img_kernel_2", "kernel", g={"kernel_size": 2}, d={"kernel_size": 2}, steps=600),
    image("img_g_one_filter_guide", "small_g", **{**EIGHT, "width": 1}, d_width=16, steps=400),
    # few training images
    image("img_100_images", "few_images", fraction=0.00167, steps=1000),
    image("img_64_images_mlp", "few_images", **{**MLP, "batch": 32}, fraction=0.00107, steps=1600),
    image("img_100_eights", "few_images", **{**EIGHT, "width": 16}, fraction=0.0172, steps=500),
    # who dominates
    image("img_minimax_d_5", "strong_d", loss="minimax", discriminator_steps=5, d=PLAIN, opt_g=adam(2e-4),
          opt_d=adam(1e-3), steps=200),
    image("img_minimax_mlp_d_5", "strong_d", **MLP, loss="minimax", discriminator_steps=5, opt_g=adam(1e-4),
          opt_d=adam(1e-3), steps=400),
    image("img_weak_d_1e-6", "weak_d", opt_d=adam(1e-6), steps=400),
    image("img_mlp_g_10_steps", "weak_d", **MLP, generator_steps=10, opt_d=adam(1e-5), steps=200),
    image("img_g_frozen", "strong_d", opt_g=adam(1e-7), opt_d=adam(5e-4), steps=300),
    image("img_wgan_unbounded", "unbounded", loss="wasserstein", d=PLAIN, opt_g=adam(1e-3), steps=400),
    image("img_wgan_clipped", "clipped", loss="wasserstein", d=PLAIN, stabilizers=clipping(0.02), steps=350,
          opt_g={"name": "rmsprop", "lr": 5e-4}, discriminator_steps=2),
    image("img_sgd_1", "high_lr", **MLP, opt_g={"name": "sgd", "lr": 1.0, "momentum": 0.9}, steps=400),
]  # fmt: skip

SATURATING: dict[str, Any] = {
    "data": WIDE_RING,
    "g": RELU,
    "d": RELU,
    "loss": "minimax",
    "opt_g": adam(5e-4),
    "latent": {"dim": 100},
}
DUALITY: dict[str, Any] = {"data": WIDE_RING, "g": RELU, "d": RELU, "latent": {"dim": 100}}

POINTS = [
    # what should work
    points("ring_r1", "healthy", penalties=r1(0.1)),
    points("ring_gp", "healthy", loss="wasserstein", penalties=gradient_penalty(1.0), opt_g=adam(1e-3, 0.0, 0.9),
           discriminator_steps=2, steps=1000),
    points("ring_r1_beta_0", "healthy", penalties=r1(0.3), opt_g=adam(2e-3, 0.0, 0.99)),
    points("ring_narrow_r1", "healthy", data=NARROW_RING, penalties=r1(0.1), steps=2400),
    points("ring_hinge_r1", "healthy", loss="hinge", penalties=r1(0.1)),
    points("ring_least_squares_r1", "healthy", loss="least_squares", penalties=r1(0.03)),
    points("grid_r1", "healthy", data=GRID, penalties=r1(0.1), opt_g=adam(2e-3, 0.0, 0.99), steps=2000),
    points("ring_wide_net", "healthy", width=256),
    points("ring_noise", "healthy", stabilizers=({"name": "instance_noise", "std": 0.2, "until": 1200},)),
    points("ring_r1_latent_16", "healthy", latent={"dim": 16}, penalties=r1(0.1), d_width=256, steps=1800),
    points("ring_four_r1", "healthy", data={"name": "ring", "modes": 4, "std": 0.1}, penalties=r1(0.1), width=64),
    points("grid_3_r1", "healthy", data={"name": "grid", "side": 3, "std": 0.2}, penalties=r1(0.1), width=64,
           opt_g=adam(2e-3, 0.0, 0.99)),
    # cut short, or slow
    points("ring_short_60", "short", penalties=r1(0.1), steps=60),
    points("ring_short_150", "short", penalties=r1(0.3), opt_g=adam(2e-3, 0.0, 0.99), steps=156),
    points("grid_short_240", "short", data=GRID, penalties=r1(0.1), opt_g=adam(2e-3, 0.0, 0.99), steps=240),
    points("ring_slow_2e-5", "short", penalties=r1(0.1), opt_g=adam(2e-5), steps=1200),
    # the duality-gap study's induced failures
    points("ring_saturating_1_1", "duality", **SATURATING),
    points("ring_saturating_15_1", "strong_d", **SATURATING, discriminator_steps=15, steps=300),
    points("ring_saturating_1_15", "strong_g", **SATURATING, generator_steps=15, steps=300),
    points("ring_ns_3_2", "duality", **DUALITY, discriminator_steps=3, generator_steps=2, steps=600),
    points("ring_ns_1e-4_5_7", "duality", **DUALITY, opt_g=adam(1e-4), discriminator_steps=5, generator_steps=7,
           steps=300),
    points("ring_ns_1_10", "strong_g", **DUALITY, generator_steps=10, steps=350),
    # cycling: the demo of unrolled GANs
    points("ring_unrolled_demo", "cycling", data=NARROW_RING, latent={"dim": 256}, g={"activation": "tanh"},
           d={"activation": "tanh"}, opt_g=adam(1e-3), opt_d=adam(1e-4), steps=2000),
    points("ring_plain", "collapse", data=NARROW_RING, g=RELU, d=RELU, latent={"dim": 100}),
    points("grid_plain", "collapse", data=GRID, g=RELU, d=RELU, latent={"dim": 100}),
    points("ring_g_fast", "collapse", opt_g=adam(5e-3), opt_d=adam(2e-4)),
    points("ring_latent_1", "small_latent", latent={"dim": 1}, penalties=r1(0.1)),
    points("grid_latent_1", "small_latent", data=GRID, latent={"dim": 1}, opt_g=adam(2e-3, 0.0, 0.99)),
    # learning rates
    points("ring_lr_1e-1", "high_lr", opt_g=adam(1e-1), steps=800),
    points("ring_lr_1e-2_beta_09", "high_lr", opt_g=adam(1e-2, 0.9), steps=900),
    points("ring_sgd_10", "high_lr", opt_g={"name": "sgd", "lr": 10.0, "momentum": 0.9}, steps=800),
    points("ring_wgan_unbounded", "unbounded", loss="wasserstein", opt_g=adam(5e-3), steps=900),
    points("grid_wgan_unbounded_sgd", "unbounded", data=GRID, loss="wasserstein", opt_g={"name": "sgd", "lr": 0.1},
           steps=800),
    # who dominates
    points("ring_g_frozen", "strong_d", opt_g=adam(1e-7), opt_d=adam(1e-3), steps=700),
    points("ring_d_frozen", "weak_d", opt_g=adam(1e-3), opt_d=adam(1e-7), steps=700),
    points("grid_minimax_d_10", "strong_d", data=GRID, loss="minimax", discriminator_steps=10, opt_g=adam(1e-4),
           opt_d=adam(1e-3), steps=300),
    # capacity, clipping
    points("ring_g_width_2", "small_g", width=2, d_width=128, g={"depth": 1}),
    points("ring_d_width_2", "small_d", width=128, d_width=2, d={"depth": 1}),
    points("ring_clipped", "clipped", loss="wasserstein", stabilizers=clipping(0.05), discriminator_steps=3,
           opt_g={"name": "rmsprop", "lr": 5e-4}, steps=700),
    points("ring_least_squares", "collapse", data=NARROW_RING, loss="least_squares"),
    # few training points
    points("ring_80_points", "few_points", data={**RING, "fraction": 0.00085}, width=256, steps=1500),
    points("grid_200_points_r1", "few_points", data={**GRID, "fraction": 0.0022}, penalties=r1(0.1),
           opt_g=adam(2e-3, 0.0, 0.99)),
]  # fmt: skip

# Added after seed 0 of the others had shown that few runs drop modes or repeat training images. The first two lists had
# already been split, so these are split among themselves: no configuration changed halves.
ADDED = [
    image("img_mlp_duality", "collapse", **{**MLP, "g": {"depth": 5}, "d": {"depth": 4}}, opt_g=adam(1e-4),
          opt_d=adam(5e-4), steps=900),
    image("img_latent_1_3_8", "small_latent", digits=(3, 8), latent={"dim": 1}, steps=500),
    image("img_50_threes_mlp", "few_images", **{**MLP, "batch": 32}, digits=(3,), fraction=0.0082, steps=1800),
    image("img_dcgan_g_3_steps", "collapse", generator_steps=3, opt_g=adam(1e-3), opt_d=adam(3e-4), steps=400),
    image("img_mlp_plain", "collapse", **{**MLP, "g": {"depth": 3}, "d": {"depth": 3}}, steps=1000),
    image("img_40_images_mlp", "few_images", **{**MLP, "batch": 32}, digits=(0, 7), fraction=0.0033, steps=1800,
          opt_g=adam(1e-3)),
    image("img_plain_g_fast", "collapse", g=PLAIN, d=PLAIN, opt_g=adam(2e-3), opt_d=adam(5e-4), steps=500),
    image("img_dcgan_7", "healthy", digits=(7,), steps=600),
    points("ring_broad_small_d", "collapse", data=BROAD_RING, d_width=8, opt_g=adam(2e-3), steps=1000),
    points("ring_broad_beta_09", "collapse", data=BROAD_RING, g=RELU, d=RELU, opt_g=adam(2e-3, 0.9), steps=1000),
    points("ring_broad_g_3_steps", "collapse", data=BROAD_RING, generator_steps=3, steps=600),
    points("grid_g_width_6", "small_g", data=GRID, width=6, d_width=128, penalties=r1(0.1),
           opt_g=adam(2e-3, 0.0, 0.99), steps=1000),
    points("ring_broad_latent_100", "collapse", data=BROAD_RING, g=RELU, d=RELU, latent={"dim": 100}, steps=1200),
    points("ring_broad_hinge", "collapse", data=BROAD_RING, loss="hinge", opt_g=adam(2e-3), steps=1000),
    points("ring_broad_g_width_4", "small_g", data=BROAD_RING, width=4, d_width=64, penalties=r1(0.1), steps=1000),
    points("ring_broad_batch_8", "collapse", data=BROAD_RING, batch=8, opt_g=adam(2e-3, 0.9), steps=1200),
]  # fmt: skip

CONFIGURATIONS = {configuration.name: configuration for configuration in [*IMAGES, *POINTS, *ADDED]}


SEEN = (
    "img_40_images_mlp",
    "img_dcgan",
    "img_dcgan_long",
    "img_guide_8",
    "img_guide_8_latent_1",
    "img_latent_1",
    "img_mlp",
    "img_spectral",
    "img_wgan_gp",
    "ring_broad_beta_09",
)
"""Configurations whose labels were looked at during tuning, when changes of the list could still change the split."""


def order() -> list[tuple[Configuration, int]]:
    """Return every configuration and seed in the order of training: points and images alternate."""
    pairs = []
    for seed in SEEDS:
        for turn in zip_longest(POINTS, IMAGES, ADDED):
            pairs += [(configuration, seed) for configuration in turn if configuration]
    return pairs


def key(configuration: Configuration, seed: int) -> str:
    """Return the name of a run in index.json."""
    return f"{configuration.name}/{seed}"


def check() -> None:
    """Raise ConfigError if a configuration is invalid."""
    for configuration in CONFIGURATIONS.values():
        experiment_from_mapping(configuration.mapping, ())
    print(f"{len(CONFIGURATIONS)} configurations: all valid")


def train_all(folder: Path, minutes: float) -> None:
    """Train what index.json does not list yet until the time is up; the last run is finished."""
    train_missing(((key(each, seed), each.mapping, seed) for each, seed in order()), folder, "index.json", minutes)


def train_missing(
    runs: Iterable[tuple[str, Mapping[str, Any], int]],
    folder: Path,
    index: str,
    minutes: float,
    then: Callable[[], None] | None = None,
) -> None:
    """Train what an index does not list yet until the time is up; the last run is finished.

    Args:
        runs: name, experiment and seed of each, in the order of training.
        folder: of the corpus; the runs are in `runs`.
        index: the file there that says which run directory each name belongs to.
        minutes: from now on.
        then: is called after each run.
    """
    deadline, file = time.monotonic() + 60 * minutes, folder / index
    for name, mapping, seed in runs:
        trained = read_json(file) if file.is_file() else {}
        if name in trained:
            continue
        if time.monotonic() > deadline:
            return
        started = time.monotonic(), time.process_time()
        run = train(mapping, [f"seed={seed}"], runs_dir=folder / "runs")
        write_json(file, {**trained, name: run.path.name})
        if then is not None:
            then()
        spent = time.monotonic() - started[0], time.process_time() - started[1]
        print(f"{name}: {run.status['status']}, {spent[0]:.0f} s, {spent[1]:.0f} s of CPU", flush=True)


def split(strata: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return `tune` or `test` for each configuration: halves of every stratum, in the order of the names' SHA-256.

    Configurations in SEEN always belong to `tune`.
    """
    halves: dict[str, str] = {}
    groups = sorted(set(strata.values()))
    for group in groups:
        names = sorted((n for n, s in strata.items() if s == group), key=_hash)
        first = _hash("/".join(group))[0] in "01234567"
        halves.update({n: "test" if (index % 2 == 0) == first else "tune" for index, n in enumerate(names)})
    return halves | dict.fromkeys(SEEN, "tune")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def halves() -> dict[str, str]:
    """Return `tune` or `test` for each configuration; those added later do not move the first ones."""
    found = split({c.name: (c.kind, c.family) for c in [*IMAGES, *POINTS]})
    return found | split({c.name: ("added", c.kind, c.family) for c in ADDED})


def label_all(folder: Path) -> None:
    """Label every run of index.json that labels.json does not have, and write labels.json and labels.csv."""
    index: dict[str, str] = json.loads((folder / "index.json").read_text())
    labels = folder / "labels.json"
    rows: list[dict[str, Any]] = json.loads(labels.read_text()) if labels.is_file() else []
    half = halves()
    for name, run in index.items():
        if any(row["run"] == run for row in rows):
            continue
        configuration, seed = CONFIGURATIONS[name.split("/")[0]], int(name.split("/")[1])
        truth = judge(folder / "runs" / run)
        known = {"configuration": configuration.name, "seed": seed, "run": run, "kind": configuration.kind}
        rows.append({**known, "family": configuration.family, "split": half[configuration.name], **asdict(truth)})
        print(f"{name}: {truth.label} {truth.mechanism}", flush=True)
    labels.write_text(json.dumps(rows, indent=1))
    columns = [key for key in rows[0] if key != "statistics"]
    shown = ("passing", "spread", "lost_mass", "variety", "repeats", "copying")
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, *shown])
        writer.writerows([*(row[c] for c in columns), *(row["statistics"].get(s) for s in shown)] for row in rows)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="The corpus of runs that verdicts are measured on.")
    parser.add_argument("command", choices=["check", "train", "label"])
    parser.add_argument("minutes", nargs="?", type=float, default=75.0)
    parser.add_argument("--into", type=Path, default=Path("corpora/own"))
    arguments = parser.parse_args()
    if arguments.command == "check":
        check()
    elif arguments.command == "train":
        check()
        arguments.into.mkdir(parents=True, exist_ok=True)
        train_all(arguments.into, arguments.minutes)
    else:
        label_all(arguments.into)


if __name__ == "__main__":
    main()
