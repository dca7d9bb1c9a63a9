"""From what a step showed to the columns of history.csv."""

from __future__ import annotations

from torch import Tensor

from ganlab.objectives.adversarial import Adversarial
from ganlab.objectives.parts import Trace

ADVERSARIAL = ("d_loss", "d_loss_real", "d_loss_fake", "g_loss")
"""Losses of the two players against each other; all others are columns of parts and games."""


def history_columns(loss: Adversarial, trace: Trace, grad_d: Tensor, grad_g: Tensor) -> dict[str, Tensor | None]:
    """Return one step's columns as tensors of shape () on the device; no line here waits for it.

    Args:
        loss: the experiment's loss: it knows the decision point and the mean score.
        trace: what the step showed.
        grad_d, grad_g: Euclidean norm of each network's gradient in its last update, shape ().

    Returns:
        Every column but `step`, `time` and the learning rates. `d_acc_*` is None if the loss has no decision point,
        `d_loss_real` and `d_loss_fake` if it is not made of such halves.
    """
    real, fake, losses = trace.real_scores, trace.fake_scores, trace.losses
    point = loss.decision_point
    # The loss is a mean over scores, so a sample's own gradient is their number times what reaches it.
    output_gradient = trace.output_gradient.flatten(1).norm(dim=1).mean() * trace.generator_scores
    return {
        "d_loss": losses["d_loss"] if "d_loss" in losses else losses["d_loss_real"] + losses["d_loss_fake"],
        "d_loss_real": losses.get("d_loss_real"),
        "d_loss_fake": losses.get("d_loss_fake"),
        "g_loss": losses["g_loss"],
        "d_acc_real": None if point is None else (real > point).float().mean(),
        "d_acc_fake": None if point is None else (fake < point).float().mean(),
        "d_real": loss.mean_score(real),
        "d_fake": loss.mean_score(fake),
        "grad_d": grad_d,
        "grad_g": grad_g,
        "grad_g_output": output_gradient,
        **{name: value for name, value in losses.items() if name not in ADVERSARIAL},
    }
