"""What holds for the whole process: how TensorFlow is set up in it, which versions and threads have a say in the numbers."""

import contextlib
import functools
import os
import platform
from collections.abc import Iterator
from importlib import metadata

import keras
import tensorflow as tf

from eagerloop.choices.settings import Settings
from eagerloop.errors import ConfigError


def configure_tensorflow(settings: Settings) -> None:
    """Sets what holds for all of TensorFlow in this process.

    Raises:
        ConfigError: TensorFlow runs already with another number of threads, which cannot be changed any more.
    """
    tf.config.experimental.set_device_policy(settings.device_policy)
    if settings.deterministic and gpus():
        tf.config.experimental.enable_op_determinism()  # without it, the same seed gives other bits each time
    if settings.threads and threads() != {"inter_op": settings.threads, "intra_op": settings.threads}:
        try:
            tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
            tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
        except RuntimeError as error:
            msg = f"threads must be set before TensorFlow has run anything, got {settings.threads}; set it in a new process"
            raise ConfigError(msg) from error


def gpus() -> int:
    """How many GPUs TensorFlow has. On CPUs, its operations are deterministic in any case."""
    return len(tf.config.list_physical_devices("GPU"))


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers that are made while this lasts compute in that precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@functools.cache  # read from the metadata of the installed packages, at every save otherwise
def versions() -> dict[str, str]:
    """The versions of everything that has a say in the numbers."""
    found = {name: metadata.version(name) for name in ("eagerloop", "tensorflow", "keras", "numpy")}
    return {"python": platform.python_version()} | found


def threads() -> dict[str, int]:
    """How many threads TensorFlow may use: rounding can depend on it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "inter_op": tf.config.threading.get_inter_op_parallelism_threads() or cores,
        "intra_op": tf.config.threading.get_intra_op_parallelism_threads() or cores,
    }
