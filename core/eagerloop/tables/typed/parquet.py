"""A Parquet file as the lines of a text. pyarrow reads it, a part of the rows at a time."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from eagerloop.errors import DataError
from eagerloop.tables.typed.left_out import tell_of_left_out
from eagerloop.tables.typed.texts import Columns, as_lines, cell, numbers, one_line, rows_at_once


def parquet_lines(path: str, file: str) -> Iterator[bytes]:
    """The lines of the copy.

    Args:
        path: The file as it was named.
        file: Where it stands.

    Raises:
        DataError: pyarrow is not installed, the file is damaged, or has no row.

    Source: `pyarrow.parquet.ParquetFile.iter_batches`.
    """
    try:
        import pyarrow.parquet as reader  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as error:
        install = "pip install 'eagerloop[parquet]'"
        msg = f"{path} is a Parquet file, which needs pyarrow, which is not installed; install it with: {install}"
        raise DataError(msg) from error
    with _whole(path), reader.ParquetFile(file, page_checksum_verification=True) as opened:
        schema = opened.schema_arrow
        kinds = {field.name: str(field.type) for field in schema if not _is_plain(field.type)}
        names = _index_first(schema)
        read = sorted({*names} - {*kinds})
        rows = opened.metadata.num_rows
    tell_of_left_out(path, kinds)
    yield from as_lines(path, names, _blocks(path, file, names, read, rows))


def _index_first(schema: Any) -> list[str]:
    """The columns; an index of pandas, which stands behind all others, stands before them, as pandas writes it to CSV."""
    told = schema.pandas_metadata
    index = told.get("index_columns", []) if isinstance(told, dict) else []
    return sorted((field.name for field in schema), key=lambda name: name not in index)


def _blocks(path: str, file: str, names: Sequence[str], read: Sequence[str], rows: int) -> Iterator[Columns]:
    """The cells of some rows at a time; those of a column that is not read are empty."""
    import pyarrow.parquet as reader  # noqa: PLC0415 - as above

    size = rows_at_once(len(names))
    with _whole(path), reader.ParquetFile(file, pre_buffer=False, page_checksum_verification=True) as opened:
        for begin in range(0, 0 if read else rows, size):
            yield [[""] * min(size, rows - begin)] * len(names)
        if not read:
            return
        for batch in opened.iter_batches(size, columns=read):
            cells: dict[str, list[list[str]]] = {}
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                cells.setdefault(name, []).append(_cells(column) if _is_plain(column.type) else [""] * len(column))
            yield [cells[name].pop(0) if cells.get(name) else [""] * len(batch) for name in names]


@contextlib.contextmanager
def _whole(path: str) -> Iterator[None]:
    """Turns what pyarrow says of a damaged file into a `DataError`."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, LookupError) as error:
        short = " ".join(str(error).split())
        msg = f"{path} cannot be read as Parquet ({short:.120}); write it again, or as CSV"
        raise DataError(msg) from error


def _is_plain(kind: Any) -> bool:
    """Whether a type is one of numbers, texts, truth values, dates or times, or of nothing."""
    from pyarrow import types  # noqa: PLC0415 - as above

    kind = kind.value_type if types.is_dictionary(kind) else kind
    tests = (
        *(types.is_null, types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_date, types.is_time),
        *(types.is_timestamp, types.is_duration, types.is_string, types.is_large_string, types.is_string_view),
    )
    return any(test(kind) for test in tests)


def _cells(column: Any) -> list[str]:
    """The cells of a column."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import types  # noqa: PLC0415

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if types.is_floating(kind):
        return numbers(column.to_numpy(zero_copy_only=False))
    if types.is_timestamp(kind):  # Python's clock has no nanoseconds
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    elif types.is_time(kind) or types.is_duration(kind):
        column = column.cast(pa.duration("us") if types.is_duration(kind) else pa.time64("us"), safe=False)
    values = column.to_pylist()
    if types.is_integer(kind) and not column.null_count:
        return [str(value) for value in values]
    if types.is_string(kind) or types.is_large_string(kind):
        return ["" if value is None else one_line(value) for value in values]
    return [cell(value) or "" for value in values]
