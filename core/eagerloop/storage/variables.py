"""What a run consists of, as flat named variables and plain JSON, and how two such states differ."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from eagerloop.errors import CheckpointError

Table = list[list[Any]]
"""Rows of name, shape, dtype."""


_PLACE = re.compile(r"/\d{4,}/")
_COUNTER = re.compile(r"_\d+(?=/|_|$)")


def inner_variable(variable: Any) -> tf.Variable:
    """The `tf.Variable` inside a Keras variable; a `tf.Variable` is itself."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def path_of(variable: Any) -> str:
    """A variable's name as Keras tells it: `dense_1/kernel`. A `tf.Variable` has its own, without the number of its output."""
    return str(getattr(variable, "path", None) or variable.name.partition(":")[0])


def without_place(name: str) -> str:
    """A name of `flat_variables` without the place in the list: `model/dense2/kernel`."""
    return _PLACE.sub("/", name)


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
            named[f"{owner}/{number:04d}/{_COUNTER.sub('', path_of(variable))}"] = inner
    return named


def table_of(state: Mapping[str, tf.Variable]) -> Table:
    """Name, shape and dtype of every variable, in order."""
    return [
        [name, [-1 if size is None else size for size in variable.shape], variable.dtype.name]
        for name, variable in state.items()
    ]


def as_saved(saved: Table, state: Mapping[str, tf.Variable]) -> dict[str, tf.Variable]:
    """The variables that an earlier version knew of, by the names that they had then, if they are all among those of now.

    It saved neither the optimizer's slots for frozen variables nor what parts hold without listing it.
    """
    kept: dict[str, tf.Variable] = {}
    rows = [(name, [without_place(name), *rest]) for name, *rest in saved]
    for name, *rest in table_of(state):
        if len(kept) < len(rows) and rows[len(kept)][1] == [without_place(name), *rest]:
            kept[rows[len(kept)][0]] = state[name]
    return kept if len(kept) == len(rows) else dict(state)


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
