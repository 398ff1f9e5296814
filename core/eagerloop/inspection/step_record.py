"""What one training step did, as plain values: nothing in here needs TensorFlow, and JSON holds all of it.

Shapes: n rows in a batch, d features, k outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from eagerloop.errors import ConfigError, TrainingError, did_you_mean
from eagerloop.inspection.records.step_json import dumps, loads, read_text
from eagerloop.inspection.records.step_parts import (
    DifferenceRecord,
    Finding,
    LayerRecord,
    LineRecord,
    OperationRecord,
    Severity,
    VariableRecord,
)
from eagerloop.inspection.records.values import BINS, LARGEST, Values
from eagerloop.storage.files import write_atomically

__all__ = [
    "BINS",
    "LARGEST",
    "DifferenceRecord",
    "Finding",
    "LayerRecord",
    "LineRecord",
    "OperationRecord",
    "Severity",
    "StepRecord",
    "Values",
    "VariableRecord",
    "read_step",
]


@dataclass(frozen=True, eq=False, repr=False)
class StepRecord:
    """Everything of one real training step. Print it, ask it for a layer or variable by name, save it, draw it.

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
        x: Features, (n, d).
        y: Targets, (n, k) or (n,).
        predictions: What the model answered while training, (n, k); of several outputs the first.
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
    x: Values
    y: Values
    predictions: Values
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

    def __getitem__(self, name: str) -> Any:
        """The `LayerRecord` or `VariableRecord` of that name.

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
        return {entry.name: entry for entry in entries}

    def __eq__(self, other: object) -> bool:
        """Whether every value is the same."""
        return isinstance(other, StepRecord) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        counts = f"{len(self.layers)} layer calls, {len(self.variables)} variables, {len(self.findings)} findings"
        return f"<StepRecord of step {self.step} (epoch {self.epoch}, batch {self.batch}): loss {self.loss:.6g}, {counts}>"

    def __str__(self) -> str:
        """The step as a text of 80 columns."""
        return str(_drawn("transcript.transcript", "step_transcript", self))

    def _repr_html_(self) -> str:
        """The step as a notebook shows it."""
        return str(_drawn("pages.notebook_cell", "step_cell", self))

    def save_html(self, path: str | Path) -> Path:
        """Writes the step as a page that needs nothing but a browser.

        Raises:
            ConfigError: The file cannot be written.
        """
        return _write(path, str(_drawn("pages.step_page", "step_page", self)))

    def to_json(self) -> str:
        """The whole record as JSON; numbers that JSON has no word for are the texts `nan`, `inf` and `-inf`."""
        return dumps(self)

    @classmethod
    def from_json(cls, text: str) -> "StepRecord":
        """What `to_json` wrote.

        Raises:
            ConfigError: It is no such text; what is wrong, and where.
        """
        return _with_rows(loads(cls, text), "the text")

    def save(self, path: str | Path) -> Path:
        """Writes the record as JSON, which `read_step` reads.

        Raises:
            ConfigError: The file cannot be written.
        """
        return _write(path, self.to_json() + "\n")


def read_step(path: str | Path) -> StepRecord:
    """Reads what `StepRecord.save` wrote.

    Raises:
        ConfigError: There is no such file, or something else is in it.
    """
    return _with_rows(loads(StepRecord, read_text(Path(path)), str(path)), str(path))


def _with_rows(record: StepRecord, where: str) -> StepRecord:
    """The record, if it has a batch with its row."""
    shapes = [values.shape for values in (record.x, record.y, record.predictions)]
    if not all(shapes) or not 0 <= record.row < min(shape[0] for shape in shapes[:2]):
        msg = (
            f"{where}: expected x, y and predictions with rows, and row {record.row} among them, got the shapes {shapes}; "
            "the record was changed or cut off: record the step again"
        )
        raise ConfigError(msg)
    return record


def _drawn(module: str, function: str, record: StepRecord) -> Any:
    """The drawing stands on the record, so the record looks it up when it is asked for one."""
    return getattr(import_module(f"eagerloop.inspection.{module}"), function)(record)


def _write(path: str | Path, text: str) -> Path:
    try:
        write_atomically(Path(path), text, durable=False)
    except TrainingError as error:
        raise ConfigError(str(error)) from error
    return Path(path)
