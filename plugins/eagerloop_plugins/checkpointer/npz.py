"""NumPy's archive format, readable without TensorFlow."""

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eagerloop.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import tensorflow as tf

    from eagerloop.parts import Checkpointer

FILE = "variables.npz"

BYTES = ".bytes"
LENGTHS = ".lengths"
"""A variable of strings is two arrays: all bytes in a row, and how many belong to each string."""


class NpzCheckpointer:
    """Writes one `variables.npz`, an array a variable, bit for bit and without pickle.

    NumPy has no type for bfloat16 and the like: those are stored as unsigned integers of the same bits.
    """

    def write(self, directory: Path, state: "Mapping[str, tf.Variable]") -> None:
        """Writes the variables.

        Args:
            directory: Exists and is empty.
            state: Variables by name.

        Raises:
            CheckpointError: A variable holds what no array can.
            OSError: The disk is full, the place not writable, and the like.
        """
        import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

        with zipfile.ZipFile(directory / FILE, "w") as archive:
            for name, variable in state.items():
                for member, array in _arrays(name, variable.numpy()).items():
                    with archive.open(f"{member}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, array, allow_pickle=False)

    def read(self, directory: Path, state: "Mapping[str, tf.Variable]") -> None:
        """Assigns what `write` wrote: everything, or, where anything is wrong, nothing.

        Args:
            directory: Where the file is.
            state: Variables of the same names, shapes and dtypes.

        Raises:
            CheckpointError: The file is missing, damaged, or holds other variables.
        """
        try:
            arrays = _load(directory / FILE)
            values = [_value(name, variable, arrays) for name, variable in state.items()]
        except (OSError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, NotImplementedError) as error:
            msg = f"the checkpoint {directory / FILE} cannot be read: {error}; take an older one, or start a new run"
            raise CheckpointError(msg) from error
        if arrays:
            msg = f"the checkpoint {directory / FILE} holds variables that this run does not have: {', '.join(arrays)}"
            raise CheckpointError(msg)
        for variable, value in zip(state.values(), values, strict=True):
            variable.assign(value)


def npz() -> "Checkpointer":
    """A NumPy `.npz` archive: `numpy.load("variables.npz")["model/..."]`, no TensorFlow needed.

    Returns:
        A checkpointer that writes one file.

    Example:
        >>> import tempfile, numpy, tensorflow
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     npz().write(Path(directory), {"model/kernel": tensorflow.Variable([1.0, 2.0])})
        ...     with numpy.load(directory + "/variables.npz") as archive:
        ...         archive["model/kernel"]
        array([1., 2.], dtype=float32)

    Source: `numpy.savez` and the format of `numpy.lib.format`.
    """
    return NpzCheckpointer()


def _is_native(dtype: Any) -> bool:
    """Whether NumPy itself defines the dtype; bfloat16, float8 and int4 come from the package `ml_dtypes`."""
    return bool(dtype.isbuiltin == 1)


def _arrays(name: str, value: Any) -> dict[str, Any]:
    """The arrays to store for a variable: one, or two for strings."""
    import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

    value = np.asarray(value)
    if value.dtype == object:
        texts = [text for text in value.ravel() if isinstance(text, bytes)]
        if len(texts) != value.size:
            msg = f"checkpointer 'npz' cannot save '{name}': it holds neither numbers nor strings; use the checkpointer 'tf'"
            raise CheckpointError(msg)
        lengths = np.array([len(text) for text in texts], np.int64).reshape(value.shape)
        return {name + BYTES: np.frombuffer(b"".join(texts), np.uint8), name + LENGTHS: lengths}
    return {name: value if _is_native(value.dtype) else value.view(f"u{value.dtype.itemsize}")}


def _load(path: Path) -> dict[str, Any]:
    """Every array of the archive; reading a member to its end compares its checksum."""
    import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if archive.getinfo(member).compress_type != zipfile.ZIP_STORED:
                msg = f"'{member}' is compressed, which none of ours is: it could be of any size"
                raise ValueError(msg)
            file = io.BytesIO(archive.read(member))
            _refuse_larger(member, file)
            arrays[member.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
    return arrays


def _refuse_larger(member: str, file: io.BytesIO) -> None:
    """Refuses an array whose header asks for more bytes than there are: NumPy would take the memory first."""
    import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _fortran, dtype = read_header(file)
    needed, there = math.prod(shape) * dtype.itemsize, len(file.getbuffer()) - file.tell()
    if needed != there:
        msg = f"'{member}' should have {needed} bytes by its header, and has {there}"
        raise ValueError(msg)
    file.seek(0)


def _value(name: str, variable: "tf.Variable", arrays: dict[str, Any]) -> Any:
    """Takes a variable's value out of `arrays`."""
    import numpy as np  # noqa: PLC0415 - listing parts must not wait for NumPy

    if name + LENGTHS in arrays:
        lengths, stream = arrays.pop(name + LENGTHS), arrays.pop(name + BYTES).tobytes()
        ends = np.cumsum(lengths.ravel(), dtype=int)
        texts = [stream[end - length : end] for end, length in zip(ends, lengths.ravel(), strict=True)]
        return np.array(texts, object).reshape(lengths.shape)
    value = arrays.pop(name)
    dtype = np.dtype(variable.dtype.as_numpy_dtype)
    if not _is_native(dtype) and value.dtype == np.dtype(f"u{dtype.itemsize}"):
        value = value.view(dtype)
    if value.dtype != dtype or value.shape != tuple(variable.shape):
        wanted, got = f"{dtype} {tuple(variable.shape)}", f"{value.dtype} {value.shape}"
        msg = f"'{name}' should be {wanted}, got {got}"
        raise ValueError(msg)
    return value
