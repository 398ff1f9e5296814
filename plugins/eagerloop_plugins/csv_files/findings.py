"""What a survey has found out about a CSV file: all that a dataset is made from."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import eagerloop
from eagerloop_plugins.csv_files.dealing import Dealt, Part
from eagerloop_plugins.csv_files.rules import is_of_ids
from eagerloop_plugins.csv_files.split import PARTS


class Findings(NamedTuple):
    """What a dataset is made from.

    Attributes:
        blocks: The file.
        dealt: Which rows of each block are used, and for what.
        encoder: What turns a table into x, as the training rows set it down.
        target: The column to predict.
        classes: The classes by name, in the order of their numbers; none for a regression.
        fingerprint: A digest of the file and of the columns that are used.
        class_counts: How many training rows each class has.
        moments: Mean and deviation of the training targets of a regression; the deviation is 1 where all are the same.
        apart: The rows of the test, if these have a file of their own.
        weight: The column that says how much each row counts, if there is one.
        class_weights: How much the training rows of each class count; none if all count alike.
        left_out: Why columns tell nothing, by name.
    """

    blocks: Any
    dealt: Dealt
    encoder: "eagerloop.tables.Encoder"
    target: str
    classes: Sequence[str]
    fingerprint: str
    class_counts: Sequence[int] = ()
    moments: tuple[float, float] | None = None
    apart: Part | None = None
    weight: str | None = None
    class_weights: Sequence[float] = ()
    left_out: Mapping[str, str] = {}

    @property
    def carried(self) -> list[str]:
        """The columns of ids, which stand beside predictions."""
        return [name for name, reason in self.left_out.items() if is_of_ids(reason)]

    @property
    def parts(self) -> dict[str, Part]:
        """The rows of training, validation and test."""
        parts = {name: Part(self.blocks, self.dealt, place) for place, name in enumerate(PARTS)}
        return parts | ({"test": self.apart} if self.apart else {})
