"""The bytes of a text file, as UTF-8: what it is written in is told, or found."""

import codecs
import contextlib
import hashlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from eagerloop.errors import ConfigError, DataError, NotUtf8Error
from eagerloop.files.plain import not_waiting, read_plain_bytes
from eagerloop.tables.copies import TemporaryCopy

MARK = b"\xef\xbb\xbf"
"""The byte-order mark that some programs put in front of UTF-8."""

MARKS = {MARK: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""What is written in front of a text, and what that is written in; the longer marks first."""

OLD = "cp1252"
"""What is taken for the encoding of a text that is not UTF-8: Latin-1, with the letters that Windows has in its gaps."""

PIECE = 1 << 20


def read_text(path: str | Path, encoding: str | None = None) -> tuple[bytes, str]:
    """A text file as UTF-8.

    Args:
        path: The file.
        encoding: What it is written in; if None, a mark at its beginning says it, or it is UTF-8, or else Latin-1.

    Returns:
        The text, and SHA-256 of the file's own bytes.

    Raises:
        ConfigError: There is no such encoding.
        DataError: The file is missing, unreadable, or written in something else.
    """
    with unreadable(path):
        data = read_plain_bytes(path)
    digest = hashlib.sha256(data).hexdigest()
    written = encoding_of(data, encoding)
    if written is None:
        try:
            check_text(path, data)
        except NotUtf8Error:
            if encoding is not None:
                raise
            written = old_encoding(path, data)
    if written is None:
        return data, digest
    with _readable_as(path, written):
        return data.decode(written).encode(), digest


def encoding_of(beginning: bytes, told: str | None) -> str | None:
    r"""What a text is written in: what was told, or what its mark says; None for UTF-8.

    Example:
        >>> [encoding_of(text, told) for text, told in ((b"a,b", None), (b"a,b", "latin1"), (b"\xff\xfea\0", None))]
        [None, 'iso8859-1', 'utf-16']
    """
    if told is None:
        name = next((name for mark, name in MARKS.items() if beginning.startswith(mark)), "utf-8")
    else:
        try:
            name = codecs.lookup(told).name
            "".encode(name)
        except (LookupError, ValueError) as error:
            msg = f"there is no text encoding {told!r}; known are utf-8, latin-1, cp1252, utf-16 and more"
            raise ConfigError(msg) from error
    return None if name in ("utf-8", "utf-8-sig") else name


def old_encoding(path: str | Path, data: bytes | str) -> str:
    """What is taken for the encoding of a text that is not UTF-8, and told; of a file its bytes are read piece by piece.

    Raises:
        DataError: It is no text at all.
    """
    name = OLD
    for piece in [data] if isinstance(data, bytes) else _pieces(data):
        if b"\0" in piece:
            msg = f"{path} is no text, or one of an encoding that must be given: it has a byte 0"
            raise DataError(msg)
        try:
            piece.decode(OLD)
        except UnicodeDecodeError:
            name = "latin-1"
    text = f"{path} is not UTF-8 and is read as Latin-1; the option encoding says otherwise"
    warnings.warn(text, UserWarning, stacklevel=4)
    return name


def _pieces(path: str | Path) -> Iterator[bytes]:
    with unreadable(path), open(path, "rb", opener=not_waiting) as file:
        while piece := file.read(PIECE):
            yield piece


def as_utf8(path: str | Path, encoding: str, place: str) -> tuple[TemporaryCopy, str]:
    """A copy of a text file in UTF-8, piece by piece; and SHA-256 of the file's own bytes."""
    digest = hashlib.sha256()
    with _readable_as(path, encoding):
        copy = TemporaryCopy(_decoded(place, encoding, digest.update))
    return copy, digest.hexdigest()


def _decoded(place: str, encoding: str, look: Callable[[bytes], None]) -> Iterator[bytes]:
    """The pieces of a file in UTF-8; each is shown as it is read."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in _pieces(place):
        look(piece)
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


@contextlib.contextmanager
def _readable_as(path: str | Path, encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        msg = f"{path} is not written in {encoding}: {error}; give the encoding that it has"
        raise DataError(msg) from error


@contextlib.contextmanager
def unreadable(path: str | Path) -> Iterator[None]:
    """Turns an `OSError` into a `DataError` that says why a file cannot be read."""
    try:
        yield
    except OSError as error:
        reasons = {FileNotFoundError: "does not exist", IsADirectoryError: "is a directory, expected a text file"}
        msg = f"data file {path} {reasons.get(type(error), f'cannot be read ({error.strerror})')}; check the path"
        raise DataError(msg) from error


def check_text(path: str | Path, data: bytes, line: int = 1, offset: int = 0) -> None:
    """Refuses bytes that are not UTF-8; they begin in the given line, so many bytes into the file."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        where = f"0x{data[error.start]:02x} at byte {offset + error.start}"
        msg = f"{path}, line {line}: expected UTF-8 text, got {where}; save the file as UTF-8, or give its encoding"
        raise NotUtf8Error(msg) from error
