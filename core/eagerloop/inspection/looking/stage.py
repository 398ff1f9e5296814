"""What a recorded step stands on: the parts of a run, their state kept, and ways to run the step again on that state.

Shapes: n rows in a batch, d features, k outputs: x (n, d), y (n, k) or (n,), predictions (n, k), loss scalar.
"""

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop import loop
from eagerloop.building.naming import Names
from eagerloop.building.run_parts import RunParts
from eagerloop.errors import NotAStepError
from eagerloop.inspection.looking.marking import Marked
from eagerloop.inspection.looking.restoring import Kept
from eagerloop.inspection.looking.slots import loss_scale, slots_of
from eagerloop.inspection.looking.tracing import number
from eagerloop.storage.variables import inner_variable

Key = tuple[str, ...]
State = Mapping[Key, np.ndarray[Any, Any]]
"""Arrays by `("variable", name)`, `("seed", name)`, `("slot", name of the variable, name of the slot)`."""


class Stage:
    """The parts of a run and a batch, before a step.

    Args:
        parts: The parts of the run.
        batch: x, (n, d), and y, (n, k) or (n,), and perhaps the weights of the rows, (n,); each may be a structure.
        train_step: A step function of one's own; by default the run's.

    Attributes:
        batch: The batch.
        names: The model's layers and variables by name.
        kept: The state that everything starts from.
        trained: The trainable variables by name.
        scale: What the optimizer has the loss multiplied by.
    """

    def __init__(self, parts: RunParts, batch: Sequence[Any], train_step: Callable[..., Any] | None) -> None:
        self.parts, self.batch = parts, batch
        step = train_step or parts.step
        self.loops_own = step is loop.train_step
        self.marked = Marked(step)
        self.names = Names(parts.model)
        self.kept = Kept(self.names, parts.model, parts.optimizer, parts.loss, parts.step)
        changeable = {id(inner_variable(variable)) for variable in parts.model.trainable_variables}
        named = self.names.variables.items()
        self.trained = {name: variable for name, variable in named if id(inner_variable(variable)) in changeable}
        self.scale = loss_scale(parts.optimizer)
        untouched = [*self.trained.values(), *(parts.optimizer.variables if self.loops_own else ())]
        self._not_put_back = {id(inner_variable(variable)) for variable in untouched}

    def state(self) -> State:
        """The value of everything that has a name, as it is now."""
        named: dict[Key, Any] = {("variable", name): variable for name, variable in self.names.variables.items()}
        named |= {("seed", name): seed for name, seed in self.names.seeds.items()}
        for name, slots in slots_of(self.parts.optimizer, self.trained).items():
            named |= {("slot", name, slot): variable for slot, variable in slots.items()}
        return {key: array_of(variable) for key, variable in named.items()}

    def step(self) -> loop.Step:
        """The step, on the state as it is.

        Raises:
            NotAStepError: A step function of one's own returned something else.
        """
        step = self.marked(self.parts.model, self.parts.loss, self.parts.optimizer, *self.batch)
        if not isinstance(step, loop.Step):
            msg = f"a train_step must return an eagerloop.Step (x, y, predictions, loss, gradients), got {type(step).__name__}"
            raise NotAStepError(msg)
        shapes = [tuple(getattr(first_tensor(given), "shape", ())) for given in (step.predictions, step.loss)]
        if not shapes[0] or number(step.loss) is None:
            due = "predictions, (n, k), and a loss, a scalar"
            msg = f"the Step that a train_step returns must hold {due}; got the shapes {shapes[0]} and {shapes[1]}"
            raise NotAStepError(msg)
        return step

    def loss_now(self) -> float:
        """The loss with the trainable variables as they are, and everything else as before the step: the same draws."""
        self.kept.put_back(but=self._not_put_back)
        if self.loops_own:
            x, y, *weights = self.batch
            predictions = self.parts.model(x, training=True)
            measured, _figures = loop.loss_of(self.parts.loss, y, predictions, x, *weights)
            return float(tf.add_n([measured, *self.penalties()]))
        before = {name: array_of(variable) for name, variable in self.trained.items()}
        with contextlib.redirect_stdout(io.StringIO()):  # what it prints has been seen
            value = float(self.step().loss)
        for name, variable in self.trained.items():
            inner_variable(variable).assign(before[name])
        return value

    def penalties(self) -> list[Any]:
        """The model's own losses."""
        return list(getattr(self.parts.model, "losses", ()))


def array_of(value: Any) -> Any:
    """The value of a variable, a tensor or a sparse gradient, copied; a ragged tensor as it is."""
    if isinstance(value, tf.RaggedTensor):
        return value
    if hasattr(value, "assign"):
        value = inner_variable(value)
    elif isinstance(value, tf.IndexedSlices):
        value = tf.convert_to_tensor(value)
    return np.array(value.numpy() if hasattr(value, "numpy") else value)


def first_tensor(values: Any) -> Any:
    """The first of a model's outputs."""
    return next(iter(tf.nest.flatten(values)), None)


@contextlib.contextmanager
def eagerly() -> Iterator[None]:
    """While this lasts every `tf.function` runs as plain Python, so that what happens inside can be seen."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)  # noqa: FBT003 - its only argument
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
