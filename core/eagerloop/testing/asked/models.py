"""What is asked of a model. Shapes: n rows in a batch, d features, k outputs."""

from typing import Any

from eagerloop.structures import is_tensor, leaves_by_path, rows_of, shapes_in_words
from eagerloop.testing.checks import Subject, contract, require
from eagerloop.testing.trying.built_models import BUILT, answer_of, built, inner, x_of


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
        predictions = model(x_of(subject), training=training)
        for path, answer in leaves_by_path(predictions).items() or {"": None}.items():
            where = f" at {path}" if path else ""
            require(tf.is_tensor(answer), f"model(x, training={training}) gave {type(answer).__name__}{where}, not a tensor")


@contract(
    "model-predictions",
    "model",
    why="the loss compares predictions with targets, row by row and column by column",
    fix="end with as many float outputs as `dataset.outputs`, one row for each row of x",
    weight=2,
    needs=BUILT,
)
def predictions_fit(subject: Subject) -> None:
    """Finite floats of shape (n, k); of a structure, each tensor is, with a k of its own."""
    import numpy as np  # noqa: PLC0415

    from eagerloop.inspection.looking.experiments import in_one  # noqa: PLC0415 - as TensorFlow

    predictions, rows = built(subject)(x_of(subject), training=False), int(rows_of(subject.trial.x))
    for path, answer in leaves_by_path(predictions).items():
        shape, words = tuple(answer.shape), f"predictions {path} have" if path else "predictions have"
        require(answer.dtype.is_floating, f"{words} the dtype {answer.dtype.name}, not float")
        require(len(shape) > 1, f"{words} the shape {shape}; with targets (n, 1) the loss would stretch it to (n, n)")
        require(shape[0] == rows, f"{rows} rows of x give predictions of shape {shape}{f' at {path}' if path else ''}")
        require(np.isfinite(np.asarray(in_one(answer), "float64")).all(), "predictions of a new model are not finite")
    data = subject.trial.dataset
    if data.task != "other":  # one tensor of y, with so many quantities or classes a row
        require(is_tensor(predictions), f"predictions are {shapes_in_words(predictions)}, and the dataset has one tensor of y")
        shape, outputs = tuple(predictions.shape), data.outputs
        fits = int(np.prod(shape[1:])) == outputs
        require(fits, f"predictions have the shape {shape}, and the dataset has {outputs} outputs a row")


@contract(
    "model-variables",
    "model",
    why="after its first call a model is restored from a checkpoint: what it makes later is not, and nothing must be missing",
    fix="make all layers and variables in __init__ or at the first call, once, and keep them as attributes (see EL04)",
    weight=2,
    needs=BUILT,
)
def variables_made(subject: Subject) -> None:
    """One call makes all variables; later calls make none and exchange none."""
    model = built(subject)
    first = list(model.variables)
    require(model.trainable_variables, "it has no trainable variables after its first call: there is nothing to learn")
    model(x_of(subject), training=True)
    model(x_of(subject), training=False)
    later = list(model.variables)
    require(len(first) == len(later), f"it has {len(first)} variables after its first call and {len(later)} two calls later")
    same = all(one is other for one, other in zip(first, later, strict=True))
    require(same, "its variables are other objects at each call: what was learnt is thrown away")


@contract(
    "model-tracked",
    "model",
    why="the optimizer changes and the checkpoint keeps only what the model lists",
    fix="in a Keras layer use self.add_weight; keep layers in attributes, lists, dictionaries, not in closures (see EL14)",
    weight=2,
    needs=BUILT,
)
def tracked(subject: Subject) -> None:
    """Every variable that a call uses is in `variables`."""
    from eagerloop.inspection.looking.experiments import unlisted, variables_used  # noqa: PLC0415 - as TensorFlow

    model = built(subject)
    hidden = [variable.name for variable in unlisted(model, variables_used(model, x_of(subject)))]
    require(
        not hidden,
        f"it uses the variable {', '.join(hidden[:3])}, which is not in `variables`: it never learns, and is not saved",
    )


@contract(
    "model-gradients",
    "model",
    why="a variable without a gradient never learns; the loop refuses it",
    fix="compute predictions from every variable with TensorFlow: no NumPy, tf.stop_gradient, unused layer (see EL05, EL07)",
    weight=2,
    needs=(*BUILT, "model-variables"),
)
def gradients(subject: Subject) -> None:
    """Each trainable variable gets a gradient, finite, and not all of them are 0."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    from eagerloop.storage.variables import path_of  # noqa: PLC0415 - as TensorFlow

    tape, value, model = _differentiated(subject)
    gradients_found = tape.gradient(value, list(model.trainable_variables))
    names = [path_of(variable) for variable in model.trainable_variables]
    missing = [name for name, gradient in zip(names, gradients_found, strict=True) if gradient is None]
    require(not missing, f"no gradient reaches {', '.join(missing[:3])}")
    arrays = [np.asarray(tf.convert_to_tensor(gradient), "float64") for gradient in gradients_found]
    for name, array in zip(names, arrays, strict=True):
        require(np.isfinite(array).all(), f"the gradient of {name} is not finite")
    weights = [np.asarray(inner(variable)) for variable in model.trainable_variables]
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

    one, other = built(subject), built(subject)
    require(len(one.variables) == len(other.variables), "made again, it has another number of variables")
    for first, second in zip(one.variables, other.variables, strict=True):
        same = tuple(first.shape) == tuple(second.shape) and np.array_equal(inner(first).numpy(), inner(second).numpy())
        require(same, f"made again with the same seed, {getattr(first, 'path', first.name)} begins with other values")


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

    old = built(subject)
    for _time in range(3):
        old(x_of(subject), training=True)
    new = built(subject)
    for variable, saved in zip(new.variables, old.variables, strict=True):
        inner(variable).assign(inner(saved))
    answers = [answer_of(model, x_of(subject)) for model in (old, new)]
    require(
        np.array_equal(answers[0], answers[1]),
        "a new model with the same variables answers otherwise: something else is kept between calls",
    )


def _differentiated(subject: Subject) -> tuple[Any, Any, Any]:
    """A tape that has seen one training call on all rows, the loss, and the model."""
    import tensorflow as tf  # noqa: PLC0415

    model = built(subject)
    with tf.GradientTape() as tape:
        answers = leaves_by_path(model(x_of(subject), training=True)).values()
        value = tf.add_n([tf.cast(_figure(answer), tf.float32) for answer in answers])
    return tape, value, model


def _figure(answer: Any) -> Any:
    """A number that every value moves: the mean alone has no gradient where the outputs of a row add up to 1."""
    import tensorflow as tf  # noqa: PLC0415

    values = getattr(answer, "flat_values", answer)
    weights = tf.cast(tf.reshape(tf.range(1, tf.size(values) + 1), tf.shape(values)), values.dtype)
    return tf.reduce_mean(weights * values) + tf.reduce_mean(tf.square(values))
