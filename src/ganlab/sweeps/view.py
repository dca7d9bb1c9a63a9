"""What somebody sees while a sweep goes on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganlab.sweeps.plan import Plan


class SweepView:
    """Somebody who watches a sweep, called from the scheduler. This one sees nothing."""

    def begin(self, plan: Plan, folder: Path, done_before: int) -> None:
        """The plan is about to be carried out in this sweep's folder, where so many of its runs have ended already."""

    def started(self, name: str, attempt: int) -> None:
        """A planned run, by its id, was handed to a worker; attempts count from 1."""

    def ended(self, name: str, words: str, cause: str) -> None:
        """A run is done with. Without a cause it ended by itself, and its directory says how; else it failed."""

    def retrying(self, name: str, cause: str, words: str, attempt: int) -> None:
        """A run died and will be tried again, from its newest checkpoint; `attempt` is the one to come."""

    def decided(self, not_needed: Collection[str]) -> None:
        """These runs, by their ids, need no training as things stand; all others that wait may."""

    def tick(self) -> None:
        """About a second went by."""

    def note(self, text: str) -> None:
        """Something worth knowing happened."""

    def end(self) -> None:
        """Nothing more will be trained; what was still running has been interrupted."""
