"""Architectures say what they can do."""

from __future__ import annotations

from ganlab.config.networks import ANY_SIZE, GUIDE_SIZE, NETWORKS, STRIDED, STRIDED_SQUARES, feature_maps, map_sizes


def test_maps_double_from_four_or_seven() -> None:
    assert [feature_maps(side) for side in (28, 32, 64, 128)] == [
        [7, 14, 28],
        [4, 8, 16, 32],
        [4, 8, 16, 32, 64],
        [4, 8, 16, 32, 64, 128],
    ]


def test_maps_of_images_that_are_not_square_double_in_both_directions() -> None:
    assert map_sizes(48, 32) == [(6, 4), (12, 8), (24, 16), (48, 32)]
    assert map_sizes(16, 256) == [(4, 64), (8, 128), (16, 256)]
    assert map_sizes(17, 23) == [(17, 23)]


def test_whatever_a_strided_network_takes_is_halved_twice_to_at_most_32() -> None:
    sides = [side for side in range(16, 257) if STRIDED.fits(side)]
    assert sides[0] == 16
    assert sides[-1] == 256
    for height in sides:
        for width in sides:
            smallest, *larger = map_sizes(height, width)
            assert len(larger) >= 2
            assert height > 128 or width > 128 or max(smallest) <= 32
    assert all(feature_maps(side)[0] <= 32 for side in sides)


def test_near_sizes_are_the_next_possible_ones() -> None:
    assert STRIDED.near(17, 23) == [(16, 20), (20, 24)]
    assert STRIDED.near(130, 32) == [(128, 32), (136, 32)]
    assert STRIDED_SQUARES.near(48, 33) == [(32, 32), (36, 36)]
    assert GUIDE_SIZE.near(20, 64) == [(28, 28)]
    assert ANY_SIZE.near(17, 23) == [(17, 23)]
    assert not STRIDED_SQUARES.has(48, 32)
    assert STRIDED.has(48, 32)


def test_every_architecture_has_the_norm_it_starts_with() -> None:
    players = [player for entry in NETWORKS.values() for player in (entry.generator, entry.discriminator) if player]
    assert all(player.model_fields["norm"].default in player.norms for player in players)
