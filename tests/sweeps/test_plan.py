"""The plan: which runs, in which order, called what; and which specs are refused."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ganlab.config.load import apply_overrides, load_experiment
from ganlab.config.objectives import LOSSES
from ganlab.config.shipped import list_sweeps
from ganlab.errors import ConfigError
from ganlab.sweeps.plan import Plan, identity, label, make_plan, plain
from ganlab.sweeps.spec import dump_spec, load_spec, spec_from_mapping

SETTLES = {"measure": "settles", "runs": ["ring"], "between": [1, 2], "claim": "it settles", "source": "nobody"}
TWO: dict[str, Any] = {"name": "two", "runs": [{"config": "ring", "quick": True}, "mlp_mnist"], "seeds": 3}


def plan(values: dict[str, Any], **options: Any) -> Plan:
    return make_plan(spec_from_mapping({"name": "x", **values}), **options)


def grid(axes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"base": "mlp_mnist", "grid": axes, **more}


def refusal(values: dict[str, Any], **options: Any) -> str:
    with pytest.raises(ConfigError) as error:
        plan(values, **options)
    assert error.value.exit_code == 2
    return error.value.message


@contextmanager
def at_most_calls(most: int) -> Iterator[None]:
    """Fail as soon as more functions than that were called: a limit on work that no other load of the machine moves."""
    left = most

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise AssertionError(f"more than {most} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)


def seen(planned: Plan, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(run.experiment.model_dump()[key] for key in keys) for run in planned.runs]


# What is run


def test_a_grid_is_the_product_of_its_axes_the_last_one_fastest() -> None:
    planned = plan(grid({"loss": ["hinge", "minimax"], "optimizer.lr": [1e-4, 1e-3, 0.5]}))
    assert planned.axes == ("loss", "optimizer.lr")
    cells = [("hinge", 1e-4), ("hinge", 1e-3), ("hinge", 0.5), ("minimax", 1e-4), ("minimax", 1e-3), ("minimax", 0.5)]
    for run, (loss, lr) in zip(planned.runs, cells, strict=True):
        assert run.experiment == apply_overrides(load_experiment("mlp_mnist"), [f"loss={loss}", f"optimizer.lr={lr}"])
        assert run.settings == {"loss": loss, "optimizer.lr": label(lr)}
    assert planned.runs[1].config == "mlp_mnist (loss=hinge, optimizer.lr=1e-3)"


def test_linked_keys_take_one_value_for_all_or_one_for_each() -> None:
    planned = plan(grid({"generator.width, discriminator.width": [8, [16, 32]]}))
    widths = [(run.experiment.generator.width, run.experiment.discriminator.width) for run in planned.runs]
    assert widths == [(8, 8), (16, 32)]
    assert [run.settings for run in planned.runs] == [
        {"generator.width, discriminator.width": "8"},
        {"generator.width, discriminator.width": "[16, 32]"},
    ]


def test_an_axis_of_the_users_own_sets_several_keys_by_label() -> None:
    own = {
        "wgan, clipped": {"loss": "wasserstein", "stabilizers": [{"name": "weight_clipping", "limit": 0.02}]},
        "plain": {"loss": "non_saturating"},
    }
    clipped, plain = plan(grid({"objective": own})).runs
    assert (clipped.experiment.loss, clipped.experiment.stabilizers[0].limit) == ("wasserstein", 0.02)
    assert (plain.experiment.loss, plain.experiment.stabilizers) == ("non_saturating", ())
    assert [clipped.settings, plain.settings] == [{"objective": "wgan, clipped"}, {"objective": "plain"}]


def test_set_and_stop_on_hold_for_cells_and_configs_but_an_entry_has_its_own() -> None:
    values = grid({"latent.dim": [2, 3]}, set={"training.steps": 7}, stop_on=["diverged"])
    values["runs"] = ["ring", {"config": "dcgan_mnist", "set": {"training.steps": 9, "name": "mine"}}]
    planned = plan(values)
    assert [run.experiment.training.steps for run in planned.runs] == [7, 7, 7, 9]
    assert {run.experiment.monitor.stop_on for run in planned.runs} == {("diverged",)}
    assert [run.config for run in planned.runs[2:]] == ["ring", "mine"]
    assert [run.settings for run in planned.runs[2:]] == [{}, {}]


def test_every_configuration_comes_before_any_has_its_second_seed() -> None:
    values = {"runs": [{"config": "ring", "seeds": [5, 1, 3]}, "mlp_mnist"], "seeds": 2}
    order = [(run.config, run.seed) for run in plan(values).runs]
    assert order == [("ring", 5), ("mlp_mnist", 0), ("ring", 1), ("mlp_mnist", 1), ("ring", 3)]
    assert [(run.config, run.seed) for run in plan({**values, "limit": 3}).runs] == order[:3]
    assert all(run.experiment.seed == run.seed for run in plan(values).runs)


def test_a_range_of_seeds_plans_all_and_requires_the_fewest() -> None:
    claimed = {"config": {"extends": "ring", "expect": "healthy"}}
    values = {"runs": [claimed, "mlp_mnist"], "seeds": {"min": 2, "max": 4}}
    planned = plan({**values, "claims": [{**SETTLES, "runs": ["ring"]}]})
    assert [(run.config, run.seed, run.required) for run in planned.runs] == [
        ("ring", 0, True), ("mlp_mnist", 0, True), ("ring", 1, True), ("mlp_mnist", 1, True), ("ring", 2, False),
        ("ring", 3, False),
    ]  # fmt: skip
    assert planned.least == 4
    for options in ({"seeds": 3}, {"quick": True}):
        runs = plan({**values, "runs": [{**claimed, "quick": True}]}, **options).runs
        assert all(run.required for run in runs)
        assert len(runs) == options.get("seeds", 1)


def test_seeds_of_the_command_line_hold_for_all() -> None:
    values = {"runs": [{"config": "ring", "seeds": 10}, "mlp_mnist"], "seeds": [7]}
    assert [(run.config, run.seed) for run in plan(values, seeds=2).runs] == [
        ("ring", 0),
        ("mlp_mnist", 0),
        ("ring", 1),
        ("mlp_mnist", 1),
    ]


def test_quick_keeps_what_is_marked_with_its_first_seed() -> None:
    planned = plan(TWO, quick=True)
    assert [(run.config, run.seed, run.quick) for run in planned.runs] == [("ring", 0, True)]
    assert "marks no run as quick" in refusal({"runs": ["ring"]}, quick=True)


@pytest.mark.parametrize("options", [{}, {"quick": True}, {"seeds": 2}, {"seeds": 2, "quick": True}])
def test_the_spec_of_a_plan_gives_the_same_plan_again(tmp_path: Any, options: dict[str, Any]) -> None:
    planned = plan(TWO, **options)
    (tmp_path / "spec.yaml").write_text(dump_spec(planned.spec))
    assert make_plan(load_spec(tmp_path / "spec.yaml")) == planned


# Random draws


DRAWN = {
    "optimizer.lr": {"log_uniform": [1e-5, 1e-2]},
    "generator.width, discriminator.width": {"uniform": [4, 64]},
    "loss": {"choice": ["hinge", "minimax"]},
}


def test_draws_are_crossed_with_the_grid_and_depend_on_seed_and_index_alone() -> None:
    few = plan(grid({"latent.dim": [2, 3]}, random={"n": 4, "seed": 1, "draw": DRAWN}))
    more = plan(grid({"latent.dim": [2]}, random={"n": 6, "seed": 1, "draw": DRAWN}))
    assert few.axes == ("latent.dim", *DRAWN)
    drawn = [{key: run.settings[key] for key in DRAWN} for run in few.runs]
    assert drawn[:4] == drawn[4:] == [{key: run.settings[key] for key in DRAWN} for run in more.runs[:4]]
    other = plan(grid({"latent.dim": [2]}, random={"n": 4, "seed": 2, "draw": DRAWN}))
    assert [run.settings for run in other.runs] != [run.settings for run in few.runs[:4]]


def test_the_experiment_has_the_drawn_values_as_printed() -> None:
    for run in plan(grid({"latent.dim": [2]}, random={"n": 5, "draw": DRAWN})).runs:
        experiment, settings = run.experiment, run.settings
        assert float(settings["optimizer.lr"]) == experiment.optimizer.discriminator.lr
        assert 1e-5 <= experiment.optimizer.discriminator.lr <= 1e-2
        assert settings["generator.width, discriminator.width"] == str(experiment.generator.width)
        assert experiment.generator.width == experiment.discriminator.width
        assert settings["loss"] == experiment.loss


def test_equal_draws_are_one_run() -> None:
    values = {"base": "ring", "random": {"n": 50, "draw": {"loss": {"choice": ["hinge", "minimax"]}}}}
    assert sorted(run.experiment.loss for run in plan(values).runs) == ["hinge", "minimax"]


# Names


def test_the_identity_is_of_everything_but_words() -> None:
    ring = load_experiment("ring")
    told = apply_overrides(ring, ["name=other", "claim=nothing", "expect=healthy"])
    assert identity(ring) == identity(told)
    assert len(identity(ring)) == 8
    assert identity(ring).isalpha()
    assert identity(ring).islower()
    for change in ("seed=1", "training.steps=77", "optimizer.generator.lr=0.3", "monitor.stop_on=[diverged]"):
        assert identity(apply_overrides(ring, [change])) != identity(ring)


def test_ids_say_experiment_seed_and_identity() -> None:
    planned = plan(grid({"latent.dim": [2, 3]}, seeds=2))
    assert len({run.id for run in planned.runs}) == 4
    for run in planned.runs:
        assert run.id == f"mlp_mnist-s{run.seed}-{identity(run.experiment)}"


def test_the_folder_is_named_by_the_design() -> None:
    name = plan(TWO).folder_name
    assert name.startswith("sweep-two-")
    for same in ({"seeds": 1}, {"limit": 1}, {"claims": [SETTLES]}):
        assert plan({**TWO, **same}).folder_name == name
    assert plan(TWO, seeds=5).folder_name == plan(TWO, quick=True).folder_name == name
    for other in ({"name": "three"}, {"set": {"training.steps": 3}}, {"runs": ["ring"]}, {"stop_on": ["diverged"]}):
        assert plan({**TWO, **other}).folder_name != name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0001, "1e-4"), (0.00025, "2.5e-4"), (0.5, "0.5"), (0.05, "0.05"), (0.001, "1e-3"), (0.0, "0"), (1.0, "1"),
        (-0.0001, "-1e-4"), (1000.0, "1000"), (100000.0, "1e5"), (123456.0, "123456"), (1e22, "1e22"), (8, "8"),
        (100000, "100000"), (True, "true"), (None, "null"), ("hinge", "hinge"), ([0.5, 0.999], "[0.5, 0.999]"),
        ([], "[]"), ([{"name": "r1", "weight": 10.0}], "[{name: r1, weight: 10}]"),
    ],
)  # fmt: skip
def test_a_label_is_short(value: object, text: str) -> None:
    assert label(value) == text
    if isinstance(value, float):
        assert float(text) == value


def test_an_axis_of_betas_has_lists_for_labels() -> None:
    planned = plan(grid({"optimizer.betas": [[0.5, 0.999], [0.9, 0.999]]}))
    assert [run.settings["optimizer.betas"] for run in planned.runs] == ["[0.5, 0.999]", "[0.9, 0.999]"]
    assert planned.runs[1].experiment.optimizer.generator.betas == (0.9, 0.999)


# What is refused


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (grid({"optimizer.lr": [1.0], "optimizer.generator.lr": [2.0]}),
         "the axis 'optimizer.lr' and the axis 'optimizer.generator.lr' both set optimizer.generator.lr"),
        (grid({"loss": ["hinge"], "objective": {"a": {"loss": "minimax"}}}),
         "the axis 'loss' and the axis 'objective' both set loss"),
        (grid({"loss": ["hinge"]}, random={"n": 2, "draw": {"loss": {"choice": ["minimax"]}}}),
         "the axis 'loss' and random 'loss' both set loss"),
        (grid({"latent": [{"dim": 2}]}, random={"n": 2, "draw": {"latent.dim": {"choice": [3]}}}),
         "the axis 'latent' and random 'latent.dim' both set latent.dim"),
        ({"base": "ring", "random": {"n": 2, "draw": {"optimizer.lr": {"choice": [1.0]},
                                                      "optimizer.discriminator.lr": {"choice": [1.0]}}}},
         "random 'optimizer.lr' and random 'optimizer.discriminator.lr' both set optimizer.discriminator.lr"),
        (grid({"loss": ["hinge"]}, set={"loss": "minimax"}), "`set` and the axis 'loss' both set loss"),
        (grid({"monitor.stop_on": [[], ["diverged"]]}, stop_on=["diverged"]),
         "`stop_on` and the axis 'monitor.stop_on' both set monitor.stop_on"),
        (grid({"latent.dim, latent.dim": [2, 3]}), "the axis 'latent.dim, latent.dim' names a key twice"),
        (grid({"mine": {"a": {"optimizer.lr": 1.0, "optimizer.generator.lr": 2.0}}}),
         "the axis 'mine' sets optimizer.generator.lr twice"),
        (grid({"generator.width, discriminator.width": [8, [8, 16, 32]]}),
         "grid: 'generator.width, discriminator.width' links 2 keys, and [8, 16, 32] has 3 values"),
        (grid({"seed": [1, 2]}), "the axis 'seed' sets seed"),
        ({"runs": [{"config": "ring", "set": {"seed": 3}}]}, "runs.0.set sets seed"),
        ({"runs": ["ring"], "set": {"name": "y"}}, "`set` sets name"),
        (grid({"latent.dim": [2, 3, 2]}),
         "mlp_mnist (latent.dim=2) and mlp_mnist (latent.dim=2) are the same run, seed 0"),
        ({"runs": ["ring", {"config": "ring", "set": {"name": "other", "claim": "c"}}]},
         "ring and other are the same run"),
        ({"runs": [{"config": "ring", "seeds": [1, 2]}, {"config": "ring", "seeds": [2, 3]}]},
         "ring and ring are the same run, seed 2"),
        ({"runs": ["ring", {"config": "ring", "set": {"training.steps": 9}}]},
         "two configurations that differ are called ring"),
        ({"runs": ["ring"], "claims": [{**SETTLES, "runs": ["rung"]}]},
         "claims.0 is about 'rung', which is no configuration of x"),
        ({"runs": ["ring"], "claims": [{"measure": "settle"}]}, "sweep: claims.0.measure: no measure called 'settle'"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(values: dict[str, Any], words: str) -> None:
    assert refusal(values).startswith(words)


def test_the_same_config_twice_with_other_seeds_is_fine() -> None:
    values = {"runs": [{"config": "ring", "seeds": [1, 2]}, {"config": "ring", "seeds": [3]}]}
    assert sorted(run.seed for run in plan(values).runs) == [1, 2, 3]
    assert "the same run, seed 0" in refusal(values, seeds=1)


def test_an_axis_over_the_entry_of_a_list_goes_with_one_over_the_list() -> None:
    axes = {"penalties": [[{"name": "r1"}], [{"name": "r2"}]], "penalties.0.weight": [1.0, 10.0]}
    found = [(run.experiment.penalties[0].name, run.experiment.penalties[0].weight) for run in plan(grid(axes)).runs]
    assert found == [("r1", 1.0), ("r1", 10.0), ("r2", 1.0), ("r2", 10.0)]


def test_every_problem_of_every_cell_is_told_once() -> None:
    message = refusal(grid({"latnt.dim": [1, 2], "generator.width": [8, 0], "loss": ["hinge", "hing"]}))
    assert message.splitlines() == [
        "in 4 of 8 cells, e.g. mlp_mnist (latnt.dim=1, generator.width=8, loss=hinge): "
        "override latnt.dim=1: unknown key; did you mean latent.dim?",
        "in 4 of 8 cells, e.g. mlp_mnist (latnt.dim=1, generator.width=8, loss=hing): override loss='hing': "
        f"no loss called 'hing'; did you mean hinge? there are {', '.join(LOSSES)}",
        "in 4 of 8 cells, e.g. mlp_mnist (latnt.dim=1, generator.width=0, loss=hinge): "
        "override generator.width=0: must be at least 1, got 0",
        "in 4 of 8 cells, e.g. mlp_mnist (latnt.dim=2, generator.width=8, loss=hinge): "
        "override latnt.dim=2: unknown key; did you mean latent.dim?",
    ]


def test_a_problem_of_one_configuration_names_it() -> None:
    message = refusal({"runs": ["mlp_mnist", {"config": "ring", "set": {"generator.name": "dcgan"}}]})
    assert message.startswith("ring: override generator.name='dcgan': dcgan works on images")


def test_no_more_than_20_lines() -> None:
    lines = refusal(grid({"latent.dim": list(range(-30, 0))})).splitlines()
    assert len(lines) == 21
    assert lines[20] == "and 10 problems more"


@pytest.mark.parametrize(
    ("values", "count"),
    [
        (grid({"latent.dim": list(range(1, 1001)), "training.steps": list(range(1, 1001)),
               "generator.width": list(range(1, 1001))}), "1,000,000,000"),
        ({"base": "ring", "random": {"n": 10**9, "draw": {"latent.dim": {"choice": [1]}}}}, "1,000,000,000"),
        ({"base": "ring", "seeds": 10**9, "limit": 3}, "1,000,000,000"),
        ({"runs": ["ring", {"config": "mlp_mnist", "seeds": 10_000}]}, "10,001"),
    ],
)  # fmt: skip
def test_far_too_many_runs_are_refused_before_they_are_made(values: dict[str, Any], count: str) -> None:
    spec = spec_from_mapping({"name": "x", **values})
    with pytest.raises(ConfigError) as error, at_most_calls(1_000_000):
        make_plan(spec)
    assert error.value.message == f"x expands to {count} runs, more than 10,000"
    assert "--yes" in error.value.hint


def test_more_than_10_000_can_be_meant() -> None:
    assert len(plan({"base": "ring", "seeds": 10_000}).runs) == 10_000
    assert len(plan({"base": "ring", "seeds": 10_001}, yes=True).runs) == 10_001


def test_no_seeds_leave_nothing() -> None:
    assert refusal(TWO, seeds=0) == "0 seeds leave nothing to run"


def test_claims_name_configurations_or_match_them() -> None:
    claims = [{**SETTLES, "runs": ["mlp_mnist (*)"]}, {**SETTLES, "runs": ["ring"]}]
    values = grid({"latent.dim": [2, 3]}, runs=[{"config": "ring", "quick": True}], claims=claims)
    assert [claim.runs for claim in plan(values, quick=True).spec.claims] == [("mlp_mnist (*)",), ("ring",)]


def test_a_thousand_cells_are_checked_in_seconds() -> None:
    axes = {"latent.dim": list(range(1, 51)), "generator.width": list(range(1, 21))}
    start = time.process_time()
    assert len(plan(grid(axes)).runs) == 1000
    assert time.process_time() - start < 20  # 2 on an idle core
    start = time.process_time()
    assert "in 50 of 1000 cells" in refusal(grid({**axes, "generator.width": list(range(-19, 1))}))
    assert time.process_time() - start < 40


@pytest.mark.parametrize("name", [name for name, _ in list_sweeps()])
def test_a_shipped_sweep_can_be_run(name: str) -> None:
    assert make_plan(load_spec(name)).runs


def test_planning_imports_neither_torch_nor_scipy() -> None:
    code = """
import sys
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import load_spec
assert make_plan(load_spec("induced_failures")).spec.claims
print([name for name in ("torch", "scipy", "matplotlib") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_labels_are_values_again_for_other_programs() -> None:
    values = {"a": 1e-4, "b": [0.5, 3], "c": None, "d": True, "e": "hinge", "f": {"name": "r1"}, "g": 12}
    labels = {axis: label(value) for axis, value in values.items()}
    assert plain(labels) == {**values, "f": "{name: r1}"}
    assert plain({"a": label(float("nan")), "b": label(float("inf"))}) == {"a": "nan", "b": "inf"}
