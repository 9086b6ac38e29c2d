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
    where = left.column if left.column == right.column else f"{left.column} to {right.column}"
    who = left.row if left.row == right.row else f"{left.row} / {right.row}"
    times = f" x {factor:g}" if factor != 1 else ""
    place = f"{left.place}, " if left.place == right.place else f"{left.place} / {right.place}, "
    return Contrast(f"{place}{where}, {who}{times}:", ((left, 1.0),), ((right, factor),))


def rows(table: int | str, left: str, others: Iterable[str], columns: Iterable[str]) -> list[Contrast]:
    """A row against each of the others, column by column."""
    names = list(columns)
    return [one(Cell(table, left, column), Cell(table, other, column)) for other in others for column in names]


def tables(left: tuple[int, str], right: tuple[int, str], columns: Iterable[str], factor: float = 1.0) -> list[Contrast]:
    """A row of one table against a row of another."""
    return [one(Cell(*left, column), Cell(*right, column), factor) for column in columns]


def averages(left: tuple[int, str], right: tuple[int, str], columns: Sequence[str] = SHARED) -> list[Contrast]:
    """The averages over the benchmarks, computed from their cells, for each metric."""
    found = []
    for metric in (MEAN, PASS):
        names = [column for column in columns if column.endswith(metric)]
        sides = [tuple((Cell(*side, name), 1 / len(names)) for name in names) for side in (left, right)]
        label = f"Tables {left[0]} / {right[0]}, average {metric}, {left[1]} / {right[1]}:"
        found.append(Contrast(label, sides[0], sides[1]))
    return found


def growth(table: int, left: str, right: str, titles: Iterable[str]) -> list[Contrast]:
    """pass@32 - mean@32, which is pass@1: what is gained from 1 answer to 32."""
    found = []
    for title in titles:
        sides = [((Cell(table, row, f"{title} {PASS}"), 1.0), (Cell(table, row, f"{title} {MEAN}"), -1.0)) for row in (left, right)]
        found.append(Contrast(f"Table {table}, {title}, gain from K = 1 to 32, {left} / {right}:", sides[0], sides[1]))
    return found


def stage(row: str, title: str, size: str, table: int | str = 3) -> Cell:
    """mean@32 after so many training prompts."""
    return Cell(table, row, f"{title} {MEAN} at {size}")


def over_stages(row: str, pairs: Iterable[tuple[str, str]], titles: Iterable[str] = LONG, table: int | str = 3) -> list[Contrast]:
    """Of one row, (later, earlier) stages."""
    stages = list(pairs)
    return [one(stage(row, title, a, table), stage(row, title, b, table)) for title in titles for a, b in stages]
