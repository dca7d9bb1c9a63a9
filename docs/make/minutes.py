"""How long each shipped experiment takes on idle cores, and whether its file says so.

    python -m docs.make.minutes              # all, about ten minutes; writes the table in docs/speed.md
    python -m docs.make.minutes ring smoke   # some of them
    python -m docs.make.minutes --write      # makes the files state what the table says

Each is trained for a few steps at several places of its run, as the steps of a growing network do not all cost the
same; it is looked at and saved a few times, and ended once. What is counted is processor time on one thread, which
other load hardly changes; GAIN is what a second thread is worth on idle cores to a run that uses two.
"""

from __future__ import annotations

import math
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile, takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch

from ganlab.config.load import load_experiment
from ganlab.config.shipped import find_config, list_configs
from ganlab.data import load
from ganlab.runs.directory import create_run
from ganlab.runs.status import RunStatus
from ganlab.training.process import process_settings
from ganlab.training.step import train_step
from ganlab.training.threads import choose_threads
from ganlab.training.watch import Watch
from ganlab.training.workbench import build_workbench

PAGE = Path(__file__).parents[1] / "speed.md"
HEADING = "| experiment | steps | threads | seconds |\n| --- | --- | --- | --- |\n"
NOT_TIMED = (
    "folder",
    "benchmarks/few_images_published",
    "benchmarks/grid_published",
    "benchmarks/ring_published",
    "benchmarks/stacked_mnist_published",
)
"""Experiments on data that are not shipped, and those that are meant for a GPU."""

CPU = torch.device("cpu")
CORES = 2
GAIN = 1.8
"""How many times as fast a run of long steps is with a second thread (docs/speed.md, Threads)."""
PLACES, SECONDS, LOOKS = 8, 0.4, 3
"""Places of a run where steps are timed, processor time for each, and how many times it is looked at."""
TOLERANCE = 1.5
"""How many times as long, or as short, a run may take as its file states."""

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
GAP = r"(?:\s|\n# )"
"""What separates two words of a comment."""
STATED = re.compile(
    rf"(?P<how>about|at most|under)(?P<before>{GAP})(?P<number>[0-9]+|a|{'|'.join(WORDS)})(?P<between>{GAP})"
    rf"(?P<unit>second|minute)s?(?P<on>{GAP}on{GAP})(?P<cores>one core|two cores)",
    re.IGNORECASE,
)


class Statement(NamedTuple):
    """What a file states about its time.

    Attributes:
        seconds: the time.
        most: whether it is a limit.
    """

    seconds: int
    most: bool

    def holds(self, seconds: float) -> bool:
        """Return whether a run of so many seconds is what was stated."""
        return (self.most or self.seconds <= TOLERANCE * seconds) and seconds <= (
            self.seconds if self.most else TOLERANCE * self.seconds
        )


class Measured(NamedTuple):
    """A row of the table: what a run takes on idle cores."""

    name: str
    steps: int
    threads: int
    seconds: int


def stated(text: str) -> Statement | None:
    """Return what the comment at the top of an experiment's file states, if it does."""
    found = STATED.search(text)
    if found is None:
        return None
    number, unit = found["number"].lower(), {"second": 1, "minute": 60}[found["unit"].lower()]
    count = int(number) if number.isdigit() else 1 if number == "a" else 1 + WORDS.index(number)
    return Statement(count * unit, found["how"].lower() != "about")


def restated(text: str, measured: Measured) -> str:
    """Return the file's text with the measured time in the place of the stated one; a limit that holds is kept."""
    before = stated(text)
    if before is None or (before.most and before.holds(measured.seconds)):
        return text
    seconds = measured.seconds
    number, unit = (max(5, 5 * round(seconds / 5)), "seconds") if seconds < 90 else (round(seconds / 60), "minutes")
    cores = "one core" if measured.threads == 1 else "two cores"

    def write(found: re.Match[str]) -> str:
        about = "About" if found["how"][0].isupper() else "about"
        return f"{about}{found['before']}{number}{found['between']}{unit}{found['on']}{cores}"

    return STATED.sub(write, text, count=1)


def measure(name: str, started: float) -> Measured:
    """Return what a run takes.

    Args:
        name: the experiment.
        started: processor time that a process takes until it can begin to train.
    """
    experiment = load_experiment(name)
    training, monitor = experiment.training, experiment.monitor
    threads = choose_threads(experiment, CPU, most=CORES).threads or CORES
    begun = time.process_time()

    def spent(action: Callable[[], object], times: int = 1) -> float:
        start = time.process_time()
        for _ in range(times):
            action()
        return (time.process_time() - start) / times

    with TemporaryDirectory() as folder, process_settings(CPU, training, threads=1):
        data = load(experiment.data, training.batch_size)
        bench = build_workbench(experiment, data, CPU)
        watch = Watch(
            bench, data, create_run(Path(folder), experiment), RunStatus(status="running", steps=training.steps)
        )
        watch.look()
        watch.save()
        opening = time.process_time() - begun

        def step() -> None:
            watch.record(train_step(bench.state, bench.game, bench.feed))

        costs, looks = [], []
        for place in range(PLACES):
            bench.state.step = max(bench.state.step, training.steps * place // PLACES)
            room = max(2, training.steps // PLACES - 2)
            once = min(spent(step), spent(step))
            costs.append(spent(step, max(1, min(room - 2, int(SECONDS / once)))))
            if place in range(1, PLACES, PLACES // LOOKS):
                looks.append(spent(watch.look))
        saving = spent(watch.save)
        closing = spent(watch.observer.finish)
        watch.recorder.close("finished")
    whole = training.steps * statistics.mean(costs)
    whole += math.ceil(training.steps / monitor.snapshot_every) * statistics.median(looks)
    whole += math.ceil(training.steps / monitor.checkpoint_every) * saving
    seconds = started + opening + whole + closing
    return Measured(name, training.steps, threads, round(seconds / (GAIN if threads > 1 else 1)))


def row(measured: Measured) -> str:
    """Return a line of the table."""
    return f"| `{measured.name}` | {measured.steps:,} | {measured.threads} | {measured.seconds:,} |\n"


def table(page: str) -> Iterator[Measured]:
    """Yield the rows of the table in docs/speed.md."""
    for line in takewhile(lambda line: line.startswith("|"), page.partition(HEADING)[2].splitlines()):
        name, *numbers = (cell.strip(" `") for cell in line.strip("|").split("|"))
        yield Measured(name, *(int(number.replace(",", "")) for number in numbers))


def write_table(rows: Iterable[Measured]) -> None:
    """Put the rows into the table in docs/speed.md, in the place of those of the same experiments."""
    page = PAGE.read_text()
    known = {each.name: each for each in (*table(page), *rows)}
    lines = [row(known[name]) for name, _ in list_configs() if name in known]
    before, heading, rest = page.partition(HEADING)
    after = dropwhile(lambda line: line.startswith("|"), rest.splitlines(keepends=True))
    PAGE.write_text("".join((before, heading, *lines, *after)))


def main(arguments: list[str]) -> None:
    """Measure, or write into the files what was measured."""
    if arguments == ["--write"]:
        for measured in table(PAGE.read_text()):
            file = find_config(measured.name)
            file.write_text(restated(file.read_text(), measured))
        return
    started = time.process_time()
    for name in arguments or [name for name, _ in list_configs() if name not in NOT_TIMED]:
        measured = measure(name, started)
        statement = stated(find_config(name).read_text())
        says = "nothing" if statement is None else f"{'at most ' * statement.most}{statement.seconds} s"
        wrong = "" if statement is None or statement.holds(measured.seconds) else "  WRONG"
        print(f"{name}: {measured.seconds} s on {measured.threads} core(s), states {says}{wrong}", flush=True)
        write_table([measured])


if __name__ == "__main__":
    main(sys.argv[1:])
