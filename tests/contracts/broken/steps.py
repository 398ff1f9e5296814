"""Steps with one fault each, named after it."""

import tensorflow as tf

import eagerloop

GATHERED = []


def _taken(model, loss, optimizer, x, y, *, update=True):
    """Predictions, loss and gradients as they should be, and the update."""
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)
        value = loss(y, predictions)
    gradients = tape.gradient(value, model.trainable_variables)
    finite = eagerloop.all_finite(value, gradients)
    if finite and update:
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return eagerloop.Step(x, y, predictions, value, gradients, finite)


def returns_the_loss(model, loss, optimizer, x, y):
    """Gives back the loss alone."""
    return _taken(model, loss, optimizer, x, y).loss


def a_loss_for_each_row(model, loss, optimizer, x, y):
    """Leaves the loss a row a value."""
    step = _taken(model, loss, optimizer, x, y)
    return step._replace(loss=tf.reduce_mean(tf.square(y - step.predictions), axis=1))


def other_rows(model, loss, optimizer, x, y):
    """Shuffles the rows, and tells of the shuffled predictions alone."""
    step = _taken(model, loss, optimizer, tf.reverse(x, [0]), tf.reverse(y, [0]))
    return step._replace(x=x)


def mean_prediction(model, loss, optimizer, x, y):
    """Tells one prediction for all rows."""
    step = _taken(model, loss, optimizer, x, y)
    return step._replace(predictions=tf.reduce_mean(step.predictions))


def figure_with_a_row_of_numbers(model, loss, optimizer, x, y):
    """Has a figure that is no scalar."""
    step = _taken(model, loss, optimizer, x, y)
    return step._replace(figures={"rows": tf.reduce_sum(x, axis=1)})


def figure_called_loss(model, loss, optimizer, x, y):
    """Has a figure whose name is a column of the history."""
    step = _taken(model, loss, optimizer, x, y)
    return step._replace(figures={"loss": step.loss})


def no_update(model, loss, optimizer, x, y):
    """Forgets the optimizer."""
    return _taken(model, loss, optimizer, x, y, update=False)


def gradients_reversed(model, loss, optimizer, x, y):
    """Tells the gradients from the last layer to the first."""
    step = _taken(model, loss, optimizer, x, y)
    return step._replace(gradients=step.gradients[::-1])


def updates_whatever_comes(model, loss, optimizer, x, y):
    """Does not look whether loss and gradients are finite."""
    step = _taken(model, loss, optimizer, x, y, update=False)
    optimizer.apply_gradients(zip(step.gradients, model.trainable_variables, strict=True))
    return step._replace(finite=True)


def counts_in_python():
    """Halves every third update, and counts in a Python number."""

    class Counting:
        steps = 0

        def __call__(self, model, loss, optimizer, x, y):
            self.steps += 1
            step = _taken(model, loss, optimizer, x, y, update=False)
            share = 0.5 if self.steps % 3 == 0 else 1.0
            if step.finite:
                optimizer.apply_gradients(
                    [(share * g, v) for g, v in zip(step.gradients, model.trainable_variables, strict=True)]
                )
            return step

    return Counting()


def noise_without_a_seed():
    """Draws noise from a generator that nobody saves."""
    draws = tf.random.Generator.from_non_deterministic_state()

    def step(model, loss, optimizer, x, y):
        return _taken(model, loss, optimizer, x + draws.normal(tf.shape(x)), y)._replace(x=x)

    return step


def momentum_on_the_module():
    """Adds to the gradients those of the step before, which it keeps for all that are ever made."""

    def step(model, loss, optimizer, x, y):
        step = _taken(model, loss, optimizer, x, y, update=False)
        before = list(GATHERED) or step.gradients
        GATHERED[:] = step.gradients
        if step.finite:
            both = [one + 0.5 * other for one, other in zip(step.gradients, before, strict=True)]
            optimizer.apply_gradients(zip(both, model.trainable_variables, strict=True))
        return step

    return step


def weights_ignored(model, loss, optimizer, x, y, sample_weight=None):
    """Takes weights of rows, and measures without them."""
    return _taken(model, loss, optimizer, x, y)._replace(sample_weight=sample_weight)


def weights_kept_back(model, loss, optimizer, x, y, sample_weight=None):
    """Counts weights of rows in the loss, and does not tell them."""
    step = eagerloop.train_step(model, loss, optimizer, x, y, sample_weight)
    return step._replace(sample_weight=None)


class _Measuring:
    """The step as it should be; each fault changes how it measures."""

    def __call__(self, model, loss, optimizer, x, y):
        return _taken(model, loss, optimizer, x, y)


def counts_evaluations():
    """Counts in a variable how often it evaluates."""

    class Measuring(_Measuring):
        def __init__(self):
            self.seen = tf.Variable(0.0)
            self.variables = [self.seen]

        def measure(self, model, loss, x, y):
            self.seen.assign_add(1.0)
            predictions = model(x, training=False)
            return eagerloop.Step(x, y, predictions, loss(y, predictions), ())

    return Measuring()


def measures_a_number():
    """Evaluates to the loss alone."""

    class Measuring(_Measuring):
        def measure(self, model, loss, x, y):
            return loss(y, model(x, training=False))

    return Measuring()
