"""What the page says of a study: plain data, wherever it came from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sweeps.jobs.gpu_hours import Hours
from sweeps.status import RunStatus

COMPLETE, PRUNED, FAILED, RUNNING, WAITING = "complete", "pruned", "failed", "running", "waiting"
STATES = (COMPLETE, RUNNING, WAITING, PRUNED, FAILED)
"""In the order of the page; a study without a readable database has others, too."""


@dataclass(frozen=True)
class Goal:
    """An objective. `direction`: minimize or maximize; `steps`: which of the recorded steps count."""

    metric: str
    direction: str
    steps: str = "final"

    @property
    def maximize(self) -> bool:
        return self.direction == "maximize"


@dataclass(frozen=True)
class Configuration:
    """A point of the search space with its runs."""

    name: str
    title: str
    state: str
    params: Mapping[str, str] = field(default_factory=dict)
    """Override key -> value as it was written; of several for a key the last one."""
    value: float | None = None
    """First objective: mean over `n` seeds."""
    n: int = 0
    values: Mapping[int, float] = field(default_factory=dict)
    """Seed -> first objective; may be empty where only the mean is known."""
    also: tuple[Mapping[int, float], ...] = ()
    """Seed -> value, for each further objective."""
    rung: int = 0
    """How often it was promoted to more seeds."""
    reason: str | None = None
    """Why it failed or was pruned."""
    curve: tuple[tuple[int, float], ...] = ()
    """(step, target entropy in nats per token), ascending; empty without a schedule, or before its first run."""
    runs: tuple[RunStatus, ...] = ()
    hours: tuple[Hours, ...] = ()
    """Of all its runs, one for each unit that there is."""

    @property
    def scored(self) -> bool:
        """Whether it has a finite value."""
        return self.value is not None and math.isfinite(self.value)

    @property
    def score(self) -> float:
        """The value of one that is `scored`."""
        assert self.value is not None
        return self.value


@dataclass(frozen=True)
class Budget:
    """Hours in `unit` that were paid and that may be."""

    spent: float
    granted: float
    unit: str


@dataclass(frozen=True)
class StudyFacts:
    """A study as its folder showed it at `made`; times are ISO 8601 in UTC."""

    name: str
    title: str
    path: str
    goals: tuple[Goal, ...]
    """The first one ranks; with several there is a Pareto front, too."""
    seeds: tuple[int, ...]
    sampler: str
    base: tuple[str, ...]
    """Overrides of every configuration."""
    planned: int
    """Configurations that the study may have at most."""
    configurations: tuple[Configuration, ...]
    made: str
    driver: str | None = None
    """Who works on it now."""
    note: str | None = None
    """What of the study cannot be read."""
    cancelled: str | None = None
    budget: Budget | None = None
    hours: tuple[Hours, ...] = ()
    started: str | None = None
    ended: str | None = None
    """Of the last run that ended."""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """Configuration -> that it is the best one, 0 to 1; empty where the noise is not known."""

    finished: bool = False
    """Whether its last driver found nothing more to do: all told, the budget spent, or the space used up."""

    @property
    def goal(self) -> Goal:
        return self.goals[0]

    @property
    def counts(self) -> dict[str, int]:
        """State -> configurations, in the page's order; those not drawn yet are in none."""
        found = Counter(each.state for each in self.configurations)
        return {state: found[state] for state in (*STATES, *(set(found) - set(STATES))) if found[state]}

    @property
    def over(self) -> bool:
        """Whether nothing more is going to happen unless somebody asks for it."""
        if self.driver is not None:
            return False
        if self.finished:
            return True
        spent = self.budget is not None and self.budget.spent >= self.budget.granted
        if self.cancelled is not None or spent:
            return RUNNING not in {run.state for each in self.configurations for run in each.runs}
        open_ones = any(each.state not in (COMPLETE, PRUNED, FAILED) for each in self.configurations)
        return not open_ones and len(self.configurations) >= self.planned

    @property
    def varied(self) -> tuple[str, ...]:
        """The keys whose values differ between configurations, in the order of their first appearance."""
        keys = dict.fromkeys(key for each in self.configurations for key in each.params)
        return tuple(key for key in keys if len({each.params.get(key) for each in self.configurations}) > 1)

    def ranked(self) -> list[Configuration]:
        """Those with a finite value, the best first, equal ones by name; a promotion that goes on hides none.

        First is the one that is most probably the best, where that is known: it need not have the highest mean, which
        may be over fewer seeds.
        """
        scored = [each for each in self.configurations if each.scored]
        sign = -1.0 if self.goal.maximize else 1.0
        sure = self.probabilities
        return sorted(scored, key=lambda each: (-sure.get(each.name, 0.0), sign * each.score, each.name))
