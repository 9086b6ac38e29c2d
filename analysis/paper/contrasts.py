"""The comparisons that sentences of the paper make, as lists of contrasts of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.paper.cells import MEAN, PASS, Cell
from analysis.paper.findings import Contrast

SHARED = tuple(f"{title} {metric}" for title in ("MATH-500", "AMC-23", "AIME-25") for metric in (MEAN, PASS))
"""Columns of Tables 2, 6, 7 and 8 without their averages."""
AIME = tuple(f"AIME-{year} {metric}" for year in (24, 25, 26) for metric in (MEAN, PASS))
"""Columns of Table 5."""
STAGES = ("100K", "200K", "300K", "400K")
LONG = ("MATH-500", "AIME-25")
"""Benchmarks of Table 3."""


def one(left: Cell, right: Cell, factor: float = 1.0) -> Contrast:
    """left against factor x right."""
    what = left.column if left.column == right.column else f"{left.column} / {right.column}"
    sides = [f"{cell.place}, {cell.row}" for cell in (left, right)]
    if left.place == right.place:
        sides[1] = right.row if left.row != right.row else ""
    return Contrast(" / ".join(filter(None, sides)), what, ((left, 1.0),), ((right, factor),), factor)


def rows(table: int | str, left: str, others: Iterable[str], columns: Iterable[str]) -> list[Contrast]:
    """A row against each of the others, column by column."""
    names = list(columns)
    return [one(Cell(table, left, column), Cell(table, other, column)) for other in others for column in names]


def tables(
    left: tuple[int, str], right: tuple[int, str], columns: Iterable[str], factor: float = 1.0
) -> list[Contrast]:
    """A row of one table against a row of another."""
    return [one(Cell(*left, column), Cell(*right, column), factor) for column in columns]


def averages(left: tuple[int, str], right: tuple[int, str], columns: Sequence[str] = SHARED) -> list[Contrast]:
    """The averages over the benchmarks, computed from their cells, for each metric."""
    found = []
    for metric in (MEAN, PASS):
        names = [column for column in columns if column.endswith(metric)]
        sides = [tuple((Cell(*side, name), 1 / len(names)) for name in names) for side in (left, right)]
        who = f"Table {left[0]}, {left[1]} / " + (f"Table {right[0]}, " if left[0] != right[0] else "") + right[1]
        found.append(Contrast(who, f"average {metric}", sides[0], sides[1]))
    return found


def growth(table: int, left: str, right: str, titles: Iterable[str]) -> list[Contrast]:
    """pass@32 - mean@32, which is pass@1: what is gained from 1 answer to 32."""
    found = []
    for title in titles:
        mine, theirs = (
            ((Cell(table, row, f"{title} {PASS}"), 1.0), (Cell(table, row, f"{title} {MEAN}"), -1.0))
            for row in (left, right)
        )
        found.append(Contrast(f"Table {table}, {left} / {right}", f"{title} {PASS} - {MEAN}", mine, theirs))
    return found


def stage(row: str, title: str, size: str, table: int | str = 3) -> Cell:
    """mean@32 after so many training prompts."""
    return Cell(table, row, f"{title} {MEAN} at {size}")


def over_stages(
    row: str, pairs: Iterable[tuple[str, str]], titles: Iterable[str] = LONG, table: int | str = 3
) -> list[Contrast]:
    """One row at two stages, the first of which is claimed to be higher."""
    who = f"{Cell(table, row, '').place}, {row}"
    stages = list(pairs)
    return [
        Contrast(
            who,
            f"{title} {MEAN} at {a} / {b}",
            ((stage(row, title, a, table), 1.0),),
            ((stage(row, title, b, table), 1.0),),
        )
        for title in titles
        for a, b in stages
    ]
