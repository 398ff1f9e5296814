"""Structures: a batch's x, y, row weights and predictions are each a tensor, or dicts and tuples of tensors.

Whatever speaks of a part of one speaks of its path: `city`, `image/0`; the path of a tensor alone is empty. Shapes: n rows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eagerloop.errors import DataError


def leaves_by_path(structure: Any) -> dict[str, Any]:
    """The tensors of a structure, each under its path, in the order of `tf.nest.flatten`: a dict's by name.

    Args:
        structure: A tensor, an array, or any dicts, tuples and lists of them.

    Returns:
        None for an empty structure; `{"": tensor}` for a tensor alone.

    Example:
        >>> leaves_by_path({"b": 1, "a": (2, 3)})
        {'a/0': 2, 'a/1': 3, 'b': 1}
        >>> leaves_by_path(())
        {}

    Source: the order of `tf.nest.flatten`.
    """
    if isinstance(structure, Mapping):
        items = [(str(name), structure[name]) for name in sorted(structure)]
    elif isinstance(structure, (tuple, list)):
        items = [(str(place), item) for place, item in enumerate(structure)]
    else:
        return {"": structure}
    return {f"{name}/{path}" if path else name: leaf for name, inner in items for path, leaf in leaves_by_path(inner).items()}


def is_tensor(structure: Any) -> bool:
    """Whether this is one tensor or array, and no structure of several."""
    return not isinstance(structure, (Mapping, tuple, list))


def map_with_path(change: Callable[[str, Any], Any], structure: Any, path: str = "") -> Any:
    """A structure of the same form, of what `change` makes of each path and its tensor."""

    def inside(name: Any, inner: Any) -> Any:
        return map_with_path(change, inner, f"{path}/{name}" if path else str(name))

    if isinstance(structure, Mapping):
        return {name: inside(name, inner) for name, inner in structure.items()}
    if isinstance(structure, (tuple, list)):
        made = [inside(place, inner) for place, inner in enumerate(structure)]
        return type(structure)(*made) if hasattr(structure, "_fields") else type(structure)(made)
    return change(path, structure)


def map_leaves(change: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """A structure of the same form, of what `change` makes of each tensor, and of those at its path in the others."""
    found = [leaves_by_path(other) for other in others]
    return map_with_path(lambda path, leaf: change(leaf, *(other[path] for other in found)), structure)


def rows_of(structure: Any) -> Any:
    """How many rows a structure has: those of its first tensor.

    Args:
        structure: Tensors, arrays or ragged tensors of n rows.

    Returns:
        n, an int; inside a graph that does not know it, an int32 scalar.

    Example:
        >>> import numpy as np
        >>> rows_of({"city": np.zeros((3, 2)), "age": np.zeros(3)})
        3
    """
    while not hasattr(structure, "shape"):  # its first leaf
        structure = next(iter(leaves_by_path(structure).values()))
    known = structure.shape[0]
    if known is not None:
        return known
    import tensorflow as tf  # noqa: PLC0415 - whoever has such a tensor has imported it

    return structure.nrows(tf.int32) if hasattr(structure, "nrows") else tf.shape(structure)[0]


def shapes_in_words(structure: Any) -> str:
    """The shape of a tensor, or of each tensor in a structure under its path, for messages.

    Example:
        >>> import numpy as np
        >>> shapes_in_words(np.zeros((3, 2))), shapes_in_words({"age": np.zeros(3)}), shapes_in_words(())
        ('(3, 2)', '{age: (3,)}', 'nothing')
    """
    shapes = {path: tuple(getattr(leaf, "shape", ())) for path, leaf in leaves_by_path(structure).items()}
    if list(shapes) == [""]:
        return str(shapes[""])
    return f"{{{', '.join(f'{path}: {shape}' for path, shape in shapes.items())}}}" if shapes else "nothing"


def require_same_rows(names: Sequence[str], structures: Sequence[Any]) -> int:
    """Compares how many rows the tensors of a batch have.

    Args:
        names: What each structure is called.
        structures: Of arrays, or of tensors that know their shapes.

    Returns:
        The number.

    Raises:
        DataError: They differ, or a tensor has no rows; each is named by its path, with its shape.
    """
    shapes = {
        f"{name}/{path}" if path else name: tuple(leaf.shape)
        for name, structure in zip(names, structures, strict=True)
        for path, leaf in leaves_by_path(structure).items()
    }
    counts = {shape[0] if shape else 0 for shape in shapes.values()}
    if len(counts) != 1 or counts == {0}:
        named, given = _in_words(list(shapes)), _in_words([str(shape) for shape in shapes.values()])
        msg = f"{named} must have as many rows, at least one, got the shapes {given}"
        raise DataError(msg)
    return int(counts.pop())


def _in_words(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
