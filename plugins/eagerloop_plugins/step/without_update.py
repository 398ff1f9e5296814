"""What lets a step have the gradients of `eagerloop.train_step`, and make the update itself."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagerloop.parts import Optimizer


class WithoutUpdate:
    """Stands in for an optimizer: it scales the loss as that one does, and leaves every variable as it is.

    Args:
        optimizer: The optimizer.
    """

    variables = ()

    def __init__(self, optimizer: "Optimizer") -> None:
        self.optimizer = optimizer

    def scale_loss(self, value: Any) -> Any:
        """The loss as the optimizer wants it differentiated; all but the one of `mixed_float16` want it as it is."""
        return self.optimizer.scale_loss(value) if hasattr(self.optimizer, "scale_loss") else value

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """Nothing."""
