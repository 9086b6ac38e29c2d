"""A sentence of the paper with the computation that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

from analysis.paper.cells import Cell, Column
from analysis.paper.findings import Finding, Verdict
from analysis.paper.measured import Counts, Measured, measure
from analysis.paper.numbers import Paper
from analysis.paper.recipes import TABLES
from analysis.paper.rules import Rule
from analysis.paper.sampling import Score, printed_score
from analysis.paper.which import FAMILIES, Which
from analysis.runs import Runs

SENTENCE, CONSISTENCY = "sentence", "consistency"


class FromRuns(Protocol):
    """What decides a claim that no cell shows: a `Curve`, or the `Confidence` of measured checkpoints."""

    def decide(self, runs: Runs) -> Finding: ...


FIGURES: Mapping[str, Mapping[str, Which]] = {"Fig. 4": FAMILIES}
"""Figures whose scores sentences compare, without a number in the paper."""


@dataclass(frozen=True)
class Claim:
    """One claim.

    name: short and unique. quote: the paper's words ("" for a check of its consistency). where: all places. reading:
    what the quote is taken to say, so that it can be decided. rule: over cells of tables or figures; curves: over what
    else the runs recorded. A claim that has neither names in `needs` what would decide it.
    """

    name: str
    quote: str
    where: str
    reading: str
    rule: Rule | None = None
    curves: FromRuns | None = None
    kind: str = SENTENCE
    needs: str = ""

    @cached_property
    def reads(self) -> tuple[Cell, ...]:
        """Cells that the verdict depends on; no others are shown to the rule."""
        return self.rule.reads if self.rule is not None else ()

    @property
    def computed(self) -> bool:
        """Follows from the algorithm alone, without a number of the paper or of runs."""
        return self.rule is not None and not self.reads

    def from_paper(self, paper: Paper) -> Finding:
        """What the printed numbers say."""
        if self.rule is None:
            return Finding(Verdict.OPEN, self.needs or "the paper shows it in a figure and prints no number")
        return self.from_values(paper.values)

    def from_values(self, values: Mapping[Cell, float]) -> Finding:
        """The same of any numbers, percent; only those of `reads` are looked at."""
        assert self.rule is not None
        if places := sorted({cell.place for cell in self.reads if cell not in values}):
            return Finding(Verdict.OPEN, f"the paper prints no numbers for {', '.join(places)}")
        return self.rule.decide({cell: _printed(cell.column, values[cell]) for cell in self.reads})

    def from_runs(self, counted: Counts) -> Finding:
        """What the runs say: the same rule over measured cells, or the rule over curves."""
        if self.curves is not None:
            return self.curves.decide(counted.runs)
        if self.rule is None:
            return Finding(Verdict.OPEN, self.needs)
        found = {cell: measure(runs_of(cell), Column(cell.column), counted) for cell in self.reads}
        missing = dict.fromkeys(str(cell) for cell in found.values() if not isinstance(cell, Measured))
        if missing:
            return Finding(Verdict.OPEN, "; ".join(missing))
        return self.rule.decide({cell: each.score for cell, each in found.items() if isinstance(each, Measured)})


def runs_of(cell: Cell) -> Which:
    """The runs that stand for a cell's row."""
    rows = TABLES[cell.table].rows if isinstance(cell.table, int) else FIGURES[cell.table]
    return rows[cell.row]


@cache
def _printed(name: str, value: float) -> Score:
    column = Column(name)
    return Score(value, float("nan"), float("nan")) if column.average else printed_score(value, column)
