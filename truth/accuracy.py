"""How often the verdicts are right: every labelled run of all corpora, judged by `ganlab.diagnosis`.

    python -m truth.corpus train && python -m truth.corpus label       the corpora, see each module
    python -m truth.colour train && python -m truth.trainers train
    python -m truth.accuracy rows         the statistics of all cuts (`truth.cuts`), cached, of runs that have none
    python -m truth.accuracy judge        verdicts next to what is right, of the runs that rules were tuned on
    python -m truth.accuracy calibrate    src/ganlab/diagnosis/calibration.json, from all runs
    python -m truth.accuracy measure      docs/verdicts/accuracy.json, the figures of docs/verdict_accuracy.md
    python -m truth.accuracy final        rows, calibrate and measure; then python -m docs.make.verdict_accuracy

All take `--corpora FOLDER` (default: corpora) and `--jobs N`. Rows take about 2 s of a core for a run on pictures,
once; judging a run at all sizes takes .3 s. `judge` never shows a run that is only measured.
"""

from __future__ import annotations

import argparse
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis import calibration
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose, readings
from ganlab.diagnosis.verdict import Verdict
from ganlab.runs.files import write_json
from ganlab.sweeps.counting import wilson
from ganlab.verdicts import INCONCLUSIVE, accuses, failure_of
from truth.baselines import described, nearest_neighbour, rules_of_thumb
from truth.corpora import Labelled, labelled
from truth.cuts import ALL, SIZES, SNAPSHOTS, View, beside_samples, compute, cuts_of, every, seen, thinned, views

BINS = 3
"""Bins of strength in a cell, at most."""

ROOT = Path(__file__).parents[1]
CALIBRATION = Path(calibration.__file__).with_name("calibration.json")
FIGURES = ROOT / "docs" / "verdicts" / "accuracy.json"

UNREAD = "not read"
"""In the place of a verdict, for files in which nothing was found."""

SURE = 0.8
"""Confidence from which a wrong accusation is worse than a mistake."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A labelled run with a verdict on some of its evidence.

    Attributes:
        run: the run.
        view: what it was judged by, as in `truth.cuts.views`.
        samples, snapshots: that it was judged on; ALL for as many as there are.
        verdict: name of the verdict, or UNREAD.
        confidence, strength: of the verdict, and of the charge that decided it.
        onset: step since which the failure holds, as the verdict says.
        steps: of the whole run.
        domain: that its confidence is read from.
        features: name of what its samples were seen through, without the hash of what was fitted to its reals.
        thumb: what the rules of thumb say.
        numbers: what the nearest neighbour compares.
    """

    run: Labelled
    view: View
    samples: int
    snapshots: int
    verdict: str
    confidence: float = 0.0
    strength: float = 0.0
    onset: int | None = None
    steps: int = 0
    domain: str | None = None
    features: str = ""
    thumb: str = INCONCLUSIVE
    numbers: NDArray[np.float64] | None = None

    @property
    def right(self) -> bool:
        """Whether the verdict is right."""
        return self.run.hit(self.verdict)

    @property
    def decided(self) -> bool:
        """Whether anything was proved."""
        return self.verdict not in (UNREAD, INCONCLUSIVE)

    @property
    def surely_accused(self) -> bool:
        """Whether it is accused of a failure that it doesn't have, at a confidence of SURE or more."""
        return accuses(self.verdict) and not self.right and self.verdict != UNREAD and self.confidence >= SURE


# -- judging ------------------------------------------------------------------------------------------------------


def judged(corpora: Path, run: Labelled, cut: bool = False) -> list[Judged]:
    """Judge a run by each of its views, on all that is known of it; or on all cuts of its samples and snapshots."""
    log = beside_samples(run)
    found = []
    for view in views(run):
        if view == "losses":
            silent = not (log.curves or log.quality or log.players)
            found.append(Judged(run, view, ALL, ALL, UNREAD) if silent else _judge(run, view, (ALL, ALL), log))
            continue
        try:
            cuts = cuts_of(corpora, run, view)
        except FileNotFoundError:
            continue
        if cuts.unread:
            found += [] if cut else [Judged(run, view, ALL, ALL, UNREAD)]
            continue
        for size, count in product(SIZES, SNAPSHOTS) if cut else [(ALL, ALL)]:
            rows = cuts.at(size) if cut else cuts.rows[ALL]
            after = [row for row in rows or () if row.step > 0] if rows and len(rows) > 1 else rows
            if rows and after and len(after) >= count:
                chosen = thinned(after, count) if cut else rows
                found.append(_judge(run, view, (size, count), seen(log, cuts, chosen)))
    return found


def _judge(run: Labelled, view: View, sizes: tuple[int, int], evidence: Evidence) -> Judged:
    verdict = diagnose(evidence)
    name = evidence.snapshots[-1].get("protocol", {}).get("features", "") if evidence.snapshots else ""
    return Judged(
        run,
        view,
        *sizes,
        verdict.name,
        verdict.confidence,
        strength(evidence, verdict),
        onset=verdict.onset_step,
        steps=evidence.last_step,
        domain=calibration.domain_of(Case(evidence)),
        features=name.rpartition("-")[0] if "pyramid" in name else name,
        thumb=rules_of_thumb(evidence),
        numbers=described(evidence),
    )


def strength(evidence: Evidence, verdict: Verdict) -> float:
    """Return how clear the charge is that decided a verdict; 0 if nothing was proved."""
    for game in evidence.games().values():
        for reading in readings(game):
            for failure, charge in reading.holding:
                if failure.name == verdict.name or failure_of(failure.name) == verdict.name:
                    return charge.strength
    return 0.0


def judge_all(corpora: Path, runs: Sequence[Labelled], jobs: int, cut: bool = False) -> list[Judged]:
    """Judge runs, each by all of its views."""
    return [each for found in _each(partial(judged, corpora, cut=cut), runs, jobs) for each in found]


def _each(work: Callable[[Any], Any], items: Sequence[Any], jobs: int) -> Iterable[Any]:
    """Yield what comes of each item, in order, from one process or several."""
    if jobs == 1:
        yield from map(work, items)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, items, chunksize=4)


def cache_rows(corpora: Path, runs: Sequence[Labelled], jobs: int) -> None:
    """Compute the statistics of all cuts that have none, or old ones."""
    groups = [list(group) for _, group in groupby(every(runs), key=lambda pair: (pair[1], pair[0].corpus))]
    for group in groups:
        for (run, view), new in zip(group, _each(partial(_cached, corpora), group, jobs), strict=True):
            if new:
                print(f"{run.corpus}: {run.name}, {view}", flush=True)


def _cached(corpora: Path, pair: tuple[Labelled, View]) -> bool:
    return compute(corpora, *pair)


# -- figures ------------------------------------------------------------------------------------------------------

TABLES = {
    "MNIST": ("own", "samples", "MNIST"),
    "points": ("own", "samples", "points"),
    "colour pictures, with classes": ("colour", "samples", None),
    "colour pictures, without classes": ("colour", "unlabelled", None),
    "other trainers": ("trainers", "samples", None),
    "ganlab's losses alone": ("own", "losses", None),
    "other trainers' logs alone": ("trainers", "losses", None),
}
"""Lines of the tables: corpus, view and domain of each."""


def parts(found: Sequence[Judged]) -> Iterator[tuple[str, list[Judged]]]:
    """Yield the lines of the tables that have runs."""
    for name, (corpus, view, domain) in TABLES.items():
        chosen = [
            each
            for each in found
            if (each.run.corpus, each.view) == (corpus, view) and domain in (None, each.run.domain)
        ]
        if chosen:
            yield name, chosen


def counted(found: Sequence[Judged], name: Callable[[Judged], str] = lambda each: each.verdict) -> dict[str, Any]:
    """Count the runs, and each kind of mistake.

    Args:
        found: the runs.
        name: returns the verdict that is counted.

    Returns:
        `runs`, `right`, the 95 % interval `low` and `high` of their share, `inconclusive` (wrongly or rightly), and of
        how many `good`, `failed` and `poor` ones so many were `accused`, `missed` and `flattered`.
    """
    right = sum(each.run.hit(name(each)) for each in found)
    low, high = wilson(right, len(found))
    states = Counter(each.run.state for each in found)
    return {
        "runs": len(found),
        "right": right,
        "low": round(low, 3),
        "high": round(high, 3),
        "inconclusive": sum(name(each) in (INCONCLUSIVE, UNREAD) for each in found),
        **{state: states[state] for state in ("good", "failed", "poor")},
        "accused": sum(each.run.accused(name(each)) for each in found),
        "missed": sum(each.run.missed(name(each)) for each in found),
        "flattered": sum(each.run.flattered(name(each)) for each in found),
    }


def onset_errors(found: Sequence[Judged]) -> list[float]:
    """Return how far the onset of each right accusation lies from the true one, as a share of the run's steps."""
    return [
        abs(each.onset - each.run.onset) / each.steps
        for each in found
        if each.right and accuses(each.verdict) and each.onset is not None and each.run.onset is not None and each.steps
    ]  # fmt: skip


def lines(found: Sequence[Judged], tuned: Sequence[Judged]) -> dict[str, Any]:
    """Return the figures of each line of the tables, with those of the baselines.

    Args:
        found: the runs that are counted.
        tuned: those whose labels the nearest neighbour may look at.
    """
    figures = {}
    for name, chosen in parts(found):
        view = chosen[0].view
        known = [(each.run, each.numbers) for each in tuned if each.view == view and each.numbers is not None]
        errors = onset_errors(chosen)
        figures[name] = {
            **counted(chosen),
            "surely_accused": sum(each.surely_accused for each in chosen),
            "onsets": len(errors),
            "onset_error": round(float(np.median(errors)), 3) if errors else None,
            "baselines": {
                "always inconclusive": counted(chosen, lambda _: INCONCLUSIVE),
                "rules of thumb": counted(chosen, lambda each: each.thumb),
                "nearest neighbour": counted(chosen, partial(_neighbour, known)),
            },
        }
    return figures


def _neighbour(known: Sequence[tuple[Labelled, NDArray[np.float64]]], each: Judged) -> str:
    return INCONCLUSIVE if each.numbers is None else nearest_neighbour(known, each.run, each.numbers)


def confusion(found: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Return how often each verdict was given to good, poor and failed runs, or to runs of each label of the rule."""
    counts: dict[str, Counter[str]] = {}
    for each in found:
        label = str(each.run.label["label"]) if each.run.label else each.run.state
        counts.setdefault(each.verdict, Counter())[label] += 1
    return {verdict: dict(sorted(counts[verdict].items())) for verdict in sorted(counts)}


def wrong(found: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return the wrong verdicts."""
    return [
        {
            "run": each.run.name,
            "label": str(each.run.label["label"]) if each.run.label else each.run.state,
            "right": sorted(each.run.right),
            "verdict": each.verdict,
            "confidence": each.confidence,
        }
        for each in found
        if not each.right
    ]


# -- calibration --------------------------------------------------------------------------------------------------


def bins_of(found: Sequence[Judged]) -> list[dict[str, float]]:
    """Return bins of strength, monotone in the share that was right (otherwise bins are merged).

    At most BINS, each of calibration.ENOUGH_RUNS decided verdicts at least, if there are as many.
    """
    decided = sorted((each.strength, each.right) for each in found if each.decided)
    count = max(1, min(BINS, len(decided) // calibration.ENOUGH_RUNS))
    bins: list[dict[str, float]] = []
    for part in filter(len, np.array_split(np.array(decided, dtype=float), count)):
        bins.append({"from": float(part[0, 0]), "right": int(part[:, 1].sum()), "runs": len(part)})
        while len(bins) > 1 and (share(bins[-1]) < share(bins[-2]) or bins[-1]["from"] == bins[-2]["from"]):
            last = bins.pop()
            bins[-1] = {**bins[-1], "right": bins[-1]["right"] + last["right"], "runs": bins[-1]["runs"] + last["runs"]}
    if bins:
        bins[0]["from"] = 0.0
    return bins


def share(each: dict[str, float]) -> float:
    """Return (right + 1) / (runs + 2), Laplace's rule of succession."""
    return (each["right"] + 1) / (each["runs"] + 2)


def cells_of(found: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return the cells of the table that confidences are read from, each with its bins."""
    groups: dict[tuple[str, int, int], list[Judged]] = {}
    for each in found:
        if each.domain is not None:
            groups.setdefault((each.domain, each.samples, each.snapshots), []).append(each)
    keys = ("domain", "samples", "snapshots")
    cells = [{**dict(zip(keys, key, strict=True)), "bins": bins_of(group)} for key, group in sorted(groups.items())]
    return [cell for cell in cells if cell["bins"]]


def calibrated(found: Sequence[Judged], cuts: Sequence[Judged]) -> dict[str, Any]:
    """Return the table that confidences are read from.

    Args:
        found: all runs, judged on all that is known of them.
        cuts: the same, judged on all cuts.
    """
    failures = Counter(failure_of(each.verdict) for each in found if each.decided and each.view != "losses")
    return {"made_from": made_from(found), "cells": cells_of(cuts), "failures": dict(sorted(failures.items()))}


def made_from(found: Sequence[Judged]) -> dict[str, Any]:
    """Return the runs and the commit that figures were made from, and the command that makes them again."""
    runs = {id(each.run): each.run.corpus for each in found}
    return {
        "command": "python -m truth.accuracy final",
        "runs": dict(sorted(Counter(runs.values()).items())),
        "commit": commit(),
        "features": sorted({each.features for each in found} - {""}),
    }


def commit() -> str:
    """Return the commit of the working tree, with `+ changes` if files differ from it."""
    name, changes = (
        subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    )
    return f"{name} + changes" if changes else name


def checked(cuts: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return how often verdicts of each confidence were right: bins of the tuned runs, held against the others."""
    tuned, others = (
        [each for each in cuts if each.run.split == split and each.decided and each.domain is not None]
        for split in ("tune", "measure")
    )
    table = {(cell["domain"], cell["samples"], cell["snapshots"]): cell["bins"] for cell in cells_of(tuned)}
    said: dict[str, list[tuple[float, bool]]] = {}
    for each in others:
        bins = table.get((str(each.domain), each.samples, each.snapshots), [])
        if sum(one["runs"] for one in bins) >= calibration.ENOUGH_RUNS:
            confidence = share([one for one in bins if one["from"] <= each.strength][-1])
            said.setdefault(str(each.domain), []).append((confidence, each.right))
    return [
        {
            "domain": domain,
            "verdicts": len(pairs),
            "confidence": round(float(np.mean([sure for sure, _ in pairs])), 3),
            "right": round(float(np.mean([right for _, right in pairs])), 3),
        }
        for domain, pairs in sorted(said.items())
    ]


# -- commands -----------------------------------------------------------------------------------------------------


def measured(found: Sequence[Judged], cuts: Sequence[Judged]) -> dict[str, Any]:
    """Return the figures that docs/verdict_accuracy.md is made from."""
    splits = {split: [each for each in found if each.run.split == split] for split in ("tune", "measure")}
    return {
        "made_from": made_from(found),
        "tuned": lines(splits["tune"], splits["tune"]),
        "measured": lines(splits["measure"], splits["tune"]),
        "confusion": {name: confusion(each) for name, each in parts(splits["measure"])},
        "confidence": checked(cuts),
        "wrong": {name: wrong(each) for name, each in parts(splits["measure"]) if each[0].view != "losses"},
    }


def print_runs(found: Sequence[Judged]) -> None:
    """Print a line per run, wrong verdicts marked, and the figures of each domain."""
    for name, chosen in parts(found):
        print(f"\n== {name}")
        for each in (each for each in chosen if each.view != "losses" or each.decided):
            mark = " " if each.right else "!" if each.surely_accused or each.run.missed(each.verdict) else "X"
            label = each.run.label["label"] if each.run.label else each.run.state
            wanted = "" if each.right else " or ".join(sorted(each.run.right))
            sure = f"{each.confidence:.2f} {each.strength:.2f}"
            print(f"{mark} {each.run.name:40} {label:12} {each.verdict:44} {sure} {wanted}")
    for name, figures in lines(found, found).items():
        print(f"\n{name}: {_in_words(figures)}; onset off by {figures['onset_error']} of the run ({figures['onsets']})")
        for baseline, its in figures["baselines"].items():
            print(f"    {baseline}: {_in_words(its)}")


def _in_words(figures: dict[str, Any]) -> str:
    sure = f", {figures['surely_accused']} surely accused" if "surely_accused" in figures else ""
    return (
        f"{figures['right']} of {figures['runs']} right [{figures['low']:.2f}, {figures['high']:.2f}], "
        f"{figures['inconclusive']} inconclusive, {figures['accused']} of {figures['good']} accused, "
        f"{figures['missed']} of {figures['failed']} missed, {figures['flattered']} of {figures['poor']} flattered"
        f"{sure}"
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Verdicts and labels of all corpora.")
    parser.add_argument("command", choices=["rows", "judge", "calibrate", "measure", "final"])
    parser.add_argument("--corpora", type=Path, default=Path("corpora"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", choices=["own", "colour", "trainers"], help="one corpus (rows and judge)")
    arguments = parser.parse_args()
    corpora, jobs = arguments.corpora, arguments.jobs
    runs = labelled(corpora)
    if arguments.command in ("rows", "judge"):
        runs = [run for run in runs if arguments.only in (None, run.corpus)]
    if arguments.command in ("rows", "final"):
        cache_rows(corpora, runs, jobs)
    if arguments.command == "judge":
        print_runs(judge_all(corpora, [run for run in runs if run.split == "tune"], jobs))
    if arguments.command in ("calibrate", "measure", "final"):
        cuts = judge_all(corpora, runs, jobs, cut=True)
        if arguments.command != "measure":
            write_json(CALIBRATION, calibrated(judge_all(corpora, runs, jobs), cuts))
            calibration.table.cache_clear()
        if arguments.command != "calibrate":
            write_json(FIGURES, measured(judge_all(corpora, runs, jobs), cuts))


if __name__ == "__main__":
    main()
