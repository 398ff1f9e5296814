"""From the raw columns of a table to predictions by TensorFlow's operations alone, so that a SavedModel can hold them.

Shapes: n rows, k outputs, T places in a row (the steps of a sequence), c classes.
"""

import math
import re
from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from eagerloop.afterwards.serving_columns import encoded, pictured, word_tables
from eagerloop.data.learnt import encoder_of
from eagerloop.errors import ConfigError
from eagerloop.running.run import Run
from eagerloop.structures import leaves_by_path, map_with_path
from eagerloop.tables.encoder import Encoder
from eagerloop.tables.pictures import Pictures

PICTURES = "image_bytes"
"""The input of a model of pictures: files as they are, which TensorFlow Serving takes as base64."""


class Serving(tf.Module):
    """A run's model with all that stands around it: what a SavedModel is made of.

    Args:
        run: A run with a trained model.

    Attributes:
        encoder: What makes x of a table's columns, or of files of pictures; None where x itself is to be given.
        inputs: The names of the inputs, by column; of a structure of x by path.

    Raises:
        ConfigError: The rows of x have several lengths.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(name="eagerloop")
        self._run, self.encoder = run, encoder_of(run.dataset)
        owned = [name for name in run.variables() if name.startswith("model/")]
        self.model_variables = [run.variables()[name] for name in owned]  # what a SavedModel saves, it finds in attributes
        self.words = word_tables(self.encoder) if isinstance(self.encoder, Encoder) else {}
        self._like = run.parts.first_batch[0]
        self.inputs = self._inputs()

    def serve(self, **inputs: Any) -> dict[str, Any]:
        """The named answers to some rows, each input by its own name."""
        as_written = tf.autograph.experimental.do_not_convert  # no Python there asks a tensor
        if isinstance(self.encoder, Pictures):
            return self._answers(as_written(pictured)(self.encoder, inputs[PICTURES]))
        given = {column: inputs[name] for column, name in self.inputs.items()}
        if self.encoder is None:
            return self._answers(map_with_path(lambda path, _leaf: given[path or "x"], self._like))
        x = as_written(encoded)(self.encoder, given, self.words)
        return self._answers(tf.reshape(x, [-1, *self._like.shape[1:]]))

    def serve_x(self, x: Any) -> dict[str, Any]:
        """The same answers, from x as the model takes it."""
        return self._answers(x)

    def _answers(self, x: Any) -> dict[str, Any]:
        return answers(self._run, self._run.model(x, training=False))

    def classes(self) -> dict[str, Any]:
        """The names of the classes, (c,), in the order of the probabilities."""
        return {"classes": tf.constant(list(self._run.dataset.classes), tf.string)}

    def signatures(self) -> dict[str, Any]:
        """What can be called in a SavedModel: `serving_default`; `x`, where that is another; of a classification `classes`."""
        found = {"serving_default": tf.function(self.serve).get_concrete_function(**self._specs())}
        if self.encoder is not None:
            found["x"] = tf.function(self.serve_x).get_concrete_function(**x_specs(self._run))
        if self._run.dataset.classes:
            found["classes"] = tf.function(self.classes).get_concrete_function()
        return found

    def _inputs(self) -> dict[str, str]:
        if isinstance(self.encoder, Pictures):
            return {PICTURES: PICTURES}
        if self.encoder is None:
            return dict(zip([path or "x" for path in leaves_by_path(self._like)], x_specs(self._run), strict=True))
        return input_names(self.encoder.columns)

    def _specs(self) -> dict[str, tf.TensorSpec]:
        if isinstance(self.encoder, Pictures):
            return {PICTURES: tf.TensorSpec([None], tf.string, name=PICTURES)}
        if self.encoder is None:
            return x_specs(self._run)
        texts = {*self.encoder.categories, *self.encoder.reading.forms}
        types = {column: tf.string if column in texts else tf.float64 for column in self.encoder.columns}
        return {name: tf.TensorSpec([None], types[column], name=name) for column, name in self.inputs.items()}


def x_specs(run: Run) -> dict[str, tf.TensorSpec]:
    """What the model itself takes: `x`, or each tensor of a structure by the name of its path.

    Raises:
        ConfigError: Rows have several lengths.
    """
    leaves = leaves_by_path(run.parts.first_batch[0])
    ragged = [path or "x" for path, leaf in leaves.items() if hasattr(leaf, "nrows")]
    if ragged:
        msg = (
            f"{run.place} cannot be exported: rows of {', '.join(ragged)} have several lengths; pad them to one in the dataset"
        )
        raise ConfigError(msg)
    names = input_names([path or "x" for path in leaves])
    return {
        names[path or "x"]: tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype, name=names[path or "x"])
        for path, leaf in leaves.items()
    }


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """A name for each column that a signature can have: ASCII letters, digits and underscores; no two alike.

    Example:
        >>> input_names(["Petal.Length", "petal length", "2nd", "größe"])
        {'Petal.Length': 'Petal_Length', 'petal length': 'petal_length_2', '2nd': 'arg_2nd', 'größe': 'gr__e'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", column)
        name = plain = plain if plain[:1].isalpha() else f"arg_{plain}"
        number = 1
        while name.lower() in taken:  # in a graph, names differ in more than their case
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.lower())
        names[column] = name
    return names


def answers(run: Run, outputs: Any) -> dict[str, Any]:
    """What `eagerloop predict` says, by name.

    Args:
        run: The run.
        outputs: What its model answers, (n, k), (n, T, c), or a structure of such.

    Returns:
        `prediction`: of a classification the likeliest class by name, (n,) or (n, T), beside `probabilities`, (n, c) or
        (n, T, c); else the numbers, (n,) or (n, k). Of several answers, one each under `prediction_` and its path.
    """
    if not hasattr(outputs, "shape"):
        leaves = keras.tree.flatten_with_path(outputs)
        return {"_".join(["prediction", *map(str, path)]): leaf for path, leaf in leaves}
    width, places = math.prod(outputs.shape[1:]), math.prod(run.parts.first_batch[1].shape[1:])
    if run.dataset.task != "classification" or width % places:
        return {"prediction": tf.reshape(outputs, [-1] if width == 1 else [-1, width])}
    chances = _probabilities(tf.reshape(outputs, [-1, places, width // places]), logits=run.parts.answer != "probabilities")
    count = chances.shape[-1]
    names = [*run.dataset.classes, *map(str, range(len(run.dataset.classes), count))]
    likeliest = tf.gather(tf.constant(names), tf.argmax(chances, axis=2))
    chances = tf.cast(chances, tf.float32)
    if places == 1:
        likeliest, chances = likeliest[:, 0], chances[:, 0]
    return {"prediction": likeliest, "probabilities": chances}


def _probabilities(outputs: Any, *, logits: bool) -> Any:
    """As `columns.probabilities`, (n, T, c), float64: one output alone is the logit of the second class."""
    values = tf.cast(outputs, tf.float64)
    if values.shape[-1] == 1:
        second = tf.sigmoid(values) if logits else values
        return tf.concat([1 - second, second], axis=2)
    return tf.nn.softmax(values) if logits else values
