"""Cures beside the published figures: the tables, pictures and orderings of docs/benchmarks.md.

    ganlab sweep benchmarks/ring      (and benchmarks/grid, benchmarks/stacked_mnist, benchmarks/few_images)
    python -m docs.make.benchmarks FOLDER...    keeps what the sweeps' runs ended on, draws and fills the page
    python -m docs.make.benchmarks              the page and the pictures again, from what is kept

FOLDER is a sweep's. What its runs ended on is kept in docs/cures/<name>.csv, which holds every figure of the page. A
run that has not ended in FOLDER stays as it was kept, so that a long sweep can be trained in several folders and on
several machines. Text between `<!-- benchmark: NAME -->` and `<!-- end -->` is made here; what stands around it is
written by hand.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure
from scipy.stats import t as student

from ganlab.config.load import difference, load_experiment
from ganlab.plots.figures import save_figure
from ganlab.runs.files import atomic_write
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.spec import load_spec

DOCS = Path(__file__).parents[1]
PAGE = DOCS / "benchmarks.md"
KEPT = DOCS / "cures"
PICTURES = DOCS / "images" / "cures"
CONFIDENCE = 0.95

Row = Mapping[str, str]
"""A run of runs.csv."""


@dataclass(frozen=True)
class Measure:
    """A column of runs.csv that cures are compared by.

    Attributes:
        column: its name.
        words: what it is, with its unit.
        better: which way is better.
        scale: factor from the column to the unit.
        digits: after the point.
        most: largest possible value in the unit; the smallest is 0.
    """

    column: str
    words: str
    better: Literal["higher", "lower"]
    scale: float = 1.0
    digits: int = 1
    most: float = math.inf


@dataclass(frozen=True)
class Claim:
    """An ordering that was published, or is expected: the first cure is no better than the second.

    Attributes:
        worse, better: the cures.
        measure: the column that they are compared by.
        published: the figures of both, as printed; `none` if there are none.
        equal: whether the published figures leave open which is better.
    """

    worse: str
    better: str
    measure: str
    published: str
    equal: bool = False


@dataclass(frozen=True)
class Benchmark:
    """One sweep and what was published of its set-up.

    Attributes:
        title: of its section.
        measures: what is shown of each cure, the first one drawn.
        published: what was printed of a cure, by its name in the sweep, a text a measure.
        source: where.
        claims: orderings.
        groups: the axis whose values are tables of their own; empty: one table.
    """

    title: str
    measures: tuple[Measure, ...]
    published: Mapping[str, tuple[str, ...]]
    source: str
    claims: tuple[Claim, ...]
    groups: str = ""


MODES = Measure("modes", "modes", "higher")
GOOD_MODES = Measure("good_modes", "modes of images that pass as digits", "higher", most=1000)
HIGH_QUALITY = Measure("good", "high quality, %", "higher", 100, most=100)
KL = Measure("mode_kl", "KL to the uniform, nats", "lower", digits=2)
FID = Measure("fid", "FID (ganlab's features)", "lower")

BENCHMARKS: dict[str, Benchmark] = {
    "ring": Benchmark(
        "Ring: eight Gaussians",
        (replace(MODES, most=8), HIGH_QUALITY),
        {
            "plain": ("6.3 ± .5", "98.2"),
            "Pac2": ("7.9 ± .1", "95.6"),
            "Pac3": ("7.8", "97.7"),
            "Pac4": ("7.8 ± .1", "95.9"),
            "unrolled 5": ("7.6 (other networks)", "35.6"),
        },
        "Lin et al. 2018 (PacGAN); unrolled: Srivastava et al. 2017 (VEEGAN), where the plain GAN has 1 mode",
        (
            Claim("plain", "Pac2", "modes", "6.3 < 7.9"),
            Claim("Pac2", "Pac3", "modes", "7.9, 7.8", equal=True),
            Claim("plain", "unrolled 5", "modes", "1 < 7.6 (VEEGAN)"),
        ),
    ),
    "grid": Benchmark(
        "Grid: 25 Gaussians",
        (replace(MODES, most=25), HIGH_QUALITY),
        {
            "plain": ("17.3 ± .8", "94.8"),
            "Pac2": ("23.8 ± .7", "91.3"),
            "Pac3": ("24.6", "94.2"),
            "Pac4": ("24.8 ± .2", "93.6"),
            "unrolled 5": ("23.6 (other networks)", "16"),
        },
        "Lin et al. 2018 (PacGAN); unrolled: Srivastava et al. 2017 (VEEGAN), where the plain GAN has 3.3 modes",
        (
            Claim("plain", "Pac2", "modes", "17.3 < 23.8"),
            Claim("Pac2", "Pac3", "modes", "23.8 < 24.6"),
            Claim("plain", "unrolled 5", "modes", "3.3 < 23.6 (VEEGAN)"),
            Claim("plain", "R1", "modes", "none"),
            Claim("plain", "relativistic + R1 + R2", "modes", "none"),
            Claim("plain", "R1", "good", "none"),
            Claim("plain", "relativistic + R1 + R2", "good", "none"),
        ),
    ),
    "stacked_mnist": Benchmark(
        "Stacked MNIST: 1,000 modes",
        (replace(MODES, most=1000), KL, GOOD_MODES),
        {
            "plain": ("78.9 ± 6.5", "4.50", "-"),
            "Pac2": ("1000", ".06", "-"),
            "Pac3": ("1000", ".06", "-"),
            "residual, relativistic + R1 + R2": ("1000", ".078", "-"),
            "residual, plain loss + R1 + R2": ("693", ".927", "-"),
            "residual, R1 alone": ("fails", "-", "-"),
        },
        "Lin et al. 2018 (PacGAN) for the first networks; Huang et al. 2024 (R3GAN) for the residual ones, and for the "
        "orderings of the fully connected ones",
        (
            Claim("plain", "Pac2", "modes", "78.9 < 1000"),
            Claim("Pac2", "Pac3", "modes", "1000, 1000", equal=True),
            Claim("residual, plain loss + R1 + R2", "residual, relativistic + R1 + R2", "modes", "693 < 1000 (R3GAN)"),
            Claim("residual, R1 alone", "residual, relativistic + R1 + R2", "modes", "fails < 1000 (R3GAN)"),
            Claim("residual, plain loss", "residual, relativistic + R1 + R2", "modes", "none"),
            Claim("residual, plain loss", "residual, relativistic + R1 + R2", "good_modes", "none"),
            Claim("fully connected, plain loss", "fully connected, relativistic + R1 + R2", "modes", "none"),
            Claim("fully connected, plain loss", "fully connected, relativistic + R1 + R2", "good_modes", "none"),
            Claim(
                "fully connected, R1 alone", "fully connected, relativistic + R1 + R2", "modes", "fails < 1000 (R3GAN)"
            ),
            Claim(
                "fully connected, plain loss + R1 + R2",
                "fully connected, relativistic + R1 + R2",
                "modes",
                "693 < 1000 (R3GAN)",
            ),
        ),
    ),
    "few_images": Benchmark(
        "Few images",
        (FID,),
        {},
        "Zhao et al. 2020 (DiffAugment): FID of BigGAN on 100, 20 and 10 % of CIFAR-10, 9.59, 21.58 and 39.78, becomes "
        "8.70, 14.04 and 22.40",
        (
            Claim("plain", "DiffAugment", "fid", "39.78 > 22.40 at a tenth of CIFAR-10"),
            Claim("plain", "ADA", "fid", "better with few images (Karras et al. 2020, figure 7)"),
            Claim("plain", "LeCam", "fid", "42.99 > 27.51, BigGAN on a tenth of ImageNet (Tseng et al. 2021)"),
        ),
        groups="images",
    ),
}


@dataclass(frozen=True)
class Mean:
    """The mean over seeds and its interval, in a measure's unit."""

    value: float
    low: float
    high: float
    count: int

    def within(self, low: float, high: float) -> Mean:
        """Return the same with an interval that is cut to what is possible."""
        return Mean(self.value, max(self.low, low), min(self.high, high), self.count)

    def words(self, digits: int) -> str:
        """Return mean and interval as the page prints them."""
        if self.count == 1:
            return f"{self.value:.{digits}f} (one seed)"
        return f"**{self.value:.{digits}f}** [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def mean_of(values: Sequence[float], confidence: float = CONFIDENCE) -> Mean:
    """Return the mean of at least one value with Student's interval of it (nan bounds for one value alone)."""
    middle, count = statistics.fmean(values), len(values)
    if count == 1:
        return Mean(middle, float("nan"), float("nan"), 1)
    half = float(student.ppf((1 + confidence) / 2, count - 1)) * statistics.stdev(values) / count**0.5
    return Mean(middle, middle - half, middle + half, count)


def ended(rows: Sequence[Row]) -> list[Row]:
    """Return the runs that have ended, stopped ones included: a run that diverged is a result."""
    return [row for row in rows if row["state"] in ("finished", "stopped")]


def values(rows: Sequence[Row], cure: str, measure: Measure) -> dict[int, float]:
    """Return a cure's values in the measure's unit by seed; runs without one are left out."""
    return {
        int(row["seed"]): measure.scale * float(row[measure.column])
        for row in rows
        if row["cure"] == cure and row.get(measure.column)
    }


def judged(claim: Claim, measure: Measure, rows: Sequence[Row]) -> tuple[str, str]:
    """Return the paired difference over seeds with its interval, and whether the published ordering is found."""
    worse, better = (values(rows, cure, measure) for cure in (claim.worse, claim.better))
    seeds = sorted(worse.keys() & better.keys())
    if not seeds:
        return "-", "not run"
    sign = 1 if measure.better == "higher" else -1
    mean = mean_of([sign * (better[seed] - worse[seed]) for seed in seeds])
    words = mean.words(max(measure.digits, 1))
    if mean.count == 1:
        return words, "one seed decides nothing"
    if mean.low > 0:
        return words, "yes"
    if mean.high < 0:
        return words, "**no: the other way round**"
    return words, "no difference is shown, as published" if claim.equal else "undecided"


def section(name: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a benchmark's section."""
    benchmark, runs, planned = BENCHMARKS[name], ended(rows), len(planned_runs(name))
    yield f"`ganlab sweep benchmarks/{name}`: {len(runs)} of {planned} runs ended" + (
        "." if len(runs) == planned else "; the others are not trained yet (the same command goes on with them)."
    )
    yield ""
    yield from reductions(name)
    for group in sorted({row[benchmark.groups] for row in runs}, key=number) if benchmark.groups else [""]:
        within = [row for row in runs if not group or row[benchmark.groups] == group]
        if group:
            yield from (f"### {group} {benchmark.groups}", "")
        yield from table(benchmark, within, published=not group)
        yield ""
        yield from orderings(benchmark, within)
        yield ""
    yield f"![{benchmark.title}: each seed of each cure](images/cures/{name}.png)"
    yield ""
    yield f"Published: {benchmark.source}."


def number(text: str) -> float:
    """Return the number that a label starts with, to sort by."""
    match = re.match(r"[\d,]+", text)
    return float(match[0].replace(",", "")) if match else 0.0


def reductions(name: str) -> Iterator[str]:
    """Yield a table of what the reduced experiment changes of the published set-up."""
    published, reduced = (load_experiment(f"benchmarks/{name}_{which}") for which in ("published", "reduced"))
    yield f"| setting | published (`benchmarks/{name}_published`) | here (`benchmarks/{name}_reduced`) |"
    yield "| --- | --- | --- |"
    for key, before, now in difference(published, reduced):
        if key == "monitor.snapshot_samples" or not key.startswith(("name", "claim", "expect", "monitor.")):
            yield f"| `{key}` | {shown(before)} | {shown(now)} |"
    yield ""


def shown(value: object) -> str:
    """Return a setting as the page prints it."""
    return "-" if value is None else f"{value:,}" if isinstance(value, int) and abs(value) >= 1000 else str(value)


def table(benchmark: Benchmark, rows: Sequence[Row], published: bool) -> Iterator[str]:
    """Yield the table of cures: ours with interval, beside what was published."""
    columns = [each.words for each in benchmark.measures]
    heads = [text for each in columns for text in ((each, "published") if published else (each,))]
    yield f"| cure | seeds | {' | '.join(heads)} | verdicts |"
    yield "| --- " * (len(heads) + 3) + "|"
    for cure in dict.fromkeys(row["cure"] for row in rows):
        cells = []
        for place, measure in enumerate(benchmark.measures):
            found = values(rows, cure, measure)
            cells.append(mean_of(list(found.values())).within(0, measure.most).words(measure.digits) if found else "-")
            if published:
                cells.append(benchmark.published.get(cure, ("-",) * len(columns))[place])
        own = [row for row in rows if row["cure"] == cure]
        yield f"| {cure} | {len(own)} | {' | '.join(cells)} | {verdicts(own)} |"


def verdicts(rows: Sequence[Row]) -> str:
    """Return how often each verdict was given, the most frequent first."""
    names = [row["verdict"] for row in rows if row["verdict"]]
    counts = sorted({name: names.count(name) for name in names}.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{name} {count}" for name, count in counts) or "-"


def orderings(benchmark: Benchmark, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table of published orderings and what our pairs of runs of the same seed say of each."""
    measures = {each.column: each for each in benchmark.measures}
    yield "| ordering | by | published | by how much the second is better (same seeds) | found here |"
    yield "| --- | --- | --- | --- | --- |"
    for claim in benchmark.claims:
        measure = measures[claim.measure]
        difference_, answer = judged(claim, measure, rows)
        by = measure.words.partition(",")[0]
        yield f"| {claim.worse}, then {claim.better} | {by} | {claim.published} | {difference_} | {answer} |"


def drawn(name: str, rows: Sequence[Row]) -> Figure:
    """Draw each seed of each cure as a dot, its mean as a line: the first measure, a panel a group."""
    benchmark = BENCHMARKS[name]
    measure, runs = benchmark.measures[0], ended(rows)
    groups = sorted({row[benchmark.groups] for row in runs}, key=number) if benchmark.groups else [""]
    cures = list(dict.fromkeys(row["cure"] for row in runs))
    figure = Figure(figsize=(4 + 3 * len(groups), 0.6 + 0.34 * len(cures)), layout="constrained")
    for place, group in enumerate(groups):
        axes = figure.add_subplot(1, len(groups), place + 1)
        within = [row for row in runs if not group or row[benchmark.groups] == group]
        for height, cure in enumerate(reversed(cures)):
            found = list(values(within, cure, measure).values())
            axes.plot(found, [height] * len(found), "o", color="#4c78a8", alpha=0.5, markersize=5, clip_on=False)
            if found:
                axes.plot([statistics.fmean(found)] * 2, [height - 0.35, height + 0.35], color="black", linewidth=1.5)
        axes.set_yticks(range(len(cures)), list(reversed(cures)) if place == 0 else [""] * len(cures))
        axes.set_xlabel(f"{measure.words}" + (f", {group} {benchmark.groups}" if group else ""))
        axes.grid(axis="x", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def keep(folder: Path) -> str:
    """Keep the runs of a sweep that have ended, and return the benchmark's name.

    Raises:
        SystemExit: the folder is no sweep of a benchmark.
    """
    spec = load_spec(SweepFolder(folder).spec)
    name = spec.name.removeprefix("benchmark_")
    if name not in BENCHMARKS:
        raise SystemExit(f"{folder} is the sweep {spec.name}, none of {', '.join(BENCHMARKS)}")
    rows = together(planned_runs(name), kept(name), read_rows(folder / "runs.csv"))
    text = StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write(KEPT / f"{name}.csv", text.getvalue().encode())
    return name


def planned_runs(name: str) -> list[str]:
    """Return the ids of all runs that a benchmark's sweep trains."""
    return [run.id for run in make_plan(load_spec(f"benchmarks/{name}")).runs]


def together(planned: Sequence[str], before: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    """Return the planned runs in their order: as they ended now, else as they were kept, else as they stand now.

    A run's id holds the letters of its settings: runs of other settings are in no plan, and left out.
    """
    found = {row["run"]: row for rows in (now, before, ended(before), ended(now)) for row in rows}
    return [found[each] for each in planned if each in found]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the runs of a runs.csv; none if there is no such file."""
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


def kept(name: str) -> list[dict[str, str]]:
    """Return the runs that are kept of a benchmark; none if it was not run."""
    return read_rows(KEPT / f"{name}.csv")


def fill(text: str) -> str:
    """Return the page with the part of each benchmark made again."""

    def again(match: re.Match[str]) -> str:
        rows = kept(match[1])
        lines = section(match[1], rows) if rows else iter([f"`ganlab sweep benchmarks/{match[1]}` was not run yet."])
        return "\n".join((f"<!-- benchmark: {match[1]} -->", *lines, "<!-- end -->"))

    return re.sub(r"<!-- benchmark: (\w+) -->.*?<!-- end -->", again, text, flags=re.DOTALL)


def main() -> None:
    """Keep, draw and fill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="the folder of a sweep")
    for folder in parser.parse_args().folders:
        print(f"kept {keep(folder)}")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in BENCHMARKS:
        if rows := kept(name):
            save_figure(drawn(name, rows), PICTURES / name, ("png",))
    atomic_write(PAGE, fill(PAGE.read_text()).encode())


if __name__ == "__main__":
    main()
