"""Where this process shows something: who looks at its output, and what TensorFlow says there that nobody asked for."""

import contextlib
import os
import re
import sys
from collections.abc import Iterator

from eagerloop.errors import DEBUG

GREETING = re.compile(rb"[IWE]\d{4} |[IWE]0000 |WARNING: All log messages before absl|To enable the following instructions")
"""How the lines begin that TensorFlow writes when it is imported."""


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook: Jupyter, Colab, Kaggle, an editor."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def is_watched() -> bool:
    """Whether somebody looks at standard output: at a terminal, or in a notebook. A test of pytest has nobody."""
    if "PYTEST_CURRENT_TEST" in os.environ:
        return False
    return in_notebook() or bool(getattr(sys.stdout, "isatty", lambda: False)())


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps TensorFlow's greetings off the screen while it may be imported, unless `--debug` was given.

    Its C++ side writes to file descriptor 2 before any setting of its log level counts; so that descriptor leads into a file
    meanwhile. Then come the lines that somebody else has written; if the import failed, all lines.
    """
    if os.environ.get(DEBUG):
        yield
        return
    import tempfile  # noqa: PLC0415 - most commands need none

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as said:
        before, failed = os.dup(2), True
        os.dup2(said.fileno(), 2)
        try:
            yield
            failed = False
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(before, 2)
            said.seek(0)
            os.write(before, b"".join(line for line in said if failed or not GREETING.match(line)))
            os.close(before)


def quiet_import() -> contextlib.AbstractContextManager[None]:
    """The same for a program of the user's: nothing is to be kept quiet where TensorFlow is there, or nobody hears it."""
    try:
        os.fstat(2)
    except OSError:  # a window's program has no standard error
        return contextlib.nullcontext()
    return contextlib.nullcontext() if "tensorflow" in sys.modules else quiet()
