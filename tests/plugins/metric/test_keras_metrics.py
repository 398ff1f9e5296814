"""Metrics over a whole epoch, against NumPy."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from eagerloop.errors import DataError
from eagerloop_plugins.metric.accuracy import accuracy
from eagerloop_plugins.metric.keras_metrics import KERAS_METRICS
from eagerloop_plugins.metric.r2 import r2
from eagerloop_plugins.metric.rmse import rmse

GENERATOR = np.random.default_rng(3)
Y = GENERATOR.normal(100, 1, size=(23, 1)).astype("float32")
P = (Y + GENERATOR.normal(0, 0.5, size=(23, 1))).astype("float32")
LABELS = GENERATOR.integers(0, 3, size=23)
LOGITS = GENERATOR.normal(size=(23, 3)).astype("float32")


def epoch(metric, y, predictions, size=10):
    """The figure over batches of 10, 10 and 3."""
    for start in range(0, len(y), size):
        metric.update_state(y[start : start + size], predictions[start : start + size])
    return float(metric.result())


def r2_of(y, predictions):
    """1 - residual over total sum of squares, in float64."""
    y, predictions = y.astype("float64").ravel(), predictions.astype("float64").ravel()
    return 1 - np.square(y - predictions).sum() / np.square(y - y.mean()).sum()


def regression_cases():
    """Metric, its value by NumPy."""
    error = P.astype("float64") - Y
    return [
        pytest.param(rmse, np.sqrt(np.square(error).mean()), id="rmse"),
        pytest.param(KERAS_METRICS["root_mean_squared_error"], np.sqrt(np.square(error).mean()), id="root_mean_squared_error"),
        pytest.param(KERAS_METRICS["mae"], np.abs(error).mean(), id="mae"),
        pytest.param(KERAS_METRICS["mse"], np.square(error).mean(), id="mse"),
        pytest.param(KERAS_METRICS["mape"], 100 * np.abs(error / Y).mean(), id="mape"),
        pytest.param(r2, r2_of(Y, P), id="r2"),
    ]


@pytest.mark.parametrize("flat", [False, True], ids=["column", "flat"])
@pytest.mark.parametrize(("factory", "expected"), regression_cases())
def test_a_figure_is_over_the_examples_and_not_over_the_batches(factory, expected, flat):
    """With a short last batch the two differ; y is (n, 1) or (n,)."""
    assert epoch(factory(), Y[:, 0] if flat else Y, P) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("factory", "expected"), regression_cases())
def test_a_reset_forgets_the_epoch_before(factory, expected):
    """The second epoch's figure is the second epoch's alone."""
    metric = factory()
    epoch(metric, Y, P + 5)
    metric.reset_state()

    assert epoch(metric, Y, P) == pytest.approx(expected, rel=1e-4)


def test_r2_keeps_its_digits_far_from_zero():
    """Targets near 100,000 with a spread of 1: in float32 their squares have no digit left for it."""
    y, predictions = Y + np.float32(1e5), P + np.float32(1e5)

    assert epoch(r2(), y, predictions) == pytest.approx(r2_of(y, predictions), rel=1e-9)


@pytest.mark.parametrize(("prediction", "expected"), [(2.0, 1.0), (3.0, 0.0)])
def test_r2_of_a_constant_target_is_one_or_nothing(prediction, expected):
    """There is no variance to explain: met exactly or not."""
    assert epoch(r2(), np.full((12, 1), 2.0), np.full((12, 1), prediction)) == expected


def test_r2_of_two_targets_is_their_mean():
    """By hand: 1 for the first, 1 - 8/2 = -3 for the second."""
    y = np.array([[0.0, 1.0], [2.0, 3.0]])

    assert epoch(r2(), y, np.array([[0.0, 3.0], [2.0, 1.0]])) == -1.0


def test_r2_refuses_two_shapes():
    """They would be stretched against each other."""
    with pytest.raises(DataError, match=r"targets \(4, 1\) and predictions \(4, 2\)"):
        r2().update_state(np.zeros(4), np.zeros((4, 2)))


def test_r2_is_the_same_in_a_graph():
    """Evaluation may be compiled."""
    metric = r2()
    update = tf.function(metric.update_state)
    for start in range(0, 23, 10):
        update(Y[start : start + 10], P[start : start + 10])

    assert float(metric.result()) == pytest.approx(r2_of(Y, P), rel=1e-9)


def test_accuracy_of_classes_compares_the_likeliest_one():
    """Over the epoch, against NumPy."""
    metric = accuracy(dataset=SimpleNamespace(outputs=3, task="classification"))

    assert epoch(metric, LABELS, LOGITS) == pytest.approx((LOGITS.argmax(1) == LABELS).mean())


@pytest.mark.parametrize("shape", [(23,), (23, 1)])
def test_accuracy_of_one_output_cuts_logits_at_zero(shape):
    """A logit of 0.3 is a yes: its probability is above one half."""
    metric = accuracy(dataset=SimpleNamespace(outputs=1, task="classification"))
    answers = (LABELS > 0).astype("int64")

    expected = ((LOGITS[:, 0] > 0) == answers).mean()
    assert epoch(metric, answers.reshape(shape), LOGITS[:, :1]) == pytest.approx(expected)


def test_accuracy_of_one_hot_targets_compares_the_largest_entries():
    """What is no classification by class numbers and has more than one output."""
    metric = accuracy(dataset=SimpleNamespace(outputs=3, task="regression"))

    assert epoch(metric, np.eye(3)[LABELS], LOGITS) == pytest.approx((LOGITS.argmax(1) == LABELS).mean())


def test_accuracy_takes_any_object_with_outputs():
    """A stranger's dataset may not say more."""
    assert accuracy(dataset=SimpleNamespace(outputs=3)).name == "accuracy"


def test_cross_entropy_takes_logits_unless_told_otherwise():
    """Over the epoch, against NumPy's logarithm of the softmax."""
    factory = KERAS_METRICS["sparse_categorical_crossentropy"]
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)

    assert factory.__signature__.parameters["from_logits"].default is True
    metric = factory(from_logits=True)
    assert epoch(metric, LABELS, LOGITS) == pytest.approx(-np.log(shares[np.arange(23), LABELS]).mean(), rel=1e-5)


def test_a_list_of_one_threshold_gives_one_number():
    """By hand: of the yeses at 0.8 (two), one is right."""
    metric = KERAS_METRICS["precision"](thresholds=[0.8])

    assert epoch(metric, np.array([1, 0, 1]), np.array([0.9, 0.85, 0.3])) == 0.5


def test_f1_is_one_number():
    """By hand: class 0 has precision 1, recall 1/2 (2/3); class 1 has 1/2 and 1 (2/3)."""
    metric = KERAS_METRICS["f1_score"](average="macro")
    y = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    predictions = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])

    assert KERAS_METRICS["f1_score"].__signature__.parameters["average"].default == "macro"
    assert epoch(metric, y, predictions) == pytest.approx(2 / 3, rel=1e-5)


@pytest.mark.parametrize("meaning", ["separate logits", "probabilities"])
def test_accuracy_of_an_answer_a_place_counts_each(meaning):
    """Class numbers (n, 4) of yes and no beside answers (n, 4), in a batch with a short last one."""
    y, answers = GENERATOR.integers(0, 2, (23, 4)), GENERATOR.uniform(0, 1, (23, 4)).astype("float32")
    logits = meaning == "separate logits"
    metric = accuracy(dataset=SimpleNamespace(outputs=2, task="classification"), answer_meaning=meaning)

    assert epoch(metric, y, answers - 0.5 if logits else answers) == pytest.approx(((answers > 0.5) == y).mean())


def test_accuracy_of_class_numbers_written_out_is_that_of_the_likeliest():
    """A dataset of one's own may call one-hot rows a classification."""
    metric = accuracy(dataset=SimpleNamespace(outputs=3, task="classification"))

    assert epoch(metric, np.eye(3)[LABELS], LOGITS) == pytest.approx((LOGITS.argmax(1) == LABELS).mean())
