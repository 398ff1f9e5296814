"""A part of the long proof of what does not become more in a long run: counts, which no other program disturbs."""

import gc
import statistics

import growth
import pytest

import eagerloop
from eagerloop.afterwards.verifying import verify
from eagerloop.storage import whole
from eagerloop_plugins.checkpointer.npz import NpzCheckpointer


@pytest.mark.long
@pytest.mark.parametrize("mode", [{}, {"compile": True}], ids=str)
def test_a_save_after_300_epochs_costs_what_one_after_3_does(tmp_path, mode):
    """In bytes, whatever they were written to; and memory and disk grow as little."""
    found = growth.train_metered(tmp_path / "run", 300, growth.ONE_STEP | mode)
    assert len(found["written"]) == 299
    assert statistics.median(found["written"][-3:]) < 1.05 * statistics.median(found["written"][:3])
    assert found["memory"][-1] < growth.LONGER * found["memory"][0]
    middle = len(found["disk"]) // 2
    first, last = found["disk"][middle] - found["disk"][0], found["disk"][-1] - found["disk"][middle]
    assert 0 < last < 1.1 * first


@pytest.mark.long
def test_a_look_at_a_step_leaves_nothing_behind(tmp_path):
    """`watch` and `tensorboard` look for days. The proof measures the memory of many more looks."""
    run = eagerloop.train(directory=tmp_path / "run", epochs=1)
    x, y = run.parts.first_batch[:2]
    alive = []
    for _ in range(3):
        for _ in range(4):
            run.inspect(x, y)
        gc.collect()
        alive.append(len(gc.get_objects()))
    assert alive[2] - alive[1] < 40


@pytest.mark.long
def test_verify_opens_no_more_of_many_checkpoints_than_of_few(tmp_path, monkeypatch):
    """Each is read once by the store and once by the checkpointer, and let go before the next one."""
    growth.train(tmp_path / "run", 60, growth.ONE_STEP | {"keep": 0})
    read, open_at_once, now = [], [], []

    read_variables = NpzCheckpointer.read

    def reading(self, directory, state):
        read.append(directory.name)
        read_variables(self, directory, state)

    held = whole.held

    @whole.contextlib.contextmanager
    def counted(path):
        now.append(path)
        open_at_once.append(len(now))
        with held(path):
            yield
        now.remove(path)

    monkeypatch.setattr(whole, "held", counted)
    monkeypatch.setattr(NpzCheckpointer, "read", reading)
    assert verify(tmp_path / "run").faults == 0
    assert read == [f"step-{step:08d}" for step in range(1, 61)]
    assert max(open_at_once) <= 3
