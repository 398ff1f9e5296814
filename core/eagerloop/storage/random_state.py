"""The random numbers of Python and NumPy: their generators' states as plain JSON, and back."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def random_state() -> dict[str, Any]:
    """The generators of Python and NumPy, as JSON."""
    legacy: Any = np.random.get_state(legacy=True)  # noqa: NPY002
    name, keys, position, has_gauss, gauss = legacy
    version, internal, gauss_next = random.getstate()
    return {
        "python": [version, _pack(internal), gauss_next],
        "numpy": [name, _pack(keys), int(position), int(has_gauss), float(gauss)],
    }


def is_random_state(state: Mapping[str, Any]) -> bool:
    """Whether this is a state of the two generators: NumPy itself would take any, and read past the end of its words.

    Raises:
        ValueError: It is none. (Or TypeError, KeyError: whatever reading it raises.)
    """
    version, internal, gauss_next = state["python"]
    random.Random().setstate((version, tuple(_unpack(internal)), gauss_next))  # noqa: S311 - only to see whether it would
    name, keys, position, has_gauss, gauss = state["numpy"]
    words = np.random.MT19937().state["state"]["key"].size
    numbers = isinstance(gauss, (int, float)) and has_gauss in (0, 1) and position in range(words + 1)
    return name == "MT19937" and len(_unpack(keys)) == words and numbers


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Sets the generators of Python and NumPy to what `random_state` returned."""
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(_unpack(internal)), gauss_next))
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, np.array(_unpack(keys), dtype=np.uint32), position, has_gauss, gauss))  # noqa: NPY002


def _pack(words: Iterable[int]) -> str:
    """32-bit words in hexadecimal: a third of the length of decimal JSON, and one string to a reader."""
    return np.array(list(words), dtype="<u4").tobytes().hex()


def _unpack(text: str) -> list[int]:
    return [int(word) for word in np.frombuffer(bytes.fromhex(text), dtype="<u4")]
