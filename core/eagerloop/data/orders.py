"""In which order a pipeline gives its batches, and whether it is the same in every pass and in every process."""

import numpy as np
import tensorflow as tf

from eagerloop.data.shuffles import Passes, graph_of, shuffles_of


class Held:
    """The batches that are evaluated on: any pass over them gives the same ones.

    Args:
        pipeline: It may shuffle.

    Attributes:
        is_kept: Whether its first pass is kept in memory, for what it draws has no seed.
    """

    def __init__(self, pipeline: tf.data.Dataset) -> None:
        self._batches, self.is_kept = _one_order(pipeline)
        self._is_read = False

    def batches(self) -> tf.data.Dataset:
        """The same batches in the same order."""
        if self.is_kept and not self._is_read:
            self._batches.reduce(np.int64(0), lambda count, *_batch: count + 1)  # to its end: a part would not be kept
            self._is_read = True
        return self._batches


def _one_order(test: tf.data.Dataset) -> tuple[tf.data.Dataset, bool]:
    """A pipeline whose passes are all alike, and whether its first one is to be kept in memory for that.

    A shuffle with a seed has a first pass of its own, which any process finds again. What no seed decides is kept.
    """
    graph = graph_of(test)
    inner = [node for function in graph.library.function for node in function.node_def]
    shuffles = list(shuffles_of(list(graph.node)))
    drawn = any(node.op.startswith("Random") for node in inner)
    if drawn or any(shuffles_of(inner)) or not all(any(seeds) for _node, seeds in shuffles):
        return test.cache(), True
    return Passes(test).number(0), False


def exactness_of(train: tf.data.Dataset) -> tuple[bool, str]:
    """Whether a pipeline gives the same batches in another process, read off its own graph."""
    graph = graph_of(train)
    inner = [list(function.node_def) for function in graph.library.function]
    for nodes in [list(graph.node), *inner]:
        if any(not any(seeds) for _node, seeds in shuffles_of(nodes)):
            return False, "not exact: the pipeline shuffles without a seed; give shuffle(..., seed=...) one"
    for nodes in inner:
        random = [node.op for node in nodes if node.op.startswith("Random") or "PyFunc" in node.op]
        if random:
            return False, f"not exact: the pipeline calls {random[0]}, whose state cannot be saved; use stateless operations"
    return True, "a position is reached by going through the batches before it"
