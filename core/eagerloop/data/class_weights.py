"""How much the training rows of each class count. Shapes: n rows, k classes, T places in a row."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eagerloop.data.pairs import Pair
from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.structures import map_leaves

ClassWeight = str | Mapping[Any, float] | None
"""`"balanced"`, `"NAME=WEIGHT,..."`, weights by the name or the number of a class, or None."""

_ENTRY = re.compile(r"(.+?)=([^=,]*)(?:,|$)")  # a name may have a comma, or =


def weights_of_classes(given: ClassWeight, classes: Sequence[str], counts: Sequence[int]) -> tuple[float, ...]:
    """The weight of each class.

    Args:
        given: `balanced`: n / (c * count), c being how many classes have rows. Else weights by class, 0 or more; a class that
            is not named has 1.
        classes: The k classes by name; none for what is no classification.
        counts: How many training rows each class has, (k,).

    Returns:
        k weights; none if none are given.

    Raises:
        ConfigError: There are no classes, one is unknown, a weight is no number of 0 or more, or nothing would count.

    Example:
        >>> weights_of_classes("balanced", ["cat", "dog"], [30, 10])
        (0.6666666666666666, 2.0)
        >>> weights_of_classes("dog=2.5", ["cat", "dog"], [30, 10])
        (1.0, 2.5)

    Source: `compute_class_weight` of scikit-learn; `class_weight` of `keras.Model.fit`, where classes left out have 1 as well.
    """
    if given is None:
        return ()
    if not classes:
        msg = f"class-weight weighs classes, and the target has none: it is no classification; leave {given!r} out"
        raise ConfigError(msg)
    if isinstance(given, str) and given.strip().lower() == "balanced":
        present = sum(count > 0 for count in counts)
        return tuple(sum(counts) / (present * count) if count else 1.0 for count in counts)
    by_name = _by_name(_entries(given) if isinstance(given, str) else [*given.items()], classes)
    weights = tuple(by_name.get(name, 1.0) for name in classes)
    if not any(weight for weight, count in zip(weights, counts, strict=True) if count):
        msg = f"class-weight is 0 for every class that has training rows ({', '.join(classes)}), so that no row counts"
        raise ConfigError(msg)
    return weights


def _entries(text: str) -> list[tuple[str, str]]:
    """`NAME=WEIGHT,...` as pairs."""
    found = [(name.strip(), weight) for name, weight in _ENTRY.findall(text)]
    if not found or "".join(f"{match[0]}" for match in _ENTRY.finditer(text)) != text:
        msg = f"class-weight must be 'balanced' or NAME=WEIGHT,NAME=WEIGHT, such as 'cat=1,dog=2.5', got {text!r}"
        raise ConfigError(msg)
    return found


def _by_name(entries: Sequence[tuple[Any, Any]], classes: Sequence[str]) -> dict[str, float]:
    """The weights by name; every fault of the names in one message, and every fault of the weights."""
    numbered = [(_name(key, classes), weight) for key, weight in entries]
    names = [name for name, _weight in numbered]
    unknown = [name for name in dict.fromkeys(names) if name not in classes]
    if len(unknown) == 1:
        msg = f"class-weight names {unknown[0]!r}, which is no class; {did_you_mean(unknown[0], classes)}"
        raise ConfigError(msg)
    if unknown:
        near = [difflib.get_close_matches(name, classes, n=1, cutoff=0.5) for name in unknown]
        told = [f"{name!r}" + (f" (did you mean {one[0]!r}?)" if one else "") for name, one in zip(unknown, near, strict=True)]
        msg = f"class-weight names {', '.join(told)}, which are no classes; known: {', '.join(classes)}"
        raise ConfigError(msg)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"class-weight names {twice!r} twice; give each class one weight"
        raise ConfigError(msg)
    weights = {name: _number(weight) for name, weight in numbered}
    bad = [f"{name}={given}" for name, given in numbered if not 0 <= weights[name] <= float(np.finfo(np.float32).max)]
    if bad:
        msg = f"class-weight must give each class a number, 0 or more, got {', '.join(bad)}"
        raise ConfigError(msg)
    return weights


def _name(key: Any, classes: Sequence[str]) -> str:
    """A class by its name; a number of Python's is its place, as in Keras."""
    is_place = isinstance(key, (int, np.integer)) and 0 <= key < len(classes)
    return classes[key] if is_place else str(key)


def _number(weight: Any) -> float:
    try:
        return float(weight)
    except (TypeError, ValueError):
        return math.nan


def weighed(arrays: Pair, weights: Sequence[float]) -> Pair:
    """The arrays of the training, each row with the weight of its class, times its own if it has one.

    Args:
        arrays: x, y of class numbers, (n,) or (n, T), and perhaps weights of the rows.
        weights: Of the k classes; none leave the arrays as they are.

    Returns:
        x, y and weights, float32, in the shape of y.

    Raises:
        ConfigError: No row would count, or a product is too large.
    """
    if not len(weights):
        return arrays
    x, y, *own = arrays
    of_class = np.asarray(weights, np.float32)[y]

    def times(leaf: Any) -> Any:
        axes = (1,) * (of_class.ndim - leaf.ndim)
        with np.errstate(over="ignore"):  # what overflows is refused below
            made = of_class * leaf.reshape(*leaf.shape, *axes)
        if not (made.any() and np.isfinite(made).all()):
            msg = "class-weight times the rows' own weights is 0 in every training row, or too large; choose other weights"
            raise ConfigError(msg)
        return made

    return (x, y, map_leaves(times, own[0]) if own else of_class)
