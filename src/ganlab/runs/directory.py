"""The run directory: its layout, and how to make one and find one."""

from __future__ import annotations

import os
import re
import secrets
import string
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ganlab.config.experiment import Experiment
from ganlab.config.load import dump_experiment, load_experiment
from ganlab.domain import Domain, Points
from ganlab.errors import RunError
from ganlab.runs import lock, names
from ganlab.runs.files import atomic_write
from ganlab.runs.status import RunStatus, State, read_status, write_status
from ganlab.text import short


@dataclass(frozen=True)
class RunDirectory:
    """One run's folder. Reading it never changes it; a process that writes to it holds its lock."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved experiment."""
        return self.path / "config.yaml"

    @property
    def status_file(self) -> Path:
        """run.json."""
        return self.path / names.RUN_FILE

    @property
    def history(self) -> Path:
        """A row a step."""
        return self.path / "history.csv"

    @property
    def snapshots(self) -> Path:
        """A row a snapshot."""
        return self.path / "snapshots.jsonl"

    @property
    def samples(self) -> Path:
        """Grids from fixed latents."""
        return self.path / "samples"

    def grid_file(self, step: int) -> Path:
        """The picture of a snapshot's samples."""
        return self.samples / f"step_{step:07d}.png"

    def shown_file(self, step: int) -> Path:
        """The same samples as numbers."""
        return self.samples / f"shown_{step:07d}.npz"

    @property
    def snapshot_folder(self) -> Path:
        """What snapshots keep besides their rows and samples; only runs on points have it."""
        return self.path / "snapshots"

    def landscape_file(self, step: int) -> Path:
        """The discriminator's landscape at a snapshot, as numbers."""
        return self.snapshot_folder / f"landscape_{step:07d}.npz"

    def grids(self) -> list[tuple[int, Path]]:
        """Return the pictures of the snapshots by rising step."""
        return _by_step(self.samples, "step_*.png")

    def shown(self) -> list[tuple[int, Path]]:
        """Return the numbers that are kept of the snapshots by rising step; old runs have none."""
        return _by_step(self.samples, "shown_*.npz")

    def galleries(self) -> list[tuple[int, Path]]:
        """Return the pictures that show what the game is about by rising step; most games have none."""
        return _by_step(self.samples, "gallery_*.png")

    def landscapes(self) -> list[tuple[int, Path]]:
        """Return the landscapes that are kept by rising step; old runs, and runs on images, have none."""
        return _by_step(self.snapshot_folder, "landscape_*.npz")

    @property
    def checkpoints(self) -> Path:
        """Checkpoints, one folder each."""
        return self.path / "checkpoints"

    @property
    def plots(self) -> Path:
        """Figures as PNG and SVG."""
        return self.path / "plots"

    @property
    def verdict(self) -> Path:
        """What diagnosis said last; absent until something was judged."""
        return self.path / names.VERDICT_FILE

    @property
    def page(self) -> Path:
        """All of it in one HTML file; absent if no page was made."""
        return self.path / "page.html"

    @property
    def log(self) -> Path:
        """What was said while the run went on."""
        return self.path / "log.txt"

    def experiment(self) -> Experiment:
        """Read the resolved experiment.

        Raises:
            ConfigError: it is missing or says something ganlab cannot run.
        """
        return load_experiment(self.config)

    def status(self) -> RunStatus:
        """Read run.json.

        Raises:
            RunError: as for `read_status`.
        """
        return read_status(self.status_file)

    def write_status(self, status: RunStatus) -> None:
        """Replace run.json."""
        write_status(self.status_file, status)

    def state(self, status: RunStatus) -> State:
        """Return the state that run.json tells, but interrupted if it says running and no live process holds the run.

        A process that was killed leaves `running` behind, but not its lock.
        """
        return "interrupted" if status.status == "running" and not self.is_held() else status.status

    def make_folders(self, domain: Domain | None = None) -> None:
        """Make the folders of what is shown, if they are not there: what copies a run may leave empty folders out.

        Args:
            domain: of the samples; points have a folder of landscapes too.

        Raises:
            OSError: they cannot be made.
        """
        for folder in (self.samples, self.plots, *([self.snapshot_folder] if isinstance(domain, Points) else [])):
            folder.mkdir(exist_ok=True)

    def held(self) -> AbstractContextManager[None]:
        """Hold the run's lock, as `lock.held` does."""
        return lock.held(self.path)

    def is_held(self) -> bool:
        """Return whether a live process is writing to this run."""
        return lock.is_held(self.path)


def _by_step(folder: Path, pattern: str) -> list[tuple[int, Path]]:
    """Return the files of a folder that are named `<word>_<step>.<ending>` by rising step; none if it is missing."""
    found = ((path.stem.partition("_")[2], path) for path in folder.glob(pattern))
    return sorted((int(step), path) for step, path in found if re.fullmatch(r"[0-9]{1,12}", step))


def create_run(runs_dir: Path, experiment: Experiment, name: str | None = None) -> RunDirectory:
    """Make the directory of an experiment's run, with its config.yaml: `name`, else as `new_run` names it.

    Raises:
        RunError: the runs folder cannot be made or written, or has a run of that name.
    """
    run = new_run(runs_dir, experiment.name, name)
    run.make_folders(experiment.data.domain)
    run.checkpoints.mkdir()
    atomic_write(run.config, dump_experiment(experiment).encode())
    return run


def new_run(runs_dir: Path, experiment: str, name: str | None = None) -> RunDirectory:
    """Make a folder that did not exist before: `<runs_dir>/<name>`, else `<runs_dir>/<experiment>-<time>-<4 letters>`.

    Raises:
        RunError: the runs folder cannot be made or written, or has a run of that name.
    """
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        if name is None:
            run = RunDirectory(new_folder(runs_dir, experiment))
        else:
            run = RunDirectory(runs_dir / name)
            run.path.mkdir()
        run.make_folders()
    except OSError as error:
        raise RunError(
            f"no run can be written under {runs_dir}: {error.strerror or error}",
            "choose another folder with --runs-dir",
        ) from error
    return run


def as_folder(runs_dir: str | Path) -> Path:
    """Return what a program names as its folder of runs as a path.

    Raises:
        RunError: it is no path.
    """
    try:
        path = Path(runs_dir)
        if b"\0" in os.fsencode(path):
            raise ValueError("a path holds no null character")
    except (TypeError, ValueError) as error:
        raise RunError(f"runs_dir is {short(repr(runs_dir))}: {error}", "give the path of a folder") from error
    return path


def new_folder(parent: Path, name: str) -> Path:
    """Make a folder that no other process has made: mkdir fails if it exists, and other letters are drawn."""
    time = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    while True:
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(4))
        path = parent / f"{name}-{time}-{letters}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def list_runs(runs_dir: Path) -> list[RunDirectory]:
    """Return the runs in a folder, without those of sweeps, oldest first; none if there is no such folder.

    Raises:
        RunError: it is a file.
    """
    return [RunDirectory(named.path) for named in names.runs_beside(runs_dir)]


def find_run(reference: str, runs_dir: Path, quiet: bool = False) -> RunDirectory:
    """Return the run that is meant, in a folder of runs or in one of its sweeps.

    Of several runs that are called the same the newest is taken, which is said through logging. The trial of a
    treatment is taken only if no other run fits its name as well.

    Args:
        reference: a run's folder; or the name of a run or of its experiment, or a part of it, such as `latent_1`; or
            one with a folder of runs, a part of a sweep's name or the folder of the experiment in front, such as
            `old_runs/latent_1`, `guide/latent_1` or `failures/latent_1`.
        runs_dir: the folder of runs.
        quiet: do not say which of several was taken.

    Raises:
        RunError: no run, or several that are called differently, are meant.
    """
    return RunDirectory(names.find_folder(reference, runs_dir, quiet))
