"""The file `history.jsonl` of a run: a row of its history a line."""

import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from eagerloop.storage.files import write_atomically

HISTORY = "history.jsonl"


class HistoryFile:
    """Writes the file anew after each epoch."""

    def __init__(self) -> None:
        self._worded: list[tuple[Any, str]] = []  # the rows that were written last, each with its line

    def write(self, directory: Path, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes it into a directory; the rows that it had already are not worded again.

        Raises:
            TrainingError: It could not be written; the old one is as it was.
        """
        worded = itertools.chain(self._worded, itertools.repeat((None, "")))
        self._worded = [
            (known, line) if known == row else (dict(row), json.dumps(row) + "\n")
            for row, (known, line) in zip(rows, worded, strict=False)
        ]
        write_atomically(directory / HISTORY, "".join(line for _row, line in self._worded), durable=False)
