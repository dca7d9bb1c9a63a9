"""Comments on results: docs/remarks/*.md, each remark with the outcome that it was written for.

    ## NAME
    Written for: OUTCOME

    What was seen, in one paragraph or more.

NAME is a configuration, a claim or a verdict, and OUTCOME the outcome of its runs, in the words of the page's script.
If results change, a remark may no longer be true: the page then says for which outcome it was written, and the script
lists the remarks to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REMARKS = Path(__file__).parents[1] / "remarks"


@dataclass(frozen=True)
class Remark:
    """A comment on a result.

    Attributes:
        outcome: that it was written for.
        text: Markdown.
    """

    outcome: str
    text: str

    def for_outcome(self, outcome: str) -> str:
        """Return the text, preceded by a warning if the outcome is no longer the one that it was written for."""
        if outcome == self.outcome:
            return self.text
        warning = f"*(The next paragraph was written when the outcome was: {self.outcome}. It is now: {outcome}.)*"
        return f"{warning}\n\n{self.text}"


def read_remarks(name: str, folder: Path = REMARKS) -> dict[str, Remark]:
    """Return the remarks of a file, by the names of what they are about.

    Raises:
        SystemExit: a remark has no outcome or no text, or a name has two remarks.
    """
    file = folder / f"{name}.md"
    _, *parts = re.split(r"^## ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: dict[str, Remark] = {}
    for part in parts:
        match = re.fullmatch(r"([^\n]+)\nWritten for: ([^\n]+)\n\n(\S.*?)\s*", part, re.DOTALL)
        about = part.partition("\n")[0]
        if match is None:
            raise SystemExit(f"{file}: the remark on {about!r} needs a line `Written for: OUTCOME`, then its text")
        if about in found:
            raise SystemExit(f"{file}: {about!r} has two remarks")
        found[about] = Remark(match[2], match[3])
    return found


def outdated(remarks: Mapping[str, Remark], outcomes: Mapping[str, str]) -> list[str]:
    """Return a line for each remark that was written for another outcome, or for something not in the results."""
    return [
        f"{name}: written for {remark.outcome}; now {outcomes.get(name, 'not in the results')}"
        for name, remark in remarks.items()
        if outcomes.get(name) != remark.outcome
    ]
