"""What an array of targets asks for: classes or quantities. Shapes: n rows, T places in a row."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from eagerloop.errors import DataError
from eagerloop.parts import Task
from eagerloop.structures import is_tensor, leaves_by_path


def task_of(y: Any) -> Task:
    """What an array of targets asks for: a whole number is a class, one a row, or (n, T) one at each place of a sequence.

    Rows of 0 with a single 1 are classes written out, one number for each output of a model, and stay numbers. Several arrays,
    or none, are something else.
    """
    if not is_tensor(y):
        return "other"
    if y.dtype.kind not in "iub":
        return "regression"
    if y.size == len(np.atleast_1d(y)):
        return "classification"
    return "classification" if y.ndim == 2 and not is_one_hot(y) else "regression"  # noqa: PLR2004 - (n, T)


def settled_task(asked: Task | None, y: Any, classes: Sequence[str]) -> Task:
    """What y is, as it was asked for or as it looks.

    Args:
        asked: What the caller says; None: y decides.
        y: Targets of the training, as they were given.
        classes: The classes by name, if they are named.

    Raises:
        DataError: y is a structure, and something was said that holds for one array alone.
    """
    if isinstance(y, list):
        y = np.asarray(y)
    wrong = "names of classes" if classes else f"task={asked}" if asked not in (None, "other") else ""
    if wrong and not is_tensor(y):
        msg = (
            f"y_train is {', '.join(leaves_by_path(y)) or 'empty'}, and {wrong} can be given for one array alone; leave it out"
        )
        raise DataError(msg)
    return asked or ("classification" if classes else task_of(y))


def is_one_hot(y: np.ndarray[Any, Any]) -> bool:
    """Whether each row has a single 1, and else 0."""
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=-1) == 1).all())
