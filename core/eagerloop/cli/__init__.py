"""The command line: each command parses, calls one library function, prints."""

import os
import sys
from collections.abc import Sequence

from eagerloop.cli.saying import report
from eagerloop.errors import ConfigError


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of `eagerloop`: runs a command and exits with its code.

    Args:
        arguments: What stands behind `eagerloop` on the command line; by default `sys.argv`.

    Raises:
        SystemExit: Always: 0 done, 1 the run failed, 2 the user's input, 130 or 143 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    own = _own(words)
    debug = "--debug" in own
    with report(debug=debug):
        _require_words(words)
        from eagerloop.cli.app import command  # noqa: PLC0415 - whatever goes wrong in there is reported, too

        code = command([*(word for word in own if word != "--debug"), *words[len(own) :]]) or 0
    sys.exit(code)


def _require_words(words: Sequence[str]) -> None:
    """Refuses what no command line can hold, and no file can be called; a program may give it nevertheless."""
    for word in words:
        try:
            os.fsencode(word)
        except UnicodeEncodeError as error:
            msg = f"{word!a} is no word of a command line: it has half of a character; give whole ones"
            raise ConfigError(msg) from error


def _own(words: Sequence[str]) -> Sequence[str]:
    """What belongs to this command; what `launch` is to run has options of its own."""
    launched = "launch" in words[:2]
    ends = [place for place, word in enumerate(words) if word == "--" or (launched and word in ("train", "resume"))]
    return words[: ends[0]] if ends else words
