"""CONTRIBUTING's table "how to add": each kind of part is added to a copy of the package as the table says.

A row's new file and its line are all that is changed; then an experiment that uses every new part is trained, judged
and read back.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import ganlab


class Addition(NamedTuple):
    """What adding a part takes.

    Attributes:
        files: new files of the package, by path.
        lines: what is inserted into which file, before which text.
    """

    files: dict[str, str]
    lines: tuple[tuple[str, str, str], ...]


ARCHITECTURE = Addition(
    {
        "networks/perceptron.py": """
import math

from torch import nn

from ganlab.networks.parts import add_scores


def generator(options, given, shape):
    return nn.Sequential(nn.Linear(given[0], math.prod(shape) * options.factor), nn.Linear(2 * options.factor, 2))


def discriminator(options, shape, outputs):
    layers = nn.Sequential(nn.Flatten())
    add_scores(layers, nn.Linear(math.prod(shape), outputs), outputs)
    return layers
""",
    },
    (
        (
            "config/networks.py",
            "@dataclass(frozen=True)\nclass NetworkEntry",
            '''class PerceptronGeneratorOptions(NetworkOptions):
    """Two linear layers."""

    name: Literal["perceptron"]
    norm: Norm = "none"
    norms: ClassVar[tuple[Norm, ...]] = ("none",)
    images_only: ClassVar[bool] = False
    factor: Annotated[int, Field(ge=1, le=8)] = 1
    """Width of the layer between them, over the number of values in a sample."""


class PerceptronDiscriminatorOptions(NetworkOptions):
    """One linear layer."""

    name: Literal["perceptron"]
    norm: Norm = "none"
    norms: ClassVar[tuple[Norm, ...]] = ("none",)
    images_only: ClassVar[bool] = False


''',
        ),
        (
            "config/networks.py",
            '    "mlp": NetworkEntry(',
            '    "perceptron": NetworkEntry(\n'
            "        PerceptronGeneratorOptions, PerceptronDiscriminatorOptions,"
            ' "ganlab.networks.perceptron"\n    ),\n',
        ),
    ),
)
LOSS = Addition(
    {
        "objectives/absolute.py": """
from dataclasses import replace

from ganlab.objectives.adversarial import LEAST_SQUARES

ABSOLUTE = replace(LEAST_SQUARES, decision_point=0.25)
""",
    },
    (
        (
            "config/objectives.py",
            '    "minimax": LossEntry(',
            '    "absolute": LossEntry("ganlab.objectives.absolute:ABSOLUTE", "a test", "least_squares"),\n',
        ),
    ),
)
PENALTY = Addition(
    {
        "objectives/drift.py": """
from ganlab.objectives.parts import Penalty


class Drift(Penalty):
    def __call__(self, shown):
        return self.options.weight * shown.real.scores.square().mean()
""",
    },
    (
        (
            "config/penalties.py",
            "PENALTIES: dict[",
            '''class DriftOptions(PenaltyOptions):
    """weight * E D(x)^2 on real samples."""

    name: Literal["drift"]
    looks_at = "real"


''',
        ),
        (
            "config/penalties.py",
            '    "r1": PartEntry(',
            '    "drift": PartEntry(DriftOptions, "ganlab.objectives.drift:Drift"),\n',
        ),
    ),
)
STABILIZER = Addition(
    {
        "objectives/counting.py": """
import torch

from ganlab.objectives.parts import Stabilizer


class Counting(Stabilizer):
    def __init__(self, *given):
        super().__init__(*given)
        self.updates = torch.zeros(())

    def after_update(self, discriminator, trace):
        self.updates += 1
        trace.losses["updates"] = self.updates.clone()

    def state(self):
        return {"updates": self.updates}
""",
    },
    (
        (
            "config/stabilizers.py",
            "STABILIZERS: dict[",
            '''class CountingOptions(StabilizerOptions):
    """Counts the discriminator's updates."""

    name: Literal["counting"]


''',
        ),
        (
            "config/stabilizers.py",
            '    "label_smoothing": PartEntry(',
            '    "counting": PartEntry(CountingOptions, "ganlab.objectives.counting:Counting"),\n',
        ),
    ),
)
DATA = Addition(
    {
        "data/line.py": """
import torch

from ganlab.data.samples import RealData, Samples


def load(options):
    points = torch.linspace(-1, 1, options.points)[:, None].repeat(1, 2)
    labels = torch.zeros(len(points), dtype=torch.int64)
    train, held_out = (Samples(points[first::2], labels[first::2], ("line",), options.domain) for first in (0, 1))
    return RealData(train, held_out, "line")
""",
    },
    (
        (
            "config/data.py",
            "@dataclass(frozen=True)\nclass DataEntry",
            '''class LineOptions(PointOptions):
    """Points on a line."""

    name: Literal["line"]


''',
        ),
        ("config/data.py", '    "mnist": DataEntry(', '    "line": DataEntry(LineOptions, "ganlab.data.line"),\n'),
    ),
)
FAILURE = Addition(
    {
        "diagnosis/failures/named_line.py": """
from ganlab.diagnosis.case import Charge
from ganlab.diagnosis.failure import Failure
from ganlab.diagnosis.findings import Finding


def examine(case):
    if case.rows and case.rows[-1].get("sharpness") is not None:
        window = (0, case.last_step)
        finding = Finding("sharpness", case.rows[-1]["sharpness"], None, window, "a test", "It was measured.")
        yield Charge(severity=0.5, onset=0, window=window, findings=(finding,), summary="It was added.")


FAILURE = Failure("named_line", examine)
""",
    },
    (
        (
            "verdicts.py",
            '        Kind("diverged/phase_change"',
            '        Kind("named_line", "a failure that was added", "#123456"),\n',
        ),
    ),
)
STATISTIC = Addition(
    {},
    (
        (
            "evaluation/battery.py",
            '@of_features("vendi", ',
            """@of_features("sharpness")
def _sharpness(sample: Sample, reals: Reference) -> float:
    return float(sample.seen.features.std() / reals.seen.features.std())


""",
        ),
        (
            "runs/snapshots.py",
            '    Statistic("vendi", ',
            '    Statistic("sharpness", "sharpness", POSITIVE, "higher", shown=("compare", "sweep"), line=Line()),\n',
        ),
    ),
)
READER = Addition(
    {
        "diagnosis/readers/semicolons.py": """
from ganlab.diagnosis.readers.log import Log, Name, Place


def read(path):
    first, *lines = path.read_text().splitlines()
    if first != "semicolons":
        return None
    log = Log(str(path), "semicolons")
    for number, line in enumerate(lines):
        d_loss, g_loss = map(float, line.split(";"))
        log.add({Name("d_loss"): d_loss, Name("g_loss"): g_loss}, Place(iteration=number))
    return log
""",
    },
    (
        (
            "diagnosis/readers/__init__.py",
            "from ganlab.diagnosis.readers.studiogan import",
            "from ganlab.diagnosis.readers import semicolons\n",
        ),
        (
            "diagnosis/readers/__init__.py",
            "    read_arrays,\n",
            "    semicolons.read,\n",
        ),
    ),
)
TRAINER = Addition(
    {},
    (
        (
            "diagnosis/readers/trainers.yaml",
            "- name: pix2pix\n",
            """- name: my trainer
  source: here
  signatures: [[total of D, fool]]
  columns:
    d_loss: total of D
    g_loss: fool
  family: hinge
  judged: losses
  example: |
    it 1 total of D=1.10 fool=0.31
  reads: {d_loss: 1.10, g_loss: 0.31}

""",
        ),
    ),
)
ADDITIONS = (ARCHITECTURE, LOSS, PENALTY, STABILIZER, DATA, FAILURE, STATISTIC, READER, TRAINER)

EXPERIMENT = {
    "name": "added",
    "data": {"name": "line", "points": 400},
    "latent": {"dim": 4},
    "generator": {"name": "perceptron", "factor": 2},
    "discriminator": {"name": "perceptron"},
    "loss": "absolute",
    "penalties": [{"name": "drift", "weight": 0.5}],
    "stabilizers": [{"name": "counting"}],
    "training": {"steps": 20, "batch_size": 16, "device": "cpu"},
    "monitor": {"snapshot_every": 5, "snapshot_samples": 64, "checkpoint_every": 5},
    "expect": "named_line",
}
SCRIPT = """
import json, sys
from pathlib import Path
import ganlab
from ganlab.config.schema import json_schema
from ganlab.diagnosis.readers import ReadOptions, read
from safetensors.torch import load_file

run = ganlab.train(json.loads(sys.argv[1]), runs_dir="runs")
Path("log.txt").write_text("semicolons\\n1.0;2.0\\n1.5;2.5\\n")
Path("trainer.log").write_text("it 1 total of D=1.5 fool=0.5\\nit 2 total of D=1.2 fool=0.4\\n")
of_trainer = read(Path("trainer.log"), ReadOptions())
tensors = {name for path in Path(run.path).glob("checkpoints/*20/*.safetensors") for name in load_file(path)}
tensors |= {name for path in Path(run.path).glob("checkpoints/*20*.safetensors") for name in load_file(path)}
print(json.dumps({
    "package": ganlab.__file__,
    "columns": {name: float(run.history[name][-1]) for name in ("penalty_drift", "updates")},
    "verdict": json.loads((Path(run.path) / "verdict.json").read_text())["failure"],
    "sharpness": run.snapshots[-1]["sharpness"],
    "state": sorted(name for name in tensors if name.startswith("game/")),
    "curve": read(Path("log.txt"), ReadOptions()).curves["g_loss"].values.tolist(),
    "trainer": [of_trainer.read.trainer, of_trainer.family, of_trainer.curves["d_loss"].values.tolist()],
    "schema": [
        name in json.dumps(json_schema()) for name in ("perceptron", "absolute", "drift", "counting", "line")
    ],
}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the package and add all parts to it."""
    package = tmp_path_factory.mktemp("added") / "ganlab"
    shutil.copytree(Path(ganlab.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for addition in ADDITIONS:
        for name, text in addition.files.items():
            assert not (package / name).exists()
            (package / name).write_text(text)
        for name, before, inserted in addition.lines:
            text = (package / name).read_text()
            assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {name}"
            (package / name).write_text(text.replace(before, inserted + before))
    return package


def test_a_part_is_a_new_file_and_a_line(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(EXPERIMENT)],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["package"] == str(package / "__init__.py")
    assert found["columns"]["penalty_drift"] > 0
    assert found["columns"]["updates"] == 20
    assert found["verdict"] == "named_line"
    assert found["sharpness"] > 0
    assert found["state"] == ["game/counting/updates"]
    assert found["curve"] == [2.0, 2.5]
    assert found["trainer"] == ["my trainer", "hinge", [1.5, 1.2]]
    assert found["schema"] == [True] * 5


def test_what_is_changed_is_what_the_table_says() -> None:
    """No addition touches a file that CONTRIBUTING's table does not name for its kind."""
    table = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
    for addition in ADDITIONS:
        for name, _, _ in addition.lines:
            assert f"{name}`" in table, f"CONTRIBUTING's table does not name {name}"
