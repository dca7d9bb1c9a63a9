"""What `ganlab sweep --dry-run` shows."""

from __future__ import annotations

from ganlab.cli.console import console, print_json
from ganlab.cli.sweep_words import bounds, opening_count
from ganlab.sweeps.deciding import settled_records
from ganlab.sweeps.estimate import estimate
from ganlab.sweeps.executors.local import threads_of
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import Plan, plain
from ganlab.sweeps.records import NOT_NEEDED, RunRecord
from ganlab.text import printable


def show_plan(plan: Plan, folder: SweepFolder, workers: int, as_json: bool) -> None:
    """Print the runs that a sweep is made of, which of them are done, and how long the others will take."""
    records = settled_records(plan, folder)
    done = sum(each.ended for each in records)
    open_runs = [each.planned for each in records if not each.ended and each.state != NOT_NEEDED]
    estimated = estimate(open_runs, threads_of(workers))
    seconds, least = (total / min(workers, max(1, estimated.runs)) for total in (estimated.seconds, estimated.least))
    if as_json:
        rows = [
            {
                "run": each.planned.id,
                "config": each.planned.config,
                "seed": each.planned.seed,
                **plain(each.planned.settings),
                "done": each.ended,
                "required": each.planned.required,
                "needed": each.state != NOT_NEEDED,
            }
            for each in records
        ]
        counts = {"workers": workers, "kinds": estimated.kinds, "probed": estimated.probed}
        print_json({"folder": str(folder.path), "seconds": seconds, "least_seconds": least, **counts, "runs": rows})
        return
    out = console()
    width = max(map(len, map(progress, records)))
    for each in records:
        settings = "  ".join(f"{axis}={value}" for axis, value in each.planned.settings.items())
        out.print(printable(f"{progress(each):<{width}}  {each.planned.id}  {settings}".rstrip()))
    minutes = bounds(least / 60, seconds / 60)
    out.print(
        f"{opening_count(plan)}, {done} of them done; about {minutes} minutes for the others with {workers} workers "
        f"(probed {estimated.probed} of {estimated.kinds} kinds of runs); results in {printable(folder.path)}"
    )


def progress(record: RunRecord) -> str:
    """Return how a run stands in a word or two."""
    if record.ended:
        return "done"
    if record.state == NOT_NEEDED:
        return NOT_NEEDED
    return "to do" if record.planned.required or record.begun else "if needed"
