"""The verdict: a public format (verdict.json, `ganlab diagnose --json`), schema-numbered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ganlab.errors import RunError
from ganlab.runs.files import read_json
from ganlab.text import one_line
from ganlab.verdicts import join

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ganlab.diagnosis.evidence import Evidence

SCHEMA = 1
"""Version of the verdict's format."""


@dataclass(frozen=True)
class Finding:
    """One piece of evidence.

    Attributes:
        signal: name of what was measured, such as `d_loss` or `class_coverage`.
        value: what it measured.
        threshold: what it was compared with, or None if there was nothing.
        window: first and last step it was measured over.
        source: where the criterion comes from: a paper, or `measured on ganlab's own runs`.
        words: one sentence for a newcomer.
    """

    signal: str
    value: float | None
    threshold: float | None
    window: tuple[int, int]
    source: str
    words: str


@dataclass(frozen=True)
class Remedy:
    """What to do: `change` names configuration keys and their new values, and is empty if only words will do."""

    why: str
    source: str
    change: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contribution:
    """Another failure of the same run, with the steps it was seen in."""

    failure: str
    variant: str | None
    onset_step: int | None
    window: tuple[int, int]

    @property
    def name(self) -> str:
        """`failure`, or `failure/variant`."""
        return join(self.failure, self.variant)


@dataclass(frozen=True)
class Missing:
    """Evidence that was not there, and how to get it."""

    what: str
    how: str


@dataclass(frozen=True, eq=False)
class StoredVerdict:
    """What verdict.json holds.

    Attributes:
        failure, variant: a name of `verdicts.KINDS`, taken apart.
        confidence: share of real labelled runs with a verdict like this one that were judged right, in (0, 1).
        basis: what the confidence rests on, in words; `uncalibrated` under ten such runs.
        severity: 0 (none) to 1 (nothing usable is left), defined by each failure.
        onset_step: first step of the failure; None if there is none or it cannot be dated.
        summary: one sentence.
        contributing: other failures, by their onset.
        evidence: findings, the weightiest first.
        missing: evidence that was not there.
        remedies: what to do, the likeliest cure first.
        source: the run or file that was judged.
        steps: first and last step that evidence was there for.
        notes: what a reader took for what.
    """

    failure: str
    variant: str | None
    confidence: float
    basis: str
    severity: float
    onset_step: int | None
    summary: str
    contributing: tuple[Contribution, ...]
    evidence: tuple[Finding, ...]
    missing: tuple[Missing, ...]
    remedies: tuple[Remedy, ...]
    source: str
    steps: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`failure`, or `failure/variant`, as `expect:` and `--fail-on` name it."""
        return join(self.failure, self.variant)


@dataclass(frozen=True, eq=False)
class Verdict(StoredVerdict, Mapping[str, Any]):
    """What diagnosis says of a run: the attributes of `StoredVerdict`, and what it was judged on.

    It is also a mapping of what verdict.json holds: `verdict["failure"]`, `verdict["evidence"][0]["signal"]`. Printed,
    it is its headline, the evidence and what to do; a notebook also shows the curves.

    Attributes:
        judged_on: the evidence; None for a verdict that was read from a file.
    """

    judged_on: Evidence | None = field(default=None, repr=False)

    @classmethod
    def read(cls, path: Path) -> Verdict:
        """Read verdict.json; keys that this ganlab does not know are left out.

        Raises:
            RunError: it is missing, damaged, or of a newer format.
        """
        values = read_json(path)
        schema = values.get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise RunError(f"{path} has format {schema}, and this ganlab reads up to {SCHEMA}")
        try:
            stored = _reader().validate_python(values)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise RunError(
                f"{path} is damaged: {one_line(where)} is not as it should be", "diagnose the run again"
            ) from error
        return cls(**vars(stored))

    def as_json(self) -> dict[str, Any]:
        """The verdict as verdict.json holds it: plain values, every number finite."""
        values = asdict(StoredVerdict(**{name: getattr(self, name) for name in FIELDS}))
        return {"schema": SCHEMA, **{name: _as_lists(value) for name, value in values.items()}}

    def plot(self) -> Figure | None:
        """Draw the losses and the curve that convinced most, with the onset marked; None without the evidence."""
        if self.judged_on is None:
            return None
        from ganlab.diagnosis.drawing import draw_verdict

        return draw_verdict(self.judged_on, self)

    def __getitem__(self, key: str) -> Any:
        return self.as_json()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("schema", *FIELDS))

    def __len__(self) -> int:
        return 1 + len(FIELDS)

    def __str__(self) -> str:
        from ganlab.diagnosis.wording import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from ganlab.diagnosis.notebook import verdict_html

        return verdict_html(self)


FIELDS = tuple(each.name for each in fields(StoredVerdict))
"""What verdict.json holds in addition to its `schema`."""


def _as_lists(value: Any) -> Any:
    """Return a plain value as JSON gives it back, with lists for tuples."""
    if isinstance(value, dict):
        return {key: _as_lists(each) for key, each in value.items()}
    return [_as_lists(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def _reader() -> TypeAdapter[StoredVerdict]:
    return TypeAdapter(StoredVerdict)
