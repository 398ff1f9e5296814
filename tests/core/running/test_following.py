"""What changes in Python while a run goes on: a graph follows it as an eager step does, or says that it cannot."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import CheckpointError, ConfigError, PluginError

MODES = ("eager", "step", "stretch")
X = np.random.default_rng(0).normal(3, 2, size=(40, 4)).astype("float32")
Y = X[:, :1] * 2


class Sees:
    def on_step_end(self):
        pass


def train(directory, mode, *, observers=(), epochs=3, **options):
    """A run without dropout, in one of the three ways to advance."""
    data = eagerloop.ArrayDataset((X, Y), (X, Y), batch_size=10, shuffle=False)
    watching = [*observers, *([Sees()] if mode == "step" else [])]
    options = {"dataset": data, "observers": watching, "epochs": epochs, "compile": mode != "eager"} | options
    run = eagerloop.train(directory=directory, **options)
    assert run.stride.grain == mode
    return run


def halves(*, frozen):
    """A base with averages, and a head; the same numbers in each call."""
    keras.utils.set_random_seed(1)
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, use_bias=False), keras.layers.BatchNormalization()])
    base.trainable = not frozen
    return keras.Sequential([base, keras.layers.Dense(1)]), base


class Switch:
    """Freezes or thaws a layer after the first epoch."""

    def __init__(self, layer, to):
        self.layer, self.to, self.then = layer, to, None

    def on_epoch_end(self, epoch):
        if epoch == 1:
            self.layer.trainable = self.to
            self.then = [value.copy() for value in self.layer.get_weights()]


def by_hand(model, base, *, to):
    """The plain loop: SGD with a rate of 0.01, the base frozen or thawed after the first epoch."""
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(model.weights)
    for epoch in (1, 2, 3):
        for first in range(0, 40, 10):
            with tf.GradientTape() as tape:
                value = tf.reduce_mean((model(X[first : first + 10], training=True) - Y[first : first + 10]) ** 2)
            variables = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
        if epoch == 1:
            base.trainable = to
    return model.get_weights()


@pytest.mark.sweep(1)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("thaw", [True, False])
def test_a_layer_that_is_thawed_or_frozen_on_the_way(tmp_path, mode, thaw):
    """The weights are those of a plain loop that does the same; what is frozen does not move."""
    model, base = halves(frozen=thaw)
    model(X[:1])
    expected_model, expected_base = halves(frozen=thaw)
    expected_model(X[:1])
    expected = by_hand(expected_model, expected_base, to=thaw)
    switch = Switch(base, thaw)
    optimizer = eagerloop.use("sgd", learning_rate=0.01)
    train(tmp_path / "run", mode, model=model, optimizer=optimizer, loss="mse", observers=[switch])
    for value, right in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(value, right, rtol=2e-4, atol=1e-6)
    moved = [bool((value != then).any()) for value, then in zip(base.get_weights(), switch.then, strict=True)]
    assert moved == [thaw] * len(moved)


@pytest.mark.parametrize("mode", MODES)
def test_an_optimizer_that_was_built_for_less_is_told(tmp_path, mode):
    """One line, with the variable, instead of the variable's values."""
    model, base = halves(frozen=True)
    model(X[:1])
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)
    with pytest.raises(ConfigError, match=r"^the optimizer was built without sequential\S*/dense\S*/kernel, .* may be thawed$"):
        train(tmp_path / "run", mode, model=model, optimizer=optimizer, loss="mse", observers=[Switch(base, True)])


def test_a_thawed_run_is_resumed_thawed(tmp_path):
    """What was frozen and what not is in the checkpoint: a model that is made anew, frozen, goes on as the run stood."""
    weights = {}
    for name, epochs in (("whole", 3), ("stopped", 2)):
        model, base = halves(frozen=True)
        run = train(
            tmp_path / name, "eager", model=model, optimizer="sgd", loss="mse", observers=[Switch(base, True)], epochs=epochs
        )
        weights[name] = run.model.get_weights()
    model, base = halves(frozen=True)
    run = eagerloop.resume(tmp_path / "stopped", epochs=3, model=model, dataset=run.dataset, observers=[Switch(base, True)])
    assert base.trainable
    assert all(map(np.array_equal, run.model.get_weights(), weights["whole"]))
    assert not all(map(np.array_equal, weights["whole"], weights["stopped"]))


class Weighted:
    """Squares times a plain number."""

    def __init__(self):
        self.beta = 0.0

    def __call__(self, y, predictions):
        return self.beta * tf.reduce_mean((y - predictions) ** 2)


class Raises:
    """Gives the loss another weight in each epoch."""

    def on_epoch_begin(self, run, epoch):
        run.loss.beta = epoch / 4


@pytest.mark.sweep(1)
@pytest.mark.parametrize("mode", MODES)
def test_a_plain_number_that_an_observer_changes_is_followed(tmp_path, mode):
    """With a rate of 0 the model stands still: the losses are the first one's multiples."""
    run = train(
        tmp_path / "run", mode, loss=Weighted(), optimizer=eagerloop.use("sgd", learning_rate=0.0), observers=[Raises()]
    )
    first = ((run.predict() - Y) ** 2).mean()
    np.testing.assert_allclose([row["loss"] for row in run.history], [first / 4, first / 2, first * 3 / 4], rtol=1e-5)
    assert run.evaluate()["loss"] == pytest.approx(first * 3 / 4, rel=1e-5)


FACTOR = 1.0


@pytest.mark.parametrize("mode", MODES)
def test_what_a_function_reads_around_it_is_followed(tmp_path, mode):
    """A loss may take a number from its module, or from the function that it was made in."""
    shift = 0.0

    def loss(y, predictions):
        return FACTOR * tf.reduce_mean((y - predictions) ** 2) + shift

    class Changes:
        def on_epoch_begin(self, epoch):
            nonlocal shift
            shift = 10.0 * (epoch == 2)
            globals()["FACTOR"] = 2.0 if epoch == 3 else 1.0

    run = train(tmp_path / "run", mode, loss=loss, optimizer=eagerloop.use("sgd", learning_rate=0.0), observers=[Changes()])
    first = ((run.predict() - Y) ** 2).mean()
    np.testing.assert_allclose([row["loss"] for row in run.history], [first, first + 10, 2 * first], rtol=1e-5)


def test_a_rate_of_dropout_is_followed(tmp_path):
    """From 0.9 to 0: the losses of the last epoch are those of the model as it predicts."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.9), keras.layers.Dense(1)])

    class Ends:
        def on_epoch_begin(self, epoch):
            model.layers[0].rate = 0.9 if epoch < 3 else 0.0

    still = eagerloop.use("sgd", learning_rate=0.0)
    run = train(tmp_path / "run", "stretch", model=model, optimizer=still, loss="mse", observers=[Ends()])
    right = ((run.predict() - Y) ** 2).mean()
    assert run.history[-1]["loss"] == pytest.approx(right, rel=1e-5)
    assert run.history[0]["loss"] != pytest.approx(right, rel=0.1)


class Counts:
    """A loss that changes itself in each call."""

    def __init__(self):
        self.calls = 0

    def __call__(self, y, predictions):
        self.calls += 1
        return self.calls * tf.reduce_mean((y - predictions) ** 2)


@pytest.mark.parametrize("mode", ["step", "stretch"])
def test_what_a_step_changes_itself_is_told(tmp_path, mode):
    """A graph does it once, when it is traced: nobody can follow that, so it is said, once, with the way out."""
    with pytest.warns(
        UserWarning, match=r"a step changes calls of the loss: .* keep it in a tf\.Variable and assign to it"
    ) as said:
        train(tmp_path / "run", mode, loss=Counts())
    assert len([warning for warning in said if "a step changes" in str(warning.message)]) == 1


@pytest.mark.long
def test_a_number_that_changes_at_every_step_is_told(tmp_path):
    """Each change is followed, at the price of a new graph: after ten of them a word is due."""

    class Anneals:
        def on_step_end(self, run):
            run.loss.beta += 0.01

    with pytest.warns(
        UserWarning, match="compiled anew 10 times, as beta of the loss changed; a tf.Variable that is assigned to"
    ):
        train(tmp_path / "run", "step", loss=Weighted(), observers=[Anneals()])


def test_a_variable_that_nobody_lists_is_saved(tmp_path):
    """A `tf.Variable` in a loss, and one in a Keras layer: a run that is resumed has their values."""

    class Held(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0.0, trainable=False)

        def call(self, x, training=False):
            if training:
                self.calls.assign_add(1.0)
            return x

    class Loss:
        def __init__(self):
            self.seen = tf.Variable(0.0)

        def __call__(self, y, predictions):
            self.seen.assign_add(1.0)
            return tf.reduce_mean((y - predictions) ** 2)

    def parts():
        return {"model": keras.Sequential([keras.Input((4,)), Held(), keras.layers.Dense(1)]), "loss": Loss()}

    run = train(tmp_path / "run", "eager", **parts(), epochs=1)
    given = parts()
    again = eagerloop.resume(tmp_path / "run", epochs=2, dataset=run.dataset, observers=[], **given)
    assert (float(given["model"].layers[0].calls), float(given["loss"].seen)) == (8.0, 8.0)
    assert sum("held" in name for name in again.variables()) == 2


class Mean:
    """A metric that keeps its figures in Python."""

    name = "mean"

    def __init__(self):
        self.reset_state()

    def reset_state(self):
        self.total = self.rows = 0.0

    def update_state(self, y, predictions):
        self.total += float(np.abs(y - predictions).sum())
        self.rows += len(y)

    def result(self):
        return self.total / self.rows


class Remembers(Mean):
    """The same, and it can tell them."""

    def state(self):
        return {"total": self.total, "rows": self.rows}

    def restore(self, state):
        self.total, self.rows = state["total"], state["rows"]


class Stops:
    def on_step_end(self, run):
        if run.position.step == 2:
            run.stop("the test wants it")


def test_figures_in_python_are_saved_or_missed_aloud(tmp_path):
    """In mid-epoch, a metric with `state` goes on where it was; one without is named, and `strict` refuses."""
    whole = train(tmp_path / "whole", "eager", epochs=1, metrics=[Remembers()])
    stopped = {
        metric: train(tmp_path / metric.__name__, "eager", epochs=1, metrics=[metric()], observers=[Stops()])
        for metric in (Mean, Remembers)
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = eagerloop.resume(tmp_path / "Remembers", dataset=whole.dataset, metrics=[Remembers()], observers=[Stops()])
    assert run.history[0]["mean"] == whole.history[0]["mean"]
    told = "metric 'mean' keeps its figures in Python: its figure of this epoch will be that of the last batches alone"
    given = {"dataset": whole.dataset, "metrics": [Mean()], "observers": [Stops()]}
    with pytest.raises(CheckpointError, match=told):
        eagerloop.resume(tmp_path / "Mean", strict=True, **given)
    with pytest.warns(UserWarning, match=told):
        eagerloop.resume(tmp_path / "Mean", **given)
    assert stopped[Mean].position.step == 2


def test_an_evaluation_leaves_no_trace(tmp_path):
    """A model that draws in both modes: evaluating, predicting and assembling move no generator."""

    class Noisy(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.seeds = keras.layers.Dense(1), keras.random.SeedGenerator(7)

        def call(self, x, training=False):
            return self.dense(x) + keras.random.normal((1,), seed=self.seeds)

    run = train(tmp_path / "run", "eager", model=Noisy(), epochs=1)
    state = run.model.seeds.state.numpy().tolist()
    assert state == [7, 4]  # four steps, four draws: the first call and the checks of the parts do not count
    assert run.evaluate() == run.evaluate()
    assert np.array_equal(run.predict(), run.predict())
    assert run.model.seeds.state.numpy().tolist() == state


def wide(y, predictions):
    """No scalar."""
    return tf.square(y - predictions)


def broken(y, predictions):
    """A mistake of the user's."""
    msg = "my own words"
    raise ValueError(msg)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("loss", "error", "words"),
    [
        (wide, PluginError, r"^the loss must be a scalar, got the shape \(10, 1\); reduce it over the batch"),
        (broken, ValueError, "^my own words"),
    ],
)
def test_a_refusal_has_the_same_words_compiled(tmp_path, mode, loss, error, words):
    """No way through TensorFlow's graphs before them; whose code it was is told alike."""
    with pytest.raises(error, match=words) as caught:
        train(tmp_path / "run", mode, loss=loss)
    if loss is broken:
        assert any("raised by loss" in note and "broken" in note for note in caught.value.__notes__)
