"""The loop: one step by hand, against Keras's own `fit`, the order of the hooks, stopping, and faults."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import PluginError, TrainingError


def squared(y_true, y_pred):
    """Mean squared error."""
    return tf.reduce_mean(tf.square(y_true - y_pred))


class Line(tf.Module):
    """A `tf.Module`: predictions w * x."""

    def __init__(self, weight=2.0):
        super().__init__()
        self.weight = tf.Variable(weight, name="weight")

    def __call__(self, x, training):
        return self.weight * x


class Penalised(Line):
    """With a penalty of half the weight, as a Keras model's regularisers would give."""

    @property
    def losses(self):
        return [0.5 * self.weight]


def small_data(rows=4, batch_size=2, **options):
    """Pairs of x and y = 3x for x = 1, 2, 3, ..., in order."""
    x = np.arange(1.0, rows + 1, dtype="float32").reshape(rows, 1)
    return eagerloop.ArrayDataset((x, 3 * x), (x, 3 * x), batch_size=batch_size, features=("x",), targets=("y",), **options)


def small_run(**options):
    """Two batches an epoch, a line, plain gradient descent, nothing kept."""
    chosen = {"dataset": small_data(), "model": Line(), "loss": squared, "optimizer": keras.optimizers.SGD(0.01)}
    return eagerloop.train(**{**chosen, "checkpointer": "none", **options})


class Log:
    """An observer that writes every hook down, and does something in one of them."""

    def __init__(self, name, log, act=None, at=None):
        self.name, self.log, self.act, self.at = name, log, act, at

    def _seen(self, run, hook, *details):
        self.log.append((self.name, hook, *details))
        if self.act and (hook, *details) == self.at:
            self.act(run)

    def on_train_begin(self, run):
        self._seen(run, "train begin", run.position.step)

    def on_epoch_begin(self, run, epoch):
        self._seen(run, "epoch begin", epoch)

    def on_step_end(self, run, step):
        self._seen(run, "step", run.position.epoch, run.position.batch, run.position.step)

    def on_epoch_end(self, run, epoch, metrics):
        assert metrics is run.history[-1]
        self._seen(run, "epoch end", epoch)

    def on_train_end(self, run):
        self._seen(run, "train end", run.position.step)

    def on_exception(self, run, error):
        self._seen(run, "exception", type(error).__name__)


# --- one step


def test_a_step_worked_by_hand():
    """One weight w = 2, x = [1, 2], y = [5, 6], the loss mean((y - wx)^2) and one step of rate 0.1.

    The errors y - wx are 3 and 2, the loss is (9 + 4) / 2 = 6.5. Its derivative by w is the mean of -2 x (y - wx), which is
    (-2 * 1 * 3 - 2 * 2 * 2) / 2 = -7. The step leads to w = 2 + 0.1 * 7 = 2.7.
    """
    model = Line()
    step = eagerloop.train_step(
        model, squared, keras.optimizers.SGD(0.1), tf.constant([[1.0], [2.0]]), tf.constant([[5.0], [6.0]])
    )
    np.testing.assert_array_equal(step.predictions, [[2.0], [4.0]])
    assert float(step.loss) == 6.5
    assert [float(gradient) for gradient in step.gradients] == [-7.0]
    assert float(model.weight) == pytest.approx(2.7, rel=1e-6)


def test_penalties_of_the_model_count():
    """The same step with a penalty w / 2: the loss is 6.5 + 1 = 7.5, its derivative -7 + 0.5 = -6.5, w = 2.65."""
    model = Penalised()
    step = eagerloop.train_step(
        model, squared, keras.optimizers.SGD(0.1), tf.constant([[1.0], [2.0]]), tf.constant([[5.0], [6.0]])
    )
    assert float(step.loss) == 7.5
    assert float(step.gradients[0]) == -6.5
    assert float(model.weight) == pytest.approx(2.65, rel=1e-6)


def test_the_model_is_called_in_training_mode():
    """Of three ones, Dropout(0.5) keeps some and doubles them in a step: 0, 2, 4 or 6 in all, never the 3 of a prediction."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.5), keras.layers.Dense(1, kernel_initializer="ones")])
    x = tf.ones((9, 3))
    step = eagerloop.train_step(model, squared, keras.optimizers.SGD(0.0), x, tf.zeros((9, 1)))
    assert set(np.asarray(step.predictions).ravel().tolist()) <= {0.0, 2.0, 4.0, 6.0}
    np.testing.assert_array_equal(model(x, training=False), np.full((9, 1), 3.0))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_changes_nothing(bad):
    """Neither the model nor the optimizer: nan would spread to every variable."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build(model.trainable_variables)
    eagerloop.train_step(model, squared, optimizer, tf.ones((2, 1)), tf.ones((2, 1)))
    before = [variable.numpy() for variable in (*model.variables, *optimizer.variables)]
    step = eagerloop.train_step(model, lambda y, p: bad * tf.reduce_mean(p), optimizer, tf.ones((2, 1)), tf.ones((2, 1)))
    assert not np.isfinite(float(step.loss))
    for variable, value in zip((*model.variables, *optimizer.variables), before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_loss_that_is_no_scalar_is_refused():
    """The shape is told, and what to do."""
    with pytest.raises(PluginError, match=r"the loss must be a scalar, got the shape \(2, 1\); reduce it over the batch"):
        eagerloop.train_step(Line(), lambda y, p: tf.square(y - p), keras.optimizers.SGD(), tf.ones((2, 1)), tf.ones((2, 1)))


def test_variables_without_a_gradient_are_named():
    """A variable that the loss does not depend on would never learn; a Keras variable is named by its path."""

    class Idle(Line):
        def __init__(self):
            super().__init__()
            self.unused = tf.Variable(1.0, name="unused")

    with pytest.raises(PluginError, match=r"the loss has no gradient for unused:0; compute the predictions from them"):
        eagerloop.train_step(Idle(), squared, keras.optimizers.SGD(), tf.ones((2, 1)), tf.ones((2, 1)))

    class IdleLayer(keras.Model):
        def __init__(self):
            super().__init__(name="idle")
            self.used, self.unused = keras.layers.Dense(1, name="used"), keras.layers.Dense(1, name="unused")

        def call(self, x, training=False):
            self.unused(x)
            return self.used(x)

    with pytest.raises(PluginError, match=r"the loss has no gradient for idle/unused/kernel, idle/unused/bias; compute"):
        eagerloop.train_step(IdleLayer(), squared, keras.optimizers.SGD(), tf.ones((2, 1)), tf.ones((2, 1)))


def test_numpy_inside_the_model_is_explained():
    """NumPy cuts the tape: every gradient is missing."""

    class Cut(Line):
        def __call__(self, x, training):
            return tf.constant(self.weight.numpy() * x.numpy())

    with pytest.raises(
        PluginError, match=r"no gradient for weight:0; compute the predictions from them with TensorFlow operations"
    ):
        eagerloop.train_step(Cut(), squared, keras.optimizers.SGD(), tf.ones((2, 1)), tf.ones((2, 1)))


def test_a_model_without_variables_is_refused():
    """There is nothing to train."""

    class Fixed(tf.Module):
        def __call__(self, x, training):
            return x

    with pytest.raises(PluginError, match=r"no gradient for anything: the model has no trainable variables"):
        eagerloop.train_step(Fixed(), squared, keras.optimizers.SGD(), tf.ones((2, 1)), tf.ones((2, 1)))


def test_a_step_prints_all_that_went_in_and_came_out():
    """Each of the five with its shape, its dtype and its first three rows.

    The errors are 3, 2, 1, 0, -1: the loss is 15 / 5, its derivative -2 (1 * 3 + 2 * 2 + 3 * 1 - 5 * 1) / 5.
    """
    x, y = tf.constant([[1.0], [2.0], [3.0], [4.0], [5.0]]), tf.constant([[5.0], [6.0], [7.0], [8.0], [9.0]])
    printed = str(eagerloop.train_step(Line(), squared, keras.optimizers.SGD(0.1), x, y))
    expected = """x  (5, 1) float32
    [[1.]
     [2.]
     [3.]]
    ... 2 more
y  (5, 1) float32
    [[5.]
     [6.]
     [7.]]
    ... 2 more
predictions  (5, 1) float32
    [[2.]
     [4.]
     [6.]]
    ... 2 more
loss  () float32
    3.0
gradient 0  () float32
    -2.0"""
    assert printed == expected


# --- whole trainings


def test_two_epochs_worked_by_hand():
    """One row a batch, x = y = 1, w = 0, rate 0.25: the errors halve, 1, 0.5, 0.25, 0.125, so the losses go down fourfold.

    The derivative is -2 (1 - w); a step adds 0.25 * 2 (1 - w), half of the error. Two steps an epoch, so the first epoch has
    the losses 1 and 0.25, the second 0.0625 and 0.015625.
    """
    ones = np.ones((2, 1), "float32")
    data = eagerloop.ArrayDataset((ones, ones), (ones, ones), batch_size=1)
    run = small_run(dataset=data, model=Line(0.0), optimizer=keras.optimizers.SGD(0.25), epochs=2)
    assert [row["total_loss"] for row in run.history] == [1.25, 0.078125]
    assert [row["loss"] for row in run.history] == [0.625, 0.0390625]
    assert [(row["epoch"], row["steps"]) for row in run.history] == [(1, 2), (2, 2)]
    assert float(run.model.weight) == 0.9375


@pytest.mark.parametrize(
    "make",
    [lambda: keras.optimizers.SGD(0.01), lambda: keras.optimizers.SGD(0.01, momentum=0.9), lambda: keras.optimizers.Adam(0.01)],
)
def test_losses_are_those_of_keras_fit(make):
    """Same weights, same order, a short last batch, a regulariser: eager `fit` trains to the same bits.

    It reports the same losses to 5e-7 relative (1.2e-7 was seen), because it takes the mean of an epoch in float32.
    """
    generator = np.random.default_rng(0)
    x = generator.normal(size=(23, 3)).astype("float32")
    y = (x @ np.array([[1.0], [-2.0], [0.5]]) + 1).astype("float32")

    def model():
        keras.utils.set_random_seed(1)
        hidden = keras.layers.Dense(5, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.01))
        return keras.Sequential([keras.Input((3,)), hidden, keras.layers.Dense(1)])

    fitted = model()
    fitted.compile(make(), "mse", run_eagerly=True)
    expected = fitted.fit(x, y, batch_size=5, epochs=3, shuffle=False, verbose=0).history["loss"]
    data = eagerloop.ArrayDataset((x, y), (x, y), batch_size=5)
    run = eagerloop.train(dataset=data, model=model(), loss="mse", optimizer=make(), checkpointer="none", epochs=3)
    np.testing.assert_allclose([row["loss"] for row in run.history], expected, rtol=5e-7)
    for ours, theirs in zip(run.model.variables, fitted.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_a_tf_module_is_trained_and_restored():
    """A model need not be Keras's: it learns y = 3x, and comes back bit for bit."""
    run = small_run(checkpointer="tf", epochs=20, optimizer=keras.optimizers.SGD(0.05))
    assert float(run.model.weight) == pytest.approx(3.0, abs=1e-3)
    again = eagerloop.load(
        run.directory, dataset=small_data(), model=Line(), loss=squared, optimizer=keras.optimizers.SGD(0.05)
    )
    assert float(again.model.weight) == float(run.model.weight)
    np.testing.assert_array_equal(again.predict(), run.predict())


# --- the hooks


def both(*details):
    """A hook as two observers see it, in their order."""
    return [("a", *details), ("b", *details)]


def test_hooks_are_called_in_order():
    """The whole of two epochs of two steps, as two observers see it."""
    log = []
    small_run(epochs=2, observers=[Log("a", log), Log("b", log)])
    assert log == [
        *both("train begin", 0),
        *both("epoch begin", 1), *both("step", 1, 1, 1), *both("step", 1, 2, 2), *both("epoch end", 1),
        *both("epoch begin", 2), *both("step", 2, 1, 3), *both("step", 2, 2, 4), *both("epoch end", 2),
        *both("train end", 4),
    ]  # fmt: skip


def resumed(directory, log, **options):
    """Goes on with a small run whose parts were objects."""
    chosen = {"dataset": small_data(), "model": Line(), "loss": squared, "optimizer": keras.optimizers.SGD(0.01)}
    return eagerloop.resume(directory, **{**chosen, "observers": [Log("a", log)], **options})


def stopping(at, log):
    """An observer that stops the run at one of its hooks."""
    return Log("a", log, lambda run: run.stop("enough"), at)


WHOLE = [
    ("a", "train begin", 0),
    ("a", "epoch begin", 1), ("a", "step", 1, 1, 1), ("a", "step", 1, 2, 2), ("a", "epoch end", 1),
    ("a", "epoch begin", 2), ("a", "step", 2, 1, 3), ("a", "step", 2, 2, 4), ("a", "epoch end", 2),
    ("a", "train end", 4),
]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "before", "after"),
    [
        (("step", 1, 1, 1), 3, [("a", "train begin", 1), ("a", "epoch begin", 1), *WHOLE[3:]]),
        (("step", 1, 2, 2), 4, [("a", "train begin", 2), ("a", "epoch begin", 1), *WHOLE[4:]]),
        (("epoch end", 1), 5, [("a", "train begin", 2), *WHOLE[5:]]),
        (("epoch begin", 2), 6, [("a", "train begin", 2), *WHOLE[5:]]),
        (("step", 2, 1, 3), 7, [("a", "train begin", 3), ("a", "epoch begin", 2), *WHOLE[7:]]),
        (("step", 2, 2, 4), 8, [("a", "train begin", 4), ("a", "epoch begin", 2), *WHOLE[8:]]),
    ],
)
def test_stop_at_any_hook_and_resume(at, before, after):
    """A stop ends the run at the next line that looks for it, says on_train_end, saves; the resume does the rest, exactly."""
    whole = small_run(epochs=2)
    log = []
    run = small_run(epochs=2, checkpointer="tf", observers=[stopping(at, log)])
    assert log == [*WHOLE[:before], ("a", "train end", run.position.step)]
    assert run.stopping == "enough"
    log = []
    again = resumed(run.directory, log)
    assert log == after
    assert float(again.model.weight) == float(whole.model.weight)
    rows = [[{key: value for key, value in row.items() if key != "seconds"} for row in one.history] for one in (whole, again)]
    assert rows[0] == rows[1]


def test_stop_before_the_first_step():
    """A run that is stopped as it begins does no step."""
    for at in (("train begin", 0), ("epoch begin", 1)):
        log = []
        run = small_run(observers=[stopping(at, log)])
        assert log == [*WHOLE[:2], ("a", "train end", 0)]
        assert run.history == []


def test_stop_at_the_end_changes_nothing():
    """In on_train_end there is nothing left to stop."""
    log = []
    run = small_run(epochs=2, observers=[stopping(("train end", 4), log)])
    assert log == WHOLE
    assert len(run.history) == 2


def test_a_stopped_run_can_go_on_in_python():
    """`run.train()` continues where it was stopped."""
    log = []
    run = small_run(epochs=2, observers=[stopping(("step", 1, 1, 1), log)])
    run.train()
    assert log == [*WHOLE[:3], ("a", "train end", 1), ("a", "train begin", 1), ("a", "epoch begin", 1), *WHOLE[3:]]
    assert float(run.model.weight) == float(small_run(epochs=2).model.weight)


def test_a_run_that_is_done_only_says_so():
    """Resumed without further epochs, it begins and ends."""
    run = small_run(epochs=2, checkpointer="tf")
    log = []
    again = resumed(run.directory, log)
    assert log == [("a", "train begin", 4), ("a", "train end", 4)]
    assert again.history == run.history


def test_an_error_is_told_to_the_observers_and_raised():
    """on_exception comes instead of on_train_end."""
    log = []

    def fail(run):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        small_run(observers=[Log("a", log, fail, ("step", 1, 2, 2)), Log("b", log)])
    assert log == [
        *both("train begin", 0), *both("epoch begin", 1), *both("step", 1, 1, 1),
        ("a", "step", 1, 2, 2), *both("exception", "RuntimeError"),
    ]  # fmt: skip


def test_an_interruption_is_told_as_well():
    """What is no Exception, such as SystemExit, ends a run too; whoever trains is told what it was."""
    log = []

    def leave(run):
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match=r"sys\.exit\(3\) was called"):
        small_run(observers=[Log("a", log, leave, ("epoch begin", 1))])
    assert log[-1] == ("a", "exception", "SystemExit")


# --- losses that are not finite


class Spoilt(Line):
    """Answers nan for one step of training."""

    def __init__(self, step):
        super().__init__()
        self.calls, self.step = 0, step

    def __call__(self, x, training):
        self.calls += training
        return self.weight * x + (np.nan if training and self.calls == self.step else 0.0)


def test_a_loss_that_is_not_finite_ends_the_run():
    """Epoch, batch and step are named, the state is that of before, the observers of steps never see it."""
    log = []
    with pytest.raises(
        TrainingError, match=r"the loss is nan in epoch 2, batch 1, step 3.*lower the learning rate or mend the data"
    ) as caught:
        small_run(model=Spoilt(3), checkpointer="tf", epochs=2, observers=[Log("a", log)], directory="spoilt")
    assert log == [*WHOLE[:6], ("a", "exception", "TrainingError")]
    assert caught.value.exit_code == 1
    again = eagerloop.load(
        "spoilt", dataset=small_data(), model=Spoilt(0), loss=squared, optimizer=keras.optimizers.SGD(0.01), observers=[]
    )
    assert float(again.model.weight) == float(small_run(epochs=1).model.weight)


def test_the_rows_at_fault_are_named():
    """A nan in the data is found in its batch."""
    x = np.array([[1.0], [2.0], [3.0], [4.0]], "float32")
    train = tf.data.Dataset.from_tensor_slices((x, np.where(x == 4, np.nan, x).astype("float32"))).batch(2)
    with pytest.raises(TrainingError, match=r"epoch 1, batch 2, step 2 \(the data are not finite in row 2 of the batch\)"):
        small_run(dataset=(train, train))


def test_steps_that_are_not_finite_can_be_skipped():
    """The step changes nothing and counts in no figure; the row says how many there were."""
    run = small_run(model=Spoilt(2), epochs=1, on_nonfinite="skip")
    [row] = run.history
    assert (row["steps"], row["skipped"]) == (2, 1)
    alone = small_run(epochs=1, dataset=small_data(rows=2))  # the first batch alone
    assert row["total_loss"] == alone.history[0]["total_loss"]
    assert float(run.model.weight) == float(alone.model.weight)
