"""Records as JSON and back: every value by the type that its dataclass gives it, and nothing else.

A text from anywhere may be read: it makes the named dataclasses of plain values, or it is refused with the place of its fault.
Numbers that JSON has no word for are the texts `nan`, `inf` and `-inf`.
"""

import contextlib
import json
import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from eagerloop.errors import ConfigError
from eagerloop.files.plain import read_plain

FORMAT = 1
LONGEST_FILE = 2**28
"""Bytes of a file that is read."""

STORED = {"bfloat16": "float32", "string": "object"}
"""The NumPy dtypes of arrays whose own dtype NumPy does not have."""

_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
Record = TypeVar("Record")


def dumps(record: Any) -> str:
    """A dataclass of plain values, arrays and dataclasses as JSON.

    Args:
        record: The dataclass.

    Returns:
        One line.

    Example:
        >>> from eagerloop.inspection.records.values import Values
        >>> loads(Values, dumps(Values.of(np.array([1.5, np.inf])))).array
        array([1.5, inf])
    """
    return json.dumps(
        {"format": FORMAT, "kind": type(record).__name__} | _encode(record), allow_nan=False, separators=(",", ":")
    )


def loads(kind: type[Record], text: str, where: str = "the text") -> Record:
    """What `dumps` wrote.

    Args:
        kind: The dataclass.
        text: From anywhere.
        where: Where it comes from, for the message.

    Returns:
        A dataclass of that kind.

    Raises:
        ConfigError: It is not JSON, or not of that kind.
    """
    try:
        content = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        msg = f"{where} is no JSON: {error}"
        raise ConfigError(msg) from error
    expected = {"format": FORMAT, "kind": kind.__name__}
    if not isinstance(content, dict) or {key: content.pop(key, None) for key in expected} != expected:
        msg = f"{where} is no {kind.__name__} of format {FORMAT}; give what its to_json() or save() wrote"
        raise ConfigError(msg)
    return _decode(kind, content, where)  # type: ignore[no-any-return]


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        ConfigError: It cannot be read, is too large, or is not UTF-8.
    """
    try:
        if path.stat().st_size > LONGEST_FILE:
            msg = f"{path} has more than {LONGEST_FILE:,} bytes, which no record has"
            raise ConfigError(msg)
        return read_plain(path)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise ConfigError(msg) from error


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        held = {field: getattr(value, field.name) for field in fields(value)}
        return {field.name: _encode(item) for field, item in held.items() if item is not None or not _optional(field)}
    if isinstance(value, np.ndarray):
        return _elements(value)
    if isinstance(value, Mapping):
        return {str(key): _encode(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_encode(item) for item in value]
    return _word(value) if isinstance(value, float) else value


def _word(number: float) -> float | str:
    return number if math.isfinite(number) else next(word for word, same in _WORDS.items() if repr(same) == repr(number))


def _elements(array: np.ndarray[Any, Any]) -> list[Any]:
    """All elements in one row; floats in the fewest digits that give the same float of their dtype again."""
    if array.dtype.kind != "f":
        return list(array.ravel().tolist())
    return [_word(float(str(item))) for item in array.ravel()]


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        msg = "a key is there twice"
        raise ValueError(msg)
    return content


def _refuse(where: str, expected: str, value: Any) -> NoReturn:
    msg = f"{where}: expected {expected}, got {value!r:.80}; the record was changed or cut off: record the step again"
    raise ConfigError(msg)


def _decode(hint: Any, value: Any, where: str) -> Any:
    """The value, if it is of the type that the hint names."""
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _dataclass(hint, value, where)
    if origin in (types.UnionType, Union):
        others = [argument for argument in arguments if argument is not type(None)]
        return None if value is None and len(others) < len(arguments) else _decode(_meant(others, value), value, where)
    if origin in (tuple, Sequence, np.ndarray):
        return _items(origin, arguments, value, where)
    if origin is Mapping:
        content = value if isinstance(value, dict) else _refuse(where, "an object", value)
        return {key: _decode(arguments[1], item, f"{where}.{key:.80}") for key, item in content.items()}
    if origin is Literal:
        return value if value in arguments else _refuse(where, f"one of {', '.join(arguments)}", value)
    return _scalar(hint, value, where)


def _optional(field: Field[Any]) -> bool:
    """Whether a record may be without this field: it is left out where it is None."""
    return bool(field.metadata.get("optional"))


def _meant(kinds: Sequence[Any], value: Any) -> Any:
    """Which of several types a value is meant to be of: the dataclass with its names, else the first."""
    names = set(value) if isinstance(value, dict) else set()
    return next((kind for kind in kinds if is_dataclass(kind) and names == {field.name for field in fields(kind)}), kinds[0])


def _items(origin: Any, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, list):
        _refuse(where, "a list", value)
    if origin is np.ndarray:
        return value  # it becomes an array when its shape and dtype are known
    if origin is tuple and arguments[-1] is not Ellipsis:
        if len(value) != len(arguments):
            _refuse(where, f"{len(arguments)} entries", value)
        hints = list(arguments)
    else:
        hints = [arguments[0]] * len(value)
    return tuple(_decode(hint, item, f"{where}[{place}]") for place, (hint, item) in enumerate(zip(hints, value, strict=True)))


def _scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        if isinstance(value, (dict, list)):
            _refuse(where, "a number, a text, true, false or null", value)
        return _WORDS.get(value, value) if isinstance(value, str) else value
    if hint is float:
        number: Any = _WORDS.get(value) if isinstance(value, str) else value
        with contextlib.suppress(TypeError, OverflowError):  # JSON has whole numbers that no float holds
            return _refuse(where, "a number", value) if isinstance(number, bool) else float(number)
        _refuse(where, "a number", value)
    if type(value) is not hint:
        _refuse(where, {int: "a whole number", str: "a text", bool: "true or false"}[hint], value)
    return value


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    given = value if isinstance(value, dict) else {}
    names = [field.name for field in fields(kind) if field.name in given or not _optional(field)]
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        _refuse(where, f"an object with {', '.join(names)}", list(value) if isinstance(value, dict) else value)
    hints = get_type_hints(kind)
    content = {name: _decode(hints[name], value[name], f"{where}.{name}") for name in names}
    if isinstance(content.get("array"), list):
        content["array"] = _array(content, where)
    return kind(**content)


def _array(content: Mapping[str, Any], where: str) -> np.ndarray[Any, Any]:
    """The elements in their shape and dtype."""
    shape, dtype, lengths = content["shape"], content["dtype"], content.get("lengths")
    if lengths is not None and (len(shape) < 2 or len(lengths) != shape[0] or not all(0 <= one <= shape[1] for one in lengths)):  # noqa: PLR2004
        _refuse(f"{where}.lengths", f"a length for each row of the shape {shape}", lengths)
    elements = [_scalar(Any, item, where) for item in content["array"]]
    kind = str if dtype == "string" else (bool, int, float)
    for stray in (item for item in elements if not isinstance(item, kind)):
        _refuse(f"{where}.array", "texts" if kind is str else "numbers", stray)
    try:
        sizes = shape if min(shape, default=0) >= 0 else (None,)  # NumPy takes a negative size as a question
        return np.array(elements, dtype=_stored(dtype)).reshape(sizes)
    except (TypeError, ValueError, OverflowError, MemoryError):
        _refuse(f"{where}.array", f"{dtype} elements of the shape {shape}", content["array"])


def _stored(dtype: str) -> np.dtype[Any]:
    kind = np.dtype(STORED.get(dtype, dtype))
    if kind.kind not in "biuf" and dtype != "string":
        raise TypeError(dtype)
    return kind
