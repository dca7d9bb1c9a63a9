"""The guide's figures beside ours, over seeds: docs/guide.md.

    ganlab sweep guide && ganlab sweep guide_reduced
    python -m docs.make.guide FOLDER...    docs/guide/figures.json, docs/images/guide/*.png, and then docs/guide.md
    python -m docs.make.guide              docs/guide.md alone, from docs/guide/figures.json

FOLDER is a sweep's; of a run that lies in several, the first counts. Runs that have not ended are left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.stats import t as student

from docs.make.verdicts import picture, shrunk
from ganlab.api import Run
from ganlab.config.load import difference, load_experiment
from ganlab.diagnosis.evidence import Series
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.trends import PERIODIC, spectral_peak, trend
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.directory import RunDirectory
from ganlab.runs.files import atomic_write, write_json
from ganlab.sweeps.counting import rate_words
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.measures import settling_step
from ganlab.sweeps.records import read_records
from ganlab.verdicts import failure_of, matches, words

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guide.md"
FIGURES = ROOT / "docs" / "guide" / "figures.json"
CHANGES = FIGURES.with_name("one_factor.json")
PICTURES = ROOT / "docs" / "images" / "guide"
LAST = 100
"""Iterations at the end whose median stands for a loss or an accuracy."""

GONE = 0.0005
"""Below it a loss is printed as .000."""

SMOOTH = 9
"""Iterations of the running median that says when D's losses are gone and how large G's became."""

TREND = 101
"""Iterations of the running median that the generator's loss is freed from before its period is looked for."""

LEVELS = ("d_loss_real", "d_loss_fake", "g_loss", "d_acc_real", "d_acc_fake")


@dataclass(frozen=True)
class Row:
    """A figure of the guide, and what of ours it is compared with.

    Attributes:
        name: what it is.
        said: what the guide says.
        key: the key of a run's figures.
        agrees: whether a run's figure, None where it has none, is as the guide says; None where it says nothing.
        unit: what stands behind a number.
    """

    name: str
    said: str
    key: str
    agrees: Callable[[Any], bool] | None
    unit: str = ""


def between(low: float, high: float) -> Callable[[Any], bool]:
    """Return whether a figure is there and lies between two bounds, both included."""
    return lambda value: value is not None and low <= value <= high


def losses(
    real: Callable[[Any], bool] | None,
    fake: Callable[[Any], bool] | None,
    generator: Callable[[Any], bool] | None,
    *said: str,
) -> list[Row]:
    """Return the rows of the three losses, with what the guide says of each."""
    return [
        Row("discriminator loss on real", said[0], "d_loss_real", real),
        Row("discriminator loss on generated", said[1], "d_loss_fake", fake),
        Row("generator loss", said[2], "g_loss", generator),
    ]


ALWAYS = between(99.5, 100)
ZERO = between(0, GONE)

TABLES: dict[str, tuple[str, str, list[Row]]] = {
    "guide_stable": (
        "The stable run",
        "guide_stable_printed",
        [
            *losses(between(0.5, 0.8), between(0.5, 0.8), between(0.5, 2.0), ".5 to .8", ".5 to .8", ".5 to 2.0"),
            Row("accuracy on real", "70 to 80 %", "d_acc_real", between(70, 80), " %"),
            Row("accuracy on generated", "70 to 80 %", "d_acc_fake", between(70, 80), " %"),
            Row("settled by iteration", "100 to 300", "settles", between(0, 300)),
        ],
    ),
    "guide_latent_1": (
        "Mode collapse: one latent dimension instead of 50",
        "guide_latent_1_printed",
        [
            *losses(None, None, None, "-", "-", "it oscillates"),
            Row("accuracy on generated", "81 to 100 %", "d_acc_fake", between(81, 100), " %"),
            Row("period of the generator's loss, iterations", "about 25", "period", between(20, 30)),
            Row("share of its variance at that period", "-", "period_share", None, " %"),
        ],
    ),
    "guide_mixed_batch_norm": (
        "Convergence failure (a): real and generated images in one discriminator batch",
        "guide_mixed_printed",
        [
            *losses(ZERO, ZERO, between(0, 0.0015), ".000", ".000", ".001"),
            Row("accuracy on real", "100 %", "d_acc_real", ALWAYS, " %"),
            Row("accuracy on generated", "100 %", "d_acc_fake", ALWAYS, " %"),
            Row("discriminator losses below .05 from iteration", "20 to 30", "d_below_05", between(0, 30)),
            Row("discriminator losses printed as .000 from iteration", "20 to 30", "d_gone", between(0, 30)),
            Row("the generator's loss", "falls", "g_way", lambda way: way == "falls"),
        ],
    ),
    "guide_adam_1e-3_beta_09": (
        "Convergence failure (b): Adam with learning rate 1e-3 and beta1 .9",
        "guide_adam_1e-3_beta_09_printed",
        [
            *losses(ZERO, ZERO, between(10.0, np.inf), ".000", ".000", "10.4"),
            Row("accuracy on real", "100 %", "d_acc_real", ALWAYS, " %"),
            Row("accuracy on generated", "100 %", "d_acc_fake", ALWAYS, " %"),
            Row("discriminator losses below .05 from iteration", "-", "d_below_05", None),
            Row("discriminator losses printed as .000 from iteration", "-", "d_gone", None),
            Row("largest generator loss", "10.4", "g_peak", between(10.0, np.inf)),
            Row("the generator's loss", "rises", "g_way", lambda way: way == "rises"),
        ],
    ),
}
"""Of each of the guide's runs: its heading, the run with the code as printed, and the rows of its table."""


def figures(run: RunDirectory, config: str, seed: int, verdict: Verdict) -> dict[str, Any]:
    """Return what the page says of one run: levels of its end, when it settles, periods, and its verdict."""
    history = Run(run).history
    values = {key: np.asarray(history[key], float) for key in LEVELS}
    return {
        "config": config,
        "seed": seed,
        **course(np.asarray(history["step"], np.int64), values),
        "verdict": verdict.name,
        "confidence": verdict.confidence,
    }


def course(steps: NDArray[np.int64], history: Mapping[str, NDArray[np.float64]], last: int = LAST) -> dict[str, Any]:
    """Return what the curves of a run show, each of LEVELS of shape (N,): levels of its end, when it settles, periods.

    Args:
        steps: (N,), the iterations.
        history: the curves; accuracies as shares.
        last: iterations at the end whose median is a level.
    """
    values = {key: curve * (100 if "acc" in key else 1) for key, curve in history.items()}
    settled = [
        settling_step(Series(steps, loss)) for loss in (values["d_loss_real"] + values["d_loss_fake"], values["g_loss"])
    ]
    later = steps > steps[-1] // 2
    g_loss = values["g_loss"]
    peak = spectral_peak(Series(steps[later], (g_loss - median_filter(g_loss, TREND, mode="reflect"))[later]))
    return {
        "iterations": int(steps[-1]),
        **{key: float(np.median(each[-last:])) for key, each in values.items()},
        "settles": None if None in settled else max(step for step in settled if step is not None),
        "period": peak and peak.period,
        "period_share": peak and 100 * peak.share,
        "d_below_05": below(steps, (values["d_loss_real"], values["d_loss_fake"]), 0.05),
        "d_gone": below(steps, (values["d_loss_real"], values["d_loss_fake"]), GONE),
        "g_peak": float(median_filter(g_loss, SMOOTH, mode="nearest").max()),
        "g_way": way(Series(steps[later], g_loss[later])),
    }


def below(steps: NDArray[np.int64], curves: Sequence[NDArray[np.float64]], limit: float) -> int | None:
    """Return the first iteration at which the running medians of all curves are below a limit; None if none is."""
    smooth = [median_filter(curve, SMOOTH, mode="nearest") for curve in curves]
    found = np.flatnonzero(np.all([curve < limit for curve in smooth], axis=0))
    return int(steps[found[0]]) if len(found) else None


def way(curve: Series) -> str:
    """Return whether a curve rises or falls by more than a tenth of its level, or neither (Theil-Sen slope)."""
    change = trend(curve).change / max(1e-9, abs(float(np.median(curve.values))))
    return "rises" if change > 0.1 else "falls" if change < -0.1 else "stays"


def collect(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """Judge the ended runs of sweeps again; return their figures, and draw each configuration's first seed."""
    found: dict[str, dict[str, Any]] = {}
    PICTURES.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        sweep = SweepFolder(folder)
        for record in read_records(sweep.plan(), sweep):
            planned = record.planned
            if not record.ended or planned.id in found:
                continue
            evidence = read(record.run.path, ReadOptions())
            verdict = diagnose(evidence)
            found[planned.id] = figures(record.run, planned.config, planned.seed, verdict)
            if planned.seed == 0 and planned.config in TABLES:
                shown = shrunk(picture(evidence, verdict, record.run))
                shown.save(PICTURES / f"{planned.config}.png", optimize=True)
    return sorted(found.values(), key=lambda run: (run["config"], run["seed"]))


def page(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return docs/guide.md."""
    parts = [HEAD]
    for config, (title, printed, rows) in TABLES.items():
        parts.append(f"## {title}\n\n{change(config)}")
        parts.append(table(config, printed, rows, runs))
        if (PICTURES / f"{config}.png").is_file():
            parts.append(f"![{config}, seed 0: losses, statistics and samples](images/guide/{config}.png)")
    parts.append(reduced(runs))
    if CHANGES.is_file():
        changes = json.loads(CHANGES.read_text())
        parts.append(one_factor(changes["changes"], changes["runs"]))
    return "\n\n".join(parts) + "\n"


HEAD = """# The guide's figures beside ours

Made by `python -m docs.make.guide` from `docs/guide/figures.json`, which holds the figures of each run.

The practical guide to GAN failure modes (Brownlee 2019) prints code and figures for four runs on MNIST's digit 8. The
figures of its stable run call for batch normalisation in the discriminator, which its printed code leaves out. So
`configs/guide_stable.yaml` and `configs/failures/guide_*.yaml` have it, and `*_printed` beside each is the code as
printed; all else is the guide's: 5,851 images drawn with replacement, the same networks, initialisation, optimiser and
batches, 450 iterations.

    ganlab sweep guide                     # all of them at full size
    ganlab sweep guide_reduced             # on reduced networks
    python -m docs.make.guide FOLDER...    # this page, from the folders of both

A figure of ours is the mean over seeds of each run's own (of a loss or an accuracy: the median of its last 100
iterations), with the 95 % interval of that mean by Student's t. Beside it stands how many seeds are as the guide says,
with the Wilson interval of their share."""


REDUCED = ("stable", "latent_1", "mixed_batch_norm", "adam_1e-3_beta_09")
"""The same runs on reduced networks, in the same order."""


def reduced(runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of the reduced runs: verdicts, and how many are as the guide says."""
    lines = [
        "## On reduced networks",
        "",
        "The same four on networks of 16 filters (`ganlab sweep guide_reduced`, `ganlab guide`).",
        "",
        "| run | seeds | verdicts | as the guide says |",
        "| --- " * 4 + "|",
    ]
    for config in REDUCED:
        group = [run for run in runs if run["config"] == config]
        expected = load_experiment(f"failures/{config}").expect
        lines.append(f"| {config} | {len(group)} | {judged(group)} | {as_expected(group, expected)} |")
    return "\n".join(lines)


MISSED = {
    "a": [
        Row("(a) D's losses, iterations 21 to 30", ".000", "d_loss", ZERO),
        Row("(a) G's loss then", ".001", "g_loss", between(0, 0.0015)),
    ],
    "b": [
        Row("(b) D's losses", ".000", "d_loss", ZERO),
        Row("(b) largest G's loss", "10.4", "g_peak", between(10.0, np.inf)),
        Row("(b) G's loss", "rises", "g_way", lambda way: way == "rises"),
    ],
    "collapse": [
        Row("collapse: period of G's loss", "about 25", "period", between(20, 30)),
        Row(
            "collapse: share of its variance there", "it oscillates", "period_share", between(100 * PERIODIC, 100), " %"
        ),
    ],
}
"""The figures that ours miss, by the run of `docs.make.one_factor`; of both of D's losses the larger one."""


def one_factor(changes: Mapping[str, str], runs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return the table of single changes, what is as the guide says in bold, and which changes give it."""
    columns = [(study, row) for study, rows in MISSED.items() for row in rows]
    as_said: dict[str, list[str]] = {row.name: [] for _, row in columns}
    lines = [
        f"| changed | {' | '.join(as_said)} |",
        "| --- " * (1 + len(columns)) + "|",
        f"| *the guide* | {' | '.join(row.said for _, row in columns)} |",
    ]
    for name, changed in changes.items():
        cells = []
        for study, row in columns:
            run = runs.get(study, {}).get(name)
            value = run and {**run, "d_loss": max(run["d_loss_real"], run["d_loss_fake"])}[row.key]
            if run is not None and row.agrees is not None and row.agrees(value):
                as_said[row.name].append(changed)
                cells.append(f"**{cell(value, row.unit)}**")
            else:
                cells.append("" if run is None else cell(value, row.unit))
        lines.append(f"| {changed} | {' | '.join(cells)} |")
    found = [f"- {head}: {'; '.join(names) or 'none of these changes'}." for head, names in as_said.items()]
    return "\n".join([ONE_FACTOR, "", *lines, "", "As the guide says with:", "", *found, "", UNTESTED])


def cell(value: Any, unit: str) -> str:
    """Return a figure of one run."""
    return "never" if value is None else value if isinstance(value, str) else f"{number(value)}{unit}"


ONE_FACTOR = """## What of ours could be why: one factor at a time

    python -m docs.make.one_factor

The figures that ours miss, each with a single change of our run, seed 0: (a) at full size, where it takes 30
iterations; (b) and the collapse on reduced networks, the last 100 of 600 iterations. Bold: as the guide says. A curve
oscillates if half of its variance is at one period; smaller shares are those of noise, which has some strongest
period too. One seed is a hint and no proof: the second row shows how far another seed alone moves each figure."""

UNTESTED = """Not tested: several changes at once; (b) and the collapse at full size, other than without batch norm,
which the tables above have; Keras's random numbers; the versions that the guide was written with."""


def change(config: str) -> str:
    """Return how to train a configuration, and what it changes in the guide's stable run."""
    where = "guide_stable" if config == "guide_stable" else f"failures/{config}"
    changed = difference(load_experiment("guide_stable"), load_experiment(where))
    settings = ", ".join(
        f"`{key}: {json.dumps(new)}`" for key, _, new in changed if key not in ("name", "claim") and "expect" not in key
    )
    return f"`ganlab train {where}`" + (f"; against the stable run: {settings}." if settings else ".")


def table(config: str, printed: str, rows: Sequence[Row], runs: Sequence[Mapping[str, Any]]) -> str:
    """Return a run's table: the guide's figure, ours with batch norm, ours as printed."""
    groups = [[run for run in runs if run["config"] == name] for name in (config, printed)]
    heads = [
        f"{what}, {len(group)} {'seed' if len(group) == 1 else 'seeds'}"
        for what, group in zip(("with batch norm", "as printed"), groups, strict=True)
    ]
    lines = [f"| | the guide | {heads[0]} | as the guide says | {heads[1]} | as the guide says |", "| --- " * 6 + "|"]
    for row in rows:
        cells = [cell for group in groups for cell in (ours(row, group), agreement(row, group))]
        lines.append("| " + " | ".join([row.name, row.said, *cells]) + " |")
    expected = load_experiment("guide_stable" if config == "guide_stable" else f"failures/{config}").expect
    verdicts = [cell for group in groups for cell in (judged(group), as_expected(group, expected))]
    lines.append("| " + " | ".join(["verdict", ", ".join(words(name) for name in expected), *verdicts]) + " |")
    return "\n".join(lines)


def ours(row: Row, group: Sequence[Mapping[str, Any]]) -> str:
    """Return our figure with its interval; of words, how often each was seen; and how many runs have none."""
    values = [run[row.key] for run in group if run[row.key] is not None]
    if not values:
        return "never" if group else "-"
    if isinstance(values[0], str):
        return ", ".join(f"{word} {values.count(word)} of {len(values)}" for word in dict.fromkeys(sorted(values)))
    missing = f", {len(group) - len(values)} never" if len(values) < len(group) else ""
    mean = float(np.mean(values))
    if len(values) == 1:
        return f"{number(mean)}{row.unit}{missing}"
    half = float(student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    # No loss, step or share is negative, and no share is above 100 %, whatever the normal distribution may think of it.
    low, high = max(0.0, mean - half), min(100.0 if "%" in row.unit else np.inf, mean + half)
    return f"{number(mean)}{row.unit} [{number(low)}, {number(high)}]{missing}"


def number(value: float) -> str:
    """Return a number with as many digits as can be read: three after the point below one."""
    if value >= 10:
        return f"{value:.0f}"
    return f"{value:.1e}" if 0 < value < 0.001 else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def agreement(row: Row, group: Sequence[Mapping[str, Any]]) -> str:
    """Return how many runs are as the guide says."""
    if row.agrees is None or not group:
        return ""
    return rate_words(sum(row.agrees(run[row.key]) for run in group), len(group))


def judged(group: Sequence[Mapping[str, Any]]) -> str:
    """Return how often each verdict was given."""
    names = [failure_of(run["verdict"]) for run in group]
    return (
        ", ".join(f"{words(name)} {names.count(name)} of {len(names)}" for name in dict.fromkeys(sorted(names))) or "-"
    )


def as_expected(group: Sequence[Mapping[str, Any]], expected: Sequence[str]) -> str:
    """Return how many runs have the verdict that the guide's words call for."""
    return rate_words(sum(matches(run["verdict"], expected) for run in group), len(group)) if group else ""


def main() -> None:
    """Collect figures of the folders named, then write the page."""
    parser = argparse.ArgumentParser(description="The page of the guide's figures.")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    folders = parser.parse_args().folders
    if folders:
        FIGURES.parent.mkdir(exist_ok=True)
        write_json(FIGURES, {"command": "ganlab sweep guide", "runs": collect(folders)})
    atomic_write(PAGE, page(json.loads(FIGURES.read_text())["runs"]).encode())


if __name__ == "__main__":
    main()
