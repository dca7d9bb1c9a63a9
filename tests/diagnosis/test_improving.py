"""Good, still improving, or only just begun: which runs are healthy, under-trained, or too young to be judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.verdict import Verdict
from tests.diagnosis.made_up import energies


def row(step: int, **changes: float) -> dict[str, Any]:
    """A snapshot of samples that vary as reals do."""
    reals = {"good_real": 1.0, "vendi_real": 12.0, "coverage_real": 0.97, "fid_real": 1.7, "near_duplicates_real": 0.02}
    repeats = {"near_duplicates": 0.0, "distinct": 1000, "distinct_real": 990, "repeats_chance": 1.0}
    return {"step": step, "n": 1000, "vendi": 12.0, "coverage": 0.28, **reals, **repeats, **changes}


def improving(good: float, fall: float, steps: int = 3000, **changes: Any) -> list[dict[str, Any]]:
    """Snapshots whose FID falls evenly, over the last half of the run by `fall` of its level there."""
    count = 10
    fids = 40 * (1 + fall * (0.75 - np.arange(1, count + 1) / count) * 2.2)
    return [row((index + 1) * steps // count, good=good, fid=float(fid), **changes) for index, fid in enumerate(fids)]


def judged(rows: list[dict[str, Any]], experiment: Any = None) -> Verdict:
    return diagnose(Evidence("run", snapshots=tuple(rows), experiment=experiment))


@pytest.mark.parametrize("fall", [0.2, 0.6, 0.9])
def test_samples_that_pass_as_reals_do_are_healthy_however_their_fid_falls(fall: float) -> None:
    verdict = judged(improving(0.98, fall))
    assert verdict.name == "healthy"
    assert "FID still changed by" in verdict.summary
    assert "Training longer" in verdict.summary


@pytest.mark.parametrize("coverage", [0.05, 0.28, 0.6])
def test_samples_that_pass_less_often_are_under_trained_while_they_improve_quickly(coverage: float) -> None:
    verdict = judged(improving(0.8, 0.6, coverage=coverage))
    assert verdict.name == "under_trained"
    assert "80 % as often as real ones" in verdict.summary
    assert "not good yet" not in verdict.summary
    assert judged(improving(0.8, 0.2, coverage=coverage)).name == "healthy"
    assert "Training longer" not in judged(improving(0.8, 0.0, coverage=coverage)).summary


def test_samples_that_pass_less_often_than_those_of_healthy_runs_are_not_healthy() -> None:
    assert judged(improving(0.7, 0.2)).name == "under_trained"
    assert judged(improving(0.7, 0.0)).name == "inconclusive"


@pytest.mark.parametrize(
    ("changes", "short"),
    [
        ({"good": 0.7}, "70 %"),
        ({"good": 0.98, **energies(0.02)}, "0.02"),
        ({"good": 0.98, "recognised": 0.5, "recognised_real": 0.99}, "recognises 51 % as many"),
    ],
)
def test_varied_samples_that_are_nearly_good_after_little_training_are_under_trained(
    images: Any, changes: dict[str, float], short: str
) -> None:
    brief = judged(improving(fall=0.0, steps=1000, **changes), images("training.steps=1000"))
    assert brief.name == "under_trained"
    assert "1,000 updates of the generator are few" in brief.summary
    assert short in brief.summary
    long = images("training.steps=3000")
    assert judged(improving(fall=0.0, **changes), long).name == "inconclusive"
    half_way = diagnose(Evidence("log", snapshots=tuple(improving(fall=0.0, **changes)), planned=7000))
    assert half_way.name == "under_trained"
    assert "only 3,000 of 7,000 steps are done" in half_way.summary
    alike = judged(improving(fall=0.0, steps=1000, vendi=2.0, **changes), images("training.steps=1000"))
    assert alike.name == "inconclusive"


def test_a_short_run_must_show_more_recognised_samples(images: Any) -> None:
    rows = {"good": 0.98, "fall": 0.0, "recognised": 0.6, "recognised_real": 0.99}
    assert judged(improving(steps=1000, **rows), images("training.steps=1000")).name == "under_trained"
    assert judged(improving(**rows), images("training.steps=3000")).name == "healthy"
    of_few_pixels = {**rows, "recognised": 0.01, "recognised_real": 0.03}
    assert judged(improving(**of_few_pixels), images("training.steps=3000")).name == "healthy"


def test_samples_of_unknown_variety_are_not_under_trained_for_it() -> None:
    blind = [{**each, "vendi": None, "unseen": ["variety"]} for each in improving(0.98, 0.0, steps=1000)]
    assert diagnose(Evidence("folder", snapshots=tuple(blind), planned=9000)).name != "under_trained"


def test_samples_that_came_nearer_are_under_trained_unless_they_are_seen_to_have_stopped(images: Any) -> None:
    def rows(**changes: Any) -> list[dict[str, Any]]:
        distances = [0.4, *[0.05] * 9]
        return [{**each, **energies(at)} for each, at in zip(improving(0.7, 0.0, **changes), distances, strict=True)]

    long = images("training.steps=3000")
    for experiment in (None, long):
        assert judged(rows(), experiment).name == "inconclusive"
        few = judged(rows(n=36), experiment)
        assert few.name == "under_trained"
        assert "cannot be told from so few samples" in few.summary
        assert "cannot be told from so few snapshots" in judged(rows()[::2], experiment).summary
    ten_latents = judged(rows(n=100, distinct=10, sorted_by="rows"), long)
    assert ten_latents.name == "under_trained"
    assert "from so few different samples" in ten_latents.summary
    assert judged(rows(n=100, distinct=100, sorted_by="rows"), long).name == "inconclusive"
    near_from_the_start = [{**each, **energies(0.05)} for each in improving(0.7, 0.0)]
    assert diagnose(Evidence("folder", snapshots=tuple(near_from_the_start))).name == "inconclusive"


def test_samples_that_still_come_nearer_are_under_trained_though_many_pass() -> None:
    """Until they lie as near as those of healthy runs: then other statistics say more."""

    def named(first: float, last: float, **changes: Any) -> str:
        rows = [
            {**each, **energies(float(at))}
            for each, at in zip(improving(0.7, 0.0, **changes), np.geomspace(first, last, 10), strict=True)
        ]
        return judged(rows).name

    twins = {"n": 25, "near_duplicates": 0.2, "distinct": 22, "repeats_chance": 1e-6}
    assert named(0.2, 0.02) == named(0.2, 0.02, **twins) == "under_trained"
    assert named(0.021, 0.02) == named(0.05, 0.005) == "inconclusive"
    # That more of them pass, too, takes nothing away.
    rising = np.linspace(0.5, 0.74, 10)
    rows = [
        {**each, **energies(float(at)), **twins, "good": float(share)}
        for each, at, share in zip(improving(0.7, 0.0), np.geomspace(0.2, 0.02, 10), rising, strict=True)
    ]
    assert judged(rows).name == "under_trained"


@pytest.mark.parametrize(
    ("steps", "unit", "words"),
    [
        (1000, "step", "1,000 steps are few"),
        (3000, "step", None),
        (40, "epoch", None),
    ],
)
def test_steps_of_another_programs_log_are_few_or_not_and_epochs_say_nothing(
    steps: int, unit: str, words: str | None
) -> None:
    rows, curves = tuple(improving(0.7, 0.0, steps)), {"loss of both": Series(np.arange(1, steps + 1), np.ones(steps))}
    verdict = diagnose(Evidence("log", curves=curves, snapshots=rows, unit=unit))
    assert verdict.name == ("under_trained" if words else "inconclusive")
    assert words is None or words in verdict.summary


def test_numbers_of_pictures_without_a_log_are_no_steps() -> None:
    for rows in (improving(0.7, 0.0, 10), improving(0.7, 0.0, 10)[-1:]):
        assert judged(rows).name == "inconclusive"
        assert "samples are not good enough to be healthy" in judged(rows).summary


@pytest.mark.parametrize(("count", "kinds", "name"), [(16, 7, "healthy"), (16, 5, "inconclusive"), (1000, 7, None)])
def test_of_few_samples_some_classes_are_missing_by_chance(count: int, kinds: int, name: str | None) -> None:
    """Of ten equal classes 16 samples show eight on average, and four fifths of these are enough."""
    counts = [count // kinds] * kinds + [0] * (10 - kinds)
    few: Any = {"n": count, "class_counts": counts, "class_shares_real": [0.1] * 10}
    found = judged(improving(0.98, 0.0, **few)).name
    assert found == name if name else found != "healthy"


def test_samples_that_fail_are_never_healthy() -> None:
    verdict = judged(improving(0.3, 0.2))
    assert verdict.name == "under_trained"
    assert "not good yet" in verdict.summary
    assert judged(improving(0.3, 0.0)).name == "inconclusive"


BLOB = {"vendi": 1.01, "coverage": 0.0}


@pytest.mark.parametrize("changes", [{}, BLOB])
@pytest.mark.parametrize("good", [0.0, 0.1])
def test_garbage_of_a_run_that_has_hardly_begun_accuses_nobody(
    images: Any, changes: dict[str, float], good: float
) -> None:
    verdict = judged(improving(good, 0.0, steps=60, **changes), images("training.steps=60"))
    assert verdict.name == "inconclusive"
    assert verdict.summary.startswith("Too early to tell: 60 of the 100 updates of the generator")
    assert verdict.contributing == ()
    assert verdict.confidence <= 0.5


def test_every_update_of_the_generator_counts(images: Any) -> None:
    twice = images("training.steps=60", "training.generator_steps=2")
    assert judged(improving(0.0, 0.0, steps=60), twice).name == "never_learned"


def test_the_same_garbage_after_enough_updates_or_of_code_that_is_not_known_has_never_learned(images: Any) -> None:
    assert judged(improving(0.0, 0.0, steps=1000), images("training.steps=1000")).name == "never_learned"
    assert judged(improving(0.0, 0.0, steps=60)).name == "never_learned"
    assert judged([row(60, good=0.0, fid=300.0)]).name == "never_learned"


def test_a_short_run_that_was_good_can_collapse(images: Any) -> None:
    one = {**BLOB, "near_duplicates": 1.0, "distinct": 1, "repeats_chance": 0.0}
    rows = [*improving(0.98, 0.0, steps=60)[:5], *improving(0.98, 0.0, steps=60, **one)[5:]]
    assert judged(rows, images("training.steps=60")).name == "mode_collapse/total"


def test_pictures_that_all_differ_are_no_total_collapse_however_alike_their_features_are() -> None:
    assert judged(improving(0.0, 0.6, **BLOB)).name == "under_trained"
    assert judged(improving(0.0, 0.0, **BLOB)).name == "never_learned"


@pytest.mark.parametrize("loss", ["d_loss", "g_loss", "d_loss_fake"])
def test_a_step_of_another_loop_that_has_a_loss_is_an_update(loss: str) -> None:
    rows = tuple(improving(0.0, 0.0, steps=60))
    curves = {loss: Series(np.arange(1, 61), np.full(60, 1.3))}
    assert "60 of the 100 updates" in diagnose(Evidence("run", curves=curves, snapshots=rows)).summary


@pytest.mark.parametrize(("good", "said"), [(0.98, "memorisation"), (0.0, "never_learned")])
def test_a_hundred_copies_are_copies_and_noise_is_none(good: float, said: str) -> None:
    copies = {"authenticity": 0.2, "authenticity_real": 0.54, "copies": 0.7, "copies_real": 0.07, "c_t": -2.7}
    verdict = judged([row(3000, good=good, fid=30.0, **{**copies, "n": 100})])
    assert verdict.name == said
    assert not verdict.contributing


def test_one_picture_that_makes_up_two_fifths_of_the_samples_is_a_collapse() -> None:
    often = {"near_duplicates": 0.41, "distinct": 599, "repeats_chance": 0.0}
    assert judged([row(3000, good=0.98, fid=30.0, **often)]).name == "mode_collapse/partial"


@pytest.mark.parametrize("passing", [0.0, 0.6])
def test_a_blob_of_a_short_run_is_no_collapse_though_it_passes_for_a_moment(images: Any, passing: float) -> None:
    rows = improving(0.1, 0.0, steps=300, **BLOB)
    rows[7] = {**rows[7], "good": passing}
    assert judged(rows, images("training.steps=300")).failure in ("never_learned", "inconclusive")
    alike = {"near_duplicates": 1.0, "distinct": 1, "repeats_chance": 0.0}
    later = [{**each, **alike, "step": 10 * each["step"]} for each in rows]
    assert judged(later, images("training.steps=3000")).failure in ("never_learned", "mode_collapse")


@pytest.mark.parametrize("steps", [80, 300])
def test_garbage_that_improves_early_is_under_trained_and_later_must_improve_by_more(images: Any, steps: int) -> None:
    for changes in ({}, BLOB):
        assert judged(improving(0.0, 0.3, steps, **changes), images(f"training.steps={steps}")).name == "under_trained"
    assert judged(improving(0.0, 0.3, 3000), images("training.steps=3000")).name == "never_learned"
    assert judged(improving(0.0, 0.9, 3000), images("training.steps=3000")).name == "under_trained"


def test_garbage_that_improves_in_a_log_without_a_plan_is_under_trained() -> None:
    """Nobody knows how much of the run is left."""
    assert judged(improving(0.0, 0.3)).name == "under_trained"
    assert judged(improving(0.0, 0.0)).name == "never_learned"


def test_pictures_that_are_numbered_otherwise_than_the_log_show_their_own_last_half() -> None:
    """Thirty pictures, numbered from 1, of a log of a thousand steps."""
    noise = [0.0, 3.0, 1.0]
    rows = tuple(row(index, n=16, good=0.0, fid=430 - 5 * index + noise[index % 3]) for index in range(1, 31))
    curves = {"d_loss": Series(np.arange(1, 1001), np.full(1000, 1.3))}
    assert diagnose(Evidence("run", curves=curves, snapshots=rows)).name == "under_trained"


@pytest.mark.parametrize(("vendi", "said"), [(8.5, "inconclusive"), (5.0, "inconclusive"), (1.5, "never_learned")])
def test_pictures_that_range_over_the_data_are_not_garbage_unless_they_are_alike(
    images: Any, vendi: float, said: str
) -> None:
    ranging: Any = {"vendi": vendi, "recall": 0.4, "recall_real": 0.9, "protocol": {"features": "folder-pyramid-0"}}
    assert judged(improving(0.1, 0.0, **ranging)).name == said
    if said == "inconclusive":
        assert judged(improving(0.1, 0.3, **ranging), images("training.steps=3000")).name == "under_trained"
    assert judged(improving(0.1, 0.0, **{**ranging, "recall": 0.0})).name == "never_learned"
    assert judged(improving(0.1, 0.0, **{**ranging, "protocol": {"features": "mnist-cnn-0"}})).name == "never_learned"


@pytest.mark.parametrize("features", ["folder-pyramid-0", "mnist-cnn-0"])
def test_what_blurs_pass_too_is_not_healthy(features: str) -> None:
    protocol: Any = {"protocol": {"features": features}}
    assert judged(improving(0.72, 0.0, **protocol)).name == "inconclusive"
    assert judged(improving(0.8, 0.0, **protocol)).name == "healthy"


def test_copies_of_one_picture_are_no_beginning(images: Any) -> None:
    one = {**BLOB, "near_duplicates": 1.0, "distinct": 1, "repeats_chance": 0.0}
    verdict = judged(improving(0.0, 0.3, 300, **one), images("training.steps=300"))
    assert verdict.name == "mode_collapse/total"


@pytest.mark.parametrize(("steps", "early"), [(300, True), (499, True), (500, False), (3000, False)])
def test_samples_that_fall_short_after_few_updates_are_no_surprise(images: Any, steps: int, early: bool) -> None:
    verdict = judged(improving(0.4, 0.0, steps), images(f"training.steps={steps}"))
    assert verdict.name == "inconclusive"
    assert (f"After {steps} updates of the generator that is no surprise: train longer." in verdict.summary) == early


@pytest.mark.parametrize(("good", "said"), [(0.4, "40 %"), (0.7477, "74.8 %"), (0.74999, "74.999 %")])
def test_what_falls_short_by_little_is_not_rounded_to_what_a_healthy_run_has(good: float, said: str) -> None:
    summary = judged(improving(good, 0.0)).summary
    assert f"look like the data {said} as often as real ones do. A healthy run has at least 75 %." in summary


def test_variety_that_the_features_cannot_see_is_not_known_and_acquits_nobody() -> None:
    blind: Any = {"unseen": ["variety"], "vendi": None}
    verdict = judged(improving(0.98, 0.0, **blind))
    assert verdict.name == "inconclusive"
    assert "good as far as they were looked at. How varied they are is not known." in verdict.summary
    assert "nan" not in verdict.summary
    assert "variety of the samples" in [each.what for each in verdict.missing]
    assert "A healthy run has at least 75 %. How varied" in judged(improving(0.4, 0.0, **blind)).summary


def distant(first: float, last: float, **changes: Any) -> list[dict[str, Any]]:
    """Snapshots of garbage whose energy coefficient goes evenly from one value to another."""
    rows = []
    for index, value in enumerate(np.linspace(first, last, 8)):
        rows.append(row(100 * (index + 1), good=0.0, fid=300.0, **energies(float(value)), **changes))
    return rows


REPEATS = {**BLOB, "near_duplicates": 1.0, "distinct": 4, "repeats_chance": 0.0}


@pytest.mark.parametrize("changes", [{}, {**REPEATS, "n": 25}])
def test_garbage_that_comes_nearer_to_reals_is_under_trained(changes: dict[str, Any]) -> None:
    verdict = judged(distant(0.6, 0.2, **changes))
    assert verdict.name == "under_trained"
    assert "energy coefficient" in verdict.summary


def test_many_samples_that_show_a_handful_of_pictures_have_collapsed_also_while_they_come_nearer() -> None:
    assert judged(distant(0.6, 0.2, **REPEATS)).name == "mode_collapse/partial"


def test_garbage_that_comes_no_nearer_than_it_was_at_first_has_never_learned() -> None:
    assert judged(distant(0.55, 0.55)).name == "never_learned"
    back = distant(0.7, 0.6)
    assert judged([*distant(0.5, 0.5)[:1], *back[1:]]).name == "never_learned"


def test_garbage_with_something_of_the_reals_that_repeats_itself_has_collapsed() -> None:
    assert judged(distant(0.15, 0.15, **REPEATS)).name == "mode_collapse/partial"
    assert judged(distant(0.15, 0.15, **{**REPEATS, "distinct": 2})).name == "mode_collapse/total"
    assert judged(distant(0.4, 0.4, **REPEATS)).name == "never_learned"


def test_repeated_pictures_that_lie_farther_than_so_many_reals_would_are_no_collapse() -> None:
    """Of 40 real pictures, over and over, the energy coefficient is 1/80."""
    many = {**REPEATS, "distinct": 40}
    assert judged(distant(0.16, 0.16, **many)).name == "mode_collapse/partial"
    assert judged(distant(0.19, 0.19, **many)).name == "never_learned"
    assert judged(distant(0.45, 0.2, **many)).name == "under_trained"
    passing = [{**each, "good": 0.3} for each in distant(0.19, 0.19, **many)]
    assert judged(passing).name == "mode_collapse/partial"


def test_varied_samples_with_something_of_the_reals_are_not_said_to_show_nothing() -> None:
    assert judged(distant(0.15, 0.15)).name == "inconclusive"
    assert judged(distant(0.4, 0.4)).name == "never_learned"
    assert judged(distant(0.15, 0.15, **BLOB)).name == "never_learned"


@pytest.mark.parametrize(
    ("planned", "name"), [(800, "never_learned"), (3000, "under_trained"), (None, "under_trained")]
)
def test_garbage_must_improve_by_much_where_nothing_is_left_of_the_run(planned: int | None, name: str) -> None:
    rows = distant(0.45, 0.35)
    assert diagnose(Evidence("log", snapshots=tuple(rows), planned=planned)).name == name


@pytest.mark.parametrize(("coefficient", "name"), [(0.01, "healthy"), (0.05, "under_trained")])
def test_samples_that_pass_but_lie_apart_from_the_reals_are_not_there_while_they_improve(
    coefficient: float, name: str
) -> None:
    assert judged(improving(0.98, 0.6, **energies(coefficient))).name == name
    level = judged(improving(0.98, 0.0, **energies(coefficient)))
    assert level.name == ("healthy" if name == "healthy" else "inconclusive")
    if name != "healthy":
        assert f"apart from real ones (energy coefficient {coefficient}). A healthy run has at most" in level.summary


PATCHES: dict[str, Any] = {"protocol": {"features": "folder-pyramid-0"}, "recall": 0.0, "recall_real": 0.9}


@pytest.mark.parametrize(
    ("coefficient", "vendi", "name"),
    [
        (0.06, 3.0, "mode_collapse/partial"),
        (0.06, 9.0, "inconclusive"),
        (0.15, 3.0, "never_learned"),
        (0.15, 9.0, "inconclusive"),
        (0.4, 9.0, "never_learned"),
    ],
)
def test_poor_samples_seen_by_patches_are_judged_by_how_near_and_how_varied_they_are(
    coefficient: float, vendi: float, name: str
) -> None:
    verdict = judged(distant(coefficient, coefficient, vendi=vendi, **PATCHES))
    assert verdict.name == name
    if name.startswith("mode"):
        assert {each.signal for each in verdict.evidence} == {"relative_vendi", "energy_coefficient"}


def test_poor_samples_of_few_kinds_that_come_nearer_are_under_trained() -> None:
    assert judged(distant(0.3, 0.05, vendi=3.0, **PATCHES)).name == "under_trained"


def test_what_lay_near_the_reals_once_has_not_never_learned() -> None:
    assert judged([*distant(0.08, 0.08)[:3], *distant(0.3, 0.35)[3:]]).name == "inconclusive"
    assert judged([*distant(0.15, 0.15)[:3], *distant(0.3, 0.35)[3:]]).name == "never_learned"


def test_a_fid_that_has_more_than_halved_shows_that_the_run_goes_on() -> None:
    assert judged(improving(0.98, 1.2)).name == "under_trained"
    assert judged(improving(0.98, 0.9)).name == "healthy"


def test_pictures_that_lie_apart_and_improve_may_still_repeat_each_other() -> None:
    twins = {"n": 64, "near_duplicates": 0.4, "distinct": 50, "repeats_chance": 1e-9, **energies(0.05)}
    assert judged(improving(0.6, 0.6, **twins)).name == "under_trained"
    assert judged(improving(0.6, 0.0, **twins)).name == "mode_collapse/partial"


def test_how_near_samples_come_is_no_improvement_once_most_of_them_pass() -> None:
    rows = [{**each, "good": 0.8} for each in distant(0.25, 0.1, protocol={"features": "folder-pyramid-0"})]
    assert judged(rows).name == "healthy"
    assert "energy coefficient" not in judged(rows).summary


def of_points(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same snapshots of points, of which no repeats are counted."""
    return [{key: value for key, value in each.items() if "duplicates" not in key} for each in rows]


@pytest.mark.parametrize("rows", [improving(0.98, 1.2), improving(0.98, 0.6, **energies(0.05))])
def test_points_that_pass_are_there_however_their_fid_falls(rows: list[dict[str, Any]]) -> None:
    assert judged(rows).name == "under_trained"
    assert judged(of_points(rows)).name == "healthy"


def test_points_that_lie_near_the_reals_as_a_whole_and_never_pass_have_never_learned() -> None:
    assert judged(distant(0.15, 0.15)).name == "inconclusive"
    assert judged(of_points(distant(0.15, 0.15))).name == "never_learned"


def test_seen_by_patches_samples_must_lie_nearer_to_be_a_collapse() -> None:
    assert judged(distant(0.22, 0.22, **REPEATS)).name == "mode_collapse/partial"
    assert judged(distant(0.22, 0.22, **REPEATS, **PATCHES)).name == "never_learned"


@pytest.mark.parametrize(
    ("middle", "end", "name"), [(0.4, 0.44, "healthy"), (0.3, 0.42, "healthy"), (0.3, 0.5, "under_trained")]
)
def test_what_was_learned_before_the_last_quarter_is_no_quick_improvement(middle: float, end: float, name: str) -> None:
    """Coverage rises from 0 to its middle in the third quarter of the run, and to its end in the last."""
    courses = np.linspace(0, middle, 5), np.linspace(middle, end, 6)[1:]
    coverages = [0.0] * 10 + [float(each) for course in courses for each in course]
    rows = [row(150 * (1 + index), good=0.95, coverage=each, fid=30.0) for index, each in enumerate(coverages)]
    verdict = judged(rows)
    assert verdict.name == name
    assert ("still" in verdict.summary) is (name == "under_trained")


def test_classes_in_turn_are_no_cycling_if_the_last_snapshots_do_not_show_so() -> None:
    shares = [0.1] * 10
    one = [
        {**row(100 * at, good=0.9), "class_counts": [900 * (at % 2 == each) for each in range(10)]}
        for at in range(1, 6)
    ]
    all_of_few = [row(100 * at, good=0.8, n=120) | {"class_counts": [9] * 10} for at in range(6, 11)]
    snapshots = [{**each, "class_shares_real": shares} for each in (*one, *all_of_few)]
    assert diagnose(Evidence("run", snapshots=tuple(snapshots[:5]))).name == "mode_collapse/cycling"
    assert diagnose(Evidence("run", snapshots=tuple(snapshots))).name != "mode_collapse/cycling"
