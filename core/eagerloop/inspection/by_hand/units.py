"""What a layer did, worked by hand: one unit of a dense layer, Dropout's scale, BatchNorm's mean.

Shapes: n rows, d inputs, k units.
"""

from typing import NamedTuple

import numpy as np

from eagerloop.inspection.by_hand.sums import Array, Line, factor, same
from eagerloop.inspection.records.step_facts import StepFacts
from eagerloop.inspection.records.step_parts import LayerRecord
from eagerloop.inspection.writing.numbers_as_text import three

WRITTEN_OUT = 3
"""A sum of many products is shown by its first ones."""

BENDS = {"": "", "linear": "", "relu": "relu"}
"""The activations that are worked by hand."""


class Silenced(NamedTuple):
    """What Dropout did.

    Attributes:
        dropped: The share of values that it set to 0, from 0 to 1.
        scale: What it multiplied the others by.
    """

    dropped: float
    scale: float


def first_unit(record: StepFacts, layer: LayerRecord, row: int) -> Line | None:
    """The first unit of a dense layer for one row: inputs times weights, and the bias.

    Args:
        record: The step.
        layer: One of its layers.
        row: From 0 to n - 1.

    Returns:
        One line; None where the layer is no dense one, bends in a way that is not known here, or the sum does not come out.
    """
    own = {
        variable.name.rpartition("/")[2]: variable.value.array
        for variable in record.variables
        if variable.name in layer.variables
    }
    kernel, bias = own.get("kernel"), own.get("bias", np.zeros(1))
    x, output = layer.inputs[0].array if layer.inputs else None, layer.output.array
    if kernel is None or bias is None or x is None or output is None or layer.activation not in BENDS:
        return None
    if (x.ndim, kernel.ndim, output.ndim) != (2, 2, 2) or x.shape[1] != len(kernel) or row >= min(len(x), len(output)):
        return None
    products = x[row].astype(np.float64) * kernel[:, 0]
    value = products.sum() + bias[0]
    bent = max(0.0, value) if BENDS[layer.activation] else value
    if not same(bent, output[row, 0], float(np.abs(products).max(initial=0.0))):
        return None
    return Line(
        f"{layer.name}[{row}, 0]", _products(x[row], kernel[:, 0], float(bias[0]), BENDS[layer.activation]), three(bent)
    )


def _products(x: Array, weights: Array, bias: float, bend: str) -> str:
    shown = len(x) if len(x) <= WRITTEN_OUT + 1 else WRITTEN_OUT
    written = [f"{factor(value)} x {factor(weight)}" for value, weight in zip(x, weights, strict=True)][:shown]
    more = [f"... ({len(x)} products)"] if shown < len(x) else []
    total = " + ".join([*written, *more, factor(bias)])
    return f"{bend}({total})" if bend else total


def silenced(layer: LayerRecord) -> Silenced | None:
    """What a Dropout layer did to its input; None for another layer, or one that did something else.

    Args:
        layer: A layer whose output has the shape of its only input.
    """
    x, output = layer.inputs[0].array if layer.inputs else None, layer.output.array
    if "Dropout" not in layer.kind or x is None or output is None or x.shape != output.shape:
        return None
    alive = x != 0
    kept = alive & (output != 0)
    if not kept.any():
        return None
    scales = output[kept].astype(np.float64) / x[kept]
    if not same(scales, scales[0]):
        return None
    return Silenced(1 - kept.sum() / alive.sum(), float(scales.mean()))


def normalised(record: StepFacts, layer: LayerRecord) -> bool:
    """Whether a BatchNormalization layer used the mean of this very batch, as it does in training.

    Then the mean of each output column is beta, whatever went in.
    """
    beta = next(
        (own.value.array for own in record.variables if own.name in layer.variables and own.name.endswith("/beta")), None
    )
    output = layer.output.array
    if layer.kind != "BatchNormalization" or beta is None or output is None or output.shape[-1] != len(beta):
        return False
    means = output.astype(np.float64).reshape(-1, len(beta)).mean(0)
    return bool(np.allclose(means, beta, atol=1e-4 * max(1.0, float(np.abs(output).max(initial=0.0)))))
