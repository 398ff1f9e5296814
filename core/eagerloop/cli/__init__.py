"""The command line: each command parses, calls one library function, prints."""

import sys
from collections.abc import Sequence

from eagerloop.cli.saying import report


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of `eagerloop`: runs a command and exits with its code.

    Args:
        arguments: What stands behind `eagerloop` on the command line; by default `sys.argv`.

    Raises:
        SystemExit: Always: 0 done, 1 the run failed, 2 the user's input, 130 or 143 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    with report(debug=debug):
        from eagerloop.cli.app import command  # noqa: PLC0415 - whatever goes wrong in there is reported, too

        code = command([word for word in words if word != "--debug"]) or 0
    sys.exit(code)
