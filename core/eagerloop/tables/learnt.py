"""What an encoder has learnt, as plain data that a run keeps: written as JSON, and checked when it is read."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from eagerloop.tables.cells import OTHER
from eagerloop.tables.reading import Reading


class Learnt(NamedTuple):
    """The attributes of an `eagerloop.tables.Encoder`."""

    columns: Sequence[str]
    scales: Mapping[str, tuple[float, float]]
    categories: Mapping[str, Sequence[str]]
    fills: Mapping[str, float]
    gaps: Collection[str]
    reading: Reading
    gappy: Collection[str]
    pooled: Collection[str]

    @classmethod
    def of(cls, encoder: Any) -> "Learnt":
        """Those of an encoder, with what fills the gaps of each column."""
        fills = {quantity: encoder.fill(quantity) for quantity in _prepared(encoder)}
        known = {quantity: fill for quantity, fill in fills.items() if fill is not None}
        return cls(**{name: getattr(encoder, name) for name in cls._fields} | {"fills": known})

    def as_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "columns": list(self.columns),
            "scales": {name: list(scale) for name, scale in self.scales.items()},
            "categories": {name: list(values) for name, values in self.categories.items()},
            "fills": dict(self.fills),
            **{name: sorted(getattr(self, name)) for name in ("gaps", "gappy", "pooled")},
            "reading": self.reading.as_json(self.columns),
        }

    @classmethod
    def from_json(cls, content: Any) -> "Learnt":
        """What `as_json` told of; of an encoder without gaps the first three entries are enough.

        Raises:
            ValueError: It is no such content. (Or KeyError, TypeError, AttributeError: whatever reading it raises.)
        """
        columns, reading = _texts(content["columns"]), Reading.from_json(content.get("reading", {}))
        scales = {name: (float(mean), float(deviation)) for name, (mean, deviation) in content["scales"].items()}
        categories = {name: _texts(values) for name, values in content["categories"].items()}
        fills = {name: float(fill) for name, fill in content.get("fills", {}).items()}
        gaps, gappy, pooled = (frozenset(_texts(content.get(name, []))) for name in ("gaps", "gappy", "pooled"))
        learnt = cls(columns, scales, categories, fills, gaps, reading, gappy, pooled)
        learnt._check_columns()
        learnt._check_numbers()
        return learnt

    def _check_columns(self) -> None:
        numeric = [name for name in self.columns if name not in self.categories]
        quantities = [quantity for name in numeric for quantity in self.reading.names(name)]
        if {*quantities} != {*self.scales} or not {*self.categories} <= {*self.columns}:
            msg = "its columns must be texts, each with a scale for each of its quantities or with categories"
            raise ValueError(msg)
        if not {*self.gaps, *self.gappy, *self.reading.forms} <= {*numeric} or not {*self.pooled} <= {*self.categories}:
            msg = "gaps and forms must be of its columns of numbers, and what is pooled of its columns of text"
            raise ValueError(msg)
        if any(OTHER not in self.categories[name] for name in self.pooled):
            msg = f"a column whose rare texts are pooled must have the category {OTHER!r}"
            raise ValueError(msg)

    def _check_numbers(self) -> None:
        deviations = [deviation for _mean, deviation in self.scales.values()]
        means = [mean for mean, _deviation in self.scales.values()]
        if not all(map(math.isfinite, [*means, *deviations, *self.fills.values()])) or not all(deviations):
            msg = "its means, deviations and fills must be finite, and no deviation 0"
            raise ValueError(msg)
        if {*self.fills} not in (set(), {*self.scales}) or (self.gaps and not self.fills):
            msg = "each of its quantities must have a fill, or none, where there are no gaps"
            raise ValueError(msg)


def _prepared(encoder: Any) -> Iterable[str]:
    """The quantities, after those of their fills that are not known yet were looked for in as few passes as for one."""
    find = getattr(encoder.fills, "find", None)
    if find is not None:
        find([quantity for quantity in encoder.scales if quantity not in encoder.fills])
    return encoder.scales  # type: ignore[no-any-return]


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        msg = "expected a list of texts"
        raise ValueError(msg)
    return tuple(value)
