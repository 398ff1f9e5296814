"""Losses and metrics of several outputs: the sum by hand, what each is handed, and paths that are none."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from eagerloop.building.by_path import LossByPath, MetricByPath, OutputData, innermost, leaves_at, meanings_by_path
from eagerloop.building.handing import handed
from eagerloop.building.precision import InFloat32, for_precision
from eagerloop.errors import ConfigError

Y = {"age": tf.constant([[1.0], [3.0]]), "kind": tf.constant([0, 2])}
P = {"age": tf.constant([[2.0], [5.0]]), "kind": tf.constant([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])}


def squares(y_true, y_pred):
    return tf.reduce_mean(tf.square(y_true - y_pred))


def test_the_sum_is_that_by_hand():
    """(1 + 4) / 2, half of it counts; and a cross-entropy of even logits, which is ln 3."""
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = LossByPath({"age": squares, "kind": entropy}, {"age": 0.5, "kind": 1.0})
    total, figures = loss(Y, P)

    assert float(total) == pytest.approx(0.5 * 2.5 + np.log(3), rel=1e-6)
    assert {name: float(figure) for name, figure in figures.items()} == {
        "loss/age": 2.5,
        "loss/kind": pytest.approx(np.log(3), rel=1e-6),
    }


def test_nested_outputs_and_those_of_a_tuple():
    """`head/age` is inside a dict, `1` the second of a tuple; an output without a loss is left alone."""
    y, predictions = {"head": {"age": Y["age"]}, "more": 0}, {"head": {"age": P["age"]}, "more": 0}
    assert float(LossByPath({"head/age": squares}, {"head/age": 2.0})(y, predictions)[0]) == 5.0
    assert float(LossByPath({"1": squares}, {"1": 1.0})((0, Y["age"]), (0, P["age"]))[0]) == 2.5


def test_a_loss_is_handed_what_it_asks_for():
    """x, and row weights: those of all outputs, its own, or none; the others get neither."""
    seen = {}

    def asking(y_true, y_pred, x, sample_weight=None):
        seen["asking"] = x, sample_weight
        return tf.reduce_mean(y_pred)

    loss = LossByPath({"age": asking, "kind": squares}, {"age": 1.0, "kind": 1.0})
    y = {"age": Y["age"], "kind": tf.zeros((2, 3))}
    loss(y, P, x="x")
    assert seen["asking"] == ("x", None)
    loss(y, P, x="x", sample_weight="w")
    assert seen["asking"] == ("x", "w")
    loss(y, P, x="x", sample_weight={"age": "own", "kind": "other"})
    assert seen["asking"] == ("x", "own")
    loss(y, P, x="x", sample_weight={"kind": "other"})
    assert seen["asking"] == ("x", None)


def test_row_weights_count_as_keras_counts_them():
    """The weighted mean over the batch of Keras's own loss."""
    loss = LossByPath({"age": keras.losses.MeanSquaredError()}, {"age": 1.0})
    assert float(loss(Y, P, sample_weight=tf.constant([1.0, 0.0]))[0]) == 0.5


def test_figures_of_a_loss_have_its_path_behind_their_name():
    """A loss that tells of its terms tells of them in the history, too."""
    loss = LossByPath({"age": lambda y, p: (tf.constant(1.0), {"bend": tf.constant(3.0)})}, {"age": 1.0})
    assert {name: float(figure) for name, figure in loss(Y, P)[1].items()} == {"loss/age": 1.0, "bend/age": 3.0}


def test_the_sum_is_the_same_in_a_graph():
    """Traced and run."""
    loss = LossByPath({"age": squares}, {"age": 0.25})
    assert float(tf.function(loss)(Y, P)[0]) == float(loss(Y, P)[0]) == 0.625


def test_each_loss_of_ones_own_gets_float32_in_mixed_precision():
    """Those of Keras do so by themselves."""
    given = LossByPath({"age": squares, "kind": keras.losses.MeanSquaredError()}, {"age": 1.0, "kind": 1.0})
    loss = for_precision("mixed_bfloat16", {"loss": given, "optimizer": None})["loss"]
    half = {"age": tf.cast(P["age"], tf.bfloat16), "kind": tf.zeros((2, 3), tf.bfloat16)}

    assert (type(loss.by_path["age"]), loss.by_path["kind"]) == (InFloat32, given.by_path["kind"])
    total, figures = loss({"age": Y["age"], "kind": tf.zeros((2, 3))}, half)
    assert total.dtype == figures["loss/age"].dtype == tf.float32


@pytest.mark.parametrize(
    ("path", "y", "predictions", "match"),
    [
        (
            "agee",
            Y,
            P,
            r"the predictions have no path 'agee', they are \{age: \(2, 1\), kind: \(2, 3\)\}; did you mean 'age'\?",
        ),
        ("age", {"kind": Y["kind"]}, P, r"the targets have no path 'age', they are \{kind: \(2,\)\}; .*Known: kind"),
        ("age", Y, P["age"], r"the predictions have no path 'age', they are \(2, 1\); give it without a path"),
        ("age", (), P, r"the targets have no path 'age', they are nothing; give it without a path"),
    ],
)
def test_a_path_that_is_none_is_refused(path, y, predictions, match):
    """One line with the paths and the shapes there are, and the nearest."""
    with pytest.raises(ConfigError, match=rf"loss 'mse' at '{path}': {match}"):
        leaves_at(path, f"loss 'mse' at '{path}'", y, predictions)


def test_a_metric_takes_its_output():
    """The mean absolute error of one of two, over two batches; weights of its own if there are any."""
    metric = MetricByPath(keras.metrics.MeanAbsoluteError(), "age")
    metric.update_state(Y, P)
    assert float(metric.result()) == 1.5
    metric.reset_state()
    metric.update_state(Y, P, sample_weight={"age": tf.constant([0.0, 1.0])})
    assert float(metric.result()) == 2.0
    assert len(metric.variables) == 2
    assert not hasattr(metric, "restore")


def test_a_metric_of_keras_gets_the_form_that_it_expects():
    """Precision of three classes from logits at its path; around another one of its kind it is the same."""
    y, predictions = {"kind": tf.constant([0, 2, 1])}, {"kind": tf.constant([[4.0, 0, 0], [0, 0, 4.0], [4.0, 0, 0]])}
    known = {"dataset": OutputData(SimpleNamespace(classes=["a"]), y["kind"], predictions["kind"]), "answer_meaning": "logits"}
    given = keras.metrics.Precision()
    metric = MetricByPath(handed(given, "precision/kind", known, y["kind"], predictions["kind"]), "kind")
    metric.update_state(y, predictions)

    assert float(metric.result()) == pytest.approx(2 / 3)
    assert innermost(metric) is given
    fresh = metric.around(metric.metric.around(keras.metrics.Precision()))
    fresh.update_state(y, predictions)
    assert float(fresh.result()) == pytest.approx(2 / 3)


def test_each_output_has_a_meaning():
    """Numbers are quantities, answers to class numbers logits, and a softmax gives probabilities."""
    inputs = keras.Input((2,))
    dense = keras.layers.Dense
    outputs = {"age": dense(1)(inputs), "kind": dense(3)(inputs), "sort": dense(3, "softmax")(inputs)}
    model = keras.Model(inputs, outputs)
    x = tf.random.normal((4, 2))
    y = {"age": tf.zeros((4, 1)), "kind": tf.constant([0, 1, 2, 0]), "sort": tf.constant([0, 1, 2, 0])}

    found = meanings_by_path(model, {}, (x, y), model(x))
    assert found == {"age": "quantities", "kind": "logits", "sort": "probabilities"}
    data = OutputData(SimpleNamespace(outputs=5, classes=["a"]), y["kind"], model(x)["kind"])
    assert (data.task, data.outputs, data.classes) == ("classification", 3, ["a"])
