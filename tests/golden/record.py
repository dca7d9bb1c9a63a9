"""What the golden tests compare; `python tests/golden/record.py [EXPERIMENT ...]` records it again.

Only public surfaces are used (the keys of an experiment, `ganlab.train`, files of the run directory, `ganlab diagnose
--json`), so that modules can move without a word changing here. README.md says when to record again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import torch
import yaml
from safetensors.torch import load_file

import ganlab

HERE = Path(__file__).parent
TRAININGS = HERE / "trainings"
ROWS = 12

Json = dict[str, Any]


def machine() -> Json:
    """What the last bit of a result depends on, beside the code."""
    return {
        "cpu": cpu_model(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
    }


def cpu_model() -> str:
    """The processor's vendor, family, model and name; on systems without /proc/cpuinfo what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return " ".join(facts.get(key, "?") for key in ("vendor_id", "cpu family", "model", "model name"))


def experiments() -> dict[str, Json]:
    """Every experiment of experiments.yaml by name, whole."""
    content = yaml.safe_load((HERE / "experiments.yaml").read_text())
    found = {}
    for name, own in content["experiments"].items():
        own = dict(own)
        found[name] = {"name": name, **merged(merged(content["base"], content[own.pop("like")]), own)}
    return found


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Json:
    """Lay one mapping over another: sections key by key, but a section that names another kind as a whole."""
    result = dict(below)
    for key, value in above.items():
        known = result.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            other_kind = known.get("name") != value.get("name", known.get("name"))
            result[key] = dict(value) if other_kind else merged(known, value)
        else:
            result[key] = value
    return result


def trained(experiment: Json, folder: Path) -> Json:
    """Train an experiment in a folder and return what its run directory holds."""
    run = ganlab.train(experiment, runs_dir=folder)
    return {
        "history": history(run.path / "history.csv"),
        "snapshot": snapshot(run.path / "snapshots.jsonl"),
        "tensors": tensors(run.path / "checkpoints"),
    }


def history(path: Path) -> dict[str, list[str]]:
    """The first rows of history.csv by column, each cell as it is written; without the clock's column."""
    with path.open(newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(ROWS), strict=False)]
    return {column: [row[column] for row in rows] for column in rows[0] if column != "time"}


def snapshot(path: Path) -> Json:
    """The last row of snapshots.jsonl, without the clock's reading and without the protocol, which is prose."""
    row = json.loads(path.read_text().splitlines()[-1])
    return {key: value for key, value in row.items() if key not in ("time", "protocol")}


def tensors(checkpoints: Path) -> dict[str, Json]:
    """Every tensor of the newest checkpoint by name, as `described`."""
    newest = max(checkpoints.glob("step_*"))
    return {name: described(value) for name, value in sorted(load_file(newest / "state.safetensors").items())}


def described(value: torch.Tensor) -> Json:
    """One tensor: type, shape, the start of its bytes' SHA-256, mean and root mean square."""
    content = value.contiguous().flatten()
    numbers = content.double()
    return {
        "dtype": str(value.dtype).removeprefix("torch."),
        "shape": list(value.shape),
        "sha256": hashlib.sha256(content.view(torch.uint8).numpy().tobytes()).hexdigest()[:16],
        "mean": short(numbers.sum() / max(1, len(numbers))),
        "rms": short((numbers.square().sum() / max(1, len(numbers))).sqrt()),
    }


def short(value: torch.Tensor) -> float:
    """A number to nine digits: what another machine's is compared with needs no more."""
    return float(f"{float(value):.9g}")


def record_trainings(names: list[str]) -> None:
    """Train the experiments, all where none is named, and write down what came of them."""
    torch.set_num_threads(1)
    known = experiments()
    TRAININGS.mkdir(exist_ok=True)
    for name in names or known:
        with tempfile.TemporaryDirectory() as folder:
            content = {"machine": machine(), **trained(known[name], Path(folder))}
        write(TRAININGS / f"{name}.json", content)
        print(name)


def write(path: Path, content: Json) -> None:
    """Write JSON that reads well in a diff: a line a column, a statistic or a tensor."""
    parts = []
    for key, value in content.items():
        inner = value.items() if isinstance(value, dict) else ()
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in inner)
        parts.append(f"{json.dumps(key)}: {{\n{lines}\n}}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    record_trainings(sys.argv[1:])
