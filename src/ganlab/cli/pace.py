"""How fast a run is, and how long it still takes."""

from __future__ import annotations

from collections.abc import Sequence

from ganlab.cli.sweep_words import duration


class Pace:
    """The mean time of a step since the first one that was seen, snapshots and all else included.

    The weight of a step grows with its number, so that a run that becomes slower or faster is followed, and a single
    slow step is not.

    Attributes:
        seconds: the mean; None before the second row.
    """

    def __init__(self) -> None:
        self.rows: tuple[dict[str, float], ...] = ()
        self.weighted = self.weights = 0.0

    def take(self, rows: Sequence[dict[str, float]]) -> None:
        """Take in rows of history, in order; each has its `step` and the run's `time` in seconds after it."""
        for row in rows:
            first, last = self.rows or (row, row)
            steps = row["step"] - last["step"]
            # The integral of a weight that grows by 1 a step: so rows of any distance count for what lies between them.
            middle = last["step"] + steps / 2 - first["step"]
            self.weighted += middle * (row["time"] - last["time"])
            self.weights += middle * steps
            self.rows = (first, row)

    @property
    def seconds(self) -> float | None:
        """Seconds a step."""
        return self.weighted / self.weights if self.weights > 0 else None

    def left(self, steps: int | None) -> float | None:
        """Return the seconds to step `steps`; None if that or the pace is not known yet."""
        seconds = self.seconds
        return None if steps is None or seconds is None else max(0.0, steps - self.rows[1]["step"]) * seconds

    def words(self, steps: int | None) -> str:
        """Return the pace and the time left, `12.4 steps/s, 3 min left`; empty if the pace is not known."""
        if not self.seconds:
            return ""
        pace = f"{1 / self.seconds:.1f} steps/s" if self.seconds <= 1 else f"{self.seconds:.1f} s/step"
        return ", ".join(part for part in (pace, self.left_words(steps)) if part)

    def left_words(self, steps: int | None) -> str:
        """Return the time left, `3 min left`; empty if it is not known, or none."""
        left = self.left(steps)
        return f"{duration(left)} left" if left else ""
