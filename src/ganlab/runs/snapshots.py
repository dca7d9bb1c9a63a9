"""snapshots.jsonl: one row of statistics per snapshot, and the table that says what each statistic is.

STATISTICS is the one list of statistics. What checks, compares, summarises, draws or documents them is made from it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeGuard

from ganlab.errors import RunError
from ganlab.runs.files import atomic_write
from ganlab.runs.history import append_text, whole_lines

SAMPLES = "samples"
"""Stands in a row's `non_finite` if a sample holds NaN or an infinite number."""

NO_VARIETY = 1e-6
"""A Vendi score of reals this close to 1 means that they are all alike: there is no variety to lose."""


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value read from a file is a finite number that can be computed with and drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def relative_vendi(made: float, real: float) -> float | None:
    """Return (V - 1) / (V_real - 1): 0 if all samples are alike, about 1 if they vary as much as reals do.

    None if the reals are all alike themselves (V_real within 1e-6 of 1), so that there is no variety to lose.

    Args:
        made, real: Vendi scores of samples and of the same number of reals, each at least 1 up to rounding.
    """
    return max(0.0, (made - 1) / (real - 1)) if real > 1 + NO_VARIETY else None


# -- a row ----------------------------------------------------------------------------------------------------------


class Row(dict[str, Any]):
    """One row of snapshots.jsonl: a plain mapping of its keys, which also answers typed questions."""

    @property
    def step(self) -> int:
        """The training step at which the snapshot was taken."""
        return int(self["step"])

    def number(self, name: str) -> float | None:
        """Return a statistic of the table, also a derived one, or any other number of the row; None without one."""
        derive = STATISTICS[name].derive if name in STATISTICS else None
        value = self.get(name) if derive is None else derive(self)
        return float(value) if is_number(value) else None

    def ratio(self, name: str) -> float | None:
        """Return a statistic divided by its value for equally many reals, in [0, inf); None if either is missing."""
        value, real = self.number(name), self.number(f"{name}_real")
        return None if value is None or real is None or real <= 0 else max(0.0, value / real)

    def relative_vendi(self, name: str = "vendi") -> float | None:
        """Return a Vendi score relative to equally many reals, as `relative_vendi` does; None if it is missing."""
        made, real = self.number(name), self.number(f"{name}_real")
        return None if made is None or real is None else relative_vendi(made, real)

    @property
    def non_finite(self) -> frozenset[str]:
        """Statistics that were NaN or infinite, which are None in the row; and SAMPLES if a sample itself was."""
        return frozenset(self.get("non_finite") or ())

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the row's lists; empty if the data have none."""
        return tuple(self.get("classes") or ())

    @property
    def asked(self) -> Literal["classes", "codes"] | None:
        """What the generator was asked for: classes, codes that it may use as it likes, or nothing."""
        asked = self.get("asked")
        return asked if asked in ("classes", "codes") else None

    @property
    def game(self) -> str:
        """The game that was played.

        Rows of older versions and of other people's loops do not say: then it is the game whose own statistics the row
        holds; if it holds none, the conditional one if something was asked for, or the standard one.
        """
        recorded = self.get("game")
        if isinstance(recorded, str):
            return recorded
        own = (each.game for each in TABLE if each.game and each.name in self)
        return next(own, "conditional" if self.asked else "standard")


def classes_seen(row: Row) -> float | None:
    """Return how many of the data's classes have a good sample; None without class counts."""
    counts, shares = row.get("class_counts"), row.get("class_shares_real")
    if not isinstance(counts, list) or not isinstance(shares, list):
        return None
    return float(sum(bool(count) and bool(share) for count, share in zip(counts, shares, strict=False)))


def classes_present(row: Row) -> float | None:
    """Return the share of the real classes that are made: by a tenth of their real share of samples, at least."""
    counts, shares = row.get("class_counts"), row.get("class_shares_real")
    if not counts or not shares or len(counts) != len(shares) or len(counts) == 1:
        return None
    total = max(1, row.get("n") or sum(counts))
    made = [count / total >= share / 10 for count, share in zip(counts, shares, strict=True) if share > 0]
    return sum(made) / len(made) if made else None


def energy_coefficient(row: Row) -> float | None:
    """Return the energy coefficient of inhomogeneity of samples and reals (Szekely & Rizzo 2013), in [0, 1].

    With E = 2 E|X - Y| - E|X - X'| - E|Y - Y'| for samples X and reals Y it is E over 2 E|X - Y|: 0 if both are
    distributed alike. The mean of the reals, over and over, scores about 1 - 1/sqrt(2) = .29 in many dimensions. None
    if the row holds no such distances, or all are 0.
    """
    energy, among, among_reals = (row.number(key) for key in ("energy_distance", "diversity", "diversity_real"))
    if energy is None or among is None or among_reals is None:
        return None
    between = energy + among + among_reals
    return max(0.0, energy / between) if between > 0 else None


# -- the table ------------------------------------------------------------------------------------------------------


class Chart(NamedTuple):
    """One chart, which may show several statistics.

    Attributes:
        title: what is shown, with its unit.
        signals: evidence that this chart shows, besides evidence named after one of its statistics.
        log: whether the axis is logarithmic.
    """

    title: str
    signals: tuple[str, ...] = ()
    log: bool = False


Colour = Literal["generator", "output", "real", "fake", "muted", "alarm"]
"""What the colour of a line stands for."""


class Line(NamedTuple):
    """How a statistic is drawn over the steps.

    Attributes:
        chart: where; None: on a chart of its own, titled by its label.
        name: its name in the legend.
        colour: its colour.
        real: name of the line for the reals; None if that is not drawn.
    """

    chart: Chart | None = None
    name: str = "generated"
    colour: Colour = "generator"
    real: str | None = "real"


class Range(NamedTuple):
    """Least and largest value that a number can have, both included."""

    low: float
    high: float


Kind = Literal[
    "number", "score", "whole", "numbers_by_class", "shares_by_class", "counts_by_class", "names_by_class", "names",
    "words",
]  # fmt: skip
"""What a cell holds. `score`: a number, and a share if the loss is cross-entropy; `..._by_class`: a list with an entry
per class, in which only numbers may be None; `words`: whatever nobody computes with."""

Taken = Literal["each", "last", "evaluate", "elsewhere", "derived"]
"""When a statistic is measured. `each`: by the battery at each snapshot and by `ganlab evaluate`; `last`: likewise, but
only at a run's last snapshot, as it takes seconds; `evaluate`: by `ganlab evaluate` alone; `elsewhere`: not by the
battery, but by the game or whoever trains; `derived`: never, it is computed from the row."""

Place = Literal["compare", "sweep", "spark"]
"""Where a statistic is listed: by `ganlab compare`, in a sweep's runs.csv, as a sparkline below a verdict."""


@dataclass(frozen=True)
class Statistic:
    """What one key of a row is.

    Attributes:
        name: its key. `<name>_real`, if the row has it, is the score of the same number of reals.
        label: what it says, with its unit.
        range: what its number, or each number of its list, can be.
        better: which way is better, if either is.
        kind: what its cell holds.
        taken: when it is measured.
        game: the game that alone has it; empty if others have it too.
        shown: where it is listed.
        line: how it is drawn over the steps; None if it is not.
        derive: computes it from a row, if it is derived.
    """

    name: str
    label: str
    range: Range
    better: Literal["higher", "lower"] | None = None
    kind: Kind = "number"
    taken: Taken = "each"
    game: str = ""
    shown: tuple[Place, ...] = ()
    line: Line | None = None
    derive: Callable[[Row], float | None] | None = None

    def holds(self, value: object, probabilities: bool = False) -> bool:
        """Return whether a cell can be true: of its kind and in its range, or None.

        Args:
            value: the cell.
            probabilities: whether the discriminator's scores are probabilities.
        """
        if value is None or self.kind == "words":
            return True
        if self.kind in ("number", "score", "whole"):
            return self._holds_one(value, SHARE if probabilities and self.kind == "score" else self.range)
        return isinstance(value, list) and all(self._holds_one(each, self.range) for each in value)

    def _holds_one(self, value: object, range: Range) -> bool:
        if self.kind in ("names", "names_by_class"):
            return isinstance(value, str)
        if value is None:
            return self.kind == "numbers_by_class"
        whole = self.kind not in ("whole", "counts_by_class") or isinstance(value, int)
        return is_number(value) and whole and range.low <= value <= range.high


LARGEST = 1e12
"""No statistic is larger, unless a damaged file says so."""

ROUNDING = 1e-3
"""How far rounding may push a statistic below its least value."""

MOST_REPEATED = 2000
"""Samples among which near-duplicates are looked for, at most: the first of a snapshot."""

ANY = Range(-LARGEST, LARGEST)
SHARE = Range(0.0, 1.0)
POSITIVE = Range(0.0, LARGEST)
VENDI = Range(1 - ROUNDING, 1e9)

GOOD = Chart("samples, as shares", ("lost_class_mass", "mode_mass", "mode_mass_union", "dominant_mode_changes"))
AGREEMENT = Chart("samples of the class that was asked for, as shares")
INFORMATION = Chart("what the samples say of the code, nats")
CYCLE = Chart("miss of the way there and back, of 2 from black to white")
ORIGINAL = Chart("likeness to the original, dB (PSNR)")
SIMILARITY = Chart("structural similarity to the original (SSIM)")
TRUTH = Chart("error against the true image, of 2 from black to white")
ANGLE = Chart("error of the angle, degrees")
MANIFOLDS = Chart("samples, as shares")
SCORES = Chart("mean score by the discriminator", ("r_v",))

TABLE: tuple[Statistic, ...] = (
    # -- the row itself
    Statistic("time", "seconds since the start", POSITIVE, taken="elsewhere"),
    Statistic("n", "number of samples", Range(1, 1e9), taken="elsewhere"),
    Statistic(
        "unseen",
        "what the features were found not to see on the reals themselves: `quality`, `variety`",
        ANY,
        kind="names",
        taken="elsewhere",
    ),
    Statistic(
        "sorted_by",
        "`rows` or `columns`: the samples were cut from a sheet on which those of each look alike",
        ANY,
        kind="words",
        taken="elsewhere",
    ),
    Statistic("protocol", "how samples were made and compared", ANY, kind="words", taken="elsewhere"),
    Statistic(
        "non_finite",
        "statistics that were NaN or infinite, and `samples` if a sample was",
        ANY,
        kind="names",
        taken="elsewhere",
    ),
    Statistic("game", "the game that was played", ANY, kind="words", taken="elsewhere"),
    # -- samples that pass for the data at all, and their classes
    Statistic(
        "good",
        "samples that look like the data (pass the garbage test), as a share",
        SHARE,
        "higher",
        shown=("compare", "sweep", "spark"),
        line=Line(GOOD, "good", real=None),
    ),
    Statistic(
        "recognised",
        "samples that a classifier is sure of (more than half for one class), as a share",
        SHARE,
        "higher",
        shown=("compare",),
        line=Line(GOOD, "recognised", "fake", real=None),
    ),
    Statistic(
        "classes_present",
        "real classes that are made, as a share",
        SHARE,
        "higher",
        taken="derived",
        derive=classes_present,
        line=Line(GOOD, "classes made", "output", real=None),
    ),
    Statistic("class_counts", "good samples of each class", POSITIVE, kind="counts_by_class"),
    Statistic(
        "class_shares_real",
        "share of each class in the training data",
        SHARE,
        kind="shares_by_class",
        taken="elsewhere",
    ),
    Statistic("classes", "names of the classes", ANY, kind="names_by_class", taken="elsewhere"),
    Statistic("lost_classes", "classes that are proved to be lost", ANY, "lower", kind="names", taken="evaluate"),
    Statistic("class_kl", "KL divergence of the classes from the real ones, nats", POSITIVE, "lower", taken="evaluate"),
    Statistic(
        "modes",
        "modes of the data that samples show (of points: with a sample within 3 sigma)",
        POSITIVE,
        "higher",
        kind="whole",
        shown=("compare", "sweep"),
        line=Line(real="the same number of reals"),
    ),
    Statistic(
        "mode_kl",
        "KL divergence of the modes that samples show from the uniform distribution, nats",
        POSITIVE,
        "lower",
        shown=("compare", "sweep"),
        line=Line(real="the same number of reals"),
    ),
    Statistic(
        "good_modes",
        "modes that good images show (on stacked MNIST)",
        POSITIVE,
        "higher",
        kind="whole",
        shown=("compare", "sweep"),
        line=Line(real="the same number of reals"),
    ),
    Statistic(
        "good_mode_kl",
        "KL divergence of the modes that good images show from the uniform distribution, nats",
        POSITIVE,
        "lower",
        shown=("sweep",),
    ),
    # -- samples of what was asked for
    Statistic(
        "asked",
        "what was asked for: `classes`, or `codes` that the generator may use as it likes",
        ANY,
        kind="words",
        taken="elsewhere",
    ),
    Statistic(
        "agreement",
        "samples of the class that was asked for, as a share",
        SHARE,
        "higher",
        shown=("compare",),
        line=Line(AGREEMENT),
    ),
    Statistic(
        "agreement_chance",
        "the same share if samples did not depend on the class",
        SHARE,
        line=Line(AGREEMENT, "by chance", "real", real=None),
    ),
    Statistic(
        "agreement_matched",
        "samples of the class asked for after the best matching of codes to classes, as a share",
        SHARE,
        "higher",
    ),
    Statistic(
        "vendi_by_asked",
        "variety of the samples asked for of each class, relative to reals of it (Vendi scores)",
        POSITIVE,
        kind="numbers_by_class",
    ),
    # -- games of their own
    Statistic(
        "info_bound",
        "what the samples reveal of the code, at least (L_I), nats",
        ANY,
        "higher",
        taken="elsewhere",
        game="infogan",
        shown=("compare",),
        line=Line(INFORMATION, "read from the samples, at least", real=None),
    ),
    Statistic(
        "info_max",
        "entropy of the code: the most that samples can reveal of it, nats",
        POSITIVE,
        taken="elsewhere",
        game="infogan",
        line=Line(INFORMATION, "all of it", "muted", real=None),
    ),
    Statistic(
        "info_continuous_error",
        "mean square error of the continuous codes read from the samples",
        POSITIVE,
        "lower",
        taken="elsewhere",
        game="infogan",
        shown=("compare",),
    ),
    Statistic(
        "cycle_error",
        "mean error of images translated there and back, of 2 from black to white",
        Range(0.0, 2.0),
        "lower",
        taken="elsewhere",
        game="cycle",
        shown=("compare",),
        line=Line(CYCLE, "clean", real=None),
    ),
    Statistic(
        "cycle_error_disturbed",
        "the same error if noise of 2/255 is added on the way",
        Range(0.0, 2.0),
        "lower",
        taken="elsewhere",
        game="cycle",
        shown=("compare",),
        line=Line(CYCLE, "after noise of 2/255", "alarm", real=None),
    ),
    Statistic(
        "back_vendi",
        "variety of the way back (Vendi score)",
        VENDI,
        "higher",
        taken="elsewhere",
        game="cycle",
        shown=("compare",),
        line=Line(),
    ),
    Statistic(
        "psnr",
        "PSNR: likeness to the original, dB",
        ANY,
        "higher",
        taken="elsewhere",
        game="super_resolution",
        shown=("compare",),
        line=Line(ORIGINAL, real=None),
    ),
    Statistic(
        "psnr_bicubic",
        "PSNR of bicubic interpolation, dB",
        ANY,
        taken="elsewhere",
        game="super_resolution",
        line=Line(ORIGINAL, "bicubic interpolation", "muted", real=None),
    ),
    Statistic(
        "ssim",
        "SSIM: structural similarity to the original",
        Range(-1.0, 1.0),
        "higher",
        taken="elsewhere",
        game="super_resolution",
        shown=("compare",),
        line=Line(SIMILARITY, real=None),
    ),
    Statistic(
        "ssim_bicubic",
        "SSIM of bicubic interpolation",
        Range(-1.0, 1.0),
        taken="elsewhere",
        game="super_resolution",
        line=Line(SIMILARITY, "bicubic interpolation", "muted", real=None),
    ),
    Statistic(
        "pair_error",
        "mean error against the true image, of 2 from black to white",
        Range(0.0, 2.0),
        "lower",
        taken="elsewhere",
        game="paired",
        shown=("compare",),
        line=Line(TRUTH, real=None),
    ),
    Statistic(
        "pair_error_input",
        "the same error of the image that was given",
        Range(0.0, 2.0),
        taken="elsewhere",
        game="paired",
        line=Line(TRUTH, "given", "muted", real=None),
    ),
    Statistic(
        "angle_error",
        "mean difference between the angle asked for and the one that the image was rotated by, degrees",
        Range(0.0, 360.0),
        "lower",
        taken="elsewhere",
        game="paired",
        shown=("compare",),
        line=Line(ANGLE),
    ),
    Statistic(
        "phase_size",
        "side of the images at this stage, pixels",
        Range(1, LARGEST),
        kind="whole",
        taken="elsewhere",
        game="progressive",
    ),
    Statistic(
        "phase_since",
        "first step of this stage",
        Range(1, LARGEST),
        kind="whole",
        taken="elsewhere",
        game="progressive",
    ),
    # -- variety and nearness to reals
    Statistic("vendi", "variety (Vendi score)", VENDI, "higher", shown=("compare",), line=Line()),
    Statistic(
        "vendi_by_class",
        "variety of the samples of each class, relative to reals of it (Vendi scores)",
        POSITIVE,
        kind="numbers_by_class",
    ),
    Statistic(
        "fid",
        "FID: Frechet distance to reals, through the features that `protocol` names",
        Range(-ROUNDING, LARGEST),
        "lower",
        shown=("compare", "sweep", "spark"),
        line=Line(Chart("FID, lower is better")),
    ),
    Statistic("fid_infinity", "FID that infinitely many samples would have", ANY, "lower", taken="evaluate"),
    # A third power of the features: what has diverged scores far beyond all else.
    Statistic("kid", "KID: kernel distance to reals", Range(-1e40, 1e40), "lower", taken="evaluate"),
    Statistic(
        "inception_score",
        "Inception Score: samples clearly of one class, and of all classes",
        Range(1 - ROUNDING, 1e6),
        "higher",
        shown=("compare", "spark"),
        line=Line(Chart("Inception Score, higher is better"), real=None),
    ),
    Statistic("conditional_entropy", "mean entropy of the class of one sample, nats", POSITIVE, taken="evaluate"),
    Statistic("marginal_entropy", "entropy of the classes of all samples, nats", POSITIVE, taken="evaluate"),
    Statistic(
        "near_duplicates",
        "samples that are near-duplicates of another sample (garbage only if its pixels agree as well), as a share",
        SHARE,
        "lower",
        taken="elsewhere",
        shown=("compare",),
    ),
    Statistic(
        "distinct",
        f"samples left if of each group of near-duplicates one is kept, of the first {MOST_REPEATED:,}",
        Range(1, LARGEST),
        kind="whole",
        taken="elsewhere",
    ),
    Statistic(
        "repeats_chance",
        "probability that the same number of reals, drawn with replacement, repeats as often (birthday test)",
        SHARE,
        taken="elsewhere",
    ),
    Statistic(
        "precision",
        "precision: samples that lie among reals, as a share",
        SHARE,
        "higher",
        shown=("compare", "sweep"),
        line=Line(MANIFOLDS, "samples like reals (precision)", "output", real=None),
    ),
    Statistic(
        "recall",
        "recall: reals that lie among samples, as a share",
        SHARE,
        "higher",
        shown=("compare", "sweep"),
        line=Line(MANIFOLDS, "reals like samples (recall)", "real", real=None),
    ),
    Statistic("f1", "harmonic mean of precision and recall", SHARE, "higher", taken="evaluate"),
    Statistic(
        "density",
        "density: reals around a sample, relative to those around a real",
        POSITIVE,
        "higher",
        shown=("compare", "sweep"),
    ),
    Statistic(
        "coverage",
        "coverage: reals with a sample nearby, as a share",
        SHARE,
        "higher",
        shown=("compare", "sweep", "spark"),
        line=Line(GOOD, "reals covered", "real", real=None),
    ),
    Statistic(
        "relative_vendi",
        "variety relative to reals: (V - 1) / (V_real - 1) of the Vendi scores",
        POSITIVE,
        "higher",
        taken="derived",
        derive=Row.relative_vendi,
        shown=("sweep",),
    ),
    Statistic(
        "classes_seen",
        "real classes with a good sample",
        POSITIVE,
        "higher",
        taken="derived",
        derive=classes_seen,
        shown=("sweep",),
    ),
    Statistic(
        "prd_f8",
        "F_8 of the curve of precision and recall (PRD), which weighs recall",
        SHARE,
        "higher",
        taken="evaluate",
    ),
    Statistic("prd_f1_8", "F_1/8 of the same curve, which weighs precision", SHARE, "higher", taken="evaluate"),
    Statistic("nn_fake", "samples nearer to a sample than to a real, as a share: best at .5", SHARE, taken="evaluate"),
    Statistic("nn_real", "reals nearer to a real than to a sample, as a share: best at .5", SHARE, taken="evaluate"),
    Statistic(
        "gan_train", "GAN-train: accuracy on reals of votes by the nearest samples", SHARE, "higher", taken="evaluate"
    ),
    Statistic(
        "gan_test", "GAN-test: accuracy on samples of votes by the nearest reals", SHARE, "higher", taken="evaluate"
    ),
    # -- compared with the training set
    Statistic(
        "authenticity",
        "authentic samples: farther from a training sample than it is from the next one, as a share",
        SHARE,
        "higher",
        taken="last",
        shown=("compare",),
    ),
    Statistic(
        "copies",
        "samples that are near-duplicates of training samples, as a share",
        SHARE,
        "lower",
        taken="last",
        shown=("compare",),
    ),
    Statistic(
        "c_t",
        "C_T: below -3 if samples are copies of training samples, above 3 if they are far from them",
        ANY,
        taken="last",
    ),
    Statistic(
        "ndb", "NDB: bins that samples and training set fill differently, as a share", SHARE, "lower", taken="evaluate"
    ),
    Statistic(
        "ndb_js", "Jensen-Shannon divergence of the two sets over these bins, nats", SHARE, "lower", taken="evaluate"
    ),
    Statistic(
        "nn_train_fake",
        "samples nearer to a sample than to a training sample, as a share: below .5 if copied",
        SHARE,
        taken="evaluate",
    ),
    Statistic(
        "nn_train_real",
        "training samples nearer to one than to a sample, as a share: below .5 if copied",
        SHARE,
        taken="evaluate",
    ),
    Statistic(
        "birthday_support",
        "number of different samples that the generator seems to make (birthday paradox)",
        Range(1, LARGEST),
        "higher",
        taken="evaluate",
    ),
    # -- without features
    Statistic(
        "d_train",
        "mean score that the discriminator gives training data",
        ANY,
        kind="score",
        taken="elsewhere",
        line=Line(SCORES, "training data", "real", None),
    ),
    Statistic(
        "d_held_out",
        "mean score that it gives held-out data",
        ANY,
        kind="score",
        taken="elsewhere",
        line=Line(SCORES, "held-out data", "output", None),
    ),
    Statistic(
        "d_fake",
        "mean score that it gives samples",
        ANY,
        kind="score",
        taken="elsewhere",
        line=Line(SCORES, "fakes", "fake", None),
    ),
    Statistic(
        "energy_distance",
        "distance of samples to reals (energy distance)",
        ANY,
        "lower",
        taken="elsewhere",
        shown=("compare",),
        line=Line(
            Chart("distance of samples to reals (energy distance)", log=True), "generated to real", real="real to real"
        ),
    ),
    Statistic(
        "diversity", "mean distance between samples, in pixels or coordinates", POSITIVE, taken="elsewhere", line=Line()
    ),
    Statistic(
        "energy_coefficient",
        "energy distance over twice the mean distance of a sample and a real: .29 for the mean of the reals alone",
        SHARE,
        "lower",
        taken="derived",
        derive=energy_coefficient,
    ),
)

STATISTICS: dict[str, Statistic] = {each.name: each for each in TABLE}
"""What each key of a row is, but `step`. Readers, tables, plots and pages are made from it."""


def statistic_of(key: str) -> Statistic | None:
    """Return what a key of a row is, `<name>_real` being what `<name>` is; None for a key that is not known."""
    return STATISTICS.get(key) or STATISTICS.get(key.removesuffix("_real"))


def shown_in(place: Place) -> tuple[str, ...]:
    """Return the names of the statistics that are listed in a place, in the table's order."""
    return tuple(each.name for each in TABLE if place in each.shown)


# -- the file -------------------------------------------------------------------------------------------------------


def append_snapshot(path: Path, row: Mapping[str, Any]) -> Row:
    """Append a row to snapshots.jsonl and return it as reading it gives it back.

    A non-finite number is written as null with its name under `non_finite`.
    """
    text = json.dumps(written(row), allow_nan=False)
    append_text(path, text + "\n")
    return Row(json.loads(text))


def written(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as files hold it, every number finite."""
    broken = [key for key, value in row.items() if isinstance(value, float) and not math.isfinite(value)]
    bad = list(dict.fromkeys([*row.get("non_finite", ()), *broken]))
    clean = {key: None if key in broken else value for key, value in row.items()}
    return {**clean, "non_finite": bad} if bad else clean


def read_snapshots(path: Path) -> list[Row]:
    """Read snapshots.jsonl, its whole rows only.

    Raises:
        RunError: a row that is not the last is damaged.
    """
    rows: list[Row] = []
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RunError(f"{path}:{number} is damaged: {error}", "remove that line, or use another run") from error
        if not isinstance(row, dict) or not isinstance(row.get("step"), int):
            raise RunError(f"{path}:{number} is no snapshot", "remove that line, or use another run")
        rows.append(Row(row))
    return rows


def best_step(rows: Sequence[Row]) -> int | None:
    """Return the step of the best snapshot, or None if that is not known.

    The best one has the lowest FID if rows have one, else the lowest energy distance to held-out reals. Of a growing
    run only those of its last size count: figures of different sizes do not compare.
    """
    size = rows[-1].get("phase_size") if rows else None
    for name in ("fid", "energy_distance"):
        judged = {row.step: row.number(name) for row in rows if row.get("phase_size") == size}
        values = {step: value for step, value in judged.items() if value is not None}
        if values:
            return min(values, key=lambda step: values[step])
    return None


def cut_snapshots(path: Path, last_step: int) -> None:
    """Drop every snapshot after `last_step`, and a torn last row.

    Raises:
        RunError: a row that is not the last is damaged.
    """
    if path.exists():
        lines = zip(whole_lines(path), read_snapshots(path), strict=True)
        kept = [line for line, row in lines if row["step"] <= last_step]
        atomic_write(path, "".join(line + "\n" for line in kept).encode())
