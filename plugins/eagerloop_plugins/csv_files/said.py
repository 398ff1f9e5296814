"""What a table's dataset says of itself, and what it has decided. Shapes: k targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eagerloop_plugins.csv_files.findings import Findings
from eagerloop_plugins.csv_files.rules import batch_size_for

SHOWN = 5
"""How many classes are named."""


@dataclass(frozen=True)
class Said:
    """What is said of the data; see `eagerloop.parts.TableDataset`.

    Attributes:
        batch_size: Rows in a batch.
        decided: The options that nobody had given, by name.
        in_short: Task, rows, features, classes in one line.
        usual_answer: The mean of the training targets, or the number of the most frequent class.
        carried: The columns of ids, which stand beside predictions.
    """

    batch_size: int
    decided: Mapping[str, Any] = field(default_factory=dict)
    in_short: str = ""
    usual_answer: float | None = None
    carried: Sequence[str] = ()

    @property
    def told(self) -> dict[str, Any]:
        """What the dataset has of it, by name."""
        return {"decided": self.decided, "in_short": self.in_short, "usual_answer": self.usual_answer, "carried": self.carried}


def said_of(found: Findings, batch_size: int | None) -> Said:
    """What is said of the data, and how many rows a batch has.

    Args:
        found: What there is to know of the file.
        batch_size: What was asked for.
    """
    rows = {name: int(part.counts().sum()) for name, part in found.parts.items()}
    size = batch_size_for(rows["train"]) if batch_size is None else batch_size
    mean = found.moments[0] if found.moments else None
    usual = max(range(len(found.classes)), key=list(found.class_counts).__getitem__) if found.classes else mean
    decided = {} if batch_size else {"batch_size": size}
    return Said(size, decided, _in_short(found, rows, size), usual, found.carried)


def _in_short(found: Findings, rows: Mapping[str, int], batch_size: int) -> str:
    classes, features = len(found.classes), len(found.encoder.features)
    named = ", ".join([*found.classes[:SHOWN], *(["..."] if classes > SHOWN else [])])
    task = f"classification of {found.target}, {classes} classes ({named})" if classes else f"regression of {found.target}"
    counts = ["train", *(["validation"] if rows["validation"] else []), "test"]
    told = ", ".join(f"{rows[part]} {'training' if part == 'train' else part}" for part in counts)
    return f"{task}: {told} rows, {features} feature{'' if features == 1 else 's'}, batches of {batch_size}"
