"""One file a failure: each module here exports `FAILURE`.

A new one is a file here and its `Kind` in `ganlab.verdicts`, at its place in the order of precedence.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from ganlab.diagnosis.failure import Failure
from ganlab.verdicts import KINDS


def _exported() -> Iterator[Failure]:
    for module in iter_modules(__path__):
        failure: Failure = import_module(f"{__name__}.{module.name}").FAILURE
        yield failure


FAILURES = tuple(sorted(_exported(), key=lambda failure: list(KINDS).index(failure.name)))
"""Every failure, in order of precedence: the first one with an active charge names the verdict."""
