"""Processes that live and die together, tried with small programs in place of trainings."""

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from eagerloop.distribution.workers import supervising
from eagerloop.distribution.workers.supervising import Outcome, Processes, last_line
from eagerloop.errors import ConfigError

WAITS = "import time; print('ready'); time.sleep(600)"
SAVES = """
import signal, sys, time
received = []
signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
print('ready')
while not received:
    time.sleep(0.01)
time.sleep(0.3)
print('saved', received)
sys.exit(130)
"""
NOTICES = """
import os, pathlib, sys, time
other = pathlib.Path('other.pid')
while not (other.is_file() and other.read_text()):
    time.sleep(0.01)
try:
    while True:  # until whoever started both has seen the end of the other one
        os.kill(int(other.read_text()), 0)
        time.sleep(0.01)
except ProcessLookupError:
    sys.exit('another worker was lost')
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(600)"


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Nobody is waited for as long as for a training."""
    monkeypatch.setattr(supervising, "BY_ITSELF", 0.2)
    monkeypatch.setattr(supervising, "GRACE", 0.5)


def workers(*programs, variables=None):
    """Python programs side by side, their logs in `logs`."""
    commands = [[sys.executable, "-c", program] for program in programs]
    return Processes(commands, variables or [{}] * len(commands), Path("logs"))


def is_there(process):
    """Whether a process still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, 0)
        return process.poll() is None
    return False


def wait_until_ready(started, count):
    """Waits until that many of them have said that they are ready."""
    while sum("ready" in started.log(number).read_text() for number in range(count)) < count:
        time.sleep(0.01)


def test_each_has_its_log_and_its_variables_and_the_first_one_is_shown():
    """What worker 0 says is handed on, piece by piece; nobody's words are mixed with another's."""
    says = "import os, sys; print('I am', os.environ['NAME'], 'ä'); print('aside', file=sys.stderr)"
    shown = []
    with workers(says, says, variables=[{"NAME": "ada"}, {"NAME": "bob"}]) as started:
        outcome = started.wait(shown.append)

    assert outcome == Outcome(0)
    assert "".join(shown) == "I am ada ä\naside\n" == Path("logs/worker-0.log").read_text(encoding="utf-8")
    assert Path("logs/worker-1.log").read_text(encoding="utf-8") == "I am bob ä\naside\n"


def test_when_one_is_killed_the_others_are_ended():
    """The outcome names it, the signal and its last line, and has the exit code that a shell gives."""
    dies = "import os, signal; print('step 7'); os.kill(os.getpid(), signal.SIGKILL)"
    with workers(WAITS, dies) as started:
        outcome = started.wait(lambda _text: None)

    assert outcome.code == 128 + signal.SIGKILL
    assert outcome.sentence == "worker 1 was killed by SIGKILL; its last line: step 7; all are stopped, logs in logs"
    assert not any(map(is_there, started._processes))


def test_one_that_hears_no_sigterm_is_killed():
    """After the grace, whatever it does; the failure that is told is the first one."""
    with workers(DEAF, "import sys; sys.exit(3)") as started:
        outcome = started.wait(lambda _text: None)

    assert outcome == Outcome(3, "worker 1 ended with exit code 3; it said nothing; all are stopped, logs in logs")
    assert started._processes[0].returncode == -signal.SIGKILL


def test_others_that_end_by_themselves_are_let_end(monkeypatch):
    """The others of a killed one have time to say so; their exit codes count for less than the kill."""
    monkeypatch.setattr(supervising, "BY_ITSELF", 60.0)  # far more than the other one takes
    dies = "import os, pathlib; pathlib.Path('other.pid').write_text(str(os.getpid())); os.kill(os.getpid(), 9)"
    with workers(NOTICES, dies) as started:
        outcome = started.wait(lambda _text: None)

    assert outcome.code == 137
    assert started._processes[0].returncode == 1
    assert last_line(started.log(0)) == "another worker was lost"


def test_a_signal_is_passed_on_once():
    """Ctrl-C reaches each of them one time, so that they save; the handlers of before are back."""
    before = signal.getsignal(signal.SIGINT)
    with workers(SAVES, SAVES) as started:
        threading.Thread(target=lambda: (wait_until_ready(started, 2), os.kill(os.getpid(), signal.SIGINT))).start()
        outcome = started.wait(lambda _text: None)

    assert outcome == Outcome(130, "stopped by SIGINT; logs in logs")
    assert [last_line(started.log(number)) for number in range(2)] == ["saved [2]"] * 2
    assert signal.getsignal(signal.SIGINT) is before


def test_a_terminal_that_is_closed_ends_all():
    """SIGHUP reaches this process alone, for the others are in sessions of their own; under nohup it is not listened to."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with workers(WAITS, WAITS) as started:
            threading.Thread(target=lambda: (wait_until_ready(started, 2), os.kill(os.getpid(), signal.SIGHUP))).start()
            assert started.wait(lambda _text: None) == Outcome(129, "stopped by SIGHUP; logs in logs")
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with workers("pass"):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_error_of_one_s_own_leaves_nobody_behind():
    """Where what is shown cannot be written, as in `| head`, the workers are ended before the error goes on."""

    def closed(_text):
        wait_until_ready(started, 2)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError, match=r"^$"), workers(WAITS, WAITS) as started:
        started.wait(closed)
    assert not any(map(is_there, started._processes))


def test_a_place_for_logs_that_is_none_is_refused():
    """Before anything is started; signals are handled as before."""
    before = signal.getsignal(signal.SIGTERM)
    Path("logs").write_text("a file")
    with pytest.raises(ConfigError, match=r"worker 0 cannot be started with its log in logs: File exists; choose another"):
        workers(WAITS).__enter__()
    assert signal.getsignal(signal.SIGTERM) is before


def test_if_one_cannot_be_started_the_others_are_ended():
    """A directory stands where its log should be."""
    Path("logs/worker-1.log").mkdir(parents=True)
    started = workers(WAITS, WAITS)
    with pytest.raises(ConfigError, match=r"worker 1 cannot be started with its log in logs: Is a directory; choose another"):
        started.__enter__()
    assert not any(map(is_there, started._processes))
    assert len(started._processes) == 1


def test_the_last_line_is_fit_to_be_quoted(tmp_path, monkeypatch):
    """Empty lines and what a terminal alone understands are left out; a long line is cut, of a long log the end is read."""
    log = tmp_path / "log"
    log.write_bytes(b"one\n\x1b[31mtwo\xff\n\n  \n")
    assert last_line(log) == "[31mtwo\N{REPLACEMENT CHARACTER}"
    log.write_text("x" * 1000)
    assert last_line(log) == "x" * 300 + "..."
    log.write_text("")
    assert last_line(log) == ""
    monkeypatch.setattr(supervising, "TAIL", 12)
    log.write_text("the first line\nthe last one\n")
    assert last_line(log) == "he last one"
