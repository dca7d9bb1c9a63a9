"""Text logs of PyTorch StudioGAN, of both dialects (Discriminator_loss / Generator_loss and Dis_loss / Gen_loss)."""

from __future__ import annotations

import re
from pathlib import Path

from ganlab.config.objectives import Family
from ganlab.diagnosis.readers.lines import holds, lines, number
from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.text import excerpt

PROGRESS = re.compile(r"Step:\s*(?P<step>[0-9]{1,15})\s+Progress:")
LOSS = re.compile(r"\b(?P<name>(?:Dis|Gen|Cls)\w{0,20}_loss|ada_p):\s*(?P<value>\S+)")
METRIC = re.compile(
    r"> (?P<name>(?:FID|Inception|F_8|F_1/8) score) \(Step:\s*(?P<step>[0-9]{1,15})[^)]{0,200}\):\s*(?P<value>\S+)"
)
ADVERSARIAL = re.compile(r"""["']adv_loss["']:\s*["'](?P<name>\w{1,40})["']""")
TOTAL = re.compile(r"""["']total_steps?["']:\s*(?P<steps>[0-9]{1,12})\b""")

FAMILIES: dict[str, Family] = {
    "vanilla": "cross_entropy",
    "logistic": "cross_entropy",
    "least_square": "least_squares",
    "hinge": "hinge",
    "wasserstein": "wasserstein",
}
"""Families of StudioGAN's adv_loss; its generators never minimise log(1 - D(G(z)))."""


def read_studiogan(path: Path) -> Log | None:
    """Read losses and metrics, and what the printed configuration says of the loss and the plan.

    Returns:
        The log, or None if no line reports progress as StudioGAN does.

    Raises:
        RunError: the file cannot be read.
    """
    if not holds(path, "Progress:"):
        return None
    log, loss, planned, last, is_one = Log(excerpt(str(path)), "a StudioGAN log"), None, None, 0, False
    for line in lines(path):
        if "Step: " in line and (row := _row(line)):
            step, values, progress = row
            log.add(values, Place(iteration=step))
            last = max(last, step)
            is_one |= progress
        if "adv_loss" in line and (found := ADVERSARIAL.search(line)):
            loss = found["name"]
        if "total_step" in line and (found := TOTAL.search(line)):
            planned = int(found["steps"])
    if not is_one:
        return None
    log.facts.family = FAMILIES.get(loss or "")
    log.facts.saturating = False if log.facts.family else None
    # A restart may train longer than the configuration printed at the start says.
    log.facts.planned = planned if planned is not None and last <= planned else None
    log.facts.notes += ["StudioGAN log", *([f"adv_loss: {excerpt(loss, 40)}"] if loss else [])]
    return log


def _row(line: str) -> tuple[int, dict[Name, float], bool] | None:
    """Return the step and the numbers that a line reports, and whether they are of the training; None: it has none."""
    if found := PROGRESS.search(line):
        named = [(each["name"], number(each["value"])) for each in LOSS.finditer(line)]
        values = {Name(name): value for name, value in named if value is not None}
        return (int(found["step"]), values, True) if values else None
    if (found := METRIC.search(line)) and (value := number(found["value"])) is not None:
        return int(found["step"]), {Name(found["name"]): value}, False
    return None
