"""Every TensorFlow operation that runs, seen from outside."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from eagerloop.inspection.records.step_parts import OperationRecord
from eagerloop.unpublished import each_operation


@contextlib.contextmanager
def listing(where: Callable[[], tuple[int, str]]) -> Iterator[list[OperationRecord]]:
    """Lists the operations of this thread while the context lasts.

    Args:
        where: Gives the number of the line that is running, and the layer.

    Yields:
        The list, which grows.
    """
    operations: list[OperationRecord] = []

    def ran(kind: Any, inputs: Any, _attributes: Any, outputs: Any, _name: Any = None, graph: Any = None) -> None:
        if graph is None:
            line, layer = where()
            name = kind.decode() if isinstance(kind, bytes) else str(kind)
            operations.append(OperationRecord(line, name, _told(inputs), _told(outputs), layer))

    with each_operation(ran):
        yield operations


def _told(tensors: Any) -> tuple[str, ...]:
    return tuple(_one(tensor) for tensor in tensors if isinstance(tensor, tf.Tensor))


def _one(tensor: Any) -> str:
    return f"{tuple(tensor.shape)} {tensor.dtype.name}"
