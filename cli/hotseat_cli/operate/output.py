"""Prints: tables for people on a terminal, plain text into a pipe, JSON where it is asked for."""

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from hotseat_cli.operate.tables import GAP, Table
from hotseat_cli.script import harmless

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

_STYLES = {
    "running": "green",
    "idle": "cyan",
    "starting": "yellow",
    "stopping": "yellow",
    "requires_action": "magenta",
    "draining": "yellow",
    "drained": "red",
    "active": "green",
    "failed": "red",
    "cold": "dim",
    "warm": "dim",
}


class Output:
    """Data goes to standard output, notes to standard error."""

    def __init__(self, *, as_json: bool, colour: bool) -> None:
        self.as_json = as_json
        self._colour = colour
        self.is_screen = sys.stdout.isatty()

    def json(self, record: Any) -> None:
        """One JSON value in one line."""
        click.echo(json.dumps(record, ensure_ascii=False))

    def table(self, table: Table) -> None:
        """A table that fits the terminal; into a pipe, one that shortens nothing."""
        if not self.is_screen:
            self.lines(table.lines())
            return
        console = self.console()
        console.print(rich_table(table, console.width))

    def line(self, text: str = "") -> None:
        """A line of data."""
        click.echo(harmless(text))

    def lines(self, texts: Iterable[str]) -> None:
        """Lines of data, written at once: a reader that has seen enough of them disturbs nobody."""
        if told := "\n".join(texts):
            self.line(told)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Names and values."""
        listed = list(facts)
        width = max(len(name) for name, _ in listed)
        self.lines(f"{name:<{width}}{' ' * GAP}{value}" for name, value in listed)

    def note(self, text: str) -> None:
        """A line beside the data."""
        click.echo(harmless(text), err=True)

    def console(self) -> "Console":
        """The terminal, for what has colours."""
        from rich.console import Console  # not needed in a pipe, and not free

        return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, no_color=not self._colour)


def rich_table(table: Table, width: int) -> "RichTable":
    """The table as rich draws it, within a width."""
    from rich.table import Table as RichTable
    from rich.text import Text

    table = table.fitting(width)
    drawn = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column, column_width in zip(table.columns, table.widths_within(width), strict=True):
        justify = "right" if column.is_number else "left"
        drawn.add_column(column.title, justify=justify, no_wrap=True, overflow="ellipsis", width=column_width)  # type: ignore[arg-type] # one of rich's words
    for row in table.rows:
        cells = [
            Text(harmless(cell), style=_STYLES.get(cell, "") if column.is_state else "")
            for cell, column in zip(row, table.columns, strict=True)
        ]
        drawn.add_row(*cells)
    return drawn


def state_style(state: str) -> str:
    """The colour of a state."""
    return _STYLES.get(state, "")
