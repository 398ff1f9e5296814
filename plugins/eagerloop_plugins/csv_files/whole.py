"""A CSV file that is held in memory: a file of one block."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import eagerloop
from eagerloop_plugins.csv_files.encoder import raw
from eagerloop_plugins.csv_files.findings import Findings


class WholeFile:
    """The blocks of a file, of which there is one. It may have cells that go over several lines.

    Args:
        path: The file.
        delimiter: What separates the cells; found, if None.
    """

    most_values = math.inf

    def __init__(self, path: Path, delimiter: str | None) -> None:
        self.table = eagerloop.tables.read_table(path, delimiter)
        self.path, self.names, self.digest = self.table.path, self.table.names, self.table.digest

    def __len__(self) -> int:
        return 1

    def __getitem__(self, number: int) -> "eagerloop.tables.Table":
        return (self.table,)[number]

    def __iter__(self) -> Iterator["eagerloop.tables.Table"]:
        yield self.table

    def require(self, *names: str) -> None:
        """Checks that columns are there."""
        self.table.require(*names)


def in_memory(findings: Findings, *, batch_size: int, shuffle: bool) -> "eagerloop.ArrayDataset":
    """The dataset of a file in memory; options and errors are those of `csv`."""
    table: Any = findings.blocks[0]
    x, target = findings.encoder(table), findings.target
    y = table.labels(target, findings.classes) if findings.classes else table.numbers(target)
    training, validation, test = findings.split(0, 0, len(table))
    shown: dict[str, Any] = {
        name: raw(table, name, numeric=name in findings.encoder.scales)[test] for name in findings.encoder.columns
    }
    return eagerloop.ArrayDataset(
        (x[training], y[training]),
        (x[test], y[test]),
        (x[validation], y[validation]) if len(validation) else None,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=findings.split.seed,
        features=findings.encoder.features,
        targets=(target,),
        classes=findings.classes,
        task="classification" if findings.classes else "regression",
        fingerprint=findings.fingerprint,
        columns=findings.encoder.columns,
        encoder=findings.encoder.told,
        raw_test=shown,
    )
