"""Any CSV or TSV file on disk, for regression or classification."""

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import eagerloop
from eagerloop.errors import ConfigError, DataError
from eagerloop_plugins.csv_files.encoder import Encoder, raw, refuse_empty, warn_if_constant

if TYPE_CHECKING:
    import numpy as np

    from eagerloop_plugins.csv_files.stream import StreamDataset

MOST_CLASSES = 20
"""Up to how many different whole numbers, counted from 0 or 1 without a gap, are taken for classes."""

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
        features: The columns to predict it from; by default all others, except those without any value.
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
        the training rows, sorted, called `Species=setosa`; y, int32 of shape (n,), the sorted classes' numbers, or float32
        of shape (n, 1). `encode` does the same to the rows of another table, with the training rows' means and categories.

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
    if stream == "yes" or (stream == "auto" and path.is_file() and path.stat().st_size > LARGEST_BYTES):
        from eagerloop_plugins.csv_files.split import Split  # noqa: PLC0415 - they need NumPy
        from eagerloop_plugins.csv_files.survey import stream_csv  # noqa: PLC0415

        split = Split(test_fraction, validation_fraction, seed)
        blocks = eagerloop.tables.read_blocks(path, delimiter)
        return stream_csv(
            blocks,
            target=blocks.names[-1] if target is None else target,
            features=features,
            batch_size=batch_size,
            shuffle=shuffle,
            split=split,
            standardize=standardize,
            task=task,
        )
    table = eagerloop.tables.read_table(path, delimiter)
    target = table.names[-1] if target is None else target
    chosen = _features(table, target, features)
    classes = _classes(table, target, task)
    training, validation, test = eagerloop.split_rows(
        len(table), test_fraction=test_fraction, validation_fraction=validation_fraction, seed=seed
    )
    encoder = Encoder.fit(table, chosen, training, standardize=standardize)
    x, y = encoder(table), table.labels(target, classes) if classes else table.numbers(target)
    if classes:
        _check_classes(table, target, classes, y[training])
    else:
        warn_if_constant(table, target, y[training])
    return eagerloop.ArrayDataset(
        (x[training], y[training]),
        (x[test], y[test]),
        (x[validation], y[validation]) if len(validation) else None,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        features=encoder.features,
        targets=(target,),
        classes=classes,
        task="classification" if classes else "regression",
        fingerprint=fingerprint(table, [*chosen, target]),
        columns=chosen,
        encoder=encoder,
        raw_test={name: raw(table, name, numeric=name in encoder.scales)[test] for name in chosen},
    )


def _features(table: "eagerloop.tables.Table", target: str, given: list[str] | None) -> list[str]:
    """The columns to learn from."""
    check_features(table, target, given)
    chosen = given or [name for name in table.names if name != target]
    missing = [name for name in chosen if table.kind(name) == "missing"]
    for name in missing:
        if given:
            raise table.fault(name, 0, "no cell of this column has a value; leave it out of the features")
        text = f"{table.path}: column '{name}' has no value in any row and is left out"
        warnings.warn(text, UserWarning, stacklevel=3)
    chosen = [name for name in chosen if name not in missing]
    if not chosen:
        msg = f"{table.path} has no column to learn from besides the target '{target}'; check the delimiter"
        raise DataError(msg)
    return chosen


def check_features(table: Any, target: str, given: Sequence[str] | None) -> None:
    """Refuses columns that are not there, or are named twice."""
    table.require(target, *(given or ()))
    if target in (given or ()):
        msg = f"the target '{target}' is among the features; leave it out, or choose another target"
        raise ConfigError(msg)
    if len(set(given or ())) < len(given or ()):
        msg = f"features must differ from each other, got {', '.join(given or ())}"
        raise ConfigError(msg)


def _classes(table: "eagerloop.tables.Table", target: str, task: str) -> list[str]:
    """The classes by name, sorted; none for a regression."""
    import numpy as np  # noqa: PLC0415 - as above

    kind = table.kind(target)
    if kind == "missing":
        raise table.fault(target, 0, "no cell of the target has a value; choose another target")
    few = kind == "numeric" and counts_from_start(np.unique(table.numbers(target, np.float64)).tolist(), len(table))
    if task == "regression" or (task == "auto" and kind == "numeric" and not few):
        return []
    if kind == "text":
        refuse_empty(table, target)
        classes = sorted(set(table.text(target)))
    else:
        numbers = table.numbers(target, np.float64)
        fractional = numbers != np.floor(numbers)
        if fractional.any():
            row = int(np.argmax(fractional))
            raise table.fault(target, row, f"{numbers[row]:g} is no class, expected whole numbers; or give task=regression")
        classes = [str(int(number)) for number in np.unique(numbers)]
    if len(classes) == 1:
        msg = f"{table.path}: column '{target}' has one class only, {classes[0]!r}: nothing to learn; choose another target"
        raise DataError(msg)
    return classes


def counts_from_start(distinct: Sequence[float], rows: int) -> bool:
    """Whether numbers are taken for classes: few different ones (given sorted), whole, from 0 or 1 on without a gap."""
    few = 1 < len(distinct) <= min(MOST_CLASSES, rows // 2)
    return few and any(list(distinct) == list(range(first, first + len(distinct))) for first in (0, 1))


def _check_classes(table: "eagerloop.tables.Table", target: str, classes: Sequence[str], y: "np.ndarray[Any, Any]") -> None:
    """Every class must be learnt from at least one row."""
    for number, name in enumerate(classes):
        if not (y == number).any():
            rows = table.labels(target, classes).tolist()
            count = rows.count(number)
            complaint = f"of the {count} rows of class {name!r} none is among the training rows"
            raise table.fault(target, rows.index(number), f"{complaint}; take another seed or a smaller test-fraction")


def fingerprint(table: Any, columns: Sequence[str]) -> str:
    """SHA-256 over the file's bytes and the columns that are used."""
    return hashlib.sha256("\n".join([table.digest, *columns]).encode()).hexdigest()
