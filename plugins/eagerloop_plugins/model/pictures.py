"""What a model of pictures must know before it is made: how large they are."""

from typing import TYPE_CHECKING, Any

from eagerloop.errors import ConfigError

if TYPE_CHECKING:
    from eagerloop.parts import Dataset

AXES = 3, 4
"""Of a batch of pictures: (n, height, width), or (n, height, width, channels)."""


def shape_of_pictures(dataset: "Dataset", where: str) -> tuple[int, ...]:
    """Height and width of the pictures of a dataset, in pixels, and the number of channels, if there is an axis of them.

    Args:
        dataset: The run's data.
        where: The model in words.

    Raises:
        ConfigError: x is no batch of pictures of one size.
    """
    shape = shape_of_x(dataset)
    if shape is None or len(shape) not in AXES or any(type(side) is not int for side in shape[1:]):
        got = "several arrays" if shape is None else f"x of shape ({', '.join(['n', *map(str, shape[1:])])})"
        msg = f"{where} needs pictures of one size, x of shape (n, height, width, channels), got {got}; --model mlp takes any"
        raise ConfigError(msg)
    return shape[1:]


def shape_of_x(dataset: "Dataset") -> tuple[Any, ...] | None:
    """The shape of a batch of x; None if it is several arrays."""
    batch = getattr(dataset, "first_batch", None) or dataset.train(1, 0).element_spec
    shape = getattr(batch[0], "shape", None)
    return None if shape is None else tuple(shape)
