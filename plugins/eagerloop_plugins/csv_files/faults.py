"""The faults of several columns, in one line."""

import contextlib
import csv
import io
import shlex
from collections.abc import Iterator, Sequence

from eagerloop.errors import DataError

MOST_NAMED = 8
"""How many faults, or columns, a line names."""


def typed(names: Sequence[str]) -> str:
    """Names of columns as a shell takes them for an option: with commas between them, and in quotes where they have some.

    Example:
        >>> print(typed(["age", "city"]), typed(["income, net", "age"]), typed(["first name"]))
        age,city '"income, net",age' 'first name'
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return shlex.quote(line.getvalue()) if names else ""


class Faults:
    """Collects the faults of columns, so that all can be mended at once.

    Args:
        path: The file.
        target: The column that cannot be left out.

    Example:
        >>> faults = Faults("a.csv")
        >>> with faults.of("b"):
        ...     raise DataError("a.csv, line 2, column 'b': 'x' is not a number")
        >>> with faults.of("c"):
        ...     raise DataError("a.csv, line 9, column 'c': 'y' is not a number")
        >>> faults.tell()
        Traceback (most recent call last):
            ...
        eagerloop.errors.DataError: a.csv: line 2, column 'b': 'x' is not a number | line 9, column 'c': 'y' is not a number | \
leave columns out with --dataset.exclude b,c
    """

    def __init__(self, path: str, target: str = "") -> None:
        self._path, self._target = path, target
        self._found: dict[str, DataError] = {}

    @contextlib.contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Keeps the fault of a column, if there is one."""
        try:
            yield
        except DataError as error:
            self._found.setdefault(name, error)

    def tell(self) -> None:
        """Raises what was found, if anything was.

        Raises:
            DataError: The faults of all columns.
        """
        if not self._found:
            return
        names = typed([name for name in self._found if name != self._target])
        hint = f" | leave {'columns' if len(self._found) > 1 else 'it'} out with --dataset.exclude {names}" if names else ""
        if len(self._found) == 1:
            error = next(iter(self._found.values()))
            raise DataError(f"{error}{hint}") if hint else error
        some = [*self._found.items()][:MOST_NAMED]
        texts = [str(error).removeprefix(self._path).lstrip(",: ") for _, error in some]
        more = f" | and {len(self._found) - MOST_NAMED} more columns" if len(self._found) > MOST_NAMED else ""
        msg = f"{self._path}: {' | '.join(texts)}{more}{hint}"
        raise DataError(msg)
