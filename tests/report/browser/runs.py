"""Runs of every kind that a page has to show, real ones at toy size, each made when it is first asked for."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.config.load import dump_experiment
from ganlab.monitor.monitor import Monitor
from ganlab.monitor.pictures import Pictures
from ganlab.report import making
from ganlab.runs.directory import RunDirectory
from ganlab.training import session

GAMES: dict[str, tuple[str, ...]] = {
    "digits": (
        "data={name: mnist, fraction: 0.1, classes: null}",
        "training.steps=120",
        "monitor.snapshot_every=20",
        "monitor.snapshot_samples=64",
    ),
    "conditional": (
        "data={name: mnist, fraction: 0.05, classes: null}",
        "game={name: conditional}",
        "monitor.snapshot_every=2",
    ),
    "cycle": (
        "data={name: mnist, fraction: 0.02, seed: 1, classes: null}",
        "generator={name: translator, width: 2, blocks: 1}",
        "discriminator={name: dcgan, width: 2, norm: instance}",
        "game={name: cycle, source: {name: mnist, edges: true, fraction: 0.02}, pool: 12}",
        "monitor.snapshot_samples=16",
    ),
    "progressive": (
        "data={name: mnist, image_size: 16, fraction: 0.05}",
        "generator={name: progressive, width: 2, max_width: 4}",
        "discriminator={name: progressive, width: 2, max_width: 4}",
        "game={name: progressive, sizes: [4, 8, 16], fade: 16, images_per_phase: 8}",
        "training.steps=10",
        "monitor.snapshot_every=2",
        "monitor.snapshot_samples=16",
    ),
}
"""Overrides of the toy experiment on images. Of these only `digits` is long enough for a verdict."""

POINTS: dict[str, tuple[str, ...]] = {
    # Its samples stay far from the ring: a failure with evidence, an onset and remedies.
    "ring": ("training.steps=200", "monitor.snapshot_every=25", "optimizer.lr=1e-2", "latent.dim=2", "data.std=0.05"),
    "nan": ("training.steps=200", "monitor.snapshot_every=20", "optimizer={name: sgd, lr: 100}", "loss=wasserstein"),
    "short": ("training.steps=4",),
}
"""Overrides of the toy experiment on points."""

NAMES = (*POINTS, *GAMES, "one", "thousand", "monitored", "foreign", "hostile")
"""All there are."""

SCRIPT = "<script>window.hostile = 1</script><img src=x onerror='window.hostile = 2'>"
HOSTILE = {
    "script": SCRIPT,
    "closing": "</script></style></textarea>--><script>window.hostile = 3</script>",
    "quotes": "\"' onmouseover='window.hostile = 4' x=\"`",
    "template": "{{7*7}}{% raw %}${7*7}",
    "entity": "&lt;b&gt; &amp; &#60;script&#62;",
    "direction": "\u202egnp.exe\u2066 \u05d0\u05d1\u05d2",
    "controls": "a\u2028b\u0085c\x1b[31mred",
    "long": "long-" * 200,
    "one word": "w" * 400,
}
"""Text that wants to be code, to be read backwards, or to need more room than there is."""


class Runs:
    """Makes runs in a folder, by name. Each is made once; nobody writes into it.

    Args:
        folder: where.
        points: the toy experiment on points, with overrides.
        images: the toy experiment on images, with overrides.
    """

    def __init__(self, folder: Path, points: Callable[..., Any], images: Callable[..., Any]) -> None:
        self.folder, self.points, self.images = folder, points, images
        self.made: dict[str, Path] = {}

    def __getitem__(self, name: str) -> Path:
        """Return the folder of a run: one of NAMES."""
        if name not in self.made:
            # Figures at a run's end take most of its time, and a page shows none. Only while it is trained: other
            # tests of the same process look at theirs.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Pictures, "finish", lambda self, evidence, verdict: None)
                self.made[name] = self._make(name)
        return self.made[name]

    def _make(self, name: str) -> Path:
        if name in POINTS:
            return session.start(self.points(*POINTS[name]), self.folder, name=name).path
        if name in GAMES:
            return session.start(self.images(*GAMES[name]), self.folder, name=name).path
        made: Path = getattr(self, f"_{name}")()
        return made

    def page(self, name: str) -> Path:
        """Return the page of a run."""
        if name == "foreign":
            return self[name] / making.PAGE  # `diagnose --out` made it
        path = self.folder / f"{name}.html"
        if not path.exists():
            making.make_page([RunDirectory(self[name])], self.folder, path)
        return path

    def copy(self, name: str, new: str) -> RunDirectory:
        """Copy a run, to be changed."""
        return RunDirectory(Path(shutil.copytree(self[name], self.folder / new)))

    def _one(self) -> Path:
        """A run that was killed after its first snapshot: what it wrote until then."""
        run = self.copy("short", "one")
        for step, path in [*run.grids(), *run.shown()]:
            if step:
                path.unlink()
        run.snapshots.write_text(run.snapshots.read_text().splitlines(keepends=True)[0])
        run.history.write_text("".join(run.history.read_text().splitlines(keepends=True)[:2]))
        status = json.loads(run.status_file.read_text())
        run.status_file.write_text(json.dumps({**status, "status": "running", "step": 1}))
        for derived in (run.verdict, run.log):
            derived.unlink(missing_ok=True)
        shutil.rmtree(run.plots)
        return run.path

    def _thousand(self) -> Path:
        """A run of 1,000 snapshots, one a step: rows and pictures of a shorter one, over and over.

        Its FID falls evenly to a tenth: whether that of the shorter one falls depends on the processor's rounding.
        """
        run = self.copy("ring", "thousand")
        rows = [json.loads(line) for line in run.snapshots.read_text().splitlines()]
        pictures = {step: (path, dict(run.shown())[step]) for step, path in run.grids()}
        for paths in pictures.values():
            for path in paths:
                path.rename(path.with_name(f"of-{path.name}"))
        with open(run.snapshots, "w") as file:
            for step in range(1000):
                row = rows[len(rows) * step // 1000]
                file.write(json.dumps({**row, "step": step, "time": step / 100, "fid": 2 - 1.8 * step / 999}) + "\n")
                for old, new in zip(pictures[row["step"]], (run.grid_file(step), run.shown_file(step)), strict=True):
                    os.link(old.with_name(f"of-{old.name}"), new)
        header, *lines = run.history.read_text().splitlines()
        cells = [line.split(",", 1)[1] for line in lines]
        history = [f"{step},{cells[step * len(cells) // 1000]}" for step in range(1, 1000)]
        run.history.write_text("\n".join([header, *history, ""]))
        status = json.loads(run.status_file.read_text())
        run.status_file.write_text(json.dumps({**status, "step": 999, "steps": 999}))
        experiment = run.experiment()
        longer = experiment.training.model_copy(update={"steps": 999})
        closer = experiment.monitor.model_copy(update={"snapshot_every": 1})
        run.config.write_text(dump_experiment(experiment.model_copy(update={"training": longer, "monitor": closer})))
        return run.path

    def _monitored(self) -> Path:
        """A run of somebody else's loop, on colour images of three classes, of which it loses two; no experiment."""
        draw = np.random.default_rng(0)
        kinds = np.repeat(np.arange(3), 40)
        reals = np.zeros((120, 3, 12, 12), np.float32) - 0.9
        reals[np.arange(120), kinds] = 0.8
        reals = (reals + draw.normal(0, 0.08, reals.shape)).clip(-1, 1).astype(np.float32)
        with Monitor("monitored", reals, steps=200, labels=kinds, runs_dir=self.folder, views=[]) as monitor:
            for step in range(1, 201):
                fall = math.exp(-step / 60)
                monitor.log(step, d_loss_real=0.7 * fall, d_loss_fake=0.7 * fall, g_loss=0.7 + step / 40)
                if step % 40 == 0:
                    chosen = reals[draw.integers(0, 120 if step < 100 else 40, 100)]
                    monitor.snapshot(step, (chosen + draw.normal(0, 0.05, chosen.shape)).clip(-1, 1))
        return monitor.run.path

    def _foreign(self) -> Path:
        """What `ganlab diagnose --out` leaves of a log that is not ours."""
        draw = np.random.default_rng(0)
        rows = [f"{step},{math.exp(-step / 50):.5f},{1 + step / 30 + draw.normal(0, 0.1):.5f}" for step in range(400)]
        log = self.folder / "log.csv"
        log.write_text("\n".join(["step,d_loss,g_loss", *rows, ""]))
        return self.diagnosed(log, "foreign")

    def diagnosed(self, log: Path, name: str) -> Path:
        """Return the folder that `ganlab diagnose LOG --out` writes."""
        out = self.folder / name
        ended = CliRunner().invoke(app, ["diagnose", str(log), "--out", str(out)])
        assert ended.exit_code == 0, ended.output
        return out

    def _hostile(self) -> Path:
        """A run whose files and folder somebody else filled with hostile text, wherever there is room for it."""
        run = self.copy("digits", "".join(HOSTILE.values()).replace("/", "|").replace("\x1b", "")[:60] + "digits")
        everything = " ".join(HOSTILE.values())
        rows = [json.loads(line) for line in run.snapshots.read_text().splitlines()]
        texts = list(HOSTILE.values())
        for row in rows:
            row["classes"] = [texts[number % len(texts)] for number in range(len(row["classes"]))]
            row["protocol"] = {**row["protocol"], **{text: text for text in texts}}
        run.snapshots.write_text("".join(json.dumps(row) + "\n" for row in rows))
        status = json.loads(run.status_file.read_text())
        status |= {"reason": everything, "experiment": HOSTILE["closing"], "device": HOSTILE["script"]}
        status["versions"] |= {HOSTILE["quotes"]: HOSTILE["template"]}
        run.status_file.write_text(json.dumps(status))
        claim = "".join(each for each in everything if each.isprintable())
        run.config.write_text(dump_experiment(run.experiment().model_copy(update={"claim": claim})))
        return run.path
