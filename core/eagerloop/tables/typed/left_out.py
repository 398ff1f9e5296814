"""Columns that are neither numbers nor texts."""

import warnings
from collections.abc import Mapping

SHOWN = 8
"""How many columns a note names."""


def tell_of_left_out(path: str, kinds: Mapping[str, str]) -> None:
    """Tells which columns of a file are not read.

    Args:
        path: The file.
        kinds: What they hold, by name.
    """
    if kinds:
        named = ", ".join(f"'{name}' ({kind})" for name, kind in [*kinds.items()][:SHOWN])
        more = f" and {len(kinds) - SHOWN} more" if len(kinds) > SHOWN else ""
        what = "column" if len(kinds) == 1 else "columns"
        text = f"{path}: {what} {named}{more} hold neither numbers nor texts and are read as without a value"
        warnings.warn(text if len(kinds) > 1 else text.replace(" hold ", " holds ").replace(" are ", " is "), stacklevel=4)
