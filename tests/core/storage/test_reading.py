"""Reading while another process trains."""

import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import eagerloop
from eagerloop.afterwards.verifying import verify
from eagerloop.storage.reading import held, unread
from eagerloop.storage.store import Store

TRAINER = """
import eagerloop
eagerloop.train(directory="mine", model="linear", epochs=5000, keep=1)
"""


def store_of(*steps):
    """A store with a checkpoint for each of the steps."""
    Path("mine").mkdir()
    store = Store(Path("mine/checkpoints"))
    for step in steps:
        store.write(step, lambda directory: (directory / "file").write_text("content") and None, {})
    return store


def test_what_is_read_is_not_removed():
    """It is removed with a later save, once nobody has it."""
    store = store_of(1, 2, 3)
    reading = Store(store.directory).read(1)
    store.prune(1)
    assert store.steps() == [1, 3]
    assert (reading.directory / "file").read_text() == "content"
    del reading
    gc.collect()
    store.prune(1)
    assert store.steps() == [3]


def test_nobody_begins_to_read_what_is_being_removed():
    """Whoever comes in that moment finds that it is gone."""
    store = store_of(1)
    manifest = store.path_of(1) / "manifest.json"
    found = []

    def read():
        with held(manifest):
            found.append(manifest.exists())

    with unread(manifest) as free:
        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.2)
        assert (free, found) == (True, [])
        store.path_of(1).rename("gone")
    reader.join()
    assert found == [False]


def test_the_newest_is_looked_for_again(monkeypatch):
    """One that was listed and has gone since is not damaged."""
    store = store_of(1, 2)
    steps = iter([[1, 2, 9], [1, 2]])
    monkeypatch.setattr(Store, "steps", lambda _self: next(steps))
    assert (store.newest().step, store.damaged) == (2, [])


def test_a_pipe_in_the_place_of_a_manifest_is_not_waited_for():
    """Nobody need ever write into it."""
    os.mkfifo("manifest.json")
    with held(Path("manifest.json")), unread(Path("manifest.json")) as free:
        assert free


@pytest.mark.long
def test_a_run_is_opened_while_it_trains_and_keeps_one_checkpoint():
    """Each time: there is always a newest one, whatever is removed meanwhile; verify finds no fault either."""
    with subprocess.Popen([sys.executable, "-c", TRAINER], stderr=subprocess.DEVNULL) as trainer:
        try:
            while not list(Path("mine/checkpoints").glob("step-*")):
                assert trainer.poll() is None
                time.sleep(0.05)
            opened = [eagerloop.load("mine").position.step for _ in range(25)]
            verdicts = [verify("mine") for _ in range(5)]
            assert trainer.poll() is None, "it must train all the while"
        finally:
            trainer.kill()
    assert opened == sorted(opened)
    assert len(set(opened)) > 5
    assert all("step" not in line or ": ok" in line for verdict in verdicts for line in verdict.lines[:1])
