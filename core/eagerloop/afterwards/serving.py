"""From the raw columns of a table to predictions by TensorFlow's operations alone, so that a SavedModel can hold them.

Shapes: n rows, d features, k outputs, T places in a row (the steps of a sequence), c classes.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from eagerloop.data.learnt import encoder_of
from eagerloop.errors import ConfigError
from eagerloop.running.run import Run
from eagerloop.tables.cells import NO_VALUE, OTHER, missing_texts
from eagerloop.tables.encoder import Encoder

SHOWN = 5
"""How many columns a message names."""

NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
"""A number as it is written in a table, by RE2."""


class Serving(tf.Module):
    """A run's model with all that stands around it: what a SavedModel is made of.

    Args:
        run: A run with a trained model.

    Attributes:
        encoder: What makes features of a table's columns; None where the model's x itself is to be given.
        inputs: The names of the inputs, by column.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(name="eagerloop")
        found = encoder_of(run.dataset)
        self._run, self.encoder = run, found if isinstance(found, Encoder) else None
        owned = [name for name in run.variables() if name.startswith("model/")]
        self.model_variables = [run.variables()[name] for name in owned]  # what a SavedModel saves, it finds in attributes
        self.inputs = input_names(self.encoder.columns if self.encoder else ["x"])

    def serve(self, **inputs: Any) -> dict[str, Any]:
        """The named answers to some rows, each input by its own name."""
        given = {column: inputs[name] for column, name in self.inputs.items()}
        x = encoded(self.encoder, given) if self.encoder else given["x"]
        like = self._run.parts.first_batch[0]
        return answers(self._run, self._run.model(tf.reshape(x, [-1, *like.shape[1:]]), training=False))

    def classes(self) -> dict[str, Any]:
        """The names of the classes, (c,), in the order of the probabilities."""
        return {"classes": tf.constant(list(self._run.dataset.classes), tf.string)}

    def signatures(self) -> dict[str, Any]:
        """What can be called in a SavedModel: `serving_default`, and of a classification `classes`."""
        self._refuse_forms()
        found = {"serving_default": tf.function(self.serve).get_concrete_function(**self._specs())}
        if self._run.dataset.classes:
            found["classes"] = tf.function(self.classes).get_concrete_function()
        return found

    def _refuse_forms(self) -> None:
        """Refuses columns whose texts are read as quantities: TensorFlow's operations do not read them.

        Raises:
            ConfigError: All of them, with what to do.
        """
        forms = self.encoder.reading.forms if self.encoder else {}
        named = [f"'{name}' ({forms[name].what})" for name in (self.encoder.columns if self.encoder else ()) if name in forms]
        if named:
            more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
            msg = f"a SavedModel cannot read {', '.join(named[:SHOWN])}{more}; export model.keras, which starts at x, instead"
            raise ConfigError(msg)

    def _specs(self) -> dict[str, tf.TensorSpec]:
        if self.encoder is None:
            like = self._run.parts.first_batch[0]
            return {"x": tf.TensorSpec([None, *like.shape[1:]], like.dtype, name="x")}
        types = {column: tf.float64 if column in self.encoder.scales else tf.string for column in self.encoder.columns}
        return {name: tf.TensorSpec([None], types[column], name=name) for column, name in self.inputs.items()}


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


def encoded(encoder: Encoder, columns: Mapping[str, Any]) -> Any:
    """What `Encoder.__call__` makes of a table, for tensors.

    Args:
        encoder: What the training rows set down.
        columns: By name: numbers float64, NaN where there is no value; texts as strings; each (n,).

    Returns:
        x, float32, (n, d).
    """
    parts = []
    for name in encoder.columns:
        if name in encoder.scales:
            mean, deviation = (tf.constant(value, tf.float64) for value in encoder.scales[name])
            gone, fill = tf.math.is_nan(columns[name]), encoder.fill(name)
            filled = columns[name] if fill is None else tf.where(gone, tf.constant(fill, tf.float64), columns[name])
            parts.append(tf.cast((filled - mean) / deviation, tf.float32)[:, tf.newaxis])
            parts += [tf.cast(gone, tf.float32)[:, tf.newaxis]] if name in encoder.gaps else []
        else:
            parts.append(_categories(encoder, name, tf.strings.strip(columns[name])))
    return tf.concat(parts, axis=1)


def _categories(encoder: Encoder, name: str, cells: Any) -> Any:
    """As `Reading.labels`: a cell without a value is `missing`, and a text that is none of the categories may be `other`."""
    known = encoder.categories[name]
    texts = tf.constant(sorted(missing_texts(encoder.reading.missing)), tf.string)[tf.newaxis]
    gone = tf.reduce_any(tf.strings.lower(cells, "utf-8")[:, tf.newaxis] == texts, axis=1, keepdims=True)
    hot = _one_hot(cells, known)
    if name in encoder.pooled:
        other = tf.one_hot([known.index(OTHER)], len(known))
        hot = tf.where(tf.reduce_any(hot > 0, axis=1, keepdims=True), hot, other)
    missing = tf.one_hot([known.index(NO_VALUE) if NO_VALUE in known else -1], len(known))
    return tf.where(gone, missing, hot)


def _one_hot(cells: Any, categories: Sequence[str]) -> Any:
    """A 0-1 column for each category; `3.0` is `3` where `3.0` is none itself, as in `Table.labels`."""
    known = tf.constant(list(categories), tf.string)[tf.newaxis]
    as_written = cells[:, tf.newaxis] == known
    is_number = tf.strings.regex_full_match(cells, NUMBER)
    values = tf.strings.to_number(tf.where(is_number, cells, "0"), tf.float64)
    is_whole = is_number & (values == tf.floor(values)) & (tf.abs(values) < 2.0**53)
    usual = tf.where(is_whole, tf.strings.as_string(tf.cast(values, tf.int64)), cells)
    found = tf.where(tf.reduce_any(as_written, axis=1, keepdims=True), as_written, usual[:, tf.newaxis] == known)
    return tf.cast(found, tf.float32)


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
