from __future__ import annotations

import pytest

from ganlab.data.named import load_named
from ganlab.errors import DataError


def test_some_classes_of_a_named_set() -> None:
    found = load_named(" mnist[3, 8] ")
    assert found is not None
    options, data = found
    assert options.name == "mnist"
    assert data.train.labels.unique().tolist() == [3, 8]
    assert len(data.held_out) == 1010 + 974


@pytest.mark.parametrize("text", ["imagenet", "", "folder", "mnist[3", "../mnist"])
def test_other_texts_name_no_data_set(text: str) -> None:
    assert load_named(text) is None


@pytest.mark.parametrize("text", ["mnist[eleven]", "ring[1]"])
def test_classes_that_a_data_set_lacks_are_refused(text: str) -> None:
    with pytest.raises(DataError):
        load_named(text)
