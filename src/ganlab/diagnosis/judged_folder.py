"""The folder that `ganlab diagnose --out` writes: the verdict, and what it was judged on as numbers, thinned."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ganlab.config.load import experiment_from_mapping
from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import BINS, Evidence, NonFinite, Series
from ganlab.diagnosis.readers.run_directory import faults, is_run_directory
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import ConfigError, RunError
from ganlab.plots.grids import evenly_spaced
from ganlab.plots.shown import Shown, read_shown
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write, read_json
from ganlab.runs.names import EVIDENCE_FILE
from ganlab.runs.snapshots import written
from ganlab.text import one_line

SCHEMA = 1
"""Version of the format of evidence.json."""

CURVES = ("curves", "quality", "controls")
"""Attributes of an Evidence that hold curves by name."""

ROWS = 200
"""Rows of snapshots that are kept, at most, evenly spaced."""

POINTS = 40_000
"""Values of all curves together that are kept, about, if each is left 2 x BINS of them."""

DIGITS = 7
"""Significant digits of a curve's values."""

SAMPLES = 3_000_000
"""Bytes of samples that are kept as numbers, at most; more if those of the first and the last step have more."""

KEPT = 40
"""Steps whose samples are kept, at most."""

FEWEST = 16
"""Images of a step that are kept at least, however large they are."""

AGAIN = "diagnose again with --out"


@dataclass(frozen=True)
class JudgedFolder:
    """The folder's layout."""

    path: Path

    @property
    def evidence(self) -> Path:
        """What was judged, as numbers."""
        return self.path / EVIDENCE_FILE

    @property
    def verdict(self) -> Path:
        """What came of it."""
        return self.kept.verdict

    @property
    def kept(self) -> RunDirectory:
        """The same folder, as what holds samples: they are named as those of a run."""
        return RunDirectory(self.path)

    def exists(self) -> bool:
        """Return whether a verdict was written here."""
        return self.verdict.is_file()

    def write(self, evidence: Evidence, samples: Sequence[tuple[int, Shown]] | None = ()) -> list[Path]:
        """Write what was judged, and samples by step as far as there is room; return what was written.

        Samples that an earlier verdict left here are removed; with None, those that are here are the ones that were
        judged, and stay.

        A run of ours that is judged into its own folder is left as it is: it holds all of that.

        Raises:
            Interrupted: the disk is full.
            OSError: the folder cannot be written.
        """
        if is_run_directory(self.path):
            return []
        atomic_write(self.evidence, (json.dumps(_as_json(evidence), separators=(",", ":")) + "\n").encode())
        if samples is None:
            return [self.evidence]
        for _, path in self.kept.shown():
            path.unlink()
        chosen = _with_room(samples)
        for step, shown in chosen:
            self.kept.samples.mkdir(exist_ok=True)
            shown.write(self.kept.shown_file(step))
        return [self.evidence, *([self.kept.samples] if chosen else [])]

    def read(self) -> Verdict:
        """Read the verdict with what it was judged on; None of the latter if an older ganlab wrote the folder.

        Raises:
            RunError: a file is damaged, or of a newer format.
        """
        verdict = Verdict.read(self.verdict)
        return replace(verdict, judged_on=read_evidence(self.evidence)) if self.evidence.is_file() else verdict


def kept_samples(run: RunDirectory) -> list[tuple[int, Shown]]:
    """Return what evenly spaced snapshots of a run show, by step.

    Raises:
        RunError: one of their files is damaged.
    """
    kept = run.shown()
    return [(step, read_shown(path)) for step, path in (kept[index] for index in evenly_spaced(len(kept), KEPT))]


def _with_room(samples: Sequence[tuple[int, Shown]]) -> list[tuple[int, Shown]]:
    """Return evenly spaced steps that fit, the first and the last among them; of large images fewer a step."""
    if not samples:
        return []
    images = [shown.images for _, shown in samples if shown.images is not None]
    largest = max((each[0].nbytes for each in images), default=1)
    count = max(FEWEST, SAMPLES // 8 // largest)
    cut = [(step, replace(s, images=s.images[:count]) if s.images is not None else s) for step, s in samples]
    size = max(sum(each.nbytes for each in vars(shown).values() if each is not None) for _, shown in cut)
    return [cut[index] for index in evenly_spaced(len(cut), max(2, SAMPLES // size))]


# -- evidence.json --------------------------------------------------------------------------------------------------


class StoredCurve(BaseModel):
    """A curve: rising steps, and as many values."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    steps: list[int]
    values: list[float | Literal["nan", "inf", "-inf"]]

    @model_validator(mode="after")
    def _rising(self) -> StoredCurve:
        if len(self.steps) != len(self.values) or any(a >= b for a, b in pairwise(self.steps)):
            raise ValueError("as many values as steps, which rise")
        return self

    def series(self) -> Series:
        """The curve as evidence has it."""
        return Series(np.array(self.steps, dtype=np.int64), np.array([float(value) for value in self.values]))


class StoredEvidence(BaseModel):
    """What evidence.json holds, beside its schema: what an Evidence holds, as plain values."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    source: str
    thinned: bool
    curves: dict[str, StoredCurve]
    quality: dict[str, StoredCurve]
    controls: dict[str, StoredCurve]
    players: dict[str, dict[str, StoredCurve]]
    snapshots: list[dict[str, Any]]
    family: Family | None
    families: tuple[Family, ...]
    saturating: bool | None
    weighted: bool
    plain_term: bool
    planned: int | None
    ended: bool
    non_finite: tuple[int, str] | None
    experiment: dict[str, Any] | None
    notes: tuple[str, ...]
    damaged: bool
    restarts: tuple[int, ...]
    unit: str
    epoch_steps: int | None

    @model_validator(mode="after")
    def _rows_that_can_be(self) -> StoredEvidence:
        for row in self.snapshots:
            if (why := next(faults(row, None, False), "")) != "":
                raise ValueError(f"a row of snapshots: {why}")
        steps = [row["step"] for row in self.snapshots]
        if any(a >= b for a, b in pairwise(steps)):
            raise ValueError("snapshots whose steps do not rise")
        return self


def _as_json(evidence: Evidence) -> dict[str, Any]:
    """Return evidence as plain values, every number finite."""
    named = {name: getattr(evidence, name) for name in CURVES}
    every = [curve for curves in (*named.values(), *evidence.players.values()) for curve in curves.values()]
    bins = max(BINS, POINTS // (2 * max(1, len(every))))
    rows = [evidence.snapshots[index] for index in evenly_spaced(len(evidence.snapshots), ROWS)]
    bad = evidence.non_finite
    return {
        "schema": SCHEMA,
        **{name: getattr(evidence, name) for name in StoredEvidence.model_fields},
        "thinned": evidence.thinned
        or len(rows) < len(evidence.snapshots)
        or any(len(each) > 2 * bins for each in every),
        **{name: _curves(curves, bins) for name, curves in named.items()},
        "players": {player: _curves(curves, bins) for player, curves in evidence.players.items()},
        "snapshots": [written(row) for row in rows],
        "non_finite": None if bad is None else (bad.step, bad.signal),
        "experiment": None if evidence.experiment is None else evidence.experiment.model_dump(mode="json"),
    }


def _curves(curves: Mapping[str, Series], bins: int) -> dict[str, Any]:
    thinned = {name: curve.thinned(bins) for name, curve in curves.items()}
    return {
        name: {"steps": curve.steps.tolist(), "values": [_plain(value) for value in curve.values.tolist()]}
        for name, curve in thinned.items()
    }


def _plain(value: float) -> float | str:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else str(value)


def read_evidence(path: Path) -> Evidence:
    """Read evidence.json.

    Raises:
        RunError: it is missing, damaged, or of a newer format.
    """
    values = read_json(path)
    schema = values.pop("schema", None)
    if isinstance(schema, int) and schema > SCHEMA:
        raise RunError(f"{path} has format {schema}, and this ganlab reads up to {SCHEMA}", "use a newer ganlab")
    try:
        stored = StoredEvidence.model_validate_json(json.dumps(values))
        experiment = None if stored.experiment is None else experiment_from_mapping(stored.experiment)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or first["msg"]
        raise RunError(f"{path} is damaged: {one_line(where)} is not as it should be", AGAIN) from error
    except ConfigError as error:
        raise RunError(f"{path} is damaged: {one_line(error.message, 200)}", AGAIN) from error
    values = {
        **vars(stored),
        **{name: _series(getattr(stored, name)) for name in CURVES},
        "players": {player: _series(curves) for player, curves in stored.players.items()},
        "non_finite": None if stored.non_finite is None else NonFinite(*stored.non_finite),
        "experiment": experiment,
    }
    return Evidence(**values)


def _series(curves: Mapping[str, StoredCurve]) -> dict[str, Series]:
    return {name: curve.series() for name, curve in curves.items()}
