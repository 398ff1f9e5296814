"""Lowers the learning rate of a run that has stopped getting better."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.followed_figure import FollowedFigure, Mode

if TYPE_CHECKING:
    import eagerloop


class ReduceOnPlateau:
    """Follows one figure of the history; see `reduce_on_plateau`.

    Args:
        figure: What is followed.
        factor: What the rate is multiplied by.
        patience: Epochs in a row without improvement after which the rate is lowered.
        cooldown: Epochs after that in which nothing is counted.
        min_learning_rate: The lowest rate.

    Attributes:
        best: The best figure so far, None before the first.
        waited: How many epochs in a row have brought no improvement.
        cooling: How many epochs are left in which nothing is counted.
    """

    def __init__(self, figure: FollowedFigure, factor: float, patience: int, cooldown: int, min_learning_rate: float) -> None:
        self._figure, self.factor, self.patience = figure, factor, patience
        self.cooldown, self.min_learning_rate = cooldown, min_learning_rate
        self.best: float | None = None
        self.waited = self.cooling = 0

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Settles what is followed, and that there is a rate to lower.

        Raises:
            ConfigError: The history will have no such column, or the optimizer has no learning rate that can be set.
        """
        self._figure.settle(run)
        rates = [getattr(optimizer, "learning_rate", None) for optimizer in _optimizers_of(run)]
        if run.parts.schedule is not None or not all(hasattr(rate, "assign") for rate in rates):
            msg = "observer 'reduce-on-plateau' needs an optimizer with a learning rate of its own, which no schedule sets"
            raise ConfigError(msg)

    def on_epoch_end(self, run: "eagerloop.Run", metrics: Mapping[str, float]) -> None:
        """Compares the epoch with the best one, and lowers the rate where that is due."""
        value = float(metrics[self._figure.column])
        if self.cooling:
            self.cooling, self.waited = self.cooling - 1, 0
        if self._figure.is_better(value, self.best):
            self.best, self.waited = value, 0
        elif not self.cooling:
            self.waited += 1
            if self.waited >= self.patience:
                self._lower(_optimizers_of(run))

    def _lower(self, optimizers: Iterable[Any]) -> None:
        """Lowers every rate that is not the lowest already."""
        for optimizer in optimizers:
            rate = float(optimizer.learning_rate)
            if rate > self.min_learning_rate:
                optimizer.learning_rate.assign(max(rate * self.factor, self.min_learning_rate))
                self.cooling, self.waited = self.cooldown, 0

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, as JSON; the rate is a variable of the optimizer."""
        return {"best": self.best, "waited": self.waited, "cooling": self.cooling}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state` returned."""
        self.best, self.waited, self.cooling = state["best"], state["waited"], state["cooling"]


def _optimizers_of(run: "eagerloop.Run") -> list[Any]:
    """The run's optimizer, or those that it has by path."""
    return [*getattr(run.optimizer, "by_path", {"": run.optimizer}).values()]


def reduce_on_plateau(
    *,
    monitor: Annotated[str, typer.Option(help="column of the history; auto: val_loss where there is one, else loss")] = "auto",
    factor: Annotated[float, typer.Option(min=0, max=1, help="what the rate is multiplied by")] = 0.1,
    patience: Annotated[int, typer.Option(min=0, help="epochs in a row without improvement that lower it")] = 10,
    mode: Annotated[Mode, typer.Option(help="which way is better; auto: by the column's name")] = "auto",
    min_delta: Annotated[float, typer.Option(min=0, help="an improvement must be larger than this")] = 1e-4,
    cooldown: Annotated[int, typer.Option(min=0, help="epochs after a reduction in which nothing is counted")] = 0,
    min_learning_rate: Annotated[float, typer.Option(min=0, help="the lowest rate")] = 0.0,
) -> ReduceOnPlateau:
    """Lowers the rate, of several optimizers each one's, when a figure has stopped improving.

    What it has seen, and the rate, are part of each checkpoint: a resumed run lowers the rate in the epoch in which the
    uninterrupted one would have.

    Args:
        monitor: `loss`, `total_loss`, a metric's name, one of these with `val_` before it, or `auto`.
        factor: From 0 to 1.
        patience: Epochs, at least 0.
        mode: `min`, `max` or `auto`, as for `early-stopping`.
        min_delta: In the figure's own unit, at least 0.
        cooldown: Epochs, at least 0.
        min_learning_rate: At least 0.

    Returns:
        An observer.

    Raises:
        ConfigError: When the training begins, if the history will have no such column, its name does not tell the mode, or the
            optimizer has no learning rate that can be set.

    Example:
        >>> reduce_on_plateau(patience=3).state()
        {'best': None, 'waited': 0, 'cooling': 0}

    Source: `keras.callbacks.ReduceLROnPlateau`.
    """
    figure = FollowedFigure("reduce-on-plateau", monitor, mode, min_delta)
    return ReduceOnPlateau(figure, factor, patience, cooldown, min_learning_rate)
