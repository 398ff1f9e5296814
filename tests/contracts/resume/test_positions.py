"""Every position of two epochs as the point of interruption."""

from pathlib import Path

import flips
import numpy as np
import pytest
import warm

import eagerloop

EPOCHS, BATCHES = 2, 12


class Recorder:
    """Notes the rows of every step, and stops the run after one of them."""

    def __init__(self, stop_after=0):
        self.stop_after, self.rows = stop_after, []

    def on_step_end(self, run, step):
        self.rows.append(np.asarray(step.x).tobytes() + np.asarray(step.y).tobytes())
        if run.position.step == self.stop_after:
            run.stop("interrupted")


def choices(recorder):
    return {
        "dataset": eagerloop.use("iris", shuffle=True),
        "metrics": ["rmse"],
        "observers": [recorder, "early-stopping"],
        "epochs": EPOCHS,
    }


def without_seconds(history):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


@pytest.mark.long
def test_every_position_of_two_epochs():
    """Interrupted after each of the 24 steps in turn: same samples in the same order, same state at every stop."""
    whole = Recorder()
    run = eagerloop.train(directory="whole", save_every=1, keep=0, **choices(whole))
    states = flips.states_of(run)
    assert len(set(whole.rows)) == EPOCHS * BATCHES  # the epochs are in different orders
    rows = []
    for step in range(1, EPOCHS * BATCHES + 1):
        recorder = Recorder(step)
        warm.seed_differently(step)
        if step == 1:
            chained = eagerloop.train(directory="chained", **choices(recorder))
        else:
            chained = eagerloop.resume("chained", observers=[recorder, "early-stopping"])
        assert chained.position.step == step
        assert len(recorder.rows) == 1
        rows += recorder.rows
        if step % BATCHES:  # after an epoch's last batch, the whole run has closed the epoch before it saved
            assert flips.state_of(chained) == states[step]
    chained = eagerloop.resume("chained", observers=[Recorder(), "early-stopping"])
    assert rows == whole.rows
    assert flips.state_of(chained)["values"] == flips.state_of(run)["values"]
    assert without_seconds(chained.history) == without_seconds(run.history)


@pytest.mark.long
def test_one_interruption_at_a_time():
    """Each of a few positions on its own: the file of the last checkpoint is that of the uninterrupted run."""
    whole = eagerloop.train(directory="whole", **choices(Recorder()))
    for step in (1, 11, 12, 13, 24):
        eagerloop.train(directory=f"run-{step}", **choices(Recorder(step)))
        warm.seed_differently(step)
        eagerloop.resume(f"run-{step}", observers=[Recorder(), "early-stopping"])
        last = [f"{directory}/checkpoints/step-00000024" for directory in (f"run-{step}", whole.directory)]
        assert warm.differences(*map(Path, last)) == []
