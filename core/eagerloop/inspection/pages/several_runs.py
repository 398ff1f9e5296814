"""Several runs in one picture: for each figure a chart with a line a run, and a table of what differs between them."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from eagerloop.errors import ConfigError, TrainingError
from eagerloop.inspection.pages.charts import Series, chart
from eagerloop.inspection.pages.elements import Markup, document, element, table
from eagerloop.inspection.pages.run_page import NO_CURVE
from eagerloop.inspection.writing.numbers_as_text import three
from eagerloop.storage.files import write_where_named

HEIGHT = 520
"""Pixels of a picture in a notebook; of more it has a bar to scroll."""


class Outline(NamedTuple):
    """What is drawn of one run.

    Attributes:
        name: Its directory.
        parts: The names of its parts, by kind.
        history: A row an epoch.
    """

    name: str
    parts: Mapping[str, str]
    history: Sequence[Mapping[str, Any]]


class Curves:
    """The curves of one run or of several; a notebook shows them at the end of a cell.

    Args:
        outlines: The runs.
    """

    def __init__(self, outlines: Sequence[Outline]) -> None:
        self.outlines = _told_apart(outlines)

    def __repr__(self) -> str:
        names = ", ".join(one.name for one in self.outlines)
        return f"<Curves of {names}; a notebook draws them, save('curves.html') or save('curves.png') writes them>"

    def _repr_html_(self) -> str:
        """A page of its own inside the cell: its style is not the notebook's."""
        frame = f'srcdoc="{html.escape(self.page(), quote=True)}" style="width:100%;height:{HEIGHT}px;border:0"'
        return f'<iframe title="curves" {frame}></iframe>'

    def page(self) -> str:
        """The curves as a page that needs nothing but a browser."""
        title = self.outlines[0].name if len(self.outlines) == 1 else f"{len(self.outlines)} runs"
        names = figures_of(self.outlines)
        drawn = [_figure(name, self.outlines, alone=len(names) == 1) for name in names]
        nothing = None if drawn else element("p", "No epoch is finished yet: there is no curve.")
        told = _table(self.outlines) if len(self.outlines) > 1 else None
        shown = element("header", element("h1", title))
        return document(
            title,
            element("main", shown, told, nothing, element("div", drawn, class_="charts"), id="main", class_="run"),
            "run.js",
        )

    def save(self, path: str | Path) -> Path:
        """Writes the curves.

        Args:
            path: `.html` for a page, `.png` for a picture for a slide (`pip install 'eagerloop[plot]'`).

        Returns:
            The path.

        Raises:
            ConfigError: It has another ending, cannot be written, or Matplotlib is missing.
        """
        path = Path(path)
        if path.suffix == ".png":
            from eagerloop.inspection.plots import plot_runs  # noqa: PLC0415 - an extra

            return plot_runs({one.name: one.history for one in self.outlines}, path)
        if path.suffix != ".html":
            msg = f"curves are saved as .html or .png, got {path.name}"
            raise ConfigError(msg)
        try:
            write_where_named(path, self.page())
        except TrainingError as error:
            msg = f"{error}; name another file"
            raise ConfigError(msg) from error
        return path


def _told_apart(outlines: Sequence[Outline]) -> list[Outline]:
    """Two runs of one name get a number behind it."""
    names = [one.name for one in outlines]
    counted = [names[:place].count(name) for place, name in enumerate(names)]
    return [
        one._replace(name=f"{one.name} ({count + 1})" if count else one.name)
        for one, count in zip(outlines, counted, strict=True)
    ]


def figures_of(outlines: Sequence[Outline]) -> list[str]:
    """The figures that any of the runs has, each with its validation behind it."""
    names = dict.fromkeys(name for one in outlines for row in one.history for name in row if name not in NO_CURVE)
    plain = [name for name in names if not name.startswith("val_")]
    return [one for name in plain for one in (name, f"val_{name}") if one in names]


def _figure(name: str, outlines: Sequence[Outline], *, alone: bool) -> Markup:
    """One line a run, in the run's own colour: not every run has every figure."""
    drawn = [
        Series(
            one.name,
            [(float(row["epoch"]), row[name]) for row in one.history if isinstance(row.get(name), int | float)],
            colour=place if len(outlines) > 1 else None,
        )
        for place, one in enumerate(outlines)
    ]
    return chart(name, ("epoch", name), [one for one in drawn if one.points], alone=alone)


def _table(outlines: Sequence[Outline]) -> Markup:
    """What differs: parts, epochs, the lowest loss and the last figures."""
    every = dict.fromkeys(kind for one in outlines for kind in one.parts)
    kinds = [kind for kind in every if len({one.parts.get(kind, "") for one in outlines}) > 1]
    names = figures_of(outlines)
    rows = []
    for one in outlines:
        last = one.history[-1] if one.history else {}
        figures = [three(last[name]) if isinstance(last.get(name), int | float) else "" for name in names]
        rows.append([one.name, *(one.parts.get(kind, "") for kind in kinds), len(one.history), *figures])
    return table(("run", *kinds, "epochs", *(f"last {name}" for name in names)), rows)
