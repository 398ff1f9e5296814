"""The findings on batches of structures and weights: what they recognise, and that they are silent where all is well."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.choices.settings import settings_of
from eagerloop.inspection.mistakes import findings
from eagerloop.inspection.mistakes.findings import findings_of, first_look
from eagerloop.running.opening import create

DRAWS = np.random.default_rng(3)
X = DRAWS.normal(size=(24, 3)).astype("float32")
Y = (X @ [1.0, -2.0, 0.5]).astype("float32")[:, None]
KINDS = DRAWS.integers(0, 3, size=24).astype("int32")
WEIGHTS = DRAWS.uniform(0.2, 3, size=24).astype("float32")
INPUTS, TARGETS = {"city": X[:, :1], "size": X}, {"age": Y, "kind": KINDS}


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Few steps more on the same batch: only a rate that is too high needs many."""
    monkeypatch.setattr(findings, "MORE_STEPS", 4)


@pytest.fixture
def found(tmp_path):
    """The findings before the first step, and those of the first batch, by id."""

    def look(data, model, loss, **options):
        chosen = {"dataset": data, "model": model, "loss": loss, "optimizer": keras.optimizers.SGD(0.01)} | options
        parts = create(settings_of(chosen), tmp_path / "run").parts
        every = [*first_look(parts), *findings_of(parts, *parts.first_batch)]
        return {finding.id: finding.happened for finding in every}

    return look


def arrays(*whole, **options):
    return eagerloop.ArrayDataset(whole, whole, **{"batch_size": 8} | options)


def dense(outputs=1):
    layers = [keras.layers.Dropout(0.2), keras.layers.BatchNormalization(), keras.layers.Dense(outputs)]
    return keras.Sequential([keras.Input((3,)), *layers])


def two_heads():
    city, size = keras.Input((1,), name="city"), keras.Input((3,), name="size")
    joined = keras.layers.Dropout(0.2)(keras.layers.Concatenate()([city, size]))
    outputs = {"age": keras.layers.Dense(1)(joined), "kind": keras.layers.Dense(3)(joined)}
    return keras.Model({"city": city, "size": size}, outputs)


def both_losses(y_true, y_pred):
    of_age = tf.reduce_mean(tf.square(y_true["age"] - y_pred["age"]))
    of_kind = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"]))
    return of_age + of_kind, {"age_loss": of_age}


def weighted_losses(y_true, y_pred, sample_weight):
    of_age = tf.reduce_mean(sample_weight * tf.square(y_true["age"] - y_pred["age"])[:, 0])
    of_kind = tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"])
    return of_age + tf.reduce_mean(sample_weight * of_kind)


def normalized(y_true, y_pred, sample_weight):
    """A weighted mean: the weights are shares."""
    return tf.reduce_sum(sample_weight * tf.square(y_true - y_pred)[:, 0]) / tf.reduce_sum(sample_weight)


def rebuilt(y_true, y_pred, x):
    return tf.reduce_mean(tf.square(y_pred - x))


class OfRagged(tf.Module):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(0.5)

    def __call__(self, x, training=False):
        return self.scale * tf.reduce_sum(tf.cast(x, tf.float32), axis=1, keepdims=True)


def ragged():
    x = tf.ragged.constant([[1, 2], [3], [4, 5, 6], [7]] * 3)
    batches = tf.data.Dataset.from_tensor_slices((x, tf.reduce_sum(tf.cast(x, tf.float32), 1)[:, None])).batch(6)
    return batches, batches


def padded():
    rows = [np.arange(length, dtype="int32") % 7 for length in (6, 3, 5, 2, 4, 7)]
    spec = (tf.TensorSpec((None,), tf.int32), tf.TensorSpec((1,), tf.float32))
    pairs = [(row, np.float32([row.sum()])) for row in rows]
    batches = tf.data.Dataset.from_generator(lambda: iter(pairs), output_signature=spec)
    batches = batches.apply(tf.data.experimental.assert_cardinality(6)).padded_batch(3)
    return batches, batches


def of_sequences():
    layers = [keras.layers.Embedding(8, 3), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((None,), dtype="int32"), *layers])


@pytest.mark.parametrize(
    ("data", "model", "loss", "options"),
    [
        (lambda: arrays(INPUTS, TARGETS), two_heads, both_losses, {}),
        (lambda: arrays(INPUTS, TARGETS, WEIGHTS), two_heads, weighted_losses, {}),
        (lambda: arrays(X, Y, WEIGHTS), dense, "mse", {"metrics": ["mae"]}),
        (lambda: arrays(X, KINDS, WEIGHTS), lambda: dense(3), None, {"metrics": ["accuracy"]}),
        (lambda: arrays(X, Y, WEIGHTS), dense, normalized, {"metrics": []}),
        (lambda: arrays(X, ()), lambda: dense(3), rebuilt, {}),
        (ragged, OfRagged, "mse", {}),
        (padded, of_sequences, "mse", {}),
    ],
    ids=["dicts", "weighted dicts", "weights", "weighted classes", "shares", "no targets", "ragged", "padded"],
)
def test_right_code_gives_no_finding(found, data, model, loss, options):
    """Structures, weights, empty targets, a loss that asks for x."""
    chosen = options if loss is None else {"loss": loss} | options
    assert found(data(), model(), chosen.pop("loss", "sparse_categorical_crossentropy"), **chosen) == {}


def stretched_age(y_true, y_pred):
    """One of two losses compares every target with every prediction."""
    of_age = tf.reduce_mean(tf.square(y_true["age"][:, 0] - y_pred["age"]))
    return of_age + tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y_true["kind"], y_pred["kind"]))


def test_a_broadcast_at_one_path(found):
    """EL01 names the path; the other loss is right."""
    happened = found(arrays(INPUTS, TARGETS), two_heads(), stretched_age)["EL01"]
    assert happened.startswith("y/age: targets {age: (8, 1), kind: (8,)} and predictions {age: (8, 1), kind: (8, 3)}")


def stretched_weights(y_true, y_pred, sample_weight):
    """Weights, (n,), times losses, (n, 1)."""
    return tf.reduce_mean(sample_weight * tf.square(y_true - y_pred))


def summed_weights(y_true, y_pred, sample_weight):
    """A sum over the rows."""
    return tf.reduce_sum(sample_weight * tf.square(y_true - y_pred)[:, 0])


def test_weights_that_are_stretched_or_summed(found):
    """EL01 for the one, EL11 for the other, with the numbers of the weighted loss."""
    data = arrays(X, Y, WEIGHTS)
    happened = found(data, dense(), stretched_weights, metrics=[])
    assert list(happened) == ["EL01"]
    assert happened["EL01"].startswith("the weights of the rows, (8,), are stretched against the losses of all rows")


def test_a_sum_with_weights(found):
    """EL11: the same rows twice, with their weights, give twice the loss."""
    assert list(found(arrays(X, Y, WEIGHTS), dense(), summed_weights, metrics=[])) == ["EL11"]


def test_not_finite_in_a_leaf(found):
    """EL18 looks at every tensor of a structure."""
    bad = INPUTS["size"].copy()
    bad[2, 1] = np.nan
    batches = tf.data.Dataset.from_tensor_slices(({"city": X[:, :1], "size": bad}, TARGETS)).batch(8)
    assert found((batches, batches), two_heads(), both_losses)["EL18"] == "x is nan or infinite"


def test_sorted_targets_in_a_structure(found):
    """EL16 names the path."""
    order = np.argsort(Y[:, 0])
    data = arrays({"city": X[order, :1], "size": X[order]}, {"age": Y[order], "kind": KINDS})
    assert found(data, two_heads(), both_losses)["EL16"].startswith("y/age: the targets of the 24 training rows rise")
