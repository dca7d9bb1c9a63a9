"""The named GANs' own failures, and runs that come near them, as rows whose verdict is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ganlab.config.load import experiment_from_mapping
from ganlab.diagnosis.calibration import UNCALIBRATED
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence, NonFinite, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict

STEPS = np.arange(1, 1001, dtype=np.int64)
COUNT = 10
HEALTHY: dict[str, Any] = {
    "good": 0.85, "good_real": 0.95, "precision": 0.8, "precision_real": 0.9, "recall": 0.6, "recall_real": 0.9,
    "coverage": 0.6, "coverage_real": 0.97, "vendi": 10.0, "vendi_real": 12.0, "fid": 20.0, "fid_real": 1.0,
    "class_counts": [85] * 10, "class_shares_real": [0.1] * 10, "vendi_by_class": [0.8] * 10,
    "classes": [str(digit) for digit in range(10)],
}  # fmt: skip
GARBAGE = {"good": 0.02, "class_counts": [2] * 10, "fid": 300.0}
ASKED = {
    "asked": "classes", "agreement": 0.83, "agreement_real": 0.94, "agreement_chance": 0.085, "agreement_matched": 0.83,
    "vendi_by_asked": [0.8, None, *[0.8] * 8],
}  # fmt: skip
IGNORED = {"agreement": 0.09, "agreement_matched": 0.13}
CODES = {"asked": "codes", "info_bound": 2.1, "info_max": math.log(10), "agreement": 0.7, "agreement_real": 0.94,
         "agreement_chance": 0.085, "agreement_matched": 0.7}  # fmt: skip
CYCLE = {"cycle_error": 0.05, "cycle_error_disturbed": 0.07, "back_vendi": 9.0, "back_vendi_real": 11.0,
         **{key: value for key, value in ASKED.items() if key != "vendi_by_asked"}}  # fmt: skip


def narrow(*classes: int) -> list[float]:
    return [0.1 if index in classes else 0.7 for index in range(10)]


def run(*columns: Mapping[str, Any], **changes: Any) -> Evidence:
    """Ten snapshots, each the healthy row and these; a list of ten under a key of `changes` is one value a snapshot."""
    row = {key: value for part in (HEALTHY, *columns) for key, value in part.items()}
    rows = [
        {**row, **{key: value[index] for key, value in changes.items()}, "step": (index + 1) * 1000 // COUNT}
        for index in range(COUNT)
    ]
    return Evidence("run", curves=losses(), snapshots=tuple(rows), family="cross_entropy", saturating=False)


def losses() -> dict[str, Series]:
    """Losses of a game in balance."""
    noise = np.random.default_rng(0).normal(0, 0.05, (4, len(STEPS)))
    names = {"d_loss_real": 0.6, "d_loss_fake": 0.6, "g_loss": 0.9, "grad_g": 2.0}
    curves = {name: Series(STEPS, level + part) for (name, level), part in zip(names.items(), noise, strict=True)}
    return {**curves, "d_loss": Series(STEPS, curves["d_loss_real"].values + curves["d_loss_fake"].values)}


CONTROLS: dict[str, tuple[Evidence, str]] = {
    "a conditional run that works": (run(ASKED), "healthy"),
    "asked for nothing": (run(ASKED, IGNORED), "condition_ignored"),
    "labels permuted": (run(ASKED, {"agreement": 0.01, "agreement_matched": 0.8}), "condition_ignored"),
    "asked for, and half heeded": (run(ASKED, {"agreement": 0.45}), "healthy"),
    "asked, but it makes garbage": (run(ASKED, IGNORED, GARBAGE), "never_learned"),
    "asked, but all are the same": (run(ASKED, IGNORED, {"vendi": 1.2}), "mode_collapse/total"),
    "learning what is asked": (run(ASKED, agreement=[0.09 + 0.02 * i for i in range(COUNT)]), "healthy"),
    "chance that wavers": (run(ASKED, agreement=[0.085 + 0.01 * (-1) ** i for i in range(COUNT)]), "condition_ignored"),
    "ignored but once of late": (run(ASKED, agreement=[0.09] * 8 + [0.8, 0.09]), "healthy"),
    "one class of one face": (run(ASKED, {"vendi_by_asked": narrow(4)}), "mode_collapse/within_class"),
    "most classes of one face": (
        run(ASKED, {"vendi_by_asked": narrow(*range(7)), "vendi_by_class": narrow(*range(7))}),
        "mode_collapse/within_class",
    ),
    "another class each time": (
        run(ASKED, vendi_by_asked=[narrow(index % 10) for index in range(COUNT)]), "healthy",
    ),
    "no class was asked for": (run({"vendi_by_class": narrow(*range(7))}), "mode_collapse/within_mode"),
    "an InfoGAN that works": (run(CODES), "healthy"),
    "codes ignored": (run(CODES, {"info_bound": 0.05}), "codes_ignored"),
    "a bound below zero": (run(CODES, {"info_bound": -0.3}), "codes_ignored"),
    "codes being taken up": (run(CODES, info_bound=[0.03 * i for i in range(COUNT)]), "healthy"),
    "codes, but it makes garbage": (run(CODES, {"info_bound": 0.05}, GARBAGE), "never_learned"),
    "a cycle that works": (run(CYCLE), "healthy"),
    "a hidden original": (run(CYCLE, {"cycle_error": 0.03, "cycle_error_disturbed": 0.15}), "cycle_shortcut"),
    "noise handed on by a near-perfect cycle": (
        run(CYCLE, {"cycle_error": 0.004, "cycle_error_disturbed": 0.014}), "healthy",
    ),
    "a way back that never worked": (run(CYCLE, {"cycle_error": 0.3, "cycle_error_disturbed": 0.95}), "healthy"),
    "translations of another class": (run(CYCLE, IGNORED), "healthy"),
    "one image forward": (run(CYCLE, {"vendi": 1.3}), "mode_collapse/one_direction"),
    "one image back": (run(CYCLE, {"back_vendi": 1.2}), "mode_collapse/one_direction"),
    "one image both ways": (run(CYCLE, {"vendi": 1.3, "back_vendi": 1.2}), "mode_collapse/total"),
    "one image, and no other direction": (run({"vendi": 1.3}), "mode_collapse/total"),
    "super-resolution": (run({"psnr": 20.0, "psnr_bicubic": 18.0, "ssim": 0.9, "ssim_bicubic": 0.8}), "healthy"),
}  # fmt: skip


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_gets_its_name(control: str) -> None:
    evidence, expected = CONTROLS[control]
    found = diagnose(evidence)
    assert found.name == expected, found.summary
    assert 0 <= found.severity <= 1
    assert all(each.words.endswith(".") and each.source for each in found.evidence)
    assert found.remedies or found.name == "healthy"


def test_labels_that_are_permuted_are_told_from_labels_that_are_ignored() -> None:
    assert "permuted" in diagnose(CONTROLS["labels permuted"][0]).summary
    assert "permuted" not in diagnose(CONTROLS["asked for nothing"][0]).summary


def test_what_was_measured_stands_in_the_evidence() -> None:
    """(.09 - .085) / (.94 - .085) = .006; .05 / ln 10 = .022; .15 / .03 = 5."""
    measured = {"asked for nothing": 0.0058, "codes ignored": 0.0217, "a hidden original": 5.0}
    for control, value in measured.items():
        assert diagnose(CONTROLS[control][0]).evidence[0].value == pytest.approx(value, abs=1e-4)


def test_narrow_classes_are_named_and_weigh_by_their_number() -> None:
    one, most = (diagnose(CONTROLS[control][0]) for control in ("one class of one face", "most classes of one face"))
    assert "of 4." in one.summary
    assert (one.severity, most.severity) == (0.1, 0.7)
    assert [each.variant for each in most.contributing] == ["within_mode"]


def test_the_direction_is_named() -> None:
    assert "forward translator" in diagnose(CONTROLS["one image forward"][0]).summary
    assert "backward translator" in diagnose(CONTROLS["one image back"][0]).summary


@pytest.mark.parametrize(
    ("columns", "changes"),
    [
        (ASKED, {"agreement": [0.8] * 4 + [0.09] * 6}),
        (ASKED, {"vendi_by_asked": [narrow()] * 4 + [narrow(4)] * 6}),
        (CODES, {"info_bound": [2.1] * 4 + [0.05] * 6}),
        (CYCLE, {"cycle_error_disturbed": [0.06] * 4 + [0.2] * 6}),
        (CYCLE, {"back_vendi": [9.0] * 4 + [1.2] * 6}),
    ],
)
def test_the_onset_is_the_first_snapshot_of_it(columns: Mapping[str, Any], changes: dict[str, Any]) -> None:
    found = diagnose(run(columns, **changes))
    assert found.onset_step == 500, found.summary


def test_no_surer_than_labelled_runs_of_such_games_allow() -> None:
    for control in ("a conditional run that works", "one class of one face", "one image back", "codes ignored"):
        found = diagnose(CONTROLS[control][0])
        assert found.confidence <= UNCALIBRATED
        assert found.basis == "uncalibrated: no labelled run used this game"


# Networks that grow: phases of 400, 400 and 200 steps.

STARTS = (1, 401, 801)
PHASES = {
    "phase_since": [max(start for start in STARTS if start <= 100 * (index + 1)) for index in range(COUNT)],
    "phase_size": [7, 7, 7, 7, 14, 14, 14, 14, 28, 28],
}
SMALL = {"good": 0.1, "good_real": 0.2}
GROWING = run(**PHASES)
EXPERIMENT = experiment_from_mapping(
    {
        "generator": {"name": "progressive"},
        "discriminator": {"name": "progressive"},
        "game": {"name": "progressive", "sizes": [7, 14, 28], "fade": 6400, "images_per_phase": 19200},
        "training": {"steps": 1000, "batch_size": 64},
    },
    (),
)
"""A fade of 100 steps."""


def with_curves(evidence: Evidence, **values: Any) -> Evidence:
    """The evidence with curves exchanged: a constant, or one value a step."""
    exchanged = {name: Series(STEPS, np.broadcast_to(value, STEPS.shape) * 1.0) for name, value in values.items()}
    return replace(evidence, curves={**evidence.curves, **exchanged})


def exploded(onset: int) -> Evidence:
    """A gradient norm that grows a thousandfold at a step and stays there."""
    return with_curves(GROWING, grad_g=np.where(onset > STEPS, 2.0, 2000.0))


def ended_by_nan(step: int) -> Evidence:
    """A run of 1,000 steps that ended at a NaN, with a last snapshot that cannot be judged."""
    until = GROWING.until(step - 1)
    last = {"step": step, "n": 1000, "phase_since": max(start for start in STARTS if start <= step)}
    return replace(until, snapshots=(*until.snapshots, last), planned=1000, non_finite=NonFinite(step, "g_loss"))


class TestPhases:
    def test_of_a_run_that_works(self) -> None:
        assert diagnose(GROWING).name == "healthy"

    @pytest.mark.parametrize("make", [exploded, ended_by_nan])
    @pytest.mark.parametrize("onset", [410, 470, 820])
    def test_a_divergence_as_a_new_size_begins_has_its_name(self, make: Callable[[int], Evidence], onset: int) -> None:
        found = diagnose(make(onset))
        assert found.name == "diverged/phase_change", found.summary
        assert found.onset_step == pytest.approx(onset, abs=5)
        assert f"at step {max(start for start in STARTS if start <= onset)}" in found.evidence[1].words

    @pytest.mark.parametrize(
        "evidence", [exploded(900), ended_by_nan(30), ended_by_nan(200), ended_by_nan(600), ended_by_nan(900)]
    )
    def test_one_in_the_first_phase_or_later_in_another_has_none(self, evidence: Evidence) -> None:
        assert diagnose(evidence).name == "diverged"

    def test_a_fade_that_is_longer_counts_whole(self) -> None:
        """Step 495 is 94 after a change: past a fifth of the phase (80), within the fade (100)."""
        late = ended_by_nan(495)
        assert diagnose(late).name == "diverged"
        assert diagnose(replace(late, experiment=EXPERIMENT)).name == "diverged/phase_change"
        assert diagnose(replace(ended_by_nan(505), experiment=EXPERIMENT)).name == "diverged"

    def test_the_first_cure_is_a_longer_fade(self) -> None:
        found = diagnose(replace(exploded(410), experiment=EXPERIMENT))
        assert found.remedies[0].change == {"game.fade": 12800}

    def test_a_divergence_without_phases_has_no_variant(self) -> None:
        found = diagnose(with_curves(run(), grad_g=np.where(STEPS < 410, 2.0, 2000.0)))
        assert found.name == "diverged"

    def test_a_level_that_shifts_with_the_size_is_none(self) -> None:
        shifted = np.where(STEPS < 801, 0.02, 5.0)
        found = diagnose(with_curves(GROWING, d_loss=2 * shifted, d_loss_real=shifted, d_loss_fake=shifted))
        assert found.name == "healthy"

    def test_what_was_lost_in_an_earlier_phase_is_forgiven(self) -> None:
        """All alike in the first two phases, and a FID that doubles where the images grow."""
        earlier = {"vendi": [1.2] * 8 + [10.0] * 2, "fid": [10.0] * 8 + [40.0] * 2, "good": [0.1] * 8 + [0.85] * 2}
        found = diagnose(run(**PHASES, **earlier))
        assert found.name == "healthy"
        assert found.contributing == ()
        assert found.steps == (1, 1000)

    def test_a_collapse_of_the_last_phase_is_dated_in_it(self) -> None:
        found = diagnose(run(**PHASES, vendi=[1.2] * COUNT))
        assert (found.name, found.onset_step) == ("mode_collapse/total", 900)

    def test_trends_are_those_of_the_last_half_of_the_phase(self) -> None:
        """FID falls in the first half of a long last phase, and stands still in the second."""
        fid = [80.0, 80.0, 70.0, 60.0, 50.0, 40.0, 30.0, 30.0, 30.0, 30.0]
        phases = {"phase_since": [1, 1, *[201] * 8], "phase_size": [14, 14, *[28] * 8]}
        case = Case(run(**phases, fid=fid, coverage=[0.2] * COUNT))
        assert len(case.rows) == 8
        assert not case.improving

    def test_a_last_size_at_which_reals_do_not_pass_is_not_judged(self) -> None:
        found = diagnose(run(SMALL, phase_since=[1] * COUNT, phase_size=[7] * COUNT))
        assert found.failure == "inconclusive"
        assert "samples at a size that can be judged" in [each.what for each in found.missing]
        assert found.basis == "nothing was proved"

    def test_evidence_since_a_step_keeps_what_was_not_finite(self) -> None:
        late = replace(GROWING, non_finite=NonFinite(300, "g_loss")).since(801)
        assert (late.first_step, late.last_step) == (801, 1000)
        assert [row["step"] for row in late.snapshots] == [900, 1000]
        assert late.non_finite is not None
        assert late.phases == (801,)
        assert GROWING.phases == STARTS


def test_every_failure_of_this_page_has_its_curve() -> None:
    from ganlab.diagnosis.drawing import draw_verdict

    shown = {
        "asked for nothing": "samples of the class that was asked for, as shares",
        "codes ignored": "what the samples say of the code, nats",
        "a hidden original": "miss of the way there and back, of 2 from black to white",
        "one image back": "variety of the way back (Vendi score)",
        "one image forward": "variety (Vendi score)",
        "one class of one face": "variety (Vendi score)",
    }
    for control, label in shown.items():
        evidence, _ = CONTROLS[control]
        found: Verdict = diagnose(evidence)
        assert draw_verdict(evidence, found).axes[1].get_title("left") == label
