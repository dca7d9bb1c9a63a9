"""From what steps showed to the columns of history.csv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from ganlab.monitor.rows import Deferred
from ganlab.objectives.adversarial import Adversarial
from ganlab.objectives.parts import Trace
from ganlab.runs.history import LOSS_COLUMNS


def history_columns(loss: Adversarial, trace: Trace, grads_d: Sequence[Tensor], grads_g: Sequence[Tensor]) -> Deferred:
    """Return one step's columns, of which most is computed when rows are written; no line here waits for the device.

    Args:
        loss: the experiment's loss: it knows the decision point and what is recorded of scores.
        trace: what the step showed.
        grads_d, grads_g: Euclidean norms of each network's gradients in its last update, one a parameter, each ().
    """
    real, fake, losses = trace.real_scores, trace.fake_scores, trace.losses
    # Element by element, the last bits of a probability depend on how many are computed at once: one step's, here.
    recorded = loss.recorded(real), loss.recorded(fake)
    of_samples = torch.linalg.vector_norm(trace.output_gradient.flatten(1), dim=1)
    numbers = torch.stack([*losses.values(), *grads_d, *grads_g])
    layout = layout_of(
        loss,
        tuple(losses),
        (len(losses), len(grads_d), len(grads_g), *(each.shape[0] for each in (real, fake, *recorded, of_samples))),
        trace.generator_scores,
    )
    return Deferred(layout, torch.cat((numbers, real, fake, *recorded, of_samples)))


@dataclass(frozen=True)
class Layout:
    """How what a step showed lies in one vector.

    Attributes:
        loss: the experiment's loss.
        losses: names of the losses.
        sizes: how many numbers there are of each kind, one after the other: losses, norms of the discriminator's
            gradients and of the generator's; scores of reals and of fakes, and what is recorded of these; norms of the
            gradients at the samples.
        generator_scores: scores that the generator's loss is a mean over.
    """

    loss: Adversarial
    losses: tuple[str, ...]
    sizes: tuple[int, ...]
    generator_scores: int

    @property
    def names(self) -> list[str]:
        """The columns."""
        return list(self.columns(torch.zeros(1, sum(self.sizes))))

    def columns(self, rows: Tensor) -> dict[str, Tensor | None]:
        """Return the columns of many steps, each of shape (rows,): to the last bit what each row alone would give.

        Args:
            rows: (rows, sum(sizes)).

        Returns:
            Every column but `step`, `time` and the learning rates. `d_acc_*` is None if the loss has no decision point,
            `d_loss_real` and `d_loss_fake` if it is not made of such halves.
        """
        values, grads_d, grads_g, real, fake, recorded_real, recorded_fake, of_samples = rows.split(self.sizes, dim=1)
        losses = dict(zip(self.losses, values.unbind(1), strict=True))
        point = self.loss.decision_point
        return {
            "d_loss": losses["d_loss"] if "d_loss" in losses else losses["d_loss_real"] + losses["d_loss_fake"],
            "d_loss_real": losses.get("d_loss_real"),
            "d_loss_fake": losses.get("d_loss_fake"),
            "g_loss": losses["g_loss"],
            "d_acc_real": None if point is None else (real > point).float().mean(1),
            "d_acc_fake": None if point is None else (fake < point).float().mean(1),
            "d_real": recorded_real.mean(1),
            "d_fake": recorded_fake.mean(1),
            "grad_d": torch.linalg.vector_norm(grads_d, dim=1),
            "grad_g": torch.linalg.vector_norm(grads_g, dim=1),
            # The loss is a mean over scores, so a sample's own gradient is their number times what reaches it.
            "grad_g_output": of_samples.mean(1) * self.generator_scores,
            **{name: value for name, value in losses.items() if name not in LOSS_COLUMNS},
        }


layout_of = cache(Layout)
"""The layout of these attributes, always the same one."""
