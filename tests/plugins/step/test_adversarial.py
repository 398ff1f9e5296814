"""`adversarial`, against a GAN's loop as one writes it by hand: the same bits, eager and compiled, and after a resume.

Bits are compared without TensorFlow's arithmetic optimizer, see `as_written`.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.errors import ConfigError

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(loc=[2.0, -1.0], size=(30, 2)).astype("float32")
Y = np.ones((30, 1), "float32")
MODES = pytest.mark.parametrize("compiled", [False, True])
LOSS = eagerloop.use("binary_crossentropy", from_logits=True)
RATES = (0.01, 0.02)
PLAYERS = ("generator", "discriminator")
TOLD = pytest.mark.filterwarnings("ignore:step 'adversarial' is compiled:UserWarning")


class Rivals(keras.Model):
    """A generator and a discriminator; called, it answers how real a row is."""

    def __init__(self, generator=None):
        super().__init__()
        layers = [keras.Input((3,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2)]
        self.generator = generator or keras.Sequential(layers)
        layers = [keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(1)]
        self.discriminator = keras.Sequential([keras.Input((2,)), *layers])

    def call(self, x, training=False):
        return self.discriminator(x, training=training)


def dataset(rows=30):
    """Thirty rows in batches of 8, 8, 8 and 6, or fewer."""
    return eagerloop.ArrayDataset((X[:rows], Y[:rows]), (X[:4], Y[:4]), batch_size=8)


def train(directory, **options):
    """Two epochs with Adam."""
    step = eagerloop.use("adversarial", discriminator_learning_rate=RATES[1])
    adam = eagerloop.use("keras_adam", learning_rate=RATES[0])
    given = {"dataset": dataset(), "model": model_of_a_run(), "loss": LOSS, "optimizer": adam, "step": step, "epochs": 2}
    return eagerloop.train(**{**given, **options}, directory=directory)


def model_of_a_run():
    """A model with the weights that a run with the seed 0 begins with."""
    keras.utils.set_random_seed(0)
    model = Rivals()
    model(X[:8])
    return model


@pytest.fixture
def as_written():
    """Graphs add up as their source says.

    The gradient of a cross-entropy by the answers is a sum of four terms. TensorFlow's arithmetic optimizer sorts them, and
    lets the sums of both losses share those that are equal. `AddN` then begins with whichever of its terms nobody else still
    needs: which that is depends on what the threads have done first, and so does the last bit.
    """
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
    yield
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": True})


def by_hand(grain):
    """The loop that one writes, after TensorFlow's tutorial on DCGAN: the model, and the mean losses of each epoch.

    Of a stretch, whose loop is in the graph, there are no losses.
    """
    model = model_of_a_run()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer, discriminator_optimizer = (keras.optimizers.Adam(rate) for rate in RATES)
    generator_optimizer.build(model.generator.trainable_variables)
    discriminator_optimizer.build(model.discriminator.trainable_variables)
    draws = keras.random.SeedGenerator(0)

    def step(images):
        noise = keras.random.normal((tf.shape(images)[0], 3), seed=draws)
        with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
            generated = model.generator(noise, training=True)
            real_output = model.discriminator(images, training=True)
            fake_output = model.discriminator(generated, training=True)
            gen_loss = loss(tf.ones_like(fake_output), fake_output)
            disc_loss = loss(tf.ones_like(real_output), real_output) + loss(tf.zeros_like(fake_output), fake_output)
        gen, disc = model.generator.trainable_variables, model.discriminator.trainable_variables
        gen_gradients, disc_gradients = gen_tape.gradient(gen_loss, gen), disc_tape.gradient(disc_loss, disc)
        generator_optimizer.apply_gradients(zip(gen_gradients, gen, strict=True))
        discriminator_optimizer.apply_gradients(zip(disc_gradients, disc, strict=True))
        return gen_loss, disc_loss

    def stretch(batches):
        for images, _y in batches:
            step(images)

    if grain == "stretch":
        stretch = tf.function(stretch)
        for epoch in (1, 2):
            stretch(iter(dataset().train(epoch)))
        return model, None
    step = tf.function(step, reduce_retracing=True) if grain == "step" else step
    history = []
    for epoch in (1, 2):
        losses = [(len(x), *map(float, step(x))) for x, _y in dataset().train(epoch)]
        history.append([sum(row[0] * row[place] for row in losses) / 30 for place in (1, 2)])
    return model, history


def bits(model):
    """The bytes of every weight."""
    return [array.tobytes() for array in model.get_weights()]


def losses(history):
    """Both, of each epoch."""
    return [[row["generator_loss"], row["discriminator_loss"]] for row in history]


@pytest.mark.sweep(1)
@pytest.mark.usefixtures("as_written")
@pytest.mark.parametrize("grain", ["eager", "step", "stretch"])
def test_it_has_the_bits_of_a_loop_by_hand(stops_at, tmp_path, grain):
    """Every weight, and the mean over rows of both losses in each epoch; the loop by hand is compiled as the run is."""
    looking = {"checkpointer": "none"} if grain == "stretch" else {"observers": [stops_at(99)]}
    run = train(tmp_path / "run", compile=grain != "eager", **looking)
    model, history = by_hand(grain)

    assert run.stride.grain == grain
    assert bits(run.model) == bits(model)
    if history:
        np.testing.assert_allclose(losses(run.history), history, rtol=1e-12)
        assert run.history[0]["loss"] == pytest.approx(sum(history[0]), rel=1e-6)


def test_a_compiled_run_is_told_what_it_cannot_promise(tmp_path):
    """An eager run is told nothing: here a warning is an error."""
    with pytest.warns(UserWarning, match="'adversarial' is compiled: .* can differ in the last bit"):
        train(tmp_path / "compiled", compile=True, epochs=1)
    train(tmp_path / "eager", epochs=1)


@TOLD
@pytest.mark.long
def test_the_optimizer_of_graphs_changes_the_last_digits_alone(tmp_path):
    """With all that TensorFlow does to a graph by itself, the losses of stretches are those of the eager loop by hand."""
    run = train(tmp_path / "run", compile=True, checkpointer="none")

    np.testing.assert_allclose(losses(run.history), by_hand("eager")[1], rtol=1e-5)


@pytest.mark.sweep(1)
@pytest.mark.usefixtures("as_written")
@MODES
def test_a_run_is_resumed_exactly(stops_at, tmp_path, compiled):
    """After 2 of 3 batches: the noise goes on, and so does the discriminator's optimizer."""
    options = {"compile": compiled, "dataset": dataset(rows=24)}
    whole = train(tmp_path / "whole", observers=[stops_at(99)], **options)
    train(tmp_path / "stopped", observers=[stops_at(2)], **options)
    given = {"dataset": dataset(rows=24), "model": model_of_a_run()}
    again = eagerloop.resume(tmp_path / "stopped", observers=[stops_at(99)], **given)

    assert bits(again.model) == bits(whole.model)
    drop = [{name: value for name, value in row.items() if name != "seconds"} for row in (*again.history, *whole.history)]
    assert drop[:2] == drop[2:]


@TOLD
@pytest.mark.long
def test_it_learns_where_the_data_are(tmp_path):
    """After some epochs, what is made lies nearer to the mean of the data than at first."""
    run = train(tmp_path / "run", epochs=40, compile=True, checkpointer="none")
    noise = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
    first, now = (np.asarray(model.generator(noise)).mean(axis=0) for model in (model_of_a_run(), run.model))

    assert np.linalg.norm(now - X.mean(axis=0)) < 0.5 * np.linalg.norm(first - X.mean(axis=0))


def test_the_second_optimizer_is_like_the_first(tmp_path):
    """Its options are the run's, but for the rate, which may be its own; it keeps moments for the discriminator alone."""
    run = train(tmp_path / "run", optimizer=eagerloop.use("keras_adam", learning_rate=0.1, beta_1=0.5), step="adversarial")
    second = run.parts.step._of_discriminator

    assert (second.beta_1, float(second.learning_rate)) == (0.5, pytest.approx(0.1))
    assert len(second.variables) == 2 + 2 * len(run.model.discriminator.trainable_variables)


@pytest.mark.sweep(1)
@pytest.mark.usefixtures("as_written")
@MODES
def test_optimizers_by_path_train_each_its_own(stops_at, tmp_path, compiled):
    """The bits of the loop by hand again; the checkpoint has each one's variables by its path, and the step none."""
    two = {name: eagerloop.use("keras_adam", learning_rate=rate) for name, rate in zip(PLAYERS, RATES, strict=True)}
    options = {"optimizer": two, "step": "adversarial", "compile": compiled}
    run = train(tmp_path / "run", observers=[stops_at(99)], **options)

    assert bits(run.model) == bits(by_hand("step" if compiled else "eager")[0])
    names = [name.split("/") for name in run.variables() if name.startswith(("optimizer", "step"))]
    assert {tuple(name[:2]) for name in names} == {("optimizer", name) for name in PLAYERS} | {("step", "0000")}


@pytest.mark.long
def test_a_step_is_looked_into(tmp_path):
    """The run is left as it is; a step that is no single pass finds no mistakes that are none."""
    run = train(tmp_path / "run", epochs=1)
    before = {name: variable.numpy().tobytes() for name, variable in run.variables().items()}
    record = run.inspect(*run.parts.first_batch)

    assert {name: variable.numpy().tobytes() for name, variable in run.variables().items()} == before
    assert record.findings == ()
    assert "the step's gradients are not those of the loss that it tells" in " ".join(str(record).replace("│", "").split())


def unlike_a_pair():
    """A generator whose input nobody has said."""

    class Bent(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    generator = Bent()
    generator(np.zeros((1, 3), "float32"))
    return Rivals(generator)


class Bare:
    """An optimizer of two methods."""

    variables = ()

    def apply_gradients(self, pairs):
        pass


def with_more():
    """A pair, and a layer besides."""

    class More(Rivals):
        def __init__(self):
            super().__init__()
            self.more = keras.layers.Dense(1, name="more")

        def call(self, x, training=False):
            return self.more(super().call(x, training=training))

    return More()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"model": "linear"}, "needs a model that holds two, its generator and discriminator is missing"),
        ({"model": unlike_a_pair}, "begin the generator with one keras.Input"),
        (
            {"model": with_more},
            "trains generator and discriminator alone, and the model has more/more/kernel, more/more/bias besides",
        ),
        ({"optimizer": Bare()}, "makes a second Bare for the discriminator, and cannot; take one of Keras"),
        ({"optimizer": {"rest": "adam"}}, "needs an optimizer for generator and one for discriminator, or .*; got rest"),
        ({"optimizer": {"generator": "adam", "rest": "sgd"}}, "has discriminator_learning_rate, and the run an optimizer"),
        ({"precision": "mixed_float16"}, "makes a second LossScaleOptimizer for the discriminator, and cannot"),
        (
            {"schedule": lambda step: 0.01 / (1.0 + tf.cast(step, tf.float32)), "step": "adversarial", "optimizer": "adam"},
            "cannot give its second optimizer this schedule; give discriminator_learning_rate a number",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path, options, match):
    """Before the first step."""
    options = {name: value() if value in (unlike_a_pair, with_more) else value for name, value in options.items()}
    with pytest.raises(ConfigError, match=match):
        train(tmp_path / "run", **options)
