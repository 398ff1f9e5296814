"""A structure of arrays as plain values: each under its path."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eagerloop.errors import ConfigError, did_you_mean
from eagerloop.inspection.records.values import Values
from eagerloop.structures import is_tensor, leaves_by_path


@dataclass(frozen=True, eq=False, repr=False)
class Leaves:
    """The tensors of a structure, such as a dict of inputs: `record.x["city"]`.

    Attributes:
        leaves: Each under its path; none where y is empty.
    """

    leaves: Mapping[str, Values]

    def __getitem__(self, path: str) -> Values:
        """The tensor at a path.

        Raises:
            ConfigError: There is none; with the nearest path.
        """
        if path not in self.leaves:
            msg = f"there is no tensor {path!r}; {did_you_mean(str(path), self.leaves)}"
            raise ConfigError(msg)
        return self.leaves[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.leaves)

    def __len__(self) -> int:
        return len(self.leaves)

    def __repr__(self) -> str:
        return "\n".join(f"{path}  {values!r}" for path, values in self.leaves.items()) or "nothing"


Kept = Values | Leaves
"""What a record keeps of x, y or the predictions."""


def kept(structure: Any, array_of: Callable[[Any], Any] = lambda leaf: leaf) -> Kept:
    """What a record keeps of a tensor or of a structure of them.

    Args:
        structure: Tensors, arrays, ragged tensors; what is None is left out.
        array_of: Makes of a tensor what `Values.of` takes.

    Example:
        >>> import numpy as np
        >>> kept({"age": np.array([1.0, 3.0])})["age"].mean
        2.0
    """
    if is_tensor(structure):
        return Values.of(array_of(structure))
    return Leaves({path: Values.of(array_of(leaf)) for path, leaf in leaves_by_path(structure).items() if leaf is not None})


def named(name: str, values: Kept) -> dict[str, Values]:
    """The tensors by the names that people see: `x` alone, or `x/city` and so on."""
    return {name: values} if isinstance(values, Values) else {f"{name}/{path}": leaf for path, leaf in values.leaves.items()}
