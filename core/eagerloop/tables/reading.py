"""How the cells of a file are read, and which of its rows are left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from eagerloop.tables.cell_forms import Form, Truth, form_from_json
from eagerloop.tables.cells import NO_VALUE, OTHER, Array
from eagerloop.tables.words import Words

if TYPE_CHECKING:
    from eagerloop.tables.table import Table


@dataclass(frozen=True)
class Reading:
    """How the cells of a file are read.

    Attributes:
        needed: The columns in which a row must have a value: the others are left out.
        missing: What a cell without a value may say; the usual texts, if None.
        forms: How columns of texts are read as quantities, by name.
    """

    needed: Sequence[str] = ()
    missing: Sequence[str] | None = None
    forms: Mapping[str, Form] = field(default_factory=dict)

    def as_json(self, columns: Collection[str]) -> dict[str, Any]:
        """How the cells of some columns are read, as JSON; which rows are left out is news for the training alone."""
        forms = {name: form.as_json() for name, form in self.forms.items() if name in columns}
        return {"missing": None if self.missing is None else list(self.missing), "forms": forms}

    @classmethod
    def from_json(cls, content: Any) -> "Reading":
        """The reading that `as_json` told of.

        Raises:
            ValueError: It is no such content. (Or TypeError, AttributeError: whatever reading it raises.)
        """
        missing = content.get("missing")
        if missing is not None and not (isinstance(missing, list) and all(isinstance(text, str) for text in missing)):
            msg = "what is missing must be a list of texts"
            raise ValueError(msg)
        forms = {name: form_from_json(form) for name, form in content.get("forms", {}).items()}
        return cls((), None if missing is None else tuple(missing), forms)

    def own(self, table: "Table") -> "Table":
        """A table of another file, whose cells are missing where ours would be."""
        return table.with_missing(self.missing)

    def left_out(self, table: "Table") -> Array:
        """The rows of a table, counted from 0, that are left out."""
        gone = np.zeros(len(table), bool)
        for name in self.needed if len(table) else ():
            gone |= table.missing(name)
        return np.flatnonzero(gone)

    def names(self, name: str) -> tuple[str, ...]:
        """The quantities, k of them, that a numeric column holds."""
        return self.forms[name].names(name) if name in self.forms else (name,)

    def source(self, quantity: str) -> tuple[str, int]:
        """The column that holds a quantity, and its place there."""
        for name, form in self.forms.items():
            if quantity in form.names(name):
                return name, form.names(name).index(quantity)
        return quantity, 0

    def values(self, table: "Table", name: str) -> Array:
        """The quantities of a numeric column, float64, shape (n, k), NaN where a cell has no value.

        Raises:
            DataError: A cell cannot be read as one.
        """
        if name not in self.forms:
            return table.values(name, np.float64)[:, np.newaxis]
        values = self.forms[name].values(table.text(name))
        gone = table.missing(name)
        values[gone] = 0.0 if isinstance(self.forms[name], Words) else np.nan  # no text has no words
        bad = ~np.isfinite(values[:, 0]) & ~gone
        if bad.any():
            row = int(bad.argmax())
            raise table.fault(name, row, f"{table.text(name)[row]!r} cannot be read as the others are; mend the cell")
        return values

    def texts(self, table: "Table", name: str) -> list[str]:
        """A column of text; where there is no value, `missing`."""
        texts = table.text(name)
        if isinstance(self.forms.get(name), Truth):
            texts = [text.lower() for text in texts]
        gone = np.flatnonzero(table.missing(name))
        if len(gone):
            texts = [*texts]
            for row in gone.tolist():
                texts[row] = NO_VALUE
        return texts

    def labels(self, table: "Table", name: str, known: Sequence[str], *, pooled: bool) -> Array:
        """The places of a column's texts among those known, int32, shape (n,); for another one -1, or that of `other`."""
        labels: Array = table.labels(name, known, others=True)
        if pooled:
            labels[labels < 0] = known.index(OTHER)
        labels[table.missing(name)] = known.index(NO_VALUE) if NO_VALUE in known else -1
        return labels

    def classes(self, table: "Table", name: str, known: Sequence[str], rows: Array) -> Array:
        """The class numbers of some rows, int32.

        Raises:
            DataError: One of them is none of the classes.
        """
        if isinstance(self.forms.get(name), Truth):
            return self.values(table, name)[rows, 0].astype(np.int32)  # type: ignore[no-any-return]
        if name in self.forms:
            return self._numbered(table, name, known, rows)
        labels: Array = table.labels(name, known, others=True)[rows]
        if (labels < 0).any():
            table.labels(name, known)  # has the words for it
        return labels

    def _numbered(self, table: "Table", name: str, known: Sequence[str], rows: Array) -> Array:
        """The class numbers of a column of numbers in a form of their own."""
        values = self.values(table, name)[:, 0]
        places = {float(one): place for place, one in enumerate(known)}
        labels = np.array([places.get(value, -1) for value in values[rows].tolist()], np.int32)
        if (labels < 0).any():
            row = int(rows[labels.argmin()])
            raise table.fault(name, row, f"{table.text(name)[row]!r} is none of the {len(known)} classes")
        return labels
