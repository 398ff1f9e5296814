"""SIGINT and SIGTERM: the first one lets the step end and the state be saved, a second one ends the process at once.

A signal that is raised in the middle of an update (as Python's KeyboardInterrupt is) leaves some variables updated and others
not. Here the handler only leaves a word for the loop.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

HANDLED = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """While this is entered, signals stop the run in good order. Outside the main thread it does nothing.

    Args:
        stop: Stops the run; it is given the signal's name.
    """

    def __init__(self, stop: Callable[[str], object]) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}
        self.received: signal.Signals | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in HANDLED}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            # None: the handler was set outside of Python. It cannot be put back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None:
            # Nothing is torn by this: a checkpoint is there whole, or not at all.
            os._exit(128 + number)
        self.received = signal.Signals(number)
        self._stop(self.received.name)

    def raise_if_any(self) -> None:
        """What the signal would have done without the handler, now that the state is saved.

        Raises:
            KeyboardInterrupt: SIGINT came.
            SystemExit: SIGTERM came; the exit code is 143.
        """
        if self.received == signal.SIGINT:
            raise KeyboardInterrupt
        if self.received == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
