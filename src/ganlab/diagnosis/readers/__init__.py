"""From files to an Evidence: our own run directories, and what other code left behind, one format a module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.curves_file import is_curves_file, read_curves
from ganlab.diagnosis.readers.family import with_family
from ganlab.diagnosis.readers.interpret import interpret
from ganlab.diagnosis.readers.json_files import read_json, read_json_lines
from ganlab.diagnosis.readers.log import Log
from ganlab.diagnosis.readers.memory import Columns, read_columns
from ganlab.diagnosis.readers.run_directory import is_run_directory, read_run
from ganlab.diagnosis.readers.studiogan import read_studiogan
from ganlab.diagnosis.readers.stylegan import read_metrics, read_statistics
from ganlab.diagnosis.readers.tables import read_table
from ganlab.diagnosis.readers.tensorboard import find_event_files, read_event_file, read_events
from ganlab.diagnosis.readers.text import read_text
from ganlab.errors import RunError
from ganlab.text import excerpt

if TYPE_CHECKING:
    from ganlab.data.arrays import Array
    from ganlab.diagnosis.readers.samples import SampleSource

FOLDERS = "a run directory of ganlab, a folder of TensorBoard event files, a folder with metrics.csv or stats.jsonl"


class Format(NamedTuple):
    """A kind of file that is read.

    Attributes:
        description: what it is, for messages.
        read: reads it; None if it is no such file.
    """

    description: str
    read: Callable[[Path], Log | None]


FORMATS = (
    Format("a TensorBoard event file", read_event_file),
    Format("StyleGAN's stats.jsonl", read_statistics),
    Format("StyleGAN's metric-*.jsonl", read_metrics),
    Format("JSON lines", read_json_lines),
    Format("a JSON file", read_json),
    Format("a StudioGAN log", read_studiogan),
    Format("a table such as a CSV file", read_table),
    Format("the output of a training loop", read_text),
)
"""The kinds of files, in the order in which they are tried."""


def known_formats() -> str:
    """Return what can be read, in words."""
    *others, last = (format.description for format in FORMATS)
    return f"{FOLDERS}, {', '.join(others)} or {last}"


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about files that cannot say it themselves.

    Attributes:
        columns: column by signal, from `--map d_loss=lossD`; `step` can be mapped too.
        loss: `--loss`: a loss that an experiment can name, or `cross_entropy`.
        samples: `--samples`: what the generator made, in files, or as an array or one for each of several steps.
        real: `--real`: the real data to compare with, by name, in files or as an array; for our own runs, the
            experiment's.
        tile: `--tile`: side of one image in a grid PNG, in pixels.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    loss: str | None = None
    samples: SampleSource | None = None
    real: str | Array | None = None
    tile: int | None = None


def read(source: Path | Columns | None, options: ReadOptions) -> Evidence:
    """Read what is known of one run; the format is recognised by content. Nothing is written.

    Args:
        source: a run, a log or a folder of logs; or the columns of a log; or None, if there are only samples.
        options: what the user says about it.

    Raises:
        RunError: there is no such file, it is of no known format, or nothing in it is known by name.
        DataError: the samples or the real data cannot be used.
    """
    try:
        evidence = with_family(_read_any(source, options.columns), options.loss)
    except OSError as error:
        raise RunError(f"{excerpt(str(source))} cannot be read: {error.strerror or error}", "check the path") from error
    if options.samples is None:
        return evidence
    # Torch is not loaded if there is only a log to read.
    from ganlab.diagnosis.samples import with_samples

    return with_samples(evidence, options.samples, options.real, options.tile)


def _read_any(source: Path | Columns | None, columns: Mapping[str, str]) -> Evidence:
    if source is None:
        return Evidence("samples")
    if not isinstance(source, Path):
        return interpret(read_columns(source), columns)
    if is_run_directory(source):
        return read_run(source)
    return read_curves(source) if is_curves_file(source) else interpret(read_log(source), columns)


def read_log(path: Path) -> Log:
    """Return the rows of a file or folder that other code wrote, whatever their names mean.

    Raises:
        RunError: there is no such file, or it holds nothing that can be read.
    """
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        raise RunError(f"there is no file or folder {excerpt(str(path))}", f"give {known_formats()}")
    for format in FORMATS:
        if (log := format.read(path)) is not None:
            return log
    raise RunError(
        f"{excerpt(str(path))} holds no history of a GAN that is known: no number with a name",
        f"give {known_formats()}",
    )


def _read_folder(path: Path) -> Log:
    for name in ("stats.jsonl", "metrics.csv"):
        if (path / name).is_file():
            return read_log(path / name)
    if files := find_event_files(path):
        return read_events(path, files)
    raise RunError(
        f"{excerpt(str(path))} is no run directory (no run.json, history.csv or snapshots.jsonl), and holds no "
        "stats.jsonl, no metrics.csv and no TensorBoard event files",
        "name the log file itself; a folder of images goes after --samples",
    )
