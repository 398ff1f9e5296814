"""What is asked of a model. Shapes: n rows in a batch, d features, k outputs."""

from collections.abc import Sequence
from typing import Any

from eagerloop.testing.checks import Fault, NotApplicable, Subject, contract, require

FEW = 4
"""Rows of the batch that is to be learnt by heart."""

STEPS = 300
RATE = 0.02

BUILT = ("made", "model-called")


@contract(
    "model-called",
    "model",
    why="the loop calls model(x, training=True), predictions model(x, training=False)",
    fix="define __call__(self, x, training), in a Keras model call(self, x, training=False)",
    weight=2,
)
def called(subject: Subject) -> None:
    """It can be called in both ways."""
    import tensorflow as tf  # noqa: PLC0415

    model = subject.make()
    for training in (False, True):
        predictions = model(_x(subject), training=training)
        require(tf.is_tensor(predictions), f"model(x, training={training}) gave {type(predictions).__name__}, not a tensor")


@contract(
    "model-predictions",
    "model",
    why="the loss compares predictions with targets, row by row and column by column",
    fix="end with as many float outputs as `dataset.outputs`, one row for each row of x",
    weight=2,
    needs=BUILT,
)
def predictions_fit(subject: Subject) -> None:
    """Finite floats of shape (n, k)."""
    import numpy as np  # noqa: PLC0415

    answer = _built(subject)(_x(subject), training=False)
    rows, outputs = len(subject.trial.x), subject.trial.dataset.outputs
    shape = tuple(answer.shape)
    require(answer.dtype.is_floating, f"predictions have the dtype {answer.dtype.name}, not float")
    require(len(shape) > 1, f"predictions have the shape {shape}; with targets (n, 1) the loss would stretch it to (n, n)")
    require(shape[0] == rows, f"{rows} rows of x give predictions of shape {shape}")
    require(
        int(np.prod(shape[1:])) == outputs, f"predictions have the shape {shape}, and the dataset has {outputs} outputs a row"
    )
    require(np.isfinite(np.asarray(answer, "float64")).all(), "predictions of a new model are not finite")


@contract(
    "model-variables",
    "model",
    why="after its first call a model is restored from a checkpoint: what it makes later is not, and nothing must be missing",
    fix="make all layers and variables in __init__ or at the first call, once, and keep them as attributes",
    weight=2,
    needs=BUILT,
)
def variables_made(subject: Subject) -> None:
    """One call makes all variables; later calls make none and exchange none."""
    model = _built(subject)
    first = list(model.variables)
    require(model.trainable_variables, "it has no trainable variables after its first call: there is nothing to learn")
    model(_x(subject), training=True)
    model(_x(subject), training=False)
    later = list(model.variables)
    require(len(first) == len(later), f"it has {len(first)} variables after its first call and {len(later)} two calls later")
    same = all(one is other for one, other in zip(first, later, strict=True))
    require(same, "its variables are other objects at each call: what was learnt is thrown away")


@contract(
    "model-tracked",
    "model",
    why="the optimizer changes and the checkpoint keeps only what the model lists",
    fix="in a Keras layer use self.add_weight; keep layers in attributes, lists or dictionaries of the model, not in closures",
    weight=2,
    needs=BUILT,
)
def tracked(subject: Subject) -> None:
    """Every variable that a call uses is in `variables`."""
    tape, _value, model = _differentiated(subject)
    listed = {id(_inner(variable)) for variable in model.variables}  # a frozen one is watched, too
    hidden = [variable.name for variable in tape.watched_variables() if id(_inner(variable)) not in listed]
    require(
        not hidden,
        f"it uses the variable {', '.join(hidden[:3])}, which is not in `variables`: it never learns, and is not saved",
    )


@contract(
    "model-gradients",
    "model",
    why="a variable without a gradient never learns; the loop refuses it",
    fix="compute predictions from every variable with TensorFlow operations: no NumPy, no tf.stop_gradient, no unused layer",
    weight=2,
    needs=(*BUILT, "model-variables"),
)
def gradients(subject: Subject) -> None:
    """Each trainable variable gets a gradient, finite, and not all of them are 0."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    tape, value, model = _differentiated(subject)
    found = tape.gradient(value, list(model.trainable_variables))
    names = [getattr(variable, "path", variable.name) for variable in model.trainable_variables]
    missing = [name for name, gradient in zip(names, found, strict=True) if gradient is None]
    require(not missing, f"no gradient reaches {', '.join(missing[:3])}")
    arrays = [np.asarray(tf.convert_to_tensor(gradient), "float64") for gradient in found]
    for name, array in zip(names, arrays, strict=True):
        require(np.isfinite(array).all(), f"the gradient of {name} is not finite")
    weights = [np.asarray(_inner(variable)) for variable in model.trainable_variables]
    cause = "its activations are saturated or off" if any(array.any() for array in weights) else "all its weights begin with 0"
    require(any(array.any() for array in arrays), f"all gradients are 0, so it cannot begin to learn: {cause}")


@contract(
    "same-seed",
    "model",
    why="the same seed must give the same run",
    fix="draw initial weights with Keras's or TensorFlow's initializers, or from a generator seeded with the parameter `seed`",
    needs=(*BUILT, "model-variables"),
)
def same_seed(subject: Subject) -> None:
    """Made and built again with the same seed, it has the same weights."""
    import numpy as np  # noqa: PLC0415

    one, other = _built(subject), _built(subject)
    require(len(one.variables) == len(other.variables), "made again, it has another number of variables")
    for first, second in zip(one.variables, other.variables, strict=True):
        same = tuple(first.shape) == tuple(second.shape) and np.array_equal(_inner(first).numpy(), _inner(second).numpy())
        require(same, f"made again with the same seed, {getattr(first, 'path', first.name)} begins with other values")


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

    model, (x, y) = _built(subject), _few(subject)
    loss, baseline = _loss_for(subject, y)
    variables = [_inner(variable) for variable in model.trainable_variables]
    state = [tf.Variable(tf.zeros(variable.shape, variable.dtype)) for variable in variables for _slot in range(2)]
    value = float("nan")
    for step in range(1, STEPS + 1):
        with tf.GradientTape() as tape:
            value = loss(model(x, training=True)) + tf.add_n([0.0, *getattr(model, "losses", ())])
        _adam(variables, tape.gradient(value, variables), state, step)
        if step % 20 == 0:
            value = float(loss(model(x, training=False)))
            if value < baseline:
                return
    require(np.isfinite(value), f"its loss on {FEW} rows becomes {value}")
    msg = f"after {STEPS} steps on the same {FEW} rows its loss is {value:.3g}; below {baseline:.3g} was expected"
    raise Fault(msg)


@contract(
    "model-inference-repeatable",
    "model",
    why="a prediction must not depend on the predictions before it",
    fix="pass `training` on to Dropout and BatchNorm, and change no variable where it is False",
    needs=BUILT,
)
def inference_repeatable(subject: Subject) -> None:
    """With training=False it gives the same answer again, and changes nothing."""
    import numpy as np  # noqa: PLC0415

    model = _built(subject)
    before = [np.array(_inner(variable).numpy()) for variable in model.variables]
    answers = [np.asarray(model(_x(subject), training=False)) for _time in range(3)]
    same = all(np.array_equal(answers[0], other) for other in answers[1:])
    require(same, "with training=False, the same x gives another answer the second time: it draws or keeps something")
    for variable, value in zip(model.variables, before, strict=True):
        require(np.array_equal(_inner(variable).numpy(), value), f"a call with training=False changes {variable.name}")


@contract(
    "model-rows",
    "model",
    why="predictions of a table do not depend on how it is cut into batches",
    fix="sum, normalise and apply softmax along the last axis, not along axis 0",
    needs=(*BUILT, "model-predictions"),
)
def rows(subject: Subject) -> None:
    """With training=False, the answer for a row does not depend on the other rows."""
    import numpy as np  # noqa: PLC0415

    model, x = _built(subject), _x(subject)
    whole, part = np.asarray(model(x, training=False)), np.asarray(model(x[:3], training=False))
    close = np.allclose(whole[:3], part, rtol=1e-3, atol=1e-4)
    require(close, "with training=False, the answer for a row changes when other rows are left out of the batch")


@contract(
    "model-training-flag",
    "model",
    why="Dropout that acts in predictions, or not in training, spoils a model without a word",
    fix="pass `training` on: self.dropout(x, training=training), self.norm(x, training=training)",
    needs=(*BUILT, "model-inference-repeatable"),
)
def training_flag(subject: Subject) -> None:
    """Training and inference differ where there is Dropout or BatchNorm, and only there."""
    import numpy as np  # noqa: PLC0415

    model, x = _built(subject), _x(subject)
    resting, active = (np.asarray(model(x, training=training)) for training in (False, True))
    acting = [layer for layer in _layers(model) if float(getattr(layer, "rate", 0) or 0) > 0 or hasattr(layer, "moving_mean")]
    other_state = len(model.variables) > len(model.trainable_variables)
    differs = not np.allclose(resting, active, rtol=1e-5, atol=1e-6)
    if acting and not differs:
        msg = f"it has {type(acting[0]).__name__}, and answers the same with training=True and training=False"
        raise Fault(msg)
    if differs and not acting and not other_state:
        msg = "it answers otherwise with training=True, and has no Dropout, no BatchNorm and no state that could explain it"
        raise Fault(msg)


@contract(
    "model-averages",
    "model",
    why="BatchNorm predicts with averages that it takes while training: if they stand still, predictions are wrong",
    fix="call BatchNorm with training=training, not with a constant",
    needs=BUILT,
)
def averages(subject: Subject) -> None:
    """A training call moves the averages of every BatchNorm."""
    import numpy as np  # noqa: PLC0415

    model = _built(subject)
    normalizing = [layer for layer in _layers(model) if hasattr(layer, "moving_mean") and layer.trainable]
    if not normalizing:
        msg = "it has no BatchNorm"
        raise NotApplicable(msg)
    before = [np.array(layer.moving_mean.numpy()) for layer in normalizing]
    model(_x(subject), training=True)
    for layer, value in zip(normalizing, before, strict=True):
        require(
            not np.array_equal(layer.moving_mean.numpy(), value),
            f"a training call leaves the averages of {layer.name} as they were",
        )


@contract(
    "model-restores",
    "model",
    why="a saved model is made anew and given its variables: it must answer as the old one did",
    fix="keep everything that changes in variables, not in Python attributes",
    needs=(*BUILT, "model-variables", "same-seed"),
)
def restores(subject: Subject) -> None:
    """A new model with the old one's variables gives the old one's answers."""
    import numpy as np  # noqa: PLC0415

    old = _built(subject)
    for _time in range(3):
        old(_x(subject), training=True)
    new = _built(subject)
    for variable, saved in zip(new.variables, old.variables, strict=True):
        _inner(variable).assign(_inner(saved))
    answers = [np.asarray(model(_x(subject), training=False)) for model in (old, new)]
    require(
        np.array_equal(*answers), "a new model with the same variables answers otherwise: something else is kept between calls"
    )


def _x(subject: Subject) -> Any:
    import tensorflow as tf  # noqa: PLC0415

    return tf.convert_to_tensor(subject.trial.x)


def _built(subject: Subject) -> Any:
    model = subject.make()
    model(_x(subject), training=False)
    return model


def _inner(variable: Any) -> Any:
    from eagerloop.state import inner_variable  # noqa: PLC0415

    return inner_variable(variable)


def _layers(model: Any) -> list[Any]:
    return list(model._flatten_layers()) if hasattr(model, "_flatten_layers") else []  # noqa: SLF001 - no public name


def _few(subject: Subject) -> tuple[Any, Any]:
    return _x(subject)[:FEW], subject.trial.y[:FEW]


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


def _differentiated(subject: Subject) -> tuple[Any, Any, Any]:
    """A tape that has seen one training call on all rows, the loss, and the model."""
    import tensorflow as tf  # noqa: PLC0415

    model = _built(subject)
    with tf.GradientTape() as tape:
        answer = model(_x(subject), training=True)
        # The mean alone would have no gradient where the outputs of a row add up to 1.
        weights = tf.cast(tf.reshape(tf.range(1, tf.size(answer) + 1), tf.shape(answer)), answer.dtype)
        value = tf.reduce_mean(weights * answer) + tf.reduce_mean(tf.square(answer))
    return tape, value, model
