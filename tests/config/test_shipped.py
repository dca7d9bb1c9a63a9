from __future__ import annotations

from pathlib import Path

import pytest

from ganlab.config.load import load_experiment
from ganlab.config.shipped import find_config, find_sweep, list_configs, list_sweeps, shipped_configs
from ganlab.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]


def test_in_a_checkout_the_repository_has_them() -> None:
    assert shipped_configs() == REPOSITORY / "configs"


def test_every_one_is_listed_with_a_description_found_by_name_and_loads() -> None:
    experiments, sweeps = list_configs(), list_sweeps()
    files = sorted((REPOSITORY / "configs").rglob("*.yaml"))
    assert sorted(REPOSITORY / "configs" / f"{name}.yaml" for name, _ in [*experiments, *sweeps]) == files
    for name, description in [*experiments, *sweeps]:
        assert description
        assert find_config(name) == find_config(f"{name}.yaml")
    for name, _ in experiments:
        assert load_experiment(name) == load_experiment(find_config(name))
    for name, _ in sweeps:
        assert find_sweep(name) == find_sweep(name.removeprefix("sweeps/")) == find_config(name)


@pytest.mark.parametrize("name", ["dcgan_mnst", "../configs/dcgan_mnist", "/etc/passwd", "", "x\x1b[31m", "\x00"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError) as error:
        find_config(name)
    assert error.value.message.isprintable()
    with pytest.raises(ConfigError) as error:
        find_sweep(name)
    assert error.value.message.isprintable()


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(ConfigError, match=r"did you mean dcgan_mnist\?"):
        load_experiment("dcgan_mnst")
    with pytest.raises(ConfigError, match=r"did you mean induced_failures\?"):
        find_sweep("induced_failure")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("configs/rng.yaml", "ring"),
        ("nowhere/rng", "ring"),
        ("failures/latent1", "failures/latent_1"),
        ("latent_1", "failures/latent_1"),
        ("configs/sweeps/adam_mpa.yaml", "sweeps/adam_map"),
        ("mine/ring_mine.yaml", "mine/ring_of_mine.yaml"),
        ("mine/ring_of_min", "mine/ring_of_mine.yaml"),
    ],
)
def test_a_folder_in_front_hides_no_suggestion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/ring_of_mine.yaml").write_text("extends: ring")
    with pytest.raises(ConfigError, match=rf"did you mean {meant}\?"):
        load_experiment(name)
    # What is copied is shipped: no file of the user's is proposed.
    with pytest.raises(ConfigError) as error:
        find_config("mine/ring_of_min")
    assert "mine/" not in error.value.hint
