"""Structures of tensors: their paths, rows and words."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from eagerloop.errors import DataError
from eagerloop.structures import leaves_by_path, map_leaves, require_same_rows, rows_of, shapes_in_words


class Pair(NamedTuple):
    first: Any
    second: Any


def test_the_order_of_leaves_is_that_of_tensorflow():
    """A dict's leaves come by name, however it was written down: `tf.nest.flatten` and Keras go by that order."""
    structure = {"b": (1, {"z": 2, "a": 3}), "a": Pair(4, [5, 6])}
    assert list(leaves_by_path(structure).values()) == tf.nest.flatten(structure) == [4, 5, 6, 1, 3, 2]
    assert list(leaves_by_path(structure)) == ["a/0", "a/1/0", "a/1/1", "b/0", "b/1/a", "b/1/z"]


def test_a_mapped_structure_keeps_its_form():
    """Named tuples stay what they are, a dict keeps its order, and the others are met by path."""
    one, other = {"b": Pair(1, (2,)), "a": [3]}, {"a": [30], "b": Pair(10, (20,))}
    made = map_leaves(lambda left, right: left + right, one, other)
    assert made == {"b": Pair(11, (22,)), "a": [33]}
    assert (list(made), type(made["b"])) == (["b", "a"], Pair)


def test_rows_are_those_of_the_first_tensor_in_a_graph_too():
    """A ragged tensor has its own count; a graph that does not know it computes it."""
    ragged = tf.ragged.constant([[1, 2], [3], []])
    assert (rows_of(({"a": np.zeros((4, 2))}, ())), rows_of(ragged)) == (4, 3)
    counted = tf.function(rows_of, input_signature=[{"a": tf.TensorSpec((None, 2))}])
    assert int(counted({"a": tf.zeros((5, 2))})) == 5
    assert int(tf.function(rows_of, input_signature=[tf.RaggedTensorSpec((None, None), tf.int32)])(ragged)) == 3


def test_tensors_of_other_rows_are_named_by_their_paths():
    """One line says which tensors there are, and their shapes."""
    batch = {"city": np.zeros((3, 2)), "age": np.zeros(2)}, np.zeros(3)
    words = r"x_train/age, x_train/city and y_train must have as many rows, at least one, got the shapes \(2,\), \(3, 2\) and"
    with pytest.raises(DataError, match=words):
        require_same_rows(("x_train", "y_train"), batch)
    assert require_same_rows(("x", "y"), (np.zeros((3, 2)), ())) == 3
    assert shapes_in_words(batch[0]) == "{age: (2,), city: (3, 2)}"
