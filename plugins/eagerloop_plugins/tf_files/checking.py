"""Whether a TensorFlow checkpoint is one that TensorFlow can read without ending the process.

A run may come from a stranger, with checksums that are right for files that nobody wrote. TensorFlow trusts an index: a shape
that is none, or a length that does not fit, ends the whole process and not the call. So each entry is looked at here first.
"""

import math
from pathlib import Path
from typing import Any, NoReturn

from eagerloop_plugins.tf_files.table import read_table, read_varints

LARGEST_INDEX = 2**28
CHECKSUM = 4
"""Bytes of the checksum between the lengths of strings and the strings."""

MOST_SHARDS = 10_000

REFERENCES = 100
"""Numbers of types from here on are those of references, which no file holds."""


def check(prefix: Path) -> None:
    """Refuses what no checkpointer has written.

    Args:
        prefix: How its files begin: `.../variables`.

    Raises:
        ValueError: What is wrong with it.
        OSError: A file is missing, or cannot be read.
    """
    from tensorflow.core.protobuf import tensor_bundle_pb2 as bundle  # noqa: PLC0415 - listing parts must not wait for it

    index = prefix.with_name(f"{prefix.name}.index")
    if index.stat().st_size > LARGEST_INDEX:
        _refuse(f"{index.stat().st_size} bytes are no index")
    header, *entries = [*read_table(index.read_bytes())] or [(b"", b"")]
    told = _parsed(bundle.BundleHeaderProto, header[1])
    if header[0] or not 1 <= told.num_shards <= MOST_SHARDS or told.endianness != bundle.BundleHeaderProto.LITTLE:
        _refuse("its header is none")
    shards = [prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{told.num_shards:05d}") for shard in range(told.num_shards)]
    sizes = [shard.stat().st_size for shard in shards]
    for key, value in entries:
        entry = _parsed(bundle.BundleEntryProto, value)
        try:
            _check_entry(entry, shards, sizes)
        except (ValueError, TypeError) as error:
            _refuse(f"{key.decode('utf-8', 'replace')!r}: {error}")


def _parsed(kind: Any, data: bytes) -> Any:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        _refuse(str(error))
    return message


def _check_entry(entry: Any, shards: list[Path], sizes: list[int]) -> None:
    """One tensor: its type, its shape, and that it lies where it is said to lie."""
    import tensorflow as tf  # noqa: PLC0415 - as above

    lengths = [dimension.size for dimension in entry.shape.dim]
    if entry.shape.unknown_rank or len(lengths) > 254 or min(lengths, default=0) < 0 or len(entry.slices):  # noqa: PLR2004
        _refuse("its shape is none")
    elements = math.prod(lengths)
    if math.prod(max(1, length) for length in lengths) >= 2**62:
        _refuse("it has more elements than there can be")
    if not 0 <= entry.shard_id < len(shards) or entry.offset < 0 or entry.size < 0:
        _refuse("it lies nowhere")
    if entry.offset + entry.size > sizes[entry.shard_id]:
        _refuse("it lies outside of its file")
    dtype = tf.as_dtype(entry.dtype)  # which raises TypeError for what is none
    if dtype == tf.string:
        _check_strings(shards[entry.shard_id], entry, elements)
    elif dtype.as_datatype_enum >= REFERENCES or dtype in (tf.resource, tf.variant):
        _refuse(f"{dtype.name} is not what a variable holds")
    elif entry.size != elements * dtype.size:
        _refuse(f"{entry.size} bytes are not {elements} elements of {dtype.name}")


def _check_strings(path: Path, entry: Any, elements: int) -> None:
    """First come the lengths, then a checksum of these, then the strings."""
    if elements + CHECKSUM > entry.size:
        _refuse(f"{entry.size} bytes cannot be {elements} strings")
    with path.open("rb") as file:
        file.seek(entry.offset)
        lengths, place = read_varints(file.read(min(entry.size, 10 * elements)), elements)
    if place + CHECKSUM + sum(lengths) != entry.size:
        _refuse(f"the lengths of its {elements} strings do not add up to {entry.size} bytes")


def _refuse(what: str) -> NoReturn:
    raise ValueError(what)
