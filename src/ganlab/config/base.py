"""What every options class shares: frozen, typed, finite, unknown keys refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class Problem:
    """One thing in an experiment that cannot be run.

    Attributes:
        path: dotted path of the key at fault, such as `generator.kernel_size`.
        message: the value and the reason it cannot be.
        hint: what to change.
        others: dotted paths of the other keys the rule looked at.
    """

    path: str
    message: str
    hint: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suggested:
    """Values that a command line completes for a field that takes others too; part of the field's annotation.

    Attributes:
        values: as a command line takes them.
    """

    values: tuple[str, ...]


class Options(BaseModel):
    """Base of everything an experiment file can say. Options know themselves only."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def check(self, path: str) -> Iterator[Problem]:
        """Yield what is wrong with these options, which stand at `path`, though each value is allowed by itself.

        What concerns other sections too is a rule in `ganlab.config.rules`.
        """
        yield from ()


StartsFrom = Literal["latents", "images"]
"""What a generator is given."""

Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""A seed: a whole number from 0 to 2^63 - 1."""

Fraction = Annotated[float, Field(gt=0.0, le=1.0)]
"""A share, above 0 and at most 1."""


def union(classes: Iterable[type[Options]]) -> Any:
    """Return the union type of a registry's options classes, for pydantic to choose from."""
    return reduce(or_, classes)
