from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ganlab.config.schema import json_schema
from ganlab.config.shipped import find_config, list_configs
from ganlab.config.tree import Location
from ganlab.config.yaml_text import read_yaml

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = [find_config(name) for name, _ in list_configs()]


def plain(text: str) -> Any:
    return read_yaml(text, Location("x.yaml", 1))[0].plain()


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_shipped_schema_is_up_to_date() -> None:
    shipped = json.loads((CONFIGS / "experiment.schema.json").read_text(encoding="utf-8"))
    assert shipped == json_schema(), "write it again: ganlab schema > configs/experiment.schema.json"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_experiments_fit_and_point_to_it(file: Path, validator: jsonschema.Draft202012Validator) -> None:
    text = file.read_text(encoding="utf-8")
    validator.validate(plain(text))
    up = "../" * (len(file.relative_to(CONFIGS).parts) - 1)
    assert text.startswith(f"# yaml-language-server: $schema={up}experiment.schema.json\n")


@pytest.mark.parametrize(
    "text",
    [
        "extends: ring\ngenerator: {depth: 3}",
        "expect: mode_collapse/partial",
        "expect: [healthy, under_trained]",
        "data: {name: folder, path: here, held_out: 0.1}",
        "data: {held_out: test, classes: [8, '3']}",
        "training: {generator_batch_size: null, ema: 0}",
        "penalties: [{name: r1, weight: 5}]",
        "optimizer: {generator: {name: adam, betas: [0, 0.9]}}",
    ],
)
def test_what_loads_fits(text: str, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(plain(text))


@pytest.mark.parametrize(
    "text",
    [
        "widht: 3",
        "generator: {name: dcgan, widht: 3}",
        "generator: {name: dcgan, depth: 3}",
        "generator: {name: dcgn}",
        "training: {steps: 0}",
        "training: {steps: 1.5}",
        "training: {device: gpu}",
        "penalties: [{weight: 5}]",
        "penalties: [{name: r1, weigth: 5}]",
        "optimizer: {lr: 1e-3}",
        "expect: helthy",
        "loss: hing",
        "name: a b",
    ],
)
def test_what_does_not_load_does_not_fit(text: str, validator: jsonschema.Draft202012Validator) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(plain(text))


def test_every_key_is_described() -> None:
    schema = json_schema()
    assert schema["title"]
    for definition in [schema, *schema["$defs"].values()]:
        assert definition["additionalProperties"] is False
        assert definition["description"]
        for key, field in definition["properties"].items():
            assert len(field["description"]) > 5, key
