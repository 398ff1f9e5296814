"""The variables that checkpointers are tried on, and how they are written, read back and compared."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eagerloop.testing.checks import Fault, NotApplicable, Subject, require, told

DTYPES = (
    "float16", "bfloat16", "float32", "float64", "bool",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip


SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (3,), (2, 3), (1, 2, 2), (0, 3))

State = dict[str, Any]


def require_kept(subject: Subject) -> None:
    """Stops where a checkpointer says itself that it keeps nothing."""
    if getattr(subject.make(), "keeps_nothing", False):
        msg = "it says that it keeps nothing"
        raise NotApplicable(msg)


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="eagerloop-check-") as directory:
        yield Path(directory)


def store_in(directory: Path) -> Any:
    """The engine's store of checkpoints, in a directory."""
    from eagerloop.storage.store import Store  # noqa: PLC0415

    return Store(directory / "checkpoints")


def read_back(subject: Subject, store: Any) -> State:
    """What a new checkpointer reads from the newest checkpoint."""
    checkpoint = store.newest()
    if checkpoint is None:
        msg = "there is no checkpoint"
        raise Fault(msg)
    read = blank(small(0.0))
    try:
        subject.make().read(checkpoint.directory, read)
    except Exception as error:
        msg = f"what write wrote cannot be read after the directory was renamed: {told(error)}"
        raise Fault(msg) from error
    return read


def small(value: float) -> State:
    """Three variables, as of a model and its optimizer."""
    import tensorflow as tf  # noqa: PLC0415

    return {
        "model/0000/dense/kernel": tf.Variable([value, value + 0.1]),
        "model/0001/dense/bias": tf.Variable(value / 3),
        "optimizer/0000/iteration": tf.Variable(int(value), dtype=tf.int64),
    }


def every_kind() -> State:
    """A variable of every dtype and shape, with the numbers that are lost first: the smallest, the largest, -0.0, 1/3."""
    import numpy as np  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    state: State = {}
    for dtype in map(tf.as_dtype, DTYPES):
        limits = (False, True) if dtype == tf.bool else (dtype.min, dtype.max)
        tiny = 6e-8 if dtype == tf.float16 else 1e-40  # below the smallest normal number
        odd = [1 / 3, limits[1], -0.0, 1e-7, limits[0], tiny] if dtype.is_floating else [limits[1], limits[0], 1, 0]
        for shape in SHAPES:
            size = int(np.prod(shape))
            values = np.array([odd[place % len(odd)] for place in range(size)], dtype.as_numpy_dtype).reshape(shape)
            owner = ("model", "optimizer", "metric")[len(state) % 3]
            name = f"{owner}/{len(state):04d}/{dtype.name}/{'x'.join(map(str, shape)) or 'scalar'}"
            state[name] = tf.Variable(values, dtype=dtype)
    return state


def blank(state: State) -> State:
    """Variables of the same names, shapes and dtypes, with other values."""
    import tensorflow as tf  # noqa: PLC0415

    return {
        name: tf.Variable(tf.ones_like(variable) if variable.dtype != tf.bool else ~variable)
        for name, variable in state.items()
    }


def compare(expected: State, got: State, untouched: State | None = None) -> None:
    """Raises `Fault` at the first variable whose shape, dtype or bits differ."""
    for name, variable in expected.items():
        one, other = variable.numpy(), got[name].numpy()
        shape = f"{variable.dtype.name} of shape {tuple(variable.shape)}"
        require(
            one.shape == other.shape and one.dtype == other.dtype, f"'{name}', {shape}, comes back with shape {other.shape}"
        )
        left = untouched is not None and one.tobytes() != other.tobytes() == untouched[name].numpy().tobytes()
        require(not left, f"'{name}', {shape}, is as it was before: read assigns nothing to it")
        require(one.tobytes() == other.tobytes(), f"'{name}', {shape}, was {_few(one)} and comes back as {_few(other)}")


def _few(array: Any) -> str:
    return str(array.reshape(-1)[:3].tolist())
