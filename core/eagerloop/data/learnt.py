"""What a run has learnt of its data, without a row of them: enough to make its model again, and to encode new rows."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from eagerloop.data.arrays import ArrayDataset
from eagerloop.data.columns import shaped
from eagerloop.data.learnt_targets import known_targets
from eagerloop.errors import CheckpointError, DataError
from eagerloop.parts import Task
from eagerloop.structures import is_tensor, leaves_by_path
from eagerloop.tables.encoder import Encoder
from eagerloop.tables.pictures import Pictures
from eagerloop.tables.reading import Reading

if TYPE_CHECKING:
    from eagerloop.tables.table import Table

NAMES = ("features", "targets", "classes", "columns")
"""Lists of texts."""

MEANINGS = ("logits", "separate logits", "probabilities", "quantities")


class LearntData:
    """A dataset without rows, made of what a run keeps.

    Args:
        content: As `learnt_of` gave it.
        where: The file that it comes from, for messages.

    Attributes:
        encoder: What makes features of a table's columns; None if there is no such thing.
        target_reading: How the cells of the targets are read.
        answer: What the model's answer means.

    Raises:
        CheckpointError: It is not what a run writes there.
    """

    features: Sequence[str]
    targets: Sequence[str]
    classes: Sequence[str]
    columns: Sequence[str]
    carried: Sequence[str]
    task: Task
    answer: Any
    first_batch: Any
    exact: bool = True
    note: str = ""
    keys: None = None
    batches_per_epoch: None = None

    def __init__(self, content: Mapping[str, Any], where: str) -> None:
        self._where = where
        try:
            self.features, self.targets, self.classes, self.columns = (_texts(content[name]) for name in NAMES)
            self.task, self.answer, self.outputs = content["task"], content["answer"], content["outputs"]
            self.carried = _texts(content.get("carried", []))
            self.fingerprint = str(content["fingerprint"])
            self.encoder = _encoder(content["encoder"])
            self.target_reading = Reading.from_json(content.get("target_reading", Reading().as_json(())))
            self.first_batch = tuple(_row(content[name]) for name in ("x", "y"))
            self.target_moments = _moments(content["target_moments"])
            good = self.task in get_args(Task) and self.answer in MEANINGS and type(self.outputs) is int
            good = good and 0 <= self.outputs < 2**31 and (self.encoder is None or self.encoder.columns == self.columns)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            good = False
        if not good:
            msg = f"{where} is not what a run writes there; remove it: the next resume writes it anew from the data"
            raise CheckpointError(msg)

    def encode(self, table: "Table") -> Any:
        """New rows as the model wants them, (n, d), or with the axes of its x.

        Raises:
            DataError: A column is missing, a cell cannot be encoded, or nobody knows how to encode.
        """
        table.require(*self.columns)
        if self.encoder is None:
            self._refuse()
        return shaped(self.encoder.told(table), self.first_batch[0])

    def target_values(self, table: "Table") -> Any:
        """The known answers in a table, as `eagerloop.data.learnt_targets.known_targets` reads them."""
        return known_targets(self, table)

    def train(self, epoch: int, start: int = 0) -> NoReturn:  # noqa: ARG002 - the Protocol's arguments
        """There are no rows."""
        self._refuse()

    def test(self) -> NoReturn:
        """There are no rows."""
        self._refuse()

    def validation(self) -> None:
        """There are no rows."""

    def _refuse(self) -> NoReturn:
        how = "open it without for_predicting and for_evaluating"
        msg = f"the run was opened without its data: {self._where} holds no rows; {how}"
        raise DataError(msg)


def learnt_of(dataset: Any, first_batch: tuple[Any, ...], answer: str) -> dict[str, Any] | None:
    """What is to be kept of a dataset, as JSON.

    Args:
        dataset: A run's `Dataset`.
        first_batch: x and y of its first batch.
        answer: What the model's answer means.

    Returns:
        The content; None for rows of different lengths, of which no row of zeros can be made.
    """
    if any(hasattr(leaf, "nrows") for leaf in leaves_by_path(first_batch).values()):
        return None
    encoder = encoder_of(dataset)
    lists = {name: [str(text) for text in getattr(dataset, name, ())] for name in NAMES}
    moments = getattr(dataset, "target_moments", None)
    return {
        **lists,
        "columns": list(encoder.columns) if encoder else lists["columns"],
        "carried": [str(text) for text in getattr(dataset, "carried", ())],
        "task": str(dataset.task),
        "outputs": int(getattr(dataset, "outputs", 0) or 0),
        "answer": answer,
        "fingerprint": str(dataset.fingerprint),
        "encoder": encoder.as_json() if encoder else None,
        "target_reading": getattr(encoder, "reading", Reading()).as_json(lists["targets"]),
        "target_moments": None if moments is None else [[float(number) for number in part] for part in moments],
        "x": _form_of(first_batch[0]),
        "y": _form_of(first_batch[1]),
    }


def _form_of(structure: Any) -> Any:
    """The shape of a row and the dtype of a tensor, or of each tensor in a structure."""
    if isinstance(structure, Mapping):
        return {"named": {str(name): _form_of(inner) for name, inner in structure.items()}}
    if isinstance(structure, (tuple, list)):
        return {"placed": [_form_of(inner) for inner in structure]}
    return {"shape": [int(size) for size in structure.shape[1:]], "dtype": structure.dtype.name}


def _encoder(content: Any) -> Encoder | Pictures | None:
    if content is None:
        return None
    return (Pictures if content.get("kind") == "pictures" else Encoder).from_json(content)


def encoder_of(dataset: Any) -> Encoder | Pictures | None:
    """What makes features of a table's columns; None if the dataset knows no such thing, or its columns have no names."""
    found = getattr(dataset, "encoder", None)
    if isinstance(found, Encoder | Pictures):
        return found
    if not isinstance(dataset, ArrayDataset) or found is not None:
        return None
    numbered = tuple(f"x{place}" for place in range(len(dataset.columns)))
    x, columns = dataset.train_arrays[0], tuple(dataset.columns)
    if (
        not is_tensor(x)
        or x.dtype.kind != "f"
        or math.prod(x.shape[1:]) != len(columns)
        or len(x.shape) > 2  # noqa: PLR2004
        or columns == numbered
    ):
        return None
    return Encoder(columns, dict.fromkeys(columns, (0.0, 1.0)), {})


def _moments(value: Any) -> tuple[list[float], list[float]] | None:
    if value is None:
        return None
    means, deviations = ([float(number) for number in part] for part in value)
    return means, deviations


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        msg = "expected a list of texts"
        raise ValueError(msg)
    return tuple(value)


def _row(value: Mapping[str, Any]) -> Any:
    """A batch of one row of zeros, or of empty texts: by calling the model on it, its variables are made."""
    if "named" in value:
        return {str(name): _row(inner) for name, inner in value["named"].items()}
    if "placed" in value:
        return tuple(_row(inner) for inner in value["placed"])
    import tensorflow as tf  # noqa: PLC0415 - listing parts must not wait for TensorFlow

    shape = value["shape"]
    if not all(type(size) is int and 0 <= size < 2**31 for size in shape) or math.prod(shape) > 2**28:
        msg = "expected sizes"
        raise ValueError(msg)
    return tf.zeros([1, *shape], tf.as_dtype(value["dtype"]))
