"""A run directory that this process only reads: another one writes there, or nobody does."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eagerloop.storage.rows import Row
from eagerloop.storage.run_directory import RUNS, RunDirectory
from eagerloop.storage.store import Store


class ReadOnlyStore(Store):
    """Checkpoints to be read."""

    def set_aside_damaged(self) -> None:
        """Nothing: whoever writes here renames."""

    def keep_history(self, rows: Sequence[Row]) -> None:
        """Nothing: whoever writes here keeps it."""

    def prune(self, keep: int, best: int | None = None) -> None:
        """Nothing: whoever writes here removes."""


class ReadOnlyDirectory(RunDirectory):
    """A run's directory to be read; it need not exist unless the run is resumed."""

    writes = False
    kind_of_store = ReadOnlyStore

    @staticmethod
    def refuse_taken(path: Path | None, *, overwrite: bool = False, typed: bool = False) -> None:
        """Whatever is there: whoever writes here may just have made it."""

    @classmethod
    def new(cls, path: Path | None, model: str, dataset: str, *, overwrite: bool = False) -> RunDirectory:  # noqa: ARG003 - for who writes here
        """Nothing is made."""
        return cls(path or RUNS)

    def write_run_toml(self, content: Mapping[str, Any]) -> bool:  # noqa: ARG002 - for who writes here
        """Nothing."""
        return False

    def clean(self) -> None:
        """Nothing."""

    def discard(self) -> None:
        """Nothing."""

    def stay(self) -> None:
        """Nothing: nothing is written."""

    def write_history(self, rows: Sequence[Row]) -> None:
        """Nothing."""

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """The lock is for who writes here."""
        yield
