"""Looks at every picture once, before anything is trained: whether it is whole, how large, and in colour."""

import hashlib
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import eagerloop
from eagerloop.errors import ConfigError

SIDE, LARGEST = 64, 128
"""Of pictures of several sizes, and the largest that is kept as it is, in pixels."""

CHANNELS = {"grey": 1, "rgb": 3}


class Look(NamedTuple):
    """What a file holds.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: From 1 to 4.
        digest: SHA-256 of the bytes.
        fault: Why it cannot be read, if it cannot.
    """

    height: int = 0
    width: int = 0
    channels: int = 0
    digest: str = ""
    fault: str = ""


def look_at(where: str, names: Sequence[str], paths: Sequence[str]) -> list[Look]:
    """Every picture, read and decoded once; never are more in memory than there are threads.

    Args:
        where: The folder or the table.
        names: The pictures as they are called there.
        paths: Their files.

    Raises:
        DataError: Some cannot be read: all are counted, the first are named.
    """
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        looks = list(pool.map(_look, paths))
    faults = [(name, look.fault) for name, look in zip(names, looks, strict=True) if look.fault]
    if faults:
        raise eagerloop.tables.fault_of_pictures(where, faults, len(looks))
    return looks


def _look(path: str) -> Look:
    pixels: Any = eagerloop.tables.decoded(path)
    if isinstance(pixels, str):
        return Look(fault=pixels)
    height, width, channels = pixels.shape
    return Look(height, width, channels, hashlib.sha256(Path(path).read_bytes()).hexdigest())


def stamp_of(path: str) -> tuple[int, int]:
    """Size and time of a file, by which a change is seen; 0 and 0 if it is gone."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a path of a million
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def form_of(where: str, column: str, looks: Sequence[Look], size: str | None, colour: str) -> "eagerloop.tables.Pictures":
    """Of which size and how many channels the pictures are to be.

    Args:
        where: The folder or the table.
        column: The column of paths.
        looks: What there is.
        size: `SIDE`, or `HEIGHTxWIDTH`; if None, their own, where all have the same, of 128 pixels at most.
        colour: `grey`, `rgb`, or `auto`: grey if none has colours.

    Raises:
        ConfigError: The size is none.
    """
    sizes = {(look.height, look.width) for look in looks}
    if size is None:
        height, width = next(iter(sizes)) if len(sizes) == 1 and max(max(sizes)) <= LARGEST else (SIDE, SIDE)
        if sizes != {(height, width)}:
            several = f"of {len(sizes)} sizes" if len(sizes) > 1 else "of {} x {} pixels".format(*next(iter(sizes)))
            warnings.warn(
                f"{where}: pictures {several} are read as {height} x {width}; --dataset.size says otherwise", stacklevel=4
            )
    else:
        height, width = _sides(size)
    coloured = sum(look.channels > 2 for look in looks)  # noqa: PLR2004 - grey, and grey with transparency
    chosen = ("rgb" if coloured else "grey") if colour == "auto" else colour
    other = len(looks) - coloured if chosen == "rgb" else coloured
    if other:
        now = "colours" if chosen == "rgb" else "grey"
        warnings.warn(f"{where}: {other} of {len(looks)} pictures are {_other(chosen)} and read as {now}", stacklevel=4)
    return eagerloop.tables.Pictures(column, height, width, CHANNELS[chosen])


def _other(chosen: str) -> str:
    return "grey" if chosen == "rgb" else "in colour"


def _sides(size: str) -> tuple[int, int]:
    sides = size.lower().split("x")
    if not all(side.strip().isdecimal() and 1 <= int(side) <= 4096 for side in sides) or len(sides) > 2:  # noqa: PLR2004
        msg = f"dataset 'images': option 'size' must be SIDE or HEIGHTxWIDTH, each from 1 to 4096, got {size!r}; give 64, say"
        raise ConfigError(msg)
    return int(sides[0]), int(sides[-1])
