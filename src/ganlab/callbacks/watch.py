"""What the callbacks share: a Monitor in the hands of another library's trainer."""

from __future__ import annotations

import atexit
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ganlab.data.arrays import Array
from ganlab.errors import ConfigError, RunError
from ganlab.monitor.monitor import Monitor
from ganlab.monitor.recorder import as_integer, ending
from ganlab.monitor.rows import Number, as_float, require_one
from ganlab.monitor.undisturbed import random_states_kept
from ganlab.monitor.view import LoggingView
from ganlab.runs.status import State
from ganlab.text import described, short

OWN = ("self", "step", "time")
"""Names that a metric cannot have as a column: `log` or its rows have them already."""


class Watch:
    """A run from its first step to its last.

    What is wrong with the arguments is raised by `begin`, before the first step. Whatever fails later becomes a
    warning, and training goes on.

    Args:
        run: name of the run.
        samples: takes the model and returns what its generator makes, as `Monitor.snapshot` takes it. It is called
            without gradients, with the model in eval mode if it is a PyTorch module; random states are put back after.
        every: steps from one snapshot to the next.
        columns: names for metrics, such as `{"loss/disc": "d_loss"}`; others keep theirs.
        asked: the classes that the samples were to be of.
        options: of `ganlab.Monitor`; `steps` is found out if it is left out.

    Attributes:
        monitor: of the run that goes on or was the last; None before the first, and where another process writes it.

    Raises:
        ConfigError: `samples` is no function, or `every` no positive integer.
    """

    def __init__(
        self, run: str, samples: Callable[[Any], Array], every: int, columns: Mapping[str, str] | None,
        asked: Array | None, options: Mapping[str, Any],
    ) -> None:  # fmt: skip
        if not callable(samples):
            raise ConfigError(
                f"samples is {short(repr(samples))}",
                "give a function of the model, such as samples=lambda model: model.generator(latents)",
            )
        if (as_integer(every) or 0) < 1:
            raise ConfigError(
                f"every is {short(repr(every))}", "give the number of steps between snapshots, such as 100"
            )
        self.run, self.samples, self.every, self.asked, self.options = run, samples, every, asked, options
        self.columns = dict(columns or {})
        self.monitor: Monitor | None = None
        self.step, self.looked = 0, -1
        self.told: set[str] = set()

    def begin(self, model: object, step: int, steps: int | None, writes: bool = True) -> None:
        """Make a run and take its first snapshot.

        Args:
            model: what is trained.
            step: steps that were trained before.
            steps: planned steps; None: unknown.
            writes: False in all processes of a distributed training but one: these only make samples.

        Raises:
            GanlabError: the run cannot be made, or the samples cannot be used.
        """
        self.end("interrupted", "another run began")
        self.monitor = Monitor(self.run, **{"steps": steps, **self.options}) if writes else None
        self.step, self.looked = step, -1
        atexit.register(self._at_exit)
        try:
            self._look(model)
        except BaseException as error:
            self.end(*ending(error))
            raise

    def take(self, model: object, step: int, metrics: Mapping[str, Any]) -> None:
        """Log a step's metrics, and take a snapshot if it is time to."""
        self.step = step
        if self.monitor is not None:
            with self._going_on(f"the metrics of step {step:,}"):
                self.monitor.log(step, **self._renamed(metrics))
        if step // self.every > self.looked // self.every:
            with self._going_on(f"the snapshot of step {step:,}"):
                self._look(model)

    def end(self, status: State = "finished", reason: str = "", model: object = None) -> None:
        """End the run if one goes on; of a `model`, the samples at its last step are looked at as well."""
        atexit.unregister(self._at_exit)
        if model is not None and self.step > self.looked:
            with self._going_on("the last snapshot"):
                self._look(model)
        if self.monitor is not None and self.monitor.open:
            with self._going_on("the verdict"):
                self.monitor.finish(status, reason)

    def _look(self, model: object) -> None:
        self.looked = self.step
        with random_states_kept(), torch.no_grad(), evaluating(model):
            samples = self.samples(model)
        if self.monitor is not None:
            self.monitor.snapshot(self.step, samples, asked=self.asked)

    def _renamed(self, metrics: Mapping[str, Any]) -> dict[str, Number]:
        """Return the metrics that are one number each, by names that columns can have."""
        found: dict[str, Number] = {}
        for name, value in metrics.items():
            try:
                require_one(name, value) if isinstance(value, Tensor) else as_float(name, value)
            except RunError:
                self._tell(f"the metric {name} is not one number and is left out")
                continue
            allowed = re.sub(r"[^A-Za-z0-9_./-]", "_", self.columns.get(name, name))[:60]
            found[f"logged_{allowed}"[:64] if allowed in OWN or not allowed[:1].isalpha() else allowed] = value
        return found

    @contextmanager
    def _going_on(self, what: str) -> Iterator[None]:
        """Make an error inside a warning."""
        try:
            yield
        except Exception as error:
            self._tell(f"{what} could not be recorded, and training goes on without: {described(error)}")

    def _tell(self, text: str) -> None:
        if text not in self.told:
            self.told.add(text)
            LoggingView().warn(text)

    def _at_exit(self) -> None:
        """End a run whose training an error left, of which not every library tells its callbacks."""
        error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        self.end(*(ending(error) if error is not None else ("interrupted", "the program ended")))


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """Put a PyTorch module into eval mode, and each of its parts back into the mode it was in; leave others alone."""
    modes = [(module, module.training) for module in model.modules()] if isinstance(model, nn.Module) else []
    if isinstance(model, nn.Module):
        model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


class Watching:
    """What the callbacks of all libraries share; the arguments are those of `Watch`."""

    def __init__(
        self, run: str, samples: Callable[[Any], Array], *, every: int = 100, columns: Mapping[str, str] | None = None,
        asked: Array | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.watch = Watch(run, samples, every, columns, asked, options)

    @property
    def monitor(self) -> Monitor | None:
        """The run's monitor: `callback.monitor.reading` is the verdict."""
        return self.watch.monitor
