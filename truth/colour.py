"""Runs on colour pictures that verdicts are measured on, trained by ganlab itself as a user would: from folders of PNG.

    python -m truth.colour check              validate every configuration
    python -m truth.colour data               make the folders of pictures
    python -m truth.colour train [MINUTES]    train the missing runs, one at a time, and keep index.json complete
    python -m truth.colour sheets             one picture a run: samples, reals and curves, to label it by eye
    python -m truth.colour index              write index.json again, after colour_labels.json was edited

All take `--into FOLDER` (default: corpora/colour); training takes about an hour of one core. MNIST comes with
ganlab, photographs and small digits with scikit-learn; emoji need `npm pack emoji-datasource-google`, unpacked in the
folder that `--emoji` names. Nothing of this is kept in the repository but the labels: colour_labels.json says what a
person saw on the sheets, before any verdict was looked at, and which verdicts that makes right. A run that nobody has
labelled yet has the state null.
"""

from __future__ import annotations

import argparse
import colorsys
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ganlab.config.data import MnistOptions
from ganlab.config.load import experiment_from_mapping
from ganlab.data import load
from ganlab.plots.grids import Pixels, tile
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write
from ganlab.runs.history import read_history, whole_lines
from truth.bench_data import emoji_files
from truth.corpora import Split, a_third_tuned
from truth.corpus import adam, clipping, gradient_penalty, image, r1, train_missing

LABELS = Path(__file__).with_name("colour_labels.json")

# -- data -----------------------------------------------------------------------------------------------------------


def hue(source: np.random.Generator, saturation: float = 0.8, value: float = 1.0) -> NDArray[np.float64]:
    """Return a colour (3,) in [0, 1] of random hue."""
    return np.array(colorsys.hsv_to_rgb(source.random(), saturation, value))


def painted(grey: NDArray[np.float64], front: NDArray[np.float64], back: NDArray[np.float64]) -> Pixels:
    """Return grey levels (H, W) in [0, 1] as a mixture of two colours (H, W, 3)."""
    mixed = 255 * (grey[..., None] * front + (1 - grey[..., None]) * back)
    return np.asarray(mixed.round(), dtype=np.uint8)


def _mnist(count: int, digits: str, ground: bool) -> list[tuple[str, Pixels]]:
    found = load(MnistOptions(), 1).train
    source, made = np.random.default_rng(0), []
    for digit in digits:
        rows = np.flatnonzero(found.labels.numpy() == int(digit))[:count]
        for grey in found.values[rows, 0].numpy() / 255:
            back = hue(source, 0.6, 0.35) if ground else np.zeros(3)
            made.append((digit, painted(grey, hue(source), back)))
    return made


def digits(emoji: Path) -> list[tuple[str, Pixels]]:
    """MNIST digits, each in a bright colour on black; class: the digit."""
    return _mnist(400, "0123456789", False)


def grounds(emoji: Path) -> list[tuple[str, Pixels]]:
    """Digits 0, 1, 4 and 7 of MNIST, bright on a dark colour; class: the digit."""
    return _mnist(700, "0147", True)


def ones(emoji: Path) -> list[tuple[str, Pixels]]:
    """Zeros and ones of MNIST in colour on black, without classes."""
    return [("", picture) for _, picture in _mnist(1200, "01", False)]


def small_digits(emoji: Path) -> list[tuple[str, Pixels]]:
    """The 8 x 8 digits of scikit-learn, enlarged, each in a colour of its own on black; class: the digit."""
    found = import_module("sklearn.datasets").load_digits()
    source, made = np.random.default_rng(0), []
    for grey, digit in zip(found.images / 16, found.target, strict=True):
        small = Image.fromarray(painted(grey, hue(source, 0.7), np.zeros(3)))
        made.append((str(digit), np.asarray(small.resize((28, 28), Image.Resampling.BICUBIC))))
    return made


def shapes(emoji: Path) -> list[tuple[str, Pixels]]:
    """Discs, squares and triangles of any colour, place and size on a lighter ground; class: the shape."""
    source, made = np.random.default_rng(0), []
    for number in range(3600):
        name = ("disc", "square", "triangle")[number % 3]
        back, front = hue(source, 0.2), hue(source, 0.9, 0.8)
        x, y, size = source.uniform(44, 68), source.uniform(44, 68), source.uniform(20, 36)
        picture = Image.new("RGB", (112, 112), tuple(int(255 * c) for c in back))
        draw, colour = ImageDraw.Draw(picture), tuple(int(255 * c) for c in front)
        if name == "disc":
            draw.ellipse((x - size, y - size, x + size, y + size), fill=colour)
        elif name == "square":
            draw.rectangle((x - size, y - size, x + size, y + size), fill=colour)
        else:
            draw.polygon([(x, y - size), (x - size, y + size), (x + size, y + size)], fill=colour)
        made.append((name, np.asarray(picture.resize((28, 28), Image.Resampling.BOX))))
    return made


def gradients(emoji: Path) -> list[tuple[str, Pixels]]:
    """Skies: from one colour at the top to another at the bottom, with a sun on some; without classes."""
    source, made = np.random.default_rng(0), []
    height, width = np.mgrid[0:28, 0:28] / 27
    for _ in range(2500):
        slope = source.uniform(-0.4, 0.4)
        level = np.clip(height + slope * (width - 0.5), 0, 1)
        picture = painted(level, hue(source, 0.5), hue(source, 0.7, 0.6)).astype(np.float64)
        x, y, size = source.uniform(0.2, 0.8), source.uniform(0.2, 0.6), source.uniform(0.08, 0.18)
        sun = 1 / (1 + np.exp((np.hypot(width - x, height - y) - size) * 60))[..., None]
        made.append(("", (picture * (1 - sun) + 255 * sun * np.array([1, 0.95, 0.6])).round().astype(np.uint8)))
    return made


SIGNS: dict[str, tuple[tuple[int, int, int], list[tuple[float, float]]]] = {
    "red_triangle": ((205, 30, 40), [(0, -1), (0.9, 0.8), (-0.9, 0.8)]),
    "blue_square": ((30, 70, 200), [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]),
    "green_diamond": ((20, 150, 60), [(0, -1), (0.7, 0), (0, 1), (-0.7, 0)]),
    "orange_arrow": (
        (240, 140, 10),
        [(-0.9, -0.3), (0.1, -0.3), (0.1, -0.9), (1, 0), (0.1, 0.9), (0.1, 0.3), (-0.9, 0.3)],
    ),
    "violet_bar": ((130, 40, 170), [(-1, -0.35), (1, -0.35), (1, 0.35), (-1, 0.35)]),
    "black_pillar": ((30, 30, 30), [(-0.3, -1), (0.3, -1), (0.3, 1), (-0.3, 1)]),
    "teal_house": ((0, 150, 160), [(0, -1), (0.9, -0.1), (0.9, 0.9), (-0.9, 0.9), (-0.9, -0.1)]),
    "pink_wedge": ((240, 110, 170), [(-0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
}
"""Colour of each sign, and its corners in half sides around its centre."""


def signs(emoji: Path) -> list[tuple[str, Pixels]]:
    """Eight signs, each of one colour, on a pale ground, with a little play in place and size; class: the sign."""
    source, made = np.random.default_rng(0), []
    for number in range(3200):
        name = list(SIGNS)[number % len(SIGNS)]
        colour, corners = SIGNS[name]
        x, y, size = source.uniform(52, 60), source.uniform(52, 60), source.uniform(32, 38)
        picture = Image.new("RGB", (112, 112), (245, 242, 230))
        ImageDraw.Draw(picture).polygon([(x + size * u, y + size * v) for u, v in corners], fill=colour)
        made.append((name, np.asarray(picture.resize((28, 28), Image.Resampling.BOX))))
    return made


def banners(emoji: Path) -> list[tuple[str, Pixels]]:
    """Flags of three stripes in colours of a palette, upright or level; class: how the stripes run."""
    source, made = np.random.default_rng(0), []
    palette = np.array([(200, 30, 45), (20, 60, 160), (250, 250, 250), (10, 130, 70), (250, 205, 20), (25, 25, 25)])
    for number in range(2400):
        stripes = palette[source.permutation(len(palette))[:3]].astype(np.uint8)
        level = np.broadcast_to(stripes[np.arange(28) * 3 // 28][:, None], (28, 28, 3))
        made.append(("level", level) if number % 2 else ("upright", level.transpose(1, 0, 2)))
    return made


def washes(emoji: Path) -> list[tuple[str, Pixels]]:
    """Two soft colours that run into each other along a straight line, in any direction; without classes."""
    source, made = np.random.default_rng(0), []
    height, width = np.mgrid[0:28, 0:28] / 27 - 0.5
    for _ in range(2500):
        angle, place = source.uniform(0, 2 * np.pi), source.uniform(-0.3, 0.3)
        level = 1 / (1 + np.exp(-8 * (np.cos(angle) * width + np.sin(angle) * height - place)))
        made.append(("", painted(level, hue(source, 0.6), hue(source, 0.6, 0.7))))
    return made


def patches(emoji: Path) -> list[tuple[str, Pixels]]:
    """Patches of the two photographs that come with scikit-learn; class: the photograph."""
    made = []
    names = ("china", "flower")
    for name, photograph in zip(names, import_module("sklearn.datasets").load_sample_images().images, strict=True):
        for top in range(0, photograph.shape[0] - 56, 12):
            for left in range(0, photograph.shape[1] - 56, 12):
                piece = Image.fromarray(photograph[top : top + 56, left : left + 56])
                made.append((name, np.asarray(piece.resize((28, 28), Image.Resampling.BOX))))
    return made


def _emoji(root: Path, keep: Callable[[Mapping[str, Any]], str | None], side: int) -> list[tuple[str, Pixels]]:
    made = []
    for path, entry in emoji_files(root):
        name = keep(entry)
        if name is not None:
            with Image.open(path) as opened:
                drawing = opened.convert("RGBA")
            white = Image.new("RGBA", drawing.size, "white")
            white.alpha_composite(drawing)
            made.append((name, np.asarray(white.convert("RGB").resize((side, side), Image.Resampling.BOX))))
    return made


def emoji(root: Path) -> list[tuple[str, Pixels]]:
    """All emoji on white, 32 pixels a side; class: the category."""
    return _emoji(root, lambda entry: entry["category"].replace("&", "and"), 32)


def people(root: Path) -> list[tuple[str, Pixels]]:
    """Emoji of single persons, in five skin tones and without classes."""
    wanted = {"person", "person-role", "person-gesture"}
    return _emoji(root, lambda entry: "" if entry["subcategory"] in wanted else None, 32)


def flags(root: Path) -> list[tuple[str, Pixels]]:
    """Emoji of flags: 270 pictures, without classes."""
    return _emoji(root, lambda entry: "" if entry["category"] == "Flags" else None, 32)


def faces(root: Path) -> list[tuple[str, Pixels]]:
    """Emoji of yellow faces: some 100 pictures, without classes."""
    return _emoji(root, lambda entry: "" if entry["subcategory"].startswith("face-") else None, 32)


def _turned(pictures: list[tuple[str, Pixels]], copies: int, degrees: float) -> list[tuple[str, Pixels]]:
    """Return each picture on white `copies` times, turned, moved and mirrored a little, as an augmentation would."""
    source, made = np.random.default_rng(0), []
    for name, picture in pictures:
        for _ in range(copies):
            drawing = Image.fromarray(picture[:, :: source.choice([-1, 1])])
            move = (int(source.integers(-2, 3)), int(source.integers(-2, 3)))
            angle = source.uniform(-degrees, degrees)
            turned = drawing.rotate(angle, Image.Resampling.BICUBIC, translate=move, fillcolor="white")
            made.append((name, np.asarray(turned)))
    return made


def hearts(root: Path) -> list[tuple[str, Pixels]]:
    """Emoji of single plain hearts in all colours, each 250 times, turned and moved a little; without classes."""
    tints = ("", "purple_", "green_", "blue_", "yellow_", "orange_", "black_", "pink_", "light_blue_")
    wanted = {f"{tint}heart" for tint in tints}
    return _turned(_emoji(root, lambda entry: "" if entry["short_name"] in wanted else None, 32), 250, 15)


def smileys(root: Path) -> list[tuple[str, Pixels]]:
    """Emoji of smiling yellow faces, each 120 times, turned and moved a little; without classes."""
    return _turned(_emoji(root, lambda entry: "" if entry["subcategory"] == "face-smiling" else None, 32), 120, 10)


def fruit(root: Path) -> list[tuple[str, Pixels]]:
    """Emoji of fruit, each 120 times, turned and moved a little; without classes."""
    return _turned(_emoji(root, lambda entry: "" if entry["subcategory"] == "food-fruit" else None, 32), 120, 10)


SETS: dict[str, Callable[[Path], list[tuple[str, Pixels]]]] = {
    each.__name__: each
    for each in (
        *(digits, grounds, ones, small_digits, shapes, gradients, patches, signs, banners, washes),
        *(emoji, people, flags, faces, hearts, smileys, fruit),
    )
}
SIDES = dict.fromkeys(("emoji", "people", "flags", "faces", "hearts", "smileys", "fruit"), 32)
"""Sides of the pictures in pixels where they aren't 28."""


def make_data(folder: Path, drawings: Path) -> None:
    """Write the folders of pictures that aren't there yet."""
    for name, make in SETS.items():
        target, part = folder / "data" / name, folder / "data" / f".{name}"
        if target.is_dir():
            continue
        shutil.rmtree(part, ignore_errors=True)
        pictures = make(drawings)
        for number, (label, picture) in enumerate(pictures):
            (part / label).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(part / label / f"{number:05}.png")
        part.rename(target)
        print(f"{name}: {len(pictures)} pictures of {pictures[0][1].shape[0]} pixels", flush=True)


# -- configurations -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Colour:
    """One experiment on a folder of colour pictures.

    Attributes:
        name: unique; also the experiment's name. All its seeds are in the same split, which its hash decides.
        family: what was intended: `good`, `short`, or the fault that was induced. It is not a label.
        pictures: one of SETS.
        options: the experiment, but for its data.
        chosen: options of the data besides where it is.
        seeds: how many runs there are of it.
    """

    name: str
    family: str
    pictures: str
    options: Mapping[str, Any]
    chosen: Mapping[str, Any]
    seeds: int

    @property
    def split(self) -> Split:
        """`tune` for about a third of all configurations, which rules may be tuned on; `measure` for the others."""
        return a_third_tuned(self.name)

    def mapping(self, folder: Path) -> dict[str, Any]:
        """Return the experiment with its data in `folder`."""
        place = str((folder / "data" / self.pictures).resolve())
        data = {"name": "folder", "path": place, "image_size": SIDES.get(self.pictures, 28), **self.chosen}
        return {**self.options, "data": data}


def colour(
    name: str,
    family: str,
    pictures: str,
    *,
    lr: float = 1e-3,
    beta1: float = 0.5,
    opt_g: Mapping[str, Any] | None = None,
    steps: int = 800,
    latent: int = 32,
    chosen: Mapping[str, Any] | None = None,
    seeds: int = 1,
    game: Mapping[str, Any] | None = None,
    **options: Any,
) -> Colour:
    """A run on colour pictures; by default a DCGAN of width 16. The other options are those of `truth.corpus.image`."""
    made = image(name, family, opt_g=opt_g or adam(lr, beta1), steps=steps, latent={"dim": latent}, **options).mapping
    monitor = {**made["monitor"], "snapshot_every": -(-steps // SNAPSHOTS)}
    played = {"game": dict(game)} if game else {}
    return Colour(name, family, pictures, {**made, "monitor": monitor, **played}, chosen or {}, seeds)


SNAPSHOTS = 5
PLAIN, SPECTRAL = {"norm": "none"}, {"norm": "spectral"}

CALM: dict[str, Any] = {
    "loss": "hinge",
    "d": PLAIN,
    "penalties": r1(1.0),
    "opt_g": adam(2e-3, 0.0, 0.99),
    "init": "xavier",
}
"""What gets good within a thousand steps: the gradient penalty R1, no normalisation in D, and a high rate."""
FAST: dict[str, Any] = {"opt_g": adam(2e-3), "init": "xavier"}


def codes(categories: int) -> dict[str, Any]:
    """Options of a run whose G gets little but a code of so many values: it can hardly make more pictures than that."""
    return {
        "latent": categories + 1,
        "game": {"name": "infogan", "categories": categories, "continuous": 0, "weight": 0.1},
    }


GOOD = [
    colour("ones_hinge_r1", "good", "ones", **CALM, steps=500, seeds=2),
    colour("small_digits_hinge_r1", "good", "small_digits", **CALM, steps=550, seeds=2),
    colour("discs_hinge_r1", "good", "shapes", **CALM, chosen={"classes": ["disc"]}, steps=500, seeds=2),
    colour("patches_hinge_r1", "good", "patches", **CALM, steps=500),
    colour("ones_non_saturating_r1", "good", "ones", **{**CALM, "loss": "non_saturating"}, steps=550),
    colour("digits_0_1_7", "good", "digits", **CALM, chosen={"classes": ["0", "1", "7"]}, steps=600),
    colour("gradients_hinge_r1", "good", "gradients", **CALM, steps=500),
    colour("small_digits_batch_norm", "good", "small_digits", **FAST, steps=700),
    colour("ones_least_squares", "good", "ones", **{**CALM, "loss": "least_squares"}, steps=550),
    colour("small_digits_0_6", "good", "small_digits", **CALM, chosen={"classes": ["0", "6"]}, steps=400, seeds=2),
    colour("digits_1", "good", "digits", **CALM, chosen={"classes": ["1"]}, steps=450, seeds=2),
    colour("small_digits_3_8", "good", "small_digits", **CALM, chosen={"classes": ["3", "8"]}, steps=450, seeds=2),
    colour("ones_latent_8", "good", "ones", **CALM, latent=8, steps=450),
    colour("small_digits_1_7", "good", "small_digits", **CALM, chosen={"classes": ["1", "7"]}, steps=450),
    colour("digits_0", "good", "digits", **CALM, chosen={"classes": ["0"]}, steps=450, seeds=2),
    colour("people_hinge_r1", "good", "people", **CALM, steps=500),
    colour("shapes_hinge_r1", "good", "shapes", **CALM, steps=700),
    colour("ones_spectral", "good", "ones", **{**CALM, "d": SPECTRAL, "penalties": ()}, steps=700, seeds=2),
    colour("grounds_hinge_r1", "good", "grounds", **CALM, steps=700),
    colour("ones_wgan_gp", "good", "ones", **{**CALM, "loss": "wasserstein", "penalties": gradient_penalty(10.0)},
           discriminator_steps=2, steps=300),
    colour("patches_batch_norm", "good", "patches", **FAST, steps=600),
    colour("digits_hinge_r1", "good", "digits", **CALM, steps=900),
    # and longer
    colour("ones_1200", "good", "ones", **CALM, steps=1200, seeds=2),
    colour("small_digits_1200", "good", "small_digits", **CALM, steps=1200, seeds=2),
    colour("discs_1000", "good", "shapes", **CALM, chosen={"classes": ["disc"]}, steps=1000, seeds=2),
    colour("small_digits_batch_norm_long", "good", "small_digits", **FAST, steps=1300),
    colour("ones_non_saturating_long", "good", "ones", **{**CALM, "loss": "non_saturating"}, steps=1200),
    colour("small_digits_wide", "good", "small_digits", **CALM, width=24, steps=800),
    colour("small_digits_0_6_long", "good", "small_digits", **CALM, chosen={"classes": ["0", "6"]}, steps=1000),
    colour("digits_0_1_7_long", "good", "digits", **CALM, chosen={"classes": ["0", "1", "7"]}, steps=1300),
    colour("small_digits_least_squares", "good", "small_digits", **{**CALM, "loss": "least_squares"}, steps=1000),
    # simple pictures
    colour("signs_hinge_r1", "good", "signs", **CALM, steps=800, seeds=2),
    colour("banners_hinge_r1", "good", "banners", **CALM, steps=1000, seeds=2),
    colour("washes_hinge_r1", "good", "washes", **CALM, steps=700, seeds=2),
    colour("hearts_hinge_r1", "good", "hearts", **CALM, steps=1000, seeds=2),
    colour("signs_batch_norm", "good", "signs", **FAST, steps=900),
    colour("smileys_hinge_r1", "good", "smileys", **CALM, steps=1500),
    colour("digits_0_32", "good", "digits", **CALM, chosen={"classes": ["0"], "image_size": 32}, steps=1200),
    colour("signs_non_saturating", "good", "signs", **{**CALM, "loss": "non_saturating"}, steps=900),
    colour("signs_4", "good", "signs", **CALM, steps=700,
           chosen={"classes": ["red_triangle", "blue_square", "green_diamond", "pink_wedge"]}),
    colour("digits_1_long", "good", "digits", **CALM, chosen={"classes": ["1"]}, steps=1200),
    colour("hearts_spectral", "good", "hearts", **{**CALM, "d": SPECTRAL, "penalties": ()}, steps=1100),
    colour("washes_least_squares", "good", "washes", **{**CALM, "loss": "least_squares"}, steps=800),
    colour("fruit_hinge_r1", "good", "fruit", **CALM, steps=1600),
    colour("signs_wgan_gp", "good", "signs", **{**CALM, "loss": "wasserstein", "penalties": gradient_penalty(10.0)},
           discriminator_steps=2, steps=700),
    colour("ones_32", "good", "ones", **CALM, chosen={"image_size": 32}, steps=1300),
    colour("small_digits_2_5", "good", "small_digits", **CALM, chosen={"classes": ["2", "5"]}, steps=600),
    colour("digits_0_non_saturating", "good", "digits", **{**CALM, "loss": "non_saturating"},
           chosen={"classes": ["0"]}, steps=600),
    colour("small_digits_0", "good", "small_digits", **CALM, chosen={"classes": ["0"]}, steps=450),
    colour("discs_non_saturating", "good", "shapes", **{**CALM, "loss": "non_saturating"},
           chosen={"classes": ["disc"]}, steps=700),
    colour("small_digits_4_7", "good", "small_digits", **{**CALM, "loss": "non_saturating"},
           chosen={"classes": ["4", "7"]}, steps=600),
    colour("digits_1_spectral", "good", "digits", **{**CALM, "d": SPECTRAL, "penalties": ()},
           chosen={"classes": ["1"]}, steps=600),
    colour("shapes_long", "good", "shapes", **CALM, steps=1800),
]  # fmt: skip

SHORT = [
    colour("emoji_240", "short", "emoji", lr=5e-4, steps=240),
    colour("digits_100", "short", "digits", lr=5e-4, steps=100),
    colour("shapes_100", "short", "shapes", **CALM, steps=100),
    colour("people_100", "short", "people", lr=5e-4, steps=100),
    colour("grounds_slow", "short", "grounds", lr=3e-5, steps=200),
    colour("ones_60", "short", "ones", **CALM, steps=60),
    colour("emoji_hinge_r1", "short", "emoji", **CALM, steps=250),
    colour("patches_50", "short", "patches", lr=5e-4, steps=50),
    colour("emoji_600", "short", "emoji", lr=2e-4, steps=600),
]

FAULTS = [
    colour("digits_latent_1", "small_latent", "digits", **FAST, latent=1, steps=400, seeds=2),
    colour("people_mixed_batch_norm", "batch_norm_leak", "people", discriminator_batches="mixed", steps=150),
    colour("shapes_lr_2e-2", "high_lr", "shapes", opt_g=adam(2e-2, 0.9), steps=200, seeds=2),
    colour("digits_minimax_d_5", "strong_d", "digits", loss="minimax", discriminator_steps=5, d=PLAIN,
           opt_g=adam(2e-4), opt_d=adam(1e-3), steps=80),
    colour("small_digits_weak_d", "weak_d", "small_digits", opt_d=adam(1e-6), steps=200),
    colour("shapes_g_width_1", "small_g", "shapes", width=1, d_width=16, steps=200),
    colour("ones_wgan_unbounded", "unbounded", "ones", loss="wasserstein", d=PLAIN, steps=200, seeds=2),
    colour("emoji_latent_1", "small_latent", "emoji", **FAST, latent=1, steps=240, seeds=2),
    colour("ones_64_pictures", "few_pictures", "ones", **CALM, chosen={"fraction": 0.0281}, steps=700, seeds=2),
    colour("people_beta_09", "high_lr", "people", opt_g=adam(2e-3, 0.9), steps=240, seeds=2),
    colour("grounds_g_frozen", "strong_d", "grounds", opt_g=adam(1e-7), opt_d=adam(5e-4), steps=120),
    colour("patches_mixed_batch_norm", "batch_norm_leak", "patches", discriminator_batches="mixed", steps=150),
    colour("digits_plain_1e-2", "high_lr", "digits", g=PLAIN, d=PLAIN, opt_g=adam(1e-2), steps=160, seeds=2),
    colour("shapes_latent_1", "small_latent", "shapes", **FAST, latent=1, steps=300),
    colour("emoji_minimax_d_5", "strong_d", "emoji", loss="minimax", discriminator_steps=5, d=PLAIN,
           opt_g=adam(1e-4), opt_d=adam(1e-3), steps=80),
    colour("ones_d_width_1", "small_d", "ones", width=16, d_width=1, steps=240),
    colour("people_weak_d", "weak_d", "people", opt_d=adam(1e-6), steps=150, seeds=2),
    colour("shapes_wgan_clipped", "clipped", "shapes", loss="wasserstein", d=PLAIN, stabilizers=clipping(0.02),
           opt_g={"name": "rmsprop", "lr": 5e-4}, discriminator_steps=2, steps=150, seeds=2),
    colour("digits_g_10_steps", "weak_d", "digits", generator_steps=10, opt_d=adam(1e-5), steps=40),
    colour("ones_plain_beta_09", "high_lr", "ones", g=PLAIN, d=PLAIN, opt_g=adam(3e-3, 0.9), steps=240, seeds=2),
    colour("patches_latent_1", "small_latent", "patches", **FAST, latent=1, steps=240),
    colour("gradients_minimax_plain", "collapse", "gradients", g=PLAIN, d=PLAIN, loss="minimax", opt_g=adam(1e-3, 0.9),
           steps=200, seeds=2),
    colour("small_digits_latent_1", "small_latent", "small_digits", **FAST, latent=1, steps=300),
    colour("shapes_g_lr_2e-2", "high_lr", "shapes", opt_g=adam(2e-2), opt_d=adam(2e-4), steps=150, seeds=2),
    colour("digits_g_width_2", "small_g", "digits", width=2, d_width=16, **FAST, steps=200),
    colour("small_digits_64_pictures", "few_pictures", "small_digits", **CALM, chosen={"fraction": 0.0375}, steps=700,
           seeds=2),
    colour("ones_latent_1_r1", "small_latent", "ones", **CALM, latent=1, steps=500),
    colour("flags_64", "few_pictures", "flags", **FAST, chosen={"fraction": 0.25}, steps=500),
    colour("ones_hinge_plain", "collapse", "ones", **{**CALM, "penalties": ()}, steps=400),
    colour("small_digits_latent_1_r1", "small_latent", "small_digits", **CALM, latent=1, steps=500),
    # sharper faults, and few pictures for long
    colour("signs_g_5_steps", "weak_d", "signs", **CALM, generator_steps=5, steps=300),
    colour("signs_2_codes", "few_codes", "signs", **CALM, **codes(2), steps=500),
    colour("flags_16", "few_pictures", "flags", **CALM, batch=16, chosen={"fraction": 0.0625}, steps=1200, seeds=2),
    colour("signs_mlp_plain", "collapse", "signs", nets="mlp", width=128, g=PLAIN, d=PLAIN, opt_g=adam(1e-3, 0.9),
           init="xavier", steps=800),
    colour("digits_4_codes", "few_codes", "digits", **CALM, **codes(4), steps=600),
    colour("shapes_sgd_nan", "explosion", "shapes", g=PLAIN, d=PLAIN, loss="least_squares",
           opt_g={"name": "sgd", "lr": 5.0}, steps=200),
    colour("faces_d_wide", "overfit", "faces", opt_g=adam(5e-4), opt_d=adam(1e-3), width=16, d_width=32, steps=600),
    colour("digits_16_codes", "few_codes", "digits", **CALM, **codes(16), steps=700),
    colour("signs_wgan_unbounded", "unbounded", "signs", loss="wasserstein", d=PLAIN, opt_g=adam(5e-3), steps=300),
    colour("faces_20", "few_pictures", "faces", **CALM, batch=16, chosen={"fraction": 0.2}, steps=1200),
    colour("signs_mlp_minimax", "collapse", "signs", nets="mlp", width=64, g=PLAIN, d=PLAIN, loss="minimax",
           opt_g=adam(5e-4, 0.9), opt_d=adam(5e-4, 0.9), init="xavier", steps=800),
    colour("banners_latent_1", "small_latent", "banners", **CALM, latent=1, steps=600),
    colour("flags_d_wide", "overfit", "flags", **{**CALM, "penalties": ()}, d_width=32, steps=600),
    colour("signs_latent_1", "small_latent", "signs", **CALM, latent=1, steps=700),
    colour("hearts_r1_1e4", "explosion", "hearts", **{**CALM, "penalties": r1(1e4)}, steps=200),
    colour("small_digits_48_pictures", "few_pictures", "small_digits", **CALM, chosen={"fraction": 0.028}, steps=1500),
    colour("ones_4_codes", "few_codes", "ones", **CALM, **codes(4), steps=500),
    colour("banners_3_codes", "few_codes", "banners", **CALM, **codes(3), steps=500),
    colour("signs_lr_1e-2", "high_lr", "signs", **{**CALM, "opt_g": adam(1e-2, 0.0, 0.99)}, steps=400),
    colour("signs_batch_4", "small_batch", "signs", **CALM, batch=4, steps=1000),
    colour("digits_hinge_no_r1_lr_5e-3", "collapse", "digits", **{**CALM, "penalties": (), "opt_g": adam(5e-3, 0.5)},
           steps=400),
    colour("washes_codes_16", "few_codes", "washes", **CALM, **codes(16), steps=500),
]  # fmt: skip

CONFIGURATIONS = {each.name: each for turn in zip_longest(FAULTS, GOOD, SHORT) for each in turn if each is not None}
"""Faults, what should work, and what is cut short take turns, so that an incomplete corpus is still balanced."""


# -- runs -----------------------------------------------------------------------------------------------------------


def order() -> list[tuple[Colour, int]]:
    """Return every configuration and seed in the order of training: the first seed of each before any second one."""
    return [(each, seed) for seed in range(3) for each in CONFIGURATIONS.values() if seed < each.seeds]


def key(configuration: Colour, seed: int) -> str:
    """Return the name of a run, in runs.json, index.json and colour_labels.json."""
    return f"{configuration.name}/{seed}"


def check(folder: Path) -> None:
    """Raise ConfigError if a configuration is invalid."""
    for configuration in CONFIGURATIONS.values():
        experiment_from_mapping(configuration.mapping(folder), ())
    print(f"{len(CONFIGURATIONS)} configurations: all valid, {len(order())} runs")


def _read(path: Path) -> dict[str, Any]:
    """Return a JSON object, empty if there is no such file."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def write_index(folder: Path) -> None:
    """Write index.json: a record for each run that was trained, with its label if it has one."""
    runs, labels = _read(folder / "runs.json"), _read(LABELS)
    records = []
    for configuration, seed in order():
        name = key(configuration, seed)
        if name in runs:
            label = labels.get(name, {"seen": None, "state": None, "right": []})
            known = {"name": name, "group": configuration.name, "split": configuration.split, "domain": "colour"}
            source = {"run": f"runs/{runs[name]}", "log": None, "samples": None, "real": None}
            records.append({**known, **source, "tile": None, "loss": None, "family": configuration.family, **label})
    atomic_write(folder / "index.json", json.dumps(records, indent=1).encode())


def train_all(folder: Path, minutes: float) -> None:
    """Train what runs.json does not list yet until the time is up; the last run is finished."""
    runs = ((key(each, seed), each.mapping(folder), seed) for each, seed in order())
    train_missing(runs, folder, "runs.json", minutes, partial(write_index, folder))


# -- sheets ---------------------------------------------------------------------------------------------------------


def stored(path: Path) -> Pixels:
    """Return the samples of a snapshot (N, H, W, 3); they are kept as bytes."""
    return np.moveaxis(np.load(path)[path.stem], 1, 3)


def make_sheet(run: Path, title: str, target: Path) -> None:
    """Draw a run for the eye: samples of its course and end, reals, 12 samples over their nearest reals, curves.

    Nothing of this comes from `ganlab.diagnosis` or `ganlab.evaluation`: nearest is in the pixels.
    """
    data = load(RunDirectory(run).experiment().data, batch_size=1)
    reals = data.train.values.numpy().transpose(0, 2, 3, 1)
    files = sorted((run / "samples").glob("step_*.npz"))
    final = stored(files[-1])
    flat = final[:12].reshape(12, -1).astype(np.float32)
    away = np.stack([np.square(reals.reshape(len(reals), -1) - each).mean(1) for each in flat])
    copies = np.concatenate([final[:12], reals[away.argmin(1)]])
    figure, axes = pyplot.subplots(2, 5, figsize=(25, 10.5), layout="constrained")
    apart = max(1, len(files) // 3)
    panels = {file.stem: tile(stored(file)[:64], 8) for file in files[apart:-1:apart]}
    panels[f"{files[-1].stem}, the last"] = tile(final[:64], 8)
    panels["64 more of it"] = tile(final[64:128], 8)
    panels["reals"] = tile(reals[np.random.default_rng(0).permutation(len(reals))[:64]], 8)
    panels[f"12 over their nearest of {len(reals)}, {np.sqrt(away.min(1)).mean():.0f} away"] = tile(copies, 12)
    for place in list(axes.flat)[:-4]:
        place.axis("off")
    for place, (name, picture) in zip(axes.flat, panels.items(), strict=False):
        place.imshow(picture)
        place.set_title(name)
    history = read_history(run / "history.csv")
    curves = (("d_loss", "g_loss"), ("d_acc_real", "d_acc_fake"), ("grad_d", "grad_g"))
    for place, names in zip(list(axes.flat)[-4:-1], curves, strict=True):
        for column in (each for each in names if each in history):
            values = history[column]
            width = max(1, len(values) // 100)
            means = values[: len(values) // width * width].reshape(-1, width).mean(1)
            place.plot(history["step"][::width][: len(means)], means, label=f"{column} (last {means[-5:].mean():.3g})")
        place.set_yscale("log" if "grad_d" in names else "linear")
        place.legend()
    snapshots = [json.loads(line) for line in whole_lines(RunDirectory(run).snapshots)]
    for name in ("d_train", "d_held_out", "d_fake"):
        scores = [each.get(name, np.nan) for each in snapshots]
        axes.flat[-1].plot([each["step"] for each in snapshots], scores, marker="o", label=f"{name}, on average")
    axes.flat[-1].legend()
    figure.suptitle(title)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=60)
    pyplot.close(figure)


def make_sheets(folder: Path) -> None:
    """Draw the runs that have no sheet yet."""
    for name, run in _read(folder / "runs.json").items():
        target = folder / "sheets" / f"{name.replace('/', '_')}.png"
        if not target.is_file():
            configuration = CONFIGURATIONS[name.split("/")[0]]
            make_sheet(folder / "runs" / run, f"{name}: {configuration.family}, {configuration.pictures}", target)
            print(target, flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Runs on colour pictures that verdicts are measured on.")
    parser.add_argument("command", choices=["check", "data", "train", "sheets", "index"])
    parser.add_argument("minutes", nargs="?", type=float, default=90.0)
    parser.add_argument("--into", type=Path, default=Path("corpora/colour"))
    parser.add_argument("--emoji", type=Path, default=Path("bench"))
    arguments = parser.parse_args()
    if arguments.command == "check":
        check(arguments.into)
    elif arguments.command == "data":
        make_data(arguments.into, arguments.emoji)
    elif arguments.command == "train":
        check(arguments.into)
        train_all(arguments.into, arguments.minutes)
    elif arguments.command == "sheets":
        make_sheets(arguments.into)
    else:
        write_index(arguments.into)


if __name__ == "__main__":
    main()
