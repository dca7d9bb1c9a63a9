"""One file a failure, in the order in which they take precedence."""

from __future__ import annotations

from types import ModuleType

from ganlab.diagnosis.failures import (
    batch_norm_leak,
    codes_ignored,
    condition_ignored,
    cycle_shortcut,
    cycling,
    degraded,
    direction_collapse,
    discriminator_dominates,
    discriminator_overfit,
    diverged,
    generator_dominates,
    healthy,
    memorisation,
    never_learned,
    oscillation,
    partial_collapse,
    phase_change,
    total_collapse,
    under_trained,
    within_class_collapse,
    within_mode_collapse,
)

FAILURES: tuple[ModuleType, ...] = (
    phase_change,
    diverged,
    batch_norm_leak,
    discriminator_dominates,
    generator_dominates,
    never_learned,
    direction_collapse,
    total_collapse,
    condition_ignored,
    codes_ignored,
    cycle_shortcut,
    cycling,
    within_class_collapse,
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
