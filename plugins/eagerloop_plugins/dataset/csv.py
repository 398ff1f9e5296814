"""Any table on disk, for regression or classification: CSV, TSV, Parquet, SQLite, NumPy, JSON lines."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import eagerloop

if TYPE_CHECKING:
    from eagerloop_plugins.csv_files.stream import StreamDataset

LARGEST_BYTES = 1 << 28
"""Up to which size a file is read into memory, if nothing is said: the same on every machine, so that numbers are too."""


def csv(  # noqa: PLR0913 - each argument is an option
    *,
    path: Annotated[Path, typer.Option(help="A table: CSV, TSV, Parquet, SQLite, .npy or JSON lines.")],
    target: Annotated[str | None, typer.Option(help="The column to predict; the last one, if not given.")] = None,
    features: Annotated[list[str] | None, typer.Option(help="The columns to predict from; all others, if not given.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="Columns of free text, read as counts of words.")] = None,
    max_words: Annotated[
        int, typer.Option(min=1, help="How many words of a column of text, the most frequent, are counted.")
    ] = 1000,
    exclude: Annotated[list[str] | None, typer.Option(help="Columns that are left out.")] = None,
    weight: Annotated[str | None, typer.Option(help="The column that says how much each row counts; no feature.")] = None,
    class_weight: Annotated[
        str | None, typer.Option(help="balanced, or NAME=WEIGHT,...: how much the training rows of each class count.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows in a batch; what suits the rows, if not given.")] = None,
    shuffle: Annotated[bool, typer.Option(help="Draw the order of each epoch's training rows.")] = True,
    test_fraction: Annotated[float, typer.Option(min=0, max=1, help="The part of the rows drawn for the test.")] = 0.2,
    test_path: Annotated[
        Path | None, typer.Option(help="A file of its own for the test; all rows of the other one are trained on.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="Of an SQLite file the table; needed if there are several.")] = None,
    test_table: Annotated[str | None, typer.Option(help="The table of the test, of the same file or of test-path.")] = None,
    validation_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="The part of the other rows evaluated on after each epoch.")
    ] = 0.0,
    standardize: Annotated[bool, typer.Option(help="Bring numeric features to mean 0 and deviation 1.")] = True,
    task: Annotated[
        Literal["auto", "regression", "classification"], typer.Option(help="What the target is; auto: the column decides.")
    ] = "auto",
    missing: Annotated[
        Literal["impute", "drop", "refuse"],
        typer.Option(help="A feature without a value: median and a column that says so, or its row dropped, or refused."),
    ] = "impute",
    missing_values: Annotated[
        list[str] | None, typer.Option(help="What else than nothing a cell without a value says, such as NA,-999.")
    ] = None,
    max_categories: Annotated[
        int, typer.Option(min=1, help="How many texts of a column become columns of their own; the rest is `other`.")
    ] = 100,
    decimal: Annotated[
        Literal["auto", ".", ","], typer.Option(help="What a comma in numbers is: thousands (.) or decimal (,).")
    ] = "auto",
    dates: Annotated[
        Literal["auto", "day-first", "month-first", "text"], typer.Option(help="What comes first in a date such as 03/04/2020.")
    ] = "auto",
    header: Annotated[
        Literal["auto", "yes", "no"], typer.Option(help="Whether the first line of the table names the columns.")
    ] = "auto",
    encoding: Annotated[
        str | None, typer.Option(help="What the file is written in, such as latin-1; found, if not given.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the cells; found, if not given.")] = None,
    stream: Annotated[
        Literal["auto", "yes", "no"], typer.Option(help="Read block by block instead of all at once; auto: above 256 MiB.")
    ] = "auto",
    seed: int = 0,
) -> "eagerloop.ArrayDataset | StreamDataset":
    r"""Any table on disk, also larger than memory: numeric and text columns, regression or classification.

    Args:
        path: The file: text, whose delimiter, header and encoding are found; or Parquet (which needs pyarrow:
            `pip install 'eagerloop[parquet]'`), SQLite, a NumPy array of shape (rows, columns) or a structured one, known by
            their first bytes; or JSON lines, known by `.jsonl` or `.ndjson`. What is no text is read as if it were CSV with
            the same values: a text of digits is a number there, too. Columns of bytes, lists and the like have no value.
        target: The column to predict; by default the last one that is no weight.
        features: The columns to predict it from; by default all others but those that tell nothing, which are named: without
            any value, one value alone, the names of rows (most texts occur once), their numbers, more than 1000 texts.
        text: Columns of free text, beside the other features. Each becomes a column for each of its words, `review:good`, with
            how often that occurs in the row: in lower case, without punctuation, as Keras's `TextVectorization` counts. Only
            words of training rows are known; a cell without a value has none. Not for a streamed file.
        max_words: How many words of a column of text, the most frequent of the training rows, are counted.
        exclude: Columns that are not looked at; of all others, those that tell nothing are still left out.
        weight: The column with a number for each row, 0 or more: how much the row counts in loss, metrics and validation, as
            Keras's `sample_weight`. New rows do not need it.
        class_weight: `balanced`: n / (classes * rows of the class), counted in the training rows. Or weights by the classes'
            names; those left out have 1. They multiply the rows' own weights, in the training alone, as in Keras's `fit`.
        batch_size: Rows in a batch, at least 1. By default the power of two from 4 to 128 that makes at least fifty batches
            of the training rows, or 4: 26 rows get batches of 4, 900 of 16, 5000 of 64. The record has the number.
        shuffle: Whether each epoch of the training has an order of its own.
        test_fraction: The part of the rows drawn for the test, between 0 and 1.
        test_path: The file of the test, with the same columns in any order. Then no row of `path` is drawn for it, and
            `test_fraction` is not asked.
        table: Of an SQLite file the table, which must be named if there are several. Views are not read.
        test_table: The same of `test_path`, or without that of the same file: a table of its own for the test.
        validation_fraction: The part of the *other* rows drawn for the validation, from 0 (none) to below 1.
        standardize: Whether numeric features lose the mean and are divided by the standard deviation of the *training* rows.
        task: `auto`: a column of text is classes, and so are at most 20 different whole numbers that count from 0 or 1
            without a gap and have two rows each on average; other numbers are a regression.
        missing: What becomes of a row in which a feature has no value. `impute`: numbers get the median of the *training*
            rows, and, if one of these has a gap, a column of 0 and 1 called `Age=missing`; text gets a category `missing`.
            `drop`: it is left out. `refuse`: it is a fault. A row without a value of the target is always left out.
        missing_values: What a cell without a value says, beside nothing and `nan`; by default `NA`, `N/A`, `#N/A`, `<NA>`,
            `NULL`, `?`, `-` and `.`, in upper or lower case.
        max_categories: How many texts of a column, the most frequent in the training rows, become columns of x. If there are
            more, the rest shares one, `city=other`, which later counts any other text.
        decimal: The decimal sign of numbers that are written for people: with thousands apart (`1,259`), a currency or per
            cent, a footnote (`12 [98]`), a decimal comma. A column is read so if all of it can be; `auto`: as the columns
            agree, else a comma is decimal in a file separated by `;`. `true` and `false`, in any case, are 1 and 0.
        dates: What comes first in a date such as `03/04/2020`, if no day above 12 shows it; `text`: no dates. A column of
            dates is year, month, weekday (1 to 7), and how far round the year and the week are, as a sine and a cosine; with
            a time, the hour, and how far round the day is: `seen=year`, `seen=day.sin`. Zones are passed over.
        header: Whether the first line of the table names its columns; `auto`: unless it has numbers, but for years, for a count
            from 0 or 1, and for text above a column of numbers. Without names the columns are `c0`, `c1`, ...; a name that
            stands twice is `a` and `a.1`. Comments (`#`), a title and `sep=;` above the table are passed over.
        encoding: What the file is written in; by default what its byte-order mark says, or UTF-8, or else Latin-1.
        delimiter: What separates the cells, such as `;` or `tab`.
        stream: Whether the file stays on disk and is read in blocks of 4 MiB, in parallel, again in each epoch; `auto`: if its
            text is larger than 256 MiB. Rows are then drawn block by block, and mixed within windows of about 32 MiB, which
            are drawn from all over the file; means and deviations can differ in the last digit. A file of one block gives the
            same batches either way.
        seed: The run's seed, from which the rows are drawn.

    Returns:
        x, float32, shape (n, d): numeric columns one to one, a column of text as one 0-1 column for each of its values in
        the training rows, sorted, called `Species=setosa` (another value is 0 in each); y, int32 of shape (n,), the sorted
        classes' numbers, or float32 of shape (n, 1); and, if a column has them, weights, float32 of shape (n,). `encode` does
        the same to the rows of another table, with the training rows' means and categories.

    Raises:
        ConfigError: A table is not in the file, or must be named; a column is to be two of target, weight and feature, a
            fraction or the batch size does not fit the data, a class is weighed that is not there.
        DataError: Anything in the file; the message names file, line and column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "pets.csv")
        >>> _ = file.write_text("weight,coat,kind\n" + "4.1,short,cat\n9.0,long,dog\n" * 5)
        >>> dataset = csv(path=file, batch_size=4)
        >>> dataset.features, dataset.classes
        (('weight', 'coat=long', 'coat=short'), ('cat', 'dog'))
    """
    from eagerloop_plugins.csv_files.seeing import Seeing  # noqa: PLC0415 - these need NumPy
    from eagerloop_plugins.csv_files.split import Split  # noqa: PLC0415
    from eagerloop_plugins.csv_files.stream import StreamDataset  # noqa: PLC0415
    from eagerloop_plugins.csv_files.survey import Survey  # noqa: PLC0415
    from eagerloop_plugins.csv_files.texts import check_texts, with_texts  # noqa: PLC0415
    from eagerloop_plugins.csv_files.weights import check_weight_column, with_weights  # noqa: PLC0415
    from eagerloop_plugins.csv_files.whole import WholeFile, in_memory  # noqa: PLC0415
    from eagerloop_plugins.csv_files.wishes import Wishes  # noqa: PLC0415

    apart = test_path or (path if test_table else None)
    split = Split(0.0 if apart else test_fraction, validation_fraction, seed)
    source = eagerloop.tables.open_table(path, table)
    large = stream == "yes" or (stream == "auto" and source.size > LARGEST_BYTES)
    form: dict[str, Any] = {"header": {"yes": True, "no": False}.get(header), "missing": missing_values, "encoding": encoding}
    read: Any = partial(eagerloop.tables.read_blocks if large else WholeFile, delimiter=delimiter, **form)
    blocks, test = read(source), apart and read(eagerloop.tables.open_table(apart, test_table))
    target = ([name for name in blocks.names if name != weight] or blocks.names)[-1] if target is None else target
    if weight is not None:
        check_weight_column([blocks] if test is None else [blocks, test], weight, target, features)
    wanted = with_texts(features, text), exclude or (), task, standardize, missing, missing_values, max_categories
    wishes = Wishes(*wanted, decimal, dates, weight, text or (), max_words)
    check_texts(blocks, target, wishes, streamed=large)
    found = Survey(blocks, target, split, wishes, test).findings()
    weights = eagerloop.ArrayDataset.weights_of_classes(class_weight, found.classes, found.class_counts)
    found = (found if weight is None else with_weights(found, weight))._replace(class_weights=weights)
    dataset: Any = (StreamDataset if large else in_memory)(found, batch_size=batch_size, shuffle=shuffle)
    dataset.columns_seen = Seeing(lambda: read(eagerloop.tables.open_table(path, table)), found, exclude or ())
    return dataset  # type: ignore[no-any-return]
