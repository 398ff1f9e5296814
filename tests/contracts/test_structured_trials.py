"""Parts tried on an author's own data of several inputs and outputs: what is right passes, what is wrong is told."""

import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import ConfigError
from eagerloop.testing import check

ROWS = 24
RANDOM = tf.random.Generator.from_seed(1)
X = {"city": RANDOM.uniform((ROWS,), 0, 3, tf.int32).numpy(), "image": RANDOM.uniform((ROWS, 2, 2)).numpy()}
KIND = RANDOM.uniform((ROWS,), 0, 3, tf.int32).numpy()
Y = {"age": X["image"].mean(axis=1)[:, :1], "kind": KIND}


def data(x=X, y=Y):
    """A batch of all rows, and the same for the test."""
    return eagerloop.ArrayDataset((x, y), (x, y), batch_size=ROWS)


def two_heads(fault=""):
    """A factory of a model from city and image to age and kind; `fault` names what is wrong with it."""

    def model():
        """Two inputs, two outputs."""
        import keras

        city, image = keras.Input((1,), name="city"), keras.Input((2, 2), name="image")
        flat = [keras.layers.Flatten()(values) for values in (keras.layers.Embedding(3, 2)(city), image)]
        body = keras.layers.Concatenate()(flat)
        age, kind = keras.layers.Dense(1, name="age")(body), keras.layers.Dense(3, name="kind")(body)
        if fault == "flat":
            age = keras.layers.Reshape(())(age)
        if fault == "over rows":
            kind = kind - keras.ops.mean(kind, axis=0, keepdims=True)
        return keras.Model({"city": city, "image": image}, {"age": age, "kind": kind})

    return model


def found(kind, factory, dataset):
    """Status and message of each check."""
    results = check(kind, factory, dataset=dataset, exceptions={"light-import": "this file is a test, and imports TensorFlow"})
    return {result.name: (result.status, result.message) for result in results}


def test_a_model_of_two_inputs_and_two_outputs_passes():
    """Each check runs on the structures; what has no meaning there is skipped, with the reason."""
    results = found("model", two_heads(), data())
    assert [name for name, (status, _) in results.items() if status == "failed"] == []
    asked = ("model-called", "model-predictions", "model-gradients", "model-restores", "model-rows", "model-training-flag")
    assert [results[name][0] for name in asked] == ["ok"] * 6
    assert results["model-overfits"] == (
        "skipped",
        "its targets are neither classes nor quantities of one output: what their loss is, a run tells",
    )


@pytest.mark.parametrize(
    ("fault", "name", "message"),
    [
        ("flat", "model-predictions", "predictions age have the shape (24,); with targets (n, 1)"),
        ("over rows", "model-rows", "the answer for a row changes when other rows are left out"),
    ],
)
def test_a_fault_of_one_output_is_found(fault, name, message):
    """With the output's path, where the shape says it."""
    status, told = found("model", two_heads(fault), data())[name]
    assert status == "failed"
    assert message in told


def test_an_input_that_is_left_out_is_no_fault_but_a_variable_without_gradient_is():
    """The embedding of the city reaches no output."""

    def model():
        """A layer for nothing."""
        import keras

        class Model(keras.Model):
            def __init__(self):
                super().__init__()
                self.embedding, self.dense = keras.layers.Embedding(3, 2), keras.layers.Dense(1)

            def call(self, x, training=False):
                self.embedding(x["city"])
                return {"age": self.dense(x["image"][:, 0])}

        return Model()

    status, told = found("model", model, data())["model-gradients"]
    assert status == "failed"
    assert told.startswith("no gradient reaches ")
    assert "embedding" in told


def test_ragged_text_is_a_models_input():
    """Rows of different lengths are cut and asked as they are."""
    words = tf.ragged.constant([[1], [1, 2], [2, 2, 1], [0, 1]] * 6)
    y = tf.reshape(tf.cast(words.row_lengths(), tf.float32), (ROWS, 1))
    pipeline = tf.data.Dataset.from_tensor_slices((words, y)).batch(ROWS)

    def model():
        """The sum of what each word says."""
        import keras

        class Model(keras.Model):
            def __init__(self):
                super().__init__()
                self.embedding = keras.layers.Embedding(3, 2)
                self.dense = keras.layers.Dense(1)

            def call(self, x, training=False):
                return self.dense(tf.reduce_sum(self.embedding(x.to_tensor()), axis=1))

        return Model()

    results = found("model", model, (pipeline, pipeline))
    assert [name for name, (status, _) in results.items() if status == "failed"] == []
    assert results["model-overfits"][0] == "ok"


def test_a_loss_is_tried_on_one_target_after_another():
    """Squares suit the ages, the cross-entropy the kinds; a loss that drops rows suits none."""

    def squares(y_true, y_pred):
        """Mean squared error."""
        return tf.reduce_mean(tf.square(tf.cast(y_true, tf.float32) - y_pred))

    def cross_entropy(y_true, y_pred):
        """Of class numbers and logits."""
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y_true, logits=y_pred))

    def first_row(y_true, y_pred):
        """One row alone."""
        return tf.reduce_mean(tf.square(tf.cast(y_true[:1], tf.float32) - y_pred[:1]))

    for loss in (squares, cross_entropy):
        results = found("loss", loss, data())
        assert [name for name, (status, _) in results.items() if status == "failed"] == []
        assert results["loss-minimal"][0] == "ok"
    status, told = found("loss", first_row, data())["loss-gradient"]
    assert (status, "no gradient, however wrong they are" in told) == ("failed", True)


@pytest.mark.parametrize("y", [Y, KIND])
def test_a_metric_is_tried_on_the_target_that_it_suits(y):
    """The accuracy of class numbers, of the second output, or of the only one: bad predictions are of another class."""

    def accuracy():
        """The share of the likeliest class."""
        import keras

        return keras.metrics.SparseCategoricalAccuracy()

    results = found("metric", accuracy, data(y=y))
    assert [name for name, (status, _) in results.items() if status == "failed"] == []
    assert results["metric-looks"][0] == "ok"


def forgetful(*, structured=True, of_the_batch=True):
    """A factory of a step; wrong where it returns y of another structure, or updates from a batch with nan."""

    def step():
        """The loop's own, or nearly."""

        def one(model, loss, optimizer, x, y):
            with tf.GradientTape() as tape:
                predictions = model(x, training=True)
                value = loss(y, predictions)
            gradients = tape.gradient(value, model.trainable_variables)
            finite = eagerloop.all_finite(value, gradients)
            if finite or not of_the_batch:
                optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            given = y if structured else y["age"]
            return eagerloop.Step(x, given, predictions, value, gradients, finite=finite)

        return one

    return step


def test_a_step_is_tried_on_several_inputs_and_outputs():
    """A right one passes; y of another structure, and an update by nan, are found."""
    results = found("step", forgetful(), data())
    assert [name for name, (status, _) in results.items() if status == "failed"] == []
    assert results["step-not-finite"][0] == "ok"


@pytest.mark.long
def test_faults_of_a_step_on_several_outputs_are_found():
    """It returns y of another structure; it updates from a batch with nan."""
    assert "the Step's y is not that of the batch" in found("step", forgetful(structured=False), data())["step-result"][1]
    assert found("step", forgetful(of_the_batch=False), data())["step-not-finite"][0] == "failed"


@pytest.mark.long
def test_whole_numbers_cannot_be_nan():
    """That check is skipped, with the reason."""
    pipeline = tf.data.Dataset.from_tensor_slices(({"city": X["city"]}, {"kind": KIND})).batch(ROWS)
    status, told = found("step", forgetful(), (pipeline, pipeline))["step-not-finite"]
    assert (status, told) == ("skipped", "its data is whole numbers, which cannot be nan")


@pytest.mark.parametrize("kind", ["loss", "metric", "step"])
def test_what_is_no_number_is_refused_in_one_line(kind):
    """Ragged targets have no answers of as many numbers; paths and shapes are named."""
    y = tf.ragged.constant([[1.0], [1.0, 2.0]] * 12)
    pipeline = tf.data.Dataset.from_tensor_slices(({"image": X["image"]}, {"words": y})).batch(ROWS)
    message = rf"a {kind} is tried on numbers, as many in each row, and this dataset gives x \{{image: \(24, 2, 2\)\}} and y"
    with pytest.raises(ConfigError, match=message):
        check(kind, forgetful(), dataset=(pipeline, pipeline))
