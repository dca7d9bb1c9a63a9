"""One file a failure, in the order in which they take precedence."""

from __future__ import annotations

from types import ModuleType

from ganlab.diagnosis.failures import (
    batch_norm_leak,
    cycling,
    degraded,
    discriminator_dominates,
    discriminator_overfit,
    diverged,
    generator_dominates,
    healthy,
    memorisation,
    never_learned,
    oscillation,
    partial_collapse,
    total_collapse,
    under_trained,
    within_mode_collapse,
)

FAILURES: tuple[ModuleType, ...] = (
    diverged,
    batch_norm_leak,
    discriminator_dominates,
    generator_dominates,
    never_learned,
    total_collapse,
    cycling,
    within_mode_collapse,
    partial_collapse,
    memorisation,
    discriminator_overfit,
    degraded,
    oscillation,
    under_trained,
    healthy,
)
"""Each has `examine(case)`, which yields charges, and CURES. The first one with an active charge names the verdict."""
