"""One update for several batches."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop_plugins.step.without_update import WithoutUpdate

if TYPE_CHECKING:
    from eagerloop import Step
    from eagerloop.parts import Loss, Model, Optimizer


class Accumulate:
    """The loop's own step, whose update waits for the last batch of a group; see `accumulate`.

    Args:
        batches: How many make a group.

    Attributes:
        variables: How many rows and batches of the group have been seen, and for each variable the sum of the gradients times
            their rows.
    """

    def __init__(self, batches: int) -> None:
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        self._batches = batches
        self._rows = tf.Variable(0.0, trainable=False, name="rows")
        self._seen = tf.Variable(0, trainable=False, name="batches")
        self._sums: dict[int, Any] = {}
        self.variables = [self._rows, self._seen]

    def build(self, model: "Model", optimizer: "Optimizer", variables: Sequence[Any]) -> None:  # noqa: ARG002 - for any step
        """Makes a sum for each variable."""
        import tensorflow as tf  # noqa: PLC0415

        sums = [tf.Variable(tf.zeros(one.shape, one.dtype), trainable=False, name="sum") for one in variables]
        self._sums = {id(variable): total for variable, total in zip(variables, sums, strict=True)}
        self.variables = [self._rows, self._seen, *sums]

    def __call__(
        self, model: "Model", loss: "Loss", optimizer: "Optimizer", x: Any, y: Any, sample_weight: Any = None
    ) -> "Step":
        """One batch: its gradients are added, and the update is made if it is the last one of its group."""
        from eagerloop import train_step  # noqa: PLC0415

        return train_step(model, loss, _Group(optimizer, self, x), x, y, sample_weight)

    def take(self, optimizer: "Optimizer", grads_and_vars: Iterable[tuple[Any, Any]], rows: Any) -> None:
        """Adds the gradients of a batch, each the mean over so many rows."""
        import tensorflow as tf  # noqa: PLC0415

        gathered = []
        for gradient, variable in grads_and_vars:
            total = self._sums[id(variable)]
            total.assign_add(tf.convert_to_tensor(gradient) * tf.cast(rows, total.dtype))
            gathered.append((total, variable))
        self._rows.assign_add(tf.cast(rows, tf.float32))
        self._seen.assign_add(1)
        if self._seen >= self._batches:
            optimizer.apply_gradients([(total / tf.cast(self._rows, total.dtype), variable) for total, variable in gathered])
            for holder in self.variables:
                holder.assign(tf.zeros_like(holder))


class _Group(WithoutUpdate):
    """Stands in for the optimizer while one batch of a group is looked at."""

    def __init__(self, optimizer: "Optimizer", group: Accumulate, x: Any) -> None:
        super().__init__(optimizer)
        self._group, self._x = group, x

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """Hands the gradients to the group."""
        import tensorflow as tf  # noqa: PLC0415

        self._group.take(self.optimizer, grads_and_vars, tf.shape(tf.nest.flatten(self._x)[0])[0])


def accumulate(*, batches: Annotated[int, typer.Option(min=1, help="how many batches make one update")] = 4) -> Accumulate:
    """Makes one update for several batches, as if they were one.

    The gradients of the batches are averaged over all of their rows, so that a short batch counts for less: but for rounding
    the update is that of one large batch, if the loss is a mean over the rows. A batch whose loss or gradient is not finite is
    left out. A group that an epoch leaves unfinished goes on with the first batches of the next one; the last one of a run
    waits in its checkpoint for a resume. Schedules count updates, not batches.

    Args:
        batches: At least 1; with 1 it is the loop's own step.

    Returns:
        A step for one device.

    Example:
        >>> import eagerloop
        >>> eagerloop.use("accumulate", batches=3)
        use('accumulate', batches=3)

    Source: `gradient_accumulation_steps` of Keras's optimizers, which weighs every batch alike.
    """
    return Accumulate(batches)
