from __future__ import annotations

from typing import Any

import pytest

from ganlab.config.load import with_settings
from ganlab.errors import ConfigError, GanlabError
from ganlab.runs.directory import RunDirectory
from ganlab.treatment.arms import arms_of, merged, short_name
from ganlab.treatment.planning import examine


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"penalties": [{"name": "r1", "weight": 10.0}]}, "r1"),
        ({"stabilizers": [{"name": "packing", "size": 2}]}, "packing_2"),
        ({"loss": "relativistic", "penalties": [{"name": "r1"}, {"name": "r2"}]}, "loss_relativistic_r1_r2"),
        ({"optimizer.generator.lr": 2e-4, "optimizer.discriminator.lr": 2e-4}, "lr_2e-4"),
        ({"optimizer.generator.name": "adam", "optimizer.generator.lr": 2e-4}, "adam_lr_2e-4"),
        ({"latent.dim": 64}, "latent_dim_64"),
        ({"discriminator.norm": "spectral"}, "discriminator_norm_spectral"),
        ({"weight_init": {"name": "xavier"}}, "weight_init_xavier"),
    ],
)
def test_a_change_is_called_what_it_does(points: Any, change: dict[str, Any], name: str) -> None:
    assert short_name(change, points()) == name


def test_each_arm_trains_something_of_its_own(wild: RunDirectory) -> None:
    patient = examine(wild)
    arms = arms_of(patient.verdict, patient.experiment, tries=["discriminator.norm=spectral", "latent.dim=8"])
    assert [arm.kind for arm in arms[:2]] == ["asked", "asked"]
    assert arms[0].change == {"discriminator.norm": "spectral"}
    names = [arm.name for arm in arms]
    assert "r1" in names
    assert len(names) == len(set(names))
    trained = [with_settings(patient.experiment, arm.change) for arm in arms]
    assert patient.experiment not in trained
    assert all(trained.count(each) == 1 for each in trained)  # the spectral norm that was asked for is a remedy too
    assert [arm.name for arm in arms_of(patient.verdict, patient.experiment, only=["r1"])] == ["r1"]


def test_one_change_sets_several_keys_and_each_has_a_name_of_its_own(wild: RunDirectory) -> None:
    patient = examine(wild)
    tries = ["latent.dim=8 loss=hinge", "penalties=[{name: r1, weight: 0.1}]  training.ema=0.0", "latent.dim=8"]
    both, listed, single, *remedies = arms_of(patient.verdict, patient.experiment, tries)
    assert both.change == {"latent.dim": 8, "loss": "hinge"}
    assert both.name == "latent_dim_8_loss_hinge"
    assert listed.change["penalties"][0]["weight"] == 0.1
    assert listed.change["training.ema"] == 0.0
    assert single.change == {"latent.dim": 8}
    tries = [f"penalties=[{{name: r1, weight: {weight}}}]" for weight in (0.1, 0.2)]
    first, second, *others = arms_of(patient.verdict, patient.experiment, tries)
    assert second.name == f"{first.name}_2"
    assert [arm.name for arm in others] == [arm.name for arm in remedies]
    with pytest.raises(ConfigError, match=r"--try latent\.dim=8 los=hinge") as refused:
        arms_of(patient.verdict, patient.experiment, ["latent.dim=8 los=hinge"])
    assert "los" in refused.value.message.partition(": ")[2]


def test_what_cannot_be_tried_is_refused(wild: RunDirectory) -> None:
    patient = examine(wild)
    for text, said in (
        ("loss=foo", "--try loss=foo"),
        ("loss=wasserstein", "changes nothing"),
        ("seed=5", "sets seed"),
        ("monitor.snapshot_every=1", "sets monitor.snapshot_every"),
    ):
        with pytest.raises(ConfigError, match=said):
            arms_of(patient.verdict, patient.experiment, [text])
    with pytest.raises(GanlabError, match="'r', which is no remedy"):
        arms_of(patient.verdict, patient.experiment, only=["r"])


def test_two_changes_are_united_unless_they_contradict(points: Any) -> None:
    r1, r2 = ({"penalties": [{"name": name}]} for name in ("r1", "r2"))
    assert merged(r1, r2, points()) == {"penalties": [{"name": "r1"}, {"name": "r2"}]}
    assert merged({"loss": "hinge"}, {"loss": "minimax"}, points()) is None
    assert merged({"loss": "hinge"}, {"latent.dim": 8}, points()) == {"loss": "hinge", "latent.dim": 8}
