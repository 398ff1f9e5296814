"""Reading tables of text, such as CSV and TSV: the engine need not know how.

`read_table` holds a whole file, `read_blocks` goes through one that is larger than memory; both give a `Table`. NumPy is
imported when one of them is asked for, not before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagerloop.tables.blocks import read_blocks
    from eagerloop.tables.table import Table, read_table

__all__ = ["Table", "read_blocks", "read_table"]

_LATER = {"Table": "table", "read_blocks": "blocks", "read_table": "table"}


def __getattr__(name: str) -> Any:
    """Imports the module of a name when the name is first asked for."""
    if name not in _LATER:
        msg = f"module 'eagerloop.tables' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"eagerloop.tables.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
