from __future__ import annotations

from typing import Any

import pytest

from ganlab.config.changes import changes
from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, experiment_from_mapping, load_experiment
from ganlab.config.tree import Location
from ganlab.config.yaml_text import read_yaml


def test_the_line_of_a_shipped_failure() -> None:
    assert changes(load_experiment("failures/stable"), load_experiment("failures/latent_1")) == [
        ("latent: {dim: 1}", "50")
    ]


def test_what_is_not_learned_from_is_no_change(points: Any) -> None:
    quiet = ("name=other", "seed=5", "expect=healthy", "claim=none", "monitor.snapshot_every=5", "training.steps=7")
    assert changes(points(), points(*quiet)) == []


def test_several_keys_of_a_section_are_one_line(points: Any) -> None:
    both = points("optimizer.lr=1e-3", "optimizer.discriminator.betas=[0.9,0.999]", "training.batch_size=32")
    found = dict(changes(points(), both))
    assert list(found) == [
        "optimizer: {generator: {lr: 0.001}, discriminator: {lr: 0.001, betas: [0.9, 0.999]}}",
        "training: {batch_size: 32}",
    ]
    assert found["training: {batch_size: 32}"] == "16"


@pytest.mark.parametrize(
    ("settings", "line", "was"),
    [
        (["penalties=[{name: r1, weight: 2.0}]"], "penalties: [{name: r1, weight: 2.0}]", "[]"),
        (["optimizer.generator.name=sgd"], "optimizer: {generator: {name: sgd}}", "{name: adam}"),
        (["loss=hinge"], "loss: hinge", "non_saturating"),
    ],
)
def test_another_component_is_written_whole_without_its_defaults(
    points: Any, settings: list[str], line: str, was: str
) -> None:
    assert changes(points(), points(*settings)) == [(line, was)]
    assert changes(points(*settings), points())[0].line.endswith(was + "}" * line.count("{generator"))


def test_the_lines_are_what_an_experiment_file_needs(points: Any) -> None:
    """Read as YAML over the old experiment they make the new one."""
    old: Experiment = points()
    new = apply_overrides(old, ["loss=hinge", "optimizer.lr=3e-4", "latent.dim=9", "generator.width=8"])
    tree, mistakes = read_yaml("\n".join(change.line for change in changes(old, new)), Location("lines", 1))
    assert not mistakes
    merged = old.model_dump()
    for section, values in tree.plain().items():
        merged[section] = _over(merged[section], values)
    assert experiment_from_mapping(merged) == new


def _over(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: _over(old.get(key), value) for key, value in new.items()}
    return new
