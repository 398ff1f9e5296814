"""Plain delimited text, which has no quotes and no blank lines: cut into cells by NumPy, without a look at every row.

Shapes: n lines, w cells a line. Whatever is out of the ordinary is left to Python's csv module, which knows a fault's line.
"""

from collections.abc import Iterator, Sequence
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
    begins = np.concatenate([[0], ends.reshape(-1)[:-1] + 1]).reshape(ends.shape)
    spans = [zip(begins[:, place].tolist(), ends[:, place].tolist(), strict=True) for place in places]
    if chunk.isascii():
        text = chunk.decode("ascii")
        return [[text[begin:end].strip() for begin, end in pairs] for pairs in spans]
    return [[chunk[begin:end].decode("utf-8").strip() for begin, end in pairs] for pairs in spans]
