"""The parts of a run as one plain value."""

import copy
from typing import Any

import keras


def another(metric: Any) -> Any:
    """A metric like the given one that has seen no batch yet.

    Args:
        metric: A Keras metric whose `get_config` has what its class takes, or an object that can be copied.

    Returns:
        A metric with the same options.
    """
    if isinstance(metric, keras.metrics.Metric):
        return type(metric).from_config(metric.get_config())
    made = copy.deepcopy(metric)
    made.reset_state()
    return made
