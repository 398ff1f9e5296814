"""TensorFlow's own checkpoint format, the default."""

import contextlib
import errno
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eagerloop.errors import CheckpointError
from eagerloop_plugins.tf_files.checking import check

if TYPE_CHECKING:
    import tensorflow  # noqa: ICN001 - the factory is called tf, as the user types it

    from eagerloop.parts import Checkpointer

PREFIX = "variables"

AWKWARD = re.compile(r"[*?\[\\\ud800-\udfff]")
"""TensorFlow takes a path for a pattern when it reads, and knows no file names beside UTF-8."""


class TensorFlowCheckpointer:
    """Writes `variables.index` and `variables.data-...`, readable by `tf.train.list_variables` under the names of the state,
    with `:` for `/`.
    """

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._names: tuple[tuple[str, int], ...] = ()
        self._checkpoint: Any = None

    def write(self, directory: Path, state: "Mapping[str, tensorflow.Variable]") -> None:
        """Writes the variables.

        Args:
            directory: Exists and is empty.
            state: Variables by name; `/` in a name becomes `:` in the file.

        Raises:
            OSError: The disk is full, the place not writable, and the like; `errno` says which.
        """
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        try:
            with _prefix(directory) as prefix:
                self._of(state).write(prefix)
        except tf.errors.OpError as error:
            raise _as_os_error(error, directory) from error

    def read(self, directory: Path, state: "Mapping[str, tensorflow.Variable]") -> None:
        """Assigns what `write` wrote.

        Args:
            directory: Where the files are.
            state: Variables of the same names, shapes and dtypes.

        Raises:
            CheckpointError: The files are missing, damaged, or hold other variables.
        """
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415 - as above

        damage = (tf.errors.OpError, LookupError, ValueError, TypeError, AttributeError, AssertionError, OSError, DecodeError)
        try:
            check(directory / PREFIX)  # else what a stranger has made could end the process
            with _prefix(directory) as prefix:
                status = self._of(state).read(prefix)
                status.assert_existing_objects_matched().assert_consumed()
        except damage as error:
            cause = next(iter(str(error).strip().splitlines()), type(error).__name__)
            msg = f"the checkpoint in {directory} cannot be read: {cause}; take an older one, or start a new run"
            raise CheckpointError(msg) from error

    def _of(self, state: "Mapping[str, tensorflow.Variable]") -> Any:
        """One `tf.train.Checkpoint` as long as the variables are the same ones, as they are from epoch to epoch."""
        import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

        names = tuple((name, id(variable)) for name, variable in state.items())
        if self._checkpoint is None or names != self._names:
            tree = tf.Module()  # which turns the dictionaries given to it into what a checkpoint can walk
            tree.state = _flat(state)
            self._checkpoint = tf.train.Checkpoint(root=tree.state)
            self._names = names
        return self._checkpoint


def tf() -> "Checkpointer":
    """`tf.train.Checkpoint`, readable by `tf.train.list_variables` and by any TensorFlow program.

    Returns:
        A checkpointer that writes `variables.index` and `variables.data-00000-of-00001`.

    Example:
        >>> import tempfile, tensorflow
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     tf().write(Path(directory), {"model/kernel": tensorflow.Variable([1.0, 2.0])})
        ...     tensorflow.train.list_variables(directory + "/variables")[-1]
        ('model:kernel/.ATTRIBUTES/VARIABLE_VALUE', [2])

    Source: `tf.train.Checkpoint.write` and `.read`, which keep no `checkpoint` state file.
    """
    return TensorFlowCheckpointer()


@contextlib.contextmanager
def _prefix(directory: Path) -> Iterator[str]:
    """How the files of a checkpoint begin, as TensorFlow can be told; an awkward directory is reached by a link meanwhile."""
    path = str(directory / PREFIX)
    if os.sep == "\\" or not AWKWARD.search(path):
        yield path
        return
    place = "/tmp" if AWKWARD.search(tempfile.gettempdir()) else None  # noqa: S108 - a directory of its own is made in it
    with tempfile.TemporaryDirectory(prefix="eagerloop-", dir=place) as plain:
        link = Path(plain, "checkpoint")
        link.symlink_to(directory.absolute(), target_is_directory=True)
        yield str(link / PREFIX)


def _flat(state: Mapping[str, Any]) -> dict[str, Any]:
    """The variables by names without `/`, which a checkpoint would escape; a flat tree is written faster than a deep one."""
    flat = {name.replace("/", ":"): variable for name, variable in state.items()}
    if len(flat) < len(state):
        msg = f"checkpointer 'tf' cannot tell ':' from '/', and two of these names differ in nothing else: {', '.join(state)}"
        raise CheckpointError(msg)
    return flat


def _as_os_error(error: Any, directory: Path) -> OSError:
    """What the operating system said before TensorFlow reworded it, as far as can be told."""
    numbers = {
        "ResourceExhaustedError": errno.ENOSPC,
        "OutOfRangeError": errno.EFBIG,
        "PermissionDeniedError": errno.EACCES,
        "NotFoundError": errno.ENOENT,
    }
    cause = next(iter(str(error.message or "").strip().splitlines()), type(error).__name__)
    return OSError(numbers.get(type(error).__name__, errno.EIO), cause, str(directory))
