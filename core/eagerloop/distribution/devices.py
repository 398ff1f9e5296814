"""From the settings to a `tf.distribute.Strategy`: which devices it has, and the logical CPUs that are made for it."""

import functools
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Literal

import tensorflow as tf

from eagerloop.choices.settings import Settings
from eagerloop.distribution.workers.cluster import read_cluster
from eagerloop.distribution.workers.meeting import joining
from eagerloop.errors import ConfigError

_DEVICE = re.compile(r"(cpu|gpu):(\d+)")


def strategy_of(settings: Settings) -> tf.distribute.Strategy | None:
    """The strategy that the settings name; one that was given as an object is written down by name and devices.

    Args:
        settings: What the user chose; `strategy` and `devices` are plain afterwards.

    Returns:
        A strategy, or None where one device does it all.

    Raises:
        ConfigError: The devices do not exist, or the strategy is one that no run can have.
    """
    own = settings.strategy if isinstance(settings.strategy, tf.distribute.Strategy) else None
    name = _name_of(own) if own else settings.strategy
    if settings.devices and (own or name != "mirrored"):
        msg = f"devices are chosen for the strategy 'mirrored' by its name; with '{name}' leave devices out"
        raise ConfigError(msg)
    if settings.jit and name != "one":
        msg = f"jit compiles a step for one device; with the strategy '{name}' leave jit out"
        raise ConfigError(msg)
    settings.strategy = name
    if own:
        settings.devices = _names(own.extended.worker_devices) if name == "mirrored" else []
        return own
    if name == "mirrored":
        return _mirrored(settings)
    return _of_all_workers() if name == "multi-worker" else None


def _name_of(strategy: tf.distribute.Strategy) -> Literal["mirrored", "multi-worker"]:
    """What the record calls a strategy that the user made."""
    if isinstance(strategy, tf.distribute.MirroredStrategy):
        return "mirrored"
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return "multi-worker"
    known = "one, mirrored, multi-worker, or a tf.distribute.MirroredStrategy or MultiWorkerMirroredStrategy"
    msg = f"strategy must be {known}, got {type(strategy).__name__}"
    raise ConfigError(msg)


def _mirrored(settings: Settings) -> tf.distribute.Strategy:
    """Replicas in this process, on the devices that are named, or on all GPUs."""
    settings.devices = [device.lower() for device in settings.devices]
    _make_ready(settings.devices)
    on_cpus = bool(settings.devices) and settings.devices[0].startswith("cpu")
    # TensorFlow's default among CPUs is a collective. Its groups outlive the run and clash with those of the next one.
    adding = tf.distribute.ReductionToOneDevice() if on_cpus else None
    strategy = tf.distribute.MirroredStrategy(settings.devices or None, cross_device_ops=adding)
    if strategy.num_replicas_in_sync == 1:
        (only,) = _names(strategy.extended.worker_devices)
        warnings.warn(f"the strategy 'mirrored' has one device alone, {only}: it trains as 'one' would", stacklevel=2)
    return strategy


@functools.cache
def _of_all_workers() -> tf.distribute.Strategy:
    """One a process: TensorFlow joins the workers once."""
    with joining(read_cluster()):
        return tf.distribute.MultiWorkerMirroredStrategy()


def _names(devices: Iterable[str]) -> list[str]:
    """What a person calls the devices: `cpu:1` for `/job:localhost/replica:0/task:0/device:CPU:1`."""
    return [":".join(device.lower().split(":")[-2:]) for device in devices]


def _make_ready(devices: Sequence[str]) -> None:
    """Checks the devices; of CPUs, there are as many as are named."""
    matches = [_DEVICE.fullmatch(device) for device in devices]
    kinds = {match[1] for match in matches if match}
    if None in matches or len(kinds) > 1 or len(set(devices)) < len(devices):
        msg = f"devices must be different ones of one kind, such as cpu:0 and cpu:1, or gpu:0, got {', '.join(devices)}"
        raise ConfigError(msg)
    if kinds == {"cpu"}:
        _make_cpus(1 + max(int(match[2]) for match in matches if match))
    there = _names(device.name for device in tf.config.list_logical_devices())
    missing = [device for device in devices if device not in there]
    if missing:
        msg = f"there is no device {', '.join(missing)}; there are {', '.join(there)}"
        raise ConfigError(msg)


def _make_cpus(count: int) -> None:
    """Divides the CPU into logical ones, which TensorFlow allows before it has run anything.

    Raises:
        ConfigError: It has run something already.
    """
    physical = tf.config.list_physical_devices("CPU")[0]
    if len(tf.config.get_logical_device_configuration(physical) or [None]) >= count:
        return
    try:
        tf.config.set_logical_device_configuration(physical, [tf.config.LogicalDeviceConfiguration() for _ in range(count)])
    except RuntimeError as error:
        msg = f"{count} CPUs must be made before TensorFlow has run anything in this process; train in a new one"
        raise ConfigError(msg) from error
