"""The computations that decide sentences about cells: pure functions of the scores that they declare to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from analysis.paper.cells import Cell
from analysis.paper.contrasts import LONG, STAGES, one, stage
from analysis.paper.findings import EQUAL, Contrast, Finding, Verdict, higher, judge
from analysis.paper.sampling import RESOLVED, Score
from harness.core.advantages import group_normalised
from harness.core.filter import acceptance

Scores = Mapping[Cell, Score]


class Rule(Protocol):
    """A computation over cells. It is given the cells in `reads`, and no others."""

    @property
    def reads(self) -> tuple[Cell, ...]: ...

    def decide(self, scores: Scores) -> Finding: ...


def _read(contrasts: Iterable[Contrast]) -> tuple[Cell, ...]:
    return tuple(dict.fromkeys(cell for contrast in contrasts for cell in contrast.reads))


@dataclass(frozen=True)
class Higher:
    """Every contrast is above 0 (with every=False: one of them). An equal score is not a higher one."""

    contrasts: tuple[Contrast, ...]
    every: bool = True

    @property
    def reads(self) -> tuple[Cell, ...]:
        return _read(self.contrasts)

    def decide(self, scores: Scores) -> Finding:
        return judge([contrast.of(scores) for contrast in self.contrasts], higher, self.every)


@dataclass(frozen=True)
class NoMore:
    """No contrast is above 0 by more than RESOLVED standard errors of the answers: no gain that can be seen."""

    contrasts: tuple[Contrast, ...]

    @property
    def reads(self) -> tuple[Cell, ...]:
        return _read(self.contrasts)

    def decide(self, scores: Scores) -> Finding:
        compared = [contrast.of(scores) for contrast in self.contrasts]
        seen = [each for each in compared if each.errors > RESOLVED]
        found = judge(compared, higher, every=False)  # its words and its decisive contrast: the largest gain
        return Finding(Verdict.FAILS if seen else Verdict.HOLDS, found.numbers, found.error, found.resolved)


@dataclass(frozen=True)
class Beyond:
    """Every contrast is above 0 by more than RESOLVED standard errors of the answers ("significantly")."""

    contrasts: tuple[Contrast, ...]

    @property
    def reads(self) -> tuple[Cell, ...]:
        return _read(self.contrasts)

    def decide(self, scores: Scores) -> Finding:
        return judge([contrast.of(scores) for contrast in self.contrasts], lambda each: each.errors > RESOLVED)


@dataclass(frozen=True)
class Longer:
    """A row improves `factor` times as long as another on some benchmark: the stage of its best score, which is the
    last that improved on all before it, against the other's."""

    row: str
    other: str
    factor: float

    @property
    def reads(self) -> tuple[Cell, ...]:
        return tuple(stage(row, title, size) for title in LONG for row in (self.row, self.other) for size in STAGES)

    def decide(self, scores: Scores) -> Finding:
        ratios, words, noisy = [], [], []
        for title in LONG:
            mine, theirs = (self._last(scores, row, title, 0.0) for row in (self.row, self.other))
            ratios.append((mine + 1) / (theirs + 1))
            words.append(f"{title}: best at {STAGES[mine]} / {STAGES[theirs]}")
            mine, theirs = (self._last(scores, row, title, RESOLVED) for row in (self.row, self.other))
            noisy.append(f"{title} {STAGES[mine]} / {STAGES[theirs]}")
        verdict = Verdict.HOLDS if max(ratios) >= self.factor - EQUAL else Verdict.FAILS
        numbers = f"{max(ratios):g} times at most; {self.row} / {self.other}: {'; '.join(words)}"
        error = f"last stage that is above an earlier best by {RESOLVED} errors of answers: {'; '.join(noisy)}"
        return Finding(verdict, numbers, error)

    def _last(self, scores: Scores, row: str, title: str, errors: float) -> int:
        """Index of the last stage that is above the best so far by so many errors (0: the first stage)."""
        best = 0
        for place in range(1, len(STAGES)):
            later = one(stage(row, title, STAGES[place]), stage(row, title, STAGES[best])).of(scores)
            if later.sign > 0 and later.errors > errors:
                best = place
        return best


@dataclass(frozen=True)
class FewestFalls:
    """A row falls between neighbouring stages less often than every other one; a tie decides nothing."""

    row: str
    others: tuple[str, ...]

    @property
    def reads(self) -> tuple[Cell, ...]:
        rows = (self.row, *self.others)
        return tuple(stage(row, title, size) for row in rows for title in LONG for size in STAGES)

    def decide(self, scores: Scores) -> Finding:
        falls = {row: self._falls(scores, row) for row in (self.row, *self.others)}
        fewest = min(falls[other] for other in self.others)
        mine = falls[self.row]
        verdict = Verdict.HOLDS if mine < fewest else Verdict.OPEN if mine == fewest else Verdict.FAILS
        return Finding(verdict, "falls between stages: " + ", ".join(f"{row} {count}" for row, count in falls.items()))

    def _falls(self, scores: Scores, row: str) -> int:
        pairs = zip(STAGES[1:], STAGES, strict=False)
        steps = [(stage(row, title, b), stage(row, title, a)) for b, a in pairs for title in LONG]
        return sum(one(later, earlier).of(scores).sign < 0 for later, earlier in steps)


@dataclass(frozen=True)
class Acceptance:
    """The largest chance of a rollout of the unwanted sign to pass Algorithm 1's filter, over all groups of G rewards
    of +1 and -1 with normalised advantages, is above 0 and at most `most`."""

    gamma: float = 10.0
    group: int = 8
    most: float = 0.05

    @property
    def reads(self) -> tuple[Cell, ...]:
        return ()

    def decide(self, scores: Scores) -> Finding:
        chances = {right: self._chance(right) for right in range(1, self.group)}
        most, least = max(chances, key=lambda right: chances[right]), min(chances, key=lambda right: chances[right])
        verdict = Verdict.HOLDS if 0 < chances[most] <= self.most else Verdict.FAILS
        return Finding(
            verdict,
            f"at gamma {self.gamma:g}, {self.group} rollouts: from {chances[least]:.2g} ({least} right) to "
            f"{chances[most]:.2g} ({most} right)",
            "none: computed",
        )

    def _chance(self, right: int) -> float:
        """Of the right rollouts to pass when entropy is too low."""
        rewards = np.where(np.arange(self.group) < right, 1.0, -1.0)
        advantages = group_normalised(rewards, np.zeros(self.group, dtype=np.int64))
        return float(acceptance(advantages, -1, self.gamma)[0])
