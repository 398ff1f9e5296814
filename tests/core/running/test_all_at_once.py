"""Everything at once against Keras's `fit`: two inputs, two outputs, both kinds of weights, a schedule and clipping."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop import use

ROWS, EPOCHS, BATCH = 38, 10, 8  # 30 rows are trained on: the last batch has 6, and 8 are the validation
DRAWS = np.random.default_rng(11)
X = {"city": DRAWS.integers(0, 4, size=(ROWS, 1)).astype("float32"), "size": DRAWS.normal(size=(ROWS, 3)).astype("float32")}
Y = {"age": 3 * X["size"][:, :1] + X["city"] + 1, "kind": X["size"].argmax(axis=1).astype("int32")}
ROW_WEIGHTS = DRAWS.uniform(0.1, 2, size=ROWS).astype("float32")
LOSS_WEIGHTS = {"age": 0.5, "kind": 2.0}
METRICS = {"age": ["mae"], "kind": ["sparse_categorical_accuracy"]}
SCHEDULE = {"initial_learning_rate": 0.05, "decay_steps": 40, "alpha": 0.1}  # falls over all 40 steps
CLIPPED_TO = 1.0


def rows(first, last):
    """x, y and the weights of some rows."""
    x, y = ({name: column[first:last] for name, column in columns.items()} for columns in (X, Y))
    return x, y, ROW_WEIGHTS[first:last]


def two_by_two():
    """A functional model of two inputs and two outputs that always begins with the same weights."""
    keras.utils.set_random_seed(5)
    city, size = keras.Input((1,), name="city"), keras.Input((3,), name="size")
    joined = keras.layers.Dense(6, "tanh")(keras.layers.Concatenate()([city, size]))
    heads = {"age": keras.layers.Dense(1, name="age")(joined), "kind": keras.layers.Dense(3, name="kind")(joined)}
    return keras.Model({"city": city, "size": size}, heads)


class Norms:
    """Gathers how long the gradients of each step are, all together."""

    def __init__(self):
        self.found = []

    def on_step_end(self, step):
        self.found.append(float(tf.linalg.global_norm(step.gradients)))


@pytest.fixture(scope="module")
def fitted():
    """What `fit` tells of ten epochs."""
    model = two_by_two()
    adam = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(**SCHEDULE), global_clipnorm=CLIPPED_TO)
    losses = {"age": keras.losses.MeanSquaredError(), "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    model.compile(adam, losses, loss_weights=LOSS_WEIGHTS, weighted_metrics=METRICS)
    x, y, weights = rows(0, 30)
    options = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    return model.fit(x, y, sample_weight=weights, validation_data=rows(30, 38), **options).history


@pytest.mark.sweep(1)
@pytest.mark.parametrize("grain", ["stretch", "eager", "step"])
def test_the_losses_are_those_of_fit(fitted, tmp_path, grain):
    """Within 1e-6 in each of ten epochs, of training and validation: the sum, its two terms, and weighted metrics.

    The terms are compared where there is one batch: of several, Keras counts each batch of an output alike, a short one, too.
    """
    norms = Norms()
    run = eagerloop.train(
        dataset=eagerloop.ArrayDataset(rows(0, 30), rows(30, 38), rows(30, 38), batch_size=BATCH),
        model=two_by_two(),
        loss={
            "age": use("mse", weight=LOSS_WEIGHTS["age"]),
            "kind": use("sparse_categorical_crossentropy", weight=LOSS_WEIGHTS["kind"]),
        },
        schedule=use("cosine_decay", **SCHEDULE),
        optimizer=use("keras_adam", global_clipnorm=CLIPPED_TO),
        metrics=METRICS,
        epochs=EPOCHS,
        compile=grain != "eager",
        observers=[] if grain == "stretch" else [norms],
        directory=tmp_path / "run",
    )
    assert run.stride.grain == grain
    assert grain == "stretch" or min(norms.found) < CLIPPED_TO < max(norms.found)  # some steps were clipped, some were not
    names = {"loss": "loss", "mae/age": "age_mae", "sparse_categorical_accuracy/kind": "kind_sparse_categorical_accuracy"}
    names |= {f"val_{ours}": f"val_{theirs}" for ours, theirs in names.items()}
    names |= {"val_loss/age": "val_age_loss", "val_loss/kind": "val_kind_loss"}
    for ours, theirs in names.items():
        np.testing.assert_allclose([row[ours] for row in run.history], fitted[theirs], rtol=1e-6, err_msg=ours)
    assert run.history[-1]["loss"] < 0.2 * run.history[0]["loss"]
