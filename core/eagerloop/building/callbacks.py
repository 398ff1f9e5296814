"""Keras's callbacks as observers: those that a run can serve; for the others, what to take instead."""

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from eagerloop.errors import PluginError
from eagerloop.standing import ObservedRun

SERVED = ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_end", "on_batch_end")
"""Methods of a callback that a run calls."""

OF_STEPS = SERVED[-2:]

INSTEAD = {
    "ModelCheckpoint": "the run saves itself after each epoch: take save_every= and keep=",
    "OrbaxCheckpoint": "the run saves itself after each epoch: take save_every= and keep=",
    "BackupAndRestore": "eagerloop.resume goes on where a run was stopped: leave it out",
    "LearningRateScheduler": "take schedule=, a function of the step or a schedule of Keras",
    "ReduceLROnPlateau": "take the observer 'reduce-on-plateau'",
    "TensorBoard": "take the observer 'tensorboard'",
    "ProgbarLogger": "take progress=True",
    "TerminateOnNaN": "the run itself stops at a loss that is not finite: leave it out",
    "SwapEMAWeights": "no observer swaps weights: leave it out",
}
"""Callbacks of Keras that are refused, and why, or what does the same here and is kept in the checkpoints."""

NO_FIGURES = ("epoch", "steps", "total_loss", "seconds")
"""Columns of the history that `fit` does not give to a callback."""


def as_observer(part: Any) -> Any:
    """An observer as it is; of a callback of Keras, an observer that calls it.

    Args:
        part: What was given as an observer.

    Returns:
        An object with lifecycle hooks.

    Raises:
        PluginError: It is a callback that no run can serve, with what to take instead.

    Source: `keras.callbacks.Callback`.
    """
    if not isinstance(part, keras.callbacks.Callback):
        return part
    _refuse_unserved(part)
    return CallbackOfSteps(part) if any(_has(part, name) for name in OF_STEPS) else CallbackOfEpochs(part)


def _refuse_unserved(callback: Any) -> None:
    name = type(callback).__name__
    for known, instead in INSTEAD.items():
        if isinstance(callback, getattr(keras.callbacks, known, ())):
            msg = f"the callback {name} cannot be an observer; {instead}"
            raise PluginError(msg)
    if getattr(callback, "restore_best_weights", False):
        msg = (
            f"the callback {name} restores weights when the run has been saved, so the run and its checkpoint would differ; "
            "leave restore_best_weights out, or take the observer 'early-stopping'"
        )
        raise PluginError(msg)
    unserved = [key for key in dir(keras.callbacks.Callback) if key.startswith("on_") and key not in SERVED]
    own = [key for key in unserved if _has(callback, key)]
    if own:
        known = f"it may have {', '.join(SERVED[:5])}"
        msg = f"the callback {name} has {', '.join(own)}, which no run calls; {known}: leave it out, or write an observer"
        raise PluginError(msg)


def _has(callback: Any, name: str) -> bool:
    """Whether a callback has a method of its own, by its class or set on it."""
    return name in vars(callback) or getattr(type(callback), name) is not getattr(keras.callbacks.Callback, name)


class ModelOfCallback:
    """The run's model as a callback sees it: with the run's optimizer, and a wish to stop. What is set here is set here alone.

    Args:
        run: The run.

    Attributes:
        stop_training: Whether the callback wants the run to end.
        optimizer: The run's: the model itself was never compiled.
    """

    def __init__(self, run: ObservedRun) -> None:
        self._model, self.optimizer = run.model, run.optimizer
        self.stop_training = False

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """What the model answers."""
        return self._model(*inputs, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class CallbackOfEpochs:
    """An observer that calls a callback of Keras at the ends of epochs; epochs are counted from 0 there.

    Args:
        callback: The callback.
    """

    def __init__(self, callback: Any) -> None:
        self.callback = callback
        self._model: Any = None
        self._logs: dict[str, float] = {}

    def on_train_begin(self, run: ObservedRun) -> None:
        """Shows the callback the model, and how long the run is to be."""
        name = type(self.callback).__name__
        if run.position.step:
            warnings.warn(
                f"the callback {name} begins anew after {run.position.step} steps: no checkpoint holds what it had seen",
                stacklevel=2,
            )
        self._model = ModelOfCallback(run)
        self.callback.set_params({"epochs": run.epochs, "steps": run.steps_per_epoch, "verbose": 0})
        self.callback.set_model(self._model)
        self.callback.on_train_begin({})
        self._stop_if_wanted(run)

    def on_epoch_begin(self, run: ObservedRun, epoch: int) -> None:
        """As `fit` does before an epoch."""
        self.callback.on_epoch_begin(epoch - 1, {})
        self._stop_if_wanted(run)

    def on_epoch_end(self, run: ObservedRun, epoch: int, metrics: Mapping[str, float]) -> None:
        """Gives the callback the epoch's figures, those of the validation among them."""
        self._logs = {name: float(value) for name, value in metrics.items() if name not in NO_FIGURES}
        self.callback.on_epoch_end(epoch - 1, dict(self._logs))
        self._stop_if_wanted(run)

    def on_train_end(self) -> None:
        """Ends the callback, with the last epoch's figures."""
        self.callback.on_train_end(dict(self._logs))

    def _stop_if_wanted(self, run: ObservedRun) -> None:
        if self._model.stop_training:
            run.stop(f"the callback {type(self.callback).__name__} stops the training")


class CallbackOfSteps(CallbackOfEpochs):
    """The same for a callback that looks at steps, too; batches are counted from 0 there, in each epoch."""

    def on_step_end(self, run: ObservedRun) -> None:
        """Gives the callback the figures of the epoch so far, as `fit` does."""
        logs = {"loss": float(run.loss_so_far)} | {name: float(value) for name, value in run.figures_so_far.items()}
        self.callback.on_train_batch_end(run.position.batch - 1, logs)
        self._stop_if_wanted(run)
