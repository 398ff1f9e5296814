"""What stands above a table in its file: comments, a title, the line `sep=;` that a spreadsheet wants."""

import csv
import re
from typing import NamedTuple

MOST_LINES = 30
"""How many lines may stand above a table."""

SIGNS = "\t;|,"
"""What may separate cells."""

SEPARATOR = re.compile(r'"?sep=(?P<sign>.)"?', re.IGNORECASE)


class Preamble(NamedTuple):
    """What stands above a table.

    Attributes:
        lines: How many lines of the file it takes, blank ones among them not counted behind the last that says something.
        delimiter: What it says to separate the cells.
    """

    lines: int = 0
    delimiter: str | None = None


def find_preamble(data: bytes) -> Preamble:
    r"""What stands above the table in the beginning of a file.

    A line belongs to it that begins with `#`, that is `sep=` and a sign, or that has far fewer cells than the lines below it
    have, which have as many as each other.

    Example:
        >>> find_preamble(b"# made by hand\nPets of 2020\n\nname,age,kind\nTim,3,cat\nTom,4,dog\n")
        Preamble(lines=2, delimiter=None)
    """
    texts = [line.decode("utf-8", "ignore").strip("\ufeff \r") for line in data[: 1 << 16].split(b"\n")[: MOST_LINES + 20]]
    last, delimiter = 0, None
    for number, text in enumerate(texts[:MOST_LINES], 1):
        told = SEPARATOR.fullmatch(text)
        delimiter = told["sign"] if told and number == 1 else delimiter
        if (
            (told and number == 1)
            or (text.startswith("#") and not _is_head(texts, number))
            or (text and _is_title(texts, number))
        ):
            last = number
        elif text:
            break
    return Preamble(last, delimiter)


def _is_head(texts: list[str], number: int) -> bool:
    """Whether a line that begins with `#` names the columns: it has as many cells as the line below, which is no comment."""
    below = next((text for text in texts[number:] if text), "")
    widths = _widths(texts[number - 1], below)
    return not below.startswith("#") and any(one == other > 1 for one, other in widths)


def _is_title(texts: list[str], number: int) -> bool:
    """Whether the lines below have as many cells as each other, and this one far fewer, whatever separates them."""
    text = texts[number - 1]
    below = [text for text in texts[number:] if text and not text.startswith("#")][:10]
    if text.count('"') % 2 or len(below) < 2:  # noqa: PLR2004 - one line is no table
        return False
    widest, most = max(len(_cells(text, sign)) for sign in SIGNS), 0
    for sign in SIGNS:
        cells, widths = _cells(text, sign), [len(_cells(line, sign)) for line in below]
        usual = max(widths, key=widths.count)
        if usual > 1 and widths.count(usual) > len(widths) // 2:
            if not all(cells) or len(cells) >= max(usual - 1, 2):  # a column of a header may lack its name
                return False
            most = max(most, usual)
    return most > 1 and (widest == 1 or widest < most - 1)  # a header with other signs is a fault, and no title


def _widths(one: str, other: str) -> list[tuple[int, int]]:
    return [(len(_cells(one, sign)), len(_cells(other, sign))) for sign in SIGNS]


def _cells(text: str, sign: str) -> list[str]:
    """The cells of a line, without those that are empty at its end."""
    line = text.replace("\r", " ")  # one by itself, which ends a line for some programs
    cells = [cell.strip() for cell in next(csv.reader([line], delimiter=sign, skipinitialspace=True), [])]
    while cells and not cells[-1]:
        cells.pop()
    return cells
