"""Text logs of PyTorch StudioGAN, of both dialects (Discriminator_loss / Generator_loss and Dis_loss / Gen_loss)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.readers.column_names import LogRows, read_rows
from ganlab.diagnosis.readers.lines import lines, number
from ganlab.text import excerpt

PROGRESS = re.compile(r"Step:\s*(?P<step>[0-9]{1,15})\s+Progress:")
LOSS = re.compile(r"(?P<network>Dis|Gen)(?:criminator|erator)?_loss:\s*(?P<value>\S+)")
METRIC = re.compile(
    r"> (?P<name>FID|Inception|F_8|F_1/8) score \(Step:\s*(?P<step>[0-9]{1,15})[^)]{0,200}\):\s*(?P<value>\S+)"
)
ADVERSARIAL = re.compile(r"""["']adv_loss["']:\s*["'](?P<name>\w{1,40})["']""")
TOTAL = re.compile(r"""["']total_steps?["']:\s*(?P<steps>[0-9]{1,12})\b""")

NETWORKS = {"Dis": "d_loss", "Gen": "g_loss"}
METRIC_NAMES = {"FID": "fid", "Inception": "inception_score", "F_8": "f8", "F_1/8": "f1_8"}

FAMILIES: dict[str, Family] = {
    "vanilla": "cross_entropy",
    "logistic": "cross_entropy",
    "least_square": "least_squares",
    "hinge": "hinge",
    "wasserstein": "wasserstein",
}
"""Families of StudioGAN's adv_loss; its generators never minimise log(1 - D(G(z)))."""


def is_studiogan(path: Path) -> bool:
    """Return whether a line of a file reports StudioGAN's progress."""
    return any("Progress:" in line and PROGRESS.search(line) and LOSS.search(line) for line in lines(path))


def read_studiogan(path: Path, mapping: Mapping[str, str]) -> Evidence:
    """Read losses and metrics; if a log holds restarts, the last pass is kept.

    Raises:
        RunError: the file cannot be read, or `mapping` names something that is not there.
    """
    rows, loss, planned = LogRows(), None, None
    for line in lines(path):
        if "Step: " in line:
            rows.add(_row(line))
        if "adv_loss" in line and (found := ADVERSARIAL.search(line)):
            loss = found["name"]
        if "total_step" in line and (found := TOTAL.search(line)):
            planned = int(found["steps"])
    reading = read_rows(rows, mapping, excerpt(str(path)))
    family = FAMILIES.get(loss or "")
    last = max(int(curve.steps[-1]) for curve in (*reading.curves.values(), *reading.quality.values()))
    return Evidence(
        source=excerpt(str(path)),
        curves=reading.curves,
        quality=reading.quality,
        family=family,
        saturating=False if family else None,
        # A restart may train longer than the configuration printed at the start says.
        planned=planned if planned is not None and last <= planned else None,
        notes=("StudioGAN log", *reading.notes, *([f"adv_loss: {excerpt(loss, 40)}"] if loss else [])),
    )


def _row(line: str) -> dict[str, float]:
    """Return the numbers that a line reports, and its step; empty if it reports none."""
    found = PROGRESS.search(line)
    if found:
        values = {NETWORKS[each["network"]]: number(each["value"]) for each in LOSS.finditer(line)}
    else:
        found = METRIC.search(line)
        values = {METRIC_NAMES[found["name"]]: number(found["value"])} if found else {}
    known = {name: value for name, value in values.items() if value is not None}
    return {"step": float(found["step"]), **known} if found and known else {}
