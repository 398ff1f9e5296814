"""The column of a file that says how much each row counts. Shapes: n rows."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError, DataError
from eagerloop_plugins.csv_files.findings import Findings
from eagerloop_plugins.csv_files.split import Array
from eagerloop_plugins.csv_files.threads import ahead

SHOWN = 5
"""How many bad cells a message shows."""

LARGEST = float(np.finfo(np.float32).max)


def check_weight_column(files: Sequence[Any], weight: str, target: str, features: Sequence[str] | None) -> None:
    """Refuses a column that is not there, in the file or in that of the test, or has another purpose.

    Raises:
        ConfigError: It is the target, or among the features that were asked for.
        DataError: There is no such column.
    """
    for blocks in files:
        blocks.require(weight)
    if weight == target or weight in (features or ()):
        what = "the target" if weight == target else "among the features"
        msg = f"the weight '{weight}' is {what} as well; choose another column for one of them"
        raise ConfigError(msg)


def with_weights(findings: Findings, weight: str) -> Findings:
    """The findings with the column, which was gone through once.

    Raises:
        DataError: A cell is no number of 0 or more: all are counted, the first are named with their lines; or no row of a part
            counts.
    """
    parts = findings.parts
    for blocks in {id(part.blocks): part.blocks for part in parts.values()}.values():
        bad: list[tuple[int, str, str]] = []
        own = {name: part for name, part in parts.items() if part.blocks is blocks}
        counts, sums = dict.fromkeys(own, 0), dict.fromkeys(own, 0)
        for number, table in enumerate(ahead(blocks)):
            values = weights_of(table, weight) if len(table) else np.zeros(0)
            for name, part in own.items():
                rows = part.rows(number)
                wrong = rows[~((values[rows] >= 0) & (values[rows] <= LARGEST))]
                bad += [(table.lines[row], table.place(row), table.text(weight)[row]) for row in wrong.tolist()]
                counts[name] += len(rows)
                sums[name] += int(np.count_nonzero(values[rows]))
        _refuse_bad(f"{blocks.path}, column '{weight}'", bad)
        _refuse_nothing(f"{blocks.path}, column '{weight}'", counts, sums)
    return findings._replace(weight=weight, fingerprint=hashlib.sha256(f"{findings.fingerprint} {weight}".encode()).hexdigest())


def _refuse_nothing(where: str, counts: Mapping[str, int], sums: Mapping[str, int]) -> None:
    """The loss of a part in which no row counts would be 0, whatever the model says."""
    for part, count in counts.items():
        if count and not sums[part]:
            fault = f"the weight is 0 in each of the {count} rows of the {part} part, so that none counts"
            msg = f"{where}: {fault}; take another seed or another column"
            raise DataError(msg)


def _refuse_bad(where: str, bad: Sequence[tuple[int, str, str]]) -> None:
    """All bad cells in one message, by their lines."""
    if bad:
        named = ", ".join(f"{cell!r} in {place}" for _line, place, cell in sorted(bad)[:SHOWN])
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        msg = f"{where}: a row's weight must be a number, 0 or more; got {named}{more}; mend the cells"
        raise DataError(msg)


def weights_of(table: Any, weight: str) -> Array:
    """The weights of a table's rows, float64, shape (n,); NaN where a cell is no number."""
    try:
        return table.numbers(weight, np.float64)  # type: ignore[no-any-return]
    except DataError:  # cell by cell
        return np.array([_number(cell) for cell in table.text(weight)])


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan
