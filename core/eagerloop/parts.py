"""What each part must do: one Protocol per kind, in the order of building. n rows in a batch, d features, k outputs.

A part is made by a **factory**: a callable whose annotated keyword parameters are the part's options (see
`eagerloop.choices.options`) and whose docstring's first line is its summary. The parameters named `seed` and `dataset` are not
options: the engine fills them in, with the run's seed and the dataset that was built for the run. What is made after the model
may ask for `model` in the same way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

KINDS = ("dataset", "model", "loss", "schedule", "optimizer", "step", "checkpointer", "metric", "observer")
"""Every kind of part. A run has one of each of the first seven, or no schedule, and any number of the last two."""

SINGLE = KINDS[:7]
Task = Literal["regression", "classification", "other"]


@dataclass(frozen=True, repr=False)
class Choice:
    """A part and its options as a user chose them; `eagerloop.use` makes one.

    Attributes:
        part: `NAME`, `DISTRIBUTION/NAME`, `path/to/file.py:NAME`, or the finished object itself.
        options: Values by the factory's parameter names.
        path: What the part is for, where a kind has several: an output of the model, or the attribute that an optimizer trains.
    """

    part: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"use({self.part!r}{options})"


def use(part: str, **options: object) -> Choice:
    """Chooses a part and sets some of its options.

    Args:
        part: `NAME`, `DISTRIBUTION/NAME` or `path/to/file.py:NAME`.
        **options: Values for the factory's parameters; the others keep their defaults.

    Returns:
        What `eagerloop.train` takes for any part.

    Example:
        >>> use("adam", learning_rate=0.01)
        use('adam', learning_rate=0.01)
    """
    return Choice(part, options)


class Dataset(Protocol):
    """Batches of `(x, y)`, or of `(x, y, sample_weight)`, for training and for testing.

    x, y and the weights are each a tensor, or dicts and tuples of tensors, ragged ones too; the first axis is the n rows. y may
    be `()`. Weights are (n,), at least 0.

    An object of one's own needs `train`, `test`, `features`, `targets` and `task`; the engine knows what to take for the rest.
    This is all that it ever looks for, but for what `TableDataset` names.

    Attributes:
        features: The d columns of x, by name.
        targets: The columns of y, by name.
        task: `"classification"` if y holds class numbers, `"regression"` if it holds numbers, `"other"` if it is a structure.
        classes: The k classes by name, in the order of their numbers; empty for a regression.
        outputs: k, how many numbers a model must give for a row.
        fingerprint: A digest of the data: the same data, the same text.
        exact: Whether any position is reached exactly; if not, `note` says why.
    """

    features: Sequence[str]
    targets: Sequence[str]
    task: Task
    classes: Sequence[str]
    outputs: int
    fingerprint: str
    exact: bool
    note: str

    @property
    def target_moments(self) -> tuple[Sequence[float], Sequence[float]] | None:
        """Means and deviations of the k training targets; None for classes, and if nobody knows."""

    @property
    def batches_per_epoch(self) -> int | None:
        """How many batches `train` gives in an epoch; None if nobody knows before."""

    @property
    def first_batch(self) -> tuple[Any, ...] | None:
        """The first batch of the first epoch, where asking `train` for it would count; else None."""

    @property
    def keys(self) -> Mapping[str, Sequence[Any]] | None:
        """The rows' keys by `"train"` and `"test"`, by which the contract suite tells rows apart; else None."""

    def train(self, epoch: int, start: int = 0) -> "tf.data.Dataset":
        """The batches of an epoch (counted from 1), from batch `start` (counted from 0) on."""

    def test(self) -> "tf.data.Dataset":
        """The batches held back for the end."""

    def validation(self) -> "tf.data.Dataset | None":
        """The batches to evaluate on after each epoch, or None."""


class TableDataset(Protocol):
    """A dataset that comes from a table, and reads another `eagerloop.tables.Table` as well: `eagerloop predict` asks for it.

    Its `columns` are those of a table that `encode` needs, which stand beside the predictions. It may have `decided`, options
    that followed from the data, for the record; `in_short`, a line that `train` prints; `usual_answer`, the training targets'
    mean or the most frequent class's number, that a model must beat; `columns_seen()`, a `SeenColumn` for each column; and
    `carried`, columns of ids, which stand beside predictions where a table has them.
    """

    columns: Sequence[str]

    def encode(self, table: Any) -> Any:
        """X of new rows, (n, d), in the same form as the training data."""

    def target_values(self, table: Any) -> "np.ndarray[Any, Any] | None":
        """Y of new rows; None if the table lacks a target, or has no value of it."""

    def test_pieces(self) -> Iterator[tuple[Mapping[str, Sequence[Any]], Any, Any]]:
        """The test rows, some at a time: their columns as they stood in the table, x and y."""


@runtime_checkable
class Model(Protocol):
    """A callable from x to predictions: a Keras model or a `tf.Module`."""

    @property
    def variables(self) -> Sequence[Any]:
        """All state, trainable or not."""

    @property
    def trainable_variables(self) -> Sequence[Any]:
        """What the optimizer may change."""

    def __call__(self, x: Any, training: bool) -> Any:  # noqa: FBT001 - Keras passes it by name
        """Predictions of shape (n, k) for x of shape (n, d), or structures; Dropout and the like act only while training."""


class Loss(Protocol):
    """A callable that says how wrong predictions are, in one number.

    One whose parameters name `x` or `sample_weight` is given those as well, by name; the weights are None where there are none.

    What it takes the predictions for is asked of its `from_logits`, if it has one. One that sets `of_quantities = True`
    compares them with the targets themselves: for a classification by one output, with 0 and 1.
    """

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """A float scalar: the mean over the batch, if `loss` in the history is to be a mean over examples.

        Or that and a dict of further scalars by name, for the history: the terms of a sum, say.
        """


@runtime_checkable
class Schedule(Protocol):
    """Gives the learning rate of a step: a function, or a `keras.optimizers.schedules.LearningRateSchedule`."""

    def __call__(self, step: "tf.Tensor") -> "tf.Tensor | float":
        """One number of at least 0, for the number of updates so far, an int64 scalar from 0 on."""


@runtime_checkable
class Optimizer(Protocol):
    """Changes variables by their gradients. `build(variables)`, where it exists, is called before the first step."""

    @property
    def variables(self) -> Sequence[Any]:
        """All state: slots, step counter, learning rate. It is saved and restored."""

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> object:
        """One update."""


class TrainStep(Protocol):
    """The inside of the loop: what is done with one batch. `eagerloop.train_step` is the built-in one.

    What else it may have:

    - `variables`: its own state. It is saved, and restored when the run is resumed. What it keeps in Python is not.
    - `build(model, optimizer, variables)`: called once, before the first step, when the variables of model and optimizer are
      there, to make its own; `variables` are those that are trained, or would be if every layer were thawed.
    - `distributed = True`: it may run on several replicas at once. Each calls it with its share of the rows, and with a
      stand-in for the optimizer that weighs what `scale_loss` is given, and leaves the update to the whole. So it must
      differentiate `optimizer.scale_loss(value)`, where there is that method, and make one update, with `Step.gradients`.
    - `measure(model, loss, x, y)`: the same for an evaluation: it changes nothing, and returns a `Step` without gradients.
    - a parameter `sample_weight`: how much each row counts, (n,); without it, it takes no data that have weights.
    """

    def __call__(self, model: Model, loss: Loss, optimizer: Optimizer, x: Any, y: Any) -> Any:
        """One step on x, (n, d), and y, (n, k) or (n,): it changes the variables, and returns an `eagerloop.Step`."""


@runtime_checkable
class Checkpointer(Protocol):
    """Writes variables to files and reads them back, bit for bit.

    The engine's store turns this into crash-safe checkpoints: the directory is a temporary one, checksummed, made durable
    and renamed when `write` has returned, and verified before `read` is called. One that sets `keeps_nothing = True` is never
    asked: its runs have no checkpoints.
    """

    def write(self, directory: Path, state: Mapping[str, "tf.Variable"]) -> None:
        """Writes every variable below `directory`, which exists and is empty."""

    def read(self, directory: Path, state: Mapping[str, "tf.Variable"]) -> None:
        """Assigns what `write` wrote. Names, shapes and dtypes have been compared already."""


@runtime_checkable
class Metric(Protocol):
    """A figure over an epoch: a Keras metric, or an object with its three methods.

    Where rows have weights, `update_state` is given them as a third argument, `sample_weight`.

    One that keeps its figures in Python may have `state()`, which returns JSON, and `restore(state)`: then they go on where
    they were when a run is resumed in the middle of an epoch.
    """

    def update_state(self, y_true: Any, y_pred: Any) -> object:
        """Takes one batch into account."""

    def result(self) -> object:
        """The figure over all batches since the last reset."""

    def reset_state(self) -> object:
        """Forgets all batches."""


class Observer(Protocol):
    """An object with at least one of the hooks of `eagerloop.hooks.LifecycleHooks`; any of their arguments may be left out.

    One with `state()`, which returns JSON, and `restore(state)` goes on where it was when a run is resumed. A `best_epoch` in
    its state (counted from 1, 0 for none yet) says which checkpoint is the best; `restore_best`, that the run answers with it.

    A type cannot say "at least one of": a run refuses an object that has none, or a misspelt one, before it begins.
    """
