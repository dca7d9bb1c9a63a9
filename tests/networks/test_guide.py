"""The guide's networks against Keras's formulas."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d, leaky_relu, pad

from ganlab.config.experiment import Experiment
from ganlab.networks import build_discriminator, build_generator, describe

GUIDE = Experiment.model_validate(
    {
        "data": {"name": "mnist", "classes": [8]},
        "latent": {"dim": 50},
        "generator": {"name": "guide"},
        "discriminator": {"name": "guide"},
    }
)


def test_parameter_counts_follow_the_keras_formulas() -> None:
    """Conv2D and Conv2DTranspose: inputs x outputs x k x k + outputs; Dense: inputs x outputs + outputs."""
    generator = [row.parameters for row in describe(build_generator(GUIDE), (50,)) if row.parameters]
    units = 128 * 7 * 7
    assert generator == [50 * units + units, 128 * 128 * 16 + 128, 128 * 128 * 16 + 128, 128 * 49 + 1]
    discriminator = [row.parameters for row in describe(build_discriminator(GUIDE), (1, 28, 28)) if row.parameters]
    assert discriminator == [1 * 64 * 16 + 64, 64 * 64 * 16 + 64, 64 * 7 * 7 + 1]
    assert (sum(generator), sum(discriminator)) == (850_689, 69_825)


def test_shapes() -> None:
    shapes = [row.output_shape for row in describe(build_generator(GUIDE), (50,))]
    assert shapes == [(6272,), (6272,), (128, 7, 7), *[(128, 14, 14)] * 2, *[(128, 28, 28)] * 2, *[(1, 28, 28)] * 2]


def test_start_follows_the_guide() -> None:
    """N(0, .02) everywhere but in the discriminator's Dense, which keeps Keras's Glorot uniform; all biases 0."""
    for network in (build_generator(GUIDE), build_discriminator(GUIDE)):
        for name, parameter in network.named_parameters():
            values = parameter.detach()
            if name.endswith("bias"):
                assert not values.any(), name
            elif name == "output.weight":
                bound = (6 / (7 * 7 * 64 + 1)) ** 0.5
                assert values.abs().max() <= bound
                assert values.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
            else:
                assert values.mean().item() == pytest.approx(0, abs=0.003), name
                assert values.std().item() == pytest.approx(0.02, rel=0.1), name


def test_first_layer_pads_as_keras_same_does() -> None:
    """TensorFlow's `same`: (14 - 1) * 2 + 4 - 28 = 2 pixels in all, one before and one after."""
    discriminator = build_discriminator(GUIDE)
    images = torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    weight = discriminator.to_14.conv.weight
    expected = leaky_relu(conv2d(pad(images, (1, 1, 1, 1)), weight, stride=2), 0.2)
    torch.testing.assert_close(discriminator.to_14(images), expected)


def test_maps_and_vectors_change_in_keras_order() -> None:
    """Keras's Reshape((7, 7, 128)) and Flatten run over height, width, channels."""
    generator, discriminator = build_generator(GUIDE), build_discriminator(GUIDE)
    vector = torch.arange(6272.0)
    maps = generator.to_7(vector[None])
    assert maps[0, 3, 1, 2] == (1 * 7 + 2) * 128 + 3
    assert discriminator.vector(maps).equal(vector[None])


def test_norm_stands_after_every_strided_layer_only() -> None:
    network = {"name": "guide", "norm": "batch"}
    setup = GUIDE.model_validate({**GUIDE.model_dump(), "generator": network, "discriminator": network})
    rows = describe(build_generator(setup), (50,)) + describe(build_discriminator(setup), (1, 28, 28))
    assert [row.name for row in rows if row.kind == "BatchNorm2d"] == [
        "to_14.norm",
        "to_28.norm",
        "to_14.norm",
        "to_7.norm",
    ]
