"""What happens at SIGINT (Ctrl-C) and SIGTERM: finish the step, save, leave. A second SIGINT leaves at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 75}


class StopSignal:
    """A context in which a first SIGINT or SIGTERM is only remembered.

    Attributes:
        received: the signal that asked the run to stop, or None.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignal:
        # Python delivers signals to the main thread only; elsewhere (a notebook's worker) the caller keeps its own.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._remember) for number in EXIT_CODES}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
