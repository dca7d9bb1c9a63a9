"""What would have been known of a labelled run from fewer samples and snapshots: the statistics of all cuts, cached.

A cut holds the first samples of every snapshot, compared with as many reals, and some of the snapshots, always the last
one, so that the run's label stays true. A probe tells whether the cache is up to date: fixed samples whose
statistics are taken again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganlab.config.data import MnistOptions, RingOptions
from ganlab.config.experiment import Experiment
from ganlab.data import RealData, Samples, load, to_float
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.samples import with_samples
from ganlab.domain import Images
from ganlab.errors import GanlabError
from ganlab.evaluation.features import features_for
from ganlab.evaluation.statistics import Distances, SampleStatistics
from ganlab.randomness import seeded_generator
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import read_json, write_json
from ganlab.runs.snapshots import Row, read_snapshots, statistic_of
from truth.corpora import Labelled

SIZES = (25, 64, 100, 1000)
"""Samples of a snapshot."""

SNAPSHOTS = (1, 4, 12)
"""Snapshots of a run."""

ALL = 0
"""Stands for all samples of a run, as many as it has."""

READERS = (
    "samples",
    "alignment",
    "readers.samples",
    "readers.pictures",
    "readers.repeats",
    "readers.tiling",
    "readers.step_names",
)
"""Modules of `ganlab.diagnosis` that decide which pictures are found in the files of other people's trainers."""

View = str
"""What a run is judged by: `samples`; `unlabelled`, the same without the classes of the reals; or `losses` alone."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """A run's snapshots, by the number of samples in each.

    Attributes:
        rows: of each size below that of the run, and of ALL.
        unit: of their steps.
        notes: on how they were read.
        unread: why they could not be read.
    """

    rows: dict[int, tuple[Row, ...]]
    unit: str
    notes: tuple[str, ...]
    unread: str = ""

    @property
    def samples(self) -> int:
        """How many samples the last snapshot holds; 0 without any."""
        last = self.rows[ALL][-1:]
        return int(last[0].get("n") or 0) if last else 0

    def at(self, size: int) -> tuple[Row, ...] | None:
        """Return the snapshots with so many samples in each, None if the run has fewer."""
        return self.rows[ALL] if size == self.samples else self.rows.get(size)


def thinned(rows: Sequence[Row], count: int) -> tuple[Row, ...]:
    """Return so many rows at even distances, the last one among them."""
    places = np.linspace(0, len(rows) - 1, count + 1)[1:].round().astype(int)
    return tuple(rows[place] for place in places)


# -- the evidence -----------------------------------------------------------------------------------------------------


def views(run: Labelled) -> tuple[View, ...]:
    """Return what a run can be judged by."""
    if run.corpus == "colour":
        return ("samples", "unlabelled", "losses")
    if run.run is None and run.samples is None:
        return ("losses",)
    return ("samples", "losses") if run.run is not None or run.log is not None else ("samples",)


def logged(run: Labelled) -> Evidence:
    """Return what is known of a run without its samples."""
    if run.run is not None:
        return replace(read(run.run, ReadOptions()), snapshots=())
    return read(run.log, ReadOptions(loss=run.loss))


def beside_samples(run: Labelled) -> Evidence:
    """Return what is known of a run apart from its samples: nothing if its log cannot be read."""
    try:
        return logged(run)
    except GanlabError:
        return Evidence("samples")


def seen(log: Evidence, cuts: Cuts, rows: Sequence[Row]) -> Evidence:
    """Return the evidence of a run with some of its snapshots."""
    return replace(log, snapshots=tuple(rows), unit=cuts.unit, notes=(*log.notes, *cuts.notes))


def evidence_of(corpora: Path, run: Labelled) -> Evidence:
    """Return all that is known of a run, with the statistics that were computed again."""
    cuts = cuts_of(corpora, run, "samples")
    return seen(beside_samples(run), cuts, cuts.rows[ALL])


# -- the cache --------------------------------------------------------------------------------------------------------


def cuts_of(corpora: Path, run: Labelled, view: View) -> Cuts:
    """Return what `compute` has cached of a run.

    Raises:
        FileNotFoundError: nothing.
    """
    if not (path := cached(corpora, run, view)).is_file():
        raise FileNotFoundError(path)
    found = read_json(path)
    rows = {int(size): tuple(map(Row, rows)) for size, rows in found["rows"].items()}
    return Cuts(rows, found["unit"], tuple(found["notes"]), found["unread"])


def cached(corpora: Path, run: Labelled, view: View) -> Path:
    """Return the file that holds the statistics of a run's cuts."""
    name = hashlib.sha256(run.name.encode()).hexdigest()[:12]
    return corpora / "rows" / run.corpus / f"{name}-{view}.json"


def compute(corpora: Path, run: Labelled, view: View) -> bool:
    """Cache the statistics of a run's cuts, unless they are up to date; return whether there was anything to do."""
    path = cached(corpora, run, view)
    ring, digits, pictures = probe()
    # MNIST and points are seen through what isn't fitted to them.
    parts = (ring, digits) if run.corpus == "own" else (ring, digits, pictures)
    key = "-".join(parts if run.run is not None else (*parts, readers()))
    # What could not be read is tried again.
    if path.is_file() and (kept := read_json(path))["key"] == key and not kept["unread"]:
        return False
    try:
        cuts = _of_run(run.run, view == "unlabelled") if run.run is not None else _of_files(run)
    except GanlabError as error:
        cuts = Cuts({ALL: ()}, "step", (), error.message)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"key": key, **vars(cuts)})
    return True


@cache
def probe() -> tuple[str, str, str]:
    """Return 8 digits each that change if statistics do: how a ring scores, digits, and pictures of noise."""
    source = seeded_generator(0, "truth/cuts")
    ring = load(RingOptions(name="ring", fraction=0.01), 1)
    noise = torch.randint(256, (600, 1, 16, 16), generator=source, dtype=torch.uint8).repeat(1, 3, 1, 1)
    train, held_out = (
        Samples(part, torch.zeros(300).long(), ("real",), Images(3, 16, 16)) for part in noise.split(300)
    )
    pictures = RealData(train, held_out, hashlib.sha256(noise.numpy().tobytes()).hexdigest())
    mnist = MnistOptions(name="mnist", fraction=0.01)
    digits = load(mnist, 1)
    found = []
    for data, options in ((ring, RingOptions(name="ring")), (digits, mnist), (pictures, None)):
        values = to_float(data.held_out.values[:64]) * 0.9
        if isinstance(data.train.domain, Images):
            # Half of them garbage, which is judged by other rules.
            tint = torch.linspace(0, 0.5, values.shape[1])[:, None, None]
            values[::2] = tint + torch.rand(values[::2].shape, generator=source) - 0.5
        row = SampleStatistics(features_for(options, data), data.train, data.held_out, 64, 0).row(values, True)
        row |= Distances(data.train, data.held_out, 64, 0).row(values)
        rounded = {key: _rounded(value) for key, value in row.items()}
        found.append(hashlib.sha256(json.dumps(rounded, sort_keys=True).encode()).hexdigest()[:8])
    return found[0], found[1], found[2]


def _rounded(value: Any) -> Any:
    """Return numbers to three digits: machines differ in the last ones."""
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return f"{value:.3g}" if isinstance(value, float) else value


@cache
def readers() -> str:
    """Return 8 digits that change if the code that finds pictures in files does."""
    files = [Path(str(import_module(f"ganlab.diagnosis.{name}").__file__)).read_bytes() for name in READERS]
    return hashlib.sha256(b"".join(files)).hexdigest()[:8]


# -- statistics -------------------------------------------------------------------------------------------------------


def _of_run(folder: Path, unlabelled: bool) -> Cuts:
    """Return the cuts of a run of ganlab's, from its kept samples."""
    run = RunDirectory(folder)
    experiment = run.experiment()
    scores = {row.step: row for row in read_snapshots(run.snapshots)}
    files = {int(path.stem.removeprefix("step_")): path for path in sorted(run.samples.glob("step_*.npz"))}
    values = {step: to_float(torch.from_numpy(next(iter(np.load(path).values())))) for step, path in files.items()}
    values = {step: each for step, each in values.items() if step in scores}
    count = min(map(len, values.values()), default=0)
    options = experiment.data.model_dump_json()
    rows = {}
    for size in (ALL, *(size for size in SIZES if size < count)):
        statistics, distances = statistics_of(options, unlabelled, size or count), distances_of(options, size or count)
        rows[size] = tuple(
            Row({**_beside(scores[step], unlabelled), **found, "step": step, "protocol": {
                **(scores[step].get("protocol") or {}), "features": statistics.features.name, "n_fake": size or count}})
            for step, found in _rows(statistics, distances, values, size or count)
        )  # fmt: skip
    return Cuts(rows, "step", ())


def _beside(scores: Row, unlabelled: bool) -> dict[str, Any]:
    """Return what a row holds that isn't computed again: what only the run itself could know."""
    known = {key: value for key, value in scores.items() if (it := statistic_of(key)) and it.taken == "elsewhere"}
    return {key: value for key, value in known.items() if not (unlabelled and key in ("classes", "class_shares_real"))}


def _rows(
    statistics: SampleStatistics, distances: Distances, values: dict[int, Tensor], size: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield step and statistics of the first samples of each snapshot, those of the last one thorough."""
    for step, samples in values.items():
        some = samples[:size]
        yield step, {**distances.row(some), **statistics.row(some, thorough=step == max(values))}


@lru_cache(4)
def _data(options: str, unlabelled: bool) -> tuple[Experiment, RealData]:
    experiment = Experiment.model_validate({"data": json.loads(options)})
    data = load(experiment.data, batch_size=1)
    return experiment, without_classes(data) if unlabelled else data


def without_classes(data: RealData) -> RealData:
    """Return the same data, nothing being known of its classes."""
    train, held_out = (
        replace(part, labels=torch.zeros_like(part.labels), class_names=("real",))
        for part in (data.train, data.held_out)
    )
    return replace(data, train=train, held_out=held_out)


@lru_cache(12)
def statistics_of(options: str, unlabelled: bool, count: int) -> SampleStatistics:
    """Return the statistics that compare samples with a run's own data.

    Args:
        options: of the data, as JSON.
        unlabelled: leave out the classes of the reals.
        count: samples in a snapshot.
    """
    experiment, data = _data(options, unlabelled)
    statistics = SampleStatistics(features_for(experiment.data, data), data.train, data.held_out, count, 0)
    # The same for every size.
    statistics.training = _training(options, unlabelled)
    return statistics


@lru_cache(12)
def distances_of(options: str, count: int) -> Distances:
    """Return how far so many samples lie from a run's own data; both arguments as in `statistics_of`."""
    _, data = _data(options, False)
    return Distances(data.train, data.held_out, count, 0)


@lru_cache(4)
def _training(options: str, unlabelled: bool) -> Any:
    experiment, data = _data(options, unlabelled)
    return SampleStatistics(features_for(experiment.data, data), data.train, data.held_out, 2, 0).training


def _of_files(run: Labelled) -> Cuts:
    """Return the cuts of what `ganlab diagnose --samples` is given."""
    log = beside_samples(run)
    assert run.samples is not None
    whole = with_samples(log, run.samples, run.real, run.tile)
    count = min((int(row.get("n") or 0) for row in whole.snapshots), default=0)
    rows = {ALL: whole.snapshots}
    for size in (size for size in SIZES if size < count):
        rows[size] = with_samples(log, run.samples, run.real, run.tile, size).snapshots
    return Cuts(rows, whole.unit, whole.notes[len(log.notes) :])


def every(runs: Sequence[Labelled]) -> Iterator[tuple[Labelled, View]]:
    """Yield each run with each of its views that has samples, those on the same data one after the other."""
    pairs = [(run, view) for run in runs for view in views(run) if view != "losses"]
    order: Callable[[tuple[Labelled, View]], tuple[str, str]] = lambda pair: (pair[1], _data_of(pair[0]))  # noqa: E731
    yield from sorted(pairs, key=order)


def _data_of(run: Labelled) -> str:
    """Return what a run was trained on, in a form that is the same only for the same data."""
    if run.run is None:
        return str(run.real)
    return RunDirectory(run.run).experiment().data.model_dump_json()
