"""What a survey has found out about a CSV file: all that a dataset is made from."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from eagerloop_plugins.csv_files.encoder import Encoder
from eagerloop_plugins.csv_files.split import Split


class Findings(NamedTuple):
    """What a dataset is made from.

    Attributes:
        blocks: The file.
        ends: How many rows there are up to the end of each block.
        split: What deals the rows out.
        encoder: What turns a table into x, as the training rows set it down.
        target: The column to predict.
        classes: The classes by name, in the order of their numbers; none for a regression.
        fingerprint: A digest of the file and of the columns that are used.
    """

    blocks: Any
    ends: Sequence[int]
    split: Split
    encoder: Encoder
    target: str
    classes: Sequence[str]
    fingerprint: str
