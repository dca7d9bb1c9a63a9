"""What training loops print: the common forms of lines, and any line that names a loss of D or G."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.column_names import LogRows, meaning, read_rows
from ganlab.diagnosis.readers.lines import DECIMAL, lines, number
from ganlab.text import excerpt

MAX_LENGTH = 2000
"""Characters of a line that are looked at."""

PAIR = re.compile(
    r"(?P<name>[A-Za-z][\w/.\-]{0,40}(?: [A-Za-z][\w/.\-]{0,20}){0,2}(?:\([A-Za-z](?:\([A-Za-z]\))?\))?)"
    rf"\s?[:=]\s{{0,4}}(?:tensor\()?(?P<value>{DECIMAL})"
)
"""A name and its number: `Loss_D: 0.5`, `D loss: 0.5`, `D(G(z)): 0.1`, `acc.: 57%`, `d1=0.859`."""

GUIDE = re.compile(r"(?:^|\s)>(?P<step>[0-9]{1,15}),(?:\s*(?P<batch>[0-9]{1,9})/(?P<batches>[0-9]{1,9}),)?")
"""`>12, d1=...` and, where epochs are counted, `>1, 12/93, d1=...`."""

GUIDE_NAMES = {"d1": "d_loss_real", "d2": "d_loss_fake", "g": "g_loss", "a1": "d_acc_real", "a2": "d_acc_fake"}

BATCHES = re.compile(
    r"\[(?:[Ee]poch:?\s*)?(?P<epoch>[0-9]{1,9})/(?P<epochs>[0-9]{1,9})\][\s,]*"
    r"(?:[Bb]atch|[Ss]tep|[Ii]ter(?:ation)?)?:?\s*"
    r"\[(?:[Bb]atch:?\s*)?(?P<batch>[0-9]{1,9})/(?P<batches>[0-9]{1,9})\]"
)
"""`[0/5][42/938]`, `[Epoch 0/200] [Batch 3/938]`, `Epoch [0/200], Step [3/938]`."""

STEP_FIRST = re.compile(r"(?:^|[\s:>|\]])(?P<step>[0-9]{1,15})(?:/[0-9]{1,15})?:?\s*\[")
"""`12 [D loss: ...`."""

STEP_NAMED = re.compile(r"\b(?:step|iteration|iter|batch)e?s?[\s:=#\[(]{1,4}(?P<step>[0-9]{1,15})\b", re.IGNORECASE)
"""`step 12`, `Iteration: 12/20000`, `iters: 12`."""

EPOCH_NAMED = re.compile(r"\bepoch[\s:=#\[(]{1,4}(?P<epoch>[0-9]{1,15})\b", re.IGNORECASE)


class Console:
    """The rows of console output, one a line that prints anything known.

    Args:
        wanted: names that `--map` gives.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        self.wanted = wanted
        self.rows = LogRows()
        self.planned: int | None = None
        self.has_guide_accuracies = False
        self.first_epoch: int | None = None
        self.names: dict[str, str | None] = {}

    def take(self, line: str) -> None:
        """Look at a line."""
        if ":" not in line and "=" not in line:
            return
        pairs = [(pair["name"], number(pair["value"])) for pair in PAIR.finditer(line[:MAX_LENGTH])]
        guide = GUIDE.search(line) if ">" in line else None
        values: dict[str, float] = {}
        for printed, value in pairs:
            name = GUIDE_NAMES.get(printed) if guide else self._name(printed)
            if name and value is not None:
                values.setdefault(name, value)
        if values:
            self.has_guide_accuracies |= guide is not None and "d_acc_real" in values
            self.rows.add({**values, **self._step(line, guide)})

    def _name(self, printed: str) -> str | None:
        """Return the last words of a printed name that are known, as in `INFO D loss`, or None."""
        if printed not in self.names:
            words = printed.split(" ")
            endings = [" ".join(words[start:]) for start in range(len(words))]
            self.names[printed] = next((e for e in endings if e in self.wanted or meaning(e)[0]), None)
        return self.names[printed]

    def _step(self, line: str, guide: re.Match[str] | None) -> dict[str, float]:
        """Return what a line says of its place in the run: step, epoch, or both."""
        if guide and not guide["batch"]:
            return {"step": float(guide["step"])}
        if guide:
            return {"step": self._count(int(guide["step"]), int(guide["batch"]), int(guide["batches"]))}
        if found := BATCHES.search(line):
            self.planned = int(found["epochs"]) * int(found["batches"])
            return {"step": self._count(int(found["epoch"]), int(found["batch"]), int(found["batches"]))}
        place = {}
        if found := EPOCH_NAMED.search(line):
            place["epoch"] = float(found["epoch"])
        if found := STEP_NAMED.search(line) or STEP_FIRST.search(line):
            place["step"] = float(found["step"])
        return place

    def _count(self, epoch: int, batch: int, batches: int) -> float:
        """Return the step of a batch; the first epoch may be called 0 or 1."""
        if self.first_epoch is None:
            self.first_epoch = min(epoch, 1)
        return float((epoch - self.first_epoch) * batches + batch)


def read_console(path: Path, mapping: Mapping[str, str]) -> Evidence | None:
    """Read the lines that print something known by name; all others are skipped.

    Returns:
        The evidence, or None if no line does.

    Raises:
        RunError: the file cannot be read, or `mapping` names a curve or name that does not exist.
    """
    console = Console(frozenset(mapping.values()))
    for line in lines(path):
        console.take(line)
    if not console.rows.count:
        return None
    reading = read_rows(console.rows, mapping, excerpt(str(path)))
    # Of the guide's kind of loop only those that count hits are trained on cross-entropy.
    known = console.has_guide_accuracies
    return Evidence(
        source=excerpt(str(path)),
        curves=reading.curves,
        quality=reading.quality,
        family="cross_entropy" if known else None,
        saturating=False if known else None,
        planned=console.planned,
        notes=(*reading.notes, *["d1, d2, g, a1, a2: non-saturating cross-entropy and accuracies"] * known),
    )
