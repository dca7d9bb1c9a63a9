"""What `ganlab treat` found for a run, for the run's page: read from the treatment's folder beside the run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ganlab.diagnosis.findings import Remedy
from ganlab.errors import GanlabError
from ganlab.report.treated_arms import change_words
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import read_json
from ganlab.runs.names import CURED_FILE, RANDOM, TREATMENT, TREATMENT_FILE, UNCHANGED
from ganlab.text import described, one_line


class Treated(NamedTuple):
    """A treatment of a run.

    Attributes:
        folder: the treatment's.
        words: what it came to.
        page: its page, relative to the run's folder; empty if there is none.
        command: trains the cured experiment; empty without a cure.
        advice: what to do therefore; empty without a cure.
        cured: by arm, how many of how many trials it cured.
        changes: by arm, what it changes.
    """

    folder: Path
    words: str
    page: str
    command: str
    advice: str
    cured: Mapping[str, tuple[int, int]]
    changes: Mapping[str, Mapping[str, Any]]

    def trials_of(self, remedy: Remedy) -> tuple[int, int]:
        """Return how many of how many trials a remedy cured, whoever asked for its change."""
        same = [name for name, change in self.changes.items() if change and change == remedy.change]
        return next((self.cured[name] for name in (remedy.name, *same) if name in self.cured), (0, 0))

    def failed(self, remedy: Remedy) -> bool:
        """Return whether a remedy was tried and cured nothing."""
        cured, tried = self.trials_of(remedy)
        return tried > 0 and not cured


def treatment_of(run: RunDirectory, gaps: list[str]) -> Treated | None:
    """Return what a run's treatment came to; None without one, or before its first trial is over.

    Of several, one that found a cure comes first, then the newest.

    Args:
        run: the run, beside whose folder that of the treatment lies.
        gaps: takes what could not be read.
    """
    found: list[tuple[bool, float, Treated]] = []
    for path in sorted(run.path.parent.glob(f"{TREATMENT}*/{TREATMENT_FILE}")):
        try:
            values = read_json(path)
            if values["run"] == run.path.resolve().name and any(arm["n"] for arm in values["arms"]):
                found.append((values["best"] is not None, path.stat().st_mtime, _treated(path.parent, values)))
        except (GanlabError, KeyError, TypeError, ValueError, OSError) as error:
            gaps.append(f"{path.parent.name}/{path.name} is damaged: {one_line(described(error))}")
    return max(found, key=lambda each: each[:2])[2] if found else None


def train_command(folder: Path) -> str:
    """Return the command that trains the experiment which a treatment found to cure its run."""
    return f"ganlab train {shlex.quote(str(folder / CURED_FILE))}"


def best_arm(values: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the arm that is shown to cure; None if there is none."""
    arms = {arm["name"]: arm for arm in values["arms"]}
    return None if values["best"] is None else arms[values["best"]]


def outcome_words(values: Mapping[str, Any]) -> str:
    """Say what a treatment came to, given treatment.json.

    `larger_latent (latent.dim: 64) cured 3 of 3 trials; the run unchanged healed in 0 of 3, changes at random ...`
    """
    arms = {arm["name"]: arm for arm in values["arms"]}
    controls = (
        f"the run unchanged healed in {arms[UNCHANGED]['cured']} of {arms[UNCHANGED]['n']}, changes at random "
        f"cured {arms[RANDOM]['cured']} of {arms[RANDOM]['n']}"
    )
    best = best_arm(values)
    if best is not None:
        return f"{best['name']} ({change_words(best)}) cured {best['cured']} of {best['n']} trials; {controls}"
    tried = sum(arm["n"] > 0 for name, arm in arms.items() if name not in (UNCHANGED, RANDOM))
    changes = f"{tried} {'change' if tried == 1 else 'changes'}"
    if not values.get("over", True):
        return f"trials of {changes} so far, and more to come; {controls}"
    return f"none of {changes} that {'was' if tried == 1 else 'were'} tried is shown to cure it; {controls}"


def _treated(folder: Path, values: Mapping[str, Any]) -> Treated:
    there = RunDirectory(folder).page
    page = f"../{quote(folder.name)}/{there.name}" if os.path.isfile(there) else ""
    cured = {arm["name"]: (int(arm["cured"]), int(arm["n"])) for arm in values["arms"]}
    changes = {arm["name"]: arm["change"] for arm in values["arms"]}
    best = best_arm(values)
    if best is None:
        return Treated(folder, outcome_words(values), page, "", "", cured, changes)
    # The reason of a remedy says what to change; of the others only the change does.
    what = best["why"] if best["kind"] == "remedy" else f"`{change_words(best)}`, {_origin(best)}"
    advice = f"{what} (cured {best['cured']} of {best['n']} trials of this run)"
    return Treated(folder, outcome_words(values), page, train_command(folder), advice, cured, changes)


def _origin(arm: Mapping[str, Any]) -> str:
    return "your own change" if arm["kind"] == "asked" else arm["why"]
