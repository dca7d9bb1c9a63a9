"""Which runs of a plan are still needed: those that every configuration gets, then one a round while a claim is open.

The answer depends on the run directories alone, so a sweep that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ganlab.sweeps.claims import UNDECIDED, PlannedClaim, claims_of
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import Plan, PlannedRun
from ganlab.sweeps.records import NOT_NEEDED, RunRecord, by_config, read_records


class Round(NamedTuple):
    """What comes next in a group of configurations.

    Attributes:
        due: the runs to train now, in the plan's order; none means that no more are needed.
        not_needed: ids of the runs that need no training as things stand.
    """

    due: list[PlannedRun]
    not_needed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """Configurations that claims tie together, whose seeds are therefore added in common rounds.

    Attributes:
        plan: the plan, with the runs of these configurations only.
        claims: the claims about them.
    """

    plan: Plan
    claims: tuple[PlannedClaim, ...]

    def next_round(self, records: Sequence[RunRecord], given_up: Collection[str]) -> Round:
        """Return what comes next: first the runs that are required and those that were begun.

        When all of these are over, each configuration that an undecided claim is about gets its next seed.

        Args:
            records: what became of the group's runs.
            given_up: ids of runs that failed and are not tried again.
        """
        left = [each for each in records if not each.ended and each.planned.id not in given_up]
        first = [each.planned for each in left if each.planned.required or each.begun]
        if first or not left:
            return Round(first)
        grouped, confidence = by_config(records), self.plan.spec.decide
        undecided = {
            config
            for claim in self.claims
            if claim.judge(grouped, confidence).replicated == UNDECIDED
            for config in claim.configs
        }
        due: dict[str, PlannedRun] = {}
        for each in left:
            if each.planned.config in undecided:
                due.setdefault(each.planned.config, each.planned)
        spare = (each.planned.id for each in left if each.planned.config not in undecided)
        return Round(list(due.values()), frozenset(spare))


def groups_of(plan: Plan) -> list[Group]:
    """Return the groups of a plan; each run is in one of them. Without a run that is not required there is only one."""
    if plan.least == len(plan.runs):
        return [Group(plan, ())]
    claims = claims_of(plan)
    ties: list[frozenset[str]] = []
    for claim in claims:
        tied = [tie for tie in ties if tie & claim.configs]
        ties = [*(tie for tie in ties if tie not in tied), claim.configs.union(*tied)]
    tie_of = {config: tie for tie in ties for config in tie}
    runs: dict[frozenset[str], list[PlannedRun]] = {}
    for run in plan.runs:
        runs.setdefault(tie_of.get(run.config, frozenset((run.config,))), []).append(run)
    return [
        Group(replace(plan, runs=tuple(its)), tuple(claim for claim in claims if claim.configs <= tie))
        for tie, its in runs.items()
    ]


class Rounds:
    """The rounds of a sweep as its runs end.

    Args:
        plan: the plan.
        folder: its folder, from which results are read.
    """

    def __init__(self, plan: Plan, folder: SweepFolder) -> None:
        self.plan = plan
        self.folder = folder
        self.groups = groups_of(plan)
        self.group_of = {run.id: number for number, group in enumerate(self.groups) for run in group.plan.runs}
        self.given_up: set[str] = set()
        self.open: dict[int, set[str]] = {}
        self.spare: dict[int, frozenset[str]] = {}

    @property
    def not_needed(self) -> frozenset[str]:
        """Ids of the runs that need no training as things stand."""
        return frozenset().union(*self.spare.values())

    def begin(self) -> list[PlannedRun]:
        """Return the first round of every group, in the plan's order."""
        first = {run.id for number in range(len(self.groups)) for run in self._next(number)}
        return [run for run in self.plan.runs if run.id in first]

    def over(self, run: str, failed: bool) -> list[PlannedRun]:
        """Take in that a run is done with, and return the next round of its group if it was the last of this one."""
        number = self.group_of[run]
        if failed:
            self.given_up.add(run)
        self.open[number].discard(run)
        return [] if self.open[number] else self._next(number)

    def _next(self, number: int) -> list[PlannedRun]:
        group = self.groups[number]
        due, self.spare[number] = group.next_round(read_records(group.plan, self.folder), self.given_up)
        self.open[number] = {run.id for run in due}
        return due


def settled_records(plan: Plan, folder: SweepFolder) -> list[RunRecord]:
    """Return the records of a plan as `read_records` does; a run that is not needed has the state `not needed`."""
    records = read_records(plan, folder)
    given_up = {each.planned.id for each in records if each.begun and each.state not in ("running", "interrupted")}
    by_id = {each.planned.id: each for each in records}
    spare = {
        name
        for group in groups_of(plan)
        for name in group.next_round([by_id[run.id] for run in group.plan.runs], given_up).not_needed
    }
    return [replace(each, state=NOT_NEEDED, reason="decided") if each.planned.id in spare else each for each in records]
