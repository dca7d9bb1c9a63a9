"""The Python interface: train from a file, open what a run left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, experiment_from_mapping, load_experiment
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.directory import RunDirectory, find_run
from ganlab.runs.history import History, read_history
from ganlab.runs.snapshots import Row, read_snapshots
from ganlab.text import printable

if TYPE_CHECKING:
    from torch import nn

    from ganlab.monitor.view import View


@dataclass(frozen=True)
class Run:
    """A run directory, read on demand; only `generator` imports torch.

    Printed, it is how the run stands and its verdict; a notebook also shows the verdict's pictures.
    """

    directory: RunDirectory

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.directory.path

    @property
    def status(self) -> dict[str, Any]:
        """run.json: status (running, finished, stopped, interrupted, failed), reason, seed, cost of watching, ..."""
        return self.directory.status().as_json()

    @property
    def verdict(self) -> Verdict | None:
        """What diagnosis said last, from verdict.json; None if nothing was judged yet."""
        return Verdict.read(self.directory.verdict) if self.directory.verdict.is_file() else None

    @property
    def experiment(self) -> Experiment:
        """The resolved experiment; a run that another program's loop wrote has none."""
        return self.directory.experiment()

    @property
    def history(self) -> History:
        """Columns of history.csv by name, float64 of shape (steps,); an empty cell is NaN."""
        return read_history(self.directory.history)

    @property
    def snapshots(self) -> list[Row]:
        """Rows of snapshots.jsonl, in order."""
        return read_snapshots(self.directory.snapshots)

    def generator(self, which: int | str = "newest", live: bool = False) -> nn.Module:
        """Return the trained generator on the CPU, in eval mode: latents (N, latent.dim) to samples (N, *data.shape).

        Args:
            which: a checkpoint's step, `newest`, or `best` (lowest FID at a snapshot, else lowest energy distance).
            live: the live weights rather than their moving average.

        Raises:
            RunError: there is no such checkpoint, or it cannot be used.
        """
        from ganlab.training.trained import load_generator

        return load_generator(self.directory, which, live)[0]  # type: ignore[arg-type]

    def __str__(self) -> str:
        status = printable(f"{self.path.name}: {self.directory.status().in_words()}")
        return f"{status}\n{self.verdict or 'not judged yet'}"

    def _repr_html_(self) -> str:
        """Show how the run stands, its verdict, and the pictures of both that are in its folder."""
        from ganlab.diagnosis.notebook import escaped, verdict_html

        status = f"<b>{escaped(self.path.name)}</b>: {escaped(self.directory.status().in_words())}"
        plots = (self.directory.plots / f"{name}.png" for name in ("verdict", "samples"))
        pictures = [path.read_bytes() for path in plots if path.is_file()]
        verdict = self.verdict
        return f"<div>{status}{verdict_html(verdict, *pictures) if verdict else '<p>not judged yet</p>'}</div>"


def train(
    config: str | Path | Mapping[str, Any] | Experiment,
    overrides: Sequence[str] = (),
    *,
    runs_dir: str | Path = "runs",
    resume: bool = False,
    views: Sequence[View] = (),
) -> Run:
    """Train one experiment and return its run.

    Args:
        config: a YAML file, the name of a shipped one, a mapping of the same keys, or an Experiment.
        overrides: `KEY=VALUE` changes by dotted path, such as `training.steps=500`.
        runs_dir: where the run directory is made.
        resume: continue the newest unfinished run of the same experiment, if there is one.
        views: who watches; see `ganlab.monitor.view.View`.

    Raises:
        GanlabError: something the user can put right; nothing was written.
        Interrupted: a signal or a full disk ended the run after it had saved.
    """
    if isinstance(config, Experiment):
        experiment = apply_overrides(config, overrides)
    elif isinstance(config, Mapping):
        experiment = experiment_from_mapping(config, overrides)
    else:
        experiment = load_experiment(config, overrides)

    from ganlab.training import session

    unfinished = session.find_unfinished(experiment, Path(runs_dir)) if resume else None
    if unfinished is not None:
        return Run(session.resume(unfinished, views=views))
    return Run(session.start(experiment, Path(runs_dir), views))


def load_run(path: str | Path, runs_dir: str | Path = "runs") -> Run:
    """Open a run by its path or by a unique part of its name.

    Raises:
        RunError: no run, or more than one, is meant.
    """
    return Run(find_run(str(path), Path(runs_dir)))
