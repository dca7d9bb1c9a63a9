"""What a failure's file exports: its name, how it is recognised and what cures it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ganlab.diagnosis.case import Case, Charge
from ganlab.diagnosis.remedies import Cure


@dataclass(frozen=True)
class Failure:
    """A verdict and the criteria for it; `healthy` and others that accuse nobody are brought in the same way.

    Attributes:
        name: a name of `verdicts.KINDS`, whose order is the order of precedence.
        examine: yields a charge for each spell of a case in which the criteria hold.
        cures: what to do, the likeliest cure first.
    """

    name: str
    examine: Callable[[Case], Iterator[Charge]]
    cures: tuple[Cure, ...] = ()
