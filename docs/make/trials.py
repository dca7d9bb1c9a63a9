"""What trials of cures came to, in Markdown: docs/cures/trials.csv, which `python -m truth.cures collect` writes."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ganlab.sweeps.counting import wilson
from ganlab.verdicts import words
from truth.cures import patients

Row = Mapping[str, str]
"""A row of docs/cures/trials.csv: one trial."""

HEADLINE = "Cures are tried before they are advised:"
"""How the README's sentence begins."""

VERIFIED = "cured"
"""The conclusion of an arm that beats both controls."""


def section(trials: Sequence[Row]) -> str:
    """Return what docs/cures.md says of the trials."""
    lines = [
        "## What worked in trials",
        "",
        *filled(
            "`python -m truth.cures run --into FOLDER`, then `... collect`: runs that are made to fail are given to "
            "`ganlab treat RUN --complete`, which tries every remedy of the verdict, one change a trial, next to the "
            f"run unchanged and to changes at random, all on the same seeds. {summary(trials)}"
        ),
        "",
        *filled(
            "A remedy is *verified* if it cured more trials than the run unchanged (Fisher's exact test, one-sided, "
            "p at most .05) and more than changes at random; [treat.md](treat.md) says what a cured trial is. *Good "
            "from* is the median step from which cured trials read as good at every later snapshot, next to the step "
            "at which the failure began in the run that was treated. Verdicts rank their remedies by this table. "
            f"{by_chance(trials)}"
        ),
        "",
        "| made to fail by | verdict | verified cures | unchanged | at random |",
        "| --- | --- | --- | --- | --- |",
    ]
    groups = by_patient(trials)
    whats = {patient["name"]: patient for patient in patients()}
    for name, rows in groups.items():
        patient = whats[name]
        cures = ", ".join(verified(rows)) or "none"
        lines.append(
            f"| {name}: {patient['what']} ({origin(patient)}) | {words(rows[0]['failure'])} | {cures} | "
            f"{of(rows, 'unchanged')} | {of(rows, 'random')} |"
        )
    lines += ["", "Every remedy, and how many of its trials it cured:", ""]
    lines += ["| made to fail by | remedy | cured | 95 % interval | good from | failure from | |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    for name, rows in groups.items():
        for arm in dict.fromkeys(row["arm"] for row in rows if row["kind"] == "remedy"):
            mine = [row for row in rows if row["arm"] == arm]
            cured = [row for row in mine if row["cured"] == "1"]
            low, high = wilson(len(cured), len(mine))
            good = f"{statistics.median(int(row['good_from']) for row in cured):,.0f}" if cured else "-"
            onset = f"{int(mine[0]['onset']):,}" if mine[0]["onset"] else "-"
            lines.append(
                f"| {name} | `{arm}` | {len(cured)} of {len(mine)} | {100 * low:.0f} to {100 * high:.0f} % | {good} | "
                f"{onset} | {mine[0]['conclusion']} |"
            )
    return "\n".join([*lines, ""])


def origin(patient: Mapping[str, Any]) -> str:
    """Return the experiment of a run that is made to fail, with the settings that differ, in code."""
    return ", ".join(f"`{each}`" for each in (patient["config"], *patient.get("set", ())))


def by_chance(trials: Sequence[Row]) -> str:
    """Return how many remedies would be verified if each were no better than a change at random."""
    chance = [int(row["cured"]) for row in trials if row["kind"] == "random"]
    seeds = min(len({row["seed"] for row in rows}) for rows in by_patient(trials).values())
    passing = (sum(chance) / len(chance)) ** seeds
    arms = {(row["patient"], row["arm"]) for row in trials if row["kind"] == "remedy"}
    found = sum(len(verified(rows)) for rows in by_patient(trials).values())
    return (
        f"{found} of {len(arms)} remedies are verified. If each were as good as a change at random, "
        f"{passing * len(arms):.1f} would cure {seeds} of {seeds}. Runs are short and seeds few: what is not verified "
        "here may still help in longer runs."
    )


def summary(trials: Sequence[Row]) -> str:
    """Return the headline's figures in a sentence or two."""
    groups = by_patient(trials)
    with_cure = sum(bool(verified(rows)) for rows in groups.values())
    low, high = wilson(with_cure, len(groups))
    seeds = {len({row["seed"] for row in rows}) for rows in groups.values()}
    each = f"{min(seeds)}" if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)}"
    return (
        f"{with_cure} of {len(groups)} failures have a verified cure ({100 * low:.0f} to {100 * high:.0f} %, 95 % "
        f"interval; {each} seeds each). Remedies cured {of(trials, 'remedy')} trials, changes at random "
        f"{of(trials, 'random')}, and {of(trials, 'unchanged')} runs healed unchanged."
    )


def headline(trials: Sequence[Row]) -> str:
    """Return the README's paragraph."""
    text = f"{HEADLINE} {summary(trials)} [Which cure for what](docs/cures.md#what-worked-in-trials)."
    return "\n".join(filled(text))


def filled(text: str) -> list[str]:
    """Return text in lines of at most 120 characters."""
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


def with_headline(readme: str, trials: Sequence[Row]) -> str:
    """Return the README with its paragraph on trials made again."""
    paragraphs = readme.split("\n\n")
    (place,) = [index for index, paragraph in enumerate(paragraphs) if paragraph.startswith(HEADLINE)]
    paragraphs[place] = headline(trials)
    return "\n\n".join(paragraphs)


def by_patient(trials: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the trials of each run that was treated."""
    found: dict[str, list[Row]] = {}
    for row in trials:
        found.setdefault(row["patient"], []).append(row)
    return found


def verified(rows: Sequence[Row]) -> list[str]:
    """Return the remedies of one run that beat both controls, in code, with how many trials they cured."""
    arms = dict.fromkeys(row["arm"] for row in rows if row["kind"] == "remedy" and row["conclusion"] == VERIFIED)
    return [f"`{arm}`" for arm in arms]


def of(rows: Sequence[Row], kind: str) -> str:
    """Return `3 of 9`: how many trials of a kind of arm were cured."""
    mine = [row for row in rows if row["kind"] == kind]
    return f"{sum(row['cured'] == '1' for row in mine)} of {len(mine)}"
