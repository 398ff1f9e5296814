"""A CSV file that is held in memory: a file of one block."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import eagerloop
from eagerloop_plugins.csv_files.findings import Findings
from eagerloop_plugins.csv_files.reader import ids_of, known_targets, targets_of
from eagerloop_plugins.csv_files.said import said_of
from eagerloop_plugins.csv_files.split import Array
from eagerloop_plugins.csv_files.weights import weights_of


class WholeFile:
    """The blocks of a file, of which there is one. It may have cells that go over several lines.

    Args:
        path: The file, or what `eagerloop.tables.open_table` made of it.
        delimiter: What separates the cells; found, if None.
        form: What else `eagerloop.tables.read_table` takes.
    """

    def __init__(self, path: "Path | eagerloop.tables.TableFile", delimiter: str | None, **form: Any) -> None:
        self.table = eagerloop.tables.read_table(path, delimiter, **form)
        self.path, self.names, self.digest = self.table.path, self.table.names, self.table.digest
        self.delimiter = self.table.delimiter

    def __len__(self) -> int:
        return 1

    def __getitem__(self, number: int) -> "eagerloop.tables.Table":
        return (self.table,)[number]

    def __iter__(self) -> Iterator["eagerloop.tables.Table"]:
        yield self.table

    def require(self, *names: str) -> None:
        """Checks that columns are there."""
        self.table.require(*names)


@dataclass(eq=False, repr=False)
class WholeDataset(eagerloop.ArrayDataset):
    """The dataset of a file in memory: the answers in other tables are read as its own are."""

    decided: Mapping[str, Any] = field(default_factory=dict)
    in_short: str = ""
    usual_answer: float | None = None
    carried: Sequence[str] = ()
    columns_seen: Callable[[], Any] | None = None

    def target_values(self, table: "eagerloop.tables.Table") -> "Array | None":
        """The known answers in a table, (n,) or (n, 1): -1, or NaN, in a row without one; None if there are none."""
        return known_targets(table, self.targets[0], self.classes, self.encoder)


def in_memory(findings: Findings, *, batch_size: int | None, shuffle: bool) -> "eagerloop.ArrayDataset":
    """The dataset of a file in memory; options and errors are those of `csv`."""
    table, encoder, target, parts = findings.blocks[0], findings.encoder, findings.target, findings.parts
    x = encoder(table)
    pairs: dict[str, tuple[Array, ...]] = {}
    for name, part in parts.items():
        rows = part.rows(0)
        own = part.blocks[0]
        whole = x if own is table else encoder.told(own)
        weights = () if findings.weight is None else (weights_of(own, findings.weight)[rows],)
        pairs[name] = whole[rows], targets_of(own, target, findings.classes, encoder, rows), *weights
    said = said_of(findings, batch_size)
    return WholeDataset(
        pairs["train"],
        pairs["test"],
        pairs["validation"] if len(pairs["validation"][0]) else None,
        batch_size=said.batch_size,
        shuffle=shuffle,
        seed=findings.dealt.split.seed,
        features=encoder.features,
        targets=(target,),
        classes=findings.classes,
        task="classification" if findings.classes else "regression",
        class_weight=dict(zip(findings.classes, findings.class_weights, strict=True)) if findings.class_weights else None,
        fingerprint=findings.fingerprint,
        columns=encoder.columns,
        encoder=encoder,
        raw_test=_shown(findings, said.carried),
        **said.told,
    )


def _shown(findings: Findings, carried: Sequence[str]) -> dict[str, Any]:
    """The test rows as they stand in the file: the ids that are carried along, and the features."""
    part, encoder = findings.parts["test"], findings.encoder
    test, rows = part.blocks[0], part.rows(0)
    return ids_of(test, carried, rows) | {name: encoder.shown(test, name, rows) for name in encoder.columns}
