"""What a sweep's file can claim: for each measure the options of its claims. The measures count them (measures.py)."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ganlab import verdicts
from ganlab.config.base import Options, union
from ganlab.runs.snapshots import TABLE

METRICS = {each.name: each.better for each in TABLE if each.better and each.taken != "evaluate"}
"""Statistics that can be better or worse, and which way they are better."""


RATE = 0.5
"""Rate of a claim that states none."""

CONFIDENCE = 0.95
"""Confidence of the intervals of claims, unless a sweep's `decide` gives another one."""


def _known_verdicts(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if wrong := verdicts.refusal(name):
            raise ValueError("; ".join(wrong))
    return names


def _known_metric(name: str) -> str:
    if name not in METRICS:
        raise ValueError(f"{name!r} is no metric; metrics are {', '.join(METRICS)}")
    return name


def _rising(bounds: tuple[float, float]) -> tuple[float, float]:
    if not 0 <= bounds[0] < bounds[1]:
        raise ValueError("two numbers are needed, from 0, the smaller one first")
    return bounds


Names = Annotated[
    tuple[str, ...],
    Field(strict=False),
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
]
"""A name, or a list of names."""

VerdictNames = Annotated[Names, Field(min_length=1), AfterValidator(_known_verdicts)]
"""`failure` or `failure/variant`, or a list of which any will do."""

Bounds = Annotated[tuple[float, float], Field(strict=False), AfterValidator(_rising)]
"""Lowest and highest value, both included."""


class ClaimOptions(Options):
    """What every claim says."""

    measure: str
    """What is counted."""
    runs: Annotated[Names, Field(min_length=1)]
    """Configurations that it is about, by name or pattern."""
    against: Names = ()
    """Configurations to compare with, by name or pattern."""
    claim: str
    """The claim in words."""
    source: str = ""
    """Who claims it."""
    rate: Annotated[float, Field(gt=0, lt=1)] = RATE
    """Share of the runs, or of the pairs of runs, above which the claim holds and below which it does not."""

    @property
    def compares(self) -> bool:
        """Whether it needs runs to compare with."""
        return False

    @model_validator(mode="after")
    def _against_what(self) -> ClaimOptions:
        if self.compares and not self.against:
            raise ValueError(f"{self.measure} needs `against`: the runs to compare with")
        if self.against and not self.compares:
            raise ValueError(f"{self.measure} compares with no other runs here; leave `against` out")
        return self


class SettlesOptions(ClaimOptions):
    """The losses settle between two steps after an erratic start."""

    measure: Literal["settles"]
    between: Bounds
    """Steps between which the losses settle."""


class BestWhenCalmOptions(ClaimOptions):
    """The best images come from a calm stretch, worse ones from stretches where the loss varies much."""

    measure: Literal["best_when_calm"]


class LossFallsOptions(ClaimOptions):
    """The generator's loss falls to nothing."""

    measure: Literal["generator_loss_falls"]
    below: float = 0.1
    """Loss under which it fell to nothing."""


class LossRisesOptions(ClaimOptions):
    """The generator's loss rises."""

    measure: Literal["generator_loss_rises"]


class LossOneWayOptions(ClaimOptions):
    """The generator's loss goes one way: to nothing by one reading of the claim, or up by another."""

    measure: Literal["generator_loss_one_way"]
    falls: str
    """Who says that it falls."""
    rises: str
    """Who says that it rises."""
    below: float = 0.1
    """Loss under which it fell to nothing."""


class LossOscillatesOptions(ClaimOptions):
    """The generator's loss swings with one period."""

    measure: Literal["generator_loss_oscillates"]
    period: Bounds = (0.0, 100.0)
    """Shortest and longest period, in steps."""


class VerdictOptions(ClaimOptions):
    """Runs are judged to be one of some verdicts."""

    measure: Literal["verdict"]
    verdicts: VerdictNames
    """Verdicts of which any will do."""


class RarerOptions(ClaimOptions):
    """Verdicts are rarer in some runs than in others, or rarer than other verdicts in the same runs."""

    measure: Literal["rarer"]
    verdicts: VerdictNames
    """Verdicts of which any will do."""
    than: VerdictNames | None = None
    """Verdicts that are more common in the same runs; left out, the same verdicts are looked for in `against`."""

    @property
    def compares(self) -> bool:
        """Only without `than`."""
        return not self.than


class QualityOptions(ClaimOptions):
    """Runs have a better, or a worse, metric than others."""

    measure: Literal["better", "worse"]
    metric: Annotated[str, AfterValidator(_known_metric)] = "fid"
    """Statistic of a snapshot."""
    at: Literal["end", "equal_time"] = "end"
    """At the end of each run, or by the clock, when the shorter of the two ended."""

    @property
    def compares(self) -> bool:
        """Always."""
        return True


CLAIMS: dict[str, type[ClaimOptions]] = {
    "settles": SettlesOptions,
    "best_when_calm": BestWhenCalmOptions,
    "generator_loss_falls": LossFallsOptions,
    "generator_loss_rises": LossRisesOptions,
    "generator_loss_one_way": LossOneWayOptions,
    "generator_loss_oscillates": LossOscillatesOptions,
    "verdict": VerdictOptions,
    "rarer": RarerOptions,
    "better": QualityOptions,
    "worse": QualityOptions,
}
"""What a sweep's claim can measure, by name."""

if TYPE_CHECKING:
    Claim = ClaimOptions
else:
    Claim = Annotated[union(dict.fromkeys(CLAIMS.values())), Field(discriminator="measure")]


def named(names: Iterable[str], configs: Collection[str]) -> set[str]:
    """Return the configurations, of those given, that the names of a claim stand for.

    A name that no configuration has is a pattern: `ring (*)`.
    """
    return {config for name in names for config in ((name,) if name in configs else fnmatch.filter(configs, name))}
