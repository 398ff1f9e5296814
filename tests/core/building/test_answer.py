"""What the model's answer means, in accuracy, in predictions and in the report: against sums by hand."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.afterwards.prediction import write_predictions

X = np.random.default_rng(0).permutation(np.linspace(-1, 1, 40, dtype="float32")).reshape(40, 1)
Y = np.where(X[:, 0] > 0.2, 1, 0)
DATA = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=8, classes=("no", "yes"))
EDGE = 0.45
"""Where the models say yes instead of no, which is wrong for some rows: from 0.2 to 0.45."""
RIGHT = float(np.mean((X[:, 0] > EDGE) == (Y == 1)))

SLOPES = {1: [[20.0]], 2: [[-10.0, 10.0]]}
BIASES = {1: [-20.0 * EDGE], 2: [10.0 * EDGE, -10.0 * EDGE]}


def made(outputs, activation):
    """A model that says yes from `EDGE` on, with logits or probabilities, in one output or two."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(outputs, activation=activation)])
    model.set_weights([np.float32(SLOPES[outputs]), np.float32(BIASES[outputs])])
    return model


class Hidden(tf.Module):
    """The same, the activation being where nobody can read it."""

    def __init__(self, outputs, activation):
        self.inner, self.activation = made(outputs, None), activation

    def __call__(self, x, training):
        return self.activation(self.inner(x, training=training))

    @property
    def trainable_variables(self):
        return self.inner.trainable_variables

    @property
    def variables(self):
        return self.inner.variables


def flat_loss(y_true, y_pred):
    """A loss that says nothing of what the predictions mean."""
    return tf.reduce_mean(tf.square(tf.cast(tf.reshape(y_true, [-1]), tf.float32) - y_pred[:, -1]))


MODELS = {
    "one logit": (lambda: made(1, None), "logits"),
    "sigmoid": (lambda: made(1, "sigmoid"), "probabilities"),
    "two logits": (lambda: made(2, None), "logits"),
    "softmax": (lambda: made(2, "softmax"), "probabilities"),
    "hidden sigmoid": (lambda: Hidden(1, tf.sigmoid), "probabilities"),
    "hidden softmax": (lambda: Hidden(2, tf.nn.softmax), "probabilities"),
}


@pytest.fixture
def run(request, tmp_path):
    """A run of one of the models that leaves its weights as they are."""
    make, _meaning = MODELS[request.param]
    keywords = {"loss": flat_loss, "metrics": ["accuracy"], "optimizer": eagerloop.use("sgd", learning_rate=0.0)}
    return eagerloop.train(dataset=DATA, model=make(), epochs=1, directory=tmp_path / "run", **keywords)


@pytest.mark.parametrize("run", MODELS, indirect=True)
def test_accuracy_is_the_part_that_is_right(run, request):
    """By whatever the model answers with; 30 of 40 rows here would be the share of one class."""
    assert run.parts.answer == MODELS[request.node.callspec.params["run"]][1]
    assert run.history[0]["accuracy"] == pytest.approx(RIGHT)
    assert run.evaluate()["accuracy"] == pytest.approx(RIGHT)


@pytest.mark.parametrize("run", MODELS, indirect=True)
def test_predictions_are_the_probabilities_that_the_model_means(run, tmp_path):
    """Each row's class and the two probabilities, worked out from slope and bias."""
    write_predictions(run, None, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    chances = 1 / (1 + np.exp(-20.0 * (X[:, 0].astype(float) - EDGE)))

    assert [row["prediction"] for row in rows] == ["yes" if value > EDGE else "no" for value in X[:, 0]]
    np.testing.assert_allclose([float(row["probability_yes"]) for row in rows], chances, atol=2e-6)
    np.testing.assert_allclose([float(row["probability_no"]) for row in rows], 1 - chances, atol=2e-6)


def test_a_model_of_ids_is_not_asked_about_others(tmp_path):
    """An embedding has no row for them: a run whose first answers happened to lie between 0 and 1 was refused."""
    layers = [keras.layers.Embedding(4, 2, embeddings_initializer="ones"), keras.layers.Flatten()]
    model = keras.Sequential(
        [keras.Input((1,)), *layers, keras.layers.Dense(1, kernel_initializer="ones", activation="sigmoid")]
    )
    ids = np.arange(12, dtype="int32")[:, None] % 4
    dataset = eagerloop.ArrayDataset((ids, Y[:12, None] * np.float32(1)), (ids[:4], np.zeros((4, 1), "float32")), batch_size=4)
    run = eagerloop.train(dataset=dataset, model=model, epochs=1, directory=tmp_path / "run")

    assert run.parts.answer == "quantities"
