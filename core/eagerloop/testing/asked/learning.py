"""Whether a model learns: a few rows, by heart."""

from collections.abc import Sequence
from typing import Any

from eagerloop.structures import is_tensor
from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require
from eagerloop.testing.trying.built_models import BUILT, built, inner, x_of
from eagerloop.testing.trying.loss_values import first_rows
from eagerloop.testing.trying.trial_data import TrialDataset

FEW = 4
"""Rows of the batch that is to be learnt by heart."""


STEPS = 300

RATE = 0.02


@contract(
    "model-overfits",
    "model",
    why=f"a model that cannot learn {FEW} rows by heart will not learn thousands",
    fix="look at the initial weights, at activations that are off, and at what stands behind the last layer",
    weight=2,
    needs=(*BUILT, "model-predictions", "model-variables", "model-gradients"),
)
def overfits(subject: Subject) -> None:
    """The loss on a few rows falls well below that of the best constant answer."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    if not is_tensor(subject.trial.y) or subject.trial.dataset.task == "other":
        msg = "its targets are neither classes nor quantities of one output: what their loss is, a run tells"
        raise NotApplicable(msg)
    model, (x, y) = built(subject), _few(subject)
    loss, baseline = _loss_for(subject, y)
    variables = [inner(variable) for variable in model.trainable_variables]
    state = [tf.Variable(tf.zeros(variable.shape, variable.dtype)) for variable in variables for _slot in range(2)]
    value = float(loss(model(x, training=False)))
    if not isinstance(subject.trial.dataset, TrialDataset):
        baseline = max(baseline, 0.1 * value)  # not every model can tell the author's own rows apart in so few steps
    for step in range(1, STEPS + 1):
        with tf.GradientTape() as tape:
            value = loss(model(x, training=True)) + tf.add_n([0.0, *getattr(model, "losses", ())])
        _adam(variables, tape.gradient(value, variables), state, step)
        if step % 10 == 0:
            value = float(loss(model(x, training=False)))
            if value < baseline:
                return
    require(np.isfinite(value), f"its loss on {FEW} rows becomes {value}")
    msg = f"after {STEPS} steps on the same {FEW} rows its loss is {value:.3g}; below {baseline:.3g} was expected"
    raise Fault(msg)


def _few(subject: Subject) -> tuple[Any, Any]:
    return first_rows(x_of(subject), FEW), subject.trial.y[:FEW]


def _loss_for(subject: Subject, y: Any) -> tuple[Any, float]:
    """A loss that fits the targets, and what a model should get below."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    outputs = subject.trial.dataset.outputs
    if subject.trial.dataset.task == "classification" and np.asarray(y).size == len(y):
        hot = tf.one_hot(np.asarray(y).reshape(-1), outputs)
        return lambda answer: tf.reduce_mean(
            tf.nn.softmax_cross_entropy_with_logits(hot, tf.cast(tf.reshape(answer, hot.shape), tf.float32))
        ), 0.75 * float(np.log(outputs))
    wanted = tf.constant(np.asarray(y, "float32").reshape(len(y), -1))
    spread = float(np.var(np.asarray(y), axis=0).mean())
    return lambda answer: tf.reduce_mean(
        tf.square(wanted - tf.cast(tf.reshape(answer, wanted.shape), tf.float32))
    ), 0.5 * spread


def _adam(variables: Sequence[Any], gradients: Sequence[Any], state: Sequence[Any], step: int) -> None:
    """One step of Adam, by TensorFlow's kernel: fast, and the same whatever optimizers there are."""
    import tensorflow as tf  # noqa: PLC0415

    for number, (variable, gradient) in enumerate(zip(variables, gradients, strict=True)):
        kind = variable.dtype
        numbers = (tf.cast(value, kind) for value in (0.9**step, 0.999**step, RATE, 0.9, 0.999, 1e-7))
        power_1, power_2, rate, beta_1, beta_2, epsilon = numbers
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=state[2 * number].handle, v=state[2 * number + 1].handle, beta1_power=power_1,
            beta2_power=power_2, lr=rate, beta1=beta_1, beta2=beta_2, epsilon=epsilon, grad=tf.convert_to_tensor(gradient),
        )  # fmt: skip
