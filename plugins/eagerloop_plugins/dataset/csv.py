"""Any CSV or TSV file on disk, for regression or classification."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import eagerloop

if TYPE_CHECKING:
    from eagerloop_plugins.csv_files.stream import StreamDataset

LARGEST_BYTES = 1 << 28
"""Up to which size a file is read into memory, if nothing is said: the same on every machine, so that numbers are too."""


def csv(  # noqa: PLR0913 - each argument is an option
    *,
    path: Annotated[Path, typer.Option(help="A CSV or TSV file, UTF-8.")],
    target: Annotated[str | None, typer.Option(help="The column to predict; the last one, if not given.")] = None,
    features: Annotated[list[str] | None, typer.Option(help="The columns to predict from; all others, if not given.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows in a batch.")] = 32,
    shuffle: Annotated[bool, typer.Option(help="Draw the order of each epoch's training rows.")] = True,
    test_fraction: Annotated[float, typer.Option(min=0, max=1, help="The part of the rows drawn for the test.")] = 0.2,
    validation_fraction: Annotated[
        float, typer.Option(min=0, max=1, help="The part of the other rows evaluated on after each epoch.")
    ] = 0.0,
    standardize: Annotated[bool, typer.Option(help="Bring numeric features to mean 0 and deviation 1.")] = True,
    task: Annotated[
        Literal["auto", "regression", "classification"], typer.Option(help="What the target is; auto: the column decides.")
    ] = "auto",
    delimiter: Annotated[str | None, typer.Option(help="What separates the cells; found, if not given.")] = None,
    stream: Annotated[
        Literal["auto", "yes", "no"], typer.Option(help="Read block by block instead of all at once; auto: above 256 MiB.")
    ] = "auto",
    seed: int = 0,
) -> "eagerloop.ArrayDataset | StreamDataset":
    r"""Any CSV or TSV file, also larger than memory: numeric and text columns, regression or classification.

    Args:
        path: The file; delimiter and header are detected (without a header, the columns are `c0`, `c1`, ...).
        target: The column to predict; by default the last one.
        features: The columns to predict it from; by default all others but those that tell nothing, which are named: without
            any value, the names of rows (most texts occur once), their numbers, and more than 1000 different texts.
        batch_size: Rows in a batch, at least 1.
        shuffle: Whether each epoch of the training has an order of its own.
        test_fraction: The part of the rows drawn for the test, between 0 and 1.
        validation_fraction: The part of the *other* rows drawn for the validation, from 0 (none) to below 1.
        standardize: Whether numeric features lose the mean and are divided by the standard deviation of the *training* rows.
        task: `auto`: a column of text is classes, and so are at most 20 different whole numbers that count from 0 or 1
            without a gap and have two rows each on average; other numbers are a regression.
        delimiter: What separates the cells, such as `;` or `tab`.
        stream: Whether the file stays on disk and is read in blocks of 4 MiB, in parallel, again in each epoch; `auto`: if it
            is larger than 256 MiB. Rows are then drawn block by block, and mixed within windows of about 32 MiB, which are
            drawn from all over the file; means and deviations can differ in the last digit. A file of one block gives the
            same batches either way.
        seed: The run's seed, from which the rows are drawn.

    Returns:
        x, float32, shape (n, d): numeric columns one to one, a column of text as one 0-1 column for each of its values in
        the training rows, sorted, called `Species=setosa` (another value is 0 in each); y, int32 of shape (n,), the sorted
        classes' numbers, or float32 of shape (n, 1). `encode` does the same to the rows of another table, with the training
        rows' means and categories.

    Raises:
        ConfigError: The target is among the features, a fraction or the batch size does not fit the data.
        DataError: Anything in the file; the message names file, line and column.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "pets.csv")
        >>> _ = file.write_text("weight,coat,kind\n" + "4.1,short,cat\n9.0,long,dog\n" * 5)
        >>> dataset = csv(path=file, batch_size=4)
        >>> dataset.features, dataset.classes
        (('weight', 'coat=long', 'coat=short'), ('cat', 'dog'))
    """
    from eagerloop_plugins.csv_files.split import Split  # noqa: PLC0415 - these need NumPy
    from eagerloop_plugins.csv_files.stream import StreamDataset  # noqa: PLC0415
    from eagerloop_plugins.csv_files.survey import Survey  # noqa: PLC0415
    from eagerloop_plugins.csv_files.whole import WholeFile, in_memory  # noqa: PLC0415

    split = Split(test_fraction, validation_fraction, seed)
    large = stream == "yes" or (stream == "auto" and path.is_file() and path.stat().st_size > LARGEST_BYTES)
    blocks = eagerloop.tables.read_blocks(path, delimiter) if large else WholeFile(path, delimiter)
    target = blocks.names[-1] if target is None else target
    survey = Survey(blocks, target, features, split, standardize=standardize)
    build = StreamDataset if large else in_memory
    return build(survey.findings(task), batch_size=batch_size, shuffle=shuffle)
