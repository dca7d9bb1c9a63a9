"""The Python interface: a function for each command, and what it leaves behind.

The examples below follow each other: what one of them trains, the next ones use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, experiment_from_mapping, load_experiment
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import ConfigError, GanlabError, Interrupted
from ganlab.runs.directory import RunDirectory, as_folder, find_run, list_runs
from ganlab.runs.files import read_json
from ganlab.runs.history import History, read_history
from ganlab.runs.snapshots import Row, read_snapshots
from ganlab.text import printable, short

if TYPE_CHECKING:
    from torch import nn

    from ganlab.data.arrays import Array
    from ganlab.diagnosis.readers.memory import Columns
    from ganlab.monitor.view import View
    from ganlab.report.compare import RunComparison
    from ganlab.sweeps.executors.places import Resources
    from ganlab.sweeps.folder import SweepFolder
    from ganlab.sweeps.view import SweepView
    from ganlab.treatment.carry_out import Brancher, Treatment


@dataclass(frozen=True)
class Run:
    """A run directory, read on demand; only `generator` imports torch.

    Printed, it is how the run stands and its verdict; a notebook shows parts of its page.
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
        """Show how the run stands, its verdict, its last samples, its losses, and what to do."""
        from ganlab.report.notebook import run_html

        return run_html(self.directory)


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder, read on demand.

    Attributes:
        folder: its layout.
        files: the tables and pictures that were made.
        left: names of the runs that failed for good; the same sweep again tries them again. A run that was not needed,
            as the claims about its configuration are decided, is none of them.
    """

    folder: SweepFolder
    files: tuple[Path, ...]
    left: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The sweep's folder."""
        return self.folder.path

    @property
    def summary(self) -> dict[str, Any]:
        """summary.json: `claims`, `runs`, `states`, rates of verdicts, attempts."""
        return read_json(self.folder.summary)

    @property
    def runs(self) -> dict[str, Run]:
        """The planned runs by name, in the plan's order."""
        return {planned.id: Run(self.folder.run(planned.id)) for planned in self.folder.plan().runs}


def train(
    config: str | Path | Mapping[str, Any] | Experiment,
    overrides: Sequence[str] = (),
    *,
    runs_dir: str | Path = "runs",
    resume: bool = False,
    views: Sequence[View] = (),
) -> Run:
    """Train one experiment and return its run.

    >>> run = ganlab.train("ring", ["training.steps=200", "monitor.snapshot_samples=200"])
    >>> run.status["status"], len(run.history["g_loss"]), run.verdict.name
    ('finished', 200, 'never_learned')

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
    elif isinstance(config, (str, Path)):
        experiment = load_experiment(config, overrides)
    else:
        raise ConfigError(
            f"no experiment can be made of {short(repr(config))}",
            "give a YAML file, the name of a shipped experiment, a mapping of the same keys, or an Experiment",
        )
    folder = as_folder(runs_dir)

    from ganlab.monitor.view import checked_views
    from ganlab.report.making import leave_page
    from ganlab.training import session

    checked_views(views)
    unfinished = session.find_unfinished(experiment, folder) if resume else None
    run = session.start(experiment, folder, views) if unfinished is None else session.resume(unfinished, views=views)
    leave_page(run)
    return Run(run)


def load_run(path: str | Path, runs_dir: str | Path = "runs") -> Run:
    """Open a run by its path, its name or a part of that, also inside a sweep; of several so called, the newest.

    >>> ganlab.load_run("ring").snapshots[-1].step
    200

    Raises:
        RunError: no run, or several that are called differently, are meant.
    """
    return Run(find_run(str(path), Path(runs_dir)))


def diagnose(
    source: str | Path | Run | Columns | None = None,
    *,
    samples: str | Path | Array | Mapping[int, Array] | None = None,
    real: str | Path | Array | None = None,
    loss: str | None = None,
    columns: Mapping[str, str] | None = None,
    tile: int | None = None,
    out: str | Path | None = None,
    runs_dir: str | Path = "runs",
) -> Verdict:
    """Say by name what went wrong in a run, since when, on what evidence, how sure, and what to do.

    >>> verdict = ganlab.diagnose("ring")  # or train.log, or a folder of event files
    >>> verdict.name, verdict.evidence[0].signal
    ('never_learned', 'good')
    >>> import numpy as np
    >>> points = np.random.default_rng(0).normal([1, 0], 0.01, size=(500, 2))  # one of the ring's eight modes
    >>> ganlab.diagnose(samples=points, real="ring").name
    'mode_collapse/total'
    >>> losses = {"d_loss": np.full(500, 0.001), "g_loss": np.full(500, 9.0)}
    >>> ganlab.diagnose(losses, loss="non_saturating").name
    'convergence_failure/discriminator_dominates'

    Args:
        source: a run, as `load_run` takes it; a log or a folder of logs that other code wrote; samples in files,
            without a log; or the columns of a log, numbers by name, of which `step` may be one. None: only `samples`
            are judged.
        samples: what a foreign generator made: a folder of pictures, an NPZ, a picture of a grid; or an array, images
            (N, H, W), (N, H, W, C) or (N, C, H, W) or points (N, 2), N >= 16; or one for each of several steps.
        real: the data that the samples should look like: `mnist`, `mnist[3,8]`, a folder, an NPZ, or an array.
        loss: the loss, if a log does not show it: `non_saturating`, `hinge`, ...
        columns: what a log calls our columns, `{"d_loss": "lossD"}`, if that is not recognised.
        tile: side of an image in grids, in pixels; None: tiles are found.
        out: folder for verdict.json, pictures and a page; the run's own path is allowed. None: nothing is written.
        runs_dir: where runs are looked for by name.

    Raises:
        GanlabError: there is nothing to judge, it cannot be read, or `out` cannot be written.
    """
    from ganlab.diagnosis.readers import ReadOptions
    from ganlab.diagnosis.sessions import Target, as_samples, diagnose_path, find_target
    from ganlab.report.making import write_down

    if source is None and samples is None:
        raise GanlabError("there is nothing to judge", "give a run, a log, its columns, or samples with real ones")
    target = Target(None, None)
    if isinstance(source, Run):
        source = source.path
    if isinstance(source, str | Path):
        target = find_target(str(source), Path(runs_dir))
    options = ReadOptions(
        columns=columns or {},
        loss=loss,
        samples=Path(samples) if isinstance(samples, str) else samples,
        real=str(real) if isinstance(real, Path) else real,
        tile=tile,
    )
    target, options = as_samples(target, options)
    verdict = diagnose_path(source if isinstance(source, Mapping) else target.path, options)
    if out is not None:
        write_down(verdict, options, target.run, Path(out))
    return verdict


def evaluate(
    run: str | Path | Run,
    count: int = 10_000,
    *,
    step: int | str = "newest",
    seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
    runs_dir: str | Path = "runs",
) -> dict[str, Any]:
    """Measure a run's generator, live and averaged, and write evaluation.json into the run.

    >>> found = ganlab.evaluate("ring", count=200)
    >>> coverage = found["metrics"]["live"]["coverage"]
    >>> 0 <= coverage["value"] < coverage["real"]
    True

    Args:
        run: the run, also by path or name, as `load_run` takes it.
        count: samples of each generator, at least 16.
        step: a checkpoint's step, `newest` or `best`.
        seed: of the latents and of what metrics draw.
        progress: is told what is measured next.
        runs_dir: where runs are looked for by name.

    Returns:
        `schema`, `step`, `samples`, `seed`, `features`, and `metrics`: for `live`, and for `ema` if the run keeps an
        average, each metric by name with its `value`, its real-vs-real value `real` and its `protocol`.

    Raises:
        RunError: there is no such run or checkpoint, or it cannot be used.
        DataError: the run's data cannot be loaded.
    """
    from ganlab.training.evaluating import evaluate_run
    from ganlab.training.trained import parse_which

    return evaluate_run(_directory(run, runs_dir), parse_which(str(step)), count, seed, progress)


def sample(
    run: str | Path | Run,
    count: int | None = None,
    *,
    interpolate: int | None = None,
    spherical: bool = False,
    walk: int | None = None,
    arithmetic: str | None = None,
    nearest: bool = False,
    of_class: str | None = None,
    gallery: bool = False,
    attention: bool = False,
    seed: int = 0,
    step: int | str = "newest",
    live: bool = False,
    out: str | Path | None = None,
    runs_dir: str | Path = "runs",
) -> NDArray[Any]:
    """Draw samples from a run's generator; image-to-image games translate held-out images.

    >>> ganlab.sample("ring", 64).shape
    (64, 2)
    >>> ganlab.sample("ring", interpolate=3, out="between.png").shape
    (30, 2)

    Args:
        run: the run, also by path or name, as `load_run` takes it.
        count: number of samples; None: 100, with `nearest` 50, with `attention` 6.
        interpolate: as many pairs of latents, ten samples from one to the other of each.
        spherical: interpolate along the arc instead of the line.
        walk: ten rows in which this latent dimension, counted from 0, goes from low to high.
        arithmetic: `8-3+5`: class means A, B, C, their sum A - B + C, and six samples around it.
        nearest: each sample followed by the training image nearest to it.
        of_class: samples of one class, by name (conditional games).
        gallery: the game's own picture, such as a row a class.
        attention: a row a sample: five points, and what each attends to.
        seed: of the latents.
        step: a checkpoint's step, `newest` or `best`.
        live: the live weights instead of their moving average.
        out: NAME.png for a grid, NAME.npz, or a folder for one PNG a sample; what is there is replaced. None: nothing
            is written.
        runs_dir: where runs are looked for by name.

    Returns:
        Images (N, C, H, W), float32 in [-1, 1], or points (N, 2); with `attention` the picture, uint8 (H, W, 3).

    Raises:
        GanlabError: the run has no such picture or checkpoint, arguments do not go together, or `out` cannot be
            written.
    """
    from ganlab.training.pictures import draw, make_wish, require_target
    from ganlab.training.trained import load_game, parse_which

    asked = {
        "interpolate": interpolate,
        "walk": walk,
        "arithmetic": arithmetic,
        "nearest": nearest,
        "class": of_class,
        "gallery": gallery,
        "attention": attention,
    }
    wish = make_wish(asked, count, seed, spherical)
    game = load_game(_directory(run, runs_dir), parse_which(str(step)), live)
    if out is not None:
        require_target(Path(out), game.experiment.data.domain, is_picture=attention)
    drawing = draw(game, wish)
    if out is not None:
        drawing.write(Path(out))
    return drawing.samples.numpy() if drawing.pixels is None else drawing.pixels


def sweep(
    spec: str | Path | Mapping[str, Any] = "induced_failures",
    overrides: Sequence[str] = (),
    *,
    seeds: int | None = None,
    quick: bool = False,
    fresh: bool = False,
    yes: bool = False,
    resources: Resources | None = None,
    into: str | Path | None = None,
    runs_dir: str | Path = "runs",
    view: SweepView | None = None,
) -> Sweep:
    """Train many runs, and say claim by claim what they show. What has ended is not trained again.

    >>> spec = {"name": "latents", "base": "ring", "grid": {"latent.dim": [1, 2]}}
    >>> done = ganlab.sweep(spec, ["training.steps=20", "monitor.snapshot_samples=200"])
    >>> done.summary["states"], [run.experiment.latent.dim for run in done.runs.values()]
    ({'finished': 2}, [1, 2])

    Args:
        spec: a YAML file, the name of a shipped sweep, or a mapping of the same keys.
        overrides: `KEY=VALUE` changes, the last word on every run.
        seeds: seeds of every configuration, 0 to `seeds` - 1; None: the spec's.
        quick: only what the spec marks as quick, with one seed.
        fresh: remove what an earlier sweep of the same spec left.
        yes: also carry out more than 10,000 runs.
        resources: where runs are trained; None: worker processes on this machine, one a core or one a GPU.
        into: the sweep's folder; None: `sweep-<name>-<8 letters>` in `runs_dir`.
        runs_dir: folder of the sweep's folder.
        view: who watches; see `ganlab.sweeps.view.SweepView`.

    Raises:
        GanlabError: something the user can put right; no run was begun.
        Interrupted: a signal ended the sweep; its runs have saved, and the same sweep again goes on.
    """
    from ganlab.report.making import leave_sweep_page
    from ganlab.report.sweep import make_report
    from ganlab.runs.stop import EXIT_CODES, StopSignal
    from ganlab.sweeps.deciding import settled_records
    from ganlab.sweeps.executors.places import Resources, make_executor
    from ganlab.sweeps.folder import SweepFolder, open_sweep
    from ganlab.sweeps.plan import make_plan
    from ganlab.sweeps.records import NOT_NEEDED
    from ganlab.sweeps.scheduler import run_sweep
    from ganlab.sweeps.spec import load_spec, spec_from_mapping
    from ganlab.sweeps.view import SweepView

    loaded = spec_from_mapping(spec, overrides) if isinstance(spec, Mapping) else load_spec(spec, overrides)
    plan = make_plan(loaded, seeds=seeds, quick=quick, yes=yes)
    path = Path(into) if into is not None else Path(runs_dir) / plan.folder_name
    executor = make_executor(resources or Resources(), SweepFolder(path))
    with StopSignal() as stop:
        folder = open_sweep(plan, path, fresh)
        with folder.held():
            run_sweep(plan, folder, executor, view or SweepView(), stop)
            records = settled_records(plan, folder)
            left = [each for each in records if not each.ended and each.state != NOT_NEEDED]
            if stop.received:
                most = "" if all(each.planned.required or each.begun for each in left) else "at most "
                raise Interrupted(
                    f"{stop.received.name}: {most}{len(left)} of {len(plan.runs)} runs are left",
                    "the same command goes on with them",
                    EXIT_CODES[stop.received],
                )
            files = [*make_report(path), *filter(None, [leave_sweep_page(folder)])]
            return Sweep(folder, tuple(files), tuple(each.planned.id for each in left))


def treat(
    run: str | Path | Run,
    *,
    budget: str = "30m",
    seeds: int = 3,
    only: Sequence[str] = (),
    tries: Sequence[str] = (),
    from_onset: bool = False,
    complete: bool = False,
    finish: bool = False,
    resources: Resources | None = None,
    runs_dir: str | Path = "runs",
    view: SweepView | None = None,
) -> Treatment:
    """Try the cures for a run that failed, one change a trial, and say by measurement which of them work.

    Beside them the run is trained again unchanged, and with changes at random, on the same seeds. Calling it again goes
    on where it was interrupted.

    >>> treatment = ganlab.treat("unclipped", budget="5m")  # doctest: +SKIP
    >>> treatment.best.arm.name, treatment.best.cured, treatment.best.n, treatment.cured  # doctest: +SKIP
    ('r1', 3, 3, PosixPath('runs/treat-unclipped-kxhqvbna/cured.yaml'))

    Args:
        run: the run, also by path or name, as `load_run` takes it.
        budget: time that the trials may take: `90s`, `30m`, `2h`.
        seeds: of each arm at most, 3 or more; if nothing is proved on them, as many again.
        only: names of the remedies to try; empty: all.
        tries: changes of your own, `KEY=VALUE` each; several with spaces between are one change.
        from_onset: go on from the run's last checkpoint before the failure began, where the change allows it.
        complete: try every cure on every seed for as many steps as the run has, without a budget.
        finish: train the cured experiment to its end.
        resources: where trials are trained; None: worker processes on this machine, one a core or one a GPU.
        runs_dir: folder of the treatment's folder, and where runs are looked for by name.
        view: who watches; see `ganlab.sweeps.view.SweepView`.

    Raises:
        GanlabError: there is nothing to cure, a change cannot be trained, or the budget is too small; nothing was
            started.
        Interrupted: a signal ended it; its trials have saved.
    """
    from dataclasses import replace

    from ganlab.report.making import leave_page, leave_sweep_page
    from ganlab.report.sweep import make_report
    from ganlab.sweeps.executors.local import threads_of
    from ganlab.sweeps.executors.places import Resources, make_executor
    from ganlab.sweeps.folder import SweepFolder
    from ganlab.sweeps.view import SweepView
    from ganlab.treatment.carry_out import carry_out, planned
    from ganlab.treatment.cured import cured_experiment
    from ganlab.treatment.drawing import draw_courses
    from ganlab.treatment.plan import Wishes, budget_seconds
    from ganlab.treatment.planning import examine

    wishes = Wishes(0.0 if complete else budget_seconds(budget), seeds, tuple(only), tuple(tries), from_onset, complete)
    patient, where = examine(_directory(run, runs_dir)), resources or Resources()
    folder = SweepFolder(Path(runs_dir) / patient.folder_name)
    plan = planned(patient, wishes, where.width, folder.path)
    branch = _brancher(threads_of(where.width) if where.place == "local" else where.cpus) if plan.branch else None
    done = carry_out(patient, plan, folder, lambda: make_executor(where, folder), view or SweepView(), branch)
    make_report(folder.path)
    draw_courses(plan, done.arms, folder)
    leave_sweep_page(folder)
    leave_page(patient.run)  # which shows what was found
    if not finish or done.best is None:
        return done
    experiment = cured_experiment(patient, done.best.arm.change)
    finished = [each for each in list_runs(Path(runs_dir)) if _has_finished(each, experiment)]
    last = finished[-1] if finished else train(experiment, runs_dir=runs_dir, resume=True).directory
    return replace(done, finished=last.path)


def _brancher(threads: int) -> Brancher:
    """Return what makes trials that go on from a run's checkpoint; it imports torch."""
    from ganlab.training.branch import branch_off

    return lambda source, step, experiment, target: branch_off(source, step, experiment, target, threads)


def _has_finished(run: RunDirectory, experiment: Experiment) -> bool:
    """Return whether a run is of that experiment and ended by itself."""
    try:
        return run.status().ended_by_itself and run.experiment() == experiment
    except GanlabError:
        return False  # a damaged run, or one without an experiment


def compare(
    runs: Sequence[str | Path | Run], out: str | Path | None = None, *, runs_dir: str | Path = "runs"
) -> RunComparison:
    """Lay 2 to 8 runs side by side: settings that differ, verdicts, final numbers, curves and last samples.

    >>> other = ganlab.train("ring", ["name=other", "seed=1", "training.steps=40", "monitor.snapshot_samples=200"])
    >>> comparison = ganlab.compare(["ring-", other], "side_by_side.png")
    >>> comparison.numbers["energy_distance"], comparison.picture
    ([..., ...], PosixPath('side_by_side.png'))

    Args:
        runs: the runs, also by paths or names, as `load_run` takes them.
        out: the picture, a PNG; what is there is replaced. None: `comparison-<8 letters>.png` in `runs_dir`.
        runs_dir: where runs are looked for by name.

    Raises:
        RunError: there is no such run, they are too few or too many, or `out` cannot be written.
    """
    from ganlab.report.compare import compare as lay_side_by_side
    from ganlab.report.compare import default_picture

    found = [_directory(run, runs_dir) for run in runs]
    return lay_side_by_side(found, Path(out) if out is not None else default_picture(found, Path(runs_dir)))


def page(
    shown: str | Path | Run | Sweep | Sequence[str | Path | Run],
    out: str | Path | None = None,
    *,
    force: bool = False,
    runs_dir: str | Path = "runs",
) -> Path:
    """Make a page, one HTML file to look at and to send, as `ganlab report` does, and return its path.

    >>> ganlab.page("ring").name  # in the run's folder
    'page.html'
    >>> ganlab.page(["ring", "other"], "side_by_side.html")
    PosixPath('side_by_side.html')

    Args:
        shown: a run, a sweep, or a folder that `diagnose` wrote into; or 2 to 8 runs, side by side. Paths, names and
            parts of names will do.
        out: the file. None: `page.html` in the folder of what is shown, where a page that ganlab made is replaced;
            `comparison-<8 letters>.html` in `runs_dir` for several.
        force: replace whatever is there.
        runs_dir: where runs and sweeps are looked for by name.

    Raises:
        GanlabError: there is nothing to show, or the file cannot be written or must not be replaced.
    """
    from ganlab.report.making import find_shown, make_page

    several = [shown] if isinstance(shown, str | Path | Run | Sweep) else list(shown)
    if not several:
        raise GanlabError("there is nothing to show", "name a run, a sweep, or several runs")
    found = [
        each.directory
        if isinstance(each, Run)
        else each.folder
        if isinstance(each, Sweep)
        else find_shown(str(each), Path(runs_dir))
        for each in several
    ]
    return make_page(found, Path(runs_dir), None if out is None else Path(out), force).path


def _directory(run: str | Path | Run, runs_dir: str | Path) -> RunDirectory:
    return run.directory if isinstance(run, Run) else find_run(str(run), Path(runs_dir))
