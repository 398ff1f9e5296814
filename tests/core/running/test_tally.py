"""The figures of an epoch, worked by hand."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.running.tally import Tally


def step(loss, rows, prediction=0.0):
    """A step over so many rows, whose targets are 0."""
    y = tf.zeros((rows, 1))
    return eagerloop.Step(y, y, y + prediction, tf.constant(loss), ())


class Counter:
    """A metric that is no Keras metric: the number of rows."""

    def __init__(self):
        self.rows = 0

    def update_state(self, y_true, y_pred):
        self.rows += len(y_true)

    def result(self):
        return self.rows

    def reset_state(self):
        self.rows = 0


def test_loss_is_the_mean_over_rows_and_total_loss_the_sum_over_batches():
    """(4 * 10 + 1 * 5) / 15 = 3, where the mean over batches would be 2.5; the guide's figure is 4 + 1 = 5."""
    tally = Tally({})
    assert (tally.add(step(4.0, 10)), tally.add(step(1.0, 5))) == (4.0, 1.0)
    assert (tally.loss, tally.total_loss, tally.steps, tally.rows) == (3.0, 5.0, 2, 15)


def test_metrics_are_averaged_over_rows_and_reset():
    """A short last batch counts for less: (10 * 1 + 5 * 4) / 15 = 2; after a reset nothing is left of it."""
    tally = Tally({"mse": keras.metrics.MeanSquaredError(), "rows": Counter()})
    tally.add(step(1.0, 10, prediction=1.0))
    tally.add(step(4.0, 5, prediction=2.0))
    assert tally.results() == {"loss": 2.0, "mse": 2.0, "rows": 15.0}
    tally.reset()
    assert (tally.steps, tally.rows, tally.total_loss, tally.skipped) == (0, 0, 0.0, 0)
    tally.add(step(9.0, 1, prediction=3.0))
    assert tally.results() == {"loss": 9.0, "mse": 9.0, "rows": 1.0}


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_step_whose_loss_is_not_finite_is_only_counted(loss):
    """It spoils neither the loss nor a metric of the epoch."""
    tally = Tally({"rows": Counter()})
    tally.add(step(2.0, 4))
    answer = tally.add(step(loss, 4))
    assert answer == loss or (math.isnan(answer) and math.isnan(loss))
    assert (tally.steps, tally.skipped, tally.rows) == (2, 1, 4)
    assert tally.results() == {"loss": 2.0, "rows": 4.0}


def test_before_the_first_step_the_loss_is_unknown():
    """There is no mean of nothing."""
    assert math.isnan(Tally({}).loss)


def test_state_is_taken_up_exactly():
    """Sums that were saved in the middle of an epoch go on as if nothing had happened."""
    whole, half = Tally({}), Tally({})
    for tally in (whole, half):
        tally.add(step(0.1, 3))
        tally.add(step(math.nan, 3))
    fresh = Tally({})
    fresh.restore(half.sums())
    for tally in (whole, fresh):
        tally.add(step(0.7, 2))
    assert fresh.sums() == whole.sums()
    assert half.sums() == {
        "steps": 2,
        "rows": 3,
        "skipped": 1,
        "total_loss": float(np.float32(0.1)),
        "loss_sum": 3 * float(np.float32(0.1)),
    }
    fresh.restore({})
    assert fresh.sums() == Tally({}).sums()


class Several(Counter):
    """A metric with a figure an output."""

    def result(self):
        return tf.constant([1.0, 2.0, 6.0])


class Empty(Counter):
    """A metric without an answer."""

    def result(self):
        return []


def test_a_metric_of_several_figures_is_their_mean():
    """(1 + 2 + 6) / 3 = 3."""
    assert Tally({"several": Several()}).results()["several"] == 3.0


def test_a_metric_without_a_figure_is_named():
    """Nothing cannot be written into the history."""
    with pytest.raises(ValueError, match=r"metric 'empty' has no result"):
        Tally({"empty": Empty()}).results()
