"""What other people's loops pass to `ganlab.Monitor`, checked before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from torch import Tensor

from ganlab.config.experiment import NAME
from ganlab.diagnosis.readers.family import LOSS_NAMES
from ganlab.errors import ConfigError, RunError
from ganlab.monitor.recorder import as_integer, versions
from ganlab.monitor.rows import Number, as_float, require_one
from ganlab.runs.status import LAST_STEP, MADE_BY, RunStatus, State, now, this_process
from ganlab.text import short

SCORES = ("d_train", "d_held_out", "d_fake")
"""The discriminator's mean scores that a snapshot may have: on training data, on data never trained on, on samples."""


def new_status(name: str, loss: str | None, steps: int | None, seed: int) -> RunStatus:
    """Return run.json of a run that begins.

    Raises:
        ConfigError: a name that a run cannot have, an unknown loss, an invalid number of steps, or a seed that is no
            integer.
    """
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise ConfigError(
            f"a run cannot be called {name!r:.100}",
            "start with a letter or a digit, go on with letters, digits, `_`, `.` or `-`, at most 64",
        )
    if loss is not None and (not isinstance(loss, str) or loss not in LOSS_NAMES):
        raise ConfigError(
            f"loss is {short(repr(loss))}", f"losses are {', '.join(LOSS_NAMES)}; leave it out if yours is another"
        )
    planned, chosen = as_integer(steps), as_integer(seed)
    if steps is not None and (planned is None or not 1 <= planned <= LAST_STEP):
        raise ConfigError(
            f"steps is {short(repr(steps))}", f"give the number of planned steps, 1 to {LAST_STEP}, or leave it out"
        )
    if chosen is None:
        raise ConfigError(f"seed is {short(repr(seed))}", "give an integer, such as 0")
    return RunStatus(
        status="running",
        reason="",
        made_by=MADE_BY,
        name=name,
        loss=loss,
        seed=chosen,
        step=0,
        steps=planned,
        process=this_process(),
        started=now(),
        seconds=0.0,
        versions=versions(),
    )


def checked_scores(scores: Mapping[str, Number]) -> dict[str, float]:
    """Return the discriminator's mean scores as floats.

    Raises:
        RunError: one has another name than those in SCORES, or is no single number.
    """
    for name, score in scores.items():
        if name not in SCORES:
            raise RunError(f"snapshot() knows no score {name!r}", f"scores are {', '.join(SCORES)}")
        if isinstance(score, Tensor):
            require_one(name, score)
    return {name: as_float(name, score) for name, score in scores.items()}


def checked_protocol(protocol: Mapping[str, str] | None) -> dict[str, str]:
    """Return what is said of how samples were made; empty if nothing is.

    Raises:
        RunError: it is no mapping from text to text.
    """
    if protocol is None:
        return {}
    if not isinstance(protocol, Mapping) or not all(
        isinstance(each, str) for item in protocol.items() for each in item
    ):
        raise RunError(
            f"protocol is {short(repr(protocol))}", 'give a mapping from text to text, such as {"generator": "EMA"}'
        )
    return dict(protocol)


def require_end(status: str) -> None:
    """Raise RunError unless a run can end so."""
    if status not in get_args(State) or status == "running":
        raise RunError(f"a run cannot end as {status!r}", "it is finished, stopped, interrupted or failed")
