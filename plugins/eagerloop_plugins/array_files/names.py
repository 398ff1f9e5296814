"""The names of arrays in a file: `x_train`, or `x_train/city` and `x_train/size` for a structure of them."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eagerloop.errors import DataError, did_you_mean
from eagerloop_plugins.array_files.archive import NAMES

LETTERS = ("x", "y", "sample_weight")
HEADS = {part: tuple(f"{letter}_{part}" for letter in LETTERS) for part in ("train", "test", "validation")}
"""What the arrays of each part are called, up to the first `/`."""

KNOWN = (*(head for heads in HEADS.values() for head in heads), *NAMES)


def wanted_names(path: Path, names: Sequence[str]) -> list[str]:
    """The names of the arrays that a dataset is made of.

    Args:
        path: The file, for messages.
        names: What it holds.

    Raises:
        DataError: Arrays are missing, all of which are named, or a name stands for an array and for several.
    """
    heads = {_head(name) for name in names}
    parts = [part for part in HEADS if part != "validation" or heads & {*HEADS[part]}]
    _refuse_missing(path, names, [name for name in _needed(names, parts) if name not in names])
    for name in names:
        inner = sorted(other for other in names if _head(name) in KNOWN and other.startswith(f"{name}/"))
        if inner:
            msg = f"{path}: '{name}' is an array and holds '{inner[0]}'; leave one of them out"
            raise DataError(msg)
    for name in names:
        if _head(name) not in KNOWN:
            text = f"{path}: the array '{name}' is passed over; {did_you_mean(name, KNOWN)}"
            warnings.warn(text, UserWarning, stacklevel=5)
    return [name for name in names if _head(name) in KNOWN]


def _needed(names: Iterable[str], parts: Sequence[str]) -> list[str]:
    """Each array of x in any part, for all parts; those of y likewise, unless no part has any; weights as the others have."""
    paths: dict[str, set[str]] = {letter: set() for letter in LETTERS}
    for name in names:
        head, slash, path = name.partition("/")
        for part in parts:
            if head in HEADS[part]:
                paths[LETTERS[HEADS[part].index(head)]].add(slash + path)
    needed = [f"{letter}_{part}{path}" for part in parts for letter in "xy" for path in sorted(paths[letter] or {""} & {*"x"})]
    weighed = [f"sample_weight_train{path}" for path in sorted(paths["sample_weight"])]  # other parts may leave them out
    return [*needed, *weighed]


def _refuse_missing(path: Path, names: Sequence[str], missing: Sequence[str]) -> None:
    if len(missing) == 1:
        msg = f"{path} has no array '{missing[0]}'; {did_you_mean(missing[0], names)}"
        raise DataError(msg)
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        msg = f"{path} has no arrays {listed}; it has {', '.join(sorted(names)) or 'none'}"
        raise DataError(msg)


def _head(name: str) -> str:
    return name.partition("/")[0]


def pairs_of(named: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The parts that there are: each x, y, which is `()` where there is none, and the weights of the rows, if there are some.

    Args:
        named: Arrays by name.
    """
    parts = {part: [structure_of(head, named) for head in heads] for part, heads in HEADS.items()}
    return {
        part: (x, () if y is None else y, *(() if weights is None else (weights,)))
        for part, (x, y, weights) in parts.items()
        if x is not None
    }


def structure_of(head: str, named: Mapping[str, Any]) -> Any:
    """The array of a name, or the structure of all those whose names go on from it.

    Args:
        head: A name up to a `/`, such as `x_train`.
        named: Arrays by name.

    Returns:
        An array, or a dict of what stands below each next step of the path; a tuple, where the steps are 0, 1, 2, ...; None
        if there is none.

    Example:
        >>> structure_of("x_train", {"x_train/city": 1, "x_train/image/0": 2, "x_train/image/1": 3, "y_train": 4})
        {'city': 1, 'image': (2, 3)}
    """
    if head in named:
        return named[head]
    steps = sorted({name.removeprefix(f"{head}/").partition("/")[0] for name in named if name.startswith(f"{head}/")})
    if not steps:
        return None
    inner = {step: structure_of(f"{head}/{step}", named) for step in steps}
    places = [str(place) for place in range(len(inner))]
    return tuple(inner[place] for place in places) if {*places} == {*inner} else inner
