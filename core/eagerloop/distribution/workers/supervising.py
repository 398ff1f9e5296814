"""Processes that live and die together: each with a log of its own, all stopped if one fails."""

import codecs
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NamedTuple, Self

from eagerloop.errors import ConfigError
from eagerloop.process.signals import HANDLED
from eagerloop.storage.files import make_directory

BY_ITSELF = 20.0
"""Seconds in which the others may miss a failed one by themselves, and say so: more than a heartbeat takes."""

GRACE = 20.0
"""Seconds from SIGTERM to SIGKILL for one that does not end."""

SAVING = 60.0
"""Seconds in which all of them may save what they have, once they were told to stop."""

LONGEST = 300
"""Letters of a log's last line that are quoted."""

TAIL = 2**16
"""Bytes at the end of a log in which its last line is looked for."""


class Outcome(NamedTuple):
    """How it ended: the exit code to pass on, and a sentence where that is not 0."""

    code: int
    sentence: str = ""


class Processes:
    """Runs commands side by side while it is entered, `worker-0.log` and so on having what they say.

    A signal that this process gets is passed on to each, once. They are in sessions of their own, so that Ctrl-C on a terminal
    reaches them by this way alone: a second one would end them before they have saved.

    Args:
        commands: A program with its arguments for each.
        variables: What each has in its environment besides what this process has.
        logs: The directory of the logs; it is made.
    """

    def __init__(self, commands: Sequence[Sequence[str]], variables: Sequence[Mapping[str, str]], logs: Path) -> None:
        self._commands, self._variables, self._logs = commands, variables, logs
        self._processes: list[subprocess.Popen[bytes]] = []
        self._before: dict[int, Any] = {}
        self._received: list[signal.Signals] = []
        self._passed_on = 0
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            # A closed terminal signals this process alone. Under nohup the signal is ignored, and is not passed on.
            ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            passed_on = HANDLED if ignored else (*HANDLED, signal.SIGHUP)
            self._before = {number: signal.signal(number, self._handle) for number in passed_on}
        try:
            make_directory(self._logs)  # in a run that is to be durable
            for number, (command, variables) in enumerate(zip(self._commands, self._variables, strict=True)):
                self._processes.append(_started(command, variables, self.log(number)))
        except OSError as error:
            self.__exit__(type(error), error, None)
            what = f"worker {len(self._processes)} cannot be started with its log in {self._logs}"
            msg = f"{what}: {error.strerror or error}; choose another --log-directory, or fewer workers"
            raise ConfigError(msg) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._send(signal.SIGTERM)  # nobody is left, unless an error leads out of here
        deadline = time.monotonic() + GRACE
        while self._running() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._send(signal.SIGKILL)
        for process in self._processes:
            process.wait()
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def log(self, number: int) -> Path:
        """Where one of them writes."""
        return self._logs / f"worker-{number}.log"

    def wait(self, show: Callable[[str], None]) -> Outcome:
        """Waits until none is left, and sees to it that this comes to pass when one has failed.

        Args:
            show: Is given what the first one says, as it does.

        Returns:
            The first failure, or that there was none.
        """
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        failed: int | None = None
        plan: list[tuple[float, signal.Signals]] = []
        with self.log(0).open("rb") as said:
            while self._running():
                failed = self._first_failure() if failed is None else failed
                plan = plan or self._plan(failed)
                if plan and time.monotonic() >= plan[0][0]:
                    self._send(plan.pop(0)[1])
                self._pass_on()
                show(decode(said.read()))
                time.sleep(0.05)
            show(decode(said.read(), final=True))
        return self._outcome(self._first_failure() if failed is None else failed)

    def _plan(self, failed: int | None) -> list[tuple[float, signal.Signals]]:
        """When those that are left will get which signal."""
        now = time.monotonic()
        if self._received:
            return [(now + SAVING, signal.SIGKILL)]
        return [] if failed is None else [(now + BY_ITSELF, signal.SIGTERM), (now + BY_ITSELF + GRACE, signal.SIGKILL)]

    def _first_failure(self) -> int | None:
        """Which one has failed; of several, the one that was killed: the others only missed it."""
        codes = [(process.poll() or 0, number) for number, process in enumerate(self._processes)]
        killed = [number for code, number in codes if code < 0]
        return next(iter([*killed, *(number for code, number in codes if code > 0)]), None)

    def _outcome(self, failed: int | None) -> Outcome:
        if self._received:
            return Outcome(128 + self._received[0], f"stopped by {self._received[0].name}; logs in {self._logs}")
        if failed is None:
            return Outcome(0)
        code = self._processes[failed].returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        line = last_line(self.log(failed))
        words = f"its last line: {line}" if line else "it said nothing"
        return Outcome(
            128 - code if code < 0 else code, f"worker {failed} {how}; {words}; all are stopped, logs in {self._logs}"
        )

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [process for process in self._processes if process.poll() is None]

    def _send(self, number: signal.Signals) -> None:
        for process in self._running():
            process.send_signal(number)

    def _pass_on(self) -> None:
        for number in self._received[self._passed_on :]:
            self._passed_on += 1
            self._send(number)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._received.append(signal.Signals(number))


def _started(command: Sequence[str], variables: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **variables}  # a log has what was said before a SIGKILL, too
    with log.open("wb") as file:
        return subprocess.Popen(  # noqa: S603 - this Python, with the user's own words
            command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )


def last_line(log: Path) -> str:
    """The last line of a log that is not empty, to be quoted: without what only a terminal understands."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL))  # a log may have grown to more than memory holds
        lines = file.read().decode("utf-8", "replace").splitlines()
    line = next((line for line in reversed(lines) if line.strip()), "")
    plain = "".join(letter for letter in line.strip() if letter.isprintable()).removeprefix("eagerloop: ")
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}..."
