"""The built-in parts. They enter through the entry-point group `eagerloop`, as a stranger's would."""

from collections.abc import Callable
from typing import Any

from eagerloop import hookimpl
from eagerloop_plugins.checkpointer.none import none
from eagerloop_plugins.checkpointer.npz import npz
from eagerloop_plugins.checkpointer.tf import tf
from eagerloop_plugins.dataset.arrays import arrays
from eagerloop_plugins.dataset.csv import csv as csv_dataset
from eagerloop_plugins.dataset.digits import digits
from eagerloop_plugins.dataset.images import images
from eagerloop_plugins.dataset.iris import iris as iris_dataset
from eagerloop_plugins.loss.keras_losses import KERAS_LOSSES
from eagerloop_plugins.loss.mse import mse
from eagerloop_plugins.metric.accuracy import accuracy
from eagerloop_plugins.metric.keras_metrics import KERAS_METRICS
from eagerloop_plugins.metric.r2 import r2
from eagerloop_plugins.metric.rmse import rmse
from eagerloop_plugins.model.cnn import cnn
from eagerloop_plugins.model.iris import iris as iris_model
from eagerloop_plugins.model.keras_file import keras_file
from eagerloop_plugins.model.linear import linear
from eagerloop_plugins.model.mlp import mlp
from eagerloop_plugins.model.text import text
from eagerloop_plugins.observer.csv import csv as csv_observer
from eagerloop_plugins.observer.early_stopping import early_stopping
from eagerloop_plugins.observer.mlflow import mlflow
from eagerloop_plugins.observer.print_loss import print_loss
from eagerloop_plugins.observer.progress import progress
from eagerloop_plugins.observer.reduce_on_plateau import reduce_on_plateau
from eagerloop_plugins.observer.tensorboard import tensorboard
from eagerloop_plugins.observer.wandb import wandb
from eagerloop_plugins.observer.watch import watch
from eagerloop_plugins.optimizer.adam import adam
from eagerloop_plugins.optimizer.keras_optimizers import KERAS_OPTIMIZERS
from eagerloop_plugins.schedule.keras_schedules import KERAS_SCHEDULES
from eagerloop_plugins.step.accumulate import accumulate
from eagerloop_plugins.step.adversarial import adversarial
from eagerloop_plugins.step.sam import sam
from eagerloop_plugins.step.tape import tape

Factories = dict[str, Callable[..., Any]]


@hookimpl
def provide_datasets() -> Factories:
    """What to train on."""
    return {"iris": iris_dataset, "csv": csv_dataset, "arrays": arrays, "digits": digits, "images": images}


@hookimpl
def provide_models() -> Factories:
    """What to train."""
    return {"iris": iris_model, "mlp": mlp, "linear": linear, "cnn": cnn, "text": text, "keras-file": keras_file}


@hookimpl
def provide_losses() -> Factories:
    """What to make small: `mse`, and all that Keras has."""
    return {"mse": mse, **KERAS_LOSSES}


@hookimpl
def provide_schedules() -> Factories:
    """How long the steps are: all that Keras has."""
    return {**KERAS_SCHEDULES}


@hookimpl
def provide_optimizers() -> Factories:
    """How to make it small: `adam`, and all that Keras has."""
    return {"adam": adam, **KERAS_OPTIMIZERS}


@hookimpl
def provide_steps() -> Factories:
    """What to do with a batch: `tape` is the loop's own."""
    return {"tape": tape, "accumulate": accumulate, "sam": sam, "adversarial": adversarial}


@hookimpl
def provide_checkpointers() -> Factories:
    """How to keep what was learnt."""
    return {"tf": tf, "npz": npz, "none": none}


@hookimpl
def provide_metrics() -> Factories:
    """What to measure beside the loss."""
    return {"accuracy": accuracy, "r2": r2, "rmse": rmse, **KERAS_METRICS}


@hookimpl
def provide_observers() -> Factories:
    """Who watches."""
    return {
        "progress": progress,
        "print-loss": print_loss,
        "early-stopping": early_stopping,
        "reduce-on-plateau": reduce_on_plateau,
        "csv": csv_observer,
        "watch": watch,
        "tensorboard": tensorboard,
        "mlflow": mlflow,
        "wandb": wandb,
    }
