"""The verdict: a public format (verdict.json, `ganlab diagnose --json`), schema-numbered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ganlab.diagnosis.findings import Judgement, StoredVerdict
from ganlab.errors import RunError
from ganlab.runs.files import read_json
from ganlab.text import one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERDICT_SCHEMA = 1
"""Version of the verdict's format."""


@dataclass(frozen=True, eq=False)
class Verdict(Judgement, Mapping[str, Any]):
    """What diagnosis says of a run: the attributes of `StoredVerdict`, and `judged_on`.

    It is also a mapping of what verdict.json holds: `verdict["failure"]`, `verdict["evidence"][0]["signal"]`. Printed,
    it is its headline, the evidence and what to do; a notebook also shows the curves.
    """

    @classmethod
    def read(cls, path: Path) -> Verdict:
        """Read verdict.json; keys that this ganlab does not know are left out.

        Raises:
            RunError: it is missing, damaged, or of a newer format.
        """
        values = read_json(path)
        schema = values.get("schema")
        if isinstance(schema, int) and schema > VERDICT_SCHEMA:
            raise RunError(f"{path} has format {schema}, and this ganlab reads up to {VERDICT_SCHEMA}")
        try:
            stored = _reader().validate_python({NAMES.get(key, key): value for key, value in values.items()})
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise RunError(
                f"{path} is damaged: {one_line(where)} is not as it should be", "diagnose the run again"
            ) from error
        return cls(**vars(stored))

    def as_json(self) -> dict[str, Any]:
        """The verdict as verdict.json holds it: plain values, every number finite."""
        values = asdict(StoredVerdict(**{each.name: getattr(self, each.name) for each in fields(StoredVerdict)}))
        return {"schema": VERDICT_SCHEMA, **{key: _as_lists(values[NAMES.get(key, key)]) for key in KEYS}}

    def plot(self) -> Figure | None:
        """Draw the losses and the curve that convinced most, with the onset marked; None without the evidence."""
        if self.judged_on is None:
            return None
        from ganlab.diagnosis.drawing import draw_verdict

        return draw_verdict(self.judged_on, self)

    def __getitem__(self, key: str) -> Any:
        return self.as_json()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("schema", *KEYS))

    def __len__(self) -> int:
        return 1 + len(KEYS)

    def __str__(self) -> str:
        from ganlab.diagnosis.wording import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from ganlab.diagnosis.notebook import verdict_html

        return verdict_html(self)


NAMES = {"read": "reading"}
"""Attributes whose key in verdict.json is another one: `Verdict.read` reads a file."""

KEYS = tuple({name: key for key, name in NAMES.items()}.get(each.name, each.name) for each in fields(StoredVerdict))
"""What verdict.json holds in addition to its `schema`."""


def _as_lists(value: Any) -> Any:
    """Return a plain value as JSON gives it back, with lists for tuples."""
    if isinstance(value, dict):
        return {key: _as_lists(each) for key, each in value.items()}
    return [_as_lists(each) for each in value] if isinstance(value, list | tuple) else value


@cache
def _reader() -> TypeAdapter[StoredVerdict]:
    return TypeAdapter(StoredVerdict)
