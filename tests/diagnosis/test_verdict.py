"""The verdict's format, over verdicts of every kind that losses and made-up statistics bring about."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganlab.config.experiment import Experiment
from ganlab.diagnosis import failures
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.failures import FAILURES
from ganlab.diagnosis.findings import Contribution, Finding, Missing, Remedy
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.read_report import Reading
from ganlab.diagnosis.verdict import VERDICT_SCHEMA, Verdict
from ganlab.errors import RunError
from ganlab.runs.files import write_json
from ganlab.verdicts import KINDS, matches

COLLAPSE = Verdict(
    failure="mode_collapse",
    variant="partial",
    confidence=0.75,
    basis="uncalibrated",
    severity=0.5,
    onset_step=300,
    summary="Half of the digits are missing.",
    contributing=(Contribution("convergence_failure", "discriminator_dominates", 120, (120, 240)),),
    evidence=(Finding("lost_class_mass", 0.5, 0.1, (300, 900), "a paper", "Five digits are missing."),),
    missing=(Missing("held-out scores", "log them"),),
    remedies=(Remedy("A larger latent", "a paper", {"latent.dim": 64}), Remedy("Look at the data", "practice")),
    source="runs/a",
    steps=(0, 900),
)


def test_the_format_is_the_documented_one() -> None:
    assert json.loads(json.dumps(COLLAPSE.as_json(), allow_nan=False)) == {
        "schema": 1,
        "failure": "mode_collapse",
        "variant": "partial",
        "confidence": 0.75,
        "basis": "uncalibrated",
        "severity": 0.5,
        "onset_step": 300,
        "summary": "Half of the digits are missing.",
        "contributing": [
            {
                "failure": "convergence_failure",
                "variant": "discriminator_dominates",
                "onset_step": 120,
                "window": [120, 240],
            }
        ],
        "evidence": [
            {
                "signal": "lost_class_mass",
                "value": 0.5,
                "threshold": 0.1,
                "window": [300, 900],
                "source": "a paper",
                "words": "Five digits are missing.",
            }
        ],
        "missing": [{"what": "held-out scores", "how": "log them"}],
        "remedies": [
            {"why": "A larger latent", "source": "a paper", "change": {"latent.dim": 64}, "name": "", "record": ""},
            {"why": "Look at the data", "source": "practice", "change": {}, "name": "", "record": ""},
        ],
        "source": "runs/a",
        "steps": [0, 900],
        "notes": [],
        "read": None,
    }
    assert VERDICT_SCHEMA == 1


def test_what_was_read_survives_its_file(tmp_path: Path) -> None:
    reading = Reading("a text log", "CycleGAN", 9, {"A/d_loss": "D_A"}, (1, 9), "epoch", None, (4,), 2, ("x",))
    verdict = replace(COLLAPSE, reading=reading)
    write_json(tmp_path / "verdict.json", verdict.as_json())
    found = Verdict.read(tmp_path / "verdict.json")
    assert found.reading == reading
    assert found.unit == "epoch"
    assert found == verdict
    assert found["read"]["columns"] == {"A/d_loss": "D_A"}
    write_json(tmp_path / "old.json", {key: value for key, value in COLLAPSE.items() if key != "read"})
    assert Verdict.read(tmp_path / "old.json") == COLLAPSE


def test_a_verdict_is_a_mapping_of_what_its_file_holds() -> None:
    assert dict(COLLAPSE) == COLLAPSE.as_json() == COLLAPSE
    assert COLLAPSE["evidence"][0]["signal"] == "lost_class_mass"
    assert COLLAPSE["steps"] == [0, 900]
    assert COLLAPSE.get("judged_on", "absent") == "absent"
    assert len(COLLAPSE) == len(list(COLLAPSE))
    assert replace(COLLAPSE, severity=0.6) != COLLAPSE


def test_a_judged_verdict_knows_what_it_was_judged_on_and_draws_it() -> None:
    evidence = Evidence("a", flat(0.001, 9.0), family="cross_entropy")
    verdict = diagnose(evidence)
    assert verdict.judged_on is evidence
    figure = verdict.plot()
    assert figure is not None
    assert figure.axes[0].lines


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("mode_collapse",), True),
        (("mode_collapse/partial",), True),
        (("diverged", "mode_collapse"), True),
        (("mode_collapse/total",), False),
        (("partial",), False),
        (("mode",), False),
        ((), False),
    ],
)
def test_a_verdict_matches_its_failure_or_its_full_name(names: tuple[str, ...], expected: bool) -> None:
    assert matches(COLLAPSE.name, names) is expected


def flat(d_loss: float, g_loss: float, **others: float) -> dict[str, Series]:
    steps = np.arange(1, 501, dtype=np.int64)
    levels = {"d_loss": d_loss, "g_loss": g_loss, **others}
    noise = np.random.default_rng(0).normal(size=(len(levels), 500))
    return {
        name: Series(steps, level * (1 + 0.05 * each))
        for (name, level), each in zip(levels.items(), noise, strict=True)
    }


def row(step: int, **values: Any) -> dict[str, Any]:
    """A snapshot of healthy samples, but for some values."""
    real = {f"{name}_real": 1.0 for name in ("good", "coverage", "recall", "precision")}
    usual = {"step": step, "good": 0.95, "coverage": 0.9, "recall": 0.8, "precision": 0.9, "vendi": 9.0}
    return {**real, "vendi_real": 10.0, **usual, **values}


EVIDENCE = {
    "diverged": Evidence("a", flat(math.inf, 1.0), family="cross_entropy"),
    "convergence_failure/batch_norm_leak": Evidence("a", flat(0.001, 0.001), family="cross_entropy"),
    "convergence_failure/discriminator_dominates": Evidence("a", flat(0.001, 9.0), family="cross_entropy"),
    "convergence_failure/vanishing_gradient": Evidence("a", flat(0.001, -0.001), family="cross_entropy"),
    "convergence_failure/generator_dominates": Evidence("a", flat(3.0, 0.02), family="cross_entropy"),
    "inconclusive": Evidence("a", flat(1.4, 0.7), family="cross_entropy", experiment=Experiment()),
    "healthy": Evidence("a", flat(1.4, 0.7), tuple(row(step) for step in (100, 200, 300, 400))),
    "mode_collapse/total": Evidence("a", {}, tuple(row(step, vendi=1.01) for step in (100, 200, 300, 400))),
}


@pytest.mark.parametrize("name", EVIDENCE)
def test_real_verdicts_are_plain_json(name: str) -> None:
    verdict = diagnose(EVIDENCE[name])
    assert verdict.name == name
    plain = verdict.as_json()
    back = json.loads(json.dumps(plain, allow_nan=False))
    assert back == json.loads(json.dumps(back))
    assert back["steps"] == list(verdict.steps)
    assert [finding["window"] for finding in back["evidence"]] == [list(each.window) for each in verdict.evidence]
    assert verdict.name in KINDS
    assert 0 < verdict.confidence < 1
    assert 0 <= verdict.severity <= 1
    assert all(each.words.endswith(".") for each in verdict.evidence)


def test_nothing_at_all_is_inconclusive() -> None:
    verdict = diagnose(Evidence("empty.csv"))
    assert (verdict.name, verdict.steps, verdict.onset_step) == ("inconclusive", (0, 0), None)
    assert {each.what for each in verdict.missing} == {"losses", "samples", "gradients", "held-out scores"}
    json.dumps(verdict.as_json(), allow_nan=False)


def test_there_is_a_failure_for_every_verdict_but_the_groups() -> None:
    groups = {"mode_collapse", "convergence_failure"}  # given only with a variant
    assert [failure.name for failure in FAILURES] == [name for name in KINDS if name not in groups]


def test_no_failure_needs_another_ones_file() -> None:
    for path in Path(failures.__file__).parent.glob("*.py"):
        assert path.name == "__init__.py" or "diagnosis.failures" not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("evidence", [Evidence("empty.csv"), *EVIDENCE.values()])
def test_nothing_is_proved_only_where_nothing_else_holds(evidence: Evidence) -> None:
    case = Case(evidence)
    active = [failure.name for failure in FAILURES for charge in failure.examine(case) if charge.active]
    assert active[-1] == "inconclusive"
    assert diagnose(evidence).name == active[0]


class TestReading:
    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "verdict.json"
        for verdict in (COLLAPSE, diagnose(EVIDENCE["mode_collapse/total"])):
            write_json(path, verdict.as_json())
            assert Verdict.read(path) == verdict
        write_json(path, {**COLLAPSE.as_json(), "of_tomorrow": 1})
        assert Verdict.read(path) == COLLAPSE

    def test_a_file_cannot_say_what_it_was_judged_on(self, tmp_path: Path) -> None:
        write_json(tmp_path / "verdict.json", {**COLLAPSE.as_json(), "judged_on": "a file"})
        found = Verdict.read(tmp_path / "verdict.json")
        assert (found.judged_on, found.plot()) == (None, None)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"schema": VERDICT_SCHEMA + 1}, f"has format {VERDICT_SCHEMA + 1}"),
            ({"failure": None}, "failure"),
            ({"confidence": "high"}, "confidence"),
            ({"evidence": [{"signal": "fid"}]}, "evidence.0.value"),
            ({"steps": [1]}, "steps"),
        ],
    )
    def test_what_is_damaged_or_newer_is_refused(self, tmp_path: Path, change: dict[str, Any], words: str) -> None:
        path = tmp_path / "verdict.json"
        write_json(path, {**COLLAPSE.as_json(), **change})
        with pytest.raises(RunError) as error:
            Verdict.read(path)
        assert words in error.value.message

    def test_needs_no_torch(self) -> None:
        code = "import sys, ganlab.diagnosis.verdict\nassert not {'torch', 'matplotlib', 'scipy'} & sys.modules.keys()"
        subprocess.run([sys.executable, "-c", code], check=True)
