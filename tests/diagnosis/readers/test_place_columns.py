from __future__ import annotations

import math

import numpy as np
import pytest

from ganlab.diagnosis.readers.log import Log, Name
from ganlab.diagnosis.readers.place_columns import counter, take_places


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("iteration", "step|Step|_step|global_step|trainer/global_step|train/global_step|iteration|iter|n_iter"),
        ("iteration", "batches_done|itr|it|updates|num_updates|batch|globalStep|Unnamed: 0|index|gen_iterations"),
        ("epoch", "epoch|Epoch|train/epoch|trainer/epoch|current_epoch|epochs|ep"),
        ("image", "nimg|cur_nimg|images_seen|n_images"),
        ("kimg", "Progress/kimg|kimg"),
    ],
)  # fmt: skip
def test_names_that_count(what: str, names: str) -> None:
    for name in names.split("|"):
        found = counter(name)
        assert found is not None, name
        assert found.what == what, name


@pytest.mark.parametrize(
    "name",
    [
        "d_loss_step",
        "train_loss_epoch",
        "time/step",
        "steps_per_sec",
        "batch_size",
        "sec/kimg",
        "lr",
        "",
        "Ж",
        "step time",
    ],
)
def test_other_names_count_nothing(name: str) -> None:
    assert counter(name) is None


def places(**columns: list[float]) -> tuple[Log, dict[str, list[float]]]:
    log = Log("log", "a table")
    for cells in zip(*columns.values(), strict=True):
        log.add({Name(name): cell for name, cell in zip(columns, cells, strict=True) if cell is not None})
    take_places(log)
    return log, {part: values.tolist() for part, values in log.places().items()}


def test_the_plainest_of_several_columns_is_taken() -> None:
    log, found = places(batch=[0, 1, 2, 3], step=[10, 20, 30, 40], epoch=[0, 0, 1, 1], d_loss=[1, 2, 3, 4])
    assert found["iteration"] == [10, 20, 30, 40]
    assert found["epoch"] == [0, 0, 1, 1]
    assert [str(name) for name in log.names] == ["d_loss"]


def test_a_column_that_most_rows_lack_or_that_never_moves_counts_nothing() -> None:
    nan = math.nan
    _, found = places(step=[nan, nan, nan, 1], iteration=[5, 6, 7, 8], num_steps=[9, 9, 9, 9], d_loss=[1, 2, 3, 4])
    assert found["iteration"] == [5, 6, 7, 8]


def test_a_fractional_epoch_beside_the_step_is_no_epoch() -> None:
    _, found = places(step=[1, 2, 3], epoch=[0.1, 0.2, 0.3], d_loss=[1, 2, 3])
    assert found["iteration"] == [1, 2, 3]
    assert np.isnan(found["epoch"]).all()


def test_thousands_of_images_are_images() -> None:
    log, found = places(kimg=[0.032, 4.0, 8.1], d_loss=[1, 2, 3])
    assert found["iteration"] == [32, 4000, 8100]
    assert log.facts.unit == "image"
