from __future__ import annotations

import pytest

from ganlab.diagnosis.readers.step_names import steps_in


@pytest.mark.parametrize(
    ("names", "steps", "unit"),
    [
        (["fake_samples_epoch_003", "fake_samples_epoch_010"], (3, 10), "epoch"),
        (["generated_plot_e010", "generated_plot_e020"], (10, 20), "epoch"),
        (["200", "0", "1000"], (200, 0, 1000), "number"),
        (
            ["iter_000200/0001", "iter_000200/0002", "iter_000400/0001", "iter_000400/0002"],
            (200, 200, 400, 400),
            "step",
        ),
        (["step=7"], (7,), "step"),
        (["fakes_init", "fakes000200", "fakes000400"], (0, 200, 400), "number"),
        (["200_1", "200_2", "400_1", "400_2"], (200, 200, 400, 400), "number"),
        (["grid_64x64_000100", "grid_64x64_000200"], (100, 200), "number"),
        (["2024-01-05_100", "2024-01-05_200"], (100, 200), "number"),
        (["run_1129_0801/50_G", "run_1129_0801/100_G", "run_1129_0801/fixed"], (50, 100, None), "number"),
        (["iter_000200/0001", "iter_000200/0002"], (200, 200), "step"),
        (["final", "100", "200"], (None, 100, 200), "number"),
        (["a", "b"], (None, None), "number"),
        # Epoch and iteration, which starts again with each epoch.
        (["epoch1_step300", "epoch1_step600", "epoch2_step300", "epoch2_step600"], (300, 600, 900, 1200), "step"),
        (["epoch1_300", "epoch1_600", "epoch2_300", "epoch2_600"], (300, 600, 900, 1200), "step"),
    ],
)
def test_the_step_in_a_name(names: list[str], steps: tuple[int | None, ...], unit: str) -> None:
    found = steps_in(names)
    assert found.steps == steps
    assert found.unit == unit
