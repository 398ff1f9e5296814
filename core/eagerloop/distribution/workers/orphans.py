"""A worker ends with the `launch` that started it, however that one ends."""

import os
import signal
import threading

LAUNCHED = "EAGERLOOP_LAUNCHED"
"""Environment variable: standard input is a pipe that the launcher holds open as long as it lives."""


def end_with_the_launcher() -> None:
    """Has this process stopped as by `kill`, which saves its state, once its launcher is gone."""
    if not os.environ.pop(LAUNCHED, ""):
        return
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_watch, args=(pipe,), name="eagerloop-launcher", daemon=True).start()


def _watch(pipe: int) -> None:
    """Nobody writes into the pipe: a read returns when its other end is closed."""
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGTERM)
