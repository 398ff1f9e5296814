"""What one training step did, as plain values: nothing in here needs TensorFlow, and JSON holds all of it.

Shapes: n rows in a batch, d features, k outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.inspection.records.leaves import Kept, Leaves, named
from eagerloop.inspection.records.step_json import dumps, loads
from eagerloop.inspection.records.step_parts import (
    DifferenceRecord,
    Finding,
    LayerRecord,
    LineRecord,
    OperationRecord,
    VariableRecord,
)
from eagerloop.inspection.records.values import OPTIONAL, Values


@dataclass(frozen=True, eq=False, repr=False)
class StepFacts:
    """Everything of one real training step. `eagerloop.inspection.step_record.StepRecord` draws it.

    Attributes:
        epoch: Counted from 1.
        batch: Which batch of the epoch, counted from 0.
        step: Which step of the run, counted from 1.
        seed: The run's.
        parts: The names of the parts, by kind: `{"dataset": "iris", "model": "iris", ...}`.
        task: `regression` or `classification`.
        features: The columns of x, by name.
        targets: The columns of y, by name.
        classes: The classes by name, in the order of their numbers; empty for a regression.
        file: The file of the loop's source, relative to the package: `eagerloop/loop.py`.
        lines: The lines of `train_step`, in order, but for its docstring.
        x: Features, (n, d); `Leaves` by path where it is a structure of tensors, as y and the predictions.
        y: Targets, (n, k) or (n,).
        predictions: What the model answered while training, (n, k).
        row_losses: The loss of each row alone, (n,); None where it cannot be had.
        loss: What was minimised, penalties included.
        penalties: The model's own losses, by the order in which it gives them.
        baseline: The loss of predicting the mean of the batch's targets (for classes, their shares); None where there is none.
        loss_after: The loss of the same batch with the same draws (Dropout's) after the update.
        layers: Every call of a layer, in order.
        variables: Every variable of the model, trainable or not, but for the states in `seeds`.
        optimizer: The optimizer's numbers at this step: `{"class": "Adam", "learning_rate": 0.001, "beta_1": 0.9, ...}`.
        iterations: How many updates the optimizer had made before.
        seeds: The state of every generator of the model before and after, by name.
        differences: Gradients checked by finite differences.
        operations: Every operation that ran; empty unless asked for.
        findings: The mistakes that were recognised.
        versions: Of eagerloop, TensorFlow, Keras, NumPy, Python.
        row: The row of the batch that a drawing works out by hand, counted from 0.
        sample_weight: How much each row counts, (n,); None where all count alike.
    """

    epoch: int
    batch: int
    step: int
    seed: int
    parts: Mapping[str, str]
    task: str
    features: Sequence[str]
    targets: Sequence[str]
    classes: Sequence[str]
    file: str
    lines: Sequence[LineRecord]
    x: Kept
    y: Kept
    predictions: Kept
    row_losses: Values | None
    loss: float
    penalties: Sequence[float]
    baseline: float | None
    loss_after: float
    layers: Sequence[LayerRecord]
    variables: Sequence[VariableRecord]
    optimizer: Mapping[str, Any]
    iterations: int
    seeds: Mapping[str, tuple[Values, Values]]
    differences: Sequence[DifferenceRecord] = ()
    operations: Sequence[OperationRecord] = ()
    findings: Sequence[Finding] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    row: int = 0
    sample_weight: Values | None = field(default=None, metadata=OPTIONAL)

    @property
    def given(self) -> dict[str, Values]:
        """What went in, by name: `x/city`, `y/age`, `sample_weight`."""
        weights = {} if self.sample_weight is None else {"sample_weight": self.sample_weight}
        return named("x", self.x) | named("y", self.y) | weights

    @property
    def answered(self) -> dict[str, Values]:
        """What came out, by name: `predictions`, or `predictions/age` and so on."""
        return named("predictions", self.predictions)

    @property
    def rows(self) -> int:
        """How many rows the batch has."""
        return next(iter(named("x", self.x).values())).shape[0]

    @property
    def told_of_structures(self) -> str:
        """A sentence on what is not worked out by hand, where there is more than one tensor of targets or predictions."""
        if not isinstance(self.y, Leaves) and not isinstance(self.predictions, Leaves):
            return ""
        return f"no sum by hand: {'the targets are empty' if self.y_is_empty else 'the loss is of several tensors'}"

    @property
    def y_is_empty(self) -> bool:
        """Whether there are no targets."""
        return isinstance(self.y, Leaves) and not len(self.y)

    @property
    def told_of_gradients(self) -> str:
        """A sentence on a step of one's own that tells another loss than the one that it has differentiated; else nothing."""
        if self.file == "eagerloop/loop.py" or all(check.agrees for check in self.differences):
            return ""
        return "where the two differ, the step's gradients are not those of the loss that it tells: it means so, or is wrong"

    def __getitem__(self, name: str) -> Any:
        """The `LayerRecord` or `VariableRecord` of that name, or the values: `record["x/city"]`.

        Raises:
            ConfigError: There is none; with the nearest name.
        """
        if name not in self:
            msg = f"the record has no layer or variable {name!r}; {did_you_mean(str(name), self._named())}"
            raise ConfigError(msg)
        return self._named()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._named()

    def _named(self) -> dict[str, Any]:
        entries: list[Any] = [*self.variables, *self.layers]
        return self.given | self.answered | {entry.name: entry for entry in entries}

    def __eq__(self, other: object) -> bool:
        """Whether every value is the same."""
        return isinstance(other, StepFacts) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        counts = f"{len(self.layers)} layer calls, {len(self.variables)} variables, {len(self.findings)} findings"
        return f"<StepRecord of step {self.step} (epoch {self.epoch}, batch {self.batch}): loss {self.loss:.6g}, {counts}>"

    def to_json(self) -> str:
        """The whole record as JSON; numbers that JSON has no word for are the texts `nan`, `inf` and `-inf`."""
        return dumps(self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote.

        Raises:
            ConfigError: It is no such text; what is wrong, and where.
        """
        return with_rows(loads(cls, text), "the text")


Facts = TypeVar("Facts", bound=StepFacts)


def with_rows(record: Facts, where: str) -> Facts:
    """The record, if it has a batch with its row."""
    given = [values.shape for name, values in record.given.items()]
    answered = [values.shape for values in record.answered.values()]
    whole = named("x", record.x) and all(given) and (all(answered) or isinstance(record.predictions, Leaves))
    if not whole or not 0 <= record.row < min(shape[0] for shape in given):
        msg = (
            f"{where}: expected x, y and predictions with rows, and row {record.row} among them, got the shapes "
            f"{given + answered}; the record was changed or cut off: record the step again"
        )
        raise ConfigError(msg)
    return record
