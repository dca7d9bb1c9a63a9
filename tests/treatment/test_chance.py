from __future__ import annotations

from typing import Any

from ganlab.config.load import difference, with_settings
from ganlab.sweeps.plan import identity
from ganlab.treatment.chance import random_change


def test_it_is_one_setting_that_can_be_trained_and_a_function_of_run_and_seed(points: Any, images: Any) -> None:
    for experiment in (points(), images()):
        drawn = [random_change(experiment, "abcdefgh", seed, ()) for seed in range(12)]
        assert drawn == [random_change(experiment, "abcdefgh", seed, ()) for seed in range(12)]
        assert len({str(change) for change in drawn}) > 6
        for change in drawn:
            changed = with_settings(experiment, change)
            assert len(change) == 1
            assert len({key.split(".")[0] for key, _, _ in difference(experiment, changed)}) == 1
        assert drawn != [random_change(experiment, "ijklmnop", seed, ()) for seed in range(12)]


def test_it_is_none_of_those_that_are_taken(points: Any) -> None:
    first = identity(with_settings(points(), random_change(points(), "abcdefgh", 1, ())))
    again = identity(with_settings(points(), random_change(points(), "abcdefgh", 1, (first,))))
    assert again != first
