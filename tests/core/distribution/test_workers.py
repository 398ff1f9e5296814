"""A run as one of several workers has it, tried with a single one in place of all."""

from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf

import eagerloop
from eagerloop.building.assembly import assemble
from eagerloop.choices.catalog import Catalog
from eagerloop.choices.settings import settings_of
from eagerloop.errors import PluginError, TrainingError
from eagerloop.running.run import Run
from eagerloop.storage.run_directory import RunDirectory


class Alone:
    """Replicas that have nobody to agree with."""

    is_chief = True
    here = "the only one"

    def __init__(self):
        self.facts = []

    def train_step(self, *given, step):
        return step(*given)

    def agree(self, facts):
        self.facts.append(facts)

    def total(self, value):
        return value


class Steps:
    """An observer that calls `run.step` after the first step."""

    def on_step_end(self, run, step):
        run.step(step.x, step.y)


def run_of_a_worker(**keywords):
    """A run of the guide that is not trained yet, and its replicas."""
    parts, replicas = assemble(settings_of({"checkpointer": "none", "epochs": 1, **keywords}), Catalog.load()), Alone()
    return Run(replace(parts, replicas=replicas), RunDirectory.new(Path("mine"), "a model", "some data")), replicas


def test_an_observer_cannot_make_steps_that_the_other_workers_miss():
    """They would wait for each other in different places; between two trainings, everybody may call it."""
    run, _replicas = run_of_a_worker(observers=[Steps()])
    with pytest.raises(PluginError, match=r"an observer cannot call run\.step\(\) where several workers train"):
        run.train()
    assert run.position.step == 1
    assert run.step(*run.parts.first_batch).loss.shape == ()


STOPPED = (
    "Collective ops is aborted by: Deadline Exceeded\nRPC: /tensorflow.CoordinationService/Heartbeat\nThe error could be from "
    "a previous operation. Restart your program to reset. [Op:__inference_<lambda>_452]"
)
"""What TensorFlow said to a worker whose chief had been stopped by SIGSTOP."""


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.DeadlineExceededError(None, None, STOPPED),
        tf.errors.UnavailableError(None, None, "Collective ops is aborted by: failed to connect to all addresses"),
    ],
    ids=["stopped", "gone"],
)
def test_a_worker_that_answers_no_more_is_told_in_a_line(error):
    """Where the others stand, and the command that goes on; an error of TensorFlow's about anything else stays what it is."""
    run, _replicas = run_of_a_worker()
    lost = r"another worker was lost in epoch 1, after step 0; go on .* 'eagerloop resume mine' for all"
    with pytest.raises(TrainingError, match=lost), run.stride.training(1):
        raise error
    other = tf.errors.DeadlineExceededError(None, None, "a queue of the user's own was empty")
    with pytest.raises(tf.errors.DeadlineExceededError, match="a queue"), run.stride.training(1):
        raise other


def test_workers_compare_all_of_where_they_stand():
    """One step can be the end of an epoch and the middle of it: it is saved for both."""
    run, replicas = run_of_a_worker(dataset=eagerloop.use("iris", batch_size=60))
    run.train()
    run.train(epochs=2)
    place = {"the epoch to go on from": 2, "the batch to go on from": 0, "the step to go on from": 2, "the epochs": 2}
    assert replicas.facts[-1] == place
