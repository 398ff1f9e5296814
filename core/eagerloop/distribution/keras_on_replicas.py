"""What Keras does differently inside a strategy, and must not: here it is done once for all replicas, or not at all.

The tests compare replicas with one device, by the oldest and by the newest version of Keras.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from eagerloop.unpublished import ADDING_UP, DIVIDING, dividing_by_replicas

if TYPE_CHECKING:
    from eagerloop.parts import Optimizer

STRIDE = 0x9E3779B9
"""How far apart the seeds of two replicas are: the golden ratio in 32 bits."""


@contextlib.contextmanager
def as_on_one_device() -> Iterator[None]:
    """While this lasts, Keras's losses are what they are on one device, and no two replicas draw the same random numbers.

    A loss that is weighted by the rows of a share must not be divided by the number of replicas as well. And two replicas with
    one mask would be one Dropout: all have the same `SeedGenerator` state, which is what a checkpoint holds, and a replica's
    number is added to what is drawn from it. Replica 0 draws what one device would draw.
    """
    keras_loss = dividing_by_replicas()
    before = [(keras_loss, DIVIDING, getattr(keras_loss, DIVIDING))]
    before += [(keras.random.SeedGenerator, "next", keras.random.SeedGenerator.next)]
    setattr(keras_loss, DIVIDING, lambda value: value)
    keras.random.SeedGenerator.next = _apart(keras.random.SeedGenerator.next)
    try:
        yield
    finally:
        for place, name, value in before:
            setattr(place, name, value)


def _apart(draw: Any) -> Any:
    """A method `next` that gives every replica seeds of its own."""

    @functools.wraps(draw)
    def draw_apart(self: Any, ordered: bool = True) -> Any:  # noqa: FBT001, FBT002 - Keras's signature
        seed = draw(self, ordered=ordered)
        replica = tf.distribute.get_replica_context()
        if replica is None or replica.num_replicas_in_sync == 1:
            return seed
        return seed + tf.stack([tf.cast(replica.replica_id_in_sync_group, seed.dtype) * STRIDE, 0])

    return draw_apart


@contextlib.contextmanager
def summed_already(optimizer: "Optimizer") -> Iterator[None]:
    """While this lasts, a Keras optimizer takes gradients for those of the whole batch.

    It would add them up over the replicas, and only after it has clipped or gathered those of each share by themselves: that
    is another optimizer than the one of one device.
    """
    several = getattr(optimizer, "by_path", {}).values()
    keras_own = [one for one in (optimizer, getattr(optimizer, "inner_optimizer", None), *several) if hasattr(one, ADDING_UP)]
    for one in keras_own:
        one.__dict__[ADDING_UP] = list
    try:
        yield
    finally:
        for one in keras_own:
            del one.__dict__[ADDING_UP]
