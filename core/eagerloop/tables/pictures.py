"""A column of paths as pictures, all brought to one form. Shapes: n rows, h x w pixels, c channels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.errors import DataError, reason

if TYPE_CHECKING:
    import tensorflow as tf

    from eagerloop.tables.slices import AnyTable

GREY, RGB = 1, 3
MOST_PIXELS = 4096
"""Of a side."""

VALUES_AT_ONCE = 1 << 24
"""Numbers of x that stand in memory at a time: 64 MiB."""

MOST_NAMED = 5
"""Faults that a line names."""


@dataclass(frozen=True)
class Pictures:
    """Turns a table with a column of paths into x, a batch of pictures.

    A picture is a JPEG, PNG, GIF (its first image), BMP or WebP file. It is resized by bilinear interpolation without regard to
    its proportions. Of colours, grey is what `tf.image.rgb_to_grayscale` makes; transparency is left out.

    It is plain data, so that a run can keep it: `as_json` and `from_json`.

    Attributes:
        column: The column of paths. They start from the folder of the table, and none may lead out of it.
        height: h.
        width: w.
        channels: c: 1 (grey) or 3 (red, green, blue).

    Example:
        >>> pictures = Pictures("path", 8, 8, 1)
        >>> pictures.columns, Pictures.from_json(pictures.as_json()) == pictures
        (('path',), True)

    Source: `keras.utils.image_dataset_from_directory`, whose pixels these are, divided by 255.
    """

    column: str
    height: int
    width: int
    channels: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that it needs."""
        return (self.column,)

    @property
    def rows_at_once(self) -> int:
        """How many pictures stand in memory at a time."""
        return max(1, VALUES_AT_ONCE // (self.height * self.width * self.channels))

    def paths(self, table: "AnyTable") -> list[str]:
        """The files of a table's rows.

        Raises:
            DataError: One leads out of the table's folder.
        """
        root = folder_of(table.path)
        inside, found = root.resolve(), []
        for row, text in enumerate(table.text(self.column)):
            end = resolved(root / text)
            if end is None or not end.is_relative_to(inside):
                where = "nowhere" if end is None else f"out of the folder {root}, to {end}"
                raise table.fault(self.column, row, f"{text!r} leads {where}; copy the picture into the folder")
            found.append(str(root / text))
        return found

    def read(self, path: "tf.Tensor") -> "tf.Tensor":
        """A picture, (h, w, c), float32 from 0 to 1, by TensorFlow's operations."""
        import tensorflow as tf  # noqa: PLC0415 - reading a table must not wait for TensorFlow

        return self.scaled(tf.io.decode_image(tf.io.read_file(path), expand_animations=False))

    def scaled(self, pixels: "tf.Tensor") -> "tf.Tensor":
        """A picture of any size and any channels as the model wants it."""
        import tensorflow as tf  # noqa: PLC0415 - as above

        pixels = tf.ensure_shape(pixels, [None, None, None])  # of one or two channels: grey; of three or four: colours
        of_colours = tf.shape(pixels)[2] > 2  # noqa: PLR2004
        if self.channels == RGB:
            one = tf.cond(of_colours, lambda: pixels[:, :, :3], lambda: tf.repeat(pixels[:, :, :1], 3, axis=2))
        else:
            one = tf.cond(of_colours, lambda: tf.image.rgb_to_grayscale(pixels[:, :, :3]), lambda: pixels[:, :, :1])
        one = tf.ensure_shape(one, [None, None, self.channels])
        resized = tf.image.resize(one, (self.height, self.width), method="bilinear")
        return tf.ensure_shape(resized, [self.height, self.width, self.channels]) / 255

    def told(self, table: "AnyTable") -> "np.ndarray[Any, Any]":
        """X of new rows, (n, h, w, c).

        Raises:
            DataError: Files are missing or broken, all of which are counted; or one leads out of the folder.
        """
        import tensorflow as tf  # noqa: PLC0415 - as above

        x = np.zeros((len(table), self.height, self.width, self.channels), np.float32)
        faults = []
        for row, path in enumerate(self.paths(table)):
            pixels = decoded(path)
            if isinstance(pixels, str):
                faults.append((table.text(self.column)[row], pixels))
            else:
                x[row] = self.scaled(tf.constant(pixels))
        if faults:
            raise fault_of_pictures(table.path, faults, len(table))
        return x

    def as_json(self) -> dict[str, Any]:
        """What it is, as JSON."""
        return {"kind": "pictures", **vars(self)}

    @classmethod
    def from_json(cls, content: Any) -> "Pictures":
        """What `as_json` told of.

        Raises:
            ValueError: It is no such content. (Or KeyError or TypeError: whatever reading it raises.)
        """
        column, sides = content["column"], (content["height"], content["width"])
        good = isinstance(column, str) and content["channels"] in (GREY, RGB)
        if not good or not all(type(side) is int and 1 <= side <= MOST_PIXELS for side in sides):
            msg = "expected a column, sides and channels"
            raise ValueError(msg)
        return cls(column, *sides, content["channels"])


def folder_of(path: str) -> Path:
    """The folder from which the paths of a table start: the table itself, if it is one."""
    return Path(path) if Path(path).is_dir() else Path(path).parent


def resolved(path: Path) -> Path | None:
    """Where a path leads in the end; None where it cannot lead anywhere, as in a circle of links."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None


def decoded(path: str) -> "np.ndarray[Any, Any] | str":
    """The pixels of a file, uint8, (height, width, channels) as they are in it; or why there are none."""
    import tensorflow as tf  # noqa: PLC0415 - as above

    try:
        if not os.path.isfile(path):  # noqa: PTH113 - a path of a million
            return "is a folder" if Path(path).is_dir() else "does not exist"
        data = Path(path).read_bytes()
        return tf.io.decode_image(data, expand_animations=False).numpy()  # type: ignore[no-any-return]
    except OSError as error:
        return reason(error)
    except tf.errors.OpError as error:
        told = " ".join(error.message.split("}}")[-1].split("[Op:")[0].split())
        return told.partition(". ")[0].rstrip(".")


def fault_of_pictures(where: str, faults: Sequence[tuple[str, str]], count: int) -> DataError:
    """The error for pictures that cannot be read, to be raised.

    Args:
        where: The folder or the table.
        faults: Paths and reasons.
        count: How many pictures there are.
    """
    named = ", ".join(f"{path} ({why})" for path, why in faults[:MOST_NAMED])
    more = f" and {len(faults) - MOST_NAMED} more" if len(faults) > MOST_NAMED else ""
    return DataError(f"{where}: {len(faults)} of {count} pictures cannot be read: {named}{more}; mend them, or leave them out")
