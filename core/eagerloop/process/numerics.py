"""What holds for the whole process: how TensorFlow is set up in it, which threads have a say in the numbers."""

import contextlib
import functools
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from eagerloop.choices.settings import Settings
from eagerloop.errors import ConfigError
from eagerloop.process.versions import untested, versions
from eagerloop.unpublished import determinism_is_on, turn_on_determinism

CLUTTER = re.compile(
    r"\x1b\[[0-9;]*m"  # Keras's colours
    r"|\{\{.*?\}\}|\[\[.*?\]\]|\[Op:.*"  # TensorFlow's names of graph nodes
)


def configure_tensorflow(settings: Settings) -> None:
    """Sets what holds for all of TensorFlow in this process.

    Args:
        settings: What was chosen. `deterministic` becomes true where an earlier run has turned it on: it cannot be turned off.

    Raises:
        ConfigError: TensorFlow runs already with another number of threads, which cannot be changed any more.
    """
    _say_once_what_is_untested()
    tf.config.experimental.set_device_policy(settings.device_policy)
    if gpus():
        _settle_determinism(settings)
    if settings.threads and threads() != {"inter_op": settings.threads, "intra_op": settings.threads}:
        try:
            tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
            tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
        except RuntimeError as error:
            msg = f"threads must be set before TensorFlow has run anything, got {settings.threads}; set it in a new process"
            raise ConfigError(msg) from error


@functools.cache
def _say_once_what_is_untested() -> None:
    if said := untested(versions()):
        warnings.warn(said, stacklevel=4)


def _settle_determinism(settings: Settings) -> None:
    """Without it, the same seed gives other bits each time on a GPU."""
    if settings.deterministic:
        turn_on_determinism()
    elif determinism_is_on():
        settings.deterministic = True
        warnings.warn(
            "determinism is on in this process, and TensorFlow cannot turn it off again: this run has it, too, and its record "
            "says so; for a run without it, start a new process",
            stacklevel=3,
        )


def gpus() -> list[str]:
    """What the GPUs that TensorFlow may use are called. On CPUs, its operations are deterministic in any case."""
    details = map(tf.config.experimental.get_device_details, tf.config.get_visible_devices("GPU"))
    return [str(detail.get("device_name", "a GPU")) for detail in details]


def without_deterministic_form(error: BaseException, *, jit: bool = False) -> str:
    """Words what TensorFlow says of an operation that it cannot do with determinism on.

    Args:
        error: What was raised. Where a graph raised it, its text begins with where the operation stands, a line each.
        jit: Whether XLA compiled it, which has a deterministic form of fewer operations.

    Returns:
        One sentence, with the way out; nothing if the error was another one.
    """
    if not isinstance(error, (tf.errors.OpError, RuntimeError)) or not determinism_is_on():
        return ""
    lines = [CLUTTER.sub("", line).strip() for line in str(error).splitlines()]
    cause = next((line for line in lines if "determinis" in line.lower() and not line.startswith("File ")), "")
    off = "add --no-deterministic (for a run that exists, deterministic = false in its run.toml)"
    ways = f"leave --jit out, or {off}" if jit else off
    return f"an operation has no deterministic form here ({cause:.200}); {ways}" if cause else ""


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers that are made while this lasts compute in that precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def parallelism() -> dict[str, Any]:
    """What shares the work out, and so has a say in the rounding: the threads, and the kinds of GPU where there is one."""
    cards = ", ".join(sorted(set(gpus())))
    return {**threads(), **({"gpu": cards} if cards else {})}


def threads() -> dict[str, int]:
    """How many threads TensorFlow may use: rounding can depend on it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "inter_op": tf.config.threading.get_inter_op_parallelism_threads() or cores,
        "intra_op": tf.config.threading.get_intra_op_parallelism_threads() or cores,
    }
