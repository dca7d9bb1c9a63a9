"""The battery: what it measures stands in the table of statistics, and snapshots and evaluations ask it alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

import ganlab
from ganlab.config.data import RingOptions
from ganlab.data import RealData, Samples, load, to_float
from ganlab.domain import Images
from ganlab.evaluation.battery import FEATURES, PIXELS, Asked, Reference, Sample, agreement
from ganlab.evaluation.evaluate import PUBLISHED, evaluate
from ganlab.evaluation.features import Features, features_for
from ganlab.evaluation.statistics import SampleStatistics
from ganlab.randomness import seeded_generator
from ganlab.runs.snapshots import STATISTICS, TABLE

COUNT = 300
RING = RingOptions(name="ring", points=1200, held_out=0.5, std=0.05)
NAMES = [name for entry in (*FEATURES, *PIXELS) for name in entry.names]


@pytest.fixture(scope="module")
def ring() -> RealData:
    return load(RING, 16)


@pytest.fixture(scope="module")
def features(ring: RealData) -> Features:
    return features_for(RING, ring)


def samples(ring: RealData, kind: str) -> Tensor:
    noise = torch.randn(COUNT, 2, generator=seeded_generator(0, "test"))
    known = ring.train.values[:COUNT]
    return {"copies": known, "near": known + 0.01 * noise, "noise": noise, "far": 1e4 * noise, "one": 0 * noise}[kind]


def test_the_table_says_what_the_battery_measures() -> None:
    assert len(NAMES) == len(set(NAMES))
    measured = {each.name for each in TABLE if each.taken in ("each", "last", "evaluate")}
    assert set(NAMES) - measured == {"relative_vendi"}, "which rows of snapshots need not hold: it is derived"
    assert measured <= set(NAMES)
    assert set(PUBLISHED) <= set(NAMES)


@pytest.mark.parametrize("kind", ["copies", "near", "noise", "far", "one"])
def test_every_figure_is_in_the_range_of_the_table(ring: RealData, features: Features, kind: str) -> None:
    names = {PUBLISHED.get(name, name): name for name in NAMES}
    for public, figure in evaluate(features, samples(ring, kind), ring.train, ring.held_out, seed=0).items():
        for value in (figure["value"], figure["real"]):
            assert STATISTICS[names[public]].holds(value), f"{public}: {value}"


def test_snapshots_and_evaluations_say_the_same_of_the_same_reals(ring: RealData, features: Features) -> None:
    """All held-out points are the reference of both, as there are as many samples."""
    fake = torch.cat([samples(ring, "near"), samples(ring, "noise")])
    assert len(fake) == len(ring.held_out)
    row = SampleStatistics(features, ring.train, ring.held_out, len(fake), seed=0).row(fake, thorough=True)
    figures = evaluate(features, fake, ring.train, ring.held_out, seed=0)
    for name in ("good", "precision", "recall", "density", "coverage", "authenticity", "copies"):
        assert row[name] == figures[name]["value"], name
    for name in ("fid", "vendi", "inception_score"):
        assert row[name] == pytest.approx(figures[name]["value"], rel=1e-9), name
    assert row["class_counts"] == figures["class_histogram"]["value"]


def test_exact_copies_are_seen_if_the_threshold_is_0(features: Features, ring: RealData) -> None:
    """Where a training set repeats itself the threshold of near-duplicates is 0, and exact copies are still copies."""
    half = ring.train.values[:100]
    twice = Samples(half.repeat(2, 1), ring.train.labels[:100].repeat(2), ring.train.class_names, ring.domain)
    fake = torch.cat([half, half + 0.01])
    statistics = SampleStatistics(features, twice, ring.held_out, len(fake), seed=0)
    assert statistics.training.threshold == 0
    assert statistics.row(fake, thorough=True)["copies"] == 0.5
    assert statistics.row(half[:3], thorough=True)["copies"] == 1.0
    assert evaluate(features, fake, twice, ring.held_out, seed=0)["copies"]["value"] == 0.5


def test_reals_that_are_all_alike_have_no_variety_to_lose(features: Features, ring: RealData) -> None:
    point = Samples(
        ring.train.values[:1].repeat(200, 1), ring.train.labels[:1].repeat(200), ring.train.class_names, ring.domain
    )
    figure = evaluate(features, samples(ring, "near")[:200], point, point, seed=0)["vendi_relative"]
    assert figure["value"] is figure["real"] is None
    assert figure["why"] == "the reals do not vary themselves"


def test_agreement_of_codes_is_that_of_the_best_matching(features: Features, ring: RealData) -> None:
    seen, labels = features.see(ring.held_out.values), ring.held_out.labels
    assert agreement(Sample(seen, Asked(labels))) > 0.98
    assert agreement(Sample(seen, Asked((labels + 1) % 8))) == 0.0
    assert agreement(Sample(seen, Asked((labels + 1) % 8, codes=True))) == agreement(Sample(seen, Asked(labels)))


def test_first_samples(features: Features, ring: RealData) -> None:
    whole = Sample(features.see(ring.held_out.values), Asked(ring.held_out.labels))
    part = whole.first(7)
    assert len(part) == 7
    assert part.asked is not None
    assert torch.equal(part.asked.labels, ring.held_out.labels[:7])
    assert torch.equal(part.classes, whole.classes[:7])
    assert part.allows("asked classes")
    assert not Sample(part.seen).allows("asked")


def test_a_class_of_which_too_few_are_there_is_not_judged(features: Features, ring: RealData) -> None:
    seen = features.see(ring.held_out.values)
    reference = Reference(features, seen, ring.held_out.labels, seen.appearance, ring.held_out.labels, 0, most=10)
    sample = Sample(features.see(ring.train.values))
    assert reference.variety(sample, sample.classes) == [None] * 8, "10 of each class are looked at, 30 are needed"


FUNCTION = """

@of_features("sharpness")
def _sharpness(sample: Sample, reals: Reference) -> float:
    return float(sample.seen.features.std() / reals.seen.features.std())
"""
LINE = """    Statistic(
        "sharpness", "sharpness", POSITIVE, "higher", shown=("compare", "sweep", "spark"), line=Line()
    ),
"""
SCRIPT = """
import json, sys
from pathlib import Path
import ganlab
from ganlab.diagnosis.drawing import PROOFS
from ganlab.diagnosis.readers.run_directory import read_run
from ganlab.report.compare import compare
from ganlab.runs.directory import RunDirectory
from ganlab.sweeps.measures import METRICS
from ganlab.sweeps.summary import STATISTIC_COLUMNS
from ganlab.training.evaluating import evaluate_run

experiment = json.loads(sys.argv[1])
runs = [ganlab.train(experiment, [f"seed={seed}"], runs_dir="runs") for seed in (0, 1)]
directories = [RunDirectory(Path(run.path)) for run in runs]
evidence = read_run(directories[0].path)
print(json.dumps({
    "package": ganlab.__file__,
    "rows": [{key: row.get(key) for key in ("sharpness", "sharpness_real")} for row in evidence.snapshots],
    "notes": evidence.notes,
    "damaged": evidence.damaged,
    "numbers": compare(directories, Path("side_by_side.png")).as_json()["numbers"]["sharpness"],
    "better": METRICS["sharpness"],
    "column": "sharpness" in STATISTIC_COLUMNS,
    "proof": any("sharpness" in proof.curves for proof in PROOFS),
    "evaluated": evaluate_run(directories[0], "newest", 40, 0, lambda text: None)["metrics"]["live"]["sharpness"],
}))
"""


def test_a_statistic_is_one_function_and_one_line(tmp_path: Path) -> None:
    """In a copy of the package one is added; it is in rows, tables, plots, claims and evaluations without more."""
    package = tmp_path / "ganlab"
    shutil.copytree(Path(ganlab.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    battery, table = package / "evaluation" / "battery.py", package / "runs" / "snapshots.py"
    battery.write_text(battery.read_text() + FUNCTION)
    before, after = table.read_text().split("TABLE: tuple[Statistic, ...] = (\n")
    table.write_text(f"{before}TABLE: tuple[Statistic, ...] = (\n{LINE}{after}")
    experiment = {
        "name": "toy",
        "data": {"name": "ring", "points": 2000},
        "latent": {"dim": 4},
        "generator": {"name": "mlp", "width": 16, "depth": 1},
        "discriminator": {"name": "mlp", "width": 16, "depth": 1},
        "training": {"steps": 20, "batch_size": 16, "device": "cpu"},
        "monitor": {"snapshot_every": 10, "snapshot_samples": 64},
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(experiment)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["package"] == str(package / "__init__.py")
    assert len(found["rows"]) == 3
    assert all(row["sharpness"] > 0 < row["sharpness_real"] for row in found["rows"])
    assert (found["notes"], found["damaged"]) == ([], False)
    assert found["numbers"][0] == found["rows"][-1]["sharpness"] != found["numbers"][1]
    assert (found["better"], found["column"], found["proof"]) == ("higher", True, True)
    assert found["evaluated"]["value"] > 0 < found["evaluated"]["real"]


@pytest.mark.parametrize("domain", [Images(1, 20, 20), Images(3, 48, 32)])
def test_images_of_floats_are_images(domain: Images) -> None:
    """Somebody's own images need not be bytes: floats in [-1, 1] are seen and compared as images too.

    Both have one fingerprint, so that the network that tells garbage is trained once.
    """
    pixels = torch.randint(256, (260, *domain.shape), generator=seeded_generator(0, "pixels")).to(torch.uint8)
    labels, fingerprint = torch.zeros(130).long(), f"{domain.channels}" * 64
    train, held_out = (Samples(part, labels, ("all",), domain) for part in to_float(pixels).split(130))
    bytes_train, bytes_held_out = (Samples(part, labels, ("all",), domain) for part in pixels.split(130))
    found = []
    for reals in (RealData(train, held_out, fingerprint), RealData(bytes_train, bytes_held_out, fingerprint)):
        seen_through = features_for(None, reals)
        statistics = SampleStatistics(seen_through, reals.train, reals.held_out, 100, seed=0)
        row = statistics.row(to_float(held_out.values[:100]), thorough=True)
        figures = evaluate(seen_through, to_float(held_out.values), reals.train, reals.held_out, seed=0)
        found.append((row, {name: (figure["value"], figure["real"]) for name, figure in figures.items()}))
    assert found[0] == found[1], "the same images read alike, bytes or floats"
