"""What a person sees when something goes wrong, and what TensorFlow says that nobody asked for."""

import contextlib
import errno
import os
import re
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from eagerloop.errors import DEBUG, ConfigError, EagerloopError, printable
from eagerloop.process.screen import quiet

CLUTTER = re.compile(
    r"\x1b\[[0-9;]*m"  # Keras's colours
    r"|\{\{.*?\}\}|\[\[.*?\]\]|\[Op:\w+\] name:"  # TensorFlow's names of graph nodes
)
FINDING = re.compile(r"EL\d\d ")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the operating system says where there is no more room."""


def tell(text: str) -> None:
    """One line to stderr."""
    print(printable(" ".join(CLUTTER.sub("", text).split())), file=sys.stderr)  # noqa: T201


def write_out(text: str, end: str = "\n") -> None:
    """Lines to stdout, in which no name steers the terminal."""
    print(_lines(text), end=end, flush=True)  # noqa: T201


def _lines(text: str) -> str:
    return "".join(part if part in ("\n", "\t") else printable(part) for part in re.split(r"([\n\t])", text))


class _Shown:
    """Standard output on a terminal, to which data are written: they steer nothing."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        """What is written, as it can be shown."""
        return int(self._terminal.write(_lines(text)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._terminal, name)


@contextlib.contextmanager
def data_on_stdout() -> Iterator[None]:
    """Data go out byte for byte, but to a terminal as they can be shown.

    Raises:
        ConfigError: Standard output has no such letter.
    """
    if sys.stdout.isatty():
        with contextlib.redirect_stdout(_Shown(sys.stdout)):
            yield
        return
    stream: Any = sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="strict")
    try:
        yield
    except UnicodeEncodeError as error:
        lacking = f"the output is written in {error.encoding}, which lacks {error.object[error.start]!a}"
        msg = f"{lacking}; set PYTHONIOENCODING=utf-8, or write to a file"
        raise ConfigError(msg) from error


class _Unread:
    """Standard output whose reader may leave: from then on it leads nowhere, and nobody is told."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes to whoever still reads."""
        with _leaving():
            return int(self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hands out what was written."""
        with _leaving():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _leaving() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _write_no_more()


@contextlib.contextmanager
def going_on_unread() -> Iterator[None]:
    """What is done here is done to its end, even if nobody reads what it says: `eagerloop train | head` leaves a whole run."""
    with contextlib.redirect_stdout(_Unread(sys.stdout)):
        yield


@contextlib.contextmanager
def report(*, debug: bool) -> Iterator[None]:
    """Turns the user's faults into one line and an exit code; everything else keeps its traceback.

    Args:
        debug: Show every traceback, and what TensorFlow says.
    """
    os.environ[DEBUG] = "1" if debug else ""
    _mend_streams()
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    try:
        yield
        sys.stdout.flush()  # here a full disk can still be told of
    except EagerloopError as error:
        if debug:
            raise
        _tell_of(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        _write_no_more()  # the reader has seen enough: `| head`
        sys.exit(1)
    except Exception as error:
        if type(error).__name__ == "Abort":  # what typer makes of Ctrl-C
            sys.exit(130)
        if hasattr(error, "format_message"):  # typer's own errors, wherever its version keeps their class
            tell(f"eagerloop: {_usage(error)}")
            sys.exit(2)
        if isinstance(error, OSError) and error.errno in (*FULL, errno.ENAMETOOLONG) and not debug and not _notes(error):
            sys.exit(_tell_of_system(error))
        if debug or not _notes(error):
            raise
        what = f"{type(error).__name__}: {_shortened(error)}{_line_of(error)}"
        tell(f"eagerloop: {what} ({'; '.join(_notes(error))}); --debug shows where")
        sys.exit(2)


def _mend_streams() -> None:
    """Standard streams that are closed lead nowhere; one that lacks a letter shows it as an escape sequence of Python's."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:  # a file that is opened next would get this number, and what TensorFlow says
            os.open(os.devnull, os.O_RDWR)
        stream = getattr(sys, name) or open(number, "r" if not number else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        if number and getattr(stream, "errors", "") == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _write_no_more() -> None:
    """Lets what is still to be written to standard output vanish: Python would try once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell_of(error: EagerloopError) -> None:
    """The error, and what the inspection of its step found."""
    tell(f"eagerloop: {error}")
    for note in filter(FINDING.match, _notes(error)):
        tell(f"note: {note}")


def _tell_of_system(error: OSError) -> int:
    """What the operating system refused for a reason that the user can mend; returns the exit code."""
    if error.errno == errno.ENAMETOOLONG:
        tell(f"eagerloop: {str(error.filename)[:60]}... cannot be looked for: {error.strerror}; choose a shorter name")
        return 2
    _write_no_more()
    tell(f"eagerloop: the output cannot be written: {error.strerror}; free some space, or write it elsewhere")
    return 1


def _notes(error: BaseException) -> list[str]:
    """What the engine knows of an error that a part raised."""
    mark = "eagerloop: "
    return [note.removeprefix(mark) for note in getattr(error, "__notes__", ()) if note.startswith(mark)]


def _line_of(error: BaseException) -> str:
    """Where a name was misspelt: the line says more than the name."""
    step = error.__traceback__
    if not isinstance(error, NameError) or step is None:
        return ""
    while step.tb_next is not None:
        step = step.tb_next
    return f", line {step.tb_lineno} of {os.path.relpath(step.tb_frame.f_code.co_filename)}"


def _shortened(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else f"{text[:400]} ..."  # noqa: PLR2004


def _usage(error: Any) -> str:
    """Typer's message; for an unknown option, the nearest of those that the chosen parts have."""
    from eagerloop.errors import did_you_mean, read_by  # noqa: PLC0415

    message = str(error.format_message()).rstrip(".")
    context = getattr(error, "ctx", None)
    if context is None:
        return message
    if type(error).__name__ == "NoSuchOption":
        return _no_such_option(str(error.option_name), context)
    unknown = re.match(r"No such command '([^']*)'", message)
    if unknown:
        return f"no such command: {unknown[1]}; {did_you_mean(unknown[1], context.command.commands)}"
    extra = re.search(r"extra argument\S* \((.*)\)$", message) if context.command.name == "train" else None
    way = read_by(extra[1]) if extra else ""
    return f"{message}; " + (way or f"'{context.command_path} --help' shows what there is")


def _no_such_option(name: str, context: Any) -> str:
    """For the option of a part, what that kind of part has; for another one, what belongs to no part."""
    from eagerloop.errors import did_you_mean, meant  # noqa: PLC0415

    shown = [parameter for parameter in context.command.params if not getattr(parameter, "hidden", False)]
    known = [flag for parameter in shown for flag in parameter.opts if flag.startswith("--")]
    kind, dot, _ = name.partition(".")
    same = [flag for flag in known if dot and flag.startswith(f"{kind}.")]
    if kind in known and dot and not same:
        return f"no such option: {name}; what {kind} stands for has no options, or is chosen by the data: choose it with {kind}"
    of_parts = [flag for flag in known if f"--{flag.rpartition('.')[2]}" == meant(name).replace("_", "-")]
    if of_parts:
        return f"no such option: {name}; did you mean {' or '.join(map(repr, of_parts))}? Options of a part begin with its kind"
    return f"no such option: {name}; {did_you_mean(name, same or [flag for flag in known if '.' not in flag])}"


def _show_warning(message: Any, category: type[Warning], *_where: Any) -> None:
    if issubclass(category, UserWarning):
        tell(f"note: {message}")


def quiet_tensorflow() -> None:
    """Imports TensorFlow without its greetings, unless `--debug` was given."""
    with quiet():
        import tensorflow as tf  # noqa: PLC0415

        if not os.environ.get(DEBUG):
            tf.get_logger().setLevel("ERROR")
