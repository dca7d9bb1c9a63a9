"""Architectures say what they can do."""

from __future__ import annotations

from ganlab.config.networks import NETWORKS, feature_maps


def test_maps_double_from_four_or_seven() -> None:
    assert [feature_maps(side) for side in (28, 32, 64, 128)] == [
        [7, 14, 28],
        [4, 8, 16, 32],
        [4, 8, 16, 32, 64],
        [4, 8, 16, 32, 64, 128],
    ]


def test_every_architecture_has_the_norm_it_starts_with() -> None:
    players = [player for entry in NETWORKS.values() for player in (entry.generator, entry.discriminator) if player]
    assert all(player.model_fields["norm"].default in player.norms for player in players)
