"""A verdict as a figure: the losses and the curve that convinced most, with what was found marked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.places import at, stretch
from ganlab.diagnosis.wording import confidence, headline, in_brackets
from ganlab.plots.figures import ALARM, D_FAKE, D_REAL, GENERATOR, MUTED, OUTPUT, Curve
from ganlab.plots.grids import Pixels
from ganlab.plots.share import share_picture
from ganlab.plots.verdicts import Panel, Spell, annotated_curves
from ganlab.runs.snapshots import SHARE, TABLE, Chart, Statistic
from ganlab.verdicts import tone, words

if TYPE_CHECKING:
    from ganlab.diagnosis.findings import Judgement

LOSS_LINES = {
    "d_loss_real": ("D real", D_REAL),
    "d_loss_fake": ("D fake", D_FAKE),
    "d_loss": ("D", D_REAL),
    "g_loss": ("G", GENERATOR),
}
"""What each loss is called in pictures, and its colour."""


FAR = 30
"""How many times larger the largest loss is than the lowest tenth of them, at least, for the picture to send to have a
logarithmic axis: on a linear one the discriminator's losses would lie flat on 0."""

TITLE_COLOURS = {"good": GENERATOR, "open": MUTED, "bad": ALARM}
"""A title's colour, by the tone of the verdict."""


@dataclass(frozen=True)
class Proof:
    """Curves that can show a verdict to be true, drawn below the losses.

    Attributes:
        label: what they show.
        curves: name and colour of each, by its key in the evidence.
        signals: findings about these curves, in addition to those with a key in their name.
        log: whether the axis is logarithmic.
        shares: whether all of them are shares, 0 to 1.
    """

    label: str
    curves: Mapping[str, tuple[str, str]]
    signals: tuple[str, ...] = ()
    log: bool = False
    shares: bool = False


COLOURS = {
    "generator": GENERATOR,
    "output": OUTPUT,
    "real": D_REAL,
    "fake": D_FAKE,
    "muted": MUTED,
    "alarm": ALARM,
}
"""The colours that statistics are drawn in."""

ACCURACIES = Proof(
    "discriminator accuracy",
    {"d_acc_real": ("real", D_REAL), "d_acc_fake": ("fake", D_FAKE)},
    shares=True,
)
GRADIENTS = Proof(
    "gradient norms",
    {
        "grad_d": ("D's weights", D_REAL),
        "grad_g": ("G's weights", GENERATOR),
        "grad_g_output": ("G's output", OUTPUT),
    },
    ("non_finite",),
    log=True,
)


def proofs_of(statistics: Iterable[Statistic]) -> list[Proof]:
    """Return a proof for each chart that statistics are drawn on, in their order."""
    charts: dict[Chart, dict[str, tuple[str, str]]] = {}
    others: set[Chart] = set()
    for each in statistics:
        if each.line is not None:
            chart = each.line.chart or Chart(each.label)
            if each.range != SHARE:
                others.add(chart)
            curves = charts.setdefault(chart, {})
            curves[each.name] = (each.line.name, COLOURS[each.line.colour])
            if each.line.real is not None:
                curves[f"{each.name}_real"] = (each.line.real, MUTED)
    return [
        Proof(chart.title, curves, chart.signals, chart.log, chart not in others) for chart, curves in charts.items()
    ]


PROOFS = (
    *proofs_of(each for each in TABLE if each.kind != "score"),
    ACCURACIES,
    *proofs_of(each for each in TABLE if each.kind == "score"),
    GRADIENTS,
)
"""In the order of preference if no finding names a curve."""


def draw_verdict(evidence: Evidence, verdict: Judgement, samples: tuple[str, Pixels] | None = None) -> Figure:
    """Draw each game's losses and the curve that convinced most, with the onset, the evidence and other failures.

    Args:
        evidence: what was judged.
        verdict: what came of it.
        samples: what they are, and a few of them as a picture, uint8 (H, W, 3), to be drawn beside the curves.
    """
    panels = [panel for player, game in evidence.games().items() for panel in _of_game(player, game, verdict)]
    return annotated_curves(
        in_words(verdict),
        verdict.summary,
        panels,
        verdict.onset_step,
        [each.window for each in verdict.evidence],
        [Spell(words(each.name).capitalize(), *each.window) for each in verdict.contributing],
        TITLE_COLOURS[tone(verdict.name)],
        verdict.unit,
        "" if verdict.onset_step is None else at(verdict.onset_step, verdict.unit),
        samples,
    )


def draw_share(evidence: Evidence, verdict: Judgement, name: str, samples: Pixels | None) -> Figure:
    """Draw a verdict as one picture to send, 1200 x 630 pixels: what it is, the first game's losses, and samples.

    Args:
        evidence: what was judged.
        verdict: what came of it.
        name: of the run.
        samples: what it made last, uint8 (H, W, 3).
    """
    game = next(iter(evidence.games().values()))
    colour = TITLE_COLOURS[tone(verdict.name)]
    # What the confidence rests on is too long for one line; the page has it.
    sure = f"{confidence(verdict)}; severity {verdict.severity:.2f}; " if confidence(verdict) else ""
    told = headline(verdict), verdict.summary, f"{sure}judged on {stretch(verdict.steps, verdict.unit)}", name
    losses = _losses(game)
    values = np.concatenate([curve.values for curve in losses.curves] or [np.ones(1)])
    values = values[np.isfinite(values)]
    far = bool(len(values) and (values > 0).all() and values.max() > FAR * np.quantile(values, 0.1))
    return share_picture(*told, replace(losses, log=far), samples, verdict.onset_step, verdict.unit, colour)


def in_words(verdict: Judgement) -> str:
    """Return a figure's title: the verdict, and how sure it is."""
    return words(verdict.name).capitalize() + in_brackets(confidence(verdict))


def _of_game(player: str, game: Evidence, verdict: Judgement) -> Iterator[Panel]:
    """Yield the panels of a game, each with its player's name if there are several games."""
    of = f" of {player}" if player else ""
    losses, proof = _losses(game), proof_of(game, verdict)
    yield replace(losses, label=losses.label + of)
    if proof is not None:
        yield Panel(proof.label + of, _curves(game, proof.curves), log=proof.log, shares=proof.shares)


def _losses(evidence: Evidence) -> Panel:
    """The halves of the discriminator's loss if they are known, else the whole; and the generator's."""
    halves = evidence.curve("d_loss_real") is not None
    shown = {key: look for key, look in LOSS_LINES.items() if key == "g_loss" or (key == "d_loss") is not halves}
    chance = (math.log(2), "chance, 0.69") if halves and evidence.family == "cross_entropy" else None
    return Panel("losses", _curves(evidence, shown), chance)


def _curves(evidence: Evidence, shown: Mapping[str, tuple[str, str]]) -> list[Curve]:
    found = [(evidence.curve(key), *look) for key, look in shown.items()]
    return [Curve(label, c.steps.astype(float), c.values, colour) for c, label, colour in found if c is not None]


def proof_of(evidence: Evidence, verdict: Judgement) -> Proof | None:
    """Return what the weightiest finding is about that has curves; else the first that has any; None without any.

    If losses alone speak for the verdict, these are the discriminator's accuracies: losses are drawn anyway.
    """
    drawable = [proof for proof in PROOFS if any(evidence.curve(key) is not None for key in proof.curves)]
    for finding in verdict.evidence:
        for proof in drawable:
            if finding.signal in proof.signals or any(key in finding.signal for key in proof.curves):
                return proof
    if ACCURACIES in drawable and any(finding.signal in LOSS_LINES for finding in verdict.evidence):
        return ACCURACIES  # beside losses, what they mean: who wins
    return drawable[0] if drawable else None
