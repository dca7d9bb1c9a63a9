"""What trials of cures came to, in Markdown: docs/cures/trials.csv, which `python -m truth.cures collect` writes."""

from __future__ import annotations

import json
import statistics
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ganlab.config.yaml_text import settings_words
from ganlab.sweeps.counting import wilson
from ganlab.verdicts import words
from truth.cures import experiment_of, patients

Row = Mapping[str, str]
"""A row of docs/cures/trials.csv: one trial."""

HEADLINE = "The advice is tested:"
"""How the README's sentence begins."""

VERIFIED = "cured"
"""The conclusion of an arm that beats both controls."""


def section(trials: Sequence[Row]) -> str:
    """Return what docs/cures.md says of the trials."""
    groups = by_patient(trials)
    runs = {patient["name"]: patient for patient in patients()}
    lines = [
        "## What worked in trials",
        "",
        *filled(
            f"{len(groups)} small runs that are made to fail, each trained again with the remedies for its verdict: "
            "one change a trial, next to the run unchanged and to changes at random (another one on each seed), all "
            f"on the same seeds. {summary(trials)}"
        ),
        "",
        *filled(
            "A trial is *cured* if its last verdict names no failure; trials are short, so that verdict is "
            f"`under_trained` in {early(trials)}. A remedy is *verified* on a run if it cured more trials than the "
            "run unchanged (Fisher's exact test, one-sided, p at most .05, with the treated run as one more "
            f"unchanged run that failed) and more than changes at random. {by_chance(trials)}"
        ),
        "",
        "| run | verdict | verified remedies | unchanged | at random |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, rows in groups.items():
        cures = ", ".join(verified(rows)) or "none"
        lines.append(
            f"| {name}: {runs[name]['what']} ({origin(runs[name])}) | {words(rows[0]['failure'])} | {cures} | "
            f"{of(rows, 'unchanged')} | {of(rows, 'random')} |"
        )
    remarks = [f"- {name}: {runs[name]['remark']}." for name in groups if "remark" in runs[name]]
    lines += ["", *remarks] if remarks else []
    lines += [
        "",
        *filled(
            "Every remedy that was tried, what it set, and how many of its trials it cured. *No failure from* is the "
            "median step from which cured trials read as no failure at every later snapshot, of the steps of a "
            "trial; the failure itself began in the treated run at the step under *failure from*. "
            "[Verdicts](verdicts.md) rank their remedies by this table."
        ),
        "",
        "| run | remedy | cured | 95 % interval | no failure from | failure from | conclusion |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, rows in groups.items():
        steps = experiment_of(runs[name], 0).training.steps
        for arm in dict.fromkeys(row["arm"] for row in rows if row["kind"] == "remedy"):
            lines.append(arm_row(name, [row for row in rows if row["arm"] == arm], steps))
    lines += ["", "    python -m truth.cures run --into FOLDER        # goes on where it was interrupted"]
    lines += ["    python -m truth.cures collect --into FOLDER", ""]
    return "\n".join(lines)


def arm_row(name: str, mine: Sequence[Row], steps: int) -> str:
    """Return the row of a remedy on a run whose trials have some steps."""
    cured = [row for row in mine if row["cured"] == "1"]
    low, high = wilson(len(cured), len(mine))
    good = f"{statistics.median(int(row['good_from']) for row in cured):,.0f} of {steps:,}" if cured else "-"
    onset = f"{int(mine[0]['onset']):,}" if mine[0]["onset"] else "-"
    change = settings_words(json.loads(mine[0]["change"]))
    conclusion = "**verified**" if mine[0]["conclusion"] == VERIFIED else mine[0]["conclusion"]
    return (
        f"| {name} | {mine[0]['arm']}: `{change}` | {len(cured)} of {len(mine)} | {100 * low:.0f} to "
        f"{100 * high:.0f} % | {good} | {onset} | {conclusion} |"
    )


def early(trials: Sequence[Row]) -> str:
    """Return `55 of 74`: how many cured trials of remedies are under-trained at their end."""
    cured = [row for row in trials if row["cured"] == "1" and row["kind"] == "remedy"]
    return f"{sum(row['verdict'] == 'under_trained' for row in cured)} of {len(cured)}"


def origin(patient: Mapping[str, Any]) -> str:
    """Return the experiment of a run that is made to fail, with the settings that differ, in code."""
    return ", ".join(f"`{each}`" for each in (patient["config"], *patient.get("set", ())))


def by_chance(trials: Sequence[Row]) -> str:
    """Say how many remedies would be verified if each were no better than the changes at random on its run."""
    expected, tried, found = 0.0, 0, 0
    for rows in by_patient(trials).values():
        chance = [row["cured"] == "1" for row in rows if row["kind"] == "random"]
        arms = {row["arm"] for row in rows if row["kind"] == "remedy"}
        expected += len(arms) * (sum(chance) / len(chance)) ** len(chance)
        tried, found = tried + len(arms), found + len(verified(rows))
    return (
        f"{found} of {tried} pairs of run and remedy are verified. If each remedy were as good as a change at random "
        f"on its run, about {expected:.0f} would have cured all of their trials. What is not verified here may still "
        "help in longer runs: *no better than chance* cured no more of its trials than changes at random did, *not "
        "shown* cured more than they did but too few to tell, *did not help* cured none, and *made it worse* cured "
        "none and looked worse than the unchanged run on every seed."
    )


def summary(trials: Sequence[Row]) -> str:
    """Return the headline's figures."""
    groups = by_patient(trials)
    with_cure = sum(bool(verified(rows)) for rows in groups.values())
    low, high = wilson(with_cure, len(groups))
    return (
        f"For {with_cure} of the {len(groups)} at least one remedy is better than both controls ({100 * low:.0f} to "
        f"{100 * high:.0f} %, 95 % interval). Remedies cured {share(trials, 'remedy')} of their trials, changes at "
        f"random {share(trials, 'random')}, and the unchanged runs healed in {share(trials, 'unchanged')}."
    )


def share(rows: Sequence[Row], kind: str) -> str:
    """Return `17 % (4 of 24)`: the share of trials of a kind of arm that were cured."""
    mine = [row["cured"] == "1" for row in rows if row["kind"] == kind]
    return f"{100 * sum(mine) / len(mine):.0f} % ({sum(mine)} of {len(mine)})"


def headline(trials: Sequence[Row]) -> str:
    """Return the README's paragraph."""
    text = (
        f"{HEADLINE} {len(by_patient(trials))} small runs that were made to fail were trained again with each remedy "
        f"for their verdict, on several seeds, next to the run unchanged and to random changes. {summary(trials)} "
        "[Which cure for what](docs/cures.md#what-worked-in-trials)."
    )
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
