"""The budget of a study in GPU-hours: what was paid, what the runs at work will cost, what may be started. Pure.

A run costs what its allocations cost (`sweeps.jobs.gpu_hours`): starting, replayed and lost hours included. Its steps
to come are forecast at the hours per step that it has cost so far, before its first step at those of all runs of the
study. A run is started only where that, with the rest of all runs at work, fits into what is left. While nothing is
measured one run goes alone, and when the budget is spent the runs at work are asked to stop: so the budget is exceeded
by at most one run, and by what is at work in the time of one look.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from sweeps.jobs.gpu_hours import JOB_HOURS


@dataclass(frozen=True)
class Spent:
    """What one run has cost, in hours of its unit (GPU-h, or job-h without GPUs), and how far it came for that."""

    hours: float
    step: int
    steps: int
    unit: str = JOB_HOURS


@dataclass(frozen=True)
class Account:
    """All runs of a study that have cost something, by name, and the hours that were granted; None: no limit."""

    granted: float | None
    runs: Mapping[str, Spent]

    @functools.cached_property
    def spent(self) -> float:
        """Hours paid so far."""
        return math.fsum(run.hours for run in self.runs.values())

    @property
    def unit(self) -> str:
        """The unit of the hours; GPU-h where at least one run has GPUs."""
        return min((run.unit for run in self.runs.values()), default=JOB_HOURS)  # "GPU-h" < "job-h"

    @property
    def over(self) -> bool:
        """Whether nothing is left."""
        return self.granted is not None and self.spent >= self.granted

    def forecast(self, name: str, steps: int) -> float | None:
        """Hours that the run will still cost to its end; None while no run has made a step.

        Args:
            steps: the steps of the whole run.
        """
        run = self.runs.get(name)
        done = run.step if run is not None else 0
        own = run.hours / run.step if run is not None and run.step > 0 and run.hours > 0 else None
        rate = own if own is not None else self._rate
        return None if rate is None else rate * max(0, steps - done)

    @functools.cached_property
    def _rate(self) -> float | None:
        """Hours per step of all runs that have made one; None where none has."""
        measured = [each for each in self.runs.values() if each.step > 0 and each.hours > 0]
        if not measured:
            return None
        return math.fsum(each.hours for each in measured) / sum(each.step for each in measured)

    def may_start(self, name: str, steps: int, at_work: Mapping[str, int]) -> bool:
        """Whether the run can be paid to its end beside those at work.

        Args:
            at_work: the runs that were started and have not ended: name -> steps of the whole run.
        """
        if self.granted is None:
            return True
        others = {other: total for other, total in at_work.items() if other != name}
        if self.spent >= self.granted:
            return False
        forecasts = [self.forecast(other, total) for other, total in [*others.items(), (name, steps)]]
        known = [each for each in forecasts if each is not None]
        if len(known) < len(forecasts):
            return not others  # the first one is the measurement
        return self.spent + math.fsum(known) <= self.granted

    def committed(self, at_work: Mapping[str, int]) -> float | None:
        """Hours that the runs at work will still cost; None while that is not known."""
        forecasts = [self.forecast(name, steps) for name, steps in at_work.items()]
        known = [each for each in forecasts if each is not None]
        return math.fsum(known) if len(known) == len(forecasts) else None

    def text(self, at_work: Mapping[str, int]) -> str | None:
        """One line for a person; None without a budget."""
        if self.granted is None:
            return None
        rest = self.committed(at_work)
        ahead = "" if not at_work else ", forecast not known yet" if rest is None else f", {rest:.3g} more forecast"
        return f"budget: {self.spent:.3g} of {self.granted:.6g} {self.unit} spent{ahead}"
