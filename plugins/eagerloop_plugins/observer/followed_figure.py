"""Which column of the history an observer follows, and which way is better: settled before the first epoch."""

import math
from typing import TYPE_CHECKING, Literal

from eagerloop.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import eagerloop

Mode = Literal["auto", "min", "max"]

HIGHER_IS_BETTER = ("accuracy", "auc", "precision", "recall", "f1", "fbeta", "r2", "iou", "similarity", "specificity",
                    "sensitivity", "correlation", "true_positives", "true_negatives")  # fmt: skip
LOWER_IS_BETTER = ("loss", "error", "entropy", "hinge", "cosh", "poisson", "divergence", "perplexity", "false_positives",
                   "false_negatives", "rmse", "mse", "mae", "mape", "msle")  # fmt: skip
"""Pieces of the names of figures, Keras's among them, that tell which way is better."""


class FollowedFigure:
    """One figure of the history.

    Args:
        observer: Who follows it, for messages.
        monitor: A column of the history, or `auto`.
        mode: Which way is better.
        min_delta: By how much a figure must be better to count as an improvement.

    Attributes:
        column: The column, known once a run has been asked.
    """

    def __init__(self, observer: str, monitor: str, mode: Mode, min_delta: float) -> None:
        self._observer, self._monitor, self._mode, self._min_delta = observer, monitor, mode, min_delta
        self.column, self._sign = "", 1.0

    def settle(self, run: "eagerloop.Run") -> None:
        """Finds the column, so that a wrong name costs no epoch.

        Raises:
            ConfigError: The history will have no such column, or nobody knows which way is better.
        """
        self.column = self._resolve_column(run)
        self._sign = -1.0 if self._resolve_mode() == "max" else 1.0

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a figure is an improvement. One that is nan never is."""
        better = best is None or self._sign * value < self._sign * best - self._min_delta
        return better and not math.isnan(value)

    def _resolve_column(self, run: "eagerloop.Run") -> str:
        by_path = [f"loss/{path}" for path in getattr(run.loss, "by_path", ())]
        columns = ["loss", "total_loss", *by_path, *run.metrics]
        if run.dataset.validation() is not None:
            columns += [f"val_{name}" for name in ("loss", *by_path, *run.metrics)]
        if self._monitor == "auto":
            return "val_loss" if "val_loss" in columns else "loss"
        for column in columns:
            if column.replace("-", "_") == self._monitor.replace("-", "_"):
                return column
        needs = "; val_... needs a dataset with a validation part" if self._monitor.startswith(("val_", "val-")) else ""
        msg = (
            f"observer '{self._observer}': option 'monitor': the history will have no column '{self._monitor}'; "
            f"{did_you_mean(self._monitor, columns)}{needs}"
        )
        raise ConfigError(msg)

    def _resolve_mode(self) -> Mode:
        if self._mode != "auto":
            return self._mode
        name = self.column.partition("/")[0]  # what follows is the path of an output, whatever it is called
        higher = any(piece in name for piece in HIGHER_IS_BETTER)
        lower = any(piece in name for piece in LOWER_IS_BETTER)
        if higher == lower:
            msg = (
                f"observer '{self._observer}': the name '{self.column}' does not tell whether higher or lower is better; "
                "set the option 'mode' to min or max"
            )
            raise ConfigError(msg)
        return "max" if higher else "min"
