"""How long a sweep takes to plan.

    python benchmarks/plan_time.py [SPEC ...] [--against CHECKOUT] [--turns 5]

Reads and plans each sweep (default: induced_failures) in a process of its own. The planner is imported before the clock
starts; later imports count. Prints the median CPU time. With the path of another checkout of ganlab (the folder that
holds its `src`), it also measures that checkout, alternating with this one, and prints the median of the ratios.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[1]
PLAN = """
import sys, time
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import load_spec
started = time.process_time()
runs = len(make_plan(load_spec(sys.argv[1])).runs)
print(runs, time.process_time() - started)
"""


def planned(checkout: Path, spec: str) -> tuple[int, float]:
    """Plan a sweep with the ganlab of a checkout; return the number of runs and the CPU seconds."""
    result = subprocess.run(
        [sys.executable, "-c", PLAN, spec],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    runs, seconds = result.stdout.split()
    return int(runs), float(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", default=["induced_failures"])
    parser.add_argument("--against", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    if options.against and not (options.against / "src" / "ganlab").is_dir():
        parser.error(f"{options.against} holds no src/ganlab")
    for spec in options.specs:
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(options.turns):
            if options.against:
                theirs.append(planned(options.against, spec)[1])
            runs, seconds = planned(HERE, spec)
            ours.append(seconds)
        line = f"{spec}: {runs} runs planned in {median(ours):.3f} s"
        if options.against:
            ratio = median(mine / other for mine, other in zip(ours, theirs, strict=True))
            line += f", there in {median(theirs):.3f} s: {ratio:.2f} times as long here"
        print(line)


if __name__ == "__main__":
    main()
