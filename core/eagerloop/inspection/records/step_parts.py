"""The parts of a step's record: its layers, variables, lines, operations, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from eagerloop.inspection.records.values import OPTIONAL, Values

Severity = Literal["error", "warning", "hint"]


@dataclass(frozen=True, eq=False)
class LayerRecord:
    """One call of one layer.

    Attributes:
        name: The layer's name without the numbers that Keras appends: `dense1`. Called twice, the second is `dense1 (2)`.
        kind: Its class: `Dense`.
        activation: The name of its activation function, or an empty text.
        inputs: What went in; one entry for each tensor.
        output: What came out.
        gradient: The gradient of the loss with respect to the output; None where the loss does not depend on it.
        dead: The share of output units that are 0 in every row of the batch, from 0 to 1.
        variables: The names of its own variables, as in `StepRecord.variables`.
    """

    name: str
    kind: str
    activation: str
    inputs: tuple[Values, ...]
    output: Values
    gradient: Values | None
    dead: float
    variables: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class VariableRecord:
    """One variable of the model.

    Attributes:
        name: Layer and variable: `dense1/kernel`.
        trainable: Whether the optimizer changes it.
        value: Before the step.
        gradient: Of the loss; None where the loss does not depend on it, or it is not trainable.
        update: After the step minus before.
        ratio: The norm of the update over that of the value: how far the step went. 0.0 where the value is 0.
        slots: The optimizer's own values for this variable, before and after: `{"momentum": (before, after), ...}`.
    """

    name: str
    trainable: bool
    value: Values
    gradient: Values | None
    update: Values
    ratio: float
    slots: Mapping[str, tuple[Values, Values]] = field(default_factory=dict)


@dataclass(frozen=True)
class LineRecord:
    """One line of the loop's own source.

    Attributes:
        number: Its number in `file`.
        text: As it stands there, indented.
        seconds: What it took; 0.0 for a line that does nothing by itself.
    """

    number: int
    text: str
    seconds: float


@dataclass(frozen=True)
class OperationRecord:
    """One TensorFlow operation that ran (`--ops`).

    Attributes:
        line: The number of the loop's line that it ran for.
        name: Its type: `MatMul`.
        inputs: The shapes of its inputs, as text: `(10, 4) float32`.
        outputs: Those of its outputs.
        layer: The layer that it ran in, or an empty text.
    """

    line: int
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layer: str = ""


@dataclass(frozen=True)
class DifferenceRecord:
    """A gradient checked by finite differences: (loss(w + h) - loss(w - h)) / 2h for one weight, the same draws each time.

    Attributes:
        variable: Its name.
        index: Which element.
        value: The element.
        gradient: What the tape says.
        difference: What the two losses say.
    """

    variable: str
    index: tuple[int, ...]
    value: float
    gradient: float
    difference: float

    @property
    def agrees(self) -> bool:
        """Whether the two are alike, but for rounding and a kink nearby."""
        return abs(self.gradient - self.difference) <= 0.2 * max(abs(self.gradient), abs(self.difference)) + 1e-2


@dataclass(frozen=True)
class Place:
    """The line of somebody's code that a finding is about.

    Attributes:
        kind: Which part it belongs to: `step`, `loss`, `model` and so on.
        file: The name of its file.
        line: The number of the line in it, counted from 1.
        lines: That line, and some of its function or class around it.
    """

    kind: str
    file: str
    line: int
    lines: tuple[LineRecord, ...]


@dataclass(frozen=True)
class Finding:
    """A mistake that was recognised.

    Attributes:
        id: `EL01` to `EL20`.
        severity: `error`: it does not learn what was meant; `warning`: it probably does not; `hint`: look here.
        title: The mistake in a few words.
        happened: What happened and where, with the numbers of this step.
        fix: What to do.
        place: The line that is at fault; None where it is in no code of the user's, or cannot be told.
    """

    id: str
    severity: Severity
    title: str
    happened: str
    fix: str
    place: Place | None = field(default=None, metadata=OPTIONAL)

    def __str__(self) -> str:
        return f"{self.id} {self.severity}: {self.happened}; {self.fix}"
