"""What type checkers know of the public API. Nothing here is run: mypy and pyright read it.

TensorFlow and Keras have no types, so that tensors and models are `Any`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import eagerloop
from eagerloop import ArrayDataset, Run, Step, errors, parts, tables

if TYPE_CHECKING:
    import numpy as np


def training() -> None:
    """`train`, `load` and `resume` give a Run; `use` gives a Choice."""
    run = eagerloop.train(model="iris", optimizer=eagerloop.use("adam", learning_rate=0.01), epochs=10)
    assert_type(run, Run)
    assert_type(eagerloop.train(progress=False), Run)
    eagerloop.train(progress="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(eagerloop.load("runs/mine"), Run)
    assert_type(eagerloop.load(Path("runs/mine")), Run)
    assert_type(eagerloop.resume("runs/mine", epochs=20, progress=True), Run)
    assert_type(eagerloop.use("adam"), parts.Choice)
    assert_type(run.train(3), Run)
    assert_type(eagerloop.watch(run, every=5), Run)


def a_run(run: Run, x: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]") -> None:
    """What a run has."""
    assert_type(run.directory, Path)
    assert_type(run.steps_per_epoch, int | None)
    assert_type(run.stopping, str)
    assert_type(run.dataset, parts.Dataset)
    assert_type(run.history, list[dict[str, Any]])
    assert_type(run.columns, dict[str, list[Any]])
    assert_type(run.report("page.html").page, Path)
    assert_type(run.evaluate(), dict[str, float])
    assert_type(run.predict(x), Any)  # an array, or the structure of arrays that the model answers with
    assert_type(run.step(x, y), Step)
    run.stop("enough")
    run.save()


def a_step(step: Step) -> None:
    """A named tuple: these five first."""
    x, y, predictions, loss, gradients, *_further = step
    assert_type(step.loss, Any)
    assert_type(str(step), str)
    del x, y, predictions, loss, gradients


def a_dataset(x: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]") -> parts.Dataset:
    """An ArrayDataset is a Dataset."""
    dataset = ArrayDataset((x, y), (x, y), features=["a"], batch_size=5, shuffle=True)
    assert_type(dataset.outputs, int)
    assert_type(dataset.batch_size, int)
    return dataset


def a_table(path: Path) -> None:
    """`tables` holds what reads files of rows."""
    table = tables.read_table(path)
    assert_type(table, tables.Table)
    assert_type(len(table), int)
    assert_type(list(eagerloop.tables.read_blocks(path)), list[tables.Table])


class Linear:
    """A model."""

    def __init__(self) -> None:
        self.variables: list[Any] = []
        self.trainable_variables: list[Any] = []

    def __call__(self, x: Any, training: bool) -> Any:  # noqa: FBT001 - as Keras calls it
        """Predictions."""
        return (x, training)


class Descent:
    """An optimizer."""

    def __init__(self) -> None:
        self.variables: list[Any] = []

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """One update."""


class Archive:
    """A checkpointer."""

    def write(self, directory: Path, state: Mapping[str, Any]) -> None:
        """Writes."""

    def read(self, directory: Path, state: Mapping[str, Any]) -> None:
        """Reads."""


class Count:
    """A metric."""

    def update_state(self, y_true: Any, y_pred: Any) -> None:
        """Counts."""

    def result(self) -> float:
        """The count."""
        return 0.0

    def reset_state(self) -> None:
        """Forgets."""


class Watcher:
    """An observer, which takes only the arguments that it needs."""

    def on_step_end(self, step: Step) -> None:
        """Looks at a step."""

    def on_epoch_end(self, run: Run, epoch: int, metrics: Mapping[str, float]) -> None:
        """Looks at an epoch."""


def squared(y_true: Any, y_pred: Any) -> Any:
    """A loss."""
    return (y_true - y_pred) ** 2


def conforming() -> None:
    """Each kind has a Protocol, which parts of no common base class fulfil."""
    model: parts.Model = Linear()
    loss: parts.Loss = squared
    optimizer: parts.Optimizer = Descent()
    checkpointer: parts.Checkpointer = Archive()
    metric: parts.Metric = Count()
    observer: parts.Observer = Watcher()
    assert_type(eagerloop.train_step(model, loss, optimizer, 1.0, 2.0), Step)
    del checkpointer, metric, observer


def refused() -> None:
    """What lacks a method is no part: each of these must be an error, or its comment is one."""
    optimizer: parts.Optimizer = Count()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    loss: parts.Loss = Watcher()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    eagerloop.load(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    del optimizer, loss


@eagerloop.hookimpl
def provide_losses() -> Mapping[str, Any]:
    """The marker keeps the type of what it marks."""
    return {"squared": lambda: squared}


def marked() -> None:
    """A hook can still be called."""
    assert_type(provide_losses(), Mapping[str, Any])
    fault: errors.EagerloopError = errors.PluginError("no")
    assert_type(fault.exit_code, int)


def names(dataset: parts.Dataset) -> None:
    """What a model may ask of the dataset that it is built for."""
    assert_type(dataset.features, Sequence[str])
    assert_type(dataset.classes, Sequence[str])
    assert_type(dataset.task, parts.Task)
    assert_type(dataset.outputs, int)
