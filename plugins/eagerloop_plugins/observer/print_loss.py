"""The guide's own line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import eagerloop


class PrintLoss:
    """Prints the epoch's total loss as the guide does; see `print_loss`."""

    def on_epoch_end(self, run: "eagerloop.Run", epoch: int, metrics: Mapping[str, float]) -> None:  # noqa: ARG002 - the hook's
        """One line, at most seven significant digits, as R prints a number."""
        print(f"Total loss (epoch): {epoch} : {metrics['total_loss']:.7g}", flush=True)  # noqa: T201 - it is what this is for


def print_loss() -> PrintLoss:
    """Prints the guide's line after each epoch: `Total loss (epoch): 1 : 141.2`.

    Returns:
        An observer. The figure is the sum of the losses of the epoch's batches.

    Example:
        >>> print_loss().on_epoch_end(None, epoch=1, metrics={"total_loss": 141.2})
        Total loss (epoch): 1 : 141.2

    Source: the training loop of the guide "Keras with Eager Execution".
    """
    return PrintLoss()
