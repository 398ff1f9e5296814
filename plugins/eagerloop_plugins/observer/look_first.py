"""A training step that somebody may look at before it runs.

It stands in a file of its own: an error in the step passes through here, and is not to be blamed on who looks.
"""

from collections.abc import Callable
from typing import Any


def look_first(look: Callable[[Any, Any], object], train_step: Callable[..., Any]) -> Callable[..., Any]:
    """Shows each batch to somebody before the step on it.

    Args:
        look: Called with x and y.
        train_step: The step, of the arguments of `eagerloop.train_step`.

    Returns:
        A step that returns what `train_step` does.

    Example:
        >>> step = look_first(lambda x, y: print("before", x, y), lambda model, loss, optimizer, x, y: "the step")
        >>> step(None, None, None, 1, 2)
        before 1 2
        'the step'
    """

    def looked_at(model: Any, loss: Any, optimizer: Any, x: Any, y: Any) -> Any:
        look(x, y)
        return train_step(model, loss, optimizer, x, y)

    return looked_at
