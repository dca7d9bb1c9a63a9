"""run.json: what a run is, how far it came and how it ended. Only this module reads and writes it."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, Strict, ValidationError

from ganlab.errors import RunError
from ganlab.runs.files import read_json, write_json

STATUS_SCHEMA = 1
"""Version of the run directory's format."""

MADE_BY = "ganlab.Monitor"
"""What `made_by` says of a run that another program's loop wrote."""

STOP_ON = "stop_on"
"""Beginning of the reason of a run that its verdict ended."""

State = Literal["running", "finished", "stopped", "interrupted", "failed"]

ENDED = ("finished", "stopped")
"""States of a run that ended by itself: after its last step, by `stop_on`, or at the first NaN or Inf."""

LAST_STEP = 10**12 - 1
"""The largest step that a run can have."""

Step = Annotated[int, Field(ge=0, le=LAST_STEP)]
Seconds = Annotated[float, Field(ge=0, lt=1e15)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A part of run.json. Keys that this ganlab does not know are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)


class Process(Part):
    """A process: its number, and the machine that it runs on."""

    pid: int
    host: str


class DataFacts(Part):
    """The real data of a run: how many samples, and a fingerprint of them."""

    train: int
    held_out: int
    fingerprint: str


class Resumption(Part):
    """One resume: from which step, when, and what was changed in the experiment (`key`, `from`, `to`)."""

    step: Step
    time: str
    changes: Annotated[tuple[dict[str, Any], ...], Strict(False)]


class NonFiniteFacts(Part):
    """Where NaN or Inf first appeared.

    Attributes:
        step: the step.
        tensor: kind of tensor (output, loss, gradient, parameter, state) or the column of history.csv.
        network, layer: whose it is, if it belongs to one.
        seen_in: the column in which the run met it.
        checkpoint: step of the checkpoint from which the run was replayed to find it.
    """

    step: Step
    tensor: str
    network: str | None = None
    layer: str | None = None
    seen_in: str | None = None
    checkpoint: Step | None = None


class Cost(Part):
    """What of the last session was not training.

    Attributes:
        watching_share, saving_share: of its time.
        preparing_seconds: what it took to compute or read what the real samples give; no part of the run's time.
    """

    watching_share: Share
    saving_share: Share
    preparing_seconds: Seconds | None = None


AnyStatus = TypeVar("AnyStatus", bound="RunStatus")


class RunStatus(Part):
    """run.json of any run: one of ganlab's own, or one that another program wrote through `ganlab.Monitor`.

    Only `status` is sure to be there. A key that is missing, or whose value is damaged, is None here.

    Attributes:
        status: running (also left behind by a process that was killed), finished, stopped (by a verdict, or at NaN),
            interrupted (by a signal or a full disk) or failed.
        reason: why it did not finish; empty if it did or goes on.
        made_by: MADE_BY, or None for ganlab's own loop.
        name: what another program called the run.
        experiment: name of the experiment.
        loss: the loss that another program named.
        seed: the run's seed.
        step: the last step, at the end of the last session.
        steps: planned steps.
        process: who writes or wrote the run.
        started, ended: times of day with zone (ISO 8601).
        seconds: what all sessions took.
        device: what it was trained on.
        threads: threads of the CPU.
        versions: of ganlab, Python and PyTorch.
        data: the real data.
        parameters: weights of each network.
        resumed: the resumes, oldest first.
        non_finite: where NaN or Inf first appeared, if it did.
        cost: what watching and saving took.
    """

    status: State
    reason: str = ""
    made_by: str | None = None
    name: str | None = None
    experiment: str | None = None
    loss: str | None = None
    seed: int | None = None
    step: Step | None = None
    steps: Step | None = None
    process: Process | None = None
    started: str | None = None
    seconds: Seconds | None = None
    device: str | None = None
    threads: int | None = None
    versions: dict[str, str] | None = None
    data: DataFacts | None = None
    parameters: dict[str, int] | None = None
    resumed: Annotated[tuple[Resumption, ...] | None, Strict(False)] = None
    non_finite: NonFiniteFacts | None = None
    ended: str | None = None
    cost: Cost | None = None

    _damaged: tuple[str, ...] = PrivateAttr(())

    @property
    def damaged(self) -> tuple[str, ...]:
        """Keys of the file whose values could not be used."""
        return self._damaged

    @property
    def unknown(self) -> tuple[str, ...]:
        """Keys of the file that this ganlab does not know, such as those of a newer one."""
        return tuple(self.model_extra or ())

    @property
    def ended_by_itself(self) -> bool:
        """Whether the run ended after its last step, by `stop_on` or at NaN, so that its verdict counts."""
        return self.status in ENDED

    def changed(self: AnyStatus, **changes: Any) -> AnyStatus:
        """Return it with other values."""
        return self.model_copy(update=changes)

    def in_words(self) -> str:
        """Return how far the run is, in a line: `finished after step 2000 of 2000, 41 s`."""
        parts = [f"{self.status} ({self.reason})" if self.reason else self.status]
        if self.step is not None:
            parts[0] += f" after step {self.step}" + ("" if self.steps is None else f" of {self.steps}")
        parts += [] if self.seconds is None else [f"{self.seconds:.0f} s"]
        return ", ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Return the content of run.json: what was set, and anything else that a newer ganlab may have written."""
        absent = {"non_finite"} if self.non_finite is None else set()
        return {"schema": STATUS_SCHEMA, **self.model_dump(exclude_unset=True, exclude=absent)}


class OwnStatus(RunStatus):
    """run.json of a run of ganlab's own loop, with all that a resume needs."""

    device: str
    threads: Annotated[int, Field(ge=1, le=1024)]
    versions: dict[str, str]
    data: DataFacts
    resumed: Annotated[tuple[Resumption, ...], Strict(False)]


class NewerFormat(RunError):
    """A file of a newer ganlab, which this one cannot read."""


def read_status(path: Path) -> RunStatus:
    """Read run.json. Values that cannot be used are left out, and their keys are listed in `damaged`.

    Raises:
        RunError: the file is missing, is no JSON object, or names no known status.
        NewerFormat: it is of a newer format.
    """
    values = read_json(path)
    schema = values.pop("schema", None)
    if type(schema) is not int or schema != STATUS_SCHEMA:
        kind = NewerFormat if type(schema) is int and schema > STATUS_SCHEMA else RunError
        raise kind(
            f"{path} has format {schema!r}, and this ganlab reads up to {STATUS_SCHEMA}", "update ganlab to read it"
        )
    # Half of a surrogate pair is no text; JSON can hold it all the same.
    values = {key.encode(errors="backslashreplace").decode(): value for key, value in values.items()}
    damaged = _unusable(RunStatus, values)
    if "status" in damaged:
        raise RunError(f"{path} names no known status", "the file is damaged; use another run")
    status = RunStatus.model_validate({key: value for key, value in values.items() if key not in damaged})
    status._damaged = damaged
    return status


def read_own_status(path: Path) -> OwnStatus:
    """Read run.json of a run that is to be resumed.

    Raises:
        RunError: as for `read_status`; another program wrote the run; or something that a resume needs is missing.
    """
    status = read_status(path)
    if status.made_by == MADE_BY:
        raise RunError(f"{path.parent} was written by another program, through {MADE_BY}", "start that program again")
    values = status.model_dump(exclude_unset=True)
    if missing := _unusable(OwnStatus, values):
        raise RunError(
            f"{path} has no usable {' and '.join(missing)}", "the file is damaged; restore it or use another run"
        )
    return OwnStatus.model_validate(values)


def write_status(path: Path, status: RunStatus) -> None:
    """Replace run.json.

    Raises:
        Interrupted: the disk is full; the old file is untouched.
    """
    write_json(path, status.as_json())


def _unusable(kind: type[RunStatus], values: dict[str, Any]) -> tuple[str, ...]:
    """Return the keys that are missing, or whose values are not what they must be."""
    try:
        kind.model_validate(values)
    except ValidationError as error:
        return tuple(dict.fromkeys(str(each["loc"][0]) for each in error.errors()))
    return ()


def this_process() -> Process:
    """Return who we are."""
    return Process(pid=os.getpid(), host=socket.gethostname())


def now() -> str:
    """Return the time of day, to the second, with its zone."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
