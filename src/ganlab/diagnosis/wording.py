"""A verdict in words, for whoever shows it: the terminal, a notebook, `print`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ganlab.diagnosis.findings import TIME, UNMEASURED
from ganlab.diagnosis.places import at, stretch
from ganlab.text import printable
from ganlab.verdicts import certainty, matches, words

if TYPE_CHECKING:
    from ganlab.config.experiment import Experiment
    from ganlab.diagnosis.findings import Contribution, Finding, Judgement, Remedy


class Line(NamedTuple):
    """An item below a heading.

    Attributes:
        text: a sentence.
        strong: what stands out before it.
        rests_on: what it rests on, which stands behind it in parentheses.
        mark: what it begins with.
    """

    text: str
    strong: str = ""
    rests_on: str = ""
    mark: str = "• "

    def __str__(self) -> str:
        return f"{self.strong}{self.text}" + (f" ({self.rests_on})" if self.rests_on else "")


def headline(verdict: Judgement) -> str:
    """Return what it is and since when: `Mode collapse, partial, since step 1,200`."""
    onset = "" if verdict.onset_step is None else f", since {at(verdict.onset_step, verdict.unit)}"
    return printable(words(verdict.name).capitalize()) + onset


def facts(verdict: Judgement) -> str:
    """Return how sure it is, how bad, and on which steps it was judged; these alone if nothing is proved."""
    judged, sure = f"judged on {stretch(verdict.steps, verdict.unit)}", confidence(verdict)
    return f"{sure} ({printable(verdict.basis)}); severity {verdict.severity:.2f}; {judged}" if sure else judged


def confidence(verdict: Judgement) -> str:
    """Return how sure it is: `confidence 93 %`; `confidence at most 75 %` if that was not measured on labelled runs.

    That nothing is proved is nothing to be sure of: then it is empty.
    """
    most = "at most " if verdict.basis.startswith(UNMEASURED) else ""
    sure = certainty(verdict.name, verdict.confidence)
    return f"confidence {most}{sure}" if sure else ""


def in_brackets(text: str) -> str:
    """Return what follows something else in parentheses, with the space before it; nothing for nothing."""
    return f" ({text})" if text else ""


def in_a_line(verdict: Judgement) -> str:
    """Return what the evidence so far says, in a line."""
    if waits := too_early(verdict):
        return f"{at(verdict.steps[1], verdict.unit)}: {printable(waits)}"
    return f"{at(verdict.steps[1], verdict.unit)}: {headline(verdict)}{in_brackets(confidence(verdict))}"


def too_early(verdict: Judgement) -> str:
    """Return why it is too early to tell: `too early to tell: 300 of 9,380 steps`; empty if it is not."""
    return next((each.how for each in verdict.missing if each.what == TIME), "")


def expectation(verdict: Judgement) -> tuple[str, bool] | None:
    """Return what the experiment expected, in words, and whether it came true; None if it expects nothing."""
    experiment = _experiment(verdict)
    if experiment is None or not experiment.expect:
        return None
    expected, came_true = " or ".join(experiment.expect), matches(verdict.name, experiment.expect)
    return f"{'as expected' if came_true else 'not as expected'}: {expected}", came_true


def sections(verdict: Judgement) -> dict[str, list[Line]]:
    """Return everything below the headline, by its heading; nothing stands below a heading that has no item."""
    experiment = _experiment(verdict)
    found = {
        "evidence": [Line(printable(each.words), rests_on=_numbers(each, verdict.unit)) for each in verdict.evidence],
        "also seen, in order": [
            Line(_contribution(each, verdict.unit), mark=f"{number}. ")
            for number, each in enumerate(verdict.contributing, start=1)
        ],
        "what to do": [_remedy(each, experiment) for each in verdict.remedies],
        "what was missing": [Line(printable(f"{each.what}: {each.how}")) for each in verdict.missing],
        "read": [Line(printable(verdict.reading))] if verdict.reading else [],
        "notes": [Line(printable(each)) for each in verdict.notes],
    }
    return {heading: lines for heading, lines in found.items() if lines}


def as_text(verdict: Judgement) -> str:
    """Return the whole verdict as plain lines."""
    expected = expectation(verdict)
    lines = [printable(verdict.source), headline(verdict), printable(verdict.summary), facts(verdict)]
    lines += [expected[0]] if expected else []
    for heading, items in sections(verdict).items():
        lines += [f"{heading}:", *(f"  {item.mark}{item}" for item in items)]
    return "\n".join(lines)


def _experiment(verdict: Judgement) -> Experiment | None:
    return None if verdict.judged_on is None else verdict.judged_on.experiment


def _numbers(finding: Finding, unit: str) -> str:
    """Return what a finding measured, compared with what, when, and where the criterion comes from."""
    measured = printable(finding.signal)
    if finding.value is not None:
        measured += f" {finding.value:.3g}"
    if finding.threshold is not None:
        measured += f" against {finding.threshold:.3g}"
    return f"{measured}; {stretch(finding.window, unit)}; {printable(finding.source)}"


def _contribution(each: Contribution, unit: str) -> str:
    since = "" if each.onset_step is None else f" from {at(each.onset_step, unit)}"
    seen = "over" if each.window[0] != each.window[1] else "at"
    return f"{printable(words(each.name).capitalize())}{since} (seen {seen} {stretch(each.window, unit)})"


def _remedy(remedy: Remedy, experiment: Experiment | None) -> Line:
    """Return what to change, from what to what, and why; advice without a change is its reason alone."""
    changes = "; ".join(_changes(remedy, experiment))
    known = "; ".join(filter(None, (remedy.source, remedy.record)))
    return Line(printable(remedy.why), f"{printable(changes)}: " if changes else "", printable(known))


def _changes(remedy: Remedy, experiment: Experiment | None) -> Iterator[str]:
    """Yield each change as `key: old -> new`; what the experiment has no value for has no old one."""
    for key, new in remedy.change.items():
        old: Any = {} if experiment is None else experiment.model_dump(mode="json")
        for name in key.split("."):
            old = old.get(name) if isinstance(old, dict) else None
        yield f"{key}: {_value(new)}" if old is None else f"{key}: {_value(old)} -> {_value(new)}"


def _value(value: Any) -> str:
    """Return a configuration value as an experiment file would have it."""
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)
