"""Two models against each other: a generative adversarial network."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from eagerloop import Step
    from eagerloop.parts import Loss, Model, Optimizer

PLAYERS = ("generator", "discriminator")
"""The attributes of the model that hold the two."""


class Adversarial:
    """A step that updates a generator and a discriminator; see `adversarial`.

    Args:
        discriminator_learning_rate: That of the discriminator's optimizer; None for the generator's.
        seed: Where the noise comes from.

    Attributes:
        variables: The noise's generator, and the discriminator's optimizer if the run has none for it.
    """

    def __init__(self, discriminator_learning_rate: float | None, seed: int) -> None:
        import keras  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        self._rate = discriminator_learning_rate
        self._draws = keras.random.SeedGenerator(seed)
        self._of_discriminator: Any = None
        self._noise: tuple[int, ...] = ()
        self.variables = [self._draws.state]

    def build(self, model: "Model", optimizer: "Optimizer", variables: Sequence[Any]) -> None:
        """Makes the discriminator's optimizer, if the run has none for it.

        Raises:
            ConfigError: The model does not hold the two, or the optimizer cannot be made twice.
        """
        self._noise = _noise_shape(model, variables)
        if hasattr(optimizer, "by_path"):
            _require_two(optimizer.by_path, self._rate)
            self._of_discriminator = optimizer  # which deals out what it gets
            return
        self._of_discriminator = _another(optimizer, self._rate)
        own = {id(variable) for variable in model.discriminator.variables}  # type: ignore[attr-defined]
        self._of_discriminator.build([variable for variable in variables if id(variable) in own])
        self.variables = [self._draws.state, *self._of_discriminator.variables]

    def __call__(self, model: Any, loss: "Loss", optimizer: "Optimizer", x: Any, y: Any) -> "Step":
        """One batch: both losses on one pass, both gradients, then both updates."""
        import keras  # noqa: PLC0415
        import tensorflow as tf  # noqa: PLC0415

        from eagerloop import Step, all_finite  # noqa: PLC0415

        if tf.inside_function():
            _tell_of_graphs()
        generator, discriminator = model.generator, model.discriminator
        noise = keras.random.normal((tf.shape(x)[0], *self._noise), seed=self._draws)
        with tf.GradientTape() as of_generator, tf.GradientTape() as of_discriminator:
            made = generator(noise, training=True)
            real, fake = discriminator(x, training=True), discriminator(made, training=True)
            generator_loss = tf.add_n([loss(tf.ones_like(fake), fake), *generator.losses])
            for_real, for_fake = loss(tf.ones_like(real), real), loss(tf.zeros_like(fake), fake)
            discriminator_loss = tf.add_n([for_real, for_fake, *discriminator.losses])
        by_generator = _pairs(of_generator, generator_loss, generator)
        by_discriminator = _pairs(of_discriminator, discriminator_loss, discriminator)
        found = {id(variable): gradient for gradient, variable in (*by_generator, *by_discriminator)}
        gradients = [found[id(variable)] for variable in model.trainable_variables]
        value = generator_loss + discriminator_loss
        finite = all_finite(value, gradients)
        if finite:
            optimizer.apply_gradients(by_generator)
            self._of_discriminator.apply_gradients(by_discriminator)
        figures = {"generator_loss": generator_loss, "discriminator_loss": discriminator_loss}
        return Step(x, y, real, value, gradients, finite, figures)


def _tell_of_graphs() -> None:
    """Says that a graph does not promise the last bit, unless the user has turned off what takes it."""
    import tensorflow as tf  # noqa: PLC0415

    if tf.config.optimizer.get_experimental_options().get("arithmetic_optimization", True):
        msg = (
            "step 'adversarial' is compiled: TensorFlow may add up a gradient in another order each time, so two runs with "
            "one seed can differ in the last bit; eager ones do not, and the page on exactness tells how compiled ones need not"
        )
        warnings.warn(msg, stacklevel=2)


def _pairs(tape: Any, value: Any, player: Any) -> list[tuple[Any, Any]]:
    """Gradients and variables of one of the two.

    Raises:
        PluginError: A variable has no gradient.
    """
    variables = player.trainable_variables
    pairs = list(zip(tape.gradient(value, variables), variables, strict=True))
    missing = [variable.path for gradient, variable in pairs if gradient is None]
    if missing:
        msg = (
            f"the loss has no gradient for {', '.join(missing)}; use them in the call of the model, or make them not trainable"
        )
        raise PluginError(msg)
    return pairs


def _noise_shape(model: Any, variables: Sequence[Any]) -> tuple[int, ...]:
    """The shape of a row of noise, which is that of the generator's input."""
    lacking = [name for name in PLAYERS if not callable(getattr(model, name, None))]
    if lacking:
        held = " and ".join(lacking)
        msg = (
            f"step 'adversarial' needs a model that holds two, its {held} is missing; set self.generator and self.discriminator"
        )
        raise ConfigError(msg)
    own = {id(variable) for name in PLAYERS for variable in getattr(model, name).variables}
    others = [variable.path for variable in variables if id(variable) not in own]
    if others:
        msg = f"step 'adversarial' trains generator and discriminator alone, and the model has {', '.join(others)} besides"
        raise ConfigError(msg)
    shape = getattr(model.generator, "input_shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(size, int) for size in shape[1:]):
        msg = "step 'adversarial' draws noise of the shape of the generator's input; begin the generator with one keras.Input"
        raise ConfigError(msg)
    return shape[1:]


def _require_two(by_path: Mapping[str, Any], rate: float | None) -> None:
    """Refuses optimizers by path of which one is to train both, and a rate beside them.

    Raises:
        ConfigError: They are such.
    """
    if not set(PLAYERS) & set(by_path):
        given = ", ".join(by_path)
        msg = (
            f"step 'adversarial' needs an optimizer for generator and one for discriminator, or one without a path; got {given}"
        )
        raise ConfigError(msg)
    if rate is not None:
        msg = "step 'adversarial' has discriminator_learning_rate, and the run an optimizer for it; give that one the rate"
        raise ConfigError(msg)


def _another(optimizer: Any, rate: float | None) -> Any:
    """An optimizer like the run's, not built yet, with another rate if one is given."""
    import keras  # noqa: PLC0415

    if not isinstance(optimizer, keras.optimizers.Optimizer) or hasattr(optimizer, "dynamic_scale"):
        kind = type(optimizer).__name__
        msg = f"step 'adversarial' makes a second {kind} for the discriminator, and cannot; take one of Keras, without float16"
        raise ConfigError(msg)
    config = optimizer.get_config() | ({} if rate is None else {"learning_rate": rate})
    try:
        return type(optimizer).from_config(config)
    except (TypeError, ValueError) as error:
        msg = "step 'adversarial' cannot give its second optimizer this schedule; give discriminator_learning_rate a number"
        raise ConfigError(msg) from error


def adversarial(
    *,
    discriminator_learning_rate: Annotated[
        float | None, typer.Option(min=0, help="that of the discriminator's optimizer; by default the generator's")
    ] = None,
    seed: int,
) -> Adversarial:
    """Trains a generator against a discriminator: a GAN.

    The model holds two, `generator` and `discriminator`. The generator makes rows from normal noise of its input's shape, as
    many as the batch has. The discriminator answers to those and to x, and the run's loss compares its answers with 1 for x and
    0 for what was made; the generator is to have them answered with 1. Both have one pass, and are updated after it. y is
    passed over: it is for metrics and for the evaluation, which call the model itself.

    Optimizers by path, for `generator` and `discriminator`, train each its own. Of a run with one optimizer, that one trains
    the generator, and the step makes a second one of its class and options for the discriminator, with a rate of its own if you
    give one.

    Args:
        discriminator_learning_rate: At least 0.
        seed: The run's, from which the noise is drawn.

    Returns:
        A step for one device. Its loss is the sum of its figures `generator_loss` and `discriminator_loss`; its predictions are
        the discriminator's answers to x.

    Example:
        >>> import eagerloop
        >>> eagerloop.use("adversarial", discriminator_learning_rate=0.0004)
        use('adversarial', discriminator_learning_rate=0.0004)

    Source: Goodfellow et al. (2014), "Generative Adversarial Nets", with the generator's loss that does not saturate.
    """
    return Adversarial(discriminator_learning_rate, seed)
