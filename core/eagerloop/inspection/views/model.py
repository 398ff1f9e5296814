"""A model's layers, its weights by value, and what it answers.

Shapes: n rows, d features, k outputs.
"""

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.inspection.writing.text_layout import histogram, table
from eagerloop.parts import Model
from eagerloop.structures import leaves_by_path, map_leaves

WIDTH = 80
MOST_VALUES = 200
"""A variable with more values than these is shown by its corners."""

FEWEST_VALUES = 10
"""Of fewer there is no histogram."""

UNKNOWN = "unknown until the first call"


class Layer(NamedTuple):
    """A layer of a Keras model.

    Attributes:
        name: Its name.
        kind: Its class.
        shape: Of its output in the last call, such as `(10, 32)`; `-` if it was not called.
        parameters: How many weights it has; None while nobody knows.
    """

    name: str
    kind: str
    shape: str
    parameters: int | None


class Variable(NamedTuple):
    """A variable of a model, with a copy of its value."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    value: np.ndarray[Any, Any]


@dataclass(frozen=True, repr=False, eq=False)
class ModelView:
    """A model as it was when it was looked at; print it.

    Attributes:
        kind: The class of the model.
        built: Whether every weight is there; before the first call of most models it is not.
        layers: Its layers, outermost only; none for a `tf.Module`.
        variables: All the state that is there.
        trainable: How many numbers training changes: 161 for the guide's model.
        frozen: How many other weights there are, such as the averages of BatchNorm.
        other: How many other numbers there are, such as the seed state of Dropout.
        question: The dummy input: 2 rows of the numbers from 1 on, or, where x is not of floats, the first 2 of x. None if
            there was no batch. Of a structure, the same structure; of a ragged tensor, the first 2 rows of x.
        answer: What the model answered to it, with `training=False`.
        features: The columns of the input, by name.
    """

    kind: str
    built: bool
    layers: Sequence[Layer]
    variables: Sequence[Variable]
    trainable: int
    frozen: int
    other: int
    question: Any
    answer: Any
    features: Sequence[str]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """Layers, totals, every variable with its values, the answer to the dummy input."""
        return "\n".join([*self._layer_lines(), *self._total_lines(), *self._variable_lines(), *self._answer_lines()])

    def _layer_lines(self) -> Iterator[str]:
        yield f"model {self.kind}" + ("" if self.built else f": weights {UNKNOWN}")
        if self.layers:
            yield ""
            rows = [("layer", "class", "output", "parameters")]
            rows += [
                (layer.name, layer.kind, layer.shape, "?" if layer.parameters is None else f"{layer.parameters:,}")
                for layer in self.layers
            ]
            yield from table(rows, left=3)

    def _total_lines(self) -> Iterator[str]:
        if self.built:
            yield ""
            other = f"; other state: {self.other:,} numbers" if self.other else ""
            yield f"{self.trainable + self.frozen:,} parameters: {self.trainable:,} trainable, {self.frozen:,} not{other}"

    def _variable_lines(self) -> Iterator[str]:
        for variable in self.variables:
            yield ""
            yield f"{variable.path}  {variable.shape} {variable.dtype}" + ("" if variable.trainable else ", not trainable")
            yield from _distribution(variable.value)
            yield from _values(variable.value)

    def _answer_lines(self) -> Iterator[str]:
        if self.question is None or self.answer is None:
            return
        yield ""
        asked = "asked with training=False: "
        for path, leaf in leaves_by_path(self.question).items():
            yield f"{asked}{f'x/{path}' if path else 'x'} {tuple(leaf.shape)} {leaf.dtype.name}"
            asked = ""
            if self.features and not path:
                named = ", ".join(self.features)
                yield f"  {named}" if len(named) < WIDTH - 2 else f"  {named[: WIDTH - 6]} ..."
            yield from _values(leaf)
        for path, leaf in leaves_by_path(self.answer).items():
            yield f"the answer{f' {path}' if path else ''}: {tuple(leaf.shape)} {leaf.dtype.name}"
            yield from _values(leaf)


def inspect_model(model: Model, x: Any = None, features: Sequence[str] = ()) -> ModelView:
    """Looks at a model; with a batch, it is called first, so that a model without weights gets them.

    Args:
        model: A Keras model or a `tf.Module`.
        x: A batch of features, (n, d) or with more axes, or a structure; without one the model is not called.
        features: The d columns of x, by name.

    Returns:
        What was seen; print it. The answer is to two rows with the numbers from 1 on, column by column.

    Example:
        >>> layer = keras.layers.Dense(1, kernel_initializer="ones", name="dense")
        >>> model = keras.Sequential([layer], name="line")
        >>> view = inspect_model(model, np.zeros((10, 3), "float32"))
        >>> view.trainable, view.answer.tolist()
        (4, [[9.0], [12.0]])

    Source: the guide "Keras with Eager Execution", which calls its model on a matrix of 1 to 6, then shows the weights.
    """
    shapes, question, answer = {}, None, None
    if x is not None:
        x = _leaves(tf.convert_to_tensor, x)
        with _output_shapes(model) as shapes:
            model(x, training=False)
        question = map_leaves(_question, x)
        answer = _leaves(np.asarray, model(_leaves(tf.convert_to_tensor, question), training=False))
    layers = [_layer(layer, shapes) for layer in getattr(model, "layers", ())]
    variables, weights = list(model.variables), list(getattr(model, "weights", model.variables))
    trainable = {id(variable) for variable in model.trainable_variables}
    return ModelView(
        kind=type(model).__name__,
        built=bool(variables) and all(layer.parameters is not None for layer in layers),
        layers=layers,
        variables=[_variable(variable, trainable=id(variable) in trainable) for variable in variables],
        trainable=_count(weight for weight in weights if id(weight) in trainable),
        frozen=_count(weight for weight in weights if id(weight) not in trainable),
        other=_count(variables) - _count(weights),
        question=question,
        answer=answer,
        features=tuple(features),
    )


def _leaves(change: Any, structure: Any) -> Any:
    """The structure with each tensor changed; ragged ones stay what they are."""
    return map_leaves(lambda leaf: leaf if isinstance(leaf, tf.RaggedTensor) else change(leaf), structure)


def _question(x: Any) -> Any:
    """Two rows with the numbers from 1 on, down the columns, as R's `matrix(1:6, nrow = 2)` lays them out in the guide.

    Whole numbers and text may be keys of a vocabulary: there, two rows of x.
    """
    if not x.dtype.is_floating or isinstance(x, tf.RaggedTensor):
        return _leaves(np.asarray, x[:2])
    row = x.shape[1:].as_list()
    return np.arange(1, 2 * math.prod(row) + 1).reshape(2, *row, order="F").astype(x.dtype.as_numpy_dtype)


@contextlib.contextmanager
def _output_shapes(model: Any) -> Iterator[dict[str, str]]:
    """Notes the shape of what each layer gives while the context lasts.

    A subclassed Keras model does not know its layers' output shapes, so each layer's `call` is wrapped for a moment. The
    attribute is set past Keras, which would track it.
    """
    shapes: dict[str, str] = {}
    layers = [layer for layer in getattr(model, "layers", ()) if "call" not in vars(layer)]
    for layer in layers:
        object.__setattr__(layer, "call", _noting(layer.call, layer.name, shapes))
    try:
        yield shapes
    finally:
        for layer in layers:
            object.__delattr__(layer, "call")


def _noting(call: Any, name: str, found: dict[str, str]) -> Any:
    def noted(*arguments: Any, **keywords: Any) -> Any:
        outputs = call(*arguments, **keywords)
        found[name] = ", ".join(str(tuple(output.shape)) for output in tf.nest.flatten(outputs))
        return outputs

    return noted


def _layer(layer: Any, shapes: dict[str, str]) -> Layer:
    # A layer may make its weights only when it is built. Not built yet is not the same as having no weights.
    known = layer.built or bool(layer.weights)
    return Layer(layer.name, type(layer).__name__, shapes.get(layer.name, "-"), _count(layer.weights) if known else None)


def _variable(variable: Any, *, trainable: bool) -> Variable:
    # The tf.Variable inside: Keras's own conversion raises a DeprecationWarning of NumPy.
    value = np.array((variable.value if isinstance(variable, keras.Variable) else variable).numpy())
    return Variable(getattr(variable, "path", variable.name), value.shape, value.dtype.name, trainable, value)


def _count(variables: Any) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def _distribution(value: np.ndarray[Any, Any]) -> Iterator[str]:
    """The histogram of weights that are drawn; a few numbers, zeros, the state of a generator need none."""
    picture = histogram(value) if value.size >= FEWEST_VALUES and value.dtype.kind == "f" else ""
    if picture:
        yield f"  {three(value.min())}  {picture}  {three(value.max())}  mean {three(value.mean())}"


def _values(value: Any) -> Iterator[str]:
    """An array as NumPy prints it, shortened where it is large, indented; of a ragged tensor, its rows as lists."""
    if isinstance(value, tf.RaggedTensor):
        rows: list[Any] = value.to_list()
    else:
        rows = np.array2string(value, max_line_width=WIDTH - 2, threshold=MOST_VALUES).splitlines()
    yield from (f"  {row}" for row in rows)
