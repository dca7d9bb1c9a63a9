"""Options that are lists of names or of KEY=VALUE."""

from __future__ import annotations

from collections.abc import Sequence

from ganlab.errors import ConfigError, GanlabError
from ganlab.verdicts import refusal


def verdict_names(text: str | None) -> tuple[str, ...]:
    """Return the names of `--fail-on`: `failure` or `failure/variant`, separated by commas.

    Raises:
        GanlabError: one of them is not a verdict.
    """
    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    for name in names:
        if wrong := refusal(name):
            raise GanlabError(f"--fail-on: {wrong[0]}", wrong[1])
    return names


def column_names(pairs: Sequence[str]) -> dict[str, str]:
    """Return the log's column by ours, as `--map OURS=THEIRS` says it; whether there are such columns, the reader says.

    Raises:
        GanlabError: a side of the `=` is missing, or one of ours is named twice.
    """
    columns: dict[str, str] = {}
    for pair in pairs:
        ours, _, theirs = (part.strip() for part in pair.partition("="))
        if not ours or not theirs:
            raise GanlabError(f"--map {pair}: it is not of the form OURS=THEIRS", "an example: --map d_loss=lossD")
        if ours in columns:
            raise GanlabError(
                f"--map names two columns for {ours}: {columns[ours]} and {theirs}",
                "one column is one curve; that of another player is called A.d_loss",
            )
        columns[ours] = theirs
    return columns


def parameters(options: Sequence[str]) -> dict[str, str | int]:
    """Return the KEY=VALUE of `--slurm` by key, whole numbers as such.

    Raises:
        ConfigError: one has no `=`.
    """
    found: dict[str, str | int] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not (key and equals):
            raise ConfigError(f"--slurm {option}: expected KEY=VALUE", "write --slurm slurm_partition=gpu")
        found[key] = int(value) if value.isdigit() else value
    return found
