"""A sorted table of keys and values, as the index of a TensorFlow checkpoint is one, read without trusting a byte of it.

TensorFlow's own reader ends the process where it finds what it thinks impossible. This one raises a ValueError.

Source: the table format of LevelDB (doc/table_format.md), which TensorFlow's `core/lib/io/table` follows.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
TRAILER = 5
"""Bytes behind each block: how it is compressed, and its checksum, which TensorFlow compares."""

LONGEST_VARINT = 10


class Handle(NamedTuple):
    """Where a block is, in bytes."""

    offset: int
    size: int


def read_table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a table, in their order.

    Args:
        data: The whole file.

    Yields:
        Key and value; the keys ascend.

    Raises:
        ValueError: It is not exactly what a writer makes.
    """
    meta, index = _footer(data)
    last: bytes | None = None
    end = 0
    for bound, value in _block(data, index):
        handle, length = _handle(value, 0)
        if length != len(value) or handle.offset != end:
            _refuse("its blocks do not follow each other")
        end = handle.offset + handle.size + TRAILER
        for key, content in _block(data, handle):
            if last is not None and key <= last:
                _refuse("its keys do not ascend")
            last = key
            yield key, content
        if bound < (last or b""):
            _refuse("its keys do not ascend")
    if end != meta.offset:
        _refuse("its blocks do not follow each other")


def _footer(data: bytes) -> tuple[Handle, Handle]:
    """Where the properties are, of which there are none, and the block that has the places of the others."""
    if len(data) < FOOTER or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        _refuse("it does not end as an index does")
    footer = data[-FOOTER:-8]
    meta, place = _handle(footer, 0)
    index, place = _handle(footer, place)
    if any(footer[place:]):
        _refuse("its footer holds more than two places")
    if index.offset != meta.offset + meta.size + TRAILER or index.offset + index.size + TRAILER != len(data) - FOOTER:
        _refuse("its blocks do not fill it")
    if any(True for _entry in _block(data, meta)):
        _refuse("it has properties, which no checkpoint has")
    return meta, index


def _block(data: bytes, handle: Handle) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a block; the places where a search may begin must be beginnings of entries that are written in full."""
    end = handle.offset + handle.size
    if end + TRAILER > len(data) - FOOTER or handle.size < 4 or data[end]:  # noqa: PLR2004 - the number of restarts
        _refuse("a block is outside of it, or compressed")
    block = data[handle.offset : end]
    (count,) = struct.unpack("<I", block[-4:])
    limit = len(block) - 4 - 4 * count
    if limit < 0 or not count:
        _refuse("a block has too many places to begin at, or none")
    restarts = struct.unpack(f"<{count}I", block[limit:-4])
    begins, place, key = {0}, 0, b""
    while place < limit:
        begin = place
        (shared, own, length), place = _three(block, place)
        if shared > len(key) or place + own + length > limit:
            _refuse("an entry is longer than its block")
        if not shared:
            begins.add(begin)
        key = key[:shared] + block[place : place + own]
        place += own
        yield key, block[place : place + length]
        place += length
    if not begins.issuperset(restarts) or list(restarts) != sorted(set(restarts)):
        _refuse("a block can be begun within an entry")


def _three(block: bytes, place: int) -> tuple[tuple[int, int, int], int]:
    shared, place = _varint(block, place)
    own, place = _varint(block, place)
    length, place = _varint(block, place)
    return (shared, own, length), place


def _handle(data: bytes, place: int) -> tuple[Handle, int]:
    offset, place = _varint(data, place)
    size, place = _varint(data, place)
    return Handle(offset, size), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """An integer of seven bits a byte, the lowest first; and the place behind it."""
    value = 0
    for number, byte in enumerate(data[place : place + LONGEST_VARINT]):
        value |= (byte & 127) << 7 * number
        if byte < 128:  # noqa: PLR2004 - the highest bit says that there is more
            return value, place + number + 1
    msg = "the index is damaged: an integer does not end"
    raise ValueError(msg)


def read_varints(data: bytes, count: int) -> tuple[list[int], int]:
    """Integers that stand one behind the other at the beginning.

    Args:
        data: The bytes.
        count: How many.

    Returns:
        The integers, and the place behind them.

    Raises:
        ValueError: There are fewer.
    """
    values, place = [], 0
    for _ in range(count):
        value, place = _varint(data, place)
        values.append(value)
    return values, place


def _refuse(what: str) -> NoReturn:
    msg = f"the index is damaged: {what}"
    raise ValueError(msg)
