"""Tables of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text


def plain_table(columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    """A table whose cells are taken as they are: a title or a reason in brackets is no markup."""
    table = Table(*(Column(column) for column in columns), box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
