"""The labelled runs of all corpora, each in the same form: whose it is, where it lies, and which verdicts are right.

    corpora/own        ganlab's runs on MNIST and points (`truth.corpus`), labelled by rule (`truth.labels`)
    corpora/colour     ganlab's runs on colour pictures (`truth.colour`), labelled by eye
    corpora/trainers   runs of other people's trainers (`truth.trainers`), labelled by eye

The last two hold index.json, a list of records: `name`, `group` (configuration), `split` (`tune` or `measure`),
`domain`, `run` (a run directory) or `log`, `samples`, `real`, `tile` and `loss`, `state` and `right`. Paths are
relative to the corpus; whatever isn't there is null. A run without a state isn't labelled yet, and left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ganlab.verdicts import accuses, matches
from truth.corpus import halves
from truth.scoring import FAILED, allowed, onset

State = Literal["good", "poor", "failed"]
Split = Literal["tune", "measure"]

Whose = Literal["ours", "others"]

WHOSE: dict[str, Whose] = {"own": "ours", "colour": "ours", "trainers": "others"}
"""Whose trainers made the runs of each corpus. Confidences hold them apart, so each part can be measured by itself."""

CORPORA = tuple(WHOSE)

KINDS = {"images": "MNIST", "points": "points"}
"""Domains of ganlab's own corpus by the kinds of its labels."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A run whose right verdicts are known.

    Attributes:
        corpus: one of CORPORA.
        name, group: of the run, unique in its corpus, and of its configuration, all of whose seeds are in one split.
        split: `tune` if rules were tuned on it, `measure` if it was only measured.
        domain: what it was trained on, in a word.
        state: `good`, `poor` (a person could say either) or `failed`.
        right: names of the verdicts that are right; a failure stands for all of its variants.
        run: its directory, if it is a run of ganlab's.
        log, samples, real, tile, loss: what `ganlab diagnose` is given otherwise.
        onset: step since which it has been as bad as its label says; None if that isn't known.
        label: the row of labels.json that this was made from, of ganlab's own corpus.
    """

    corpus: str
    name: str
    group: str
    split: Split
    domain: str
    state: State
    right: frozenset[str]
    run: Path | None = None
    log: Path | None = None
    samples: Path | None = None
    real: str | None = None
    tile: int | None = None
    loss: str | None = None
    onset: int | None = None
    label: Mapping[str, Any] | None = None

    @property
    def whose(self) -> Whose:
        """Whose trainer made it."""
        return WHOSE[self.corpus]

    def hit(self, verdict: str) -> bool:
        """Return whether a verdict is right."""
        return matches(verdict, self.right)

    def accused(self, verdict: str) -> bool:
        """Return whether a verdict accuses a run that is good, and is wrong."""
        return self.state == "good" and accuses(verdict) and not self.hit(verdict)

    def missed(self, verdict: str) -> bool:
        """Return whether a verdict calls a failed run healthy, and is wrong."""
        return self.state == "failed" and verdict == "healthy" and not self.hit(verdict)

    def flattered(self, verdict: str) -> bool:
        """Return whether a verdict calls a poor run healthy, and is wrong."""
        return self.state == "poor" and verdict == "healthy" and not self.hit(verdict)


def a_third_tuned(group: str) -> Split:
    """Return the split of a configuration: `tune` for a third of them, chosen by the hash of the name."""
    return "tune" if int(hashlib.sha256(group.encode()).hexdigest(), 16) % 3 == 0 else "measure"


def labelled(corpora: Path) -> list[Labelled]:
    """Return the labelled runs of all corpora that are there."""
    own = list(of_rules(corpora / "own")) if (corpora / "own" / "labels.json").is_file() else []
    return [*own, *(run for name in CORPORA[1:] for run in of_index(corpora / name))]


def of_rules(corpus: Path) -> Iterator[Labelled]:
    """Yield the runs of ganlab's own corpus, each in the half that its configuration belongs to now."""
    half: dict[str, Split] = {name: "tune" if part == "tune" else "measure" for name, part in halves().items()}
    for row in json.loads((corpus / "labels.json").read_text()):
        state: State = "failed" if row["label"] in FAILED else row["label"]
        yield Labelled(
            "own",
            f"{row['configuration']}, seed {row['seed']}",
            row["configuration"],
            half[row["configuration"]],
            KINDS[row["kind"]],
            state,
            allowed(row),
            run=corpus / "runs" / row["run"],
            onset=onset(row),
            label=row,
        )


def of_index(corpus: Path) -> Iterator[Labelled]:
    """Yield the labelled runs of a corpus with an index; none if there is none."""
    if not (corpus / "index.json").is_file():
        return
    for record in json.loads((corpus / "index.json").read_text()):
        if record.get("state"):
            paths = {key: corpus / record[key] if record.get(key) else None for key in ("run", "log", "samples")}
            real = record.get("real")
            yield Labelled(
                corpus.name,
                record["name"],
                record["group"],
                record["split"],
                record["domain"],
                record["state"],
                frozenset(record["right"]),
                **paths,
                # A path beside the index, or a data set by its name.
                real=str(corpus / real) if real and (corpus / real).exists() else real,
                tile=record.get("tile"),
                loss=record.get("loss"),
            )
