"""What the detectors look at: the parts as they live, a batch, and what a step did with them.

Shapes: n rows in a batch, d features, k outputs.
"""

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.building.naming import Names
from eagerloop.inspection.looking.marking import written
from eagerloop.inspection.looking.tracing import GradientCall, Trace, number
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.loop import Step, asked_by, loss_of
from eagerloop.storage.variables import inner_variable, path_of
from eagerloop.structures import leaves_by_path, map_leaves, rows_of


def _none_again(_kind: str) -> Any:
    return None


def _no_epochs() -> tuple[list[Any], list[Any]]:
    return [], []


@dataclass(eq=False)
class Evidence:
    """Parts, a batch, and traces of steps.

    Attributes:
        model: A built model.
        loss: The run's loss.
        optimizer: The run's optimizer.
        dataset: The run's dataset; its task says which advice makes sense.
        x: Features, (n, d).
        y: Targets, (n, k) or (n,).
        weights: How much each row counts, (n,); None where all count alike.
        predictions: What the model answers to x with `training=False`, (n, k).
        metrics: Metrics that have seen nothing yet, by name.
        step: The step function that was traced.
        traces: Two steps, one after the other; none before a run's first step.
        watched: The variables that a tape saw during a call of the model.
        again: Makes the part of a kind once more; None where it was given as an object.
        known: What was found out about these parts before, and does not change: to make a model anew leaves something in Keras.
        epochs: Gives the targets of two epochs, batch by batch, of a dataset made once more: the run's own is not touched.
        compiled: Whether the run goes through `tf.function`.
        later: What became of the loss in more steps on the same batch, where that is worth a word.
        record: The record of the step, if there is one.
    """

    model: Any
    loss: Callable[..., Any]
    optimizer: Any
    dataset: Any
    x: Any
    y: Any
    predictions: Any
    weights: Any = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    step: Callable[..., Any] | None = None
    traces: Sequence[Trace] = ()
    watched: Sequence[Any] = ()
    again: Callable[[str], Any] = _none_again
    known: dict[str, str] = field(default_factory=dict)
    epochs: Callable[[], tuple[list[Any], list[Any]]] = _no_epochs
    compiled: bool = False
    later: str = ""
    record: StepFacts | None = None

    @property
    def first(self) -> Trace:
        """The first of the traced steps; one in which nothing happened if there is none."""
        return self.traces[0] if self.traces else Trace()

    @property
    def ran(self) -> bool:
        """Whether a step was traced to its end."""
        return bool(self.traces) and isinstance(self.first.result, Step)

    @property
    def differentiated(self) -> list[GradientCall]:
        """What was differentiated by variables; a penalty on the slopes by x has a tape of its own."""
        calls = self.first.gradients
        return [call for call in calls if any(hasattr(source, "assign") for source in call.sources)]

    @functools.cached_property
    def source(self) -> str:
        """The text of the step function; empty where it is not known."""
        try:
            return inspect.getsource(written(self.step)) if self.step else ""
        except (OSError, TypeError):
            return ""

    @functools.cached_property
    def compared(self) -> tuple[Any, Any]:
        """Targets and predictions in the form in which the step gave them to the loss, arrays or structures of them."""
        for call in self.first.losses:
            if _has_values(call.y) and _has_values(call.predictions):
                return arrays(call.y), arrays(call.predictions)
        return arrays(self.y), arrays(self.predictions)

    def value_of(self, y: Any, predictions: Any, rows: Sequence[int] | None = None, weights: Any = None) -> Any:
        """What the run's loss says of some rows, without figures beside it.

        Args:
            y: Targets, arrays.
            predictions: Predictions, arrays.
            rows: The rows of the batch that they stand for: x and the weights are taken from there. By default the first ones.
            weights: Other weights, (n,).
        """
        count = rows_of(predictions)
        chosen = list(range(count)) if rows is None else list(rows)

        def those(structure: Any) -> Any:
            whole = rows is None and rows_of(structure) == count
            return structure if whole else map_leaves(lambda leaf: tf.gather(leaf, chosen), structure)

        given = {"x": those(self.x)} if "x" in asked_by(self.loss) else {"x": None}
        if self.weights is not None:
            given["sample_weight"] = tf.constant(weights, tf.float32) if weights is not None else those(self.weights)
        return loss_of(self.loss, map_leaves(_tensor, y), map_leaves(_tensor, predictions), **given)[0]

    def loss_of(self, y: Any, predictions: Any, rows: Sequence[int] | None = None, weights: Any = None) -> float:
        """The run's loss of some rows; see `value_of`."""
        return float(self.value_of(y, predictions, rows, weights))

    @functools.cached_property
    def whole_loss(self) -> float:
        """The run's loss of the batch."""
        return self.loss_of(*self.compared)

    @functools.cached_property
    def minimised(self) -> float | None:
        """What the step differentiated; None where it has no value: inside a graph, or scaled for float16."""
        if not self.differentiated or hasattr(self.optimizer, "dynamic_scale"):
            return number(getattr(self.first.result, "loss", None))
        value = number(self.differentiated[-1].target)
        return value if value is not None else number(getattr(self.first.result, "loss", None))

    @functools.cached_property
    def penalties(self) -> float:
        """The sum of the model's own losses, such as L2."""
        return float(sum(float(value) for value in getattr(self.model, "losses", ())))

    @functools.cached_property
    def names(self) -> Names:
        """The layers and variables of the model by name, also those that a `tf.Module` or a plain object holds."""
        return Names(self.model)

    @property
    def layers(self) -> dict[str, Any]:
        """Every layer in the model by name."""
        return self.names.layers

    def name_of(self, variable: Any) -> str:
        """A variable's name as a record of the step has it; its own name if the model does not list it."""
        known = {id(inner_variable(one)): name for name, one in self.names.variables.items()}
        return known.get(id(inner_variable(variable)), path_of(variable))


def arrays(structure: Any) -> Any:
    """The same structure of NumPy arrays; a ragged tensor stays what it is."""
    return map_leaves(lambda leaf: leaf if isinstance(leaf, tf.RaggedTensor) else np.asarray(leaf), structure)


def _tensor(leaf: Any) -> Any:
    return leaf if isinstance(leaf, tf.RaggedTensor) else tf.convert_to_tensor(leaf)


def _has_values(structure: Any) -> bool:
    """Whether it holds tensors, and none of a graph, which has no values."""
    leaves = leaves_by_path(structure).values()
    return all(isinstance(leaf, tf.RaggedTensor) or (tf.is_tensor(leaf) and hasattr(leaf, "numpy")) for leaf in leaves)


def identities(variables: Any) -> set[int]:
    """The `id`s of the `tf.Variable`s inside."""
    return {id(inner_variable(variable)) for variable in variables}


def close(one: float, other: float, tolerance: float = 1e-4) -> bool:
    """Whether two finite numbers agree but for rounding.

    Example:
        >>> close(1.0, 1.00001), close(1.0, 1.1), close(float("inf"), float("inf"))
        (True, False, False)
    """
    return math.isfinite(one) and math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-7)


def named(names: Sequence[str], most: int = 3) -> str:
    """The first few names of a list.

    Example:
        >>> named(["a", "b", "c", "d"])
        'a, b, c and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
