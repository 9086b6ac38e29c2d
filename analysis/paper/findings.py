"""What an examination of a sentence ends in, and how comparisons add up to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
    """A comparison of two weighted sums of cells, in percentage points; left is claimed to be the larger one."""

    label: str
    left: tuple[tuple[Cell, float], ...]
    right: tuple[tuple[Cell, float], ...]

    @property
    def reads(self) -> tuple[Cell, ...]:
        return tuple(cell for cell, _ in (*self.left, *self.right))

    def of(self, scores: Mapping[Cell, Score]) -> Compared:
        return Compared(self.label, _sum(self.left, scores), _sum(self.right, scores))


@dataclass(frozen=True)
class Compared:
    """A contrast with its numbers."""

    label: str
    left: Score
    right: Score

    @property
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
        return f"{self.label} {self.left.value:.1f} / {self.right.value:.1f}"


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
    counts = [f"{signs.count(1)} of {len(signs)} higher"]
    counts += [f"{signs.count(0)} equal"] if 0 in signs else []
    counts += [f"{signs.count(-1)} lower"] if -1 in signs else []
    failed = [str(each) for each, fine in zip(compared, passed, strict=True) if not fine]
    if len(compared) <= SHOWN:
        return f"{', '.join(counts)}: {'; '.join(map(str, compared))}"
    return f"{', '.join(counts)}" + (f"; not: {'; '.join(failed)}" if failed else "")


def _error(compared: Sequence[Compared], decisive: Compared) -> str:
    found = decisive.difference
    beyond = sum(each.resolved is not Resolved.NO for each in compared)
    problems = sum(each.resolved is Resolved.PROBLEMS for each in compared)
    return (
        f"decisive: {decisive.label} {found.value:+.1f}, error {found.answers:.1f} of answers, {found.problems:.1f} of "
        f"problems; of {len(compared)} differences {beyond} beyond {RESOLVED} errors of answers, {problems} of problems"
    )


def _sum(terms: tuple[tuple[Cell, float], ...], scores: Mapping[Cell, Score]) -> Score:
    parts = [(scores[cell], weight) for cell, weight in terms]
    return Score(
        sum(weight * score.value for score, weight in parts),
        sum((weight * score.answers) ** 2 for score, weight in parts) ** 0.5,
        sum((weight * score.problems) ** 2 for score, weight in parts) ** 0.5,
    )
