"""An array of a step as plain values: its summary, and the elements themselves where they are not too many."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from eagerloop.errors import ConfigError

LARGEST = 10_000
"""Arrays with more elements than this are kept as their summary and histogram."""

BINS = 20
"""Bars of a histogram."""

OPTIONAL: Mapping[str, bool] = {"optional": True}
"""Marks a field that a record leaves out where it is None: records without it were written before it was there."""

NUMBERS = "biuf"
"""The kinds of NumPy dtype that have a mean."""


@dataclass(frozen=True, eq=False, repr=False)
class Values:
    """An array: its summary, and up to 10,000 elements all of its values: `np.asarray(values)`.

    Attributes:
        shape: As in the step.
        dtype: Its name in TensorFlow.
        minimum: The smallest finite element; nan where there is none, as the next four.
        mean: Of the finite elements.
        maximum: The largest finite element.
        deviation: The standard deviation of the finite elements.
        norm: The square root of the sum of their squares.
        zeros: The share of elements that are exactly 0, from 0 to 1.
        nonfinite: How many elements are nan or infinite.
        counts: How many finite elements are in each bar of the histogram; empty where there are none.
        edges: Where the bars begin, and where the last one ends: one more than `counts`.
        array: Every value, or None for a larger array.
        lengths: Of a ragged tensor, how many elements each row has. Its shape is that of the longest row, its array is filled
            up with zeros, and its figures are those of the elements alone. None for any other.
    """

    shape: tuple[int, ...]
    dtype: str
    minimum: float
    mean: float
    maximum: float
    deviation: float
    norm: float
    zeros: float
    nonfinite: int
    counts: tuple[int, ...]
    edges: tuple[float, ...]
    array: np.ndarray[Any, Any] | None = None
    lengths: tuple[int, ...] | None = field(default=None, metadata=OPTIONAL)

    @classmethod
    def of(cls, array: Any, dtype: str = "") -> "Values":
        """Summarises an array.

        Args:
            array: A tensor, a variable's value or an array of any shape; texts have no figures but their number.
            dtype: Its name in TensorFlow; by default what NumPy calls it.

        Returns:
            The summary, with a copy of the elements if there are at most 10,000.

        Example:
            >>> values = Values.of(np.array([[0.0, 2.0], [4.0, np.nan]], "float32"))
            >>> values.shape, values.mean, values.maximum, values.zeros, values.nonfinite
            ((2, 2), 2.0, 4.0, 0.25, 1)
        """
        if hasattr(array, "flat_values"):  # a ragged tensor
            return _of_ragged(array)
        values = np.asarray(array)
        kept = _plain(values)
        finite = kept[np.isfinite(kept)].astype(np.float64) if kept.dtype.kind in NUMBERS else np.empty(0)
        nothing = float("nan")
        with np.errstate(over="ignore", invalid="ignore"):  # of float64 at the edge of what it holds
            counts, edges = _histogram(finite)
            figures = [finite.min(), finite.mean(), finite.max(), finite.std(), np.linalg.norm(finite)] if finite.size else []
        minimum, mean, maximum, deviation, norm = map(float, figures or [nothing] * 5)
        return cls(
            shape=values.shape,
            dtype=dtype or ("string" if kept.dtype == object else values.dtype.name),
            minimum=minimum,
            mean=mean,
            maximum=maximum,
            deviation=deviation,
            norm=norm,
            zeros=float(np.count_nonzero(finite == 0) / max(1, kept.size)),
            nonfinite=kept.size - finite.size if kept.dtype.kind in NUMBERS else 0,
            counts=counts,
            edges=edges,
            array=np.array(kept) if kept.size <= LARGEST else None,
        )

    def row(self, number: int) -> np.ndarray[Any, Any]:
        """The elements of a row, one after the other; of a ragged tensor, those that it has."""
        row = np.asarray(self)[number]
        return np.atleast_1d(row if self.lengths is None else row[: self.lengths[number]]).ravel()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:  # noqa: FBT001 - NumPy's signature
        if self.array is None:
            msg = (
                f"of the array {self.shape} only the summary is kept (over {LARGEST:,} elements); ask for its mean, counts, ..."
            )
            raise ConfigError(msg)
        return np.array(self.array, dtype=dtype) if copy else np.asarray(self.array, dtype=dtype)

    def __repr__(self) -> str:
        """Shape, dtype and range; then the values, shortened as NumPy does, or the reason why there are none."""
        head = f"{self.shape} {self.dtype}"
        if self.lengths is not None:
            head += ", ragged"
        if not np.isnan(self.mean):
            head += f", {self.minimum:.4g} to {self.maximum:.4g}, mean {self.mean:.4g}"
        if self.nonfinite:
            head += f", {self.nonfinite} nan or infinite"
        if self.array is None:
            return f"{head} (a summary: over {LARGEST:,} elements)"
        return f"{head}\n{np.array2string(self.array, max_line_width=80, threshold=200)}"


def _of_ragged(tensor: Any) -> Values:
    """A ragged tensor: the figures of its elements, and its rows filled up."""
    filled = np.asarray(tensor.to_tensor())
    lengths = tuple(int(length) for length in np.asarray(tensor.row_lengths()))
    kept = np.array(_plain(filled)) if filled.size <= LARGEST else None
    return replace(Values.of(tensor.flat_values), shape=filled.shape, array=kept, lengths=lengths)


def _plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array in a dtype that NumPy itself has; texts as `str`."""
    if array.dtype.kind == "V":  # bfloat16 and its like, which are NumPy's only on loan
        return array.astype(np.float32)
    if array.dtype.kind in "OSU":
        texts = [item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else str(item) for item in array.flat]
        return np.array(texts, dtype=object).reshape(array.shape)
    return array


def _histogram(finite: np.ndarray[Any, Any]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    if not finite.size:
        return (), ()
    try:
        counts, edges = np.histogram(finite, BINS)
    except ValueError:  # a range that float64 cannot cut into bars
        return (), ()
    return tuple(map(int, counts)), tuple(map(float, edges))
