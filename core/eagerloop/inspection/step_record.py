"""A recorded step that draws itself: as a text, in a notebook, as a page."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eagerloop.errors import ConfigError, TrainingError
from eagerloop.inspection.records.step_facts import StepFacts, with_rows
from eagerloop.inspection.records.step_json import loads, read_text
from eagerloop.inspection.records.step_parts import (
    DifferenceRecord,
    Finding,
    LayerRecord,
    LineRecord,
    OperationRecord,
    Place,
    Severity,
    VariableRecord,
)
from eagerloop.inspection.records.values import BINS, LARGEST, Values
from eagerloop.storage.files import write_atomically, write_where_named

__all__ = [
    "BINS",
    "LARGEST",
    "DifferenceRecord",
    "Finding",
    "LayerRecord",
    "LineRecord",
    "OperationRecord",
    "Place",
    "Severity",
    "StepRecord",
    "Values",
    "VariableRecord",
    "read_step",
]


@dataclass(frozen=True, eq=False, repr=False)
class StepRecord(StepFacts):
    """Everything of one real training step. Print it, ask it for a layer or variable by name, save it, draw it.

    Its attributes are those of `eagerloop.inspection.records.step_facts.StepFacts`.
    """

    def __str__(self) -> str:
        """The step as a text of 80 columns."""
        from eagerloop.inspection.transcript.transcript import step_transcript  # noqa: PLC0415 - drawn when asked for

        return step_transcript(self)

    def _repr_html_(self) -> str:
        """The step as a notebook shows it."""
        from eagerloop.inspection.pages.notebook_cell import step_cell  # noqa: PLC0415

        return str(step_cell(self))

    def save_html(self, path: str | Path) -> Path:
        """Writes the step as a page that needs nothing but a browser.

        Raises:
            ConfigError: The file cannot be written.
        """
        from eagerloop.inspection.pages.step_page import step_page  # noqa: PLC0415

        return _write(path, str(step_page(self)), write_where_named)

    def save(self, path: str | Path) -> Path:
        """Writes the record as JSON, which `read_step` reads.

        Raises:
            ConfigError: The file cannot be written.
        """
        return _write(path, self.to_json() + "\n", functools.partial(write_atomically, durable=False))


def read_step(path: str | Path) -> StepRecord:
    """Reads what `StepRecord.save` wrote.

    Raises:
        ConfigError: There is no such file, or something else is in it.
    """
    return with_rows(loads(StepRecord, read_text(Path(path)), str(path)), str(path))


def _write(path: str | Path, text: str, write: Callable[[Path, str], None]) -> Path:
    try:
        write(Path(path), text)
    except TrainingError as error:
        raise ConfigError(str(error)) from error
    return Path(path)
