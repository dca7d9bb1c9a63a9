from __future__ import annotations

import pytest

from ganlab.diagnosis.places import at, count, span, stretch


@pytest.mark.parametrize(
    ("unit", "where", "so_many", "one", "several"),
    [
        ("step", "step 200,000", "200,000 steps", "step 200,000", "steps 1,000 to 200,000"),
        ("epoch", "epoch 200,000", "200,000 epochs", "epoch 200,000", "epochs 1,000 to 200,000"),
        ("image", "kimg 200", "200 kimg", "kimg 200", "kimg 1 to 200"),
        ("row", "row 200,000", "200,000 rows", "row 200,000", "rows 1,000 to 200,000"),
    ],
)
def test_places_are_named_in_the_unit_of_the_curves(
    unit: str, where: str, so_many: str, one: str, several: str
) -> None:
    assert at(200_000, unit) == where
    assert count(200_000, unit) == so_many
    assert stretch((200_000, 200_000), unit) == one
    assert stretch((1000, 200_000), unit) == several
    assert f"{several.partition(' ')[0]} {span((1000, 200_000), unit)}" == several


def test_one_is_no_plural_and_a_fraction_of_a_thousand_images_stays() -> None:
    assert count(1) == "1 step"
    assert count(1.4, "epoch") == "1 epoch"
    assert at(1_234_500, "image") == "kimg 1,234.5"
    assert at(25_000_000, "image") == "kimg 25,000"
