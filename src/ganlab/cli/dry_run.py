"""What `ganlab train --dry-run` shows."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ganlab.cli.console import console, print_json
from ganlab.config.experiment import Experiment
from ganlab.config.load import dump_experiment
from ganlab.networks import build_discriminator, build_generator, describe
from ganlab.text import printable


def show_plan(experiment: Experiment, as_json: bool) -> None:
    """Print both networks layer by layer, and the resolved experiment."""
    players = {
        "generator": describe(build_generator(experiment), experiment.input_shape),
        "discriminator": describe(build_discriminator(experiment), experiment.judged_shape(experiment.data.shape)),
    }
    totals = {player: sum(row.parameters for row in rows) for player, rows in players.items()}
    if as_json:
        plan: dict[str, Any] = {"experiment": experiment.model_dump(mode="json"), "parameters": totals}
        plan |= {player: [vars(row) for row in rows] for player, rows in players.items()}
        print_json(plan)
        return
    out = console()
    for player, rows in players.items():
        table = Table(title=f"{player}: {totals[player]:,} parameters", title_justify="left")
        for heading, justify in (("layer", "left"), ("kind", "left"), ("output", "right"), ("parameters", "right")):
            table.add_column(heading, justify=justify)  # type: ignore[arg-type]
        for row in rows:
            table.add_row(row.name, row.kind, " x ".join(map(str, row.output_shape)), f"{row.parameters:,}")
        out.print(table)
    out.print(printable(dump_experiment(experiment)))
