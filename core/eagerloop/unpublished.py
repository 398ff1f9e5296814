"""What Keras and TensorFlow have no public name for: all of it in one place, each with what is done where a version lacks it.

Nothing else in eagerloop imports `keras.src` or `tensorflow.python`. The tests run with the oldest and the newest versions too.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import keras
import tensorflow as tf

from eagerloop.errors import ConfigError


def _found(module: str, name: str = "") -> Any:
    """A module, or a name in it; None where this version has none."""
    try:
        return getattr(import_module(module), name, None) if name else import_module(module)
    except ImportError:
        return None


DETERMINISM = _found("tensorflow.python.framework.config", "is_op_determinism_enabled")
CONTEXT = _found("tensorflow.python.eager.context")
GENERATORS = _found("tensorflow.python.ops.stateful_random_ops")
KERAS_GLOBALS = _found("keras.src.backend.common.global_state")
KERAS_SEED = "global_seed_generator"

ADDING_UP = "_all_reduce_sum_gradients"
"""The method of Keras's optimizers that adds gradients up over replicas."""

DIVIDING = "scale_loss_for_distribution"
"""The function by which Keras's losses divide themselves by the number of replicas."""

_turned_on: set[str] = set()


def turn_on_determinism() -> None:
    """The public call, noted: a version may be unable to tell."""
    tf.config.experimental.enable_op_determinism()
    _turned_on.add("determinism")


def determinism_is_on() -> bool:
    """Whether TensorFlow's operations are deterministic. `tf.config` turns that on, and cannot tell."""
    return bool(DETERMINISM() if DETERMINISM else _turned_on)


def comes_with_keras(part: Any, family: str) -> bool:
    """Whether a part is of one of Keras's own classes, those without a public name included.

    Args:
        part: A loss, say.
        family: `losses` or `metrics`.

    Example:
        >>> comes_with_keras(keras.losses.MeanSquaredError(), "losses")
        True
    """
    kind = type(part)
    public = getattr(getattr(keras, family), kind.__name__, None) is kind
    return public or kind.__module__.startswith(f"keras.src.{family}")


def mask_of(tensor: Any) -> Any:
    """Which steps of a sequence count, as Keras's layers hand it on; None where nobody says."""
    return getattr(tensor, "_keras_mask", None)


def with_mask(tensor: Any, mask: Any) -> Any:
    """The tensor, which carries the mask from now on as Keras's layers would hand it on."""
    tensor._keras_mask = mask  # noqa: SLF001
    return tensor


def layers_in(layer: Any) -> list[Any] | None:
    """The layers that a Keras layer holds itself; None where that cannot be asked. `layers` has only a model."""
    flatten = getattr(layer, "_flatten_layers", None)
    return list(flatten(include_self=False, recursive=False)) if flatten else getattr(layer, "layers", None)


def built_with(optimizer: Any) -> Sequence[Any]:
    """The variables that a Keras optimizer was built with, in its order."""
    return getattr(optimizer, "_trainable_variables", ())


@contextlib.contextmanager
def each_operation(ran: Callable[..., None]) -> Iterator[None]:
    """While this lasts, `ran` is told of every operation of this thread; of none where TensorFlow cannot tell.

    Source: TensorFlow's own op callbacks, on which `tf.debugging.enable_check_numerics` stands.
    """
    callbacks = _found("tensorflow.python.framework.op_callbacks")
    if callbacks:
        callbacks.add_op_callback(ran)
    try:
        yield
    finally:
        if callbacks:
            callbacks.remove_op_callback(ran)


class ProcessSeeds:
    """The seeds from which TensorFlow and Keras draw for the whole process, and the generators made of them.

    The kernel of an operation with a `seed` of its own counts its draws where nobody can read them, and is left alone; so is
    whatever a version keeps elsewhere.
    """

    def __init__(self) -> None:
        seeds = CONTEXT.context() if CONTEXT else None
        self._seed: Any = getattr(seeds, "_seed", None)
        self._draws: Any = getattr(seeds, "_rng", None)
        self._drawn = self._draws.getstate() if self._draws else None
        self._keras = KERAS_GLOBALS.get_global_attribute(KERAS_SEED) if KERAS_GLOBALS else None
        self._tensorflow = GENERATORS.global_generator if GENERATORS else None
        self.states = [generator.state for generator in (self._keras, self._tensorflow) if generator is not None]
        """The states of the generators: whoever puts the seeds back gives them their values."""

    def put_back(self) -> None:
        """Makes every seed as it was, and the same objects the generators."""
        if CONTEXT and hasattr(seeds := CONTEXT.context(), "_seed"):
            seeds._seed = self._seed  # noqa: SLF001
            if self._drawn and (seeds._rng is not self._draws or self._draws.getstate() != self._drawn):  # noqa: SLF001
                self._draws.setstate(self._drawn)
                seeds._rng = self._draws  # noqa: SLF001
                seeds.clear_kernel_cache()  # a kernel that meets its seeds again would go on where it was
        if KERAS_GLOBALS:
            KERAS_GLOBALS.set_global_attribute(KERAS_SEED, self._keras)
        if GENERATORS:
            GENERATORS.global_generator = self._tensorflow


def dividing_by_replicas() -> Any:
    """The module in which Keras's losses look the function `DIVIDING` up.

    Raises:
        ConfigError: This version of Keras has it elsewhere: the losses of several replicas would be wrong.
    """
    module = _found("keras.src.losses.loss")
    if not hasattr(module, DIVIDING):
        msg = f"Keras {keras.__version__} divides losses by the replicas in a way that is not known here; take --strategy one"
        raise ConfigError(msg)
    return module


def bound_joining(leader: str, tasks: Mapping[str, int], *, seconds: float, heartbeat: float) -> None:
    """Has TensorFlow's workers give up in time. A version without the service waits as long as it waits by itself.

    Args:
        leader: Its task, such as `/job:worker/replica:0/task:0`.
        tasks: How many tasks each job has.
        seconds: How long to wait for a worker that is late.
        heartbeat: Seconds without a sign after which a worker counts as lost.
    """
    job = getattr(getattr(CONTEXT, "coordination_config_pb2", None), "CoordinatedJob", None)
    if job is None:
        return
    CONTEXT.context().configure_coordination_service(
        "standalone",
        leader,
        cluster_register_timeout_in_ms=int(seconds * 1000),
        heartbeat_timeout_in_ms=int(heartbeat * 1000),
        coordinated_jobs=[job(name=name, num_tasks=count) for name, count in tasks.items()],
    )
    CONTEXT.context().coordination_service.cluster_register_with_barrier = True
