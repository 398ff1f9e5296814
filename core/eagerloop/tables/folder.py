"""A folder of pictures as a table of their paths."""

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from eagerloop.errors import DataError
from eagerloop.tables.cells import MISSING
from eagerloop.tables.delimited import Delimited
from eagerloop.tables.pictures import resolved
from eagerloop.tables.table import Table, table_of

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
"""Of the files that are taken for pictures, in any case."""

PARTS = {"train": "train", "test": "test", "validation": "validation", "valid": "validation", "val": "validation"}
"""Folders that hold the folders of the classes, and what they are for."""

MOST_NAMED = 5


def read_folder(path: str | Path) -> Table:
    """A folder of pictures.

    Args:
        path: The folder. Its pictures stand in folders named by their classes, or these in folders called `train`, `test` and
            `validation`; or they stand in it itself. What is hidden, and what is no picture by its ending, is passed over.

    Returns:
        A table, sorted by path: `path`, from the folder on; `part`, if there is a folder `train`; and `class`, if each picture
        stands in the folder of one.

    Raises:
        DataError: There is no picture, or a link leads out of the folder.
    """
    root = Path(path)
    found = sorted(_pictures(root))
    _refuse_links(root, found)
    if not found:
        msg = f"{path} holds no picture ({', '.join(ENDINGS)}); check the path"
        raise DataError(msg)
    tops = {name.split("/")[0] for name in found if "/" in name}
    parted = "train" in tops and tops <= {*PARTS} and all(name.count("/") > 1 for name in found)
    names = ["path", *(["part"] if parted else []), *(["class"] if all("/" in name for name in found) else [])]
    rows = []
    for name in found:
        steps = name.split("/")
        rows.append([name, *([PARTS[steps[0]]] if parted else []), *([steps[parted]] if "class" in names else [])])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([names, *rows])
    source = Delimited(str(path), text.getvalue().encode(), ",", True, (1, names), "", missing=frozenset(MISSING & {""}))  # noqa: FBT003
    return table_of(source, tuple(names))


def class_folders(path: str | Path) -> list[str]:
    """The folders in which the pictures of a class are looked for, from `path` on, whether or not they hold any."""
    root = Path(path)
    tops = _folders(root)
    if "train" in tops and {*tops} <= {*PARTS}:
        return [f"{top}/{name}" for top in tops for name in _folders(root / top)]
    return tops


def _folders(root: Path) -> list[str]:
    return sorted(one.name for one in os.scandir(root) if one.is_dir() and not one.name.startswith("."))


def _pictures(root: Path) -> Iterator[str]:
    for here, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if Path(here, name).is_symlink()]
        for name in [*files, *links]:
            if name in links or (name.lower().endswith(ENDINGS) and not name.startswith(".")):
                yield Path(here, name).relative_to(root).as_posix()


def _refuse_links(root: Path, found: list[str]) -> None:
    """Refuses what stands elsewhere; a link to a folder inside is a second way to the same pictures, and not followed."""
    inside = root.resolve()
    ends = {name: resolved(root / name) for name in found}
    outside = [name for name, end in ends.items() if end is None or not end.is_relative_to(inside)]
    if outside:
        named = ", ".join(f"{name} (to {ends[name] or 'itself'})" for name in outside[:MOST_NAMED])
        more = f" and {len(outside) - MOST_NAMED} more" if len(outside) > MOST_NAMED else ""
        msg = f"{root}: links lead out of the folder: {named}{more}; copy what they lead to into it"
        raise DataError(msg)
    found[:] = [name for name in found if not (root / name).is_dir()]
