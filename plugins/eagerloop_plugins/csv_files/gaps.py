"""What is told of how columns are read: cells that have no value, rare texts, numbers in forms of their own."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from eagerloop.errors import DataError
from eagerloop_plugins.csv_files.dealing import Dealt
from eagerloop_plugins.csv_files.faults import MOST_NAMED
from eagerloop_plugins.csv_files.forms import Dates, Form, Numbers
from eagerloop_plugins.csv_files.gathering import Gathering
from eagerloop_plugins.csv_files.rules import NO_VALUE, OTHER


def refuse_gaps(blocks: Any, gaps: Mapping[str, int], dealt: Dealt) -> None:
    """Refuses features without a value, all of them in one line.

    Raises:
        DataError: Each column, how many rows have none, and the first of these lines.
    """
    named = []
    for name, count in [*gaps.items()][:MOST_NAMED]:
        table, row = next(
            (table, int(table.missing(name)[kept].argmax()))
            for table, kept in ((table, dealt.kept(number)) for number, table in enumerate(blocks))
            if table.missing(name)[kept].any()
        )
        named.append(f"'{name}' ({count}, at first in {table.place(row)})")
    more = f" and {len(gaps) - MOST_NAMED} more columns" if len(gaps) > MOST_NAMED else ""
    msg = f"{blocks.path}: rows without a value in {', '.join(named)}{more}; take missing impute or drop"
    raise DataError(msg)


def tell_of_gaps(path: str, target: str, gaps: Mapping[str, int], dealt: Dealt, *, drop: bool) -> None:
    """Tells which rows are left out, and what stands for the cells that have no value."""
    rows = dealt.count + dealt.left_out
    if dealt.left_out:
        where = f"the target '{target}'" + (f" or in {_named(gaps)}" if drop and gaps else "")
        _tell(f"{path}: {dealt.left_out} of {rows} rows have no value in {where} and are left out")
    if gaps and not drop:
        text = f"{path}: no value in {_named(gaps)} of {dealt.count} rows: numbers get the training median and a column that"
        _tell(f"{text} says so, text a category of its own; --dataset.missing drop or refuse does otherwise")


def tell_of_forms(blocks: Any, forms: Mapping[str, Form]) -> None:
    """Tells, by an example, which columns of texts are read as numbers."""
    hints = {"numbers": "; --dataset.decimal tells a comma's meaning", "dates": "; --dataset.dates text reads them as texts"}
    for what, hint in hints.items():
        named = {name: form for name, form in forms.items() if isinstance(form, Dates) == (what == "dates")}
        told = []
        for name, form in [*named.items()][:MOST_NAMED]:
            text = max(_strange_in(blocks, name), key=len)  # the one that has most to it
            read = form.meant(text) if isinstance(form, Dates) else f"{form.values([text])[0, 0]:.10g}"
            told.append(f"{name} ({text!r} is {read})")
        more = f" and {len(named) - MOST_NAMED} more columns" if len(named) > MOST_NAMED else ""
        if told:
            doubtful = any(isinstance(form, (Numbers, Dates)) for form in named.values())
            _tell(f"{blocks.path}: texts read as {what}: {', '.join(told)}{more}{hint if doubtful else ''}")


def refuse_ambiguous(blocks: Any, fitting: Mapping[str, Sequence[Form]]) -> None:
    """Refuses dates whose first number may be the day and the month.

    Raises:
        DataError: All columns of which nobody knows, and the option that says it.
    """
    asked = []
    for name, forms in fitting.items():
        dates = [form for form in forms if isinstance(form, Dates)]
        if len(dates) > 1:
            text = next((text for text in _strange_in(blocks, name) if len({date.meant(text) for date in dates}) > 1), None)
            if text:
                asked.append(f"'{name}' ({text!r} may be {' or '.join(date.meant(text) for date in dates)})")
    if asked:
        where = f"{blocks.path}: day or month first in {', '.join(asked[:MOST_NAMED])}?"
        msg = f"{where} give --dataset.dates day-first or month-first"
        raise DataError(msg)


def _strange_in(blocks: Any, name: str) -> list[str]:
    return next(texts for table in blocks if (texts := _strange(table, name)))


def _strange(table: Any, name: str) -> list[str]:
    """The texts of a block that are no plain numbers."""
    present, numbers = table.filled(name)
    if present == numbers:
        return []
    return [text for text, gone in zip(table.text(name), table.missing(name), strict=True) if not gone]


def tell_of_pooled(gathered: Gathering, pooled: Mapping[str, Sequence[str]]) -> None:
    """Tells which columns have more texts than categories, and how many rows are `other` for that."""
    told = []
    for name, kept in [*pooled.items()][:MOST_NAMED]:
        everywhere = gathered.counted(name)[0]
        own = {*kept} - {OTHER, NO_VALUE}
        rare = sum(count for text, count in everywhere.items() if text not in own and text != NO_VALUE)
        different = len(everywhere) - (NO_VALUE in everywhere)
        told.append(f"{name} ({len(own)} of {different} texts, {rare} rows other)")
    if told:
        more = f" and {len(pooled) - MOST_NAMED} more columns" if len(pooled) > MOST_NAMED else ""
        text = f"{gathered.blocks.path}: only the most frequent texts are categories: {', '.join(told)}{more}"
        _tell(f"{text}; --dataset.max-categories takes more")


def _named(gaps: Mapping[str, int]) -> str:
    named = [f"{name} ({count})" for name, count in [*gaps.items()][:MOST_NAMED]]
    return ", ".join(named) + (f" and {len(gaps) - MOST_NAMED} more columns" if len(gaps) > MOST_NAMED else "")


def _tell(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=6)
