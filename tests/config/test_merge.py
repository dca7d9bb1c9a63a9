"""Trees laid over trees. `extends` and overrides are tested with their files and texts."""

from __future__ import annotations

from typing import Any

import pytest

from ganlab.config.merge import drop, merge, put, with_names
from ganlab.config.tree import KeyPath, Location, Node, to_node

HERE = Location("here")
WRITTEN: dict[str, Any] = {"seed": 1, "generator": {"width": 2}, "penalties": [{"name": "r1", "weight": 3}]}


def tree(values: Any) -> Node:
    return to_node(values, HERE)


def test_a_tree_is_left_as_it_was() -> None:
    before = tree(WRITTEN)
    merge(before, tree({"generator": {"width": 9}, "loss": "hinge"}))
    put(before, ("penalties", "0", "weight"), tree(9))
    put(before, ("generator", "name"), tree("mlp"))
    drop(before, ("penalties", 0, "weight"))
    with_names(before)
    assert before == tree(WRITTEN)


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (("seed",), {key: value for key, value in WRITTEN.items() if key != "seed"}),
        (("generator", "width"), {**WRITTEN, "generator": {}}),
        (("penalties", 0, "weight"), {**WRITTEN, "penalties": [{"name": "r1"}]}),
        (("penalties", 7, "weight"), WRITTEN),
        (("latent", "dim"), WRITTEN),
        ((), {}),
    ],
)
def test_what_is_dropped_is_gone(path: KeyPath, left: dict[str, Any]) -> None:
    assert drop(tree(WRITTEN), path).plain() == left


def test_a_section_without_a_name_gets_that_of_the_default() -> None:
    named = with_names(tree({"generator": {"width": 2}, "discriminator": {"name": "mlp"}, "seed": 1})).plain()
    assert named == {"generator": {"width": 2, "name": "dcgan"}, "discriminator": {"name": "mlp"}, "seed": 1}
