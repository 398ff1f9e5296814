"""`on_nonfinite="skip"`: a step whose loss is not finite leaves no trace."""

import math
from typing import Any

from eagerloop.storage.variables import inner_variable


class Skipping:
    """Undoes what a skipped step did to variables that no optimizer changes, such as BatchNorm's averages.

    Args:
        model: A built model.
    """

    def __init__(self, model: Any) -> None:
        trained = {id(variable) for variable in model.trainable_variables}
        others = [inner_variable(variable) for variable in model.variables if id(variable) not in trained]
        # Seeds are whole numbers and are not kept: the next draw must be another one.
        self._kept = [(variable, variable.numpy()) for variable in others if variable.dtype.is_floating]

    def after(self, loss: float) -> None:
        """Keeps the variables of a good step, or puts those of the last good one back."""
        for number, (variable, value) in enumerate(self._kept):
            if math.isfinite(loss):
                self._kept[number] = (variable, variable.numpy())
            else:
                variable.assign(value)
