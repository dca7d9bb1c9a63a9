"""What a run reads as while it goes on: a verdict counts once two snapshots in a row have given it."""

from __future__ import annotations

from ganlab.diagnosis.early import FACTS
from ganlab.diagnosis.places import at
from ganlab.diagnosis.verdict import Verdict
from ganlab.diagnosis.wording import in_a_line, too_early
from ganlab.verdicts import INCONCLUSIVE, words


class SoFar:
    """The readings of a run, without those that the next snapshot takes back.

    Between two verdicts, such as healthy and under-trained, readings change from snapshot to snapshot, and none of
    them is worth telling. Facts, such as NaN, count at once, and so does the verdict on a run that has ended.

    Attributes:
        now: the newest reading; None before the first.
        before: that of the snapshot before, or of the look before where there are no snapshots.
    """

    def __init__(self) -> None:
        self.now: Verdict | None = None
        self.before: Verdict | None = None

    def take(self, verdict: Verdict) -> None:
        """Take the next reading; another one of the same snapshot replaces it."""
        if self.now is not None and _moment(self.now) != _moment(verdict):
            self.before = self.now
        self.now = verdict

    @property
    def claim(self) -> str:
        """The verdict that can be told, `failure` or `failure/variant`; empty as long as it is too early."""
        now, before = self.now, self.before
        if now is None or too_early(now):
            return ""
        at_once = now.name == INCONCLUSIVE or any(each.signal in FACTS for each in now.evidence)
        ended = now.judged_on is not None and now.judged_on.ended
        confirmed = before is not None and not too_early(before) and before.name == now.name
        return now.name if at_once or ended or confirmed else ""

    @property
    def words(self) -> str:
        """What can be told, in a line; empty before the first reading."""
        now, before = self.now, self.before
        if now is None:
            return ""
        if self.claim or too_early(now):
            return in_a_line(now)
        alone = before is None or too_early(before)
        but = "for the first time" if alone or before is None else f"{words(before.name)} at the snapshot before"
        return f"{at(now.steps[1], now.unit)}: too early to tell: {words(now.name)} now, {but}"


def _moment(verdict: Verdict) -> int:
    """Return the step of the newest snapshot that was judged, or the last step where there are none."""
    evidence = verdict.judged_on
    return evidence.snapshots[-1].step if evidence is not None and evidence.snapshots else verdict.steps[1]
