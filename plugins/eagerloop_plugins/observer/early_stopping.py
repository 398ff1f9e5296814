"""Ends a run that has stopped getting better."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eagerloop.errors import ConfigError
from eagerloop_plugins.observer.followed_figure import FollowedFigure, Mode

if TYPE_CHECKING:
    import eagerloop


class EarlyStopping:
    """Follows one figure of the history; see `early_stopping`.

    Args:
        figure: What is followed.
        patience: Epochs in a row without improvement after which the run ends.
        restore_best: Whether the run is to answer with its best checkpoint in the end.

    Attributes:
        best: The best figure so far, None before the first.
        best_epoch: Its epoch, 0 before the first.
        waited: How many epochs in a row have brought no improvement.
    """

    def __init__(self, figure: FollowedFigure, patience: int, *, restore_best: bool = False) -> None:
        self._figure, self.patience, self.restore_best = figure, patience, restore_best
        self.best: float | None = None
        self.best_epoch = self.waited = 0

    def on_train_begin(self, run: "eagerloop.Run") -> None:
        """Settles what is followed, so that a wrong name costs no epoch; a run that had stopped, stops again.

        Raises:
            ConfigError: The history will have no such column, nobody knows which way is better, or no checkpoint will be kept
                that could be restored.
        """
        if self.restore_best and getattr(run.checkpointer, "keeps_nothing", False):
            msg = "observer 'early-stopping': option 'restore-best' needs checkpoints, and this run keeps none; leave it out"
            raise ConfigError(msg)
        self._figure.settle(run)
        self._stop_if_due(run)

    def on_epoch_end(self, run: "eagerloop.Run", epoch: int, metrics: Mapping[str, float]) -> None:
        """Compares the epoch with the best one. A figure that is nan is never better."""
        value = float(metrics[self._figure.column])
        if self._figure.is_better(value, self.best):
            self.best, self.best_epoch, self.waited = value, epoch, 0
        else:
            self.waited += 1
            self._stop_if_due(run)

    def on_train_end(self, run: "eagerloop.Run") -> None:
        """Has the run answer with its best checkpoint, if that is wanted; the newest is kept, for a resume goes on from it."""
        if self.restore_best and self.best_epoch:
            steps = sum(int(row["steps"]) for row in run.history[: self.best_epoch])
            if steps < run.position.step and steps in run.store.steps():
                run.answer_with(run.store.read(steps))

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, as JSON: by `best_epoch` and `restore_best`, the engine knows the best checkpoint."""
        kept = {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited}
        return kept | ({"restore_best": True} if self.restore_best else {})

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes up what `state` returned."""
        self.best, self.best_epoch, self.waited = state["best"], state["best_epoch"], state["waited"]

    def _stop_if_due(self, run: "eagerloop.Run") -> None:
        if self.waited < max(1, self.patience):
            return
        best = "is never a number" if self.best is None else f"is best in epoch {self.best_epoch}, {self.best:.6g}"
        epochs = "1 epoch" if self.waited == 1 else f"{self.waited} epochs"
        run.stop(f"{self._figure.column} {best}, and has not improved for {epochs} (patience {self.patience})")


def early_stopping(
    *,
    patience: Annotated[int, typer.Option(min=0, help="epochs in a row without improvement that end the run")] = 5,
    min_delta: Annotated[float, typer.Option(min=0, help="an improvement must be larger than this")] = 0.0,
    monitor: Annotated[str, typer.Option(help="column of the history; auto: val_loss where there is one, else loss")] = "auto",
    mode: Annotated[Mode, typer.Option(help="which way is better; auto: by the column's name")] = "auto",
    restore_best: Annotated[bool, typer.Option(help="let the run answer with its best checkpoint, not the newest")] = False,
) -> EarlyStopping:
    """Stops the run when a figure has not improved for some epochs.

    What it has seen is part of each checkpoint: a resumed run stops in the epoch in which the uninterrupted one would have.

    Args:
        patience: Epochs, at least 0; 0 and 1 both end the run at the first epoch without improvement.
        min_delta: In the figure's own unit, at least 0.
        monitor: `loss`, `total_loss`, a metric's name, one of these with `val_` before it, or `auto`.
        mode: `min`, `max`, or `auto`: higher is better for accuracy, auc, precision, recall, f1, r2, iou, similarity and
            the like, lower for losses and errors; any other name must be told.
        restore_best: Whether the run predicts, evaluates and is exported with the checkpoint of its best epoch from its end on.
            The newest one stays, and a resume goes on from it, to the same bits.

    Returns:
        An observer.

    Raises:
        ConfigError: When the training begins, if the history will have no such column, or its name does not tell the mode.

    Example:
        >>> early_stopping(patience=3).state()
        {'best': None, 'best_epoch': 0, 'waited': 0}

    Source: `keras.callbacks.EarlyStopping`.
    """
    return EarlyStopping(FollowedFigure("early-stopping", monitor, mode, min_delta), patience, restore_best=restore_best)
