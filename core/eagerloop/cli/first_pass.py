"""The first pass over a command line: which parts, plugin files and config it names."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from eagerloop.parts import KINDS

FLAGS = {kind: "observe" if kind == "observer" else kind for kind in KINDS}
"""What the option of each kind is called."""


class _Unreadable(Exception):  # noqa: N818 - no fault: the second pass tells it better
    """The first pass could not read the line."""


class _FirstPass(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Unreadable(message)


def chosen_parts(words: Sequence[str]) -> argparse.Namespace:
    """Which parts, plugin files and config a command line names, whatever else it holds."""
    parser = _FirstPass(add_help=False, allow_abbrev=False)
    for flag in (*FLAGS.values(), "plugin", "trust", "config"):
        parser.add_argument(f"--{flag}", action="append", default=[])
    try:
        return parser.parse_known_args(list(words))[0]
    except _Unreadable:
        return parser.parse_args([])
