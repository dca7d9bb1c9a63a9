from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from ganlab.errors import ConfigError, RunError
from ganlab.monitor.arguments import checked_scores, new_status, require_end


def test_a_new_run_says_who_made_it() -> None:
    status = new_status("my_gan", "hinge", None, seed=3)
    content = json.loads(json.dumps(status.as_json()))
    assert list(content) == [
        "schema", "status", "reason", "made_by", "name", "loss", "seed", "step", "steps", "process", "started",
        "seconds", "versions",
    ]  # fmt: skip
    assert (content["made_by"], content["loss"], content["steps"], content["step"]) == (
        "ganlab.Monitor",
        "hinge",
        None,
        0,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("", None, None, 0), (".toy", None, None, 0), (3, None, None, 0), ("toy", "bce", None, 0), ("toy", [], None, 0),
        ("toy", {}, None, 0), ("toy", None, 0, 0), ("toy", None, True, 0), ("toy", None, 2.0, 0),
        ("toy", None, 10**30, 0), ("toy", None, None, "x"), ("toy", None, None, 1.5), ("toy", None, None, None),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(arguments: Any) -> None:
    with pytest.raises(ConfigError):
        new_status(*arguments)


def test_integers_of_numpy_are_integers() -> None:
    status = new_status("toy", None, np.int64(20), np.uint8(3))  # type: ignore[arg-type]
    assert (type(status.steps), status.steps, type(status.seed), status.seed) == (int, 20, int, 3)
    json.dumps(status.as_json())


def test_scores_are_numbers_by_known_names() -> None:
    assert checked_scores({"d_fake": torch.tensor(0.5), "d_train": 1}) == {"d_fake": 0.5, "d_train": 1.0}
    with pytest.raises(RunError, match="d_real"):
        checked_scores({"d_real": 0.5})


@pytest.mark.parametrize("status", ["running", "done", ""])
def test_a_run_ends_in_one_of_four_ways(status: str) -> None:
    require_end("stopped")
    with pytest.raises(RunError, match="finished, stopped, interrupted or failed"):
        require_end(status)
