"""The batches of a dataset under examination, as arrays and as digests."""

import hashlib
from collections.abc import Iterator
from typing import Any

from eagerloop.structures import leaves_by_path
from eagerloop.testing.checks import Fault, NotApplicable, Subject, require

LETTERS = ("x", "y", "sample_weight")
"""What a batch consists of."""


def made_dataset(subject: Subject) -> Any:
    """The part, as a run sees it: always a `Dataset`."""
    from eagerloop.data.pipelines import as_dataset  # noqa: PLC0415

    return as_dataset(subject.make(), subject.where)


def leaves_of_one_shape(batches: Any, words: str) -> Iterator[dict[str, Any]]:
    """The batches; what the engine says of a batch of another shape, in plain words."""
    import tensorflow as tf  # noqa: PLC0415

    try:
        yield from leaves_of(batches)
    except tf.errors.InvalidArgumentError as error:
        if "expected shape" not in str(error):
            raise
        msg = f"{words} has rows of different shapes: {str(error).partition('Shape of tensor')[2].splitlines()[0][:120]}"
        raise Fault(msg) from error


def stop_if_inexact(data: Any) -> None:
    """Stops where a dataset says itself that it is not exact, with the reason."""
    if not data.exact:
        require(data.note, "`exact` is False, and `note` does not say why")
        msg = f"it says so itself: {data.note}"
        raise NotApplicable(msg)


def leaves_of(batches: Any) -> Iterator[dict[str, Any]]:
    """Each batch as arrays by path: `x` or `x/city`, `y` or `y/age`, `sample_weight`; a ragged tensor's rows are lists."""
    for batch in batches:
        yield {
            f"{letter}/{path}" if path else letter: _array(leaf)
            for letter, structure in zip(LETTERS, batch, strict=False)
            for path, leaf in leaves_by_path(structure).items()
        }


def _array(leaf: Any) -> Any:
    import numpy as np  # noqa: PLC0415

    if not hasattr(leaf, "to_list"):
        return np.asarray(leaf)
    rows = np.empty(int(leaf.nrows()), dtype=object)
    for place, row in enumerate(leaf.to_list()):  # one by one: rows of one length would be taken for columns
        rows[place] = row
    return rows


def letter_of(name: str) -> str:
    """`x`, `y` or `sample_weight`, of the name of a leaf."""
    return name.partition("/")[0]


def values_of(array: Any) -> Any:
    """All numbers of an array, (m,), of ragged rows as well."""
    import numpy as np  # noqa: PLC0415

    if array.dtype.kind != "O" or not len(array) or not isinstance(array[0], list):
        return array.ravel()
    return np.asarray([number for row in array for number in _flat(row)])


def _flat(row: Any) -> Iterator[Any]:
    for one in row if isinstance(row, list) else ():
        yield from _flat(one)
    if not isinstance(row, list):
        yield row


def digest_of(*arrays: Any) -> bytes:
    """SHA-256 over shapes, dtypes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes())
    return digest.digest()


def digests_of(batches: Any) -> list[bytes]:
    """A digest of each batch, its weights included."""
    return [digest_of(*leaves.values()) for leaves in leaves_of(batches)]


def rows_of(batches: Any) -> list[bytes]:
    """A digest of each row of x and y."""
    found = []
    for leaves in leaves_of(batches):
        own = [array for name, array in leaves.items() if letter_of(name) != "sample_weight"]
        found += [digest_of(*(array[row : row + 1] for array in own)) for row in range(len(own[0]))]
    return found
