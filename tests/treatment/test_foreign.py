"""The small experiment that resembles a run of other code, and what its comment says of its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganlab.api import diagnose
from ganlab.config.load import load_experiment
from ganlab.treatment.foreign import analogy_text

BOTH, ONE, NONE = {"lr_g": 2e-4, "lr_d": 3e-4}, {"lr_d": 3e-4}, dict[str, float]()


@pytest.mark.parametrize(
    ("rates", "loss", "chosen", "told"),
    [
        (BOTH, "hinge", "hinge", "The loss is hinge, of the kind that --loss names."),
        (BOTH, "hinge", "hinge", "The learning rates are the first ones in its log."),
        (
            ONE,
            "least_squares",
            "least_squares",
            "the first one in its log for the discriminator, and for the other network that",
        ),
        (
            NONE,
            "wasserstein",
            "wasserstein",
            "The learning rates are those of the experiment `ring`, as its log shows none.",
        ),
        (NONE, None, "non_saturating", "The loss is non_saturating, as that of the run is not known"),
        (
            {"lr_g": -1.0, "lr_d": -1.0},
            "hinge",
            "hinge",
            "of the experiment `ring`, as its log shows ones that do not fit",
        ),
    ],
)
def test_the_comment_says_where_loss_and_rates_come_from(
    rates: dict[str, float], loss: str | None, chosen: str, told: str, tmp_path: Path
) -> None:
    head = ",".join(["step", "d_loss", "g_loss", *rates])
    ends = "".join(f",{rate}" for rate in rates.values())
    rows = "".join(f"{step},{1e-6 * (step % 7)},{3.0 + step % 3}{ends}\n" for step in range(500))
    (tmp_path / "log.csv").write_text(f"{head}\n{rows}")
    target = tmp_path / "analogy.yaml"
    target.write_text(analogy_text(diagnose(tmp_path / "log.csv", loss=loss), str(target), loss))
    assert told in target.read_text()
    experiment = load_experiment(target)
    assert experiment.loss == chosen
    wanted = {name: rate for name, rate in rates.items() if rate > 0}
    found = {"lr_g": experiment.optimizer.generator.lr, "lr_d": experiment.optimizer.discriminator.lr}
    assert {name: found[name] for name in wanted} == wanted


def test_a_loss_that_the_numbers_show_is_said_to_come_from_the_log(tmp_path: Path) -> None:
    rows = "".join(f"{step},{1.3863 + 1e-4 * (step % 7)},{0.6931 + 1e-4 * (step % 3)}\n" for step in range(500))
    (tmp_path / "log.csv").write_text(f"step,d_loss,g_loss\n{rows}")
    text = analogy_text(diagnose(tmp_path / "log.csv"), "analogy.yaml")
    assert "The loss is non_saturating, of the kind that its log shows." in text
