"""The sheet that shows how pictures were cut, as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganlab.errors import DataError, GanlabError

if TYPE_CHECKING:
    from ganlab.diagnosis.evidence import Evidence
    from ganlab.diagnosis.readers import ReadOptions
    from ganlab.diagnosis.samples import Compared

NAME = "ganlab_cut.png"


def show_samples(evidence: Evidence, options: ReadOptions, out: Path | None) -> tuple[tuple[str, ...], Path]:
    """Write the sheet of `--samples` and their real data; return what was found, and where it is.

    Args:
        evidence: of the log or run beside them.
        options: what was said of them.
        out: folder for the sheet; None: the working directory.

    Raises:
        GanlabError: they cannot be read, or the sheet cannot be written.
    """
    from ganlab.diagnosis.samples import read_both

    assert options.samples is not None
    compared = read_both(evidence, options.samples, options.real, options.tile)
    return compared.notes, write_sheet(compared, Path() if out is None else out)


def write_sheet(compared: Compared, folder: Path) -> Path:
    """Write how samples were cut, beside real images; return where.

    Raises:
        GanlabError: the folder cannot be written.
    """
    from ganlab.diagnosis.samples import sheet_of_both
    from ganlab.plots.grids import save_png

    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_png(sheet_of_both(compared), path)
    except OSError as error:
        raise GanlabError(f"{path} cannot be written: {error.strerror or error}", "name a folder with --out") from error
    return path


@contextmanager
def sheet_of_refused(out: Path | None) -> Iterator[None]:
    """Show samples that are refused for another kind of reals beside those: in `out`, else in a temporary folder."""
    try:
        yield
    except DataError as error:
        from ganlab.diagnosis.samples import OtherKindError  # PyTorch, which takes a second to import

        if not isinstance(error, OtherKindError):
            raise
        path = write_sheet(error.compared, out or Path(tempfile.mkdtemp(prefix="ganlab-")))
        raise GanlabError(f"{error.message}; {path} shows both", error.hint) from error
