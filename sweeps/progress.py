"""What a driver tells whoever watches it, once a poll."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sweeps.status import RunStatus


@dataclass(frozen=True)
class Failure:
    """A trial that failed, and why."""

    name: str
    title: str
    reason: str


@dataclass(frozen=True)
class Progress:
    """The state of a sweep. `runs` are those of the trials in work, in order; `failures` all there are."""

    study: str
    title: str
    trials: int
    """All trials that the study will have."""
    complete: int
    pruned: int
    failures: tuple[Failure, ...]
    runs: tuple[RunStatus, ...]
    stopping: bool
    note: str | None = None
    """What the person who watches should know, such as that the scheduler takes no more jobs now."""
    budget: str | None = None
    """What was spent of the budget and is forecast; None without one."""

    @property
    def fraction(self) -> float:
        """Share of the work that is done, 0 to 1, counted in trials and, inside a trial, in steps.

        A promotion to further seeds is work that was not planned: while it lasts, the share falls.
        """
        inside = [min(1.0, run.step / run.steps) for run in self.runs if run.steps]
        trials_in_work = len({run.name.rsplit("-s", 1)[0] for run in self.runs})
        partly = trials_in_work * sum(inside) / len(self.runs) if self.runs else 0.0
        told = self.complete + self.pruned + len(self.failures)
        return min(1.0, (told + partly) / max(1, self.trials, told + trials_in_work))


Observer = Callable[[Progress], None]


def unobserved(progress: Progress) -> None:
    """The observer of a sweep that nobody watches."""
