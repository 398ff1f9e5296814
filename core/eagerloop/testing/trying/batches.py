"""The batches of a dataset under examination, as arrays and as digests."""

import hashlib
from collections.abc import Iterator
from typing import Any

from eagerloop.testing.checks import Fault, NotApplicable, Subject, require


def made_dataset(subject: Subject) -> Any:
    """The part, as a run sees it: always a `Dataset`."""
    from eagerloop.data.pipelines import as_dataset  # noqa: PLC0415

    return as_dataset(subject.make(), subject.where)


def arrays_of_one_shape(batches: Any, words: str) -> Iterator[tuple[Any, Any]]:
    """The batches; what the engine says of a batch of another shape, in plain words."""
    import tensorflow as tf  # noqa: PLC0415

    try:
        yield from arrays_of(batches)
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


def arrays_of(batches: Any) -> Iterator[tuple[Any, Any]]:
    """The batches as NumPy arrays."""
    import numpy as np  # noqa: PLC0415

    return ((np.asarray(x), np.asarray(y)) for x, y in batches)


def digest_of(*arrays: Any) -> bytes:
    """SHA-256 over shapes, dtypes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes())
    return digest.digest()


def digests_of(batches: Any) -> list[bytes]:
    """A digest of each batch."""
    return [digest_of(x, y) for x, y in arrays_of(batches)]


def rows_of(batches: Any) -> list[bytes]:
    """A digest of each row."""
    return [digest_of(x, y) for batch_x, batch_y in arrays_of(batches) for x, y in zip(batch_x, batch_y, strict=True)]
