"""The moving average of the weights that an optimizer of Keras keeps (`use_ema`): what a run answers with, as after `fit`."""

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from eagerloop.building.holdings import may_be_trained
from eagerloop.building.run_parts import RunParts
from eagerloop.storage.variables import inner_variable


def keeps_average(optimizer: Any) -> bool:
    """Whether an optimizer keeps an average of the variables over the steps, and has made one.

    Before its first update Keras's averages are 0, and mean nothing.

    Args:
        optimizer: Any; of Keras's `LossScaleOptimizer`, the one inside counts.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    return bool(getattr(inner, "use_ema", False)) and int(inner.iterations) > 0


@contextlib.contextmanager
def averaged(parts: RunParts) -> Iterator[None]:
    """The model has the average in the place of its trained variables meanwhile, where the optimizer keeps one.

    Keras's `fit` writes it over them when it ends. A run is trained on later, to the same bits: so they are put back.

    Source: `keras.optimizers.Optimizer.finalize_variable_values`.
    """
    if not keeps_average(parts.optimizer):
        yield
        return
    variables = may_be_trained(parts.model)
    trained = [(inner_variable(variable), tf.identity(inner_variable(variable))) for variable in variables]
    parts.optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in trained:
            variable.assign(value)
