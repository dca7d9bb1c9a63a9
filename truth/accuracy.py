"""How often the verdicts are right: every labelled run of all corpora, judged by `ganlab.diagnosis`.

    python -m truth.corpus train && python -m truth.corpus label       the corpora, see each module
    python -m truth.colour train && python -m truth.trainers train
    python -m truth.accuracy rows         the statistics of all cuts (`truth.cuts`), cached, of runs that have none
    python -m truth.accuracy judge        verdicts next to what is right, of the runs that rules were tuned on
    python -m truth.accuracy calibrate    src/ganlab/diagnosis/calibration.json, from the runs that were only measured
    python -m truth.accuracy measure      docs/verdicts/accuracy.json, the figures of docs/verdict_accuracy.md
    python -m truth.accuracy final        rows, calibrate and measure; then python -m docs.make.verdict_accuracy

All take `--corpora FOLDER` (default: corpora) and `--jobs N`; with `--whose ours` or `--whose others` they look at runs
of ganlab's or of other people's trainers alone, and what both files say of the rest stays as it is. Rows take about 2 s
of a core for a run on pictures, once; judging a run at all sizes takes .3 s. `judge` never shows a run that is only
measured.
"""

from __future__ import annotations

import argparse
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganlab.diagnosis import calibration
from ganlab.diagnosis.calibration import SURE, Cell, Table
from ganlab.diagnosis.case import Case
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.findings import UNMEASURED
from ganlab.diagnosis.judge import diagnose
from ganlab.runs.files import read_json, write_json
from ganlab.sweeps.counting import wilson
from ganlab.verdicts import INCONCLUSIVE, accuses, failure_of
from truth.baselines import described, nearest_neighbour, rules_of_thumb
from truth.corpora import WHOSE, Labelled, Whose, labelled
from truth.cuts import ALL, SIZES, SNAPSHOTS, View, beside_samples, compute, cuts_of, every, seen, thinned, views

ROOT = Path(__file__).parents[1]
CALIBRATION = Path(calibration.__file__).with_name("calibration.json")
FIGURES = ROOT / "docs" / "verdicts" / "accuracy.json"

UNREAD = "not read"
"""In the place of a verdict, for files in which nothing was found."""

NOTHING: Table = {"made_from": {}, "cells": [], "verdicts": {}}
"""The table of no runs."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A labelled run with a verdict on some of its evidence.

    Attributes:
        run: the run.
        view: what it was judged by, as in `truth.cuts.views`.
        samples, snapshots: that it was judged on; 0 for losses alone.
        verdict: name of the verdict, or UNREAD.
        confidence: of the verdict.
        doubt: what makes it unlike all labelled runs.
        onset: step since which the failure holds, as the verdict says.
        steps: of the whole run.
        domain: that its confidence is read from.
        features: name of what its samples were seen through, without the hash of what was fitted to its reals.
        thumb: what the rules of thumb say.
        numbers: what the nearest neighbour compares.
    """

    run: Labelled
    view: View
    samples: float
    snapshots: int
    verdict: str
    confidence: float = 0.0
    doubt: str = ""
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
    def configuration(self) -> tuple[str, str]:
        """Corpus and configuration of the run."""
        return self.run.corpus, self.run.group

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
            found.append(Judged(run, view, 0, 0, UNREAD) if silent else _judge(run, view, log))
            continue
        try:
            cuts = cuts_of(corpora, run, view)
        except FileNotFoundError:
            continue
        if cuts.unread:
            found += [] if cut else [Judged(run, view, 0, 0, UNREAD)]
            continue
        for size, count in product(SIZES, SNAPSHOTS) if cut else [(ALL, ALL)]:
            rows = cuts.at(size) if cut else cuts.rows[ALL]
            after = [row for row in rows or () if row.step > 0] if rows and len(rows) > 1 else rows
            if rows and after and len(after) >= count:
                chosen = thinned(after, count) if cut else rows
                found.append(_judge(run, view, seen(log, cuts, chosen)))
    return found


def _judge(run: Labelled, view: View, evidence: Evidence) -> Judged:
    verdict, case = diagnose(evidence), Case(evidence)
    name = evidence.snapshots[-1].get("protocol", {}).get("features", "") if evidence.snapshots else ""
    return Judged(
        run,
        view,
        *calibration.size_of(case),
        verdict.name,
        verdict.confidence,
        calibration.doubt_of(case),
        onset=verdict.onset_step,
        steps=evidence.last_step,
        domain=calibration.domain_of(case),
        features=name.rpartition("-")[0] if "pyramid" in name else name,
        thumb=rules_of_thumb(evidence),
        numbers=described(evidence),
    )


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
            "surely_accused_of": dict(sorted(Counter(each.verdict for each in chosen if each.surely_accused).items())),
            "states": {state: in_state(chosen, state) for state in ("good", "poor", "failed")},
            "onsets": len(errors),
            "onset_error": round(float(np.median(errors)), 3) if errors else None,
            "baselines": {
                "always inconclusive": counted(chosen, lambda _: INCONCLUSIVE),
                "rules of thumb": counted(chosen, lambda each: each.thumb),
                "nearest neighbour": counted(chosen, partial(_neighbour, known)),
            },
        }
    return figures


def in_state(found: Sequence[Judged], state: str) -> dict[str, int]:
    """Count the runs of one state: all, those that are judged right, and those on which nothing is proved."""
    chosen = [each for each in found if each.run.state == state]
    right, inconclusive = sum(each.right for each in chosen), sum(not each.decided for each in chosen)
    return {"runs": len(chosen), "right": right, "inconclusive": inconclusive}


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


def cells_of(cuts: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return the cells of the table that confidences are read from: of each run one verdict, if anything is proved."""
    cells: dict[tuple[str, bool, float, int], dict[tuple[str, str], bool]] = {}
    for each in cuts:
        if each.domain is not None and each.decided:
            cell = cells.setdefault((each.domain, accuses(each.verdict), each.samples, each.snapshots), {})
            # Pictures of one class are judged in two views, which are the same.
            cell.setdefault((each.run.corpus, each.run.name), each.right)
    return [
        {
            "domain": domain,
            "accusing": accusing,
            "samples": int(samples),
            "snapshots": snapshots,
            "right": sum(runs.values()),
            "runs": len(runs),
        }
        for (domain, accusing, samples, snapshots), runs in sorted(cells.items())
    ]


def table_of(found: Sequence[Judged], cuts: Sequence[Judged], rest: Table = NOTHING) -> dict[str, Any]:
    """Return the table that confidences are read from, made of the runs that were only measured.

    Args:
        found: runs, judged on all that is known of them.
        cuts: the same, judged on all cuts.
        rest: the table of those whose runs aren't among them.
    """
    found, cuts = ([each for each in those if each.run.split == "measure"] for those in (found, cuts))
    had = {
        (each.run.whose, each.run.corpus, each.run.name, failure_of(each.verdict))
        for each in found
        if each.decided and each.view != "losses"
    }
    verdicts = {
        whose: dict(sorted(Counter(verdict for theirs, *_, verdict in had if theirs == whose).items()))
        for whose in sorted({whose for whose, *_ in had})
    }
    cells = sorted([*rest["cells"], *cells_of(cuts)], key=lambda cell: Cell(**cell)[:4])
    return {"cells": cells, "verdicts": {**rest["verdicts"], **verdicts}}


def held_out(
    these: Sequence[Judged], found: Sequence[Judged], cuts: Sequence[Judged], rest: Table = NOTHING
) -> Iterator[tuple[Judged, str]]:
    """Yield verdicts, each as sure as the table makes it without the runs of its own configuration, with the basis.

    Args:
        these: the verdicts.
        found, cuts, rest: all runs, as `table_of` is given them.
    """
    tables: dict[tuple[str, str], dict[str, Any]] = {}
    for each in these:
        if each.configuration not in tables:
            others = [[one for one in those if one.configuration != each.configuration] for those in (found, cuts)]
            tables[each.configuration] = table_of(others[0], others[1], rest)
        if each.verdict == UNREAD:
            yield each, ""
            continue
        known = tables[each.configuration]
        sure, basis = calibration.earned(known, each.verdict, each.domain, each.samples, each.snapshots, each.doubt)
        yield replace(each, confidence=sure), basis


def calibrated(found: Sequence[Judged], cuts: Sequence[Judged], rest: Table = NOTHING) -> dict[str, Any]:
    """Return what calibration.json holds: the table, and what it was made from."""
    return {"made_from": {**rest["made_from"], **made_from(found)}, **table_of(found, cuts, rest)}


def made_from(found: Sequence[Judged]) -> dict[str, Any]:
    """Return the runs and the commit that figures were made from, by whose the runs are."""
    return {
        whose: {
            "runs": _by_corpus(its),
            "measured": _by_corpus([each for each in its if each.run.split == "measure"]),
            "commit": commit(),
            "features": sorted({each.features for each in its} - {""}),
        }
        for whose in sorted({each.run.whose for each in found})
        for its in [[each for each in found if each.run.whose == whose]]
    }


def _by_corpus(found: Sequence[Judged]) -> dict[str, int]:
    return dict(sorted(Counter(corpus for corpus, _ in {(each.run.corpus, each.run.name) for each in found}).items()))


def rest_of(table: Table, whose: Whose | None) -> Table:
    """Return the part of the table that isn't made from these runs: NOTHING if it is made from all of them."""
    if whose is None:
        return NOTHING
    others = whose == "others"
    return {
        "made_from": {key: its for key, its in table["made_from"].items() if key != whose},
        "cells": [cell for cell in table["cells"] if calibration.of_others(cell["domain"]) != others],
        "verdicts": {key: its for key, its in table["verdicts"].items() if key != whose},
    }


def commit() -> str:
    """Return the commit of the working tree, with `+ changes` if files differ from it."""
    name, changes = (
        subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    )
    return f"{name} + changes" if changes else name


def checked(found: Sequence[Judged], cuts: Sequence[Judged], rest: Table = NOTHING) -> list[dict[str, Any]]:
    """Return how often calibrated verdicts were right, held against the confidences that other configurations give.

    A line for each domain and for failures that were named, or for verdicts that name none.
    """
    measured = [each for each in cuts if each.run.split == "measure" and each.decided and each.domain is not None]
    said: dict[tuple[str, bool], list[Judged]] = {}
    for each, basis in held_out(measured, found, cuts, rest):
        if not basis.startswith(UNMEASURED):
            said.setdefault((str(each.domain), accuses(each.verdict)), []).append(each)
    return [
        {
            "domain": domain,
            "accusing": accusing,
            "runs": len({(each.run.corpus, each.run.name) for each in those}),
            "verdicts": len(those),
            "confidence": round(float(np.mean([each.confidence for each in those])), 3),
            "right": round(float(np.mean([each.right for each in those])), 3),
        }
        for (domain, accusing), those in sorted(said.items())
    ]


# -- commands -----------------------------------------------------------------------------------------------------


def measured(found: Sequence[Judged], cuts: Sequence[Judged], rest: Table = NOTHING) -> dict[str, Any]:
    """Return the figures that docs/verdict_accuracy.md is made from.

    Args:
        found, cuts, rest: all runs, as `table_of` is given them.
    """
    earned = [each for each, _ in held_out(found, found, cuts, rest)]
    splits = {split: [each for each in earned if each.run.split == split] for split in ("tune", "measure")}
    return {
        "made_from": made_from(found),
        "tuned": lines(splits["tune"], splits["tune"]),
        "measured": lines(splits["measure"], splits["tune"]),
        "confusion": {name: confusion(each) for name, each in parts(splits["measure"])},
        "confidence": checked(found, cuts, rest),
        "wrong": {name: wrong(each) for name, each in parts(splits["measure"]) if each[0].view != "losses"},
    }


def beside(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures with those of some runs in the place of their old ones, lines in the order of TABLES."""
    found = {"made_from": {**old["made_from"], **new["made_from"]}}
    for part in ("tuned", "measured", "confusion", "wrong"):
        lines = {**old[part], **new[part]}
        found[part] = {name: lines[name] for name in TABLES if name in lines}
    measured_again = {line["domain"] for line in new["confidence"]}
    kept = [line for line in old["confidence"] if line["domain"] not in measured_again]
    return {
        **found,
        "confidence": sorted([*kept, *new["confidence"]], key=lambda line: (line["domain"], line["accusing"])),
    }


def print_runs(found: Sequence[Judged]) -> None:
    """Print a line per run, wrong verdicts marked, and the figures of each domain."""
    for name, chosen in parts(found):
        print(f"\n== {name}")
        for each in (each for each in chosen if each.view != "losses" or each.decided):
            mark = " " if each.right else "!" if each.surely_accused or each.run.missed(each.verdict) else "X"
            label = each.run.label["label"] if each.run.label else each.run.state
            wanted = "" if each.right else " or ".join(sorted(each.run.right))
            print(f"{mark} {each.run.name:40} {label:12} {each.verdict:44} {each.confidence:.2f} {wanted}")
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
    parser.add_argument("--whose", choices=sorted(set(WHOSE.values())), help="those of one kind of trainer alone")
    arguments = parser.parse_args()
    corpora, jobs = arguments.corpora, arguments.jobs
    runs = [run for run in labelled(corpora) if arguments.whose in (None, run.whose)]
    if arguments.command in ("rows", "final"):
        cache_rows(corpora, runs, jobs)
    if arguments.command == "judge":
        print_runs(judge_all(corpora, [run for run in runs if run.split == "tune"], jobs))
    if arguments.command in ("calibrate", "measure", "final"):
        found, cuts = (judge_all(corpora, runs, jobs, cut) for cut in (False, True))
        rest = rest_of(calibration.table(), arguments.whose)
        # Both before either is written: they name the commit, and whether files differ from it.
        table, figures = calibrated(found, cuts, rest), measured(found, cuts, rest)
        if arguments.command != "measure":
            write_json(CALIBRATION, table)
        if arguments.command != "calibrate":
            write_json(FIGURES, beside(read_json(FIGURES), figures) if arguments.whose else figures)


if __name__ == "__main__":
    main()
