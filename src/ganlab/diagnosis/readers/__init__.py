"""From files to an Evidence: our own run directories, and what other code left behind, one format a module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.read_report import NothingKnown
from ganlab.diagnosis.readers.arrays import read_arrays
from ganlab.diagnosis.readers.binary import refuse_binary
from ganlab.diagnosis.readers.curves_file import is_curves_file, read_curves
from ganlab.diagnosis.readers.family import with_family
from ganlab.diagnosis.readers.folders import read_folder
from ganlab.diagnosis.readers.growing import GrowingLog, Open, read_by
from ganlab.diagnosis.readers.interpret import interpret
from ganlab.diagnosis.readers.json_files import open_json_lines, read_json
from ganlab.diagnosis.readers.lines import seen
from ganlab.diagnosis.readers.log import Log
from ganlab.diagnosis.readers.memory import Columns, read_columns
from ganlab.diagnosis.readers.mlflow import read_mlflow_database
from ganlab.diagnosis.readers.run_directory import is_run_directory, read_run
from ganlab.diagnosis.readers.settings import state_settings
from ganlab.diagnosis.readers.studiogan import read_studiogan
from ganlab.diagnosis.readers.stylegan import read_metrics, read_statistics, read_ticks
from ganlab.diagnosis.readers.tables import open_table
from ganlab.diagnosis.readers.tensorboard import read_event_file
from ganlab.diagnosis.readers.text import open_text
from ganlab.diagnosis.readers.wandb import read_wandb
from ganlab.errors import RunError
from ganlab.text import excerpt

if TYPE_CHECKING:
    from ganlab.data.arrays import Array
    from ganlab.diagnosis.readers.samples import SampleSource


FORMATS: tuple[Open, ...] = (
    read_arrays,
    read_event_file,
    read_wandb,
    read_mlflow_database,
    refuse_binary,
    read_statistics,
    read_metrics,
    open_json_lines,
    read_json,
    read_studiogan,
    read_ticks,
    open_table,
    open_text,
)
"""What reads a file, in the order in which it is tried: binary files first, any text last."""

GIVE = (
    "give a run directory of ganlab, the output of a training loop, a table (CSV and its relatives), JSON, TensorBoard "
    "event files, or the folder of a trainer (StyleGAN, pix2pix, BasicSR, Lightning, Hugging Face, MLflow, "
    "Weights & Biases)"
)


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about files that cannot say it themselves.

    Attributes:
        columns: column by signal, from `--map d_loss=lossD`; `step` can be mapped too.
        loss: `--loss`: a loss that an experiment can name, or `cross_entropy`.
        samples: `--samples`: what the generator made, in files, or as an array or one for each of several steps.
        real: `--real`: the real data to compare with, by name, in files or as an array; for our own runs, the
            experiment's.
        tile: `--tile`: side of one image in grids, in pixels; None: found.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    loss: str | None = None
    samples: SampleSource | None = None
    real: str | Array | None = None
    tile: int | None = None


Source: TypeAlias = "Path | GrowingLog | Columns | None"
"""A run, a log or a folder of logs; or the columns of a log; or None, if there are only samples."""


def growing(path: Path) -> GrowingLog:
    """Return a file that is to be read again and again while it grows, as a source for `read`."""
    return GrowingLog(path, FORMATS)


def read(source: Source, options: ReadOptions) -> Evidence:
    """Read what is known of one run; the format is recognised by content. Nothing is written.

    Args:
        source: where it is.
        options: what the user says about it.

    Raises:
        RunError: there is no such file, it is of no known format, or nothing in it is known by name and there are no
            samples to judge instead.
        DataError: the samples or the real data cannot be used.
    """
    try:
        evidence = with_family(_read_any(source, options.columns), options.loss)
    except NothingKnown as error:
        if options.samples is None:
            raise
        evidence = Evidence("samples", notes=(f"the samples are judged alone: {error.message}; {error.hint}",))
    except OSError as error:
        raise RunError(f"{excerpt(str(source))} cannot be read: {error.strerror or error}", "check the path") from error
    if options.samples is None:
        return evidence
    # Torch is not loaded if there is only a log to read.
    from ganlab.diagnosis.samples import with_samples

    return with_samples(evidence, options.samples, options.real, options.tile)


def _read_any(source: Source, columns: Mapping[str, str]) -> Evidence:
    if source is None:
        return Evidence("samples")
    if isinstance(source, Mapping):
        return interpret(read_columns(source), columns)
    path = source if isinstance(source, Path) else source.path
    if is_run_directory(path):
        return read_run(path)
    if is_curves_file(path):
        return read_curves(path)
    return interpret(read_log(path) if isinstance(source, Path) else _known(path, source.log()), columns)


def read_log(path: Path) -> Log:
    """Return the rows of a file or folder that other code wrote, whatever their names mean.

    Raises:
        RunError: there is no such file, or it holds nothing that can be read.
    """
    if path.is_dir():
        return read_folder(path, read_file, _is_known)
    if not path.exists():
        raise RunError(f"there is no file or folder {excerpt(str(path))}", GIVE)
    if not path.is_file():
        raise RunError(f"{excerpt(str(path))} is neither a file nor a folder", GIVE)
    return read_file(path)


def read_file(path: Path) -> Log:
    """Return the rows of a file.

    Raises:
        RunError: it holds nothing that can be read.
    """
    logs = (read_by(opens, path) for opens in FORMATS)
    return _known(path, next((log for log in logs if log is not None), None))


def _known(path: Path, log: Log | None) -> Log:
    """Return a file's log with what stands beside it."""
    if log is None:
        raise RunError(f"{excerpt(str(path))} holds no number with a name: {seen(path)}", GIVE)
    if path.name == "loss_log.txt":
        state_settings(log, path.parent)
    return log


def _is_known(log: Log) -> bool:
    """Tell whether some column of a log is known as a loss, a score or a metric of a GAN; a learning rate is none."""
    try:
        evidence = interpret(log, {})
    except RunError:
        return False
    return bool(evidence.curves or evidence.quality or evidence.players)
