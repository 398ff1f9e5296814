"""The columns of a file, one by one, as a dataset reads them: what `eagerloop inspect data` shows. Shapes: n rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import eagerloop
from eagerloop.errors import DataError
from eagerloop_plugins.csv_files.findings import Findings
from eagerloop_plugins.csv_files.forms import Dates, Numbers, Truth
from eagerloop_plugins.csv_files.rules import MOST_VALUES, NO_VALUE
from eagerloop_plugins.csv_files.split import Array

MOST_NUMBERS = 20_000
"""About how many numbers of a column are kept for its histogram."""


@dataclass
class Seeing:
    """Reads the file once more, when somebody asks for its columns.

    Args:
        read: Gives the blocks of the file.
        found: What there is to know of it.
        excluded: The columns that were not to be looked at.
    """

    read: Callable[[], Any]
    found: Findings
    excluded: Sequence[str] = ()
    _gaps: Counter[str] = field(default_factory=Counter)
    _numbers: dict[str, list[Array]] = field(default_factory=dict)
    _texts: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The tables themselves are not kept: a training would hold the text of its file in memory.
        self.found = self.found._replace(blocks=None, apart=None)

    def __call__(self) -> "list[eagerloop.tables.SeenColumn]":
        """Every column of the file, in its order.

        Raises:
            DataError: The file has changed, and cannot be read.
        """
        blocks = self.read()
        every = max(1, self.found.dealt.count // MOST_NUMBERS)
        self._gaps, self._numbers, self._texts = (
            Counter(),
            {},
            {name: Counter() for name in blocks.names if self._is_text(name)},
        )
        for table in blocks:
            for name in blocks.names if len(table) else ():
                self._look_at(self.found.encoder.reading.own(table), name, every)
        return [self._seen(name) for name in blocks.names]

    def _is_text(self, name: str) -> bool:
        """Whether a column is known to be text."""
        return name in self.found.encoder.categories or (name == self.found.target and bool(self.found.classes))

    def _look_at(self, table: Any, name: str, every: int) -> None:
        """Adds the cells of a block."""
        self._gaps[name] += int(np.count_nonzero(table.missing(name)))
        if name not in self._texts:
            try:
                values = self.found.encoder.reading.values(table, name)[:, 0]
            except DataError:  # a column that is left out may hold anything
                self._texts[name], _begun = Counter(), self._numbers.pop(name, None)
            else:
                self._numbers.setdefault(name, []).append(values[::every])
                return
        texts = self._texts[name]
        if len(texts) <= MOST_VALUES:
            texts.update(text for text in self.found.encoder.reading.texts(table, name) if text != NO_VALUE)

    def _seen(self, name: str) -> "eagerloop.tables.SeenColumn":
        numbers = self._numbers.get(name, [])
        found = np.concatenate(numbers) if numbers else np.empty(0)
        return eagerloop.tables.SeenColumn(
            name, self._use(name), self._read_as(name), self._gaps[name], self._decided(name), found, self._texts.get(name, {})
        )

    def _use(self, name: str) -> Any:
        if name in (self.found.target, self.found.weight):
            return "target" if name == self.found.target else "weight"
        if name in self.excluded:
            return "excluded"
        return "feature" if name in self.found.encoder.columns else "left out"

    def _read_as(self, name: str) -> str:
        if name == self.found.target and self.found.classes:
            return f"{len(self.found.classes)} classes"
        form = self.found.encoder.reading.forms.get(name)
        if form is not None:
            return {Dates: "dates", Truth: "truth values", Numbers: "numbers with signs"}[type(form)]
        if name in self._texts:
            different = len(self._texts[name])
            return f"{'over ' if different > MOST_VALUES else ''}{min(different, MOST_VALUES)} texts"
        return "numbers" if any(np.isfinite(part).any() for part in self._numbers.get(name, [])) else "no value"

    def _decided(self, name: str) -> str:
        """In words; what stands in the other columns is not said again."""
        encoder, said = self.found.encoder, []
        if name in self.found.left_out:
            return self.found.left_out[name]
        if name not in encoder.columns:
            gaps = self._gaps[name] and name == self.found.target
            return f"rows without a value left out ({self._gaps[name]})" if gaps else ""
        if name in encoder.categories:
            kept, pooled = len(encoder.categories[name]), name in encoder.pooled
            said.append(f"{kept} column{'' if kept == 1 else 's'} of 0 and 1{', the rare ones in one' if pooled else ''}")
        elif len(encoder.reading.names(name)) > 1:
            said.append(f"{len(encoder.reading.names(name))} columns")
        if name in encoder.gaps:
            said.append("gaps get the median, and a column says so")
        return "; ".join(said)
