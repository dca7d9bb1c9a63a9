"""The file of a sweep: what it means, how it is written back, and what each mistake in it is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganlab.config.load import apply_overrides, load_experiment
from ganlab.config.yaml_text import MAX_BYTES
from ganlab.errors import ConfigError
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import Distribution, dump_spec, is_sweep, load_spec, spec_from_mapping, written_paths

WHOLE = """\
name: everything
base: {extends: below/small.yaml, latent: {dim: 3}}
set: {training.steps: 300}
grid:
  optimizer.lr: [1.0e-4, 1e-3]
  "generator.width, discriminator.width": [8, [8, 32]]
  name of my own:
    wgan, "clipped": {loss: wasserstein, stabilizers: [{name: weight_clipping, limit: 0.02}]}
    non-saturating: {loss: non_saturating}
random: {n: 2, seed: 3, draw: {latent.dim: {uniform: [4, 64]}, training.ema: {log_uniform: [0.5, 0.9]}}}
runs:
- below/small.yaml
- {config: dcgan_mnist, seeds: [4, 2], quick: true, set: {training.steps: 100, data.classes: null}}
- {config: {name: inline, loss: hinge}, seeds: 1}
seeds: 3
limit: 40
stop_on: [diverged, mode_collapse/total]
claims:
- {measure: settles, runs: [small], between: [10, 30], claim: "settled: by 30", source: "nobody"}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, text: str) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return name


def refusal(text: str, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_spec(write("x.yaml", text), overrides)
    return error.value.message.splitlines()


def test_names_are_found_from_the_spec_and_among_the_shipped_ones(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("project/below/small.yaml", "name: small\nlatent: {dim: 7}\ngenerator: {width: 4}")
    write("project/x.yaml", WHOLE)
    monkeypatch.chdir(here / "project" / "below")
    spec = load_spec("../x.yaml")
    small = load_experiment("small.yaml")
    assert spec.base == apply_overrides(small, ["latent.dim=3"])
    assert [entry.config for entry in spec.runs[:2]] == [small, load_experiment("dcgan_mnist")]
    assert (spec.runs[2].config.name, spec.runs[2].config.loss) == ("inline", "hinge")
    assert (spec.seeds, spec.runs[0].seeds, spec.runs[1].seeds) == (3, None, (4, 2))


def test_written_out_it_reads_back_equal_where_no_other_file_is(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("below/small.yaml", "name: small\nlatent: {dim: 7}")
    spec = load_spec(write("x.yaml", WHOLE))
    write("far/away/spec.yaml", dump_spec(spec))
    Path("below/small.yaml").unlink()
    monkeypatch.chdir(here / "far")
    again = load_spec("away/spec.yaml")
    assert again == spec
    assert list(again.grid) == list(spec.grid)
    assert dump_spec(again) == dump_spec(spec)
    assert make_plan(again) == make_plan(spec)


def test_a_spec_of_many_configs_may_be_larger_than_an_experiment_file() -> None:
    configs = [{"config": {"name": f"config_{index}", "latent": {"dim": index + 1}}} for index in range(150)]
    spec = spec_from_mapping({"name": "many", "runs": configs})
    text = dump_spec(spec)
    assert len(text) > MAX_BYTES
    assert load_spec(write("spec.yaml", text)) == spec


@pytest.mark.parametrize("named", ["some", "some/", "/folder"])
def test_runs_can_name_a_folder_whose_experiments_are_taken_in_order(here: Path, named: str) -> None:
    for name in ("b", "a", "c"):
        write(f"some/{name}.yaml", f"name: {name}")
    write("some/readme.txt", "no experiment")
    spec = load_spec(write("x.yaml", f"name: x\nruns: {named.replace('/folder', str(here / 'some'))}"))
    assert [entry.config.name for entry in spec.runs] == ["a", "b", "c"]


def test_runs_can_name_a_folder_of_shipped_experiments() -> None:
    names = [entry.config.name for entry in load_spec(write("x.yaml", "name: x\nruns: failures")).runs]
    assert "guide_latent_1" in names


def test_a_sweep_is_found_by_its_shipped_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("configs/sweeps/adam_map.yaml", "name: adam_map\nruns: [ring]")
    write("configs/ring.yaml", "name: ring")
    monkeypatch.setattr("ganlab.config.shipped.shipped_configs", lambda: here / "configs")
    specs = [
        load_spec(name) for name in ("adam_map", "sweeps/adam_map", "adam_map.yaml", "configs/sweeps/adam_map.yaml")
    ]
    assert specs == [specs[0]] * 4
    with pytest.raises(ConfigError, match=r"no sweep 'adam_mp'(.|\n)*did you mean adam_map\?"):
        load_spec("adam_mp")


def test_overrides_have_the_last_word_on_every_run() -> None:
    text = """\
name: x
base: dcgan_mnist
set: {training.steps: 300, optimizer.lr: 1e-2}
runs: [mlp_mnist, {config: ring, set: {training.steps: 100, optimizer: {generator: {lr: 1e-3}}}}]
"""
    spec = load_spec(write("x.yaml", text), ["training.steps=5", "optimizer.generator.lr=0.5"])
    runs = {run.config: run.experiment for run in make_plan(spec).runs}
    assert {run.training.steps for run in runs.values()} == {5}
    assert {run.optimizer.generator.lr for run in runs.values()} == {0.5}
    assert {run.optimizer.discriminator.lr for run in runs.values()} == {1e-2}
    assert load_spec(write("spec.yaml", dump_spec(spec))) == spec


def test_written_paths_are_those_that_overrides_set() -> None:
    assert written_paths({"optimizer.lr": 1}) == {"optimizer.generator.lr", "optimizer.discriminator.lr"}
    assert written_paths({"optimizer": {"lr": 1}, "loss": "hinge"}) == {
        "optimizer.generator.lr",
        "optimizer.discriminator.lr",
        "loss",
    }
    assert written_paths({"optimizer.generator": {"betas": [0.5, 0.9]}}) == {"optimizer.generator.betas"}
    assert written_paths({"penalties": [{"name": "r1"}]}) == {"penalties", "penalties.0.name"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: x\nbase: ring\nlimits: 3", "x.yaml:3: limits: unknown key; did you mean limit?"),
        ("name: x\nbase: ring\nwhat: 3", "x.yaml:3: what: unknown key; there are name, base, set, grid, random, runs, "
         "seeds, decide, limit, stop_on, claims, quick"),
        ("base: ring", "x.yaml:1: name: is missing"),
        ("name: a b\nbase: ring", "x.yaml:1: name: 'a b' does not fit: Name of the sweep and of its folder: "
         "letters, digits, `_`, `-` and `.`."),
        ("name: x\nseeds: 3", "x.yaml: there is nothing to run; give it a base, with grid or random, or runs"),
        ("name: x\ngrid: {loss: [hinge]}", "x.yaml: grid without base; name the experiment that it changes"),
        ("name: x\nrandom: {n: 1, draw: {loss: {choice: [hinge]}}}",
         "x.yaml: random without base; name the experiment that it changes"),
        ("name: x\nbase: ring\ngrid: {}", "x.yaml:3: grid: must have at least 1 entry, got 0"),
        ("name: x\nbase: ring\ngrid:", "x.yaml:3: grid: expected keys and values, got null"),
        ("name: x\nbase: ring\ngrid:\n  loss: []", "x.yaml:4: grid.loss: is an empty axis; give it values"),
        ("name: x\nbase: ring\ngrid:\n  mine: {}", "x.yaml:4: grid.mine: is an empty axis; give it values"),
        ("name: x\nbase: ring\ngrid:\n  latent.dim: 3", "x.yaml:4: grid.latent.dim: expected a list of values, got 3; "
         "write [3]"),
        ("name: x\nbase: ring\ngrid:\n  mine: {low: 3}", "x.yaml:4: grid.mine: low: expected dotted keys and their "
         "values, got 3; write {training.steps: 500}"),
        ("name: x\nruns: []", "x.yaml:2: runs: must have at least 1 entry, got 0"),
        ("name: x\nruns: nowhere", "x.yaml:2: runs: 'nowhere' is no folder with experiments (*.yaml), here or among "
         "the shipped ones"),
        ("name: x\nruns:\n- rong", "x.yaml:3: runs.0: no experiment 'rong': neither a file nor one of the shipped "
         "experiments; did you mean ring? `ganlab ls configs` lists those that are shipped"),
        ("name: x\nruns:\n- 3", "x.yaml:3: runs.0: expected a file, the name of a shipped experiment, or keys and "
         "values, got 3"),
        ("name: x\nruns:\n- {quick: true}", "x.yaml:3: runs.0.config: is missing"),
        ("name: x\nruns:\n- {config: ring, seed: 3}", "x.yaml:3: runs.0.seed: unknown key; did you mean seeds?"),
        ("name: x\nbase:\n  latent:\n    dmi: 3", "x.yaml:4: latent.dmi: unknown key; did you mean dim?"),
        ("name: x\nbase: 3", "x.yaml:2: base: expected a file, the name of a shipped experiment, or keys and values, "
         "got 3"),
        ("name: x\nbase: ring\nseeds: []", "x.yaml:3: seeds: must have at least 1 entry, got 0"),
        ("name: x\nbase: ring\nseeds: 0", "x.yaml:3: seeds: must be at least 1, got 0"),
        ("name: x\nbase: ring\nseeds: -3", "x.yaml:3: seeds: must be at least 1, got -3"),
        ("name: x\nbase: ring\nseeds: [1, -3]", "x.yaml:3: seeds.1: must be at least 0, got -3"),
        ("name: x\nbase: ring\nseeds: [1, 2, 1]", "x.yaml:3: seeds: names seed 1 twice; name it once"),
        ("name: x\nbase: ring\nseeds: many", "x.yaml:3: seeds: expected a whole number, a list or keys "
         "and values, got 'many'"),
        ("name: x\nbase: ring\nseeds: {min: 20, max: 3}", "x.yaml:3: seeds: min 20 is above max 3; "
         "write {min: 3, max: 20}"),
        ("name: x\nruns:\n- {config: ring, seeds: {min: 4, max: 3}}", "x.yaml:3: runs.0.seeds: min 4 is above max 3; "
         "write {min: 3, max: 4}"),
        ("name: x\nbase: ring\nseeds: {min: 3}", "x.yaml:3: seeds.max: is missing"),
        ("name: x\nbase: ring\nseeds: {min: 0, max: 3}", "x.yaml:3: seeds.min: must be at least 1, got 0"),
        ("name: x\nbase: ring\nseeds: {min: 1, max: 2, most: 3}", "x.yaml:3: seeds.most: unknown key; "
         "there are min, max"),
        ("name: x\nbase: ring\ndecide: 95", "x.yaml:3: decide: must be below 1, got 95"),
        ("name: x\nbase: ring\ndecide:", "x.yaml:3: decide: expected a number, got null"),
        ("name: x\nruns:\n- {config: ring, seeds: [1, 1]}", "x.yaml:3: runs.0.seeds: names seed 1 twice; name it once"),
        ("name: x\nbase: ring\nlimit: 0", "x.yaml:3: limit: must be at least 1, got 0"),
        ("name: x\nbase: ring\nquick: 1", "x.yaml:3: quick: expected true or false, got 1"),
        ("name: x\nbase: ring\nstop_on: [collapse]", "x.yaml:3: stop_on: 'collapse' is not a failure; did you mean "
         "mode_collapse? failures are "
         "diverged, convergence_failure, never_learned, mode_collapse, condition_ignored, codes_ignored, "
         "cycle_shortcut, memorisation, discriminator_overfit, degraded, oscillation"),
        ("name: x\nbase: ring\nstop_on: [mode_collapse/full]", "x.yaml:3: stop_on: mode_collapse has no variant "
         "'full'; its variants: one_direction, total, cycling, within_class, within_mode, partial"),
        ("name: x\nbase: ring\nrandom: {n: 0, draw: {latent.dim: {choice: [1]}}}",
         "x.yaml:3: random.n: must be at least 1, got 0"),
        ("name: x\nbase: ring\nrandom: {n: 2}", "x.yaml:3: random.draw: is missing"),
        ("name: x\nbase: ring\nrandom: {n: 2, draw: {}}", "x.yaml:3: random.draw: must have at least 1 entry, got 0"),
        ("name: x\nbase: ring\nrandom: {n: 2, draw: {latent.dim: {gaussian: [0, 1]}}}", "x.yaml:3: "
         "random.draw.latent.dim.gaussian: unknown key; there are uniform, log_uniform, choice"),
        ("name: x\nbase: ring\nrandom: {n: 2, draw: {latent.dim: {choice: [3], uniform: [0, 1]}}}", "x.yaml:3: "
         "random.draw.latent.dim: give one of uniform: [LOW, HIGH], log_uniform: [LOW, HIGH] or choice: [VALUES]"),
        ("name: x\nbase: ring\nrandom: {n: 2, draw: {latent.dim: {uniform: [9, 4]}}}", "x.yaml:3: "
         "random.draw.latent.dim: the lower bound 9 is not below the upper one 4"),
        ("name: x\nbase: ring\nrandom: {n: 2, draw: {optimizer.lr: {log_uniform: [0, 4]}}}", "x.yaml:3: "
         "random.draw.optimizer.lr: log_uniform needs bounds above 0, got 0"),
        ("name: x\nbase: ring\nrandom: {n: 2, draw: {optimizer.lr: {log_uniform: [.nan, 4]}}}", "x.yaml:3: "
         "random.draw.optimizer.lr.log_uniform.0: must be a finite number, got .nan"),
        ("name: x\nbase: ring\nclaims: settles", "x.yaml:3: claims: expected a list, got 'settles'"),
        ("name: x\nbase: ring\nseeds: 3\nseeds: 4", "x.yaml:4: seeds: the key is given in lines 3 and 4; keep one"),
        ("[]", "x.yaml:1: expected keys and values, got []"),
        ("name: [", "x.yaml:1: not YAML: expected the node content, but found '<stream end>' (while parsing a flow "
         "node in line 1)"),
    ],
)  # fmt: skip
def test_the_line_a_mistake_gets(text: str, line: str) -> None:
    assert refusal(text) == [line]


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    found = refusal("name: a b\nbase: nowhere\nseeds: 0\nruns: [3]\nlimt: 4", "training.steps")
    assert [line.split(": ")[:2] for line in found] == [
        ["x.yaml:1", "name"],
        ["x.yaml:2", "base"],
        ["x.yaml:3", "seeds"],
        ["x.yaml:4", "runs.0"],
        ["x.yaml:5", "limt"],
        ["override training.steps", "expected KEY=VALUE in plain text, such as training.steps=500"],
    ]


@pytest.mark.parametrize("text", ["name: x\nlatent: {dim: 3}", "extends: ring", "seed: 3"])
def test_an_experiment_is_no_sweep(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_spec(write("x.yaml", text))
    assert error.value.message == "x.yaml: this is an experiment, not a sweep"
    assert "`ganlab train x.yaml` runs it" in error.value.hint
    assert not is_sweep("x.yaml")


@pytest.mark.parametrize("load", [load_experiment, lambda name: load_experiment(write("y.yaml", f"extends: {name}"))])
def test_a_sweep_is_no_experiment(load: Callable[[str], object]) -> None:
    with pytest.raises(ConfigError) as error:
        load(write("x.yaml", "name: x\nbase: ring\nseeds: 3"))
    assert error.value.message == "x.yaml: this is a sweep, not an experiment"
    assert error.value.hint == "`ganlab sweep x.yaml` runs it"
    assert is_sweep("x.yaml")
    assert not is_sweep("nowhere.yaml")


def test_whole_numbers_are_drawn_evenly_and_both_bounds_belong() -> None:
    rng = np.random.default_rng(0)
    drawn = [Distribution(uniform=(-2, 2)).draw(rng) for _ in range(5000)]
    assert {type(value) for value in drawn} == {int}
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2]
    assert np.abs(counts / 5000 - 0.2).max() < 0.03


def test_log_uniform_is_uniform_in_the_logarithm_with_four_digits() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([Distribution(log_uniform=(1e-5, 1e-1)).draw(rng) for _ in range(4000)])
    assert [float(f"{value:.4g}") for value in drawn] == drawn.tolist()
    counts, _ = np.histogram(np.log10(drawn), bins=4, range=(-5, -1))
    assert np.abs(counts / 4000 - 0.25).max() < 0.03


def test_whole_numbers_in_the_logarithm_have_the_share_of_their_interval() -> None:
    rng = np.random.default_rng(0)
    drawn = np.array([Distribution(log_uniform=(1, 3)).draw(rng) for _ in range(4000)])
    shares = np.bincount(drawn)[1:] / 4000
    assert shares == pytest.approx(np.diff(np.log([1, 2, 3, 4])) / np.log(4), abs=0.03)


def test_a_spec_is_read_and_planned_without_torch() -> None:
    code = "import sys; from ganlab.sweeps import plan, spec; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
