"""Plain delimited text, which has no quotes and no blank lines: cut into cells by NumPy, without a look at every row.

Shapes: n lines, w cells a line. Whatever is out of the ordinary is left to Python's csv module, which knows a fault's line.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

CHUNK_BYTES = 1 << 22
"""How much is looked at in one go: the places of all the cells take more memory than the text."""

NEWLINE = ord("\n")


def chunks(data: bytes, start: int) -> Iterator[bytes]:
    """The text from a position on, in pieces of whole lines."""
    while start < len(data):
        end = data.find(b"\n", min(start + CHUNK_BYTES, len(data))) + 1 or len(data)
        yield data[start:end]
        start = end


def cell_ends(chunk: bytes, delimiter: str, width: int) -> np.ndarray[Any, Any] | None:
    r"""Where each cell ends.

    Args:
        chunk: Whole lines; the last may lack its end.
        delimiter: What separates cells.
        width: w, how many cells a line must have.

    Returns:
        The position behind each cell, int64, shape (n, w); None if the text is not plain: a quote, a blank line, a line of
        another length, a carriage return by itself, a delimiter beyond ASCII.

    Example:
        >>> cell_ends(b"a,bc\nd,e\n", ",", 2).tolist()
        [[1, 4], [6, 8]]
    """
    if b'"' in chunk or not delimiter.isascii() or chunk.count(b"\r") != chunk.count(b"\r\n"):
        return None
    codes = np.frombuffer(chunk if chunk.endswith(b"\n") else chunk + b"\n", np.uint8)
    newline = codes == NEWLINE
    ends: np.ndarray[Any, Any] = np.flatnonzero(newline | (codes == ord(delimiter)))
    if len(ends) % width or np.count_nonzero(newline) * width != len(ends):
        return None
    ends = ends.reshape(-1, width)
    if not newline[ends[:, -1]].all() or (width == 1 and not all(map(bytes.strip, chunk.splitlines()))):
        return None
    return ends


def mark(chunk: bytes, ends: np.ndarray[Any, Any], places: Sequence[int], missing: Collection[str]) -> bytes:
    r"""The text, with `nan` in the cells of some columns that have no value: parsers of numbers take it.

    Args:
        chunk: Whole lines of plain text.
        ends: What `cell_ends` said of them.
        places: The columns, counted from 0.
        missing: What a cell without a value says, in lower case, each at most a few letters.

    Example:
        >>> mark(b"a,?,1\n,-,NA\n", cell_ends(b"a,?,1\n,-,NA\n", ",", 3), [1, 2], {"", "?", "na", "-"})
        b'a,nan ,1\n,nan ,nan  \n'
    """
    codes = np.frombuffer(chunk + b"\n", np.uint8)
    begins, ends = _begins(ends)[:, places].reshape(-1), ends[:, places].reshape(-1)
    initial = {text[0] for text in missing if text}
    if not initial & set("0123456789"):  # most cells are numbers, and need no second look
        other = np.flatnonzero((codes[begins] < ord("0")) | (codes[begins] > ord("9")))
        begins, ends = begins[other], ends[other]
    for space in b" \t\r":
        while (padded := (begins < ends) & (codes[begins] == space)).any():
            begins = begins + padded
        while (padded := (begins < ends) & (codes[ends - 1] == space)).any():
            ends = ends - padded
    lengths = ends - begins
    gone = [begins[lengths == 0]]
    marked = codes[: len(chunk)].copy()
    lower = np.arange(256, dtype=np.uint8)
    lower[ord("A") : ord("Z") + 1] += ord("a") - ord("A")
    for length in {len(text.encode()) for text in missing} - {0}:
        texts = {text.encode() for text in missing if len(text.encode()) == length}
        found = begins[lengths == length]
        for place, allowed in enumerate(zip(*texts, strict=True)):  # few cells have one of the first letters
            found = found[np.isin(lower[codes[found + place]], allowed)]
        found = found[[bytes(row) in texts for row in lower[codes[found[:, np.newaxis] + np.arange(length)]]]]
        marked[(found[:, np.newaxis] + np.arange(length)).reshape(-1)] = ord(" ")
        gone.append(found)
    places_of_gone = np.concatenate(gone)
    return np.insert(marked, places_of_gone.repeat(3), np.tile(np.frombuffer(b"nan", np.uint8), len(places_of_gone))).tobytes()


def _begins(ends: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where each cell begins."""
    return np.concatenate([[0], ends.reshape(-1)[:-1] + 1]).reshape(ends.shape)


def cut(chunk: bytes, ends: np.ndarray[Any, Any], places: Sequence[int]) -> list[list[str]]:
    r"""Some columns, as text without the space around it.

    Args:
        chunk: Whole lines of plain text.
        ends: What `cell_ends` said of them.
        places: The columns, counted from 0.

    Returns:
        The n cells of each.

    Example:
        >>> cut(b"a, bc\nd,e\n", cell_ends(b"a, bc\nd,e\n", ",", 2), [1])
        [['bc', 'e']]
    """
    begins = _begins(ends)
    spans = [zip(begins[:, place].tolist(), ends[:, place].tolist(), strict=True) for place in places]
    if chunk.isascii():
        text = chunk.decode("ascii")
        return [[text[begin:end].strip() for begin, end in pairs] for pairs in spans]
    return [[chunk[begin:end].decode("utf-8").strip() for begin, end in pairs] for pairs in spans]
