"""The help of the commands whose options depend on the chosen parts: a panel for each part, and no name cut.

Typer's own panels are tables, in which a long name gives way to the text beside it, and loses its end on a narrow screen.
"""

from collections.abc import Iterator
from typing import Any

import typer.core

LONGEST = 34
"""Columns that names and what stands behind them may have; longer ones get a line of their own."""


class PanelledCommand(typer.core.TyperCommand):
    """A command whose help is set in panels."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the usage, the command's sentence, and a panel for each part."""
        del formatter
        from rich.console import Console, Group  # noqa: PLC0415 - nothing but the help needs rich
        from rich.padding import Padding  # noqa: PLC0415
        from rich.panel import Panel  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        console = Console(highlight=False)
        console.print(Padding(Text(self.get_usage(ctx), style="bold"), (1, 1)))
        console.print(Padding(Text(self.help or ""), (0, 1, 1, 1)))
        panels: dict[str, list[Any]] = {}
        for option in self.get_params(ctx):
            if not getattr(option, "hidden", False):
                panels.setdefault(getattr(option, "rich_help_panel", None) or "Options", []).append(option)
        for title, options in panels.items():
            rows = [row for option in options for row in _rows(option, ctx)]
            console.print(Panel(Group(*rows), title=title, title_align="left", border_style="dim"))


def _rows(option: Any, ctx: Any) -> Iterator[Any]:
    """An option: its names and its text side by side, or one above the other."""
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    names = Text(" ".join(sorted(option.opts, key=len, reverse=True)), style="bold cyan")
    if not getattr(option, "is_flag", False):
        words = getattr(option, "make_metavar", None) or option.display_type_rich  # the newer typer's name of it
        names.append(f" {words(ctx=ctx)}", style="bold yellow")
    text = Text.from_markup(getattr(option, "help", None) or "")
    if names.cell_len > LONGEST:
        yield Text.assemble(names, overflow="fold")
        yield Padding(text, (0, 0, 0, LONGEST + 2))
        return
    row = Table.grid(padding=(0, 2, 0, 0), expand=True)
    row.add_column(width=LONGEST, no_wrap=True)
    row.add_column(ratio=1, overflow="fold")
    row.add_row(names, text)
    yield row
