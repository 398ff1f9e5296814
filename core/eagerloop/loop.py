"""The loop. Every run goes through this source, eager or compiled: two `for`s around one step.

Shapes: n rows in a batch, d features, k outputs: x (n, d), y (n, k) or (n,), predictions (n, k), loss scalar.
Each of x, y and predictions may be a structure of tensors, too: dicts and tuples, as `tf.nest` has them.
"""

import contextlib
import inspect
import math
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from eagerloop.errors import PluginError
from eagerloop.structures import leaves_by_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eagerloop.parts import Loss, Model, Optimizer
    from eagerloop.standing import LoopedRun


class Step(NamedTuple):
    """What went into one training step, and what came out. x, y, the weights and the predictions may be structures of tensors.

    Attributes:
        x: The batch's features, (n, d).
        y: The batch's targets, (n, k) or (n,).
        predictions: What the model answered while training, (n, k).
        loss: What was minimised, a scalar: the loss and the model's own penalties.
        gradients: The loss differentiated by each trainable variable, in their order and of their shapes (in the precision
            `mixed_float16` those of the scaled loss).
        finite: Whether loss and gradients are finite. If not, the update was left out.
        figures: Further scalars by name, for the history: a loss or a step of one's own may have some.
        sample_weight: How much each row counts, (n,); None where all count alike.
    """

    x: Any
    y: Any
    predictions: Any
    loss: Any
    gradients: Any
    finite: Any = True
    figures: Any = {}  # noqa: RUF012 - a dict, as TensorFlow knows them; nobody writes into it
    sample_weight: Any = None

    def __str__(self) -> str:
        """Every tensor with its shape, dtype and first values."""
        weights = {} if self.sample_weight is None else {"sample_weight": self.sample_weight}
        structures = {"x": self.x, "y": self.y} | weights | {"predictions": self.predictions, "loss": self.loss}
        named = [
            (f"{name}/{path}" if path else name, leaf)
            for name, structure in structures.items()
            for path, leaf in leaves_by_path(structure).items()
        ]
        named += [*self.figures.items(), *((f"gradient {number}", one) for number, one in enumerate(self.gradients))]
        return "\n".join(_show(name, value) for name, value in named)


def _show(name: str, value: Any) -> str:
    tensor = value.to_tensor() if isinstance(value, tf.RaggedTensor) else tf.convert_to_tensor(value)
    values = "\n    ".join(str(tensor.numpy()[:3] if tensor.shape.rank else tensor.numpy()).splitlines())
    more = f"\n    ... {tensor.shape[0] - 3} more" if tensor.shape.rank and tensor.shape[0] > 3 else ""  # noqa: PLR2004
    return f"{name}  {tuple(value.shape)} {tensor.dtype.name}\n    {values}{more}"


def train_step(model: "Model", loss: "Loss", optimizer: "Optimizer", x: Any, y: Any, sample_weight: Any = None) -> Step:
    """One update: predict, measure, differentiate, change the variables.

    Args:
        model: Called with x and `training=True`.
        loss: Called with y and the predictions, and with x and the row weights where it asks for them.
        optimizer: Given the pairs of gradient and variable.
        x: Features, (n, d).
        y: Targets, (n, k) or (n,).
        sample_weight: How much each row counts, (n,), if the dataset says so.

    Returns:
        The tensors of the step. The loss is that of before the update.

    Raises:
        PluginError: The loss is not a scalar, or a variable gets no gradient.

    Source: Keras's guide "Writing a training loop from scratch in TensorFlow".
    """
    with tf.GradientTape() as tape:
        predictions = model(x, training=True)  # training=True: Dropout drops, BatchNorm learns its averages
        measured, figures = loss_of(loss, y, predictions, x, sample_weight)  # loss(y, predictions)
        value = tf.add_n([measured, *penalties(model)])  # penalties, such as L2, count too
        scaled = optimizer.scale_loss(value) if hasattr(optimizer, "scale_loss") else value  # float16 loses small gradients
    variables = model.trainable_variables  # after the call: it may have made them
    gradients = tape.gradient(scaled, variables)  # outside the tape: gradients of gradients are not wanted
    check_step(value, gradients, variables)
    finite = all_finite(value, gradients if scaled is value else ())  # of scaled ones, the optimizer leaves out what overflows
    if finite:  # waits for the device; one nan would spread to every variable
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return Step(x, y, predictions, value, gradients, finite, figures, sample_weight)


def train_epoch(run: "LoopedRun", batches: "Iterator[tuple[Any, ...]]") -> Any:
    """The inner loop: one step a batch, until the batches end (False) or the run has to pause (True)."""
    paused: Any = False
    for batch in batches:  # (x, y), or (x, y, sample_weight)
        step = run.train_step(run.model, run.loss, run.optimizer, *batch)
        run.count(step)  # where the run stands, the epoch's loss and metrics
        run.hook.on_step_end(run=run, step=step)
        paused = run.must_pause()  # a save is due, a signal came, somebody called run.stop()
        if paused:
            break
    return paused


def train(run: "LoopedRun", epochs: int) -> None:
    """The outer loop: from where the run stands to the end of the given epoch."""
    try:
        run.hook.on_train_begin(run=run)
        for epoch in range(run.position.epoch, epochs + 1):
            run.hook.on_epoch_begin(run=run, epoch=epoch)
            batches = run.begin_epoch(epoch)  # an iterator: a pause keeps its place in it
            unfinished = True
            while unfinished and not run.stopping:  # somebody called run.stop(reason), or a signal did
                unfinished = run.train_epoch(batches)  # train_epoch above, or its tf.function
                if unfinished:
                    run.save_if_due()
            if not unfinished:  # no batch is left
                metrics = run.end_epoch(epoch)  # validates, adds a row to the history; the tally starts anew
                run.hook.on_epoch_end(run=run, epoch=epoch, metrics=metrics)
            run.save()  # after the observers, so that the checkpoint holds what they have learnt
            if run.stopping:
                break
        run.hook.on_train_end(run=run)
    except BaseException as error:
        run.hook.on_exception(run=run, error=error)
        raise


def loss_of(loss: "Loss", y: Any, predictions: Any, x: Any, sample_weight: Any = None) -> tuple[Any, dict[str, Any]]:
    """What a loss says of a batch: `loss(y, predictions)`, with `x=` and `sample_weight=` if its parameters name them.

    Args:
        loss: The loss.
        y: Targets, (n, k) or (n,).
        predictions: What the model answered, (n, k).
        x: Features, (n, d).
        sample_weight: How much each row counts, (n,), if the dataset says so.

    Returns:
        Its value, a scalar, and the figures that it gave beside it: scalars by name, for the history.

    Source: the guide's own loss, `mse_loss(y, preds, x)`.
    """
    known = {"x": x, "sample_weight": sample_weight}
    given = loss(y, predictions, **{name: known[name] for name in asked_by(loss)})
    return given if isinstance(given, tuple) else (given, {})


_ASKED: weakref.WeakKeyDictionary[Any, tuple[str, ...]] = weakref.WeakKeyDictionary()
"""What losses ask for besides: looking at their parameters takes longer than a small loss."""


@tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
def asked_by(loss: Any) -> tuple[str, ...]:
    """Which of `x` and `sample_weight` are among the parameters of a loss."""
    with contextlib.suppress(TypeError):  # of one that cannot be remembered
        if loss in _ASKED:
            return _ASKED[loss]
    try:
        parameters: Iterable[str] = inspect.signature(loss).parameters
    except (TypeError, ValueError):  # something built in
        parameters = ()
    asked = tuple(name for name in ("x", "sample_weight") if name in parameters)
    with contextlib.suppress(TypeError):
        _ASKED[loss] = asked
    return asked


def penalties(model: "Model") -> list[Any]:
    """What a model adds to the loss, `model.losses`; of half precision in float32, as losses are."""
    half = (tf.float16, tf.bfloat16)
    return [tf.cast(value, tf.float32) if value.dtype in half else value for value in getattr(model, "losses", ())]


def all_finite(value: Any, gradients: "Sequence[Any]") -> Any:
    """Whether a loss and its gradients are finite: one number that is not makes their sum so.

    Args:
        value: The loss, a scalar.
        gradients: Tensors, or the rows of one that were used (`tf.IndexedSlices`).

    Returns:
        A bool; inside a graph a tensor of one.
    """
    tensors = [getattr(gradient, "values", gradient) for gradient in gradients]
    if tf.executing_eagerly():
        with np.errstate(over="ignore", invalid="ignore"):
            return math.isfinite(float(value) + sum(float(tensor.numpy().sum()) for tensor in tensors))
    return tf.math.is_finite(tf.add_n([value, *(tf.cast(tf.reduce_sum(tensor), value.dtype) for tensor in tensors)]))


def check_step(value: Any, gradients: "Sequence[Any]", variables: "Sequence[Any]") -> None:
    """Refuses a loss that is no scalar, and variables that the loss does not depend on: they would never learn."""
    if value.shape.rank:
        msg = (
            f"the loss must be a scalar, got the shape {tuple(value.shape)}; reduce it over the batch, with tf.reduce_mean say"
        )
        raise PluginError(msg)
    missing = [
        variable.path if hasattr(variable, "path") else variable.name
        for gradient, variable in zip(gradients, variables, strict=True)
        if gradient is None
    ]
    if missing or not variables:
        msg = (
            f"the loss has no gradient for {', '.join(missing) or 'anything: the model has no trainable variables'}; compute "
            "the predictions from them with TensorFlow operations alone, inside the call, or make them not trainable"
        )
        raise PluginError(msg)
