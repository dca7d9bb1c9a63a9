from __future__ import annotations

from pathlib import Path

import pytest

from ganlab.errors import GanlabError, RunError
from ganlab.treatment.plan import budget_seconds, plan_from_json


def test_a_budget_is_a_time() -> None:
    assert [budget_seconds(text) for text in ("90s", "30m", "2h", "1h30m")] == [90, 1800, 7200, 5400]
    for text in ("", "30", "m", "30 m", "-3m", "0s"):
        with pytest.raises(GanlabError, match="budget"):
            budget_seconds(text)


@pytest.mark.parametrize("values", [{}, {"wishes": {}}, {"wishes": None}])
def test_a_damaged_plan_is_named(values: dict[str, object]) -> None:
    with pytest.raises(RunError, match=r"treatment\.json is damaged") as refused:
        plan_from_json(values, Path("treatment.json"))
    assert refused.value.hint == "remove the folder to begin again"
