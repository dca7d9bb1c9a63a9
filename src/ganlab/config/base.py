"""What every options class shares: frozen, typed, finite, unknown keys refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment


@dataclass(frozen=True)
class Problem:
    """One thing an experiment says that cannot be run.

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


class Options(BaseModel):
    """Base of everything an experiment file can say.

    `check` yields the problems that only show when options are seen together with the whole experiment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def check(self, path: str, experiment: Experiment) -> Iterator[Problem]:
        """Yield what is wrong with these options, standing at `path`, in this experiment."""
        yield from ()


Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""A seed: a whole number from 0 to 2^63 - 1."""

Fraction = Annotated[float, Field(gt=0.0, le=1.0)]
"""A share, above 0 and at most 1."""


def union(classes: Iterable[type[Options]]) -> Any:
    """Return the union type of a registry's options classes, for pydantic to choose from."""
    return reduce(or_, classes)
