"""Runs of other people's GAN trainers, labelled by eye: how to get, train and index them.

    python -m truth.trainers sources REPOSITORIES   print what to clone, and unpack what is there
    python -m truth.trainers data                   digits, drawings and patches of photographs as NPZ
    python -m truth.trainers train [MINUTES]        train what is missing, one run at a time
    python -m truth.trainers sheet PNG NAME...      a row a run: real pictures, four sheets of samples, losses
    python -m truth.trainers blind FOLDER [ROUND]   the same of all runs, or of a round, without their names, for who
                                                    labels them
    python -m truth.trainers index                  write index.json: labelled runs that are there

All take `--into FOLDER` (default: corpora/trainers). trainers.yaml says what each trainer and run is. REPOSITORIES is a
folder of clones: OWNER+NAME, or OWNER/NAME. What the trainers need besides this project's own packages: `pip install
imageio natsort pytorch-ignite scikit-image tqdm`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganlab.data.mnist import unpack
from ganlab.plots.grids import tile
from ganlab.runs.files import atomic_write
from truth import old_names
from truth.bench_data import emoji, photographs
from truth.corpora import Split
from truth.old_names import Seen
from truth.readings import combined, fingerprint, readings

TABLE = Path(__file__).with_suffix(".yaml")
LONGEST = 900
"""Seconds after which a run is given up."""


def table() -> dict[str, Any]:
    """The trainers, their data and their runs."""
    found: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return found


def sources(into: Path, clones: Path) -> None:
    """Unpack each trainer's Python files at its commit from a clone, or say what to clone."""
    for trainer in table()["trainers"].values():
        repository, commit = trainer["repository"], trainer["commit"]
        name = repository.replace("/", "+")
        target = into / "repositories" / name
        if target.exists():
            continue
        places = [clones / each / part for each in (name, repository) for part in ("repo/.git", "repo", ".git", "")]
        found = [place for place in places if (place / "HEAD").is_file()]
        if not found:
            print(f"git clone https://github.com/{repository} {clones / repository}")
            continue
        command = ["git", "--git-dir", str(found[0]), "archive", commit, "--", ":(glob)**/*.py"]
        archive = subprocess.run(command, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(target, filter="data")


def data(into: Path) -> None:
    """Write the pictures: x (N, H, W) or (N, H, W, 3) of bytes, y (N,)."""
    (into / "data").mkdir(parents=True, exist_ok=True)
    for name, entry in table()["data"].items():
        path = into / "data" / f"{name}.npz"
        if path.exists():
            continue
        if entry["from"] == "mnist":
            images, labels = unpack()
        else:
            source = {"emoji": emoji, "photographs": photographs}[entry["from"]]
            real = source(Path("bench"), entry["side"])
            images, labels = real.train.values.permute(0, 2, 3, 1).numpy(), real.train.labels.numpy()
        np.savez(path, x=images, y=labels)


def prepared(into: Path, run: dict[str, Any], trainer: dict[str, Any], work: Path) -> None:
    """Copy the trainer and change it as the table says; every edit must change something."""
    code = work / "code"
    shutil.copytree(into / "repositories" / trainer["repository"].replace("/", "+"), code)
    for edits in (trainer.get("edits", {}), run.get("edits", {})):
        for file, changes in edits.items():
            path = code / file
            text = path.read_text(encoding="utf-8")
            for old, new in changes:
                text, count = re.subn(old, new, text, flags=re.MULTILINE)
                if not count:
                    raise SystemExit(f"{run['name']}: {old} is not in {file}")
            path.write_text(text, encoding="utf-8")
    for folder in trainer.get("folders", ()):
        (code / trainer["script"]).parent.joinpath(folder).mkdir(parents=True, exist_ok=True)


def train(into: Path, minutes: float, only: list[str]) -> None:
    """Train what is missing, in the table's order; a run that failed is kept as it is, and said.

    Each run is a fork of this process, which has PyTorch imported already.
    """
    plt.switch_backend("Agg")
    end, tried = time.monotonic() + 60 * minutes, set[str]()
    while time.monotonic() < end:
        found = table()  # read again: runs may be added meanwhile
        missing = (
            run
            for run in found["runs"]
            if run["name"] not in tried
            and (not only or run["name"] in only)
            and not (into / "runs" / run["name"] / "done.json").exists()
        )
        run = next(missing, None)
        if run is None:
            return
        tried.add(run["name"])
        work = into / "runs" / run["name"]
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        trainer = found["trainers"][run["trainer"]]
        prepared(into, run, trainer, work)
        seen = run.get("data", {})
        given = Seen(
            (into / "data" / f"{seen.get('pictures', 'digits')}.npz").resolve(),
            seen.get("images", 6000),
            seen.get("digits"),
            run.get("cut"),
            run.get("seed", 0),
        )
        start = time.monotonic(), os.times().children_user
        root = (work / "code").resolve()
        arguments = shlex.split(run.get("arguments", ""))
        child = get_context("fork").Process(
            target=old_names.run,
            args=(root / trainer["script"], root, arguments, given, work / "log.txt", work / "errors.txt"),
        )
        child.start()
        child.join(LONGEST)
        child.kill()
        child.join()
        code = child.exitcode
        seconds, work_seconds = round(time.monotonic() - start[0]), round(os.times().children_user - start[1])
        print(
            f"{run['name']}: {seconds} s, {work_seconds} of work" + (f", exit code {code}" if code else ""), flush=True
        )
        if code == 0:
            (work / "done.json").write_text(json.dumps({"seconds": seconds}))
            index(into)


def places(run: dict[str, Any], trainer: dict[str, Any]) -> tuple[str, str]:
    """The log and the samples, relative to the corpus."""
    folder = Path("runs") / run["name"] / "code" / Path(trainer["script"]).parent
    log = folder / trainer["log"] if "log" in trainer else Path("runs") / run["name"] / "log.txt"
    return str(log), str(folder / trainer["samples"])


def round_of(run: dict[str, Any]) -> int:
    return int(run.get("round", 1))


FIRST_MEASURED = 4
"""The first round whose runs were only measured: rules were tuned on all runs of the earlier ones."""


def split(run: dict[str, Any]) -> Split:
    """`measure` for a run of FIRST_MEASURED or a later round, `tune` for one of the earlier ones."""
    return "measure" if round_of(run) >= FIRST_MEASURED else "tune"


def group_of(run: dict[str, Any]) -> str:
    return str(run.get("group", run["name"]))


def check_rounds(runs: list[dict[str, Any]]) -> None:
    """Stop if a configuration is in two rounds: what rules were tuned on would be measured too."""
    rounds: dict[str, set[int]] = {}
    for run in runs:
        rounds.setdefault(group_of(run), set()).add(round_of(run))
    for group, its in rounds.items():
        if len(its) > 1:
            raise SystemExit(f"group {group} is in rounds {' and '.join(map(str, sorted(its)))}: give it one of them")


def records(into: Path) -> Iterator[dict[str, Any]]:
    """The runs that are there and ended as those that the readers saw; of the others, say so."""
    found, read = table(), readings()
    check_rounds(found["runs"])
    for run in found["runs"]:
        name = run["name"]
        if name not in read or not (into / "runs" / name / "done.json").exists():
            continue
        trainer = found["trainers"][run["trainer"]]
        last = pictures_of(into / places(run, trainer)[1])[-1:]
        seen = [reading for reading in read[name] if last and reading.pictures == fingerprint(last[0])]
        if not seen:
            print(f"{name}: its last pictures are not those that its label was written for, so it has none here")
            continue
        label = combined(seen)
        given = run.get("data", {})
        pictures = given.get("pictures", "digits")
        log, samples = places(run, trainer)
        real = found["data"][pictures].get("real", f"data/{pictures}.npz")
        if given.get("digits"):
            real += f"[{','.join(map(str, given['digits']))}]"
        yield {
            "name": name,
            "group": group_of(run),
            "split": split(run),
            "domain": "grey" if pictures == "digits" else "colour",
            "run": None,
            "log": log,
            "samples": samples,
            "real": real,
            "tile": run.get("tile"),
            "loss": trainer.get("loss"),
            "trainer": run["trainer"],
            "seen": label.seen,
            "state": label.state,
            "right": sorted(label.right),
        }


def losses(log: Path) -> tuple[list[float], list[float]]:
    """D's and G's losses as the log's words say, in order; for a person's eye, not for a verdict."""
    if log.is_dir():
        curves: dict[str, list[float]] = {}
        for folder in sorted({file.parent for file in log.rglob("events*")}):
            events = EventAccumulator(str(folder)).Reload()
            for tag in events.Tags()["scalars"]:
                curves[f"{folder.name} {tag}".lower()] = [event.value for event in events.Scalars(tag)]
        d, g = (
            next((curve for name, curve in curves.items() if re.search(words, name)), [])
            for words in ("/d_loss| loss$|g-and-d_d|critic", "/g_loss| loss_g$|g-and-d_g|generator")
        )
        return d, g
    text = log.read_text(errors="replace")
    number = r"[\"'=:\s]*(?:tensor\()?(-?[\d.]+(?:e[-+]?\d+)?|nan|inf)"
    d, g = (
        [float(value) for value in re.findall(rf"(?im)(?:{words}){number}", text)]
        for words in ("d[ _]loss|loss_d|errd|disc? ?_?loss|^d", "g[ _]loss|loss_g|errg|gen[ _]loss|^g")
    )
    return d, g


def pictures_of(samples: Path) -> list[Path]:
    """Sheets of samples that a run left, in the order in which it wrote them."""
    files = sorted(samples.glob("**/*.*"), key=lambda file: (file.stat().st_mtime, file.name))
    return [
        file
        for file in files
        if file.suffix in (".png", ".jpg", ".bmp")
        and not re.search("real|original|x_fixed|plot|_D|Training Images|Loss Curve", file.name)
    ]


def sheet(into: Path, names: list[str], path: Path, shown: list[str] | None = None) -> None:
    """Draw a row a run: real pictures, four sheets of samples, the first and the last among them, and the losses.

    `shown` are the rows' titles, where the names shall not be seen.
    """
    found = table()
    runs = {run["name"]: run for run in found["runs"]}
    figure = plt.figure(figsize=(16, 6.5 * len(names)), layout="constrained")
    for rows, name, title in zip(
        figure.subfigures(len(names), 1, squeeze=False)[:, 0], names, shown or names, strict=True
    ):
        run = runs[name]
        log, samples = places(run, found["trainers"][run["trainer"]])
        given = run.get("data", {})
        real = reals_of(into, given)[:25]
        files = pictures_of(into / samples)
        small, large = rows.subfigures(1, 2, width_ratios=(1.3, 1))
        places_of = small.subplots(2, 3)
        pictures = (files[0], files[len(files) // 3], files[2 * len(files) // 3], files[-1])
        axes = [*places_of[0], *places_of[1][:1], large.subplots()]
        axes[0].imshow(tile(real if real.ndim == 4 else real[..., None].repeat(3, axis=3), 5))
        axes[0].set_title(f"{title}: real")
        for place, file, when in zip(axes[1:], pictures, ("first", "a third", "two thirds", "last"), strict=True):
            place.imshow(np.asarray(Image.open(file).convert("RGB")))
            place.set_title(f"{when} of {len(files)}")
        for values, label, place in zip(losses(into / log), "DG", places_of[1][1:], strict=True):
            place.plot(values, linewidth=0.6)
            place.set_title(f"loss of {label}")
        for place in axes:
            place.set_axis_off()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def reals_of(into: Path, given: dict[str, Any]) -> NDArray[np.uint8]:
    """The pictures that a run was trained on, (N, H, W) or (N, H, W, 3)."""
    held = np.load(into / "data" / f"{given.get('pictures', 'digits')}.npz")
    shown = np.isin(held["y"], given["digits"]) if given.get("digits") else slice(None)
    real: NDArray[np.uint8] = held["x"][shown][: given.get("images", 6000)]
    return real


def blind(into: Path, folder: Path, of_round: int | None) -> None:
    """Draw all runs that are there for a reader who shall not know their settings: two a page, by code, shuffled.

    <folder>_key.json, which the reader does not open, says what each code stands for.
    """
    names = [
        run["name"]
        for run in table()["runs"]
        if of_round in (None, round_of(run)) and (into / "runs" / run["name"] / "done.json").exists()
    ]
    names.sort(key=lambda name: hashlib.sha256(f"blind {name}".encode()).hexdigest())
    codes = {f"R{number:03d}": name for number, name in enumerate(names, 1)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder.with_name(f"{folder.name}_key.json")).write_text(json.dumps(codes, indent=1))
    listed = list(codes)
    for first in range(0, len(listed), 2):
        shown = listed[first : first + 2]
        sheet(into, [codes[code] for code in shown], folder / f"{shown[0]}.png", shown)


def index(into: Path) -> None:
    atomic_write(into / "index.json", json.dumps(list(records(into)), indent=1).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("sources", "data", "train", "sheet", "blind", "index"))
    parser.add_argument("arguments", nargs="*")
    parser.add_argument("--into", type=Path, default=Path("corpora/trainers"))
    options = parser.parse_args()
    if options.command == "sources":
        sources(options.into, Path(options.arguments[0]))
    elif options.command == "data":
        data(options.into)
    elif options.command == "train":
        minutes, *only = options.arguments or ["240"]
        train(options.into, float(minutes), only)
    elif options.command == "sheet":
        sheet(options.into, options.arguments[1:], Path(options.arguments[0]))
    elif options.command == "blind":
        folder, *rounds = options.arguments
        blind(options.into, Path(folder), int(rounds[0]) if rounds else None)
    else:
        index(options.into)


if __name__ == "__main__":
    main()
