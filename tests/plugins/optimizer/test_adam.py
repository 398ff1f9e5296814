"""The built-in Adam against Keras's, and where it leaves the work to Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from eagerloop.errors import ConfigError
from eagerloop_plugins.loss.mse import mse
from eagerloop_plugins.model.iris import iris
from eagerloop_plugins.optimizer.adam import adam
from eagerloop_plugins.optimizer.fused_adam import FusedAdam
from eagerloop_plugins.optimizer.keras_optimizers import KERAS_OPTIMIZERS

keras_adam = KERAS_OPTIMIZERS["keras_adam"]
GENERATOR = np.random.default_rng(7)
X = GENERATOR.uniform(0.1, 6, size=(40, 3)).astype("float32")
Y = (X @ np.float32([[0.4], [0.3], [-0.5]]) + 1).astype("float32")


def train(optimizer, *, steps=100, compiled=False):
    """The guide's model after some steps on batches of 10."""
    keras.utils.set_random_seed(0)
    model, loss = iris(), mse()
    model(X[:10], training=False)
    optimizer.build(model.trainable_variables)

    def step(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    run = tf.function(step) if compiled else step
    for number in range(steps):
        rows = slice(number % 4 * 10, number % 4 * 10 + 10)
        run(tf.constant(X[rows]), tf.constant(Y[rows]))
    return [variable.numpy() for variable in model.trainable_variables]


def assert_close(ours, theirs, limit=1e-5):
    """The norm of each difference, in units of the norm of what it should be."""
    for one, other in zip(ours, theirs, strict=True):
        assert np.linalg.norm(one - other) <= limit * np.linalg.norm(other)


def test_the_first_step_is_the_learning_rate_by_the_sign_of_the_gradient():
    """By hand: m/(1-b1) = g, v/(1-b2) = g^2, so 1 - 0.1 * 4/(sqrt(16)) = 0.9 and 1 + 0.1 = 1.1."""
    variable = keras.Variable([1.0, 1.0])
    adam(learning_rate=0.1).apply_gradients([(tf.constant([4.0, -0.5]), variable)])

    np.testing.assert_allclose(variable.numpy(), [0.9, 1.1], rtol=2e-5)


@pytest.mark.long
def test_hundred_steps_equal_keras_adam():
    """On the guide's model, in every variable."""
    assert_close(train(adam()), train(keras_adam()))


def test_eager_and_compiled_steps_are_the_same_bits():
    """The same operations in the same order, inside `tf.function` and outside it."""
    for eager, compiled in zip(train(adam(), steps=20), train(adam(), steps=20, compiled=True), strict=True):
        assert eager.tobytes() == compiled.tobytes()


@pytest.mark.sweep(1)
@pytest.mark.parametrize(
    "options",
    [
        {"clipnorm": 0.1},
        {"clipvalue": 0.01},
        {"global_clipnorm": 0.1},
        {"weight_decay": 0.01},
        {"amsgrad": True},
        {"use_ema": True, "ema_overwrite_frequency": 3},
        {"gradient_accumulation_steps": 2},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "learning_rate": 0.01},
    ],
    ids="-".join,
)
def test_every_option_means_what_it_means_in_keras(options):
    """Seven steps with the option give what Keras's Adam gives with it, and not what it gives without."""
    ours, theirs = train(adam(**options), steps=7), train(keras_adam(**options), steps=7)

    assert_close(ours, theirs)
    assert not np.array_equal(ours[0], train(adam(), steps=7)[0])


def test_the_step_counter_counts_steps():
    """Keras's own counter, so that schedules and checkpoints see it."""
    optimizer = adam()
    train(optimizer, steps=5)

    assert int(optimizer.iterations.numpy()) == 5


@pytest.mark.parametrize("make", [FusedAdam, keras.optimizers.Adam])
def test_a_schedule_sets_the_rate_of_each_step(make):
    """By hand: steps of 1, 0.5, 0.25 down a constant gradient."""
    variable = keras.Variable([0.0])
    optimizer = make(keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5))
    seen = []
    for _ in range(3):
        optimizer.apply_gradients([(tf.constant([2.0]), variable)])
        seen.append(variable.numpy().item())

    np.testing.assert_allclose(seen, [-1.0, -1.5, -1.75], rtol=2e-5)


def test_options_changed_on_the_way_take_effect():
    """An observer may set the learning rate or beta_1 of a run."""
    ours, theirs = keras.Variable([1.0]), keras.Variable([1.0])
    pairs = [(adam(), ours), (keras_adam(), theirs)]
    for optimizer, variable in pairs:
        for rate, beta in ((0.1, 0.9), (0.2, 0.5)):
            optimizer.learning_rate = rate
            optimizer.beta_1 = beta
            optimizer.apply_gradients([(tf.constant([3.0]) * rate, variable)])

    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-5)


def test_sparse_gradients_are_left_to_keras():
    """The rows of an embedding that a batch does not hold get a gradient of zero, beside a dense variable."""
    tables = []
    for optimizer in (adam(learning_rate=0.1), keras_adam(learning_rate=0.1)):
        table, bias = keras.Variable(np.ones((4, 2), "float32")), keras.Variable([1.0])
        for _ in range(3):
            sparse = tf.IndexedSlices(tf.constant([[1.0, -2.0]]), tf.constant([1]), tf.constant([4, 2]))
            optimizer.apply_gradients([(sparse, table), (tf.constant([1.0]), bias)])
        tables.append(np.concatenate([table.numpy().ravel(), bias.numpy()]))

    np.testing.assert_allclose(*tables, rtol=2e-5)
    assert tables[0][0] == 1.0
    assert tables[0][2] == pytest.approx(0.7, rel=1e-4)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_other_dtypes_are_left_to_keras(dtype):
    """The same bits as Keras's Adam, which then did it."""
    variables = []
    for optimizer in (adam(learning_rate=0.1), keras_adam(learning_rate=0.1)):
        variable = keras.Variable([1.0, 2.0], dtype=dtype)
        for gradient in (0.5, -0.25):
            optimizer.apply_gradients([(tf.cast([gradient, 1.0], dtype), variable)])
        variables.append(variable.numpy())

    assert variables[0].dtype.name == dtype
    assert variables[0].tobytes() == variables[1].tobytes()


def test_a_constraint_is_kept():
    """A kernel that must not be negative is not, after a step that would make it so."""
    variable = keras.Variable([0.05, 1.0])
    variable.constraint = keras.constraints.NonNeg()
    adam(learning_rate=0.1).apply_gradients([(tf.constant([1.0, 1.0]), variable)])

    np.testing.assert_allclose(variable.numpy(), [0.0, 0.9], rtol=2e-5)


def test_a_missing_gradient_warns_as_in_keras():
    """The other variables are updated."""
    used, unused = keras.Variable([1.0]), keras.Variable([1.0])
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        adam(learning_rate=0.5).apply_gradients([(tf.constant([1.0]), used), (None, unused)])

    np.testing.assert_allclose([used.numpy()[0], unused.numpy()[0]], [0.5, 1.0], rtol=2e-5)


def test_a_foreign_variable_is_refused():
    """An optimizer belongs to the variables that it was built with."""
    optimizer = adam()
    optimizer.build([keras.Variable([1.0])])

    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply_gradients([(tf.constant([1.0]), keras.Variable([1.0]))])


def test_it_updates_plain_tensorflow_variables():
    """A `tf.Module` has no Keras variables."""
    variable = tf.Variable([1.0])
    adam(learning_rate=0.25).apply_gradients([(tf.constant([5.0]), variable)])

    np.testing.assert_allclose(variable.numpy(), [0.75], rtol=2e-5)


def test_it_works_inside_a_condition_of_a_graph():
    """A compiled loop updates only where the loss is finite."""
    variable, optimizer = keras.Variable([1.0]), adam(learning_rate=0.5)
    optimizer.build([variable])

    @tf.function
    def step(gradient):
        if tf.reduce_all(tf.math.is_finite(gradient)):
            optimizer.apply_gradients([(gradient, variable)])

    step(tf.constant([np.nan]))
    np.testing.assert_array_equal(variable.numpy(), [1.0])
    step(tf.constant([1.0]))
    np.testing.assert_allclose(variable.numpy(), [0.5], rtol=2e-5)
    assert int(optimizer.iterations.numpy()) == 1


def test_state_restored_into_a_new_optimizer_goes_on_with_the_same_bits():
    """Slots and counter are Keras variables, all of them in `variables`."""
    gradients = [tf.constant([0.3, -2.0]) * number for number in range(1, 7)]
    straight, first, second = (keras.Variable([1.0, 2.0]) for _ in range(3))
    whole, before, after = adam(), adam(), adam()
    for gradient in gradients:
        whole.apply_gradients([(gradient, straight)])
    for gradient in gradients[:3]:
        before.apply_gradients([(gradient, first)])
    after.build([second])
    second.assign(first)
    for new, old in zip(after.variables, before.variables, strict=True):
        new.assign(old)
    for gradient in gradients[3:]:
        after.apply_gradients([(gradient, second)])

    assert second.numpy().tobytes() == straight.numpy().tobytes()


def test_its_tables_stay_out_of_checkpoints(tmp_path):
    """A TensorFlow checkpoint of the optimizer object holds what one of Keras's Adam holds."""
    names = []
    for optimizer in (adam(), keras_adam()):
        variable = keras.Variable([1.0])
        optimizer.apply_gradients([(tf.constant([1.0]), variable)])
        tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / optimizer.name))
        names.append([name for name, _ in tf.train.list_variables(str(tmp_path / optimizer.name))])

    assert names[0] == names[1]


def test_two_ways_of_clipping_are_refused_in_one_line():
    """Keras's sentence, in a ConfigError."""
    with pytest.raises(ConfigError, match="optimizer 'adam': Only one of `clipnorm`"):
        adam(clipnorm=1.0, clipvalue=1.0)
