"""Other aims of the generator: the best of its fakes alone, or features like those of reals."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ganlab.config.stabilizers import FeatureMatchingOptions, TopKOptions
from ganlab.objectives.parts import Judged, Score, Stabilizer, Trace


class TopK(Stabilizer[TopKOptions]):
    """The generator's loss looks at the fakes that are scored highest (Sinha et al. 2020, arXiv:2002.06224)."""

    def choose(self, scores: Tensor, step: int) -> Tensor:
        """Return the k highest of the scores (N,)."""
        count = kept(self.options, len(scores), step)
        return scores if count == len(scores) else scores.topk(count).values


def kept(options: TopKOptions, count: int, step: int) -> int:
    """Return k at a step: count * share^(step / until), not below count * share, and at least 1.

    The paper multiplies k by gamma after each epoch, down to nu times the batch (section 3): nu is `share`, and gamma
    the factor by which share^(step / until) falls in an epoch.
    """
    share: float = options.share ** min(1.0, step / options.until)
    return max(1, round(count * share))


class FeatureMatching(Stabilizer[FeatureMatchingOptions]):
    """`feature_matching` on the discriminator's last hidden layer, instead of the adversarial loss or beside it."""

    needs_reals: ClassVar[bool] = True

    def generator_loss(self, loss: Tensor, fake: Judged, real: Judged | None, score: Score, trace: Trace) -> Tensor:
        """Return the weighted term, added to the loss unless it replaces it."""
        assert real is not None
        with torch.no_grad():
            aim = features(score, real.inputs)
        term = feature_matching(aim, features(score, fake.inputs))
        trace.losses["feature_matching"] = term.detach()
        term = self.options.weight * term
        return term if self.options.replaces else loss + term


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """|E f(x) - E f(G(z))|^2 of features (N, F) of reals and fakes (Salimans et al. 2016, section 3.1)."""
    return (real.mean(0) - fake.mean(0)).square().sum()


def features(discriminator: Score, samples: Tensor) -> Tensor:
    """Return what a discriminator's last layer is given for samples (N, *shape), flattened to (N, F).

    Args:
        discriminator: a network, compiled or not, that ends in `add_scores`.
        samples: as it is shown them.
    """
    network = getattr(discriminator, "_orig_mod", discriminator)
    assert isinstance(network, nn.Module)
    (output,) = (layer for name, layer in network.named_modules() if name.rpartition(".")[2] == "output")
    given: list[Tensor] = []
    hook = output.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    try:
        network(samples)
    finally:
        hook.remove()
    return given[0].flatten(1)
