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
