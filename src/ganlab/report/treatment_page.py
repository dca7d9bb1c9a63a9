"""What stands at the top of a treatment's page: what was shown to cure the run, and a row an arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganlab.config.yaml_text import settings_words
from ganlab.errors import GanlabError, RunError
from ganlab.report.frames import Picture, encoded
from ganlab.report.grids import read_picture
from ganlab.report.run_page import SYMBOLS, TONE_WORDS
from ganlab.report.treated_arms import ArmRow, arm_rows, change_words, length_words
from ganlab.report.treatments import best_arm, outcome_words, train_command
from ganlab.runs.files import read_json
from ganlab.runs.names import CURED_FILE, TREATMENT_FILE
from ganlab.sweeps.folder import SweepFolder
from ganlab.text import described, one_line
from ganlab.verdicts import words

TONES = {"cured": "good", "made it worse": "bad"}
"""The tone of a conclusion; that of all others is open."""

SHARP = 92
"""Quality of the encoded figure: thin lines and small letters show artefacts."""


@dataclass(frozen=True)
class TreatmentPart:
    """A treatment, as the template `treatment.html` shows it.

    Attributes:
        run: name of the treated run.
        link: address of its page; empty if it has none.
        failure: its verdict in words.
        tone, symbol, tone_words: what was found, as a sign.
        headline: the same in a line.
        lead: how often the best arm and the controls cured.
        length: how long trials are.
        rows: a row an arm, with the tone of its conclusion.
        picture: quality of all trials; None if it was not drawn.
        command: trains the cured experiment.
        cured: the text of that; empty without a cure.
        arms: name of the arm by configuration of the sweep, where it is another.
        labels: what a trial of such a configuration changes.
        rates: `cured 3 of 3` by arm.
    """

    run: str
    link: str
    failure: str
    tone: str
    symbol: str
    tone_words: str
    headline: str
    lead: str
    length: str
    rows: Sequence[tuple[ArmRow, str]]
    picture: Picture | None
    command: str
    cured: str
    arms: Mapping[str, str]
    labels: Mapping[str, str]
    rates: Mapping[str, str]


def run_of(sweep: SweepFolder) -> str:
    """Return the name of the run that a sweep treats; empty if it is no treatment, or that cannot be read."""
    try:
        return str(read_json(sweep.path / TREATMENT_FILE)["run"])
    except (GanlabError, KeyError, TypeError, OSError):
        return ""


def treatment_part(sweep: SweepFolder, link: str, gaps: list[str]) -> TreatmentPart | None:
    """Return what a sweep's page shows of the treatment that it is; None if it is none, or has no trial yet.

    Args:
        sweep: its folder.
        link: address of the treated run's page.
        gaps: takes what could not be read.
    """
    path = sweep.path / TREATMENT_FILE
    if not path.is_file():
        return None
    try:
        values = read_json(path)
        return _part(sweep, values, link, gaps) if values["arms"] else None
    except (GanlabError, KeyError, TypeError, ValueError, OSError) as error:
        gaps.append(f"{path.name} is damaged: {one_line(described(error))}")
        return None


def _part(sweep: SweepFolder, values: Mapping[str, Any], link: str, gaps: list[str]) -> TreatmentPart:
    arms, best, over = values["arms"], best_arm(values), values.get("over", True)
    if best is not None:
        tone, headline = "good", f"Cured by {change_words(best)}"
    else:
        tone, headline = "open", "Nothing was shown to cure it" if over else "Nothing is shown to cure it yet"
    lead = outcome_words(values)
    if best is None:
        lead = lead.capitalize()
    else:
        lead += f" (p {best['p']:.2g} against the unchanged run, {best['p_random']:.2g} against changes at random)"
    drawn = {
        f"{arm['name']}_{seed}": (arm["name"], change)
        for arm in arms
        for seed, change in arm["changes_by_seed"].items()
    }
    return TreatmentPart(
        values["run"],
        link,
        words(values["failure"]),
        tone,
        SYMBOLS[tone],
        TONE_WORDS[tone],
        headline,
        f"{lead}.",
        f"{length_words(values['steps'], values['own_steps']).capitalize()}.",
        [(row, TONES.get(row.conclusion, "open")) for row in arm_rows(arms)],
        _picture(sweep, gaps),
        train_command(sweep.path) if best is not None else "",
        (sweep.path / CURED_FILE).read_text(encoding="utf-8") if best is not None else "",
        {config: name for config, (name, _) in drawn.items()},
        {config: f"{name}: {settings_words(change)}" for config, (name, change) in drawn.items()},
        {arm["name"]: f"cured {arm['cured']} of {arm['n']}" for arm in arms},
    )


def _picture(sweep: SweepFolder, gaps: list[str]) -> Picture | None:
    path = sweep.plots / "treatment.png"
    if not path.is_file():
        return None
    try:
        return encoded(read_picture(path), SHARP)
    except RunError as error:
        gaps.append(one_line(str(error)))
        return None
