"""Seeded shuffles of a pipeline: any pass over it by its number, however often it was looked at before.

`tf.data` draws a new order whenever an iterator begins, and counts those in a place that no checkpoint sees. Here the pass of
an epoch is a pipeline of its own, whose shuffles have that pass's seeds and do not count.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

SHUFFLES = ("ShuffleDataset", "ShuffleDatasetV2", "ShuffleDatasetV3")
"""Operations of `tf.data` that shuffle."""

_WORD = 0xFFFFFFFF


class Passes:
    """The passes over a pipeline.

    Args:
        pipeline: Its shuffles have seeds.

    Example:
        >>> pipeline = tf.data.Dataset.range(4).shuffle(4, seed=1)
        >>> orders = [[int(number) for number in pipeline] for _ in range(3)]
        >>> [int(number) for number in Passes(pipeline).number(2)] == orders[2]
        True
    """

    def __init__(self, pipeline: tf.data.Dataset) -> None:
        self._pipeline = pipeline
        self._graph = graph_of(pipeline)
        self._by_name = {node.name: node for node in self._graph.node}
        shuffles = shuffles_of(list(self._graph.node))
        self._shuffles = [(node, seeds) for node, seeds in shuffles if any(seeds) and node.attr["reshuffle_each_iteration"].b]
        kept, again = self._before("CacheDataset"), self._before("RepeatDataset")
        self._kept = {node.name for node, _seeds in self._shuffles if node.name in kept}
        self._again = {node.name for node, _seeds in self._shuffles if node.name in again}

    def number(self, number: int) -> tf.data.Dataset:
        """The pipeline as its pass of that number, from 0, gives it; each iterator over it gives the same."""
        if not self._shuffles:
            return self._pipeline
        for node, seeds in self._shuffles:
            # What a cache has kept is the first pass for ever. A shuffle that is repeated draws anew inside one pass.
            words = seeds_of_pass(seeds, 0 if node.name in self._kept else number)
            self._set(node, words, reshuffle=node.name in self._again)
        variant = tf.raw_ops.DatasetFromGraph(graph_def=self._graph.SerializeToString())
        return tf.data.experimental.from_variant(variant, self._pipeline.element_spec)

    def _before(self, operation: str) -> set[str]:
        """The nodes whose elements go through such an operation later on."""
        found: set[str] = set()
        ahead = [name for node in self._graph.node if node.op.startswith(operation) for name in node.input]
        while ahead:
            name = ahead.pop().partition(":")[0]
            if name in self._by_name and name not in found:
                found.add(name)
                ahead += self._by_name[name].input
        return found

    def _set(self, node: tf.compat.v1.NodeDef, words: tuple[int, int], *, reshuffle: bool) -> None:
        """Gives a shuffle seeds of its own, and takes the place where passes are counted away from it."""
        node.op = "ShuffleDataset"  # the one of the three that has no such place
        del node.input[4:]
        node.attr["reshuffle_each_iteration"].b = reshuffle
        for place, word in enumerate(words):
            name = f"{node.name}/seed_{place}"
            if name not in self._by_name:
                self._by_name[name] = self._graph.node.add(name=name, op="Const")
                self._by_name[name].attr["dtype"].type = tf.int64.as_datatype_enum
            self._by_name[name].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.int64(word)))
            node.input[2 + place] = name


def graph_of(pipeline: tf.data.Dataset) -> tf.compat.v1.GraphDef:
    """A pipeline as TensorFlow writes it down."""
    variant = tf.data.experimental.to_variant(pipeline)
    written = tf.raw_ops.DatasetToGraphV2(input_dataset=variant, external_state_policy=1, strip_device_assignment=True)
    return tf.compat.v1.GraphDef.FromString(written.numpy())


def shuffles_of(nodes: list[tf.compat.v1.NodeDef]) -> Iterator[tuple[tf.compat.v1.NodeDef, list[int]]]:
    """Every shuffle among the nodes of one graph, with its two seeds if they are constants; both zero stands for any."""
    constants = {node.name: node.attr["value"].tensor for node in nodes if node.op == "Const"}
    for node in nodes:
        names = [name.partition(":")[0] for name in node.input[2:4]]  # inputs: the pipeline, the buffer's size, two seeds
        if node.op in SHUFFLES and set(names) <= constants.keys():
            yield node, [int(tf.make_ndarray(constants[name])) for name in names]


def seeds_of_pass(seeds: Sequence[int], number: int) -> tuple[int, int]:
    """The two seeds that a shuffle draws for one of its passes.

    Args:
        seeds: The two seeds of the shuffle.
        number: The number of the pass, from 0.

    Returns:
        The seeds, as TensorFlow's `RandomSeedGenerator` draws them: two words of Philox a pass.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011), Philox 4x32 with ten rounds.
    """
    seed, seed2 = seeds
    key = [seed & _WORD, seed >> 32 & _WORD]
    block = [number // 2 & _WORD, number // 2 >> 32, seed2 & _WORD, seed2 >> 32 & _WORD]
    for _round in range(10):
        first, second = 0xD2511F53 * block[0], 0xCD9E8D57 * block[2]
        block = [second >> 32 ^ block[1] ^ key[0], second & _WORD, first >> 32 ^ block[3] ^ key[1], first & _WORD]
        key = [key[0] + 0x9E3779B9 & _WORD, key[1] + 0xBB67AE85 & _WORD]
    return (block[2], block[3]) if number % 2 else (block[0], block[1])
