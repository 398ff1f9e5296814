"""What a run consists of, as flat named variables and plain JSON, and how two such states differ."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from eagerloop.errors import CheckpointError

Table = list[list[Any]]
"""Rows of name, shape, dtype."""

LARGE = 1_000_000
"""Elements of all variables together from which on a graph to check them is worth its making."""

_COUNTER = re.compile(r"_\d+(?=/|_|$)")


def inner_variable(variable: Any) -> tf.Variable:
    """The `tf.Variable` inside a Keras variable; a `tf.Variable` is itself."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def flat_variables(owners: Mapping[str, Any]) -> dict[str, tf.Variable]:
    """Every variable of the given objects under a name that is the same in every process.

    Keras numbers its layers over the whole life of a process (`dense`, `dense_1`), so the numbers it appends are left out and
    the place in the list is put in.

    Args:
        owners: Objects with `variables`, by the first part of the names.

    Returns:
        The `tf.Variable`s (for a Keras variable the one inside), by names such as `model/0002/dense2/kernel`.
    """
    named = {}
    for owner, holder in owners.items():
        for number, variable in enumerate(getattr(holder, "variables", ())):
            inner = inner_variable(variable)
            path = getattr(variable, "path", None) or inner.name.split(":")[0]
            named[f"{owner}/{number:04d}/{_COUNTER.sub('', path)}"] = inner
    return named


def table_of(state: Mapping[str, tf.Variable]) -> Table:
    """Name, shape and dtype of every variable, in order."""
    return [
        [name, [-1 if size is None else size for size in variable.shape], variable.dtype.name]
        for name, variable in state.items()
    ]


def compare_tables(saved: Table, present: Table, where: str) -> None:
    """Refuses a checkpoint of other variables, before any variable is touched.

    Raises:
        CheckpointError: The first three variables that differ, saved against present.
    """
    if saved == present:
        return
    old = {name: (shape, dtype) for name, shape, dtype in saved}
    new = {name: (shape, dtype) for name, shape, dtype in present}
    names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
    shown = "; ".join(f"{name}: {_describe(old.get(name))} saved, {_describe(new.get(name))} now" for name in names[:3])
    more = f" (and {len(names) - 3} more)" if len(names) > 3 else ""  # noqa: PLR2004
    msg = f"{where} belongs to other parts: {shown}{more}; no variable was changed: resume with the parts that were saved"
    raise CheckpointError(msg)


def _describe(entry: tuple[Sequence[int], str] | None) -> str:
    return "nothing" if entry is None else f"{tuple(entry[0])} {entry[1]}"


class FiniteCheck:
    """Looks for nan and inf in variables: the same ones, again and again."""

    def __init__(self) -> None:
        self._variables: list[tf.Variable] = []
        self._all_finite: Any = None

    def __call__(self, state: Mapping[str, tf.Variable]) -> str | None:
        """The name of the first variable that holds nan or inf, or None."""
        floating = {name: variable for name, variable in state.items() if variable.dtype.is_floating}
        elements = sum(variable.shape.num_elements() or 0 for variable in floating.values())
        if elements > LARGE and bool(self._graph(floating)()):
            return None
        return next((name for name, value in floating.items() if not bool(tf.reduce_all(tf.math.is_finite(value)))), None)

    def _graph(self, floating: Mapping[str, tf.Variable]) -> Any:
        """Adds everything up: a sum with nan or inf in it is not finite.

        Nor is a sum that is too large for its dtype: then each element is looked at.
        """
        variables = list(floating.values())
        if [*map(id, variables)] != [*map(id, self._variables)]:
            self._variables = variables
            self._all_finite = tf.function(
                lambda: tf.math.is_finite(tf.add_n([tf.cast(tf.reduce_sum(value), tf.float64) for value in variables]))
            )
        return self._all_finite


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
