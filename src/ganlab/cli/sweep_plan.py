"""What `ganlab sweep --dry-run` shows."""

from __future__ import annotations

from ganlab.cli.console import console, print_json
from ganlab.sweeps.estimate import estimate
from ganlab.sweeps.executors.local import threads_of
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import Plan, plain
from ganlab.sweeps.scheduler import has_ended
from ganlab.text import printable


def show_plan(plan: Plan, folder: SweepFolder, workers: int, as_json: bool) -> None:
    """Print the runs that a sweep is made of, which of them are done, and how long the others will take."""
    done = {planned.id for planned in plan.runs if has_ended(folder.run(planned.id))}
    estimated = estimate(plan, folder, threads_of(workers))
    seconds = estimated.seconds / min(workers, max(1, estimated.runs))
    if as_json:
        rows = [
            {"run": p.id, "config": p.config, "seed": p.seed, **plain(p.settings), "done": p.id in done}
            for p in plan.runs
        ]
        counts = {"workers": workers, "kinds": estimated.kinds, "probed": estimated.probed}
        print_json({"folder": str(folder.path), "seconds": seconds, **counts, "runs": rows})
        return
    out = console()
    for planned in plan.runs:
        settings = "  ".join(f"{axis}={value}" for axis, value in planned.settings.items())
        out.print(printable(f"{'done' if planned.id in done else 'to do'}  {planned.id}  {settings}".rstrip()))
    out.print(
        f"{len(plan.runs)} runs, {len(done)} of them done; about {seconds / 60:.0f} minutes for the others with "
        f"{workers} workers (probed {estimated.probed} of {estimated.kinds} kinds of runs); "
        f"results in {printable(folder.path)}"
    )
