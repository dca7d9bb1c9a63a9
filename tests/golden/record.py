"""What the golden tests compare, and the command that records it again.

    python tests/golden/record.py                   # everything
    python tests/golden/record.py trainings cycle   # one experiment, or several
    python tests/golden/record.py verdicts
    python tests/golden/record.py texts             # what verdicts say, in words
    python tests/golden/record.py resumed

Public surfaces are used (the keys of an experiment, `ganlab.train`, `ganlab.diagnose`, commands, files of the run
directory), so that modules can move. README.md says when to record again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import torch
import yaml
from matplotlib.figure import Figure
from safetensors.torch import load_file

import ganlab
from ganlab.cli.app import main

HERE = Path(__file__).parent
TRAININGS = HERE / "trainings"
EVIDENCE = HERE / "evidence"
OLD_RUNS = HERE / "old_runs"
VERDICTS = HERE / "verdicts.json"
TEXTS = HERE / "verdict_texts.txt"
RESUMED = HERE / "resumed.json"
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


def command(*arguments: object) -> str:
    """Run a `ganlab` command in this process, and return what it prints on standard output.

    Raises:
        RuntimeError: it fails; what it says of that is on standard error.
    """
    before, sys.argv = sys.argv, ["ganlab", *map(str, arguments)]
    try:
        with redirect_stdout(io.StringIO()) as printed:
            main()
    except SystemExit as ended:
        if ended.code:
            raise RuntimeError(f"{' '.join(sys.argv)} ended with {ended.code}") from ended
    finally:
        sys.argv = before
    return printed.getvalue()


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
    with undrawn_figures():
        run = ganlab.train(experiment, runs_dir=folder)
    return {
        "history": history(run.path / "history.csv"),
        "snapshot": snapshot(run.path / "snapshots.jsonl"),
        "tensors": tensors(run.path / "checkpoints"),
    }


@contextmanager
def undrawn_figures() -> Iterator[None]:
    """Leave figures empty meanwhile: drawing takes two thirds of a toy run's time, and moves none of its numbers."""
    draw = Figure.draw
    Figure.draw = lambda figure, renderer: None
    try:
        yield
    finally:
        Figure.draw = draw


def history(path: Path, count: int = ROWS) -> dict[str, list[str]]:
    """The first rows of history.csv by column, each cell as it is written; without the clock's column."""
    with path.open(newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]
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


def diagnosed() -> dict[str, Json]:
    """Judge all recorded evidence, and return each verdict as `ganlab diagnose --json` prints it, but draw nothing."""
    sources = {path.name: path for path in sorted(EVIDENCE.iterdir())}
    sources |= {f"old_{name}": OLD_RUNS / name for name in ("ring", "conditional", "monitor")}
    return {name: ganlab.diagnose(path).as_json() for name, path in sorted(sources.items())}


def numbers_of(verdict: Json) -> Json:
    """A verdict without its sentences: its name, numbers, steps, and what each remedy changes."""
    numbers = ("signal", "value", "threshold", "window")
    kept = ("failure", "variant", "confidence", "severity", "onset_step", "steps", "contributing")
    return {key: verdict[key] for key in kept} | {
        "evidence": [{key: each[key] for key in numbers} for each in verdict["evidence"]],
        "remedies": [each["change"] for each in verdict["remedies"]],
    }


def texts_of(verdicts: dict[str, Json]) -> str:
    """The sentences of verdicts, as a page to be read."""
    lines: list[str] = []
    for name, verdict in verdicts.items():
        lines += [f"## {name}: {verdict['failure']}/{verdict['variant']}", f"   {verdict['summary']}"]
        lines += [f"   {verdict['confidence']} ({verdict['basis']})"]
        lines += [f" - {each['signal']}: {each['words']} [{each['source']}]" for each in verdict["evidence"]]
        lines += [f" ? {each['what']}: {each['how']}" for each in verdict["missing"]]
        lines += [
            f" > {each['why']} [{each['source']}] {each['change'] or ''}".rstrip() for each in verdict["remedies"]
        ]
        lines += [f" # {note}" for note in verdict["notes"]]
        lines += [""]
    return "\n".join(lines)


def resumed(folder: Path) -> dict[str, list[str]]:
    """Train the old run on ring a few steps further, in a folder, and return those steps' rows by column."""
    shutil.copytree(OLD_RUNS / "ring", folder / "ring")
    command("resume", folder / "ring", "training.steps=66")
    return {column: cells[60:] for column, cells in history(folder / "ring" / "history.csv", 66).items()}


def record_trainings(names: list[str]) -> None:
    """Train the experiments, all if none is named, and write down what came of them."""
    known = experiments()
    TRAININGS.mkdir(exist_ok=True)
    for name in names or known:
        with tempfile.TemporaryDirectory() as folder:
            write(TRAININGS / f"{name}.json", {"machine": machine(), **trained(known[name], Path(folder))})
        print(name)


def record_verdicts() -> None:
    """Write down the numbers of all verdicts."""
    found = {name: numbers_of(verdict) for name, verdict in diagnosed().items()}
    write(VERDICTS, {"machine": machine(), "verdicts": found})


def record_texts() -> None:
    """Write down the sentences of all verdicts."""
    TEXTS.write_text(texts_of(diagnosed()))


def record_resumed() -> None:
    """Write down the steps that follow the old run on ring."""
    with tempfile.TemporaryDirectory() as folder:
        write(RESUMED, {"machine": machine(), "history": resumed(Path(folder))})


def write(path: Path, content: Json) -> None:
    """Write JSON that reads well in a diff: a line a column, a statistic, a tensor or a verdict."""
    parts = []
    for key, value in content.items():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(each)}" for name, each in value.items())
        parts.append(f"{json.dumps(key)}: {{\n{lines}\n}}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    what, *names = sys.argv[1:] or ["everything"]
    if what in ("everything", "trainings"):
        record_trainings(names)
    if what in ("everything", "verdicts"):
        record_verdicts()
    if what in ("everything", "texts"):
        record_texts()
    if what in ("everything", "resumed"):
        record_resumed()
