"""Whatever is saved can be opened: the reader's own checks, made by the writer while something can be done about it."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eagerloop.building.run_parts import RunParts
from eagerloop.errors import CheckpointError, TrainingError
from eagerloop.running.snapshots import check_content, refuse_row
from eagerloop.storage.checkpoint import Checkpoint
from eagerloop.storage.rows import Row, SpoiltRowError, Wording
from eagerloop.storage.variables import Table, table_of, without_place

WHEN = {
    "model": "when it is made or called first, also with training=False",
    "loss": "when it is made",
    "optimizer": "in build(variables), which is called before the first step",
    "metric": "in its first update_state, which is called before the first step",
}
"""When the parts of a kind have to make their variables: what is made later, a process that opens the run does not have."""

SHOWN = 3
"""Variables that a message names."""

REFUSALS = (CheckpointError, TypeError, ValueError, RecursionError)
"""What the form of a state is refused with, by the reader or by JSON."""


class Readable:
    """Refuses what no process could open again, before any of it is written.

    Args:
        parts: The parts of a run, as they are made: as whoever opens the run will have them.
        directory: Where the checkpoints will be, for messages.
    """

    def __init__(self, parts: RunParts, directory: Path) -> None:
        self._made = table_of(parts.variables)
        self._words = [*parts.origins]
        self._directory, self._worded = directory, Wording()

    def __call__(self, content: Mapping[str, Any]) -> tuple[dict[str, Any], list[Row]]:
        """What a checkpoint is to say, as a reader will see it.

        Args:
            content: What `eagerloop.running.snapshots.snapshot` returned.

        Returns:
            The entries of the manifest but the history, and the rows of the history.

        Raises:
            TrainingError: It is not JSON, or a reader would refuse it.
        """
        self._refuse_late_variables(content["variables"])
        rows = self.rows(content["history"], content["record"], refuse_row)
        rest = {**content, "history": []}
        try:
            seen: dict[str, Any] = json.loads(json.dumps(rest))
            check_content(Checkpoint(self._directory, seen))
        except REFUSALS as error:
            key = _refused(rest, error)
            raise TrainingError(_spoilt(f"'{key}' of this state", rest[key], content["record"])) from error
        del seen["history"]
        return seen, rows

    def rows(
        self, history: Any, record: Mapping[str, Any], refuse: Callable[[dict[str, Any]], None] = lambda _row: None
    ) -> list[Row]:
        """A history as it is written; each row is looked at once, and again when it has changed.

        Args:
            history: The rows of now.
            record: The run's record, for the message.
            refuse: Raises where a row may not be written.

        Raises:
            TrainingError: A row is no JSON, or is refused.
        """
        if not isinstance(history, list | tuple):
            raise TrainingError(_spoilt("'history' of this state", history, record))
        try:
            return self._worded(history, refuse)
        except SpoiltRowError as error:
            raise TrainingError(_spoilt(f"row {error.number} of the history", history[error.number - 1], record)) from error

    def _refuse_late_variables(self, present: Table) -> None:
        if present == self._made:
            return
        before, now = _counted(self._made), _counted(present)
        changed = [*(now - before), *(before - now)] or [*now]  # or they are the same ones in another order
        owner = changed[0][0].partition("/")[0]
        own = [row for row in changed if row[0].partition("/")[0] == owner]
        shown = ", ".join(f"{name.removeprefix(f'{owner}/')} {shape} {dtype}" for name, shape, dtype in own[:SHOWN])
        more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
        part = next((words for words in self._words if words.startswith(f"{owner} ")), owner)
        what = f"{part} has made, changed or dropped variables since the run was put together: {shown}{more}"
        msg = f"{what}; no process could open a checkpoint of them, so nothing was saved: let it make them {WHEN[owner]}"
        raise TrainingError(msg)


def _spoilt(what: str, value: Any, record: Mapping[str, Any]) -> str:
    """The message for something that an observer has changed."""
    observers = ", ".join(each["name"] for each in record.get("observer", ())) or "none"
    found = " ".join(repr(value).split())
    fault = f"{what} is not what a run writes there, and nobody could open it again: {found:.200}"
    return f"{fault}; nothing was saved: let the observer that changed it ({observers}) work on a copy"


def _counted(table: Table) -> Counter[tuple[str, tuple[int, ...], str]]:
    """The variables of a table without their places: one more among them moves all that follow."""
    return Counter((without_place(name), tuple(shape), dtype) for name, shape, dtype in table)


def _refused(content: Mapping[str, Any], error: Exception) -> str:
    """Which entry it is: the one that the reader names, or the one that is no JSON."""
    named = re.search(r"its '(\w+)' is missing", str(error))
    return named[1] if named else next(key for key, value in content.items() if not _is_json(value))


def _is_json(value: Any) -> bool:
    with contextlib.suppress(TypeError, ValueError, RecursionError):
        return bool(json.dumps(value))
    return False
