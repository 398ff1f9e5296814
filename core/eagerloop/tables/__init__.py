"""Reading tables of text, such as CSV and TSV, and what becomes one: Parquet, SQLite, NumPy, JSON lines.

`open_table` finds out what a file is. `read_table` holds a whole file, `read_blocks` goes through one that is larger than
memory; both give a `Table`. An `Encoder` makes features of its columns, whose cells a `Reading` reads. A column of texts may be
`Numbers`, `Truth` or `Dates`: each is a `Form`, and `FORMS` has them all. One of free text may be `Words`, if somebody asks for
it, and one of paths `Pictures`; `read_folder` reads a folder of these as a table. NumPy is imported when one of them is asked
for, not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagerloop.tables.blocks import read_blocks
    from eagerloop.tables.cell_forms import FORMS, Form, Numbers, Truth
    from eagerloop.tables.cells import NO_VALUE, OTHER
    from eagerloop.tables.dates import Dates
    from eagerloop.tables.encoder import Encoder, warn_of_others
    from eagerloop.tables.folder import class_folders, read_folder
    from eagerloop.tables.pictures import Pictures, decoded, fault_of_pictures
    from eagerloop.tables.places import TableFile, open_table
    from eagerloop.tables.reading import Reading
    from eagerloop.tables.seen import SeenColumn
    from eagerloop.tables.table import Table
    from eagerloop.tables.whole import read_table
    from eagerloop.tables.words import Words, words_of

_LATER = {
    **dict.fromkeys(("FORMS", "Form", "Numbers", "Truth"), "cell_forms"),
    **dict.fromkeys(("NO_VALUE", "OTHER"), "cells"),
    **dict.fromkeys(("Encoder", "warn_of_others"), "encoder"),
    **dict.fromkeys(("class_folders", "read_folder"), "folder"),
    **dict.fromkeys(("Pictures", "decoded", "fault_of_pictures"), "pictures"),
    **dict.fromkeys(("TableFile", "open_table"), "places"),
    **dict.fromkeys(("Words", "words_of"), "words"),
    "Dates": "dates",
    "Reading": "reading",
    "SeenColumn": "seen",
    "Table": "table",
    "read_blocks": "blocks",
    "read_table": "whole",
}

__all__ = [
    "FORMS",
    "NO_VALUE",
    "OTHER",
    "Dates",
    "Encoder",
    "Form",
    "Numbers",
    "Pictures",
    "Reading",
    "SeenColumn",
    "Table",
    "TableFile",
    "Truth",
    "Words",
    "class_folders",
    "decoded",
    "fault_of_pictures",
    "open_table",
    "read_blocks",
    "read_folder",
    "read_table",
    "warn_of_others",
    "words_of",
]


def __getattr__(name: str) -> Any:
    """Imports the module of a name when the name is first asked for."""
    if name not in _LATER:
        msg = f"module 'eagerloop.tables' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"eagerloop.tables.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
