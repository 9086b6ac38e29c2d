"""What an examination of a sentence ends in, and how comparisons add up to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import groupby

from analysis.paper.cells import Cell
from analysis.paper.sampling import RESOLVED, Score, difference

EQUAL = 1e-9
"""Percentage points: a difference of rounding only."""
SHOWN = 8
"""Comparisons that are written out; of more, those that fail."""


class Verdict(StrEnum):
    """Of the numbers as they are; whether sampling could have made them is said beside it."""

    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "cannot be decided"


class Resolved(StrEnum):
    """Is the comparison that decides beyond RESOLVED standard errors?"""

    PROBLEMS = "yes, also over problems"
    ANSWERS = "over answers only"
    NO = "no"
    NONE = "-"


@dataclass(frozen=True)
class Finding:
    """`numbers`: those that decided. `error`: their sampling error, in words."""

    verdict: Verdict
    numbers: str
    error: str = "-"
    resolved: Resolved = Resolved.NONE


@dataclass(frozen=True)
class Contrast:
    """A comparison of two weighted sums of cells, in percentage points; left is claimed to be the larger one.

    who, what: the two sides, and the column or whatever else they are compared in, in words. factor: of the right side,
    already in its weights.
    """

    who: str
    what: str
    left: tuple[tuple[Cell, float], ...]
    right: tuple[tuple[Cell, float], ...]
    factor: float = 1.0

    @property
    def reads(self) -> tuple[Cell, ...]:
        return tuple(cell for cell, _ in (*self.left, *self.right))

    def of(self, scores: Mapping[Cell, Score]) -> Compared:
        return Compared(self, _sum(self.left, scores), _sum(self.right, scores))


@dataclass(frozen=True)
class Compared:
    """A contrast with its numbers."""

    contrast: Contrast
    left: Score
    right: Score

    @cached_property
    def difference(self) -> Score:
        return difference(self.left, self.right)

    @property
    def sign(self) -> int:
        """+1 left is larger, 0 equal, -1 smaller."""
        value = self.difference.value
        return int(value > EQUAL) - int(value < -EQUAL)

    @property
    def errors(self) -> float:
        """The difference in standard errors of the answers; infinite where there is no error."""
        found = self.difference
        return found.value / found.answers if found.answers else found.value * float("inf") if self.sign else 0.0

    @property
    def resolved(self) -> Resolved:
        found = self.difference
        if abs(found.value) > RESOLVED * found.problems:
            return Resolved.PROBLEMS
        return Resolved.ANSWERS if abs(found.value) > RESOLVED * found.answers else Resolved.NO

    def __str__(self) -> str:
        factor = self.contrast.factor
        text = f"{self.contrast.what} {self.left.value:.1f} / {self.right.value / factor:.1f}"
        if factor == 1 or not self.right.value:
            return text
        return f"{text} ({100 * (factor * self.left.value / self.right.value - 1):+.0f} %)"


def judge(compared: Sequence[Compared], holds: Callable[[Compared], bool], every: bool = True) -> Finding:
    """Holds when `holds` is true of every comparison (or, with every=False, of one).

    The deciding comparison is the one nearest to failing (or to holding), in standard errors of the answers.
    """
    passed = [holds(each) for each in compared]
    verdict = Verdict.HOLDS if (all(passed) if every else any(passed)) else Verdict.FAILS
    decisive = min(compared, key=lambda each: each.errors) if every else max(compared, key=lambda each: each.errors)
    return Finding(verdict, _numbers(compared, passed), _error(compared, decisive), decisive.resolved)


def higher(compared: Compared) -> bool:
    return compared.sign > 0


def _numbers(compared: Sequence[Compared], passed: Sequence[bool]) -> str:
    signs = [each.sign for each in compared]
    counts = [f"{signs.count(1)} of {len(signs)} above"]
    counts += [f"{signs.count(0)} equal"] if 0 in signs else []
    counts += [f"{signs.count(-1)} below"] if -1 in signs else []
    if len(compared) <= SHOWN:
        return f"{', '.join(counts)}: {_written(compared)}"
    minority = sum(passed) <= len(passed) / 2
    shown = [each for each, fine in zip(compared, passed, strict=True) if fine == minority]
    return ", ".join(counts) + (f"; {'only' if minority else 'not'}: {_written(shown)}" if shown else "")


def _written(compared: Sequence[Compared]) -> str:
    groups = groupby(compared, key=lambda each: each.contrast.who)
    return "; ".join(f"{who}: {', '.join(map(str, of))}" for who, of in groups)


def _error(compared: Sequence[Compared], decisive: Compared) -> str:
    found = decisive.difference
    beyond = sum(each.resolved is not Resolved.NO for each in compared)
    problems = sum(each.resolved is Resolved.PROBLEMS for each in compared)
    times = f" less {decisive.contrast.factor:g} times" if decisive.contrast.factor != 1 else ""
    return (
        f"decisive is {decisive.contrast.what} ({decisive.contrast.who}){times}, {found.value:+.1f} points with an "
        f"error of {found.answers:.1f} over answers and {found.problems:.1f} over problems; beyond {RESOLVED} errors "
        f"over answers: {beyond} of {len(compared)}, over problems too: {problems}"
    )


def _sum(terms: tuple[tuple[Cell, float], ...], scores: Mapping[Cell, Score]) -> Score:
    parts = [(scores[cell], weight) for cell, weight in terms]
    return Score(
        sum(weight * score.value for score, weight in parts),
        sum((weight * score.answers) ** 2 for score, weight in parts) ** 0.5,
        sum((weight * score.problems) ** 2 for score, weight in parts) ** 0.5,
    )
