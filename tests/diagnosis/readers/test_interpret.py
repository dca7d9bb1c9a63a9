from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.readers.interpret import interpret, interpret_columns
from ganlab.diagnosis.readers.log import Log, Name, Place
from ganlab.errors import RunError


def read(*rows: Mapping[str, float], separate: bool = False, **mapping: str) -> Evidence:
    """Read rows; `step` of a row is its place."""
    log = Log("log", "a log")
    log.facts.separate = separate
    for row in rows:
        step = row.get("step")
        log.add({Name(name): value for name, value in row.items() if name != "step"}, Place(iteration=step))
    return interpret(log, mapping)


def column(evidence: Evidence, name: str) -> tuple[str | None, str, str]:
    assert evidence.read is not None
    found = next(each for each in evidence.read.columns if each.name == name)
    return found.quantity, found.player, found.proposal


def test_the_plainer_of_two_columns_is_taken() -> None:
    found = read({"d_loss_epoch": 1.0, "val/d_loss": 2.0, "train/d_loss_step": 3.0})
    assert found.curves["d_loss"].values.tolist() == [3.0]
    assert "taken: d_loss from `train/d_loss_step`" in found.notes
    assert column(found, "val/d_loss")[0] == "another d_loss"


def test_an_ambiguous_match_is_told() -> None:
    notes = read({"lossD": 1.0, "errD": 2.0}).notes
    assert any("`lossD`, `errD` all fit" in note and "--map d_loss=NAME" in note for note in notes)


def test_map_wins_and_forgives_case() -> None:
    found = read({"d_loss": 1.0, "Weird D": 2.0, "x": 3.0}, d_loss="weird_d", g_loss="x")
    assert found.curves["d_loss"].values.tolist() == [2.0]
    assert found.curves["g_loss"].values.tolist() == [3.0]


@pytest.mark.parametrize("quantity", ["fid", "kid", "inception_score", "f8", "lr_g", "lr_d", "augment", "grad_g"])
def test_map_takes_every_quantity(quantity: str) -> None:
    found = read({"x": 1.0, "d_loss": 2.0}, **{quantity: "x"})
    assert {**found.curves, **found.quality, **found.controls}[quantity].values.tolist() == [1.0]


def test_map_names_the_column_of_steps() -> None:
    found = read({"d_loss": 1.0, "seen": 30}, {"d_loss": 2.0, "seen": 60}, step="seen")
    assert found.curves["d_loss"].steps.tolist() == [30, 60]
    found = read({"d_loss": 1.0, "e": 3}, {"d_loss": 2.0, "e": 4}, epoch="e")
    assert (found.curves["d_loss"].steps.tolist(), found.unit) == ([3, 4], "epoch")


def test_map_names_a_player() -> None:
    found = read({"p": 1.0, "q": 2.0}, **{"A.d_loss": "p", "B.d_loss": "q"})
    assert {player: curves["d_loss"].values.tolist() for player, curves in found.players.items()} == {
        "A": [1.0],
        "B": [2.0],
    }


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"dloss": "a"}, "no such quantity; d_loss is close"),
        ({"d_loss": "bbb"}, "no such column"),
        ({"d_loss": "aa1"}, "no such column; `aa2` is close"),
        ({"d_loss": "aa2", "g_loss": "aa2"}, "`aa2` for two quantities, d_loss and g_loss"),
    ],
)
def test_a_wrong_map_is_refused(mapping: dict[str, str], message: str) -> None:
    with pytest.raises(RunError, match=message):
        read({"aa2": 1.0}, **mapping)


def test_where_nothing_fits_the_names_are_listed_and_some_proposed() -> None:
    with pytest.raises(RunError, match="`DF`, `xx`") as caught:
        read({"DF": 1.0, "xx": 2.0})
    assert "--map d_loss=DF" in caught.value.hint


@pytest.mark.parametrize("names", [("lr",), ("seed", "kernel_size"), ("time", "L1 regularization of weights")])
def test_settings_alone_are_no_log(names: tuple[str, ...]) -> None:
    with pytest.raises(RunError, match="no column that is known"):
        read(dict.fromkeys(names, 1.0))


def test_nan_in_an_unknown_name_is_said_where_nothing_is_known() -> None:
    with pytest.raises(RunError, match="NaN was seen in `DF`, which is not a known name") as caught:
        read({"DF": 1.0}, {"DF": math.nan})
    assert "--map d_loss=DF" in caught.value.hint


def test_names_in_notes_steer_no_terminal() -> None:
    notes = read({"loss\x1b_d\n" + "_" * 1000: 1.0}).notes
    assert all(each.isprintable() and len(each) < 200 for each in notes)


@pytest.mark.parametrize("name", ["G_VGG", "strange"])
def test_a_nan_that_stays_is_seen_under_any_name(name: str) -> None:
    rows = [{"step": step, "d_loss": 1.0, name: 2.0} for step in (1, 2)]
    found = read(*rows, {"step": 3, "d_loss": 1.0, name: math.nan})
    assert found.non_finite is not None
    assert (found.non_finite.step, found.non_finite.signal) == (3, name)


def test_a_nan_that_the_losses_outlive_is_only_said() -> None:
    rows: list[dict[str, float]] = [{"step": 1, "d_loss": 1.0, "strange": 2.0}]
    rows += [{"step": step, "d_loss": 1.0, "strange": math.nan} for step in (2, 3)]
    found = read(*rows)
    assert found.non_finite is None
    assert "NaN or infinite values were seen in `strange`, which is not judged" in found.notes


def test_a_nan_that_the_losses_show_is_theirs() -> None:
    found = read({"step": 1, "d_loss": 1.0, "G_L1": 2.0}, {"step": 2, "d_loss": math.nan, "G_L1": math.nan})
    assert found.non_finite is None
    assert math.isnan(found.curves["d_loss"].values[-1])


def test_only_a_total_is_read_but_judges_nothing() -> None:
    found = read({"gen_total_loss": 12.0, "l1": 3.0})
    assert found.curves == {}
    assert column(found, "gen_total_loss")[0] == "generator total"


def test_a_restart_is_kept_and_said() -> None:
    rows = [{"step": s, "d_loss": v} for s, v in [(1, 0.1), (2, 0.2), (3, 0.3), (2, 0.25), (4, 0.4)]]
    found = read(*rows)
    assert found.curves["d_loss"].steps.tolist() == [1, 2, 4]
    assert found.curves["d_loss"].values.tolist() == [0.1, 0.25, 0.4]
    assert found.restarts == (2,)
    assert found.read is not None
    assert dict(found.read.dropped) == {"rows of an earlier pass, before a restart": 2}


def test_metrics_of_a_kept_model_restart_nothing() -> None:
    found = read(
        {"step": 10, "d_loss": 1.0},
        {"step": 10, "fid": 50.0},
        {"step": 20, "d_loss": 2.0},
        {"step": 20, "fid": 60.0},
        {"step": 20, "fid": 61.0},
        {"step": 10, "fid": 49.0},
    )
    assert found.quality["fid"].steps.tolist() == [10, 20]
    assert found.quality["fid"].values.tolist() == [50.0, 60.0]
    assert len(found.curves["d_loss"]) == 2


def test_columns_with_rows_of_their_own_restart_on_their_own() -> None:
    rows: list[dict[str, float]] = [{"step": step, "d_loss": 1.0} for step in (1, 2, 3)]
    rows += [{"step": step, "g_loss": 2.0} for step in (1, 2, 3)]
    found = read(*rows, separate=True)
    assert found.curves["d_loss"].steps.tolist() == found.curves["g_loss"].steps.tolist() == [1, 2, 3]
    assert found.restarts == ()


def test_sparse_rows_of_one_step_are_joined() -> None:
    found = read({"step": 1, "d_loss": 1.0}, {"step": 1, "g_loss": 2.0}, {"step": 2, "g_loss": 3.0})
    assert found.curves["d_loss"].values.tolist() == [1.0]
    assert found.curves["g_loss"].values.tolist() == [2.0, 3.0]


def test_rows_that_repeat_a_step_are_counted() -> None:
    found = read(*({"step": 1, "d_loss": value} for value in (1.0, 2.0, 3.0)))
    assert found.curves["d_loss"].values.tolist() == [3.0]
    assert found.read is not None
    assert dict(found.read.dropped) == {"rows repeat a step": 2}


def test_one_accuracy_stands_for_both_and_says_so() -> None:
    found = read({"acc": 0.5}, {"acc": 0.75})
    assert found.curves["d_acc_real"].values.tolist() == found.curves["d_acc_fake"].values.tolist() == [0.5, 0.75]
    assert any("one accuracy" in note for note in found.notes)


def test_one_learning_rate_stands_for_both() -> None:
    found = read({"lr": 1e-4, "d_loss": 1.0})
    assert found.controls["lr_g"].values.tolist() == found.controls["lr_d"].values.tolist() == [1e-4]


def test_halves_add_up_to_the_whole() -> None:
    found = read({"step": 1, "d_loss_real": 0.5, "d_loss_fake": 0.25})
    assert found.curves["d_loss"].values.tolist() == [0.75]


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_what_adds_up_to_the_loss_is_its_halves_whatever_its_name(factor: float) -> None:
    rows = [{"step": n, "D_real": 0.1 * n, "D_fake": 0.7, "D_loss": factor * (0.1 * n + 0.7)} for n in range(6)]
    found = read(*rows)
    assert {"d_loss_real", "d_loss_fake"} <= found.curves.keys()
    assert "d_real" not in found.curves
    assert column(found, "D_real")[0] == "d_loss_real"


def test_what_a_critic_subtracts_are_scores() -> None:
    rows = [{"step": n, "d_loss_real": 0.1 * n, "d_loss_fake": 0.7, "d_loss": 0.1 * n - 0.7} for n in range(6)]
    found = read(*rows)
    assert found.curves.keys() == {"d_loss"}
    assert column(found, "d_loss_real")[0] == "other score"


def test_the_rows_before_the_discriminator_starts_are_left_out() -> None:
    rows = [{"step": n, "d_loss": 0.0, "g_loss": 0.1} for n in range(6)]
    rows += [{"step": 6 + n, "d_loss": 1.0 + n, "g_loss": 0.2} for n in range(3)]
    found = read(*rows)
    assert found.curves["d_loss"].steps.tolist() == found.curves["g_loss"].steps.tolist() == [6, 7, 8]
    assert any("starts at step 6" in note for note in found.notes)


def test_a_discriminator_that_starts_late_may_lose_nothing_afterwards() -> None:
    late = [0.0] * 6 + [1.8, 0.0, 0.4]
    rows = [{"step": n, "disc_loss": value, "g_loss": 0.1, "g_l1": 1.0} for n, value in enumerate(late)]
    assert read(*rows).curves["d_loss"].steps.tolist() == [6, 7, 8]
    plain = [{"step": n, "disc_loss": value, "g_loss": 0.1} for n, value in enumerate(late)]
    assert len(read(*plain).curves["d_loss"]) == 9  # without other terms D has always been there


def test_a_discriminator_that_has_not_started_is_not_judged() -> None:
    found = read(*({"step": n, "disc_loss": 0.0, "g_gan_loss": 0.1, "g_l1": 1.0} for n in range(9)))
    assert found.curves == {}
    assert any("has not started" in note for note in found.notes)


def test_a_discriminator_that_never_moves_is_kept() -> None:
    found = read(*({"step": n, "d_loss": 0.0, "g_loss": 0.1} for n in range(9)))
    assert len(found.curves["d_loss"]) == 9


def test_impossible_fids_are_no_error() -> None:
    found = read({"step": 0, "fid": 1e57}, {"step": 1, "fid": -3e68})
    assert found.quality == {}
    assert any("no FIDs" in note for note in found.notes)


def test_every_column_is_reported_with_its_range() -> None:
    found = read({"d_loss": 1.0, "Q": 4.0}, {"d_loss": 2.0, "Q": math.nan})
    assert found.read is not None
    odd = next(each for each in found.read.columns if each.name == "Q")
    assert (odd.quantity, odd.rows, odd.low, odd.high, odd.not_finite) == (None, 2, 4.0, 4.0, 1)
    assert found.read.as_json()["columns"] == {"d_loss": "d_loss"}
    assert found.read.as_json()["not_understood"] == ("Q",)


def columns(**given: list[float]) -> dict[str, Series]:
    return {
        name.replace("__", "/"): Series(np.arange(1, len(values) + 1), np.array(values, dtype=np.float64))
        for name, values in given.items()
    }


def test_columns_of_a_watched_loop_are_taken_like_those_of_a_log() -> None:
    known = Evidence("run", family="hinge", planned=9, snapshots=({"step": 2},))  # type: ignore[arg-type]
    found = interpret_columns(
        columns(a__d_loss=[1.0, 2.0], b__d_loss=[3.0, 4.0], g_loss_adv=[5.0, 6.0], l1=[7.0, 8.0], fid=[90.0, 80.0]),
        known,
    )
    assert {player: curves["d_loss"].values.tolist() for player, curves in found.players.items()} == {
        "a": [1.0, 2.0], "b": [3.0, 4.0],
    }  # fmt: skip
    assert {name: curve.values.tolist() for name, curve in found.curves.items()} == {"g_loss": [5.0, 6.0]}
    assert found.quality["fid"].values.tolist() == [90.0, 80.0]
    assert found.weighted
    assert (found.family, found.planned, found.snapshots) == ("hinge", 9, known.snapshots)


def test_columns_called_as_documented_keep_their_meaning() -> None:
    """Beside names that a trainer of other losses uses as well."""
    names = ["D_A", "G_A", "cycle_A", "idt_A", "D_B", "G_B", "cycle_B", "idt_B"]
    theirs = columns(**{name: [0.2, 0.3] for name in names})
    assert interpret_columns(theirs, Evidence("run")).players.keys() == {"A", "B"}
    found = interpret_columns({**theirs, **columns(d_loss=[1.0, 2.0], g_loss=[3.0, 4.0])}, Evidence("run"))
    assert found.players == {}
    assert {name: curve.values.tolist() for name, curve in found.curves.items()} == {
        "d_loss": [1.0, 2.0], "g_loss": [3.0, 4.0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"d_loss": [1.0, math.nan, 1.0]}, (2, "d_loss")),
        ({"d_loss_A": [1.0, 2.0, 3.0], "d_loss_B": [1.0, 2.0, math.inf]}, (3, "d_loss_B")),
        ({"d_loss": [1.0, 1.0, 1.0], "grad_g": [1.0, math.inf, 1.0]}, None),  # an overflow that a scaler skipped
        ({"d_loss": [1.0, 1.0, 1.0], "fid": [math.nan, math.nan, 9.0]}, None),  # not measured at every step
        ({"d_loss": [math.nan, 1.0, 1.0]}, None),  # a player that has not moved yet
        ({"d_loss": [1.0, 1.0], "mine": [1.0, 1.0, math.nan]}, (3, "mine")),
    ],
)
def test_a_number_that_is_none_counts_where_training_depends_on_it(
    given: dict[str, list[float]], told: tuple[int, str] | None
) -> None:
    found = interpret_columns(columns(**given), Evidence("run")).non_finite
    assert (found and (found.step, found.signal)) == told


def test_columns_of_which_none_is_known_are_listed() -> None:
    found = interpret_columns(columns(this=[1.0], that=[2.0]), Evidence("run"))
    assert found.curves == {}
    assert found.notes == ("none of the columns `this`, `that` is known as a loss, an accuracy, a score or a metric",)
