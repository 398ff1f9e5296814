"""Pictures for the eye: as shades of a terminal, and as PNG. Shapes: n pictures of h x w pixels, c channels, 1 or 3."""

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

SHADES = " ░▒▓█"
"""From 0 to the brightest."""

SMALLEST = 4
"""Pixels of a side: what has fewer is no picture."""

ACROSS = 16
"""Pixels that a terminal shows of a side; more are averaged."""

Array = np.ndarray[Any, Any]


def are_pictures(array: Any) -> bool:
    """Whether these are pictures: numbers of shape (n, h, w, 1) or (n, h, w, 3)."""
    if not isinstance(array, np.ndarray) or array.ndim != 4 or array.dtype.kind not in "uif":  # noqa: PLR2004
        return False
    count, height, width, channels = array.shape
    return count > 0 and min(height, width) >= SMALLEST and channels in (1, 3)


def brightness(pictures: Array) -> Array:
    """The numbers of pictures as whole ones from 0 to 255.

    Args:
        pictures: (n, h, w, c): from 0 to 1, or from 0 to 255; else the smallest becomes 0 and the largest 255.

    Example:
        >>> brightness(np.array([0.0, 0.5, 1.0])), brightness(np.array([-1.0, 0.0, 1.0]))
        (array([  0, 128, 255], dtype=uint8), array([  0, 128, 255], dtype=uint8))
    """
    numbers = np.nan_to_num(np.asarray(pictures, np.float64))
    low, high = float(numbers.min()), float(numbers.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:  # noqa: PLR2004
        low, high = 0.0, 255.0
    return np.round((numbers - low) / ((high - low) or 1.0) * 255).astype(np.uint8)


def shaded(pixels: Array) -> list[str]:
    """A picture in characters, two for each pixel, so that a square stays one.

    Args:
        pixels: (h, w, c), whole numbers from 0 to 255.

    Example:
        >>> shaded(np.array([[0, 255], [128, 64]], np.uint8)[:, :, np.newaxis])
        ['  ██', '▒▒░░']
    """
    grey = pixels.mean(axis=2)
    step = max(1, -(-max(grey.shape) // ACROSS))
    rows, columns = (-(-side // step) for side in grey.shape)
    cells = [
        [grey[step * row : step * row + step, step * column : step * column + step].mean() for column in range(columns)]
        for row in range(rows)
    ]
    return ["".join(2 * SHADES[round(value / 255 * (len(SHADES) - 1))] for value in row) for row in cells]


def beside(titles: list[str], pictures: Array, width: int) -> Iterator[str]:
    """Pictures with a title each, as many beside each other as fit.

    Args:
        titles: One each.
        pictures: (n, h, w, c).
        width: Of the text.
    """
    drawn = [shaded(pixels) for pixels in brightness(pictures)]
    wide = max(len(drawn[0][0]), *map(len, titles))
    a_row = max(1, (width + 2) // (wide + 2))
    for begin in range(0, len(drawn), a_row):
        some = [[title, *lines] for title, lines in zip(titles, drawn, strict=True)][begin : begin + a_row]
        yield from ["", *("  ".join(cell.ljust(wide) for cell in cells).rstrip() for cells in zip(*some, strict=True))]


def png(pixels: Array) -> bytes:
    """A picture as a PNG file.

    Args:
        pixels: (h, w, c), uint8.

    Source: W3C, "Portable Network Graphics", chapters 5, 10 and 11: no filter, no interlace.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def address(pixels: Array) -> str:
    """A picture as an address that holds all of it."""
    return f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"
