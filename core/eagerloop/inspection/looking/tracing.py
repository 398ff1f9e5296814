"""Watches a step function from outside: what its tape, its loss and its optimizers were asked, and what it printed.

Nothing of the step's source is changed. TensorFlow's tape and Keras's optimizer are wrapped while the step runs, and are put
back whatever happens.
"""

import contextlib
import functools
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from eagerloop.storage.variables import inner_variable


class LossCall(NamedTuple):
    """One call of the run's loss: its arguments, its value without the figures beside it, and whether a tape was open."""

    y: Any
    predictions: Any
    value: Any
    taped: bool


class GradientCall(NamedTuple):
    """One call of `tape.gradient`: what was differentiated, by what, and what came out; None where it raised."""

    target: Any
    sources: Sequence[Any]
    results: Sequence[Any] | None


@dataclass(eq=False)
class Trace:
    """What one call of a step function did.

    Attributes:
        result: What it returned; None if it raised.
        error: What it raised, or None.
        losses: Every call of the run's loss, in order.
        gradients: Every call of a tape's `gradient`, in order.
        watched: The variables that a tape has seen.
        optimizers: The Keras optimizers that were used, the run's own or others.
        printed: What it printed.
        printed_while_tracing: What of that was printed while TensorFlow turned a function into a graph.
        still: The `id`s of the variables that have the same value afterwards.
    """

    result: Any = None
    error: Exception | None = None
    losses: list[LossCall] = field(default_factory=list)
    gradients: list[GradientCall] = field(default_factory=list)
    watched: list[Any] = field(default_factory=list)
    optimizers: list[Any] = field(default_factory=list)
    printed: str = ""
    printed_while_tracing: str = ""
    still: set[int] = field(default_factory=set)


class Tracer:
    """Calls a step function and watches it.

    Args:
        step: Called as `eagerloop.train_step` is.
        model: A built model.
        loss: The run's loss.
        optimizer: The run's optimizer.
        variables: What is compared before and after.
    """

    def __init__(
        self, step: Callable[..., Any], model: Any, loss: Callable[..., Any], optimizer: Any, variables: Sequence[Any]
    ) -> None:
        self._step, self._model, self._optimizer, self._variables = step, model, optimizer, variables
        self._open = 0
        self._trace = Trace()
        # One function for all calls: with a new one each time, a tf.function would be traced anew.
        self._loss = self._watched_loss(loss)

    def __call__(self, *batch: Any) -> Trace:
        """One step on x, y and perhaps weights, on the variables as they are; what it raises is part of the trace."""
        trace = self._trace = Trace()
        self._open = 0
        before = [np.array(inner_variable(variable)) for variable in self._variables]
        with self._wrapped(), warnings.catch_warnings(), contextlib.redirect_stdout(_Printed(trace)):
            warnings.simplefilter("ignore")
            try:
                trace.result = self._step(self._model, self._loss, self._optimizer, *batch)
            except Exception as error:  # noqa: BLE001 - anybody's code; the detectors look at it
                trace.error = error
        for variable, value in zip(self._variables, before, strict=True):
            if np.array_equal(np.asarray(inner_variable(variable)), value, equal_nan=value.dtype.kind == "f"):
                trace.still.add(id(inner_variable(variable)))
        return trace

    def _watched_loss(self, loss: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(loss, updated=())
        def watched(*arguments: Any, **keywords: Any) -> Any:
            value = loss(*arguments, **keywords)
            y, predictions = [*arguments, *keywords.values()][:2]
            alone = value[0] if isinstance(value, tuple) else value
            self._trace.losses.append(LossCall(y, predictions, alone, taped=self._open > 0))
            return value

        return watched

    @contextlib.contextmanager
    def _wrapped(self) -> Iterator[None]:
        """Tape and optimizer, wrapped for as long as the context lasts."""
        tape, optimizer = tf.GradientTape, keras.optimizers.Optimizer
        own = [(tape, name, tape.__dict__[name]) for name in ("__enter__", "__exit__", "gradient")]
        inherited = optimizer.apply  # apply_gradients calls it
        tape.__enter__, tape.__exit__, tape.gradient = (
            wrap(given) for wrap, (_, _, given) in zip((self._enter, self._exit, self._gradient), own, strict=True)
        )
        optimizer.apply = self._apply(inherited)
        try:
            yield
        finally:
            for owner, name, given in own:
                setattr(owner, name, given)
            del optimizer.apply  # it is inherited

    def _enter(self, given: Callable[..., Any]) -> Callable[..., Any]:
        def enter(tape: Any) -> Any:
            self._open += 1
            return given(tape)

        return enter

    def _exit(self, given: Callable[..., Any]) -> Callable[..., Any]:
        def leave(tape: Any, *arguments: Any) -> Any:
            self._open -= 1
            self._trace.watched += tape.watched_variables()
            return given(tape, *arguments)

        return leave

    def _gradient(self, given: Callable[..., Any]) -> Callable[..., Any]:
        def gradient(tape: Any, target: Any, sources: Any, *arguments: Any, **keywords: Any) -> Any:
            flat = tf.nest.flatten(sources)
            try:
                results = given(tape, target, sources, *arguments, **keywords)
            except RuntimeError:
                self._trace.gradients.append(GradientCall(target, flat, None))
                raise
            self._trace.gradients.append(GradientCall(target, flat, tf.nest.flatten(results)))
            return results

        return gradient

    def _apply(self, given: Callable[..., Any]) -> Callable[..., Any]:
        def apply(optimizer: Any, *arguments: Any, **keywords: Any) -> Any:
            self._trace.optimizers.append(optimizer)
            return given(optimizer, *arguments, **keywords)

        return apply


class _Printed(io.TextIOBase):
    """Standard output while a step runs: it knows whether Python runs the step, or TensorFlow makes a graph of it."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def write(self, text: str) -> int:
        self._trace.printed += text
        if tf.inside_function():
            self._trace.printed_while_tracing += text
        return len(text)


def number(value: Any) -> float | None:
    """A scalar as a float; None for anything else: for None, or for a tensor of a graph, which has no value.

    Example:
        >>> number(tf.constant(2.5)), number(tf.constant([1.0, 2.0]))
        (2.5, None)
    """
    if value is None:  # NumPy takes it for nan
        return None
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError, NotImplementedError):
        return None
    return float(array) if not array.ndim else None
