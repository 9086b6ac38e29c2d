"""Does the paper agree with itself? Averages against their cells, cells that occur twice, scores that can occur."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.paper.cells import MEAN, PASS, SAMPLES, Cell, Column
from analysis.paper.findings import EQUAL, Finding, Verdict
from analysis.paper.recipes import TABLES
from analysis.paper.rules import Scores
from analysis.paper.sampling import RESOLVED, difference

ROUNDING = 0.05
"""Percentage points: half of the last printed place."""


def _result(violations: Sequence[str], checked: int, what: str, more: str = "-") -> Finding:
    words = f"{checked - len(violations)} of {checked} {what}"
    if violations:
        return Finding(Verdict.FAILS, f"{words}; not: {'; '.join(violations)}", more)
    return Finding(Verdict.HOLDS, words, more)


@dataclass(frozen=True)
class AveragesAgree:
    """Each printed average is within what rounding allows of the mean of its cells.

    A pass@32 of P problems is one of P + 1 shares, so that the printed cell gives the exact one, and only the average
    itself is rounded. For a mean@32 the cells are off by up to half a place, too.
    """

    table: int

    @property
    def _sets(self) -> list[tuple[Cell, list[Cell]]]:
        recipe = TABLES[self.table]
        return [
            (Cell(self.table, row, column.name), [Cell(self.table, row, part.name) for part in parts])
            for row in recipe.rows
            for column, parts in recipe.averaged.items()
        ]

    @property
    def reads(self) -> tuple[Cell, ...]:
        return tuple(cell for average, parts in self._sets for cell in (average, *parts))

    def decide(self, scores: Scores) -> Finding:
        violations, inexact = [], []
        for average, parts in self._sets:
            exact = Column(average.column).metric == PASS
            values = [
                _share(scores[part].value, Column(part.column)) if exact else scores[part].value for part in parts
            ]
            printed, mean = scores[average].value, sum(values) / len(values)
            text = f"{average.row}, {average.column} {printed:.1f}, mean of the cells {mean:.2f}"
            if abs(printed - mean) > (1 if exact else 2) * ROUNDING + EQUAL:
                violations.append(text)
            elif abs(printed - mean) > ROUNDING + EQUAL:
                inexact.append(text)
        more = f"explained only by the cells' own rounding: {'; '.join(inexact)}" if inexact else "-"
        return _result(violations, len(self._sets), "averages", more)


@dataclass(frozen=True)
class SameCells:
    """A column that two tables have is the same in both."""

    table: int
    other: int
    columns: tuple[str, ...]

    @property
    def _pairs(self) -> list[tuple[Cell, Cell]]:
        rows = [row for row in TABLES[self.table].rows if row in TABLES[self.other].rows]
        return [(Cell(self.table, row, name), Cell(self.other, row, name)) for row in rows for name in self.columns]

    @property
    def reads(self) -> tuple[Cell, ...]:
        return tuple(cell for pair in self._pairs for cell in pair)

    def decide(self, scores: Scores) -> Finding:
        violations = [
            f"{left} {scores[left].value:.1f}, Table {self.other} {scores[right].value:.1f}"
            for left, right in self._pairs
            if abs(scores[left].value - scores[right].value) > EQUAL
        ]
        return _result(violations, len(self._pairs), "cells equal")


@dataclass(frozen=True)
class Attainable:
    """Every pass@32 is a share of the benchmark's problems, rounded to the printed place.

    There is no such check of a mean@32: 32 answers to 30 problems give shares so close that every number with one
    decimal is one of them, rounded up or down.
    """

    table: int

    @property
    def reads(self) -> tuple[Cell, ...]:
        recipe = TABLES[self.table]
        names = [column.name for column in recipe.columns if not column.average and column.metric == PASS]
        return tuple(Cell(self.table, row, name) for row in recipe.rows for name in names)

    def decide(self, scores: Scores) -> Finding:
        violations = []
        for cell in self.reads:
            low, high = attainable(scores[cell].value, Column(cell.column))
            if low < high:
                violations.append(f"{cell} {scores[cell].value:.1f}, nearest {low:.2f} and {high:.2f}")
        return _result(violations, len(self.reads), f"{PASS} attainable")


def attainable(value: float, column: Column) -> tuple[float, float]:
    """The value twice where a share rounds to it, up or down, else the two shares around it; percent."""
    size = _size(column)
    nearest = round(value / 100 * size)
    if abs(100 * nearest / size - value) <= ROUNDING + EQUAL:
        return value, value
    below = int(value / 100 * size)
    return 100 * below / size, 100 * (below + 1) / size


def _size(column: Column) -> int:
    """What a share is counted in: answers for the mean, problems for pass@32."""
    return column.benchmark.problems * (SAMPLES if column.metric == MEAN else 1)


def _share(value: float, column: Column) -> float:
    """The share of problems, in percent, that is nearest to a printed pass@32."""
    return 100 * round(value / 100 * column.benchmark.problems) / column.benchmark.problems


@dataclass(frozen=True)
class Ordered:
    """pass@32 of a benchmark is at least its mean@32: who answers right on average does so at least once."""

    table: int

    @property
    def _pairs(self) -> list[tuple[Cell, Cell]]:
        recipe = TABLES[self.table]
        titles = dict.fromkeys(column.title for column in recipe.columns)
        return [
            (Cell(self.table, row, f"{title} {MEAN}"), Cell(self.table, row, f"{title} {PASS}"))
            for row in recipe.rows
            for title in titles
        ]

    @property
    def reads(self) -> tuple[Cell, ...]:
        return tuple(cell for pair in self._pairs for cell in pair)

    def decide(self, scores: Scores) -> Finding:
        violations = [
            f"{mean} {scores[mean].value:.1f} above {scores[most].value:.1f}"
            for mean, most in self._pairs
            if scores[mean].value > scores[most].value + EQUAL
        ]
        return _result(violations, len(self._pairs), "pairs ordered")


@dataclass(frozen=True)
class Repeatable:
    """Two trainings that the paper describes alike differ by no more than RESOLVED errors of the answers.

    Table 2 is after 100K prompts of the subset, the first stage of Table 3 after 100K of all of the data. What is above
    that error is due to the training itself: its seed, its data, a schedule that is not printed.
    """

    pairs: tuple[tuple[Cell, Cell], ...]

    @property
    def reads(self) -> tuple[Cell, ...]:
        return tuple(cell for pair in self.pairs for cell in pair)

    def decide(self, scores: Scores) -> Finding:
        violations, words = [], []
        for left, right in self.pairs:
            found = difference(scores[left], scores[right])
            text = f"{left} {scores[left].value:.1f} / {scores[right].value:.1f} ({right.place})"
            words.append(f"{found.value:+.1f} of {found.answers:.1f}")
            if abs(found.value) > RESOLVED * found.answers:
                violations.append(text)
        error = f"differences, and their errors of answers: {', '.join(words)}"
        return _result(violations, len(self.pairs), f"within {RESOLVED} errors", error)
