"""SIGINT and SIGTERM: 10 of the 100 that `tests/proofs/interrupts.py` sends, and the exit codes."""

import os
import signal
import subprocess
import sys
import threading

import flips
import interrupts
import pytest
import warm

import eagerloop


@pytest.mark.long
@pytest.mark.parametrize(("count", "how"), [(7, []), (3, ["--compile", "--epochs", "12"])])
def test_interrupts_at_random_moments_tear_nothing(count, how):
    """Each leaves the state of the uninterrupted run at that step, says how to go on, and ends as it should."""
    words = [sys.executable, interrupts.__file__, "--count", str(count), "--seed", "1", *how]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    assert f"{count} interrupts, 0 faults" in done.stdout


class SendsASignal:
    """Sends this process a signal in the middle of a step's hooks."""

    def __init__(self, number, at):
        self.number, self.at = number, at

    def on_step_end(self, run):
        if run.position.step == self.at:
            os.kill(os.getpid(), self.number)


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    ("number", "error", "match"), [(signal.SIGINT, KeyboardInterrupt, "^$"), (signal.SIGTERM, SystemExit, "143")]
)
def test_a_signal_lets_the_step_end_and_saves(number, error, match):
    """The run stands after the very step, saved; the handlers of before are back; a resume gives the uninterrupted run."""
    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    with pytest.raises(error, match=match):
        eagerloop.train(directory="run", epochs=2, observers=[SendsASignal(number, 7)])
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before
    warm.seed_differently(1)
    resumed = eagerloop.resume("run", observers=[SendsASignal(number, 0)])
    whole = eagerloop.train(directory="whole", epochs=2)
    assert eagerloop.load("run", observers=[SendsASignal(number, 0)]).store.steps() == [7, 12, 24]
    assert flips.state_of(resumed)["values"] == flips.state_of(whole)["values"]


TWICE = """
import os, sys, signal
import eagerloop

class Twice:
    def on_step_end(self, run):
        if run.position.step == 7:
            run.saver.wait()  # or the checkpoint of step 5 might not have its name yet
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), int(sys.argv[1]))

eagerloop.train(directory="run", epochs=2, save_every=5, observers=[Twice()])
"""


@pytest.mark.sweep(1)
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_process_at_once(program, second):
    """Nothing is saved any more, nothing is torn; the exit code is that of the second signal."""
    done = program(TWICE, int(second))
    assert done.returncode == 128 + second, done.stderr
    assert "Traceback" not in done.stderr
    loaded = eagerloop.load("run", observers=[SendsASignal(second, 0)])
    assert loaded.store.steps() == [5]
    assert not loaded.store.damaged


def test_outside_the_main_thread_signals_are_left_alone():
    """Python sets handlers in the main thread only; a training in another thread does without."""
    done = []
    thread = threading.Thread(target=lambda: done.append(eagerloop.train(directory="run", epochs=1).position.step))
    thread.start()
    thread.join()
    assert done == [12]
